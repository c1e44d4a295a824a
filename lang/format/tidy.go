package format

import (
	"bytes"

	"github.com/hashicorp/hcl/v2/hclsyntax"
)

// tidy makes runs of blank lines one, drops blank lines at the ends of the file and of blocks and space at the ends
// of lines, and ends the file with a newline. What stands inside comments over several lines is kept.
func tidy(src []byte) []byte {
	var out bytes.Buffer
	at, newlines := 0, 0
	opened := true // at the beginning of the file or behind an opening bracket
	for _, t := range lex(src) {
		if t.Type == hclsyntax.TokenEOF {
			break
		}
		space := src[at:t.Range.Start.Byte]
		at = t.Range.End.Byte
		if t.Type == hclsyntax.TokenNewline {
			newlines++
			continue
		}
		if isCloser(t) && newlines > 1 {
			newlines = 1
		}
		if opened && newlines > 1 {
			newlines = 1
		}
		if out.Len() > 0 || newlines == 0 {
			out.Write([]byte("\n\n")[:min(2, newlines)])
		}
		newlines = 0
		out.Write(space)
		text := src[t.Range.Start.Byte:t.Range.End.Byte]
		if t.Type == hclsyntax.TokenComment {
			if body, ends := bytes.CutSuffix(text, []byte("\n")); ends { // a comment to the end of the line holds its newline
				text, newlines = bytes.TrimRight(body, " \t"), 1
			}
		}
		out.Write(text)
		opened = isOpener(t)
	}
	done := bytes.TrimSpace(out.Bytes())
	if len(done) == 0 {
		return nil
	}
	return append(bytes.Clone(done), '\n')
}

func isOpener(t hclsyntax.Token) bool {
	return t.Type == hclsyntax.TokenOBrace || t.Type == hclsyntax.TokenOBrack || t.Type == hclsyntax.TokenOParen
}

func isCloser(t hclsyntax.Token) bool {
	return t.Type == hclsyntax.TokenCBrace || t.Type == hclsyntax.TokenCBrack || t.Type == hclsyntax.TokenCParen
}
