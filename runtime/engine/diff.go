package engine

import (
	"fmt"
	"slices"

	"github.com/syncline/syncline/connectors"
	"github.com/syncline/syncline/lang/plan"
	"github.com/syncline/syncline/lang/value"
)

// diff turns mapped values into changes. Values that are those last agreed end it without a read, except in a
// full pass; otherwise the target's fields are read and compared, for somebody may have changed them.
func (r *runner) diff(items []*item) error {
	var unread []*item
	for _, it := range pendingItems(items) {
		switch {
		case it.target == "" || it.have != nil:
		case !r.verify && r.agreed(it):
			it.verdict = unchanged
		default:
			unread = append(unread, it)
		}
	}
	if err := r.readTargets(unread); err != nil {
		return err
	}
	if err := r.rematchGone(unread); err != nil {
		return err
	}
	for _, it := range pendingItems(items) {
		if err := r.compare(it); err != nil {
			return err
		}
	}
	return nil
}

// rematchGone tries the match again for items whose linked target turned out to be gone.
func (r *runner) rematchGone(items []*item) error {
	var gone []*item
	for _, it := range pendingItems(items) {
		if it.have == nil {
			it.relink, it.target = it.target, ""
			gone = append(gone, it)
		}
	}
	return r.seekTargets(gone)
}

// compare makes the change of one item, or finds that there is none.
func (r *runner) compare(it *item) error {
	c := r.newChange(it)
	if it.target == "" {
		return r.create(it, c)
	}
	c.Op, c.Fields = connectors.Update, r.differing(it, r.p.Map, it.want)
	if len(c.Fields) == 0 {
		it.verdict = unchanged
		return nil
	}
	for _, f := range c.Fields {
		if f.Index >= 0 && value.IsEmpty(f.After) && mustHold(r.p.Map[f.Index]) {
			r.reject(it, "evaluate", r.emptyField(f.Name))
			return nil
		}
	}
	it.verdict, it.change = changed, c
	return nil
}

// differing lists the fields of the target that are to be written.
func (r *runner) differing(it *item, maps []*plan.Mapping, want []value.Value) []fieldWrite {
	out := r.writes[:0] // most records differ in few fields
	var riders []int
	for i, m := range maps {
		have := it.have.At(r.p.Target.Slot(m.Field.Name))
		if !overwrites(m, have, want[i]) {
			continue
		}
		if m.Write == plan.WriteWithChanges {
			riders = append(riders, i)
			continue
		}
		out = append(out, r.fieldWrite(it, i, m, have, want[i]))
	}
	if len(out) == 0 {
		return nil
	}
	for _, i := range riders {
		m := maps[i]
		out = append(out, r.fieldWrite(it, i, m, it.have.At(r.p.Target.Slot(m.Field.Name)), want[i]))
	}
	r.writes = out
	return slices.Clone(out)
}

// overwrites tells whether a wanted value replaces the one that the target has.
func overwrites(m *plan.Mapping, have, want value.Value) bool {
	if same(m, have, want) {
		return false
	}
	switch m.Write {
	case plan.WriteOnCreate:
		return false
	case plan.WriteIfEmpty:
		return value.IsEmpty(have) && !value.IsEmpty(want)
	}
	return !(value.IsEmpty(want) && m.OnNull == plan.NullKeep)
}

// same compares in the target's stored form.
func same(m *plan.Mapping, have, want value.Value) bool {
	if value.IsEmpty(have) || value.IsEmpty(want) {
		return value.IsEmpty(have) && value.IsEmpty(want)
	}
	if value.Equal(have, want) {
		return true
	}
	stored, err := value.Conform(m.Field, have)
	return err == nil && value.Equal(stored, want)
}

// create makes the change that creates the target: mapped values that are not empty, and the key fields of the
// last alternative of the match whose keys are not empty, so that the record is found again.
func (r *runner) create(it *item, c *change) error {
	c.Op, c.Fields = connectors.Create, make([]fieldWrite, 0, len(r.p.Map)+1)
	named := map[string]bool{}
	add := func(w fieldWrite) {
		named[w.Name] = true
		c.Fields = append(c.Fields, w)
	}
	for i, m := range r.p.Map {
		if value.IsEmpty(it.want[i]) && mustHold(m) {
			r.reject(it, "evaluate", r.emptyField(m.Field.Name))
			return nil
		}
		if !value.IsEmpty(it.want[i]) {
			add(r.fieldWrite(it, i, m, value.Null, it.want[i]))
		}
	}
	var key []byte
	if last := lastAsk(it.asks); last >= 0 {
		alt := r.p.Match.By[last]
		for i, k := range alt {
			if !named[k.Field.Name] && k.Field.Createable {
				add(fieldWrite{Name: k.Field.Name, Index: byField, After: it.asks[last][i]})
			}
		}
		key = encodeLookup(alt, it.asks[last])
		if findable(alt, it.asks[last], c.Fields) {
			c.Lookup = key
		}
		if len(alt) == 1 && alt[0].Field.UpsertKey && named[alt[0].Field.Name] {
			c.Op, c.Key = connectors.Upsert, alt[0].Field.Name
		}
	}
	hash, first, err := r.creates.claim(key, it.id)
	if err != nil {
		return err
	}
	if first != "" {
		r.refuseCreate(it, first)
		return nil
	}
	c.claim = hash
	it.verdict, it.change = changed, c
	return nil
}

// mustHold tells whether the target's field can never be empty, so that it would refuse the record.
func mustHold(m *plan.Mapping) bool { return m.Field.Required && !m.Field.Nullable }

func (r *runner) emptyField(name string) error {
	return &connectors.Error{Class: connectors.Reject, Fields: []string{name},
		Message: fmt.Sprintf("%s is empty for this record, and %s cannot be without it", name, r.p.To.Object.Name),
		Hint:    "fill it in the source, or give a value for that case: coalesce(…, '…')"}
}

// findable tells whether a look-up by the key would find the record that the create makes.
func findable(alt plan.Alternative, key []value.Value, fields []fieldWrite) bool {
	for i, k := range alt {
		holds := false
		for _, f := range fields {
			if f.Name == k.Field.Name {
				v, ok := keyForm(k.Field, f.After)
				holds = ok && value.Equal(v, key[i])
			}
		}
		if !holds {
			return false
		}
	}
	return true
}
