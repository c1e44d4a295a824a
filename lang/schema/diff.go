package schema

import (
	"fmt"
	"slices"
	"strings"
)

// Impact says what a change of a schema can do to a project that uses what changed.
type Impact uint8

const (
	Harmless Impact = iota // rules go on as before
	Risky                  // some values can be refused, cut or missed from now on
	Breaking               // rules that use it fail
)

func (i Impact) String() string { return [...]string{"harmless", "risky", "breaking"}[i] }

// Aspect is what changed.
type Aspect string

const (
	ObjectAdded   Aspect = "object added"
	ObjectRemoved Aspect = "object removed"
	ObjectAccess  Aspect = "object access"
	ObjectKey     Aspect = "object key"
	FieldAdded    Aspect = "field added"
	FieldRemoved  Aspect = "field removed"
	FieldType     Aspect = "type"
	FieldLength   Aspect = "length"
	FieldDigits   Aspect = "digits"
	FieldNullable Aspect = "nullable"
	FieldRequired Aspect = "required"
	FieldAccess   Aspect = "access"
	FieldValues   Aspect = "picklist values"
	FieldTargets  Aspect = "reference targets"
	FieldUnique   Aspect = "unique"
	FieldFilter   Aspect = "filterable"
	FieldLabel    Aspect = "label"
)

// Change is one difference between two catalogs of a connection.
type Change struct {
	Object        string
	Field         string // "" for a change of the object itself
	Aspect        Aspect
	Before, After string // as shown to people; "" for what is not there
	Impact        Impact
}

// Name is "Account.Health_Score__c", or "Account" for a change of the object.
func (c Change) Name() string {
	if c.Field == "" {
		return c.Object
	}
	return c.Object + "." + c.Field
}

// String is one line for people.
func (c Change) String() string {
	switch {
	case c.Before == "" && c.After == "":
		return fmt.Sprintf("%s: %s", c.Name(), c.Aspect)
	case c.Before == "":
		return fmt.Sprintf("%s: %s (%s)", c.Name(), c.Aspect, c.After)
	case c.After == "":
		return fmt.Sprintf("%s: %s (was %s)", c.Name(), c.Aspect, c.Before)
	}
	return fmt.Sprintf("%s: %s %s → %s", c.Name(), c.Aspect, c.Before, c.After)
}

// Diff lists what changed from old to new, by object and field. Either may be nil, which is an empty catalog.
// Numbers of records and versions of describes are no changes.
func Diff(old, new *Catalog) []Change {
	d := &differ{}
	var before, after map[string]*Object
	if old != nil {
		before = old.Objects
	}
	if new != nil {
		after = new.Objects
	}
	for _, name := range union(sortedKeys(before), sortedKeys(after)) {
		switch a, b := before[name], after[name]; {
		case a == nil:
			d.add(name, "", ObjectAdded, "", fmt.Sprintf("%d fields", len(b.Fields)), Harmless)
		case b == nil:
			d.add(name, "", ObjectRemoved, "", "", Breaking)
		default:
			d.object(a, b)
		}
	}
	return d.changes
}

func union(a, b []string) []string {
	all := slices.Concat(a, b)
	slices.Sort(all)
	return slices.Compact(all)
}

type differ struct{ changes []Change }

func (d *differ) add(object, field string, aspect Aspect, before, after string, impact Impact) {
	d.changes = append(d.changes, Change{object, field, aspect, before, after, impact})
}

func (d *differ) object(a, b *Object) {
	if x, y := objectAccess(a), objectAccess(b); x != y {
		d.add(a.Name, "", ObjectAccess, x, y, lost(a.Createable, b.Createable, a.Updateable, b.Updateable, a.Deletable, b.Deletable))
	}
	if a.Key != b.Key || a.Modified != b.Modified {
		d.add(a.Name, "", ObjectKey, keyText(a), keyText(b), Breaking)
	}
	before, after := byName(a), byName(b)
	for _, name := range union(sortedKeys(before), sortedKeys(after)) {
		switch x, y := before[name], after[name]; {
		case x == nil:
			impact := Harmless
			if y.Required && y.Createable {
				impact = Breaking
			}
			d.add(a.Name, name, FieldAdded, "", y.TypeText(), impact)
		case y == nil:
			d.add(a.Name, name, FieldRemoved, x.TypeText(), "", Breaking)
		default:
			d.field(a.Name, x, y)
		}
	}
}

func byName(o *Object) map[string]*Field {
	out := make(map[string]*Field, len(o.Fields))
	for _, f := range o.Fields {
		out[f.Name] = f
	}
	return out
}

func keyText(o *Object) string { return fmt.Sprintf("key %q, modified %q", o.Key, o.Modified) }

