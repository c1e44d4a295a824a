package gainsight

import (
	"slices"
	"strings"
	"time"

	"github.com/syncline/syncline/lang/schema"
)

// object is what the connection knows of an object.
type object struct {
	meta   metaObject
	name   string // as the API spells it
	fields map[string]*field
	folded map[string]*field // by lower-case name
	order  []*field
	// modified is the field that moves at each change, "" when there is none; hasKey: records have a Gsid.
	modified string
	hasKey   bool
	api      api
}

// api is which family of calls writes an object.
type api uint8

const (
	readOnly api = iota
	objectAPI
	cockpitCTA
	cockpitTask
	successPlan
)

// field is a field in the schema with what the wire needs.
type field struct {
	schema schema.Field
	form   form
	// wire is the name in queries where it is not the field's own; write the name in writes, "" when it cannot be written.
	wire, write string
	picks       *picklist
	target      string // object that a lookup points to, as the API spells it
	link        string // name of the path through a lookup
}

// form is how a field's values look on the wire.
type form uint8

const (
	formText form = iota
	formNumber
	formBool
	formDate
	formDateTime
	formPick
	formMulti
	formAny
)

// systemFields are on every object and never empty, whatever describe says.
var systemFields = map[string]bool{"gsid": true, "createddate": true, "modifieddate": true, "createdby": true, "modifiedby": true, "lastmodifieddate": true}

// newObject maps a described object.
func newObject(m metaObject) *object {
	o := &object{meta: m, name: m.ObjectName, fields: map[string]*field{}, folded: map[string]*field{}}
	o.api = writesBy(m.ObjectName)
	for i := range m.Fields {
		if m.Fields[i].FieldName != "" {
			o.add(newField(&m.Fields[i], o.api))
		}
	}
	o.addNames()
	for _, name := range []string{"ModifiedDate", "LastModifiedDate"} {
		if f := o.folded[strings.ToLower(name)]; f != nil && f.form == formDateTime && o.modified == "" {
			o.modified = f.schema.Name
		}
	}
	if f := o.folded["gsid"]; f != nil {
		o.hasKey = true
		f.schema.Kind, f.schema.Unique, f.schema.CaseSensitive = schema.ID, true, true
	}
	return o
}

func (o *object) add(f *field) {
	if o.fields[f.schema.Name] != nil {
		return
	}
	o.order = append(o.order, f)
	o.fields[f.schema.Name] = f
	o.folded[strings.ToLower(f.schema.Name)] = f
}

// find finds a field by its name, in any case when the exact one is not there: the API ignores case.
func (o *object) find(name string) *field {
	if f := o.fields[name]; f != nil {
		return f
	}
	return o.folded[strings.ToLower(name)]
}

// lookup finds the field whose relationship has this name.
func (o *object) lookup(link string) *field {
	for _, f := range o.order {
		if f.link != "" && strings.EqualFold(f.link, link) {
			return f
		}
	}
	return nil
}

// key is the spelling of the Gsid field, "" when the object has none.
func (o *object) key() string {
	if f := o.folded["gsid"]; f != nil {
		return f.schema.Name
	}
	return ""
}

// writesBy tells which API writes the object. Objects of the platform are filled by the platform.
func writesBy(name string) api {
	switch n := strings.ToLower(name); {
	case n == "call_to_action" || n == "cs_cta":
		return cockpitCTA
	case n == "cs_task":
		return cockpitTask
	case n == "cta_group":
		return successPlan
	case n == "company" || n == "relationship" || strings.HasSuffix(n, "__gc"):
		return objectAPI
	}
	return readOnly
}

// newField maps a described field.
func newField(m *metaField, by api) *field {
	f := &field{schema: schema.Field{Name: m.FieldName, Label: m.Label}, write: m.FieldName}
	s := &f.schema
	f.form = mapType(m, s)
	system := systemFields[strings.ToLower(m.FieldName)]
	s.Nullable = m.Meta.Nillable.or(true) && !system
	s.Computed = bool(m.Meta.Formula)
	writable := by != readOnly && !bool(m.Meta.ReadOnly) && !s.Computed && !system
	s.Createable = writable && bool(m.Meta.Createable)
	s.Updateable = writable && bool(m.Meta.Updateable)
	hasDefault := len(m.Meta.Properties.DefaultValue) > 0 && string(m.Meta.Properties.DefaultValue) != "null"
	s.Required = s.Createable && (bool(m.Meta.Required) || !s.Nullable && f.form != formBool) && !hasDefault
	s.Filterable = m.Meta.Filterable.or(true) && f.form != formAny
	s.Sortable = m.Meta.Sortable.or(true) && f.form != formMulti && f.form != formAny
	s.UpsertKey = s.Createable && s.Filterable && canBeKey(s.Kind)
	if f.form == formPick || f.form == formMulti {
		f.picks = newPicklist(m.Options)
		s.Values, s.Restricted = f.picks.choices(), true
	}
	if d := &m.Meta.LookupDetail; d.LookupName != "" || len(d.LookupObjects) > 0 || bool(m.Meta.HasLookup) {
		f.mapLookup(m)
	}
	return f
}

