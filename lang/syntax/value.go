package syntax

import (
	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"

	"github.com/syncline/syncline/lang/span"
)

// slot is the place that a value goes to: what is expected there and how messages call it.
type slot struct {
	spec  *AttrSpec
	name  string
	inner bool // an entry of a list or object, not the whole value
	// listed: a Literal that may also be a list of them, as a field of several values.
	listed bool
}

func (s slot) expression() bool { return s.spec.Form == Expression || s.spec.Form == Argument }

// with is the slot of an entry of a list or object, which has a form of its own.
func (s slot) with(form Form, name string) slot {
	return slot{spec: &AttrSpec{Name: s.spec.Name, Form: form, Doc: s.spec.Doc}, name: name, inner: true}
}

// value converts the value of an attribute: first its spelling is told, then whether the form allows it.
func (p *parser) value(e hclsyntax.Expression, as *AttrSpec, name string) Value {
	return p.convert(e, slot{spec: as, name: name})
}

func (p *parser) convert(e hclsyntax.Expression, s slot) Value {
	switch e := e.(type) {
	case *hclsyntax.TupleConsExpr:
		return p.list(e, s)
	case *hclsyntax.ObjectConsExpr:
		return p.object(e, s)
	}
	if r := p.rng(e.Range()); p.isSpoilt(r) {
		return &Bad{Range: r}
	}
	v := p.spelling(e, s)
	if _, bad := v.(*Bad); bad {
		return v
	}
	return p.fit(v, s)
}

// spelling tells what one value is by its node. The order matters: HCL's own helpers take true and null for
// references, and a negated number for an operator.
func (p *parser) spelling(e hclsyntax.Expression, s slot) Value {
	r := p.rng(e.Range())
	switch e := e.(type) {
	case *hclsyntax.LiteralValueExpr:
		return p.constant(e, r, "")
	case *hclsyntax.UnaryOpExpr:
		if n, ok := e.Val.(*hclsyntax.LiteralValueExpr); ok && e.Op == hclsyntax.OpNegate && n.Val.Type() == cty.Number {
			return p.constant(n, r, "-")
		}
	case *hclsyntax.TemplateExpr:
		if !e.IsStringLiteral() && !literalParts(e) {
			return p.bad(errTemplate(r, p.templateStart(e), s))
		}
		text, heredoc := p.decode(r, !s.expression())
		return &Quoted{Embedded: text, Heredoc: heredoc, Range: r}
	case *hclsyntax.TemplateWrapExpr:
		return p.bad(errTemplate(r, p.rng(e.Wrapped.Range()), s))
	case *hclsyntax.ScopeTraversalExpr:
		return p.reference(e, s)
	case *hclsyntax.FunctionCallExpr:
		return p.call(e, s)
	}
	return p.foreign(r, s)
}

func literalParts(e *hclsyntax.TemplateExpr) bool {
	for _, part := range e.Parts {
		if _, ok := part.(*hclsyntax.LiteralValueExpr); !ok {
			return false
		}
	}
	return true
}

// templateStart is the first part that is not literal.
func (p *parser) templateStart(e *hclsyntax.TemplateExpr) span.Range {
	for _, part := range e.Parts {
		if _, ok := part.(*hclsyntax.LiteralValueExpr); !ok {
			return p.rng(part.Range())
		}
	}
	return p.rng(e.Range())
}

func (p *parser) constant(e *hclsyntax.LiteralValueExpr, r span.Range, sign string) Value {
	c := &Const{Range: r, Literal: sign + p.rng(e.SrcRange).Text()}
	switch {
	case e.Val.IsNull():
		c.Kind = NullConst
	case e.Val.Type() == cty.Bool:
		c.Kind = BoolConst
	}
	return c
}

