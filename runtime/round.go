package runtime

import (
	"context"
	"maps"
	"time"

	"github.com/syncline/syncline/lang/plan"
	"github.com/syncline/syncline/runtime/crashpoint"
	"github.com/syncline/syncline/runtime/schedule"
	"github.com/syncline/syncline/runtime/state"
)

// round is one run of a rule as far as events are concerned: what waited when it began, and what it found of that. Its
// methods are called from the run's goroutine.
type round struct {
	d     *eventDesk
	rule  string
	cause schedule.Cause
	// waiting is what waited when the run began, of what it takes up; left is how much more there is.
	waiting []state.Wake
	left    int
	// named: the run reads the waiting records and no others. keyed: records can be told apart by id.
	named, keyed bool

	found   map[string]string // record → modified stamp, of those that waited
	byID    map[string]int    // place in waiting
	written map[string]bool
	promise *promise
	// settled: it is stored what the run answered, which goes on for slow messages alone.
	settled bool
	// inner is the round of events that the run takes in at this moment, beside what it is for.
	inner *round
}

// roundRule is what a round must know of its rule.
type roundRule struct {
	id     string
	events bool // it listens
	keyed  bool
	slo    time.Duration
}

// begin looks at what waits for a rule. It comes before the run's first read, so that what the run does not see of it was
// not there, and what comes later is left for the next run.
func (d *eventDesk) begin(ctx context.Context, x roundRule, cause schedule.Cause) (*round, error) {
	r := newRound(d, x, cause)
	r.promise = d.slo.begin(ctx, x.id, x.slo)
	if !x.events {
		return r, nil
	}
	waiting, err := d.s.store.Wakes(ctx, x.id, mostWaiting)
	if err != nil {
		return nil, err
	}
	if len(waiting) == mostWaiting {
		r.left = 1 // or more
	}
	if cause == schedule.ByEvent {
		waiting = r.choose(waiting)
	}
	r.take(waiting)
	return r, nil
}

func newRound(d *eventDesk, x roundRule, cause schedule.Cause) *round {
	return &round{d: d, rule: x.id, cause: cause, keyed: x.keyed, found: map[string]string{}, byID: map[string]int{}, written: map[string]bool{}}
}

// take makes what waits the round's.
func (r *round) take(waiting []state.Wake) {
	r.waiting = waiting
	for i, w := range waiting {
		r.byID[w.Record] = i
	}
}

// choose decides what a run for events takes: the records that events name, some at a time; or, where an event names
// none and where looking for one was in vain, all that changed.
func (r *round) choose(waiting []state.Wake) []state.Wake {
	r.d.mu.Lock()
	whole := r.d.whole[r.rule] || !r.keyed
	delete(r.d.whole, r.rule)
	r.d.mu.Unlock()
	for _, w := range waiting {
		whole = whole || w.Record == "" || w.Looks >= len(looks)
	}
	if whole {
		return waiting
	}
	r.named = true
	if len(waiting) > roundSize {
		r.left += len(waiting) - roundSize
		waiting = waiting[:roundSize]
	}
	return waiting
}

// idle tells whether a run for events has nothing to do: another run answered them meanwhile.
func (r *round) idle() bool { return r.cause == schedule.ByEvent && len(r.waiting) == 0 }

// records are those that the run is to read; nil: all that changed.
func (r *round) records() []string {
	if !r.named {
		return nil
	}
	out := make([]string, len(r.waiting))
	for i, w := range r.waiting {
		out[i] = w.Record
	}
	return out
}

// read notes that the run has read a record.
func (r *round) read(id, version string) {
	if r.inner != nil {
		r.inner.read(id, version)
	}
	if _, waits := r.byID[id]; waits {
		r.found[id] = version
	}
}

// wrote notes what is stored of a batch, and measures how long it took from the event, or from the change, to here.
func (r *round) wrote(o state.Outcome) {
	if r.inner != nil {
		r.inner.wrote(o)
		maps.Copy(r.written, r.inner.written) // it is measured once
	}
	if len(r.waiting) == 0 && r.promise == nil {
		return
	}
	now := r.d.s.r.o.Now()
	for _, e := range o.Ledger {
		if r.written[e.Source.ID] {
			continue
		}
		began, told := stamp(e.Source.Version), false
		if i, waited := r.byID[e.Source.ID]; waited && e.Source.ID != "" {
			began, told = r.waiting[i].First, true
			r.d.s.metrics.EventToWrite(now.Sub(began))
		}
		if r.promise.wrote(began, now, told) || told {
			r.written[e.Source.ID] = true
		}
	}
}

