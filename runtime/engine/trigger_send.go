package engine

import (
	"context"
	"errors"
	"maps"
	"slices"
	"sync"

	"github.com/syncline/syncline/connectors"
	"github.com/syncline/syncline/lang/plan"
	"github.com/syncline/syncline/lang/value"
	"github.com/syncline/syncline/runtime/delivery"
	"github.com/syncline/syncline/runtime/state"
)

// outgoing is one request of a step with the action that it is of.
type outgoing struct {
	x *sending
	a *plan.Action
	q *request
}

// due are the requests of a step that are not known to be written.
func (x *sending) due() []outgoing {
	var out []outgoing
	for _, a := range x.step.actions {
		if d := x.f.progress.Actions[a.ID]; d != nil && d.State == actionSent {
			for _, q := range d.Requests {
				if !q.Done {
					out = append(out, outgoing{x, a, q})
				}
			}
		}
	}
	return out
}

// send sends the steps: messages and groups one by one, as many at once as their connection takes, and single writes of
// one object together.
func (t *triggerRun) send(list []*sending) {
	alone, singles := calls(list)
	for _, x := range alone {
		t.sendAlone(x[0].step.connection(), x)
	}
	for _, x := range singles {
		t.sendSingles(x)
	}
	for _, x := range list {
		t.closeStep(x)
	}
}

// calls divides steps into those that take a call each, by connection, and single writes that go together, by object.
func calls(list []*sending) (alone [][]*sending, singles [][]outgoing) {
	connections, objects := map[string]int{}, map[string]int{}
	for _, x := range list {
		due := x.due()
		if len(due) > 1 && x.step.atomic || due[0].q.Message != nil {
			c := x.step.connection()
			if _, ok := connections[c]; !ok {
				connections[c] = len(alone)
				alone = append(alone, nil)
			}
			alone[connections[c]] = append(alone[connections[c]], x)
			continue
		}
		for _, o := range due {
			name := objectName(o.a.End)
			if _, ok := objects[name]; !ok {
				objects[name] = len(singles)
				singles = append(singles, nil)
			}
			singles[objects[name]] = append(singles[objects[name]], o)
		}
	}
	return alone, singles
}

// sendAlone sends groups and messages of a connection, each in a call of its own.
func (t *triggerRun) sendAlone(connection string, list []*sending) {
	s, err := t.side(connection)
	if err != nil {
		t.stopStep(list, err)
		return
	}
	answers := make([]answered, len(list))
	slots := make(chan struct{}, max(s.limits.Parallel, 1))
	var group sync.WaitGroup
	var mu sync.Mutex
	var stop error
	for i, x := range list {
		slots <- struct{}{}
		mu.Lock()
		halted := stop
		mu.Unlock()
		if halted != nil || t.ctx.Err() != nil {
			<-slots
			answers[i] = answered{stop: halted, status: untouched(x)}
			if halted == nil {
				answers[i].stop = errInterrupted
			}
			continue
		}
		group.Go(func() {
			defer func() { <-slots }()
			answers[i] = t.sendOne(s, x)
			if answers[i].stop != nil {
				mu.Lock()
				stop = answers[i].stop
				mu.Unlock()
			}
		})
	}
	group.Wait()
	for i, x := range list {
		t.takeAnswer(s, x, answers[i])
	}
}

// untouched is the status of a step that was not tried in this run.
func untouched(x *sending) answerStatus {
	if x.resumed {
		return inDoubt
	}
	return unsent
}

func (t *triggerRun) sendOne(s *side, x *sending) answered {
	due := x.due()
	if due[0].q.Message != nil {
		return t.deliverMessage(s, due[0].q, x.f.progress.Actions[due[0].a.ID].Tried, x.resumed)
	}
	requests, ends := make([]*request, len(due)), make([]plan.End, len(due))
	for i, o := range due {
		requests[i], ends[i] = o.q, o.a.End
	}
	return t.deliverGroup(s, groupActions(ends, requests), ends, requests, x.resumed)
}

