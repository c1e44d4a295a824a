package engine

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"time"

	"github.com/syncline/syncline/connectors"
	"github.com/syncline/syncline/lang/expr"
	"github.com/syncline/syncline/lang/plan"
	"github.com/syncline/syncline/runtime/crashpoint"
	"github.com/syncline/syncline/runtime/delivery"
	"github.com/syncline/syncline/runtime/engine/edge"
	"github.com/syncline/syncline/runtime/state"
)

// triggerRun is one run of a trigger under way. It observes records page by page; the edges that moved, the firings that
// came of it and the reader's position are stored in one transaction. What fired is delivered from the store, where it
// stays until its last action is done: a run that ends early, or a process that dies, leaves it to the next.
type triggerRun struct {
	access
	job   TriggerJob
	p     *plan.Trigger
	log   *slog.Logger
	on    *side
	began time.Time
	run   state.Run

	schedule *plan.Schedule
	machine  edge.Machine
	// where is the population, cohort the schedule's own part of it; nil: all.
	where, cohort *filter
	// timed: what a record stands for changes with time alone.
	timed   bool
	layouts edgeLayouts
	watch   state.Watch
	before  time.Time // when the last run stored where it stands
	// recorded is since when fields are recorded; nil once it was stored what is.
	recorded map[string]time.Time

	dead deadLetters
	// whole: the run has read all records. unread are the places of those that could not be read.
	whole  bool
	unread map[string]bool

	out     state.Outcome  // not yet committed
	overlay map[string]int // of edges in out, by source
	// overtaken are the records that events brought up while the source is read: a page that comes after them may be older.
	overtaken map[string]bool
	// told are the records that a dry run told of; planned are its firings, after those in the outbox. Of these heldCount
	// are held, those of the records held.
	told      map[string]bool
	planned   []state.Firing
	held      map[string]bool
	heldCount int
	// foreseen are the calls that a dry run's firings would take, by connection.
	foreseen map[string]int

	outbox outboxRun
	stop   context.CancelFunc
	finds  []*seeker
	ledger []state.Entry // of what was written and not committed yet
}

// RunTrigger makes one run of a trigger. How it ended is told by the run's Status and Why; an error is one of the store.
func RunTrigger(ctx context.Context, job TriggerJob) (state.Run, error) {
	t := newTriggerRun(ctx, job)
	work, cancel := delivery.Grace(ctx, t.retry.Grace)
	defer cancel()
	t.work = work
	if !job.DryRun {
		if err := job.Store.SaveRun(work, t.run); err != nil {
			return t.run, fmt.Errorf("storing the run: %w", err)
		}
		crashpoint.Reach(crashpoint.RunBegin)
	}
	defer t.stoppable()()
	err := t.execute()
	if gerr := t.ground(); err == nil {
		err = gerr
	}
	err = closeRun(&t.run, err)
	t.tally(&t.run, t.began)
	for name, n := range t.foreseen {
		t.run.Calls[name] += n
	}
	t.log.Log(ctx, levelOf(t.run), "run ended", "status", t.run.Status, "read", t.run.Read, "fired", t.run.Fired, "created", t.run.Created,
		"updated", t.run.Updated, "sent", t.run.Sent, "dead", t.run.Dead, "why", t.run.Why)
	if job.DryRun {
		return t.run, err
	}
	crashpoint.Reach(crashpoint.RunEnd)
	if serr := job.Store.SaveRun(context.WithoutCancel(t.work), t.run); serr != nil && err == nil {
		err = fmt.Errorf("storing the run's end: %w", serr)
	}
	return t.run, err
}

