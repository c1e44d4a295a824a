package expr

import (
	"github.com/syncline/syncline/lang/diag"
	"github.com/syncline/syncline/lang/schema"
)

// resolvePath finds the last field of a path and tells whether a reference on the way can be empty; when a step
// is unknown, the diagnostic for the first such step.
func resolvePath(r *Root, steps []step) (*schema.Field, bool, *diag.Diagnostic) {
	object := r.Object
	nullable := false
	for i, s := range steps {
		if f := object.Field(joinSteps(steps[i:])); f != nil && i < len(steps)-1 {
			return f, nullable, nil // a name with dots, where the system has such names
		}
		if i == len(steps)-1 {
			if f := object.Field(s.name); f != nil {
				return f, nullable, nil
			}
			if rel := object.Relation(s.name); rel != nil {
				return nil, false, errRelationAsValue(s, r, rel)
			}
			return nil, false, errUnknownField(s, object, r, steps[:i])
		}
		rel := object.Relation(s.name)
		if rel == nil {
			return nil, false, errNoRelation(s, steps[i+1], object, r)
		}
		nullable = nullable || rel.Nullable
		next := nextObject(r.Catalog, rel, steps[i+1:])
		if next == nil {
			return nil, false, errTargetNotKnown(s, rel)
		}
		object = next
	}
	return nil, false, nil
}

// nextObject is the object that a reference leads to: of several the first that has the rest of the path, else
// the first that is known.
func nextObject(catalog *schema.Catalog, rel *schema.Field, rest []step) *schema.Object {
	var known *schema.Object
	for _, name := range rel.RefTo {
		o := catalog.Object(name)
		if o == nil {
			continue
		}
		if catalog.Path(o, joinSteps(rest)) != nil {
			return o
		}
		if known == nil {
			known = o
		}
	}
	return known
}
