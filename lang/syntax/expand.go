package syntax

import (
	"bytes"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/hashicorp/hcl/v2/hclwrite"

	"github.com/syncline/syncline/lang/diag"
)

// repairLine: guard { a = 1  b = 2 }, and other ways to have several entries on one line. The entries are put on
// lines of their own, by turning spaces and commas into newlines, and the message shows the text rewritten.
func (p *parser) repairLine(m *mistake) (*diag.Diagnostic, bool) {
	if !m.is("Invalid single-argument block definition", "Argument definition required", "Missing newline after argument",
		"Unexpected comma after argument", "Missing newline after block definition", "Invalid character",
		"Argument or block definition required", "Invalid block definition") {
		return nil, false
	}
	region, breaks, crowded := p.entries(m.line)
	if len(breaks) == 0 || !crowded && !m.is("Invalid single-argument block definition") {
		return nil, false
	}
	work := bytes.Clone(p.work)
	for _, b := range breaks {
		if b.start == b.end {
			return nil, false // no byte to spare
		}
		for i := b.start; i < b.end; i++ {
			if work[i] != '\n' {
				work[i] = ' '
			}
		}
		work[b.start] = '\n'
	}
	if bytes.Equal(work, p.work) {
		return nil, false
	}
	p.work = work
	text := string(hclwrite.Format(bytes.TrimSpace(p.asWritten(region))))
	return errOneLine(p.span(region.start, region.end), text), true
}

// asWritten is the source of a region with the line breaks that were made, but without what was written over.
func (p *parser) asWritten(region line) []byte {
	text := bytes.Clone(p.src[region.start:region.end])
	for i, b := range p.work[region.start:region.end] {
		if b == '\n' || text[i] == ',' && b == ' ' || text[i] == ';' && b == ' ' {
			text[i] = b
		}
	}
	return text
}

// entries finds where the entries of the blocks on a line must be broken apart: the gaps in front of each
// entry and of each closing brace. The region is all that the message shows rewritten. Crowded: there are
// several entries on one line.
func (p *parser) entries(l line) (region line, breaks []line, crowded bool) {
	tokens, _ := hclsyntax.LexConfig(p.work[l.start:], p.file.Name, hcl.Pos{Line: 1, Column: 1, Byte: l.start})
	region = line{start: l.start + indent(p.work[l.start:l.end])}
	s := &splitter{tokens: tokens}
	for s.i = 0; s.i < len(tokens); s.i++ {
		t := tokens[s.i]
		if t.Range.Start.Byte >= l.end && len(s.open) == 0 || s.i > 2000 {
			break
		}
		if t.Type == hclsyntax.TokenEOF || t.Type == hclsyntax.TokenInvalid && len(t.Bytes) == 0 {
			break
		}
		s.token(t)
		if t.Type != hclsyntax.TokenComment || len(s.open) > 0 {
			region.end = max(region.end, t.Range.End.Byte)
		}
	}
	if len(s.open) > 0 {
		return region, nil, false
	}
	region.end = region.start + len(bytes.TrimRight(p.work[region.start:max(region.start, region.end)], " \t\r\n"))
	return region, s.breaks, s.crowded
}

// splitter walks over the tokens of a line and notes where entries begin.
type splitter struct {
	tokens hclsyntax.Tokens
	i      int
	open   []bool // the open brackets; true: a block's brace
	breaks []line
	value  bool // behind the `=` of an entry
	inText int
	// crowded: an entry follows another, or a block stands inside a block, on the same line.
	crowded bool
}

func (s *splitter) token(t hclsyntax.Token) {
	switch t.Type {
	case hclsyntax.TokenOQuote, hclsyntax.TokenOHeredoc, hclsyntax.TokenTemplateInterp, hclsyntax.TokenTemplateControl:
		s.inText++
		return
	case hclsyntax.TokenCQuote, hclsyntax.TokenCHeredoc, hclsyntax.TokenTemplateSeqEnd:
		s.inText--
		return
	}
	if s.inText > 0 {
		return
	}
	inBody := len(s.open) == 0 || s.open[len(s.open)-1]
	switch t.Type {
	case hclsyntax.TokenOBrace, hclsyntax.TokenOBrack, hclsyntax.TokenOParen:
		s.open = append(s.open, inBody && !s.value && t.Type == hclsyntax.TokenOBrace)
	case hclsyntax.TokenCBrace, hclsyntax.TokenCBrack, hclsyntax.TokenCParen:
		if len(s.open) == 0 {
			return
		}
		if s.open[len(s.open)-1] {
			s.breakBefore()
			s.value = false
		}
		s.open = s.open[:len(s.open)-1]
	case hclsyntax.TokenNewline:
		if inBody {
			s.value = false
		}
	case hclsyntax.TokenEqual:
		if inBody {
			s.value = true
		}
	case hclsyntax.TokenIdent:
		if begins, block := s.beginsEntry(); inBody && begins {
			s.crowded = s.breakBefore() && (block || s.tokens[s.i-1].Type != hclsyntax.TokenOBrace) || s.crowded
			s.value = false
		}
	}
}

// beginsEntry tells whether the word at hand begins an attribute or a block.
func (s *splitter) beginsEntry() (begins, block bool) {
	if s.i > 0 && !s.value && slices.Contains([]hclsyntax.TokenType{hclsyntax.TokenIdent, hclsyntax.TokenCQuote}, s.tokens[s.i-1].Type) {
		return false, false // a label
	}
	if s.i > 0 && s.tokens[s.i-1].Type == hclsyntax.TokenDot {
		return false, false
	}
	for j := s.i + 1; j < len(s.tokens); j++ {
		switch s.tokens[j].Type {
		case hclsyntax.TokenEqual:
			return j == s.i+1, false
		case hclsyntax.TokenOBrace:
			return true, true
		case hclsyntax.TokenIdent, hclsyntax.TokenOQuote, hclsyntax.TokenQuotedLit, hclsyntax.TokenCQuote:
		default:
			return false, false
		}
	}
	return false, false
}

// breakBefore notes the gap in front of the token at hand, unless there is a newline already or nothing.
func (s *splitter) breakBefore() bool {
	if s.i == 0 {
		return false
	}
	prev, at := s.i-1, s.tokens[s.i].Range.Start.Byte
	for prev > 0 && (s.tokens[prev].Type == hclsyntax.TokenComma || s.tokens[prev].Type == hclsyntax.TokenSemicolon) {
		prev--
	}
	if s.tokens[prev].Type == hclsyntax.TokenNewline || strings.HasSuffix(string(s.tokens[prev].Bytes), "\n") {
		return false
	}
	s.breaks = append(s.breaks, line{s.tokens[prev].Range.End.Byte, at})
	return true
}
