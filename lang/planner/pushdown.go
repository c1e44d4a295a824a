package planner

import (
	"github.com/syncline/syncline/lang/check"
	"github.com/syncline/syncline/lang/expr"
	"github.com/syncline/syncline/lang/plan"
	"github.com/syncline/syncline/lang/query"
	"github.com/syncline/syncline/lang/schema"
	"github.com/syncline/syncline/lang/value"
)

// filter plans a condition on the records of one root; nil when there is no condition. it is the candidate's layout
// in a lookup.
func (b *lowering) filter(x *expr.Checked, root int, in check.End, it *value.Layout) *plan.Filter {
	if x == nil {
		return nil
	}
	f := &plan.Filter{Whole: x.Compile(b.slots(it))}
	b.own(f, x, root, it)
	p := &pusher{checked: x, clock: b.clock, root: root, catalog: in.Catalog, object: in.Object, caps: in.Catalog.Filter}
	var parts query.And
	for _, n := range x.Conjuncts() {
		pred, exact := p.push(n)
		if pred != nil {
			parts = append(parts, pred)
			f.PushedText = append(f.PushedText, n.String())
		}
		if !exact {
			f.LocalText = append(f.LocalText, n.String())
		}
	}
	switch len(parts) {
	case 0:
	case 1:
		f.Pushed = parts[0]
	default:
		f.Pushed = parts
	}
	f.Params = p.params
	return f
}

// own finds the part of the condition that reads the records of the root alone.
func (b *lowering) own(f *plan.Filter, x *expr.Checked, root int, it *value.Layout) {
	slots, part := b.slots(it), &expr.Node{Op: expr.OpAnd, Type: x.Root.Type, Range: x.Root.Range, Text: x.Root.Text}
	for _, n := range x.Conjuncts() {
		if !n.ReadsOther(root) {
			part.Args = append(part.Args, n)
		}
	}
	switch {
	case len(part.Args) == 0:
		return
	case len(part.Args) == len(x.Conjuncts()):
		f.Own, part = f.Whole, x.Root
	default:
		f.Own = x.CompileNode(part, slots)
	}
	for _, path := range part.Fields(root) {
		if at := slots(root, path); at >= 0 {
			f.OwnSlots = append(f.OwnSlots, at)
		}
	}
}

// pusher turns a condition into a predicate for one system.
type pusher struct {
	checked *expr.Checked
	clock   *clock
	root    int
	catalog *schema.Catalog
	object  *schema.Object
	caps    schema.FilterCaps
	params  []*expr.Program
}

// push gives a predicate that lets through every record that satisfies the condition, nil when there is none;
// exact: it lets through no other (but for letter case, where the system ignores it). Parameters of a rewrite that
// came to nothing are taken back.
func (p *pusher) push(n *expr.Node) (pred query.Pred, exact bool) {
	for _, r := range rewrites {
		mark := len(p.params)
		if pred, exact, ok := r.apply(p, n); ok {
			return pred, exact
		}
		p.params = p.params[:mark]
	}
	return nil, false
}

// field is the path of a field that the system can filter by, "" for anything else.
func (p *pusher) field(n *expr.Node) string {
	if n.Op != expr.OpField || n.Root != p.root || n.Field == nil || !n.Field.Filterable {
		return ""
	}
	if n.Path != n.Field.Name && !p.caps.Paths {
		return ""
	}
	return n.Path
}

// operand is a value that does not depend on any record: a constant, or a parameter that the run computes when it
// starts.
func (p *pusher) operand(n *expr.Node) (query.Operand, bool) {
	switch {
	case n.IsConst():
		return query.Const(n.Value), true
	case n.Op == expr.OpLocal || n.ReadsRecords() || n.Type.Dynamic:
		return query.Operand{}, false
	}
	p.params = append(p.params, p.checked.CompileNode(n, noSlots))
	return query.Operand{Param: len(p.params)}, true
}

// noSlots is for expressions that read no record.
func noSlots(int, string) int { return -1 }
