package connectortest

import (
	"context"
	"errors"
	"io"
	"slices"

	"github.com/syncline/syncline/connectors"
	"github.com/syncline/syncline/lang/query"
	"github.com/syncline/syncline/lang/value"
)

// answer is all that a read gave.
type answer struct {
	layout  *value.Layout
	records []value.Record
	ids     []string // of Keyed, "" each where the rows are not
	bad     []connectors.BadRow
	cursor  query.Cursor
	pages   int
}

// query asks for fields of the object.
func (h *harness) query(fields ...string) query.Read {
	return query.Read{Object: h.x.Object, Layout: value.NewLayout(fields...)}
}

// read reads to the end and holds the pages to the contract on the way.
func (h *harness) read(q query.Read) answer {
	h.Helper()
	return h.readPages(q, 0)
}

// readPages reads at most n pages that have records; 0: all.
func (h *harness) readPages(q query.Read, n int) answer {
	h.Helper()
	rows, err := h.reader().Read(h.Context(), q)
	if err != nil {
		h.Fatalf("Read: %v", err)
	}
	defer func() {
		if err := rows.Close(); err != nil {
			h.Errorf("Rows.Close: %v", err)
		}
	}()
	out := answer{layout: q.Layout}
	// Batches take turns, as in a run: the records of one hold while the others are filled.
	var turns [3]struct {
		batch *value.Batch
		from  int
	}
	for i := range turns {
		turns[i].batch = value.NewBatch(q.Layout, 4)
	}
	for turn := 0; ; turn++ {
		this := &turns[turn%len(turns)]
		batch := this.batch
		for i := range batch.Len() {
			if got, want := batch.Record(i).Clone(), out.records[this.from+i]; !slices.EqualFunc(got, want, value.Equal) {
				h.Fatalf("a record of an earlier page became %v, was %v: a page's records must hold until its own batch is filled again", got, want)
			}
		}
		this.from = len(out.records)
		err := rows.Next(h.Context(), batch)
		if errors.Is(err, io.EOF) {
			if batch.Len() != 0 {
				h.Errorf("io.EOF with %d records in the batch", batch.Len())
			}
			if again := rows.Next(h.Context(), batch); !errors.Is(again, io.EOF) {
				h.Errorf("Next after io.EOF gives %v, want io.EOF again", again)
			}
			break
		}
		if err != nil {
			h.Fatalf("Next: %v", err)
		}
		out.take(rows, batch)
		out.cursor = rows.Cursor()
		if n > 0 && out.pages == n {
			return out
		}
		if out.pages > 100_000 {
			h.Fatal("the read does not end")
		}
	}
	out.cursor = rows.Cursor()
	return out
}

// take copies a page.
func (a *answer) take(rows connectors.Rows, batch *value.Batch) {
	if batch.Len() > 0 {
		a.pages++
	}
	keyed, _ := rows.(connectors.Keyed)
	for i := range batch.Len() {
		a.records = append(a.records, batch.Record(i).Clone())
		id := ""
		if keyed != nil {
			id = keyed.ID(i)
		}
		a.ids = append(a.ids, id)
	}
	if bad, ok := rows.(connectors.BadRows); ok {
		a.bad = append(a.bad, bad.Bad()...)
	}
}

// ids are the texts of the first slot.
func (h *harness) ids(records []value.Record) []string {
	out := make([]string, len(records))
	for i, r := range records {
		out[i] = r.At(0).String()
	}
	return out
}

// mine reads the object's own records of this suite by id, with the fields in this order after the key.
func (h *harness) mine(fields ...string) map[string]value.Record {
	h.Helper()
	a := h.read(h.query(append([]string{h.object.Key}, fields...)...))
	return h.byID(a.records)
}

// byID indexes records by their first slot, without those that were there before.
func (h *harness) byID(records []value.Record) map[string]value.Record {
	out := map[string]value.Record{}
	for _, r := range records {
		if id := r.At(0).String(); !h.before[id] {
			out[id] = r
		}
	}
	return out
}

// cancelled checks that a context that is over is honoured.
func (h *harness) cancelled() {
	if !h.f.lacks(Reads) && h.x.Seed != nil {
		h.seed(3)
	}
	ctx, cancel := context.WithCancel(h.Context())
	cancel()
	if r, ok := h.conn.(connectors.Reader); ok && !h.f.lacks(Reads) {
		q := h.query(h.x.Fields.Name)
		rows, err := r.Read(ctx, q)
		if err == nil {
			err = rows.Next(ctx, value.NewBatch(q.Layout, 1))
			_ = rows.Close()
		}
		if !errors.Is(err, context.Canceled) {
			h.Errorf("a read under a cancelled context gives %v, want context.Canceled", err)
		}
	}
	if w, ok := h.conn.(connectors.Writer); ok && !h.f.lacks(Writes) && !h.f.lacks(Creates) {
		_, err := w.Write(ctx, h.write(connectors.Create, h.record(900)))
		if !errors.Is(err, context.Canceled) {
			h.Errorf("a write under a cancelled context gives %v, want context.Canceled", err)
		}
	}
}
