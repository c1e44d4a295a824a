package engine

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"time"

	"github.com/syncline/syncline/connectors"
	"github.com/syncline/syncline/lang/expr"
	"github.com/syncline/syncline/lang/plan"
	"github.com/syncline/syncline/runtime/crashpoint"
	"github.com/syncline/syncline/runtime/delivery"
	"github.com/syncline/syncline/runtime/engine/recall"
	"github.com/syncline/syncline/runtime/state"
)

// runner is one run under way. It belongs to one goroutine.
type runner struct {
	job Job
	p   *plan.Sync
	log *slog.Logger
	access

	schedule *plan.Schedule
	from, to *side
	stamp    int64 // microseconds of now; what this run stores is Seen at it
	began    time.Time

	run    state.Run
	stored state.Run // as it was stored last
	cp     state.Checkpoint
	verify bool // a full pass: nothing that is remembered is trusted
	whole  bool // the read gives all records, so that those not given are gone

	finds   []*seeker
	match   *seeker
	deliver *delivery.Deliverer
	filters []*filter
	pilot   *pilot // nil without a rollout

	dead    deadLetters
	held    map[string]state.Claim // creates in doubt that looking did not decide, by source
	guard   guard
	creates creating
	repeats repeats
	unread  map[string]bool // source ids and places of records that could not be read, or not mapped into a whole target
	gaps    gaps
	besides int     // letters of rows that look-ups came by
	outbox  *outbox // nil: changes are sent as they come
	planned plannedLinks
	reads   map[*plan.Mapping][]inputSlot
	changes int // emitted
	written int
	// pendingLookups is how to find the creates under way, by source.
	pendingLookups map[string][]byte
	intents        []*intent // of the changes under way
	meaning        uint64    // of the rule, hashed
	// seen are the records that a dry run saw, by hash: it may not mark them in the store.
	seen      recall.Numbers
	notesSeen bool
	// shown are those that a dry run has told a change of, by hash.
	shown recall.Numbers
	// digests are what is known of all records, nil where the store is asked for each.
	digests  *digests
	next     identified // of the page in hand
	gathered gathered
	writes   []fieldWrite // scratch of differing
	// deletedNext is where the reader of deletions goes on after this run, deleted what it gave.
	deletedNext string
	deleted     []string
	allDeleted  bool // the reader knew all deletions
	capped      bool // the run stopped at max_records
	approval    *approval
}

// Run makes one run of one rule. What ends a run early is told by the run's Status and Why; an error is one of
// the store, after which nothing is lost but the run has no record of its end.
func Run(ctx context.Context, job Job) (state.Run, error) {
	r := newRunner(ctx, job)
	work, cancel := delivery.Grace(ctx, r.job.Retry.Grace)
	defer cancel()
	r.work = work
	if !job.DryRun {
		if err := job.Store.SaveRun(work, r.run); err != nil {
			err = fmt.Errorf("storing the run: %w", err)
			r.run.Status, r.run.Why = state.Failed, err.Error()
			return r.run, err
		}
		crashpoint.Reach(crashpoint.RunBegin)
	}
	defer r.close()
	return r.finish(r.execute())
}

// close gives back what the run kept outside of memory.
func (r *runner) close() {
	r.repeats.seen.Close()
	r.creates.forget()
	r.planned.Reset()
	r.seen.Close()
	r.shown.Close()
	r.digests.close()
	if r.outbox != nil {
		r.outbox.stored.Close()
	}
}

func newRunner(ctx context.Context, job Job) *runner {
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
	job.Retry = job.Retry.Defaults()
	if job.RunID == "" {
		job.RunID = newRunID(started)
	}
	r := &runner{job: job, p: job.Plan, began: time.Now(), stamp: started.UnixMicro(), meaning: fnv64(job.Plan.Meaning), held: map[string]state.Claim{}, unread: map[string]bool{}}
	r.access = access{ctx: ctx, set: job.Set, connections: job.Connections, sides: map[string]*side{}, retry: job.Retry,
		wait: job.Sleep, chance: job.Random, now: now, frame: expr.Frame{Now: now, Cover: job.Cover}, rootIt: job.Plan.RootIt()}
	r.log = job.Log.With("rule", r.p.ID(), "run", job.RunID)
	r.run = state.Run{ID: job.RunID, Rule: r.p.ID(), Schedule: job.Schedule, Status: state.Running, Started: started.UTC(), Calls: map[string]int{}}
	if job.Set != nil {
		r.run.Revision = job.Set.Revision
	}
	return r
}

// newRunID makes ids that sort by time.
func newRunID(now time.Time) string {
	var b [4]byte
	_, _ = rand.Read(b[:])
	return now.UTC().Format("20060102T150405") + "-" + hex.EncodeToString(b[:])
}

