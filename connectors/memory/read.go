package memory

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/syncline/syncline/connectors"
	"github.com/syncline/syncline/lang/query"
	"github.com/syncline/syncline/lang/schema"
	"github.com/syncline/syncline/lang/value"
)

// Objects lists the objects.
func (s *System) Objects(context.Context) ([]connectors.ObjectInfo, error) {
	var out []connectors.ObjectInfo
	for _, name := range slices.Sorted(slices.Values(s.catalog.Names)) {
		out = append(out, connectors.ObjectInfo{Name: name, Label: s.catalog.Objects[name].Label})
	}
	return out, nil
}

// Describe gives the schema of the named objects.
func (s *System) Describe(_ context.Context, names []string, _ *schema.Catalog) (*schema.Catalog, error) {
	out := *s.catalog
	out.Objects = map[string]*schema.Object{}
	for _, n := range names {
		if o := s.catalog.Objects[n]; o != nil {
			out.Objects[n] = o
		}
	}
	return &out, nil
}

// Limits says how the system wants to be used.
func (s *System) Limits() connectors.Limits {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.limits
}

// Close does nothing: the records stay.
func (s *System) Close() error { return nil }

// Check says who we are.
func (s *System) Check(context.Context) (connectors.Report, error) {
	return connectors.Report{User: "memory", Account: "memory", Version: "1"}, nil
}

// Read starts a read. Records come in order of change.
func (s *System) Read(_ context.Context, q query.Read) (connectors.Rows, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	t := s.tables[q.Object]
	if t == nil {
		return nil, &connectors.Error{Class: connectors.Permanent, Message: fmt.Sprintf("there is no object %q", q.Object)}
	}
	at := int64(0)
	if q.Since != "" {
		n, err := strconv.ParseInt(string(q.Since), 10, 64)
		if err != nil {
			return nil, &connectors.Error{Class: connectors.Permanent, Message: fmt.Sprintf("the cursor %q is not one of this system", q.Since)}
		}
		at = n
	}
	return &rows{s: s, t: t, q: q, at: at}, nil
}

// rows is a read under way; at is the stamp up to which it has looked.
type rows struct {
	s     *System
	t     *table
	q     query.Read
	at    int64
	given int
	done  bool
	keys  []string
}

func (r *rows) Next(ctx context.Context, b *value.Batch) error {
	b.Reset()
	r.keys = r.keys[:0]
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("reading %s: %w", r.q.Object, err)
	}
	if r.done {
		return io.EOF
	}
	r.s.mu.Lock()
	hook := r.s.hooks.BeforeRead
	r.s.mu.Unlock()
	if hook != nil {
		if err := hook(r.q.Object); err != nil {
			return err
		}
	}
	r.fill(b)
	r.s.called(ctx, Call{Kind: "read", Object: r.q.Object, Records: b.Len()})
	if b.Len() == 0 {
		r.done = true
		return io.EOF
	}
	return nil
}

func (r *rows) fill(b *value.Batch) {
	r.s.mu.Lock()
	defer r.s.mu.Unlock()
	all := append(slices.Clone(r.q.Layout.Names), query.Fields(r.q.Where)...)
	whole := value.NewLayout(slices.Compact(slices.Sorted(slices.Values(all)))...)
	start, _ := slices.BinarySearchFunc(r.t.byStamp, r.at+1, func(x stamped, at int64) int { return int(x.stamp - at) })
	for _, x := range r.t.byStamp[start:] {
		if b.Len() == r.s.page {
			return
		}
		if r.q.Limit > 0 && r.given == r.q.Limit {
			break
		}
		r.at = x.stamp
		row := r.t.rows[x.id]
		if row == nil || row.stamp != x.stamp {
			continue
		}
		rec := make(value.Record, whole.Len())
		for i, name := range whole.Names {
			rec[i] = r.s.at(r.t, row, name)
		}
		if !query.Match(r.q.Where, whole, rec) {
			continue
		}
		out := b.Append()
		for i, name := range r.q.Layout.Names {
			out[i] = r.s.at(r.t, row, name)
			if out[i].Kind() == value.KindText {
				out[i] = b.TextCopy([]byte(out[i].AsText()))
			}
		}
		r.keys = append(r.keys, x.id)
		r.given++
	}
	r.done = true // a page that is not full is the last
}

// at reads a field, through references where the name is a path.
func (s *System) at(t *table, r *row, name string) value.Value {
	if v, ok := r.values[name]; ok {
		return v
	}
	head, rest, dotted := strings.Cut(name, ".")
	rel := t.object.Relation(head)
	if !dotted || rel == nil {
		return value.Null
	}
	for _, to := range rel.RefTo {
		if other := s.tables[to]; other != nil {
			if next := other.rows[r.values[rel.Name].AsText()]; next != nil {
				return s.at(other, next, rest)
			}
		}
	}
	return value.Null
}

// Cursor is the stamp of the last record looked at; an object without Modified cannot resume.
func (r *rows) Cursor() query.Cursor {
	if r.t.object.Modified == "" {
		return ""
	}
	return query.Cursor(strconv.FormatInt(r.at, 10))
}

// ID gives a record's id where the object has no key field.
func (r *rows) ID(i int) string { return r.keys[i] }

func (r *rows) Close() error { return nil }

// Deleted gives the ids of records deleted since the cursor.
func (s *System) Deleted(ctx context.Context, object *schema.Object, since query.Cursor) ([]string, query.Cursor, bool, error) {
	s.called(ctx, Call{Kind: "deleted", Object: object.Name})
	s.mu.Lock()
	defer s.mu.Unlock()
	next := query.Cursor(strconv.FormatInt(s.clock, 10))
	if since == "" {
		return nil, next, true, nil
	}
	from, err := strconv.ParseInt(string(since), 10, 64)
	if err != nil {
		return nil, "", false, &connectors.Error{Class: connectors.Permanent, Message: "bad cursor"}
	}
	var ids []string
	for _, g := range s.tables[object.Name].gone {
		if g.stamp > from && s.tables[object.Name].rows[g.id] == nil {
			ids = append(ids, g.id)
		}
	}
	return ids, next, true, nil
}
