package memory

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/syncline/syncline/connectors"
	"github.com/syncline/syncline/lang/schema"
	"github.com/syncline/syncline/lang/value"
)

// Write writes records one by one; each has its own outcome. More than a call takes go in several calls.
func (s *System) Write(ctx context.Context, w connectors.Write) ([]connectors.Result, error) {
	s.mu.Lock()
	t, size := s.tables[w.Object.Name], s.limits.WriteBatch
	s.mu.Unlock()
	if t == nil {
		return nil, &connectors.Error{Class: connectors.Permanent, Message: fmt.Sprintf("there is no object %q", w.Object.Name)}
	}
	if size <= 0 || len(w.Records) <= size {
		return s.call(ctx, t, w)
	}
	var out []connectors.Result
	for part := range slices.Chunk(w.Records, size) {
		one := w
		one.Records = part
		results, err := s.call(ctx, t, one)
		if err != nil {
			results = make([]connectors.Result, len(part))
			for i := range results {
				results[i].Err = connectors.AsError(err)
			}
		}
		out = append(out, results...)
	}
	return out, nil
}

// call is one call.
func (s *System) call(ctx context.Context, t *table, w connectors.Write) ([]connectors.Result, error) {
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("writing %s: %w", w.Object.Name, err)
	}
	s.called(ctx, Call{Kind: w.Op.String(), Object: w.Object.Name, Records: len(w.Records)})
	s.mu.Lock()
	hooks := s.hooks
	s.mu.Unlock()
	if hooks.BeforeWrite != nil {
		if err := hooks.BeforeWrite(w); err != nil {
			return nil, err
		}
	}
	results := make([]connectors.Result, len(w.Records))
	for i, r := range w.Records {
		if hooks.Record != nil {
			if err := hooks.Record(w.Object.Name, w.Op, r); err != nil {
				results[i].Err = err
				continue
			}
		}
		results[i] = s.writeOne(t, w.Op, w.Key, r)
	}
	if hooks.AfterWrite != nil {
		if err := hooks.AfterWrite(w, results); err != nil {
			return nil, err
		}
	}
	return results, nil
}

func (s *System) writeOne(t *table, op connectors.Op, key string, r connectors.Record) connectors.Result {
	s.mu.Lock()
	defer s.mu.Unlock()
	fields := Map{}
	for _, f := range r.Fields {
		fields[f.Name] = f.Value
	}
	id, created := r.ID, false
	switch op {
	case connectors.Delete:
		if !t.remove(id, s.tick()) {
			return connectors.Result{Err: gone(t, id)}
		}
		return connectors.Result{ID: id}
	case connectors.Update:
		if t.rows[id] == nil {
			return connectors.Result{Err: gone(t, id)}
		}
	case connectors.Upsert:
		if id = t.find(key, fields[key]); id == "" {
			id, created = s.idFor(t, fields), true
		}
	case connectors.Create:
		id, created = s.idFor(t, fields), true
		if t.rows[id] != nil {
			return connectors.Result{Err: duplicate(t.object.Key)}
		}
	}
	if err := t.check(id, fields, created); err != nil {
		return connectors.Result{Err: err}
	}
	s.set(t, id, s.tick(), fields)
	return connectors.Result{ID: id, Created: created}
}

func (s *System) idFor(t *table, fields Map) string {
	if id := fields[t.object.Key].String(); id != "" {
		return id
	}
	return s.newID(t)
}

func gone(t *table, id string) *connectors.Error {
	return &connectors.Error{Class: connectors.Gone, Code: "NOT_FOUND", Message: fmt.Sprintf("%s %s does not exist", t.object.Name, id)}
}

func duplicate(field string) *connectors.Error {
	return &connectors.Error{Class: connectors.Reject, Code: "DUPLICATE_VALUE", Message: "another record has this value", Fields: []string{field}}
}

// find gives the id of the record whose field holds the value, "" when there is none.
func (t *table) find(field string, v value.Value) string {
	if v.IsNull() {
		return ""
	}
	for id, r := range t.rows {
		if value.Equal(r.values[field], v) {
			return id
		}
	}
	return ""
}

// check refuses what a real system would: unknown fields, unique values taken, required fields missing, and
// values that are not in the field's stored form.
func (t *table) check(id string, fields Map, creating bool) *connectors.Error {
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		f, v := t.object.Field(name), fields[name]
		if f == nil {
			return &connectors.Error{Class: connectors.Permanent, Code: "UNKNOWN_FIELD", Message: fmt.Sprintf("%s has no field %s", t.object.Name, name), Fields: []string{name}}
		}
		if f.Required && v.IsNull() {
			return &connectors.Error{Class: connectors.Reject, Code: "REQUIRED", Message: fmt.Sprintf("%s is required", name), Fields: []string{name}}
		}
		if stored, err := value.Conform(f, v); err != nil || !value.Equal(stored, v) {
			return &connectors.Error{Class: connectors.Reject, Code: "BAD_VALUE", Message: fmt.Sprintf("%s does not take %q", name, v), Fields: []string{name}}
		}
		if !f.Unique || name == t.object.Key {
			continue
		}
		if other := t.find(name, v); other != "" && other != id {
			return duplicate(name)
		}
	}
	for _, f := range t.object.Fields {
		if creating && f.Required && fields[f.Name].IsNull() {
			return &connectors.Error{Class: connectors.Reject, Code: "REQUIRED", Message: fmt.Sprintf("%s is required", f.Name), Fields: []string{f.Name}}
		}
	}
	return nil
}

// Replace starts a new content of an object.
func (s *System) Replace(ctx context.Context, object *schema.Object, layout *value.Layout) (connectors.Replacement, error) {
	s.called(ctx, Call{Kind: "replace", Object: object.Name})
	return &replacement{s: s, t: s.tables[object.Name], layout: layout}, nil
}

type replacement struct {
	s      *System
	t      *table
	layout *value.Layout
	rows   [][]value.Value
}

func (r *replacement) Append(_ context.Context, b *value.Batch) error {
	for i := range b.Len() {
		r.rows = append(r.rows, b.Record(i).Clone())
	}
	return nil
}

func (r *replacement) Commit(context.Context) error {
	r.s.mu.Lock()
	defer r.s.mu.Unlock()
	r.t.whole, r.t.layout = r.rows, r.layout
	r.t.rows, r.t.byStamp = map[string]*row{}, nil
	for _, values := range r.rows {
		fields := Map{}
		for i, v := range values {
			fields[r.layout.Names[i]] = v
		}
		r.s.set(r.t, r.s.idFor(r.t, fields), r.s.tick(), fields)
	}
	return nil
}

func (r *replacement) Abort() error {
	r.rows = nil
	return nil
}
