package planner

import (
	"github.com/syncline/syncline/lang/check"
	"github.com/syncline/syncline/lang/expr"
	"github.com/syncline/syncline/lang/plan"
	"github.com/syncline/syncline/lang/value"
)

func (b *lowering) find(f *check.Find, layout *value.Layout) *plan.Find {
	out := &plan.Find{Name: f.Decl.Name, End: end(f.In), Layout: layout, Root: f.Root, AfterMatch: f.AfterMatch, All: f.Decl.All,
		Lookup: b.lookup(&f.Lookup, f.In, layout)}
	out.Missing = missing(f.Decl.Missing, plan.MissingError)
	return out
}

func missing(written string, unwritten plan.Missing) plan.Missing {
	switch written {
	case "skip":
		return plan.MissingSkip
	case "create":
		return plan.MissingCreate
	case "error":
		return plan.MissingError
	case "empty":
		return plan.MissingEmpty
	}
	return unwritten
}

func (b *lowering) lookup(l *check.Lookup, in check.End, layout *value.Layout) plan.Lookup {
	out := plan.Lookup{}
	for _, a := range l.By {
		var alt plan.Alternative
		for _, k := range a.Keys {
			alt = append(alt, plan.Key{Field: k.Field, Value: k.Value.Compile(b.slots(nil)), Text: check.Written(k.Value)})
		}
		out.By = append(out.By, alt)
	}
	if len(out.By) == 0 && l.Where != nil {
		if alt := b.whereKeys(l.Where, in); alt != nil {
			out.By = []plan.Alternative{alt}
		}
	}
	out.Where = b.filter(l.Where, b.it, in, layout)
	if l.OrderBy != nil {
		out.OrderBy = &plan.OrderBy{By: l.OrderBy.Compile(b.slots(layout)), Descending: l.Decl.Descending, Text: check.Written(l.OrderBy)}
	}
	if l.Decl.Ambiguous == "skip" {
		out.Ambiguous = plan.AmbiguousSkip
	}
	return out
}

// whereKeys are the conjuncts it.F == E, which serve as a key: the records are looked up by them, and the whole
// condition is evaluated on what is found.
func (b *lowering) whereKeys(where *expr.Checked, in check.End) (alt plan.Alternative) {
	for _, n := range where.Conjuncts() {
		field, val := check.KeyConjunct(n, b.it)
		if field != nil && check.Searchable(in.Catalog, field.Field) {
			alt = append(alt, plan.Key{Field: field.Field, Value: where.CompileNode(val, b.slots(nil)), Text: val.String()})
		}
	}
	return alt
}
