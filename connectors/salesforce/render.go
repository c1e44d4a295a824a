package salesforce

import (
	"math"
	"strings"

	"github.com/syncline/syncline/connectors/salesforce/soql"
	"github.com/syncline/syncline/lang/query"
	"github.com/syncline/syncline/lang/schema"
)

// filterCaps is what SOQL can evaluate.
var filterCaps = schema.FilterCaps{Compare: true, In: true, Null: true, Prefix: true, Substr: true, Or: true, Not: true, Paths: true, Includes: true, FoldsCase: true}

// cond is a condition in SOQL that lets through all that the predicate does, or more.
type cond struct {
	text  string
	op    string // "AND" or "OR" when text joins several
	truth truth
	// exact: it lets through nothing else.
	exact bool
}

type truth uint8

const (
	depends truth = iota
	always
	nothing
)

// anything is the condition for what cannot be said in SOQL.
var anything = cond{truth: always}

func isTrue() cond  { return cond{truth: always, exact: true} }
func isFalse() cond { return cond{truth: nothing, exact: true} }

func atom(text string, exact bool) cond { return cond{text: text, exact: exact} }

// condition renders a predicate, or its negation. Negation is carried down to the leaves, because the negation of a
// condition that lets too much through would let too little through.
func (s *shape) condition(p query.Pred, negated bool) cond {
	switch p := p.(type) {
	case nil:
		return isTrue()
	case query.And:
		return s.join(p, negated, negated)
	case query.Or:
		return s.join(p, negated, !negated)
	case query.Not:
		return s.condition(p.X, !negated)
	case query.Compare:
		return s.compare(p, negated)
	case query.In:
		return s.in(p, negated)
	case query.Null:
		return s.null(p.Field, p.Not != negated)
	case query.TextTest:
		return s.like(p, negated)
	case query.Includes:
		return s.includes(p, negated)
	}
	return anything
}

func (s *shape) join(parts []query.Pred, negated, or bool) cond {
	conds := make([]cond, len(parts))
	for i, p := range parts {
		conds[i] = s.condition(p, negated)
	}
	if or {
		return anyOf(conds...)
	}
	return allOf(conds...)
}

func allOf(conds ...cond) cond { return joined("AND", nothing, always, conds) }
func anyOf(conds ...cond) cond { return joined("OR", always, nothing, conds) }

// joined joins conditions: one that is decisive decides, one that is neutral falls away.
func joined(op string, decisive, neutral truth, conds []cond) cond {
	var texts []string
	var last cond
	exact := true
	for _, c := range conds {
		exact = exact && c.exact
		switch c.truth {
		case decisive:
			return cond{truth: decisive, exact: c.exact}
		case neutral:
			continue
		}
		last = c
		text := c.text
		if c.op != "" && c.op != op {
			text = "(" + text + ")" // SOQL has no precedence between AND and OR
		}
		texts = append(texts, text)
	}
	switch len(texts) {
	case 0:
		return cond{truth: neutral, exact: exact}
	case 1:
		last.exact = exact
		return last
	}
	return cond{text: strings.Join(texts, " "+op+" "), op: op, exact: exact}
}

// filterable gives the field when a filter may name it.
func (s *shape) filterable(path string) *schema.Field {
	if f := s.fields[path]; f != nil && f.Filterable {
		return f
	}
	return nil
}

// absent handles fields that do not exist, which are empty, and those that no filter may name.
func (s *shape) absent(path string, ofEmpty bool) cond {
	if s.fields[path] != nil {
		return anything
	}
	if ofEmpty {
		return isTrue()
	}
	return isFalse()
}

func (s *shape) null(path string, not bool) cond {
	f := s.filterable(path)
	switch {
	case f == nil:
		return s.absent(path, !not)
	case f.Kind == schema.MultiPicklist && not, f.Kind == schema.Boolean && not:
		// An empty list is not null to us, and null is false to Salesforce where a boolean is meant.
		return anything
	case not:
		return atom(path+" != null", true)
	}
	return atom(path+" = null", f.Kind != schema.MultiPicklist && f.Kind != schema.Boolean)
}

func (s *shape) in(p query.In, negated bool) cond {
	f := s.filterable(p.Field)
	if f == nil {
		if s.fields[p.Field] != nil {
			return anything
		}
		for _, v := range p.Values {
			if v.IsNull() {
				return s.absent(p.Field, !negated)
			}
		}
		return s.absent(p.Field, negated)
	}
	if f.Kind == schema.Boolean {
		conds := make([]cond, len(p.Values))
		for i, v := range p.Values {
			conds[i] = s.compare(query.Compare{Field: p.Field, Op: query.Eq, Value: query.Const(v)}, negated)
		}
		if negated {
			return allOf(conds...)
		}
		return anyOf(conds...)
	}
	var texts []string
	seen := map[string]bool{}
	exact, null := true, false
	for _, v := range p.Values {
		if v.IsNull() {
			null = true
			continue
		}
		text, same, how := literal(f, v)
		if how == never || how == fits && f.Kind == schema.Integer && v.AsFloat() != math.Trunc(v.AsFloat()) {
			continue
		}
		if how == unknown {
			return anything
		}
		if exact = exact && same; !seen[text] {
			seen[text] = true
			texts = append(texts, text)
		}
	}
	if negated {
		return s.notIn(p.Field, texts, exact, null)
	}
	c := isFalse()
	if len(texts) > 0 {
		c = atom(p.Field+" IN ("+strings.Join(texts, ",")+")", exact)
	}
	if null {
		c = anyOf(c, s.null(p.Field, false))
	}
	return c
}

func (s *shape) notIn(path string, texts []string, exact, null bool) cond {
	c := isTrue()
	switch {
	case len(texts) > 0 && !exact:
		return anything
	case len(texts) > 0:
		c = atom(path+" NOT IN ("+strings.Join(texts, ",")+")", true)
	}
	if null {
		return allOf(c, s.null(path, true))
	}
	if c.truth == always {
		return c
	}
	return anyOf(c, atom(path+" = null", true))
}

func (s *shape) like(p query.TextTest, negated bool) cond {
	f := s.filterable(p.Field)
	if f == nil {
		return s.absent(p.Field, negated)
	}
	switch f.Kind {
	case schema.Text, schema.Picklist, schema.Email, schema.URL, schema.Phone:
	default:
		return anything
	}
	v := p.Value.Const
	_, _, how := textLiteral(&schema.Field{}, v)
	if negated || how != fits {
		return anything // LIKE folds case, so its negation loses what differs in case alone
	}
	text := soql.QuoteLike(v.AsText())
	switch p.Test {
	case query.Prefix:
		text += "%"
	case query.Suffix:
		text = "%" + text
	default:
		text = "%" + text + "%"
	}
	return atom(p.Field+" LIKE '"+text+"'", !hasCase(v.AsText()))
}

func (s *shape) includes(p query.Includes, negated bool) cond {
	f := s.filterable(p.Field)
	if f == nil {
		return s.absent(p.Field, negated)
	}
	v := p.Value.Const
	text, _, how := textLiteral(&schema.Field{}, v)
	if f.Kind != schema.MultiPicklist || negated || how != fits || strings.Contains(v.AsText(), ";") {
		return anything
	}
	return atom(p.Field+" INCLUDES ("+text+")", !hasCase(v.AsText()))
}
