package check

import (
	"errors"
	"fmt"
	"strings"

	"github.com/syncline/syncline/lang/cron"
	"github.com/syncline/syncline/lang/diag"
	"github.com/syncline/syncline/lang/expr"
	"github.com/syncline/syncline/lang/resolve"
	"github.com/syncline/syncline/lang/schema"
	"github.com/syncline/syncline/lang/span"
	"github.com/syncline/syncline/lang/syntax"
	"github.com/syncline/syncline/lang/value"
)

// Every diagnostic of this stage is made here and in the errors_*.go beside it, one function for each message.

func failure(code, summary string, at span.Range, fix, format string, args ...any) *diag.Diagnostic {
	return &diag.Diagnostic{Severity: diag.Error, Code: code, Summary: summary, Subject: at, Suggestion: fix, Detail: fmt.Sprintf(format, args...)}
}

func warning(code, summary string, at span.Range, fix, format string, args ...any) *diag.Diagnostic {
	d := failure(code, summary, at, fix, format, args...)
	d.Severity = diag.Warning
	return d
}

func related(d *diag.Diagnostic, at span.Range, format string, args ...any) *diag.Diagnostic {
	if !at.IsZero() {
		d.Related = append(d.Related, diag.Related{Message: fmt.Sprintf(format, args...), Range: at})
	}
	return d
}

// list shows up to six texts for a sentence.
func list(texts []string) string {
	const most = 6
	shown := make([]string, 0, most)
	for _, t := range texts[:min(len(texts), most)] {
		shown = append(shown, fmt.Sprintf("%q", t))
	}
	out := strings.Join(shown, ", ")
	if n := len(texts) - len(shown); n > 0 {
		out += fmt.Sprintf(" and %d more", n)
	}
	return out
}

func values2texts(f *schema.Field) []string {
	out := make([]string, len(f.Values))
	for i, v := range f.Values {
		out[i] = v.Value
	}
	return out
}

// Objects and fields.

func errNoSchema(ref resolve.Object) *diag.Diagnostic {
	return failure("SYN601", "No schema", ref.Range, "",
		"Nothing is known of the objects of connection %q, so rules on it cannot be checked. Run `syncline schema pull` where the system can be reached.", ref.Connection.Name)
}

func errUnknownObject(ref resolve.Object, c *schema.Catalog) *diag.Diagnostic {
	near := nearestObjects(c, ref.Name)
	hidden := ""
	if len(near) == 0 {
		hidden = " If it exists, this connection's user may not see it."
	}
	return failure("SYN401", "Unknown object", ref.NameRange, diag.First(near), "%s has no object %q.%s%s", ref.Connection.Name, ref.Name, diag.DidYouMean(near), hidden)
}

func errUnknownField(at span.Range, name string, e End) *diag.Diagnostic {
	near := nearestFields(e.Object, name)
	hint := diag.DidYouMean(near)
	if head, _, path := strings.Cut(name, "."); path && e.Object.Relation(head) != nil {
		near, hint = nil, " Only the record's own fields can be named here; a find reaches the record that "+head+" leads to."
	}
	if len(near) == 1 {
		if f := e.Object.Field(near[0]); strings.EqualFold(f.Name, name) {
			hint = fmt.Sprintf(" Names are exact to the letter case: write %s.", f.Name)
		} else if f.Label != "" && f.Label != f.Name {
			hint = fmt.Sprintf(" Did you mean %q (%s)?", f.Name, f.Label)
		}
	}
	if hint == "" {
		hint = " If it exists, this connection's user may not see it: check the field's permissions."
	}
	return failure("SYN402", "Unknown field", at, diag.First(near), "%s has no field %q.%s", e.name(), name, hint)
}

func errComputed(m *Mapping, w *writing) *diag.Diagnostic {
	return failure("SYN403", "Field cannot be written", m.FieldRange, "",
		"%s.%s is computed by the system (a formula, roll-up or automatic number). Remove this entry, or write the fields that it is computed from.", w.To.name(), m.Field.Name)
}

func errReadOnly(m *Mapping, w *writing) *diag.Diagnostic {
	why := "the system keeps it by itself, or this connection's user may only read it. Remove this entry, or give the user edit access to the field"
	if m.Field.Name == w.To.Object.Key {
		why = "it is the id, which the system gives. To find records by it, use " + w.lookup()
	}
	return failure("SYN403", "Field cannot be written", m.FieldRange, "", "%s.%s cannot be written: %s.", w.To.name(), m.Field.Name, why)
}

func errNotUpdateable(m *Mapping, w *writing) *diag.Diagnostic {
	if w.action != nil {
		return failure("SYN404", "Field cannot be written in this way", m.FieldRange, "",
			"%s.%s can be set when a record is created and not be changed afterwards. Remove this entry.", w.To.name(), m.Field.Name)
	}
	return failure("SYN404", "Field cannot be written in this way", m.FieldRange, "",
		"%s.%s can be set when a record is created and not be changed afterwards. Write %s = \"on_create\" in a write block%s, or remove this entry.",
		w.To.name(), m.Field.Name, m.Field.Name, createsToo(w))
}