func newTriggerRun(ctx context.Context, job TriggerJob) *triggerRun {
	if job.Now == nil {
		job.Now = time.Now
	}
	if job.Log == nil {
		job.Log = slog.New(slog.NewTextHandler(io.Discard, nil))
	}
	started := job.Now()
	now := job.Tick
	if now.IsZero() {
		now = started
	}
	now = now.UTC().Truncate(time.Microsecond) // as the store keeps instants
	if job.RunID == "" {
		job.RunID = newRunID(started)
	}
	p := job.Plan
	t := &triggerRun{job: job, p: p, began: time.Now(), machine: edge.New(p, int64(fnv64(p.Meaning))), told: map[string]bool{}, unread: map[string]bool{},
		timed: p.TimeDependent && !p.Change}
	t.access = access{ctx: ctx, set: job.Set, connections: job.Connections, sides: map[string]*side{}, retry: job.Retry.Defaults(),
		wait: job.Sleep, chance: job.Random, now: now, frame: expr.Frame{Now: now, Cover: job.Cover}, rootIt: p.RootIt()}
	t.log = job.Log.With("rule", p.ID(), "run", job.RunID)
	t.run = state.Run{ID: job.RunID, Rule: p.ID(), Schedule: job.Schedule, Status: state.Running, Started: started.UTC(), Calls: map[string]int{}}
	if job.Set != nil {
		t.run.Revision = job.Set.Revision
	}
	t.reset()
	return t
}

// execute observes and delivers. A source that does not answer is no reason to leave what fired undone, nor the other
// way round.
func (t *triggerRun) execute() error {
	if err := t.open(); err != nil {
		return err
	}
	if !t.job.DryRun {
		if err := t.require(t.job.Store, t.p.Requires); err != nil {
			return err
		}
	}
	if err := t.begin(); err != nil {
		return err
	}
	observed := t.observeAll()
	if observed != nil && !isEnding(observed) {
		return observed
	}
	if t.job.DryRun {
		if observed == nil {
			observed = t.planAll()
		}
		return observed
	}
	if observed != nil {
		t.job.Observed = nil
	}
	for _, step := range []func() error{t.release, t.deliverAll} {
		if err := step(); err != nil && !isEnding(err) {
			return err
		} else if observed == nil {
			observed = err
		}
	}
	if observed != nil {
		return observed
	}
	if err := t.reread(); err != nil {
		return err
	}
	return t.forget()
}

func (t *triggerRun) observeAll() error {
	steps := []func() error{t.takeUp, t.poll, t.observeEvents, t.relook}
	if len(t.job.Events) > 0 && t.watch.Complete {
		steps = slices.Delete(steps, 1, 2) // without its baseline a rule cannot tell what is new
	}
	for _, step := range steps {
		if err := step(); err != nil {
			// What was observed so far is stored with the position that goes with it.
			if isEnding(err) {
				if ferr := t.flush(); ferr != nil {
					return ferr
				}
			}
			return err
		}
	}
	return t.flush()
}

func (t *triggerRun) open() error {
	var err error
	if t.on, err = t.end(t.p.On, "the rule's object"); err != nil {
		return err
	}
	if t.p.On.Object.KeyField() == nil {
		return badJob("%s watches %s.%s, which has no key: its records cannot be told apart", t.p.ID(), t.p.On.Connection, t.p.On.Object.Name)
	}
	for i := range t.p.Schedules {
		if t.p.Schedules[i].Name == t.job.Schedule {
			t.schedule = &t.p.Schedules[i]
		}
	}
	if t.schedule == nil && t.job.Schedule != "" {
		return badJob("%s has no schedule %q", t.p.ID(), t.job.Schedule)
	}
	if t.where, err = t.filter(t.p.Where, false); err != nil {
		return err
	}
	if t.schedule != nil && len(t.job.Events) == 0 {
		if t.cohort, err = t.filter(t.schedule.Where, true); err != nil {
			return err
		}
	}
	for _, f := range t.p.Finds {
		s, err := t.end(f.End, "find "+f.Name)
		if err != nil {
			return err
		}
		// Firings see what earlier firings wrote: nothing found is kept for later.
		seek, err := t.newSeeker("find", f.Name, s, f.End, f.Layout, &f.Lookup, true)
		if err != nil {
			return err
		}
		seek.find = f
		t.finds = append(t.finds, seek)
	}
	return t.openOutbox()
}

