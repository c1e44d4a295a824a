package salesforce

import (
	"strings"

	"github.com/syncline/syncline/connectors/sandbox/world"
)

// system tells where the value of a field comes from.
type system uint8

const (
	stored system = iota
	sysID
	sysDeleted
	sysCreated
	sysChanged
	computed
)

// field is a field of an object, as its describe says.
type field struct {
	name, label, typ         string
	slot                     int
	system                   system
	compute                  func(t *table, r *row) cell
	length, precision, scale int
	digits                   int
	nillable, defaulted      bool
	createable, updateable   bool
	filterable, sortable     bool
	unique, external, lookup bool
	caseSensitive, custom    bool
	restricted, calculated   bool
	nameField                bool
	values                   []string // active values of a picklist
	preset                   string   // default value of a picklist
	refTo                    []string
	relation                 string
	// userOnly fields are writable for people and read-only for the integration user.
	userOnly bool
}

func (f *field) isReference() bool { return f.typ == "reference" }

// polymorphic references lead to a record of any of several objects.
func (f *field) polymorphic() bool { return len(f.refTo) > 1 }

func (f *field) hasValue(v string) bool {
	for _, x := range f.values {
		if x == v {
			return true
		}
	}
	return false
}

// child is the other end of a reference.
type child struct{ object, field string }

// object is a kind of record.
type object struct {
	name, label, prefix string
	fields              []*field
	byName              map[string]*field // by lower-case name
	relations           map[string]*field // references by lower-case relationship name
	children            map[string]child  // by lower-case relationship name
	childNames          map[string]string // how the describe spells their names
	cascades            []child           // records that are deleted with a record of this object
	custom              bool
	createable          bool
	updateable          bool
	deletable           bool
	feedEnabled         bool
	queryable           bool
	// describe is the full answer and global the entry in the list of objects, with versionMark for the version.
	describe, global []byte
	etag             string
}

// field finds a field by its name in any case.
func (o *object) field(name string) *field { return o.byName[strings.ToLower(name)] }

// nameField is what people call a record by.
func (o *object) nameField() *field {
	for _, f := range o.fields {
		if f.nameField {
			return f
		}
	}
	return nil
}

// id is the id of the object's n-th record.
func (o *object) id(n uint64) string { return world.SalesforceID(o.prefix, n) }

// index sets the maps, after the fields changed.
func (o *object) index() {
	o.byName, o.relations = map[string]*field{}, map[string]*field{}
	for i, f := range o.fields {
		f.slot = i
		o.byName[strings.ToLower(f.name)] = f
		if f.relation != "" && len(f.refTo) > 0 {
			o.relations[strings.ToLower(f.relation)] = f
		}
	}
}

// fieldOf makes a field from its describe.
func fieldOf(raw map[string]any) *field {
	text := func(k string) string { s, _ := raw[k].(string); return s }
	flag := func(k string) bool { b, _ := raw[k].(bool); return b }
	num := func(k string) int { n, _ := raw[k].(float64); return int(n) }
	f := &field{
		name: text("name"), label: text("label"), typ: text("type"), length: num("length"), precision: num("precision"), scale: num("scale"), digits: num("digits"),
		nillable: flag("nillable"), defaulted: flag("defaultedOnCreate"), createable: flag("createable"), updateable: flag("updateable"),
		filterable: flag("filterable"), sortable: flag("sortable"), unique: flag("unique"), external: flag("externalId"), lookup: flag("idLookup"),
		caseSensitive: flag("caseSensitive"), custom: flag("custom"), restricted: flag("restrictedPicklist"), calculated: flag("calculated"),
		nameField: flag("nameField"), relation: text("relationshipName"),
	}
	refs, _ := raw["referenceTo"].([]any)
	for _, r := range refs {
		if s, ok := r.(string); ok {
			f.refTo = append(f.refTo, s)
		}
	}
	values, _ := raw["picklistValues"].([]any)
	for _, v := range values {
		entry, _ := v.(map[string]any)
		value, _ := entry["value"].(string)
		if active, _ := entry["active"].(bool); active {
			f.values = append(f.values, value)
		}
		if preset, _ := entry["defaultValue"].(bool); preset {
			f.preset = value
		}
	}
	switch f.name {
	case "Id":
		f.system = sysID
	case "IsDeleted":
		f.system = sysDeleted
	case "CreatedDate":
		f.system = sysCreated
	case "LastModifiedDate", "SystemModstamp":
		f.system = sysChanged
	}
	return f
}
