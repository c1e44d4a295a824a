package salesforce

import (
	"cmp"
	"strconv"
	"strings"
	"time"

	"github.com/syncline/syncline/connectors/salesforce/soql"
	"github.com/syncline/syncline/connectors/sandbox/world"
)

// test tells whether a record satisfies a condition.
type test func(t *table, r *row) bool

// condition compiles a condition. What the top level asks of single fields goes to hints, for choosing how to find the records.
func (c *compiler) condition(cond *soql.Condition, hints *hints) (test, *apiError) {
	tests := make([]test, 0, 1+len(cond.Rest))
	or := cond.IsOr()
	branches := hints.branches(or, 1+len(cond.Rest))
	for i, term := range cond.Terms() {
		x, err := c.term(term, branches[i])
		if err != nil {
			return nil, err
		}
		tests = append(tests, x)
	}
	hints.join(or, branches)
	if len(tests) == 1 {
		return tests[0], nil
	}
	return func(t *table, r *row) bool {
		for _, x := range tests {
			if x(t, r) == or {
				return or
			}
		}
		return !or
	}, nil
}

func (c *compiler) term(term *soql.Term, hints *hints) (test, *apiError) {
	switch {
	case term.Not != nil:
		x, err := c.term(term.Not, nil)
		if err != nil {
			return nil, err
		}
		return func(t *table, r *row) bool { return !x(t, r) }, nil
	case term.Group != nil:
		return c.condition(term.Group, hints)
	}
	return c.comparison(term.Compare, hints)
}

func (c *compiler) comparison(x *soql.Comparison, hints *hints) (test, *apiError) {
	o, err := c.operand(x.Call, x.Field, x.Pos)
	if err != nil {
		return nil, err
	}
	if !o.f.filterable {
		return nil, c.wrong(x.Pos, "INVALID_FIELD", "field '%s' can not be filtered in a query call", o.f.name)
	}
	m, err := c.matcher(o, x.Tail, x.Pos, hints)
	if err != nil {
		return nil, err
	}
	if o.own() {
		f := o.f
		return func(t *table, r *row) bool { return m(t.value(f, r)) }, nil
	}
	return func(t *table, r *row) bool { return m(o.get(t, r)) }, nil
}

// match tells whether a value satisfies an operator and its right side.
type match func(cell) bool

func (c *compiler) matcher(o *operand, tail *soql.Tail, pos soql.Position, hints *hints) (match, *apiError) {
	if tail.Set == nil {
		return c.compare(o, strings.ToUpper(tail.Op), tail.Value, hints)
	}
	set := tail.Set
	if !strings.EqualFold(set.Op, "IN") {
		return c.includes(o, set)
	}
	var texts []string
	hasNull := false
	if set.Sub != nil {
		list, err := c.semiJoin(o, set.Sub)
		if err != nil {
			return nil, err
		}
		texts = list
	} else {
		for _, v := range set.List {
			text, isNil, err := c.member(o, v)
			if err != nil {
				return nil, err
			}
			hasNull = hasNull || isNil
			if !isNil {
				texts = append(texts, text)
			}
		}
	}
	members := make(map[string]bool, len(texts))
	for _, text := range texts {
		members[o.f.folded(text)] = true
	}
	if hints != nil && o.own() && !set.Not && !hasNull {
		hints.equals(o.f, texts)
	}
	not := set.Not
	return func(v cell) bool {
		if v.kind == isNull {
			return hasNull != not
		}
		return members[o.f.folded(v.plain())] != not
	}, nil
}

// folded is a text as it is compared: without case unless the field heeds it.
func (f *field) folded(text string) string {
	if f.caseSensitive || f.typ == "id" || f.typ == "reference" {
		return text
	}
	return strings.ToLower(text)
}

// member is a value of an IN list as a text to compare with.
func (c *compiler) member(o *operand, v *soql.Value) (text string, isNil bool, err *apiError) {
	if v.Kind == soql.NullValue || v.Kind == soql.StringValue && v.Text == "" {
		return "", true, nil
	}
	want, err := c.literal(o, v)
	if err != nil {
		return "", false, err
	}
	if v.Kind == soql.DateLiteral {
		return "", false, c.wrong(v.Pos, "MALFORMED_QUERY", "unexpected token: '%s'", v.Text)
	}
	return want.plain(), false, nil
}

