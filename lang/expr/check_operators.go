package expr

import (
	"slices"

	"cel.dev/cel-go/common/ast"

	"github.com/syncline/syncline/lang/value"
)

// operator checks an operator with its operands.
func (c *checker) operator(e ast.Expr, op Op, args []ast.Expr) *Node {
	switch op {
	case OpAnd, OpOr:
		return c.logical(op, args)
	case OpCond:
		return c.conditional(e, args)
	case OpNot:
		n := &Node{Op: op, Args: c.values(args), Type: kindType(value.KindBool)}
		c.needBool(n, 0)
		n.Type.Unknown = canBeUnknown(n.Args[0])
		return n
	case OpEq, OpNe:
		return c.equality(op, args)
	case OpIndex:
		if _, isName := literalText(args[1]); isName {
			return c.name(e)
		}
		return c.index(args)
	}
	n := &Node{Op: op, Args: c.values(args)}
	c.locate(n, e)
	switch op {
	case OpIn:
		c.membership(n)
	case OpLt, OpLe, OpGt, OpGe:
		c.ordering(n)
	case OpNeg:
		c.negation(n)
	default:
		c.arithmetic(n)
	}
	return n
}

// canBeUnknown tells whether a condition can be neither true nor false.
func canBeUnknown(n *Node) bool { return n.Type.Unknown || n.Type.Nullable || n.Type.Dynamic }

func (c *checker) needBool(n *Node, i int) {
	if t := n.Args[i].Type; !t.Dynamic && t.Kind != value.KindBool && t.Kind != value.KindNull {
		c.report(errNotCondition(n.Args[i].Range, n.Args[i]))
		n.Args[i] = c.wrong()
	}
}

// logical checks a && b or a || b. The second side is only looked at where the first leaves it open, so what
// the first tells holds there.
func (c *checker) logical(op Op, args []ast.Expr) *Node {
	n := &Node{Op: op, Type: kindType(value.KindBool)}
	mark := len(c.facts)
	for i, e := range args {
		a := c.value(e)
		n.Args = append(n.Args, a)
		c.needBool(n, i)
		n.Type.Unknown = n.Type.Unknown || canBeUnknown(a)
		if op == OpAnd {
			c.facts = append(c.facts, trueFacts(n.Args[i])...)
		} else {
			c.facts = append(c.facts, falseFacts(n.Args[i], false)...)
		}
	}
	c.facts = c.facts[:mark]
	return n
}

func (c *checker) conditional(e ast.Expr, args []ast.Expr) *Node {
	n := &Node{Op: OpCond, Args: make([]*Node, 3)}
	c.locate(n, e)
	n.Args[0] = c.value(args[0])
	c.needBool(n, 0)
	cond := n.Args[0]
	mark := len(c.facts)
	c.facts = append(c.facts, trueFacts(cond)...)
	n.Args[1] = c.value(args[1])
	c.facts = append(c.facts[:mark], falseFacts(cond, false)...)
	n.Args[2] = c.value(args[2])
	c.facts = c.facts[:mark]
	t, ok := join(n.Args[1].Type, n.Args[2].Type)
	if !ok {
		c.report(errBranchesDiffer(n.Args[1], n.Args[2]))
		return c.wrong()
	}
	n.Type = t
	if other := n.Args[2]; canBeUnknown(cond) && !(other.Op == OpConst && other.Value.IsNull()) {
		if empty := whatIsEmpty(cond); empty != nil {
			c.report(warnEmptyDecides(n, empty))
		}
	}
	return n
}

// whatIsEmpty finds the operand that makes a condition unknown when it is empty.
func whatIsEmpty(n *Node) *Node {
	var found *Node
	n.Walk(func(m *Node) bool {
		switch {
		case found != nil:
			return false
		case m.Op == OpEq || m.Op == OpNe || m.Op == OpIn || m.Op == OpCond:
			return false
		case m.Op == OpField && m.Type.Nullable && !m.Type.Dynamic:
			found = m
		}
		return found == nil
	})
	return found
}

func (c *checker) equality(op Op, args []ast.Expr) *Node {
	n := &Node{Op: op, Args: []*Node{c.expr(args[0]), c.expr(args[1])}, Type: kindType(value.KindBool)}
	for i, a := range n.Args {
		other := n.Args[1-i]
		if a.Op == OpPresent && !(other.Op == OpConst && other.Type.Kind == value.KindNull && !other.Type.Dynamic) {
			n.Args[i] = c.recordAsValue(a)
		}
	}
	a, b := n.Args[0], n.Args[1]
	if !comparable(a.Type, b.Type) {
		c.report(errCannotCompare(n, c.place(c.whole2(args))))
		return c.wrong()
	}
	c.equalityHints(n, args)
	return n
}

// whole2 is the range from the first to the last of two operands.
func (c *checker) whole2(args []ast.Expr) (start, end int) {
	start, _ = c.p.extent(args[0])
	_, end = c.p.extent(args[1])
	return start, end
}

