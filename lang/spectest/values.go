package spectest

import (
	"strconv"
	"strings"
	"time"

	"github.com/syncline/syncline/lang/plan"
	"github.com/syncline/syncline/lang/schema"
	"github.com/syncline/syncline/lang/syntax"
	"github.com/syncline/syncline/lang/value"
)

// record reads { FIELD = VALUE } of an object.
func (r *reader) record(v syntax.Value, e plan.End) (out Record) {
	o, ok := v.(*syntax.Object)
	if !ok {
		return nil
	}
	for _, item := range o.Items {
		field := e.Catalog.Path(e.Object, item.Key)
		if field == nil && e.Object.Open {
			field = e.Object.WriteField(item.Key)
		}
		if field == nil {
			r.add(errUnknownField(item, e))
			continue
		}
		if x, ok := r.value(item.Value, item.Key, field); ok {
			out = append(out, Field{Name: item.Key, Field: field, Value: x, Range: item.KeyRange})
		}
	}
	return out
}

// value reads one value as the field holds it; a nil field takes any.
func (r *reader) value(v syntax.Value, name string, f *schema.Field) (value.Value, bool) {
	switch v := v.(type) {
	case *syntax.List:
		items := make([]value.Value, 0, len(v.Items))
		for _, item := range v.Items {
			x, ok := r.value(item, name, nil)
			if !ok {
				return value.Null, false
			}
			items = append(items, x)
		}
		if f != nil && f.Kind != schema.MultiPicklist && f.Kind != schema.Any {
			r.add(errValue(v.Range, name, f, "a list"))
			return value.Null, false
		}
		return value.List(items), true
	case *syntax.Const:
		return r.constant(v, name, f)
	case *syntax.Quoted:
		return r.text(v, name, f)
	}
	return value.Null, false // reported where it was parsed
}

func (r *reader) constant(c *syntax.Const, name string, f *schema.Field) (value.Value, bool) {
	fits := true
	var out value.Value
	switch c.Kind {
	case syntax.NullConst:
		return value.Null, true
	case syntax.BoolConst:
		out = value.Bool(c.Literal == "true")
		fits = f == nil || f.Kind == schema.Boolean || f.Kind == schema.Any
	default:
		var ok bool
		if out, ok = number(c.Literal); !ok {
			r.add(errValue(c.Range, name, f, "a number that does not fit into 64 bits"))
			return value.Null, false
		}
		fits = f == nil || f.Kind.IsNumber() || f.Kind == schema.Any
		if f != nil && f.Kind == schema.Integer && out.Kind() == value.KindFloat {
			fits = false
		}
		if f != nil && f.Kind == schema.Number && out.Kind() == value.KindInt {
			out = value.Float(out.AsFloat())
		}
	}
	if !fits {
		r.add(errValue(c.Range, name, f, c.Literal))
	}
	return out, fits
}

// text reads a text by the field's kind: dates and datetimes are written as texts.
func (r *reader) text(q *syntax.Quoted, name string, f *schema.Field) (value.Value, bool) {
	if f == nil || f.Kind == schema.Any || f.Kind.IsText() {
		if q.Text == "" {
			return value.Null, true // records never hold an empty text
		}
		return value.Text(q.Text), true
	}
	switch f.Kind {
	case schema.Date:
		if t, err := time.Parse(time.DateOnly, q.Text); err == nil {
			return value.Date(t.Year(), t.Month(), t.Day()), true
		}
	case schema.DateTime:
		if t, ok := parseInstant(q.Text, r.zone); ok {
			return value.Time(t), true
		}
	case schema.MultiPicklist:
		return value.List([]value.Value{value.Text(q.Text)}), true
	}
	r.add(errValue(q.Range, name, f, strconv.Quote(q.Text)))
	return value.Null, false
}

// choice reports an expected text that the field never holds.
func (r *reader) choice(item syntax.Item, f *schema.Field, v value.Value) {
	if !f.Finite() || !f.Restricted || v.Kind() != value.KindText || f.HasValue(v.AsText()) {
		return
	}
	r.add(errNotAChoice(item, f, v.AsText()))
}

func number(text string) (value.Value, bool) {
	if !strings.ContainsAny(text, ".eE") {
		i, err := strconv.ParseInt(text, 10, 64)
		return value.Int(i), err == nil
	}
	f, err := strconv.ParseFloat(text, 64)
	return value.Float(f), err == nil
}

// instantForms are what an instant may be written as; without an offset it is in the rule's zone.
var instantForms = []string{time.RFC3339Nano, "2006-01-02T15:04:05", "2006-01-02T15:04", "2006-01-02 15:04:05", "2006-01-02 15:04", time.DateOnly}

func parseInstant(text string, zone *time.Location) (time.Time, bool) {
	for _, form := range instantForms {
		if t, err := time.ParseInLocation(form, text, zone); err == nil {
			return t.UTC(), true
		}
	}
	return time.Time{}, false
}

// instant reads an attribute that is an instant; unwritten is its value where it is not written.
func (r *reader) instant(b *syntax.Block, name string, unwritten time.Time) time.Time {
	a := b.Attr(name)
	if a == nil {
		return unwritten
	}
	q, ok := a.Value.(*syntax.Quoted)
	if !ok {
		return unwritten
	}
	t, ok := parseInstant(q.Text, r.zone)
	if !ok {
		r.add(errInstant(q, name))
		return unwritten
	}
	return t
}
