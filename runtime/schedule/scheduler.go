package schedule

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"sync"
	"time"

	"github.com/syncline/syncline/runtime/crashpoint"
	"github.com/syncline/syncline/runtime/state"
)

// Errors of requests.
var (
	ErrUnknown  = errors.New("there is no such rule")
	ErrHeld     = errors.New("it is paused")
	ErrStopping = errors.New("the runtime is stopping")
)

// Store is what a Scheduler needs of a state.Store.
type Store interface {
	state.TickStore
	state.HoldStore
}

// Options are what a Scheduler runs with.
type Options struct {
	Store Store
	// Workers is how many rules run at once; 0: 4.
	Workers int
	// Jitter spreads rules with the same cron over so much time.
	Jitter time.Duration
	Now    func() time.Time // nil: time.Now
	Log    *slog.Logger     // nil: silent
}

// Scheduler runs rules when they are due. Its methods are safe for several goroutines.
type Scheduler struct {
	o    Options
	wake chan struct{}

	mu    sync.Mutex
	core  *core
	stops map[*active]context.CancelCauseFunc
	beat  time.Time // when the loop was last alive

	runs sync.WaitGroup
}

// lookAtLeast is how long the loop sleeps at most: the clock may be set, or the machine may sleep, behind its back.
const lookAtLeast = 10 * time.Second

// New makes a scheduler without rules, and reads from the store where schedules stand.
func New(ctx context.Context, o Options) (*Scheduler, error) {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Workers == 0 {
		o.Workers = 4
	}
	s := &Scheduler{o: o, wake: make(chan struct{}, 1), core: newCore(o.Workers, o.Jitter), stops: map[*active]context.CancelCauseFunc{}}
	ticks, err := o.Store.Ticks(ctx)
	if err != nil {
		return nil, fmt.Errorf("reading where the schedules stand: %w", err)
	}
	for _, t := range ticks {
		s.core.stored[tickKey{t.Rule, t.Schedule}] = t.Done
	}
	holds, err := o.Store.Holds(ctx)
	if err != nil {
		return nil, fmt.Errorf("reading which rules are paused: %w", err)
	}
	for _, h := range holds {
		s.core.held[h.Rule] = true
	}
	return s, nil
}

// now is the wall clock: schedules follow what clocks show, not what passed in between.
func (s *Scheduler) now() time.Time { return s.o.Now().Round(0) }

// Update puts the rules in place of those before, all at once. A run in progress finishes as it is; rules with the same
// fingerprint keep everything.
func (s *Scheduler) Update(rules []Rule) Changes {
	s.mu.Lock()
	changes := s.core.update(rules, s.now())
	ticks := s.ticks(s.core.unsaved())
	s.mu.Unlock()
	s.save(ticks)
	s.nudge()
	return changes
}

// Run lets rules run until ctx ends, and then waits until those under way have stopped. They are told to at once.
func (s *Scheduler) Run(ctx context.Context) {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for ctx.Err() == nil {
		sleep := s.step()
		timer.Reset(sleep)
		select {
		case <-ctx.Done():
		case <-timer.C:
		case <-s.wake:
		}
	}
	s.mu.Lock()
	s.core.stopping = true
	s.act(s.core.look(s.now()))
	s.mu.Unlock()
	s.runs.Wait()
}

// step looks once and says how long there is nothing to do.
func (s *Scheduler) step() time.Duration {
	s.mu.Lock()
	now := s.now()
	s.beat = now
	s.act(s.core.look(now))
	ticks := s.ticks(s.core.unsaved())
	next := s.core.wake(now)
	s.mu.Unlock()
	s.save(ticks)
	if next.IsZero() {
		return lookAtLeast
	}
	return min(max(next.Sub(now), time.Millisecond), lookAtLeast)
}

// act carries out what a look asked for. The lock is held.
func (s *Scheduler) act(todo actions) {
	for _, stop := range todo.stop {
		if cancel := s.stops[stop.run]; cancel != nil {
			cancel(stop.why)
		}
	}
	for _, run := range todo.start {
		ctx, cancel := context.WithCancelCause(context.Background())
		s.stops[run] = cancel
		rule := s.core.rules[run.turn.Rule].rule
		s.runs.Go(func() { s.turn(ctx, rule, run) })
	}
}