// comparable tells whether values of the types can be equal.
func comparable(a, b Type) bool {
	switch {
	case a.Dynamic || b.Dynamic || a.Kind == value.KindNull || b.Kind == value.KindNull:
		return true
	case a.IsNumber() && b.IsNumber():
		return true
	case a.Kind == value.KindList && b.Kind == value.KindList:
		return comparable(a.Elem(), b.Elem())
	}
	return a.Kind == b.Kind
}

// equalityHints reports comparisons that are legal and yet never, or not, what was meant.
func (c *checker) equalityHints(n *Node, args []ast.Expr) {
	place := c.place(c.whole2(args))
	for i, a := range n.Args {
		b := n.Args[1-i]
		if b.Op != OpConst || a.Op == OpConst || b.Type.Dynamic {
			continue
		}
		switch v := b.Value; {
		case v.IsNull():
			if a.Op == OpPresent && !c.scope.Roots[a.Root].Optional || a.Op != OpPresent && !a.Type.Dynamic && !a.Type.Nullable && len(c.facts) == 0 {
				c.report(warnNeverEmpty(place, a, n.Op == OpEq))
			}
		case v.Kind() == value.KindText && v.AsText() == "" && a.Op == OpField:
			c.report(warnEmptyText(place, a, n.Op))
		case v.Kind() == value.KindText:
			c.inDomain(a, b)
		case v.Kind() == value.KindBool && n.Op == OpNe && a.Op == OpField && a.Type.Nullable && !a.Type.Dynamic:
			c.report(warnFlagTest(place, a, v.AsBool()))
		}
	}
}

// inDomain reports a text that the picklist it is compared with does not have.
func (c *checker) inDomain(e, lit *Node) {
	texts := e.Type.Texts
	if e.Op == OpField && e.Field != nil {
		texts = choices(e.Field)
	}
	if s := lit.Value.AsText(); len(texts) > 0 && !slices.Contains(texts, s) {
		c.report(errNotInDomain(lit, e, s, texts))
	}
}

func (c *checker) membership(n *Node) {
	a, list := n.Args[0], n.Args[1]
	n.Type = kindType(value.KindBool)
	n.Type.Unknown = list.Type.Nullable || list.Type.Dynamic
	if list.Type.Dynamic {
		return
	}
	if list.Type.Kind != value.KindList && list.Type.Kind != value.KindNull {
		c.report(errNotAList(n, list))
		*n = *c.wrong()
		return
	}
	if !comparable(a.Type, list.Type.Elem()) {
		c.report(errCannotContain(n, a, list))
		*n = *c.wrong()
		return
	}
	if list.Op == OpConst && !list.Value.IsNull() {
		for i, item := range list.Value.AsList() {
			if item.Kind() == value.KindText {
				lit := constant(item)
				lit.Range = list.Range
				if i < len(list.items) {
					lit.Range = list.items[i].Range
				}
				c.inDomain(a, lit)
			}
		}
	}
	if lit, ok := textConst(a); ok && list.Op == OpField && list.Type.Elem().Texts != nil && !slices.Contains(list.Type.Elem().Texts, lit) {
		c.report(errNotInDomain(a, list, lit, list.Type.Elem().Texts))
	}
}

func (c *checker) ordering(n *Node) {
	a, b := n.Args[0].Type, n.Args[1].Type
	n.Type = kindType(value.KindBool)
	n.Type.Unknown = a.Nullable || b.Nullable || a.Dynamic || b.Dynamic
	if !comparable(a, b) || a.is(value.KindList) || b.is(value.KindList) {
		c.report(errCannotCompare(n, n.Range))
		*n = *c.wrong()
	}
}

func (c *checker) negation(n *Node) {
	t := n.Args[0].Type
	n.Type = t
	n.Type.Copy, n.Type.Const, n.Type.Texts = nil, nil, nil
	if t.Dynamic || t.IsNumber() || t.is(value.KindDays) || t.is(value.KindDuration) || t.is(value.KindNull) {
		return
	}
	c.report(errOperand(n, "-", t))
	*n = *c.wrong()
}

func (c *checker) index(args []ast.Expr) *Node {
	n := &Node{Op: OpIndex, Args: c.values(args)}
	if reported(n.Args[0]) || reported(n.Args[1]) {
		return c.wrong()
	}
	list, i := n.Args[0].Type, n.Args[1].Type
	n.Type = list.Elem()
	n.Type.Nullable = n.Type.Nullable || list.Nullable || i.Nullable
	switch {
	case list.Dynamic || list.is(value.KindNull):
		c.beyond = c.beyond || list.Dynamic && c.env.bare != nil
		n.Type = dynamicType()
	case list.Kind != value.KindList:
		c.report(errNotAList(n, n.Args[0]))
		return c.wrong()
	}
	if !i.Dynamic && !i.IsNumber() && !i.is(value.KindNull) {
		c.report(errOperand(n.Args[1], "[ ]", i))
		return c.wrong()
	}
	return n
}
