package expr

import (
	"math"
	"strings"

	"github.com/syncline/syncline/lang/value"
)

// Closures for the shapes that mappings are made of: a field against a constant, a choice among texts, a function of
// a table's row. Each gives what the general closure gives; the differential test runs over both.

// operand is an argument of a closure. One that is a bare field is read in place, without a call.
type operand struct {
	eval  evalFn
	root  int
	slot  int  // noSlot: it is no bare field
	whole bool // read in place only as a whole number; see compiler.field
}

const noSlot = math.MaxInt

func (c *compiler) operand(n *Node) operand {
	o := operand{eval: c.value(n), slot: noSlot}
	if n.Op != OpField {
		return o
	}
	if slot := c.slot(n); slot >= 0 {
		o.root, o.slot, o.whole = n.Root, slot, n.Type.is(value.KindInt)
	}
	return o
}

// of gives the operand's value.
func (o *operand) of(f *Frame) value.Value {
	if o.root < len(f.Records) {
		if r := f.Records[o.root]; o.slot < len(r) && (!o.whole || r[o.slot].Kind() == value.KindInt) {
			return r[o.slot]
		}
	}
	return o.eval(f)
}

// fastValue gives a special closure, nil when the node has no special shape.
func (c *compiler) fastValue(n *Node) evalFn {
	switch n.Op {
	case OpCall:
		if fn := c.overTable(n); fn != nil {
			return fn
		}
		if n.fn.Name == "round" {
			return c.round(n)
		}
	case OpIndex:
		return c.splitItem(n)
	case OpDiv, OpMul, OpSub, OpAdd:
		if isFloatish(n.Args[0]) && isFloatish(n.Args[1]) {
			return c.floatArithmetic(n)
		}
	}
	return nil
}

// isFloatish tells that a node gives a number which is not known to be whole, or null.
func isFloatish(n *Node) bool { return n.Type.is(value.KindFloat) }

func (c *compiler) floatArithmetic(n *Node) evalFn {
	a, b := c.operand(n.Args[0]), c.operand(n.Args[1])
	general := map[Op]func(*Frame, *Node, value.Value, value.Value) value.Value{OpAdd: opAdd, OpSub: opSub, OpMul: opMul, OpDiv: opDiv}[n.Op]
	op := n.Op
	return func(f *Frame) value.Value {
		x := a.of(f)
		y := b.of(f)
		if x.Kind() != value.KindFloat || y.Kind() != value.KindFloat {
			return general(f, n, x, y)
		}
		switch p, q := x.AsFloat(), y.AsFloat(); op {
		case OpAdd:
			return f.real(n, p+q)
		case OpSub:
			return f.real(n, p-q)
		case OpMul:
			return f.real(n, p*q)
		}
		return opDiv(f, n, x, y)
	}
}

// round is `round(e)` or, with constant digits, `round(e, 2)`.
func (c *compiler) round(n *Node) evalFn {
	if n.overload == nil {
		return nil
	}
	digits := int64(0)
	if len(n.Args) == 2 {
		at := n.Args[1]
		var ok bool
		if digits, ok = whole(at.Value); at.Op != OpConst || !ok || digits < -maxDigits || digits > maxDigits {
			return nil
		}
	}
	a := c.operand(n.Args[0])
	return func(f *Frame) value.Value {
		v := a.of(f)
		if v.IsNull() {
			return value.Null
		}
		return roundTo(v, int(digits))
	}
}

// splitItem is one part of a text, `e.split(';')[0]`, without a list of all.
func (c *compiler) splitItem(n *Node) evalFn {
	call, at := n.Args[0], n.Args[1]
	if call.Op != OpCall || call.fn.Name != "split" || call.overload == nil || len(call.Args) != 2 || call.Args[1].Op != OpConst || at.Op != OpConst {
		return nil
	}
	index, ok := whole(at.Value)
	sep := call.Args[1].Value.AsText()
	if !ok || index < 0 || sep == "" {
		return nil
	}
	text := c.operand(call.Args[0])
	return func(f *Frame) value.Value {
		v := text.of(f)
		if v.IsNull() {
			return value.Null
		}
		s := v.AsText()
		for passed := range index {
			i := strings.Index(s, sep)
			if i < 0 {
				return f.fail(n, noItem, index, passed+1)
			}
			s = s[i+len(sep):]
		}
		s, _, _ = strings.Cut(s, sep)
		return value.Text(s)
	}
}

