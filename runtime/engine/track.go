package engine

import (
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"time"

	"github.com/syncline/syncline/connectors"
	"github.com/syncline/syncline/lang/expr"
	"github.com/syncline/syncline/lang/plan"
	"github.com/syncline/syncline/lang/query"
	"github.com/syncline/syncline/lang/value"
	"github.com/syncline/syncline/runtime/delivery"
	"github.com/syncline/syncline/runtime/state"
)

// TrackJob is one run of a track to be made. Its fields are those of Job where they have the same names.
type TrackJob struct {
	Plan        *plan.Track
	Set         *plan.Set
	Schedule    string
	Connections func(name string) connectors.Connection
	Store       state.Store
	Now         func() time.Time
	Tick        time.Time
	Log         *slog.Logger
	DryRun      bool
	RunID       string
	OnProgress  func(Progress)
	OnProblem   func(Problem)
	Retry       delivery.Retry
	Sleep       func(ctx context.Context, d time.Duration) error
	Random      func() float64
}

// trackRun is one run of a track under way: it takes a sample of every record.
type trackRun struct {
	access
	job   TrackJob
	p     *plan.Track
	on    *side
	run   state.Run
	began time.Time
	where []*plan.Filter // of the rule, and of the schedule's part of the records
	day   int64
	dead  deadLetters
}

// RunTrack takes one sample of each record. Of several samples of a record on a local day the last is kept.
func RunTrack(ctx context.Context, job TrackJob) (state.Run, error) {
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
	if job.RunID == "" {
		job.RunID = newRunID(started)
	}
	t := &trackRun{job: job, p: job.Plan, began: time.Now(), day: localDay(now, job.Plan.Zone)}
	t.access = access{ctx: ctx, set: job.Set, connections: job.Connections, sides: map[string]*side{}, retry: job.Retry.Defaults(),
		wait: job.Sleep, chance: job.Random, now: now, frame: expr.Frame{Now: now}, rootIt: plan.RootSource + 1}
	t.run = state.Run{ID: job.RunID, Rule: t.p.ID(), Schedule: job.Schedule, Status: state.Running, Started: started.UTC(), Full: true,
		Calls: map[string]int{}}
	if job.Set != nil {
		t.run.Revision = job.Set.Revision
	}
	work, cancel := delivery.Grace(ctx, t.retry.Grace)
	defer cancel()
	t.work = work
	if !job.DryRun {
		if err := job.Store.SaveRun(work, t.run); err != nil {
			return t.run, fmt.Errorf("storing the run: %w", err)
		}
	}
	err := closeRun(&t.run, t.execute())
	t.tally(&t.run, t.began)
	job.Log.Log(ctx, levelOf(t.run), "run ended", "rule", t.run.Rule, "run", t.run.ID, "status", t.run.Status, "read", t.run.Read, "dead", t.run.Dead, "why", t.run.Why)
	if job.DryRun {
		return t.run, err
	}
	if serr := job.Store.SaveRun(context.WithoutCancel(t.work), t.run); serr != nil && err == nil {
		err = fmt.Errorf("storing the run's end: %w", serr)
	}
	return t.run, err
}

func (t *trackRun) execute() error {
	var err error
	if t.on, err = t.end(t.p.On, "the track's object"); err != nil {
		return err
	}
	if t.p.On.Object.KeyField() == nil {
		return badJob("%s samples %s.%s, which has no key: its records cannot be told apart", t.p.ID(), t.p.On.Connection, t.p.On.Object.Name)
	}
	pushed, err := t.filters()
	if err != nil {
		return err
	}
	if !t.job.DryRun {
		if err := stopAbandoned(t.work, t.job.Store, t.run, "the process ended before the run did; the next one samples all records again"); err != nil {
			return err
		}
	}
	if t.dead, err = loadDead(t.work, t.job.Store, t.p.ID()); err != nil {
		return err
	}
	pages := t.newPageReader(t.on, query.Read{Object: t.p.On.Object.Name, Layout: t.p.Source, Where: pushed}, 2, false)
	go pages.run()
	defer pages.stop()
	for {
		var p *page
		select {
		case p = <-pages.out:
		case <-t.ctx.Done():
		}
		if p == nil {
			return errInterrupted
		}
		if p.err != nil && p.err != io.EOF {
			return p.err
		}
		if err := t.sample(p); err != nil {
			return err
		}
		if p.err == io.EOF {
			return t.prune()
		}
		pages.free <- p.batch
	}
}

// filters finds the conditions on records, and gives what of them the source evaluates.
func (t *trackRun) filters() (query.Pred, error) {
	var out query.And
	list := []*plan.Filter{t.p.Where}
	for i := range t.p.Schedules {
		if t.p.Schedules[i].Name == t.job.Schedule {
			list = append(list, t.p.Schedules[i].Where)
		}
	}
	for _, f := range list {
		if f == nil {
			continue
		}
		t.where = append(t.where, f)
		pushed, err := t.bind(f)
		if err != nil {
			return nil, err
		}
		if pushed != nil {
			out = append(out, pushed)
		}
	}
	if len(out) == 0 {
		return nil, nil
	}
	return out, nil
}

