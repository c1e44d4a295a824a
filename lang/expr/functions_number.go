package expr

import (
	"math"

	"github.com/syncline/syncline/lang/value"
)

func numberFunctions() []*Function {
	const group = "Numbers"
	scale0 := func(n *Node) { n.Type.Scale = 0 }
	return []*Function{
		{Name: "round", Group: group, Doc: "The number rounded to whole, or to so many digits after the point, half away from zero.",
			Example: `round(72.345, 2) → 72.35`, refine: refineRound, overloads: []*overload{
				takes(pNum).gives(value.KindFloat).do1(func(_ *Frame, _ *Node, a value.Value) value.Value { return roundTo(a, 0) }),
				takes(pNum, pNum).gives(value.KindFloat).do2(func(f *Frame, n *Node, a, b value.Value) value.Value {
					digits, ok := whole(b)
					if !ok || digits < -maxDigits || digits > maxDigits {
						return f.fail(n, "the number of digits is a whole number from -15 to 15")
					}
					return roundTo(a, int(digits))
				})}},
		{Name: "abs", Group: group, Doc: "The number without its sign.", Example: `abs(-4) → 4`, refine: keepsNumber,
			overloads: absolute()},
		{Name: "floor", Group: group, Doc: "The next whole number below.", Example: `floor(2.7) → 2`, refine: scale0, overloads: float1(math.Floor)},
		{Name: "ceil", Group: group, Doc: "The next whole number above.", Example: `ceil(2.1) → 3`, refine: scale0, overloads: float1(math.Ceil)},
		{Name: "min", Group: group, Doc: "The smallest of numbers, texts or dates, or of a list.", Example: `min(3, 1.5) → 1.5`, refine: refineLeast, overloads: extremes(-1, pNum|pText|pWhen|pSpan)},
		{Name: "max", Group: group, Doc: "The largest of numbers, texts or dates, or of a list.", Example: `max(3, 1.5) → 3`, refine: refineLeast, overloads: extremes(1, pNum|pText|pWhen|pSpan)},
		{Name: "clamp", Group: group, Doc: "The number, but not below the second nor above the third.", Example: `clamp(112, 0, 100) → 100`, refine: refineLeast,
			overloads: []*overload{takes(pNum, pNum, pNum).gives(value.KindFloat).doN(func(_ *Frame, _ *Node, a []value.Value) value.Value {
				return pick(-1, pick(1, a[0], a[1]), a[2])
			})}},
		{Name: "sum", Group: group, Doc: "The sum of a list of numbers; empties count as nothing.", Example: `sum([1, 2.5]) → 3.5`,
			overloads: []*overload{takes(pList).gives(value.KindFloat).do1(sum)}, refine: func(n *Node) { n.Type.Scale = -1 }},
		{Name: "math.greatest", Group: group, standard: true, Doc: "CEL's max for numbers.", Example: `math.greatest(1, 2.5) → 2.5`, refine: refineLeast, overloads: extremes(1, pNum)},
		{Name: "math.least", Group: group, standard: true, Doc: "CEL's min for numbers.", Example: `math.least(1, 2.5) → 1`, refine: refineLeast, overloads: extremes(-1, pNum)},
		{Name: "math.ceil", Group: group, standard: true, Doc: "CEL's ceil.", Example: `math.ceil(1.2) → 2`, refine: scale0, overloads: float1(math.Ceil)},
		{Name: "math.floor", Group: group, standard: true, Doc: "CEL's floor.", Example: `math.floor(1.8) → 1`, refine: scale0, overloads: float1(math.Floor)},
		{Name: "math.round", Group: group, standard: true, Doc: "CEL's round to whole, half away from zero.", Example: `math.round(1.5) → 2`, refine: scale0, overloads: float1(math.Round)},
		{Name: "math.trunc", Group: group, standard: true, Doc: "The number without its fraction.", Example: `math.trunc(-1.8) → -1`, refine: scale0, overloads: float1(math.Trunc)},
		{Name: "math.abs", Group: group, standard: true, Doc: "CEL's abs.", Example: `math.abs(-1.5) → 1.5`, refine: keepsNumber, overloads: absolute()},
		{Name: "math.sign", Group: group, standard: true, Doc: "-1, 0 or 1 with the sign of the number.", Example: `math.sign(-7) → -1`, refine: keepsNumber, overloads: []*overload{
			takes(pInt).gives(value.KindInt).do1(func(_ *Frame, _ *Node, a value.Value) value.Value {
				return value.Int(int64(value.Compare(a, value.Int(0))))
			}),
			takes(pFloat).gives(value.KindFloat).do1(func(_ *Frame, _ *Node, a value.Value) value.Value {
				return value.Float(float64(value.Compare(a, value.Int(0))))
			})}},
		{Name: "math.sqrt", Group: group, standard: true, Doc: "The square root.", Example: `math.sqrt(9) → 3`, overloads: []*overload{
			takes(pNum).gives(value.KindFloat).do1(func(f *Frame, n *Node, a value.Value) value.Value { return f.real(n, math.Sqrt(a.AsFloat())) })}},
		{Name: "math.isNaN", Group: group, standard: true, Doc: "Always false: a number that is not one rejects the record where it arises.", Example: `math.isNaN(1.0) → false`, overloads: never()},
		{Name: "math.isInf", Group: group, standard: true, Doc: "Always false: an infinite number rejects the record where it arises.", Example: `math.isInf(1.0) → false`, overloads: never()},
		{Name: "math.isFinite", Group: group, standard: true, Doc: "Always true, for every number.", Example: `math.isFinite(1.0) → true`, overloads: []*overload{
			takes(pFloat).gives(value.KindBool).do1(func(*Frame, *Node, value.Value) value.Value { return value.Bool(true) })}},
		{Name: "math.bitAnd", Group: group, standard: true, Doc: "The bits that both whole numbers have.", Example: `math.bitAnd(6, 3) → 2`, overloads: bits(func(a, b int64) int64 { return a & b })},
		{Name: "math.bitOr", Group: group, standard: true, Doc: "The bits that either whole number has.", Example: `math.bitOr(4, 1) → 5`, overloads: bits(func(a, b int64) int64 { return a | b })},
		{Name: "math.bitXor", Group: group, standard: true, Doc: "The bits that one of the whole numbers has.", Example: `math.bitXor(6, 3) → 5`, overloads: bits(func(a, b int64) int64 { return a ^ b })},
		{Name: "money", Group: group, Doc: "The number as an amount, with groups of three and two decimals, or so many; a currency stands in front.",
			Example: `money(1234567.5, "$") → "$1,234,567.50"`, overloads: []*overload{
				takes(pNum).gives(value.KindText).doN(money), takes(pNum, pText).gives(value.KindText).doN(money),
				takes(pNum, pText, pInt).gives(value.KindText).doN(money)}},
	}
}

