package schedule

import (
	"errors"
	"time"
)

// Reasons for which a run is interrupted, as the cause of its context.
var (
	errStopping = errors.New("the runtime stops")
	errHeld     = errors.New("the rule was paused")
	errPaused   = errors.New("a pause window opened")
	errYield    = errors.New("it makes room for another schedule of its rule, or for its events")
)

// settle notes how a run ended. What it leaves in dirty has to be stored before release lets the next run begin.
func (c *core) settle(run *active, end End, now time.Time) {
	e := c.rules[run.turn.Rule]
	s := run.slot
	switch end.Result {
	case Again:
		s.owe(run.turn.At, now)
		s.full, s.events = s.full || run.turn.Full, s.events+run.turn.Events
		s.resumed = s.resumed || run.turn.Resumed
		s.tries++
		s.retry, s.why = now.Add(backoff(s.tries)), end.Why
		return
	case Interrupted:
		s.owe(run.turn.At, now)
		s.events += run.turn.Events
		s.resumed = true
		return
	}
	s.tries, s.slice = 0, firstSlice
	if end.Waiting {
		e.waits = end.Why
	}
	c.markDone(e, run)
	if end.Result == Done {
		e.hasten(now) // what its other slots waited for is there
		c.signal(run.turn.Rule, now)
	}
}

// markDone notes the tick of a run as done.
func (c *core) markDone(e *entry, run *active) {
	s := run.slot
	key := tickKey{rule: e.rule.ID}
	switch s.cause {
	case ByTick:
		key.schedule = s.sched.Name
	case ByRule:
		key.schedule = afterDone
	default:
		return
	}
	if run.turn.At.After(s.done) {
		s.done = run.turn.At
		c.dirty[key] = s.done
	}
}

// signal tells the rules that run after this one, and those whose run waits for it.
func (c *core) signal(id string, now time.Time) {
	for _, f := range c.rules {
		if f.gone {
			continue
		}
		for _, other := range f.rule.After {
			if other == id {
				// Strictly later than the last one, also when the clock stands still.
				at := now
				if prev := f.signals[id]; !at.After(prev) {
					at = prev.Add(time.Nanosecond)
				}
				f.signals[id] = at
				c.dirty[tickKey{f.rule.ID, afterSignal + id}] = at
			}
		}
		for _, other := range f.rule.Requires {
			if other == id {
				f.hasten(now)
			}
		}
	}
}

// hasten has the runs that wait tried now.
func (e *entry) hasten(now time.Time) {
	for _, s := range e.slots {
		s.retry = earlier(s.retry, now)
	}
}

// release lets the rule's next run begin.
func (c *core) release(run *active) {
	c.running--
	e := c.rules[run.turn.Rule]
	e.run = nil
	if e.gone {
		delete(c.rules, run.turn.Rule)
	}
}

// unsaved takes what has to be stored.
func (c *core) unsaved() map[tickKey]time.Time {
	out := c.dirty
	c.dirty = map[tickKey]time.Time{}
	for k, t := range out {
		c.stored[k] = t
	}
	return out
}
