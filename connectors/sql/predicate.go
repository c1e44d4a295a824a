package sql

import (
	"math"
	"strings"

	"github.com/syncline/syncline/lang/query"
	"github.com/syncline/syncline/lang/schema"
	"github.com/syncline/syncline/lang/value"
)

// where renders predicates with the meaning that query.Match has: two-valued, empty texts as null, texts byte by byte.
//
// Outside of a negation it is enough that nothing is lost, and the plain comparison is taken, which can use an index. Inside
// one the condition has to be exact: what lets too much through would lose records when it is turned round.
type where struct {
	*builder
	t *table
}

// render gives the condition, and false where it cannot be said. exact: inside a negation.
func (w where) render(p query.Pred, exact bool) (string, bool) {
	switch p := p.(type) {
	case query.And:
		return w.and(p, exact)
	case query.Or:
		return w.or(p, exact)
	case query.Not:
		if s, ok := w.render(p.X, true); ok {
			return "NOT (" + s + ")", true
		}
	case query.Compare:
		return w.compare(p.Field, p.Op, p.Value.Const, exact)
	case query.In:
		return w.in(p, exact)
	case query.Null:
		return w.null(p.Field, p.Not, exact)
	case query.TextTest:
		return w.textTest(p)
	}
	return "", false
}

// and leaves out what cannot be said, except inside a negation.
func (w where) and(p query.And, exact bool) (string, bool) {
	var parts []string
	for _, x := range p {
		mark := len(w.args)
		s, ok := w.render(x, exact)
		if !ok {
			if exact {
				return "", false
			}
			w.args = w.args[:mark]
			continue
		}
		parts = append(parts, s)
	}
	if len(parts) == 0 {
		return "1 = 1", exact || len(p) == 0
	}
	return "(" + strings.Join(parts, " AND ") + ")", true
}

func (w where) or(p query.Or, exact bool) (string, bool) {
	if len(p) == 0 {
		return "1 = 0", true
	}
	parts := make([]string, len(p))
	for i, x := range p {
		s, ok := w.render(x, exact)
		if !ok {
			return "", false
		}
		parts[i] = s
	}
	return "(" + strings.Join(parts, " OR ") + ")", true
}

// known makes a condition two-valued.
func known(s string) string { return "((" + s + ") IS TRUE)" }

func (w where) compare(field string, op query.Op, v value.Value, exact bool) (string, bool) {
	c := w.t.column(field)
	if c == nil || !c.Filterable {
		return "", false
	}
	if v.IsNull() {
		switch op {
		case query.Eq:
			return w.null(field, false, exact)
		case query.Ne:
			return w.null(field, true, exact)
		}
		return "1 = 0", true
	}
	if op == query.Ne {
		// Exact even outside of a negation: a comparison that folds case would lose what differs in case only.
		s, ok := w.compare(field, query.Eq, v, true)
		return "NOT (" + s + ")", ok
	}
	switch {
	case c.Kind == schema.Date || c.Kind == schema.DateTime:
		if (v.Kind() == value.KindDate) != (c.Kind == schema.Date) || v.Kind() != value.KindDate && v.Kind() != value.KindTime {
			return "", false
		}
		s, isExact, ok := w.d.timed(w.builder, c, op.String(), v)
		if !ok || exact && !isExact {
			return "", false
		}
		return known(s), true
	case c.Kind.IsText():
		return w.compareText(c, op, v, exact)
	case c.Kind.IsNumber():
		if !v.IsNumber() {
			return "", false
		}
		return known(w.d.text(c) + " " + op.String() + " " + w.number(c, v)), true
	case c.Kind == schema.Boolean:
		if v.Kind() != value.KindBool || op != query.Eq {
			return "", false
		}
		return known(w.d.text(c) + " = " + w.d.arg(w.builder, c, v)), true
	}
	return "", false
}

// number makes a whole number an integer, so that an index of an integer column is used.
func (w where) number(c *column, v value.Value) string {
	if f := v.AsFloat(); v.Kind() == value.KindFloat && f == math.Trunc(f) && math.Abs(f) < 1<<53 {
		v = value.Int(int64(f))
	}
	return w.d.arg(w.builder, &column{Field: &schema.Field{Kind: kindOfNumber(v)}, typ: "constant"}, v)
}

func kindOfNumber(v value.Value) schema.Kind {
	if v.Kind() == value.KindInt {
		return schema.Integer
	}
	return schema.Number
}

