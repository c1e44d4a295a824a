// Package spectest reads the tests of a project's rules, *.synctest.hcl, and checks them against the compiled rules:
// the rule exists, fields exist and hold such values, what is expected can be written at all. It gives each test as
// plain typed data, cases spread out, for a runner to carry out.
//
// In these files a quoted string is a text, always. What kind of value it stands for is decided by the field.
package spectest

import (
	"time"

	"github.com/syncline/syncline/lang/plan"
	"github.com/syncline/syncline/lang/schema"
	"github.com/syncline/syncline/lang/span"
	"github.com/syncline/syncline/lang/value"
)

// DefaultNow is the instant at which a test begins that names none.
var DefaultNow = time.Date(2026, 1, 5, 9, 0, 0, 0, time.UTC)

// Test is one test, or one case of it.
type Test struct {
	// Name is the label; Case that of the case, "" without one.
	Name, Case string
	// Rule is what is tested, "trigger.x" or "sync.y": exactly one of Trigger and Sync is set.
	Rule    string
	Trigger *plan.Trigger
	Sync    *plan.Sync
	// Now is the instant at which the test begins.
	Now time.Time
	// Exact: there are no writes besides the expected ones, and none of other fields.
	Exact bool
	// Given are the records that are there at first.
	Given []Given
	// Steps are what happens, in order. Without any a sync runs once, at Now.
	Steps []Step
	// Expect are the writes of all steps together. All must hold.
	Expect []*Expect
	Range  span.Range
}

// FullName is the name with that of the case.
func (t *Test) FullName() string {
	if t.Case == "" {
		return t.Name
	}
	return t.Name + " / " + t.Case
}

// Given are records of one object.
type Given struct {
	plan.End
	Records []Record
	Range   span.Range
}

// Record is a record as a test writes it: fields that are not written are empty.
type Record []Field

// Field is one field of a record, or one argument of a message.
type Field struct {
	// Name is the path of the field, or the argument, entries of objects joined by dots.
	Name string
	// Field is nil for arguments of messages.
	Field *schema.Field
	Value value.Value
	Range span.Range
}

// Get finds the value of a field; false when it is not written.
func (r Record) Get(name string) (value.Value, bool) {
	for _, f := range r {
		if f.Name == name {
			return f.Value, true
		}
	}
	return value.Null, false
}

// Fill puts the record into the slots of a layout.
func (r Record) Fill(layout *value.Layout) value.Record {
	out := make(value.Record, layout.Len())
	for _, f := range r {
		if slot := layout.Slot(f.Name); slot >= 0 {
			out[slot] = f.Value
		}
	}
	return out
}

// merge gives the record with the fields of another in place of its own.
func (r Record) merge(over Record) Record {
	out := append(Record(nil), r...)
next:
	for _, f := range over {
		for i := range out {
			if out[i].Name == f.Name {
				out[i] = f
				continue next
			}
		}
		out = append(out, f)
	}
	return out
}

// Step is one change of a record of the rule's source, after which the rule runs.
type Step struct {
	At time.Time
	// Old is the record as it was last seen; nil: it was not seen before, or the step before says it.
	Old Record
	// New is the whole record as it is now; nil when it is deleted.
	New     Record
	Deleted bool
	// Key is the record's id, "" for an object without one.
	Key value.Value
	// Expect are the writes of this step.
	Expect []*Expect
	Range  span.Range
}

// Expect is a write that must, or must not, be there.
type Expect struct {
	// Label is what is written in the file. For an action's label Action is set, for an object End. Several actions may
	// have one label, such as two updates of the same record: Action is then the first of them, and all are meant.
	Label  string
	Action *plan.Action
	plan.End
	// Set are fields and their values; others are not looked at, unless the test is exact.
	Set Record
	// Absent: no write matches. Count is how many do; nil: at least one.
	Absent bool
	Count  *int
	// ID is the id of the record that is written, "" when it does not matter.
	ID    string
	Range span.Range
}
