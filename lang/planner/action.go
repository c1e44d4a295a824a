package planner

import (
	"slices"

	"github.com/syncline/syncline/lang/check"
	"github.com/syncline/syncline/lang/expr"
	"github.com/syncline/syncline/lang/plan"
	"github.com/syncline/syncline/lang/value"
)

var actionKinds = map[string]plan.ActionKind{"update": plan.ActionUpdate, "create": plan.ActionCreate, "upsert": plan.ActionUpsert,
	"delete": plan.ActionDelete, "send": plan.ActionSend, "call": plan.ActionCall}

func (b *triggerBuilder) action(a *check.Action) *plan.Action {
	d := a.Decl
	out := &plan.Action{Label: d.Name, Kind: actionKinds[d.Kind], Root: a.Root, Set: b.mappings(a.Set), Range: d.Range}
	if a.To.Ref.Connection != nil {
		out.End = end(a.To)
	}
	switch {
	case a.New:
		out.Ref.New = true
	case a.Find != nil:
		out.Ref.Find = b.finds[a.Find]
	case a.Of != nil:
		out.Ref.Action = b.actions[a.Of]
	}
	if a.If != nil {
		out.If, out.IfText = a.If.Compile(b.slots(nil)), check.Written(a.If)
	}
	if a.KeyField != nil {
		out.Key = &plan.ActionKey{Field: a.KeyField}
		if a.KeyValue != nil {
			out.Key.Value, out.Key.Text = a.KeyValue.Compile(b.slots(nil)), check.Written(a.KeyValue)
		}
	}
	if a.Apply != nil {
		out.Apply = b.apply(a)
	}
	if d.Via != nil {
		out.Via, out.Args = d.Via.Name, b.arguments(a.Args)
	}
	if a.Root >= 0 {
		out.Result = b.layouts[a.Root]
	} else if d.Declares() {
		out.Result = value.NewLayout(resultID(a))
	}
	for i, m := range a.Set {
		if from := a.IDOf(b.in, m.Value); from != nil {
			out.IDs = append(out.IDs, plan.ResultID{Set: i, Action: b.actions[from]})
		}
	}
	for _, x := range a.Expressions() {
		for _, r := range x.Reads {
			if !slices.Contains(out.Reads, r) {
				out.Reads = append(out.Reads, r)
			}
		}
	}
	return out
}

// resultID is what the id of a result is called in its layout.
func resultID(a *check.Action) string {
	if a.To.Object != nil && a.To.Object.Key != "" {
		return a.To.Object.Key
	}
	return "Id"
}

func (b *triggerBuilder) apply(a *check.Action) *plan.Apply {
	out := &plan.Apply{Sync: b.set.Sync(a.Apply.Decl.Name)}
	for _, name := range out.Sync.Source.Names {
		out.Source = append(out.Source, b.out.Source.Slot(name))
	}
	target := b.out.Source
	if a.Find != nil {
		target = b.finds[a.Find].Layout
	}
	for _, name := range out.Sync.Target.Names {
		out.Target = append(out.Target, target.Slot(name))
	}
	return out
}

func (b *lowering) arguments(args []*check.Argument) (out []plan.Argument) {
	for _, a := range args {
		arg := plan.Argument{Name: a.Decl.Name, Form: a.Form, Range: a.Decl.Range}
		for _, v := range a.Values {
			arg.Values = append(arg.Values, plan.ArgumentValue{Name: v.Name, Value: v.Value.Compile(b.slots(nil)), Text: check.Written(v.Value)})
		}
		out = append(out, arg)
	}
	return out
}

// layout decides which fields of each record are read: the key, the modified field, what expressions, keys and
// comparisons need, and what is written, for its value before is kept.
func (b *triggerBuilder) layout() {
	t := b.in
	b.results = plan.RootTriggerFinds + len(t.Finds)
	b.it = b.results
	for _, a := range t.Actions {
		b.it = max(b.it, a.Root+1)
	}
	roots := make([]*fieldSet, b.it)
	source := startWith(t.On.Object)
	roots[plan.RootNew], roots[plan.RootOld], roots[plan.RootHistory] = source, source, &fieldSet{historyPaths(t)}
	for i, f := range t.Finds {
		roots[plan.RootTriggerFinds+i] = startWith(f.In.Object)
	}
	for _, a := range t.Actions {
		if a.Root >= 0 {
			roots[a.Root] = &fieldSet{[]string{resultID(a)}}
		}
	}
	read := func(x *expr.Checked, it *fieldSet) {
		if x == nil {
			return
		}
		for _, r := range x.Reads {
			switch {
			case r.Root >= b.it && it != nil:
				it.add(r.Path)
			case r.Root >= b.it || r.Root >= b.results && r.Path == "Id":
			default:
				roots[r.Root].add(r.Path)
			}
		}
	}
	for _, x := range []*expr.Checked{t.Where, t.When, t.Rearm} {
		read(x, nil)
	}
	for _, s := range t.Schedules {
		read(s.Where, nil)
	}
	for i, f := range t.Finds {
		it := roots[plan.RootTriggerFinds+i]
		for _, a := range f.By {
			for _, k := range a.Keys {
				it.add(k.Field.Name)
			}
		}
		f.Each(func(x *expr.Checked) { read(x, it) })
	}
	for _, a := range t.Actions {
		for _, x := range a.Expressions() {
			read(x, nil)
		}
		b.written(a, roots)
	}
	b.layouts = make([]*value.Layout, len(roots))
	for i, r := range roots {
		if i != plan.RootOld {
			b.layouts[i] = value.NewLayout(r.names...)
		}
	}
	b.layouts[plan.RootOld] = b.layouts[plan.RootNew]
	b.out.Source = b.layouts[plan.RootNew]
	b.stored()
}

// written adds the fields that an action writes to the record that it acts on, and what an applied sync reads of both.
func (b *triggerBuilder) written(a *check.Action, roots []*fieldSet) {
	var on *fieldSet
	switch {
	case a.New:
		on = roots[plan.RootNew]
	case a.Find != nil:
		on = roots[a.Find.Root]
	default:
		return
	}
	for _, m := range a.Set {
		on.add(m.Field.Name)
	}
	if a.Apply == nil {
		return
	}
	s := b.set.Sync(a.Apply.Decl.Name)
	for _, name := range s.Source.Names {
		roots[plan.RootNew].add(name)
	}
	for _, name := range s.Target.Names {
		on.add(name)
	}
}

// stored are the slots that state keeps of each record.
func (b *triggerBuilder) stored() {
	t := b.in
	keep := map[int]bool{}
	note := func(x *expr.Checked, root int) {
		if x == nil {
			return
		}
		for _, r := range x.Reads {
			if slot := b.out.Source.Slot(r.Path); r.Root == root && slot >= 0 {
				keep[slot] = true
			}
		}
	}
	for _, x := range []*expr.Checked{t.Where, t.When, t.Rearm} {
		note(x, plan.RootNew)
	}
	for _, s := range t.Schedules {
		note(s.Where, plan.RootNew)
	}
	for _, x := range t.Expressions() {
		note(x, plan.RootOld)
	}
	for slot := range b.out.Source.Len() {
		if keep[slot] {
			b.out.Stored = append(b.out.Stored, slot)
		}
	}
}
