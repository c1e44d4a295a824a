package gainsight

import (
	"encoding/json"
	"fmt"
	"iter"
	"slices"
	"strings"
	"time"

	"github.com/syncline/syncline/connectors/sandbox/harness"
)

// Objects implements harness.Data.
func (s *System) Objects() []string {
	var out []string
	for _, def := range s.catalog.objects {
		out = append(out, def.name)
	}
	slices.Sort(out)
	return out
}

// Records implements harness.Data.
func (s *System) Records(object string) (iter.Seq[harness.Record], error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	t := s.table(object)
	if t == nil {
		return nil, harness.UnknownObject(object)
	}
	rows := slices.Clone(t.sorted)
	if f := t.def.field("CreatedDate"); f != nil {
		slices.SortStableFunc(rows, func(a, b *row) int { return compare(a.cells[f.slot], b.cells[f.slot]) })
	}
	labels := s.catalog.labels()
	return func(yield func(harness.Record) bool) {
		for _, r := range rows {
			if !yield(show(t.def, r, labels)) {
				return
			}
		}
	}, nil
}

// show is a row as people see it: picklists as labels, dates in ISO.
func show(def *objectDef, r *row, labels map[string]string) harness.Record {
	out := make(harness.Record, len(def.fields))
	for _, f := range def.fields {
		out[f.name] = showCell(f, r.cells[f.slot], labels)
	}
	return out
}

func showCell(f *fieldDef, v any, labels map[string]string) any {
	switch v := v.(type) {
	case day:
		return time.Unix(int64(v)*86400, 0).UTC().Format(time.DateOnly)
	case instant:
		return time.UnixMilli(int64(v)).UTC().Format("2006-01-02T15:04:05.000Z")
	case multi:
		shown := make([]string, len(v))
		for i, id := range v {
			shown[i] = labels[id]
		}
		return strings.Join(shown, ";")
	case string:
		if f.picks != nil {
			return labels[v]
		}
		return v
	}
	return v
}

// labels are those of all items, by id.
func (c *catalog) labels() map[string]string {
	out := map[string]string{}
	for _, cat := range c.categories {
		for _, o := range cat.items {
			out[o.id] = o.label
		}
	}
	return out
}

// Put implements harness.Data.
func (s *System) Put(object string, records []harness.Record) ([]harness.Record, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	t := s.table(object)
	if t == nil {
		return nil, harness.UnknownObject(object)
	}
	changes := make([]*change, len(records))
	for i, rec := range records {
		var old *row
		if id, ok := rec["Gsid"].(string); ok && id != "" {
			old = t.byID[id]
		}
		c, wrong := s.check(t, old, userFields(t, rec), true)
		if len(wrong) > 0 {
			return nil, fmt.Errorf("record %d: %s: %s", i+1, wrong[0].Code, wrong[0].describe())
		}
		changes[i] = c
	}
	rows := s.commit(t, changes)
	labels := s.catalog.labels()
	out := make([]harness.Record, len(rows))
	for i, r := range rows {
		out[i] = show(t.def, r, labels)
	}
	return out, nil
}

// userFields leaves out what moves by itself, so that a record can be put back as it was shown.
func userFields(t *table, rec harness.Record) map[string]any {
	out := make(map[string]any, len(rec))
	for name, v := range rec {
		switch strings.ToLower(name) {
		case "createddate", "modifieddate", "lastmodifieddate", "createdby", "modifiedby":
			continue
		}
		if f, ok := v.(float64); ok {
			v = json.Number(fmt.Sprint(f))
		}
		out[name] = v
	}
	return out
}

// Delete implements harness.Data.
func (s *System) Delete(object, id string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	t := s.table(object)
	if t == nil {
		return harness.UnknownObject(object)
	}
	if !s.remove(t, id) {
		return fmt.Errorf("%s has no record %q", t.def.name, id)
	}
	return nil
}

// AddItem adds a value to a picklist, as an administrator of the tenant would.
func (s *System) AddItem(object, field, label string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if def := s.catalog.objects[strings.ToLower(object)]; def != nil && def.field(field) != nil && def.field(field).picks != nil {
		s.catalog.addItem(def.field(field).picks, label, true)
	}
}
