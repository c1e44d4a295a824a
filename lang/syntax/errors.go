package syntax

import (
	"fmt"
	"strings"

	"github.com/hashicorp/hcl/v2/hclsyntax"

	"github.com/syncline/syncline/lang/diag"
	"github.com/syncline/syncline/lang/span"
)

func failure(code, summary string, subject span.Range, suggestion, format string, args ...any) *diag.Diagnostic {
	return &diag.Diagnostic{
		Code: code, Summary: summary, Subject: subject, Suggestion: suggestion,
		Detail: fmt.Sprintf(format, args...),
	}
}

// The file as a whole.

func errTooLarge(f *span.File, size int) *diag.Diagnostic {
	return failure("SYN101", "File too large", span.Range{File: f}, "",
		"The file has %.1f MiB or more; project files have %d MiB at most. Split it, or keep data in a file that a connection reads.",
		float64(size)/(1<<20), MaxFileSize>>20)
}

func errTooMuch(r span.Range) *diag.Diagnostic {
	return failure("SYN101", "File too large", r, "",
		"The file has more than %d words and signs. Split it, or keep data in a file that a connection reads.", maxTokens)
}

func errTooLong(r span.Range) *diag.Diagnostic {
	return failure("SYN101", "File too large", r, "",
		"This text has more than %d lines or escapes. Keep data in a file that a connection reads.", maxPieces)
}

func errNotText(r span.Range, b byte) *diag.Diagnostic {
	return failure("SYN102", "Not a text file", r, "",
		"Byte 0x%02X at offset %d is not UTF-8 text. Save the file as UTF-8; if it is not a project file at all, give it another name.", b, r.Start)
}

func errTooDeep(r span.Range) *diag.Diagnostic {
	return failure("SYN103", "Nested too deeply", r, "",
		"Brackets, operators or conditions nest more than %d deep here. Split the expression or the block.", maxDepth)
}

func errParserFailed(r span.Range, what string) *diag.Diagnostic {
	return failure("SYN100", "Syntax error", span.Range{File: r.File}, "",
		"The file could not be read: the parser failed (%s). Please report this with the file.", what)
}

// Spelling of values.

func errNeedsQuotes(r span.Range, name string) *diag.Diagnostic {
	fix := quoteCEL(r.Text())
	return failure("SYN106", "Expression without quotes", r, fix,
		"Only a plain reference, a constant or text(…) stands without quotes. Put the expression in quotes:\n\n  %s = %s", name, fix)
}

func errTemplate(whole, part span.Range, s slot) *diag.Diagnostic {
	fix, use := "", ""
	if s.expression() {
		fix = fixTemplate(whole.Text())
		use = " References go in CEL or in the {{ }} of text(…)."
		if fix != "" {
			use = " Write " + fix + ". References go in CEL or in the {{ }} of text(…)."
		}
	} else if s.spec.Form == Setting || s.spec.Form == SettingText {
		use = " The whole value is one env(\"NAME\") or secret(\"NAME\"); it cannot be put together from parts."
	}
	d := failure("SYN107", "Interpolation in a text", whole, fix,
		"${ and %%{ have no meaning here; for the characters themselves write $${ and %%%%{.%s", use)
	d.Related = []diag.Related{{Message: "the part that is interpolated", Range: part}}
	return d
}

func (p *parser) errStepName(ref *Ref, st Step, whole span.Range, s slot) *diag.Diagnostic {
	if len(ref.Steps) == 0 {
		return failure("SYN108", "Name needs quotes", whole, quoteCEL(whole.Text()),
			"%q is not a name: names have the letters a to z, digits and _. For a difference or another expression, put it in quotes.", st.Name)
	}
	upTo := whole
	upTo.End = st.Range.End
	head := whole.Text()[:st.Range.Start-whole.Start]
	index := fmt.Sprintf("%s[%s]", strings.TrimRight(head, ". \t"), quoteText(st.Name))
	switch {
	case !strings.Contains(st.Name, "-"):
		return failure("SYN108", "Name needs quotes", upTo, index,
			"A name with letters other than a to z, digits and _ is written in brackets: %s", index)
	case !s.expression():
		return failure("SYN108", "Name needs quotes", upTo, index, "A name with a minus is written in brackets: %s", index)
	}
	return failure("SYN108", "Name needs quotes", upTo, index,
		"This reads as a field called %q. If that is its name, write %s. For a subtraction, write %s.",
		st.Name, index, quoteCEL(strings.ReplaceAll(whole.Text(), "-", " - ")))
}

