package expr

import (
	"maps"
	"slices"
	"strings"

	"github.com/syncline/syncline/lang/value"
)

func (c *compiler) list(n *Node) evalFn {
	items := c.all(n.Args)
	return func(f *Frame) value.Value {
		out := make([]value.Value, len(items))
		for i, item := range items {
			out[i] = item(f)
		}
		return value.List(out)
	}
}

func (c *compiler) all(nodes []*Node) []evalFn {
	out := make([]evalFn, len(nodes))
	for i, n := range nodes {
		out[i] = c.value(n)
	}
	return out
}

func (c *compiler) table(n *Node) evalFn {
	key := c.operand(n.Args[0])
	rows := newTableRows(n.Table)
	t := n.Table
	return func(f *Frame) value.Value {
		k := key.of(f)
		if k.IsNull() {
			return value.Null
		}
		s := k.AsText()
		if k.Kind() != value.KindText {
			s = k.String()
		}
		if t.IgnoreCase {
			s = strings.ToLower(s)
		}
		if v, ok := rows.find(s); ok {
			return v
		}
		if t.Default != nil {
			return *t.Default
		}
		return f.fail(n, "table %s has no row for %q and no default", t.Name, clip(s))
	}
}

// tableRows finds the row of a key: among few by trying them all, which takes less than a hash.
type tableRows struct {
	index  map[string]value.Value // nil: few
	keys   []string
	values []value.Value
}

func newTableRows(t *Table) *tableRows {
	index := tableIndex(t)
	const few = 6
	if len(index) > few {
		return &tableRows{index: index}
	}
	rows := &tableRows{keys: slices.Sorted(maps.Keys(index))}
	for _, k := range rows.keys {
		rows.values = append(rows.values, index[k])
	}
	return rows
}

func (t *tableRows) find(key string) (value.Value, bool) {
	if t.index != nil {
		v, ok := t.index[key]
		return v, ok
	}
	for i, k := range t.keys {
		if k == key {
			return t.values[i], true
		}
	}
	return value.Null, false
}

func (c *compiler) let(n *Node) evalFn {
	bound, body, i := c.value(n.Args[0]), c.value(n.Args[1]), n.Local
	return func(f *Frame) value.Value {
		v := bound(f)
		f.work.locals[i] = v
		return body(f)
	}
}

// call compiles a function of the library.
func (c *compiler) call(n *Node) evalFn {
	if n.fn.Name == "coalesce" {
		return c.coalesce(n)
	}
	o := n.overload
	if o == nil {
		return c.lateCall(n, c.all(n.Args))
	}
	switch {
	case o.zero != nil:
		fn := o.zero
		return func(f *Frame) value.Value { return fn(f, n) }
	case o.one != nil:
		fn, a := o.one, c.operand(n.Args[0])
		return func(f *Frame) value.Value {
			x := a.of(f)
			if x.IsNull() {
				return value.Null
			}
			return fn(f, n, x)
		}
	case o.two != nil:
		fn, a, b := o.two, c.operand(n.Args[0]), c.operand(n.Args[1])
		return func(f *Frame) value.Value {
			x := a.of(f)
			y := b.of(f)
			if x.IsNull() || y.IsNull() {
				return value.Null
			}
			return fn(f, n, x, y)
		}
	}
	args := c.all(n.Args)
	return func(f *Frame) value.Value {
		mark := len(f.work.stack)
		v := value.Null
		if f.push(args) {
			v = o.many(f, n, f.work.stack[mark:])
		}
		f.work.stack = f.work.stack[:mark]
		return v
	}
}

// push evaluates arguments onto the stack; false when one is empty.
func (f *Frame) push(args []evalFn) bool {
	full := true
	for _, a := range args {
		v := a(f)
		full = full && !v.IsNull()
		f.work.stack = append(f.work.stack, v)
	}
	return full
}

// lateCall chooses the overload by the arguments' kinds as they come.
func (c *compiler) lateCall(n *Node, args []evalFn) evalFn {
	return func(f *Frame) value.Value {
		mark := len(f.work.stack)
		v := value.Null
		if f.push(args) {
			v = dispatch(f, n, f.work.stack[mark:])
		}
		f.work.stack = f.work.stack[:mark]
		return v
	}
}

// dispatch runs the overload that takes the values.
func dispatch(f *Frame, n *Node, args []value.Value) value.Value {
	for _, o := range n.fn.overloads {
		if !o.takesValues(args) {
			continue
		}
		switch {
		case o.zero != nil:
			return o.zero(f, n)
		case o.one != nil:
			return o.one(f, n, args[0])
		case o.two != nil:
			return o.two(f, n, args[0], args[1])
		}
		return o.many(f, n, args)
	}
	kinds := make([]string, len(args))
	for i, a := range args {
		kinds[i] = a.Kind().String()
	}
	return f.fail(n, "%s does not take (%s)", n.fn.Name, strings.Join(kinds, ", "))
}

// predicate compiles a test: over an empty operand it is unknown.
func (c *compiler) predicate(n *Node) testFn {
	call := c.call(n)
	return func(f *Frame) tri {
		v := call(f)
		if v.IsNull() {
			return unknown
		}
		return triOf(v.AsBool())
	}
}

func (c *compiler) coalesce(n *Node) evalFn {
	args := c.all(n.Args)
	return func(f *Frame) value.Value {
		for _, a := range args {
			if v := a(f); !v.IsNull() {
				return v
			}
		}
		return value.Null
	}
}
