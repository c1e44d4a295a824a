package runtime

import (
	"fmt"

	"github.com/syncline/syncline/lang/diag"
	"github.com/syncline/syncline/lang/plan"
	"github.com/syncline/syncline/lang/schema"
)

// warnLocked: a connection's schema comes from the lock file, for the system cannot be asked.
func warnLocked(c *plan.Connection, err error) *diag.Diagnostic {
	return &diag.Diagnostic{Severity: diag.Warning, Code: "SYN602", Summary: "Checked against the lock file",
		Detail: fmt.Sprintf("The live schema of %s cannot be read, so %s stands in, which may be out of date: %s.",
			c.Name, LockFile, unlabelledText(err, c.Name)),
		Subject: c.Range}
}

// warnDrift: a system changed an object since the lock file was written.
func warnDrift(c *plan.Connection, ch schema.Change) *diag.Diagnostic {
	return &diag.Diagnostic{Severity: diag.Warning, Code: "SYN603", Summary: "Schema drift",
		Detail: fmt.Sprintf("%s changed since %s was written: %s. The files are checked against the live schema; "+
			"`syncline schema diff` shows all changes, `syncline schema pull` accepts them.", c.Name, LockFile, ch),
		Subject: c.Range}
}
