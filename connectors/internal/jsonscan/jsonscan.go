// Package jsonscan reads JSON by pulling: the caller says what it expects next and gets bytes of
// the input, so that decoding a page of records into slots allocates nothing per record.
//
// A Scanner never panics on bad input. Its first error sticks: every later call gives a zero, the
// loops over objects and arrays end, and Err tells what was wrong and where.
package jsonscan

import (
	"bytes"
	"fmt"
	"unicode/utf16"
	"unicode/utf8"
)

// Kind is the kind of the next value.
type Kind uint8

const (
	Invalid Kind = iota // the end of the input, or no JSON
	Object
	Array
	String
	Number
	True
	False
	Null
)

var kindNames = [...]string{"invalid input", "object", "array", "string", "number", "true", "false", "null"}

func (k Kind) String() string { return kindNames[k] }

// maxDepth bounds nesting, so that hostile input cannot exhaust the stack.
const maxDepth = 200

// Scanner reads one text. The zero Scanner reads nothing; Reset gives it a text.
type Scanner struct {
	data  []byte
	pos   int
	depth int
	err   error
	// unescaped holds the last string that had escapes; it is reused.
	unescaped []byte
}

// Reset starts over with another text, which must not change while it is read.
func (s *Scanner) Reset(data []byte) {
	// A byte order mark is not JSON, but some gateways send one.
	data = bytes.TrimPrefix(data, []byte("\xef\xbb\xbf"))
	s.data, s.pos, s.depth, s.err = data, 0, 0, nil
}

// Err is the first error, nil when there was none.
func (s *Scanner) Err() error { return s.err }

// Offset is the position of the next byte.
func (s *Scanner) Offset() int { return s.pos }

// Fail makes the scanner fail at the current place, unless it did before.
func (s *Scanner) Fail(format string, args ...any) {
	if s.err == nil {
		s.err = fmt.Errorf("JSON at byte %d: %s", s.pos, fmt.Sprintf(format, args...))
	}
}

func (s *Scanner) space() {
	for s.pos < len(s.data) {
		switch s.data[s.pos] {
		case ' ', '\t', '\n', '\r':
			s.pos++
		default:
			return
		}
	}
}

// Next tells the kind of the next value without reading it.
func (s *Scanner) Next() Kind {
	if s.err != nil {
		return Invalid
	}
	s.space()
	if s.pos >= len(s.data) {
		return Invalid
	}
	switch c := s.data[s.pos]; {
	case c == '{':
		return Object
	case c == '[':
		return Array
	case c == '"':
		return String
	case c == '-' || c >= '0' && c <= '9':
		return Number
	case c == 't':
		return True
	case c == 'f':
		return False
	case c == 'n':
		return Null
	}
	return Invalid
}

// Enter goes into the object or array that comes next. It fails when something else comes.
func (s *Scanner) Enter(k Kind) {
	if got := s.Next(); got != k {
		s.Fail("expected %s, found %s", k, got)
		return
	}
	if s.depth++; s.depth > maxDepth {
		s.Fail("nested more than %d levels deep", maxDepth)
		return
	}
	s.pos++
}

// Item tells whether the array has another item and stands before it; at the end it leaves the array.
// It is called once before each item.
func (s *Scanner) Item() bool { return s.more(']') }

// more handles the comma or end between members.
func (s *Scanner) more(end byte) bool {
	if s.err != nil {
		return false
	}
	s.space()
	if s.pos >= len(s.data) {
		s.Fail("the text ends early")
		return false
	}
	switch c := s.data[s.pos]; {
	case c == end:
		s.pos++
		s.depth--
		return false
	case c == ',':
		s.pos++
		if s.Next() == Invalid {
			s.Fail("expected a value after the comma")
			return false
		}
	}
	return true
}

// Key reads the next key of the object and stands before its value; at the end of the object it
// leaves it and gives false. The key is valid until the next call.
func (s *Scanner) Key() ([]byte, bool) {
	if !s.more('}') {
		return nil, false
	}
	key := s.Text()
	if s.err != nil {
		return nil, false
	}
	s.space()
	if s.pos >= len(s.data) || s.data[s.pos] != ':' {
		s.Fail("expected a colon after the key %q", key)
		return nil, false
	}
	s.pos++
	return key, true
}

// Text reads a string. The bytes are valid until the next call.
func (s *Scanner) Text() []byte {
	if got := s.Next(); got != String {
		s.Fail("expected string, found %s", got)
		return nil
	}
	start := s.pos + 1
	for i := start; i < len(s.data); i++ {
		switch c := s.data[i]; {
		case c == '"':
			s.pos = i + 1
			return s.data[start:i]
		case c == '\\':
			return s.escaped(start, i)
		case c < 0x20:
			s.pos = i
			s.Fail("control character in a string")
			return nil
		}
	}
	s.pos = len(s.data)
	s.Fail("a string is not closed")
	return nil
}

