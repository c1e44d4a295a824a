// Package plan is what the compiler gives and the runtime runs: each rule's steps, expressions,
// pushed-down queries and fingerprints, as immutable data.
package plan

import (
	"time"

	"github.com/syncline/syncline/lang/expr"
	"github.com/syncline/syncline/lang/query"
	"github.com/syncline/syncline/lang/schema"
	"github.com/syncline/syncline/lang/span"
	"github.com/syncline/syncline/lang/value"
)

// Set is a compiled project.
type Set struct {
	// Connections by name, in order of name.
	Connections []*Connection
	// Syncs in an order that respects `after`, ties by place in the files.
	Syncs []*Sync
	// Triggers, Tracks and Alerts are in order of the files; triggers respect `after` as syncs do.
	Triggers []*Trigger
	Tracks   []*Track
	Alerts   []*Alert
	// Revision is a hash of all that the set was compiled from: files and variables.
	Revision string
}

// Connection finds a connection by name, nil when there is none.
func (s *Set) Connection(name string) *Connection {
	for _, c := range s.Connections {
		if c.Name == name {
			return c
		}
	}
	return nil
}

// Sync finds a sync by name without the "sync." in front, nil when there is none.
func (s *Set) Sync(name string) *Sync {
	for _, x := range s.Syncs {
		if x.Name == name {
			return x
		}
	}
	return nil
}

// Connection is a configured account on a system. Environment variables are not read yet: the plan holds no secret.
type Connection struct {
	Name, System string
	Settings     map[string]Setting
	Objects      []ObjectSpec
	Limits       Limits
	// Allow lists what may be written, as patterns "Account.*__c"; nil: everything.
	Allow []string
	// Pauses are windows in which nothing is sent.
	Pauses []Pause
	// Events says how the system tells of changes; nil: it does not.
	Events *Events
	Range  span.Range
}

// Setting is a value in a connection or object block: exactly one of its forms.
type Setting struct {
	Value  value.Value        // text, number, bool; null when another form is used
	List   []Setting          // of texts; nil: it is no list
	Map    map[string]Setting // of texts; nil: it is no map
	Env    string             // name of the environment variable to read
	Secret bool               // with Env: a secret; NAME_FILE may name a file that holds it
	Range  span.Range
}

// ObjectSpec is an `object` block in a connection: a file or query that is read or written as an object.
type ObjectSpec struct {
	Name     string
	Settings map[string]Setting
	Columns  []Column
	Range    span.Range
}

// Column is a declared column of an object: its name here, its header in the source, its kind.
type Column struct {
	Name, From string
	Kind       schema.Kind
	Length     int
	Nullable   bool
}

// Limits are the connection's own limits, below the system's. Zero: not set.
type Limits struct {
	CallsPerDay    int
	CallsPerMinute int
	Concurrent     int
}

// Pause is a maintenance window.
type Pause struct {
	Name string
	Cron string
	For  time.Duration
	Zone *time.Location
}

// Roots of a sync's scope, in the order of expr.Frame.Records. Finds follow from RootFinds on, in the
// order of Sync.Finds; the record under test in a find or match (`it`) comes after the last find.
const (
	RootSource = 0
	RootTarget = 1
	RootFinds  = 2
)

// Sync is one rule of convergence.
type Sync struct {
	Name, Title, Description string
	Tags                     []string
	Enabled, Manual          bool
	From, To                 End
	Zone                     *time.Location
	Schedules                []Schedule
	MissedTicks              MissedTicks
	// OnEvent: the rule starts at once on the source's events; nil: it does not.
	OnEvent *OnEvent
	// Pauses are windows in which the rule does not run.
	Pauses []Pause
	// After and Requires name other rules ("sync.other", "trigger.other") and connections ("connection.crm").
	After, Requires []string

	// Source is the layout of source records; slot 0 is the object's key where it has one.
	Source *value.Layout
	// Target is the layout of target records that match, diff and `target.X` read; slot 0 is the key.
	Target *value.Layout
	Where  *Filter // nil: all
	// Lookback and MaxRecords restrict what a run reads; zero: not set.
	Lookback   time.Duration
	MaxRecords int

	Finds []*Find
	// Match says which target a source record belongs to; nil for a target that is written whole (schema.Object.Replace).
	Match *Match
	Map   []*Mapping
	// ReadsTarget: an expression reads target.X, so the target is always read before evaluation.
	ReadsTarget bool
	// TimeDependent: an expression reads now() or today(), so results change without the source changing.
	TimeDependent bool

	OnLeave, OnDelete Departure
	Guard             Guard
	// Rollout is the pilot cohort; nil: everyone.
	Rollout *Rollout
	SLO     SLO

	// Fingerprint changes with anything of the rule; Meaning only with what decides the written values.
	Fingerprint, Meaning string
	Range                span.Range
}

// ID is the rule's name as users write it: "sync.company_health".
func (s *Sync) ID() string { return "sync." + s.Name }

// RootIt is the index of `it` in the frames of this sync.
func (s *Sync) RootIt() int { return RootFinds + len(s.Finds) }

