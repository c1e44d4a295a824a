package engine

import (
	"fmt"
	"slices"

	"github.com/syncline/syncline/connectors"
	"github.com/syncline/syncline/lang/plan"
	"github.com/syncline/syncline/lang/query"
	"github.com/syncline/syncline/lang/value"
)

// buildCreate makes the request of a create or upsert.
func (t *triggerRun) buildCreate(f *firing, a *plan.Action, refs map[*plan.Action]string) (*request, error) {
	q := &request{Connection: a.Connection, Object: a.Object.Name, Op: connectors.Create}
	var key value.Value
	if a.Key != nil {
		var err error
		if key, err = t.key(f, a); err != nil {
			return nil, err
		}
		if a.Key.Field.UpsertKey || a.Kind == plan.ActionUpsert {
			q.Op, q.Key = connectors.Upsert, a.Key.Field.Name
		}
		q.Lookup = key.AppendBinary(value.Text(a.Key.Field.Name).AppendBinary(nil))
		q.Proof = a.Key.Value == nil
		if !a.Key.Field.Filterable && !a.Key.Field.UpsertKey {
			q.Lookup, q.Proof = nil, false
		}
	}
	on := acted{root: -1}
	if a.Kind == plan.ActionUpsert && slices.ContainsFunc(a.Set, func(m *plan.Mapping) bool { return m.Write != plan.WriteAlways }) {
		var err error
		if on, err = t.existing(a, key); err != nil {
			return nil, err
		}
		q.Proof = q.Proof || on.rec == nil && q.Lookup != nil
	}
	if err := t.set(f, a, on, q, refs); err != nil {
		return nil, err
	}
	if a.Apply != nil {
		if err := t.apply(f, a, on, q); err != nil {
			return nil, err
		}
	}
	if a.Key != nil && !slices.ContainsFunc(q.Fields, func(w fieldWrite) bool { return w.Name == a.Key.Field.Name }) {
		q.Fields = append(q.Fields, fieldWrite{Name: a.Key.Field.Name, Index: byField, After: key, Text: a.Key.Text})
	}
	return q, nil
}

// keyLeast is how short a generated key may be cut where the field holds less.
const keyLeast = 16

// key gives the key of a create or upsert.
func (t *triggerRun) key(f *firing, a *plan.Action) (value.Value, error) {
	field := a.Key.Field
	var v value.Value
	if a.Key.Value == nil {
		text := actionKey(t.p.ID(), a.Label, f.Source, f.At)
		if n := field.Length; n > 0 && n < len(text) {
			if n < keyLeast {
				return v, fmt.Errorf("the key %s holds %d characters; a generated key needs %d", field.Name, n, keyLeast)
			}
			text = text[:n]
		}
		v = value.Text(text)
	} else {
		var err error
		if v, err = a.Key.Value.Eval(t.put(f.it)); err != nil {
			return v, fmt.Errorf("the key %s: %w", field.Name, err)
		}
	}
	v, err := value.Conform(field, v)
	if err != nil {
		return v, fmt.Errorf("the key %s: %w", field.Name, err)
	}
	if value.IsEmpty(v) {
		return v, fmt.Errorf("the key %s is empty; without it the record cannot be told from others", field.Name)
	}
	return v.Clone(), nil
}

// existing reads the record that an upsert will meet, for fields that are written by what it holds.
func (t *triggerRun) existing(a *plan.Action, key value.Value) (acted, error) {
	names := []string{a.Object.Key}
	for _, m := range a.Set {
		if !slices.Contains(names, m.Field.Name) {
			names = append(names, m.Field.Name)
		}
	}
	s, err := t.end(a.End, "upsert "+a.Label)
	if err != nil {
		return acted{}, err
	}
	layout := value.NewLayout(names...)
	got := t.readAll(s, query.Read{Object: a.Object.Name, Layout: layout, Where: query.In{Field: a.Key.Field.Name, Values: []value.Value{key}}}, nil)
	if got.err != nil {
		return acted{}, failedFor(s.name, "looking for "+a.Label+" in", got.err)
	}
	if len(got.records) > 0 {
		return acted{id: got.records[0].At(0).String(), rec: got.records[0], layout: layout, root: -1}, nil
	}
	if len(got.bad) > 0 {
		t.lament(a.End, got.bad[0])
		return acted{}, &brokenRow{place: got.bad[0].Place, err: got.bad[0].Err, sure: got.bad[0].ID != ""}
	}
	return acted{layout: layout, root: -1}, nil
}

// proveAbsent looks whether records with given keys are there already, where the steps's outcome could otherwise not be
// told after a lost answer: a record with the key proves something only if it was not there before.
func (t *triggerRun) proveAbsent(s step, made map[string]*done) error {
	if t.job.DryRun {
		return nil
	}
	var given []*request
	var at []*plan.Action
	needed, proven := false, false
	for _, a := range s.actions {
		d := made[a.ID]
		if d == nil {
			continue
		}
		for _, q := range d.Requests {
			proven = proven || q.Proof
			needed = needed || q.Message == nil && q.Op == connectors.Create
			if q.Lookup != nil && !q.Proof {
				given, at = append(given, q), append(at, a)
			}
		}
	}
	if !needed || proven || len(given) == 0 {
		return nil
	}
	end := at[0].End
	side, err := t.end(end, "looking up a key")
	if err != nil {
		return err
	}
	found, err := t.lookForIn(side, end, [][]byte{given[0].Lookup})
	if err != nil {
		return err
	}
	given[0].Proof = found[0].Decided && !found[0].Found
	return nil
}
