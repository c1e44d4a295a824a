package runtime

import (
	"cmp"
	"context"
	"errors"
	"sync"
	"time"

	"github.com/syncline/syncline/lang/plan"
	"github.com/syncline/syncline/lang/schema"
	"github.com/syncline/syncline/lang/value"
	"github.com/syncline/syncline/runtime/crashpoint"
	"github.com/syncline/syncline/runtime/hooks"
	"github.com/syncline/syncline/runtime/schedule"
	"github.com/syncline/syncline/runtime/state"
)

// How events are kept and looked for.
const (
	// gather is how long events are gathered where a rule does not say.
	gather = 10 * time.Millisecond
	// roundSize is how many records one run takes.
	roundSize = 1000
	// mostWaiting is how much of what waits a run looks at.
	mostWaiting = 20_000
	// eventAge is how long an event may wait for its rule, and how long deliveries are remembered.
	eventAge = 7 * 24 * time.Hour
	// deliveries is how many of them are remembered at most.
	deliveries = 500_000
	// early is how far a source's clock may be behind ours before a record that it shows counts as not changed yet.
	early = 10 * time.Second
)

// looks are the waits before a record is looked for again that an event named and that the source does not show, or shows
// as it was before. After the last one an ordinary pass has the last word.
var looks = []time.Duration{time.Second, 5 * time.Second, 30 * time.Second}

// listener is a rule that events wake.
type listener struct {
	rule               string
	connection, object string
	on                 *plan.OnEvent
	key                *schema.Field // nil: records are not told apart
}

// stored gives a record's id as the source gives it: an event has the id of a Salesforce record with 15 characters, perhaps.
func (l listener) stored(id string) string {
	if l.key == nil {
		return id
	}
	v, err := value.Conform(l.key, value.Text(id))
	if err != nil || value.IsEmpty(v) {
		return id
	}
	return v.String()
}

// listeners are the rules of a set that events wake.
func listeners(set *plan.Set) (out []listener) {
	if set == nil {
		return nil
	}
	for _, x := range set.Syncs {
		if x.Enabled && !x.Manual && x.OnEvent != nil {
			out = append(out, listener{x.ID(), x.From.Connection, x.From.Object.Name, x.OnEvent, x.From.Object.KeyField()})
		}
	}
	for _, x := range set.Triggers {
		if x.Enabled && !x.Manual && x.OnEvent != nil {
			out = append(out, listener{x.ID(), x.On.Connection, x.On.Object.Name, x.OnEvent, x.On.Object.KeyField()})
		}
	}
	return out
}

// gathering says how the events of a rule are gathered.
func gathering(on *plan.OnEvent) schedule.Gather {
	if on == nil {
		return schedule.Gather{}
	}
	return schedule.Gather{Wait: cmp.Or(on.Wait, gather), Max: on.Max}
}

// eventDesk passes events from the hooks to the rules: it stores them, wakes rules, and wakes them again for what a run
// did not answer. What is stored is the truth; timers and the scheduler only hurry.
type eventDesk struct {
	s      *Server
	intake hooks.Intake
	slo    *promises

	mu     sync.Mutex
	timers map[string]*time.Timer // by rule
	fails  map[string]int         // runs for events that failed in a row
	// whole are rules whose next run for events takes all that changed.
	whole  map[string]bool
	closed bool
}

func newEventDesk(s *Server) *eventDesk {
	return &eventDesk{s: s, intake: hooks.Intake{Store: s.store.AddEvents}, slo: newPromises(s), timers: map[string]*time.Timer{},
		fails: map[string]int{}, whole: map[string]bool{}}
}

var _ hooks.Backend = (*Server)(nil)

