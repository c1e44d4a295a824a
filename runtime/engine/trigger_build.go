package engine

import (
	"fmt"
	"slices"

	"github.com/syncline/syncline/connectors"
	"github.com/syncline/syncline/lang/plan"
	"github.com/syncline/syncline/lang/value"
	"github.com/syncline/syncline/runtime/delivery"
)

// sending is a step of a firing that is about to be sent.
type sending struct {
	f    *firing
	step step
	// resumed: it was sent before and its outcome is not known.
	resumed bool
	// err is why the step failed; end is where.
	err *connectors.Error
	end plan.End
}

// build gives the next step of each firing that goes on, with its requests; steps of which nothing is to be done are passed.
func (t *triggerRun) build(fs []*firing) []*sending {
	var out []*sending
	for _, f := range fs {
		for f.standing == live {
			i := slices.IndexFunc(f.steps, func(s step) bool { return !f.finished(s) })
			if i < 0 {
				f.standing = ended
				break
			}
			x := &sending{f: f, step: f.steps[i]}
			if t.isDown(x.step) {
				t.postpone(f)
				break
			}
			if t.parks(f, x.step) {
				f.standing = parked
				break
			}
			if f.begun(x.step) {
				x.resumed = true
			} else if err := t.buildStep(x); err != nil {
				if isEnding(err) {
					t.postpone(f)
					t.setDown(x.step, err)
				} else {
					t.fail(f, "evaluate", asReject(err), x.end)
				}
				break
			}
			if !f.finished(x.step) {
				out = append(out, x)
				break
			}
		}
	}
	return out
}

// postpone leaves a firing in the outbox, and those of the same record behind it.
func (t *triggerRun) postpone(f *firing) {
	f.standing = deferred
	t.outbox.waiting[f.Source] = true
}

func (s step) connection() string {
	if a := s.actions[0]; a.Via != "" {
		return a.Via
	}
	return s.actions[0].Connection
}

func (t *triggerRun) isDown(s step) bool { return t.outbox.down[s.connection()] != nil }

func (t *triggerRun) setDown(s step, err error) {
	if t.outbox.down[s.connection()] == nil {
		t.outbox.down[s.connection()] = err
	}
	t.waitFor(err)
}

func (f *firing) finished(s step) bool {
	for _, a := range s.actions {
		if d := f.progress.Actions[a.ID]; d == nil || d.State == actionSent {
			return false
		}
	}
	return true
}

// begun tells whether a step was sent before.
func (f *firing) begun(s step) bool {
	return slices.ContainsFunc(s.actions, func(a *plan.Action) bool {
		d := f.progress.Actions[a.ID]
		return d != nil && d.State == actionSent
	})
}

// buildStep evaluates the actions of a step, in order. In an atomic step a later one may refer to the record of an earlier
// one, which has no id yet.
func (t *triggerRun) buildStep(x *sending) error {
	defer t.at(x.f)()
	refs := map[*plan.Action]string{}
	made := map[string]*done{}
	n := 0
	for _, a := range x.step.actions {
		x.end = a.End
		if d := x.f.progress.Actions[a.ID]; d != nil {
			continue // done before the rule was edited
		}
		d, err := t.buildAction(x.f, a, refs)
		if err != nil {
			return fmt.Errorf("%s: %w", a.Label, err)
		}
		for _, q := range d.Requests {
			q.Ref = fmt.Sprintf("a%d", n)
			n++
			if err := t.allowed(a, q); err != nil {
				return err
			}
		}
		if d.State == actionSent && (a.Kind == plan.ActionCreate || a.Kind == plan.ActionUpsert) {
			refs[a] = d.Requests[0].Ref
		}
		d.Tried = t.clock()
		made[a.ID] = d
		if a.Root >= 0 && d.State == actionSent {
			x.f.it.records[a.Root] = t.resultOf(a, d.Requests[0], "", nil)
		}
	}
	if err := t.proveAbsent(x.step, made); err != nil {
		return err
	}
	for _, a := range x.step.actions {
		if d := made[a.ID]; d != nil {
			x.f.progress.Actions[a.ID] = d
			t.report(x.f, a, d)
		}
	}
	return nil
}

// buildAction evaluates one action into its requests.
func (t *triggerRun) buildAction(f *firing, a *plan.Action, refs map[*plan.Action]string) (*done, error) {
	skipped := &done{State: actionSkipped}
	if a.If != nil {
		yes, err := a.If.Test(t.put(f.it))
		if err != nil {
			return nil, fmt.Errorf("if: %w", err)
		}
		if !yes {
			return skipped, nil
		}
	}
	out := &done{State: actionSent}
	if a.Via != "" {
		q, err := t.buildMessage(f, a)
		if err != nil {
			return nil, err
		}
		out.Requests = []*request{q}
		return out, nil
	}
	if a.Kind == plan.ActionCreate || a.Kind == plan.ActionUpsert {
		q, err := t.buildCreate(f, a, refs)
		if err != nil {
			return nil, err
		}
		out.Requests = []*request{q}
		return out, nil
	}
	for _, target := range t.targets(f, a, refs) {
		q, err := t.buildChange(f, a, target, refs)
		if err != nil {
			return nil, err
		}
		if q != nil {
			out.Requests = append(out.Requests, q)
		}
	}
	if len(out.Requests) == 0 {
		return skipped, nil
	}
	return out, nil
}

// acted is a record that an update or delete acts on.
type acted struct {
	id, idOf string
	rec      value.Record
	layout   *value.Layout
	root     int // where it stands in the frame; -1: nowhere
}

