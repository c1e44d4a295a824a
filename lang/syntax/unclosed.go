package syntax

import (
	"bytes"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"

	"github.com/syncline/syncline/lang/diag"
	"github.com/syncline/syncline/lang/span"
)

// unclosed finds the brace that was forgotten. HCL names the outermost block that is open at the end of the file.
// Two things tell better which one it is: a } that stands further to the left than the line with its {, and a
// block that begins at the left margin while another is open.
func (p *parser) unclosed(r span.Range) *diag.Diagnostic {
	var open []span.Range
	for i, t := range p.lexed() {
		switch t.Type {
		case hclsyntax.TokenOBrace:
			open = append(open, p.rng(t.Range))
		case hclsyntax.TokenCBrace:
			if len(open) == 0 {
				continue
			}
			last := open[len(open)-1]
			if p.outdented(last, t.Range.Start.Byte) {
				return errUnclosed(p.headerOf(last), "this } closes a block further out", p.rng(t.Range))
			}
			open = open[:len(open)-1]
		case hclsyntax.TokenIdent:
			at := t.Range.Start.Byte
			if len(open) == 0 || i == 0 || at == 0 || p.work[at-1] != '\n' || p.grammar.Block(string(t.Bytes)) == nil {
				continue
			}
			return errUnclosed(p.headerOf(open[len(open)-1]), "the } should stand before this block", p.rng(t.Range))
		}
	}
	if len(open) > 0 {
		return errUnclosed(p.headerOf(open[len(open)-1]), "", span.Range{})
	}
	return errUnclosed(r, "", span.Range{})
}

// outdented tells whether a } is the first of its line and stands to the left of the line with its {.
func (p *parser) outdented(open span.Range, at int) bool {
	from, to := p.lineAt(open.Start), p.lineAt(at)
	margin := indent(p.work[to.start:to.end])
	return to.start+margin == at && margin < indent(p.work[from.start:from.end])
}

func (p *parser) lexed() hclsyntax.Tokens {
	tokens, _ := hclsyntax.LexConfig(p.work, p.file.Name, hcl.InitialPos)
	return tokens
}

// headerOf is what stands on the line in front of a brace, with the brace.
func (p *parser) headerOf(brace span.Range) span.Range {
	l := p.lineAt(brace.Start)
	return p.span(l.start+indent(p.work[l.start:brace.Start]), brace.End)
}

// openHeredoc is the marker of the last heredoc in the file, which is the one without an end.
func (p *parser) openHeredoc(r span.Range) span.Range {
	for _, t := range p.lexed() {
		if t.Type == hclsyntax.TokenOHeredoc {
			r = p.rng(t.Range)
			r.End = r.Start + len(bytes.TrimRight(p.src[r.Start:r.End], "\r\n"))
		}
	}
	return r
}

func errUnclosed(header span.Range, why string, place span.Range) *diag.Diagnostic {
	d := failure("SYN100", "Syntax error", header, "", "The block that begins here is never closed: a } is missing.")
	if why != "" {
		d.Related = []diag.Related{{Message: why, Range: place}}
	}
	return d
}