// Endpoint gives how a connection's system tells of changes, nil when it does not.
func (s *Server) Endpoint(connection string) (*hooks.Endpoint, error) {
	s.mu.Lock()
	set := s.set
	s.mu.Unlock()
	if set == nil {
		return nil, nil
	}
	c := set.Connection(connection)
	if c == nil || c.Events == nil {
		return nil, nil
	}
	out := &hooks.Endpoint{Events: c.Events}
	for _, x := range listeners(set) {
		if x.connection == connection {
			out.Objects = append(out.Objects, x.object)
		}
	}
	secret, found, err := lookup(c.Events.Secret, s.r.o.Env)
	switch {
	case err != nil:
		return nil, err
	case !found:
		return nil, &MissingSettings{Connection: connection, Names: []string{c.Events.Secret.Env}, Secrets: []string{c.Events.Secret.Env}}
	}
	out.Secrets = []string{secret}
	if c.Events.OldSecret != nil {
		if old, found, err := lookup(*c.Events.OldSecret, s.r.o.Env); err == nil && found {
			out.Secrets = append(out.Secrets, old)
		}
	}
	return out, nil
}

// Take stores events and wakes the rules that listen to them.
func (s *Server) Take(ctx context.Context, connection string, events []hooks.Event) ([]bool, error) {
	s.mu.Lock()
	rules := listeners(s.set)
	s.mu.Unlock()
	now := s.r.o.Now().UTC()
	stored := make([]state.Event, len(events))
	for i, e := range events {
		stored[i] = state.Event{Connection: connection, Delivery: e.Delivery, Record: e.Record, At: now}
		for _, x := range rules {
			if x.connection == connection && (e.Object == "" || x.object == e.Object) {
				stored[i].Rules = append(stored[i].Rules, x.rule)
				stored[i].Record = x.stored(e.Record)
			}
		}
		if e.Object == "" {
			stored[i].Record = "" // an id of who knows which object
		}
	}
	crashpoint.Reach(crashpoint.EventBefore)
	fresh, err := s.desk.intake.Add(ctx, stored)
	if err != nil {
		return nil, err
	}
	crashpoint.Reach(crashpoint.EventStored)
	woken := map[string]int{}
	for i, e := range stored {
		if fresh[i] {
			for _, rule := range e.Rules {
				woken[rule]++
			}
		}
	}
	for rule, n := range woken {
		s.desk.wake(rule, n)
	}
	return fresh, nil
}

// Counted counts what became of events.
func (s *Server) Counted(connection, result string, n int) { s.metrics.Events(connection, result, n) }

// wake has a rule run for n events. A rule that is gone is not woken: its events are found should it come back.
func (d *eventDesk) wake(rule string, n int) {
	if err := d.s.sched.Event(rule, n); err != nil && !errors.Is(err, schedule.ErrUnknown) {
		d.s.log.Warn("a rule cannot be woken", "rule", rule, "error", err)
	}
}

// wakeLater wakes a rule after a while, unless it is to be woken sooner already.
func (d *eventDesk) wakeLater(rule string, after time.Duration) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.closed || d.timers[rule] != nil {
		return
	}
	d.timers[rule] = time.AfterFunc(after, func() {
		d.mu.Lock()
		delete(d.timers, rule)
		closed := d.closed
		d.mu.Unlock()
		if !closed {
			d.wake(rule, 1)
		}
	})
}

// resume wakes rules for what waits in the store, when they begin to be scheduled.
func (d *eventDesk) resume(ctx context.Context, rules []string) {
	counts, err := d.s.store.WakeCounts(ctx)
	if err != nil {
		d.s.log.Warn("it cannot be seen which events wait; the next ones bring them along", "error", err)
		return
	}
	for _, rule := range rules {
		if c, ok := counts[rule]; ok {
			d.s.log.Info("events wait from before", "rule", rule, "records", c.Records)
			d.wake(rule, c.Records)
		}
	}
}

// tidy forgets old deliveries now and then, until ctx ends.
func (d *eventDesk) tidy(ctx context.Context) {
	tick := time.NewTicker(time.Hour)
	defer tick.Stop()
	for {
		if err := d.s.store.PruneEvents(ctx, d.s.r.o.Now().Add(-eventAge), deliveries); err != nil && ctx.Err() == nil {
			d.s.log.Warn("old events cannot be forgotten", "error", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// close ends the timers.
func (d *eventDesk) close() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.closed = true
	for _, t := range d.timers {
		t.Stop()
	}
}
