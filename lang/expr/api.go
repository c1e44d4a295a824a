package expr

import (
	"time"

	"github.com/syncline/syncline/lang/schema"
	"github.com/syncline/syncline/lang/span"
	"github.com/syncline/syncline/lang/value"
)

// Scope is what an expression may name.
type Scope struct {
	// Roots are the records in sight; an expression's Frame holds them in this order.
	Roots  []Root
	Tables []*Table
	Vars   []Var
	// Tracks are what history reads, where there is a root "history": history.NAME.avg(days(90)) is the field
	// HistoryPath of that root's record.
	Tracks []Track
	// Each is the entry of for_each; nil: there is none.
	Each *Each
	// Zone is the rule's time zone for today(), date() and wall-clock arithmetic; nil: UTC.
	Zone *time.Location
	// Given are conditions that hold for every record the expression sees (the rule's where), for narrowing.
	Given []*Checked
	// Hints give the right name for a name of another kind of rule: "new" → "here it is called source".
	Hints map[string]string
}

// Root is a record in sight: source, target, it, or the name of a find.
type Root struct {
	Name    string
	Object  *schema.Object
	Catalog *schema.Catalog // for paths through references; nil: none
	// Optional: the record may be absent; all its fields are then empty and `name == null` is true.
	Optional bool
	// Range is where the root is declared, for messages; may be zero.
	Range span.Range
}

// Table is a value map: table.NAME(key).
type Table struct {
	Name       string
	Rows       map[string]value.Value
	Keys       []string     // of Rows, in source order
	Default    *value.Value // nil: a value that is not in Rows rejects the record
	IgnoreCase bool
	Range      span.Range
	// Lost: the table is declared in a part of the project that could not be read. Nothing is said of what reads it.
	Lost bool
}

// Var is a variable with its value for this run: vars.NAME.
type Var struct {
	Name  string
	Value value.Value
	Range span.Range
	// Unset: the variable has no value, or could not be read, which is reported where it is declared. Nothing is said of
	// what reads it.
	Unset bool
}

// Source is an expression as written, one of the four spellings.
type Source struct {
	Spelling Spelling
	// Embedded is the CEL of a Quoted, the template of a Text.
	span.Embedded
	// Path and Steps are the segments of a Reference and where each stands.
	Path  []string
	Steps []span.Range
	// Const is the value of a Constant.
	Const value.Value
	// Range is the whole value as it stands in the file.
	Range span.Range
}

// Spelling is how an expression is written.
type Spelling uint8

const (
	Quoted    Spelling = iota // "source.A + 1"
	Reference                 // source.A
	Constant                  // 5, true, null
	Text                      // text("… {{ source.A }} …")
)

// Want is what the expression is for. It chooses hints and the reading of the root; it does not convert.
type Want struct {
	// Condition: the result is true or false; unknown is false.
	Condition bool
	// Field is the target's field that the value goes to; nil when it goes to none.
	Field *schema.Field
}

// Type is what is known of an expression's values.
type Type struct {
	Kind     value.Kind // KindNull: always empty
	Dynamic  bool       // not known before the record is seen (fields of kind any); Kind is then meaningless
	Nullable bool       // can be empty
	Unknown  bool       // as a condition, can be unknown (an ordering over an empty)
	// Texts is the finite set of texts that it can give, nil when not finite. Without the empty value.
	Texts []string
	// MaxLength bounds the characters of a text; 0: no bound known.
	MaxLength int
	// Scale bounds the digits after the point of a number; -1: no bound known.
	Scale int
	// Const is the value when the expression is a constant, else nil.
	Const *value.Value
	// Copy is set when the expression is one bare field: no computation between source and target.
	Copy *schema.Field

	elem *Type // of a list's items; nil: not known
}

// Read is one field that an expression reads.
type Read struct {
	Root  int    // index in Scope.Roots
	Path  string // "Name", "Owner.Email"; "" when only the presence of the record is read
	Field *schema.Field
	Range span.Range
}

// Frame is what a Program is evaluated on. One frame serves one goroutine; the engine sets Records and
// evaluates, again and again.
type Frame struct {
	// Records are the records of the scope's roots, in order; nil: absent.
	Records []value.Record
	// Now is the instant of the run, the same for all of it.
	Now time.Time
	// Interrupted is asked now and then inside loops over lists; true ends the evaluation with an error. Nil: never.
	Interrupted func() bool
	// Texts is where texts that are built live: until it is reset. Nil: for as long as somebody holds them.
	Texts *value.Batch
	// Cover notes which ways conditions went; nil: nobody asks.
	Cover *Cover

	work work
}

// Slots says which slot of which root's records holds a field path; -1 when the layout lacks it.
type Slots func(root int, path string) int
