package connectortest

import (
	"testing"

	"go.uber.org/goleak"

	"github.com/syncline/syncline/connectors"
	"github.com/syncline/syncline/lang/schema"
)

// Exercise runs the acceptance suite.
func Exercise(t *testing.T, f Factory) {
	t.Helper()
	if f.Type.Name == "" || f.Type.Open == nil || f.Setup == nil {
		t.Fatal("a Factory has a Type with Name and Open, and a Setup")
	}
	parts := []struct {
		name  string
		needs []Capability
		run   func(*harness)
	}{
		{"capabilities", nil, (*harness).capabilities},
		{"describe", nil, (*harness).describe},
		{"lifecycle", nil, (*harness).lifecycle},
		{"cancelled", nil, (*harness).cancelled},
		{"read/all", []Capability{Reads}, (*harness).readAll},
		{"read/layout", []Capability{Reads}, (*harness).readLayout},
		{"read/limit", []Capability{Reads}, (*harness).readLimit},
		{"read/order", []Capability{Reads, Orders}, (*harness).readOrder},
		{"read/filters", []Capability{Reads}, (*harness).readFilters},
		{"read/lookup", []Capability{Reads}, (*harness).readLookup},
		{"read/unknown", []Capability{Reads}, (*harness).readUnknown},
		{"read/bad", []Capability{Reads, BadReads}, (*harness).readBad},
		{"resume/changes", []Capability{Reads, Resumes}, (*harness).resumeChanges},
		{"resume/midway", []Capability{Reads, Resumes}, (*harness).resumeMidway},
		{"write/create", []Capability{Reads, Writes, Creates}, (*harness).writeCreate},
		{"write/update", []Capability{Reads, Writes, Updates}, (*harness).writeUpdate},
		{"write/upsert", []Capability{Reads, Writes, Upserts}, (*harness).writeUpsert},
		{"write/delete", []Capability{Reads, Writes, Deletes}, (*harness).writeDelete},
		{"write/clear", []Capability{Reads, Writes, Updates, Clears}, (*harness).writeClear},
		{"write/unicode", []Capability{Reads, Writes, Creates}, (*harness).writeUnicode},
		{"write/mixed", []Capability{Reads, Writes, Updates}, (*harness).writeMixed},
		{"write/large", []Capability{Reads, Writes, Creates}, (*harness).writeLarge},
		{"write/isolated", []Capability{Reads, Writes, Creates, Rejects}, (*harness).writeIsolated},
		{"write/gone", []Capability{Writes, Updates, Gones}, (*harness).writeGone},
		{"replace", []Capability{Replaces}, (*harness).replace},
		{"group", []Capability{Reads, Groups}, (*harness).group},
		{"deleted", []Capability{Reads, Deleted}, (*harness).deleted},
		{"check", []Capability{Checks}, (*harness).check},
	}
	for _, part := range parts {
		t.Run(part.name, func(t *testing.T) {
			for _, c := range part.needs {
				if why, lacks := f.Lacks[c]; lacks {
					t.Skipf("the connector lacks %s: %s", c, why)
				}
			}
			h := open(t, f)
			part.run(h)
		})
	}
}

// harness is one part's open connection.
type harness struct {
	*testing.T
	f       Factory
	x       Fixture
	conn    connectors.Connection
	catalog *schema.Catalog
	object  *schema.Object
	// before are the ids that were there before the suite came.
	before map[string]bool
}

// open prepares a system, opens the connection and describes the object. At the end it closes it twice and
// looks for goroutines left behind.
func open(t *testing.T, f Factory) *harness {
	t.Helper()
	h := &harness{T: t, f: f, x: f.Setup(t), before: map[string]bool{}}
	leaks := goleak.IgnoreCurrent()
	conn, err := f.Type.Open(t.Context(), h.x.Config)
	if err != nil {
		t.Fatalf("Open: %v", err)
	}
	h.conn = conn
	t.Cleanup(func() {
		if err := conn.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
		if err := conn.Close(); err != nil {
			t.Errorf("a second Close: %v", err)
		}
		if err := goleak.Find(leaks); err != nil {
			t.Errorf("goroutines outlive Close: %v", err)
		}
	})
	h.redescribe()
	if _, reads := conn.(connectors.Reader); reads && !f.lacks(Reads) && h.object.Key != "" {
		for _, id := range h.ids(h.read(h.query(h.object.Key)).records) {
			h.before[id] = true
		}
	}
	return h
}

// redescribe reads the schema anew.
func (h *harness) redescribe() {
	h.Helper()
	catalog, err := h.conn.Describe(h.Context(), []string{h.x.Object}, nil)
	if err != nil {
		h.Fatalf("Describe: %v", err)
	}
	h.catalog, h.object = catalog, catalog.Object(h.x.Object)
	if h.object == nil {
		h.Fatalf("Describe leaves out %q", h.x.Object)
	}
}

func (h *harness) reader() connectors.Reader {
	h.Helper()
	r, ok := h.conn.(connectors.Reader)
	if !ok {
		h.Fatal("the connection is no Reader; declare that it lacks Reads")
	}
	return r
}

func (h *harness) writer() connectors.Writer {
	h.Helper()
	w, ok := h.conn.(connectors.Writer)
	if !ok {
		h.Fatal("the connection is no Writer; declare that it lacks Writes")
	}
	return w
}
