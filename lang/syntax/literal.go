package syntax

import (
	"bytes"
	"strconv"
	"unicode/utf8"

	"github.com/syncline/syncline/lang/span"
)

// decode reads the text of a quoted string or heredoc from the raw bytes of r, which has the quotes or markers.
// HCL's own value is of no use here: it has lost the places and is normalised to NFC.
//
// As prose, a heredoc loses its one last newline and every CR before a newline, so that an editor's line
// endings never make a difference in a system; as CEL every byte stays.
func (p *parser) decode(r span.Range, prose bool) (e span.Embedded, heredoc bool) {
	raw := p.src[r.Start:r.End]
	if !bytes.HasPrefix(raw, []byte("<<")) {
		b := span.NewBuilder(p.file, r.Start+1)
		p.unescape(b, r.Start+1, max(r.Start+1, r.End-1), true)
		return b.Embedded(), false
	}
	lines := p.heredocLines(r)
	margin := 0
	if bytes.HasPrefix(raw, []byte("<<-")) {
		margin = leastMargin(p.src, lines)
	}
	at := r.End
	if len(lines) > 0 {
		at = lines[0].start
	}
	b := span.NewBuilder(p.file, at)
	for i, l := range lines {
		start := l.start
		if len(bytes.TrimSpace(p.src[l.start:l.end])) > 0 { // HCL leaves blank lines alone
			start += min(margin, indent(p.src[l.start:l.end]))
		}
		text, end := l.end, l.end
		if prose {
			text = l.start + len(bytes.TrimRight(p.src[l.start:l.end], "\r\n"))
		}
		p.unescape(b, min(start, text), text, false)
		if prose && text < end && i < len(lines)-1 {
			b.Decoded("\n", text, end)
		}
	}
	return b.Embedded(), true
}

// line is the bytes [start, end) of a line with its ending.
type line struct{ start, end int }

// heredocLines are the lines between the opening and the closing marker.
func (p *parser) heredocLines(r span.Range) (lines []line) {
	at := bytes.IndexByte(p.src[r.Start:r.End], '\n')
	if at < 0 {
		return nil
	}
	at += r.Start + 1
	for at < r.End {
		n := bytes.IndexByte(p.src[at:r.End], '\n')
		if n < 0 {
			return lines // the line of the closing marker
		}
		lines = append(lines, line{at, at + n + 1})
		at += n + 1
	}
	// The range ended with a newline: the last line is the closing marker's.
	return lines[:max(0, len(lines)-1)]
}

func leastMargin(src []byte, lines []line) int {
	least := -1
	for _, l := range lines {
		text := src[l.start:l.end]
		if len(bytes.TrimSpace(text)) == 0 {
			continue
		}
		if n := indent(text); least < 0 || n < least {
			least = n
		}
	}
	return max(0, least)
}

// indent counts the spaces and tabs in front.
func indent(text []byte) int {
	return len(text) - len(bytes.TrimLeft(text, " \t"))
}

// unescape appends the bytes [at, end) with escapes decoded. In heredocs a backslash is itself. HCL has checked
// the escapes; one that it let through and we do not know stands for itself.
func (p *parser) unescape(b *span.Builder, at, end int, quoted bool) {
	plain := at
	for at < end {
		text, size := "", 0
		switch c := p.src[at]; {
		case c == '\\' && quoted:
			text, size = escape(p.src[at:end])
		case (c == '$' || c == '%') && at+2 < end && p.src[at+1] == c && p.src[at+2] == '{':
			text, size = string(c)+"{", 3
		}
		if size == 0 {
			at++
			continue
		}
		b.Verbatim(plain, at)
		b.Decoded(text, at, at+size)
		at += size
		plain = at
	}
	b.Verbatim(plain, end)
}

// escape decodes the backslash escape in front of raw; size 0: there is none.
func escape(raw []byte) (text string, size int) {
	if len(raw) < 2 {
		return "", 0
	}
	switch raw[1] {
	case 'n':
		return "\n", 2
	case 'r':
		return "\r", 2
	case 't':
		return "\t", 2
	case '"', '\\':
		return string(raw[1]), 2
	case 'u':
		return codePoint(raw, 6)
	case 'U':
		return codePoint(raw, 10)
	}
	return "", 0
}

func codePoint(raw []byte, size int) (string, int) {
	if len(raw) < size {
		return "", 0
	}
	n, err := strconv.ParseUint(string(raw[2:size]), 16, 32)
	if err != nil || !utf8.ValidRune(rune(n)) {
		return "", 0
	}
	return string(rune(n)), size
}
