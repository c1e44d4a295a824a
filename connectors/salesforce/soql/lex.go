package soql

import (
	"io"
	"strings"
	"unicode/utf8"

	"github.com/alecthomas/participle/v2/lexer"
)

// The types of tokens.
const (
	tokenName lexer.TokenType = iota + 1
	tokenString
	tokenDateTime
	tokenDate
	tokenNumber
	tokenOperator
	tokenPunct
)

// language is the lexer. It is written by hand because statements with thousands of ids in a
// list are the rule: one pass, no regular expressions, and it watches the nesting on its way.
type language struct{}

// Symbols names the types of tokens for the grammar.
func (language) Symbols() map[string]lexer.TokenType {
	return map[string]lexer.TokenType{"EOF": lexer.EOF, "Name": tokenName, "String": tokenString, "DateTime": tokenDateTime,
		"Date": tokenDate, "Number": tokenNumber, "Operator": tokenOperator, "Punct": tokenPunct}
}

// Lex reads all of r.
func (l language) Lex(name string, r io.Reader) (lexer.Lexer, error) {
	data, err := io.ReadAll(r)
	if err != nil {
		return nil, err
	}
	return l.LexString(name, string(data))
}

// LexString makes a scanner.
func (language) LexString(_ string, text string) (lexer.Lexer, error) {
	return &scanner{text: text, pos: Position{Line: 1, Column: 1}}, nil
}

type scanner struct {
	text string
	pos  Position
	// depth is the number of open parentheses and of the NOTs before this token.
	depth, nots int
}

// Next gives the next token.
func (s *scanner) Next() (lexer.Token, error) {
	s.skipSpace()
	rest := s.text[s.pos.Offset:]
	if rest == "" {
		return lexer.EOFToken(s.pos), nil
	}
	t, n, fault := scan(rest)
	if fault != "" {
		return lexer.Token{}, &Error{Code: MalformedQuery, Pos: s.pos, Message: fault}
	}
	tok := lexer.Token{Type: t, Value: rest[:n], Pos: s.pos}
	if err := s.nest(tok); err != nil {
		return lexer.Token{}, err
	}
	s.advance(n)
	return tok, nil
}

// nest keeps count of what makes the parser recurse.
func (s *scanner) nest(tok lexer.Token) error {
	switch {
	case tok.Value == "(":
		s.depth++
	case tok.Value == ")":
		s.depth--
	case tok.Type == tokenName && fold(tok.Value, "NOT"):
		s.nots++
	default:
		s.nots = 0
	}
	if s.depth+s.nots > maxDepth {
		return &Error{Code: MalformedQuery, Pos: tok.Pos, Message: "the query is nested too deeply"}
	}
	return nil
}

func (s *scanner) skipSpace() {
	n := 0
	rest := s.text[s.pos.Offset:]
	for n < len(rest) && (rest[n] == ' ' || rest[n] == '\t' || rest[n] == '\n' || rest[n] == '\r') {
		n++
	}
	s.advance(n)
}

// advance moves over n bytes.
func (s *scanner) advance(n int) {
	part := s.text[s.pos.Offset : s.pos.Offset+n]
	s.pos.Offset += n
	if i := strings.LastIndexByte(part, '\n'); i >= 0 {
		s.pos.Line += strings.Count(part, "\n")
		s.pos.Column = 1
		part = part[i+1:]
	}
	s.pos.Column += utf8.RuneCountInString(part)
}

// scan finds the token that text begins with: its type and length, or what is wrong with it.
func scan(text string) (lexer.TokenType, int, string) {
	c := text[0]
	switch {
	case letter(c):
		return tokenName, scanName(text), ""
	case c == '\'':
		n := scanString(text)
		if n == 0 {
			return 0, 0, "unterminated string literal"
		}
		return tokenString, n, ""
	case digit(c), (c == '-' || c == '+' || c == '.') && len(text) > 1 && (digit(text[1]) || text[1] == '.'):
		return scanNumber(text)
	case strings.IndexByte("(),:", c) >= 0:
		return tokenPunct, 1, ""
	case strings.IndexByte("=<>!", c) >= 0:
		return scanOperator(text)
	}
	r, _ := utf8.DecodeRuneInString(text)
	return 0, 0, "no viable alternative at character '" + string(r) + "'"
}

