package check

import (
	"github.com/syncline/syncline/lang/expr"
	"github.com/syncline/syncline/lang/resolve"
	"github.com/syncline/syncline/lang/schema"
	"github.com/syncline/syncline/lang/value"
)

// find checks one find.
func (c *checker) find(f *Find, x *scopes) {
	f.Lookup = c.lookup(&f.Decl.Match, f.In, x)
	self := func(checked *expr.Checked) {
		if r := readOf(checked, f.Root); r != nil {
			c.report(errFindReadsItself(r.Range, f.Decl.Name))
		}
	}
	f.each(self)
	if f.In.Object != nil && !f.Decl.Keyed && !c.whereKey(f.Where, f.In, x) {
		if f.Where == nil && f.Decl.Where != nil {
			return // wrong, and reported
		}
		if r := outerRead(f.Where, x); r != nil {
			c.report(errFindWithoutKey(r.Range, f.Decl.Name))
		} else if f.Decl.Where == nil {
			c.report(errFindEverything(f.Decl.NameRange, f.Decl.Name))
		}
	}
}

// lookup checks what match and find share.
func (c *checker) lookup(d *resolve.Match, in End, x *scopes) Lookup {
	l := Lookup{Decl: d}
	for i := range d.By {
		l.By = append(l.By, c.alternative(&d.By[i], in, x))
	}
	if d.Where != nil {
		l.Where = c.condition(x.itEnv(in), d.Where)
	}
	if d.OrderBy != nil {
		l.OrderBy = c.expression(x.itEnv(in), d.OrderBy, expr.Want{})
		if l.OrderBy != nil && !l.OrderBy.Type.Dynamic && l.OrderBy.Type.Kind == value.KindList {
			c.report(errOrderBy(d.OrderBy.Place(), l.OrderBy.Type))
		}
	}
	l.Unique = in.Object != nil && len(l.By) > 0
	for _, a := range l.By {
		if in.Object == nil || len(a.Keys) != len(a.Decl.Keys) || !a.unique(in.Object) {
			l.Unique = false
		}
	}
	return l
}

func (c *checker) alternative(d *resolve.Alternative, in End, x *scopes) Alternative {
	a := Alternative{Decl: d}
	for i := range d.Keys {
		k := &d.Keys[i]
		field := in.Object.Field(k.Field)
		if in.Object != nil && field == nil {
			c.report(errUnknownField(k.FieldRange, k.Field, in))
		}
		checked := c.expression(x.ruleEnv(), k.Value, expr.Want{Field: field})
		if field == nil || checked == nil {
			c.fail()
			continue
		}
		c.keyField(k, field, in)
		c.keyFit(k, field, checked, in, x)
		a.Keys = append(a.Keys, Key{Decl: k, Field: field, Value: checked})
	}
	return a
}

// keyField refuses fields that the system cannot look up by. One that has no filter at all is read whole and
// searched here.
func (c *checker) keyField(k *resolve.Key, f *schema.Field, in End) {
	if !Searchable(in.Catalog, f) {
		c.report(errNotFilterable(k.FieldRange, k.Field, in))
	}
}

// Searchable tells whether records can be looked up by a field.
func Searchable(c *schema.Catalog, f *schema.Field) bool {
	return f.Filterable || !c.Filter.Compare && !c.Filter.In
}

// keyFit compares the kinds of a key field and its value: texts never equal numbers.
func (c *checker) keyFit(k *resolve.Key, f *schema.Field, checked *expr.Checked, in End, x *scopes) {
	t := checked.Type
	if t.Dynamic {
		return
	}
	if t.Kind == value.KindNull {
		c.report(errKeyAlwaysEmpty(k))
		return
	}
	if !kindFits(t.Kind, f.Kind) {
		c.report(errKeyType(k, f, checked))
		return
	}
	if f.Kind != schema.Reference && f.Kind != schema.ID {
		return // a text can hold the id of anything
	}
	if from := x.pointsTo(checked); from != nil && !from.fits(f, in) {
		c.report(errWrongReference(k.Value.Place(), k.Field, f, in, from))
	}
}

// Each visits the expressions of a lookup.
func (l *Lookup) Each(visit func(*expr.Checked)) { l.each(visit) }

// each visits the expressions of a lookup.
func (l *Lookup) each(visit func(*expr.Checked)) {
	for _, a := range l.By {
		for _, k := range a.Keys {
			visit(k.Value)
		}
	}
	if l.Where != nil {
		visit(l.Where)
	}
	if l.OrderBy != nil {
		visit(l.OrderBy)
	}
}

// readOf is the first read of a root, nil when there is none.
func readOf(checked *expr.Checked, root int) *expr.Read {
	if checked == nil {
		return nil
	}
	for i := range checked.Reads {
		if checked.Reads[i].Root == root {
			return &checked.Reads[i]
		}
	}
	return nil
}

// outerRead is the first read of a record other than the candidate.
func outerRead(where *expr.Checked, x *scopes) *expr.Read {
	if where == nil {
		return nil
	}
	for i := range where.Reads {
		if where.Reads[i].Root != x.it() {
			return &where.Reads[i]
		}
	}
	return nil
}

// whereKey tells whether a condition holds a conjunct it.F == E, which serves as a key. One by a field that cannot
// be searched is reported, and then nothing more need be said.
func (c *checker) whereKey(where *expr.Checked, in End, x *scopes) bool {
	if where == nil {
		return false
	}
	var refused *expr.Node
	for _, n := range where.Conjuncts() {
		field, _ := KeyConjunct(n, x.it())
		switch {
		case field == nil:
		case Searchable(in.Catalog, field.Field):
			return true
		case refused == nil:
			refused = field
		}
	}
	if refused != nil {
		c.report(errNotFilterable(refused.Range, refused.Path, in))
	}
	return refused != nil
}

// KeyConjunct reads a conjunct it.F == E, with E free of the candidate record and F a field of the record itself:
// the field's node and the value's. It is nil for any other condition.
func KeyConjunct(n *expr.Node, it int) (field, val *expr.Node) {
	if n.Op != expr.OpEq || len(n.Args) != 2 {
		return nil, nil
	}
	for i, a := range n.Args {
		b := n.Args[1-i]
		if a.Op == expr.OpField && a.Root == it && a.Field != nil && a.Path == a.Field.Name &&
			!b.ReadsRoot(it) && (b.ReadsRecords()) {
			return a, b
		}
	}
	return nil, nil
}

// lookupOrder tells which finds follow the match, and reports rings of finds.
func (c *checker) lookupOrder(s *Sync) {
	for _, f := range s.Finds {
		f.each(func(checked *expr.Checked) {
			if readOf(checked, RootTarget) != nil {
				f.AfterMatch = true
			}
			for _, g := range s.Finds {
				if r := readOf(checked, g.Root); r != nil && g.AfterMatch {
					f.AfterMatch = true
				} else if r != nil && g.Root > f.Root {
					c.report(errFindRing(r.Range, f.Decl.Name, g.Decl.Name))
				}
			}
		})
	}
}
