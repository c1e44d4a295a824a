package expr

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/syncline/syncline/lang/diag"
	"github.com/syncline/syncline/lang/schema"
	"github.com/syncline/syncline/lang/span"
	"github.com/syncline/syncline/lang/value"
)

// SYN304: a name that nothing here has.
func errUnknownName(head step, s *Scope, locals []string, isPath bool, want Want) *diag.Diagnostic {
	const code, summary = "SYN304", "Unknown name"
	if instead := s.Hints[head.name]; instead != "" {
		return suggest(mistake(code, summary, head.place, "There is no %q in this rule; here it is called %s.", head.name, instead), instead)
	}
	if head.name == "var" || head.name == "variable" {
		return suggest(mistake(code, summary, head.place, "Variables are read as vars.NAME."), "vars")
	}
	names := append(rootNames(s), locals...)
	if isPath {
		names = append(names, "vars", "table")
	}
	near := diag.Nearest(head.name, names)
	detail := fmt.Sprintf("There is no %q here.%s", head.name, diag.DidYouMean(near))
	switch root, field := fieldNamed(s, head.name); {
	case len(near) > 0:
	case field != "":
		near = []string{root + "." + field}
		detail += fmt.Sprintf(" The field is read as %s.%s.", root, field)
	case functionsByName[head.name] != nil:
		detail += fmt.Sprintf(" The function is called with brackets: %s.", functionsByName[head.name].Signatures()[0])
	case !isPath:
		detail += fmt.Sprintf(" For the text itself write %s or \"'%s'\".%s", textFix(head.name), head.name, inScope(s))
	default:
		detail += inScope(s)
	}
	return suggest(mistake(code, summary, head.place, "%s", detail), diag.First(near))
}

func inScope(s *Scope) string {
	names := rootNames(s)
	if len(names) == 0 {
		return ""
	}
	return " Here one can read " + diag.Or(names) + "."
}

func rootNames(s *Scope) []string {
	var out []string
	for _, r := range s.Roots {
		out = append(out, r.Name)
	}
	return out
}

// fieldNamed finds a record in sight that has a field of this name.
func fieldNamed(s *Scope, name string) (root, field string) {
	for _, r := range s.Roots {
		if r.Object.Field(name) != nil {
			return r.Name, name
		}
	}
	return "", ""
}

func errBareWord(s step, scope *Scope, want Want) *diag.Diagnostic {
	d := errUnknownName(s, scope, nil, false, want)
	if want.Field != nil && (want.Field.HasValue(s.name) || want.Field.Kind.IsText()) && d.Suggestion == "" {
		fix := textFix(s.name)
		d.Detail = fmt.Sprintf("There is no %q here. For the text itself write %s.", s.name, fix)
		d.Suggestion = fix
	}
	return d
}

func errUnknownVariable(at span.Range, path string, names []string) *diag.Diagnostic {
	near := diag.Nearest(path, names)
	return suggest(mistake("SYN304", "Unknown name", at, "There is no %q.%s", path, diag.DidYouMean(near)), diag.First(near))
}

// SYN305: a field that the object does not have.
func errUnknownField(s step, o *schema.Object, r *Root, before []step) *diag.Diagnostic {
	near := nearestFields(s.name, o)
	system := ""
	if r.Catalog != nil && r.Catalog.System != "" {
		system = " in " + r.Catalog.System
	}
	if f := foldedField(s.name, o); f != "" {
		return suggest(mistake("SYN305", "Unknown field", s.place, "%s has no field %q; it is written %q, and letter case counts.", o.Name, s.name, f), f)
	}
	detail := fmt.Sprintf("%s%s has no field %q.%s", o.Name, system, s.name, diag.DidYouMean(near))
	switch {
	case o.Absent:
		detail = fmt.Sprintf("%s%s has no field %q, as far as is known: there is no %s yet. See that it is where the connection looks for it, or declare the field.%s",
			o.Name, system, s.name, cmp.Or(o.Label, o.Name), diag.DidYouMean(near))
	case len(o.Fields) == 0:
		detail = fmt.Sprintf("%s%s has no fields at all: it is not there yet, or empty. Declare its columns, or see that it is where the connection looks for it.", o.Name, system)
	}
	if len(before) > 0 {
		detail = fmt.Sprintf("%s leads to %s, which has no field %q.%s", joinSteps(before), o.Name, s.name, diag.DidYouMean(near))
	}
	if dash := strings.IndexByte(s.name, '-'); dash > 0 && o.Field(s.name[:dash]) != nil {
		detail += fmt.Sprintf(" To subtract, put the expression in quotes: \"%s.%s - %s\".", r.Name, s.name[:dash], s.name[dash+1:])
	}
	return suggest(mistake("SYN305", "Unknown field", s.place, "%s", detail), diag.First(near))
}

