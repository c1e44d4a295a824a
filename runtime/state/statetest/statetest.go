// Package statetest is the suite that every state.Store passes.
package statetest

import (
	"context"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/syncline/syncline/runtime/state"
)

// Factory opens an empty store for one test and closes it when the test ends.
type Factory func(t *testing.T) state.Store

// Exercise runs the suite.
func Exercise(t *testing.T, open Factory) {
	for name, test := range map[string]func(*testing.T, context.Context, state.Store){
		"records":            records,
		"holders":            holders,
		"scan":               scan,
		"digests":            digests,
		"checkpoints":        checkpoints,
		"claims":             claims,
		"staged changes":     staged,
		"runs":               runs,
		"ledger":             ledger,
		"dead letters":       dead,
		"ticks":              ticks,
		"holds":              holds,
		"snapshots":          snapshots,
		"pruned runs":        pruned,
		"approvals":          approvals,
		"compaction":         compaction,
		"exact numbers":      exactNumbers,
		"events":             events,
		"events pruned":      eventsPruned,
		"dead counts":        deadCounts,
		"edges":              edges,
		"watches":            watches,
		"firings":            firings,
		"series":             series,
		"past":               past,
		"firings and edges":  wholeTrigger,
		"a commit is whole":  whole,
		"rules are apart":    apart,
		"many at once":       parallel,
		"odd texts":          odd,
		"cancelled contexts": cancelled,
	} {
		t.Run(name, func(t *testing.T) { test(t, context.Background(), open(t)) })
	}
}

const rule = "sync.a"

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func same(t *testing.T, got, want any) {
	t.Helper()
	if !reflect.DeepEqual(got, want) {
		t.Fatalf("got  %+v\nwant %+v", got, want)
	}
}

// Unplaced gives records without what only the store knows of them.
func Unplaced(list []state.Record) []state.Record {
	out := slices.Clone(list)
	for i := range out {
		out[i].Place = 0
	}
	return out
}

func records(t *testing.T, ctx context.Context, s state.Store) {
	got, err := s.Records(ctx, rule, []string{"x"})
	must(t, err)
	same(t, got, []state.Record{{}})

	a := state.Record{Source: "a", Target: "1", Keys: []byte{1, 2}, Hash: 1<<63 + 5, Shadow: []byte("s"), Fields: []byte("f"), Seen: 3}
	b := state.Record{Source: "b"}
	must(t, s.Commit(ctx, state.Outcome{Rule: rule, Records: []state.Record{b, a}}))
	got, err = s.Records(ctx, rule, []string{"b", "nobody", "a", "b"})
	must(t, err)
	same(t, Unplaced(got), []state.Record{b, {}, a, b})

	a.Target, a.Shadow = "2", nil
	must(t, s.Commit(ctx, state.Outcome{Rule: rule, Records: []state.Record{a}, Forget: []string{"b"}}))
	got, err = s.Records(ctx, rule, []string{"a", "b"})
	must(t, err)
	same(t, Unplaced(got), []state.Record{a, {}})
	n, err := s.Linked(ctx, rule)
	must(t, err)
	same(t, n, 1)

	// Of two states of one record in one outcome the later one counts, for a new record as for one that is there.
	must(t, s.Commit(ctx, state.Outcome{Rule: rule, Records: []state.Record{{Source: "c", Seen: 1}, {Source: "a", Seen: 1}, {Source: "c", Seen: 2}, {Source: "a", Target: "9"}}}))
	got, err = s.Records(ctx, rule, []string{"a", "c"})
	must(t, err)
	same(t, Unplaced(got), []state.Record{{Source: "a", Target: "9"}, {Source: "c", Seen: 2}})

	// A place spares the store a look-up; one that is wrong, or of a record that is gone, does no harm.
	there, c := got[0], got[1]
	there.Seen = 5
	c.Place, c.Target, c.Seen = there.Place, "8", 6
	gone := state.Record{Source: "d", Place: 1 << 50}
	must(t, s.Commit(ctx, state.Outcome{Rule: rule, Records: []state.Record{gone, c, there}}))
	got, err = s.Records(ctx, rule, []string{"a", "c", "d"})
	must(t, err)
	same(t, Unplaced(got), Unplaced([]state.Record{there, c, gone}))
}

