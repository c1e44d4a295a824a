package engine

import (
	"context"
	"fmt"
	"iter"
	"slices"
	"time"

	"github.com/syncline/syncline/connectors"
	"github.com/syncline/syncline/lang/cron"
	"github.com/syncline/syncline/lang/value"
	"github.com/syncline/syncline/runtime/engine/edge"
	"github.com/syncline/syncline/runtime/state"
)

// replay takes the lives of records through a trigger's run that writes nothing: one observation after the other, each
// with the clock of its moment.
type replay struct {
	t     *triggerRun
	job   BacktestJob
	out   *Backtest
	crons []*cron.Schedule
	// ticks are the moments at which a rule that time alone can fire is looked at, in order.
	ticks []time.Time
	frame []value.Record

	edge    state.Edge // of the record at hand
	fires   []time.Time
	samples []samples // of the record at hand, by plan.Trigger.History
}

// life is what is known of one record in the period.
type life struct {
	id      string
	begin   value.Record // how it stood when the period began; nil: it was not there
	changes []turn
}

// turn is how a record was from an instant on; nil: it was gone.
type turn struct {
	at  time.Time
	rec value.Record
}

func newReplay(ctx context.Context, job BacktestJob) (*replay, error) {
	r := &replay{job: job, out: &Backtest{Fires: []BacktestRecord{}}}
	none := func(string) connectors.Connection { return nil }
	r.t = newTriggerRun(ctx, TriggerJob{Plan: job.Plan, Set: job.Set, Store: job.Store, Tick: job.Until, DryRun: true, Connections: none,
		OnSight: r.sight, OnProblem: func(Problem) { r.out.Failed++ }})
	r.t.work = ctx
	r.frame = make([]value.Record, job.Plan.RootIt()+1)
	for _, s := range job.Plan.Schedules {
		c, err := cron.Parse(s.Cron, s.Zone)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", job.Plan.ID(), err)
		}
		r.crons = append(r.crons, c)
	}
	var err error
	if r.t.where, err = r.t.filter(job.Plan.Where, false); err != nil {
		return nil, err
	}
	// A period begins as an edit does: whoever satisfies the condition then counts as fired.
	r.t.watch.Begun = true
	return r, r.t.openLayouts()
}

// plan says when records are looked at though nothing of them changed, where time alone can fire the rule.
func (r *replay) plan() error {
	if !r.t.timed {
		return nil
	}
	n := int64(1)
	for _, err := range r.lives() {
		if err != nil {
			return fmt.Errorf("reading the past: %w", err)
		}
		n++
	}
	least := r.out.To.Sub(r.out.From) / time.Duration(max(mostLooks/n, 1))
	for at, ok := r.tick(r.out.From); ok && !at.After(r.out.To); at, ok = r.tick(at) {
		if len(r.ticks) > 0 && at.Sub(r.ticks[len(r.ticks)-1]) < least {
			r.out.EveryMS = least.Milliseconds()
			at = r.ticks[len(r.ticks)-1].Add(least - 1)
			continue
		}
		r.ticks = append(r.ticks, at)
	}
	return nil
}

// tick gives the first tick after an instant.
func (r *replay) tick(after time.Time) (first time.Time, ok bool) {
	for _, c := range r.crons {
		if at := c.Next(after); !at.IsZero() && (!ok || at.Before(first)) {
			first, ok = at, true
		}
	}
	return first, ok
}

// lives gives what is known of each record.
func (r *replay) lives() iter.Seq2[life, error] {
	if r.job.Past != nil {
		return r.given
	}
	return r.recorded
}

// recorded gives the lives of records as the state has them: how each is now, and how it was before.
func (r *replay) recorded(yield func(life, error) bool) {
	next, stop := iter.Pull2(r.job.Store.Past(r.t.work, r.t.p.ID(), r.out.From))
	defer stop()
	was, err, more := next()
	f := state.EdgeFilter{Limit: lookPage}
	for {
		edges, scanned := r.job.Store.ScanEdges(r.t.work, r.t.p.ID(), f)
		if err == nil {
			err = scanned
		}
		if err != nil {
			yield(life{}, err)
			return
		}
		if len(edges) == 0 {
			return
		}
		for _, e := range edges {
			f.After = e.Source
			var pasts []state.Past
			for ; more && err == nil && was.Source <= e.Source; was, err, more = next() {
				if was.Source == e.Source && !was.At.After(r.out.To) {
					pasts = append(pasts, was)
				}
			}
			if err == nil && !yield(r.lifeOf(e, pasts), nil) {
				return
			}
		}
	}
}

// lifeOf puts a life together of how a record is and how it was.
func (r *replay) lifeOf(e state.Edge, pasts []state.Past) life {
	l := life{id: e.Source}
	stood := make([]value.Record, 0, len(pasts)+1)
	for _, p := range pasts {
		if p.Absent || p.Gone {
			stood = append(stood, nil)
			continue
		}
		stood = append(stood, r.t.lastSeen(p.Fields))
	}
	if e.Gone {
		stood = append(stood, nil)
	} else {
		stood = append(stood, r.t.lastSeen(e.Fields))
	}
	for _, rec := range stood {
		if rec != nil {
			rec[0] = idValue(r.t.p.On.Object.KeyField(), e.Source)
		}
	}
	l.begin = stood[0]
	for i, p := range pasts {
		l.changes = append(l.changes, turn{p.At, stood[i+1]})
	}
	return l
}

