package gainsight

import (
	"slices"
	"strings"
	"time"
)

// Values of cells: nil, string, float64, bool, day, instant, or multi (item ids).
type (
	day     int64 // since 1970
	instant int64 // milliseconds since 1970
	multi   []string
)

// row is one state of a record; a change makes a new one.
type row struct {
	id       string
	modified instant
	cells    []any
}

// table is the records of one object, in the order of their Gsid and in that of their change.
type table struct {
	def    *objectDef
	byID   map[string]*row
	sorted []*row // by id
	recent []*row // by modified, then id
	next   uint64 // number of the next new record
}

func newTable(def *objectDef) *table {
	return &table{def: def, byID: map[string]*row{}, next: 1 << 36}
}

func compareID(a, b *row) int { return strings.Compare(a.id, b.id) }

func compareRecent(a, b *row) int {
	if a.modified != b.modified {
		if a.modified < b.modified {
			return -1
		}
		return 1
	}
	return strings.Compare(a.id, b.id)
}

// fill takes the first records, in any order.
func (t *table) fill(rows []*row) {
	t.sorted, t.recent = rows, slices.Clone(rows)
	slices.SortFunc(t.sorted, compareID)
	slices.SortFunc(t.recent, compareRecent)
	for _, r := range rows {
		t.byID[r.id] = r
	}
}

// put adds records or replaces those with the same id.
func (t *table) put(rows []*row) {
	if len(rows) > 200 && len(rows) > len(t.sorted)/50 {
		for _, r := range rows {
			t.byID[r.id] = r
		}
		all := make([]*row, 0, len(t.byID))
		for _, r := range t.byID {
			all = append(all, r)
		}
		t.fill(all)
		return
	}
	for _, r := range rows {
		if old := t.byID[r.id]; old != nil {
			i, _ := slices.BinarySearchFunc(t.sorted, old, compareID)
			t.sorted[i] = r
			i, _ = slices.BinarySearchFunc(t.recent, old, compareRecent)
			t.recent = slices.Delete(t.recent, i, i+1)
		} else {
			i, _ := slices.BinarySearchFunc(t.sorted, r, compareID)
			t.sorted = slices.Insert(t.sorted, i, r)
		}
		i, _ := slices.BinarySearchFunc(t.recent, r, compareRecent)
		t.recent = slices.Insert(t.recent, i, r)
		t.byID[r.id] = r
	}
}

func (t *table) remove(id string) bool {
	old := t.byID[id]
	if old == nil {
		return false
	}
	delete(t.byID, id)
	i, _ := slices.BinarySearchFunc(t.sorted, old, compareID)
	t.sorted = slices.Delete(t.sorted, i, i+1)
	i, _ = slices.BinarySearchFunc(t.recent, old, compareRecent)
	t.recent = slices.Delete(t.recent, i, i+1)
	return true
}

// get is a cell by the field's lower-case name.
func (t *table) get(r *row, name string) any {
	if f := t.def.byName[name]; f != nil {
		return r.cells[f.slot]
	}
	return nil
}

func ms(t time.Time) instant { return instant(t.UnixMilli()) }

func dayOf(t time.Time) day { return day(t.UTC().Unix() / 86400) }
