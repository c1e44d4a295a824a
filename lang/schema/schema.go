// Package schema describes the records of connected systems as plain data:
// Catalog (one connection) → Object (one kind of record) → Field (one property).
//
// Connectors fill it from a live describe, the lock file stores it, the checker and the
// engine read it. It imports nothing of ours.
package schema

import (
	"strings"
	"time"
)

// Kind is the type of a field's values.
type Kind uint8

const (
	Any           Kind = iota // unknown to us: readable as text, not checked
	Text                      // text, Length characters at most (0: no limit known)
	Integer                   // whole number, exact to 64 bits
	Number                    // number with Precision digits, Scale of them after the point
	Boolean                   //
	Date                      // calendar day without a time or zone
	DateTime                  // instant, stored to Resolution
	TimeOfDay                 // "15:04:05", carried as text
	Picklist                  // one of a finite set of texts
	MultiPicklist             // a list of texts from a finite set; empty is [], never null
	Reference                 // id of a record of one of RefTo
	ID                        // the record's own id
	Email                     // text
	URL                       // text
	Phone                     // text
)

var kindNames = [...]string{"any", "text", "integer", "number", "boolean", "date", "datetime", "time",
	"picklist", "multipicklist", "reference", "id", "email", "url", "phone"}

func (k Kind) String() string { return kindNames[k] }

// ParseKind is the inverse of String.
func ParseKind(s string) (Kind, bool) {
	for i, name := range kindNames {
		if name == s {
			return Kind(i), true
		}
	}
	return Any, false
}

// IsText tells whether values are carried as one text.
func (k Kind) IsText() bool {
	switch k {
	case Text, TimeOfDay, Picklist, Reference, ID, Email, URL, Phone:
		return true
	}
	return false
}

// IsNumber tells whether values are integers or numbers.
func (k Kind) IsNumber() bool { return k == Integer || k == Number }

// Catalog is the schema of one connection: the objects that were asked for.
type Catalog struct {
	System  string             `json:"system"` // type of the connection, such as "salesforce"
	Objects map[string]*Object `json:"objects"`
	// Filter is what the system can evaluate itself, for pushdown.
	Filter FilterCaps `json:"filter"`
	// ReadPage and WriteBatch are records a call, for the forecast of API calls; 0: calls are not counted.
	ReadPage   int `json:"read_page,omitempty"`
	WriteBatch int `json:"write_batch,omitempty"`
	// Group is how many writes one atomic request or transaction takes: all are done or none. 0: there is no such request;
	// NoLimit: any number.
	Group int `json:"group,omitempty"`
	// Names lists all objects that the system has, for "did you mean"; may be empty.
	Names []string `json:"names,omitempty"`
}

// NoLimit says that any number is taken.
const NoLimit = -1

// Object finds an object by its exact name, nil when it is not there.
func (c *Catalog) Object(name string) *Object {
	if c == nil {
		return nil
	}
	return c.Objects[name]
}

// Object is one kind of record.
type Object struct {
	Name  string `json:"name"`
	Label string `json:"label,omitempty"`
	// Key is the name of the field that identifies a record ("Id", "Gsid", a primary key), "" when there is none.
	Key string `json:"key,omitempty"`
	// Modified is the field that moves at each change of a record, "" when the system has no reliable one.
	Modified string   `json:"modified,omitempty"`
	Fields   []*Field `json:"fields"`

	Createable bool `json:"createable,omitempty"`
	Updateable bool `json:"updateable,omitempty"`
	Deletable  bool `json:"deletable,omitempty"`
	// Replace: the object has no records to match (a file to be written); a run writes it whole, or appends.
	Replace bool `json:"replace,omitempty"`
	// Open: a rule that writes the object decides its fields (a file without declared columns). Fields holds what can
	// be read from it now, which does not bind what is written: see WriteField.
	Open bool `json:"open,omitempty"`
	// Absent: nothing is there to be read yet (no file of the name), so that only the fields that are declared are known.
	Absent bool `json:"absent,omitempty"`
	// Count is the number of records when last asked, 0 when unknown; for forecasts and guards.
	Count int64 `json:"count,omitempty"`
	// Version is the system's own mark of this describe (Last-Modified), "" when it has none.
	Version string `json:"version,omitempty"`

	index map[string]*Field
}

// Field finds a field by its exact name, nil when it is not there.
// The first call builds an index, so an Object must not be shared before one call was made; Catalogs call Index.
func (o *Object) Field(name string) *Field {
	if o == nil {
		return nil
	}
	if o.index == nil {
		o.Index()
	}
	return o.index[name]
}

// Index prepares Field for use by several goroutines. Call it again after Fields changed.
func (o *Object) Index() {
	index := make(map[string]*Field, len(o.Fields))
	for _, f := range o.Fields {
		index[f.Name] = f
	}
	o.index = index
}

// Ready prepares Field as Index does, unless that was done: an object that plans in force use already is only read.
func (o *Object) Ready() {
	if o.index == nil {
		o.Index()
	}
}

// WriteField is the field that a mapping to this name writes: of an Open object one of kind Any whatever the object
// holds now, else the declared one, nil when there is none.
func (o *Object) WriteField(name string) *Field {
	if o != nil && o.Open {
		return &Field{Name: name, Kind: Any, Nullable: true, Createable: true, Updateable: true}
	}
	return o.Field(name)
}

// KeyField is the field named by Key, nil when there is none.
func (o *Object) KeyField() *Field { return o.Field(o.Key) }

