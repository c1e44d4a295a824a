package check

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/syncline/syncline/lang/diag"
	"github.com/syncline/syncline/lang/expr"
	"github.com/syncline/syncline/lang/resolve"
	"github.com/syncline/syncline/lang/schema"
	"github.com/syncline/syncline/lang/span"
	"github.com/syncline/syncline/lang/value"
)

// Values and the fields they go to.

func errType(m *Mapping, w *writing) *diag.Diagnostic {
	fix, how := typeFix(m.Value, m.Field)
	return failure("SYN407", "Value does not fit the field", m.Value.Source.Range, fix,
		"%s.%s is a field of %s and takes %s; this is %s.%s", w.To.name(), m.Field.Name, m.Field.TypeText(), takes(m.Field), kindName(m.Value.Type), how)
}

func errKeyType(k *resolve.Key, f *schema.Field, checked *expr.Checked) *diag.Diagnostic {
	fix, how := typeFix(checked, f)
	return failure("SYN407", "Value does not fit the field", k.Value.Place(), fix,
		"%s is a field of %s and never equals %s, so nothing would be found.%s", k.Field, f.TypeText(), kindName(checked.Type), how)
}

// takes says what values a field holds.
func takes(f *schema.Field) string {
	switch f.Kind {
	case schema.Integer:
		return "whole numbers"
	case schema.Number:
		return "numbers"
	case schema.Boolean:
		return "true or false"
	case schema.Date:
		return "dates"
	case schema.DateTime:
		return "datetimes"
	case schema.MultiPicklist:
		return "lists of texts"
	case schema.Reference, schema.ID:
		return "ids, which are texts"
	}
	return "texts"
}

// typeFix gives the expression that converts, and a sentence that says so.
func typeFix(checked *expr.Checked, f *schema.Field) (fix, sentence string) {
	text := inner(checked)
	call := ""
	switch v := checked.Type.Kind; {
	case f.Kind == schema.Date && v == value.KindTime:
		call = "date(" + text + ")"
	case f.Kind == schema.DateTime && v == value.KindDate:
		call = "datetime(" + text + ")"
	case f.Kind == schema.Integer && v == value.KindText:
		call = "int(" + text + ")"
	case f.Kind == schema.Number && v == value.KindText:
		call = "double(" + text + ")"
	case f.Kind == schema.Date && v == value.KindText:
		call = "date(" + text + ")"
	case f.Kind == schema.DateTime && v == value.KindText:
		call = "datetime(" + text + ")"
	case f.Kind == schema.Boolean && v == value.KindText:
		call = text + " == 'true'"
	case f.Kind == schema.Boolean && (v == value.KindInt || v == value.KindFloat):
		call = text + " != 0"
	case f.Kind.IsNumber() && v == value.KindBool && checked.Type.Const == nil:
		call = text + " ? 1 : 0"
	case f.Kind == schema.MultiPicklist && v == value.KindText:
		call = "[" + text + "]"
	case f.Kind.IsText() && v == value.KindList:
		call = text + ".join(', ')"
	case f.Kind.IsText() && v != value.KindNull && checked.Source.Spelling != expr.Text:
		fix = "text(\"{{ " + strings.ReplaceAll(text, `"`, `'`) + " }}\")"
		return fix, " Write " + fix + "."
	}
	if call == "" {
		return "", ""
	}
	fix = `"` + strings.ReplaceAll(call, `"`, `'`) + `"`
	return fix, " Write " + fix + "."
}

// inner is an expression without its quotes, on one line.
func inner(checked *expr.Checked) string {
	src := checked.Source
	switch src.Spelling {
	case expr.Quoted:
		return strings.Join(strings.Fields(src.Text), " ")
	case expr.Reference:
		return strings.Join(src.Path, ".")
	}
	return src.Range.Text()
}

func errTextLong(m *Mapping, leaf *expr.Node, text string) *diag.Diagnostic {
	return failure("SYN408", "Text too long", leafRange(m, leaf), "",
		"This text has %d characters; %s holds %d. Shorten it.", utf8.RuneCountInString(text), m.Field.Name, m.Field.Length)
}

func warnTextLong(m *Mapping, length int) *diag.Diagnostic {
	fix, how := "", "cut its parts with truncate(…), as in {{ truncate(source.Name, 40) }}"
	if m.Value.Source.Spelling != expr.Text {
		fix = fmt.Sprintf("\"truncate(%s, %d)\"", strings.ReplaceAll(inner(m.Value), `"`, `'`), m.Field.Length)
		how = "write " + fix
	}
	return warning("SYN408", "Text may be too long", m.Value.Source.Range, fix,
		"This can have up to %d characters; %s holds %d. A longer text is refused and its record rejected, never cut: %s.", length, m.Field.Name, m.Field.Length, how)
}

