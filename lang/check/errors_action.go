package check

import (
	"fmt"
	"strings"

	"github.com/syncline/syncline/lang/diag"
	"github.com/syncline/syncline/lang/expr"
	"github.com/syncline/syncline/lang/resolve"
	"github.com/syncline/syncline/lang/schema"
	"github.com/syncline/syncline/lang/span"
	"github.com/syncline/syncline/lang/syntax"
)

func errNoActions(at span.Range, block string) *diag.Diagnostic {
	if block == "trigger" {
		return failure("SYN442", "Nothing to do", at, "", "The trigger has no action. Write together { … } with update, create, upsert or delete, or then { … } with send or call.")
	}
	return failure("SYN442", "Nothing to do", at, "", "%s has no action. Write update, create, upsert, delete, send or call in it, or remove it.", block)
}

func errNothingSet(a *Action) *diag.Diagnostic {
	or := ""
	if a.Decl.Kind == "update" {
		or = ", or apply = sync.NAME"
	}
	return failure("SYN442", "Nothing to do", a.Decl.Header, "", "%s %q sets no field. Write set { FIELD = VALUE }%s.", a.Decl.Kind, a.Decl.Label, or)
}

// Results.

func errResultInFind(at span.Range, a *Action) *diag.Diagnostic {
	return failure("SYN433", "Result is not known yet", at, "",
		"Finds are looked up before any action, and %s is the result of one. Use its values where it is made.", a.Decl.Label)
}

func errOwnResult(at span.Range, a *Action) *diag.Diagnostic {
	return failure("SYN433", "Result is not known yet", at, "",
		"%s is the result of this very action. Only actions that follow can use it.", a.Decl.Label)
}

func errLaterResult(at span.Range, a, from *Action) *diag.Diagnostic {
	d := failure("SYN433", "Result is not known yet", at, "",
		"%s comes after %s %q. Actions are done as they stand: move this one behind it.", from.Decl.Label, a.Decl.Kind, a.Decl.Label)
	return related(d, from.Decl.LabelRange, "it is declared here")
}

func errWithinGroup(at span.Range, from *Action) *diag.Diagnostic {
	d := failure("SYN433", "Result is not known yet", at, "",
		"together is written in one request, so nothing is known yet of what %q gives but that it will have an id: within the group FIELD = %s.Id alone can be written. Move this action to then, which follows when the group is written.",
		from.Decl.Label, from.Decl.Label)
	return related(d, from.Decl.LabelRange, "written in the same request")
}

func errNotSent(at span.Range, from *Action, path string) *diag.Diagnostic {
	names := []string{idName}
	for _, m := range from.Decl.Set {
		names = append(names, m.Field)
	}
	near := diag.Nearest(path, names)
	d := failure("SYN434", "Not in the result", at, "",
		"A result has its id and the fields that were sent, and %s %q does not send %s.%s Here there are %s.", from.Decl.Kind, from.Decl.Label, path, diag.DidYouMean(near), strings.Join(names, ", "))
	return related(d, from.Decl.LabelRange, "the action")
}

func errSeveralRecords(at span.Range, f *Find) *diag.Diagnostic {
	d := failure("SYN439", "Several records", at, "",
		"%s has all = true and stands for several records, so it has no single value. Its fields can be read in an action on it, update %q; %s == null asks whether there is any.", f.Decl.Name, f.Decl.Name, f.Decl.Name)
	return related(d, f.Decl.NameRange, "the find")
}

// Groups.

func warnNotAtomic(t *Trigger) *diag.Diagnostic {
	var order []string
	for _, p := range t.Parts {
		var labels []string
		for _, a := range p.Actions {
			labels = append(labels, a.Decl.Kind+" "+a.Decl.Label)
		}
		order = append(order, p.Connection+" ("+strings.Join(labels, ", ")+")")
	}
	why := fmt.Sprintf("%s does not write several records in one transaction", t.Parts[0].Connection)
	if len(t.Parts) > 1 {
		why = "It goes to several systems one after the other"
	}
	return warning("SYN435", "Group is not one transaction", t.Decl.Together.Range, "",
		"%s: %s. What fails in the middle is tried again until it is done; till then only a part is there. Move what may come later to then, which says so.", why, strings.Join(order, ", then "))
}

func errGroupLarge(p *Part, limit int) *diag.Diagnostic {
	return failure("SYN436", "Group is too large", p.Actions[limit].Decl.Header, "",
		"%s writes %d records at most in one request, and this is number %d of the group. Move some actions to then.", p.Connection, limit, limit+1)
}

func warnNotRepeatable(a *Action, f *schema.Field) *diag.Diagnostic {
	return warning("SYN438", "Create is not safe to repeat", a.Decl.Header, "",
		"When the answer to this create is lost, nobody knows whether the record is there, and the firing waits for a person. %s has a field for that: write key = %q, and it is found again.", a.To.name(), f.Name)
}

