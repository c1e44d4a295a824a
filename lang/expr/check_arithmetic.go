package expr

import "github.com/syncline/syncline/lang/value"

// arithmetic types + - * / %.
func (c *checker) arithmetic(n *Node) {
	a, b := n.Args[0].Type, n.Args[1].Type
	nullable := a.Nullable || b.Nullable
	switch {
	case a.is(value.KindNull) || b.is(value.KindNull):
		n.Type = kindType(value.KindNull)
		nullable = true
	case a.Dynamic || b.Dynamic:
		n.Type = dynamicType()
		n.Type.Unknown = false
		nullable = true
	case a.IsNumber() && b.IsNumber():
		n.Type = numeric(n.Op, a, b)
		if n.Op == OpMod && !(wholeType(a) && wholeType(b)) {
			c.report(errModulo(n))
			*n = *c.wrong()
			return
		}
	case n.Op == OpAdd && a.Kind == b.Kind && a.Kind == value.KindText:
		n.Type = concatType(a, b)
	case n.Op == OpAdd && a.Kind == b.Kind && a.Kind == value.KindList:
		elem, ok := join(a.Elem(), b.Elem())
		if !ok {
			elem = dynamicType()
		}
		n.Type = listOf(elem)
	default:
		k, ok := dateArithmetic(n.Op, a.Kind, b.Kind)
		if !ok {
			c.report(errArithmetic(n))
			*n = *c.wrong()
			return
		}
		n.Type = kindType(k)
		if k == value.KindInt {
			n.Type.Scale = 0
		}
	}
	n.Type.Nullable = nullable
	if n.Op == OpDiv || n.Op == OpMod {
		c.divisor(n)
	}
}

func wholeType(t Type) bool { return t.Kind == value.KindInt || t.Scale == 0 }

func numeric(op Op, a, b Type) Type {
	t := Type{Kind: value.KindFloat, Scale: -1}
	if a.Kind == value.KindInt && b.Kind == value.KindInt && op != OpDiv {
		t.Kind = value.KindInt
	}
	switch {
	case op == OpMod:
		t.Kind, t.Scale = value.KindInt, 0
	case op == OpDiv || a.Scale < 0 || b.Scale < 0:
	case op == OpMul:
		t.Scale = a.Scale + b.Scale
	default:
		t.Scale = max(a.Scale, b.Scale)
	}
	return t
}

func concatType(a, b Type) Type {
	t := kindType(value.KindText)
	t.Texts = product(a.Texts, b.Texts)
	if x, ok := a.bound(); ok {
		if y, ok := b.bound(); ok {
			t.MaxLength = x + y
		}
	}
	return t
}

// dateArithmetic is the kind of date ± span, span ± span, date - date.
func dateArithmetic(op Op, a, b value.Kind) (value.Kind, bool) {
	const days, span, date, at = value.KindDays, value.KindDuration, value.KindDate, value.KindTime
	switch {
	case op != OpAdd && op != OpSub:
		return 0, false
	case b == days && (a == date || a == at || a == days), b == span && (a == at || a == span):
		return a, true
	case op == OpAdd && a == days && (b == date || b == at), op == OpAdd && a == span && b == at:
		return b, true
	case op == OpSub && a == date && b == date:
		return value.KindInt, true
	case op == OpSub && a == at && b == at:
		return span, true
	}
	return 0, false
}

// divisor warns when nothing on the way here excludes that the divisor is zero.
func (c *checker) divisor(n *Node) {
	d := n.Args[1]
	if d.Op == OpConst || d.Type.Dynamic {
		return
	}
	for _, f := range c.facts {
		if f.nonZero && sameMeaning(f.of, d) {
			return
		}
	}
	c.report(warnDivisor(n, d))
}
