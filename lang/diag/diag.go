// Package diag is what the compiler says to the author of a project: diagnostics with a
// severity, a stable code, an exact place and what to write instead.
//
// A Diagnostic is for the author of the files; an error is for the failure of an operation.
// Codes never change their meaning. They are grouped by stage:
//
//	SYN1xx  syntax: HCL, blocks, attributes, spellings of values
//	SYN2xx  names: references, duplicates, cycles, things unused
//	SYN3xx  expressions: CEL and text templates, types, empties, cost
//	SYN4xx  records: fields, matches, writes, picklists, ownership
//	SYN5xx  running: schedules, limits, guards, order
//	SYN6xx  schemas: lock file, drift, unreachable systems
package diag

import (
	"fmt"
	"slices"

	"github.com/syncline/syncline/lang/span"
)

// Severity: an error is wrong for every value, a warning is wrong for some value.
type Severity uint8

const (
	Error Severity = iota
	Warning
)

func (s Severity) String() string {
	if s == Warning {
		return "warning"
	}
	return "error"
}

// Diagnostic is one message to the author. It is not changed once it is in a List: lists share what did not change.
type Diagnostic struct {
	Severity Severity
	// Code is stable, such as "SYN203"; spec/diagnostics has a page for each.
	Code string
	// Summary is one line without the particulars of the place: "Unknown field".
	Summary string
	// Detail says what is wrong here and why, and what to write instead. Full sentences.
	Detail string
	// Subject is the smallest range that is wrong; zero when there is none (a whole project).
	Subject span.Range
	// Context is a larger range worth showing, or zero.
	Context span.Range
	// Related are the other places that contribute.
	Related []Related
	// Suggestion is text to put in place of the subject, or "".
	Suggestion string
	// Secret is what must not be shown, in no excerpt of the list, only where it stands; or zero.
	Secret span.Range
}

// Related is another place that contributes to a diagnostic.
type Related struct {
	Message string
	Range   span.Range
}

func (d *Diagnostic) String() string {
	p := d.Subject.StartPos()
	return fmt.Sprintf("%s:%d:%d: %s %s: %s: %s", d.Subject.Name(), p.Line, p.Column, d.Severity, d.Code, d.Summary, d.Detail)
}

// List is the diagnostics of a stage, returned beside its result.
type List []*Diagnostic

// Errors counts those of severity Error.
func (l List) Errors() int { return l.count(Error) }

// Warnings counts those of severity Warning.
func (l List) Warnings() int { return l.count(Warning) }

// HasErrors tells whether the result beside the list must not be run.
func (l List) HasErrors() bool { return l.Errors() > 0 }

func (l List) count(s Severity) (n int) {
	for _, d := range l {
		if d.Severity == s {
			n++
		}
	}
	return n
}

// Sort orders by file, place, severity and code, so that output does not depend on the order of checks.
func (l List) Sort() {
	slices.SortStableFunc(l, func(a, b *Diagnostic) int {
		switch {
		case a.Subject.Less(b.Subject):
			return -1
		case b.Subject.Less(a.Subject):
			return 1
		case a.Severity != b.Severity:
			return int(a.Severity) - int(b.Severity)
		case a.Code < b.Code:
			return -1
		case a.Code > b.Code:
			return 1
		}
		return 0
	})
}

// Compact leaves out what was said before of the same place in the same words, as happens where one block stands for
// several rules. The list must be sorted.
func (l List) Compact() List {
	return slices.CompactFunc(l, func(a, b *Diagnostic) bool {
		return a.Code == b.Code && a.Subject == b.Subject && a.Detail == b.Detail && a.Severity == b.Severity
	})
}
