package file

import (
	"bytes"
	"strings"

	"github.com/syncline/syncline/lang/value"
)

// encoder appends records to a buffer in the file's format.
type encoder interface {
	// header appends what stands before the records.
	header(dst []byte) []byte
	record(dst []byte, r value.Record) []byte
}

// out is a column to be written: its name in the file and its slot, -1 where it is always empty.
type out struct {
	name string
	slot int
}

// outs are the columns of a new file: the declared ones in their order, else those of the layout.
func outs(s *source, layout *value.Layout) []out {
	var cols []out
	if len(s.columns) > 0 {
		for _, c := range s.columns {
			cols = append(cols, out{from(c), layout.Slot(c.Name)})
		}
		return cols
	}
	for i, name := range layout.Names {
		cols = append(cols, out{name, i})
	}
	return cols
}

func newEncoder(s *source, cols []out) encoder {
	if s.jsonl {
		return newJSONEncoder(cols, len(s.columns) > 0)
	}
	return &csvEncoder{comma: s.comma, cols: cols, head: s.header}
}

// csvEncoder writes RFC 4180 with LF, quotes only where they are needed, null as an empty cell.
type csvEncoder struct {
	comma byte
	cols  []out
	head  bool
	cell  []byte // scratch
}

func (e *csvEncoder) header(dst []byte) []byte {
	if !e.head {
		return dst
	}
	for i, c := range e.cols {
		if i > 0 {
			dst = append(dst, e.comma)
		}
		dst = appendCell(dst, c.name, e.comma)
	}
	return append(dst, '\n')
}

// record writes the cells as they are and looks at the line once: few have a cell that needs quotes, and are written anew.
func (e *csvEncoder) record(dst []byte, r value.Record) []byte {
	start, bare := len(dst), true
	for i, c := range e.cols {
		if i > 0 {
			dst = append(dst, e.comma)
		}
		switch v := r.At(c.slot); v.Kind() {
		case value.KindText:
			s := v.AsText()
			bare = bare && hasBareEdges(s)
			dst = append(dst, s...)
		case value.KindList:
			bare = false
		default:
			dst = appendBare(dst, v)
		}
	}
	if !bare || !e.isBare(dst[start:]) {
		dst = e.quoted(dst[:start], r)
	}
	if len(dst) == start {
		// One empty column would be a blank line, which is no record.
		dst = append(dst, '"', '"')
	}
	return append(dst, '\n')
}

// isBare tells of a line whether none of its cells has in it what needs quotes.
func (e *csvEncoder) isBare(line []byte) bool {
	return bytes.Count(line, []byte{e.comma}) == len(e.cols)-1 && bytes.IndexByte(line, '"') < 0 &&
		bytes.IndexByte(line, '\n') < 0 && bytes.IndexByte(line, '\r') < 0
}

// hasBareEdges tells of a text that it needs no quotes because of how it begins or ends.
func hasBareEdges(s string) bool {
	return s == "" || s[0] > ' ' && s[0] != '\\' && s[len(s)-1] != ' '
}

// quoted writes the record with quotes where they are needed.
func (e *csvEncoder) quoted(dst []byte, r value.Record) []byte {
	for i, c := range e.cols {
		if i > 0 {
			dst = append(dst, e.comma)
		}
		e.cell = appendBare(e.cell[:0], r.At(c.slot))
		dst = appendCell(dst, str(e.cell), e.comma)
	}
	return dst
}

// appendBare appends a value as it stands in a cell, without quotes.
func appendBare(dst []byte, v value.Value) []byte {
	switch v.Kind() {
	case value.KindNull:
		return dst
	case value.KindText:
		return append(dst, v.AsText()...)
	case value.KindFloat:
		return appendFloat(dst, v.AsFloat())
	case value.KindDate, value.KindTime:
		return appendMoment(dst, v)
	case value.KindList:
		return append(dst, joined(v)...)
	}
	return v.AppendText(dst)
}

