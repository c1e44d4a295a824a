package check

import (
	"slices"

	"github.com/syncline/syncline/lang/expr"
	"github.com/syncline/syncline/lang/resolve"
	"github.com/syncline/syncline/lang/schema"
)

// idName is what the id of a result is called, whatever the key of its object.
const idName = "Id"

// addResult puts the result of an action into sight: a record with the fields of its object, of which only those
// that were sent can be read.
func (x *scopes) addResult(a *Action) {
	root := expr.Root{Name: a.Decl.Label, Optional: a.Decl.If != nil, Range: a.Decl.LabelRange}
	if a.Decl.Kind == "send" || a.Decl.Kind == "call" {
		root.Object = x.c.receipt(a)
		x.roots, x.ends = append(x.roots, root), append(x.ends, End{})
		return
	}
	x.add(root, a.To)
	o := a.To.Object
	if o == nil || o.Field(idName) != nil {
		return
	}
	with := *o
	with.Fields = append(slices.Clip(o.Fields), &schema.Field{Name: idName, Kind: schema.ID})
	with.Index()
	x.roots[len(x.roots)-1].Object = &with
}

// receipt is what the system says of a message that it took; nil when that is not known.
func (c *checker) receipt(a *Action) *schema.Object {
	s := c.sending(a.Decl.Via)
	if s == nil || s.OpenResults {
		return nil
	}
	o := &schema.Object{Name: a.Decl.Label, Key: idName, Fields: s.Results}
	o.Index()
	return o
}

// isID tells whether a path of a result is the record's id.
func (a *Action) isID(path string) bool {
	return path == idName || a.To.Object != nil && path == a.To.Object.Key
}

// sent tells whether a result has the field.
func (a *Action) sent(path string) bool {
	if a.To.Object == nil || a.isID(path) || a.KeyField != nil && a.KeyField.Name == path {
		return true
	}
	return slices.ContainsFunc(a.Decl.Set, func(m *resolve.Mapping) bool { return m.Field == path })
}

// reads checks what the i-th action reads of finds and of other actions' results.
func (c *checker) reads(t *Trigger, i int) {
	a := t.Actions[i]
	for _, checked := range a.Expressions() {
		for k := range checked.Reads {
			r := &checked.Reads[k]
			if f := t.findAt(r.Root); f != nil && f.Decl.All && f != a.Find && r.Path != "" {
				c.report(errSeveralRecords(r.Range, f))
				break
			}
			if from := t.resultAt(r.Root); from != nil && !c.readsResult(t, a, i, from, r) {
				break
			}
		}
	}
}

// readsResult checks one read of another action's result; false when it was reported.
func (c *checker) readsResult(t *Trigger, a *Action, i int, from *Action, r *expr.Read) bool {
	switch j := slices.Index(t.Actions, from); {
	case j == i:
		c.report(errOwnResult(r.Range, a))
	case j > i:
		c.report(errLaterResult(r.Range, a, from))
	case r.Path != "" && !from.sent(r.Path):
		c.report(errNotSent(r.Range, from, r.Path))
	default:
		return true
	}
	return false
}

// group divides together into parts by connection and checks that each part can be written as one.
func (c *checker) group(t *Trigger) {
	for _, a := range t.Actions {
		if a.Block != "together" {
			continue
		}
		if n := len(t.Parts); n == 0 || t.Parts[n-1].Connection != a.connection() {
			t.Parts = append(t.Parts, &Part{Connection: a.connection()})
		}
		p := t.Parts[len(t.Parts)-1]
		p.Actions, a.Part = append(p.Actions, a), p
	}
	whole, known := true, true
	for _, p := range t.Parts {
		known = known && !slices.ContainsFunc(p.Actions, func(a *Action) bool { return a.Decl.Via == nil && a.To.Catalog == nil })
		limit := c.groupLimit(p)
		p.Atomic = limit != 0
		whole = whole && (p.Atomic || len(p.Actions) == 1)
		if limit > 0 && len(p.Actions) > limit {
			c.report(errGroupLarge(p, limit))
		}
	}
	if known && (len(t.Parts) > 1 || !whole) {
		c.report(warnNotAtomic(t))
	}
	for _, a := range t.Actions {
		c.withinGroup(t, a)
	}
	c.repeatable(t)
}

// connection is the name of the connection that an action goes to.
func (a *Action) connection() string {
	if a.Decl.Via != nil {
		return a.Decl.Via.Name
	}
	return a.To.connection()
}

// groupLimit is how many actions of the part its system takes as one; 0: it cannot.
func (c *checker) groupLimit(p *Part) int {
	for _, a := range p.Actions {
		if a.Decl.Kind == "send" || a.Decl.Kind == "call" || a.To.Catalog == nil {
			return 0
		}
	}
	return p.Actions[0].To.Catalog.Group
}

// withinGroup checks what an action reads of results of its own atomic part: nothing is known of them when the part is
// built but that they will have an id.
func (c *checker) withinGroup(t *Trigger, a *Action) {
	if a.Part == nil || !a.Part.Atomic {
		return
	}
	for _, checked := range a.Expressions() {
		for k := range checked.Reads {
			r := &checked.Reads[k]
			from := t.resultAt(r.Root)
			if from == nil || from.Part != a.Part || from == a {
				continue
			}
			if a.IDOf(t, checked) == nil {
				c.report(errWithinGroup(r.Range, from))
				break
			}
		}
	}
}

// IDOf is the action of the same atomic part whose record's id an expression is, as a whole and as the value of a field;
// nil for any other expression.
func (a *Action) IDOf(t *Trigger, checked *expr.Checked) *Action {
	if a.Part == nil || !a.Part.Atomic || checked.Root == nil || checked.Root.Op != expr.OpField {
		return nil
	}
	from := t.resultAt(checked.Root.Root)
	if from == nil || from.Part != a.Part || !from.isID(checked.Root.Path) {
		return nil
	}
	if !slices.ContainsFunc(a.Set, func(m *Mapping) bool { return m.Value == checked }) {
		return nil
	}
	return from
}

// repeatable asks for a key where a create could be doubled and the object has a field for one. Of an atomic part one
// keyed create suffices: it tells whether the whole part was written.
func (c *checker) repeatable(t *Trigger) {
	keyed := map[*Part]bool{}
	for _, a := range t.Actions {
		if a.Part != nil && a.Part.Atomic && a.Decl.Key != nil {
			keyed[a.Part] = true
		}
	}
	for _, a := range t.Actions {
		if a.Decl.Kind != "create" || a.Decl.Key != nil || a.Part != nil && keyed[a.Part] {
			continue
		}
		if f := keyCandidate(a); f != nil {
			c.report(warnNotRepeatable(a, f))
			if a.Part != nil && a.Part.Atomic {
				keyed[a.Part] = true // once a group
			}
		}
	}
}

// keyCandidate is a field of the object that could be the key of a create, nil when there is none.
func keyCandidate(a *Action) *schema.Field {
	if a.To.Object == nil {
		return nil
	}
	var found *schema.Field
	for _, f := range a.To.Object.Fields {
		if !f.UpsertKey || !f.Unique || !f.Createable || f.Computed || f.Kind != schema.Text || f.Length > 0 && f.Length < generatedLength {
			continue
		}
		if slices.ContainsFunc(a.Decl.Set, func(m *resolve.Mapping) bool { return m.Field == f.Name }) {
			return nil // it is set by hand
		}
		if found == nil {
			found = f
		}
	}
	return found
}
