package check

import (
	"strings"

	"github.com/syncline/syncline/lang/diag"
	"github.com/syncline/syncline/lang/resolve"
	"github.com/syncline/syncline/lang/span"
	"github.com/syncline/syncline/lang/syntax"
)

// How systems tell of changes.

func errEventAttr(a *syntax.Attr, signature string, fits []string) *diag.Diagnostic {
	return failure("SYN540", "Does not go with this signature", a.Range, "",
		"%s belongs to signature = %s. A signature of %q has its header and its time in a place of its own: remove %s.",
		a.Name, `"`+strings.Join(fits, `" or "`)+`"`, signature, a.Name)
}

func errWindowWithoutTime(a *syntax.Attr, signature string) *diag.Diagnostic {
	how := "A token does not say when it was sent. Remove window."
	if signature == "hmac-sha256" {
		how = "Name the header that says when an event was sent, timestamp = \"X-Timestamp\", if the system has one; otherwise remove window."
	}
	return failure("SYN540", "Does not go with this signature", a.Range, "",
		"window is how old an event may be, and nothing signed says how old one is. %s", how)
}

func errEventPath(text string, at span.Range) *diag.Diagnostic {
	return failure("SYN541", "Not a path in an event", at, "",
		"%q is no path. Write names with dots between, as in \"data.object.id\", a number for a place in a list, as in \"items.0.id\", or \"header:X-Object\" for a header.", text)
}

func errEventNameTwice(n resolve.Name, first span.Range) *diag.Diagnostic {
	d := failure("SYN542", "Name stands for two objects", n.Range, "",
		"An event called %q would be of two objects. Leave the name to one of them.", n.Text)
	return related(d, first, "also written here")
}

func warnNoEvents(id string, at span.Range, conn *resolve.Connection) *diag.Diagnostic {
	d := warning("SYN543", "Events never come", at, "",
		"%s has on_event, but connection %q does not say how its system tells of changes, so no event ever comes. Write an events block there, or remove on_event.", id, conn.Name)
	return related(d, conn.NameRange, "here, for example: events { signature = \"hmac-sha256\" … }")
}

func warnNobodyListens(conn *resolve.Connection) *diag.Diagnostic {
	return warning("SYN544", "Nobody listens to these events", conn.Events.Range, "",
		"No rule that reads from %s has on_event, so its events are taken and forgotten. Write on_event = true in a rule, or remove the events block.", conn.Name)
}

func warnNobodyListensTo(conn *resolve.Connection, o resolve.EventObject, listened []string) *diag.Diagnostic {
	near := diag.Nearest(o.Name, listened)
	fix, hint := "", ""
	if len(near) > 0 {
		fix, hint = quote(near[0]), " Did you mean "+quote(near[0])+"?"
	}
	return warning("SYN544", "Nobody listens to these events", o.NameRange, fix,
		"No rule that reads %s.%s has on_event, so its events are taken and forgotten.%s Write on_event = true in a rule, or remove this block.", conn.Name, o.Name, hint)
}