func holders(t *testing.T, ctx context.Context, s state.Store) {
	must(t, s.Commit(ctx, state.Outcome{Rule: rule, Records: []state.Record{{Source: "a", Target: "1"}, {Source: "b"}}}))
	got, err := s.Holders(ctx, rule, []string{"2", "1", ""})
	must(t, err)
	same(t, got, []string{"", "a", ""})
}

func scan(t *testing.T, ctx context.Context, s state.Store) {
	var all []state.Record
	for i := range 25 {
		all = append(all, state.Record{Source: fmt.Sprintf("%02d", i)})
	}
	must(t, s.Commit(ctx, state.Outcome{Rule: rule, Records: all}))
	var got []state.Record
	for after := int64(0); ; {
		page, last, err := s.Scan(ctx, rule, after, 10)
		must(t, err)
		if len(page) == 0 {
			break
		}
		got = append(got, Unplaced(page)...)
		after = last
	}
	slices.SortFunc(got, func(a, b state.Record) int { return strings.Compare(a.Source, b.Source) })
	same(t, got, all)
}

func checkpoints(t *testing.T, ctx context.Context, s state.Store) {
	got, err := s.Checkpoint(ctx, rule, "x")
	must(t, err)
	same(t, got, state.Checkpoint{Rule: rule, Schedule: "x", At: got.At})
	want := state.Checkpoint{Rule: rule, Schedule: "x", Cursor: "c", Deleted: "d", Meaning: "m", Pass: 4, FullDone: true,
		At: time.Date(2026, 1, 2, 3, 4, 5, 6000, time.UTC)}
	must(t, s.Commit(ctx, state.Outcome{Rule: rule, Checkpoint: &want}))
	got, err = s.Checkpoint(ctx, rule, "x")
	must(t, err)
	same(t, got, want)
}

func claims(t *testing.T, ctx context.Context, s state.Store) {
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	one := state.Claim{Rule: rule, Key: "k1", Source: "a", Object: "Account", Lookup: []byte("l"), Run: "r", At: at}
	two := state.Claim{Rule: rule, Key: "k2", Source: "b", Run: "r", At: at}
	must(t, s.Claim(ctx, rule, []state.Claim{one, two}, nil))
	one.Run = "r2"
	must(t, s.Claim(ctx, rule, []state.Claim{one}, nil))
	got, err := s.Claims(ctx, rule)
	must(t, err)
	same(t, got, []state.Claim{one, two})
	must(t, s.Commit(ctx, state.Outcome{Rule: rule, Claims: []string{"k1"}}))
	got, err = s.Claims(ctx, rule)
	must(t, err)
	same(t, got, []state.Claim{two})
	// What is about to be sent is staged with the claims, under the rule's name, and no run's end takes it.
	pieces := []state.Staged{{Data: []byte("1")}, {Data: []byte("2")}}
	must(t, s.Claim(ctx, rule, nil, pieces))
	must(t, s.SaveRun(ctx, state.Run{ID: "r", Rule: rule, Status: state.Stopped}))
	names, err := s.StagedNames(ctx)
	must(t, err)
	same(t, names, []string{rule})
	left, err := s.Staged(ctx, rule, 0, 10)
	must(t, err)
	same(t, left, pieces)
	must(t, s.Commit(ctx, state.Outcome{Rule: rule, Unstage: []int64{pieces[0].Seq, pieces[1].Seq}}))
	names, err = s.StagedNames(ctx)
	must(t, err)
	same(t, len(names), 0)
}

