package gainsight

import (
	"errors"
	"strconv"
	"strings"
	"time"

	"github.com/syncline/syncline/lang/query"
	"github.com/syncline/syncline/lang/schema"
	"github.com/syncline/syncline/lang/value"
)

// condition is one condition of a query, as sent.
type condition struct {
	Name     string `json:"name"`
	Alias    string `json:"alias"`
	Value    []any  `json:"value"`
	Operator string `json:"operator"`
}

// whereBody is the conditions of a query, all of which hold.
type whereBody struct {
	Conditions []condition `json:"conditions"`
	Expression string      `json:"expression"`
}

// filter is a predicate as the query API can take it: conditions that must all hold.
type filter struct {
	conditions []condition
	// exact: the conditions let through what the predicate does, and nothing else.
	exact bool
	// none: no record can satisfy the predicate.
	none bool
}

// maxConditions is how many conditions a query can have: their names are single letters. Some are kept for paging.
const maxConditions = 26 - 4

// renderer turns predicates into conditions. Where it cannot say a part exactly it says it wider, never
// narrower: what a filter keeps back is lost, what it lets through is looked at again.
type renderer struct {
	resolve func(path string) (*column, error)
	zone    *time.Location
	out     filter
}

func (c *conn) render(p query.Pred, resolve func(string) (*column, error)) (filter, error) {
	r := renderer{resolve: resolve, zone: c.zone, out: filter{exact: true}}
	if p == nil {
		return r.out, nil
	}
	if err := r.and(p); err != nil {
		return filter{}, err
	}
	if len(r.out.conditions) > maxConditions {
		r.out.conditions, r.out.exact = r.out.conditions[:maxConditions], false
	}
	return r.out, nil
}

// and adds what must hold. A condition on a field that is not there is left to whoever filters again.
func (r *renderer) and(p query.Pred) error {
	err := r.conjunct(p)
	if errors.Is(err, errNoField) {
		r.widen()
		return nil
	}
	return err
}

func (r *renderer) conjunct(p query.Pred) error {
	switch p := p.(type) {
	case query.And:
		for _, x := range p {
			if err := r.and(x); err != nil {
				return err
			}
		}
		return nil
	case query.Or:
		return r.or(p)
	case query.Not:
		if x, ok := p.X.(query.Null); ok {
			return r.and(query.Null{Field: x.Field, Not: !x.Not})
		}
		if x, ok := p.X.(query.Not); ok {
			return r.and(x.X)
		}
	case query.Compare:
		return r.compare(p)
	case query.In:
		return r.in(p)
	case query.Null:
		return r.null(p)
	case query.TextTest:
		return r.text(p)
	case query.Includes:
		return r.includes(p)
	}
	r.widen()
	return nil
}

// widen says that a part was left out.
func (r *renderer) widen() { r.out.exact = false }

func (r *renderer) add(name, operator string, values ...any) {
	if values == nil {
		values = []any{}
	}
	r.out.conditions = append(r.out.conditions, condition{Name: name, Operator: operator, Value: values})
}

// or can be said where all parts are about one field being one of some values.
func (r *renderer) or(p query.Or) error {
	if len(p) == 0 {
		r.out.none = true
		return nil
	}
	in := query.In{}
	for _, x := range p {
		var field string
		var values []value.Value
		switch x := x.(type) {
		case query.Compare:
			if x.Op != query.Eq || x.Value.Const.IsNull() {
				r.widen()
				return nil
			}
			field, values = x.Field, []value.Value{x.Value.Const}
		case query.In:
			field, values = x.Field, x.Values
		default:
			if len(p) == 1 {
				return r.and(x)
			}
			r.widen()
			return nil
		}
		if in.Field != "" && in.Field != field {
			r.widen()
			return nil
		}
		in.Field, in.Values = field, append(in.Values, values...)
	}
	return r.in(in)
}

func (r *renderer) compare(p query.Compare) error {
	v := p.Value.Const
	if v.IsNull() {
		switch p.Op {
		case query.Eq, query.Ne:
			return r.null(query.Null{Field: p.Field, Not: p.Op == query.Ne})
		}
		r.out.none = true
		return nil
	}
	if p.Op == query.Eq {
		return r.in(query.In{Field: p.Field, Values: []value.Value{v}})
	}
	col, err := r.resolve(p.Field)
	if err != nil {
		return err
	}
	// NE keeps back records whose field is empty, which are different too.
	if p.Op == query.Ne || col.picks != nil {
		r.widen()
		return nil
	}
	switch col.form {
	case formDate, formDateTime:
		return r.instants(col, p.Op, v)
	case formNumber:
		if !v.IsNumber() {
			break
		}
		r.add(col.wire, operators[p.Op], wireNumber(v))
		return nil
	}
	// How the system orders texts is not known.
	r.widen()
	return nil
}

var operators = map[query.Op]string{query.Lt: "LT", query.Le: "LTE", query.Gt: "GT", query.Ge: "GTE"}

// instants compares dates and datetimes. Seconds are the finest step known to be understood, and a
// date's edge depends on the tenant's zone, so both are widened: to the second, and by a day.
func (r *renderer) instants(col *column, op query.Op, v value.Value) error {
	r.widen()
	lower, upper := op == query.Gt || op == query.Ge, op == query.Lt || op == query.Le
	switch v.Kind() {
	case value.KindDate:
		if col.form != formDate {
			return nil
		}
		if lower {
			r.add(col.wire, "GTE", wireDay(v.AsDay()-1))
		} else if upper {
			r.add(col.wire, "LTE", wireDay(v.AsDay()+1))
		}
	case value.KindTime:
		if col.form != formDateTime {
			return nil
		}
		if lower {
			r.add(col.wire, "GTE", wireSecond(floorSecond(v.AsMicros())))
		} else if upper {
			r.add(col.wire, "LTE", wireSecond(floorSecond(v.AsMicros())+1e6))
		}
	}
	return nil
}

