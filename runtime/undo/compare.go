package undo

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strconv"

	"github.com/syncline/syncline/connectors"
	"github.com/syncline/syncline/lang/query"
	"github.com/syncline/syncline/lang/schema"
	"github.com/syncline/syncline/lang/value"
)

// Systems gives open connections and what may be written through them.
type Systems struct {
	Open  func(ctx context.Context, connection string) (connectors.Connection, error)
	Allow func(connection string) []string
}

// objects are the records of a plan by connection and object, in the plan's order.
func (p *Plan) objects() (names [][2]string, by map[[2]string][]*Record) {
	by = map[[2]string][]*Record{}
	for _, r := range p.Records {
		key := [2]string{r.Connection, r.Object}
		if by[key] == nil {
			names = append(names, key)
		}
		by[key] = append(by[key], r)
	}
	return names, by
}

// Compare reads the records as they are and decides what is done about each.
func (p *Plan) Compare(ctx context.Context, s Systems, deleteCreated bool) error {
	names, by := p.objects()
	for _, name := range names {
		conn, object, err := s.object(ctx, name)
		if err != nil {
			return err
		}
		records := by[name]
		for part := range slices.Chunk(records, chunk(conn, object)) {
			now, layout, err := read(ctx, conn, object, part)
			if err != nil {
				return fmt.Errorf("reading %s.%s: %w", name[0], name[1], err)
			}
			for _, r := range part {
				r.decide(object.Object, layout, now[r.ID], deleteCreated)
			}
		}
	}
	return nil
}

// described is an object with the catalog that it stands in.
type described struct {
	*schema.Object
	catalog *schema.Catalog
}

func (s Systems) object(ctx context.Context, name [2]string) (connectors.Connection, described, error) {
	conn, err := s.Open(ctx, name[0])
	if err != nil {
		return nil, described{}, err
	}
	catalog, err := conn.Describe(ctx, []string{name[1]}, nil)
	if err != nil {
		return nil, described{}, fmt.Errorf("connection %s: %w", name[0], err)
	}
	o := catalog.Objects[name[1]]
	if o == nil {
		return nil, described{}, fmt.Errorf("%s has no object %s any more, or this user cannot see it", name[0], name[1])
	}
	o.Index()
	return conn, described{o, catalog}, nil
}

func chunk(conn connectors.Connection, o described) int {
	if n := conn.Limits().Lookup; n > 0 && o.catalog.Filter.In {
		return n
	}
	return 1
}

// read gives records as they are, by id, with the fields that were written.
func read(ctx context.Context, conn connectors.Connection, o described, records []*Record) (map[string]value.Record, *value.Layout, error) {
	reader, ok := conn.(connectors.Reader)
	key := o.KeyField()
	if !ok || key == nil {
		return nil, nil, fmt.Errorf("its records cannot be read one by one, so nothing that was written there can be taken back")
	}
	names := []string{key.Name}
	var ids []value.Value
	for _, r := range records {
		ids = append(ids, idValue(key, r.ID))
		for _, f := range r.Fields {
			if !slices.Contains(names, f.Name) && o.Field(f.Name) != nil {
				names = append(names, f.Name)
			}
		}
	}
	layout := value.NewLayout(names...)
	q := query.Read{Object: o.Name, Layout: layout, Where: query.In{Field: key.Name, Values: ids}}
	rows, err := reader.Read(ctx, q)
	if err != nil {
		return nil, nil, err
	}
	defer rows.Close()
	out := map[string]value.Record{}
	for {
		b := value.NewBatch(layout, len(records))
		err := rows.Next(ctx, b)
		if err == io.EOF {
			return out, layout, nil
		}
		if err != nil {
			return nil, nil, err
		}
		for i := range b.Len() {
			out[b.Record(i).At(0).String()] = b.Record(i)
		}
	}
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

// decide says what is done about a record, now that it is known how it stands.
func (r *Record) decide(o *schema.Object, layout *value.Layout, now value.Record, deleteCreated bool) {
	set := func(v Verdict, why string) { r.Verdict, r.Why = v, why }
	switch {
	case r.deleted && r.created:
		set(Settled, "")
		return
	case r.deleted:
		set(Lost, "it was deleted, and what is deleted cannot be brought back from here")
		return
	case now == nil && r.created:
		set(Settled, "")
		return
	case now == nil:
		set(Conflict, "somebody deleted it since")
		return
	case r.blind && !r.created:
		set(Lost, "it was written without being read, and what it held before is not known")
		return
	}
	conflicts, writes, lost := 0, 0, 0
	for i := range r.Fields {
		f := &r.Fields[i]
		f.decide(o.Field(f.Name), now.At(layout.Slot(f.Name)), r.created)
		switch f.Verdict {
		case Conflict:
			conflicts++
		case Lost:
			lost++
		case Write:
			writes++
		}
	}
	switch {
	case r.created && conflicts > 0:
		set(Conflict, "it was created, and somebody changed it since")
	case r.created && !deleteCreated:
		set(Keep, "it was created; --delete-created deletes it")
	case r.created && !o.Deletable:
		set(Lost, "it was created, and this user may not delete it")
	case r.created:
		set(Delete, "")
	case writes > 0:
		set(Write, "")
	case conflicts > 0:
		set(Conflict, "somebody changed it since")
	case lost > 0:
		set(Lost, "none of its fields can be put back")
	default:
		set(Settled, "")
	}
}

// decide says whether a field is put back. Of a record that was created only whether it was changed since counts.
func (f *Field) decide(spec *schema.Field, now value.Value, created bool) {
	f.Now = now.JSON()
	if spec == nil {
		f.Verdict, f.Why = Lost, "the field is gone, or this user cannot see it"
		return
	}
	before, err := value.FromJSON(spec, f.Before)
	after, err2 := value.FromJSON(spec, f.After)
	switch {
	case err != nil || err2 != nil:
		f.Verdict, f.Why = Lost, "the field has another type now"
	case !created && same(spec, now, before):
		f.Verdict = Settled
	case !same(spec, now, after):
		f.Verdict, f.Why = Conflict, "somebody changed it since"
	case !created && !spec.Updateable:
		f.Verdict, f.Why = Lost, "this user may not write it"
	case !created && spec.Required && value.IsEmpty(before):
		f.Verdict, f.Why = Lost, "it was empty, and may not be emptied now"
	default:
		f.Verdict = Write
	}
}

// same compares in the field's stored form.
func same(f *schema.Field, a, b value.Value) bool {
	if value.IsEmpty(a) || value.IsEmpty(b) {
		return value.IsEmpty(a) && value.IsEmpty(b)
	}
	if value.Equal(a, b) {
		return true
	}
	x, err := value.Conform(f, a)
	y, err2 := value.Conform(f, b)
	return err == nil && err2 == nil && value.Equal(x, y)
}