func staged(t *testing.T, ctx context.Context, s state.Store) {
	must(t, s.Stage(ctx, "r", []state.Staged{{Source: "a", Data: []byte("1")}, {Source: "b", Data: []byte("2")}}))
	last := []state.Staged{{Source: "c", Data: []byte("3")}}
	must(t, s.Stage(ctx, "r", last))
	must(t, s.Stage(ctx, "other", []state.Staged{{Source: "z", Data: []byte("9")}}))
	page, err := s.Staged(ctx, "r", 0, 2)
	must(t, err)
	if len(page) != 2 || page[0].Source != "a" || page[1].Source != "b" || string(page[1].Data) != "2" {
		t.Fatalf("%+v", page)
	}
	must(t, s.Commit(ctx, state.Outcome{Rule: rule, Unstage: []int64{page[0].Seq}}))
	page, err = s.Staged(ctx, "r", 0, 10)
	must(t, err)
	if len(page) != 2 || page[0].Source != "b" || page[1].Source != "c" || page[1].Seq != last[0].Seq {
		t.Fatalf("%+v", page)
	}
	must(t, s.Commit(ctx, state.Outcome{Rule: rule, Restage: []state.Staged{{Seq: last[0].Seq, Data: []byte("4")}}}))
	page, err = s.Staged(ctx, "r", page[0].Seq, 10)
	must(t, err)
	same(t, page, []state.Staged{{Seq: last[0].Seq, Source: "c", Data: []byte("4")}})
	// What is large is given in parts.
	large := []state.Staged{{Data: make([]byte, 3<<20)}, {Data: make([]byte, 3<<20)}}
	must(t, s.Stage(ctx, "large", large))
	for _, want := range large {
		page, err = s.Staged(ctx, "large", want.Seq-1, 10)
		must(t, err)
		if len(page) != 1 || page[0].Seq != want.Seq || len(page[0].Data) != len(want.Data) {
			t.Fatalf("%d of %d", len(page), want.Seq)
		}
	}
	// What is staged stays while its run is under way or holds it back, and goes with the run's end.
	for _, run := range []state.Run{{Status: state.Running}, {Status: state.Waiting, Outbox: &state.Outbox{Changes: 2}}} {
		run.ID, run.Rule = "r", rule
		must(t, s.SaveRun(ctx, run))
		page, err = s.Staged(ctx, "r", 0, 10)
		must(t, err)
		same(t, len(page), 2)
	}
	must(t, s.SaveRun(ctx, state.Run{ID: "r", Rule: rule, Status: state.Stopped, Outbox: &state.Outbox{Changes: 2, Replaced: "later"}}))
	page, err = s.Staged(ctx, "r", 0, 10)
	must(t, err)
	same(t, len(page), 0)
	page, err = s.Staged(ctx, "other", 0, 10)
	must(t, err)
	same(t, len(page), 1)
}

func runs(t *testing.T, ctx context.Context, s state.Store) {
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	old := state.Run{ID: "1", Rule: rule, Status: state.Succeeded, Started: at, Read: 5, Calls: map[string]int{"crm": 2}}
	now := state.Run{ID: "2", Rule: "sync.b", Status: state.Running, Started: at.Add(time.Hour)}
	must(t, s.SaveRun(ctx, old))
	must(t, s.SaveRun(ctx, now))
	now.Status, now.Why = state.Waiting, "guard"
	must(t, s.Commit(ctx, state.Outcome{Rule: "sync.b", Run: &now}))
	got, err := s.Runs(ctx, state.RunFilter{})
	must(t, err)
	same(t, got, []state.Run{now, old})
	got, err = s.Runs(ctx, state.RunFilter{Rule: rule})
	must(t, err)
	same(t, got, []state.Run{old})
	got, err = s.Runs(ctx, state.RunFilter{Status: state.Waiting, Since: at.Add(time.Minute), Limit: 1, ID: "2"})
	must(t, err)
	same(t, got, []state.Run{now})
}

