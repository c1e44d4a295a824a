package engine

import (
	"fmt"
	"maps"
	"slices"

	"github.com/syncline/syncline/connectors"
	"github.com/syncline/syncline/lang/plan"
	"github.com/syncline/syncline/runtime/state"
)

// openPlan reads what lies in the outbox: a plan shows it with what would fire.
func (t *triggerRun) openPlan() error {
	if !t.job.DryRun {
		return nil
	}
	t.held = map[string]bool{}
	for _, status := range []state.FiringStatus{state.FiringHeld, state.FiringPending} {
		list, err := t.job.Store.Firings(t.work, state.FiringFilter{Rule: t.p.ID(), Status: status})
		if err != nil {
			return fmt.Errorf("reading the outbox: %w", err)
		}
		t.planned = append(t.planned, list...)
		for _, f := range list {
			if status == state.FiringHeld && f.Kind == state.FiringFired {
				t.held[f.Source] = true
				t.heldCount++
			}
		}
	}
	return nil
}

// overGuard tells whether the run would wait for its guard: with what was held before it, as release counts.
func (t *triggerRun) overGuard() bool {
	limit := t.p.Guard.MaxFirings
	return limit != nil && t.heldCount+t.run.Fired > *limit
}

// planHeld tells of the records whose firings wait for an approval, or go because the guard lets them by now.
func (t *triggerRun) planHeld() {
	what := "fired"
	if t.overGuard() {
		what = "approval"
	}
	for _, id := range slices.Sorted(maps.Keys(t.held)) {
		if !t.told[id] {
			t.told[id] = true
			t.job.OnSight(Sight{Rule: t.p.ID(), Source: t.ref(id), What: what})
		}
	}
}

// planFirings tells what the firings of a dry run, and those that lie in the outbox, would do.
func (t *triggerRun) planFirings() error {
	for part := range slices.Chunk(t.planned, outboxPage) {
		for len(part) > 0 {
			next, err := t.planSome(part)
			if err != nil {
				return err
			}
			part = next
		}
	}
	if t.overGuard() {
		return &ending{status: state.Waiting, waits: state.WaitGuard,
			why: fmt.Sprintf("guard: max_firings = %d, and %d records would fire; the run would do nothing until it is approved",
				*t.p.Guard.MaxFirings, t.heldCount+t.run.Fired)}
	}
	return nil
}

// planSome takes firings through their steps without sending any. again are those that look for what others write.
func (t *triggerRun) planSome(list []state.Firing) (again []state.Firing, err error) {
	var fs []*firing
	for _, f := range list {
		x, err := t.openFiring(f)
		if err != nil {
			return nil, err
		}
		fs = append(fs, x)
	}
	if fs, again, err = t.prepare(fs); err != nil {
		return nil, err
	}
	for {
		steps := t.build(fs)
		if len(steps) == 0 {
			return again, nil
		}
		t.forecast(steps)
		for _, x := range steps {
			for _, o := range x.due() {
				t.imagined(o)
			}
		}
	}
}

// forecast counts the calls that sending the steps would take.
func (t *triggerRun) forecast(list []*sending) {
	if t.foreseen == nil {
		t.foreseen = map[string]int{}
	}
	alone, singles := calls(list)
	for _, x := range alone {
		t.foreseen[x[0].step.connection()] += len(x)
	}
	for _, list := range singles {
		name, ops := list[0].a.Connection, map[connectors.Op]int{}
		for _, o := range list {
			ops[o.q.Op]++
		}
		batch := 1
		if s, err := t.side(name); err == nil {
			batch = max(s.limits.WriteBatch, 1)
		}
		for _, n := range ops {
			t.foreseen[name] += (n + batch - 1) / batch
		}
	}
}

// imagined counts a request as done. What it makes has no id yet.
func (t *triggerRun) imagined(o outgoing) {
	o.q.Done = true
	d := o.x.f.progress.Actions[o.a.ID]
	d.State = actionDone
	if o.a.Root >= 0 {
		o.x.f.it.records[o.a.Root] = t.resultOf(o.a, o.q, o.q.ID, nil)
	}
	switch o.a.Kind {
	case plan.ActionCreate, plan.ActionUpsert:
		t.run.Created++
	case plan.ActionUpdate:
		t.run.Updated++
	case plan.ActionDelete:
		t.run.Deleted++
	default:
		t.run.Sent++
	}
}
