package connectortest

import (
	"maps"
	"slices"

	"github.com/syncline/syncline/lang/value"
)

// resumeChanges reads all, changes one record and adds another: a read since the cursor gives both.
func (h *harness) resumeChanges() {
	ids := h.seed(20)
	names := h.names()
	a := h.read(h.query(names...))
	if a.cursor == "" {
		h.Fatal(`the cursor is ""; declare that the connector lacks Resumes`)
	}
	h.x.Touch(h.T, ids[4], Values{h.x.Fields.Name: value.Text("Touched")})
	added := h.x.Seed(h.T, []Values{h.values(50)})

	q := h.query(names...)
	q.Since = a.cursor
	b := h.read(q)
	got := h.byID(b.records)
	h.same("the touched record", names, got[ids[4]], Values{h.x.Fields.Name: value.Text("Touched")})
	h.same("the added record", names, got[added[0]], h.values(50))

	q.Since = b.cursor
	h.x.Touch(h.T, ids[19], Values{h.x.Fields.Name: value.Text("Touched too")})
	got = h.byID(h.read(q).records)
	h.same("a record touched after the second read", names, got[ids[19]], Values{h.x.Fields.Name: value.Text("Touched too")})
}

// resumeMidway goes on from the cursor of each page in turn, as after a crash: no record is lost, though many share
// their modified time, and changes made meanwhile come too.
func (h *harness) resumeMidway() {
	ids := h.seed(25)
	got := map[string]value.Record{}
	q := h.query(h.names()...)
	for range 200 {
		a := h.readPages(q, 1)
		maps.Copy(got, h.byID(a.records))
		if a.pages == 0 || a.cursor == q.Since {
			break
		}
		q.Since = a.cursor
	}
	// A cursor that stays where it is, is read to the end from there.
	last := h.read(q)
	maps.Copy(got, h.byID(last.records))
	for _, id := range ids {
		if got[id] == nil {
			h.Errorf("the record %s is lost when reads go on from page to page", id)
		}
	}
	h.x.Touch(h.T, ids[0], Values{h.x.Fields.Name: value.Text("First touched")})
	q.Since = last.cursor
	after := h.byID(h.read(q).records)
	h.same("the first record, touched after all", h.names(), after[ids[0]], Values{h.x.Fields.Name: value.Text("First touched")})
	if unknown := slices.DeleteFunc(slices.Collect(maps.Keys(got)), func(id string) bool { return slices.Contains(ids, id) }); len(unknown) > 0 {
		h.Errorf("records that nobody seeded: %v", unknown)
	}
}

// deleted removes a record and asks which are gone.
func (h *harness) deleted() {
	ids := h.seed(5)
	d := h.deletedReader()
	_, cursor, _, err := d.Deleted(h.Context(), h.object, "")
	if err != nil {
		h.Fatalf("Deleted from now: %v", err)
	}
	h.x.Remove(h.T, ids[2])
	gone, _, complete, err := d.Deleted(h.Context(), h.object, cursor)
	if err != nil {
		h.Fatalf("Deleted: %v", err)
	}
	if !complete {
		h.Error("Deleted is not complete a moment after the cursor was made")
	}
	if !slices.Contains(gone, ids[2]) {
		h.Errorf("Deleted gives %v, want %s among them", gone, ids[2])
	}
	if slices.Contains(gone, ids[1]) {
		h.Errorf("Deleted names %s, which is there", ids[1])
	}
}