// nearestFields offers fields by name and by label.
func nearestFields(name string, o *schema.Object) []string {
	var names []string
	byLabel := map[string]string{}
	for _, f := range o.Fields {
		names = append(names, f.Name)
		if f.Label != "" && f.Label != f.Name {
			byLabel[f.Label] = f.Name
		}
	}
	near := diag.Nearest(name, names)
	spoken := strings.ReplaceAll(name, "_", " ")
	labels := make([]string, 0, len(byLabel))
	for l, f := range byLabel {
		if strings.EqualFold(l, spoken) {
			near = append([]string{f}, near...)
		}
		labels = append(labels, l)
	}
	slices.Sort(labels)
	for _, l := range diag.Nearest(spoken, labels) {
		near = append(near, byLabel[l])
	}
	var out []string
	for _, n := range near {
		if !slices.Contains(out, n) && len(out) < 3 {
			out = append(out, n)
		}
	}
	return out
}

func foldedField(name string, o *schema.Object) string {
	for _, f := range o.Fields {
		if f.Name != name && strings.EqualFold(f.Name, name) {
			return f.Name
		}
	}
	return ""
}

func errRelationAsValue(s step, r *Root, rel *schema.Field) *diag.Diagnostic {
	return mistake("SYN305", "Unknown field", s.place, "%s leads to a record of %s, it is no value. Choose one of its fields, as in %s.Name, or the reference itself: %s.",
		s.name, diag.Or(rel.RefTo), s.name, rel.Name)
}

func errNoRelation(s, next step, o *schema.Object, r *Root) *diag.Diagnostic {
	if f := o.Field(s.name); f != nil {
		if f.Relationship != "" {
			fix := f.Relationship
			return suggest(mistake("SYN305", "Unknown field", s.place, "%s holds an id. To read a field of the record it points to, write %s.%s.", s.name, fix, next.name), fix)
		}
		return mistake("SYN305", "Unknown field", s.place, "%s is a field of type %s; it has no field %q.", s.name, f.Kind, next.name)
	}
	var relations []string
	for _, f := range o.Fields {
		if f.Relationship != "" {
			relations = append(relations, f.Relationship)
		}
	}
	near := diag.Nearest(s.name, append(relations, fieldNames(o)...))
	return suggest(mistake("SYN305", "Unknown field", s.place, "%s has no field or reference %q.%s", o.Name, s.name, diag.DidYouMean(near)), diag.First(near))
}

func fieldNames(o *schema.Object) []string {
	out := make([]string, len(o.Fields))
	for i, f := range o.Fields {
		out[i] = f.Name
	}
	return out
}

func errTargetNotKnown(s step, rel *schema.Field) *diag.Diagnostic {
	return mistake("SYN305", "Unknown field", s.place,
		"%s leads to %s, whose fields are not in the schema here. Run `syncline schema pull`, or check that this user may see the object.", s.name, diag.Or(rel.RefTo))
}

