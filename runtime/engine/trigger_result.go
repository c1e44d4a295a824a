package engine

import (
	"github.com/syncline/syncline/connectors"
	"github.com/syncline/syncline/lang/expr"
	"github.com/syncline/syncline/lang/plan"
	"github.com/syncline/syncline/lang/schema"
	"github.com/syncline/syncline/lang/value"
)

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
