package schedule

import (
	"cmp"
	"slices"
	"time"
)

// core is the state machine of the scheduler: it is told the time and what happened, and says what is to start and to
// stop. It has no clock and no goroutine.
type core struct {
	workers int
	jitter  time.Duration

	rules map[string]*entry
	order []string // as given to update
	// held are rules paused by hand; "" stands for all.
	held map[string]bool
	// stored is what the store knows of schedules: rule, schedule, instant.
	stored map[tickKey]time.Time
	// dirty is what the store does not know yet.
	dirty map[tickKey]time.Time

	running  int
	high     time.Time // the latest time seen
	last     time.Time // the time at the last look
	stopping bool
}

type tickKey struct{ rule, schedule string }

// entry is a rule with where it stands.
type entry struct {
	rule  Rule
	slots []*slot
	// signals are the ends of the rules it runs after, by id.
	signals map[string]time.Time
	gone    bool // removed while it runs

	run *active
	// waits: the last run waits for a person or a requirement; Why says so until the next run.
	waits string
	pause pauseState
}

// pauseState remembers the look at a rule's pause windows until it can have changed.
type pauseState struct {
	window      Window
	until       time.Time // the end of the pause; zero: none
	from, valid time.Time
}

// active is a run under way.
type active struct {
	turn    Turn
	slot    *slot
	began   time.Time
	stopped bool // it was told to stop
}

const (
	// asleep is the time between two looks from which ticks in between count as missed: the machine slept, or
	// its clock was set.
	asleep = 2 * time.Minute
	// mended is how far a clock goes back before that is a correction of a wrong clock: then ticks are counted from
	// the new time. Smaller steps are waited out, so that no tick comes twice.
	mended = time.Hour
)

// Names of what is stored beside schedules; a space keeps them apart from names of schedules.
const (
	afterDone   = "after "
	afterSignal = "after " // + rule
)

func newCore(workers int, jitter time.Duration) *core {
	return &core{workers: max(workers, 1), jitter: jitter, rules: map[string]*entry{}, held: map[string]bool{},
		stored: map[tickKey]time.Time{}, dirty: map[tickKey]time.Time{}}
}

// actions are what the scheduler has to do after a look.
type actions struct {
	start []*active
	stop  []stopping
}

type stopping struct {
	run *active
	why error
}

// look brings everything to now and says what starts and what stops.
func (c *core) look(now time.Time) actions {
	c.collect(now)
	var out actions
	for _, id := range c.order {
		e := c.rules[id]
		if e == nil {
			continue
		}
		if why := c.interrupts(e, now); why != nil {
			e.run.stopped = true
			out.stop = append(out.stop, stopping{e.run, why})
		}
	}
	if c.stopping {
		return out
	}
	for _, p := range c.candidates(now) {
		if c.running >= c.workers {
			break
		}
		out.start = append(out.start, c.begin(p.e, p.s, now))
	}
	return out
}

// collect takes up what is due, without starting anything.
func (c *core) collect(now time.Time) {
	c.clock(now)
	for _, e := range c.rules {
		if e.gone {
			continue
		}
		blocked := c.blocked(e, now)
		for _, s := range e.slots {
			if s.cause == ByTick {
				c.ticks(e, s, now, blocked)
			}
		}
		c.signalled(e, now)
		c.gathered(e, now)
	}
}

// ticks takes up a schedule's ticks. While the rule is paused they pass, and count as missed afterwards.
func (c *core) ticks(e *entry, s *slot, now time.Time, blocked bool) {
	if blocked {
		if s.next.IsZero() || s.next.After(now) {
			return
		}
		s.gap = now
		return
	}
	running := e.run != nil && e.run.slot == s
	if s.take(now, e.rule.Missed, running) {
		c.dirty[tickKey{e.rule.ID, s.sched.Name}] = s.done
	}
}

// clock notices when time did not pass as it should.
func (c *core) clock(now time.Time) {
	if c.high.Sub(now) > mended {
		for _, e := range c.rules {
			c.rewind(e, now)
		}
		c.high = now
	}
	if !c.last.IsZero() && now.Sub(c.last) > asleep {
		for _, e := range c.rules {
			for _, s := range e.slots {
				s.gap = now
			}
		}
	}
	c.last = now
	if now.After(c.high) {
		c.high = now
	}
}

// rewind puts a rule that stands in the future back to now.
func (c *core) rewind(e *entry, now time.Time) {
	for _, s := range e.slots {
		if s.cause == ByTick && s.seen.After(now) {
			s.stand(now)
			s.gap = time.Time{}
		}
		if s.done.After(now) {
			s.done = now
			if s.cause == ByTick {
				c.dirty[tickKey{e.rule.ID, s.sched.Name}] = now
			}
		}
		s.owed, s.since, s.retry = earlier(s.owed, now), earlier(s.since, now), earlier(s.retry, now)
	}
	for id, at := range e.signals {
		e.signals[id] = earlier(at, now)
	}
}

// signalled makes the run that follows others owed when each of them has ended since.
func (c *core) signalled(e *entry, now time.Time) {
	if len(e.rule.After) == 0 {
		return
	}
	s := e.slot(ByRule, "")
	var at time.Time
	for _, id := range e.rule.After {
		signal := e.signals[id]
		if !signal.After(s.seen) {
			return
		}
		if signal.After(at) {
			at = signal
		}
	}
	s.owe(at, now)
	s.seen = at
}

