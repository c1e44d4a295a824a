package engine

import (
	"strconv"

	"github.com/syncline/syncline/lang/plan"
	"github.com/syncline/syncline/lang/schema"
	"github.com/syncline/syncline/lang/value"
)

// readTargets reads the targets of items by id. One that is not there leaves have nil; where a row that cannot be read may
// be it, the item is refused.
func (r *runner) readTargets(items []*item) error {
	key := r.p.To.Object.KeyField()
	if key == nil {
		return badJob("%s has no key, so its records cannot be read again", r.p.To.Object.Name)
	}
	byID := map[string][]*item{}
	var ids []string
	for _, it := range items {
		if it.verdict != pending && it.verdict != departing || it.target == "" {
			continue
		}
		if byID[it.target] == nil {
			ids = append(ids, it.target)
		}
		byID[it.target] = append(byID[it.target], it)
	}
	if len(ids) == 0 {
		return nil
	}
	records, bad, err := r.byID(r.to, r.p.To, key.Name, idValues(key, ids), r.p.Target)
	if err != nil {
		return err
	}
	for _, b := range bad {
		r.lament(r.p.To, b)
	}
	for _, rec := range records {
		for _, it := range byID[rec.At(0).String()] {
			it.have = rec
			it.records[plan.RootTarget] = rec
		}
	}
	for _, id := range ids {
		if byID[id][0].have != nil {
			continue
		}
		if row := maybe(bad, id); row != nil {
			for _, it := range byID[id] {
				r.reject(it, "match", row)
			}
		}
	}
	return nil
}

// idValues turns remembered ids back into values of the key field.
func idValues(key *schema.Field, ids []string) []value.Value {
	out := make([]value.Value, len(ids))
	for i, id := range ids {
		out[i] = idValue(key, id)
	}
	return out
}

func idValue(key *schema.Field, id string) value.Value {
	switch key.Kind {
	case schema.Integer:
		if n, err := strconv.ParseInt(id, 10, 64); err == nil {
			return value.Int(n)
		}
	case schema.Number:
		if x, err := strconv.ParseFloat(id, 64); err == nil {
			return value.Float(x)
		}
	}
	return value.Text(id)
}
