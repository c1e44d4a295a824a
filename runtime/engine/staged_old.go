package engine

import (
	"cmp"
	"fmt"

	"github.com/syncline/syncline/connectors"
	"github.com/syncline/syncline/lang/value"
	"github.com/syncline/syncline/runtime/state"
)

// Earlier versions staged each change in a row of its own: first as JSON documents, then as lists of values. Such may wait
// for a person still.

// decodeSingle reads a change that has a row of its own. What it gives shares the bytes, which must not change any more.
func decodeSingle(b []byte) (*change, error) {
	if len(b) > 0 && b[0] == '{' {
		return decodeStagedJSON(b)
	}
	r := singleReader{rest: b}
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
			f.Reads = append(f.Reads, input{r.text(), r.next()})
		}
		c.Fields = append(c.Fields, f)
	}
	if r.err != nil {
		return nil, fmt.Errorf("a staged change cannot be read: %w", r.err)
	}
	return c, nil
}

// singleReader takes values in order; after the first that is not what it should be, it gives none.
type singleReader struct {
	rest []byte
	err  error
}

// list takes n values; never nil.
func (r *singleReader) list(n int64) []value.Value {
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

func (r *singleReader) next() value.Value {
	v, rest, err := value.DecodeShared(r.rest)
	if r.rest = rest; err != nil {
		r.fail(err)
		return value.Null
	}
	return v
}

func (r *singleReader) fail(err error) { r.rest, r.err = nil, cmp.Or(r.err, err) }

func (r *singleReader) of(kind value.Kind) value.Value {
	v := r.next()
	if v.Kind() != kind {
		r.fail(value.ErrCorrupt)
		return value.Null
	}
	return v
}

func (r *singleReader) int() int64   { return r.of(value.KindInt).AsInt() }
func (r *singleReader) text() string { return r.of(value.KindText).AsText() }

func (r *singleReader) bytes() []byte {
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
	for i := range c.Fields {
		for name, x := range c.Fields[i].Inputs {
			c.Fields[i].Reads = append(c.Fields[i].Reads, input{name, plain(state.Exact(x))})
		}
		c.Fields[i].Inputs = nil
	}
	return &c, nil
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