func errNoFields(at span.Range, t Type, field string) *diag.Diagnostic {
	if t.Dynamic {
		return mistake("SYN305", "Unknown field", at, "A %s has no fields here, so there is no %q in it.", t, field)
	}
	return mistake("SYN305", "Unknown field", at, "A %s has no fields, so there is no %q in it.", t, field)
}

// SYN306: a function that the library does not have.
func errUnknownFunction(at span.Range, name string, s *Scope) *diag.Diagnostic {
	const code, summary = "SYN306", "Unknown function"
	if name == "dyn" || name == "type" {
		return mistake(code, summary, at, "%s() is not available: every expression has a type that is known beforehand. Convert with string(), int(), double() or bool().", name)
	}
	if how := foreignFunctions[strings.ToLower(name)]; how != "" {
		return mistake(code, summary, at, "There is no function %q. %s", name, how)
	}
	for _, t := range s.Tables {
		if t.Name == name {
			return suggest(mistake(code, summary, at, "A table is looked up as table.%s(key).", name), "table."+name)
		}
	}
	var names []string
	for _, fn := range library {
		names = append(names, fn.Name)
	}
	for _, t := range s.Tables {
		if near := diag.Nearest(name, []string{t.Name}); len(near) > 0 {
			names = append(names, "table."+t.Name)
			name = "table." + name
			break
		}
	}
	near := diag.Nearest(name, names)
	if len(near) == 0 && len(name) > 2 {
		near = begun(name, names)
	}
	name = strings.TrimPrefix(name, "table.")
	return suggest(mistake(code, summary, at, "There is no function %q.%s", name, diag.DidYouMean(near)), diag.First(near))
}

// begun gives the names that begin with another one, if they are few.
func begun(name string, among []string) (out []string) {
	for _, n := range among {
		if strings.HasPrefix(n, strings.ToLower(name)) {
			out = append(out, n)
		}
	}
	if len(out) > 3 {
		return nil
	}
	return out
}

// foreignFunctions says what to write for functions that people know from Salesforce formulas, spreadsheets and SQL.
var foreignFunctions = map[string]string{
	"if": "Write condition ? a : b.", "iif": "Write condition ? a : b.", "iff": "Write condition ? a : b.",
	"case":    "Use a table block, or condition ? a : b.",
	"isblank": "Write x == null.", "isnull": "Write x == null.", "isempty": "Write x == null.", "is_null": "Write x == null.",
	"nvl": "Write coalesce(a, b).", "ifnull": "Write coalesce(a, b).", "blankvalue": "Write coalesce(a, b).", "nullvalue": "Write coalesce(a, b).", "default": "Write coalesce(a, b).",
	"concat": "Write a + b, or text(\"{{ a }} {{ b }}\").", "concatenate": "Write a + b, or text(\"{{ a }} {{ b }}\").", "format": "Write text(\"…{{ x }}…\").",
	"len": "Write size(x).", "length": "Write size(x).", "count": "Write size(x).",
	"left": "Write truncate(x, n).", "mid": "Write x.substring(from, to).", "substr": "Write x.substring(from, to).", "right": "Write x.substring(size(x) - n).",
	"text": "Write string(x).", "str": "Write string(x).", "tostring": "Write string(x).", "to_string": "Write string(x).", "value": "Write double(x).", "number": "Write double(x).", "float": "Write double(x).", "tonumber": "Write double(x).",
	"tolower": "Write lower(x).", "tolowercase": "Write lower(x).", "lowercase": "Write lower(x).", "lcase": "Write lower(x).",
	"toupper": "Write upper(x).", "touppercase": "Write upper(x).", "uppercase": "Write upper(x).", "ucase": "Write upper(x).",
	"strip": "Write trim(x).", "substitute": "Write x.replace(a, b).", "regexmatch": "Write x.matches(pattern).", "regex": "Write x.matches(pattern).", "like": "Write x.contains(part) or x.matches(pattern).",
	"starts_with": "Write x.startsWith(a).", "begins": "Write x.startsWith(a).", "ends_with": "Write x.endsWith(a).", "includes": "Write 'value' in x.",
	"ispickval": "Write x == 'Value'.", "and": "Write a && b.", "or": "Write a || b.", "not": "Write !a.",
	"datevalue": "Write date(x).", "datetimevalue": "Write datetime(x).", "to_date": "Write date(x).", "parse_date": "Write date(x).", "getdate": "Write today().", "current_date": "Write today().", "current_timestamp": "Write now().",
	"dateadd": "Write d + days(n) or add_months(d, n).", "addmonths": "Write add_months(d, n).", "datediff": "Write a - b, which is a number of days.", "weeks": "Write days(7 * n).", "months": "Write add_months(d, n).", "years": "Write add_months(d, 12 * n).",
	"ceiling": "Write ceil(x).", "pow": "There is no power; multiply.", "mod": "Write a % b.", "average": "Write sum(list) / size(list).", "avg": "Write sum(list) / size(list).",
	"uuid": "A value that differs at each run would never be in step.", "random": "A value that differs at each run would never be in step.",
	"casesafeid": "Write sf_id18(x).", "vlookup": "Use a table block: table.NAME(key).", "lookup": "Use a table block: table.NAME(key).", "domain": "Write email_domain(x).",
}

