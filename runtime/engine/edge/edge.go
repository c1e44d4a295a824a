// Package edge is the state machine of a trigger: what one observation of a record makes of its edge, and what follows from it.
// It is pure, so that every row of its table can be told in a test.
package edge

import (
	"time"

	"github.com/syncline/syncline/lang/expr"
	"github.com/syncline/syncline/lang/plan"
	"github.com/syncline/syncline/runtime/state"
)

// Machine is the state machine of one trigger.
type Machine struct {
	// Meaning stands for what the rule's conditions mean; edges under another one say nothing about them.
	Meaning  int64
	Cooldown time.Duration

	hold                    time.Duration
	change, rearms          bool
	fireBaseline, holdFirst bool
}

// New makes the machine of a trigger.
func New(p *plan.Trigger, meaning int64) Machine {
	return Machine{Meaning: meaning, Cooldown: p.Cooldown, hold: p.For, change: p.Change, rearms: p.Rearm != nil,
		fireBaseline: p.FireBaseline, holdFirst: p.HoldFirstSeen}
}

// Sight is one observation of a record that is in the population.
type Sight struct {
	When, Rearm expr.Truth // rearm counts only where the rule has one
	Now         time.Time
	// Baseline: the scan under way has not come to its end. Edited: it is not the first one, but follows from an edit.
	Baseline, Edited bool
}

// Effect is what an observation brings about.
type Effect uint8

const (
	Nothing Effect = iota
	Fires
	Recovers
	Held    // the condition holds, and counts as fired already
	Waits   // the condition has not held for long enough
	Cools   // it is too soon after the last firing; the edge comes when the cooldown ends
	Dropped // of a change condition: it is too soon, and the change is gone
)

func (x Effect) String() string {
	return [...]string{"nothing", "fires", "recovers", "held", "waits", "cooldown", "dropped"}[x]
}

// Next gives the edge after an observation.
func (m Machine) Next(e state.Edge, s Sight) (state.Edge, Effect) {
	seen := e.State != state.EdgeNew && e.Meaning == m.Meaning
	// A record that was seen under another meaning and comes by after the baseline was left out by it: it is held as by it.
	stale := e.State != state.EdgeNew && !seen
	entered := seen && e.Outside
	e.Look, e.Outside, e.Gone, e.Meaning = time.Time{}, false, false, m.Meaning
	hold := false
	switch {
	case seen:
		hold = entered && (m.holdFirst || s.Baseline && s.Edited)
	case stale:
		e.State, e.Since, hold = state.EdgeArmed, time.Time{}, true
	case s.Baseline:
		e.State, hold = state.EdgeArmed, s.Edited || !m.fireBaseline
	default:
		e.State, hold = state.EdgeArmed, m.holdFirst
	}
	if m.change {
		return m.changed(e, s, hold)
	}
	return m.level(e, s, hold)
}

// changed is the transition of a change condition: it has no state but the last firing.
func (m Machine) changed(e state.Edge, s Sight, hold bool) (state.Edge, Effect) {
	e.State = state.EdgeArmed
	switch {
	case s.When != expr.True:
		return e, Nothing
	case hold:
		return e, Held
	case m.cooling(e, s.Now):
		return e, Dropped
	}
	return m.fire(e, s.Now), Fires
}

// level is the transition of a condition with two levels.
func (m Machine) level(e state.Edge, s Sight, hold bool) (state.Edge, Effect) {
	rearm := s.Rearm
	if !m.rearms {
		rearm = not(s.When)
	}
	switch s.When {
	case expr.True:
		if e.Since.IsZero() || e.Since.After(s.Now) {
			e.Since = s.Now
		}
	case expr.False:
		e.Since = time.Time{}
	}
	if e.State == state.EdgeFired {
		if rearm == expr.True && s.When != expr.True {
			e.State, e.Since = state.EdgeArmed, time.Time{}
			return e, Recovers
		}
		return e, Nothing
	}
	if s.When != expr.True {
		return e, Nothing
	}
	if hold {
		e.State = state.EdgeFired
		return e, Held
	}
	if due := e.Since.Add(m.hold); m.hold > 0 && s.Now.Before(due) {
		e.Look = due
		return e, Waits
	}
	if m.cooling(e, s.Now) {
		e.Look = e.FiredAt.Add(m.Cooldown)
		return e, Cools
	}
	e = m.fire(e, s.Now)
	e.State = state.EdgeFired
	return e, Fires
}

// wrongClock is how far ahead an instant may lie that has been: a firing further ahead was told by a clock that was wrong,
// and nobody knows when it was. No cooldown waits for it, which could be for years.
const wrongClock = time.Hour

func (m Machine) cooling(e state.Edge, now time.Time) bool {
	return m.Cooldown > 0 && !e.FiredAt.IsZero() && now.Before(e.FiredAt.Add(m.Cooldown)) && !e.FiredAt.After(now.Add(wrongClock))
}

// Beyond is an instant after which no record is ever to be looked at again, but for one that a wrong clock has put off.
func (m Machine) Beyond(now time.Time) time.Time {
	return now.Add(max(m.Cooldown, m.hold) + wrongClock)
}

// fire notes the instant of a firing. No two firings for a record have the same, for their keys are made of it.
func (m Machine) fire(e state.Edge, now time.Time) state.Edge {
	at := now.UTC().Truncate(time.Microsecond)
	if !e.FiredAt.IsZero() && !at.After(e.FiredAt) {
		at = e.FiredAt.Add(time.Microsecond)
	}
	e.FiredAt = at
	return e
}

// Miss is the edge of a record that a baseline scan came by and could not read. When it can be read it counts as there
// already, as if the scan had read it then.
func (m Machine) Miss(e state.Edge, edited bool) state.Edge {
	switch {
	case e.State != state.EdgeNew && !e.Outside:
		return e // it is known
	case m.fireBaseline && !edited:
		e.Meaning = m.Meaning
	default:
		e.Meaning = m.Meaning + 1 // what comes by under another meaning was left out by the baseline
	}
	e.State, e.Outside = state.EdgeArmed, false
	return e
}

// Leave is the observation of a record that is outside the population. One that is so since another meaning, or since it
// could not be read, is as one that never was inside.
func (m Machine) Leave(e state.Edge) state.Edge {
	if e.Meaning != m.Meaning {
		e.State, e.Since, e.Meaning = state.EdgeNew, time.Time{}, m.Meaning
	}
	e.Outside, e.Gone, e.Look = true, false, time.Time{}
	return e
}

func not(t expr.Truth) expr.Truth {
	switch t {
	case expr.True:
		return expr.False
	case expr.False:
		return expr.True
	}
	return expr.Unknown
}
