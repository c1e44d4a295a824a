package check

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/syncline/syncline/lang/diag"
	"github.com/syncline/syncline/lang/expr"
	"github.com/syncline/syncline/lang/resolve"
	"github.com/syncline/syncline/lang/schema"
	"github.com/syncline/syncline/lang/span"
	"github.com/syncline/syncline/lang/syntax"
)

// Rules against one another.

func errTwoWriters(a, b *Sync, fields []clash, sameSource, certain bool) *diag.Diagnostic {
	var names []string
	for _, f := range fields {
		names = append(names, f.field.field)
	}
	sev, why := warning, "They may reach the same records, and then each overwrites the other"
	switch {
	case sameSource:
		sev, why = failure, "Both read "+a.From.name()+", so they overwrite each other for the same records"
	case certain:
		sev, why = failure, "Both match by the same field, so they overwrite each other"
	}
	what := fields[0].field.String()
	if len(names) > 1 {
		what = fmt.Sprintf("%d fields of %s (%s)", len(names), b.To.name(), strings.Join(names, ", "))
	}
	d := sev("SYN423", "Two rules write the same field", fields[0].b.FieldRange, "",
		"sync.%s and sync.%s both write %s. %s. Leave it to one of them, or keep their records apart with where conditions on the same field.", a.Decl.Name, b.Decl.Name, what, why)
	return related(d, fields[0].a.FieldRange, "also written here, by sync.%s", a.Decl.Name)
}

func errReplacedTwice(a, b *Sync) *diag.Diagnostic {
	d := failure("SYN423", "Two rules write the same field", b.Decl.To.Range, "",
		"sync.%s and sync.%s both write %s, which is written whole: the later run would drop what the earlier wrote.", a.Decl.Name, b.Decl.Name, b.To.name())
	return related(d, a.Decl.To.Range, "also written here")
}

func errFeedback(ring []flow, computed, certain bool) *diag.Diagnostic {
	last := ring[len(ring)-1]
	var way []string
	for _, f := range ring {
		way = append(way, f.from.String())
	}
	way = append(way, ring[0].from.String())
	sev, why := warning, "A value copied both ways has no owner: a change on one side can be overwritten from the other before it is carried over"
	if computed {
		why = "A value computed on the way goes round again and again"
	}
	if certain {
		sev = failure
	}
	d := sev("SYN424", "Rules feed each other", last.mapping.FieldRange, "",
		"%s. %s. Let one side own the field.", strings.Join(way, " → "), why)
	for _, f := range ring[:len(ring)-1] {
		related(d, f.mapping.FieldRange, "%s is written here, by sync.%s", f.to, f.sync.Decl.Name)
	}
	return d
}

func warnWaitsForDisabled(h *head, ref resolve.Reference) *diag.Diagnostic {
	return warning("SYN514", "Waits for a rule that is off", ref.Range, "",
		"%s.%s has enabled = false and never runs, so %s would wait for ever.", ref.Kind, ref.Name, h.id)
}

// When rules run.

func warnNeverStarts(h *head) *diag.Diagnostic {
	return warning("SYN510", "Rule never starts", h.at, "",
		"Nothing starts %s when the project is served. Write schedule { cron = \"…\" }, on_event = true or after = [sync.…]; manual = true says that it runs by hand only.", h.id)
}

func warnManualScheduled(h *head) *diag.Diagnostic {
	return warning("SYN510", "Rule never starts", h.at, "",
		"%s has manual = true, so its schedules, events and after do nothing. Remove one or the other.", h.id)
}

func warnCohorts(h *head) *diag.Diagnostic {
	return warning("SYN511", "Some records never come", h.schedules[0].Where.Place(), "",
		"Every schedule of %s has a where, so a record that satisfies none is never looked at. Add a schedule without where, or move the common condition to the rule's own where.", h.id)
}

func warnZones(h *head, sch *Schedule, call *expr.Node) *diag.Diagnostic {
	d := warning("SYN512", "Two time zones", sch.Decl.TimezoneRange, "",
		"This schedule follows %s, while %s() gives the day in %s, the rule's own zone: around midnight they differ. Write timezone = %q in the rule itself.", sch.Zone, call.Name, h.zone, sch.Zone)
	return related(d, call.Range, "%s() is used here", call.Name)
}

func warnForecast(conn *resolve.Connection, total float64, uses []usage) *diag.Diagnostic {
	var parts []string
	for _, u := range uses[:min(3, len(uses))] {
		parts = append(parts, fmt.Sprintf("%s %s (%s)", u.rule.id, thousands(u.calls), u.why))
	}
	d := warning("SYN513", "More calls than the limit", conn.Limits.Range, "",
		"The schedules need at least %s calls a day on %q, the limit is %s; rules would wait for the next day. Most goes to %s. Run them less often, or raise calls_per_day.",
		thousands(total), conn.Name, thousands(float64(conn.Limits.CallsPerDay)), strings.Join(parts, ", "))
	for _, u := range uses[:min(3, len(uses))] {
		related(d, u.rule.at, "%s calls a day", thousands(u.calls))
	}
	return d
}

// Connections.