func (d *differ) field(object string, a, b *Field) {
	add := func(aspect Aspect, before, after string, impact Impact) {
		d.add(object, a.Name, aspect, before, after, impact)
	}
	if a.Kind != b.Kind {
		add(FieldType, a.TypeText(), b.TypeText(), kindImpact(a.Kind, b.Kind))
	} else {
		d.sizes(a, b, add)
	}
	if a.Nullable != b.Nullable {
		// A field that becomes nullable makes expressions over it empty; one that stops refuses empties.
		add(FieldNullable, yesNo(a.Nullable), yesNo(b.Nullable), Risky)
	}
	if a.Required != b.Required {
		add(FieldRequired, yesNo(a.Required), yesNo(b.Required), pick(b.Required, Breaking, Harmless))
	}
	if x, y := access(a), access(b); x != y {
		add(FieldAccess, x, y, lost(a.Createable, b.Createable, a.Updateable, b.Updateable))
	}
	d.values(object, a, b)
	if x, y := strings.Join(a.RefTo, ", "), strings.Join(b.RefTo, ", "); x != y && a.Kind == b.Kind {
		add(FieldTargets, x, y, Risky)
	}
	if a.Unique != b.Unique {
		add(FieldUnique, yesNo(a.Unique), yesNo(b.Unique), pick(b.Unique, Harmless, Risky))
	}
	if a.Filterable != b.Filterable {
		add(FieldFilter, yesNo(a.Filterable), yesNo(b.Filterable), pick(b.Filterable, Harmless, Risky))
	}
	if a.Label != b.Label {
		add(FieldLabel, a.Label, b.Label, Harmless)
	}
}

func (d *differ) sizes(a, b *Field, add func(Aspect, string, string, Impact)) {
	if a.Length != b.Length {
		grows := b.Length == 0 || a.Length != 0 && b.Length > a.Length
		add(FieldLength, length(a.Length), length(b.Length), pick(grows, Harmless, Risky))
	}
	if a.Precision != b.Precision || a.Scale != b.Scale || a.Resolution != b.Resolution {
		wider := b.Precision-b.Scale >= a.Precision-a.Scale && b.Scale >= a.Scale && b.Resolution <= a.Resolution
		add(FieldDigits, a.TypeText(), b.TypeText(), pick(wider, Harmless, Risky))
	}
}

// values compares picklists by value; the order of values means nothing.
func (d *differ) values(object string, a, b *Field) {
	if a.Kind != b.Kind || a.Kind != Picklist && a.Kind != MultiPicklist {
		return
	}
	gone, came := minus(a, b), minus(b, a)
	if len(gone) == 0 && len(came) == 0 && a.Restricted == b.Restricted {
		return
	}
	before, after := strings.Join(gone, ", "), strings.Join(came, ", ")
	if a.Restricted != b.Restricted {
		before, after = join(before, restricted(a)), join(after, restricted(b))
	}
	d.add(object, a.Name, FieldValues, before, after, Risky)
}

func join(a, b string) string {
	if a == "" {
		return b
	}
	return a + "; " + b
}

func restricted(f *Field) string {
	return map[bool]string{true: "restricted", false: "unrestricted"}[f.Restricted]
}

// minus lists the values of a that b lacks.
func minus(a, b *Field) (out []string) {
	have := make(map[string]bool, len(b.Values))
	for _, c := range b.Values {
		have[c.Value] = true
	}
	for _, c := range a.Values {
		if !have[c.Value] {
			out = append(out, c.Value)
		}
	}
	return out
}

func kindImpact(a, b Kind) Impact {
	if a.IsText() && b.IsText() || a.IsNumber() && b.IsNumber() {
		return Risky
	}
	return Breaking
}

// lost is Breaking when one of the pairs goes from true to false.
func lost(pairs ...bool) Impact {
	for i := 0; i < len(pairs); i += 2 {
		if pairs[i] && !pairs[i+1] {
			return Breaking
		}
	}
	return Harmless
}

func pick(cond bool, yes, no Impact) Impact {
	if cond {
		return yes
	}
	return no
}

func yesNo(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}

func length(n int) string {
	if n == 0 {
		return "unlimited"
	}
	return fmt.Sprint(n)
}

func access(f *Field) string {
	if f.Computed {
		return "computed"
	}
	return accessText(f.Createable, f.Updateable, false)
}

func objectAccess(o *Object) string { return accessText(o.Createable, o.Updateable, o.Deletable) }

func accessText(create, update, del bool) string {
	var parts []string
	for _, p := range []struct {
		ok   bool
		name string
	}{{create, "create"}, {update, "update"}, {del, "delete"}} {
		if p.ok {
			parts = append(parts, p.name)
		}
	}
	if len(parts) == 0 {
		return "read only"
	}
	return strings.Join(parts, ", ")
}

// TypeText is the field's type for people: "text(80)", "number(5,2)", "picklist of 3", "reference to User".
func (f *Field) TypeText() string {
	switch f.Kind {
	case Number:
		if f.Precision > 0 {
			return fmt.Sprintf("number(%d,%d)", f.Precision, f.Scale)
		}
	case Picklist, MultiPicklist:
		if len(f.Values) > 0 {
			return fmt.Sprintf("%s of %d", f.Kind, len(f.Values))
		}
	case Reference:
		if len(f.RefTo) > 0 {
			return "reference to " + strings.Join(f.RefTo, ", ")
		}
	case DateTime:
		if f.Resolution > 0 {
			return fmt.Sprintf("datetime(%s)", f.Resolution)
		}
	default:
		if f.Length > 0 && f.Kind.IsText() {
			return fmt.Sprintf("%s(%d)", f.Kind, f.Length)
		}
	}
	return f.Kind.String()
}
