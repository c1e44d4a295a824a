package engine

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
	plain, rearms := machine{}, machine{rearms: true}
	cooldown, lasting := machine{cooldown: time.Hour}, machine{hold: time.Hour}
	fire, holdFirst, change := machine{fireBaseline: true}, machine{holdFirst: true}, machine{change: true, cooldown: time.Hour}
	var none state.Edge
	for _, row := range []struct {
		name   string
		m      machine
		edge   state.Edge
		sight  sight
		state  state.EdgeState
		effect effect
		look   time.Duration
	}{
		{"never seen, baseline, holds", plain, none, sight{when: T, baseline: true}, state.EdgeFired, held, 0},
		{"never seen, baseline, fires", fire, none, sight{when: T, baseline: true}, state.EdgeFired, fires, 0},
		{"never seen, an edit's baseline", fire, none, sight{when: T, baseline: true, edited: true}, state.EdgeFired, held, 0},
		{"never seen, baseline, false", plain, none, sight{when: F, baseline: true}, state.EdgeArmed, nothing, 0},
		{"never seen, baseline, unknown", fire, none, sight{when: U, baseline: true}, state.EdgeArmed, nothing, 0},
		{"never seen, later", plain, none, sight{when: T, edited: true}, state.EdgeFired, fires, 0},
		{"never seen, later, false", plain, none, sight{when: F}, state.EdgeArmed, nothing, 0},
		{"never seen, later, unknown", plain, none, sight{when: U}, state.EdgeArmed, nothing, 0},
		{"never seen, later, first_seen hold", holdFirst, none, sight{when: T}, state.EdgeFired, held, 0},
		{"only seen outside, enters", plain, known(state.EdgeNew, outside), sight{when: T}, state.EdgeFired, fires, 0},
		{"only seen outside, enters, first_seen hold", holdFirst, known(state.EdgeNew, outside), sight{when: T}, state.EdgeFired, held, 0},
		{"armed", plain, known(state.EdgeArmed), sight{when: T}, state.EdgeFired, fires, 0},
		{"armed, false", plain, known(state.EdgeArmed), sight{when: F}, state.EdgeArmed, nothing, 0},
		{"armed, unknown", plain, known(state.EdgeArmed), sight{when: U}, state.EdgeArmed, nothing, 0},
		{"armed, baseline not complete", plain, known(state.EdgeArmed), sight{when: T, baseline: true}, state.EdgeFired, fires, 0},
		{"armed, in cooldown", cooldown, known(state.EdgeArmed, firedAgo(59*time.Minute)), sight{when: T}, state.EdgeArmed, cools, time.Minute},
		{"armed, cooldown over", cooldown, known(state.EdgeArmed, firedAgo(time.Hour)), sight{when: T}, state.EdgeFired, fires, 0},
		{"armed, no longer true in the cooldown", cooldown, known(state.EdgeArmed, firedAgo(time.Minute)), sight{when: F}, state.EdgeArmed, nothing, 0},
		{"armed, fires for the first time in a rule with cooldown", cooldown, known(state.EdgeArmed), sight{when: T}, state.EdgeFired, fires, 0},
		{"armed, fired in the future by a clock that jumped", cooldown, known(state.EdgeArmed, firedAgo(-time.Hour)), sight{when: T}, state.EdgeArmed, cools, 2 * time.Hour},
		{"armed, fired far in the future", cooldown, known(state.EdgeArmed, firedAgo(-61*time.Minute)), sight{when: T}, state.EdgeFired, fires, 0},
		{"armed, holds since the future", lasting, known(state.EdgeArmed, holdsFor(-48*time.Hour)), sight{when: T}, state.EdgeArmed, waits, time.Hour},
		{"armed, begins to hold", lasting, known(state.EdgeArmed), sight{when: T}, state.EdgeArmed, waits, time.Hour},
		{"armed, has not held for long", lasting, known(state.EdgeArmed, holdsFor(59*time.Minute)), sight{when: T}, state.EdgeArmed, waits, time.Minute},
		{"armed, has held", lasting, known(state.EdgeArmed, holdsFor(time.Hour)), sight{when: T}, state.EdgeFired, fires, 0},
		{"armed, has held, baseline holds", lasting, none, sight{when: T, baseline: true}, state.EdgeFired, held, 0},
		{"new, begins to hold", lasting, none, sight{when: T}, state.EdgeArmed, waits, time.Hour},
		{"fired, still true", plain, known(state.EdgeFired), sight{when: T}, state.EdgeFired, nothing, 0},
		{"fired, false", plain, known(state.EdgeFired), sight{when: F}, state.EdgeArmed, recovers, 0},
		{"fired, unknown", plain, known(state.EdgeFired), sight{when: U}, state.EdgeFired, nothing, 0},
		{"fired, between the levels", rearms, known(state.EdgeFired), sight{when: F, rearm: F}, state.EdgeFired, nothing, 0},
		{"fired, rearm not known", rearms, known(state.EdgeFired), sight{when: F, rearm: U}, state.EdgeFired, nothing, 0},
		{"fired, rearmed", rearms, known(state.EdgeFired), sight{when: F, rearm: T}, state.EdgeArmed, recovers, 0},
		{"fired, both true: no storm", rearms, known(state.EdgeFired), sight{when: T, rearm: T}, state.EdgeFired, nothing, 0},
		{"armed, both true", rearms, known(state.EdgeArmed), sight{when: T, rearm: T}, state.EdgeFired, fires, 0},
		{"undeleted goes on: fired", plain, known(state.EdgeFired, gone), sight{when: T}, state.EdgeFired, nothing, 0},
		{"undeleted goes on: armed", plain, known(state.EdgeArmed, gone), sight{when: T}, state.EdgeFired, fires, 0},
		{"comes back in, armed", plain, known(state.EdgeArmed, outside), sight{when: T}, state.EdgeFired, fires, 0},
		{"comes back in, first_seen hold", holdFirst, known(state.EdgeArmed, outside), sight{when: T}, state.EdgeFired, held, 0},
		{"enters by an edit", plain, known(state.EdgeArmed, outside), sight{when: T, baseline: true, edited: true}, state.EdgeFired, held, 0},
		{"edited meaning, true", plain, known(state.EdgeArmed, otherMeaning), sight{when: T, baseline: true, edited: true}, state.EdgeFired, held, 0},
		{"edited meaning, fired before, false", plain, known(state.EdgeFired, otherMeaning), sight{when: F, baseline: true, edited: true}, state.EdgeArmed, nothing, 0},
		{"edited meaning, comes by after the baseline", plain, known(state.EdgeArmed, otherMeaning), sight{when: T, edited: true}, state.EdgeFired, held, 0},
		{"could not be read by the baseline", plain, plain.miss(none, false), sight{when: T, edited: true}, state.EdgeFired, held, 0},
		{"could not be read by the baseline, false", plain, plain.miss(none, false), sight{when: F, edited: true}, state.EdgeArmed, nothing, 0},
		{"could not be read by the baseline, baseline fires", fire, fire.miss(none, false), sight{when: T, edited: true}, state.EdgeFired, fires, 0},
		{"could not be read by an edit's baseline", fire, fire.miss(none, true), sight{when: T, edited: true}, state.EdgeFired, held, 0},
		{"was outside, could not be read by an edit's baseline", plain, plain.miss(known(state.EdgeArmed, outside), true), sight{when: T, edited: true}, state.EdgeFired, held, 0},
		{"could not be read by the baseline, was outside when it could, enters", plain, plain.leave(plain.miss(none, false)), sight{when: T, edited: true}, state.EdgeFired, fires, 0},
		{"armed, could not be read when the baseline came by again", plain, plain.miss(known(state.EdgeArmed), false), sight{when: T, edited: true}, state.EdgeFired, fires, 0},
		{"edited meaning, outside then, enters", plain, plain.leave(known(state.EdgeFired, otherMeaning)), sight{when: T, edited: true}, state.EdgeFired, fires, 0},
		{"change, could not be read by the baseline", change, change.miss(none, false), sight{when: T, edited: true}, state.EdgeArmed, held, 0},
		{"change", change, known(state.EdgeArmed), sight{when: T}, state.EdgeArmed, fires, 0},
		{"change, false", change, known(state.EdgeArmed), sight{when: F}, state.EdgeArmed, nothing, 0},
		{"change, unknown", change, known(state.EdgeArmed), sight{when: U}, state.EdgeArmed, nothing, 0},
		{"change, in cooldown", change, known(state.EdgeArmed, firedAgo(time.Minute)), sight{when: T}, state.EdgeArmed, dropped, 0},
		{"change, baseline", change, none, sight{when: T, baseline: true}, state.EdgeArmed, held, 0},
		{"change, new record", change, none, sight{when: T}, state.EdgeArmed, fires, 0},
	} {
		t.Run(row.name, func(t *testing.T) {
			row.sight.now = t0
			after, what := row.m.next(row.edge, row.sight)
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
			if after.Outside || after.Gone || after.Meaning != row.m.meaning {
				t.Fatalf("%+v", after)
			}
			if what == fires != (after.FiredAt != row.edge.FiredAt) {
				t.Fatalf("fired at %v", after.FiredAt)
			}
			// The same observation again brings nothing about, but for a change condition.
			if again, what := row.m.next(after, row.sight); !row.m.change && (what == fires || what == recovers || again.State != after.State) {
				t.Fatalf("seen again: %v %v", again.State, what)
			}
		})
	}
}

func TestInstantsOfFiringsDiffer(t *testing.T) {
	m := machine{change: true}
	e := state.Edge{Source: "a", State: state.EdgeArmed}
	seen := map[string]bool{}
	for _, now := range []time.Time{t0, t0, t0.Add(-time.Hour), t0.Add(time.Second)} {
		var what effect
		if e, what = m.next(e, sight{when: expr.True, now: now}); what != fires {
			t.Fatal(what)
		}
		id := firingID("r", "a", state.FiringFired, e.FiredAt)
		if seen[id] {
			t.Fatalf("two firings at %v", e.FiredAt)
		}
		seen[id] = true
	}
}

func TestKeysTellActionsApart(t *testing.T) {
	seen := map[string]bool{}
	for _, rule := range []string{"a", "ab"} {
		for _, label := range []string{"x", "bx"} {
			for _, source := range []string{"1", "x1"} {
				for _, at := range []time.Time{t0, t0.Add(time.Microsecond)} {
					key := actionKey(rule, label, source, at)
					if seen[key] || key != actionKey(rule, label, source, at.In(time.FixedZone("x", 3600))) {
						t.Fatal(rule, label, source, at)
					}
					seen[key] = true
				}
			}
		}
	}
}
