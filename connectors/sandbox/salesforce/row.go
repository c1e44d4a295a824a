package salesforce

import (
	"encoding/binary"
	"math"
)

// kind is the form of a value.
type kind uint8

const (
	isNull kind = iota
	isTrue
	isFalse
	isNumber
	isText // also ids, and multi-picklists as "A;B"
	isDay  // days since 1970
	isTime // seconds since 1970: Salesforce keeps whole seconds
)

// cell is the value of one field.
type cell struct {
	kind kind
	num  float64
	int  int64 // day or second
	text string
}

func textCell(s string) cell {
	if s == "" {
		return cell{}
	}
	return cell{kind: isText, text: s}
}
func numCell(f float64) cell { return cell{kind: isNumber, num: f} }
func dayCell(d int64) cell   { return cell{kind: isDay, int: d} }
func timeCell(s int64) cell  { return cell{kind: isTime, int: s} }
func boolCell(b bool) cell {
	if b {
		return cell{kind: isTrue}
	}
	return cell{kind: isFalse}
}

// row is one state of a record. A row is never changed: an update puts a new one in its place, so that an
// open query goes on seeing what it began with.
type row struct {
	num              uint64 // number in the object, see world.SalesforceID
	created, changed int64  // seconds
	deleted          bool
	// data holds the fields that are not null: (slot<<3 | kind) as a varint, then the value.
	data string
}

// packer builds the data of a row. Slots come in ascending order.
type packer struct{ buf []byte }

func (p *packer) add(slot int, c cell) {
	// False is what an absent boolean means.
	if c.kind == isNull || c.kind == isFalse {
		return
	}
	p.buf = binary.AppendUvarint(p.buf, uint64(slot)<<3|uint64(c.kind))
	switch c.kind {
	case isNumber:
		p.buf = binary.LittleEndian.AppendUint64(p.buf, math.Float64bits(c.num))
	case isText:
		p.buf = binary.AppendUvarint(p.buf, uint64(len(c.text)))
		p.buf = append(p.buf, c.text...)
	case isDay, isTime:
		p.buf = binary.AppendVarint(p.buf, c.int)
	}
}

// pack makes the data of a row from cells by slot.
func pack(cells []cell) string {
	p := packer{buf: make([]byte, 0, 256)}
	for slot, c := range cells {
		p.add(slot, c)
	}
	return string(p.buf)
}

// uvarint reads a varint of a string; the row's own data is always well formed.
func uvarint(s string) (uint64, int) {
	var x uint64
	for i := 0; i < len(s); i++ {
		b := s[i]
		x |= uint64(b&0x7f) << (7 * i)
		if b < 0x80 {
			return x, i + 1
		}
	}
	return x, len(s)
}

func varint(s string) (int64, int) {
	u, n := uvarint(s)
	x := int64(u >> 1)
	if u&1 != 0 {
		x = ^x
	}
	return x, n
}

// next reads one field off the data.
func next(data string) (slot int, c cell, rest string) {
	head, n := uvarint(data)
	slot, c.kind, data = int(head>>3), kind(head&7), data[n:]
	switch c.kind {
	case isNumber:
		var b uint64
		for i := range 8 {
			b |= uint64(data[i]) << (8 * i)
		}
		c.num, data = math.Float64frombits(b), data[8:]
	case isText:
		size, n := uvarint(data)
		c.text, data = data[n:n+int(size)], data[n+int(size):]
	case isDay, isTime:
		c.int, n = varint(data)
		data = data[n:]
	}
	return slot, c, data
}

// get finds the value of a slot.
func (r *row) get(slot int) cell {
	for data := r.data; data != ""; {
		s, c, rest := next(data)
		if s == slot {
			return c
		}
		if s > slot {
			break
		}
		data = rest
	}
	return cell{}
}

// unpack fills cells by slot.
func (r *row) unpack(cells []cell) {
	clear(cells)
	for data := r.data; data != ""; {
		var s int
		var c cell
		s, c, data = next(data)
		cells[s] = c
	}
}
