package check

import (
	"github.com/syncline/syncline/lang/expr"
	"github.com/syncline/syncline/lang/value"
)

// demands lists, by field of a root, the texts or booleans that a condition allows: of `F == 'A' && G in ['x', 'y']`
// F: A, G: x, y. Fields that it does not restrict to a finite set are left out.
func demands(n *expr.Node, root int) map[string][]value.Value {
	out := map[string][]value.Value{}
	for _, part := range n.Conjuncts() {
		path, values := demand(part, root)
		if path == "" {
			continue
		}
		if _, again := out[path]; !again {
			out[path] = values
		}
	}
	return out
}

func demand(n *expr.Node, root int) (path string, values []value.Value) {
	field := func(m *expr.Node) bool { return m.Op == expr.OpField && m.Root == root }
	switch n.Op {
	case expr.OpField:
		if field(n) && n.Type.Kind == value.KindBool && !n.Type.Dynamic {
			return n.Path, []value.Value{value.Bool(true)}
		}
	case expr.OpNot:
		if a := n.Args[0]; field(a) {
			return a.Path, []value.Value{value.Bool(false)}
		}
	case expr.OpEq:
		for i, a := range n.Args {
			if b := n.Args[1-i]; field(a) && b.IsConst() {
				return a.Path, []value.Value{b.Value}
			}
		}
	case expr.OpIn:
		a, b := n.Args[0], n.Args[1]
		if !field(a) {
			return "", nil
		}
		if b.IsConst() && b.Value.Kind() == value.KindList {
			return a.Path, b.Value.AsList()
		}
		if b.Op == expr.OpList {
			for _, item := range b.Args {
				if !item.IsConst() {
					return "", nil
				}
				values = append(values, item.Value)
			}
			return a.Path, values
		}
	}
	return "", nil
}

// apart tells whether some field is allowed only values that the other side does not allow.
func apart(a, b map[string][]value.Value) bool {
	for path, x := range a {
		if y, ok := b[path]; ok && !intersect(x, y) {
			return true
		}
	}
	return false
}

func intersect(a, b []value.Value) bool {
	for _, x := range a {
		for _, y := range b {
			if value.Equal(x, y) {
				return true
			}
		}
	}
	return false
}
