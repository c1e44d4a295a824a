package expr

import (
	"strings"

	"github.com/syncline/syncline/lang/diag"
	"github.com/syncline/syncline/lang/span"
)

// SYN317: a track that does not exist.
func errUnknownTrack(name step, tracks []Track) *diag.Diagnostic {
	names := trackNames(tracks)
	near := diag.Nearest(name.name, names)
	detail := diag.DidYouMean(near)
	if detail == "" {
		detail = ` Declare it: track "` + name.name + `" { on = …, value = …, keep = "90d" }. It must be on the object that the trigger is on.`
	}
	return suggest(mistake("SYN317", "Unknown track", name.place, "There is no track %q on this object.%s", name.name, detail), diag.First(near))
}

// SYN318: samples read in a way that they cannot be.
func errNoHistory(at span.Range, s *Scope) *diag.Diagnostic {
	return mistake("SYN318", "Wrong use of history", at, "History is what triggers read of their own object's records; there is none here.%s", inScope(s))
}

func errHistoryForm(at span.Range) *diag.Diagnostic {
	return mistake("SYN318", "Wrong use of history", at, "History is read as an aggregate over a window: history.NAME.avg(days(90)). There are %s.", strings.Join(aggregates, ", "))
}

func errUnknownAggregate(at span.Range, name string) *diag.Diagnostic {
	near := diag.Nearest(name, aggregates)
	return suggest(mistake("SYN318", "Wrong use of history", at, "There is no %q over samples.%s There are %s.", name, diag.DidYouMean(near), strings.Join(aggregates, ", ")), diag.First(near))
}

func errAggregateType(at span.Range, name string, t *Track) *diag.Diagnostic {
	d := mistake("SYN318", "Wrong use of history", at, "%s needs numbers; the samples of %s are %s.", name, t.Name, plural(t.Type.String()))
	if !t.Range.IsZero() {
		d.Related = []diag.Related{{Message: "the track", Range: t.Range}}
	}
	return d
}

func errWindow(at span.Range) *diag.Diagnostic {
	return mistake("SYN318", "Wrong use of history", at, "The window is a number of days that does not depend on the record, such as days(90); without one it is all that is kept.")
}

func errWindowLong(at span.Range, t *Track, days int) *diag.Diagnostic {
	d := mistake("SYN318", "Wrong use of history", at, "The window is %s and track %s keeps its samples for %s. Keep them longer: keep = \"%dd\".", daysText(days), t.Name, daysText(t.Days), days)
	if !t.Range.IsZero() {
		d.Related = []diag.Related{{Message: "the track", Range: t.Range}}
	}
	return d
}

// SYN319: the entry of for_each where there is none.
func errNoEach(at span.Range) *diag.Diagnostic {
	return mistake("SYN319", "Wrong use of each", at, "each is an entry of for_each, which neither this rule nor this action has. Write for_each = { KEY = \"VALUE\" }.")
}

func errEachForm(at span.Range) *diag.Diagnostic {
	return mistake("SYN319", "Wrong use of each", at, "An entry of for_each is read as each.key and each.value.")
}
