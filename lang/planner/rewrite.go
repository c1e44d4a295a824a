package planner

import (
	"math"

	"github.com/syncline/syncline/lang/expr"
	"github.com/syncline/syncline/lang/query"
	"github.com/syncline/syncline/lang/schema"
	"github.com/syncline/syncline/lang/span"
	"github.com/syncline/syncline/lang/value"
)

// rewrite is one way to push a condition down. apply reports ok when it took the condition.
type rewrite struct {
	name  string
	apply func(p *pusher, n *expr.Node) (pred query.Pred, exact, ok bool)
}

// rewrites are tried in order.
var rewrites []rewrite

func init() {
	// Set here, for the rewrites of and, or and not call push, which reads the list.
	rewrites = []rewrite{
		{"and: the parts that can be pushed", pushAnd},
		{"or: when every part can be pushed", pushOr},
		{"not: moved inwards, to operators that have an opposite", pushNot},
		{"flag: a boolean field by itself", pushFlag},
		{"empty: a field compared with null", pushEmpty},
		{"compare: a field and a value known before the run", pushCompare},
		{"in: a field and a list of constants", pushIn},
		{"includes: a value and a multi-picklist", pushIncludes},
		{"text: startsWith, endsWith, contains", pushText},
		{"within: a date between today and later", pushWithin},
	}
}

func pushAnd(p *pusher, n *expr.Node) (query.Pred, bool, bool) {
	if n.Op != expr.OpAnd {
		return nil, false, false
	}
	var parts query.And
	all := true
	for _, a := range n.Args {
		pred, exact := p.push(a)
		if pred != nil {
			parts = append(parts, pred)
		}
		all = all && exact
	}
	return parts, all, len(parts) > 0
}

func pushOr(p *pusher, n *expr.Node) (query.Pred, bool, bool) {
	if n.Op != expr.OpOr || !p.caps.Or {
		return nil, false, false
	}
	var parts query.Or
	all := true
	for _, a := range n.Args {
		pred, exact := p.push(a)
		if pred == nil {
			return nil, false, false
		}
		parts = append(parts, pred)
		all = all && exact
	}
	return parts, all, true
}

// opposites under the null rules: !(x > 5) and x <= 5 are both false for an empty x.
var opposites = map[expr.Op]expr.Op{
	expr.OpEq: expr.OpNe, expr.OpNe: expr.OpEq,
	expr.OpLt: expr.OpGe, expr.OpGe: expr.OpLt, expr.OpGt: expr.OpLe, expr.OpLe: expr.OpGt,
	expr.OpAnd: expr.OpOr, expr.OpOr: expr.OpAnd,
}

func pushNot(p *pusher, n *expr.Node) (query.Pred, bool, bool) {
	if n.Op != expr.OpNot {
		return nil, false, false
	}
	inner := n.Args[0]
	if inner.Op == expr.OpNot {
		return taken(p.push(inner.Args[0]))
	}
	if field := p.field(inner); field != "" && inner.Field.Kind == schema.Boolean && p.caps.Compare {
		return query.Compare{Field: field, Op: query.Eq, Value: query.Const(value.Bool(false))}, true, true
	}
	op, ok := opposites[inner.Op]
	if !ok {
		return nil, false, false
	}
	turned := &expr.Node{Op: op, Type: inner.Type, Range: inner.Range, Text: inner.Text, Args: inner.Args}
	if op == expr.OpAnd || op == expr.OpOr {
		turned.Args = nil
		for _, a := range inner.Args {
			turned.Args = append(turned.Args, &expr.Node{Op: expr.OpNot, Type: a.Type, Range: a.Range, Text: a.Text, Args: []*expr.Node{a}})
		}
	}
	return taken(p.push(turned))
}

func taken(pred query.Pred, exact bool) (query.Pred, bool, bool) { return pred, exact, pred != nil }

func pushFlag(p *pusher, n *expr.Node) (query.Pred, bool, bool) {
	field := p.field(n)
	if field == "" || n.Field.Kind != schema.Boolean || !p.caps.Compare {
		return nil, false, false
	}
	return query.Compare{Field: field, Op: query.Eq, Value: query.Const(value.Bool(true))}, true, true
}