// canBeKey tells whether records can be found by values of this kind for an upsert.
func canBeKey(k schema.Kind) bool {
	switch k {
	case schema.Text, schema.Email, schema.Number, schema.Integer, schema.Reference:
		return true
	}
	return false
}

func (f *field) mapLookup(m *metaField) {
	d := &m.Meta.LookupDetail
	for _, target := range d.LookupObjects {
		if target.ObjectName != "" && !slices.Contains(f.schema.RefTo, target.ObjectName) {
			f.schema.RefTo = append(f.schema.RefTo, target.ObjectName)
		}
	}
	if len(f.schema.RefTo) == 0 && m.Meta.Properties.AutoSuggest.Object != "" {
		f.schema.RefTo = []string{m.Meta.Properties.AutoSuggest.Object}
	}
	if len(f.schema.RefTo) == 0 {
		return
	}
	f.schema.Kind, f.form, f.target = schema.Reference, formText, f.schema.RefTo[0]
	f.link = d.LookupName
	if f.link == "" {
		f.link = strings.TrimSuffix(m.FieldName, "__gc") + "__gr"
	}
	f.schema.Relationship = f.link
}

const gsidLength = 36

// mapType sets the schema's type from the API's.
func mapType(m *metaField, s *schema.Field) form {
	length := int(m.Meta.Length)
	switch strings.ToUpper(m.DataType) {
	case "GSID", "LOOKUP":
		// Describe gives the width of the column, 220; every Gsid has the same length.
		s.Kind, s.Length = schema.Text, gsidLength
		return formText
	case "STRING", "TEXT", "TEXTAREA", "LONGTEXT", "RICHTEXTAREA", "RICHTEXT", "SFDCID":
		s.Kind, s.Length = schema.Text, length
		return formText
	case "EMAIL":
		s.Kind, s.Length = schema.Email, length
		return formText
	case "URL":
		s.Kind, s.Length = schema.URL, length
		return formText
	case "PHONE":
		s.Kind, s.Length = schema.Phone, length
		return formText
	case "PICKLIST", "DROPDOWN", "DROPDOWNLIST":
		s.Kind = schema.Picklist
		return formPick
	case "MULTISELECTDROPDOWNLIST", "MULTIPICKLIST", "MULTISELECT":
		s.Kind = schema.MultiPicklist
		return formMulti
	case "BOOLEAN":
		s.Kind = schema.Boolean
		return formBool
	case "DATE":
		s.Kind = schema.Date
		return formDate
	case "DATETIME", "TIMESTAMP":
		s.Kind, s.Resolution = schema.DateTime, time.Millisecond
		return formDateTime
	case "NUMBER", "CURRENCY", "PERCENTAGE", "PERCENT", "DECIMAL", "DOUBLE", "INTEGER", "LONG":
		s.Kind = schema.Number
		if d := m.Meta.DecimalPlaces; d != nil {
			// Gainsight keeps sixteen digits before the point at most.
			s.Scale = min(int(*d), 9)
			s.Precision = 16 + s.Scale
		}
		return formNumber
	}
	s.Kind = schema.Any
	return formAny
}

// schemaAs is the object's schema under the name that was asked for. spell gives the spelling of other objects.
func (o *object) schemaAs(name string, spell func(string) string) *schema.Object {
	out := &schema.Object{Name: name, Label: o.meta.Label, Key: o.key(), Modified: o.modified,
		Createable: o.api != readOnly && o.meta.Createable.or(true), Updateable: o.api != readOnly && o.hasKey,
		Deletable: o.api == objectAPI && o.hasKey, Fields: make([]*schema.Field, 0, len(o.order))}
	if o.api == readOnly {
		out.Createable = false
	}
	for _, f := range o.order {
		s := f.schema
		if len(s.RefTo) > 0 {
			s.RefTo = slices.Clone(s.RefTo)
			for i, target := range s.RefTo {
				s.RefTo[i] = spell(target)
			}
		}
		out.Fields = append(out.Fields, &s)
	}
	out.Index()
	return out
}
