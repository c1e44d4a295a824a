package expr

import (
	"fmt"
	"strings"

	"github.com/syncline/syncline/lang/diag"
	"github.com/syncline/syncline/lang/schema"
	"github.com/syncline/syncline/lang/span"
)

// Every diagnostic of this package is made here (form, size, types), in errors_names.go (names and paths) or in
// warnings.go. SYN3xx; spec/diagnostics has a page for each.

func mistake(code, summary string, at span.Range, format string, args ...any) *diag.Diagnostic {
	return &diag.Diagnostic{Severity: diag.Error, Code: code, Summary: summary, Subject: at, Detail: fmt.Sprintf(format, args...)}
}

func caution(code, summary string, at span.Range, format string, args ...any) *diag.Diagnostic {
	d := mistake(code, summary, at, format, args...)
	d.Severity = diag.Warning
	return d
}

func suggest(d *diag.Diagnostic, text string) *diag.Diagnostic {
	d.Suggestion = text
	return d
}

// SYN301: the text is no expression.
func errSyntax(at span.Range, format string, args ...any) *diag.Diagnostic {
	return mistake("SYN301", "Expression does not parse", at, format, args...)
}

func errNotUTF8(at span.Range) *diag.Diagnostic {
	return errSyntax(at, "The expression is not valid UTF-8. Save the file as UTF-8.")
}

func errEmptyExpression(at span.Range) *diag.Diagnostic {
	return errSyntax(at, "The expression is empty. Write null for no value, or text(\"\") for an empty text.")
}

// SYN302: a text template is wrong.
func errHoleNotClosed(at span.Range) *diag.Diagnostic {
	return mistake("SYN302", "Text template does not parse", at,
		"This {{ has no }} that belongs to it. A hole is {{ expression }}; for the characters themselves write {{ '{{' }}.")
}

func errEmptyHole(at span.Range) *diag.Diagnostic {
	return mistake("SYN302", "Text template does not parse", at, "The hole is empty. Write an expression between {{ and }}.")
}

func errStrayClose(at span.Range) *diag.Diagnostic {
	return mistake("SYN302", "Text template does not parse", at, "This }} has no {{ before it. For the characters themselves write {{ '}}' }}.")
}

func errCannotPrint(n *Node) *diag.Diagnostic {
	return mistake("SYN302", "Text template does not parse", n.Range, "A %s has no form in a text. Use it to move a date: {{ today() + days(7) }}.", n.Type)
}

// SYN303: the expression is too large.
func errTooLong(at span.Range, size int) *diag.Diagnostic {
	return mistake("SYN303", "Expression too large", at, "The expression has %d bytes, the limit is %d. Put long lists of values into a table block.", size, maxLength)
}

func errTooDeep(at span.Range) *diag.Diagnostic {
	return mistake("SYN303", "Expression too large", at, "The expression is nested more than %d levels deep here. Split it, or use a table block.", maxDepth)
}

func errTooManyNodes(at span.Range) *diag.Diagnostic {
	return mistake("SYN303", "Expression too large", at, "The expression has more than %d parts. Put long lists of values into a table block.", maxNodes)
}

func errTooManyHoles(at span.Range) *diag.Diagnostic {
	return mistake("SYN303", "Expression too large", at, "The text has more than %d braces. Split it over several fields.", maxBraces)
}

func errTooManyLoops(at span.Range) *diag.Diagnostic {
	return mistake("SYN303", "Expression too large", at,
		"This loop stands within %d others; its cost would multiply with each list. Loops may be nested %d deep.", maxLoops, maxLoops)
}

func errTooCostly(at span.Range, cost float64) *diag.Diagnostic {
	return mistake("SYN303", "Expression too large", at, "This part can take %.0f steps on one record, the limit is %d. Shorten the lists it runs over.", cost, maxCost)
}

