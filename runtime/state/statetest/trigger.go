package statetest

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/syncline/syncline/runtime/state"
)

var noon = time.Date(2026, 3, 29, 12, 0, 0, 123456000, time.UTC)

func edges(t *testing.T, ctx context.Context, s state.Store) {
	got, err := s.Edges(ctx, rule, []string{"x"})
	must(t, err)
	same(t, got, []state.Edge{{}})
	a := state.Edge{Source: "a", State: state.EdgeFired, Outside: true, Meaning: -5, FiredAt: noon, Since: noon.Add(-time.Hour),
		Look: noon.Add(time.Hour), Hash: 1<<63 + 7, Fields: []byte{1, 2, 3}}
	b := state.Edge{Source: "b", State: state.EdgeArmed, Gone: true}
	c := state.Edge{Source: "c", Look: noon}
	must(t, s.Commit(ctx, state.Outcome{Rule: rule, Edges: []state.Edge{c, a, b}}))
	must(t, s.Commit(ctx, state.Outcome{Rule: "trigger.b", Edges: []state.Edge{{Source: "a", State: state.EdgeArmed}}}))
	got, err = s.Edges(ctx, rule, []string{"b", "nobody", "a"})
	must(t, err)
	same(t, got, []state.Edge{b, {}, a})
	b.State, b.Gone = state.EdgeFired, false
	must(t, s.Commit(ctx, state.Outcome{Rule: rule, Edges: []state.Edge{b}}))
	for _, test := range []struct {
		f    state.EdgeFilter
		want []state.Edge
	}{
		{state.EdgeFilter{}, []state.Edge{a, b, c}},
		{state.EdgeFilter{Limit: 1}, []state.Edge{a}},
		{state.EdgeFilter{After: "a", Limit: 5}, []state.Edge{b, c}},
		{state.EdgeFilter{Due: noon}, []state.Edge{c}},
		{state.EdgeFilter{Due: noon.Add(time.Hour)}, []state.Edge{a, c}},
		{state.EdgeFilter{Due: noon.Add(time.Hour), After: "a"}, []state.Edge{c}},
		{state.EdgeFilter{Due: noon.Add(-time.Hour), Beyond: noon.Add(time.Hour)}, nil},
		{state.EdgeFilter{Due: noon.Add(-time.Hour), Beyond: noon.Add(time.Hour - time.Second)}, []state.Edge{a}},
	} {
		got, err := s.ScanEdges(ctx, rule, test.f)
		must(t, err)
		same(t, got, test.want)
	}
	got, err = s.ScanEdges(ctx, "nobody", state.EdgeFilter{})
	must(t, err)
	same(t, len(got), 0)
}

func watches(t *testing.T, ctx context.Context, s state.Store) {
	got, err := s.Watch(ctx, rule, "night")
	must(t, err)
	same(t, got, state.Watch{Rule: rule, Schedule: "night"})
	w := state.Watch{Rule: rule, Schedule: "night", Cursor: "c", Meaning: "m", Population: "p", Complete: true, Begun: true, At: noon}
	must(t, s.Commit(ctx, state.Outcome{Rule: rule, Watch: &w}))
	got, err = s.Watch(ctx, rule, "night")
	must(t, err)
	same(t, got, w)
	w.Cursor, w.Complete = "", false
	must(t, s.Commit(ctx, state.Outcome{Rule: rule, Watch: &w}))
	got, err = s.Watch(ctx, rule, "night")
	must(t, err)
	same(t, got, w)
}

