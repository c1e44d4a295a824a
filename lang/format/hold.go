package format

import (
	"bytes"
	"fmt"

	"github.com/hashicorp/hcl/v2/hclsyntax"
)

// held is a text whose heredocs are out of the formatter's reach: a short text in quotes stands for each.
type held struct {
	text     []byte
	marks    [][]byte
	heredocs [][]byte
}

// hold takes the heredocs out and makes all other line endings newlines.
func hold(src []byte) *held {
	h := &held{}
	prefix := "heredoc"
	for bytes.Contains(src, []byte(prefix)) {
		prefix += "_"
	}
	var out bytes.Buffer
	at := 0
	tokens := lex(src)
	for i := 0; i < len(tokens); i++ {
		t := tokens[i]
		if t.Type != hclsyntax.TokenOHeredoc {
			continue
		}
		end := closing(tokens, i)
		if end < 0 {
			break
		}
		from, to := t.Range.Start.Byte, tokens[end].Range.End.Byte
		text := bytes.TrimRight(src[from:to], "\r\n")
		mark := fmt.Appendf(nil, `"%s%d"`, prefix, len(h.marks))
		out.Write(unix(src[at:from]))
		out.Write(mark)
		h.marks, h.heredocs = append(h.marks, mark), append(h.heredocs, text)
		at = from + len(text)
		i = end
	}
	out.Write(unix(src[at:]))
	h.text = out.Bytes()
	return h
}

func closing(tokens hclsyntax.Tokens, open int) int {
	depth := 0
	for i := open; i < len(tokens); i++ {
		switch tokens[i].Type {
		case hclsyntax.TokenOHeredoc:
			depth++
		case hclsyntax.TokenCHeredoc:
			if depth--; depth == 0 {
				return i
			}
		}
	}
	return -1
}

func unix(src []byte) []byte { return bytes.ReplaceAll(src, []byte("\r\n"), []byte("\n")) }

// release puts the heredocs and the line endings back.
func (h *held) release(text []byte, newline string) []byte {
	var out bytes.Buffer
	for i, mark := range h.marks {
		before, after, _ := bytes.Cut(text, mark)
		out.Write(bytes.ReplaceAll(before, []byte("\n"), []byte(newline)))
		out.Write(h.heredocs[i])
		text = after
	}
	out.Write(bytes.ReplaceAll(text, []byte("\n"), []byte(newline)))
	return out.Bytes()
}