// SYN308: a function is called with what it does not take.
func errArguments(n *Node, at span.Range) *diag.Diagnostic {
	given := make([]string, len(n.Args))
	for i, a := range n.Args {
		given[i] = a.Type.String()
	}
	detail := fmt.Sprintf("%s does not take (%s). It is called as %s.", n.Name, strings.Join(given, ", "), strings.Join(n.fn.Signatures(), ", or "))
	if hint := argumentHint(n); hint != "" {
		detail += " " + hint
	}
	return mistake("SYN308", "Wrong arguments", at, "%s", detail)
}

func errTableArguments(at span.Range, name string, n int) *diag.Diagnostic {
	return mistake("SYN308", "Wrong arguments", at, "table.%s takes one argument, the key; here are %d.", name, n)
}

func errTableKey(key *Node, name string) *diag.Diagnostic {
	return mistake("SYN308", "Wrong arguments", key.Range, "table.%s is looked up by one value, not by a %s.", name, key.Type)
}

func errHas(at span.Range) *diag.Diagnostic {
	return mistake("SYN308", "Wrong arguments", at, "has() takes one field, as in has(source.Name), and tells whether it is filled.")
}

func errLoopForm(at span.Range, fn *Function) *diag.Diagnostic {
	return mistake("SYN308", "Wrong arguments", at, "%s is written list.%s(x, expression), where x names the item. Example: %s", fn.Name, fn.Name, fn.Example)
}

func errLoopVariable(at span.Range, fn *Function) *diag.Diagnostic {
	return mistake("SYN308", "Wrong arguments", at, "The first argument of %s is a new name for the item, as in %s", fn.Name, fn.Example)
}

func errLoopOver(list *Node, fn *Function) *diag.Diagnostic {
	return mistake("SYN308", "Wrong arguments", list.Range, "%s works on a list; this is a %s.", fn.Name, list.Type)
}

func errBind(at span.Range) *diag.Diagnostic {
	return mistake("SYN308", "Wrong arguments", at, "cel.bind takes a new name, its value and the expression that uses it: cel.bind(x, source.A + 1, x * x).")
}

func errBadConstant(at span.Range, err error) *diag.Diagnostic {
	return mistake("SYN308", "Wrong arguments", at, "The pattern is wrong: %s.", strings.TrimPrefix(err.Error(), "error parsing regexp: "))
}

// SYN309: an operator has operands that it does not take.
func errArithmetic(n *Node) *diag.Diagnostic {
	op := operatorText[n.Op]
	a, b := n.Args[0], n.Args[1]
	detail := fmt.Sprintf("%s does not work on a %s and a %s.", op, a.Type, b.Type)
	if hint := arithmeticHint(n); hint != "" {
		detail += " " + hint
	}
	return mistake("SYN309", "Types do not fit", n.Range, "%s", detail)
}

func errModulo(n *Node) *diag.Diagnostic {
	return mistake("SYN309", "Types do not fit", n.Range, "%% needs whole numbers. Write int(…) around the number that can have a fraction.")
}

func errOperand(n *Node, op string, t Type) *diag.Diagnostic {
	return mistake("SYN309", "Types do not fit", n.Range, "%s does not work on a %s.", op, t)
}

func errCannotCompare(n *Node, at span.Range) *diag.Diagnostic {
	a, b := n.Args[0], n.Args[1]
	detail := fmt.Sprintf("%s compares a %s with a %s.", operatorText[n.Op], a.Type, b.Type)
	if hint := compareHint(a, b); hint != "" {
		detail += " " + hint
	}
	return mistake("SYN309", "Types do not fit", at, "%s", detail)
}

func errNotAList(n, list *Node) *diag.Diagnostic {
	if n.Op == OpIn {
		return mistake("SYN309", "Types do not fit", list.Range, "The right side of in is a list, as in x in ['A', 'B']; this is a %s. For a part of a text write a.contains(b).", list.Type)
	}
	return mistake("SYN309", "Types do not fit", list.Range, "[…] picks an item of a list; this is a %s.", list.Type)
}