// turn makes one run and stores that its tick is done, before the rule's next run can begin.
func (s *Scheduler) turn(ctx context.Context, rule Rule, run *active) {
	end := s.guarded(ctx, rule, run.turn)
	s.mu.Lock()
	s.stops[run](nil)
	delete(s.stops, run)
	s.core.settle(run, end, s.now())
	ticks := s.ticks(s.core.unsaved())
	s.mu.Unlock()
	s.save(ticks)
	s.mu.Lock()
	s.core.release(run)
	s.mu.Unlock()
	s.nudge()
}

// guarded keeps a rule's panic from the other rules.
func (s *Scheduler) guarded(ctx context.Context, rule Rule, t Turn) (end End) {
	defer func() {
		if p := recover(); p != nil {
			s.o.Log.Error("a run ended in a panic; the other rules go on", "rule", t.Rule, "panic", p, "stack", string(debug.Stack()))
			end = End{Result: Failed}
		}
	}()
	return rule.Run(ctx, t)
}

func (s *Scheduler) ticks(at map[tickKey]time.Time) []state.Tick {
	out := make([]state.Tick, 0, len(at))
	for k, t := range at {
		out = append(out, state.Tick{Rule: k.rule, Schedule: k.schedule, Done: t})
	}
	return out
}

// save stores ticks. One that cannot be stored is done all the same; a restart would run it once more, which
// changes nothing that is in order already.
func (s *Scheduler) save(ticks []state.Tick) {
	if len(ticks) == 0 {
		return
	}
	crashpoint.Reach(crashpoint.TickBefore)
	defer crashpoint.Reach(crashpoint.TickAfter)
	if err := s.o.Store.SaveTicks(context.Background(), ticks); err != nil {
		s.o.Log.Error("storing which ticks are done", "error", err)
		s.mu.Lock()
		for _, t := range ticks {
			if key := (tickKey{t.Rule, t.Schedule}); s.core.dirty[key].IsZero() {
				s.core.dirty[key] = t.Done // with the next ones
			}
		}
		s.mu.Unlock()
	}
}

func (s *Scheduler) nudge() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// Start asks for a run of a rule by hand. While it runs, another one follows; asking twice makes one.
func (s *Scheduler) Start(rule string, full bool) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.core.stopping {
		return ErrStopping
	}
	err := s.core.byHand(rule, full, s.now())
	s.nudge()
	return err
}

// Event tells that n events came that a rule is to run for. They must be durable already: what is gathered here is
// gone with the process.
func (s *Scheduler) Event(rule string, n int) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	err := s.core.event(rule, n, s.now())
	s.nudge()
	return err
}

// Hold pauses a rule, "" all of them: a run under way stops between two batches, ticks pass. It outlives a restart.
func (s *Scheduler) Hold(ctx context.Context, rule, by string) error {
	if err := s.known(rule); err != nil {
		return err
	}
	if err := s.o.Store.SetHold(ctx, state.Hold{Rule: rule, At: s.now(), By: by}); err != nil {
		return err
	}
	s.setHeld(rule, true)
	return nil
}

// Release ends a Hold. What passed in the meantime is caught up as missed_ticks says.
func (s *Scheduler) Release(ctx context.Context, rule string) error {
	if err := s.known(rule); err != nil {
		return err
	}
	if err := s.o.Store.Release(ctx, rule); err != nil {
		return err
	}
	s.setHeld(rule, false)
	return nil
}

func (s *Scheduler) known(rule string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if e := s.core.rules[rule]; rule != "" && (e == nil || e.gone) {
		return ErrUnknown
	}
	return nil
}

func (s *Scheduler) setHeld(rule string, held bool) {
	s.mu.Lock()
	// Ticks up to this moment are taken up under the state before.
	s.core.collect(s.now())
	if held {
		s.core.held[rule] = true
	} else {
		delete(s.core.held, rule)
	}
	s.mu.Unlock()
	s.nudge()
}

// Due tells of a rule whether a run should begin that does not for one under way: because of its schedules or of a
// person, or because of events.
func (s *Scheduler) Due(rule string) (owed, events bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.core.due(rule, s.now())
}

// Status tells where all rules stand, in their order, and whether all are paused.
func (s *Scheduler) Status() (rules []Status, held bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.core.status(s.now()), s.core.held[""]
}

// Alive tells when the loop last looked; a watchdog compares it with the clock.
func (s *Scheduler) Alive() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.beat
}
