package salesforce

import (
	"time"

	"github.com/syncline/syncline/lang/schema"
)

// kinds are our kinds of Salesforce's field types. Types that are missing are compounds (address, location),
// whose parts are fields of their own.
var kinds = map[string]schema.Kind{
	"id": schema.ID, "reference": schema.Reference,
	"string": schema.Text, "textarea": schema.Text, "encryptedstring": schema.Text, "combobox": schema.Text,
	"datacategorygroupreference": schema.Text,
	"email":                      schema.Email, "url": schema.URL, "phone": schema.Phone,
	"picklist": schema.Picklist, "multipicklist": schema.MultiPicklist,
	"boolean": schema.Boolean,
	"int":     schema.Integer, "long": schema.Integer,
	"double": schema.Number, "currency": schema.Number, "percent": schema.Number,
	"date": schema.Date, "datetime": schema.DateTime, "time": schema.TimeOfDay,
	"base64": schema.Any, "anyType": schema.Any, "complexvalue": schema.Any,
}

// object maps a describe. The object may be without fields when the user sees none.
func (d *describeObject) object() *schema.Object {
	o := &schema.Object{Name: d.Name, Label: d.Label, Createable: d.Createable, Updateable: d.Updateable, Deletable: d.Deletable}
	for i := range d.Fields {
		f := d.Fields[i].field()
		if f == nil {
			continue
		}
		o.Fields = append(o.Fields, f)
		switch {
		case f.Kind == schema.ID && f.Name == idField:
			o.Key = f.Name
		case f.Name == stampField && f.Kind == schema.DateTime && f.Filterable && f.Sortable:
			o.Modified = f.Name
		}
	}
	o.Index()
	return o
}

// field maps one field, nil when it is not for us.
func (d *describeField) field() *schema.Field {
	kind, known := kinds[d.Type]
	if !known || d.DeprecatedAndHidden {
		return nil
	}
	computed := d.Calculated || d.AutoNumber
	f := &schema.Field{
		Name: d.Name, Label: d.Label, Kind: kind,
		Nullable:   d.Nillable,
		Required:   !d.Nillable && d.Createable && !d.DefaultedOnCreate,
		Createable: d.Createable && !computed, Updateable: d.Updateable && !computed, Computed: computed,
		Filterable: d.Filterable, Sortable: d.Sortable,
		Unique: d.Unique || kind == schema.ID, UpsertKey: d.IDLookup, CaseSensitive: d.CaseSensitive,
	}
	switch kind {
	case schema.Text, schema.Email, schema.URL, schema.Phone:
		f.Length, f.TrimsSpace = d.Length, true
	case schema.Picklist, schema.MultiPicklist:
		f.Length, f.Restricted, f.Values = d.Length, d.RestrictedPicklist, choices(d.PicklistValues)
	case schema.ID:
		f.Length = d.Length
	case schema.Reference:
		f.Length, f.RefTo, f.Relationship = d.Length, d.ReferenceTo, d.RelationshipName
	case schema.Integer:
		f.Precision = d.Digits
	case schema.Number:
		f.Precision, f.Scale = d.Precision, d.Scale
	case schema.DateTime:
		f.Resolution = time.Second
	}
	return f
}

// choices are the active values; the others are kept by old records, and cannot be written.
func choices(values []picklistValue) []schema.Choice {
	var out []schema.Choice
	for _, v := range values {
		if !v.Active {
			continue
		}
		c := schema.Choice{Value: v.Value}
		if v.Label != v.Value {
			c.Label = v.Label
		}
		out = append(out, c)
	}
	return out
}
