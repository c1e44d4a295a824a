package runtime

import (
	"bytes"
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
