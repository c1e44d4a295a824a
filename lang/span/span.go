// Package span says where things stand in source files: files, byte ranges, and the
// mapping from text that is embedded in a file (CEL inside an HCL string) back to the file.
//
// All positions are byte offsets into the file as it was read. Lines and columns exist only
// at the edge, for people: both count from 1, columns in Unicode code points.
package span

import (
	"sort"
	"unicode/utf8"
)

// File is one source file. Name is relative to the project folder, with forward slashes.
type File struct {
	Name string
	Src  []byte

	lines []int // byte offset of each line's first byte
}

// NewFile indexes the lines of src. A carriage return before a newline belongs to the line.
func NewFile(name string, src []byte) *File {
	f := &File{Name: name, Src: src, lines: []int{0}}
	for i, b := range src {
		if b == '\n' {
			f.lines = append(f.lines, i+1)
		}
	}
	return f
}

// Pos is a place for people: line and column from 1, the column in code points.
type Pos struct {
	Line   int `json:"line"`
	Column int `json:"column"`
}

// Pos converts a byte offset. An offset past the end gives the place after the last byte.
func (f *File) Pos(offset int) Pos {
	offset = min(max(offset, 0), len(f.Src))
	line := sort.SearchInts(f.lines, offset+1) - 1
	start := f.lines[line]
	if line == 0 {
		start += bomLength(f.Src)
	}
	if start > offset {
		start = offset
	}
	return Pos{Line: line + 1, Column: utf8.RuneCount(f.Src[start:offset]) + 1}
}

// Line gives the text of a line (from 1) without its line ending, and the offset of its first byte.
func (f *File) Line(n int) (text string, offset int) {
	if n < 1 || n > len(f.lines) {
		return "", len(f.Src)
	}
	offset = f.lines[n-1]
	end := len(f.Src)
	if n < len(f.lines) {
		end = f.lines[n] - 1
	}
	if end > offset && f.Src[end-1] == '\r' {
		end--
	}
	if n == 1 {
		offset += bomLength(f.Src)
	}
	return string(f.Src[offset:max(offset, end)]), offset
}

// Lines counts the lines.
func (f *File) Lines() int { return len(f.lines) }

func bomLength(src []byte) int {
	if len(src) >= 3 && src[0] == 0xEF && src[1] == 0xBB && src[2] == 0xBF {
		return 3
	}
	return 0
}

// Range is the bytes [Start, End) of a file. The zero Range is "nowhere".
type Range struct {
	File       *File
	Start, End int
}

// IsZero tells whether the range is nowhere.
func (r Range) IsZero() bool { return r.File == nil }

// StartPos and EndPos are the ends of the range for people.
func (r Range) StartPos() Pos { return r.pos(r.Start) }

// EndPos is the place just after the range's last byte.
func (r Range) EndPos() Pos { return r.pos(r.End) }

func (r Range) pos(offset int) Pos {
	if r.File == nil {
		return Pos{}
	}
	return r.File.Pos(offset)
}

// Text is the source text of the range.
func (r Range) Text() string {
	if r.File == nil {
		return ""
	}
	return string(r.File.Src[r.Start:r.End])
}

// Name is the file's name, or "" for a range that is nowhere.
func (r Range) Name() string {
	if r.File == nil {
		return ""
	}
	return r.File.Name
}

// Less orders ranges by file name, then by place.
func (r Range) Less(o Range) bool {
	if r.Name() != o.Name() {
		return r.Name() < o.Name()
	}
	if r.Start != o.Start {
		return r.Start < o.Start
	}
	return r.End < o.End
}

// Embedded is text that stands inside a file in another spelling: escapes are decoded,
// heredoc margins are gone. It maps each byte of Text back to the file.
type Embedded struct {
	Text string
	File *File

	pieces []piece
	end    int // file offset just after the last byte
}

// piece maps Text[text:] to the file's bytes from raw on: byte by byte where verbatim,
// or as a whole (an escape) where not.
type piece struct {
	text, raw, rawLen int
	verbatim          bool
}

// Builder collects an Embedded piece by piece.
type Builder struct {
	e    Embedded
	text []byte
}

// NewBuilder starts an embedded text of file; at is the offset where its first byte would be.
func NewBuilder(file *File, at int) *Builder {
	return &Builder{e: Embedded{File: file, end: at}}
}

// Verbatim appends the file's bytes [start, end) as they are.
func (b *Builder) Verbatim(start, end int) {
	if start >= end {
		return
	}
	b.e.pieces = append(b.e.pieces, piece{len(b.text), start, end - start, true})
	b.text = append(b.text, b.e.File.Src[start:end]...)
	b.e.end = end
}

// Decoded appends text that the file's bytes [start, end) stand for, such as an escape.
func (b *Builder) Decoded(text string, start, end int) {
	if text != "" {
		b.e.pieces = append(b.e.pieces, piece{len(b.text), start, end - start, false})
		b.text = append(b.text, text...)
	}
	b.e.end = end
}

// Embedded is what was built.
func (b *Builder) Embedded() Embedded {
	b.e.Text = string(b.text)
	return b.e
}

// Plain is an embedded text that is a file of its own, for expressions from the command line.
func Plain(name, text string) Embedded {
	f := NewFile(name, []byte(text))
	b := NewBuilder(f, 0)
	b.Verbatim(0, len(text))
	return b.Embedded()
}

// Range maps the bytes [start, end) of Text to the file. An empty range stays empty.
func (e Embedded) Range(start, end int) Range {
	from, fromEnd := e.at(start)
	if end <= start {
		return Range{e.File, from, from}
	}
	_, to := e.at(end - 1)
	return Range{e.File, from, max(to, fromEnd)}
}

// Whole is the range of all of the text.
func (e Embedded) Whole() Range { return e.Range(0, len(e.Text)) }

// Slice is the part [start, end) of the text, with its places kept.
func (e Embedded) Slice(start, end int) Embedded {
	part := Embedded{Text: e.Text[start:end], File: e.File}
	for i, p := range e.pieces {
		pEnd := len(e.Text)
		if i+1 < len(e.pieces) {
			pEnd = e.pieces[i+1].text
		}
		lo, hi := max(p.text, start), min(pEnd, end)
		if lo >= hi {
			continue
		}
		q := piece{text: lo - start, raw: p.raw, rawLen: p.rawLen, verbatim: p.verbatim}
		if p.verbatim {
			q.raw, q.rawLen = p.raw+lo-p.text, hi-lo
		}
		part.pieces = append(part.pieces, q)
		part.end = q.raw + q.rawLen
	}
	if len(part.pieces) == 0 {
		part.end, _ = e.at(start)
	}
	return part
}

// at gives the file bytes that Text[i] stands for.
func (e Embedded) at(i int) (start, end int) {
	if i >= len(e.Text) || len(e.pieces) == 0 {
		return e.end, e.end
	}
	k := sort.Search(len(e.pieces), func(k int) bool { return e.pieces[k].text > i }) - 1
	p := e.pieces[k]
	if p.verbatim {
		return p.raw + i - p.text, p.raw + i - p.text + 1
	}
	return p.raw, p.raw + p.rawLen
}
