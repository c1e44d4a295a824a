package syntax

import (
	"fmt"

	"github.com/hashicorp/hcl/v2/hclsyntax"

	"github.com/syncline/syncline/lang/diag"
	"github.com/syncline/syncline/lang/span"
)

func (p *parser) bad(d *diag.Diagnostic) Value {
	p.add(d)
	return &Bad{Range: d.Subject}
}

// list converts [ … ] where the form takes one.
func (p *parser) list(e *hclsyntax.TupleConsExpr, s slot) Value {
	r := p.rng(e.SrcRange)
	var item slot
	switch s.spec.Form {
	case TextList:
		item = s.with(PlainText, s.name)
	case RefList:
		item = s.with(RefList, s.name)
	case ChoiceList:
		item = s.with(Choice, s.name)
		item.spec.OneOf = s.spec.OneOf
	case EachMap:
		item = s.with(PlainText, s.name)
	case Argument:
		item = s.with(Expression, s.name)
	case Records:
		item = s.with(Record, s.name)
	case Literal:
		if !s.listed {
			return p.bad(errWrongForm(s, "a list", r, ""))
		}
		item = s.with(Literal, s.name)
	case Setting:
		item = s.with(SettingText, s.name)
	case KeyList:
		item = s.with(KeyList, s.name)
	case Expression:
		return p.bad(errNeedsQuotes(r, s.name))
	default:
		return p.bad(errWrongForm(s, "a list", r, ""))
	}
	out := &List{Range: r}
	for _, x := range e.Exprs {
		if _, nested := x.(*hclsyntax.TupleConsExpr); nested {
			out.Items = append(out.Items, p.bad(errWrongForm(item, "a list", p.rng(x.Range()), "")))
			continue
		}
		out.Items = append(out.Items, p.convert(x, item))
	}
	if len(out.Items) == 0 && s.spec.Form == KeyList {
		return p.bad(errWrongForm(s, "an empty list", r, ""))
	}
	return out
}

// object converts { … } where the form takes one.
func (p *parser) object(e *hclsyntax.ObjectConsExpr, s slot) Value {
	r := p.rng(e.SrcRange)
	var form Form
	var oneOf []string
	switch s.spec.Form {
	case KeyList:
		form = Expression
	case RowMap, EachMap, Record:
		form = Literal
	case Argument:
		form = Argument
	case KeyField:
		form = Expression
	case ColumnMap:
		form, oneOf = Choice, ColumnKinds
	case Setting:
		form = SettingText
	case Expression:
		return p.bad(errObjectAsValue(s.name, r))
	default:
		return p.bad(errWrongForm(s, "an object", r, ""))
	}
	out := &Object{Range: r}
	seen := map[string]span.Range{}
	for _, x := range e.Items {
		key, at, ok := p.key(x.KeyExpr)
		if !ok {
			continue
		}
		if first, again := seen[key]; again {
			p.add(errDuplicateKey(key, at, first))
			continue
		}
		seen[key] = at
		name := key
		if form != Expression && form != Argument {
			name = fmt.Sprintf("%s.%s", s.name, key)
		}
		item := s.with(form, name)
		item.listed = s.spec.Form == Record
		item.spec.OneOf = oneOf
		out.Items = append(out.Items, Item{Key: key, KeyRange: at, Value: p.convert(x.ValueExpr, item)})
	}
	if len(out.Items) == 0 && s.spec.Form == KeyList && len(e.Items) == 0 {
		return p.bad(errWrongForm(s, "an empty object", r, ""))
	}
	if s.spec.Form == KeyField && len(e.Items) != 1 {
		return p.bad(errWrongForm(s, "an object of several fields", r, ""))
	}
	return out
}

// key converts the key of an entry: a word or a quoted text.
func (p *parser) key(e hclsyntax.Expression) (string, span.Range, bool) {
	r := p.rng(e.Range())
	k, ok := e.(*hclsyntax.ObjectConsKeyExpr)
	if !ok || k.ForceNonLiteral {
		p.add(errKey(r))
		return "", r, false
	}
	switch w := k.Wrapped.(type) {
	case *hclsyntax.ScopeTraversalExpr:
		if len(w.Traversal) == 1 && plainName(w.Traversal.RootName()) {
			return w.Traversal.RootName(), r, true
		}
	case *hclsyntax.TemplateExpr:
		if literalParts(w) {
			text, heredoc := p.decode(r, true)
			if !heredoc {
				return text.Text, r, true
			}
		}
	case *hclsyntax.LiteralValueExpr: // the words true and null
		if word := r.Text(); plainName(word) {
			return word, r, true
		}
	}
	p.add(errKey(r))
	return "", r, false
}