// reference converts a.b["c d"].
func (p *parser) reference(e *hclsyntax.ScopeTraversalExpr, s slot) Value {
	r := p.rng(e.SrcRange)
	ref := &Ref{Range: r}
	for _, step := range e.Traversal {
		var st Step
		switch step := step.(type) {
		case hcl.TraverseRoot:
			st = Step{Name: step.Name, Range: p.rng(step.SrcRange)}
		case hcl.TraverseAttr:
			st = Step{Name: step.Name, Range: p.nameRange(step.SrcRange, step.Name)}
		case hcl.TraverseIndex:
			if step.Key.Type() != cty.String || step.Key.IsNull() {
				return p.foreign(r, s)
			}
			inner, ok := p.indexText(p.rng(step.SrcRange))
			if !ok {
				return p.foreign(r, s)
			}
			st = Step{Name: inner.Text, Quoted: true, Range: inner.Whole()}
		default:
			return p.foreign(r, s)
		}
		if !st.Quoted && !plainName(st.Name) {
			return p.bad(p.errStepName(ref, st, r, s))
		}
		ref.Steps = append(ref.Steps, st)
	}
	return ref
}

// nameRange is the name's part of the range of `.name`.
func (p *parser) nameRange(r hcl.Range, name string) span.Range {
	out := p.rng(r)
	out.Start = max(out.Start, out.End-len(name))
	return out
}

// indexText is the text of `["…"]`, from the raw bytes.
func (p *parser) indexText(r span.Range) (span.Embedded, bool) {
	open, close := -1, -1
	for i := r.Start; i < r.End; i++ {
		if p.src[i] == '"' {
			if open < 0 {
				open = i
			}
			close = i
		}
	}
	if open < 0 || close <= open {
		return span.Embedded{}, false
	}
	text, _ := p.decode(span.Range{File: p.file, Start: open, End: close + 1}, false)
	return text, true
}

// plainName tells whether a segment of a reference needs no quotes. HCL allows more in a word: letters beyond
// ASCII, and the minus that everybody takes for an operator.
func plainName(s string) bool {
	for i, c := range s {
		letter := c == '_' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
		if !letter && (i == 0 || c < '0' || c > '9') {
			return false
		}
	}
	return s != ""
}

// call converts text("…"), env("…") and secret("…"), the only calls that stand outside quotes.
func (p *parser) call(e *hclsyntax.FunctionCallExpr, s slot) Value {
	r := p.rng(e.Range())
	switch e.Name {
	case "text", "env", "secret":
	default:
		return p.foreign(r, s)
	}
	if e.Name != "text" && s.spec.Form != Setting && s.spec.Form != SettingText {
		return p.bad(errEnvironmentHere(e.Name, r, s))
	}
	if e.Name == "text" && !s.expression() {
		return p.bad(p.errTextHere(e, r, s))
	}
	if len(e.Args) != 1 || e.ExpandFinal {
		return p.bad(errOneArgument(e.Name, r))
	}
	arg, ok := e.Args[0].(*hclsyntax.TemplateExpr)
	if wrap, is := e.Args[0].(*hclsyntax.TemplateWrapExpr); is {
		return p.bad(errTemplate(p.rng(wrap.SrcRange), p.rng(wrap.Wrapped.Range()), s))
	}
	if !ok {
		return p.bad(p.errLiteralArgument(e.Name, p.rng(e.Args[0].Range()), r))
	}
	if !literalParts(arg) {
		return p.bad(errTemplate(p.rng(arg.SrcRange), p.templateStart(arg), s))
	}
	text, heredoc := p.decode(p.rng(arg.SrcRange), true)
	if e.Name == "text" {
		return &Text{Embedded: text, Heredoc: heredoc, Range: r}
	}
	if !plainName(text.Text) {
		return p.bad(errEnvironmentName(e.Name, text.Text, text.Whole(), r))
	}
	return &Env{Name: text.Text, Secret: e.Name == "secret", Range: r}
}

// foreign refuses what is HCL but none of our spellings. Where an expression is wanted it was meant as one, and
// needs but quotes.
func (p *parser) foreign(r span.Range, s slot) Value {
	if s.expression() {
		return p.bad(errNeedsQuotes(r, s.name))
	}
	return p.bad(errWrongForm(s, "an expression", r, ""))
}