// end settles what the run answered, and sees that the rest is looked at again.
func (r *round) end(ctx context.Context, run state.Run) {
	ok := run.Status == state.Succeeded || run.Status == state.Partial
	r.promise.end(run, ok)
	if ok {
		r.settle(ctx)
	} else if len(r.waiting) > 0 || r.left > 0 {
		r.failed(run)
	}
}

// settle stores what the run answered, once.
func (r *round) settle(ctx context.Context) {
	if r.settled || len(r.waiting) == 0 && r.left == 0 {
		return
	}
	answered, again := r.answered()
	crashpoint.Reach(crashpoint.EventWritten)
	if err := r.d.s.store.SettleWakes(context.WithoutCancel(ctx), r.rule, answered, again); err != nil {
		// They are looked at once more, which changes nothing that is in order.
		r.d.s.log.Error("it cannot be stored which events are answered", "rule", r.rule, "error", err)
		r.d.wakeLater(r.rule, time.Minute)
		return
	}
	r.settled = true
	if r.cause != schedule.ByEvent {
		return
	}
	r.d.mu.Lock()
	delete(r.d.fails, r.rule)
	r.d.mu.Unlock()
	if r.left > 0 {
		r.d.wake(r.rule, r.left)
	}
	if len(again) > 0 {
		next := looks[len(looks)-1]
		for _, w := range again {
			next = min(next, looks[min(w.Looks, len(looks)-1)])
		}
		r.d.wakeLater(r.rule, next)
	}
}

// answered divides what waited into what the run has answered, and what its next one has to look for.
func (r *round) answered() (answered, again []state.Wake) {
	for _, w := range r.waiting {
		version, found := r.found[w.Record]
		last := w.Looks >= len(looks)
		switch {
		case found && (last || r.written[w.Record] || !before(version, w.Last)):
			answered = append(answered, w)
		case r.cause != schedule.ByEvent:
			// Not among what it read, or nobody knows: the run for events looks for it.
		case !r.keyed, w.Record == "", last:
			answered = append(answered, w)
		default:
			again = append(again, w)
		}
	}
	return answered, again
}

// before tells whether a record is as it was before an event came.
func before(version string, event time.Time) bool {
	at := stamp(version)
	return !at.IsZero() && event.Sub(at) > early
}

// failed sees that events do not wait for ever behind a run that failed. One that waits for its systems is tried again by
// the scheduler; one that waits for its guard, by the person.
func (r *round) failed(run state.Run) {
	switch {
	case run.Status == state.Waiting && run.WaitsFor == state.WaitGuard:
		if r.named {
			r.d.mu.Lock()
			r.d.whole[r.rule] = true
			r.d.mu.Unlock()
			r.d.wake(r.rule, len(r.waiting))
		}
	case run.Status == state.Failed && r.cause == schedule.ByEvent:
		r.d.mu.Lock()
		r.d.fails[r.rule]++
		n := r.d.fails[r.rule]
		r.d.mu.Unlock()
		r.d.wakeLater(r.rule, min(30*time.Second<<min(n-1, 5), 10*time.Minute))
	}
}

// stamp reads a modified stamp; zero when it is none.
func stamp(version string) time.Time {
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04:05.999999999Z0700", "2006-01-02 15:04:05.999999999Z07:00"} {
		if t, err := time.Parse(layout, version); err == nil {
			return t
		}
	}
	return time.Time{}
}

// watched is the store of a run that tells its round what is stored.
type watched struct {
	state.Store
	r *round
}

// Commit stores an outcome and notes what it wrote.
func (w watched) Commit(ctx context.Context, o state.Outcome) error {
	err := w.Store.Commit(ctx, o)
	if err == nil {
		w.r.wrote(o)
	}
	return err
}

// roundOf is what a round must know of a rule.
func roundOf(x Rule) roundRule {
	whole := x.Sync != nil && x.Sync.Match == nil // its target is written whole
	return roundRule{id: x.ID(), events: x.OnEvent() != nil, keyed: !whole && x.On().Object.KeyField() != nil, slo: x.Latency()}
}

// eventSchedule names the schedule in whose place a run for events stands: one that covers all records and does not read
// them all each time.
func eventSchedule(schedules []plan.Schedule) string {
	for _, s := range schedules {
		if s.Where == nil && !s.Full {
			return s.Name
		}
	}
	return ""
}