// execute runs the rule by its kind.
func (r *runner) execute() error {
	if err := r.open(); err != nil {
		return err
	}
	if !r.job.DryRun {
		if err := r.require(r.job.Store, r.p.Requires); err != nil {
			return err
		}
	}
	if r.p.Match == nil {
		return r.replace()
	}
	return r.converge()
}

// open finds connections, and prepares what the steps need.
func (r *runner) open() error {
	var err error
	if r.from, err = r.end(r.p.From, "the rule's source"); err != nil {
		return err
	}
	for i := range r.p.Schedules {
		if r.p.Schedules[i].Name == r.job.Schedule {
			r.schedule = &r.p.Schedules[i]
		}
	}
	if r.schedule == nil && r.job.Schedule != "" {
		return badJob("%s has no schedule %q", r.p.ID(), r.job.Schedule)
	}
	if err := r.openFilters(); err != nil {
		return err
	}
	if err := r.openPilot(); err != nil {
		return err
	}
	for _, f := range r.p.Finds {
		s, err := r.end(f.End, "find "+f.Name)
		if err != nil {
			return err
		}
		seek, err := r.newSeeker("find", f.Name, s, f.End, f.Layout, &f.Lookup,
			r.p.Match != nil && f.Connection == r.p.To.Connection && f.Object.Name == r.p.To.Object.Name)
		if err != nil {
			return err
		}
		seek.find = f
		r.finds = append(r.finds, seek)
	}
	if r.p.Match == nil {
		r.to, err = r.side(r.p.To.Connection)
		return err
	}
	return r.openTarget()
}

func (r *runner) openTarget() error {
	var err error
	if r.to, err = r.end(r.p.To, "the rule's target"); err != nil {
		return err
	}
	if r.to.writer == nil {
		return badJob("%s cannot be written", r.p.To.Connection)
	}
	if r.match, err = r.newSeeker("match", "match", r.to, r.p.To, r.p.Target, &r.p.Match.Lookup, true); err != nil {
		return err
	}
	r.deliver = &delivery.Deliverer{
		Target: delivery.Target{Name: r.to.name, Object: r.p.To.Object, Limits: r.to.limits, Allow: r.to.allow,
			Writer: countedWriter{r.to}},
		Look: r.lookCreates, Retry: r.job.Retry, Sleep: r.job.Sleep, Random: r.job.Random,
	}
	return nil
}

// countedWriter counts the calls of a delivery for its connection.
type countedWriter struct{ s *side }

func (w countedWriter) Write(ctx context.Context, x connectors.Write) ([]connectors.Result, error) {
	return w.s.writer.Write(w.s.counted(ctx), x)
}

// levelOf is how loud the end of a run is told: one that found nothing to do comes each minute.
func levelOf(run state.Run) slog.Level {
	if run.Idle() {
		return slog.LevelDebug
	}
	return slog.LevelInfo
}

// finish gives the run its end and stores it.
func (r *runner) finish(err error) (state.Run, error) {
	err = closeRun(&r.run, err)
	r.tally()
	r.log.Log(r.ctx, levelOf(r.run), "run ended", "status", r.run.Status, "read", r.run.Read, "created", r.run.Created,
		"updated", r.run.Updated, "deleted", r.run.Deleted, "dead", r.run.Dead, "why", r.run.Why)
	if r.job.DryRun {
		return r.run, err
	}
	crashpoint.Reach(crashpoint.RunEnd)
	if serr := r.job.Store.SaveRun(context.WithoutCancel(r.work), r.run); serr != nil && err == nil {
		err = fmt.Errorf("storing the run's end: %w", serr)
	}
	return r.run, err
}

// closeRun gives a run its status by what ended it. An error that is left is one of the store.
func closeRun(run *state.Run, err error) error {
	var end *ending
	switch {
	case err == nil && run.Dead > 0:
		run.Status = state.Partial
	case err == nil:
		run.Status = state.Succeeded
	case errors.As(err, &end):
		run.Status, run.WaitsFor, run.Why = end.status, end.waits, end.why
	default:
		run.Status, run.Why = state.Failed, err.Error()
		return err
	}
	return nil
}

// tally brings the run's calls and duration up to date.
func (r *runner) tally() {
	r.access.tally(&r.run, r.began)
	r.approval.addTo(&r.run, r.sides)
}

func (r *runner) progress(phase string) {
	if r.job.OnProgress != nil {
		r.job.OnProgress(Progress{Rule: r.p.ID(), Phase: phase, Read: r.run.Read, Total: int(r.p.From.Object.Count), Written: r.written, Changes: r.changes})
	}
}
