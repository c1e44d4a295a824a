package syntax

import (
	"bytes"
	"unicode/utf8"

	"github.com/hashicorp/hcl/v2/hclsyntax"

	"github.com/syncline/syncline/lang/span"
)

const (
	// MaxFileSize is the most bytes of a file that Parse reads.
	MaxFileSize = 2 << 20
	// maxTokens bounds the memory that a file of nothing but brackets takes.
	maxTokens = 1_000_000
	// maxPieces bounds the lines and escapes of one text, which HCL joins one by one in square time.
	maxPieces = 2000
	// maxDepth bounds what HCL's recursive parser descends into: a stack overflow of Go cannot be recovered from.
	maxDepth = 100
)

// preflight refuses files that must not reach the parser.
func (p *parser) preflight() bool {
	if len(p.src) > MaxFileSize {
		p.add(errTooLarge(p.file, len(p.src)))
		return false
	}
	p.work = p.src
	if at := notText(p.src); at >= 0 {
		p.add(errNotText(span.Range{File: p.file, Start: at, End: at + 1}, p.src[at]))
		return false
	}
	if harmless(p.src) {
		return true
	}
	tokens := p.lexed()
	if len(tokens) > maxTokens {
		p.add(errTooMuch(p.rng(tokens[maxTokens].Range)))
		return false
	}
	if long, found := tooLong(tokens); found {
		p.add(errTooLong(p.rng(long.Range)))
		return false
	}
	if deep, found := tooDeep(tokens); found {
		p.add(errTooDeep(p.rng(deep.Range)))
		return false
	}
	return true
}

// harmless tells, without HCL's lexer, that a file is within all limits. Reading tokens is half of what parsing costs,
// and nearly every file is harmless: its texts end in their line and hold no template, so that its brackets can be
// counted line by line. What it does not understand is for the lexer to say.
func harmless(src []byte) bool {
	if len(src) >= maxTokens || bytes.Contains(src, []byte("/*")) || bytes.Contains(src, []byte("<<")) ||
		bytes.Contains(src, []byte("${")) || bytes.Contains(src, []byte("%{")) {
		return false
	}
	depth, prefix, conditions := 0, 0, 0
	for i := 0; i < len(src); i++ {
		switch src[i] {
		case '"':
			n := textEnd(src[i+1:])
			if n < 0 {
				return false
			}
			i += n
		case '#':
			i = lineEnd(src, i)
		case '/':
			if i+1 < len(src) && src[i+1] == '/' {
				i = lineEnd(src, i)
			}
		case '{', '[', '(':
			depth++
		case '}', ']', ')':
			depth = max(0, depth-1)
		case '!', '-':
			prefix++
		case '?':
			conditions++
		}
		if depth > maxDepth || prefix > maxDepth || conditions > maxDepth {
			return false
		}
	}
	return true
}

// textEnd is the number of bytes up to and with the quote that ends a text, -1 when it does not end in its line or has
// so many pieces that maxPieces may be passed.
func textEnd(rest []byte) int {
	pieces := 0
	for i := 0; i < len(rest); i++ {
		switch rest[i] {
		case '"':
			return i + 1
		case '\n', '\r':
			return -1
		case '\\':
			if i+1 < len(rest) && rest[i+1] != '\n' && rest[i+1] != '\r' {
				i++
			}
			pieces++
		case '$', '%':
			pieces++
		}
		if 2*pieces >= maxPieces {
			return -1
		}
	}
	return -1
}

// lineEnd is the offset of the line break after i, or of the end.
func lineEnd(src []byte, i int) int {
	if n := bytes.IndexByte(src[i:], '\n'); n >= 0 {
		return i + n
	}
	return len(src)
}

// notText is the offset of the first byte that no text has, or -1.
func notText(src []byte) int {
	at := bytes.IndexByte(src, 0)
	if utf8.Valid(src) {
		return at
	}
	for i := 0; i < len(src); {
		r, size := utf8.DecodeRune(src[i:])
		if i == at || r == utf8.RuneError && size == 1 {
			return i
		}
		i += size
	}
	return at
}

// tooDeep finds the token at which brackets, runs of operators in front of a value, or conditions within
// conditions nest deeper than maxDepth. HCL's parser recurses on each of them.
func tooDeep(tokens hclsyntax.Tokens) (hclsyntax.Token, bool) {
	depth, prefix, conditions := 0, 0, 0
	for _, t := range tokens {
		switch t.Type {
		case hclsyntax.TokenBang, hclsyntax.TokenMinus:
			prefix++
		case hclsyntax.TokenNewline, hclsyntax.TokenComment: // inside brackets the parser skips them
		default:
			prefix = 0
		}
		switch t.Type {
		case hclsyntax.TokenOBrace, hclsyntax.TokenOBrack, hclsyntax.TokenOParen,
			hclsyntax.TokenTemplateInterp, hclsyntax.TokenTemplateControl:
			depth++
		case hclsyntax.TokenCBrace, hclsyntax.TokenCBrack, hclsyntax.TokenCParen, hclsyntax.TokenTemplateSeqEnd:
			depth = max(0, depth-1)
		case hclsyntax.TokenQuestion:
			conditions++
		case hclsyntax.TokenEqual:
			conditions = 0
		}
		if depth > maxDepth || prefix > maxDepth || conditions > maxDepth {
			return t, true
		}
	}
	return hclsyntax.Token{}, false
}

// tooLong finds the token at which a text has more pieces than maxPieces.
func tooLong(tokens hclsyntax.Tokens) (hclsyntax.Token, bool) {
	pieces := 0
	for _, t := range tokens {
		switch t.Type {
		case hclsyntax.TokenQuotedLit, hclsyntax.TokenStringLit:
			if pieces++; pieces > maxPieces {
				return t, true
			}
		default:
			pieces = 0
		}
	}
	return hclsyntax.Token{}, false
}