// Relation finds the reference field whose relationship has this name ("Owner", "Account__r", "csm__gr"), nil when none.
func (o *Object) Relation(name string) *Field {
	for _, f := range o.Fields {
		if f.Relationship != "" && f.Relationship == name {
			return f
		}
	}
	return nil
}

// Path resolves "Owner.Manager.Email" from this object through reference types: the last field, nil when
// a step is unknown. Of a reference to several objects the first that has the next step is taken.
func (c *Catalog) Path(o *Object, path string) *Field {
	for {
		head, rest, more := strings.Cut(path, ".")
		if !more {
			return o.Field(head)
		}
		// A name with a dot is a field of its own where the system has such names.
		if f := o.Field(path); f != nil {
			return f
		}
		rel := o.Relation(head)
		if rel == nil {
			return nil
		}
		var found *Field
		for _, target := range rel.RefTo {
			t := c.Object(target)
			if t == nil {
				continue
			}
			if found = c.Path(t, rest); found != nil {
				return found
			}
		}
		return found
	}
}

// Field is one property of an object.
type Field struct {
	Name  string `json:"name"`
	Label string `json:"label,omitempty"`
	Kind  Kind   `json:"kind"`

	Length    int `json:"length,omitempty"`    // characters, for texts; 0: no limit known
	Precision int `json:"precision,omitempty"` // digits in all, for numbers; 0: a double, nothing is rounded
	Scale     int `json:"scale,omitempty"`     // digits after the point
	// Resolution is the step in which datetimes are stored; 0: microseconds.
	Resolution time.Duration `json:"resolution,omitempty"`

	Nullable   bool `json:"nullable,omitempty"`
	Required   bool `json:"required,omitempty"`   // a create must set it
	Createable bool `json:"createable,omitempty"` // this user may set it in a create
	Updateable bool `json:"updateable,omitempty"` // this user may change it
	Computed   bool `json:"computed,omitempty"`   // formula, roll-up, auto-number
	Inferred   bool `json:"inferred,omitempty"`   // Kind was told from a sample; a later value may not fit and is then a bad row

	Filterable    bool `json:"filterable,omitempty"`
	Sortable      bool `json:"sortable,omitempty"`
	Unique        bool `json:"unique,omitempty"`         // no two records share a value
	UpsertKey     bool `json:"upsert_key,omitempty"`     // can be the key of an upsert
	CaseSensitive bool `json:"case_sensitive,omitempty"` // the system's own comparisons heed case
	TrimsSpace    bool `json:"trims_space,omitempty"`    // leading and trailing white space is not stored

	Restricted bool     `json:"restricted,omitempty"` // a picklist that refuses other values
	Values     []Choice `json:"values,omitempty"`     // active values of a picklist, in the system's order

	RefTo        []string `json:"ref_to,omitempty"`       // objects that a reference can point to
	Relationship string   `json:"relationship,omitempty"` // name of the path through the reference ("Owner"), "" when none

	// LooseIDs lets ids be any text, as tests of specs write them ("A1"). It is no part of a schema.
	LooseIDs bool `json:"-"`
}

// Choice is one value of a picklist. Value is what records hold and specs write.
type Choice struct {
	Value string `json:"value"`
	Label string `json:"label,omitempty"` // where it differs
}

// HasValue tells whether a picklist has the value, exactly.
func (f *Field) HasValue(v string) bool {
	for _, c := range f.Values {
		if c.Value == v {
			return true
		}
	}
	return false
}

// Finite tells whether the field's values are a known finite set.
func (f *Field) Finite() bool {
	return (f.Kind == Picklist || f.Kind == MultiPicklist) && len(f.Values) > 0
}

// FilterCaps is what a system can evaluate in its own filter. A pushed-down filter may let too
// much through, never too little; the engine evaluates it again.
type FilterCaps struct {
	Compare  bool `json:"compare,omitempty"`  // = != < <= > >= with a constant
	In       bool `json:"in,omitempty"`       // field in a list of constants
	Null     bool `json:"null,omitempty"`     // field is (not) empty
	Prefix   bool `json:"prefix,omitempty"`   // text starts with
	Substr   bool `json:"substr,omitempty"`   // text contains, ends with
	Or       bool `json:"or,omitempty"`       // or beside and
	Not      bool `json:"not,omitempty"`      // negation of a group
	Paths    bool `json:"paths,omitempty"`    // fields through relationships
	Includes bool `json:"includes,omitempty"` // multi-picklist holds a value
	// FoldsCase: the system's = on text ignores case, so it lets more through, and != less.
	FoldsCase bool `json:"folds_case,omitempty"`
}

// System is what the checker must know of a type of connection before any connection is opened.
type System struct {
	Name string // as in connection "NAME" "…"
	Doc  string
	// Settings are the attributes of its connection block.
	Settings []Setting
	// Objects are the attributes of its object blocks; nil: it takes none.
	Objects []Setting
	// Sends: it can be the `via` of a send or call, which Send describes.
	Sends bool
	// Send is what a send or call through it takes; nil when it does not send.
	Send *Sending
	// Counted: its calls count against a quota (limits { calls_per_day }).
	Counted bool
}

// SettingKind is the form of a setting's value.
type SettingKind uint8

const (
	SettingText SettingKind = iota
	SettingNumber
	SettingBool
	SettingList // of texts
	SettingMap  // of texts
)

// Setting is one attribute of a connection or object block.
type Setting struct {
	Name     string
	Kind     SettingKind
	Required bool
	Secret   bool     // must come from secret(…) or env(…), never a literal
	OneOf    []string // allowed values; nil: any
	Doc      string
}
