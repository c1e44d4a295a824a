package engine

import (
	"cmp"
	"fmt"

	"github.com/syncline/syncline/connectors"
	"github.com/syncline/syncline/lang/value"
)

// A change is staged as a list of values: what is the same for all changes in a fixed order, then the mapped values,
// then the fields. Changes staged before this form was made are JSON documents, which wait for a person perhaps.

// flags of a staged change.
const (
	stagedDeparts = 1 << iota
	stagedUnlink
	stagedForget
	stagedWant // it has mapped values
)

// encode appends the staged form of the change.
func (c *change) encode(b []byte) []byte {
	var flags int64
	set := func(bit int64, on bool) {
		if on {
			flags |= bit
		}
	}
	set(stagedDeparts, c.Departs)
	set(stagedUnlink, c.Unlink)
	set(stagedForget, c.Forget)
	set(stagedWant, c.Want != nil)
	number := func(n int64) { b = value.Int(n).AppendBinary(b) }
	text := func(s string) { b = value.Text(s).AppendBinary(b) }
	number(int64(c.Op))
	for _, s := range [...]string{c.Source, c.Version, c.Target, c.Key, string(c.Keys)} {
		text(s)
	}
	number(int64(c.Hash))
	for _, s := range [...]string{string(c.Stored), string(c.Lookup), c.Relink} {
		text(s)
	}
	for _, n := range [...]int64{c.Seen, int64(c.Base), c.place, flags, int64(len(c.Want))} {
		number(n)
	}
	for _, v := range c.Want {
		b = v.AppendBinary(b)
	}
	for _, f := range c.Fields {
		text(f.Name)
		number(int64(f.Index))
		b = f.After.AppendBinary(f.Before.AppendBinary(b))
		text(f.Text)
		number(int64(len(f.Inputs)))
		for name, x := range f.Inputs {
			text(name)
			b = plain(x).AppendBinary(b)
		}
	}
	return b
}

// plain is the inverse of value.Value.JSON.
func plain(x any) value.Value {
	switch x := x.(type) {
	case bool:
		return value.Bool(x)
	case int64:
		return value.Int(x)
	case float64:
		return value.Float(x)
	case string:
		return value.Text(x)
	case []any:
		items := make([]value.Value, len(x))
		for i := range x {
			items[i] = plain(x[i])
		}
		return value.List(items)
	}
	return value.Null
}

// decodeChange is the inverse of encode. What it gives shares the bytes, which must not change any more.
func decodeChange(b []byte) (*change, error) {
	if len(b) > 0 && b[0] == '{' {
		return decodeStagedJSON(b)
	}
	r := stagedReader{rest: b}
	c := &change{Op: connectors.Op(r.int()), Source: r.text(), Version: r.text(), Target: r.text(), Key: r.text(), Keys: r.bytes(),
		Hash: uint64(r.int()), Stored: r.bytes(), Lookup: r.bytes(), Relink: r.text(), Seen: r.int(), Base: uint64(r.int()), place: r.int()}
	flags := r.int()
	c.Departs, c.Unlink, c.Forget = flags&stagedDeparts != 0, flags&stagedUnlink != 0, flags&stagedForget != 0
	if want := r.list(r.int()); flags&stagedWant != 0 {
		c.Want = want
	}
	for len(r.rest) > 0 {
		f := fieldWrite{Name: r.text(), Index: int(r.int()), Before: r.next(), After: r.next(), Text: r.text()}
		for n := r.int(); n > 0 && r.err == nil; n-- {
			if f.Inputs == nil {
				f.Inputs = make(map[string]any, 1)
			}
			name := r.text()
			f.Inputs[name] = r.next().JSON()
		}
		c.Fields = append(c.Fields, f)
	}
	if r.err != nil {
		return nil, fmt.Errorf("a staged change cannot be read: %w", r.err)
	}
	return c, nil
}

// stagedReader takes values in order; after the first that is not what it should be, it gives none.
type stagedReader struct {
	rest []byte
	err  error
}

// list takes n values; never nil.
func (r *stagedReader) list(n int64) []value.Value {
	if n < 0 || n > int64(len(r.rest)) { // a value takes a byte at least
		r.fail(value.ErrCorrupt)
		return nil
	}
	out := make([]value.Value, n)
	for i := range out {
		out[i] = r.next()
	}
	return out
}

func (r *stagedReader) next() value.Value {
	v, rest, err := value.DecodeShared(r.rest)
	if r.rest = rest; err != nil {
		r.fail(err)
		return value.Null
	}
	return v
}

func (r *stagedReader) fail(err error) { r.rest, r.err = nil, cmp.Or(r.err, err) }

func (r *stagedReader) of(kind value.Kind) value.Value {
	v := r.next()
	if v.Kind() != kind {
		r.fail(value.ErrCorrupt)
		return value.Null
	}
	return v
}

func (r *stagedReader) int() int64   { return r.of(value.KindInt).AsInt() }
func (r *stagedReader) text() string { return r.of(value.KindText).AsText() }

func (r *stagedReader) bytes() []byte {
	if s := r.text(); s != "" {
		return []byte(s)
	}
	return nil
}

// decodeStagedJSON reads a change of the older form.
func decodeStagedJSON(b []byte) (*change, error) {
	var w struct {
		Change change
		Fields []wireField
		Want   []byte
		Nil    bool // Want is nil
	}
	if err := unmarshalExact(b, &w); err != nil {
		return nil, fmt.Errorf("a staged change cannot be read: %w", err)
	}
	c := w.Change
	want, err := value.DecodeRecord(w.Want)
	if err != nil {
		return nil, fmt.Errorf("a staged change cannot be read: %w", err)
	}
	if !w.Nil {
		c.Want = append([]value.Value{}, want...)
	}
	if c.Fields, err = fromWire(w.Fields); err != nil {
		return nil, err
	}
	return &c, nil
}
