package diag

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/rivo/uniseg"

	"github.com/syncline/syncline/lang/span"
)

const (
	tabWidth     = 4
	maxLines     = 6   // of a subject over several lines: the first ones and the last
	maxLineWidth = 160 // columns of a source line; longer ones are cut around the subject
)

// excerpt writes the source lines of a range, the range underlined.
func (t *textWriter) excerpt(r span.Range, tint string) {
	if r.IsZero() || len(r.File.Src) == 0 || r.End == 0 {
		return // nowhere, or the file as a whole
	}
	first, last := r.StartPos().Line, r.EndPos().Line
	if _, at := r.File.Line(last); last > first && r.End <= at {
		last-- // it ends with the newline of the line before
	}
	gutter := len(fmt.Sprint(last))
	t.line(t.gutter(gutter, ""))
	for n := first; n <= last; n++ {
		if n == first+maxLines-1 && last-n > 0 {
			t.line(t.gutter(gutter, "…"))
			n = last
		}
		text, at := r.File.Line(n)
		shown, mark := render(text, r.Start-at, r.End-at, t.hidden(r.File, at))
		t.line(t.gutter(gutter, fmt.Sprint(n)) + " " + shown)
		if mark != "" {
			indent := len(mark) - len(strings.TrimLeft(mark, " "))
			t.line(t.gutter(gutter, "") + " " + mark[:indent] + t.color(tint, mark[indent:]))
		}
	}
}

// hidden tells which bytes of the line that begins at an offset of a file are secret; nil: none is in that file.
func (t *textWriter) hidden(f *span.File, at int) func(offset int) bool {
	var of []span.Range
	for _, s := range t.secrets {
		if s.File == f || s.Name() == f.Name {
			of = append(of, s)
		}
	}
	if of == nil {
		return nil
	}
	return func(offset int) bool {
		return slices.ContainsFunc(of, func(s span.Range) bool { return s.Start <= at+offset && at+offset < s.End })
	}
}

func (t *textWriter) gutter(width int, label string) string {
	pad := width - len([]rune(label))
	return t.color(blue, strings.Repeat(" ", max(0, pad)+2)+label+" |")
}

// cell is one character as the reader sees it.
type cell struct {
	text   string
	width  int
	marked bool
}

// render gives a line as it is shown, and the underline of its bytes [start, end), which may lie outside of it. What is
// secret, if anything, is hidden.
func render(text string, start, end int, secret func(offset int) bool) (shown, mark string) {
	whole := start
	text, start, end = window(text, start, end)
	cut := whole - start // bytes that the window leaves out in front
	cells := layout(text, start, end, func(at int) bool { return secret != nil && secret(cut+at) })
	if start == end || start >= len(text) { // a place between characters, or behind the last
		cells = markPlace(cells, text, start)
	}
	cells = shorten(cells)
	var s, m strings.Builder
	for _, c := range cells {
		s.WriteString(c.text)
		if c.marked {
			m.WriteString(strings.Repeat("^", max(1, c.width)))
		} else {
			m.WriteString(strings.Repeat(" ", c.width))
		}
	}
	return s.String(), strings.TrimRight(m.String(), " ")
}

// window cuts a line of no human making to what can be shown at all, before anything is measured.
func window(text string, start, end int) (string, int, int) {
	const most = 8 * maxLineWidth
	if len(text) <= most {
		return text, start, end
	}
	from := min(max(0, start-most/4), len(text)-most)
	for from > 0 && !utf8.RuneStart(text[from]) {
		from--
	}
	to := min(len(text), from+most)
	for to < len(text) && !utf8.RuneStart(text[to]) {
		to++
	}
	return text[from:to], start - from, end - from
}

// layout cuts a line into characters, with tabs expanded. The space in front of a line that lies within the subject
// is not marked.
func layout(text string, start, end int, secret func(at int) bool) (cells []cell) {
	column, at, state := 0, 0, -1
	inMargin := true
	rest := text
	for rest != "" {
		cluster, next, width, newState := uniseg.FirstGraphemeClusterInString(rest, state)
		c := cell{text: printable(cluster), width: width, marked: at < end && at+len(cluster) > start}
		blank := cluster == " " || cluster == "\t"
		inMargin = inMargin && blank
		switch {
		case cluster == "\t":
			c.width = tabWidth - column%tabWidth
			c.text = strings.Repeat(" ", c.width)
		case width == 0:
			c.text, c.width = "\uFFFD", 1
		}
		if inMargin && start < 0 {
			c.marked = false
		}
		if secret(at) && !inMargin {
			c.text, c.width = "*", 1
		}
		column += c.width
		cells = append(cells, c)
		at += len(cluster)
		rest, state = next, newState
	}
	return cells
}

// markPlace marks the character at an offset, or the place behind the last.
func markPlace(cells []cell, text string, offset int) []cell {
	if offset < 0 {
		return cells
	}
	if offset >= len(text) {
		return append(cells, cell{text: " ", width: 1, marked: true})
	}
	at, state, rest := 0, -1, text
	for i := range cells {
		cluster, next, _, newState := uniseg.FirstGraphemeClusterInString(rest, state)
		if offset < at+len(cluster) {
			cells[i].marked = true
			break
		}
		at += len(cluster)
		rest, state = next, newState
	}
	return cells
}

// shorten cuts a very long line to the part around the beginning of the subject.
func shorten(cells []cell) []cell {
	if len(cells) <= maxLineWidth {
		return cells
	}
	first := 0
	for first < len(cells) && !cells[first].marked {
		first++
	}
	if first == len(cells) {
		first = 0
	}
	from := max(0, first-maxLineWidth/4)
	to := min(len(cells), from+maxLineWidth)
	out := make([]cell, 0, to-from+2)
	if from > 0 {
		out = append(out, cell{text: "…", width: 1})
	}
	out = append(out, cells[from:to]...)
	if to < len(cells) {
		out = append(out, cell{text: "…", width: 1})
	}
	return out
}
