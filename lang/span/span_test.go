package span

import (
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"
)

func TestPos(t *testing.T) {
	f := NewFile("a", []byte("\ufeffé1\r\nzwei\n\n日"))
	for _, c := range []struct {
		offset       int
		line, column int
	}{
		{0, 1, 1}, {3, 1, 1}, {5, 1, 2}, {6, 1, 3}, {8, 2, 1}, {12, 2, 5}, {13, 3, 1}, {14, 4, 1}, {17, 4, 2}, {99, 4, 2}, {-1, 1, 1},
	} {
		if p := f.Pos(c.offset); p.Line != c.line || p.Column != c.column {
			t.Errorf("offset %d is %d:%d, want %d:%d", c.offset, p.Line, p.Column, c.line, c.column)
		}
	}
	for n, want := range map[int]string{0: "", 1: "é1", 2: "zwei", 3: "", 4: "日", 5: ""} {
		if got, _ := f.Line(n); got != want {
			t.Errorf("line %d is %q, want %q", n, got, want)
		}
	}
	if f.Lines() != 4 {
		t.Errorf("%d lines", f.Lines())
	}
}

func TestEmptyFile(t *testing.T) {
	for _, src := range []string{"", "\ufeff"} {
		f := NewFile("a", []byte(src))
		if p := f.Pos(0); p != (Pos{1, 1}) {
			t.Errorf("%q: %v", src, p)
		}
		if text, _ := f.Line(1); text != "" {
			t.Errorf("%q: line %q", src, text)
		}
	}
}

func TestRangeNowhere(t *testing.T) {
	var r Range
	if !r.IsZero() || r.Text() != "" || r.Name() != "" || r.StartPos() != (Pos{}) || r.EndPos() != (Pos{}) {
		t.Error("the zero range is somewhere")
	}
}

func TestLess(t *testing.T) {
	a, b := NewFile("a", nil), NewFile("b", nil)
	in := []Range{{}, {a, 1, 2}, {a, 1, 3}, {a, 2, 2}, {b, 0, 0}}
	for i := range in {
		for j := range in {
			if got := in[i].Less(in[j]); got != (i < j) {
				t.Errorf("%d < %d is %v", i, j, got)
			}
		}
	}
}

// build makes an embedded text of verbatim runs, escapes and gaps.
func build(t *rapid.T) (Embedded, []int) {
	var src strings.Builder
	type part struct {
		start, end int
		text       string
		kind       int
	}
	var parts []part
	for range rapid.IntRange(0, 8).Draw(t, "parts") {
		kind := rapid.IntRange(0, 2).Draw(t, "kind")
		start := src.Len()
		text := rapid.SampledFrom([]string{"a", "bc", "é", "日本"}).Draw(t, "text")
		switch kind {
		case 0:
			src.WriteString(text)
		case 1:
			src.WriteString(`\u0000`)
		case 2:
			src.WriteString("    ")
		}
		parts = append(parts, part{start, src.Len(), text, kind})
	}
	src.WriteString(`"`)
	b := NewBuilder(NewFile("f", []byte(src.String())), 0)
	var starts []int // file offset of each byte of the text
	for _, p := range parts {
		switch p.kind {
		case 0:
			b.Verbatim(p.start, p.end)
			for i := p.start; i < p.end; i++ {
				starts = append(starts, i)
			}
		case 1:
			b.Decoded(p.text, p.start, p.end)
			for range len(p.text) {
				starts = append(starts, p.start)
			}
		}
	}
	return b.Embedded(), starts
}

func TestEmbedded(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		e, starts := build(t)
		if len(starts) != len(e.Text) || !utf8.ValidString(e.Text) {
			t.Fatalf("%d bytes of %q", len(starts), e.Text)
		}
		from := rapid.IntRange(0, len(e.Text)).Draw(t, "from")
		to := rapid.IntRange(from, len(e.Text)).Draw(t, "to")
		r := e.Range(from, to)
		if from < to && r.Start != starts[from] {
			t.Fatalf("byte %d is at %d, want %d", from, r.Start, starts[from])
		}
		if r.End < r.Start || r.End > len(e.File.Src) {
			t.Fatalf("range %d to %d", r.Start, r.End)
		}
		if from == to && r.Start != r.End {
			t.Fatal("an empty range does not stay empty")
		}
		// A slice keeps its places.
		part := e.Slice(from, to)
		if part.Text != e.Text[from:to] {
			t.Fatalf("slice %q of %q", part.Text, e.Text)
		}
		for i := range part.Text {
			if got, want := part.Range(i, i+1), e.Range(from+i, from+i+1); got != want {
				t.Fatalf("byte %d of the slice is at %v, want %v", i, got, want)
			}
		}
	})
}

func TestPlain(t *testing.T) {
	e := Plain("expression", "a + größe")
	if r := e.Range(4, 11); r.Text() != "größe" || r.StartPos() != (Pos{1, 5}) || r.EndPos() != (Pos{1, 10}) {
		t.Errorf("%q at %v to %v", r.Text(), r.StartPos(), r.EndPos())
	}
}
