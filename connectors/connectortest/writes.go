package connectortest

import (
	"fmt"

	"github.com/syncline/syncline/connectors"
	"github.com/syncline/syncline/lang/value"
)

// send writes and holds the results to their form: one for each record.
func (h *harness) send(w connectors.Write) []connectors.Result {
	h.Helper()
	results, err := h.writer().Write(h.Context(), w)
	if err != nil {
		h.Fatalf("%s of %d records: %v", w.Op, len(w.Records), err)
	}
	if len(results) != len(w.Records) {
		h.Fatalf("%s of %d records gives %d results", w.Op, len(w.Records), len(results))
	}
	return results
}

// sent is send where every record must succeed; it gives their ids.
func (h *harness) sent(w connectors.Write) []string {
	h.Helper()
	ids := make([]string, len(w.Records))
	for i, r := range h.send(w) {
		if r.Err != nil {
			h.Fatalf("%s, record %d: %v", w.Op, i, r.Err)
		}
		if r.ID == "" && w.Op != connectors.Delete {
			h.Errorf("%s, record %d: the result has no id", w.Op, i)
		}
		ids[i] = r.ID
	}
	return ids
}

// create makes n records from the i-th on.
func (h *harness) create(i, n int) []string {
	h.Helper()
	w := h.write(connectors.Create)
	for j := range n {
		w.Records = append(w.Records, h.record(i+j))
	}
	return h.sent(w)
}

func (h *harness) writeCreate() {
	ids := h.create(0, 12)
	names := h.names()
	got := h.mine(names[1:]...)
	for i, id := range ids {
		h.same(id, names, got[id], h.values(i))
	}
	if len(got) != 12 {
		h.Errorf("%d records after 12 were created", len(got))
	}
	if n := len(h.send(h.write(connectors.Create))); n != 0 {
		h.Errorf("a write of no records gives %d results", n)
	}
}

// writeUpdate changes some fields of some records; the others stay as they were.
func (h *harness) writeUpdate() {
	ids := h.create(0, 6)
	names := h.names()
	changed := Values{h.x.Fields.Name: value.Text("Changed")}
	if f := h.x.Fields.Number; f != "" {
		changed[f] = value.Float(99.75)
	}
	got := h.sent(h.write(connectors.Update,
		connectors.Record{ID: ids[4], Fields: changed.fields()}, connectors.Record{ID: ids[1], Fields: changed.fields()}))
	if got[0] != ids[4] || got[1] != ids[1] {
		h.Errorf("the results are of %v, want %s and %s in this order", got, ids[4], ids[1])
	}
	stored := h.mine(names[1:]...)
	for i, id := range ids {
		want := h.values(i)
		if i == 4 || i == 1 {
			for k, v := range changed {
				want[k] = v
			}
		}
		h.same(id, names, stored[id], want)
	}
}

// writeUpsert meets records that are there and others that are not, in one batch.
func (h *harness) writeUpsert() {
	if h.x.Fields.External == "" {
		h.Fatal("Upserts needs Fields.External")
	}
	if f := h.object.Field(h.x.Fields.External); !f.UpsertKey {
		h.Errorf("%s is no UpsertKey in the schema", f.Name)
	}
	ids := h.create(0, 3)
	w := h.write(connectors.Upsert)
	for i := 5; i >= 1; i-- {
		r := h.record(i)
		if i < 3 && h.x.NewKey != nil && h.object.Key != h.x.Fields.External {
			r = connectors.Record{Fields: h.values(i).fields()}
		}
		for j := range r.Fields {
			if r.Fields[j].Name == h.x.Fields.Name {
				r.Fields[j].Value = value.Text(fmt.Sprintf("Upserted %d", i))
			}
		}
		w.Records = append(w.Records, r)
	}
	results := h.send(w)
	names := h.names()
	stored := h.mine(names[1:]...)
	if len(stored) != 6 {
		h.Errorf("%d records, want 6", len(stored))
	}
	for n, r := range results {
		i := 5 - n
		if r.Err != nil {
			h.Errorf("record %d: %v", i, r.Err)
			continue
		}
		if r.Created != (i >= 3) {
			h.Errorf("record %d: Created is %v", i, r.Created)
		}
		if i < 3 && r.ID != ids[i] {
			h.Errorf("record %d: the id is %s, want that of the record that was there, %s", i, r.ID, ids[i])
		}
		want := h.values(i)
		want[h.x.Fields.Name] = value.Text(fmt.Sprintf("Upserted %d", i))
		h.same(r.ID, names, stored[r.ID], want)
	}
}

