package runtime

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/syncline/syncline/runtime/state"
)

// Firings of a trigger that is not in the files are told of, and only they.
func TestAServerTellsOfFiringsThatNoRuleDelivers(t *testing.T) {
	p := newPlant(t, 1, 3)
	p.write("a.sync.hcl", "trigger \"here\" {\n  on   = cs.From0\n  when = \"new.F1 == 'x'\"\n  manual = true\n"+
		"  then {\n    create \"made\" {\n      in = crm.To0\n      set {\n        F1 = new.F1\n      }\n    }\n  }\n}\n")
	for i, status := range []state.FiringStatus{state.FiringPending, state.FiringStuck, state.FiringDone, state.FiringDropped} {
		for _, rule := range []string{"trigger.here", "trigger.gone"} {
			f := state.Firing{ID: rule + string(status), Rule: rule, Source: string(rune('a' + i)), Kind: state.FiringFired, Status: status, At: time.Now()}
			if err := p.store.Commit(t.Context(), state.Outcome{Rule: rule, Firings: []state.Firing{f}}); err != nil {
				t.Fatal(err)
			}
		}
	}
	var log bytes.Buffer
	_, stop := p.serve(func(o *ServeOptions) { o.Log = slog.New(slog.NewTextHandler(&log, nil)) })
	stop()
	if text := log.String(); strings.Count(text, "was removed or renamed") != 1 || !strings.Contains(text, "rule=trigger.gone firings=2") {
		t.Fatal(text)
	}
}

// unwilling is a store that takes no outcome with entries of the ledger, as if the process died before.
type unwilling struct{ state.Store }

func (u unwilling) Commit(ctx context.Context, o state.Outcome) error {
	if len(o.Ledger) > 0 {
		return errors.New("the process is gone")
	}
	return u.Store.Commit(ctx, o)
}

// What a sync was about to write when its process died is in the ledger as in doubt, once the sync is gone.
func TestWhatARemovedSyncWasAboutToWriteIsInDoubt(t *testing.T) {
	for _, serve := range []bool{false, true} {
		p := newPlant(t, 1, 3)
		p.write("a.sync.hcl", ruleText("gone", 0, "F2 = source.F2", manual))
		p.change("1", "x")
		once := func(rule string, store state.Store) {
			r := p.runtime()
			defer r.Close()
			c, err := r.Compile(t.Context(), SchemaLive)
			if err != nil || c.Set == nil {
				t.Fatal(err)
			}
			_, _ = r.RunOnce(t.Context(), c.Set, Selection{Only: []string{rule}}, store, false, Hooks{})
		}
		once("sync.gone", unwilling{p.store})
		p.write("a.sync.hcl", ruleText("here", 0, "F2 = source.F2", manual))
		if serve {
			_, stop := p.serve()
			stop()
		} else {
			once("sync.here", p.store)
		}
		entries, err := p.store.Ledger(t.Context(), state.LedgerFilter{Rule: "sync.gone"})
		if err != nil || len(entries) != 1 || !entries[0].InDoubt || entries[0].Action != "create" || entries[0].Source.ID != "1" {
			t.Errorf("%v %+v", err, entries)
		}
	}
}