func errCannotContain(n, a, list *Node) *diag.Diagnostic {
	return mistake("SYN309", "Types do not fit", n.Range, "A %s is never in a %s. %s", a.Type, list.Type, compareHint(a, &Node{Type: list.Type.Elem()}))
}

func errBranchesDiffer(a, b *Node) *diag.Diagnostic {
	d := mistake("SYN309", "Types do not fit", b.Range, "One branch gives a %s, the other a %s. %s", a.Type, b.Type, branchHint(a, b))
	d.Related = []diag.Related{{Message: "the other branch", Range: a.Range}}
	return d
}

// SYN310: a condition is neither true nor false.
func errNotCondition(at span.Range, n *Node) *diag.Diagnostic {
	detail := fmt.Sprintf("A condition is true or false; this is a %s.", n.Type)
	switch {
	case n.Type.IsText():
		detail += " To ask whether it is filled, write " + n.Text + " != null."
	case n.Type.IsNumber():
		detail += " Compare it, as in " + n.Text + " > 0."
	}
	return mistake("SYN310", "Condition expected", at, "%s", detail)
}

// SYN313: CEL that this language does not have.
func errNotAvailable(at span.Range, what, instead string) *diag.Diagnostic {
	return mistake("SYN313", "Not available", at, "%s is not available in expressions. %s", what, instead)
}

// SYN314: words in quotes that were meant as text.
func errQuotedWords(at span.Range, words string, field *schema.Field) *diag.Diagnostic {
	why := "A quoted string is an expression, and this does not read as one."
	switch {
	case field == nil:
	case field.HasValue(words):
		why = fmt.Sprintf("A quoted string is an expression; %q is one of the values of %s.", words, field.Name)
	case field.Finite():
		near := diag.Nearest(words, choices(field))
		why += fmt.Sprintf(" It is no value of %s either.%s", field.Name, diag.DidYouMean(near))
		if len(near) > 0 {
			words = near[0]
		}
	}
	fix := textFix(words)
	return suggest(mistake("SYN314", "Text written as an expression", at, "%s For the text itself write %s.", why, fix), fix)
}

// SYN315: a date that reads as a subtraction.
func errQuotedDate(at span.Range, date string) *diag.Diagnostic {
	y, rest, _ := strings.Cut(date, "-")
	m, d, _ := strings.Cut(rest, "-")
	fix := fmt.Sprintf(`"date('%s')"`, date)
	return suggest(mistake("SYN315", "Date written as a subtraction", at,
		"%s is %s minus %s minus %s. For the date write %s.", date, y, strings.TrimLeft(m, "0"), strings.TrimLeft(d, "0"), fix), fix)
}

// textFix is how a text is written as a text.
func textFix(s string) string {
	r := strings.NewReplacer(`\`, `\\`, `"`, `\"`, "${", "$${", "%{", "%%{")
	return `text("` + r.Replace(s) + `")`
}

// SYN316: a text that the other side never is.
func errNotInDomain(at, e *Node, s string, texts []string) *diag.Diagnostic {
	near := diag.Nearest(s, texts)
	detail := fmt.Sprintf("%s is never %q.%s", e.Text, s, diag.DidYouMean(near))
	if len(near) == 0 {
		detail += " It is one of " + listed(texts) + "."
	}
	d := mistake("SYN316", "Value that does not occur", at.Range, "%s", detail)
	if len(near) > 0 && at.Op == OpConst {
		d.Suggestion = "'" + near[0] + "'"
	}
	return d
}

// listed names a few texts.
func listed(texts []string) string {
	const few = 8
	if len(texts) <= few {
		return diag.Or(texts)
	}
	return fmt.Sprintf("%s and %d more", strings.Replace(diag.Or(texts[:few]), `" or "`, `", "`, 1), len(texts)-few)
}
