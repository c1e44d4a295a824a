package schedule

import (
	"context"
	"time"

	"github.com/syncline/syncline/lang/cron"
)

// Rule is something that is to run.
type Rule struct {
	ID string // "sync.company_health"
	// Fingerprint tells apart what Update has to touch: a rule with the same one goes on as it is.
	Fingerprint string
	Schedules   []Schedule
	Missed      Missed
	// After are rules by id: this one runs when each of them has ended well since its own last start.
	After []string
	// Requires are rules by id: when one of them succeeds, a run that waited is tried again.
	Requires []string
	// Gather says how events are gathered before a run.
	Gather Gather
	// Pauses are windows in which the rule does not run.
	Pauses []Window
	// Yields: an interrupted run goes on later where it stood, so that a long one may make room for another
	// schedule of its rule.
	Yields bool
	// TakesEvents: a run takes events in as they come, and need not make room for them.
	TakesEvents bool
	// Run makes one run. When ctx ends it stops as soon as it can without losing work, and returns Interrupted.
	Run func(ctx context.Context, t Turn) End
}

// Schedule is one cron of a rule.
type Schedule struct {
	Name string // "" for the only one without a name
	Cron *cron.Schedule
}

// Missed says what happens to ticks that passed while the rule could not run.
type Missed uint8

const (
	Last Missed = iota // one run for all of them
	Skip               // none
	All                // one run for each, in order
)

// Gather says how events are gathered: a run begins Wait after the first one, or when there are Max of them.
type Gather struct {
	Wait time.Duration
	Max  int // 0: no number is enough
}

// Window is a pause: it opens at each tick of Cron and stays open For so long.
type Window struct {
	Name string // as shown: "night of crm"
	Cron *cron.Schedule
	For  time.Duration
}

// Until gives the end of the pause that t is in, joined with those that follow without a gap; zero when t is in none.
func (w Window) Until(t time.Time) time.Time {
	end := t
	for range 50 { // windows longer than their interval never end: fifty are looked at again later
		opened := w.Cron.Next(end.Add(-w.For))
		if opened.IsZero() || opened.After(end) {
			break
		}
		// The last opening up to end decides how long it lasts.
		last := latest(w.Cron, opened.Add(-time.Nanosecond), end)
		if next := last.Add(w.For); next.After(end) {
			end = next
			continue
		}
		break
	}
	if end.Equal(t) {
		return time.Time{}
	}
	return end
}

// Cause is what a run was started by.
type Cause uint8

const (
	ByTick Cause = iota
	ByRule       // another rule that it runs after
	ByEvent
	ByHand
)

func (c Cause) String() string { return [...]string{"schedule", "after", "event", "hand"}[c] }

// Turn is one run that a rule is to make.
type Turn struct {
	Rule  string
	Cause Cause
	// Schedule is the name of the schedule whose tick it is; "" for other causes.
	Schedule string
	// At is the instant that the run is for. It may be long ago.
	At time.Time
	// Full: a person asked for a full pass.
	Full bool
	// Resumed: it goes on with a run that was interrupted.
	Resumed bool
	// Events is how many events it is for.
	Events int
}

// Result is how a turn ended for the scheduler.
type Result uint8

const (
	// Done: the tick is done, and what runs after the rule runs.
	Done Result = iota
	// Failed: the tick is done, and nothing follows from it.
	Failed
	// Again: nothing could be done now; the tick stays owed and is tried again, less and less often.
	Again
	// Interrupted: ctx ended the run; the tick stays owed and goes on when the rule may run again.
	Interrupted
)

// End is how a turn ended.
type End struct {
	Result Result
	// Why is shown while it stands: what an Again waits for.
	Why string
	// Waiting: a Failed run waits for a person.
	Waiting bool
}

// latest gives the last tick in (after, until], zero when there is none. It does not walk through all of them.
func latest(c *cron.Schedule, after, until time.Time) time.Time {
	next := c.Next(after)
	if next.IsZero() || next.After(until) {
		return time.Time{}
	}
	for back := time.Second; ; back *= 4 {
		from := until.Add(-back)
		if !from.After(after) {
			break
		}
		if t := c.Next(from); !t.IsZero() && !t.After(until) {
			next = t
			break
		}
	}
	for {
		t := c.Next(next)
		if t.IsZero() || t.After(until) {
			return next
		}
		next = t
	}
}
