package syntax

import (
	"fmt"
	"strings"

	"github.com/hashicorp/hcl/v2"

	"github.com/syncline/syncline/lang/diag"
	"github.com/syncline/syncline/lang/span"
)

// reword gives HCL's messages in our words, one for a line: those that follow are mostly of its making, as are
// those behind the first few hundred.
func (p *parser) reword(broken []*hcl.Diagnostic) {
	told := map[int]bool{}
	for _, d := range p.diags {
		told[d.Subject.StartPos().Line] = true
	}
	for _, d := range broken {
		r := p.span(0, 0)
		if d.Subject != nil {
			r = p.rng(*d.Subject)
		}
		n := r.StartPos().Line
		if told[n] || len(told) > maxRepairs {
			continue
		}
		told[n] = true
		if d.Summary == "Unclosed configuration block" {
			p.add(p.unclosed(r))
			continue
		}
		if d.Summary == "Unterminated template string" {
			r = p.openHeredoc(r)
		}
		m := &mistake{Diagnostic: d, at: r}
		summary, detail := m.words()
		if summary != "" {
			detail = summary + ": " + detail
		}
		p.add(failure("SYN100", "Syntax error", r, "", "%s", detail))
	}
}

// words says what HCL says, in the terms of the language. Messages that say enough are kept as they are.
func (m *mistake) words() (summary, detail string) {
	switch m.Summary {
	case "Unclosed configuration body":
		return "", "The { here is never closed. Look for a missing } in this block, or in one inside it."
	case "Argument or block definition required":
		return "", "An attribute NAME = VALUE or a block NAME { … } is expected here."
	case "Argument definition required", "Invalid single-argument block definition":
		return "", "A block on one line takes one attribute and no block. Put each entry on a line of its own."
	case "Invalid block definition":
		return "", "A block is written NAME \"LABEL\" { … } with the { on the same line, an attribute NAME = VALUE."
	case "Missing newline after argument", "Missing newline after block definition", "Unexpected comma after argument":
		return "", "The value ends here, and a new line is expected. An expression goes in quotes."
	case "Invalid expression", "Missing expression":
		return "", "A value is expected here: a reference, a constant, text(…) or an expression in quotes."
	case "Invalid 'for' expression":
		return "", "There are no for expressions. A key of that name is written in quotes: \"for\" = VALUE."
	case "Invalid multi-line string":
		return "", "The text has no closing quote on this line. For several lines use a heredoc: <<-EOT, the lines, and EOT on a line of its own."
	case "Unterminated template string", "Unterminated string literal":
		return "", "The text that begins here has no end: a closing quote, or the closing word of a heredoc on a line of its own, is missing."
	case "Invalid character":
		return "", strings.TrimSpace(fmt.Sprintf("The character %q means nothing here. Expressions and texts stand in double quotes.", m.at.Text()))
	}
	if strings.HasPrefix(m.Summary, "Unterminated ") || strings.HasPrefix(m.Summary, "Unbalanced ") {
		return "", "The bracket that is opened here is never closed."
	}
	return m.Summary, m.Detail
}

func errEscape(r span.Range) *diag.Diagnostic {
	return failure("SYN104", "Unknown escape", r, `\`+r.Text(),
		"%s is no escape; there are \\n, \\r, \\t, \\\", \\\\ and \\uXXXX. For the backslash itself write \\\\; in a pattern write r'\\\\d+', or use a heredoc, where a backslash is itself.", r.Text())
}

func errOpenTemplate(r span.Range) *diag.Diagnostic {
	fix := strings.NewReplacer("$${", "$${", "%%{", "%%{", "${", "$${", "%{", "%%{").Replace(r.Text())
	return failure("SYN107", "Interpolation in a text", r, fix,
		"${ and %%{ have no meaning here; for the characters themselves write $${ and %%%%{. References go in CEL or in the {{ }} of text(…).%s", write(fix))
}

func errAttributeName(name, value string, r span.Range) *diag.Diagnostic {
	if value == "" {
		value = "…"
	}
	return failure("SYN109", "Not the name of an attribute", r, "",
		"An attribute's name is one word without quotes. In a map, a field of another name is written as a block:\n\nfield %q {\n  value = %s\n}", name, value)
}

func errBlockEquals(r span.Range) *diag.Diagnostic {
	return failure("SYN118", "Block and attribute mixed up", r, "", "A block is written NAME \"LABEL\" { … }, without an equals sign.")
}

func errColon(name string, r span.Range) *diag.Diagnostic {
	return failure("SYN100", "Syntax error", r, " =", "An attribute is written with an equals sign: %s = VALUE.", name)
}

func errBraceBelow(r span.Range) *diag.Diagnostic {
	return failure("SYN100", "Syntax error", r, r.Text()+" {", "The { of a block stands on the same line as its name.")
}

func errNoEquals(name, value string, r span.Range) *diag.Diagnostic {
	fix := name + " = " + value
	return failure("SYN100", "Syntax error", r, fix, "An attribute is written with an equals sign: %s. A block has { … }.", fix)
}

func errStrayBrace(r span.Range) *diag.Diagnostic {
	return failure("SYN100", "Syntax error", r, "", "This } closes nothing. Remove it, or look for a missing {.")
}

func errBraceOwnLine(r span.Range) *diag.Diagnostic {
	return failure("SYN100", "Syntax error", r, "", "The } of a block over several lines stands on a line of its own.")
}

func errNoValue(name string, r span.Range) *diag.Diagnostic {
	return failure("SYN100", "Syntax error", r, "", "%s has no value. Write one behind the equals sign, or remove the line.", name)
}

func errStraySeparator(what string, r span.Range) *diag.Diagnostic {
	return failure("SYN100", "Syntax error", r, "", "There is no %q between attributes and blocks: each stands on a line of its own. Remove it.", what)
}

func errOtherQuotes(name, inner string, r span.Range) *diag.Diagnostic {
	if plainAttribute(name) != nil {
		fix := quoteText(inner)
		return failure("SYN126", "Wrong quotes", r, fix, "Texts stand in double quotes. Write %s.", fix)
	}
	fix := "text(" + quoteText(inner) + ")"
	return failure("SYN126", "Wrong quotes", r, fix,
		"Values stand in double quotes. For the text itself write %s; in a plain attribute, or for a table's row, %s.", fix, quoteText(inner))
}

func errOneLine(r span.Range, text string) *diag.Diagnostic {
	return failure("SYN105", "Several entries on one line", r, text,
		"A block on one line takes one attribute and no block; elsewhere each entry stands on a line of its own. Write:\n\n%s", text)
}
