package connectortest

import (
	"maps"
	"slices"
	"testing"

	"github.com/syncline/syncline/connectors"
	"github.com/syncline/syncline/lang/value"
)

// Capability is something that a connector may lack.
type Capability string

const (
	Reads     Capability = "reads"      // connectors.Reader
	Resumes   Capability = "resumes"    // Rows.Cursor is not "": a later read goes on from there
	Writes    Capability = "writes"     // connectors.Writer
	Creates   Capability = "creates"    // Op Create
	Updates   Capability = "updates"    // Op Update
	Upserts   Capability = "upserts"    // Op Upsert, by Fields.External
	Deletes   Capability = "deletes"    // Op Delete
	Clears    Capability = "clears"     // a Null in a write empties the field
	Rejects   Capability = "rejects"    // the system refuses some values: Fixture.Bad
	Gones     Capability = "gones"      // an update of a record that is not there is of class Gone
	Replaces  Capability = "replaces"   // connectors.Replacer
	Groups    Capability = "groups"     // connectors.Grouper
	Deleted   Capability = "deleted"    // connectors.DeletedReader
	Checks    Capability = "checks"     // connectors.Checker
	Orders    Capability = "orders"     // Read.Order together with Limit
	BadReads  Capability = "bad_reads"  // Fixture.SeedBad: records that cannot be decoded
	TextOrder Capability = "text_order" // Compare by < or > on a text narrows a read; a system whose collation is unknown lets all through
	TextNulls Capability = "text_nulls" // Null on a text narrows a read; where empty texts may be stored it cannot
	LongTexts Capability = "long_texts" // Fields.Name takes 200 characters
)

// Factory says how to exercise a connector.
type Factory struct {
	Type connectors.Type
	// Setup prepares a system for one test. It is called once for each part of the suite.
	Setup func(t *testing.T) Fixture
	// Lacks lists what the connector does not do, with the reason for whoever reads the test.
	Lacks map[Capability]string
}

func (f Factory) lacks(c Capability) bool {
	_, ok := f.Lacks[c]
	return ok
}

// Fixture is a prepared system. It may hold other records of Object: the suite looks only at its own.
type Fixture struct {
	// Config opens the connection. Where the connector has a setting for the page size of reads, a small one
	// (about 7) makes the suite cross page borders.
	Config connectors.Config
	// Object is the object to exercise.
	Object string
	Fields Fields
	// Seed adds records behind the connector's back, all at once, and gives their ids in order.
	Seed func(t *testing.T, records []Values) []string
	// Touch changes a record as another user of the system does, so that its modified field moves; for Resumes.
	Touch func(t *testing.T, id string, set Values)
	// Remove deletes a record behind the connector's back; for Deleted.
	Remove func(t *testing.T, id string)
	// Bad is a field that the system refuses in a write, for this record alone; for Rejects.
	Bad connectors.Field
	// SeedBad adds one record that cannot be decoded; for BadReads.
	SeedBad func(t *testing.T)
	// Stored gives a value in the form the system stores it in, where that differs; nil: as it is.
	Stored func(field string, v value.Value) value.Value
	// NewKey makes a value for the key field of a created record where the system does not make one; nil: it does.
	NewKey func(i int) value.Value
}

// Values are fields of a record by name.
type Values map[string]value.Value

// fields are the values in order of name, as a write takes them.
func (v Values) fields() []connectors.Field {
	var out []connectors.Field
	for _, name := range slices.Sorted(maps.Keys(v)) {
		out = append(out, connectors.Field{Name: name, Value: v[name]})
	}
	return out
}

// Fields names the fields that play each part; "": the object has none such, and what needs it is left out.
type Fields struct {
	Name     string // text, writeable; required
	External string // text, unique, key of an upsert; "" together with lacking Upserts
	Integer  string // whole number
	Number   string // number with a scale of 2 or more
	Boolean  string
	Date     string
	DateTime string // to the second at least
	Note     string // text that may be empty; required with Clears
}
