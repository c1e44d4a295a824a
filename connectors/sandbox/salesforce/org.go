package salesforce

import (
	"strings"
	"sync"
	"time"

	"github.com/syncline/syncline/connectors/sandbox/world"
)

// org is the data of the simulated organisation. All methods want mu held, for writing where they write.
type org struct {
	mu      sync.RWMutex
	world   *world.World
	objects map[string]*object
	tables  map[string]*table // by lower-case name
	byKey   map[string]*table // by key prefix
	now     func() time.Time
	// clock is the last moment that was given to a change; stamps never go back.
	clock int64
	// user is who works, for OwnerId and the audit fields.
	user string
	undo []undo
}

func newOrg(w *world.World, objects map[string]*object, now func() time.Time) *org {
	o := &org{world: w, objects: objects, now: now, user: w.Users[w.Integration].SalesforceID}
	o.reset()
	return o
}

// reset brings back the data of the start.
func (o *org) reset() {
	o.tables, o.byKey, o.undo = map[string]*table{}, map[string]*table{}, nil
	for key, ob := range o.objects {
		t := &table{object: ob, org: o}
		o.tables[key] = t
		o.byKey[ob.prefix] = t
	}
	o.clock = 0
	o.fill()
	for _, t := range o.tables {
		t.sortRows()
		for _, f := range t.fields {
			f.system, f.compute = computedField(t.name, f)
		}
	}
}

// table finds a table by its object's name in any case.
func (o *org) table(name string) *table { return o.tables[strings.ToLower(name)] }

// tableOf finds the table that an id belongs to.
func (o *org) tableOf(id string) *table {
	if len(id) < 3 {
		return nil
	}
	return o.byKey[id[:3]]
}

// record finds the record of an id; nil when there is none or it is deleted.
func (o *org) record(id string) (*table, *row) {
	t := o.tableOf(id)
	if t == nil {
		return nil, nil
	}
	at := t.findID(id)
	if at < 0 || t.rows[at].deleted {
		return nil, nil
	}
	return t, t.rows[at]
}

// tick is the moment of a change.
func (o *org) tick() int64 {
	o.clock = max(o.clock, o.now().Unix())
	return o.clock
}

// undo takes one change back.
type undo struct {
	t   *table
	at  pos
	old *row // nil: the record was new
	// changes and last are how long t.changes and high t.last was before.
	changes int
	last    uint64
}

// begin starts a transaction: what is done after it can be undone by rollback to the mark that it gives.
func (o *org) begin() int {
	if len(o.undo) == 0 {
		for _, t := range o.tables {
			t.compact()
		}
	}
	return len(o.undo)
}

// commit ends the outermost transaction.
func (o *org) commit() { o.undo = o.undo[:0] }

// rollback undoes all that was done since the mark.
func (o *org) rollback(mark int) {
	for i := len(o.undo) - 1; i >= mark; i-- {
		u := o.undo[i]
		if u.old == nil {
			u.t.drop()
		} else {
			u.t.replace(u.at, u.old)
		}
		u.t.changes, u.t.last = u.t.changes[:u.changes], u.last
	}
	o.undo = o.undo[:mark]
}

// insert adds a record, so that it can be undone.
func (o *org) insert(t *table, r *row) pos {
	o.undo = append(o.undo, undo{t: t, at: pos(len(t.rows)), changes: len(t.changes), last: t.last})
	t.add(r)
	return pos(len(t.rows) - 1)
}

// update replaces a record, so that it can be undone.
func (o *org) update(t *table, at pos, r *row) {
	o.undo = append(o.undo, undo{t: t, at: at, old: t.rows[at], changes: len(t.changes), last: t.last})
	t.replace(at, r)
}