// joined is a list as one cell.
func joined(v value.Value) string {
	parts := make([]string, len(v.AsList()))
	for i, item := range v.AsList() {
		parts[i] = item.String()
	}
	return strings.Join(parts, ";")
}

// appendCell appends a text, in quotes where it needs them.
func appendCell(dst []byte, s string, comma byte) []byte {
	for i := range len(s) {
		switch s[i] {
		case comma, '"', '\n', '\r':
			return appendQuoted(dst, s)
		}
	}
	if s != "" && (s[0] == ' ' || s[0] == '\t' || s[len(s)-1] == ' ' || s == `\.`) {
		return appendQuoted(dst, s)
	}
	return append(dst, s...)
}

func appendQuoted(dst []byte, s string) []byte {
	dst = append(dst, '"')
	for {
		i := strings.IndexByte(s, '"')
		if i < 0 {
			break
		}
		dst = append(append(dst, s[:i+1]...), '"')
		s = s[i+1:]
	}
	return append(append(dst, s...), '"')
}

// jsonEncoder writes one object a line, its keys in the order of the columns.
type jsonEncoder struct {
	root *jsonNode
}

// jsonNode is a key of the output: a column, or an object of columns for dotted names.
type jsonNode struct {
	key   []byte // "name": and the comma before it
	slot  int
	name  string      // of an object
	nodes []*jsonNode // of an object
}

// newJSONEncoder makes nested objects of dotted names where the columns are declared.
func newJSONEncoder(cols []out, nest bool) *jsonEncoder {
	root := &jsonNode{}
	for _, c := range cols {
		o, name := root, c.name
		for nest {
			head, rest, dotted := strings.Cut(name, ".")
			if !dotted || head == "" || rest == "" {
				break
			}
			o, name = o.object(head), rest
		}
		o.nodes = append(o.nodes, &jsonNode{key: o.nextKey(name), slot: c.slot})
	}
	return &jsonEncoder{root: root}
}

// nextKey is the key of the next node of an object.
func (n *jsonNode) nextKey(name string) []byte {
	var key []byte
	if len(n.nodes) > 0 {
		key = append(key, ',')
	}
	return append(appendJSONText(key, name), ':')
}

func (n *jsonNode) object(name string) *jsonNode {
	for _, c := range n.nodes {
		if c.nodes != nil && c.name == name {
			return c
		}
	}
	c := &jsonNode{name: name, key: n.nextKey(name), slot: -1, nodes: []*jsonNode{}}
	n.nodes = append(n.nodes, c)
	return c
}

func (e *jsonEncoder) header(dst []byte) []byte { return dst }

func (e *jsonEncoder) record(dst []byte, r value.Record) []byte {
	return append(e.root.append(dst, r), '\n')
}

func (n *jsonNode) append(dst []byte, r value.Record) []byte {
	dst = append(dst, '{')
	for _, c := range n.nodes {
		dst = append(dst, c.key...)
		if c.nodes != nil {
			dst = c.append(dst, r)
			continue
		}
		dst = appendJSONValue(dst, r.At(c.slot))
	}
	return append(dst, '}')
}

func appendJSONValue(dst []byte, v value.Value) []byte {
	switch v.Kind() {
	case value.KindNull:
		return append(dst, "null"...)
	case value.KindText:
		return appendJSONText(dst, v.AsText())
	case value.KindFloat:
		return appendFloat(dst, v.AsFloat())
	case value.KindBool, value.KindInt:
		return v.AppendText(dst)
	case value.KindList:
		dst = append(dst, '[')
		for i, item := range v.AsList() {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = appendJSONValue(dst, item)
		}
		return append(dst, ']')
	}
	dst = append(dst, '"')
	if k := v.Kind(); k == value.KindDate || k == value.KindTime {
		dst = appendMoment(dst, v)
	} else {
		dst = v.AppendText(dst)
	}
	return append(dst, '"')
}
