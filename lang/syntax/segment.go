package syntax

import (
	"bytes"
	"strings"
)

// segment is `NAME = VALUE` within a line: an attribute, or an entry of an object.
type segment struct {
	name       string
	start, end int // of the value, without the space around it; offsets in the file
}

// segmentAt finds the innermost segment whose value is at the offset, or the line's last in front of it. Texts
// count as closed at the end of the line. Comments are no part of a value.
func (p *parser) segmentAt(l line, offset int) (segment, bool) {
	s := &segmenter{src: p.work, line: l, offset: offset}
	s.scan()
	if s.found == nil {
		return segment{}, false
	}
	seg := *s.found
	for seg.end > seg.start && isSpace(p.work[seg.end-1]) {
		seg.end--
	}
	for seg.start < seg.end && isSpace(p.work[seg.start]) {
		seg.start++
	}
	return seg, seg.start < seg.end
}

func isSpace(b byte) bool { return b == ' ' || b == '\t' || b == '\r' }

type segmenter struct {
	src    []byte
	line   line
	offset int
	open   []openSegment
	depth  int
	found  *segment
}

type openSegment struct {
	segment
	depth int
}

func (s *segmenter) scan() {
	i := s.line.start
	for i < s.line.end {
		c := s.src[i]
		switch {
		case c == '"' || c == '\'':
			i = skipText(s.src, i, s.line.end)
			continue
		case c == '#', c == '/' && i+1 < s.line.end && s.src[i+1] == '/':
			s.close(i, -1)
			return
		case strings.IndexByte("([{", c) >= 0:
			s.depth++
		case strings.IndexByte(")]}", c) >= 0:
			s.depth--
			s.close(i, s.depth)
		case c == ',':
			s.close(i, s.depth-1)
		case c == '=' && s.assigns(i):
			s.open = append(s.open, openSegment{segment{name: nameBefore(s.src[s.line.start:i]), start: i + 1}, s.depth})
		}
		i++
	}
	s.close(s.line.end, -1)
}

// close ends the segments that are deeper than the depth. The first to end at or behind the offset is the innermost.
func (s *segmenter) close(at, depth int) {
	for len(s.open) > 0 {
		last := s.open[len(s.open)-1]
		if last.depth <= depth {
			return
		}
		s.open = s.open[:len(s.open)-1]
		last.end = at
		settled := s.found != nil && s.offset >= s.found.start && s.offset <= s.found.end
		if !settled && last.start <= s.offset {
			seg := last.segment
			s.found = &seg
		}
	}
}

// assigns tells a `=` from `==`, `<=`, `>=`, `!=` and `=>`, and wants a name in front.
func (s *segmenter) assigns(i int) bool {
	if i+1 < s.line.end && (s.src[i+1] == '=' || s.src[i+1] == '>') {
		return false
	}
	if i > s.line.start && strings.IndexByte("=<>!", s.src[i-1]) >= 0 {
		return false
	}
	return nameBefore(s.src[s.line.start:i]) != ""
}

// nameBefore is the word or quoted text at the end of text.
func nameBefore(text []byte) string {
	text = bytes.TrimRight(text, " \t")
	if n := len(text); n > 1 && text[n-1] == '"' {
		if open := bytes.LastIndexByte(text[:n-1], '"'); open >= 0 {
			return string(text[open+1 : n-1])
		}
	}
	i := len(text)
	for i > 0 && (text[i-1] >= 0x80 || text[i-1] == '-' || text[i-1] == '.' || isWordByte(text[i-1])) {
		i--
	}
	return string(text[i:])
}

func isWordByte(b byte) bool {
	return b == '_' || b >= '0' && b <= '9' || b >= 'a' && b <= 'z' || b >= 'A' && b <= 'Z'
}

// skipText gives the offset behind the text that begins at i, or end when it is not closed.
func skipText(src []byte, i, end int) int {
	quote := src[i]
	for i++; i < end; i++ {
		switch src[i] {
		case '\\':
			i++
		case quote:
			return i + 1
		}
	}
	return end
}

// balanced tells whether all brackets and texts of source are closed.
func balanced(source string) bool {
	var stack []byte
	src := []byte(source)
	for i := 0; i < len(src); {
		c := src[i]
		if c == '"' || c == '\'' {
			next := skipText(src, i, len(src))
			if next < i+2 || src[next-1] != c {
				return false
			}
			i = next
			continue
		}
		switch c {
		case '(', '[', '{':
			stack = append(stack, c)
		case ')', ']', '}':
			if len(stack) == 0 || !strings.Contains("() [] {}", string(stack[len(stack)-1])+string(c)) {
				return false
			}
			stack = stack[:len(stack)-1]
		}
		i++
	}
	return len(stack) == 0
}