// SYN307: a table or variable that is not declared.
func errUnknownTable(at span.Range, name string, tables []*Table) *diag.Diagnostic {
	var names []string
	for _, t := range tables {
		names = append(names, t.Name)
	}
	near := diag.Nearest(name, names)
	detail := fmt.Sprintf("There is no table %q.%s", name, diag.DidYouMean(near))
	if len(near) == 0 {
		detail += fmt.Sprintf(" Declare it: table %q { rows = { … } }.", name)
	}
	d := mistake("SYN307", "Unknown table or variable", at, "%s", detail)
	if len(near) > 0 {
		d.Suggestion = "table." + near[0]
	}
	return d
}

func errTableWithoutKey(at span.Range, steps []step, tables []*Table) *diag.Diagnostic {
	if len(steps) < 2 {
		return mistake("SYN307", "Unknown table or variable", at, "A table is looked up as table.NAME(key).")
	}
	for _, t := range tables {
		if t.Name == steps[1].name {
			return mistake("SYN308", "Wrong arguments", at, "table.%s needs the key to look up: table.%s(source.Field).", t.Name, t.Name)
		}
	}
	return errUnknownTable(steps[1].place, steps[1].name, tables)
}

func errVarsAlone(at span.Range) *diag.Diagnostic {
	return mistake("SYN307", "Unknown table or variable", at, "Variables are read one by one, as vars.NAME.")
}

func errUnknownVar(s step, vars []Var) *diag.Diagnostic {
	var names []string
	for _, v := range vars {
		names = append(names, v.Name)
	}
	near := diag.Nearest(s.name, names)
	detail := fmt.Sprintf("There is no variable %q.%s", s.name, diag.DidYouMean(near))
	if len(near) == 0 {
		detail += fmt.Sprintf(" Declare it: variable %q { default = … }.", s.name)
	}
	return suggest(mistake("SYN307", "Unknown table or variable", s.place, "%s", detail), diag.First(near))
}

// SYN312: a record where a value is needed.
func errRecordAsValue(at span.Range, r *Root) *diag.Diagnostic {
	example := "Name"
	if r.Object != nil && r.Object.Field("Name") == nil && len(r.Object.Fields) > 0 {
		example = r.Object.Fields[0].Name
	}
	detail := fmt.Sprintf("%s is a whole record. Choose one of its fields, as in %s.%s.", r.Name, r.Name, example)
	if r.Optional {
		detail += fmt.Sprintf(" To ask whether it was found, write %s != null.", r.Name)
	}
	return mistake("SYN312", "Record used as a value", at, "%s", detail)
}