func warnSpaceLost(m *Mapping, leaf *expr.Node, text string) *diag.Diagnostic {
	trimmed := strings.TrimSpace(text)
	return warning("SYN427", "Blanks get lost", leafRange(m, leaf), respelled(m, leaf, trimmed),
		"%q begins or ends with blanks, which %s does not store. Nothing else is wrong: values are compared in the stored form. Write %q.", text, m.Field.Name, trimmed)
}

func errDigitsLost(m *Mapping, scale int, certain bool) *diag.Diagnostic {
	t := m.Value.Type
	digits := fmt.Sprintf("%d digits", t.Scale)
	if t.Scale == 1 {
		digits = "1 digit"
	}
	holds := fmt.Sprintf("holds %d", scale)
	if scale == 0 {
		holds = "holds whole numbers only"
	}
	sev, verb := warning, "can have"
	if t.Const != nil {
		verb = "has"
	}
	if certain && t.Const != nil {
		sev = failure
	}
	fix := fmt.Sprintf("\"round(%s, %d)\"", strings.ReplaceAll(inner(m.Value), `"`, `'`), scale)
	return sev("SYN409", "Digits get lost", m.Value.Source.Range, fix,
		"This %s %s after the point; %s %s, so the value would be rounded. Write %s to say that this is meant.", verb, digits, m.Field.Name, holds, fix)
}

func errNumberLarge(m *Mapping, digits, whole int) *diag.Diagnostic {
	return failure("SYN410", "Number too large", m.Value.Source.Range, "",
		"This number has %d digits before the point; %s (%s) holds %d.", digits, m.Field.Name, m.Field.TypeText(), whole)
}

func warnNumberLarge(m *Mapping, from *schema.Field, whole int) *diag.Diagnostic {
	return warning("SYN410", "Number may be too large", m.Value.Source.Range, "",
		"%s is %s; %s is %s and holds %d digits before the point. A larger number is refused and its record rejected. Widen the field, or bound the value: \"math.least(…)\".",
		from.Name, from.TypeText(), m.Field.Name, m.Field.TypeText(), whole)
}

func errNotInPicklist(m *Mapping, leaf *expr.Node, text string) *diag.Diagnostic {
	near := diag.Nearest(text, values2texts(m.Field))
	sev, what := failure, "takes"
	if !m.Field.Restricted {
		sev, what = warning, "lists"
	}
	fix := ""
	if n := diag.First(near); n != "" {
		fix = respelled(m, leaf, n)
	}
	d := sev("SYN411", "Not a value of the picklist", leafRange(m, leaf), fix,
		"%q is not a value of %s.%s It %s %s.", text, m.Field.Name, diag.DidYouMean(near), what, list(values2texts(m.Field)))
	if leaf != nil && leaf.Table != nil {
		related(d, leaf.Table.Range, "the table that gives it")
	}
	return d
}