// given gives the lives of records of a past that was brought along.
func (r *replay) given(yield func(life, error) bool) {
	var ids []string
	byID := map[string]*life{}
	last := map[string]value.Record{}
	for _, s := range r.job.Past {
		l := byID[s.ID]
		if l == nil {
			l = &life{id: s.ID}
			ids, byID[s.ID] = append(ids, s.ID), l
		}
		rec := last[s.ID]
		switch {
		case s.Deleted:
			rec = nil
		default:
			rec = slices.Clone(rec)
			if rec == nil {
				rec = make(value.Record, r.t.p.Source.Len())
				rec[0] = idValue(r.t.p.On.Object.KeyField(), s.ID)
			}
			for name, v := range s.Fields {
				if slot := r.t.p.Source.Slot(name); slot > 0 {
					rec[slot] = v
				}
			}
		}
		last[s.ID] = rec
		if !s.At.After(r.out.From) {
			l.begin = rec
		} else {
			l.changes = append(l.changes, turn{s.At.UTC(), rec})
		}
	}
	for _, id := range ids {
		if !yield(*byID[id], nil) {
			return
		}
	}
}

// relive takes one record through the period.
func (r *replay) relive(l life) error {
	if err := r.openRecord(l.id); err != nil {
		return err
	}
	r.t.watch.Complete = false
	if l.begin != nil {
		r.observe(l.id, r.out.From, l.begin)
	}
	r.t.watch.Complete = true
	at, rec := r.out.From, l.begin
	for _, c := range l.changes {
		r.wait(l.id, rec, at, c.at)
		r.observe(l.id, c.at, c.rec)
		at, rec = c.at, c.rec
		r.out.Changes++
	}
	r.wait(l.id, rec, at, r.out.To.Add(1))
	r.closeRecord(l.id)
	return nil
}

// wait lets time pass for a record of which nothing changes, from an instant up to another one.
func (r *replay) wait(id string, rec value.Record, from, until time.Time) {
	if rec == nil || r.t.p.Change {
		return
	}
	if r.t.timed {
		n, _ := slices.BinarySearchFunc(r.ticks, from, func(t, at time.Time) int {
			if t.After(at) {
				return 1
			}
			return -1
		})
		for ; n < len(r.ticks) && r.ticks[n].Before(until); n++ {
			r.observe(id, r.ticks[n], rec)
		}
		return
	}
	for at := from; !r.edge.Look.IsZero(); {
		due := r.edge.Look
		if tick, ok := r.tick(due.Add(-1)); ok {
			due = tick
		}
		if !due.Before(until) || !due.After(at) {
			return
		}
		at = due
		r.observe(id, at, rec)
	}
}

// observe is one observation, as a run makes it.
func (r *replay) observe(id string, at time.Time, rec value.Record) {
	t := r.t
	t.now = at.UTC().Truncate(time.Microsecond)
	t.frame.Now = t.now
	var history value.Record
	for h, read := range t.p.History {
		if history == nil {
			history = make(value.Record, len(t.p.History))
		}
		history[h] = t.lookBack(read, r.samples[h])
	}
	t.see(observation{id: id, rec: rec, whole: true}, r.edge, history, r.frame)
	if len(t.out.Edges) > 0 {
		r.edge = t.out.Edges[0]
	}
	t.out.Edges, t.out.Dead, t.out.Revived, t.planned = t.out.Edges[:0], t.out.Dead[:0], nil, nil
	clear(t.overlay)
	clear(t.told)
}

// sight takes down what an observation brought about.
func (r *replay) sight(s Sight) {
	switch s.What {
	case edge.Fires.String():
		r.out.Fired++
		r.fires = append(r.fires, r.t.now)
	case edge.Recovers.String():
		r.out.Recovered++
	case edge.Held.String():
		if !r.t.watch.Complete {
			r.out.Held++
		}
	case edge.Dropped.String():
		r.out.Dropped++
	case edge.Cools.String():
		if r.edge.Look.IsZero() { // it was not waiting for that before
			r.out.Delayed++
		}
	}
}

func (r *replay) openRecord(id string) error {
	r.edge, r.fires = state.Edge{}, nil
	r.out.Records++
	r.samples = make([]samples, len(r.t.p.History))
	for h, read := range r.t.p.History {
		data, err := r.job.Store.Series(r.t.work, read.Track.ID(), []string{id})
		if err != nil {
			return fmt.Errorf("reading samples: %w", err)
		}
		r.samples[h] = decodeSeries(data[0], read.Track.Meaning)
	}
	return nil
}

func (r *replay) closeRecord(id string) {
	if len(r.fires) == 0 {
		return
	}
	x := BacktestRecord{ID: id, At: r.fires}
	for i := flapTimes - 1; i < len(x.At); i++ {
		x.Flaps = x.Flaps || x.At[i].Sub(x.At[i-flapTimes+1]) <= flapWithin
	}
	if x.Flaps {
		r.out.Flapping++
	}
	r.out.Fires = append(r.out.Fires, x)
}
