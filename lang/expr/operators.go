package expr

import (
	"math"

	"github.com/syncline/syncline/lang/value"
)

// The operators on values whose kinds are seen only now. Closures for known kinds give the same results
// (compile_fast.go); these are the definition.

const overflow = "the result is too large for a whole number"

// real makes a number of a result, or fails when it is none.
func (f *Frame) real(n *Node, x float64) value.Value {
	if math.IsNaN(x) || math.IsInf(x, 0) {
		return f.fail(n, "the result is not a finite number")
	}
	return value.Float(x)
}

func (f *Frame) mismatch(n *Node, op string, a, b value.Value) value.Value {
	return f.fail(n, "%s does not work on %s and %s", op, article(a.Kind()), article(b.Kind()))
}

func article(k value.Kind) string {
	if k == value.KindInt {
		return "an int"
	}
	return "a " + k.String()
}

func opAdd(f *Frame, n *Node, a, b value.Value) value.Value {
	switch ak, bk := a.Kind(), b.Kind(); {
	case ak == value.KindNull || bk == value.KindNull:
		return value.Null
	case ak == value.KindInt && bk == value.KindInt:
		c, ok := addInt64(a.AsInt(), b.AsInt())
		if !ok {
			return f.fail(n, overflow)
		}
		return value.Int(c)
	case a.IsNumber() && b.IsNumber():
		return f.real(n, a.AsFloat()+b.AsFloat())
	case ak == value.KindText && bk == value.KindText:
		return value.Text(a.AsText() + b.AsText())
	case ak == value.KindList && bk == value.KindList:
		x, y := a.AsList(), b.AsList()
		if len(x)+len(y) > maxItems {
			return f.fail(n, "the list would have %d items, the limit is %d", len(x)+len(y), maxItems)
		}
		out := make([]value.Value, 0, len(x)+len(y))
		return value.List(append(append(out, x...), y...))
	case bk == value.KindDate || bk == value.KindTime && ak != value.KindTime:
		return addSpan(f, n, "+", b, a, 1)
	}
	return addSpan(f, n, "+", a, b, 1)
}

func opSub(f *Frame, n *Node, a, b value.Value) value.Value {
	switch ak, bk := a.Kind(), b.Kind(); {
	case ak == value.KindNull || bk == value.KindNull:
		return value.Null
	case ak == value.KindInt && bk == value.KindInt:
		c, ok := subInt64(a.AsInt(), b.AsInt())
		if !ok {
			return f.fail(n, overflow)
		}
		return value.Int(c)
	case a.IsNumber() && b.IsNumber():
		return f.real(n, a.AsFloat()-b.AsFloat())
	case ak == value.KindDate && bk == value.KindDate:
		return value.Int(a.AsDay() - b.AsDay())
	case ak == value.KindTime && bk == value.KindTime:
		return value.Span(a.AsMicros() - b.AsMicros())
	}
	return addSpan(f, n, "-", a, b, -1)
}

// addSpan moves a date or datetime by a span, or adds two spans.
func addSpan(f *Frame, n *Node, op string, a, b value.Value, sign int64) value.Value {
	switch ak, bk := a.Kind(), b.Kind(); {
	case ak == value.KindDate && bk == value.KindDays:
		day, ok := addInt64(a.AsDay(), sign*b.AsDays())
		if !ok {
			return f.fail(n, overflow)
		}
		return f.makeDay(n, day)
	case ak == value.KindTime && bk == value.KindDays:
		return f.addDays(n, a.AsMicros(), sign*b.AsDays())
	case ak == value.KindTime && bk == value.KindDuration:
		us, ok := addInt64(a.AsMicros(), sign*b.AsMicros())
		if !ok {
			return f.fail(n, overflow)
		}
		return f.makeMicros(n, us)
	case ak == value.KindDays && bk == value.KindDays:
		d, ok := addInt64(a.AsDays(), sign*b.AsDays())
		if !ok {
			return f.fail(n, overflow)
		}
		return value.Days(d)
	case ak == value.KindDuration && bk == value.KindDuration:
		us, ok := addInt64(a.AsMicros(), sign*b.AsMicros())
		if !ok {
			return f.fail(n, overflow)
		}
		return value.Span(us)
	}
	return f.mismatch(n, op, a, b)
}

