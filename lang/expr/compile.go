package expr

import (
	"time"

	"github.com/syncline/syncline/lang/value"
)

// Program is a compiled expression. It is immutable and may be shared by goroutines, each with its own Frame.
type Program struct {
	eval   evalFn
	test   testFn
	zone   *time.Location
	locals int
	root   *Node
	conds  []*Node // its ?:, for Cover
}

// evalFn gives a node's value; testFn gives it as a condition. A failure is recorded in the frame.
type (
	evalFn func(*Frame) value.Value
	testFn func(*Frame) tri
)

// Eval gives the value; an error rejects the record. A condition's unknown is false.
func (p *Program) Eval(f *Frame) (value.Value, error) {
	f.begin(p)
	v := p.eval(f)
	if f.work.err != nil {
		return value.Null, f.work.err
	}
	return v, nil
}

// Test evaluates a condition: empty and unknown are false.
func (p *Program) Test(f *Frame) (bool, error) {
	f.begin(p)
	t := p.test(f)
	if f.work.err != nil {
		return false, f.work.err
	}
	if f.Cover != nil {
		f.Cover.note(p, t == yes)
	}
	return t == yes, nil
}

// compiler turns nodes into closures.
type compiler struct {
	slots  Slots
	zone   *time.Location
	locals int
}

func compile(n *Node, slots Slots, zone *time.Location) *Program {
	if zone == nil {
		zone = time.UTC
	}
	c := &compiler{slots: slots, zone: zone}
	var conds []*Node
	n.Walk(func(m *Node) bool {
		if m.Op == OpCond {
			conds = append(conds, m)
		}
		if m.Op == OpLoop || m.Op == OpLet {
			c.locals = max(c.locals, m.Local+1)
		}
		return true
	})
	p := &Program{zone: zone, eval: c.value(n), test: c.test(n), root: n, conds: conds}
	p.locals = c.locals
	return p
}

// slot is where a field lies in its root's records, -1 for one that is not read.
func (c *compiler) slot(n *Node) int {
	if c.slots == nil {
		return -1
	}
	return c.slots(n.Root, n.Path)
}

// value compiles a node for its value.
func (c *compiler) value(n *Node) evalFn {
	if fn := c.fastValue(n); fn != nil {
		return fn
	}
	switch n.Op {
	case OpConst:
		v := n.Value
		return func(*Frame) value.Value { return v }
	case OpField:
		return c.field(n)
	case OpPresent:
		root := n.Root
		return func(f *Frame) value.Value {
			if root < len(f.Records) && f.Records[root] != nil {
				return value.Bool(true)
			}
			return value.Null
		}
	case OpLocal:
		i := n.Local
		return func(f *Frame) value.Value { return f.work.locals[i] }
	case OpNot, OpAnd, OpOr, OpEq, OpNe, OpLt, OpLe, OpGt, OpGe, OpIn:
		return asValue(c.test(n))
	case OpNeg:
		a := c.value(n.Args[0])
		return func(f *Frame) value.Value { return opNeg(f, n, a(f)) }
	case OpCond:
		return c.cond(n)
	case OpIndex:
		return c.binary(n, opIndex)
	case OpAdd:
		if n.Type.IsText() {
			return c.concat(n)
		}
		return c.binary(n, opAdd)
	case OpSub:
		return c.binary(n, opSub)
	case OpMul:
		return c.binary(n, opMul)
	case OpDiv:
		return c.binary(n, opDiv)
	case OpMod:
		return c.binary(n, opMod)
	case OpList:
		return c.list(n)
	case OpText:
		return c.text(n)
	case OpTable:
		return c.table(n)
	case OpLoop:
		return c.loop(n)
	case OpLet:
		return c.let(n)
	}
	if n.fn.Predicate {
		return asValue(c.predicate(n))
	}
	return c.call(n)
}

// asValue is the value of a condition: unknown is false.
func asValue(t testFn) evalFn {
	return func(f *Frame) value.Value { return value.Bool(t(f) == yes) }
}

func (c *compiler) field(n *Node) evalFn {
	root, slot := n.Root, c.slot(n)
	if slot < 0 {
		return func(*Frame) value.Value { return value.Null }
	}
	read := func(f *Frame) value.Value {
		if root < len(f.Records) {
			if r := f.Records[root]; slot < len(r) {
				return r[slot]
			}
		}
		return value.Null
	}
	if !n.Type.is(value.KindInt) {
		return read
	}
	// A system may give 7 as 7.0 for a field that it says is an integer; functions count on the kind.
	return func(f *Frame) value.Value {
		v := read(f)
		if v.Kind() == value.KindFloat {
			if i, ok := whole(v); ok {
				return value.Int(i)
			}
			return f.fail(n, "the field holds whole numbers, the value is %s", v)
		}
		return v
	}
}