// takeAnswer records how a group or message ended.
func (t *triggerRun) takeAnswer(s *side, x *sending, out answered) {
	due := x.due()
	if out.stop != nil {
		t.setDown(x.step, stopped(s.name, out.stop))
	}
	switch out.status {
	case written:
		ids := map[string]string{}
		for i, o := range due {
			id, created := out.receipt.ID, true
			if o.q.Message == nil {
				id, created = out.results[i].ID, out.results[i].Created || o.q.Op == connectors.Create
			}
			if id == "" {
				id = o.q.ID
			}
			if id == "" {
				id = ids[o.q.IDOf]
			}
			ids[o.q.Ref] = id
			for _, name := range slices.Sorted(maps.Keys(o.q.IDs)) {
				o.q.Fields = append(o.q.Fields, fieldWrite{Name: name, Index: byField, After: value.Text(ids[o.q.IDs[name]])})
			}
			t.wrote(o, id, created, out.receipt.Fields)
		}
	case refused, doubtful:
		o := due[min(out.cause, len(due)-1)]
		blamed := []outgoing{o}
		if out.status == doubtful {
			blamed = due
		}
		x.err, x.end = withRequest(out.err, blamed...), o.a.End
		if o.a.Via != "" {
			x.end = plan.End{Connection: o.a.Via}
		}
		if out.status == refused {
			t.unmark(x)
		}
	case inDoubt:
		t.postpone(x.f)
	default:
		t.unmark(x)
		t.postpone(x.f)
	}
}

// unmark takes back that a step was sent, where it is known that nothing of it was written.
func (t *triggerRun) unmark(x *sending) {
	for _, a := range x.step.actions {
		d := x.f.progress.Actions[a.ID]
		if d == nil || d.State != actionSent {
			continue
		}
		some := false
		for _, q := range d.Requests {
			some = some || q.Done
		}
		if !some {
			delete(x.f.progress.Actions, a.ID)
		}
	}
}

// stopped is the end of a run for what made a connection stop.
func stopped(connection string, err error) error {
	var e *ending
	if errors.As(err, &e) {
		return e
	}
	out := failedFor(connection, "writing to", err)
	if connectors.AsError(err).Class == connectors.Auth {
		out.status, out.waits = state.Failed, ""
	}
	return out
}

func (t *triggerRun) stopStep(list []*sending, err error) {
	for _, x := range list {
		t.setDown(x.step, err)
		if !x.resumed {
			t.unmark(x)
		}
		t.postpone(x.f)
	}
}

// sendSingles sends single writes to one object.
func (t *triggerRun) sendSingles(list []outgoing) {
	end := list[0].a.End
	s, err := t.side(end.Connection)
	if err != nil {
		t.stopStep([]*sending{list[0].x}, err)
		return
	}
	if list = t.resumeSingles(s, end, list); len(list) == 0 {
		return
	}
	changes := make([]delivery.Change, len(list))
	lookups := map[string][]byte{}
	for i, o := range list {
		changes[i] = delivery.Change{Op: o.q.Op, ID: o.q.ID, Key: o.q.Key, Fields: o.q.connectorFields(), Order: o.x.f.ID}
		if o.q.Proof {
			lookups[o.x.f.ID] = o.q.Lookup
		}
	}
	d := t.deliverer(s, end)
	d.Look = func(_ context.Context, creates []delivery.Change) ([]delivery.Found, error) {
		keys := make([][]byte, len(creates))
		for i, c := range creates {
			keys[i] = lookups[c.Order]
		}
		return t.lookForIn(s, end, keys)
	}
	outcomes, stop := d.Deliver(t.ctx, changes)
	if stop != nil {
		t.setDown(list[0].x.step, stoppedBy(s.name, stop))
	}
	for i, o := range list {
		t.takeOutcome(o, outcomes[i])
	}
}

