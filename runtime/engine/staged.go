package engine

import (
	"encoding/binary"
	"fmt"
	"math"
	"slices"

	"github.com/syncline/syncline/connectors"
	"github.com/syncline/syncline/lang/value"
	"github.com/syncline/syncline/runtime/state"
)

// Changes are staged in pieces, each a row of the stage: the texts that its changes share, then the changes, each
// with its length before it. A row with a source is of an earlier version (staged_old.go), or the end (waiting.go).

// flags of a staged change.
const (
	stagedDeparts = 1 << iota
	stagedUnlink
	stagedForget
	stagedWant // it has mapped values
)

// sharedTexts numbers texts that come again and again: names of fields and of inputs, and expressions.
type sharedTexts struct {
	list    []string
	numbers map[string]uint64
}

func (t *sharedTexts) number(s string) uint64 {
	n, ok := t.numbers[s]
	if !ok {
		if t.numbers == nil {
			t.numbers = map[string]uint64{}
		}
		n = uint64(len(t.list))
		t.numbers[s], t.list = n, append(t.list, s)
	}
	return n
}

// piece makes a piece of encoded changes.
func (t *sharedTexts) piece(changes [][]byte) []byte {
	size := 10
	for _, s := range t.list {
		size += len(s) + 5
	}
	for _, c := range changes {
		size += len(c) + 5
	}
	b := binary.AppendUvarint(make([]byte, 0, size), uint64(len(t.list)))
	for _, s := range t.list {
		b = appendText(b, s)
	}
	for _, c := range changes {
		b = appendText(b, c)
	}
	return b
}

func appendText[T string | []byte](b []byte, s T) []byte {
	return append(binary.AppendUvarint(b, uint64(len(s))), s...)
}

// flags are those of the change, in all forms in which changes were staged.
func (c *change) flags() (flags uint64) {
	set := func(bit uint64, on bool) {
		if on {
			flags |= bit
		}
	}
	set(stagedDeparts, c.Departs)
	set(stagedUnlink, c.Unlink)
	set(stagedForget, c.Forget)
	set(stagedWant, c.Want != nil)
	return flags
}

// encode appends the staged form of the change.
func (c *change) encode(b []byte, shared *sharedTexts) []byte {
	b = appendText(b, c.Source)
	for _, n := range [...]uint64{uint64(c.Op), c.flags(), shared.number(c.Key), uint64(c.Seen), uint64(c.place)} {
		b = binary.AppendUvarint(b, n)
	}
	for _, n := range [...]uint64{c.Hash, c.Base, c.claim} {
		b = binary.LittleEndian.AppendUint64(b, n)
	}
	b = appendText(appendText(appendText(b, c.Version), c.Target), c.Relink)
	b = appendText(appendText(appendText(b, c.Keys), c.Stored), c.Lookup)
	b = binary.AppendUvarint(b, uint64(len(c.Want)))
	for _, v := range c.Want {
		b = v.AppendBinary(b)
	}
	for i := range c.Fields {
		b = c.Fields[i].encode(b, shared, c.Want)
	}
	return b
}

// Values that are the same as one before are not said again.
const (
	fieldWanted = 1 << iota // After is what its mapping wants
	fieldReads              // by the number of inputs
)

func (f *fieldWrite) encode(b []byte, shared *sharedTexts, want []value.Value) []byte {
	flags := uint64(len(f.Reads)) * fieldReads
	wanted := f.Index >= 0 && f.Index < len(want) && identical(f.After, want[f.Index])
	if wanted {
		flags |= fieldWanted
	}
	for _, n := range [...]uint64{shared.number(f.Name), uint64(f.Index - byField), shared.number(f.Text), flags} {
		b = binary.AppendUvarint(b, n)
	}
	b = f.Before.AppendBinary(b)
	if !wanted {
		b = f.After.AppendBinary(b)
	}
	for _, in := range f.Reads {
		same := identical(in.value, f.After)
		n := shared.number(in.name) * 2
		if same {
			n++
		}
		if b = binary.AppendUvarint(b, n); !same {
			b = in.value.AppendBinary(b)
		}
	}
	return b
}

// identical tells whether two values that are no lists have one encoding.
func identical(a, b value.Value) bool {
	if a.Kind() != b.Kind() {
		return false
	}
	switch a.Kind() {
	case value.KindList:
		return false
	case value.KindFloat:
		return math.Float64bits(a.AsFloat()) == math.Float64bits(b.AsFloat())
	}
	return value.Equal(a, b)
}

// pieceReader reads a piece; after the first that is not what it should be, it gives nothing.
type pieceReader struct {
	rest   []byte
	shared []string
	err    error
	fields []fieldWrite // scratch of change
}

// openPiece reads the texts that the changes of a piece share.
func openPiece(b []byte) *pieceReader {
	r := &pieceReader{rest: b}
	for n := r.uint(); n > 0 && r.err == nil; n-- {
		r.shared = append(r.shared, r.text())
	}
	return r
}