func createsToo(w *writing) string {
	if w.creates {
		return ""
	}
	return ` and let the rule create records (missing = "create")`
}

func errNotCreateable(m *Mapping, w *writing) *diag.Diagnostic {
	if w.action != nil {
		return failure("SYN404", "Field cannot be written in this way", m.FieldRange, "",
			"%s.%s can be changed and not be set when a record is created. Set it in an update %q that follows.", w.To.name(), m.Field.Name, w.action.Label)
	}
	return failure("SYN404", "Field cannot be written in this way", m.FieldRange, "",
		"%s.%s can be changed and not be set when a record is created, so every create of this rule would be refused. Map it in a second rule that only updates (missing = \"skip\", after = [sync.%s]).",
		w.To.name(), m.Field.Name, w.sync.Decl.Name)
}

func warnNeverWritten(m *Mapping, w *writing, at span.Range) *diag.Diagnostic {
	if at.IsZero() {
		at = m.FieldRange
	}
	return warning("SYN404", "Field cannot be written in this way", at, "",
		`%s is written when a record is created, and this rule creates none. Write missing = "create" in match, or remove "on_create".`, m.Field.Name)
}

func errNotAllowed(m *Mapping, w *writing) *diag.Diagnostic {
	pattern := w.To.Ref.Name + "." + m.Field.Name
	d := failure("SYN405", "Not an allowed write", m.FieldRange, "",
		"The allow block of connection %q does not let this project write %s. Add %q to it if it should.", w.To.connection(), pattern, pattern)
	return related(d, w.To.Ref.Connection.AllowRange, "what may be written")
}

func errObjectAccess(at span.Range, e End, what, fix string) *diag.Diagnostic {
	return failure("SYN406", "Object does not allow this", at, "", "Records of %s cannot be %s by this connection's user: %s.", e.name(), what, fix)
}

func errRequiredUnset(s *Sync, fields []*schema.Field) *diag.Diagnostic {
	noun, verb := "field", "is"
	if len(fields) > 1 {
		noun, verb = "fields", "are"
	}
	d := failure("SYN416", "Required field is not set", s.Decl.Match.MissingRange, "",
		`This rule creates records of %s without the required %s %s, so every create would be refused. Map what %s missing, or write missing = "skip".`,
		s.To.name(), noun, strings.Join(named(fields), ", "), verb)
	d.Context = s.Decl.HeaderRange
	return d
}

func errNothingMapped(s *Sync) *diag.Diagnostic {
	return failure("SYN429", "Nothing is mapped", s.Decl.HeaderRange, "",
		"The rule writes no field. Write map { FIELD = source.FIELD }, or map_same { } for every field of the same name.")
}

func errNumberTooLarge(k *syntax.Const) *diag.Diagnostic {
	return failure("SYN410", "Number too large", k.Range, "", "%s does not fit into 64 bits.", k.Literal)
}

// Cron and zones.

func errCron(at span.Range, err error) *diag.Diagnostic {
	var e *cron.Error
	if !errors.As(err, &e) {
		return failure("SYN506", "Not a cron expression", at, "", "%s.", err)
	}
	switch e.Problem {
	case cron.Never:
		return failure("SYN507", "Schedule never comes", at, "", "%q: %s", e.Text, e.Reason)
	case cron.TooOften:
		return failure("SYN508", "Interval too short", at, `"@every 1s"`, "%q: %s", e.Text, e.Reason)
	}
	return failure("SYN506", "Not a cron expression", at, "", "%q: %s", e.Text, e.Reason)
}

func errUnknownZone(at span.Range, name string) *diag.Diagnostic {
	near := diag.Nearest(name, zoneNames)
	if z, ok := zoneHabits[strings.ToUpper(name)]; ok {
		near = []string{z}
	}
	return failure("SYN509", "Unknown time zone", at, quoted(diag.First(near)),
		"%q is no time zone.%s Zones have IANA names, such as \"America/New_York\" or \"UTC\".", name, diag.DidYouMean(near))
}

func quoted(s string) string {
	if s == "" {
		return ""
	}
	return quote(s)
}

// kindName is a value's kind for a sentence.
func kindName(t expr.Type) string {
	switch t.Kind {
	case value.KindBool:
		return "true or false"
	case value.KindInt:
		return "a whole number"
	case value.KindFloat:
		return "a number"
	case value.KindText:
		return "a text"
	case value.KindDate:
		return "a date"
	case value.KindTime:
		return "a datetime"
	case value.KindList:
		return "a list"
	case value.KindDays:
		return "a number of days"
	case value.KindDuration:
		return "a span of time"
	}
	return "empty"
}
