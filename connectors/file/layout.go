package file

import (
	"bytes"
	"fmt"
	"strings"

	"github.com/syncline/syncline/connectors"
	"github.com/syncline/syncline/lang/query"
	"github.com/syncline/syncline/lang/schema"
	"github.com/syncline/syncline/lang/value"
)

// decoder decodes one record after the other.
type decoder interface {
	decode(buf []byte, eof bool, record value.Record) (n int, used bool, err error)
	// keepTexts sets where texts go that do not stand in the buffer as they are.
	keepTexts(text func([]byte) []byte)
}

func (d *csvDecoder) keepTexts(text func([]byte) []byte)  { d.text = text }
func (d *jsonDecoder) keepTexts(text func([]byte) []byte) { d.text = text }

// field finds a field and its name in the file. What the plan knows of it decides: the kind that was inferred from today's
// file may be another one.
func (sh *shape) field(name string, plan *schema.Object) (*schema.Field, string) {
	f, in := sh.object.Field(name), sh.from[name]
	if known := plan.Field(name); known != nil {
		if f = known; in == "" {
			in = name
		}
	}
	return f, in
}

// slotsFor gives, for each name in the file, the slots of the layout that it fills. Names that the object does not
// have fill none, and are null.
func slotsFor(sh *shape, q query.Read) map[string][]slot {
	out := map[string][]slot{}
	for at, name := range q.Layout.Names {
		f, in := sh.field(name, q.Schema)
		if f == nil {
			continue
		}
		out[in] = append(out[in], slot{at: at, kind: f.Kind, name: name, length: f.Length, inferred: f.Inferred})
	}
	return out
}

// newJSONDecoder makes a decoder that fills the slots.
func newJSONDecoder(slots map[string][]slot) *jsonDecoder {
	root := newJSONObject()
	for name, s := range slots {
		root.want(name, s)
		if strings.Contains(name, ".") {
			o := root
			parts := strings.Split(name, ".")
			for _, p := range parts[:len(parts)-1] {
				o = o.child(p)
			}
			o.want(parts[len(parts)-1], s)
		}
	}
	return &jsonDecoder{root: root, text: bytes.Clone}
}

func (o *jsonObject) want(name string, s []slot) {
	k := o.wanted[name]
	k.slots = append(k.slots, s...)
	o.wanted[name] = k
}

func (o *jsonObject) child(name string) *jsonObject {
	k := o.wanted[name]
	if k.child == nil {
		k.child = newJSONObject()
		o.wanted[name] = k
	}
	return k.child
}

// newCSVDecoder makes a decoder for a file with this header. A field that the object had when it was described, and that
// the file has no more, is an error: nulls in its place would empty what they are mapped to.
func newCSVDecoder(s *source, header []string, slots map[string][]slot) (*csvDecoder, error) {
	d := &csvDecoder{comma: s.comma, null: s.null, slots: make([]slot, len(header)), last: -1, text: bytes.Clone}
	for i, name := range headerNames(header) {
		d.slots[i] = slot{at: -1}
		if want := slots[name]; name != "" && len(want) > 0 {
			d.slots[i] = want[0]
			d.last = i
			delete(slots, name)
		}
	}
	for name, want := range slots {
		return nil, &connectors.Error{Class: connectors.Permanent, Fields: []string{want[0].name},
			Message: fmt.Sprintf("%s has no column %q; it has %s", s.shown, name, strings.Join(header, ", ")),
			Hint:    "was it renamed? write its new name as from in columns, or pull the schema again"}
	}
	return d, nil
}

// emptyOf is the value of a field that a record does not have.
func emptyOf(k schema.Kind) value.Value {
	if k == schema.MultiPicklist {
		return value.List(nil)
	}
	return value.Null
}