// maxDigits is how many digits after or before the point a number can be rounded to.
const maxDigits = 15

func roundTo(a value.Value, digits int) value.Value {
	if a.Kind() == value.KindInt && digits >= 0 {
		return value.Float(a.AsFloat())
	}
	return value.Float(value.Round(a.AsFloat(), digits))
}

func refineRound(n *Node) {
	n.Type.Scale = -1
	if len(n.Args) == 1 {
		n.Type.Scale = 0
		return
	}
	if c := n.Args[1].Type.Const; c != nil {
		if digits, ok := whole(*c); ok && digits <= 15 {
			n.Type.Scale = max(0, int(digits))
			if s := n.Args[0].Type.Scale; s >= 0 {
				n.Type.Scale = min(n.Type.Scale, s)
			}
		}
	}
}

func keepsNumber(n *Node) { n.Type.Scale = n.Args[0].Type.Scale }

func float1(fn func(float64) float64) []*overload {
	return []*overload{takes(pNum).gives(value.KindFloat).do1(func(_ *Frame, _ *Node, a value.Value) value.Value {
		return value.Float(fn(a.AsFloat()))
	})}
}

func absolute() []*overload {
	return []*overload{
		takes(pInt).gives(value.KindInt).do1(func(f *Frame, n *Node, a value.Value) value.Value {
			if a.AsInt() == math.MinInt64 {
				return f.fail(n, overflow)
			}
			return value.Int(max(a.AsInt(), -a.AsInt()))
		}),
		takes(pFloat).gives(value.KindFloat).do1(func(_ *Frame, _ *Node, a value.Value) value.Value {
			return value.Float(math.Abs(a.AsFloat()))
		})}
}