// in renders "one of": of texts and numbers as IN, of a date or datetime as the time around it.
func (r *renderer) in(p query.In) error {
	col, err := r.resolve(p.Field)
	if err != nil {
		return err
	}
	var values []any
	for _, v := range p.Values {
		if v.IsNull() {
			r.widen()
			return nil
		}
		if col.form == formDate || col.form == formDateTime {
			return r.around(col, p.Values)
		}
		if col.picks != nil && v.Kind() == value.KindText && col.picks.ids[v.AsText()] == nil {
			// Gainsight may refuse a filter by an item that the picklist does not have.
			r.widen()
			return nil
		}
		w, ok := col.filterValues(v)
		if !ok {
			// A value of another type equals nothing in the field.
			continue
		}
		values = append(values, w...)
	}
	switch {
	case len(values) == 0:
		r.out.none = true
	case len(values) == 1 || col.form == formBool:
		if len(values) > 1 {
			r.widen()
			return nil
		}
		r.add(col.wire, "EQ", values[0])
	default:
		r.add(col.wire, "IN", values...)
	}
	// Case is taken to be ignored.
	if col.schema.Kind != schema.ID && col.form != formNumber && col.form != formBool {
		r.widen()
	}
	return nil
}

// around renders equality with dates or datetimes as the span from the first to the last.
func (r *renderer) around(col *column, values []value.Value) error {
	low, high := values[0], values[0]
	for _, v := range values {
		if v.Kind() != low.Kind() {
			r.widen()
			return nil
		}
		if value.Compare(v, low) < 0 {
			low = v
		}
		if value.Compare(v, high) > 0 {
			high = v
		}
	}
	if err := r.instants(col, query.Ge, low); err != nil {
		return err
	}
	return r.instants(col, query.Le, high)
}

func (r *renderer) null(p query.Null) error {
	col, err := r.resolve(p.Field)
	if err != nil {
		return err
	}
	// A multi-picklist is never null here: empty is an empty list.
	if col.form == formMulti || col.form == formAny {
		r.widen()
		return nil
	}
	if p.Not {
		r.add(col.wire, "IS_NOT_NULL")
		return nil
	}
	// Empty texts may be stored as such, and count as empty here.
	if col.form == formText && col.schema.Kind != schema.Reference {
		r.widen()
		return nil
	}
	r.add(col.wire, "IS_NULL")
	return nil
}

func (r *renderer) text(p query.TextTest) error {
	col, err := r.resolve(p.Field)
	if err != nil {
		return err
	}
	r.widen()
	v := p.Value.Const
	if col.form != formText || v.Kind() != value.KindText || v.AsText() == "" {
		return nil
	}
	switch p.Test {
	case query.Prefix:
		r.add(col.wire, "STARTS_WITH", v.AsText())
	case query.Suffix:
		r.add(col.wire, "ENDS_WITH", v.AsText())
	case query.Contains:
		r.add(col.wire, "CONTAINS", v.AsText())
	}
	return nil
}

func (r *renderer) includes(p query.Includes) error {
	col, err := r.resolve(p.Field)
	if err != nil {
		return err
	}
	v := p.Value.Const
	if col.form != formMulti || v.Kind() != value.KindText {
		r.widen()
		return nil
	}
	values, _ := col.filterValues(v)
	if len(values) == 0 {
		r.widen()
		return nil
	}
	r.add(col.wire, "INCLUDES", values...)
	return nil
}

// filterValues are the forms of a value in a filter; false when no record can hold it.
func (col *column) filterValues(v value.Value) ([]any, bool) {
	switch col.form {
	case formPick, formMulti:
		if v.Kind() != value.KindText {
			return nil, false
		}
		var out []any
		for _, id := range col.picks.ids[v.AsText()] {
			out = append(out, id)
		}
		return out, true
	case formNumber:
		if !v.IsNumber() {
			return nil, false
		}
		return []any{wireNumber(v)}, true
	case formBool:
		return []any{v.AsBool()}, v.Kind() == value.KindBool
	}
	if v.Kind() != value.KindText {
		return []any{v.String()}, v.Kind() != value.KindList
	}
	return []any{strings.Clone(v.AsText())}, true
}

// wireNumber is a number as JSON, exact.
func wireNumber(v value.Value) any {
	if v.Kind() == value.KindInt {
		return v.AsInt()
	}
	return v.AsFloat()
}

func wireDay(day int64) string { return time.Unix(day*86400, 0).UTC().Format(time.DateOnly) }

// wireSecond is an instant as production clients are known to send it.
func wireSecond(us int64) string {
	return time.UnixMicro(us).UTC().Format("2006-01-02T15:04:05") + "+00:00"
}

func floorSecond(us int64) int64 {
	cut := us % 1e6
	if cut < 0 {
		cut += 1e6
	}
	return us - cut
}

// body names the conditions and joins them; nil when there are none.
func body(conditions ...condition) *whereBody {
	if len(conditions) == 0 {
		return nil
	}
	w := &whereBody{Conditions: make([]condition, len(conditions))}
	var b strings.Builder
	for i, c := range conditions {
		c.Alias = alias(i)
		if c.Value == nil {
			c.Value = []any{}
		}
		w.Conditions[i] = c
		if i > 0 {
			b.WriteString(" AND ")
		}
		b.WriteString(c.Alias)
	}
	w.Expression = b.String()
	return w
}

func alias(i int) string {
	if i < 26 {
		return string(rune('A' + i))
	}
	return "A" + strconv.Itoa(i)
}