// gathered makes the run for events owed when enough of them are there.
func (c *core) gathered(e *entry, now time.Time) {
	s := e.slot(ByEvent, "")
	if s.events == 0 || !s.owed.IsZero() {
		return
	}
	g := e.rule.Gather
	if g.Max > 0 && s.events >= g.Max || !now.Before(s.seen.Add(g.Wait)) {
		s.owe(now, now)
	}
}

// paused gives the pause window that a rule is in and its end; zero: none.
func (e *entry) paused(now time.Time) (Window, time.Time) {
	p := &e.pause
	if len(e.rule.Pauses) == 0 || !p.valid.IsZero() && !now.Before(p.from) && now.Before(p.valid) {
		return p.window, p.until
	}
	*p = pauseState{from: now, valid: now.Add(24 * time.Hour)}
	for _, w := range e.rule.Pauses {
		if end := w.Until(now); end.After(p.until) {
			p.window, p.until = w, end
		} else if opens := w.Cron.Next(now); end.IsZero() && !opens.IsZero() {
			p.valid = earlier(p.valid, opens)
		}
	}
	if !p.until.IsZero() {
		p.valid = p.until
	}
	return p.window, p.until
}

func (c *core) blocked(e *entry, now time.Time) bool {
	if c.isHeld(e.rule.ID) {
		return true
	}
	_, until := e.paused(now)
	return !until.IsZero()
}

func (c *core) isHeld(id string) bool { return c.held[""] || c.held[id] }

// interrupts says why a run under way has to stop, nil when it may go on.
func (c *core) interrupts(e *entry, now time.Time) error {
	switch {
	case e.run == nil || e.run.stopped:
		return nil
	case c.stopping:
		return errStopping
	case c.isHeld(e.rule.ID):
		return errHeld
	}
	if _, until := e.paused(now); !until.IsZero() {
		return errPaused
	}
	running := e.run.slot
	if !e.rule.Yields || running.cause != ByTick || now.Sub(e.run.began) < running.slice {
		return nil
	}
	for _, s := range e.slots {
		if s == running || s.owed.IsZero() || s.ready(s.spread(e.rule.ID, c.jitter)).After(now) {
			continue
		}
		switch s.cause {
		case ByEvent: // what events ask for is short
			if !e.rule.TakesEvents {
				return errYield
			}
		case ByTick:
			running.slice *= 2
			return errYield
		}
	}
	return nil
}

type candidate struct {
	e  *entry
	s  *slot
	at time.Time
}

// candidates are the runs that may begin now, one a rule, in the order in which they became ready: who waits longest is
// first, so that nobody starves.
func (c *core) candidates(now time.Time) []candidate {
	var out []candidate
	for _, id := range c.order {
		e := c.rules[id]
		if e == nil || e.run != nil || e.gone || c.blocked(e, now) {
			continue
		}
		if s, at := e.readiest(c.jitter); s != nil && !at.After(now) {
			out = append(out, candidate{e, s, at})
		}
	}
	slices.SortStableFunc(out, func(a, b candidate) int {
		return cmp.Or(a.at.Compare(b.at), a.s.owed.Compare(b.s.owed))
	})
	return out
}

// due tells whether a rule owes a run, and whether it owes one because of events.
func (c *core) due(id string, now time.Time) (owed, events bool) {
	e := c.rules[id]
	if e == nil || e.gone || c.blocked(e, now) {
		return false, false
	}
	for _, s := range e.slots {
		switch {
		case s.owed.IsZero() || s.ready(s.spread(id, c.jitter)).After(now):
		case s.cause == ByEvent:
			events = true
		default:
			owed = true
		}
	}
	return owed, events
}

// readiest gives the slot of a rule that is ready first, and when.
func (e *entry) readiest(jitter time.Duration) (best *slot, at time.Time) {
	for _, s := range e.slots {
		if s.owed.IsZero() {
			continue
		}
		r := s.ready(s.spread(e.rule.ID, jitter))
		if best == nil || r.Before(at) {
			best, at = s, r
		}
	}
	return best, at
}

func (c *core) begin(e *entry, s *slot, now time.Time) *active {
	e.run = &active{slot: s, began: now, turn: Turn{Rule: e.rule.ID, Cause: s.cause, Schedule: s.sched.Name, At: s.owed,
		Full: s.full && !s.resumed, Resumed: s.resumed, Events: s.events}}
	e.waits = ""
	s.owed, s.since, s.full, s.resumed, s.events, s.retry, s.why = time.Time{}, time.Time{}, false, false, 0, time.Time{}, ""
	c.running++
	return e.run
}

// wake is when there is something to look at next; zero: nothing that time alone brings.
func (c *core) wake(now time.Time) time.Time {
	var at time.Time
	add := func(t time.Time) {
		if !t.IsZero() && t.After(now) && (at.IsZero() || t.Before(at)) {
			at = t
		}
	}
	for _, e := range c.rules {
		if len(e.rule.Pauses) > 0 {
			e.paused(now)
			add(e.pause.valid)
		}
		for _, s := range e.slots {
			add(s.next)
			if !s.owed.IsZero() {
				add(s.ready(s.spread(e.rule.ID, c.jitter)))
			}
			if s.cause == ByEvent && s.events > 0 {
				add(s.seen.Add(e.rule.Gather.Wait))
			}
		}
		if e.run != nil && e.rule.Yields {
			add(e.run.began.Add(e.run.slot.slice))
		}
	}
	return at
}

// slot finds a slot of a rule, nil when it has none.
func (e *entry) slot(cause Cause, name string) *slot {
	for _, s := range e.slots {
		if s.cause == cause && s.sched.Name == name {
			return s
		}
	}
	return nil
}
