package runtime

import (
	"context"
	"errors"
	"slices"

	"github.com/syncline/syncline/lang/plan"
	"github.com/syncline/syncline/runtime/engine"
	"github.com/syncline/syncline/runtime/schedule"
	"github.com/syncline/syncline/runtime/state"
)

// A trigger cannot tell what is new before it has seen what there is. One that events start has its first scan when it
// comes into force, so that the first event is an observation like any other; and a scan that is under way takes in the
// events that come meanwhile.

// startBaselines has triggers that listen to events look at all records once, unless they have, and those go on in whose
// outbox an earlier process left something.
func (s *Server) startBaselines(ctx context.Context, set *plan.Set, rules []string) {
	for _, id := range rules {
		x, ok := ruleByID(set, id)
		if !ok || x.Trigger == nil || x.Manual() || !x.Enabled() {
			continue
		}
		if (x.OnEvent() == nil || s.hasBaseline(ctx, x)) && !s.unfinished(ctx, x) {
			continue
		}
		// A rule that a person paused has its first scan with the first event after that.
		if err := s.sched.Start(id, false); err != nil && !errors.Is(err, schedule.ErrHeld) {
			s.log.Warn("the first run of a rule cannot begin", "rule", id, "error", err)
		}
	}
}

// hasBaseline tells whether a trigger has seen all records, by the conditions that it has.
func (s *Server) hasBaseline(ctx context.Context, x Rule) bool {
	w, err := s.store.Watch(ctx, x.ID(), "")
	return err == nil && w.Complete && w.Meaning == x.Trigger.Meaning && w.Population == x.Trigger.Population
}

// causeOf is what a run is for. What events start is a scan, where that is still missing: it takes the events in.
func (s *Server) causeOf(ctx context.Context, x Rule, t schedule.Turn) schedule.Cause {
	if t.Cause == schedule.ByEvent && x.Trigger != nil && !s.hasBaseline(ctx, x) {
		return schedule.ByHand
	}
	return t.Cause
}

// incoming gives a trigger's run the events that come while it is under way; nil where it is a run for events itself.
func (s *Server) incoming(ctx context.Context, x Rule, r *round) func() ([]engine.Event, func()) {
	of := roundOf(x)
	if !of.events || !of.keyed || r.cause == schedule.ByEvent {
		return nil
	}
	return func() ([]engine.Event, func()) {
		inner := s.desk.meanwhile(ctx, of)
		if inner == nil {
			return nil, nil
		}
		r.inner = inner
		var events []engine.Event
		for _, id := range inner.records() {
			events = append(events, engine.Event{Source: id})
		}
		return events, func() {
			r.inner = nil
			inner.settle(ctx)
		}
	}
}

// due tells a trigger's run that only waits for messages whether the rule has something else to do.
func (s *Server) due(ctx context.Context, x Rule) func() bool {
	return func() bool {
		owed, events := s.sched.Due(x.ID())
		if owed || !events {
			return owed
		}
		waiting, err := s.store.Wakes(ctx, x.ID(), 1) // the run under way may have taken them in
		return err == nil && len(waiting) > 0
	}
}

// unfinished tells whether firings lie in a trigger's outbox, which its next run delivers.
func (s *Server) unfinished(ctx context.Context, x Rule) bool {
	if x.Trigger == nil {
		return false
	}
	list, err := s.store.Firings(ctx, state.FiringFilter{Rule: x.ID(), Status: state.FiringPending, Limit: 1})
	return err == nil && len(list) > 0
}

// meanwhile gives a round of the events that a run under way can take in; nil where there are none.
func (d *eventDesk) meanwhile(ctx context.Context, x roundRule) *round {
	waiting, err := d.s.store.Wakes(ctx, x.id, roundSize)
	if err != nil {
		return nil // the run for events says what is wrong with the state
	}
	// What was looked for in vain, and events that name no record, are for a run of their own.
	waiting = slices.DeleteFunc(waiting, func(w state.Wake) bool { return w.Record == "" || w.Looks > 0 })
	if len(waiting) == 0 {
		return nil
	}
	r := newRound(d, x, schedule.ByEvent)
	r.named, r.promise = true, d.slo.begin(ctx, x.id, x.slo)
	r.take(waiting)
	return r
}
