package connectortest

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/syncline/syncline/connectors"
	"github.com/syncline/syncline/lang/query"
	"github.com/syncline/syncline/lang/schema"
	"github.com/syncline/syncline/lang/value"
)

// readAll wants the records that were seeded, each once, and nothing else new.
func (h *harness) readAll() {
	ids := h.seed(25)
	names := h.names()
	a := h.read(h.query(names...))
	if h.object.Key == "" {
		h.keyless(a, 25)
		return
	}
	got := h.byID(a.records)
	if len(a.records)-len(h.before) != len(ids) || len(got) != len(ids) {
		h.Errorf("read %d records, %d of them new and distinct, want %d new", len(a.records), len(got), len(ids))
	}
	for i, id := range ids {
		h.same(id, names, got[id], h.values(i))
		for slot, name := range names {
			if _, given := h.values(i)[name]; !given && name == h.x.Fields.Note && got[id] != nil && !got[id][slot].IsNull() {
				h.Errorf("%s: the empty field %s is %q", id, name, got[id][slot])
			}
		}
	}
}

// keyless checks an object without a key field: each record has an id of Keyed that comes again in the next read.
func (h *harness) keyless(a answer, n int) {
	if len(a.records) != n {
		h.Errorf("read %d records, want %d", len(a.records), n)
	}
	if again := h.read(h.query(h.names()...)); !slices.Equal(again.ids, a.ids) {
		h.Errorf("a second read gives other ids: %v, then %v", a.ids, again.ids)
	}
}

// readLayout asks for fields in another order, and one that is not there.
func (h *harness) readLayout() {
	h.seed(3)
	names := h.names()
	slices.Reverse(names)
	names = append(names, "no_such_field_xyz")
	a := h.read(h.query(names...))
	found := false
	for _, r := range a.records {
		if len(r) != len(names) {
			h.Fatalf("a record has %d slots, want %d", len(r), len(names))
		}
		if !r[len(r)-1].IsNull() {
			h.Errorf("a field that is not there is %q, want null", r[len(r)-1])
		}
		if name := r[slices.Index(names, h.x.Fields.Name)]; value.Equal(name, h.stored(h.x.Fields.Name, value.Text("Record 002"))) {
			found = true
			h.same("Record 002", names[:len(names)-1], r, h.values(2))
		}
	}
	if !found {
		h.Error("the third record was not read")
	}
}

// readLimit wants no more than the limit, over page borders too, and only what is there.
func (h *harness) readLimit() {
	h.seed(20)
	for _, limit := range []int{1, 7, 8, 19} {
		q := h.query(h.x.Fields.Name)
		q.Limit = limit
		if n := len(h.read(q).records); n != limit {
			h.Errorf("limit %d gives %d records", limit, n)
		}
	}
}

// readOrder wants the first records by a field, either way.
func (h *harness) readOrder() {
	h.seed(20)
	field := h.object.Field(h.x.Fields.Integer)
	if field == nil || !field.Sortable {
		h.Skip("the object has no sortable Fields.Integer")
	}
	all := h.read(h.query(field.Name)).records
	for _, descending := range []bool{false, true} {
		want := make([]value.Value, len(all))
		for i, r := range all {
			want[i] = r[0]
		}
		slices.SortStableFunc(want, func(a, b value.Value) int {
			if descending && !a.IsNull() && !b.IsNull() {
				return value.Compare(b, a)
			}
			return value.Compare(a, b)
		})
		q := h.query(field.Name)
		q.Limit, q.Order = 5, []query.Order{{Field: field.Name, Descending: descending}}
		got := h.read(q).records
		for i, r := range got {
			if !value.Equal(r[0], want[i]) {
				h.Errorf("descending %v: record %d has %s, want %s", descending, i, r[0], want[i])
			}
		}
		if len(got) != 5 {
			h.Errorf("descending %v: %d records, want 5", descending, len(got))
		}
	}
}

