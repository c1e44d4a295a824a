package expr

import (
	"strings"
	"unicode/utf8"
)

// token is a lexical piece of CEL text, bytes [start, end). The scanner only serves places and hints: what is
// CEL and what is not is cel-go's to say, so it never fails.
type token struct {
	kind       tokenKind
	start, end int
}

type tokenKind uint8

const (
	tokenWord   tokenKind = iota // a name or keyword
	tokenNumber                  //
	tokenString                  // with quotes and prefix
	tokenOpen                    // ( [ {
	tokenClose                   // ) ] }
	tokenOther                   // operators and all else
	tokenBroken                  // a string that does not end
)

// scan splits CEL text into tokens; blanks and comments are left out.
func scan(text string) []token {
	out := make([]token, 0, len(text)/4+1)
	for i := 0; i < len(text); {
		c := text[i]
		switch {
		case c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f':
			i++
			continue
		case strings.HasPrefix(text[i:], "//"):
			if n := strings.IndexByte(text[i:], '\n'); n >= 0 {
				i += n
			} else {
				i = len(text)
			}
			continue
		}
		t := scanToken(text, i)
		out = append(out, t)
		i = t.end
	}
	return out
}

func scanToken(text string, i int) token {
	c := text[i]
	switch {
	case c == '"' || c == '\'':
		return scanString(text, i, i, false)
	case isLetter(c):
		j := i
		for j < len(text) && (isLetter(text[j]) || isDigit(text[j])) {
			j++
		}
		if j < len(text) && (text[j] == '"' || text[j] == '\'') && isStringPrefix(text[i:j]) {
			return scanString(text, i, j, strings.ContainsAny(text[i:j], "rR"))
		}
		return token{tokenWord, i, j}
	case isDigit(c):
		j := i
		for j < len(text) && (isLetter(text[j]) || isDigit(text[j]) || text[j] == '.' && j+1 < len(text) && isDigit(text[j+1])) {
			j++
		}
		return token{tokenNumber, i, j}
	case strings.IndexByte("([{", c) >= 0:
		return token{tokenOpen, i, i + 1}
	case strings.IndexByte(")]}", c) >= 0:
		return token{tokenClose, i, i + 1}
	}
	if i+1 < len(text) {
		switch text[i : i+2] {
		case "==", "!=", "<=", ">=", "&&", "||", "<>", "=~":
			return token{tokenOther, i, i + 2}
		}
	}
	_, n := utf8.DecodeRuneInString(text[i:])
	return token{tokenOther, i, i + n}
}

// scanString reads a string literal whose prefix starts at start and whose quote is at i.
func scanString(text string, start, i int, raw bool) token {
	quote := text[i : i+1]
	if strings.HasPrefix(text[i:], strings.Repeat(quote, 3)) {
		quote = text[i : i+3]
	}
	for j := i + len(quote); j < len(text); j++ {
		switch {
		case strings.HasPrefix(text[j:], quote):
			return token{tokenString, start, j + len(quote)}
		case text[j] == '\\' && !raw:
			j++
		case text[j] == '\n' && len(quote) == 1:
			return token{tokenBroken, start, j}
		}
	}
	return token{tokenBroken, start, len(text)}
}

func isStringPrefix(s string) bool {
	switch strings.ToLower(s) {
	case "r", "b", "rb", "br":
		return true
	}
	return false
}

func isLetter(c byte) bool { return c == '_' || c|0x20 >= 'a' && c|0x20 <= 'z' }
func isDigit(c byte) bool  { return c >= '0' && c <= '9' }

// brackets pairs each opening bracket's byte with that of its closing one, and gives the deepest nesting
// with the place where the limit is passed.
func brackets(text string, tokens []token) (pairs map[int]int, depth, deepest int) {
	pairs = map[int]int{}
	var open []int
	for _, t := range tokens {
		switch t.kind {
		case tokenOpen:
			open = append(open, t.start)
			if len(open) > depth {
				depth, deepest = len(open), t.start
			}
		case tokenClose:
			if n := len(open); n > 0 && closes(text[open[n-1]], text[t.start]) {
				pairs[open[n-1]] = t.start
				open = open[:n-1]
			}
		}
	}
	return pairs, depth, deepest
}

func closes(open, end byte) bool {
	return open == '(' && end == ')' || open == '[' && end == ']' || open == '{' && end == '}'
}