func pushEmpty(p *pusher, n *expr.Node) (query.Pred, bool, bool) {
	if n.Op != expr.OpEq && n.Op != expr.OpNe || !p.caps.Null {
		return nil, false, false
	}
	for i, a := range n.Args {
		b := n.Args[1-i]
		field := p.field(a)
		if field != "" && b.IsConst() && b.Value.IsNull() && a.Field.Kind != schema.MultiPicklist {
			return query.Null{Field: field, Not: n.Op == expr.OpNe}, true, true
		}
	}
	return nil, false, false
}

var compareOps = map[expr.Op]query.Op{expr.OpEq: query.Eq, expr.OpNe: query.Ne,
	expr.OpLt: query.Lt, expr.OpLe: query.Le, expr.OpGt: query.Gt, expr.OpGe: query.Ge}

// mirrored is the operator with its sides exchanged: 5 < x is x > 5.
var mirrored = map[query.Op]query.Op{query.Eq: query.Eq, query.Ne: query.Ne,
	query.Lt: query.Gt, query.Gt: query.Lt, query.Le: query.Ge, query.Ge: query.Le}

func pushCompare(p *pusher, n *expr.Node) (query.Pred, bool, bool) {
	op, ok := compareOps[n.Op]
	if !ok || !p.caps.Compare || len(n.Args) != 2 {
		return nil, false, false
	}
	a, b := n.Args[0], n.Args[1]
	if p.field(a) == "" {
		a, b, op = b, a, mirrored[op]
	}
	field := p.field(a)
	if field == "" || !p.comparable(a.Field, op, b) {
		return nil, false, false
	}
	x, ok := p.operand(b)
	if !ok {
		return nil, false, false
	}
	return query.Compare{Field: field, Op: op, Value: x}, !p.folds(a.Field), true
}

// comparable tells whether the system's own comparison of the field lets through all that ours does.
func (p *pusher) comparable(f *schema.Field, op query.Op, x *expr.Node) bool {
	switch {
	case x.Type.Dynamic || x.IsConst() && x.Value.IsNull():
		return false
	case f.Kind == schema.Any || f.Kind == schema.MultiPicklist:
		return false
	case f.Kind.IsText():
		// Texts are ordered by each system's own collation; '' is null to some; and != of a system that ignores case
		// or blanks lets too little through.
		if op != query.Eq && (op != query.Ne || p.folds(f) || f.TrimsSpace) || x.Type.Kind != value.KindText {
			return false
		}
		return !x.IsConst() || x.Value.AsText() != ""
	case f.Kind.IsNumber():
		return x.Type.IsNumber() && sameDigits(f, x)
	case f.Kind == schema.Boolean:
		return x.Type.Kind == value.KindBool && (op == query.Eq || op == query.Ne)
	case f.Kind == schema.Date:
		return x.Type.Kind == value.KindDate
	case f.Kind == schema.DateTime:
		return x.Type.Kind == value.KindTime
	}
	return false
}

// folds tells whether the system's own comparison of the field ignores letter case.
func (p *pusher) folds(f *schema.Field) bool {
	return p.caps.FoldsCase && f.Kind.IsText() && !f.CaseSensitive
}

// sameDigits tells whether a decimal field and our number are told apart alike: beyond 2^53 steps of its scale,
// several decimals are one float here.
func sameDigits(f *schema.Field, x *expr.Node) bool {
	if f.Kind == schema.Integer {
		return true
	}
	if f.Precision > 0 && f.Precision <= 15 {
		return true
	}
	return x.IsConst() && math.Abs(x.Value.AsFloat())*math.Pow10(f.Scale) < 1<<53
}

func pushIn(p *pusher, n *expr.Node) (query.Pred, bool, bool) {
	if n.Op != expr.OpIn || len(n.Args) != 2 || !p.caps.In {
		return nil, false, false
	}
	field := p.field(n.Args[0])
	items, ok := constants(n.Args[1])
	if field == "" || !ok || len(items) == 0 {
		return nil, false, false
	}
	f := n.Args[0].Field
	var values []value.Value
	null := false
	for _, item := range items {
		x := &expr.Node{Op: expr.OpConst, Value: item, Type: expr.Type{Kind: item.Kind()}}
		switch {
		case item.IsNull():
			null = true
		case !p.comparable(f, query.Eq, x):
			return nil, false, false
		default:
			values = append(values, item)
		}
	}
	exact := !p.folds(f)
	switch {
	case !null:
		return query.In{Field: field, Values: values}, exact, true
	case !p.caps.Null:
		return nil, false, false
	case len(values) == 0:
		return query.Null{Field: field}, true, true
	case p.caps.Or:
		return query.Or{query.In{Field: field, Values: values}, query.Null{Field: field}}, exact, true
	}
	return nil, false, false
}