// semiJoin runs the query in an IN and gives the ids that it selects.
func (c *compiler) semiJoin(o *operand, sub *soql.Query) ([]string, *apiError) {
	if !o.f.isReference() && o.f.typ != "id" {
		return nil, c.wrong(sub.Pos, "INVALID_FIELD", "The left operand of a semi-join must be an id or a reference, which %s is not", o.f.name)
	}
	if len(sub.Select) != 1 || sub.Select[0].Field == "" || len(sub.GroupBy) > 0 {
		return nil, c.wrong(sub.Pos, "MALFORMED_QUERY", "Nested select sub queries must select exactly one id or reference field")
	}
	t := c.org.table(sub.From.Name)
	if t == nil {
		return nil, c.noType(sub.From)
	}
	in := &compiler{org: c.org, t: t, text: c.text, aliases: []string{sub.From.Name, sub.From.Alias}, now: c.now, version: c.version, all: c.all}
	f, err := in.field(sub.Select[0].Field, sub.Select[0].Pos)
	if err != nil {
		return nil, err
	}
	if !f.f.isReference() && f.f.typ != "id" {
		return nil, c.wrong(sub.Select[0].Pos, "INVALID_FIELD", "The inner select field '%s' must be an id or a reference", f.f.name)
	}
	q, err := in.query(sub)
	if err != nil {
		return nil, err
	}
	var out []string
	for _, r := range q.rows() {
		if v := f.get(t, r); v.kind == isText {
			out = append(out, v.text)
		}
	}
	return out, nil
}

// includes is for multi-picklists: any of the literals, all of the values in one.
func (c *compiler) includes(o *operand, set *soql.Set) (match, *apiError) {
	if o.f.typ != "multipicklist" {
		return nil, c.wrong(set.Pos, "INVALID_FIELD", "includes or excludes can only be used with multi-select picklists, which %s is not", o.f.name)
	}
	var groups [][]string
	for _, v := range set.List {
		if v.Kind != soql.StringValue {
			return nil, c.badType(o, v)
		}
		groups = append(groups, strings.Split(strings.ToLower(v.Text), ";"))
	}
	want := strings.EqualFold(set.Op, "INCLUDES")
	return func(v cell) bool {
		has := map[string]bool{}
		for part := range strings.SplitSeq(strings.ToLower(v.text), ";") {
			has[part] = true
		}
		for _, group := range groups {
			all := true
			for _, g := range group {
				all = all && has[g]
			}
			if all {
				return want
			}
		}
		return !want
	}, nil
}

func (c *compiler) badType(o *operand, v *soql.Value) *apiError {
	quotes := "should be enclosed in quotes"
	typ := o.f.typ
	switch typ {
	case "double", "currency", "percent", "int", "boolean", "date":
		quotes = "should not be enclosed in quotes"
	case "datetime":
		typ, quotes = "dateTime", "should not be enclosed in quotes"
	}
	return c.wrong(v.Pos, "INVALID_FIELD", "value of filter criterion for field '%s' must be of type %s and %s", o.f.name, typ, quotes)
}

// literal is a literal in the form of the field's values. Date literals are for compare.
func (c *compiler) literal(o *operand, v *soql.Value) (cell, *apiError) {
	bad := func() (cell, *apiError) { return cell{}, c.badType(o, v) }
	if v.Kind == soql.NullValue {
		return cell{}, nil
	}
	switch o.f.typ {
	case "boolean":
		if v.Kind != soql.BoolValue {
			return bad()
		}
		return boolCell(v.Text == "TRUE"), nil
	case "int", "double", "currency", "percent":
		if v.Kind != soql.NumberValue {
			return bad()
		}
		n, _ := strconv.ParseFloat(v.Text, 64)
		return numCell(n), nil
	case "date":
		if v.Kind != soql.DateValue {
			return bad()
		}
		t, _ := time.Parse(time.DateOnly, v.Text)
		return dayCell(floorDay(t.Unix())), nil
	case "datetime":
		if v.Kind != soql.TimeValue {
			return bad()
		}
		t, _ := v.Instant()
		return timeCell(t.Unix()), nil
	}
	if v.Kind != soql.StringValue {
		return bad()
	}
	if v.Text != "" && (o.f.isReference() || o.f.typ == "id") {
		id, ok := world.FullID(v.Text)
		if !ok {
			return cell{}, c.wrong(v.Pos, "INVALID_QUERY_FILTER_OPERATOR", "invalid ID field: %s", v.Text)
		}
		return textCell(id), nil
	}
	return textCell(v.Text), nil
}