func (w where) compareText(c *column, op query.Op, v value.Value, exact bool) (string, bool) {
	if v.Kind() != value.KindText {
		return "", false
	}
	if v.AsText() == "" {
		// Records never hold an empty text: nothing equals it, and all that is not null is greater.
		if op == query.Gt || op == query.Ge {
			return w.null(c.Name, true, exact)
		}
		return "1 = 0", true
	}
	if op == query.Eq {
		plain := w.d.list(w.builder, c, w.d.text(c), []value.Value{v})
		if !exact {
			return plain, true
		}
		return known(plain + " AND " + w.d.exact(w.d.text(c)) + " = " + w.d.exact(w.add(v.AsText()))), true
	}
	s := w.d.exact(w.d.text(c)) + " " + op.String() + " " + w.d.exact(w.add(v.AsText()))
	if op == query.Lt || op == query.Le {
		s += " AND NOT " + w.empty(c)
	}
	return known(s), true
}

func (w where) in(p query.In, exact bool) (string, bool) {
	c := w.t.column(p.Field)
	if c == nil || !c.Filterable {
		return "", false
	}
	var nulls bool
	var values []value.Value
	for _, v := range p.Values {
		switch {
		case v.IsNull():
			nulls = true
		case fits(c, v):
			values = append(values, v)
		}
	}
	var parts []string
	if nulls {
		s, ok := w.null(p.Field, false, exact)
		if !ok {
			return "", false
		}
		parts = append(parts, s)
	}
	switch {
	case len(values) == 0:
	case exact || c.Kind == schema.Date || c.Kind == schema.DateTime || c.Kind == schema.Boolean:
		for _, v := range values {
			s, ok := w.compare(p.Field, query.Eq, v, exact)
			if !ok {
				return "", false
			}
			parts = append(parts, s)
		}
	default:
		parts = append(parts, w.d.list(w.builder, c, w.d.text(c), values))
	}
	if len(parts) == 0 {
		return "1 = 0", true
	}
	return "(" + strings.Join(parts, " OR ") + ")", true
}

// fits tells whether the column can equal the value at all.
func fits(c *column, v value.Value) bool {
	switch {
	case c.Kind.IsText():
		return v.Kind() == value.KindText && v.AsText() != ""
	case c.Kind.IsNumber():
		return v.IsNumber()
	case c.Kind == schema.Boolean:
		return v.Kind() == value.KindBool
	case c.Kind == schema.Date:
		return v.Kind() == value.KindDate
	case c.Kind == schema.DateTime:
		return v.Kind() == value.KindTime
	}
	return false
}

// empty tests for null and the empty text, which are the same here.
func (w where) empty(c *column) string {
	x := w.d.text(c)
	if !c.Kind.IsText() && w.d.name() != "sqlite" {
		return "(" + x + " IS NULL)"
	}
	return "(" + x + " IS NULL OR " + w.d.exact(x) + " = '')"
}

func (w where) null(field string, not, _ bool) (string, bool) {
	c := w.t.column(field)
	if c == nil || c.Kind == schema.MultiPicklist {
		return "", false
	}
	if not {
		return "NOT " + w.empty(c), true
	}
	return w.empty(c), true
}

func (w where) textTest(p query.TextTest) (string, bool) {
	c := w.t.column(p.Field)
	if c == nil || !c.Filterable || !c.Kind.IsText() {
		return "", false
	}
	s := p.Value.Const
	switch {
	case s.IsNull():
		return "1 = 0", true
	case s.AsText() == "":
		return w.null(p.Field, true, true)
	}
	return known(w.d.tests(w.builder, w.d.text(c), int(p.Test), s.AsText())), true
}

// like is a pattern for LIKE … ESCAPE '|'.
func like(test int, s string) string {
	s = strings.NewReplacer("|", "||", "%", "|%", "_", "|_").Replace(s)
	switch query.Test(test) {
	case query.Prefix:
		return s + "%"
	case query.Suffix:
		return "%" + s
	}
	return "%" + s + "%"
}

// order renders a sort, empties last.
func (w where) order(order []query.Order) []string {
	var out []string
	for _, o := range order {
		c := w.t.column(o.Field)
		if c == nil || !c.Sortable {
			continue
		}
		x := w.d.text(c)
		if c.Kind.IsText() {
			x = w.d.exact(x)
		}
		if o.Descending {
			x += " DESC"
		}
		out = append(out, "CASE WHEN "+w.empty(c)+" THEN 1 ELSE 0 END", x)
	}
	return out
}
