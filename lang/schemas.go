package lang

import (
	"fmt"
	"slices"
	"strings"

	"github.com/syncline/syncline/lang/diag"
	"github.com/syncline/syncline/lang/plan"
	"github.com/syncline/syncline/lang/schema"
	"github.com/syncline/syncline/lang/span"
	"github.com/syncline/syncline/lang/value"
)

// What whoever fetches the schemas has to say about them to the author, beside the diagnostics of Compile. At is the
// connection's declaration, or nowhere.

// LockUsed warns that a connection was checked against the lock file, for it could not be reached.
func LockUsed(connection string, at span.Range, err error) *diag.Diagnostic {
	return &diag.Diagnostic{Severity: diag.Warning, Code: "SYN603", Summary: "Checked against the lock file", Subject: at, Detail: fmt.Sprintf(
		"Connection %q could not be asked for its schema, so its rules were checked against %s, which may be out of date. %s", connection, schema.LockName, sentence(err.Error()))}
}

// Drift warns of changes since the lock file was written that concern what the rules use; nil when there is none.
// changes are those of schema.Diff(locked, live) for one connection.
func Drift(set *plan.Set, connection string, at span.Range, changes []schema.Change) *diag.Diagnostic {
	used := uses(set, connection)
	var lines []string
	for _, c := range changes {
		if c.Impact == schema.Harmless || !used[c.Object] || c.Field != "" && !used[c.Object+"."+c.Field] && c.Aspect != schema.FieldAdded {
			continue
		}
		lines = append(lines, c.String())
	}
	if len(lines) == 0 {
		return nil
	}
	const most = 8
	more := ""
	if n := len(lines) - most; n > 0 {
		lines, more = lines[:most], fmt.Sprintf("; %d more", n)
	}
	return &diag.Diagnostic{Severity: diag.Warning, Code: "SYN604", Summary: "Schema has changed", Subject: at, Detail: fmt.Sprintf(
		"What the rules use on %q is not what %s says: %s%s. The rules were checked against the live schema; take the changes over with `syncline schema pull`.",
		connection, schema.LockName, strings.Join(lines, "; "), more)}
}

// uses lists the objects and fields of a connection that the rules read or write: "Account", "Account.Name".
func uses(set *plan.Set, connection string) map[string]bool {
	used := map[string]bool{}
	add := func(e plan.End, layout *value.Layout) {
		if e.Connection != connection || e.Object == nil {
			return
		}
		used[e.Object.Name] = true
		for _, path := range layout.Names {
			used[e.Object.Name+"."+path] = true
		}
	}
	for _, s := range set.Syncs {
		add(s.From, s.Source)
		add(s.To, s.Target)
		for _, f := range s.Finds {
			add(f.End, f.Layout)
		}
	}
	for _, t := range set.Triggers {
		add(t.On, t.Source)
		for _, f := range t.Finds {
			add(f.End, f.Layout)
		}
		for _, a := range t.Actions() {
			addWritten(add, a)
		}
	}
	for _, t := range set.Tracks {
		add(t.On, t.Source)
	}
	return used
}

// addWritten adds what an action writes.
func addWritten(add func(plan.End, *value.Layout), a *plan.Action) {
	var fields []string
	for _, m := range a.Set {
		fields = append(fields, m.Field.Name)
	}
	if a.Key != nil {
		fields = append(fields, a.Key.Field.Name)
	}
	add(a.End, value.NewLayout(fields...))
}

// sentence makes a sentence of an error's words.
func sentence(text string) string {
	text = strings.TrimSpace(text)
	if text == "" || slices.Contains([]byte(".!?"), text[len(text)-1]) {
		return text
	}
	return text + "."
}

// Rejected is a reason why records of a sample would not be written, with how many there are of them.
type Rejected struct {
	Why     string
	Records int
}

// SampleRejects warns that records which the source really holds would be rejected for one mapped value; why is in order
// of weight. At is the mapping, records the size of the sample.
func SampleRejects(at span.Range, object string, records int, why []Rejected) *diag.Diagnostic {
	const most = 5
	total := 0
	var lines []string
	for i, w := range why {
		total += w.Records
		if i < most {
			lines = append(lines, fmt.Sprintf("  %s (%d)", w.Why, w.Records))
		}
	}
	if n := len(why) - most; n > 0 {
		lines = append(lines, fmt.Sprintf("  and %d more reasons", n))
	}
	return &diag.Diagnostic{Severity: diag.Warning, Code: "SYN605", Summary: "The sample has values that do not fit", Subject: at, Detail: fmt.Sprintf(
		"Of %d records of %s that were read, %d would be rejected for this value:\n%s", records, object, total, strings.Join(lines, "\n"))}
}

// NoSample warns that a rule's source could not be read for a sample. At is the rule.
func NoSample(at span.Range, connection, object string, err error) *diag.Diagnostic {
	return &diag.Diagnostic{Severity: diag.Warning, Code: "SYN606", Summary: "No sample", Subject: at, Detail: fmt.Sprintf(
		"%s.%s could not be read for a sample, so nothing is said of its values. %s", connection, object, sentence(err.Error()))}
}
