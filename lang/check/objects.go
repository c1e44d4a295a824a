package check

import (
	"strings"

	"github.com/syncline/syncline/lang/diag"
	"github.com/syncline/syncline/lang/resolve"
	"github.com/syncline/syncline/lang/schema"
)

// end finds the schema of an object that a rule names.
func (c *checker) end(ref resolve.Object) End {
	e := End{Ref: ref}
	if ref.Connection == nil {
		c.fail()
		return e
	}
	name := ref.Connection.Name
	e.Catalog = c.in.Catalogs[name]
	if e.Catalog == nil {
		c.fail()
		if !c.reported["schema "+name] {
			c.reported["schema "+name] = true
			c.report(errNoSchema(ref))
		}
		return e
	}
	e.Object = e.Catalog.Object(ref.Name)
	if e.Object == nil {
		c.report(errUnknownObject(ref, e.Catalog))
	}
	return e
}

// nearestObjects finds names for a misspelt object: by name, by label, and without what people leave out.
func nearestObjects(c *schema.Catalog, name string) []string {
	names := append([]string(nil), c.Names...)
	if len(names) == 0 {
		names = mapKeys(c.Objects)
	}
	for _, key := range mapKeys(c.Objects) {
		if strings.EqualFold(c.Objects[key].Label, name) {
			return []string{key}
		}
	}
	return diag.Nearest(name, names)
}

// nearestFields finds names for a misspelt field: by label first, for that is what admins see on their screens.
func nearestFields(o *schema.Object, name string) []string {
	names := make([]string, 0, len(o.Fields))
	labels := make([]string, 0, len(o.Fields))
	byLabel := map[string]string{}
	for _, f := range o.Fields {
		names = append(names, f.Name)
		if f.Label != "" {
			label := strings.ReplaceAll(strings.ToLower(f.Label), " ", "_")
			if _, taken := byLabel[label]; !taken {
				byLabel[label] = f.Name
				labels = append(labels, label)
			}
		}
	}
	for _, n := range names {
		if strings.EqualFold(n, name) {
			return []string{n}
		}
	}
	asked := strings.ReplaceAll(strings.ToLower(strings.TrimSuffix(name, "__c")), " ", "_")
	if n, ok := byLabel[asked]; ok {
		return []string{n}
	}
	near := diag.Nearest(name, names)
	for _, label := range diag.Nearest(asked, labels) {
		if n := byLabel[label]; len(near) < 3 && !contains(near, n) {
			near = append(near, n)
		}
	}
	return near
}

func contains(list []string, s string) bool {
	for _, x := range list {
		if x == s {
			return true
		}
	}
	return false
}

// objectAt is the object that a path's last step belongs to: of "Owner.Email" from Account, User.
func objectAt(c *schema.Catalog, o *schema.Object, path string) *schema.Object {
	for o != nil {
		if o.Field(path) != nil {
			return o
		}
		head, rest, more := strings.Cut(path, ".")
		if !more {
			return nil
		}
		rel := o.Relation(head)
		if rel == nil {
			return nil
		}
		o = stepInto(c, rel, rest)
		path = rest
	}
	return nil
}

// stepInto chooses among the objects of a reference the first that has the rest of the path.
func stepInto(c *schema.Catalog, rel *schema.Field, rest string) *schema.Object {
	for _, name := range rel.RefTo {
		if t := c.Object(name); t != nil && c.Path(t, rest) != nil {
			return t
		}
	}
	return nil
}
