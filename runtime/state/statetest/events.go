package statetest

import (
	"context"
	"testing"
	"time"

	"github.com/syncline/syncline/runtime/state"
)

var eventAt = time.Date(2026, 1, 2, 3, 4, 5, 6000, time.UTC)

func wakes(t *testing.T, ctx context.Context, s state.Store, rule string) []state.Wake {
	t.Helper()
	out, err := s.Wakes(ctx, rule, 100)
	must(t, err)
	return out
}

func events(t *testing.T, ctx context.Context, s state.Store) {
	event := func(delivery, record string, after time.Duration, rules ...string) state.Event {
		return state.Event{Connection: "cs", Delivery: delivery, Record: record, Rules: rules, At: eventAt.Add(after)}
	}
	fresh, err := s.AddEvents(ctx, []state.Event{event("d1", "r1", 0, rule, "sync.b"), event("d2", "r2", time.Second, rule), event("d1", "r9", 0, rule), event("", "", 2*time.Second, rule)})
	must(t, err)
	same(t, fresh, []bool{true, true, false, true})
	other := event("d1", "r1", 0)
	other.Connection = "crm"
	fresh, err = s.AddEvents(ctx, []state.Event{event("d2", "r2", time.Hour, rule), other})
	must(t, err)
	same(t, fresh, []bool{false, true})

	got := wakes(t, ctx, s, rule)
	same(t, len(got), 3)
	for i, record := range []string{"r1", "r2", ""} {
		same(t, got[i].Record, record)
		same(t, got[i].First, eventAt.Add(time.Duration(i)*time.Second))
		same(t, got[i].Last, got[i].First)
	}
	some, err := s.Wakes(ctx, rule, 2)
	must(t, err)
	same(t, some, got[:2])
	counts, err := s.WakeCounts(ctx)
	must(t, err)
	same(t, counts, map[string]state.WakeCount{rule: {Records: 3, Oldest: eventAt}, "sync.b": {Records: 1, Oldest: eventAt}})

	// Another event for r1 comes while a run answers the first; r2 was not seen; the third was.
	_, err = s.AddEvents(ctx, []state.Event{event("", "r1", time.Minute, rule)})
	must(t, err)
	must(t, s.SettleWakes(ctx, rule, []state.Wake{got[0], got[2]}, []state.Wake{got[1]}))
	left := wakes(t, ctx, s, rule)
	same(t, len(left), 2)
	same(t, left[0].Record, "r1")
	same(t, left[0].First, eventAt)
	same(t, left[0].Last, eventAt.Add(time.Minute))
	same(t, left[0].Looks, 0)
	same(t, left[1].Record, "r2")
	same(t, left[1].Looks, 1)
	same(t, len(wakes(t, ctx, s, "sync.b")), 1)

	// The last event answers what was looked for in vain, and a new one begins anew.
	_, err = s.AddEvents(ctx, []state.Event{event("", "r2", time.Hour, rule)})
	must(t, err)
	left = wakes(t, ctx, s, rule)
	same(t, left[1].Looks, 0)
	must(t, s.SettleWakes(ctx, rule, left, nil))
	must(t, s.SettleWakes(ctx, rule, left, nil))
	must(t, s.SettleWakes(ctx, "sync.c", left, left))
	same(t, len(wakes(t, ctx, s, rule)), 0)
	fresh, err = s.AddEvents(ctx, nil)
	must(t, err)
	same(t, len(fresh), 0)
}

func eventsPruned(t *testing.T, ctx context.Context, s state.Store) {
	at := func(delivery string, after time.Duration) state.Event {
		return state.Event{Connection: "cs", Delivery: delivery, Record: delivery, Rules: []string{rule}, At: eventAt.Add(after)}
	}
	list := []state.Event{at("a", 0), at("b", time.Hour), at("c", 2*time.Hour), at("d", 3*time.Hour)}
	_, err := s.AddEvents(ctx, list)
	must(t, err)
	must(t, s.PruneEvents(ctx, eventAt.Add(time.Minute), 100))
	same(t, len(wakes(t, ctx, s, rule)), 3)
	// Two deliveries are kept: b is taken for new again, and c is not.
	must(t, s.PruneEvents(ctx, eventAt.Add(time.Minute), 2))
	same(t, len(wakes(t, ctx, s, rule)), 3)
	fresh, err := s.AddEvents(ctx, list)
	must(t, err)
	same(t, fresh, []bool{true, true, false, false})
}
