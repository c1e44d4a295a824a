package resolve

import (
	"slices"
	"time"

	"github.com/syncline/syncline/lang/span"
	"github.com/syncline/syncline/lang/syntax"
)

// Module is all declarations of a project, with every reference bound to what it names. Nothing here
// depends on a schema: objects and fields are still names.
type Module struct {
	Files       []*syntax.File
	Connections []*Connection // by name
	Tables      []*Table
	Variables   []*Variable
	Syncs       []*Sync // in source order
	Triggers    []*Trigger
	Tracks      []*Track
	Alerts      []*Alert
	// Hash is a hash of all the files' bytes.
	Hash string
}

// Sync finds a sync by name, nil when there is none.
func (m *Module) Sync(name string) *Sync {
	return find(m.Syncs, name, func(s *Sync) string { return s.Name })
}

// Table finds a table by name, nil when there is none.
func (m *Module) Table(name string) *Table {
	return find(m.Tables, name, func(t *Table) string { return t.Name })
}

// Variable finds a variable by name, nil when there is none.
func (m *Module) Variable(name string) *Variable {
	return find(m.Variables, name, func(v *Variable) string { return v.Name })
}

// Connection finds a connection by name, nil when there is none.
func (m *Module) Connection(name string) *Connection {
	return find(m.Connections, name, func(c *Connection) string { return c.Name })
}

func find[T any](list []*T, name string, nameOf func(*T) string) *T {
	for _, x := range list {
		if nameOf(x) == name {
			return x
		}
	}
	return nil
}

// Lost tells whether a name of this kind ("connection", "table", "variable", "sync", "trigger") is declared in a part of the
// project that could not be read. Such a name is not bound, and must not be reported as unknown either.
func (m *Module) Lost(kind, name string) bool {
	for _, f := range m.Files {
		for _, l := range f.Lost {
			if l.Name == name && (l.Type == kind || l.Type == "") {
				return true
			}
		}
	}
	return false
}

