package salesforce

import (
	"regexp"
	"strconv"
	"strings"

	"github.com/syncline/syncline/connectors/salesforce/soql"
	"github.com/syncline/syncline/lang/schema"
	"github.com/syncline/syncline/lang/value"
)

// judge evaluates SOQL conditions as Salesforce does, and where its documentation leaves a choice, in the way that is
// worst for us: a comparison other than with null is false for a null.
type judge struct {
	s      *shape
	record value.Record
}

func (j judge) condition(c *soql.Condition) bool {
	for _, t := range c.Terms() {
		if j.term(t) == c.IsOr() {
			return c.IsOr()
		}
	}
	return !c.IsOr()
}

func (j judge) term(t *soql.Term) bool {
	switch {
	case t.Not != nil:
		return !j.term(t.Not)
	case t.Group != nil:
		return j.condition(t.Group)
	}
	c := t.Compare
	f := j.s.fields[c.Field]
	v := j.record.At(j.s.layout.Slot(c.Field))
	if set := c.Tail.Set; set != nil {
		return j.set(f, v, set)
	}
	w := c.Tail.Value
	if w.Kind == soql.NullValue {
		null := value.IsEmpty(v) || f.Kind == schema.Boolean && !v.AsBool()
		return null == (c.Tail.Op == "=")
	}
	if f.Kind == schema.Boolean {
		// A boolean through a reference that is empty is as false to some operators and as nothing to others.
		if v.IsNull() {
			return false
		}
		return (v.AsBool() == strings.EqualFold(w.Text, "true")) == (c.Tail.Op == "=")
	}
	if v.IsNull() {
		return false
	}
	if strings.EqualFold(c.Tail.Op, "LIKE") {
		return like(w.Pattern, v.AsText())
	}
	switch n := order(f, v, w); c.Tail.Op {
	case "=":
		return n == 0
	case "!=":
		return n != 0
	case "<":
		return n < 0
	case "<=":
		return n <= 0
	case ">":
		return n > 0
	case ">=":
		return n >= 0
	}
	panic(c.Tail.Op)
}

func (j judge) set(f *schema.Field, v value.Value, set *soql.Set) bool {
	if set.Op == "INCLUDES" {
		for _, item := range v.AsList() {
			for _, w := range set.List {
				if strings.EqualFold(item.AsText(), w.Text) {
					return true
				}
			}
		}
		return false
	}
	if v.IsNull() {
		return false
	}
	for _, w := range set.List {
		if order(f, v, w) == 0 {
			return !set.Not
		}
	}
	return set.Not
}

// order compares a field's value with a literal.
func order(f *schema.Field, v value.Value, w *soql.Value) int {
	switch f.Kind {
	case schema.Integer, schema.Number:
		x, err := strconv.ParseFloat(w.Text, 64)
		if err != nil {
			panic(err)
		}
		return value.Compare(v, value.Float(x))
	case schema.Date:
		days, ok := parseDay([]byte(w.Text))
		if !ok {
			panic(w.Text)
		}
		return value.Compare(v, value.Day(days))
	case schema.DateTime:
		return value.Compare(v, micros(w.Text))
	}
	if f.CaseSensitive || f.Kind == schema.Reference {
		return strings.Compare(v.AsText(), w.Text)
	}
	return strings.Compare(strings.ToLower(v.AsText()), strings.ToLower(w.Text))
}

// like matches a pattern whose escaped wildcards are still escaped.
func like(pattern, text string) bool {
	var b strings.Builder
	b.WriteString("(?is)^")
	for i := 0; i < len(pattern); i++ {
		switch {
		case pattern[i] == '\\' && i+1 < len(pattern):
			i++
			b.WriteString(regexp.QuoteMeta(pattern[i : i+1]))
		case pattern[i] == '%':
			b.WriteString(".*")
		case pattern[i] == '_':
			b.WriteString(".")
		default:
			b.WriteString(regexp.QuoteMeta(pattern[i : i+1]))
		}
	}
	return regexp.MustCompile(b.String() + "$").MatchString(text)
}
