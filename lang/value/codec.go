package value

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"strings"
)

// ErrCorrupt: the bytes are not an encoding that AppendBinary made.
var ErrCorrupt = errors.New("value: corrupt encoding")

// AppendBinary appends the value in a self-delimiting form: a kind byte, then a varint, eight bytes of a
// float, or a length and its bytes. Equal values of one kind have equal encodings.
func (v Value) AppendBinary(dst []byte) []byte {
	dst = append(dst, byte(v.kind))
	switch v.kind {
	case KindNull:
	case KindFloat:
		dst = binary.BigEndian.AppendUint64(dst, v.num)
	case KindText:
		dst = binary.AppendUvarint(dst, v.num)
		dst = append(dst, v.AsText()...)
	case KindList:
		items := v.AsList()
		dst = binary.AppendUvarint(dst, uint64(len(items)))
		for _, item := range items {
			dst = item.AppendBinary(dst)
		}
	default:
		dst = binary.AppendVarint(dst, int64(v.num))
	}
	return dst
}

// DecodeBinary reads one value and gives the bytes after it. Texts are copied.
func DecodeBinary(b []byte) (Value, []byte, error) {
	v, rest, err := DecodeShared(b)
	return v.Clone(), rest, err
}

// DecodeShared is DecodeBinary whose texts share the bytes, which must not change while the value is in use.
func DecodeShared(b []byte) (Value, []byte, error) {
	if len(b) == 0 {
		return Null, nil, ErrCorrupt
	}
	kind, b := Kind(b[0]), b[1:]
	switch kind {
	case KindNull:
		return Null, b, nil
	case KindFloat:
		if len(b) < 8 {
			return Null, nil, ErrCorrupt
		}
		return Float(math.Float64frombits(binary.BigEndian.Uint64(b))), b[8:], nil
	case KindText:
		n, size := binary.Uvarint(b)
		if size <= 0 || n > uint64(len(b)-size) {
			return Null, nil, ErrCorrupt
		}
		b = b[size:]
		return textOf(b[:n]), b[n:], nil
	case KindList:
		return decodeList(b)
	case KindBool, KindInt, KindDate, KindTime, KindDays, KindDuration:
		n, size := binary.Varint(b)
		if size <= 0 {
			return Null, nil, ErrCorrupt
		}
		return Value{kind: kind, num: uint64(n)}, b[size:], nil
	}
	return Null, nil, fmt.Errorf("%w: kind %d", ErrCorrupt, kind)
}

func decodeList(b []byte) (Value, []byte, error) {
	n, size := binary.Uvarint(b)
	if size <= 0 || n > uint64(len(b)) {
		return Null, nil, ErrCorrupt
	}
	b = b[size:]
	items := make([]Value, n)
	for i := range items {
		var err error
		if items[i], b, err = DecodeShared(b); err != nil {
			return Null, nil, err
		}
	}
	return List(items), b, nil
}

// EncodeRecord encodes values one after the other.
func EncodeRecord(r Record) []byte {
	var out []byte
	for _, v := range r {
		out = v.AppendBinary(out)
	}
	return out
}

// DecodeRecord is the inverse of EncodeRecord.
func DecodeRecord(b []byte) (Record, error) {
	var r Record
	b = bytes.Clone(b) // the record's texts share it
	for len(b) > 0 {
		v, rest, err := DecodeShared(b)
		if err != nil {
			return nil, err
		}
		r, b = append(r, v), rest
	}
	return r, nil
}

// JSON is the value for people and machines that read JSON: null, bool, int64, float64, text, or a list; dates
// and datetimes are ISO texts.
func (v Value) JSON() any {
	switch v.kind {
	case KindNull:
		return nil
	case KindBool:
		return v.AsBool()
	case KindInt:
		return v.AsInt()
	case KindFloat:
		f := v.AsFloat()
		if size := math.Abs(f); size >= 1<<53 && size < 1<<63 {
			return int64(f) // the shortest digits of such a float, read as an integer, are another number
		}
		return f
	case KindList:
		out := make([]any, 0, v.num)
		for _, item := range v.AsList() {
			out = append(out, item.JSON())
		}
		return out
	}
	return strings.Clone(v.String())
}
