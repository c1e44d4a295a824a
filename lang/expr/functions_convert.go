package expr

import (
	"math"
	"strconv"

	"github.com/syncline/syncline/lang/value"
)

func emptyFunctions() []*Function {
	const group = "Empty values"
	return []*Function{
		{Name: "coalesce", Group: group, Lenient: true, Doc: "The first argument that is not empty.", Example: `coalesce(null, 5) → 5`, refine: refineCoalesce,
			overloads: []*overload{takes(pAny).repeated().givesAny().doN(nil)}},
		{Name: "has", Group: group, Lenient: true, Macro: true, Doc: "Whether a field is filled: has(source.Name) is source.Name != null.", Example: `has(source.Name)`},
	}
}

func convertFunctions() []*Function {
	const group = "Conversions"
	return []*Function{
		{Name: "string", Group: group, Zone: true, Doc: "The value as text: numbers in shortest decimal, dates as 2026-01-31, datetimes in the rule's time zone.", Example: `string(2.50) → "2.5"`,
			refine: refineString, overloads: []*overload{takes(pAny).gives(value.KindText).do1(func(f *Frame, _ *Node, a value.Value) value.Value {
				if a.Kind() == value.KindText {
					return a
				}
				return value.Text(string(f.appendText(nil, a)))
			})}},
		{Name: "int", Group: group, standard: true, Doc: "The whole number of a number, without its fraction, or of a text; seconds since 1970 of a datetime. A text that is none rejects the record.",
			Example: `int("42") → 42`, overloads: []*overload{
				takes(pInt).gives(value.KindInt).do1(same), takes(pFloat).gives(value.KindInt).do1(floatToInt),
				takes(pText).gives(value.KindInt).do1(textToInt),
				takes(pTime).gives(value.KindInt).do1(func(_ *Frame, _ *Node, a value.Value) value.Value {
					return value.Int(floorDiv(a.AsMicros(), 1_000_000))
				})}},
		{Name: "double", Group: group, standard: true, Doc: "The number of a text. A text that is none rejects the record.", Example: `double("2.5") → 2.5`,
			overloads: []*overload{
				takes(pNum).gives(value.KindFloat).do1(func(_ *Frame, _ *Node, a value.Value) value.Value { return value.Float(a.AsFloat()) }),
				takes(pText).gives(value.KindFloat).do1(textToFloat)}},
		{Name: "bool", Group: group, standard: true, Doc: "True or false of the texts \"true\" and \"false\", in any usual letter case, or \"1\" and \"0\".", Example: `bool("true") → true`,
			overloads: []*overload{takes(pBool).gives(value.KindBool).do1(same), takes(pText).gives(value.KindBool).do1(textToBool)}},
	}
}

func same(_ *Frame, _ *Node, a value.Value) value.Value { return a }

func refineCoalesce(n *Node) {
	t := n.Args[0].Type
	all := t.Nullable
	for _, a := range n.Args[1:] {
		joined, ok := join(t, a.Type)
		if !ok {
			joined = dynamicType()
		}
		t = joined
		all = all && a.Type.Nullable
	}
	t.Const, t.Copy, t.Nullable, t.Unknown = nil, nil, all, all
	n.Type = t
}

func refineString(n *Node) {
	arg := n.Args[0].Type
	switch arg.Kind {
	case value.KindText:
		n.Type.Texts, n.Type.MaxLength = arg.Texts, arg.MaxLength
	default:
		n.Type.MaxLength = printedLength(arg)
	}
}

// printedLength bounds the characters that a value of the type prints as, 0 for no bound.
func printedLength(t Type) int {
	if t.Dynamic {
		return 0
	}
	switch t.Kind {
	case value.KindBool:
		return 5
	case value.KindInt:
		return 20
	case value.KindDate:
		return 10
	case value.KindTime:
		return 32
	case value.KindText:
		n, _ := t.bound()
		return n
	}
	return 0
}

func floatToInt(f *Frame, n *Node, a value.Value) value.Value {
	x := math.Trunc(a.AsFloat())
	if x <= math.MinInt64 || x >= math.MaxInt64 {
		return f.fail(n, overflow)
	}
	return value.Int(int64(x))
}

func textToInt(f *Frame, n *Node, a value.Value) value.Value {
	i, err := strconv.ParseInt(a.AsText(), 10, 64)
	if err != nil {
		return f.fail(n, "%q is not a whole number", clip(a.AsText()))
	}
	return value.Int(i)
}

func textToFloat(f *Frame, n *Node, a value.Value) value.Value {
	x, err := strconv.ParseFloat(a.AsText(), 64)
	if err != nil || math.IsNaN(x) || math.IsInf(x, 0) {
		return f.fail(n, "%q is not a number", clip(a.AsText()))
	}
	return value.Float(x)
}

func textToBool(f *Frame, n *Node, a value.Value) value.Value {
	switch a.AsText() {
	case "true", "True", "TRUE", "t", "1":
		return value.Bool(true)
	case "false", "False", "FALSE", "f", "0":
		return value.Bool(false)
	}
	return f.fail(n, "%q is neither true nor false", clip(a.AsText()))
}