func ledger(t *testing.T, ctx context.Context, s state.Store) {
	entry := func(target, source, field string) state.Entry {
		return state.Entry{Run: "r", Rule: rule, Revision: "rev", At: time.Date(2026, 1, 2, 0, 0, 0, 0, time.UTC), Action: "update",
			Connection: "crm", Object: "Account", Target: target, Source: state.SourceRef{Connection: "cs", Object: "Company", ID: source},
			Fields: []state.FieldChange{{Name: field, Before: "x", After: 5.5, Expression: "source.A", Inputs: map[string]any{"source.A": 5.5}}}}
	}
	must(t, s.Commit(ctx, state.Outcome{Rule: rule, Ledger: []state.Entry{entry("001", "1P", "A"), entry("002", "1Q", "B"), entry("", "1R", "B")}}))
	for _, c := range []struct {
		f    state.LedgerFilter
		want []string
	}{
		{state.LedgerFilter{}, []string{"1R", "1Q", "1P"}},
		{state.LedgerFilter{Record: "001"}, []string{"1P"}},
		{state.LedgerFilter{Record: "1Q"}, []string{"1Q"}},
		{state.LedgerFilter{Field: "B", Limit: 1}, []string{"1R"}},
		{state.LedgerFilter{Run: "r", Rule: rule, Field: "A"}, []string{"1P"}},
		{state.LedgerFilter{Run: "nobody"}, nil},
	} {
		got, err := s.Ledger(ctx, c.f)
		must(t, err)
		var sources []string
		for _, e := range got {
			sources = append(sources, e.Source.ID)
			if e.ID == 0 || len(e.Fields) != 1 || e.Fields[0].After != 5.5 {
				t.Fatalf("%+v", e)
			}
		}
		same(t, sources, c.want)
	}
}

func dead(t *testing.T, ctx context.Context, s state.Store) {
	letter := func(source string) state.DeadLetter {
		return state.DeadLetter{Rule: rule, Run: "r", Source: state.SourceRef{ID: source}, Step: "deliver", Class: "reject", Message: "m"}
	}
	must(t, s.Commit(ctx, state.Outcome{Rule: rule, Dead: []state.DeadLetter{letter("a"), letter("b")}}))
	must(t, s.Commit(ctx, state.Outcome{Rule: rule, Dead: []state.DeadLetter{letter("a")}}))
	got, err := s.DeadLetters(ctx, state.DeadFilter{Status: state.DeadOpen})
	must(t, err)
	if len(got) != 2 || got[1].Source.ID != "a" || got[1].Attempts != 2 || got[0].Attempts != 1 {
		t.Fatalf("a record that fails again is one letter with two attempts: %+v", got)
	}
	must(t, s.SetDead(ctx, []int64{got[0].ID}, state.DeadRetry))
	retry, err := s.DeadLetters(ctx, state.DeadFilter{Rule: rule, Status: state.DeadRetry})
	must(t, err)
	if len(retry) != 1 || retry[0].Source.ID != "b" || retry[0].Status != state.DeadRetry {
		t.Fatalf("%+v", retry)
	}
	must(t, s.Commit(ctx, state.Outcome{Rule: rule, Revived: []string{"a", "b"}}))
	open, err := s.DeadLetters(ctx, state.DeadFilter{Status: state.DeadOpen})
	must(t, err)
	same(t, len(open), 0)
	byID, err := s.DeadLetters(ctx, state.DeadFilter{IDs: []int64{got[1].ID}, Source: "a"})
	must(t, err)
	if len(byID) != 1 || byID[0].Status != state.DeadSettled {
		t.Fatalf("%+v", byID)
	}

	// A record's own letter and those of its firings are apart.
	firing := func(id string) state.DeadLetter {
		l := letter("c")
		l.Firing = id
		return l
	}
	must(t, s.Commit(ctx, state.Outcome{Rule: rule, Dead: []state.DeadLetter{letter("c"), firing("f1"), firing("f2")}}))
	must(t, s.Commit(ctx, state.Outcome{Rule: rule, Dead: []state.DeadLetter{firing("f1")}}))
	left := func() string {
		open, err := s.DeadLetters(ctx, state.DeadFilter{Rule: rule, Status: state.DeadOpen})
		must(t, err)
		text := ""
		for _, l := range open {
			text += fmt.Sprint(" ", l.Firing, l.Attempts)
		}
		return text
	}
	same(t, left(), " f21 f12 1")
	must(t, s.Commit(ctx, state.Outcome{Rule: rule, Concluded: []string{"f1"}}))
	same(t, left(), " f21 1")
	must(t, s.Commit(ctx, state.Outcome{Rule: rule, Revived: []string{"c"}}))
	same(t, left(), " f21")
}

