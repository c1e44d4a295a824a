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

func (c *change) encode() []byte {
	var flags int64
	for bit, on := range map[int64]bool{stagedDeparts: c.Departs, stagedUnlink: c.Unlink, stagedForget: c.Forget, stagedWant: c.Want != nil} {
		if on {
			flags |= bit
		}
	}
	b := make([]byte, 0, 512)
	put := func(values ...value.Value) {
		for _, v := range values {
			b = v.AppendBinary(b)
		}
	}
	put(value.Int(int64(c.Op)), value.Text(c.Source), value.Text(c.Version), value.Text(c.Target), value.Text(c.Key), value.Text(string(c.Keys)),
		value.Int(int64(c.Hash)), value.Text(string(c.Stored)), value.Text(string(c.Lookup)), value.Text(c.Relink), value.Int(c.Seen),
		value.Int(int64(c.Base)), value.Int(c.place), value.Int(flags))
	put(value.Int(int64(len(c.Want))))
	put(c.Want...)
	for _, f := range c.Fields {
		put(value.Text(f.Name), value.Int(int64(f.Index)), f.Before, f.After, value.Text(f.Text), value.Int(int64(len(f.Inputs))))
		for name, x := range f.Inputs {
			put(value.Text(name), plain(x))
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

func decodeChange(b []byte) (*change, error) {
	if len(b) > 0 && b[0] == '{' {
		return decodeStagedJSON(b)
	}
	values, err := value.DecodeRecord(b)
	if err != nil {
		return nil, fmt.Errorf("a staged change cannot be read: %w", err)
	}
	r := stagedReader{values: values}
	c := &change{Op: connectors.Op(r.int()), Source: r.text(), Version: r.text(), Target: r.text(), Key: r.text(), Keys: r.bytes(),
		Hash: uint64(r.int()), Stored: r.bytes(), Lookup: r.bytes(), Relink: r.text(), Seen: r.int(), Base: uint64(r.int()), place: r.int()}
	flags := r.int()
	c.Departs, c.Unlink, c.Forget = flags&stagedDeparts != 0, flags&stagedUnlink != 0, flags&stagedForget != 0
	if want := r.take(r.int()); flags&stagedWant != 0 {
		c.Want = append([]value.Value{}, want...)
	}
	for len(r.values) > 0 {
		f := fieldWrite{Name: r.text(), Index: int(r.int()), Before: r.next(), After: r.next(), Text: r.text()}
		for n := r.int(); n > 0 && r.err == nil; n-- {
			if f.Inputs == nil {
				f.Inputs = map[string]any{}
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
	values []value.Value
	err    error
}

func (r *stagedReader) take(n int64) []value.Value {
	if n < 0 || n > int64(len(r.values)) {
		r.values, r.err = nil, cmp.Or(r.err, value.ErrCorrupt)
		return nil
	}
	out := r.values[:n]
	r.values = r.values[n:]
	return out
}

func (r *stagedReader) next() value.Value {
	if got := r.take(1); got != nil {
		return got[0]
	}
	return value.Null
}

func (r *stagedReader) of(kind value.Kind) value.Value {
	v := r.next()
	if v.Kind() != kind {
		r.values, r.err = nil, cmp.Or(r.err, value.ErrCorrupt)
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
