package connectortest

import (
	"slices"

	"github.com/syncline/syncline/connectors"
)

// capabilities compares what the connection has with what the Factory says it lacks.
func (h *harness) capabilities() {
	has := map[Capability]bool{}
	_, has[Reads] = h.conn.(connectors.Reader)
	_, has[Writes] = h.conn.(connectors.Writer)
	_, has[Replaces] = h.conn.(connectors.Replacer)
	_, has[Groups] = h.conn.(connectors.Grouper)
	_, has[Deleted] = h.conn.(connectors.DeletedReader)
	_, has[Checks] = h.conn.(connectors.Checker)
	// A connection may replace some objects and not others.
	has[Replaces] = has[Replaces] && (h.object.Replace || !h.f.lacks(Replaces))
	for c, is := range has {
		switch {
		case is && h.f.lacks(c):
			h.Errorf("the connection has %s, but the Factory says it lacks it", c)
		case !is && !h.f.lacks(c):
			h.Errorf("the connection lacks %s; give it, or declare it in Factory.Lacks", c)
		}
	}
	for c, why := range h.f.Lacks {
		if why == "" {
			h.Errorf("Factory.Lacks[%s] has no reason", c)
		}
	}
	l := h.conn.Limits()
	if l.Parallel < 1 {
		h.Errorf("Limits.Parallel is %d, want at least 1", l.Parallel)
	}
	if has[Reads] && l.Lookup < 1 {
		h.Errorf("Limits.Lookup is %d, want at least 1", l.Lookup)
	}
	if has[Writes] && l.WriteBatch < 1 {
		h.Errorf("Limits.WriteBatch is %d, want at least 1", l.WriteBatch)
	}
}

// describe checks the schema's form.
func (h *harness) describe() {
	if h.x.Seed != nil {
		h.seed(2)
	}
	c, err := h.conn.Describe(h.Context(), []string{"no_such_object_xyz", h.x.Object}, nil)
	if err != nil {
		h.Fatalf("Describe of an unknown name beside a known one: %v", err)
	}
	if len(c.Objects) != 1 || c.Object(h.x.Object) == nil {
		h.Errorf("Describe gives %d objects, want only %q", len(c.Objects), h.x.Object)
	}
	if c.System != h.f.Type.Name {
		h.Errorf("Catalog.System is %q, want %q", c.System, h.f.Type.Name)
	}
	o := c.Object(h.x.Object)
	if o.Name != h.x.Object {
		h.Errorf("the object's Name is %q, want %q", o.Name, h.x.Object)
	}
	for _, special := range []string{o.Key, o.Modified} {
		if special != "" && o.Field(special) == nil {
			h.Errorf("the object has no field %q, which is its Key or Modified", special)
		}
	}
	seen := map[string]bool{}
	for _, f := range o.Fields {
		if f.Name == "" || seen[f.Name] {
			h.Errorf("a field has the name %q, which is empty or not the only one", f.Name)
		}
		seen[f.Name] = true
		if f.Computed && (f.Createable || f.Updateable) {
			h.Errorf("%s is computed and yet writeable", f.Name)
		}
	}
	for _, name := range h.names() {
		if o.Field(name) == nil {
			h.Errorf("the object has no field %q", name)
		}
	}
	h.describeAgain(o.Name)
	if empty, err := h.conn.Describe(h.Context(), nil, nil); err != nil || len(empty.Objects) != 0 {
		h.Errorf("Describe of no names gives %v, %v, want an empty catalog", empty, err)
	}
}

// describeAgain describes with a previous catalog, and looks for the object in the list.
func (h *harness) describeAgain(name string) {
	again, err := h.conn.Describe(h.Context(), []string{name}, h.catalog)
	if err != nil {
		h.Fatalf("Describe with a previous catalog: %v", err)
	}
	if o := again.Object(name); o == nil || len(o.Fields) == 0 {
		h.Errorf("Describe with a previous catalog loses the object or its fields")
	}
	list, err := h.conn.Objects(h.Context())
	if err != nil {
		h.Fatalf("Objects: %v", err)
	}
	if !slices.ContainsFunc(list, func(o connectors.ObjectInfo) bool { return o.Name == name }) {
		h.Errorf("Objects does not list %q", name)
	}
}

// lifecycle opens a second connection beside the first and leaves a read unfinished.
func (h *harness) lifecycle() {
	second, err := h.f.Type.Open(h.Context(), h.x.Config)
	if err != nil {
		h.Fatalf("a second Open: %v", err)
	}
	if err := second.Close(); err != nil {
		h.Errorf("Close of an unused connection: %v", err)
	}
	if h.f.lacks(Reads) || h.x.Seed == nil {
		return
	}
	h.seed(20)
	rows, err := h.reader().Read(h.Context(), h.query(h.x.Fields.Name))
	if err != nil {
		h.Fatalf("Read: %v", err)
	}
	for range 2 {
		if err := rows.Close(); err != nil {
			h.Errorf("Close of rows that were not read: %v", err)
		}
	}
	_ = h.readPages(h.query(h.x.Fields.Name), 1)
}

// check runs the connection's own check.
func (h *harness) check() {
	c, ok := h.conn.(connectors.Checker)
	if !ok {
		h.Fatal("the connection is no Checker")
	}
	r, err := c.Check(h.Context())
	if err != nil {
		h.Fatalf("Check: %v", err)
	}
	if r.User == "" && r.Account == "" && r.Version == "" {
		h.Error("Check says neither who we are, nor where, nor the version")
	}
}
