package check

import (
	"slices"
	"strings"

	"github.com/syncline/syncline/lang/expr"
	"github.com/syncline/syncline/lang/resolve"
	"github.com/syncline/syncline/lang/syntax"
	"github.com/syncline/syncline/lang/value"
)

// variables gives each variable its value for this run, and reports given values that no variable takes.
func (c *checker) variables() {
	names := make([]string, 0, len(c.module.Variables))
	for _, v := range c.module.Variables {
		names = append(names, v.Name)
		x, ok := c.variable(v)
		c.program.Vars = append(c.program.Vars, expr.Var{Name: v.Name, Value: x, Range: v.NameRange, Unset: !ok})
	}
	for _, name := range c.module.LostNames("variable") {
		if !slices.Contains(names, name) {
			names = append(names, name)
			c.program.Vars = append(c.program.Vars, expr.Var{Name: name, Unset: true})
		}
	}
	given := make([]string, 0, len(c.in.Vars))
	for name := range c.in.Vars {
		given = append(given, name)
	}
	slices.Sort(given)
	for _, name := range given {
		if !slices.Contains(names, name) {
			c.report(errUnknownVariableGiven(name, names))
		}
	}
}

// variable is the value of a variable, false when it has none or a wrong one, which is reported.
func (c *checker) variable(v *resolve.Variable) (value.Value, bool) {
	typ := v.Type
	def, hasDefault := literalOf(v.Default)
	if typ == "" {
		typ = typeOf(def)
	}
	if text, ok := c.in.Vars[v.Name]; ok {
		x, ok := parseVar(text, typ)
		if !ok {
			c.report(errVariableType(v.NameRange, v.Name, text, typ, "given"))
		}
		return x, ok
	}
	if !hasDefault {
		c.report(errVariableUnset(v.NameRange, v.Name))
		return value.Null, false
	}
	if !def.IsNull() && typeOf(def) != typ && !(typ == "number" && def.IsNumber()) {
		c.report(errVariableType(v.Default.Place(), v.Name, v.Default.Place().Text(), typ, "its default"))
		return value.Null, false
	}
	return def, true
}

// literalOf is the value of a plain literal.
func literalOf(v syntax.Value) (value.Value, bool) {
	switch v := v.(type) {
	case *syntax.Quoted:
		return value.Text(v.Text), true
	case *syntax.Text:
		return value.Text(v.Text), true
	case *syntax.Const:
		return constOf(v)
	}
	return value.Null, false
}

func typeOf(v value.Value) string {
	switch v.Kind() {
	case value.KindBool:
		return "bool"
	case value.KindInt:
		return "integer"
	case value.KindFloat:
		return "number"
	}
	return "text"
}

// parseVar reads a value that was given as text.
func parseVar(text, typ string) (value.Value, bool) {
	text = strings.TrimSpace(text)
	switch typ {
	case "bool":
		switch strings.ToLower(text) {
		case "true":
			return value.Bool(true), true
		case "false":
			return value.Bool(false), true
		}
		return value.Null, false
	case "integer":
		v, ok := numberOf(text)
		if !ok || v.Kind() != value.KindInt {
			return value.Null, false
		}
		return v, true
	case "number":
		v, ok := numberOf(text)
		if !ok {
			return value.Null, false
		}
		return v, true
	}
	return value.Text(text), true
}

// tables makes the value maps of expressions: those of the module, in its order, then those that could not be read.
func (c *checker) tables() {
	for _, t := range c.module.Tables {
		out := &expr.Table{Name: t.Name, Rows: make(map[string]value.Value, len(t.Rows)), IgnoreCase: t.IgnoreCase, Range: t.Range}
		for _, row := range t.Rows {
			x, ok := literalOf(row.Value)
			if !ok {
				continue
			}
			if _, twice := out.Rows[row.Key]; !twice {
				out.Keys = append(out.Keys, row.Key)
			}
			out.Rows[row.Key] = x
		}
		if x, ok := literalOf(t.Default); ok {
			out.Default = &x
		}
		c.program.Tables = append(c.program.Tables, out)
	}
	for _, name := range c.module.LostNames("table") {
		if c.module.Table(name) == nil {
			c.program.Tables = append(c.program.Tables, &expr.Table{Name: name, Lost: true})
		}
	}
}
