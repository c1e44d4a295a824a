package edge

import (
	"testing"
	"time"

	"github.com/syncline/syncline/lang/expr"
	"github.com/syncline/syncline/runtime/state"
)

var t0 = time.Date(2026, 3, 2, 8, 0, 0, 0, time.UTC)

// The state machine, row by row.
func TestTheTableOfEdges(t *testing.T) {
	const (
		T = expr.True
		F = expr.False
		U = expr.Unknown
	)
	known := func(s state.EdgeState, edit ...func(*state.Edge)) state.Edge {
		e := state.Edge{Source: "a", State: s}
		for _, f := range edit {
			f(&e)
		}
		return e
	}
	firedAgo := func(d time.Duration) func(*state.Edge) {
		return func(e *state.Edge) { e.FiredAt = t0.Add(-d) }
	}
	holdsFor := func(d time.Duration) func(*state.Edge) {
		return func(e *state.Edge) { e.Since = t0.Add(-d) }
	}
	outside := func(e *state.Edge) { e.Outside = true }
	otherMeaning := func(e *state.Edge) { e.Meaning = 1 }
	gone := func(e *state.Edge) { e.Gone = true }
	plain, rearms := Machine{}, Machine{rearms: true}
	cooldown, lasting := Machine{Cooldown: time.Hour}, Machine{hold: time.Hour}
	fire, holdFirst, change := Machine{fireBaseline: true}, Machine{holdFirst: true}, Machine{change: true, Cooldown: time.Hour}
	var none state.Edge
	for _, row := range []struct {
		name   string
		m      Machine
		edge   state.Edge
		sight  Sight
		state  state.EdgeState
		effect Effect
		look   time.Duration
	}{
		{"never seen, baseline, holds", plain, none, Sight{When: T, Baseline: true}, state.EdgeFired, Held, 0},
		{"never seen, baseline, fires", fire, none, Sight{When: T, Baseline: true}, state.EdgeFired, Fires, 0},
		{"never seen, an edit's baseline", fire, none, Sight{When: T, Baseline: true, Edited: true}, state.EdgeFired, Held, 0},
		{"never seen, baseline, false", plain, none, Sight{When: F, Baseline: true}, state.EdgeArmed, Nothing, 0},
		{"never seen, baseline, unknown", fire, none, Sight{When: U, Baseline: true}, state.EdgeArmed, Nothing, 0},
		{"never seen, later", plain, none, Sight{When: T, Edited: true}, state.EdgeFired, Fires, 0},
		{"never seen, later, false", plain, none, Sight{When: F}, state.EdgeArmed, Nothing, 0},
		{"never seen, later, unknown", plain, none, Sight{When: U}, state.EdgeArmed, Nothing, 0},
		{"never seen, later, first_seen hold", holdFirst, none, Sight{When: T}, state.EdgeFired, Held, 0},
		{"only seen outside, enters", plain, known(state.EdgeNew, outside), Sight{When: T}, state.EdgeFired, Fires, 0},
		{"only seen outside, enters, first_seen hold", holdFirst, known(state.EdgeNew, outside), Sight{When: T}, state.EdgeFired, Held, 0},
		{"armed", plain, known(state.EdgeArmed), Sight{When: T}, state.EdgeFired, Fires, 0},
		{"armed, false", plain, known(state.EdgeArmed), Sight{When: F}, state.EdgeArmed, Nothing, 0},
		{"armed, unknown", plain, known(state.EdgeArmed), Sight{When: U}, state.EdgeArmed, Nothing, 0},
		{"armed, baseline not complete", plain, known(state.EdgeArmed), Sight{When: T, Baseline: true}, state.EdgeFired, Fires, 0},
		{"armed, in cooldown", cooldown, known(state.EdgeArmed, firedAgo(59*time.Minute)), Sight{When: T}, state.EdgeArmed, Cools, time.Minute},
		{"armed, cooldown over", cooldown, known(state.EdgeArmed, firedAgo(time.Hour)), Sight{When: T}, state.EdgeFired, Fires, 0},
		{"armed, no longer true in the cooldown", cooldown, known(state.EdgeArmed, firedAgo(time.Minute)), Sight{When: F}, state.EdgeArmed, Nothing, 0},
		{"armed, fires for the first time in a rule with cooldown", cooldown, known(state.EdgeArmed), Sight{When: T}, state.EdgeFired, Fires, 0},
		{"armed, fired in the future by a clock that jumped", cooldown, known(state.EdgeArmed, firedAgo(-time.Hour)), Sight{When: T}, state.EdgeArmed, Cools, 2 * time.Hour},
		{"armed, fired far in the future", cooldown, known(state.EdgeArmed, firedAgo(-61*time.Minute)), Sight{When: T}, state.EdgeFired, Fires, 0},
		{"armed, holds since the future", lasting, known(state.EdgeArmed, holdsFor(-48*time.Hour)), Sight{When: T}, state.EdgeArmed, Waits, time.Hour},
		{"armed, begins to hold", lasting, known(state.EdgeArmed), Sight{When: T}, state.EdgeArmed, Waits, time.Hour},
		{"armed, has not held for long", lasting, known(state.EdgeArmed, holdsFor(59*time.Minute)), Sight{When: T}, state.EdgeArmed, Waits, time.Minute},
		{"armed, has held", lasting, known(state.EdgeArmed, holdsFor(time.Hour)), Sight{When: T}, state.EdgeFired, Fires, 0},
		{"armed, has held, baseline holds", lasting, none, Sight{When: T, Baseline: true}, state.EdgeFired, Held, 0},
		{"new, begins to hold", lasting, none, Sight{When: T}, state.EdgeArmed, Waits, time.Hour},
		{"fired, still true", plain, known(state.EdgeFired), Sight{When: T}, state.EdgeFired, Nothing, 0},
		{"fired, false", plain, known(state.EdgeFired), Sight{When: F}, state.EdgeArmed, Recovers, 0},
		{"fired, unknown", plain, known(state.EdgeFired), Sight{When: U}, state.EdgeFired, Nothing, 0},
		{"fired, between the levels", rearms, known(state.EdgeFired), Sight{When: F, Rearm: F}, state.EdgeFired, Nothing, 0},
		{"fired, rearm not known", rearms, known(state.EdgeFired), Sight{When: F, Rearm: U}, state.EdgeFired, Nothing, 0},
		{"fired, rearmed", rearms, known(state.EdgeFired), Sight{When: F, Rearm: T}, state.EdgeArmed, Recovers, 0},
		{"fired, both true: no storm", rearms, known(state.EdgeFired), Sight{When: T, Rearm: T}, state.EdgeFired, Nothing, 0},
		{"armed, both true", rearms, known(state.EdgeArmed), Sight{When: T, Rearm: T}, state.EdgeFired, Fires, 0},
		{"undeleted goes on: fired", plain, known(state.EdgeFired, gone), Sight{When: T}, state.EdgeFired, Nothing, 0},
		{"undeleted goes on: armed", plain, known(state.EdgeArmed, gone), Sight{When: T}, state.EdgeFired, Fires, 0},
		{"comes back in, armed", plain, known(state.EdgeArmed, outside), Sight{When: T}, state.EdgeFired, Fires, 0},
		{"comes back in, first_seen hold", holdFirst, known(state.EdgeArmed, outside), Sight{When: T}, state.EdgeFired, Held, 0},
		{"enters by an edit", plain, known(state.EdgeArmed, outside), Sight{When: T, Baseline: true, Edited: true}, state.EdgeFired, Held, 0},
		{"edited meaning, true", plain, known(state.EdgeArmed, otherMeaning), Sight{When: T, Baseline: true, Edited: true}, state.EdgeFired, Held, 0},
		{"edited meaning, fired before, false", plain, known(state.EdgeFired, otherMeaning), Sight{When: F, Baseline: true, Edited: true}, state.EdgeArmed, Nothing, 0},
		{"edited meaning, comes by after the baseline", plain, known(state.EdgeArmed, otherMeaning), Sight{When: T, Edited: true}, state.EdgeFired, Held, 0},
		{"could not be read by the baseline", plain, plain.Miss(none, false), Sight{When: T, Edited: true}, state.EdgeFired, Held, 0},
		{"could not be read by the baseline, false", plain, plain.Miss(none, false), Sight{When: F, Edited: true}, state.EdgeArmed, Nothing, 0},
		{"could not be read by the baseline, baseline fires", fire, fire.Miss(none, false), Sight{When: T, Edited: true}, state.EdgeFired, Fires, 0},
		{"could not be read by an edit's baseline", fire, fire.Miss(none, true), Sight{When: T, Edited: true}, state.EdgeFired, Held, 0},
		{"was outside, could not be read by an edit's baseline", plain, plain.Miss(known(state.EdgeArmed, outside), true), Sight{When: T, Edited: true}, state.EdgeFired, Held, 0},
		{"could not be read by the baseline, was outside when it could, enters", plain, plain.Leave(plain.Miss(none, false)), Sight{When: T, Edited: true}, state.EdgeFired, Fires, 0},
		{"armed, could not be read when the baseline came by again", plain, plain.Miss(known(state.EdgeArmed), false), Sight{When: T, Edited: true}, state.EdgeFired, Fires, 0},
		{"edited meaning, outside then, enters", plain, plain.Leave(known(state.EdgeFired, otherMeaning)), Sight{When: T, Edited: true}, state.EdgeFired, Fires, 0},
		{"change, could not be read by the baseline", change, change.Miss(none, false), Sight{When: T, Edited: true}, state.EdgeArmed, Held, 0},
		{"change", change, known(state.EdgeArmed), Sight{When: T}, state.EdgeArmed, Fires, 0},
		{"change, false", change, known(state.EdgeArmed), Sight{When: F}, state.EdgeArmed, Nothing, 0},
		{"change, unknown", change, known(state.EdgeArmed), Sight{When: U}, state.EdgeArmed, Nothing, 0},
		{"change, in cooldown", change, known(state.EdgeArmed, firedAgo(time.Minute)), Sight{When: T}, state.EdgeArmed, Dropped, 0},
		{"change, baseline", change, none, Sight{When: T, Baseline: true}, state.EdgeArmed, Held, 0},
		{"change, new record", change, none, Sight{When: T}, state.EdgeArmed, Fires, 0},
	} {
		t.Run(row.name, func(t *testing.T) {
			row.sight.Now = t0
			after, what := row.m.Next(row.edge, row.sight)
			if after.State != row.state || what != row.effect {
				t.Fatalf("%v, %v; want %v, %v", after.State, what, row.state, row.effect)
			}
			want := time.Time{}
			if row.look > 0 {
				want = t0.Add(row.look)
			}
			if !after.Look.Equal(want) {
				t.Fatalf("looked at again %v, want %v", after.Look, want)
			}
			if after.Outside || after.Gone || after.Meaning != row.m.Meaning {
				t.Fatalf("%+v", after)
			}
			if what == Fires != (after.FiredAt != row.edge.FiredAt) {
				t.Fatalf("fired at %v", after.FiredAt)
			}
			// The same observation again brings nothing about, but for a change condition.
			if again, what := row.m.Next(after, row.sight); !row.m.change && (what == Fires || what == Recovers || again.State != after.State) {
				t.Fatalf("seen again: %v %v", again.State, what)
			}
		})
	}
}

func TestInstantsOfFiringsDiffer(t *testing.T) {
	m := Machine{change: true}
	e := state.Edge{Source: "a", State: state.EdgeArmed}
	seen := map[time.Time]bool{}
	for _, now := range []time.Time{t0, t0, t0.Add(-time.Hour), t0.Add(time.Second)} {
		var what Effect
		if e, what = m.Next(e, Sight{When: expr.True, Now: now}); what != Fires {
			t.Fatal(what)
		}
		if seen[e.FiredAt] || e.FiredAt.Nanosecond()%1000 != 0 {
			t.Fatalf("fired at %v", e.FiredAt)
		}
		seen[e.FiredAt] = true
	}
}
