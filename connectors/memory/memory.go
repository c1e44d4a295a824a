// Package memory is a system that lives in memory: objects on maps, with every capability that a connector can
// have. Tests run on it, and hooks make it fail in the ways that real systems do: refused records, lost
// answers, quotas, outages, delays.
package memory

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/syncline/syncline/connectors"
	"github.com/syncline/syncline/lang/schema"
	"github.com/syncline/syncline/lang/value"
)

// TypeName is the name of the type in a registry and in `connection "memory" "…"`.
const TypeName = "memory"

// Type gives connections to systems by connection name; a name that is not in the map is an error.
func Type(systems map[string]*System) connectors.Type {
	return connectors.Type{
		System: schema.System{Name: TypeName, Doc: "records in memory, for tests"},
		Open: func(_ context.Context, c connectors.Config) (connectors.Connection, error) {
			s := systems[c.Name]
			if s == nil {
				return nil, &connectors.Error{Class: connectors.Permanent, Message: fmt.Sprintf("there is no system in memory named %q", c.Name)}
			}
			return s, nil
		},
	}
}

// Hooks change how a system answers. They are called without the system's lock and may be nil.
type Hooks struct {
	// BeforeRead may refuse a read or a page of it.
	BeforeRead func(object string) error
	// BeforeWrite may refuse a whole call before anything is written.
	BeforeWrite func(w connectors.Write) error
	// Record may refuse one record of a call.
	Record func(object string, op connectors.Op, r connectors.Record) *connectors.Error
	// AfterWrite may lose the answer of a call that was carried out, whole (error) or for a record (result).
	AfterWrite func(w connectors.Write, results []connectors.Result) error
	// AfterGroup is told of a group that was carried out.
	AfterGroup func(actions []connectors.Action, results []connectors.Result)
}

// Call is one call that was made.
type Call struct {
	Kind    string // read, create, update, upsert, delete, replace, group, deleted
	Object  string
	Records int
}

// System is one system in memory. The zero value is not ready; New makes one.
type System struct {
	mu      sync.Mutex
	catalog *schema.Catalog
	tables  map[string]*table
	clock   int64
	ids     int
	calls   []Call
	limits  connectors.Limits
	page    int
	hooks   Hooks
	now     func() time.Time // nil: the clock counts changes
}

// table is the records of one object.
type table struct {
	object  *schema.Object
	rows    map[string]*row
	byStamp []stamped // in order of change; stale entries are skipped
	gone    []stamped
	whole   [][]value.Value // content of a replaced object
	layout  *value.Layout
}

type row struct {
	values  map[string]value.Value
	stamp   int64
	created int64
}

type stamped struct {
	stamp int64
	id    string
}

// Map is a record's fields by name.
type Map map[string]value.Value

// New makes a system of the objects. Objects with Modified set can be read incrementally.
func New(objects ...*schema.Object) *System {
	s := &System{
		catalog: &schema.Catalog{System: TypeName, Objects: map[string]*schema.Object{}, ReadPage: 200, WriteBatch: 50, Group: schema.NoLimit,
			Filter: schema.FilterCaps{Compare: true, In: true, Null: true, Prefix: true, Substr: true, Or: true, Not: true, Includes: true}},
		tables: map[string]*table{},
		limits: connectors.Limits{Lookup: 100, WriteBatch: 50, Parallel: 2},
		page:   200,
	}
	for _, o := range objects {
		o.Index()
		s.catalog.Objects[o.Name] = o
		s.catalog.Names = append(s.catalog.Names, o.Name)
		s.tables[o.Name] = &table{object: o, rows: map[string]*row{}}
	}
	return s
}

// SetHooks replaces the hooks.
func (s *System) SetHooks(h Hooks) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.hooks = h
}

// SetLimits replaces the limits and the size of a page of a read.
func (s *System) SetLimits(l connectors.Limits, page int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.limits, s.page = l, page
}

// SetClock makes modified stamps follow a clock; without one they count changes. Stamps never go back.
func (s *System) SetClock(now func() time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.now = now
}

