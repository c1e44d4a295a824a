package syntax

import (
	"bytes"
	"fmt"
	"strings"

	"github.com/hashicorp/hcl/v2"

	"github.com/syncline/syncline/lang/diag"
	"github.com/syncline/syncline/lang/span"
)

const badEscape = "Invalid escape sequence"

// repairEscapes: "\d+". One does not come of another, so all are mended at once.
func (p *parser) repairEscapes(all []*hcl.Diagnostic) {
	p.work = bytes.Clone(p.work)
	told := 0
	for _, d := range all {
		if d.Summary != badEscape || d.Subject == nil {
			continue
		}
		r := p.rng(*d.Subject)
		if r.Start == r.End {
			continue
		}
		for i := r.Start; i < r.End; i++ {
			p.work[i] = 'x'
		}
		if told++; told <= maxRepairs {
			p.spoilt = append(p.spoilt, r)
			p.add(errEscape(r))
		}
	}
}

var opensTemplate = pattern(`(^|[^$])\$\{|(^|[^%])%\{`)

// repairTemplate: "100%{", where HCL waits for the end of a directive.
func (p *parser) repairTemplate(m *mistake) (*diag.Diagnostic, bool) {
	seg, ok := p.segmentAt(m.line, p.culprit(m))
	if !ok {
		return nil, false
	}
	r := p.span(seg.start, seg.end)
	if !m.template() && !(m.is("Invalid multi-line string") && opensTemplate().MatchString(r.Text())) {
		return nil, false
	}
	p.spoil(r)
	return errOpenTemplate(r), true
}

var oddName = pattern(`^[ \t]*(?:\w+[ \t]*\{[ \t]*)?("[^"\n]*"|[^\s="'{}()\[\],#/]+)[ \t]*=[^=]`)

// repairName: "Odd Name" = …, Owner.Email = …, 2023_rev = ….
func (p *parser) repairName(m *mistake) (*diag.Diagnostic, bool) {
	if !m.is("Invalid argument name", "Argument or block definition required", "Invalid block definition", "Invalid character") {
		return nil, false
	}
	g := oddName().FindSubmatchIndex(p.work[m.line.start:m.line.end])
	if g == nil {
		return nil, false
	}
	r := p.span(m.line.start+g[2], m.line.start+g[3])
	name := strings.Trim(r.Text(), `"`)
	if plainName(r.Text()) || m.at.Start < r.Start || m.at.Start > r.End || r.End-r.Start < 2 {
		return nil, false
	}
	p.names++
	p.overwrite(r.Start, r.End, wordOf(p.names, r.End-r.Start))
	p.spoilt = append(p.spoilt, r)
	value := ""
	if seg, ok := p.segmentAt(m.line, m.line.end); ok {
		value = p.span(seg.start, seg.end).Text()
	}
	return errAttributeName(name, value, r), true
}

// wordOf is a word of a length that differs for each n, as far as the length allows.
func wordOf(n, length int) string {
	word := bytes.Repeat([]byte{'z'}, length)
	for i := length - 1; i >= 0 && n > 0; i-- {
		word[i] = byte('a' + n%25)
		n /= 25
	}
	return string(word)
}

var (
	equalsHeader = pattern(`^[ \t]*\w+(?:[ \t]+(?:"[^"\n]*"|\w+))+[ \t]*(=)[ \t]*\{`)
	colonLine    = pattern(`^[ \t]*(\w+)[ \t]*(:)[ \t]*\S`)
	noValue      = pattern(`^[ \t]*(\w+)[ \t]*=[ \t]*(?:#.*|//.*)?$`)
	noEquals     = pattern(`^[ \t]*(\w+)([ \t]+)("(?:[^"\\\n]|\\.)*"|[\w.]+|\[[^\n]*\])[ \t]*(?:#.*|//.*)?$`)
	braceBelow   = pattern(`^[ \t]*\w+(?:[ \t]+(?:"[^"\n]*"|\w+))*[ \t]*(\r?\n)[ \t]*\{`)
)

// repairHeader: sync "x" = {, from: cs.Company, cron "…", and a brace on the next line.
func (p *parser) repairHeader(m *mistake) (*diag.Diagnostic, bool) {
	if !m.is("Invalid block definition", "Argument or block definition required") {
		return nil, false
	}
	text := p.work[m.line.start:m.line.end]
	if g := equalsHeader().FindSubmatchIndex(text); g != nil {
		r := p.span(m.line.start+g[2], m.line.start+g[3])
		p.overwrite(r.Start, r.End, " ")
		return errBlockEquals(r), true
	}
	if g := colonLine().FindSubmatchIndex(text); g != nil {
		r := p.span(m.line.start+g[4], m.line.start+g[5])
		p.overwrite(r.Start, r.End, "=")
		return errColon(string(text[g[2]:g[3]]), r), true
	}
	if g := braceBelow().FindSubmatchIndex(p.work[m.line.start:]); g != nil {
		p.overwrite(m.line.start+g[2], m.line.start+g[3], " ")
		return errBraceBelow(p.span(m.line.start+indent(text), m.line.end)), true
	}
	if g := noEquals().FindSubmatchIndex(text); g != nil {
		r := p.span(m.line.start+g[2], m.line.start+g[7])
		name, value := string(text[g[2]:g[3]]), string(text[g[6]:g[7]])
		p.overwrite(m.line.start+g[4], m.line.start+g[5], "=")
		return errNoEquals(name, value, r), true
	}
	return nil, false
}

