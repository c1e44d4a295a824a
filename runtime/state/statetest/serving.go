package statetest

import (
	"context"
	"testing"
	"time"

	"github.com/syncline/syncline/runtime/state"
)

func ticks(t *testing.T, ctx context.Context, s state.Store) {
	got, err := s.Ticks(ctx)
	must(t, err)
	same(t, len(got), 0)
	at := time.Date(2026, 3, 29, 1, 30, 0, 123456789, time.UTC)
	a, b := state.Tick{Rule: rule, Done: at}, state.Tick{Rule: rule, Schedule: "night", Done: at.Add(time.Hour)}
	must(t, s.SaveTicks(ctx, []state.Tick{b, a}))
	must(t, s.SaveTicks(ctx, nil))
	got, err = s.Ticks(ctx)
	must(t, err)
	same(t, got, []state.Tick{a, b})

	// The clock can be mended: the last word holds, also when it is an earlier instant.
	a.Done = at.Add(-24 * time.Hour)
	must(t, s.SaveTicks(ctx, []state.Tick{a}))
	got, err = s.Ticks(ctx)
	must(t, err)
	same(t, got, []state.Tick{a, b})
}

func holds(t *testing.T, ctx context.Context, s state.Store) {
	at := time.Date(2026, 1, 2, 3, 4, 5, 6000, time.UTC)
	all, one := state.Hold{At: at, By: "operator"}, state.Hold{Rule: rule, At: at}
	must(t, s.SetHold(ctx, one))
	must(t, s.SetHold(ctx, all))
	must(t, s.SetHold(ctx, state.Hold{Rule: rule, At: at.Add(time.Hour), By: "another"}))
	got, err := s.Holds(ctx)
	must(t, err)
	same(t, got, []state.Hold{all, one})
	must(t, s.Release(ctx, rule))
	must(t, s.Release(ctx, "nobody"))
	got, err = s.Holds(ctx)
	must(t, err)
	same(t, got, []state.Hold{all})
}

func snapshots(t *testing.T, ctx context.Context, s state.Store) {
	got, err := s.Snapshot(ctx, "set")
	must(t, err)
	same(t, len(got), 0)
	must(t, s.SaveSnapshot(ctx, "set", []byte("one")))
	must(t, s.SaveSnapshot(ctx, "other", []byte{0, 1, 2}))
	must(t, s.SaveSnapshot(ctx, "set", []byte("two")))
	got, err = s.Snapshot(ctx, "set")
	must(t, err)
	same(t, string(got), "two")
}

func deadCounts(t *testing.T, ctx context.Context, s state.Store) {
	letter := func(rule, source string) state.DeadLetter {
		return state.DeadLetter{Rule: rule, Source: state.SourceRef{ID: source}, Step: "deliver", Message: "no"}
	}
	must(t, s.Commit(ctx, state.Outcome{Rule: rule, Dead: []state.DeadLetter{letter(rule, "a"), letter(rule, "b")}}))
	must(t, s.Commit(ctx, state.Outcome{Rule: "sync.b", Dead: []state.DeadLetter{letter("sync.b", "a")}}))
	must(t, s.Commit(ctx, state.Outcome{Rule: "sync.b", Revived: []string{"a"}}))
	got, err := s.DeadCounts(ctx)
	must(t, err)
	same(t, got, map[string]int{rule: 2})
}

func approvals(t *testing.T, ctx context.Context, s state.Store) {
	at := time.Date(2026, 1, 2, 3, 4, 5, 6000, time.UTC)
	a := state.Approval{Run: "r1", Rule: rule, At: at.Add(time.Minute), By: "operator"}
	b := state.Approval{Run: "r2", Rule: "sync.b", At: at}
	must(t, s.Approve(ctx, a))
	must(t, s.Approve(ctx, b))
	must(t, s.Approve(ctx, state.Approval{Run: "r1", Rule: rule, At: at.Add(time.Hour), By: "another"}))
	got, err := s.Approvals(ctx, "")
	must(t, err)
	same(t, got, []state.Approval{b, a})
	got, err = s.Approvals(ctx, rule)
	must(t, err)
	same(t, got, []state.Approval{a})
	must(t, s.Unapprove(ctx, "r1"))
	must(t, s.Unapprove(ctx, "nobody"))
	got, err = s.Approvals(ctx, rule)
	must(t, err)
	same(t, len(got), 0)
}

func pruned(t *testing.T, ctx context.Context, s state.Store) {
	p, ok := s.(state.Pruner)
	if !ok {
		t.Fatal("this store does not prune, so it grows for ever")
	}
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	for i, r := range []state.Run{
		{ID: "quiet", Rule: rule, Status: state.Succeeded, Read: 5},
		{ID: "wrote", Rule: rule, Status: state.Succeeded, Updated: 1},
		{ID: "failed", Rule: rule, Status: state.Failed},
		{ID: "quiet too", Rule: rule, Status: state.Succeeded},
		{ID: "last", Rule: rule, Status: state.Succeeded},
		{ID: "other", Rule: "sync.b", Status: state.Succeeded},
	} {
		r.Started = at.Add(time.Duration(i) * time.Minute)
		must(t, s.SaveRun(ctx, r))
	}
	n, err := p.PruneRuns(ctx, at.Add(2*time.Minute), 100)
	must(t, err)
	same(t, n, 1)
	n, err = p.PruneRuns(ctx, at.Add(time.Hour), 100)
	must(t, err)
	same(t, n, 1)
	runs, err := s.Runs(ctx, state.RunFilter{})
	must(t, err)
	var ids []string
	for _, r := range runs {
		ids = append(ids, r.ID)
	}
	same(t, ids, []string{"other", "last", "failed", "wrote"})
}
