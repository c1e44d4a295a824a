package connectortest

import (
	"github.com/syncline/syncline/connectors"
	"github.com/syncline/syncline/lang/value"
)

// bad is a record that the system refuses.
func (h *harness) bad(i int) connectors.Record {
	r := h.record(i)
	for j := range r.Fields {
		if r.Fields[j].Name == h.x.Bad.Name {
			r.Fields[j].Value = h.x.Bad.Value
			return r
		}
	}
	r.Fields = append(r.Fields, h.x.Bad)
	return r
}

// writeIsolated puts records that the system refuses among others.
func (h *harness) writeIsolated() {
	if h.x.Bad.Name == "" {
		h.Fatal("Rejects needs Fixture.Bad")
	}
	w := h.write(connectors.Create)
	wrong := map[int]bool{2: true, 3: true, 8: true}
	for i := range 10 {
		if wrong[i] {
			w.Records = append(w.Records, h.bad(i))
		} else {
			w.Records = append(w.Records, h.record(i))
		}
	}
	results := h.send(w)
	got := h.mine(h.x.Fields.Name)
	if len(got) != 7 {
		h.Errorf("%d records were written, want 7", len(got))
	}
	for i, r := range results {
		if wrong[i] {
			if r.Err == nil {
				h.Errorf("record %d is written, want it refused", i)
			} else if r.Err.Class != connectors.Reject || r.Err.Error() == "" {
				h.Errorf("record %d: class %s, message %q, want %s with a message", i, r.Err.Class, r.Err.Error(), connectors.Reject)
			}
			continue
		}
		if r.Err != nil {
			h.Errorf("record %d fails with its neighbours: %v", i, r.Err)
			continue
		}
		h.same(r.ID, []string{h.object.Key, h.x.Fields.Name}, got[r.ID], Values{h.x.Fields.Name: h.values(i)[h.x.Fields.Name]})
	}
}

// writeGone updates a record that was deleted, among others.
func (h *harness) writeGone() {
	ids := h.seed(3)
	if h.x.Remove == nil {
		h.Fatal("Gones needs Fixture.Remove")
	}
	h.x.Remove(h.T, ids[1])
	set := Values{h.x.Fields.Name: value.Text("Late")}.fields()
	results := h.send(h.write(connectors.Update,
		connectors.Record{ID: ids[0], Fields: set}, connectors.Record{ID: ids[1], Fields: set}, connectors.Record{ID: ids[2], Fields: set}))
	for i, r := range results {
		switch {
		case i == 1 && r.Err == nil:
			h.Error("the update of a record that is gone succeeds")
		case i == 1 && r.Err.Class != connectors.Gone:
			h.Errorf("the update of a record that is gone: class %s, want %s", r.Err.Class, connectors.Gone)
		case i != 1 && r.Err != nil:
			h.Errorf("record %d fails with its neighbour: %v", i, r.Err)
		}
	}
}

// replace writes the object whole, twice, and drops a third content.
func (h *harness) replace() {
	names := h.names()
	for _, n := range []int{30, 4} {
		h.replaceWith(n, true)
		h.redescribe()
		if h.f.lacks(Reads) {
			continue
		}
		a := h.read(h.query(names...))
		if len(a.records) != n {
			h.Errorf("%d records, want the %d of the new content and no others", len(a.records), n)
		}
		for i, r := range a.records {
			h.same("a replaced record", names, r, h.replaced(i))
		}
	}
	h.replaceWith(9, false)
	if !h.f.lacks(Reads) {
		if a := h.read(h.query(names...)); len(a.records) != 4 {
			h.Errorf("%d records after an abort, want the 4 from before", len(a.records))
		}
	}
}

// replaced is the i-th record of a whole new content.
func (h *harness) replaced(i int) Values {
	v := h.values(i)
	if h.x.NewKey != nil {
		v[h.object.Key] = h.x.NewKey(i)
	}
	return v
}

func (h *harness) replaceWith(n int, commit bool) {
	h.Helper()
	layout := value.NewLayout(h.names()...)
	r, err := h.conn.(connectors.Replacer).Replace(h.Context(), h.object, layout)
	if err != nil {
		h.Fatalf("Replace: %v", err)
	}
	batch := value.NewBatch(layout, 8)
	for i := range n {
		record, v := batch.Append(), h.replaced(i)
		for slot, name := range layout.Names {
			record[slot] = v[name]
		}
		if batch.Len() == 8 || i == n-1 {
			if err := r.Append(h.Context(), batch); err != nil {
				h.Fatalf("Append: %v", err)
			}
			batch.Reset()
		}
	}
	if commit {
		if err := r.Commit(h.Context()); err != nil {
			h.Fatalf("Commit: %v", err)
		}
	}
	if err := r.Abort(); err != nil {
		h.Errorf("Abort: %v", err)
	}
}
