package file

import (
	"bytes"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/syncline/syncline/lang/value"
)

// string passes over the text at i.
func (d *jsonDecoder) string() error {
	start := d.i + 1
	q := bytes.IndexByte(d.line[start:], '"')
	if q > 0 && d.line[start+q-1] == '\\' {
		q = closing(d.line, start) - start
	}
	if q < 0 {
		d.i = len(d.line)
		return errCut
	}
	d.i = start + q + 1
	return nil
}

// unescaped is a text without its escapes, in memory that lives as long as the page.
func (d *jsonDecoder) unescaped(b []byte) ([]byte, error) {
	if bytes.IndexByte(b, '\\') < 0 {
		return b, nil
	}
	var ok bool
	if d.scratch, ok = unescape(d.scratch[:0], b); !ok {
		return nil, errEscape
	}
	return d.text(d.scratch), nil
}

// closing finds the quote that ends the text from start on, -1 when there is none.
func closing(b []byte, start int) int {
	for i := start; i < len(b); i++ {
		switch b[i] {
		case '\\':
			i++
		case '"':
			return i
		}
	}
	return -1
}

// unescape appends a JSON text without its escapes.
func unescape(dst, s []byte) ([]byte, bool) {
	for {
		i := bytes.IndexByte(s, '\\')
		if i < 0 {
			return append(dst, s...), true
		}
		dst = append(dst, s[:i]...)
		if s = s[i+1:]; len(s) == 0 {
			return dst, false
		}
		c := s[0]
		s = s[1:]
		switch c {
		case '"', '\\', '/':
			dst = append(dst, c)
		case 'b':
			dst = append(dst, '\b')
		case 'f':
			dst = append(dst, '\f')
		case 'n':
			dst = append(dst, '\n')
		case 'r':
			dst = append(dst, '\r')
		case 't':
			dst = append(dst, '\t')
		case 'u':
			r := hex4(s)
			if r < 0 {
				return dst, false
			}
			s = s[4:]
			if utf16.IsSurrogate(r) {
				r2 := rune(-1)
				if len(s) > 5 && s[0] == '\\' && s[1] == 'u' {
					r2 = hex4(s[2:])
				}
				if r = utf16.DecodeRune(r, r2); r != utf8.RuneError {
					s = s[6:]
				}
			}
			dst = utf8.AppendRune(dst, r)
		default:
			return dst, false
		}
	}
}

// hex4 reads four hexadecimal digits, -1 when they are none.
func hex4(s []byte) rune {
	if len(s) < 4 {
		return -1
	}
	var r rune
	for _, c := range s[:4] {
		switch {
		case c-'0' <= 9:
			r = r<<4 | rune(c-'0')
		case c|0x20 >= 'a' && c|0x20 <= 'f':
			r = r<<4 | rune(c|0x20-'a'+10)
		default:
			return -1
		}
	}
	return r
}

// skipCompound passes over a list or object.
func (d *jsonDecoder) skipCompound(depth int) error {
	if depth > maxDepth {
		return errDeep
	}
	open := d.line[d.i]
	end := byte('}')
	if open == '[' {
		end = ']'
	}
	d.i++
	if d.space(); d.i < len(d.line) && d.line[d.i] == end {
		d.i++
		return nil
	}
	for {
		d.space()
		if open == '{' {
			if d.i >= len(d.line) || d.line[d.i] != '"' {
				return d.syntax(errSyntax)
			}
			if err := d.string(); err != nil {
				return err
			}
			if d.space(); d.i >= len(d.line) || d.line[d.i] != ':' {
				return d.syntax(errSyntax)
			}
			d.i++
			d.space()
		}
		if err := d.value(passed, depth+1); err != nil {
			return err
		}
		d.space()
		if d.i >= len(d.line) {
			return errCut
		}
		c := d.line[d.i]
		if c != ',' && c != end {
			return d.syntax(errSyntax)
		}
		if d.i++; c == end {
			return nil
		}
	}
}

// list reads a list of single values as texts; empties are left out.
func (d *jsonDecoder) list(raw []byte) ([]value.Value, error) {
	if raw[0] != '[' {
		return nil, errNotText
	}
	sub := &jsonDecoder{line: raw, i: 1, text: d.text}
	var items []value.Value
	for {
		sub.space()
		switch c := sub.line[sub.i]; c {
		case ']':
			return items, nil
		case ',':
			sub.i++
		case '{', '[':
			return nil, errNotText
		case '"':
			start := sub.i + 1
			if err := sub.string(); err != nil {
				return nil, err
			}
			b, err := sub.unescaped(raw[start : sub.i-1])
			if err != nil {
				return nil, err
			}
			if len(b) > 0 {
				items = append(items, shared(b))
			}
		default:
			start := sub.i
			if err := sub.scalar(); err != nil {
				return nil, err
			}
			if word := raw[start:sub.i]; string(word) != "null" {
				items = append(items, shared(word))
			}
		}
	}
}

const hexDigits = "0123456789abcdef"

// appendJSONText appends s as a JSON text in quotes.
func appendJSONText(dst []byte, s string) []byte {
	dst = append(dst, '"')
	for {
		n := plainText(s)
		dst = append(dst, s[:n]...)
		if n == len(s) {
			return append(dst, '"')
		}
		switch c := s[n]; c {
		case '"', '\\':
			dst = append(dst, '\\', c)
		case '\n':
			dst = append(dst, '\\', 'n')
		case '\r':
			dst = append(dst, '\\', 'r')
		case '\t':
			dst = append(dst, '\\', 't')
		default:
			dst = append(dst, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&15])
		}
		s = s[n+1:]
	}
}

// plainText is how many bytes at the start of s need no escape. It looks at eight at once.
func plainText(s string) int {
	i := 0
	for ; i+8 <= len(s); i += 8 {
		if escapes(eight(s[i:])) {
			break
		}
	}
	if i+8 > len(s) {
		if x, none := lastEight(s); !none && !escapes(x) {
			return len(s)
		}
	}
	for ; i < len(s); i++ {
		if c := s[i]; c < ' ' || c == '"' || c == '\\' {
			break
		}
	}
	return i
}

// escapes tells whether one of eight bytes needs an escape.
func escapes(x uint64) bool {
	return (below(x, ' ')|equal(x, '"')|equal(x, '\\'))&tops != 0
}