// whole: a commit that fails in its last part leaves nothing of its first.
func whole(t *testing.T, ctx context.Context, s state.Store) {
	bad := state.Entry{Fields: []state.FieldChange{{After: func() {}}}} // has no JSON form
	err := s.Commit(ctx, state.Outcome{Rule: rule, Records: []state.Record{{Source: "a", Target: "1"}}, Ledger: []state.Entry{bad},
		Checkpoint: &state.Checkpoint{Rule: rule, Cursor: "far"}})
	if err == nil {
		t.Fatal("stored what cannot be stored")
	}
	got, err := s.Records(ctx, rule, []string{"a"})
	must(t, err)
	same(t, got, []state.Record{{}})
	c, err := s.Checkpoint(ctx, rule, "")
	must(t, err)
	same(t, c.Cursor, "")
	must(t, s.Commit(ctx, state.Outcome{Rule: rule, Records: []state.Record{{Source: "a", Target: "2"}}}))
	got, err = s.Records(ctx, rule, []string{"a"})
	must(t, err)
	same(t, got[0].Target, "2")
}

func apart(t *testing.T, ctx context.Context, s state.Store) {
	must(t, s.Commit(ctx, state.Outcome{Rule: "sync.a", Records: []state.Record{{Source: "x", Target: "1"}}}))
	must(t, s.Commit(ctx, state.Outcome{Rule: "sync.b", Records: []state.Record{{Source: "x", Target: "2"}}}))
	got, err := s.Records(ctx, "sync.a", []string{"x"})
	must(t, err)
	same(t, got[0].Target, "1")
	h, err := s.Holders(ctx, "sync.a", []string{"2"})
	must(t, err)
	same(t, h, []string{""})
}

func parallel(t *testing.T, ctx context.Context, s state.Store) {
	var wg sync.WaitGroup
	for w := range 8 {
		wg.Go(func() {
			for i := range 20 {
				r := state.Record{Source: fmt.Sprintf("%d-%d", w, i), Target: fmt.Sprintf("t%d-%d", w, i)}
				if err := s.Commit(ctx, state.Outcome{Rule: rule, Records: []state.Record{r}}); err != nil {
					t.Error(err)
				}
				if got, err := s.Records(ctx, rule, []string{r.Source}); err != nil || got[0].Target != r.Target {
					t.Errorf("%v %+v", err, got)
				}
			}
		})
	}
	wg.Wait()
	n, err := s.Linked(ctx, rule)
	must(t, err)
	same(t, n, 160)
}

func odd(t *testing.T, ctx context.Context, s state.Store) {
	for _, id := range []string{"ä'\"\\", "a\u0000b", "null", "0", "01", "1.0", "日本", "  x "} {
		must(t, s.Commit(ctx, state.Outcome{Rule: rule, Records: []state.Record{{Source: id, Target: "t" + id}}}))
		got, err := s.Records(ctx, rule, []string{id})
		must(t, err)
		same(t, got[0].Target, "t"+id)
		h, err := s.Holders(ctx, rule, []string{"t" + id})
		must(t, err)
		same(t, h, []string{id})
	}
}

func cancelled(t *testing.T, ctx context.Context, s state.Store) {
	ctx, cancel := context.WithCancel(ctx)
	cancel()
	if err := s.Commit(ctx, state.Outcome{Rule: rule, Records: []state.Record{{Source: "a"}}}); err == nil {
		t.Fatal("committed under a cancelled context")
	}
	must(t, s.Commit(context.Background(), state.Outcome{Rule: rule, Records: []state.Record{{Source: "b"}}}))
}
