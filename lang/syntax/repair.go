package syntax

import (
	"bytes"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"

	"github.com/syncline/syncline/lang/diag"
	"github.com/syncline/syncline/lang/span"
)

// HCL gives up a good part of a file at the first thing that it does not understand. Most mistakes stay within
// their line, though. So, while parsing fails, the first mistake is reported in our words and written over in a
// copy of the file, byte for byte, with something that parses; then the copy is parsed. All places stay as they are,
// and fifty mistakes give fifty messages. What was written over becomes a Bad value. Where no repair is known
// the rest of the file is unreliable: HCL's messages are given, and nothing else is said about the file.

const (
	maxRepairs   = 200
	repairBudget = 3_000_000 // tokens parsed again for one file
)

// parseRepairing parses the file, mending what can be mended. It is false when the tree must not be trusted.
func (p *parser) parseRepairing() (*hclsyntax.Body, bool) {
	for n := 1; ; n++ {
		file, all := hclsyntax.ParseConfig(p.work, p.file.Name, hcl.InitialPos)
		p.redefined = nil
		broken := p.sortOut(all)
		if len(broken) == 0 {
			slices.SortFunc(p.redefined, func(a, b redefinition) int { return a.Start - b.Start })
			body, ok := file.Body.(*hclsyntax.Body)
			return body, ok
		}
		first := slices.MinFunc(broken, func(a, b *hcl.Diagnostic) int { return start(a) - start(b) })
		if n == 1 {
			p.tokens = len(p.lexed())
		}
		if n > maxRepairs || n*p.tokens > repairBudget || !p.repair(first, broken) {
			p.reword(broken)
			return nil, false
		}
	}
}

// sortOut sets aside what HCL reports and can be read past, and returns the rest.
func (p *parser) sortOut(all hcl.Diagnostics) (broken []*hcl.Diagnostic) {
	for _, d := range all {
		switch {
		case d.Summary == "Attribute redefined" && d.Subject != nil:
			p.redefined = append(p.redefined, redefinition{Range: p.rng(*d.Subject)})
		case d.Severity == hcl.DiagError:
			broken = append(broken, d)
		}
	}
	return broken
}

func start(d *hcl.Diagnostic) int {
	if d.Subject == nil {
		return 0
	}
	return d.Subject.Start.Byte
}

// repair reports the mistake and mends it in the copy. False: nothing was reported and nothing changed.
func (p *parser) repair(d *hcl.Diagnostic, all []*hcl.Diagnostic) bool {
	if d.Subject == nil {
		return false
	}
	if d.Summary == badEscape {
		p.repairEscapes(all)
		return true
	}
	m := &mistake{Diagnostic: d, at: p.rng(*d.Subject)}
	m.line = p.lineAt(p.culprit(m))
	before := p.work
	for _, try := range []func(*mistake) (*diag.Diagnostic, bool){
		p.repairTemplate, p.repairName, p.repairHeader, p.repairStray,
		p.repairQuotes, p.repairLine, p.repairValue,
	} {
		report, ok := try(m)
		if !ok {
			continue
		}
		if bytes.Equal(before, p.work) {
			return false // mended nothing: parsing again would find the same
		}
		p.add(report)
		return true
	}
	return false
}

// mistake is what HCL stumbled over.
type mistake struct {
	*hcl.Diagnostic
	at   span.Range
	line line // without its ending
}

func (m *mistake) is(summaries ...string) bool { return slices.Contains(summaries, m.Summary) }

// culprit is the offset of what made HCL stumble. A template that is not closed is noticed lines later.
func (p *parser) culprit(m *mistake) int {
	if !m.template() {
		return m.at.Start
	}
	upTo := p.work[:min(m.at.End, len(p.work))]
	return max(0, bytes.LastIndex(upTo, []byte("${")), bytes.LastIndex(upTo, []byte("%{")))
}

// template tells whether HCL took a part of a text for a template.
func (m *mistake) template() bool {
	return strings.Contains(m.Summary, "template") && m.Summary != "Unterminated template string" ||
		strings.Contains(m.Summary, "directive") || strings.Contains(m.Summary, "interpolation") ||
		strings.HasPrefix(m.Summary, "Extra characters in")
}

func (p *parser) lineAt(offset int) line {
	offset = min(offset, len(p.work))
	l := line{bytes.LastIndexByte(p.work[:offset], '\n') + 1, len(p.work)}
	if n := bytes.IndexByte(p.work[offset:], '\n'); n >= 0 {
		l.end = offset + n
	}
	for l.end > l.start && p.work[l.end-1] == '\r' {
		l.end--
	}
	return l
}

// overwrite puts text at the beginning of [start, end) and spaces behind it.
func (p *parser) overwrite(start, end int, text string) {
	p.work = bytes.Clone(p.work)
	for i := start; i < end; i++ {
		p.work[i] = ' '
		if i-start < len(text) {
			p.work[i] = text[i-start]
		}
	}
}

// spoil overwrites a value. It becomes Bad in the tree.
func (p *parser) spoil(r span.Range) {
	p.overwrite(r.Start, r.End, "0")
	p.spoilt = append(p.spoilt, r)
}

// isSpoilt tells whether a value has a part that was written over.
func (p *parser) isSpoilt(r span.Range) bool {
	return slices.ContainsFunc(p.spoilt, func(s span.Range) bool { return s.Start < r.End && r.Start < s.End })
}

func (p *parser) span(start, end int) span.Range {
	return span.Range{File: p.file, Start: start, End: end}
}