// Catalog is the schema of all objects.
func (s *System) Catalog() *schema.Catalog { return s.catalog }

// Calls gives the calls made since the last Reset, oldest first.
func (s *System) Calls() []Call {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.calls)
}

// ResetCalls forgets the calls.
func (s *System) ResetCalls() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls = nil
}

// Count counts the calls of a kind ("" for writes of any kind) since the last ResetCalls.
func (s *System) Count(kind string) (calls, records int) {
	for _, c := range s.Calls() {
		write := c.Kind == "create" || c.Kind == "update" || c.Kind == "upsert" || c.Kind == "delete"
		if c.Kind == kind || kind == "" && write {
			calls, records = calls+1, records+c.Records
		}
	}
	return calls, records
}

// Put creates or changes a record, as a user of the system would, and gives its id. Fields not named stay.
func (s *System) Put(object string, fields Map) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	t := s.tables[object]
	id := fields[t.object.Key].String()
	if id == "" {
		id = s.newID(t)
	}
	s.set(t, id, s.tick(), fields)
	return id
}

// Remove deletes a record as a user would.
func (s *System) Remove(object, id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tables[object].remove(id, s.tick())
}

// Get gives a record's fields, nil when it is not there.
func (s *System) Get(object, id string) Map {
	s.mu.Lock()
	defer s.mu.Unlock()
	r := s.tables[object].rows[id]
	if r == nil {
		return nil
	}
	out := Map{}
	for k, v := range r.values {
		out[k] = v
	}
	return out
}

// IDs lists the ids of an object's records, sorted.
func (s *System) IDs(object string) []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var ids []string
	for id := range s.tables[object].rows {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	return ids
}

// Whole gives the content of an object that was written whole.
func (s *System) Whole(object string) []Map {
	s.mu.Lock()
	defer s.mu.Unlock()
	t := s.tables[object]
	var out []Map
	for _, values := range t.whole {
		m := Map{}
		for i, v := range values {
			m[t.layout.Names[i]] = v
		}
		out = append(out, m)
	}
	return out
}

func (s *System) tick() int64 {
	s.clock++
	if s.now != nil {
		s.clock = max(s.clock, s.now().UnixMicro())
	}
	return s.clock
}

func (s *System) newID(t *table) string {
	s.ids++
	if f := t.object.KeyField(); f != nil && f.Kind.IsNumber() {
		return strconv.Itoa(s.ids)
	}
	return fmt.Sprintf("%s-%06d", t.object.Name, s.ids)
}

func (s *System) called(ctx context.Context, c Call) {
	connectors.CountCall(ctx)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls = append(s.calls, c)
}

func (s *System) set(t *table, id string, stamp int64, fields Map) {
	r := t.rows[id]
	if r == nil {
		r = &row{values: map[string]value.Value{}, created: stamp}
		t.rows[id] = r
	}
	for k, v := range fields {
		if f := t.object.Field(k); f == nil || f.Kind != schema.MultiPicklist {
			if value.IsEmpty(v) {
				v = value.Null
			}
		}
		r.values[k] = v.Clone()
	}
	if t.object.Key != "" {
		r.values[t.object.Key] = keyValue(t.object, id)
	}
	r.stamp = stamp
	if t.object.Modified != "" {
		r.values[t.object.Modified] = value.Micros(stamp * 1e6)
		if s.now != nil {
			r.values[t.object.Modified] = value.Micros(stamp)
		}
	}
	t.byStamp = append(t.byStamp, stamped{stamp, id})
}

// keyValue is an id as the key field holds it.
func keyValue(o *schema.Object, id string) value.Value {
	if f := o.KeyField(); f != nil && f.Kind.IsNumber() {
		if n, err := strconv.ParseInt(id, 10, 64); err == nil {
			return value.Int(n)
		}
	}
	return value.Text(id)
}

func (t *table) remove(id string, stamp int64) bool {
	if t.rows[id] == nil {
		return false
	}
	delete(t.rows, id)
	t.gone = append(t.gone, stamped{stamp, id})
	return true
}
