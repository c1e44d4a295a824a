package check

import (
	"slices"
	"unicode/utf8"

	"github.com/syncline/syncline/lang/expr"
	"github.com/syncline/syncline/lang/resolve"
	"github.com/syncline/syncline/lang/schema"
	"github.com/syncline/syncline/lang/span"
	"github.com/syncline/syncline/lang/syntax"
	"github.com/syncline/syncline/lang/value"
)

// sending is what a connection takes as a message; nil when it takes none, or its type is not known.
func (c *checker) sending(conn *resolve.Connection) *schema.Sending {
	if conn == nil || c.in.Systems == nil {
		return nil
	}
	return c.in.Systems[conn.System].Send
}

// message checks a send or call.
func (c *checker) message(a *Action, x *scopes) {
	d := a.Decl
	a.Args = c.arguments(d.Via, d.ViaRange, d.Kind, d.Header, d.Args, x.ruleEnv())
}

// arguments checks the arguments of a message through a connection. verb is send or call.
func (c *checker) arguments(via *resolve.Connection, at span.Range, verb string, header span.Range, args []resolve.Argument, env *expr.Env) (out []*Argument) {
	if via == nil {
		c.fail()
	}
	s := c.sending(via)
	if via != nil && c.in.Systems != nil {
		if _, known := c.in.Systems[via.System]; known && (s == nil || s.Verb != verb) {
			c.report(errCannotSend(at, via, verb, s))
			s = nil
		}
	}
	for i := range args {
		d := &args[i]
		var spec *schema.Argument
		if s != nil {
			spec = s.Argument(d.Name)
		}
		if s != nil && spec == nil {
			c.report(errUnknownArgument(d, via, s))
		}
		if arg := c.argument(d, spec, env); arg != nil {
			out = append(out, arg)
		}
	}
	if s != nil {
		c.argumentsTogether(via, header, args, s)
	}
	return out
}

// argumentsTogether checks which arguments are written.
func (c *checker) argumentsTogether(via *resolve.Connection, header span.Range, args []resolve.Argument, s *schema.Sending) {
	written := func(name string) *resolve.Argument {
		if i := slices.IndexFunc(args, func(a resolve.Argument) bool { return a.Name == name }); i >= 0 {
			return &args[i]
		}
		return nil
	}
	for i := range s.Arguments {
		if spec := &s.Arguments[i]; spec.Required && written(spec.Name) == nil {
			c.report(errMissingArgument(header, via, spec))
		}
	}
	for _, group := range s.Exclusive {
		var first *resolve.Argument
		for _, name := range group {
			switch a := written(name); {
			case a == nil:
			case first == nil:
				first = a
			default:
				c.report(errArgumentsExclude(first, a))
			}
		}
	}
}

// argument checks one argument; spec is nil when nothing is known of it. Nil: it cannot be planned.
func (c *checker) argument(d *resolve.Argument, spec *schema.Argument, env *expr.Env) *Argument {
	out := &Argument{Decl: d}
	if spec != nil {
		out.Form = spec.Form
	}
	switch v := d.Value.(type) {
	case *syntax.Object:
		if spec != nil && spec.Form != schema.NamedValues {
			c.report(errArgumentForm(d, spec))
			return nil
		}
		out.Form = schema.NamedValues
		c.named(out, "", v, env)
		return out
	case *syntax.List:
		if spec != nil && spec.Form != schema.SomeValues {
			c.report(errArgumentForm(d, spec))
			return nil
		}
		out.Form = schema.SomeValues
		for _, item := range v.Items {
			c.argumentValue(out, "", item, spec, env)
		}
		return out
	}
	switch {
	case spec != nil && spec.Form == schema.NamedValues:
		c.report(errArgumentForm(d, spec))
		return nil
	case spec != nil && spec.Plain:
		return c.plain(out, d, spec, env)
	}
	c.argumentValue(out, "", d.Value, spec, env)
	return out
}

// plain checks an argument that is a constant in quotes.
func (c *checker) plain(out *Argument, d *resolve.Argument, spec *schema.Argument, env *expr.Env) *Argument {
	q, ok := d.Value.(*syntax.Quoted)
	if !ok {
		c.report(errArgumentForm(d, spec))
		return nil
	}
	if len(spec.OneOf) > 0 && !slices.Contains(spec.OneOf, q.Text) {
		c.report(errArgumentChoice(q.Range, d, spec, q.Text, true))
		return nil
	}
	checked, _ := env.Check(expr.Source{Spelling: expr.Constant, Const: value.Text(q.Text), Range: q.Range}, expr.Want{})
	out.Values = append(out.Values, ArgumentValue{Value: checked})
	return out
}

// named checks the entries of an object, those of nested objects under names joined by dots.
func (c *checker) named(out *Argument, prefix string, v *syntax.Object, env *expr.Env) {
	for _, item := range v.Items {
		name := prefix + item.Key
		if nested, ok := item.Value.(*syntax.Object); ok {
			c.named(out, name+".", nested, env)
			continue
		}
		if list, ok := item.Value.(*syntax.List); ok {
			c.report(errListInObject(list))
			continue
		}
		c.argumentValue(out, name, item.Value, nil, env)
	}
}

func (c *checker) argumentValue(out *Argument, name string, v syntax.Value, spec *schema.Argument, env *expr.Env) {
	checked := c.expression(env, v, expr.Want{})
	if checked == nil {
		c.fail()
		return
	}
	out.Values = append(out.Values, ArgumentValue{Name: name, Value: checked})
	if spec != nil && !checked.Type.Dynamic {
		c.argumentFits(out.Decl, spec, checked)
	}
}

// argumentFits holds a value against what the system takes.
func (c *checker) argumentFits(d *resolve.Argument, spec *schema.Argument, checked *expr.Checked) {
	t := checked.Type
	switch {
	case t.Kind == value.KindList && spec.Form == schema.OneValue && spec.Kind != schema.Any:
		c.report(errArgumentList(checked.Source.Range, d))
	case t.Const != nil && t.Const.IsNull() && spec.Required:
		c.report(errArgumentEmpty(checked, d, true))
	case t.Nullable && spec.Required:
		c.report(errArgumentEmpty(checked, d, false))
	case len(spec.OneOf) > 0 && t.Texts != nil:
		for _, text := range t.Texts {
			if !slices.Contains(spec.OneOf, text) {
				c.report(errArgumentChoice(checked.Source.Range, d, spec, text, len(t.Texts) == 1))
				return
			}
		}
	case spec.Length > 0 && t.Const != nil && utf8.RuneCountInString(t.Const.String()) > spec.Length:
		c.report(errArgumentLong(checked, d, spec, utf8.RuneCountInString(t.Const.String()), true))
	case spec.Length > 0 && t.MaxLength > spec.Length:
		c.report(errArgumentLong(checked, d, spec, t.MaxLength, false))
	}
}

// argumentNames are those of a message, for messages.
func argumentNames(s *schema.Sending) []string {
	names := make([]string, len(s.Arguments))
	for i := range s.Arguments {
		names[i] = s.Arguments[i].Name
	}
	return names
}