// respelled writes another text in the place of a literal, "" where the literal does not stand alone.
func respelled(m *Mapping, leaf *expr.Node, text string) string {
	switch {
	case leaf == nil || leaf.Op != expr.OpConst || leaf.Value.Kind() != value.KindText:
		return ""
	case m.Value.Source.Spelling == expr.Text:
		return "text(" + quote(strings.ReplaceAll(text, `"`, `\"`)) + ")"
	case leaf.Text == "" || leaf.Text[0] != '"' && leaf.Text[0] != '\'':
		return ""
	}
	q := leaf.Text[:1]
	return q + strings.ReplaceAll(text, q, `\`+q) + q
}

func warnMaybeNotInPicklist(m *Mapping, outside []string, all bool) *diag.Diagnostic {
	f := m.Field
	sev, then := warning, "Such a record is rejected."
	switch {
	case all && f.Restricted:
		sev, then = failure, "No value fits."
	case !f.Restricted:
		then = "The system stores such a value all the same."
	}
	return sev("SYN411", "Not a value of the picklist", m.Value.Source.Range, "",
		"This can give %s, which %s does not list. %s Translate the values with a table; %s takes %s.", list(outside), f.Name, then, f.Name, list(values2texts(f)))
}

func warnAnyText(m *Mapping) *diag.Diagnostic {
	return warning("SYN412", "Text may not be a value of the picklist", m.Value.Source.Range, "",
		"This can give any text; %s takes only %s, and a record with another is rejected. Translate the values with a table that has a default.", m.Field.Name, list(values2texts(m.Field)))
}

func errWrongReference(at span.Range, name string, f *schema.Field, in End, from *origin) *diag.Diagnostic {
	targets := f.RefTo
	if f.Kind == schema.ID {
		targets = []string{in.Ref.Name}
	}
	return failure("SYN413", "Reference to another object", at, "",
		"%s holds ids of %s in %s; this is an id of %s. Find the record with a find block and use its id.", name, diagOr(targets), in.connection(), from)
}

func diagOr(names []string) string {
	if len(names) > 4 {
		return fmt.Sprintf("%s or %d more objects", strings.Join(names[:3], ", "), len(names)-3)
	}
	return strings.Join(names, " or ")
}

func errAlwaysEmpty(m *Mapping, w *writing) *diag.Diagnostic {
	return failure("SYN414", "Field cannot be empty", m.Value.Source.Range, "", "%s.%s cannot be empty. Give it a value, or remove this entry.", w.To.name(), m.Field.Name)
}

func warnMayBeEmpty(m *Mapping, w *writing) *diag.Diagnostic {
	or := `, or keep the target's value with on_null = "keep"`
	if w.creates && m.Field.Required || w.action != nil {
		or = ""
	}
	example := map[schema.Kind]string{schema.Boolean: "false", schema.Integer: "0", schema.Number: "0.0"}[m.Field.Kind]
	if example == "" {
		example = "'…'"
	}
	return warning("SYN414", "Field cannot be empty", m.Value.Source.Range, "",
		"This can be empty and %s.%s cannot; a record with an empty value is rejected. Give a value for that case: \"coalesce(%s, %s)\"%s.",
		w.To.name(), m.Field.Name, strings.ReplaceAll(inner(m.Value), `"`, `'`), example, or)
}

func warnResolution(m *Mapping) *diag.Diagnostic {
	return warning("SYN415", "Time is stored coarser", m.Value.Source.Range, "",
		"%s stores times in steps of %s, so what is finer gets lost. Nothing else is wrong: values are compared in the stored form.", m.Field.Name, m.Field.Resolution)
}

func errVolatile(call *expr.Node, m *Mapping) *diag.Diagnostic {
	return failure("SYN425", "Changes at every run", call.Range, "",
		"%s() is another value at each run, so every record would be written every time. Write %s = \"with_changes\" in a write block (written only together with another field), or \"on_create\".", call.Name, m.Field.Name)
}

func leafRange(m *Mapping, leaf *expr.Node) span.Range {
	if leaf == nil || leaf.Range.IsZero() || m.Value.Source.Spelling == expr.Text {
		return m.Value.Source.Range
	}
	return leaf.Range
}

// map_same.

func warnSameEmpty(s *Sync) *diag.Diagnostic {
	return warning("SYN426", "map_same finds no field", s.Decl.MapSame.Range, "",
		"No field of %s has a counterpart in %s that fits and may be written. Check prefix, to and except, or remove map_same.", s.From.name(), s.To.name())
}

func errSameMissing(s *Sync, missing []string) *diag.Diagnostic {
	noun := "field"
	if len(missing) > 1 {
		noun = "fields"
	}
	return failure("SYN426", "map_same finds no field", s.Decl.MapSame.Range, "",
		`%s has no %s %s. Add what is missing there, name the source fields in except, or write missing = "skip".`, s.To.name(), noun, list(missing))
}

func warnExceptUnknown(n resolve.Name, s *Sync) *diag.Diagnostic {
	near := nearestFields(s.From.Object, n.Text)
	return warning("SYN426", "map_same finds no field", n.Range, quoted(diag.First(near)), "Neither %s nor %s has a field %q, so except leaves out nothing.%s", s.From.name(), s.To.name(), n.Text, diag.DidYouMean(near))
}

func errSameWrite(s *Sync, w resolve.FieldMode) *diag.Diagnostic {
	return failure("SYN426", "map_same finds no field", w.FieldRange, "", "Neither map nor map_same gives %s, so there is nothing to write.", w.Field)
}

// Tables.

func warnDeadRow(t *resolve.Table, row resolve.Row, texts []string) *diag.Diagnostic {
	slices.Sort(texts)
	texts = slices.Compact(texts)
	near := diag.Nearest(row.Key, texts)
	return warning("SYN428", "Row is never reached", row.KeyRange, quoted(diag.First(near)),
		"No rule looks %q up in table.%s.%s The values are %s.", row.Key, t.Name, diag.DidYouMean(near), list(texts))
}