// overTable computes a function of a table's row beforehand: upper(table.t(x)) becomes one look-up.
func (c *compiler) overTable(n *Node) evalFn {
	if len(n.Args) == 0 || n.Args[0].Op != OpTable || n.fn.Clock || n.fn.Lenient || n.fn.Predicate || n.overload == nil {
		return nil
	}
	for _, a := range n.Args[1:] {
		if a.Op != OpConst {
			return nil
		}
	}
	apply := func(v value.Value) (value.Value, bool) {
		m := *n
		m.Args = append([]*Node{constant(v)}, n.Args[1:]...)
		f := &Frame{}
		f.begin(&Program{zone: c.zone})
		out := c.call(&m)(f)
		return out, f.work.err == nil
	}
	t := *n.Args[0].Table
	t.Rows = make(map[string]value.Value, len(n.Args[0].Table.Rows))
	for k, v := range n.Args[0].Table.Rows {
		out, ok := apply(v)
		if !ok {
			return nil
		}
		t.Rows[k] = out
	}
	if t.Default != nil {
		out, ok := apply(*t.Default)
		if !ok {
			return nil
		}
		t.Default = &out
	}
	m := *n.Args[0]
	m.Table = &t
	return c.table(&m)
}

// fastTest gives a special closure for a condition, nil when the node has no special shape.
func (c *compiler) fastTest(n *Node) testFn {
	switch n.Op {
	case OpEq, OpNe:
		e, v, ok := constSide(n)
		if !ok {
			return nil
		}
		switch v.Kind() {
		case value.KindNull:
			return c.nullTest(e, n.Op == OpNe)
		case value.KindText:
			return c.textTest(e, v.AsText(), n.Op == OpNe)
		}
	case OpLt, OpLe, OpGt, OpGe:
		if b := n.Args[1]; b.Op == OpConst && b.Value.IsNumber() && n.Args[0].Type.IsNumber() {
			return c.numberTest(n, b.Value)
		}
	case OpIn:
		return c.choiceTest(n)
	}
	return nil
}

func (c *compiler) nullTest(e *Node, not bool) testFn {
	a := c.operand(e)
	return func(f *Frame) tri {
		v := a.of(f)
		return triOf(v.IsNull() != not)
	}
}

func (c *compiler) textTest(e *Node, text string, not bool) testFn {
	a := c.operand(e)
	return func(f *Frame) tri {
		v := a.of(f)
		return triOf((v.Kind() == value.KindText && v.AsText() == text) != not)
	}
}

func (c *compiler) numberTest(n *Node, limit value.Value) testFn {
	a := c.operand(n.Args[0])
	op, bound := n.Op, limit.AsFloat()
	exact := limit.Kind() == value.KindFloat || value.Equal(value.Float(bound), limit)
	return func(f *Frame) tri {
		v := a.of(f)
		switch {
		case v.Kind() == value.KindFloat && exact:
			return triOf(ordered(op, v.AsFloat(), bound))
		case v.Kind() == value.KindInt && limit.Kind() == value.KindInt:
			return triOf(ordered(op, v.AsInt(), limit.AsInt()))
		}
		return opOrder(f, n, v, limit)
	}
}

// ordered tells whether an ordering holds of two numbers.
func ordered[T int64 | float64](op Op, x, y T) bool {
	switch op {
	case OpLt:
		return x < y
	case OpLe:
		return x <= y
	case OpGt:
		return x > y
	}
	return x >= y
}

// choiceTest is `e in ['a', 'b']`.
func (c *compiler) choiceTest(n *Node) testFn {
	list := n.Args[1]
	if list.Op != OpConst || list.Value.Kind() != value.KindList {
		return nil
	}
	var texts []string
	for _, item := range list.Value.AsList() {
		if item.Kind() != value.KindText {
			return nil
		}
		texts = append(texts, item.AsText())
	}
	a := c.operand(n.Args[0])
	const few = 6
	if len(texts) > few {
		set := make(map[string]bool, len(texts))
		for _, s := range texts {
			set[s] = true
		}
		return func(f *Frame) tri {
			v := a.of(f)
			return triOf(v.Kind() == value.KindText && set[v.AsText()])
		}
	}
	return func(f *Frame) tri {
		v := a.of(f)
		if v.Kind() != value.KindText {
			return no
		}
		s := v.AsText()
		for _, t := range texts {
			if s == t {
				return yes
			}
		}
		return no
	}
}