func (c *compiler) binary(n *Node, op func(*Frame, *Node, value.Value, value.Value) value.Value) evalFn {
	a, b := c.operand(n.Args[0]), c.operand(n.Args[1])
	return func(f *Frame) value.Value {
		x := a.of(f)
		return op(f, n, x, b.of(f))
	}
}

func (c *compiler) cond(n *Node) evalFn {
	test, then, other := c.test(n.Args[0]), c.value(n.Args[1]), c.value(n.Args[2])
	return func(f *Frame) value.Value {
		t := test(f)
		if f.work.err != nil {
			return value.Null
		}
		if f.Cover != nil {
			f.Cover.note(n, t == yes)
		}
		if t == yes {
			return then(f)
		}
		return other(f)
	}
}

// test compiles a node as a condition.
func (c *compiler) test(n *Node) testFn {
	if fn := c.fastTest(n); fn != nil {
		return fn
	}
	switch n.Op {
	case OpNot:
		a := c.test(n.Args[0])
		return func(f *Frame) tri {
			switch a(f) {
			case yes:
				return no
			case no:
				return yes
			}
			return unknown
		}
	case OpAnd:
		return c.logical(n.Args, no)
	case OpOr:
		return c.logical(n.Args, yes)
	case OpEq:
		a, b := c.operand(n.Args[0]), c.operand(n.Args[1])
		return func(f *Frame) tri {
			x := a.of(f)
			return triOf(value.Equal(x, b.of(f)))
		}
	case OpNe:
		a, b := c.operand(n.Args[0]), c.operand(n.Args[1])
		return func(f *Frame) tri {
			x := a.of(f)
			return triOf(!value.Equal(x, b.of(f)))
		}
	case OpLt, OpLe, OpGt, OpGe:
		a, b := c.value(n.Args[0]), c.value(n.Args[1])
		return func(f *Frame) tri {
			x := a(f)
			return opOrder(f, n, x, b(f))
		}
	case OpIn:
		a, b := c.value(n.Args[0]), c.value(n.Args[1])
		return func(f *Frame) tri {
			x := a(f)
			return opIn(f, n, x, b(f))
		}
	case OpCond:
		cond, then, other := c.test(n.Args[0]), c.conditionOf(n.Args[1]), c.conditionOf(n.Args[2])
		return func(f *Frame) tri {
			t := cond(f)
			if f.work.err != nil {
				return unknown
			}
			if f.Cover != nil {
				f.Cover.note(n, t == yes)
			}
			if t == yes {
				return then(f)
			}
			return other(f)
		}
	case OpLoop:
		if n.Name == "exists" || n.Name == "all" || n.Name == "exists_one" {
			return c.loopTest(n)
		}
	case OpCall:
		if n.fn.Predicate {
			return c.predicate(n)
		}
	}
	a := c.value(n)
	return func(f *Frame) tri { return f.truth(n, a(f)) }
}

// conditionOf is a value that becomes a condition later on its way: a branch of ?:. As a value its unknown is
// false already; only an empty one stays unknown.
func (c *compiler) conditionOf(n *Node) testFn {
	a := c.value(n)
	return func(f *Frame) tri { return f.truth(n, a(f)) }
}

// logical is && (decisive no) and || (decisive yes): a decisive operand decides, also over an error or an
// unknown on the other side.
func (c *compiler) logical(args []*Node, decisive tri) testFn {
	tests := make([]testFn, len(args))
	for i, a := range args {
		tests[i] = c.test(a)
	}
	if len(tests) == 2 {
		return logical2(tests[0], tests[1], decisive)
	}
	return func(f *Frame) tri {
		result := yes - decisive
		outer := f.work.err
		var failed error
		for _, t := range tests {
			r := t(f)
			if f.work.halted {
				return unknown
			}
			if f.work.err != outer {
				failed = firstError(failed, f.work.err)
				f.work.err = outer
				continue
			}
			if r == decisive {
				return decisive
			}
			if r == unknown {
				result = unknown
			}
		}
		if failed != nil {
			f.work.err = failed
			return unknown
		}
		return result
	}
}

func logical2(a, b testFn, decisive tri) testFn {
	return func(f *Frame) tri {
		outer := f.work.err
		x := a(f)
		if f.work.halted {
			return unknown
		}
		if f.work.err != outer {
			failed := f.work.err
			f.work.err = outer
			if y := b(f); y == decisive && f.work.err == outer {
				return decisive
			}
			if !f.work.halted {
				f.work.err = failed
			}
			return unknown
		}
		if x == decisive {
			return decisive
		}
		y := b(f)
		if y == decisive || x != unknown {
			return y
		}
		return unknown
	}
}

func firstError(a, b error) error {
	if a != nil {
		return a
	}
	return b
}
