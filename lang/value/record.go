package value

import (
	"slices"
	"strings"
)

// Layout names the slots of a record: slot i holds the field path Names[i] ("Name", "Owner.Email").
// A Layout does not change once it is in use.
type Layout struct {
	Names []string
	slots map[string]int
}

// NewLayout makes a layout of distinct names.
func NewLayout(names ...string) *Layout {
	l := &Layout{Names: names, slots: make(map[string]int, len(names))}
	for i, n := range names {
		l.slots[n] = i
	}
	return l
}

// Slot gives the slot of a field path, or -1.
func (l *Layout) Slot(name string) int {
	if l == nil {
		return -1
	}
	if i, ok := l.slots[name]; ok {
		return i
	}
	return -1
}

// Len is the number of slots.
func (l *Layout) Len() int {
	if l == nil {
		return 0
	}
	return len(l.Names)
}

// Record is one record's values by slot. A nil Record is a record that is not there: all its fields are empty.
type Record []Value

// At is the value of a slot, Null of a record that is not there.
func (r Record) At(slot int) Value {
	if slot < 0 || slot >= len(r) {
		return Null
	}
	return r[slot]
}

// Clone copies the record and the texts and lists in it, so that it outlives the batch it was read into.
func (r Record) Clone() Record {
	if r == nil {
		return nil
	}
	size := 0
	for _, v := range r {
		if v.kind == KindText {
			size += len(v.AsText())
		}
	}
	texts := make([]byte, 0, size) // of the whole record: they live and die together
	out := make(Record, len(r))
	for i, v := range r {
		if v.kind != KindText {
			out[i] = v.Clone()
			continue
		}
		start := len(texts)
		texts = append(texts, v.AsText()...)
		out[i] = textOf(texts[start:])
	}
	return out
}

// Clone copies what the value points to.
func (v Value) Clone() Value {
	switch v.kind {
	case KindText:
		return Text(strings.Clone(v.AsText()))
	case KindList:
		items := slices.Clone(v.AsList())
		for i := range items {
			items[i] = items[i].Clone()
		}
		return List(items)
	}
	return v
}

// Batch is records of one layout in one piece of memory. A reader fills it again and again: the records
// and texts of a fill are valid until the next Reset.
type Batch struct {
	Layout *Layout
	// Input is the memory of a reader that decodes in place: texts of the records point into it. The reader alone
	// uses it, and keeps it with the batch so that it lives as long as they do.
	Input  []byte
	values []Value
	text   []byte
	n      int
}

// NewBatch makes an empty batch with room for n records.
func NewBatch(layout *Layout, n int) *Batch {
	return &Batch{Layout: layout, values: make([]Value, 0, n*layout.Len())}
}

// Len is the number of records.
func (b *Batch) Len() int { return b.n }

// Record is the i-th record; it shares the batch's memory.
func (b *Batch) Record(i int) Record {
	w := b.Layout.Len()
	return Record(b.values[i*w : (i+1)*w : (i+1)*w])
}

// Append adds a record of nulls and returns it, to be filled in place. Earlier Records may move: do not
// hold them across Append.
func (b *Batch) Append() Record {
	w := b.Layout.Len()
	start := len(b.values)
	b.values = slices.Grow(b.values, w)[:start+w]
	clear(b.values[start:])
	b.n++
	return Record(b.values[start : start+w : start+w])
}

// DropLast takes back the last Append.
func (b *Batch) DropLast() {
	b.n--
	b.values = b.values[:b.n*b.Layout.Len()]
}

// Reset empties the batch and keeps its memory.
func (b *Batch) Reset() {
	b.values, b.text, b.n = b.values[:0], b.text[:0], 0
}

// TextCopy makes a text of bytes that the caller will overwrite. The copy lives in the batch until Reset.
func (b *Batch) TextCopy(s []byte) Value {
	if len(b.text)+len(s) > cap(b.text) {
		// Texts already handed out keep pointing into the old block, so a full block is replaced, never grown.
		b.text = make([]byte, 0, max(64<<10, 2*cap(b.text), len(s)))
	}
	start := len(b.text)
	b.text = append(b.text, s...)
	return textOf(b.text[start:])
}
