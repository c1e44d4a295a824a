package check

import (
	"strconv"
	"strings"

	"github.com/syncline/syncline/lang/expr"
	"github.com/syncline/syncline/lang/syntax"
	"github.com/syncline/syncline/lang/value"
)

// sourceOf makes an expression of a written value; false for forms that are no expression, which the parser refuses.
func sourceOf(v syntax.Value) (expr.Source, bool) {
	switch v := v.(type) {
	case *syntax.Ref:
		src := expr.Source{Spelling: expr.Reference, Range: v.Range}
		for _, s := range v.Steps {
			src.Path = append(src.Path, s.Name)
			src.Steps = append(src.Steps, s.Range)
		}
		return src, true
	case *syntax.Const:
		x, ok := constOf(v)
		return expr.Source{Spelling: expr.Constant, Const: x, Range: v.Range}, ok
	case *syntax.Quoted:
		return expr.Source{Spelling: expr.Quoted, Embedded: v.Embedded, Range: v.Range}, true
	case *syntax.Text:
		return expr.Source{Spelling: expr.Text, Embedded: v.Embedded, Range: v.Range}, true
	}
	return expr.Source{}, false
}

// constOf is the value of a constant; false when a number is too large for us.
func constOf(c *syntax.Const) (value.Value, bool) {
	switch c.Kind {
	case syntax.NullConst:
		return value.Null, true
	case syntax.BoolConst:
		return value.Bool(c.Literal == "true"), true
	}
	return numberOf(c.Literal)
}

// numberOf reads a number: whole where it is written whole.
func numberOf(text string) (value.Value, bool) {
	if !strings.ContainsAny(text, ".eE") {
		i, err := strconv.ParseInt(text, 10, 64)
		return value.Int(i), err == nil
	}
	f, err := strconv.ParseFloat(text, 64)
	return value.Float(f), err == nil
}

// Written is an expression as it stands in the file, without quotes and on one line, for plans.
func Written(checked *expr.Checked) string {
	src := checked.Source
	if src.Spelling == expr.Quoted {
		return strings.Join(strings.Fields(src.Text), " ")
	}
	return src.Range.Text()
}