func (h *harness) writeDelete() {
	ids := h.create(0, 5)
	h.sent(h.write(connectors.Delete, connectors.Record{ID: ids[3]}, connectors.Record{ID: ids[0]}))
	got := h.mine()
	for i, id := range ids {
		if there := got[id] != nil; there != (i != 3 && i != 0) {
			h.Errorf("record %d: there after the delete: %v", i, there)
		}
	}
}

// writeClear empties a field of one record, and not of its neighbour.
func (h *harness) writeClear() {
	ids := h.create(1, 2)
	note := h.x.Fields.Note
	h.sent(h.write(connectors.Update,
		connectors.Record{ID: ids[0], Fields: []connectors.Field{{Name: note, Value: value.Null}}},
		connectors.Record{ID: ids[1], Fields: []connectors.Field{{Name: note, Value: value.Text("kept")}}}))
	got := h.mine(note)
	if v := got[ids[0]].At(1); !v.IsNull() {
		h.Errorf("the cleared field is %q", v)
	}
	h.same("the neighbour", []string{h.object.Key, note}, got[ids[1]], Values{note: value.Text("kept")})
}

func (h *harness) writeUnicode() {
	texts := []string{"Zoë Größe 日本語", "🚀 emoji & <tags>", `quotes " ' and \ slashes`, "comma, semicolon; tab\tend", "non-breaking\u00a0space", "@{ref.id} ${x} %s ? $1 :name"}
	w := h.write(connectors.Create)
	for i, s := range texts {
		r := h.record(100 + i)
		for j := range r.Fields {
			if r.Fields[j].Name == h.x.Fields.Name {
				r.Fields[j].Value = value.Text(s)
			}
		}
		w.Records = append(w.Records, r)
	}
	ids := h.sent(w)
	got := h.mine(h.x.Fields.Name)
	for i, id := range ids {
		h.same(id, []string{h.object.Key, h.x.Fields.Name}, got[id], Values{h.x.Fields.Name: value.Text(texts[i])})
	}
}

// writeMixed updates records that change different fields in one call.
func (h *harness) writeMixed() {
	ids := h.create(0, 6)
	f := h.x.Fields
	sets := []Values{{f.Name: value.Text("Mixed 0")}, {f.Name: value.Text("Mixed 1")}}
	if f.Integer != "" {
		sets[1] = Values{f.Integer: value.Int(7)}
		sets = append(sets, Values{f.Name: value.Text("Mixed 2"), f.Integer: value.Int(8)})
	}
	w := h.write(connectors.Update)
	for i, id := range ids {
		w.Records = append(w.Records, connectors.Record{ID: id, Fields: sets[i%len(sets)].fields()})
	}
	h.sent(w)
	names := h.names()
	got := h.mine(names[1:]...)
	for i, id := range ids {
		want := h.values(i)
		for k, v := range sets[i%len(sets)] {
			want[k] = v
		}
		h.same(id, names, got[id], want)
	}
}

// writeLarge writes more than one batch in one call.
func (h *harness) writeLarge() {
	n := min(h.conn.Limits().WriteBatch+3, 1203)
	ids := h.create(1000, n)
	got := h.mine(h.x.Fields.Name)
	for i, id := range ids {
		h.same(id, []string{h.object.Key, h.x.Fields.Name}, got[id], Values{h.x.Fields.Name: h.values(1000 + i)[h.x.Fields.Name]})
	}
	if len(got) != n {
		h.Errorf("%d records, want %d", len(got), n)
	}
}
