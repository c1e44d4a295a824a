package salesforce

import (
	"hash/maphash"
	"slices"
	"sort"
	"strings"
	"sync"

	"github.com/syncline/syncline/connectors/sandbox/world"
)

// change says that a record changed at a moment. The changes of a table are in order of time; one is
// valid while the record's last change is still that one.
type change struct {
	at  int64
	rec pos
}

// pos is the position of a record in its table.
type pos = int32

// table holds the records of an object.
type table struct {
	*object
	org *org
	// rows are in order of their numbers; positions never change.
	rows    []*row
	last    uint64 // highest number given out
	changes []change
	// building guards indexes: queries, which only read otherwise, build them when they first need them.
	building sync.Mutex
	indexes  map[int]*index // by slot
	live     int            // records that are not deleted
}

// add puts a new record at the end.
func (t *table) add(r *row) {
	t.rows = append(t.rows, r)
	t.last = max(t.last, r.num)
	t.changes = append(t.changes, change{r.changed, pos(len(t.rows) - 1)})
	for slot, ix := range t.indexes {
		ix.insert(pos(len(t.rows)-1), r.get(slot))
	}
	if !r.deleted {
		t.live++
	}
}

// replace puts a new state in the place of a record.
func (t *table) replace(at pos, r *row) {
	old := t.rows[at]
	for slot, ix := range t.indexes {
		if before, after := old.get(slot), r.get(slot); before != after {
			ix.remove(at)
			ix.insert(at, after)
		}
	}
	if old.changed != r.changed {
		t.changes = append(t.changes, change{r.changed, at})
	}
	t.rows[at] = r
	if old.deleted != r.deleted {
		if r.deleted {
			t.live--
		} else {
			t.live++
		}
	}
}

// drop takes the last record away again, when what made it is undone.
func (t *table) drop() {
	at := pos(len(t.rows) - 1)
	for _, ix := range t.indexes {
		ix.remove(at)
		ix.shrink(int(at))
	}
	if !t.rows[at].deleted {
		t.live--
	}
	t.rows = t.rows[:at]
}

// compact forgets changes that later ones made void, once they are the most.
func (t *table) compact() {
	if len(t.changes) <= 2*len(t.rows)+1024 {
		return
	}
	t.changes = slices.DeleteFunc(t.changes, func(c change) bool { return t.rows[c.rec].changed != c.at })
}

// sortRows puts the table in order after it was filled.
func (t *table) sortRows() {
	byNum := func(a, b *row) int {
		switch {
		case a.num < b.num:
			return -1
		case a.num > b.num:
			return 1
		}
		return 0
	}
	if !slices.IsSortedFunc(t.rows, byNum) {
		slices.SortFunc(t.rows, byNum)
	}
	t.indexes = nil
	t.changes = make([]change, len(t.rows))
	t.live = 0
	for i, r := range t.rows {
		t.changes[i] = change{r.changed, pos(i)}
		t.last = max(t.last, r.num)
		if !r.deleted {
			t.live++
		}
	}
	slices.SortStableFunc(t.changes, func(a, b change) int { return int(a.at - b.at) })
}

// since is the position in changes of the first one at or after a moment.
func (t *table) since(at int64) int {
	return sort.Search(len(t.changes), func(i int) bool { return t.changes[i].at >= at })
}

// find is the position of the record with a number, -1 when there is none.
func (t *table) find(num uint64) pos {
	i, ok := slices.BinarySearchFunc(t.rows, num, func(r *row, n uint64) int {
		switch {
		case r.num < n:
			return -1
		case r.num > n:
			return 1
		}
		return 0
	})
	if !ok {
		return -1
	}
	return pos(i)
}

// findID is the position of the record with an id of this object, deleted or not; -1 when there is none.
func (t *table) findID(id string) pos {
	prefix, num, ok := world.SalesforceNumber(id)
	if !ok || prefix != t.prefix {
		return -1
	}
	return t.find(num)
}

// value is the value of a field of a record.
func (t *table) value(f *field, r *row) cell {
	switch f.system {
	case sysID:
		return textCell(t.id(r.num))
	case sysDeleted:
		return boolCell(r.deleted)
	case sysCreated:
		return timeCell(r.created)
	case sysChanged:
		return timeCell(r.changed)
	case computed:
		return f.compute(t, r)
	}
	c := r.get(f.slot)
	if c.kind == isNull && f.typ == "boolean" {
		c.kind = isFalse
	}
	return c
}

// lookup gives the positions of records whose field may have the text value; ok is false for fields without an
// index. All records that have the value are among them.
func (t *table) lookup(f *field, text string, into []pos) ([]pos, bool) {
	if f.system == sysID {
		if at := t.findID(text); at >= 0 {
			into = append(into, at)
		}
		return into, true
	}
	if !indexable(f) {
		return into, false
	}
	t.building.Lock()
	defer t.building.Unlock()
	ix := t.indexes[f.slot]
	if ix == nil {
		ix = newIndex(t, f.slot)
		if t.indexes == nil {
			t.indexes = map[int]*index{}
		}
		t.indexes[f.slot] = ix
	}
	return ix.find(text, into), true
}

// indexable tells whether an index on the field is worth its memory.
func indexable(f *field) bool {
	if f.system != stored {
		return false
	}
	switch f.typ {
	case "string", "email", "phone", "url", "reference":
		return f.filterable
	}
	return false
}

// index finds records by the hash of a text: chains of positions, doubly linked, in arrays beside the rows. Twelve bytes a record,
// however long the texts. Case is folded, so the caller compares again.
type index struct {
	heads      map[uint64]pos
	next, prev []pos
	hashes     []uint64 // 0: the record has no value
}

var seed = maphash.MakeSeed()

func hashText(s string) uint64 {
	if h := maphash.String(seed, strings.ToLower(s)); h != 0 {
		return h
	}
	return 1
}

func newIndex(t *table, slot int) *index {
	n := len(t.rows)
	ix := &index{heads: make(map[uint64]pos, n), next: make([]pos, 0, n), prev: make([]pos, 0, n), hashes: make([]uint64, 0, n)}
	for i, r := range t.rows {
		ix.insert(pos(i), r.get(slot))
	}
	return ix
}

func (ix *index) insert(at pos, c cell) {
	for int(at) >= len(ix.next) {
		ix.next, ix.prev, ix.hashes = append(ix.next, -1), append(ix.prev, -1), append(ix.hashes, 0)
	}
	if c.kind != isText {
		return
	}
	h := hashText(c.text)
	head, ok := ix.heads[h]
	ix.hashes[at], ix.prev[at], ix.next[at] = h, -1, -1
	if ok {
		ix.next[at], ix.prev[head] = head, at
	}
	ix.heads[h] = at
}

func (ix *index) remove(at pos) {
	h := ix.hashes[at]
	if h == 0 {
		return
	}
	next, prev := ix.next[at], ix.prev[at]
	if next >= 0 {
		ix.prev[next] = prev
	}
	switch {
	case prev >= 0:
		ix.next[prev] = next
	case next >= 0:
		ix.heads[h] = next
	default:
		delete(ix.heads, h)
	}
	ix.hashes[at], ix.next[at], ix.prev[at] = 0, -1, -1
}

func (ix *index) shrink(n int) { ix.next, ix.prev, ix.hashes = ix.next[:n], ix.prev[:n], ix.hashes[:n] }

func (ix *index) find(text string, into []pos) []pos {
	at, ok := ix.heads[hashText(text)]
	for ; ok && at >= 0; at = ix.next[at] {
		into = append(into, at)
	}
	return into
}