// escaped reads the rest of a string whose first escape is at i.
func (s *Scanner) escaped(start, i int) []byte {
	out := append(s.unescaped[:0], s.data[start:i]...)
	for i < len(s.data) {
		c := s.data[i]
		switch {
		case c == '"':
			s.pos, s.unescaped = i+1, out
			return out
		case c < 0x20:
			s.pos = i
			s.Fail("control character in a string")
			return nil
		case c != '\\':
			out = append(out, c)
			i++
			continue
		}
		if i+1 >= len(s.data) {
			break
		}
		plain, ok := simpleEscape(s.data[i+1])
		switch {
		case ok:
			out = append(out, plain)
			i += 2
		case s.data[i+1] == 'u':
			r, n := unicodeEscape(s.data[i:])
			if n == 0 {
				s.pos = i
				s.Fail("broken \\u escape")
				return nil
			}
			out = utf8.AppendRune(out, r)
			i += n
		default:
			s.pos = i
			s.Fail("unknown escape \\%c", s.data[i+1])
			return nil
		}
	}
	s.pos = len(s.data)
	s.Fail("a string is not closed")
	return nil
}

func simpleEscape(c byte) (byte, bool) {
	switch c {
	case '"', '\\', '/':
		return c, true
	case 'b':
		return '\b', true
	case 'f':
		return '\f', true
	case 'n':
		return '\n', true
	case 'r':
		return '\r', true
	case 't':
		return '\t', true
	}
	return 0, false
}

// unicodeEscape decodes \uXXXX, or a surrogate pair, and tells its length in bytes, 0 when broken.
func unicodeEscape(data []byte) (rune, int) {
	r, ok := hex4(data)
	if !ok {
		return 0, 0
	}
	if utf16.IsSurrogate(r) {
		if second, ok := hex4(data[6:]); ok {
			if pair := utf16.DecodeRune(r, second); pair != utf8.RuneError {
				return pair, 12
			}
		}
		return utf8.RuneError, 6
	}
	return r, 6
}

func hex4(data []byte) (rune, bool) {
	if len(data) < 6 || data[0] != '\\' || data[1] != 'u' {
		return 0, false
	}
	var r rune
	for _, c := range data[2:6] {
		switch {
		case c >= '0' && c <= '9':
			r = r<<4 | rune(c-'0')
		case c >= 'a' && c <= 'f':
			r = r<<4 | rune(c-'a'+10)
		case c >= 'A' && c <= 'F':
			r = r<<4 | rune(c-'A'+10)
		default:
			return 0, false
		}
	}
	return r, true
}

// Digits reads a number and gives its text.
func (s *Scanner) Digits() []byte {
	if got := s.Next(); got != Number {
		s.Fail("expected number, found %s", got)
		return nil
	}
	start := s.pos
	for s.pos < len(s.data) {
		switch c := s.data[s.pos]; {
		case c >= '0' && c <= '9', c == '-', c == '+', c == '.', c == 'e', c == 'E':
			s.pos++
		default:
			return s.data[start:s.pos]
		}
	}
	return s.data[start:s.pos]
}

// Bool reads true or false.
func (s *Scanner) Bool() bool {
	switch got := s.Next(); got {
	case True:
		s.word("true")
		return s.err == nil
	case False:
		s.word("false")
	default:
		s.Fail("expected true or false, found %s", got)
	}
	return false
}

func (s *Scanner) word(w string) {
	if !bytes.HasPrefix(s.data[s.pos:], []byte(w)) {
		s.Fail("expected %s", w)
		return
	}
	s.pos += len(w)
}

// Skip reads the next value, whatever it is, and drops it.
func (s *Scanner) Skip() {
	switch got := s.Next(); got {
	case Object:
		s.Enter(Object)
		for {
			if _, ok := s.Key(); !ok {
				return
			}
			s.Skip()
		}
	case Array:
		s.Enter(Array)
		for s.Item() {
			s.Skip()
		}
	case String:
		s.Text()
	case Number:
		s.Digits()
	case True, False:
		s.Bool()
	case Null:
		s.word("null")
	default:
		s.Fail("expected a value")
	}
}

// Raw reads the next value, whatever it is, and gives its text.
func (s *Scanner) Raw() []byte {
	s.space()
	start := s.pos
	s.Skip()
	if s.err != nil {
		return nil
	}
	return s.data[start:s.pos]
}

// End fails unless only white space is left.
func (s *Scanner) End() {
	if s.space(); s.err == nil && s.pos < len(s.data) {
		s.Fail("more text after the end of the value")
	}
}

// Since gives the text from an earlier Offset to here.
func (s *Scanner) Since(offset int) []byte { return s.data[min(offset, s.pos):s.pos] }