// targets are the records that an action acts on: none where what it refers to is absent.
func (t *triggerRun) targets(f *firing, a *plan.Action, refs map[*plan.Action]string) []acted {
	switch {
	case a.Ref.New:
		return []acted{{id: f.Source, rec: f.it.records[plan.RootNew], layout: t.p.Source, root: plan.RootNew}}
	case a.Ref.Find != nil:
		find := a.Ref.Find
		list := f.all[find.Root]
		if !find.All && len(list) > 1 {
			list = list[:1]
		}
		out := make([]acted, 0, len(list))
		for _, rec := range list {
			out = append(out, acted{id: rec.At(0).String(), rec: rec, layout: find.Layout, root: find.Root})
		}
		return out
	case a.Ref.Action != nil:
		if ref, ok := refs[a.Ref.Action]; ok {
			return []acted{{idOf: ref, root: -1}}
		}
		if rec := f.it.records[max(a.Ref.Action.Root, 0)]; a.Ref.Action.Root >= 0 && rec != nil && (!rec.At(0).IsNull() || t.job.DryRun) {
			return []acted{{id: rec.At(0).String(), rec: rec, layout: a.Ref.Action.Result, root: -1}}
		}
		// A create without a name in other actions has its id all the same.
		if d := f.progress.Actions[a.Ref.Action.ID]; d != nil && d.State == actionDone && len(d.Requests) == 1 && d.Requests[0].ID != "" {
			return []acted{{id: d.Requests[0].ID, root: -1}}
		}
	}
	return nil
}

// buildChange makes the request of an update or delete; nil: nothing differs.
func (t *triggerRun) buildChange(f *firing, a *plan.Action, on acted, refs map[*plan.Action]string) (*request, error) {
	q := &request{Connection: a.Connection, Object: a.Object.Name, Op: connectors.Update, ID: on.id, IDOf: on.idOf, Blind: on.rec == nil}
	if a.Kind == plan.ActionDelete {
		q.Op, q.Blind = connectors.Delete, false
		return q, nil
	}
	if on.root >= plan.RootTriggerFinds {
		// With all = true each of the records has its turn in the frame.
		first := f.it.records[on.root]
		f.it.records[on.root] = on.rec
		defer func() { f.it.records[on.root] = first }()
	}
	if err := t.set(f, a, on, q, refs); err != nil {
		return nil, err
	}
	if a.Apply != nil {
		if err := t.apply(f, a, on, q); err != nil {
			return nil, err
		}
	}
	if len(q.Fields) == 0 && len(q.IDs) == 0 {
		return nil, nil
	}
	return q, nil
}

// set evaluates the action's own fields.
func (t *triggerRun) set(f *firing, a *plan.Action, on acted, q *request, refs map[*plan.Action]string) error {
	for i, m := range a.Set {
		if ref, known := t.idOf(a, i, refs); known {
			if ref != "" {
				if q.IDs == nil {
					q.IDs = map[string]string{}
				}
				q.IDs[m.Field.Name] = ref
			}
			continue
		}
		v, err := m.Value.Eval(t.put(f.it))
		if err == nil {
			v, err = value.Conform(m.Field, v)
		}
		if err != nil {
			return fmt.Errorf("%s: %w", m.Field.Name, err)
		}
		slot := on.layout.Slot(m.Field.Name)
		before := on.rec.At(slot)
		if !t.writes(a, m, before, v, on.rec != nil) {
			continue
		}
		q.Blind = q.Blind || q.Op == connectors.Update && slot < 0
		q.Fields = append(q.Fields, fieldWrite{Name: m.Field.Name, Index: i, Before: before, After: v.Clone(), Text: m.Text, Inputs: t.inputs(f, m.Reads)})
	}
	return nil
}

// writes tells whether a field goes into a request.
func (t *triggerRun) writes(a *plan.Action, m *plan.Mapping, before, v value.Value, known bool) bool {
	switch {
	case a.Kind == plan.ActionCreate:
		return !value.IsEmpty(v)
	case value.IsEmpty(v) && m.OnNull == plan.NullKeep:
		return false
	case m.Write == plan.WriteOnCreate:
		return !known
	case m.Write == plan.WriteIfEmpty:
		return value.IsEmpty(before) && !value.IsEmpty(v)
	}
	return true
}

// idOf gives the reference of the action whose id a field takes; known is false where the id is a value by now.
func (t *triggerRun) idOf(a *plan.Action, set int, refs map[*plan.Action]string) (ref string, known bool) {
	for _, id := range a.IDs {
		if id.Set == set {
			ref, known = refs[id.Action]
			return ref, known
		}
	}
	return "", false
}

// allowed refuses what the connection's allowed writes do not cover. The compiler has refused such rules already; this is
// the second lock on the same door.
func (t *triggerRun) allowed(a *plan.Action, q *request) error {
	if q.Message != nil {
		return nil
	}
	s, err := t.side(q.Connection)
	if err != nil {
		return err
	}
	c := delivery.Change{Fields: q.connectorFields()}
	for name := range q.IDs {
		c.Fields = append(c.Fields, connectors.Field{Name: name})
	}
	if e := (delivery.Target{Name: s.name, Object: a.Object, Allow: s.allow}).Forbidden(c); e != nil {
		return e
	}
	return nil
}

func (q *request) connectorFields() []connectors.Field {
	out := make([]connectors.Field, len(q.Fields))
	for i, w := range q.Fields {
		out[i] = connectors.Field{Name: w.Name, Value: w.After}
	}
	return out
}