// begin reads where the observation stands, and decides whether it begins anew.
func (t *triggerRun) begin() error {
	schedule := ""
	if t.cohort != nil {
		schedule = t.job.Schedule
	}
	var err error
	if t.watch, err = t.job.Store.Watch(t.work, t.p.ID(), schedule); err != nil {
		return fmt.Errorf("reading where the observation stands: %w", err)
	}
	if t.watch.Meaning != t.p.Meaning || t.watch.Population != t.p.Population {
		t.watch.Cursor, t.watch.Complete = "", false
		t.watch.Meaning, t.watch.Population = t.p.Meaning, t.p.Population
	}
	t.before, t.run.Full = t.watch.At, t.job.Full || !t.watch.Complete || t.schedule != nil && t.schedule.Full
	if err := t.openLayouts(); err != nil {
		return err
	}
	if err := t.openPast(); err != nil {
		return err
	}
	if err := t.tidy(); err != nil {
		return err
	}
	if err := t.carryApprovals(); err != nil {
		return err
	}
	if err := t.openPlan(); err != nil {
		return err
	}
	return t.loadStuck()
}

// tidy ends runs of this rule that a crash left open.
func (t *triggerRun) tidy() error {
	if t.job.DryRun {
		return nil
	}
	return stopAbandoned(t.work, t.job.Store, t.run, "the process ended before the run did; a later run went on from where it stood")
}

// reset begins a new outcome.
func (t *triggerRun) reset() {
	t.out = state.Outcome{Rule: t.p.ID()}
	t.overlay = map[string]int{}
}

// flush stores what was observed, with the reader's position.
func (t *triggerRun) flush() error {
	defer t.reset()
	if t.job.DryRun {
		return nil
	}
	w := t.watch
	w.At = t.clock()
	t.out.Watch, t.out.Recording = &w, t.recording()
	if err := t.commit(t.out); err != nil {
		return err
	}
	if t.out.Recording != nil {
		t.recorded = nil
	}
	return nil
}

func (t *triggerRun) commit(o state.Outcome) error {
	t.tally(&t.run, t.began)
	run := t.run
	o.Run = &run
	if err := t.job.Store.Commit(t.work, o); err != nil {
		if t.work.Err() != nil {
			return errInterrupted
		}
		return fmt.Errorf("storing what was observed or done: %w", err)
	}
	return nil
}

func (t *triggerRun) clock() time.Time { return t.job.Now().UTC() }

func (t *triggerRun) progress(phase string) {
	if t.job.OnProgress != nil {
		t.job.OnProgress(Progress{Rule: t.p.ID(), Phase: phase, Read: t.run.Read, Total: int(t.p.On.Object.Count),
			Written: t.outbox.written, Changes: t.run.Fired, Waits: t.outbox.toGo(t.clock())})
	}
}

func (t *triggerRun) ref(source string) Ref {
	return Ref{t.p.On.Connection, t.p.On.Object.Name, source}
}

func (t *triggerRun) problem(source, kind, step string, e *connectors.Error) {
	if t.job.OnProblem != nil {
		t.job.OnProblem(Problem{Rule: t.p.ID(), Kind: kind, Source: t.ref(source), Step: step, Message: e.Error(), Hint: e.Hint})
	}
}

// retention is how long firings that ended are kept.
const retention = 400 * 24 * time.Hour

// forget forgets old firings, once a day.
func (t *triggerRun) forget() error {
	if t.before.Truncate(24 * time.Hour).Equal(t.now.Truncate(24 * time.Hour)) {
		return nil
	}
	if err := t.job.Store.PruneFirings(t.work, t.p.ID(), t.now.Add(-retention)); err != nil {
		return fmt.Errorf("forgetting old firings: %w", err)
	}
	if err := t.job.Store.PrunePast(t.work, t.p.ID(), t.now.Add(-pastAge), pastMost); err != nil {
		return fmt.Errorf("forgetting how records were: %w", err)
	}
	return nil
}