// LostNames are the names of this kind that are declared in a part of the project that could not be read, in order.
// A block of no known type may be of any.
func (m *Module) LostNames(kind string) []string {
	var out []string
	for _, f := range m.Files {
		for _, l := range f.Lost {
			if l.Name != "" && (l.Type == kind || l.Type == "") {
				out = append(out, l.Name)
			}
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// Connection is a connection block.
type Connection struct {
	Name, System string
	Attrs        []*syntax.Attr // settings, checked against the system's later
	Objects      []*ObjectBlock
	Limits       Limits
	Allow        []Pattern // nil: no allow block
	AllowRange   span.Range
	Pauses       []Pause
	Events       *Events // nil: no events block
	NameRange    span.Range
	Range        span.Range
	Used         bool
}

// Object finds an object block by name, nil when there is none.
func (c *Connection) Object(name string) *ObjectBlock {
	for _, o := range c.Objects {
		if o.Name == name {
			return o
		}
	}
	return nil
}

// ObjectBlock is `object "NAME" { … }` in a connection.
type ObjectBlock struct {
	Name      string
	Attrs     []*syntax.Attr
	Columns   []Column
	NameRange span.Range
	Range     span.Range
}

// Column is an entry of `columns`: NAME = "kind", or a `column "NAME" { from, type, length }` block.
type Column struct {
	Name, From, Kind string
	Length           int
	Range            span.Range
}

// Limits is `limits { … }`; zero: not written.
type Limits struct {
	CallsPerDay, CallsPerMinute, Concurrent int
	Range                                   span.Range
}

// Pattern is one entry of allow.write: OBJECT.FIELD, where * stands for any run of letters.
type Pattern struct {
	Object, Field string
	Text          string
	Range         span.Range
}

// Pause is a maintenance window.
type Pause struct {
	Name string
	Cron string
	// CronRange is zero where no text was written.
	CronRange span.Range
	For       time.Duration
	Timezone  string
	Range     span.Range
}

// Table is a table block.
type Table struct {
	Name       string
	Rows       []Row
	Default    syntax.Value // nil: not written
	IgnoreCase bool
	NameRange  span.Range
	Range      span.Range
	Used       bool
}

// Row is one row of a table.
type Row struct {
	Key      string
	KeyRange span.Range
	Value    syntax.Value // *syntax.Const or *syntax.Quoted, a plain text here
}

// Variable is a variable block. Default is nil when a value must be given.
type Variable struct {
	Name        string
	Type        string // text, number, integer, bool; "" is told from the default
	Description string
	Default     syntax.Value
	NameRange   span.Range
	Range       span.Range
	Used        bool
}

// Object is a reference to an object: cs.Company.
type Object struct {
	Connection *Connection // nil when unknown; already reported
	Name       string
	Range      span.Range
	NameRange  span.Range // of the object's own name
}

// Sync is a sync block.
type Sync struct {
	// Name is unique in the project; Base is the name in the file, which differs from it under for_each.
	Name, Base, Title, Description string
	Each                           *Each
	Tags                           []string
	Enabled                        bool
	Manual                         bool
	From, To                       Object
	Timezone                       string
	TimezoneRange                  span.Range
	Schedules                      []*Schedule
	OnEvent                        bool
	EventWait                      time.Duration // how long events are gathered; zero: not written
	EventMax                       int
	After, Requires                []Reference
	Where                          syntax.Value // expression, nil when not written
	Lookback                       time.Duration
	MaxRecords                     int
	Match                          *Match
	Finds                          []*Find
	Map                            []*Mapping
	MapSame                        *MapSame
	OnNull                         string // keep, clear; "" default
	OnLeave, OnDelete              *Departure
	Guard                          *Guard
	Rollout                        *Rollout
	SLO                            *SLO
	MissedTicks                    string
	Pauses                         []Pause
	NameRange, Range               span.Range
	HeaderRange                    span.Range
}

// Reference is an entry of after or requires: sync.NAME or connection.NAME.
type Reference struct {
	Kind, Name string
	Range      span.Range
}

// Schedule is a schedule block.
type Schedule struct {
	Name          string
	Cron          string
	CronRange     span.Range
	Timezone      string
	TimezoneRange span.Range
	Where         syntax.Value
	Full          bool
	Range         span.Range
}

// Match is a match block, and the common part of a find.
type Match struct {
	By             []Alternative
	Keyed          bool // by is written, if wrongly
	Where          syntax.Value
	OrderBy        syntax.Value
	Descending     bool
	Missing        string // as written, "" when not
	MissingRange   span.Range
	Ambiguous      string
	AmbiguousRange span.Range
	Range          span.Range
}

// Alternative is one { FIELD = EXPRESSION … } of by.
type Alternative struct {
	Keys  []Key
	Range span.Range
}

// Key is one field of an alternative.
type Key struct {
	Field      string
	FieldRange span.Range
	Value      syntax.Value
}

// Find is a find block.
type Find struct {
	Name      string
	In        Object
	NameRange span.Range
	Match
	// All: every record, in a trigger.
	All  bool
	Used bool
}

// Mapping is one entry of a map or set: an attribute, or a field block.
type Mapping struct {
	Field      string
	FieldRange span.Range
	Value      syntax.Value
	OnNull     string // of a field block; "" not written
	Write      string // from the write block or the field block: always, on_create, if_empty, with_changes; "" default
	WriteRange span.Range
	Range      span.Range
}

// MapSame is a map_same block.
type MapSame struct {
	Prefix  string
	To      string // "Pendo_{name}__c"; "" the same name
	Except  []Name
	Missing string
	// Write are entries of the write block for fields that are not in the map, so map_same must give them.
	Write []FieldMode
	Range span.Range
}

// FieldMode is an entry of a write block.
type FieldMode struct {
	Field, Mode string
	FieldRange  span.Range
}

// Name is a text with its place.
type Name struct {
	Text  string
	Range span.Range
}

// Departure is on_leave or on_delete: ignore, delete, unlink, or set.
type Departure struct {
	Kind  string
	Set   []*Mapping
	Range span.Range
}

// Guard is a guard block; nil: not written.
type Guard struct {
	MaxCreates, MaxUpdates, MaxDeletes, MaxClears *int
	MaxUpdatePercent                              *float64
	MaxFirings                                    *int
	Range                                         span.Range
}
