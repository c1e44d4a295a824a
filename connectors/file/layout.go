package file

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/syncline/syncline/connectors"
	"github.com/syncline/syncline/lang/query"
	"github.com/syncline/syncline/lang/schema"
	"github.com/syncline/syncline/lang/value"
)

// decoder decodes one record after the other, each in two steps: what is not wanted of it, or not at all, is only passed over.
type decoder interface {
	// scan finds the record at the start of buf, and where its values stand. With an error the extent is what to pass over.
	scan(buf []byte, eof bool) (extent, error)
	// fill decodes values of the record that was scanned last: those of the early slots, or all others.
	fill(record value.Record, early bool) error
	// keepTexts sets where texts go that do not stand in the buffer as they are.
	keepTexts(text func([]byte) []byte)
}

// extent is what a record takes of the input, with its line end: no bytes when it is not complete and there may be more.
type extent struct {
	bytes, lines int
	blank        bool // it is no record
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
	d := &jsonDecoder{root: root, text: bytes.Clone}
	d.decides(root)
	return d
}

// decides sorts the wanted keys by whether they decide if a record is wanted.
func (d *jsonDecoder) decides(o *jsonObject) {
	for _, name := range slices.Sorted(maps.Keys(o.wanted)) {
		k := o.wanted[name]
		switch {
		case len(k.slots) == 0:
		case slices.ContainsFunc(k.slots, func(s slot) bool { return s.early }):
			d.early = append(d.early, k)
		default:
			d.late = append(d.late, k)
		}
		if k.child != nil {
			d.decides(k.child)
		}
	}
}

func (o *jsonObject) want(name string, s []slot) {
	k := o.key(name)
	k.slots = append(k.slots, s...)
}

// key is what is wanted of a key.
func (o *jsonObject) key(name string) *jsonKey {
	k := o.wanted[name]
	if k == nil {
		k = &jsonKey{}
		o.wanted[name] = k
	}
	return k
}

func (o *jsonObject) child(name string) *jsonObject {
	k := o.key(name)
	if k.child == nil {
		k.child = newJSONObject()
	}
	return k.child
}

// newCSVDecoder makes a decoder for a file with this header. A field that the object had when it was described, and that
// the file has no more, is an error: nulls in its place would empty what they are mapped to.
func newCSVDecoder(s *source, header []string, slots map[string][]slot) (*csvDecoder, error) {
	d := &csvDecoder{comma: s.comma, null: s.null, slots: make([]slot, len(header)), cells: make([]span, len(header)), text: bytes.Clone}
	for i, name := range headerNames(header) {
		d.slots[i] = slot{at: -1}
		if want := slots[name]; name != "" && len(want) > 0 {
			d.slots[i] = want[0]
			delete(slots, name)
		}
	}
	for name, want := range slots {
		return nil, &connectors.Error{Class: connectors.Permanent, Fields: []string{want[0].name},
			Message: fmt.Sprintf("%s has no column %q; it has %s", s.shown, name, strings.Join(header, ", ")),
			Hint:    "was it renamed? write its new name as from in columns, or pull the schema again"}
	}
	for col, s := range d.slots {
		switch {
		case s.at < 0:
		case s.early:
			d.early = append(d.early, col)
		default:
			d.late = append(d.late, col)
		}
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