func never() []*overload {
	return []*overload{takes(pFloat).gives(value.KindBool).do1(func(*Frame, *Node, value.Value) value.Value { return value.Bool(false) })}
}

func bits(fn func(a, b int64) int64) []*overload {
	return []*overload{takes(pInt, pInt).gives(value.KindInt).do2(func(_ *Frame, _ *Node, a, b value.Value) value.Value {
		return value.Int(fn(a.AsInt(), b.AsInt()))
	})}
}

// pick is the larger (sign 1) or smaller (-1) of two values; the first where they are equal.
func pick(sign int, a, b value.Value) value.Value {
	if sign*value.Compare(b, a) > 0 {
		return b
	}
	return a
}

func extremes(sign int, kinds param) []*overload {
	return []*overload{
		takes(pList).givesAny().do1(func(f *Frame, n *Node, a value.Value) value.Value { return extreme(f, n, sign, a.AsList()) }),
		takes(kinds).repeated().givesAny().doN(func(f *Frame, n *Node, args []value.Value) value.Value { return extreme(f, n, sign, args) }),
	}
}

func extreme(f *Frame, n *Node, sign int, items []value.Value) value.Value {
	best := value.Null
	for _, v := range items {
		switch {
		case v.IsNull():
		case best.IsNull():
			best = v
		case best.Kind() != v.Kind() && !(best.IsNumber() && v.IsNumber()):
			return f.mismatch(n, n.Name, best, v)
		default:
			best = pick(sign, best, v)
		}
	}
	return best
}

// refineLeast gives min, max and clamp the common type of what they choose from.
func refineLeast(n *Node) {
	if len(n.Args) == 1 && n.Args[0].Type.is(value.KindList) {
		elem := n.Args[0].Type.Elem()
		elem.Nullable = true
		n.Type = elem
		return
	}
	t := n.Args[0].Type
	nullable := t.Nullable
	for _, a := range n.Args[1:] {
		t, _ = join(t, a.Type)
		nullable = nullable || a.Type.Nullable
	}
	t.Const, t.Copy, t.Nullable = nil, nil, nullable
	n.Type = t
}

func sum(f *Frame, n *Node, a value.Value) value.Value {
	total := value.Int(0)
	for _, v := range a.AsList() {
		if v.IsNull() {
			continue
		}
		if !v.IsNumber() {
			return f.fail(n, "sum needs a list of numbers, this one holds %s", article(v.Kind()))
		}
		total = opAdd(f, n, total, v)
	}
	return total
}

func money(f *Frame, n *Node, args []value.Value) value.Value {
	symbol, decimals := "", int64(2)
	if len(args) > 1 {
		symbol = args[1].AsText()
	}
	if len(args) > 2 {
		decimals = args[2].AsInt()
	}
	if decimals < 0 || decimals > 15 {
		return f.fail(n, "the number of decimals is from 0 to 15")
	}
	s := grouped(fixed(args[0].AsFloat(), int(decimals)))
	if s[0] == '-' {
		return value.Text("-" + symbol + s[1:])
	}
	return value.Text(symbol + s)
}