func (p *parser) errTextHere(e *hclsyntax.FunctionCallExpr, r span.Range, s slot) *diag.Diagnostic {
	fix := ""
	if len(e.Args) == 1 {
		arg := p.rng(e.Args[0].Range()).Text()
		if _, ok := e.Args[0].(*hclsyntax.TemplateExpr); ok && !strings.Contains(arg, "{{") {
			fix = arg
		}
	}
	return failure("SYN122", "Wrong use of text(…)", r, fix,
		"%q takes %s, and nothing in it is evaluated: text(…) is for expressions only.%s", s.name, expects(s.spec), write(fix))
}

func errOneArgument(function string, r span.Range) *diag.Diagnostic {
	d := failure("SYN122", "Wrong use of text(…)", r, "",
		"%s takes exactly one text in quotes: %s.", function, example(function))
	return ofEnvironment(function, d)
}

func (p *parser) errLiteralArgument(function string, arg, whole span.Range) *diag.Diagnostic {
	fix := ""
	if function == "text" {
		fix = "text(" + quoteText("{{ "+strings.ReplaceAll(arg.Text(), `"`, `'`)+" }}") + ")"
	}
	d := failure("SYN122", "Wrong use of text(…)", whole, fix,
		"%s takes one text in quotes, not an expression.%s", function, write(fix))
	return ofEnvironment(function, d)
}

// ofEnvironment gives the code of env and secret to a message about a call.
func ofEnvironment(function string, d *diag.Diagnostic) *diag.Diagnostic {
	if function != "text" {
		d.Code, d.Summary = "SYN123", "Wrong use of env(…) or secret(…)"
	}
	return d
}

func errEnvironmentHere(function string, r span.Range, s slot) *diag.Diagnostic {
	return failure("SYN123", "Wrong use of env(…) or secret(…)", r, "",
		"%s(…) gives the settings of connections alone. For %q, declare a variable and use vars.NAME in an expression.", function, s.name)
}

func errEnvironmentName(function, name string, at, whole span.Range) *diag.Diagnostic {
	if name == "" {
		at = whole
	}
	return failure("SYN123", "Wrong use of env(…) or secret(…)", at, "",
		"%q cannot be the name of an environment variable: write %s.", name, example(function))
}

func errObjectAsValue(name string, r span.Range) *diag.Diagnostic {
	return failure("SYN120", "Wrong kind of value", r, "",
		"%q takes one value, not an object { … }. Write an expression, such as source.NAME, or one in quotes.", name)
}

func errWrongForm(s slot, what string, r span.Range, suggestion string) *diag.Diagnostic {
	return failure("SYN120", "Wrong kind of value", r, suggestion,
		"%q takes %s, not %s.%s", s.name, expects(s.spec), what, write(suggestion))
}

func errNotOneOf(s slot, q *Quoted) *diag.Diagnostic {
	near := nearestOf(s, q.Text)
	fix := diag.First(near)
	if fix != "" {
		fix = `"` + fix + `"`
	}
	return failure("SYN121", "Not one of the choices", q.Range, fix,
		"%q is %s, not %q.%s", s.name, diag.Or(s.spec.OneOf), q.Text, diag.DidYouMean(near))
}

func errDuration(s slot, q *Quoted) *diag.Diagnostic {
	return failure("SYN124", "Not a duration", q.Range, "",
		"%q takes a duration: whole numbers with the units s, m, h, d or w, such as \"15m\", \"1h30m\" or \"90d\"; %q is none.", s.name, q.Text)
}

func errKey(r span.Range) *diag.Diagnostic {
	fix := ""
	if text := r.Text(); !strings.ContainsAny(text, "\"${(\n") && text != "" {
		fix = quoteText(text)
	}
	return failure("SYN125", "Not a key", r, fix,
		"A key is a word or a text in quotes.%s", write(fix))
}

func errDuplicateKey(key string, r, first span.Range) *diag.Diagnostic {
	d := failure("SYN116", "Duplicate key", r, "", "%q is a key already; only one value can hold. Remove one of them.", key)
	d.Related = []diag.Related{{Message: "first written here", Range: first}}
	return d
}

func write(fix string) string {
	if fix == "" {
		return ""
	}
	return " Write " + fix + "."
}

func example(function string) string {
	switch function {
	case "text":
		return `text("Review {{ source.Name }}")`
	case "secret":
		return `secret("CRM_TOKEN")`
	}
	return `env("CRM_URL")`
}
