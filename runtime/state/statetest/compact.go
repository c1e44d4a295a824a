package statetest

import (
	"context"
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/syncline/syncline/runtime/state"
)

func compaction(t *testing.T, ctx context.Context, s state.Store) {
	old, recent := time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	write := func(run string, at time.Time, rule, target, action string, fields ...string) {
		t.Helper()
		e := state.Entry{Run: run, Rule: rule, At: at, Action: action, Connection: "crm", Object: "Account", Target: target}
		for _, f := range fields {
			e.Fields = append(e.Fields, state.FieldChange{Name: f, After: run})
		}
		must(t, s.Commit(ctx, state.Outcome{Rule: rule, Ledger: []state.Entry{e}}))
	}
	save := func(id string, at time.Time, status state.RunStatus, edit ...func(*state.Run)) {
		t.Helper()
		r := state.Run{ID: id, Rule: rule, Status: status, Started: at, Calls: map[string]int{}}
		for _, e := range edit {
			e(&r)
		}
		must(t, s.SaveRun(ctx, r))
	}
	save("r1", old, state.Succeeded)
	save("r2", old.Add(time.Hour), state.Succeeded)
	save("r3", old.Add(2*time.Hour), state.Failed)
	save("r4", old.Add(3*time.Hour), state.Waiting, func(r *state.Run) { r.Outbox = &state.Outbox{Changes: 1} })
	save("r4 approved", old.Add(3*time.Hour), state.Stopped, func(r *state.Run) {
		r.Outbox, r.Approved = &state.Outbox{Changes: 1}, &state.Approval{Run: r.ID, Rule: rule}
	})
	save("r4 replaced", old.Add(3*time.Hour), state.Stopped, func(r *state.Run) { r.Outbox = &state.Outbox{Changes: 1, Replaced: "r4"} })
	save("r5", old.Add(4*time.Hour), state.Failed)
	save("r6", old.Add(5*time.Hour), state.Succeeded)
	save("r7", recent, state.Failed)
	write("r1", old, rule, "001", "create", "A", "B")
	write("r1", old, rule, "002", "create", "A")
	write("r1", old, rule, "003", "create", "A")
	write("r2", old, rule, "001", "update", "A")
	write("r2", old, "sync.other", "001", "update", "A")
	write("r2", old, rule, "002", "update", "A")
	write("r2", old, rule, "003", "delete")
	write("r3", old, rule, "", "update", "A")
	write("r7", recent, rule, "001", "update", "A")
	write("r7", recent, rule, "", "update", "A")
	letter := func(source string, at time.Time, status state.DeadStatus) state.DeadLetter {
		return state.DeadLetter{Rule: rule, Source: state.SourceRef{ID: source}, At: at, Status: status, Step: "deliver", Message: "no"}
	}
	must(t, s.Commit(ctx, state.Outcome{Rule: rule, Dead: []state.DeadLetter{letter("a", old, state.DeadOpen), letter("b", old, state.DeadDropped), letter("c", recent, state.DeadDropped)}}))

	got, err := s.Compact(ctx, recent)
	must(t, err)
	left, err := s.Ledger(ctx, state.LedgerFilter{})
	must(t, err)
	var entries []string
	for _, e := range left {
		entries = append(entries, fmt.Sprintf("%s %s %s", e.Run, e.Target, e.Action))
	}
	// 001 keeps its first entry for B; 002 keeps its last; what is said of 003 went with it.
	same(t, strings.Join(entries, ", "), "r7  update, r7 001 update, r2 002 update, r2 001 update, r1 001 create")
	runs, err := s.Runs(ctx, state.RunFilter{})
	must(t, err)
	var ids []string
	for _, r := range runs {
		ids = append(ids, r.ID)
	}
	same(t, strings.Join(ids, " "), "r7 r6 r4 approved r4 r2 r1")
	letters, err := s.DeadLetters(ctx, state.DeadFilter{})
	must(t, err)
	same(t, len(letters), 2)
	same(t, got, state.Compacted{Ledger: 5, Runs: 3, Dead: 1})
	again, err := s.Compact(ctx, recent)
	must(t, err)
	same(t, again, state.Compacted{})
}

func exactNumbers(t *testing.T, ctx context.Context, s state.Store) {
	must(t, s.Commit(ctx, state.Outcome{Rule: rule, Ledger: []state.Entry{{Run: "r", Rule: rule, Action: "update", Target: "1",
		Fields: []state.FieldChange{{Name: "A", Before: int64(math.MaxInt64), After: 0.25, Inputs: map[string]any{"x": int64(math.MaxInt64 - 1)}}}}}}))
	got, err := s.Ledger(ctx, state.LedgerFilter{Run: "r"})
	must(t, err)
	f := got[0].Fields[0]
	same(t, []any{f.Before, f.After, f.Inputs["x"]}, []any{int64(math.MaxInt64), 0.25, int64(math.MaxInt64 - 1)})
}
