package schedule

import (
	"fmt"
	"time"
)

// State is what a rule does at the moment.
type State string

const (
	Idle    State = "idle"
	Running State = "running"
	Waiting State = "waiting" // a run is owed and cannot begin, or the last one waits for a person
	Paused  State = "paused"  // by hand or by a window
)

// Status is where a rule stands.
type Status struct {
	Rule  string
	State State
	Why   string
	// Next is when a run begins, as far as time decides; zero: not known.
	Next time.Time
	// Schedules are in the order of the rule.
	Schedules []ScheduleStatus
	// Since is when the run under way began.
	Since time.Time
	// Held: a person paused it.
	Held bool
}

// ScheduleStatus is where a schedule stands.
type ScheduleStatus struct {
	Name string
	Next time.Time
	Owed time.Time // a tick whose run has not begun
	Done time.Time
}

func (c *core) status(now time.Time) []Status {
	out := make([]Status, 0, len(c.order))
	for _, id := range c.order {
		if e := c.rules[id]; e != nil && !e.gone {
			out = append(out, c.statusOf(e, now))
		}
	}
	return out
}

func (c *core) statusOf(e *entry, now time.Time) Status {
	s := Status{Rule: e.rule.ID, State: Idle, Held: c.isHeld(e.rule.ID)}
	for _, x := range e.slots {
		if x.cause != ByTick {
			continue
		}
		s.Schedules = append(s.Schedules, ScheduleStatus{Name: x.sched.Name, Next: x.next, Owed: x.owed, Done: x.done})
		if s.Next.IsZero() || !x.next.IsZero() && x.next.Before(s.Next) {
			s.Next = x.next
		}
	}
	owed, at := e.readiest(c.jitter)
	if owed != nil {
		s.Next = at
	}
	window, until := e.paused(now)
	switch {
	case e.run != nil:
		s.State, s.Since = Running, e.run.began
	case s.Held:
		s.State, s.Why, s.Next = Paused, "paused by hand", time.Time{}
	case !until.IsZero():
		s.State, s.Why = Paused, fmt.Sprintf("pause window %s, until %s", window.Name, until.UTC().Format(time.RFC3339))
		if owed != nil || s.Next.Before(until) {
			s.Next = until
		}
	case owed != nil:
		s.State, s.Why = Waiting, c.whyOwed(owed, at, now)
	case e.waits != "":
		s.State, s.Why = Waiting, e.waits
	case len(e.rule.After) > 0:
		s.Why = e.follows()
	}
	return s
}

// whyOwed says why an owed run has not begun.
func (c *core) whyOwed(s *slot, at, now time.Time) string {
	switch {
	case s.why != "":
		return fmt.Sprintf("%s (try %d at %s)", s.why, s.tries+1, at.UTC().Format(time.RFC3339))
	case at.After(now):
		return "it begins at " + at.UTC().Format(time.RFC3339) + ", as its share of the jitter"
	case c.running >= c.workers:
		return fmt.Sprintf("all %d workers are busy", c.workers)
	}
	return "it is about to begin"
}

// follows says which rules have to end before this one runs.
func (e *entry) follows() string {
	s := e.slot(ByRule, "")
	text := ""
	for _, id := range e.rule.After {
		if !e.signals[id].After(s.seen) {
			if text != "" {
				text += " and "
			}
			text += id
		}
	}
	if text == "" {
		return ""
	}
	return "it runs after " + text
}