// repairStray: a } that closes nothing or stands behind a value, a comma or semicolon at the end of a line, no value.
func (p *parser) repairStray(m *mistake) (*diag.Diagnostic, bool) {
	text := m.at.Text()
	rest := bytes.TrimLeft(p.work[m.at.End:max(m.at.End, m.line.end)], " \t")
	last := len(rest) == 0 || rest[0] == '#' || bytes.HasPrefix(rest, []byte("//"))
	if g := noValue().FindSubmatchIndex(p.work[m.line.start:m.line.end]); g != nil && m.is("Invalid expression", "Missing expression") {
		r := p.span(m.line.start+g[2], m.line.start+g[3])
		p.overwrite(r.Start, m.line.end, "#")
		p.spoilt = append(p.spoilt, r)
		return errNoValue(r.Text(), r), true
	}
	switch {
	case text == "}" && m.is("Missing newline after argument") && isSpace(p.work[m.at.Start-1]):
		p.overwrite(m.at.Start-1, m.at.Start, "\n")
		return errBraceOwnLine(m.at), true
	case text == "}" && m.is("Argument or block definition required"):
		p.overwrite(m.at.Start, m.at.End, " ")
		return errStrayBrace(m.at), true
	case (text == "," || text == ";") && last && m.is("Unexpected comma after argument", "Invalid character"):
		p.overwrite(m.at.Start, m.at.End, " ")
		return errStraySeparator(text, m.at), true
	}
	return nil, false
}

// repairQuotes: 'Red', and the curly quotes of word processors.
func (p *parser) repairQuotes(m *mistake) (*diag.Diagnostic, bool) {
	seg, ok := p.segmentAt(m.line, m.at.Start)
	if !ok {
		return nil, false
	}
	r := p.span(seg.start, seg.end)
	text := []rune(r.Text())
	if len(text) < 2 {
		return nil, false
	}
	inner := string(text[1 : len(text)-1])
	pair := string(text[0]) + string(text[len(text)-1])
	if !strings.Contains("'' “” „“ ”” ‘’ ``", pair) || strings.ContainsAny(inner, "'`“”‘’\"") {
		return nil, false
	}
	p.spoil(r)
	return errOtherQuotes(seg.name, inner, r), true
}

// repairValue: everything else that stays within a value on one line.
func (p *parser) repairValue(m *mistake) (*diag.Diagnostic, bool) {
	seg, ok := p.segmentAt(m.line, m.at.Start)
	if !ok || m.at.Start > m.line.end || strings.HasPrefix(p.span(seg.start, seg.end).Text(), "<<") {
		return nil, false
	}
	r := p.span(seg.start, seg.end)
	text := r.Text()
	d := p.valueError(m, seg, r)
	if !balanced(text) && !p.closedQuote(text) {
		return nil, false // the value goes on in the next line
	}
	p.spoil(r)
	return d, true
}

// closedQuote tells whether what is open at the end of text is no more than a quote: a text ends with its line.
func (p *parser) closedQuote(text string) bool {
	return balanced(text+`"`) || balanced(text+`'`)
}

func (p *parser) valueError(m *mistake, seg segment, r span.Range) *diag.Diagnostic {
	text := r.Text()
	if as := plainAttribute(seg.name); as != nil && !strings.ContainsAny(text, "\"{[(") {
		return errWrongForm(slot{spec: as, name: seg.name}, "words without quotes", r, quoteText(text))
	}
	if call := ownCall(text); call != "" && balanced(text) {
		return errOneArgument(call, r)
	}
	if looksLikeCEL(text) {
		return errNeedsQuotes(r, seg.name)
	}
	summary, detail := m.words()
	at := m.at
	if at.Start < r.Start || at.Start >= r.End {
		at = r
	}
	if summary != "" {
		detail = fmt.Sprintf("%s: %s", summary, detail)
	}
	return failure("SYN100", "Syntax error", at, "", "%s", detail)
}

// plainAttribute describes an attribute that is a plain text wherever the grammar has it, nil otherwise.
func plainAttribute(name string) (found *AttrSpec) {
	clash := false
	var walk func(b *BlockSpec)
	walk = func(b *BlockSpec) {
		if as := b.Attr(name); as != nil {
			switch as.Form {
			case PlainText, Choice, Duration:
				found = as
			default:
				clash = true
			}
		}
		for _, n := range b.Blocks {
			walk(n)
		}
	}
	walk(grammar)
	if clash {
		return nil
	}
	return found
}

var celOnly = pattern(`\w\.\w+\(|\bin\b|'|\?\.|\.\?|\[\?|(^|[^"\w])[rb]"`)

// looksLikeCEL tells whether a value that HCL cannot read is a whole expression that lacks but its quotes.
func looksLikeCEL(text string) bool {
	if ownCall(text) != "" || strings.HasPrefix(text, "{") || strings.HasPrefix(text, "[") && strings.HasSuffix(text, "]") {
		return false
	}
	return celOnly().MatchString(text) && balanced(text) && strings.IndexByte("+-*/%&|?:=<>,.(!", text[len(text)-1]) < 0
}

// ownCall is the name of the call that text begins with, of those that stand outside quotes.
func ownCall(text string) string {
	for _, call := range []string{"text", "env", "secret"} {
		if strings.HasPrefix(text, call+"(") {
			return call
		}
	}
	return ""
}
