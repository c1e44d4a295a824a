package engine

import (
	"fmt"
	"slices"

	"github.com/syncline/syncline/connectors"
	"github.com/syncline/syncline/lang/expr"
	"github.com/syncline/syncline/lang/plan"
	"github.com/syncline/syncline/lang/query"
	"github.com/syncline/syncline/lang/schema"
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
	q := &request{Connection: a.Connection, Object: a.Object.Name, Op: connectors.Update, ID: on.id, IDOf: on.idOf}
	if a.Kind == plan.ActionDelete {
		q.Op = connectors.Delete
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
		before := on.rec.At(on.layout.Slot(m.Field.Name))
		if !t.writes(a, m, before, v, on.rec != nil) {
			continue
		}
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

// buildCreate makes the request of a create or upsert.
func (t *triggerRun) buildCreate(f *firing, a *plan.Action, refs map[*plan.Action]string) (*request, error) {
	q := &request{Connection: a.Connection, Object: a.Object.Name, Op: connectors.Create}
	var key value.Value
	if a.Key != nil {
		var err error
		if key, err = t.key(f, a); err != nil {
			return nil, err
		}
		if a.Key.Field.UpsertKey || a.Kind == plan.ActionUpsert {
			q.Op, q.Key = connectors.Upsert, a.Key.Field.Name
		}
		q.Lookup = key.AppendBinary(value.Text(a.Key.Field.Name).AppendBinary(nil))
		q.Proof = a.Key.Value == nil
		if !a.Key.Field.Filterable && !a.Key.Field.UpsertKey {
			q.Lookup, q.Proof = nil, false
		}
	}
	on := acted{root: -1}
	if a.Kind == plan.ActionUpsert && slices.ContainsFunc(a.Set, func(m *plan.Mapping) bool { return m.Write != plan.WriteAlways }) {
		var err error
		if on, err = t.existing(a, key); err != nil {
			return nil, err
		}
	}
	if err := t.set(f, a, on, q, refs); err != nil {
		return nil, err
	}
	if a.Apply != nil {
		if err := t.apply(f, a, on, q); err != nil {
			return nil, err
		}
	}
	if a.Key != nil && !slices.ContainsFunc(q.Fields, func(w fieldWrite) bool { return w.Name == a.Key.Field.Name }) {
		q.Fields = append(q.Fields, fieldWrite{Name: a.Key.Field.Name, Index: byField, After: key, Text: a.Key.Text})
	}
	return q, nil
}

// keyLength is how long a generated key is, and keyLeast how short it may be cut where the field holds less.
const keyLeast = 16

// key gives the key of a create or upsert.
func (t *triggerRun) key(f *firing, a *plan.Action) (value.Value, error) {
	field := a.Key.Field
	var v value.Value
	if a.Key.Value == nil {
		text := actionKey(t.p.ID(), a.Label, f.Source, f.At)
		if n := field.Length; n > 0 && n < len(text) {
			if n < keyLeast {
				return v, fmt.Errorf("the key %s holds %d characters; a generated key needs %d", field.Name, n, keyLeast)
			}
			text = text[:n]
		}
		v = value.Text(text)
	} else {
		var err error
		if v, err = a.Key.Value.Eval(t.put(f.it)); err != nil {
			return v, fmt.Errorf("the key %s: %w", field.Name, err)
		}
	}
	v, err := value.Conform(field, v)
	if err != nil {
		return v, fmt.Errorf("the key %s: %w", field.Name, err)
	}
	if value.IsEmpty(v) {
		return v, fmt.Errorf("the key %s is empty; without it the record cannot be told from others", field.Name)
	}
	return v.Clone(), nil
}

// existing reads the record that an upsert will meet, for fields that are written by what it holds.
func (t *triggerRun) existing(a *plan.Action, key value.Value) (acted, error) {
	names := []string{a.Object.Key}
	for _, m := range a.Set {
		if !slices.Contains(names, m.Field.Name) {
			names = append(names, m.Field.Name)
		}
	}
	s, err := t.end(a.End, "upsert "+a.Label)
	if err != nil {
		return acted{}, err
	}
	layout := value.NewLayout(names...)
	records, err := t.readAll(s, query.Read{Object: a.Object.Name, Layout: layout, Where: query.In{Field: a.Key.Field.Name, Values: []value.Value{key}}})
	if err != nil {
		return acted{}, failedFor(s.name, "looking for "+a.Label+" in", err)
	}
	if len(records) == 0 {
		return acted{layout: layout, root: -1}, nil
	}
	return acted{id: records[0].At(0).String(), rec: records[0], layout: layout, root: -1}, nil
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

// proveAbsent looks whether records with given keys are there already, where the steps's outcome could otherwise not be
// told after a lost answer: a record with the key proves something only if it was not there before.
func (t *triggerRun) proveAbsent(s step, made map[string]*done) error {
	if t.job.DryRun {
		return nil
	}
	var given []*request
	var at []*plan.Action
	needed, proven := false, false
	for _, a := range s.actions {
		d := made[a.ID]
		if d == nil {
			continue
		}
		for _, q := range d.Requests {
			proven = proven || q.Proof
			needed = needed || q.Message == nil && q.Op == connectors.Create
			if q.Lookup != nil && !q.Proof {
				given, at = append(given, q), append(at, a)
			}
		}
	}
	if !needed || proven || len(given) == 0 {
		return nil
	}
	end := at[0].End
	side, err := t.end(end, "looking up a key")
	if err != nil {
		return err
	}
	found, err := t.lookForIn(side, end, [][]byte{given[0].Lookup})
	if err != nil {
		return err
	}
	given[0].Proof = found[0].Decided && !found[0].Found
	return nil
}

// resultOf is what later actions see of an action: its id, and what was sent.
func (t *triggerRun) resultOf(a *plan.Action, q *request, id string, receipt map[string]value.Value) value.Record {
	out := make(value.Record, a.Result.Len())
	if id != "" {
		key := (*schema.Field)(nil)
		if a.Object != nil {
			key = a.Object.KeyField()
		}
		out[0] = value.Text(id)
		if key != nil {
			out[0] = idValue(key, id)
		}
	}
	for i, name := range a.Result.Names {
		if i == 0 {
			continue
		}
		if v, ok := receipt[name]; ok {
			out[i] = v
		}
		for _, w := range q.Fields {
			if w.Name == name {
				out[i] = w.After
			}
		}
	}
	return out
}

// inputs are the values that an expression read, for the ledger.
func (t *triggerRun) inputs(f *firing, reads []expr.Read) map[string]any {
	if len(reads) == 0 {
		return nil
	}
	out := make(map[string]any, len(reads))
	for _, read := range reads {
		if read.Path == "" || read.Root >= len(f.it.records) {
			continue
		}
		name, layout := t.root(read.Root)
		slot := layout.Slot(read.Path)
		if slot < 0 && read.Path == "Id" {
			slot = 0
		}
		out[name+"."+read.Path] = f.it.records[read.Root].At(slot).JSON()
	}
	return out
}

func (t *triggerRun) root(i int) (string, *value.Layout) {
	switch i {
	case plan.RootNew:
		return "new", t.p.Source
	case plan.RootOld:
		return "old", t.p.Source
	case plan.RootHistory:
		return "history", t.p.HistoryLayout
	}
	for _, f := range t.p.Finds {
		if f.Root == i {
			return f.Name, f.Layout
		}
	}
	for _, a := range t.p.Actions() {
		if a.Root == i {
			return a.Label, a.Result
		}
	}
	return "it", nil
}

// report tells of what an action is about to do.
func (t *triggerRun) report(f *firing, a *plan.Action, d *done) {
	if t.job.OnChange == nil {
		return
	}
	for _, q := range d.Requests {
		t.job.OnChange(t.change(f, a, q))
	}
}

func (t *triggerRun) change(f *firing, a *plan.Action, q *request) Change {
	out := Change{Rule: t.p.ID(), Action: actionName(a, q), Connection: q.Connection, Object: q.Object, ID: q.ID, Source: t.ref(f.Source)}
	for _, w := range q.Fields {
		out.Fields = append(out.Fields, FieldDiff{Name: w.Name, Before: w.Before.JSON(), After: w.After.JSON(), Expression: w.Text})
	}
	for _, m := range a.Set {
		if ref, ok := q.IDs[m.Field.Name]; ok {
			out.Fields = append(out.Fields, FieldDiff{Name: m.Field.Name, After: "(" + ref + ")", Expression: m.Text})
		}
	}
	return out
}

// actionName is the action as people call it.
func actionName(a *plan.Action, q *request) string {
	switch {
	case q.Message != nil:
		return a.Kind.String()
	case q.Op == connectors.Upsert:
		return "create"
	}
	return q.Op.String()
}