// decodePiece gives the changes of a piece. They share its bytes, which must not change any more.
func decodePiece(row state.Staged) (changes []*change, err error) {
	r := openPiece(row.Data)
	for len(r.rest) > 0 && r.err == nil {
		c := r.change(r.bytes())
		c.seq = row.Seq
		changes = append(changes, c)
	}
	if r.err == nil && len(changes) == 0 {
		r.fail()
	}
	if r.err != nil {
		return nil, fmt.Errorf("staged changes cannot be read: %w", r.err)
	}
	return changes, nil
}

// encodePiece is the inverse of decodePiece.
func encodePiece(changes []*change) (piece []byte) {
	encodePieces(changes, math.MaxInt, func(data []byte, _ []*change) { piece = data })
	return piece
}

// changeBytes is about what a change of a few fields takes.
const changeBytes = 320

// encodePieces makes pieces that end with the change that takes them beyond a size, and gives each with its changes.
func encodePieces(changes []*change, size int, f func(piece []byte, of []*change)) {
	var shared sharedTexts
	block := make([]byte, 0, min(len(changes)*changeBytes, pieceBytes))
	var ends []int
	first := 0
	for i, c := range changes {
		block = c.encode(block, &shared)
		if ends = append(ends, len(block)); len(block) <= size && i+1 < len(changes) {
			continue
		}
		list, start := make([][]byte, len(ends)), 0
		for n, end := range ends {
			list[n], start = block[start:end], end
		}
		f(shared.piece(list), changes[first:i+1])
		shared, block, ends, first = sharedTexts{}, block[:0], ends[:0], i+1
	}
}

// change decodes one change, which is all of b.
func (r *pieceReader) change(b []byte) *change {
	in := &pieceReader{rest: b, shared: r.shared, err: r.err, fields: r.fields[:0]}
	c := &change{Source: in.text(), Op: connectors.Op(in.uint())}
	flags := in.uint()
	c.Departs, c.Unlink, c.Forget = flags&stagedDeparts != 0, flags&stagedUnlink != 0, flags&stagedForget != 0
	c.Key, c.Seen, c.place = in.sharedText(in.uint()), int64(in.uint()), int64(in.uint())
	c.Hash, c.Base, c.claim = in.fixed(), in.fixed(), in.fixed()
	c.Version, c.Target, c.Relink = in.text(), in.text(), in.text()
	c.Keys, c.Stored, c.Lookup = in.bytes(), in.bytes(), in.bytes()
	want := in.count()
	if flags&stagedWant != 0 {
		c.Want = make([]value.Value, want)
		for i := range c.Want {
			c.Want[i] = in.value()
		}
	}
	for len(in.rest) > 0 {
		in.fields = append(in.fields, in.field(c.Want))
	}
	if len(in.fields) > 0 {
		c.Fields = slices.Clone(in.fields)
	}
	r.err, r.fields = in.err, in.fields
	return c
}

func (r *pieceReader) field(want []value.Value) fieldWrite {
	f := fieldWrite{Name: r.sharedText(r.uint()), Index: int(r.uint()) + byField, Text: r.sharedText(r.uint())}
	flags := r.uint()
	f.Before = r.value()
	if flags&fieldWanted == 0 {
		f.After = r.value()
	} else if f.Index >= 0 && f.Index < len(want) {
		f.After = want[f.Index]
	} else {
		r.fail()
	}
	n := flags / fieldReads
	if n > uint64(len(r.rest)) { // an input takes a byte at least
		r.fail()
		return f
	}
	if n > 0 {
		f.Reads = make([]input, n)
	}
	for i := range f.Reads {
		name := r.uint()
		f.Reads[i] = input{r.sharedText(name / 2), f.After}
		if name%2 == 0 {
			f.Reads[i].value = r.value()
		}
	}
	return f
}

func (r *pieceReader) fail() {
	if r.err == nil {
		r.err = value.ErrCorrupt
	}
	r.rest = nil
}

func (r *pieceReader) uint() uint64 {
	n, size := binary.Uvarint(r.rest)
	if size <= 0 {
		r.fail()
		return 0
	}
	r.rest = r.rest[size:]
	return n
}

// count is a number of things that take a byte each at least.
func (r *pieceReader) count() uint64 {
	n := r.uint()
	if n > uint64(len(r.rest)) {
		r.fail()
		return 0
	}
	return n
}

func (r *pieceReader) fixed() uint64 {
	if len(r.rest) < 8 {
		r.fail()
		return 0
	}
	n := binary.LittleEndian.Uint64(r.rest)
	r.rest = r.rest[8:]
	return n
}

// bytes gives what appendText appended, nil when that is empty.
func (r *pieceReader) bytes() []byte {
	n := r.count()
	if n == 0 {
		return nil
	}
	b := r.rest[:n:n]
	r.rest = r.rest[n:]
	return b
}

func (r *pieceReader) text() string { return string(r.bytes()) }

func (r *pieceReader) sharedText(n uint64) string {
	if n >= uint64(len(r.shared)) {
		r.fail()
		return ""
	}
	return r.shared[n]
}

func (r *pieceReader) value() value.Value {
	v, rest, err := value.DecodeShared(r.rest)
	if r.rest = rest; err != nil {
		r.fail()
		return value.Null
	}
	return v
}
