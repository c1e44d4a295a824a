package statetest

import (
	"context"
	"testing"
	"time"

	"github.com/syncline/syncline/runtime/state"
)

func past(t *testing.T, ctx context.Context, s state.Store) {
	const trigger = "trigger.past"
	read := func(rule string, after time.Time) (out []state.Past) {
		t.Helper()
		for x, err := range s.Past(ctx, rule, after) {
			must(t, err)
			out = append(out, x)
		}
		return out
	}
	recorded := func() map[string]time.Time {
		t.Helper()
		out, err := s.Recorded(ctx, trigger)
		must(t, err)
		return out
	}
	same(t, recorded(), map[string]time.Time{})
	same(t, len(read(trigger, time.Time{})), 0)

	// Fields that are recorded stay so since they were first; others begin, or end.
	at := func(hours int) time.Time { return noon.Add(time.Duration(hours) * time.Hour) }
	must(t, s.Commit(ctx, state.Outcome{Rule: trigger, Recording: &state.Recording{Fields: []string{"Score", "Stage"}, At: at(0)}}))
	must(t, s.Commit(ctx, state.Outcome{Rule: trigger, Recording: &state.Recording{Fields: []string{"Score", "Name"}, At: at(1)}}))
	same(t, recorded(), map[string]time.Time{"Score": at(0), "Name": at(1)})

	edge := func(source string) state.Edge { return state.Edge{Source: source, State: state.EdgeArmed} }
	a1 := state.Past{Source: "a", At: at(2), Absent: true}
	b1 := state.Past{Source: "b", At: at(2), Fields: []byte{1}}
	a2 := state.Past{Source: "a", At: at(3), Fields: []byte{2}}
	b2 := state.Past{Source: "b", At: at(4), Gone: true, Fields: []byte{3}}
	must(t, s.Commit(ctx, state.Outcome{Rule: trigger, Edges: []state.Edge{edge("b"), edge("a")}, Past: []state.Past{b1, a1}}))
	must(t, s.Commit(ctx, state.Outcome{Rule: trigger, Edges: []state.Edge{edge("a")}, Past: []state.Past{a2}}))
	must(t, s.Commit(ctx, state.Outcome{Rule: trigger, Edges: []state.Edge{edge("b")}, Past: []state.Past{b2}}))
	must(t, s.Commit(ctx, state.Outcome{Rule: "trigger.other", Edges: []state.Edge{edge("a")}, Past: []state.Past{{Source: "a", At: at(9)}}}))
	same(t, read(trigger, time.Time{}), []state.Past{a1, a2, b1, b2})
	same(t, read(trigger, at(2)), []state.Past{a2, b2})
	for range s.Past(ctx, trigger, time.Time{}) {
		break // the reader may stop
	}

	// What is forgotten is not recorded any more: how records were then is not known.
	must(t, s.PrunePast(ctx, trigger, at(2), 10))
	same(t, len(read(trigger, time.Time{})), 4)
	same(t, recorded()["Score"], at(0))
	must(t, s.PrunePast(ctx, trigger, at(3), 10))
	same(t, read(trigger, time.Time{}), []state.Past{a2, b2})
	same(t, recorded(), map[string]time.Time{"Score": at(2), "Name": at(2)})
	must(t, s.PrunePast(ctx, trigger, at(0), 1))
	same(t, read(trigger, time.Time{}), []state.Past{b2})
	same(t, recorded()["Score"], at(3))
	must(t, s.PrunePast(ctx, trigger, at(100), 10))
	same(t, len(read(trigger, time.Time{})), 0)
	same(t, recorded()["Score"], at(4))
	same(t, len(read("trigger.other", time.Time{})), 1)
}
