package expr

import (
	"fmt"

	"github.com/syncline/syncline/lang/diag"
	"github.com/syncline/syncline/lang/span"
)

// SYN320: an empty field decides a choice by accident.
func warnEmptyDecides(n, empty *Node) *diag.Diagnostic {
	other := n.Args[2]
	return caution("SYN320", "Empty value decides", n.Args[0].Range,
		"An empty %s gives %s: the condition is then neither true nor false, and the last branch is taken. If that is not meant, write %s == null ? null : %s.",
		empty.Text, shown(other, "the last branch"), empty.Text, shown(n, "…"))
}

// SYN321: a test for null of what is never null.
func warnNeverEmpty(at span.Range, e *Node, equal bool) *diag.Diagnostic {
	answer := "true"
	if equal {
		answer = "false"
	}
	return caution("SYN321", "Test for null has one answer", at, "%s is never empty, so this is always %s.", shown(e, "The value"), answer)
}

// SYN322: a divisor that can be zero.
func warnDivisor(n, d *Node) *diag.Diagnostic {
	text := shown(d, "divisor")
	return caution("SYN322", "Divisor can be zero", d.Range,
		"When %s is 0, the record is rejected. If it can be, write %s != 0 ? %s : null.", text, text, shown(n, "…"))
}

// SYN323: x != true is true for an empty x.
func warnFlagTest(at span.Range, e *Node, flag bool) *diag.Diagnostic {
	known, other := "!"+e.Text, "false"
	if !flag {
		known, other = e.Text, "true"
	}
	return caution("SYN323", "Empty counts as unequal", at,
		"%s != %t holds for an empty %s too. For those that are known to be %s write %s.", e.Text, flag, e.Text, other, known)
}

// SYN324: fields never hold an empty text.
func warnEmptyText(at span.Range, e *Node, op Op) *diag.Diagnostic {
	answer := "false"
	if op == OpNe {
		answer = "true"
	}
	fix := fmt.Sprintf("%s %s null", e.Text, operatorText[op])
	return suggest(caution("SYN324", "Empty text in a comparison", at,
		"An empty field is null and never '', so this is always %s. Write %s.", answer, fix), fix)
}

// SYN325: a table without rows for some of its keys.
func warnTableLacks(at span.Range, t *Table, missing []string) *diag.Diagnostic {
	d := caution("SYN325", "Table does not cover every value", at,
		"Table %s has no row for %s, and no default: such records are rejected. Add the rows, or default = null.", t.Name, listed(missing))
	if !t.Range.IsZero() {
		d.Related = []diag.Related{{Message: "the table", Range: t.Range}}
	}
	return d
}

// SYN326: a part that fails for every record.
func warnAlwaysFails(at span.Range, why string) *diag.Diagnostic {
	return caution("SYN326", "Always fails", at, "This rejects every record that it is computed for: %s.", why)
}
