package connectortest

import (
	"fmt"
	"time"

	"github.com/syncline/syncline/connectors"
	"github.com/syncline/syncline/lang/value"
)

// start is the day that the dates of the suite's records are counted from.
var start = time.Date(2026, 2, 27, 8, 30, 15, 0, time.UTC)

// values are the fields of the suite's i-th record, those that the object has. Every third note is empty.
func (h *harness) values(i int) Values {
	f := h.x.Fields
	v := Values{}
	set := func(field string, x value.Value) {
		if field != "" {
			v[field] = x
		}
	}
	set(f.Name, value.Text(fmt.Sprintf("Record %03d", i)))
	set(f.External, value.Text(fmt.Sprintf("ext-%03d", i)))
	set(f.Integer, value.Int(int64(i*10)))
	set(f.Number, value.Float(float64(i)+0.25))
	set(f.Boolean, value.Bool(i%2 == 0))
	set(f.Date, value.Date(2026, time.February, 20+i))
	set(f.DateTime, value.Time(start.AddDate(0, 0, i)))
	if i%3 != 0 {
		set(f.Note, value.Text(fmt.Sprintf("note %d", i%4)))
	}
	return v
}

// names are the suite's fields that the object has, the key first.
func (h *harness) names() []string {
	f := h.x.Fields
	out := []string{}
	if h.object.Key != "" {
		out = append(out, h.object.Key)
	}
	for _, n := range []string{f.Name, f.External, f.Integer, f.Number, f.Boolean, f.Date, f.DateTime, f.Note} {
		if n != "" && n != h.object.Key {
			out = append(out, n)
		}
	}
	return out
}

// seed puts n records into the system and describes it again, as what a file holds decides its schema.
func (h *harness) seed(n int) []string {
	h.Helper()
	if h.x.Seed == nil {
		h.Fatal("the Fixture has no Seed")
	}
	records := make([]Values, n)
	for i := range records {
		records[i] = h.values(i)
	}
	ids := h.x.Seed(h.T, records)
	if len(ids) != n {
		h.Fatalf("Fixture.Seed gives %d ids for %d records", len(ids), n)
	}
	h.redescribe()
	return ids
}

// record is the i-th record as a write has it.
func (h *harness) record(i int) connectors.Record {
	v := h.values(i)
	if h.x.NewKey != nil {
		v[h.object.Key] = h.x.NewKey(i)
	}
	return connectors.Record{Fields: v.fields()}
}

// write is a write of the object.
func (h *harness) write(op connectors.Op, records ...connectors.Record) connectors.Write {
	w := connectors.Write{Object: h.object, Op: op, Records: records}
	if op == connectors.Upsert {
		w.Key = h.x.Fields.External
	}
	return w
}

// stored is a value as the system holds it.
func (h *harness) stored(field string, v value.Value) value.Value {
	if h.x.Stored != nil {
		return h.x.Stored(field, v)
	}
	return v
}

// same compares a record that was read with what was given for it. Fields that were not given are not looked at.
func (h *harness) same(what string, names []string, got value.Record, want Values) {
	h.Helper()
	if got == nil {
		h.Errorf("%s: the record is not there", what)
		return
	}
	for i, name := range names {
		w, given := want[name]
		if !given {
			continue
		}
		if w = h.stored(name, w); !value.Equal(got[i], w) {
			h.Errorf("%s: %s is %s %q, want %s %q", what, name, got[i].Kind(), got[i], w.Kind(), w)
		}
	}
}