// constants are the items of a list that is known as it stands.
func constants(n *expr.Node) ([]value.Value, bool) {
	if n.IsConst() && n.Value.Kind() == value.KindList {
		return n.Value.AsList(), true
	}
	if n.Op != expr.OpList {
		return nil, false
	}
	var out []value.Value
	for _, a := range n.Args {
		if !a.IsConst() {
			return nil, false
		}
		out = append(out, a.Value)
	}
	return out, true
}

func pushIncludes(p *pusher, n *expr.Node) (query.Pred, bool, bool) {
	if n.Op != expr.OpIn || len(n.Args) != 2 || !p.caps.Includes {
		return nil, false, false
	}
	field := p.field(n.Args[1])
	if field == "" || n.Args[1].Field.Kind != schema.MultiPicklist || n.Args[0].Type.Kind != value.KindText {
		return nil, false, false
	}
	x, ok := p.operand(n.Args[0])
	if !ok || x.Param == 0 && (x.Const.Kind() != value.KindText || x.Const.AsText() == "") {
		return nil, false, false
	}
	return query.Includes{Field: field, Value: x}, !p.caps.FoldsCase, true
}

var textTests = map[string]query.Test{"startsWith": query.Prefix, "endsWith": query.Suffix, "contains": query.Contains}

func pushText(p *pusher, n *expr.Node) (query.Pred, bool, bool) {
	test, ok := textTests[n.Name]
	if n.Op != expr.OpCall || !ok || len(n.Args) != 2 {
		return nil, false, false
	}
	if test == query.Prefix && !p.caps.Prefix || test != query.Prefix && !p.caps.Substr {
		return nil, false, false
	}
	a, b := n.Args[0], n.Args[1]
	field := p.field(a)
	if field == "" || !a.Field.Kind.IsText() || a.Field.Kind == schema.ID || a.Field.Kind == schema.Reference || b.Type.Kind != value.KindText {
		return nil, false, false
	}
	if b.IsConst() && b.Value.AsText() == "" {
		return nil, false, false
	}
	x, ok := p.operand(b)
	if !ok {
		return nil, false, false
	}
	return query.TextTest{Field: field, Test: test, Value: x}, !p.folds(a.Field), true
}

// pushWithin makes two comparisons of within(d, p): d from today, or now, up to and including p later.
func pushWithin(p *pusher, n *expr.Node) (query.Pred, bool, bool) {
	if n.Op != expr.OpCall || n.Name != "within" || len(n.Args) != 2 || !p.caps.Compare {
		return nil, false, false
	}
	a, by := n.Args[0], n.Args[1]
	field := p.field(a)
	clock := map[schema.Kind]string{schema.Date: "today()", schema.DateTime: "now()"}
	if field == "" || clock[a.Field.Kind] == "" || by.ReadsRecords() || by.Text == "" {
		return nil, false, false
	}
	from, ok1 := p.computed(clock[a.Field.Kind])
	to, ok2 := p.computed(clock[a.Field.Kind] + " + (" + by.Text + "\n)")
	if !ok1 || !ok2 {
		return nil, false, false
	}
	return query.And{query.Compare{Field: field, Op: query.Ge, Value: from}, query.Compare{Field: field, Op: query.Le, Value: to}}, true, true
}

// computed makes a parameter of an expression over the clock, tables and variables.
func (p *pusher) computed(text string) (query.Operand, bool) {
	program := p.clock.program(text)
	if program == nil {
		return query.Operand{}, false
	}
	p.params = append(p.params, program)
	return query.Operand{Param: len(p.params)}, true
}

// clock compiles the expressions of parameters, which read no record. Rules of one zone share it, and most need the
// same few.
type clock struct {
	env  *expr.Env
	done map[string]*expr.Program
}

func newClock(s expr.Scope) *clock {
	return &clock{env: expr.NewEnv(s), done: map[string]*expr.Program{}}
}

// program is nil for a text that is no such expression.
func (c *clock) program(text string) *expr.Program {
	if p, ok := c.done[text]; ok {
		return p
	}
	var program *expr.Program
	checked, diags := c.env.Check(expr.Source{Spelling: expr.Quoted, Embedded: span.Plain("pushdown", text)}, expr.Want{})
	if !diags.HasErrors() {
		program = checked.Compile(noSlots)
	}
	c.done[text] = program
	return program
}
