package planner

import (
	"slices"

	"github.com/syncline/syncline/lang/check"
	"github.com/syncline/syncline/lang/expr"
	"github.com/syncline/syncline/lang/plan"
	"github.com/syncline/syncline/lang/schema"
	"github.com/syncline/syncline/lang/value"
)

// fieldSet collects field paths in order of first mention.
type fieldSet struct{ names []string }

func (s *fieldSet) add(name string) {
	if name != "" && !slices.Contains(s.names, name) {
		s.names = append(s.names, name)
	}
}

// startWith puts the key first and the modified field, where there are such, second.
func startWith(o *schema.Object) *fieldSet {
	s := &fieldSet{}
	if o != nil {
		s.add(o.Key)
		s.add(o.Modified)
	}
	return s
}

// layout decides which fields of each record are read: the key, the modified field, and what expressions, keys and
// comparisons need.
func (b *builder) layout() {
	s := b.in
	roots := make([]*fieldSet, plan.RootFinds+len(s.Finds))
	roots[plan.RootSource] = startWith(s.From.Object)
	roots[plan.RootTarget] = startWith(s.To.Object)
	for i, f := range s.Finds {
		roots[plan.RootFinds+i] = startWith(f.In.Object)
	}
	read := func(x *expr.Checked, it *fieldSet) {
		if x == nil {
			return
		}
		for _, r := range x.Reads {
			switch {
			case r.Root < len(roots):
				roots[r.Root].add(r.Path)
			case it != nil:
				it.add(r.Path)
			}
		}
	}
	read(s.Where, nil)
	if s.Rollout != nil {
		read(s.Rollout.Where, nil)
		read(s.Rollout.By, nil)
	}
	for _, sch := range s.Schedules {
		read(sch.Where, nil)
	}
	lookup := func(l *check.Lookup, it *fieldSet) {
		for _, a := range l.By {
			for _, k := range a.Keys {
				it.add(k.Field.Name)
				read(k.Value, nil)
			}
		}
		read(l.Where, it)
		read(l.OrderBy, it)
	}
	for i, f := range s.Finds {
		lookup(&f.Lookup, roots[plan.RootFinds+i])
	}
	if s.Match != nil {
		lookup(s.Match, roots[plan.RootTarget])
	}
	for _, list := range [][]*check.Mapping{s.Map, s.OnLeave, s.OnDelete} {
		for _, m := range list {
			roots[plan.RootTarget].add(m.Field.Name)
			read(m.Value, nil)
		}
	}
	for _, r := range roots {
		b.layouts = append(b.layouts, value.NewLayout(r.names...))
	}
	b.out.Source, b.out.Target = b.layouts[plan.RootSource], b.layouts[plan.RootTarget]
}