// Keys.

func errKeyNotUnique(a *Action, f *schema.Field) *diag.Diagnostic {
	fix, near := "", ""
	if k := keyCandidate(a); k != nil {
		fix, near = quote(k.Name), fmt.Sprintf(" %s would do.", k.Name)
	}
	if a.Decl.Key.Value != nil {
		fix = ""
	}
	return failure("SYN437", "Not a key", a.Decl.Key.FieldRange, fix,
		"%s.%s is no external id: several records can share its value, so it does not say which record it is.%s", a.To.name(), f.Name, near)
}

func errKeyNotSettable(a *Action, f *schema.Field) *diag.Diagnostic {
	return failure("SYN437", "Not a key", a.Decl.Key.FieldRange, "", "%s.%s cannot be set when a record is created, so it cannot be the key of one.", a.To.name(), f.Name)
}

func errKeyNotText(a *Action, f *schema.Field) *diag.Diagnostic {
	return failure("SYN437", "Not a key", a.Decl.Key.FieldRange, "",
		"A generated key is a text, and %s.%s is a field of %s. Give the value: key = { %s = … }.", a.To.name(), f.Name, f.TypeText(), f.Name)
}

func errKeyShort(a *Action, f *schema.Field) *diag.Diagnostic {
	return failure("SYN437", "Not a key", a.Decl.Key.FieldRange, "",
		"A generated key has %d characters; %s.%s holds %d. Take a longer field, or give the value: key = { %s = … }.", generatedLength, a.To.name(), f.Name, f.Length, f.Name)
}

func errUpsertGenerated(a *Action) *diag.Diagnostic {
	return failure("SYN437", "Not a key", a.Decl.Key.Range, "",
		"A generated key is another one at each firing, so this upsert would always create. Give the value that says which record it is: key = { %s = new.… }, or write create.", a.Decl.Key.Field)
}

func errKeySetTwice(a *Action, m *resolve.Mapping) *diag.Diagnostic {
	d := failure("SYN437", "Not a key", m.FieldRange, "", "%s is the key, whose value is written with it. Remove this entry, or write key = { %s = … }.", m.Field, m.Field)
	return related(d, a.Decl.Key.Range, "the key")
}

func errActionKeyNotAllowed(a *Action, f *schema.Field) *diag.Diagnostic {
	pattern := a.To.Ref.Name + "." + f.Name
	d := failure("SYN405", "Not an allowed write", a.Decl.Key.FieldRange, "",
		"The allow block of connection %q does not let this project write %s. Add %q to it if it should.", a.To.connection(), pattern, pattern)
	return related(d, a.To.Ref.Connection.AllowRange, "what may be written")
}

func warnKeyMayBeEmpty(a *Action, always bool) *diag.Diagnostic {
	sev, verb := warning, "can be"
	if always {
		sev, verb = failure, "is always"
	}
	return sev("SYN437", "Not a key", a.Decl.Key.Value.Place(), "",
		"This %s empty, and an empty key says nothing of which record it is: such a firing goes to the dead letters. Write if = \"%s != null\", or a condition in when.", verb, strings.ReplaceAll(inner(a.KeyValue), `"`, `'`))
}

func errRequiredOfAction(a *Action, fields []*schema.Field) *diag.Diagnostic {
	noun, verb := "field", "is"
	if len(fields) > 1 {
		noun, verb = "fields", "are"
	}
	return failure("SYN416", "Required field is not set", a.Decl.Header, "",
		"%s %q leaves the required %s %s of %s unset, so it would be refused. Set what %s missing.", a.Decl.Kind, a.Decl.Label, noun, strings.Join(named(fields), ", "), a.To.name(), verb)
}

// Applied syncs.

func errApplySource(a *Action, s *Sync, on End) *diag.Diagnostic {
	return failure("SYN444", "Sync does not fit here", a.Decl.Apply.Range, "",
		"sync.%s reads %s, and the trigger observes %s. Write what is to be set in set { … }.", s.Decl.Name, s.From.name(), on.name())
}

func errApplyTarget(a *Action, s *Sync) *diag.Diagnostic {
	return failure("SYN444", "Sync does not fit here", a.Decl.Apply.Range, "",
		"sync.%s writes %s, and %q is a record of %s.", s.Decl.Name, s.To.name(), a.Decl.Label, a.To.name())
}

func errApplyToCreated(a *Action) *diag.Diagnostic {
	return failure("SYN444", "Sync does not fit here", a.Decl.Apply.Range, "", "%q is created by this trigger. Set its fields in the create.", a.Decl.Label)
}

func errAppliedTwice(a *Action, d *resolve.Mapping, m *Mapping) *diag.Diagnostic {
	out := failure("SYN444", "Sync does not fit here", d.FieldRange, "",
		"%s is written by sync.%s, which this update applies; only one value can hold. Remove it here.", d.Field, a.Apply.Decl.Name)
	return related(out, m.FieldRange, "also written here")
}

