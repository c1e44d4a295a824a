// Package format writes project files in their one canonical form.
//
// Only the space between tokens changes, and quotes are added around bare labels and the keys of tables. Comments
// stay where they are, heredocs stay byte for byte, and a file keeps its kind of line endings. The spacing rules
// are those of hclwrite, with runs of blank lines made one. Formatting twice gives the same as once.
package format

import (
	"bytes"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/hashicorp/hcl/v2/hclwrite"

	"github.com/syncline/syncline/lang/diag"
	"github.com/syncline/syncline/lang/syntax"
)

// maxRounds is how often the spacing rules are applied to come to rest. Two are the most that was ever seen.
const maxRounds = 8

// Source formats one file. A file that cannot be parsed is returned as it is, with what is wrong; mistakes beyond
// syntax do not matter here.
func Source(name string, src []byte) ([]byte, diag.List) {
	if diags := syntax.Check(name, src); len(diags) > 0 {
		return src, diags
	}
	text := bytes.TrimPrefix(src, []byte("\ufeff"))
	newline := lineEnding(text)
	held := hold(addQuotes(text))
	before, ok := held.text, false
	for range maxRounds {
		after := tidy(hclwrite.Format(before))
		if ok = bytes.Equal(before, after); ok {
			break
		}
		before = after
	}
	if !ok || !sameTokens(held.text, before) {
		// The spacing rules do not come to rest, or changed more than space. The file is valid as it is.
		return src, nil
	}
	return held.release(before, newline), nil
}

func lex(src []byte) hclsyntax.Tokens {
	tokens, _ := hclsyntax.LexConfig(src, "", hcl.Pos{Line: 1, Column: 1})
	return tokens
}

// lineEnding is that of the first line.
func lineEnding(src []byte) string {
	if i := bytes.IndexByte(src, '\n'); i > 0 && src[i-1] == '\r' {
		return "\r\n"
	}
	return "\n"
}

// sameTokens tells whether two texts differ in no more than space.
func sameTokens(a, b []byte) bool {
	x, y := solid(a), solid(b)
	if len(x) != len(y) {
		return false
	}
	for i := range x {
		if x[i].Type != y[i].Type || !bytes.Equal(bytes.TrimRight(x[i].Bytes, " \t\r\n"), bytes.TrimRight(y[i].Bytes, " \t\r\n")) {
			return false
		}
	}
	return true
}

func solid(src []byte) (out hclsyntax.Tokens) {
	for _, t := range lex(src) {
		if t.Type != hclsyntax.TokenNewline {
			out = append(out, t)
		}
	}
	return out
}