func opMul(f *Frame, n *Node, a, b value.Value) value.Value {
	switch ak, bk := a.Kind(), b.Kind(); {
	case ak == value.KindNull || bk == value.KindNull:
		return value.Null
	case ak == value.KindInt && bk == value.KindInt:
		c, ok := mulInt64(a.AsInt(), b.AsInt())
		if !ok {
			return f.fail(n, overflow)
		}
		return value.Int(c)
	case a.IsNumber() && b.IsNumber():
		return f.real(n, a.AsFloat()*b.AsFloat())
	}
	return f.mismatch(n, "*", a, b)
}

// opDiv is real division, of whole numbers too: what a field's scale is must not change what a rule means.
func opDiv(f *Frame, n *Node, a, b value.Value) value.Value {
	switch {
	case a.IsNull() || b.IsNull():
		return value.Null
	case !a.IsNumber() || !b.IsNumber():
		return f.mismatch(n, "/", a, b)
	case b.AsFloat() == 0:
		return f.fail(n, "division by zero")
	}
	return f.real(n, a.AsFloat()/b.AsFloat())
}

func opMod(f *Frame, n *Node, a, b value.Value) value.Value {
	if a.IsNull() || b.IsNull() {
		return value.Null
	}
	if !a.IsNumber() || !b.IsNumber() {
		return f.mismatch(n, "%", a, b)
	}
	x, okX := whole(a)
	y, okY := whole(b)
	switch {
	case !okX || !okY:
		return f.fail(n, "%% needs whole numbers")
	case y == 0:
		return f.fail(n, "division by zero")
	case y == -1:
		return value.Int(0)
	}
	return value.Int(x % y)
}

// whole reads a number that has no fraction.
func whole(v value.Value) (int64, bool) {
	if v.Kind() == value.KindInt {
		return v.AsInt(), true
	}
	x := v.AsFloat()
	if v.Kind() != value.KindFloat || x != math.Trunc(x) || x < math.MinInt64 || x >= math.MaxInt64 {
		return 0, false
	}
	return int64(x), true
}

func opNeg(f *Frame, n *Node, a value.Value) value.Value {
	switch a.Kind() {
	case value.KindNull:
		return value.Null
	case value.KindInt:
		if a.AsInt() == math.MinInt64 {
			return f.fail(n, overflow)
		}
		return value.Int(-a.AsInt())
	case value.KindFloat:
		return value.Float(-a.AsFloat())
	case value.KindDays:
		return value.Days(-a.AsDays())
	case value.KindDuration:
		return value.Span(-a.AsMicros())
	}
	return f.fail(n, "- does not work on %s", article(a.Kind()))
}

// opOrder compares for < <= > >=; an empty operand makes it unknown.
func opOrder(f *Frame, n *Node, a, b value.Value) tri {
	if a.IsNull() || b.IsNull() {
		return unknown
	}
	if a.Kind() != b.Kind() && !(a.IsNumber() && b.IsNumber()) || a.Kind() == value.KindList {
		f.mismatch(n, operatorText[n.Op], a, b)
		return unknown
	}
	return triOf(holds(n.Op, value.Compare(a, b)))
}

func holds(op Op, c int) bool {
	switch op {
	case OpLt:
		return c < 0
	case OpLe:
		return c <= 0
	case OpGt:
		return c > 0
	}
	return c >= 0
}

var operatorText = map[Op]string{OpNot: "!", OpAnd: "&&", OpOr: "||", OpEq: "==", OpNe: "!=", OpLt: "<", OpLe: "<=",
	OpGt: ">", OpGe: ">=", OpIn: "in", OpAdd: "+", OpSub: "-", OpMul: "*", OpDiv: "/", OpMod: "%", OpNeg: "-"}

func opIn(f *Frame, n *Node, a, list value.Value) tri {
	switch list.Kind() {
	case value.KindNull:
		return unknown
	case value.KindList:
		for _, item := range list.AsList() {
			if value.Equal(a, item) {
				return yes
			}
		}
		return no
	}
	f.fail(n, "the right side of in must be a list, not %s", article(list.Kind()))
	return unknown
}

const noItem = "there is no item %d, the list has %d"

func opIndex(f *Frame, n *Node, list, index value.Value) value.Value {
	if list.IsNull() || index.IsNull() {
		return value.Null
	}
	i, ok := whole(index)
	switch {
	case list.Kind() != value.KindList:
		return f.fail(n, "[…] needs a list, not %s", article(list.Kind()))
	case !ok:
		return f.fail(n, "a position in a list is a whole number")
	case i < 0 || i >= int64(len(list.AsList())):
		return f.fail(n, noItem, i, len(list.AsList()))
	}
	return list.AsList()[i]
}