// readFilters pushes down one predicate of each kind that the catalog claims: what comes back holds at least
// all that the predicate matches here.
func (h *harness) readFilters() {
	h.seed(24)
	names := h.names()
	layout := value.NewLayout(names...)
	all := h.read(query.Read{Object: h.x.Object, Layout: layout}).records
	preds := h.predicates()
	if len(preds) == 0 {
		h.Skip("the catalog claims no filters")
	}
	for _, p := range preds {
		want := []string{}
		for _, r := range all {
			if query.Match(p.pred, layout, r) {
				want = append(want, r.At(0).String())
			}
		}
		got := h.ids(h.read(query.Read{Object: h.x.Object, Layout: layout, Where: p.pred}).records)
		if !p.mayBeEmpty && len(want) == 0 {
			h.Errorf("%s: the suite's records have no match; its test is worth nothing", p.name)
		}
		for _, id := range want {
			if !slices.Contains(got, id) {
				h.Errorf("%s: the pushed-down filter loses the record %s", p.name, id)
			}
		}
		if p.selective && len(got) == len(all) {
			h.Errorf("%s: claimed as a filter, but all %d records come back", p.name, len(all))
		}
	}
}

// readLookup finds records by key, with keys that are not there among them.
func (h *harness) readLookup() {
	ids := h.seed(15)
	field := h.x.Fields.External
	absent := value.Text("ext-none")
	if field == "" || h.object.Field(field) == nil || !h.object.Field(field).Filterable {
		h.Skip("the object has no filterable Fields.External")
	}
	q := h.query(h.object.Key, field)
	if field == h.object.Key {
		q = h.query(field)
	}
	q.Where = query.In{Field: field, Values: []value.Value{
		h.stored(field, value.Text("ext-003")), absent, h.stored(field, value.Text("ext-011"))}}
	got := h.byID(h.read(q).records)
	if got[ids[3]] == nil || got[ids[11]] == nil {
		h.Errorf("the look-up does not find both records, but %d others", len(got))
	}
	q.Where = query.In{Field: field, Values: []value.Value{absent}}
	for _, r := range h.read(q).records {
		if query.Match(q.Where, q.Layout, r) {
			h.Errorf("a look-up of an unknown key matches %v", r)
		}
	}
	many := make([]value.Value, h.conn.Limits().Lookup)
	for i := range many {
		many[i] = value.Text("none-" + strings.Repeat("x", i%7) + value.Int(int64(i)).String())
	}
	many[len(many)-1] = h.stored(field, value.Text("ext-007"))
	q.Where = query.In{Field: field, Values: many}
	if got := h.byID(h.read(q).records); got[ids[7]] == nil {
		h.Errorf("a look-up of %d keys does not find the last", len(many))
	}
}

// readUnknown reads an object that is not there: an error of class Permanent, before any record.
func (h *harness) readUnknown() {
	q := query.Read{Object: "no_such_object_xyz", Layout: value.NewLayout("Id")}
	rows, err := h.reader().Read(h.Context(), q)
	if err == nil {
		err = rows.Next(h.Context(), value.NewBatch(q.Layout, 1))
		_ = rows.Close()
	}
	h.wantClass("a read of an unknown object", err, connectors.Permanent)
}

// readBad wants one broken record reported, and all the others read.
func (h *harness) readBad() {
	h.seed(10)
	h.x.SeedBad(h.T)
	a := h.read(h.query(h.names()...))
	if got := len(a.records) - len(h.before); got != 10 {
		h.Errorf("%d records beside the broken one, want 10", got)
	}
	if len(a.bad) != 1 {
		h.Fatalf("%d bad rows, want 1", len(a.bad))
	}
	if b := a.bad[0]; b.Place == "" || b.Err == nil {
		h.Errorf("the bad row has no place or reason: %+v", b)
	}
}

// wantClass checks an error's class.
func (h *harness) wantClass(what string, err error, class connectors.Class) {
	h.Helper()
	var e *connectors.Error
	switch {
	case err == nil:
		h.Errorf("%s succeeds, want an error of class %s", what, class)
	case errors.Is(err, context.Canceled):
		h.Errorf("%s: %v", what, err)
	case !errors.As(err, &e):
		h.Errorf("%s gives %T %v, want a *connectors.Error", what, err, err)
	case e.Class != class:
		h.Errorf("%s gives class %s, want %s: %v", what, e.Class, class, e)
	}
}

// filterable gives the field of this name if it can be filtered, nil when not.
func (h *harness) filterable(name string) *schema.Field {
	if name == "" {
		return nil
	}
	if f := h.object.Field(name); f != nil && f.Filterable {
		return f
	}
	return nil
}