// compareHint and its kin say what to write for two types that do not meet.
func compareHint(a, b *Node) string {
	x, y := a.Type, b.Type
	if y.is(value.KindDate) || y.IsNumber() || y.is(value.KindDays) {
		a, b, x, y = b, a, y, x
	}
	switch {
	case x.is(value.KindDate) && y.is(value.KindTime):
		return fmt.Sprintf("Write date(%s).", shown(b, "datetime"))
	case x.is(value.KindDate) && y.IsText(), x.is(value.KindTime) && y.IsText():
		return fmt.Sprintf("Write %s(%s) for the text.", x.Kind, shown(b, "text"))
	case x.IsNumber() && y.IsText():
		return fmt.Sprintf("Write double(%s) to read the text as a number.", shown(b, "text"))
	case x.is(value.KindDays) && y.is(value.KindDuration):
		return "days() counts calendar days, the difference of two datetimes is exact: compare with hours(), or compare the datetimes: a < now() - days(30)."
	case x.IsNumber() && y.is(value.KindDuration):
		return "The difference of two datetimes is an exact span: compare it with hours(n). For a number of days write date(a) - date(b)."
	case x.IsNumber() && y.is(value.KindDays), x.is(value.KindDays) && y.IsNumber():
		return "The difference of two dates is a plain number: write 30 and not days(30)."
	case x.is(value.KindBool) || y.is(value.KindBool):
		return "A true/false value is compared with true or false."
	case x.is(value.KindList) || y.is(value.KindList):
		return "To ask whether a list holds a value, write 'value' in list."
	}
	return ""
}

func shown(n *Node, otherwise string) string {
	if n.Text == "" || len(n.Text) > 80 {
		return otherwise
	}
	return n.Text
}

func arithmeticHint(n *Node) string {
	a, b := n.Args[0], n.Args[1]
	x, y := a.Type, b.Type
	switch {
	case n.Op == OpAdd && (x.IsText() || y.IsText()):
		other := b
		if y.IsText() {
			other = a
		}
		return fmt.Sprintf("Write string(%s), or text(\"…{{ … }}…\").", shown(other, "x"))
	case (x.is(value.KindDate) || x.is(value.KindTime)) && y.IsNumber():
		return fmt.Sprintf("Write days(%s).", shown(b, "n"))
	case x.is(value.KindDate) && y.is(value.KindDuration):
		return "A date has no hours: write days(n), or datetime(d) + hours(n)."
	case x.is(value.KindDate) && y.is(value.KindTime), x.is(value.KindTime) && y.is(value.KindDate):
		return compareHint(a, b)
	case x.IsText() && (y.IsNumber() || y.IsText()):
		return fmt.Sprintf("Write double(%s) to read the text as a number.", shown(a, "x"))
	case x.IsNumber() && y.IsText():
		return fmt.Sprintf("Write double(%s) to read the text as a number.", shown(b, "x"))
	}
	return ""
}

func branchHint(a, b *Node) string {
	switch x, y := a.Type, b.Type; {
	case x.IsText() || y.IsText():
		return "Write string(…) around the one that is no text, or null for no value."
	case x.is(value.KindDate) && y.is(value.KindTime) || x.is(value.KindTime) && y.is(value.KindDate):
		return compareHint(a, b)
	}
	return "Both must give the same type; null fits every type."
}

func argumentHint(n *Node) string {
	for _, a := range n.Args {
		t := a.Type
		switch {
		case n.Name == "within" && t.IsNumber():
			return fmt.Sprintf("Write days(%s).", shown(a, "n"))
		case n.Name == "within" && t.is(value.KindDuration):
			return "A date has no hours: write days(n)."
		}
	}
	if len(n.Args) > 0 {
		for _, o := range n.fn.overloads {
			if o.accepts(len(n.Args)) && o.param(0) == pText && !n.Args[0].Type.IsText() && !n.Args[0].Type.is(value.KindList) {
				return fmt.Sprintf("Write string(%s) for its text.", shown(n.Args[0], "x"))
			}
		}
	}
	return ""
}