func errUnknownSystem(c *resolve.Connection, known []string) *diag.Diagnostic {
	near := diag.Nearest(c.System, known)
	// Its settings are not known, so none of them is shown: one can be a secret.
	head := span.Range{File: c.Range.File, Start: c.Range.Start, End: c.NameRange.End}
	return failure("SYN501", "Unknown system", head, diag.First(near), "There is no connector for %q.%s There are %s.", c.System, diag.DidYouMean(near), strings.Join(known, ", "))
}

func errNoObjectBlocks(o *resolve.ObjectBlock, c *resolve.Connection) *diag.Diagnostic {
	return failure("SYN502", "Unknown setting", o.NameRange, "", "%s has its own objects; an object block means nothing there. Use the object by its name: %s.%s.", c.System, c.Name, o.Name)
}

func errUnknownSetting(a *syntax.Attr, what string, known []schema.Setting) *diag.Diagnostic {
	var names []string
	for _, s := range known {
		names = append(names, s.Name)
	}
	near := diag.Nearest(a.Name, names)
	d := failure("SYN502", "Unknown setting", a.NameRange, diag.First(near), "%s has no setting %q.%s It takes %s.", upperFirst(what), a.Name, diag.DidYouMean(near), strings.Join(names, ", "))
	// A setting of no known name may be meant as one that is secret.
	if _, fromOutside := a.Value.(*syntax.Env); !fromOutside {
		d.Secret = a.Value.Place()
	}
	return d
}

func upperFirst(s string) string { return strings.ToUpper(s[:1]) + s[1:] }

func errMissingSetting(at span.Range, what string, s *schema.Setting) *diag.Diagnostic {
	example := fmt.Sprintf("%s = …", s.Name)
	if s.Secret {
		example = fmt.Sprintf("%s = secret(\"%s\")", s.Name, strings.ToUpper(s.Name))
	}
	return failure("SYN503", "Missing setting", at, "", "%s needs %s: %s Write %s.", upperFirst(what), s.Name, sentence(s.Doc), example)
}

func sentence(doc string) string {
	doc = strings.TrimSpace(doc)
	if doc == "" || strings.HasSuffix(doc, ".") {
		return doc
	}
	return doc + "."
}

func errSecretLiteral(a *syntax.Attr) *diag.Diagnostic {
	name := variableFor(a.Name)
	d := failure("SYN504", "Secret in the file", a.Value.Place(), `secret("`+name+`")`,
		"%s is a secret and must not stand in a file. Write %s = secret(%q), and set that environment variable, or %s_FILE to the path of a file that holds it.", a.Name, key(a.Name), name, name)
	d.Secret = d.Subject
	return d
}

func warnSecretLiteral(a *syntax.Attr) *diag.Diagnostic {
	d := errSecretLiteral(a)
	d.Severity = diag.Warning
	d.Detail = "This text holds a password, a token or a key, which must not stand in a file. " +
		fmt.Sprintf("Write %s = secret(%q), and put the whole value into that environment variable.", key(a.Name), variableFor(a.Name))
	return d
}

// variableFor is a name of an environment variable for a setting or header.
func variableFor(name string) string {
	return strings.ToUpper(strings.Map(func(r rune) rune {
		if r == '-' || r == '.' || r == ' ' {
			return '_'
		}
		return r
	}, name))
}

// key is a name as it stands left of an equals sign.
func key(name string) string {
	if strings.ContainsAny(name, "-. ") {
		return strconv.Quote(name)
	}
	return name
}

func errSettingKind(a *syntax.Attr, s *schema.Setting) *diag.Diagnostic {
	want := [...]string{"a text in quotes", "a number", "true or false", "a list of texts", "an object of texts { key = \"value\" }"}[s.Kind]
	return failure("SYN505", "Wrong value of a setting", a.Value.Place(), "", "%s takes %s, or env(\"NAME\"). %s", s.Name, want, sentence(s.Doc))
}

func errSettingChoice(a *syntax.Attr, s *schema.Setting, text string) *diag.Diagnostic {
	near := diag.Nearest(text, s.OneOf)
	return failure("SYN505", "Wrong value of a setting", a.Value.Place(), quoted(diag.First(near)), "%s is %s, not %q.%s", s.Name, diag.Or(s.OneOf), text, diag.DidYouMean(near))
}

// Variables.

func errVariableUnset(at span.Range, name string) *diag.Diagnostic {
	return failure("SYN515", "Variable without a value", at, "", "vars.%s has no default and was given no value. Give it one with --var %s=VALUE or in NAME.vars.hcl, or write default = ….", name, name)
}

func errVariableType(at span.Range, name, text, typ, which string) *diag.Diagnostic {
	return failure("SYN516", "Wrong type of a variable", at, "", "vars.%s is of type %s; %q (%s) is not.", name, typ, text, which)
}

func errUnknownVariableGiven(name string, known []string) *diag.Diagnostic {
	near := diag.Nearest(name, known)
	return failure("SYN517", "Unknown variable", span.Range{}, "", "A value was given for the variable %q, which the project does not declare.%s", name, diag.DidYouMean(near))
}