func (c *compiler) compare(o *operand, op string, v *soql.Value, hints *hints) (match, *apiError) {
	if op == "<>" {
		op = "!="
	}
	if op == "LIKE" {
		return c.like(o, v)
	}
	if v.Kind == soql.DateLiteral && (o.f.typ == "date" || o.f.typ == "datetime") {
		return c.compareRange(o, op, v, hints), nil
	}
	want, err := c.literal(o, v)
	if err != nil {
		return nil, err
	}
	if want.kind == isNull {
		if op != "=" && op != "!=" {
			return nil, c.wrong(v.Pos, "INVALID_QUERY_FILTER_OPERATOR", "the operator %s cannot be used with null", op)
		}
		return func(x cell) bool { return (x.kind == isNull) == (op == "=") }, nil
	}
	if o.f.typ == "boolean" && op != "=" && op != "!=" {
		return nil, c.wrong(v.Pos, "INVALID_QUERY_FILTER_OPERATOR", "invalid operator on boolean field")
	}
	c.hint(o, op, want, hints)
	order := comparer(o.f, want)
	switch op {
	case "=":
		return func(x cell) bool { return x.kind != isNull && order(x) == 0 }, nil
	case "!=":
		return func(x cell) bool { return x.kind == isNull || order(x) != 0 }, nil
	case "<":
		return func(x cell) bool { return x.kind != isNull && order(x) < 0 }, nil
	case "<=":
		return func(x cell) bool { return x.kind != isNull && order(x) <= 0 }, nil
	case ">":
		return func(x cell) bool { return x.kind != isNull && order(x) > 0 }, nil
	}
	return func(x cell) bool { return x.kind != isNull && order(x) >= 0 }, nil
}

// hint notes what a comparison means for finding the records.
func (c *compiler) hint(o *operand, op string, want cell, hints *hints) {
	if hints == nil || !o.own() {
		return
	}
	switch {
	case op == "=" && want.kind == isText:
		hints.equals(o.f, []string{want.text})
	case o.f.system == sysChanged && (op == ">" || op == ">=" || op == "="):
		hints.since = max(hints.since, want.int)
	case o.f.system == sysID && (op == ">" || op == ">="):
		if _, n, ok := world.SalesforceNumber(want.text); ok && want.text[:3] == c.t.prefix {
			hints.after = max(hints.after, n)
		}
	}
}

// comparer gives the order of a value against a fixed one.
func comparer(f *field, want cell) func(cell) int {
	switch want.kind {
	case isNumber:
		return func(x cell) int { return cmp.Compare(x.num, want.num) }
	case isDay, isTime:
		return func(x cell) int { return cmp.Compare(x.int, want.int) }
	case isText:
		text := f.folded(want.text)
		if f.caseSensitive || f.typ == "id" || f.typ == "reference" {
			return func(x cell) int { return strings.Compare(x.text, text) }
		}
		return func(x cell) int {
			if strings.EqualFold(x.text, text) {
				return 0
			}
			return strings.Compare(strings.ToLower(x.text), text)
		}
	}
	return func(x cell) int { return cmp.Compare(x.kind, want.kind) } // booleans: isTrue or isFalse
}

// compareRange compares with a date literal, which is a span.
func (c *compiler) compareRange(o *operand, op string, v *soql.Value, hints *hints) match {
	from, to := v.Range(c.now)
	start, end := from.Unix(), to.Unix()
	if hints != nil && o.own() && o.f.system == sysChanged && (op == "=" || op == ">=" || op == ">") {
		hints.since = max(hints.since, start)
	}
	if o.f.typ == "date" {
		start, end = floorDay(start), floorDay(end)
	}
	return func(x cell) bool {
		if x.kind == isNull {
			return op == "!="
		}
		switch op {
		case "=":
			return x.int >= start && x.int < end
		case "!=":
			return x.int < start || x.int >= end
		case "<":
			return x.int < start
		case "<=":
			return x.int < end
		case ">":
			return x.int >= end
		}
		return x.int >= start
	}
}
