package schedule

import (
	"slices"
	"time"
)

// Changes says what an update did, by rule id.
type Changes struct {
	Added, Changed, Removed, Untouched []string
}

// update puts the rules in place of those before. Ticks that are due at this moment are taken up first, by the old
// rules, so that none falls between the two.
func (c *core) update(rules []Rule, now time.Time) Changes {
	c.collect(now)
	var out Changes
	order := make([]string, 0, len(rules))
	for _, r := range rules {
		order = append(order, r.ID)
		e := c.rules[r.ID]
		switch {
		case e == nil:
			c.rules[r.ID] = c.add(r, now)
			out.Added = append(out.Added, r.ID)
		case !e.gone && e.rule.Fingerprint == r.Fingerprint:
			out.Untouched = append(out.Untouched, r.ID)
		default:
			back := e.gone
			e.gone = false
			c.change(e, r, now)
			if back {
				out.Added = append(out.Added, r.ID)
			} else {
				out.Changed = append(out.Changed, r.ID)
			}
		}
	}
	for _, id := range c.order {
		if slices.Contains(order, id) {
			continue
		}
		out.Removed = append(out.Removed, id)
		c.remove(id)
	}
	for id, e := range c.rules {
		// A rule that ends its last run is still to be looked at.
		if e.gone && !slices.Contains(order, id) {
			order = append(order, id)
		}
	}
	c.order = order
	return out
}

func (c *core) remove(id string) {
	e := c.rules[id]
	if e == nil || e.gone {
		return
	}
	if e.run == nil {
		delete(c.rules, id)
		return
	}
	e.gone = true
}

// add begins a rule where the store says that it stands, or now.
func (c *core) add(r Rule, now time.Time) *entry {
	e := &entry{rule: r, signals: map[string]time.Time{}}
	for _, sch := range r.Schedules {
		e.slots = append(e.slots, c.newSlot(r.ID, sch, now))
	}
	c.fixed(e, now)
	return e
}

func (c *core) newSlot(rule string, sch Schedule, now time.Time) *slot {
	s := &slot{cause: ByTick, sched: sch, gap: now, slice: firstSlice}
	key := tickKey{rule, sch.Name}
	at, known := c.stored[key]
	if !known || at.Sub(now) > mended {
		at = now
		c.dirty[key] = now
	}
	s.done = at
	s.stand(at)
	return s
}

// fixed gives a rule the slots that are not schedules.
func (c *core) fixed(e *entry, now time.Time) {
	after := &slot{cause: ByRule, slice: firstSlice}
	if len(e.rule.After) > 0 {
		key := tickKey{e.rule.ID, afterDone}
		at, known := c.stored[key]
		if !known {
			at = now
			c.dirty[key] = now
		}
		after.done, after.seen = at, at
		for _, id := range e.rule.After {
			if at, known := c.stored[tickKey{e.rule.ID, afterSignal + id}]; known {
				e.signals[id] = at
			}
		}
	}
	e.slots = append(e.slots, after, &slot{cause: ByEvent, slice: firstSlice}, &slot{cause: ByHand, slice: firstSlice})
}

// change gives a rule its new form. What it owes it still owes; a schedule with another cron counts from now.
func (c *core) change(e *entry, r Rule, now time.Time) {
	old := e.slots
	before := e.rule
	e.rule, e.slots, e.waits, e.pause = r, nil, "", pauseState{}
	find := func(cause Cause, name string) *slot {
		for _, s := range old {
			if s.cause == cause && s.sched.Name == name {
				return s
			}
		}
		return nil
	}
	for _, sch := range r.Schedules {
		s := find(ByTick, sch.Name)
		if s == nil {
			e.slots = append(e.slots, c.newSlot(r.ID, sch, now))
			continue
		}
		same := s.sched.Cron.Same(sch.Cron)
		s.sched = sch
		if !same {
			c.recount(e, s, now)
		}
		e.slots = append(e.slots, s)
	}
	c.keep(e, find, !slices.Equal(before.After, r.After), now)
	for _, s := range e.slots {
		s.retry, s.tries = time.Time{}, 0 // the edit may be what it waited for
	}
}

// recount lets a schedule with a new cron count from now.
func (c *core) recount(e *entry, s *slot, now time.Time) {
	if s.owed.IsZero() && (e.run == nil || e.run.slot != s) && s.done.Before(now) {
		s.done = now
		c.dirty[tickKey{e.rule.ID, s.sched.Name}] = now
	}
	s.gap = time.Time{}
	s.stand(now)
}

// keep carries over what is not a schedule. A slot that a run is under way for stays the same one.
func (c *core) keep(e *entry, find func(Cause, string) *slot, rewired bool, now time.Time) {
	fresh := &entry{rule: e.rule, signals: map[string]time.Time{}}
	c.fixed(fresh, now)
	for _, s := range fresh.slots {
		had := find(s.cause, "")
		if s.cause == ByRule && had.seen.Before(s.seen) {
			had.done, had.seen = s.done, s.seen
		}
		e.slots = append(e.slots, had)
	}
	if rewired {
		e.signals = fresh.signals
	}
}

// byHand makes a run owed that a person asks for.
func (c *core) byHand(id string, full bool, now time.Time) error {
	e := c.rules[id]
	switch {
	case e == nil || e.gone:
		return ErrUnknown
	case c.isHeld(id):
		return ErrHeld
	}
	s := e.slot(ByHand, "")
	s.owe(now, now)
	s.full, s.retry = s.full || full, time.Time{}
	return nil
}

// event tells that n events for a rule came.
func (c *core) event(id string, n int, now time.Time) error {
	e := c.rules[id]
	if e == nil || e.gone {
		return ErrUnknown
	}
	s := e.slot(ByEvent, "")
	if s.events == 0 {
		s.seen = now
	}
	s.events += n
	return nil
}