// resumeSingles settles creates that were sent before and not answered; the rest may be sent again.
func (t *triggerRun) resumeSingles(s *side, end plan.End, list []outgoing) []outgoing {
	var again []outgoing
	lost := &connectors.Error{Class: connectors.InDoubt, Message: "the process ended before the write was answered"}
	for _, o := range list {
		if !o.x.resumed || o.q.Op != connectors.Create {
			again = append(again, o)
			continue
		}
		out := t.settleGroup(s, []plan.End{end}, []*request{o.q}, lost)
		if out.status == unsent && out.stop == nil {
			again = append(again, o)
			continue
		}
		t.takeAnswer(s, o.x, out)
	}
	return again
}

// takeOutcome records how a single write ended.
func (t *triggerRun) takeOutcome(o outgoing, res delivery.Outcome) {
	switch res.Status {
	case delivery.Written:
		t.wrote(o, res.ID, res.Created, nil)
	case delivery.Unsent:
		if !res.InDoubt && !o.x.resumed {
			t.unmark(o.x)
		}
		t.postpone(o.x.f)
	case delivery.Doubtful:
		o.x.err, o.x.end = withRequest(heldForAPerson(res.Err, "record"), o), o.a.End
	default:
		o.x.err, o.x.end = withRequest(res.Err, o), o.a.End
		t.unmark(o.x)
	}
}

// wrote records a request that went through.
func (t *triggerRun) wrote(o outgoing, id string, created bool, receipt map[string]value.Value) {
	q, f := o.q, o.x.f
	q.Done, q.ID = true, id
	// One that was sent again after a lost answer meets what it made itself: nobody else has its key.
	created = created || q.Op == connectors.Upsert && q.Proof
	t.outbox.written++
	switch {
	case q.Message != nil:
		t.run.Sent++
	case q.Op == connectors.Delete:
		t.run.Deleted++
	case q.Op == connectors.Create, q.Op == connectors.Upsert && created:
		t.run.Created++
	default:
		t.run.Updated++
	}
	t.ledger = append(t.ledger, t.entry(f, o.a, q, id, created))
	t.tellOf(o, created)
	d := f.progress.Actions[o.a.ID]
	for _, other := range d.Requests {
		if !other.Done {
			return
		}
	}
	d.State = actionDone
	if o.a.Result != nil {
		rec := t.resultOf(o.a, q, id, receipt)
		d.Result = keep(o.a.Result, rec)
		if o.a.Root >= 0 {
			f.it.records[o.a.Root] = rec
		}
	}
}

// tellOf tells of a write to whoever listens.
func (t *triggerRun) tellOf(o outgoing, created bool) {
	if t.job.OnWrite == nil {
		return
	}
	w := Written{Action: o.a, Op: o.q.Op, ID: o.q.ID}
	if w.Op == connectors.Upsert {
		if w.Op = connectors.Update; created {
			w.Op = connectors.Create
		}
	}
	for _, f := range o.q.Fields {
		w.Fields = append(w.Fields, connectors.Field{Name: f.Name, Value: f.After})
	}
	t.job.OnWrite(w)
}

func (t *triggerRun) entry(f *firing, a *plan.Action, q *request, id string, created bool) state.Entry {
	e := state.Entry{Run: t.run.ID, Rule: t.p.ID(), Revision: t.run.Revision, At: t.clock(), Action: actionName(a, q),
		Connection: q.Connection, Object: q.Object, Target: id,
		Source: state.SourceRef{Connection: t.p.On.Connection, Object: t.p.On.Object.Name, ID: f.Source, Version: f.data.Version}, Blind: q.Blind}
	if q.Op == connectors.Upsert && !created {
		e.Action, e.Blind = "update", true
	}
	for _, w := range q.Fields {
		e.Fields = append(e.Fields, state.FieldChange{Name: w.Name, Before: w.Before.JSON(), After: w.After.JSON(), Expression: w.Text, Inputs: w.inputs()})
	}
	return e
}

// closeStep makes firings stuck whose step failed.
func (t *triggerRun) closeStep(x *sending) {
	if x.err == nil || x.f.standing == failed {
		return
	}
	x.f.standing = live
	t.fail(x.f, "deliver", x.err, x.end)
}
