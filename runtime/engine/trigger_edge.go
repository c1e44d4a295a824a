package engine

import (
	"time"

	"github.com/syncline/syncline/lang/expr"
	"github.com/syncline/syncline/lang/plan"
	"github.com/syncline/syncline/runtime/state"
)

// machine is the state machine of a trigger: what one observation of a record makes of its edge. It is pure, so that
// every row of its table can be told in a test.
type machine struct {
	change, rearms          bool
	cooldown, hold          time.Duration
	fireBaseline, holdFirst bool
	meaning                 int64
}

func newMachine(p *plan.Trigger) machine {
	return machine{change: p.Change, rearms: p.Rearm != nil, cooldown: p.Cooldown, hold: p.For,
		fireBaseline: p.FireBaseline, holdFirst: p.HoldFirstSeen, meaning: int64(fnv64(p.Meaning))}
}

// sight is one observation of a record that is in the population.
type sight struct {
	when, rearm expr.Truth // rearm counts only where the rule has one
	now         time.Time
	// baseline: the scan under way has not come to its end. edited: it is not the first one, but follows from an edit.
	baseline, edited bool
}

// effect is what an observation brings about.
type effect uint8

const (
	nothing effect = iota
	fires
	recovers
	held    // the condition holds, and counts as fired already
	waits   // the condition has not held for long enough
	cools   // it is too soon after the last firing; the edge comes when the cooldown ends
	dropped // of a change condition: it is too soon, and the change is gone
)

func (x effect) String() string {
	return [...]string{"nothing", "fires", "recovers", "held", "waits", "cooldown", "dropped"}[x]
}

// next gives the edge after an observation.
func (m machine) next(e state.Edge, s sight) (state.Edge, effect) {
	seen := e.State != state.EdgeNew && e.Meaning == m.meaning
	// A record that was seen under another meaning and comes by after the baseline was left out by it: it is held as by it.
	stale := e.State != state.EdgeNew && !seen
	entered := seen && e.Outside
	e.Look, e.Outside, e.Gone, e.Meaning = time.Time{}, false, false, m.meaning
	hold := false
	switch {
	case seen:
		hold = entered && (m.holdFirst || s.baseline && s.edited)
	case stale:
		e.State, e.Since, hold = state.EdgeArmed, time.Time{}, true
	case s.baseline:
		e.State, hold = state.EdgeArmed, s.edited || !m.fireBaseline
	default:
		e.State, hold = state.EdgeArmed, m.holdFirst
	}
	if m.change {
		return m.changed(e, s, hold)
	}
	return m.level(e, s, hold)
}

// changed is the transition of a change condition: it has no state but the last firing.
func (m machine) changed(e state.Edge, s sight, hold bool) (state.Edge, effect) {
	e.State = state.EdgeArmed
	switch {
	case s.when != expr.True:
		return e, nothing
	case hold:
		return e, held
	case m.cooling(e, s.now):
		return e, dropped
	}
	return m.fire(e, s.now), fires
}

// level is the transition of a condition with two levels.
func (m machine) level(e state.Edge, s sight, hold bool) (state.Edge, effect) {
	rearm := s.rearm
	if !m.rearms {
		rearm = not(s.when)
	}
	switch s.when {
	case expr.True:
		if e.Since.IsZero() || e.Since.After(s.now) {
			e.Since = s.now
		}
	case expr.False:
		e.Since = time.Time{}
	}
	if e.State == state.EdgeFired {
		if rearm == expr.True && s.when != expr.True {
			e.State, e.Since = state.EdgeArmed, time.Time{}
			return e, recovers
		}
		return e, nothing
	}
	if s.when != expr.True {
		return e, nothing
	}
	if hold {
		e.State = state.EdgeFired
		return e, held
	}
	if due := e.Since.Add(m.hold); m.hold > 0 && s.now.Before(due) {
		e.Look = due
		return e, waits
	}
	if m.cooling(e, s.now) {
		e.Look = e.FiredAt.Add(m.cooldown)
		return e, cools
	}
	e = m.fire(e, s.now)
	e.State = state.EdgeFired
	return e, fires
}

// wrongClock is how far ahead an instant may lie that has been: a firing further ahead was told by a clock that was wrong,
// and nobody knows when it was. No cooldown waits for it, which could be for years.
const wrongClock = time.Hour

func (m machine) cooling(e state.Edge, now time.Time) bool {
	return m.cooldown > 0 && !e.FiredAt.IsZero() && now.Before(e.FiredAt.Add(m.cooldown)) && !e.FiredAt.After(now.Add(wrongClock))
}

// beyond is an instant after which no record is ever to be looked at again, but for one that a wrong clock has put off.
func (m machine) beyond(now time.Time) time.Time {
	return now.Add(max(m.cooldown, m.hold) + wrongClock)
}

// fire notes the instant of a firing. No two firings for a record have the same, for their keys are made of it.
func (m machine) fire(e state.Edge, now time.Time) state.Edge {
	at := now.UTC().Truncate(time.Microsecond)
	if !e.FiredAt.IsZero() && !at.After(e.FiredAt) {
		at = e.FiredAt.Add(time.Microsecond)
	}
	e.FiredAt = at
	return e
}

// miss is the edge of a record that a baseline scan came by and could not read. When it can be read it counts as there
// already, as if the scan had read it then.
func (m machine) miss(e state.Edge, edited bool) state.Edge {
	switch {
	case e.State != state.EdgeNew && !e.Outside:
		return e // it is known
	case m.fireBaseline && !edited:
		e.Meaning = m.meaning
	default:
		e.Meaning = m.meaning + 1 // what comes by under another meaning was left out by the baseline
	}
	e.State, e.Outside = state.EdgeArmed, false
	return e
}

// leave is the observation of a record that is outside the population. One that is so since another meaning, or since it
// could not be read, is as one that never was inside.
func (m machine) leave(e state.Edge) state.Edge {
	if e.Meaning != m.meaning {
		e.State, e.Since, e.Meaning = state.EdgeNew, time.Time{}, m.meaning
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
