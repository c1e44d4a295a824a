package salesforce

import (
	"math"
	"strconv"
	"strings"

	"github.com/syncline/syncline/lang/query"
	"github.com/syncline/syncline/lang/schema"
	"github.com/syncline/syncline/lang/value"
)

// compare renders a comparison with a constant.
func (s *shape) compare(p query.Compare, negated bool) cond {
	v := p.Value.Const
	if value.IsEmpty(v) && !v.IsNull() {
		return anything // '' and [] are no constants of SOQL; in records they hardly occur
	}
	switch {
	case p.Op == query.Eq, p.Op == query.Ne:
		not := (p.Op == query.Ne) != negated
		if v.IsNull() {
			return s.null(p.Field, not)
		}
		return s.equal(p.Field, v, not)
	case v.IsNull():
		if negated {
			return isTrue()
		}
		return isFalse()
	}
	return s.ordered(p.Field, p.Op, v, negated)
}

func (s *shape) equal(path string, v value.Value, not bool) cond {
	f := s.filterable(path)
	if f == nil {
		return s.absent(path, not)
	}
	text, exact, how := literal(f, v)
	if how == fits && f.Kind == schema.Integer && v.AsFloat() != math.Trunc(v.AsFloat()) {
		how = never
	}
	switch {
	case how == unknown:
		return anything
	case how == fits && f.Kind == schema.Boolean:
		return boolean(path, v.AsBool(), not)
	case how == never && not:
		return isTrue()
	case how == never:
		return isFalse()
	case !not:
		return atom(path+" = "+text, exact)
	case !exact:
		return anything // what differs in case alone differs to us, and not to Salesforce
	}
	return anyOf(atom(path+" != "+text, true), atom(path+" = null", true))
}

// boolean renders a comparison of a boolean, which is never null, unless it is one of a record that is not there:
// Salesforce takes that for false.
func boolean(path string, want, not bool) cond {
	through := strings.Contains(path, ".")
	if not && through {
		return anything
	}
	return atom(path+" = "+strconv.FormatBool(want != not), !through)
}

var opposite = map[query.Op]query.Op{query.Lt: query.Ge, query.Le: query.Gt, query.Gt: query.Le, query.Ge: query.Lt}

// ordered renders < <= > >=. Texts are left out: Salesforce orders them by language, we by code point.
func (s *shape) ordered(path string, op query.Op, v value.Value, negated bool) cond {
	f := s.filterable(path)
	if f == nil {
		return s.absent(path, negated)
	}
	if negated {
		op = opposite[op]
	}
	text, ok := "", false
	switch {
	case f.Kind.IsNumber() && v.IsNumber():
		text, op, ok = bound(f, op, v)
	case f.Kind == schema.Date && v.Kind() == value.KindDate:
		var how fit
		text, _, how = day(v)
		ok = how == fits
	case f.Kind == schema.DateTime && v.Kind() == value.KindTime:
		text, op, ok = instantBound(op, v.AsMicros())
	}
	if !ok {
		return anything
	}
	c := atom(path+" "+op.String()+" "+text, true)
	if negated {
		return anyOf(c, atom(path+" = null", true))
	}
	return c
}

// bound writes the bound of a number; that of a whole number is made whole.
func bound(f *schema.Field, op query.Op, v value.Value) (string, query.Op, bool) {
	if x := v.AsFloat(); f.Kind == schema.Integer && x != math.Trunc(x) {
		if op == query.Gt || op == query.Ge {
			v, op = value.Float(math.Ceil(x)), query.Ge
		} else {
			v, op = value.Float(math.Floor(x)), query.Le
		}
	}
	text, _, how := number(v)
	return text, op, how == fits
}

// instantBound writes the bound of a stamp. Stamps are whole seconds, so a bound between two is one of them.
func instantBound(op query.Op, micros int64) (string, query.Op, bool) {
	const second = 1_000_000
	if rest := ((micros % second) + second) % second; rest != 0 {
		micros -= rest
		if op == query.Gt || op == query.Ge {
			op = query.Gt
		} else {
			op = query.Le
		}
	}
	text, _, how := instant(micros)
	return text, op, how == fits
}
