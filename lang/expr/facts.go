package expr

import (
	"slices"

	"github.com/syncline/syncline/lang/value"
)

// fact is what a condition tells about the value of an expression while the condition holds.
type fact struct {
	of      *Node    // the expression, or one that means the same
	texts   []string // it is one of these; nil: nothing known
	not     []string // it is none of these
	nonNull bool
	nonZero bool
}

func (f fact) apply(t *Type) {
	if f.nonNull {
		t.Nullable = false
		if t.Kind == value.KindBool {
			t.Unknown = false
		}
	}
	if t.Dynamic || t.Kind != value.KindText {
		return
	}
	if f.texts != nil {
		if t.Texts == nil {
			t.Texts = f.texts
		} else {
			t.Texts = intersect(t.Texts, f.texts)
		}
	}
	if len(f.not) > 0 && t.Texts != nil {
		t.Texts = slices.DeleteFunc(slices.Clone(t.Texts), func(s string) bool { return slices.Contains(f.not, s) })
	}
	if t.Texts != nil {
		t.MaxLength = longest(t.Texts)
	}
}

func intersect(a, b []string) []string {
	out := []string{}
	for _, s := range a {
		if slices.Contains(b, s) {
			out = append(out, s)
		}
	}
	return out
}

// trueFacts is what holds where n is true.
func trueFacts(n *Node) []fact {
	switch n.Op {
	case OpAnd:
		var out []fact
		for _, a := range n.Args {
			out = append(out, trueFacts(a)...)
		}
		return out
	case OpOr:
		out := trueFacts(n.Args[0])
		for _, a := range n.Args[1:] {
			out = either(out, trueFacts(a))
		}
		return out
	case OpNot:
		return falseFacts(n.Args[0], true)
	case OpEq:
		return equalFacts(n, true)
	case OpNe:
		return equalFacts(n, false)
	case OpIn:
		return inFacts(n, true)
	case OpLt, OpLe, OpGt, OpGe:
		return orderFacts(n)
	case OpCall:
		if n.fn.Predicate {
			return operandFacts(n)
		}
	case OpField, OpLocal:
		return []fact{{of: n, nonNull: true}}
	}
	return nil
}

// falseFacts is what holds where n is not true; known: where it is false and not unknown.
func falseFacts(n *Node, known bool) []fact {
	switch n.Op {
	case OpNot:
		if known || !n.Args[0].Type.Unknown && !n.Args[0].Type.Nullable {
			return trueFacts(n.Args[0])
		}
	case OpOr:
		var out []fact
		for _, a := range n.Args {
			out = append(out, falseFacts(a, known)...)
		}
		return out
	case OpEq:
		return equalFacts(n, false)
	case OpNe:
		return equalFacts(n, true)
	case OpIn:
		return inFacts(n, false)
	case OpLt, OpLe, OpGt, OpGe:
		if known {
			return operandFacts(n)
		}
	case OpCall:
		if known && n.fn.Predicate {
			return operandFacts(n)
		}
	case OpField, OpLocal:
		if known {
			return []fact{{of: n, nonNull: true}}
		}
	}
	return nil
}

// constSide splits a comparison of an expression with a constant.
func constSide(n *Node) (e *Node, c value.Value, ok bool) {
	a, b := n.Args[0], n.Args[1]
	switch {
	case a.Op == OpPresent || b.Op == OpPresent:
		return nil, c, false
	case b.Op == OpConst && a.Op != OpConst && !b.Type.Dynamic:
		return a, b.Value, true
	case a.Op == OpConst && b.Op != OpConst && !a.Type.Dynamic:
		return b, a.Value, true
	}
	return nil, c, false
}

// equalFacts is what `e == c` (equal) or `e != c` tells.
func equalFacts(n *Node, equal bool) []fact {
	if a, b := n.Args[0], n.Args[1]; (a.Op == OpPresent) != (b.Op == OpPresent) {
		return nil
	}
	e, c, ok := constSide(n)
	if !ok {
		return nil
	}
	f := fact{of: e}
	switch {
	case c.IsNull():
		f.nonNull = !equal
	case equal:
		f.nonNull = true
		f.nonZero = c.IsNumber() && c.AsFloat() != 0
		if c.Kind() == value.KindText {
			f.texts = []string{c.AsText()}
		}
	default:
		f.nonZero = c.IsNumber() && c.AsFloat() == 0
		if c.Kind() == value.KindText {
			f.not = []string{c.AsText()}
		}
	}
	return []fact{f}
}

func inFacts(n *Node, in bool) []fact {
	list := n.Args[1]
	if list.Op != OpConst || list.Type.Kind != value.KindList {
		return nil
	}
	f := fact{of: n.Args[0]}
	allTexts, hasNull := true, false
	var texts []string
	for _, item := range list.Value.AsList() {
		switch item.Kind() {
		case value.KindText:
			texts = append(texts, item.AsText())
		case value.KindNull:
			hasNull = true
		default:
			allTexts = false
		}
	}
	if !in {
		f.not, f.nonNull = texts, hasNull
		return []fact{f}
	}
	f.nonNull = !hasNull
	if allTexts {
		f.texts = append([]string{}, texts...)
	}
	return []fact{f}
}

func orderFacts(n *Node) []fact {
	out := operandFacts(n)
	e, c, ok := constSide(n)
	if !ok || !c.IsNumber() {
		return out
	}
	op, x := n.Op, c.AsFloat()
	if n.Args[0].Op == OpConst { // 0 < e is e > 0
		op = map[Op]Op{OpLt: OpGt, OpLe: OpGe, OpGt: OpLt, OpGe: OpLe}[op]
	}
	excludesZero := op == OpGt && x >= 0 || op == OpGe && x > 0 || op == OpLt && x <= 0 || op == OpLe && x < 0
	if excludesZero {
		out = append(out, fact{of: e, nonZero: true})
	}
	return out
}

// operandFacts: none of the operands was empty.
func operandFacts(n *Node) []fact {
	var out []fact
	for _, a := range n.Args {
		out = append(out, filled(a)...)
	}
	return out
}

// filled: e is not empty, so nothing that it is computed from strictly is empty either.
func filled(e *Node) []fact {
	switch e.Op {
	case OpConst:
		return nil
	case OpField, OpLocal:
		return []fact{{of: e, nonNull: true}}
	}
	out := []fact{{of: e, nonNull: true}}
	switch e.Op {
	case OpAdd, OpSub, OpMul, OpDiv, OpMod, OpNeg:
		out = append(out, operandFacts(e)...)
	case OpCall:
		if !e.fn.Lenient {
			out = append(out, operandFacts(e)...)
		}
	}
	return out
}

// either is what holds where one of two sets of facts does.
func either(a, b []fact) []fact {
	var out []fact
	for _, x := range a {
		for _, y := range b {
			if !sameMeaning(x.of, y.of) {
				continue
			}
			f := fact{of: x.of, nonNull: x.nonNull && y.nonNull, nonZero: x.nonZero && y.nonZero, not: intersect(x.not, y.not)}
			if x.texts != nil && y.texts != nil {
				f.texts = union(x.texts, y.texts)
			}
			out = append(out, f)
		}
	}
	return out
}