// sample adds the samples of a page to those kept.
func (t *trackRun) sample(p *page) error {
	out := state.Outcome{Rule: t.p.ID()}
	var sources []string
	var values []value.Value
	for i := range p.batch.Len() {
		rec := p.batch.Record(i)
		t.run.Read++
		it := &item{id: strings.Clone(rec.At(0).String()), records: []value.Record{plan.RootSource: rec, plan.RootSource + 1: nil}}
		v, in, err := t.value(it)
		switch {
		case err != nil:
			out.Dead = append(out.Dead, t.reject(it.id, err))
		case !in:
			t.run.Filtered++
		case !value.IsEmpty(v):
			sources, values = append(sources, it.id), append(values, v.Clone())
		}
		if err == nil && t.dead.known(it.id) {
			out.Revived = append(out.Revived, it.id)
		}
	}
	if t.job.DryRun {
		return nil
	}
	before, err := t.job.Store.Series(t.work, t.p.ID(), sources)
	if err != nil {
		return fmt.Errorf("reading samples: %w", err)
	}
	keep := t.day - int64(t.p.Keep/(24*time.Hour))
	for i, source := range sources {
		s := decodeSeries(before[i], t.p.Meaning).from(keep).with(t.day, values[i])
		out.Series = append(out.Series, state.Series{Source: source, Last: s[len(s)-1].day, Data: encodeSeries(s, t.p.Meaning)})
	}
	t.tally(&t.run, t.began)
	run := t.run
	out.Run = &run
	if err := t.job.Store.Commit(t.work, out); err != nil {
		return fmt.Errorf("storing samples: %w", err)
	}
	if t.job.OnProgress != nil {
		t.job.OnProgress(Progress{Rule: t.p.ID(), Phase: "read", Read: t.run.Read, Total: int(t.p.On.Object.Count)})
	}
	return nil
}

func (t *trackRun) value(it *item) (value.Value, bool, error) {
	frame := t.put(it)
	for _, f := range t.where {
		in, err := f.Whole.Test(frame)
		if err != nil || !in {
			return value.Null, false, err
		}
	}
	v, err := t.p.Value.Eval(frame)
	return v, true, err
}

func (t *trackRun) reject(source string, err error) state.DeadLetter {
	t.run.Dead++
	if t.job.OnProblem != nil {
		t.job.OnProblem(Problem{Rule: t.p.ID(), Kind: "rejected", Source: Ref{t.p.On.Connection, t.p.On.Object.Name, source}, Step: "evaluate", Message: err.Error()})
	}
	return state.DeadLetter{Rule: t.p.ID(), Run: t.run.ID, Revision: t.run.Revision, At: t.job.Now().UTC(), Step: "evaluate",
		Source:     state.SourceRef{Connection: t.p.On.Connection, Object: t.p.On.Object.Name, ID: source},
		Connection: t.p.On.Connection, Object: t.p.On.Object.Name, Class: connectors.Reject.String(), Message: err.Error(), Attempts: 1, Status: state.DeadOpen}
}

// prune forgets records that were not sampled for as long as samples are kept.
func (t *trackRun) prune() error {
	if t.job.DryRun {
		return nil
	}
	if err := t.job.Store.PruneSeries(t.work, t.p.ID(), t.day-int64(t.p.Keep/(24*time.Hour))); err != nil {
		return fmt.Errorf("forgetting old samples: %w", err)
	}
	return nil
}

// samples are those of one record, in order of days.
type samples []sample

type sample struct {
	day   int64
	value value.Value
}

// from keeps the samples of a day and later.
func (s samples) from(day int64) samples {
	for len(s) > 0 && s[0].day < day {
		s = s[1:]
	}
	return s
}

// before keeps the samples of the days before one.
func (s samples) before(day int64) samples {
	for len(s) > 0 && s[len(s)-1].day >= day {
		s = s[:len(s)-1]
	}
	return s
}

// with puts a sample in its place; of a day the last one counts.
func (s samples) with(day int64, v value.Value) samples {
	i := len(s)
	for i > 0 && s[i-1].day > day {
		i--
	}
	if i > 0 && s[i-1].day == day {
		s[i-1].value = v
		return s
	}
	s = append(s, sample{})
	copy(s[i+1:], s[i:])
	s[i] = sample{day, v}
	return s
}

// encodeSeries writes the samples behind a tag of the track's meaning: those of another meaning count for nothing.
func encodeSeries(s samples, meaning string) []byte {
	b := binary.BigEndian.AppendUint64(make([]byte, 0, 16+10*len(s)), fnv64(meaning))
	last := int64(0)
	for _, x := range s {
		b = x.value.AppendBinary(binary.AppendVarint(b, x.day-last))
		last = x.day
	}
	return b
}

func decodeSeries(b []byte, meaning string) samples {
	if len(b) < 8 || binary.BigEndian.Uint64(b) != fnv64(meaning) {
		return nil
	}
	var out samples
	day := int64(0)
	for b = b[8:]; len(b) > 0; {
		delta, n := binary.Varint(b)
		if n <= 0 {
			return out
		}
		v, rest, err := value.DecodeBinary(b[n:])
		if err != nil {
			return out
		}
		day += delta
		out, b = append(out, sample{day, v}), rest
	}
	return out
}
