package query

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/syncline/syncline/lang/value"
)

// String shows a predicate to people. Parameters that are not bound yet are $1, $2 and so on.
func String(p Pred) string {
	switch p := p.(type) {
	case nil:
		return "all"
	case And:
		return group(p, " and ", "all")
	case Or:
		return group(p, " or ", "none")
	case Not:
		return "not " + nested(p.X)
	case Compare:
		return p.Field + " " + p.Op.String() + " " + p.Value.String()
	case In:
		texts := make([]string, len(p.Values))
		for i, v := range p.Values {
			texts[i] = literal(v)
		}
		return p.Field + " in (" + strings.Join(texts, ", ") + ")"
	case Null:
		if p.Not {
			return p.Field + " is not empty"
		}
		return p.Field + " is empty"
	case TextTest:
		return p.Field + " " + p.Test.String() + " " + p.Value.String()
	case Includes:
		return p.Field + " includes " + p.Value.String()
	}
	return fmt.Sprintf("%T", p)
}

// group joins the parts of an And or Or.
func group(parts []Pred, sep, none string) string {
	if len(parts) == 0 {
		return none
	}
	texts := make([]string, len(parts))
	for i, x := range parts {
		texts[i] = nested(x)
	}
	return strings.Join(texts, sep)
}

func nested(p Pred) string {
	switch p.(type) {
	case And, Or:
		return "(" + String(p) + ")"
	}
	return String(p)
}

// String shows the constant, or the parameter's number.
func (o Operand) String() string {
	if o.Param > 0 {
		return "$" + strconv.Itoa(o.Param)
	}
	return literal(o.Const)
}

func literal(v value.Value) string {
	switch v.Kind() {
	case value.KindNull:
		return "null"
	case value.KindText:
		return "'" + strings.ReplaceAll(v.AsText(), "'", "\\'") + "'"
	}
	return v.String()
}
