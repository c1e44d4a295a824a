package engine

import (
	"errors"
	"fmt"
	"time"

	"github.com/syncline/syncline/lang/plan"
	"github.com/syncline/syncline/lang/value"
)

// applier gives a run of the sync that an action applies: it evaluates and compares as the sync does, and writes nothing.
func (t *triggerRun) applier(a *plan.Apply) (*runner, error) {
	if r := t.outbox.applied[a]; r != nil {
		return r, nil
	}
	r := newRunner(t.ctx, Job{Plan: a.Sync, Set: t.job.Set, Connections: t.job.Connections, Store: t.job.Store, Now: t.job.Now,
		Tick: t.now, DryRun: true, RunID: t.run.ID, Retry: t.retry, Sleep: t.access.wait, Random: t.chance})
	r.work, r.sides = t.work, t.sides // its calls count as this run's
	if err := r.open(); err != nil {
		return nil, err
	}
	t.outbox.applied[a] = r
	return r, nil
}

// apply adds what the sync's map writes for the record now: only what differs. A record that the sync leaves alone is
// left alone here too, and what the action sets itself wins.
func (t *triggerRun) apply(f *firing, a *plan.Action, on acted, q *request) error {
	r, err := t.applier(a.Apply)
	if err != nil {
		return err
	}
	if err := r.moveTo(t.now); err != nil {
		return err
	}
	it := r.newItem(f.Source, moved(f.it.records[plan.RootNew], a.Apply.Source, a.Apply.Sync.Source))
	if on.rec != nil && a.Kind != plan.ActionCreate {
		it.target, it.have = on.id, moved(on.rec, a.Apply.Target, a.Apply.Sync.Target)
		it.records[plan.RootTarget] = it.have
	}
	items := []*item{it}
	r.filter(items)
	if err := r.enroll(items, false); err != nil {
		return err
	}
	for _, late := range []bool{false, true} {
		if err := r.runFinds(items, late); err != nil {
			return err
		}
	}
	r.evaluate(items)
	switch it.verdict {
	case pending:
	case dead:
		return fmt.Errorf("%s: %w", a.Apply.Sync.ID(), errors.New(it.letter.Message))
	default:
		return nil
	}
	own := map[string]bool{}
	for _, w := range q.Fields {
		own[w.Name] = true
	}
	for name := range q.IDs {
		own[name] = true
	}
	for _, w := range r.applied(it) {
		if !own[w.Name] {
			w.After = w.After.Clone()
			q.Fields = append(q.Fields, w)
		}
	}
	return nil
}

// applied lists the fields to be written: all that are not empty in a create, otherwise those that differ.
func (r *runner) applied(it *item) []fieldWrite {
	if it.have != nil {
		return r.differing(it, r.p.Map, it.want)
	}
	var out []fieldWrite
	for i, m := range r.p.Map {
		if !value.IsEmpty(it.want[i]) {
			out = append(out, r.fieldWrite(it, i, m, value.Null, it.want[i]))
		}
	}
	return out
}

// moveTo makes now() and today() another instant, in expressions and in what look-ups ask of systems.
func (r *runner) moveTo(now time.Time) error {
	if r.now.Equal(now) {
		return nil
	}
	r.now, r.frame.Now = now, now
	for _, s := range r.finds {
		s.asked, s.all, s.cache, s.held = false, nil, map[string][]value.Record{}, 0
		var err error
		if s.pushed, err = r.bind(s.spec.Where); err != nil {
			return err
		}
	}
	return nil
}

// moved gives a record in another layout: slot i of it is slot slots[i] of the record.
func moved(rec value.Record, slots []int, layout *value.Layout) value.Record {
	if rec == nil {
		return nil
	}
	out := make(value.Record, layout.Len())
	for i, slot := range slots {
		out[i] = rec.At(slot)
	}
	return out
}
