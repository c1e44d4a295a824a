package check

import (
	"strings"

	"github.com/syncline/syncline/lang/resolve"
	"github.com/syncline/syncline/lang/schema"
	"github.com/syncline/syncline/lang/span"
)

// writable checks that this user may write the field in the ways that the rule does; false when nobody may, so that
// nothing need be said about the value.
func (c *checker) writable(w *writing, m *Mapping, writeRange span.Range) bool {
	f := m.Field
	switch {
	case f.Computed:
		c.report(errComputed(m, w))
		return false
	case !f.Createable && !f.Updateable:
		c.report(errReadOnly(m, w))
		return false
	case !allowed(w.To.Ref.Connection, w.To.Ref.Name, f.Name):
		c.report(errNotAllowed(m, w))
	case m.Write == "on_create" && !w.creates && !w.To.Object.Replace:
		c.report(warnNeverWritten(m, w, writeRange))
	case m.Write != "on_create" && w.updates && !f.Updateable && !w.To.Object.Replace:
		c.report(errNotUpdateable(m, w))
	case w.creates && !f.Createable:
		c.report(errNotCreateable(m, w))
	}
	return true
}

// targetAccess checks that this user may create, update and delete records of the target as the rule does.
func (c *checker) targetAccess(s *Sync) {
	o := s.To.Object
	if o == nil || o.Replace {
		return
	}
	d := s.Decl
	if s.Creates() && !o.Createable {
		c.report(errObjectAccess(d.Match.Range, s.To, "created", `write missing = "skip"`))
	}
	if len(s.Map) > 0 && !o.Updateable && !allOnCreate(s.Map) {
		c.report(errObjectAccess(d.To.Range, s.To, "updated", "choose another target, or give this user the right to edit it"))
	}
	for _, dep := range []*resolve.Departure{d.OnLeave, d.OnDelete} {
		if dep != nil && dep.Kind == "delete" && !o.Deletable {
			c.report(errObjectAccess(dep.Range, s.To, "deleted", `write "unlink", or set fields that mark the record`))
		}
	}
}

func allOnCreate(mappings []*Mapping) bool {
	for _, m := range mappings {
		if m.Write != "on_create" {
			return false
		}
	}
	return true
}

// allowed tells whether a connection's allow block lets the project write a field.
func allowed(conn *resolve.Connection, object, field string) bool {
	if conn == nil || conn.Allow == nil {
		return true
	}
	for _, p := range conn.Allow {
		if glob(p.Object, object) && glob(p.Field, field) {
			return true
		}
	}
	return false
}

// glob matches a name against a pattern in which * stands for any run of letters.
func glob(pattern, name string) bool {
	head, rest, star := strings.Cut(pattern, "*")
	if !star {
		return pattern == name
	}
	if !strings.HasPrefix(name, head) {
		return false
	}
	name = name[len(head):]
	for {
		part, more, star := strings.Cut(rest, "*")
		if !star {
			return strings.HasSuffix(name, part)
		}
		i := strings.Index(name, part)
		if i < 0 {
			return false
		}
		name, rest = name[i+len(part):], more
	}
}

// sameName is the target's name for a source field under map_same, "" when the field is not meant.
func sameName(d *resolve.MapSame, name string) string {
	if !strings.HasPrefix(name, d.Prefix) {
		return ""
	}
	if d.To == "" {
		return name
	}
	return strings.ReplaceAll(d.To, "{name}", bare(name))
}

// bare is a field's name without the mark of custom fields, so that another system's can be put on.
func bare(name string) string {
	for _, suffix := range []string{"__gc", "__c"} {
		if cut, ok := strings.CutSuffix(name, suffix); ok {
			return cut
		}
	}
	return name
}

// named finds a field of a list.
func named(fields []*schema.Field) []string {
	out := make([]string, len(fields))
	for i, f := range fields {
		out[i] = f.Name
	}
	return out
}