// End is one side of a sync.
type End struct {
	Connection string // name
	Object     *schema.Object
	Catalog    *schema.Catalog
}

// Schedule is one cron of a rule, with its own cohort.
type Schedule struct {
	Name  string // "" for the only one without a label
	Cron  string
	Zone  *time.Location
	Where *Filter
	Full  bool
}

// MissedTicks says what happens to ticks that passed while the rule could not run.
type MissedTicks uint8

const (
	MissedLast MissedTicks = iota // one run for all of them
	MissedSkip
	MissedAll // one run for each, in order
)

// OnEvent says how events are gathered before a run. Zero values: not at all.
type OnEvent struct {
	Wait time.Duration
	Max  int
}

// Filter is a condition on records. What the system can take is in Pushed; Whole is evaluated here on what it gives.
type Filter struct {
	// Pushed lets through all that Whole does, and perhaps more; nil: nothing could be pushed.
	Pushed query.Pred
	// Params are evaluated once a run on an empty frame and bound into Pushed.
	Params []*expr.Program
	Whole  *expr.Program
	// Own is the part of Whole that reads no record but the one that is filtered, of which it reads the slots OwnSlots: a
	// record for which it is false is out, whatever else is known. All of Whole where it reads no other; nil: no part.
	Own      *expr.Program
	OwnSlots []int
	// PushedText and LocalText are the conjuncts as written, for `plan` to show which is which.
	PushedText, LocalText []string
}

// Find looks up a record that is neither source nor target.
type Find struct {
	Name string
	End
	Layout *value.Layout // slot 0 is the key
	Lookup
	Root int // index in the frame
	// All: every record is found, in order. The frame holds the first; an action on the find has each in turn.
	All bool
	// AfterMatch: it reads target.X, or a find that does, so it is looked up once the target is known. All
	// other finds come before the match, whose keys may read them.
	AfterMatch bool
}

// Lookup is how a record is found. It is what `match` and `find` share.
type Lookup struct {
	// By are tried in order; one with an empty key is skipped; the first that finds anything decides.
	// None: one query a run, for a find that depends on no outer name.
	By []Alternative
	// Where restricts candidates further (`it` is the candidate); nil: no restriction.
	Where   *Filter
	OrderBy *OrderBy
	// Missing and Ambiguous: what none and several mean.
	Missing   Missing
	Ambiguous Ambiguous
}

// Alternative is one key: the candidate's fields must equal the values.
type Alternative []Key

// Key is one field of an alternative.
type Key struct {
	Field *schema.Field
	Value *expr.Program
	// Text is the value's expression as written.
	Text string
}

// OrderBy ranks candidates; the first wins. Empties last either way, ties by id.
type OrderBy struct {
	By         *expr.Program
	Descending bool
	Text       string
}

// Missing says what it means that nothing was found.
type Missing uint8

const (
	MissingSkip   Missing = iota // match: leave the source record alone, count it as unmatched
	MissingCreate                // match: create it
	MissingError                 // dead-letter the record
	MissingEmpty                 // find: the record is absent, its fields empty
)

// Ambiguous says what it means that several were found and no order decides.
type Ambiguous uint8

const (
	AmbiguousError Ambiguous = iota // dead-letter, with the candidates' ids
	AmbiguousSkip                   // leave alone, count
)

// Match is the find of the target, remembered as a link.
type Match struct {
	Lookup
	// Unique: the schema proves that the last alternative finds one record at most.
	Unique bool
}

// Mapping is one target field and the expression that gives its value.
type Mapping struct {
	Field *schema.Field
	Value *expr.Program
	// Text is the expression as written, for plan and why.
	Text string
	// Reads are the fields that the expression reads; the ledger keeps their values beside a write.
	Reads  []expr.Read
	OnNull OnNull
	Write  WriteMode
	Range  span.Range
}

// OnNull says what an empty value does to a filled target field.
type OnNull uint8

const (
	NullClear OnNull = iota
	NullKeep
)

// WriteMode says when a mapped field is written.
type WriteMode uint8

const (
	WriteAlways      WriteMode = iota // when it differs
	WriteOnCreate                     // only in the create
	WriteIfEmpty                      // only when the target's field is empty
	WriteWithChanges                  // only together with another field
)

// Departure says what happens to the target when the source record leaves `where` or is deleted.
type Departure struct {
	Kind DepartureKind
	Set  []*Mapping // for DepartureSet
}

// DepartureKind is the kind of a Departure.
type DepartureKind uint8

const (
	DepartureIgnore DepartureKind = iota
	DepartureDelete
	DepartureUnlink
	DepartureSet
)

// Guard is the blast radius of one run. Nil: no limit; 0: none at all.
type Guard struct {
	MaxCreates, MaxUpdates, MaxDeletes, MaxClears *int
	// MaxUpdatePercent is of the rule's linked records; it does not apply below 20 records.
	MaxUpdatePercent *float64
	// MaxFirings are those of a trigger's run.
	MaxFirings *int
	// Written: the block stands in the file. Without it the default applies: a run that clears more than
	// 10 % of the filled values of one field waits.
	Written bool
}