func letter(c byte) bool { return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' }
func digit(c byte) bool  { return c >= '0' && c <= '9' }

// scanName takes a name with its path: Account.Owner.Name is one token.
func scanName(text string) int {
	n := 1
	for n < len(text) {
		c := text[n]
		if letter(c) || digit(c) || c == '_' || c == '.' && n+1 < len(text) && letter(text[n+1]) {
			n++
			continue
		}
		break
	}
	return n
}

// scanString takes a string with its quotes; 0 when it has no end.
func scanString(text string) int {
	for n := 1; n < len(text); n++ {
		switch text[n] {
		case '\\':
			n++
		case '\'':
			return n + 1
		}
	}
	return 0
}

func scanOperator(text string) (lexer.TokenType, int, string) {
	for _, op := range [...]string{"<=", ">=", "!=", "<>", "=", "<", ">"} {
		if strings.HasPrefix(text, op) {
			return tokenOperator, len(op), ""
		}
	}
	return 0, 0, "unexpected token: '!'"
}

// digits counts the digits at i.
func digits(text string, i int) int {
	n := 0
	for i+n < len(text) && digit(text[i+n]) {
		n++
	}
	return n
}

// scanNumber takes a number, a date or a datetime.
func scanNumber(text string) (lexer.TokenType, int, string) {
	if n := scanDate(text); n > 0 {
		if t := scanClock(text[n:]); t > 0 {
			return tokenDateTime, n + t, ""
		}
		return tokenDate, n, ""
	}
	n := 0
	if text[0] == '-' || text[0] == '+' {
		n = 1
	}
	whole := digits(text, n)
	n += whole
	part := 0
	if n < len(text) && text[n] == '.' {
		part = digits(text, n+1)
		n += 1 + part
	}
	if whole+part == 0 {
		return 0, 0, "unexpected token: '" + text[:n] + "'"
	}
	if n < len(text) && (text[n] == 'e' || text[n] == 'E') {
		m := n + 1
		if m < len(text) && (text[m] == '-' || text[m] == '+') {
			m++
		}
		if k := digits(text, m); k > 0 {
			n = m + k
		}
	}
	if n < len(text) && (letter(text[n]) || text[n] == '_') {
		m := n + scanName("a"+text[n:]) - 1
		return 0, 0, "unexpected token: '" + text[:m] + "'"
	}
	return tokenNumber, n, ""
}

// scanDate takes 2026-01-31.
func scanDate(text string) int {
	if digits(text, 0) == 4 && len(text) >= 10 && text[4] == '-' && digits(text, 5) == 2 && text[7] == '-' && digits(text, 8) == 2 {
		return 10
	}
	return 0
}

// scanClock takes T10:00:00.000Z and the like after a date.
func scanClock(text string) int {
	if len(text) < 10 || text[0] != 'T' && text[0] != 't' {
		return 0
	}
	if digits(text, 1) != 2 || text[3] != ':' || digits(text, 4) != 2 || text[6] != ':' || digits(text, 7) != 2 {
		return 0
	}
	n := 9
	if text[n] == '.' {
		k := digits(text, n+1)
		if k == 0 {
			return 0
		}
		n += 1 + k
	}
	if n >= len(text) {
		return 0
	}
	switch text[n] {
	case 'Z', 'z':
		return n + 1
	case '+', '-':
		if digits(text, n+1) == 4 {
			return n + 5
		}
		if digits(text, n+1) == 2 && n+3 < len(text) && text[n+3] == ':' && digits(text, n+4) == 2 {
			return n + 6
		}
	}
	return 0
}