// Who writes what.

func warnWrittenBack(a *Action, m *Mapping, s *Sync, other *Mapping) *diag.Diagnostic {
	d := warning("SYN443", "Sync writes this back", m.FieldRange, "",
		"sync.%s writes %s.%s too, with another value, and will write it back at its next run. Leave the field to one of them, or write apply = sync.%s, which does that rule's map in this group.",
		s.Decl.Name, a.To.name(), m.Field.Name, s.Decl.Name)
	return related(d, other.FieldRange, "also written here, by sync.%s", s.Decl.Name)
}

// Messages.

func errCannotSend(at span.Range, conn *resolve.Connection, verb string, s *schema.Sending) *diag.Diagnostic {
	how := " Choose a connection that sends, such as one of Slack or e-mail."
	fix := ""
	if s != nil {
		how = fmt.Sprintf(" It takes a %s.", s.Verb)
	} else if verb == schema.VerbCall {
		how = " Choose a connection of type http."
	}
	return failure("SYN441", "Cannot send", at, fix, "%q is a connection of type %s, which cannot be the via of a %s.%s", conn.Name, conn.System, verb, how)
}

func errUnknownArgument(d *resolve.Argument, conn *resolve.Connection, s *schema.Sending) *diag.Diagnostic {
	names := argumentNames(s)
	near := diag.Nearest(d.Name, names)
	return failure("SYN440", "Wrong argument", d.NameRange, diag.First(near), "A %s through %s has no %q.%s It takes %s.", s.Verb, conn.System, d.Name, diag.DidYouMean(near), strings.Join(names, ", "))
}

func errMissingArgument(at span.Range, conn *resolve.Connection, spec *schema.Argument) *diag.Diagnostic {
	return failure("SYN440", "Wrong argument", at, "", "A message through %s needs %s: %s.", conn.System, spec.Name, strings.TrimSuffix(spec.Doc, "."))
}

func errArgumentsExclude(first, second *resolve.Argument) *diag.Diagnostic {
	d := failure("SYN440", "Wrong argument", second.NameRange, "", "%s and %s exclude each other. Write one of them.", first.Name, second.Name)
	return related(d, first.NameRange, "the other")
}

func errArgumentForm(d *resolve.Argument, spec *schema.Argument) *diag.Diagnostic {
	takes := "one value"
	switch {
	case spec.Plain && len(spec.OneOf) > 0:
		takes = diag.Or(spec.OneOf) + ", in quotes"
	case spec.Plain:
		takes = "a plain text in quotes"
	case spec.Form == schema.SomeValues:
		takes = "a value or a list of them"
	case spec.Form == schema.NamedValues:
		takes = "named values: { NAME = EXPRESSION }"
	}
	return failure("SYN440", "Wrong argument", d.Value.Place(), "", "%s takes %s.", d.Name, takes)
}

func errArgumentChoice(at span.Range, d *resolve.Argument, spec *schema.Argument, text string, certain bool) *diag.Diagnostic {
	near := diag.Nearest(text, spec.OneOf)
	sev, fix := failure, ""
	if !certain {
		sev = warning
	} else if spec.Plain {
		fix = quoted(diag.First(near))
	}
	return sev("SYN440", "Wrong argument", at, fix, "%s is %s, not %q.%s", d.Name, diag.Or(spec.OneOf), text, diag.DidYouMean(near))
}

func errListInObject(l *syntax.List) *diag.Diagnostic {
	return failure("SYN440", "Wrong argument", l.Range, "", "The values of an object are expressions. Write the list as one: \"[a, b]\".")
}

func errArgumentList(at span.Range, d *resolve.Argument) *diag.Diagnostic {
	return failure("SYN440", "Wrong argument", at, "", "%s takes one value, and this is a list. Write \"….join(', ')\" for all of them in one text.", d.Name)
}

func errArgumentEmpty(checked *expr.Checked, d *resolve.Argument, always bool) *diag.Diagnostic {
	sev, verb := warning, "can be"
	if always {
		sev, verb = failure, "is always"
	}
	return sev("SYN440", "Wrong argument", checked.Source.Range, "",
		"%s must not be empty, and this %s; such a message goes to the dead letters. Give a value for that case, \"coalesce(%s, '…')\", or a condition in the action's if.", d.Name, verb, strings.ReplaceAll(inner(checked), `"`, `'`))
}

func errArgumentLong(checked *expr.Checked, d *resolve.Argument, spec *schema.Argument, length int, certain bool) *diag.Diagnostic {
	sev, verb := warning, "can have up to"
	if certain {
		sev, verb = failure, "has"
	}
	return sev("SYN440", "Wrong argument", checked.Source.Range, "",
		"This %s %d characters; %s takes %d. Cut it or its parts: {{ truncate(…, 100) }}.", verb, length, d.Name, spec.Length)
}