func firings(t *testing.T, ctx context.Context, s state.Store) {
	const trigger = "trigger.a"
	make := func(id, source string, status state.FiringStatus) state.Firing {
		return state.Firing{ID: id, Rule: trigger, Source: source, Run: "r1", Kind: state.FiringFired, Status: status, At: noon,
			Data: []byte("d" + id), Progress: []byte{}}
	}
	a, b, c := make("a", "1", state.FiringPending), make("b", "2", state.FiringHeld), make("c", "1", state.FiringPending)
	c.Kind, c.Of = state.FiringRecovered, "a"
	must(t, s.Commit(ctx, state.Outcome{Rule: trigger, Firings: []state.Firing{a, b, c}}))
	ids := func(f state.FiringFilter) string {
		got, err := s.Firings(ctx, f)
		must(t, err)
		out := ""
		for _, x := range got {
			out += x.ID
		}
		return out
	}
	same(t, ids(state.FiringFilter{Rule: trigger}), "abc")
	same(t, ids(state.FiringFilter{Rule: trigger, Newest: true, Limit: 2}), "cb")
	same(t, ids(state.FiringFilter{Rule: trigger, Status: state.FiringPending}), "ac")
	same(t, ids(state.FiringFilter{Source: "2"}), "b")
	same(t, ids(state.FiringFilter{IDs: []string{"c", "b"}}), "bc")
	same(t, ids(state.FiringFilter{Rule: "trigger.b"}), "")

	// The same firing is stored once; what is stored again is where it stands.
	a.Status, a.Why, a.Progress = state.FiringDone, "because", []byte("p")
	must(t, s.Commit(ctx, state.Outcome{Rule: trigger, Firings: []state.Firing{a}}))
	got, err := s.Firings(ctx, state.FiringFilter{Rule: trigger})
	must(t, err)
	a.Seq = got[0].Seq
	same(t, got[0], a)
	same(t, len(got), 3)
	same(t, ids(state.FiringFilter{Rule: trigger, After: a.Seq}), "bc")

	n, err := s.MoveFirings(ctx, trigger, state.FiringHeld, state.FiringPending)
	must(t, err)
	same(t, n, 1)
	counts, err := s.Unfinished(ctx)
	must(t, err)
	same(t, counts, map[string]int{trigger: 2})

	// What is not done is never forgotten, nor the firing of a record that is still fired.
	must(t, s.Commit(ctx, state.Outcome{Rule: trigger, Edges: []state.Edge{{Source: "1", State: state.EdgeFired, FiredAt: noon}}}))
	must(t, s.PruneFirings(ctx, trigger, noon.Add(time.Hour)))
	same(t, ids(state.FiringFilter{Rule: trigger}), "abc")
	must(t, s.Commit(ctx, state.Outcome{Rule: trigger, Edges: []state.Edge{{Source: "1", State: state.EdgeArmed, FiredAt: noon}}}))
	must(t, s.PruneFirings(ctx, trigger, noon))
	same(t, ids(state.FiringFilter{Rule: trigger}), "abc")
	must(t, s.PruneFirings(ctx, trigger, noon.Add(time.Hour)))
	same(t, ids(state.FiringFilter{Rule: trigger}), "bc")
}

func series(t *testing.T, ctx context.Context, s state.Store) {
	got, err := s.Series(ctx, "track.a", []string{"x"})
	must(t, err)
	same(t, got, [][]byte{nil})
	must(t, s.Commit(ctx, state.Outcome{Rule: "track.a", Series: []state.Series{{Source: "b", Last: 5, Data: []byte("b")}, {Source: "a", Last: 3, Data: []byte("a")}}}))
	must(t, s.Commit(ctx, state.Outcome{Rule: "track.a", Series: []state.Series{{Source: "a", Last: 4, Data: []byte("aa")}}}))
	got, err = s.Series(ctx, "track.a", []string{"b", "x", "a"})
	must(t, err)
	same(t, got, [][]byte{[]byte("b"), nil, []byte("aa")})
	must(t, s.PruneSeries(ctx, "track.a", 5))
	got, err = s.Series(ctx, "track.a", []string{"a", "b"})
	must(t, err)
	same(t, got, [][]byte{nil, []byte("b")})
}

// wholeTrigger commits edges and firings that cannot all be stored, and wants none of them.
func wholeTrigger(t *testing.T, ctx context.Context, s state.Store) {
	stopped, cancel := context.WithCancel(ctx)
	cancel()
	o := state.Outcome{Rule: rule, Watch: &state.Watch{Rule: rule, Cursor: "c"}}
	for i := range 50 {
		o.Edges = append(o.Edges, state.Edge{Source: fmt.Sprint(i), State: state.EdgeFired})
		o.Firings = append(o.Firings, state.Firing{ID: fmt.Sprint(i), Rule: rule, Source: fmt.Sprint(i)})
	}
	if err := s.Commit(stopped, o); err == nil {
		t.Fatal("a commit with a cancelled context went through")
	}
	edges, err := s.ScanEdges(ctx, rule, state.EdgeFilter{})
	must(t, err)
	firings, err := s.Firings(ctx, state.FiringFilter{Rule: rule})
	must(t, err)
	w, err := s.Watch(ctx, rule, "")
	must(t, err)
	same(t, len(edges)+len(firings)+len(w.Cursor), 0)
}
