package file

import (
	"bytes"
	"errors"
	"fmt"

	"github.com/syncline/syncline/lang/schema"
	"github.com/syncline/syncline/lang/value"
)

// jsonDecoder decodes one JSON object a line. Keys that come in the order of the records before cost one comparison;
// any other order, unknown keys and white space take a slower path. Only wanted values are decoded, the others are
// passed over.
type jsonDecoder struct {
	root *jsonObject
	text func([]byte) []byte
	// scratch holds an unescaped text until it is copied.
	scratch []byte
	round   uint32 // counts records, to see a key twice in one
	line    []byte
	i       int
}

// jsonObject is what is wanted of an object: its keys in the order met.
type jsonObject struct {
	keys   []jsonKey
	index  map[string]int
	wanted map[string]jsonKey
}

// jsonKey is a key of an object and what is wanted of its value.
type jsonKey struct {
	quoted []byte // "name": as most writers write it
	slots  []slot
	child  *jsonObject // for dotted paths into it
	round  uint32      // of the last record that had it
}

// maxKeys bounds the keys that are remembered of an object; data used as keys would fill the memory.
const maxKeys = 2048

// maxDepth bounds the nesting of a record.
const maxDepth = 200

func newJSONObject() *jsonObject {
	return &jsonObject{index: map[string]int{}, wanted: map[string]jsonKey{}}
}

var (
	errNotObject = errors.New(`is no JSON object; each line of the file is one, as in {"id": 1}`)
	errCut       = errors.New("the JSON ends in the middle; the line may be cut off")
	errTail      = errors.New("the line goes on after the JSON object; each line holds one")
	errSyntax    = errors.New("is no JSON")
	errDeep      = errors.New("is nested too deep")
	errEscape    = errors.New(`has a wrong escape after a backslash`)
)

// decode reads the line at the start of buf; see csvDecoder.decode.
func (d *jsonDecoder) decode(buf []byte, eof bool, record value.Record) (n int, used bool, err error) {
	end := bytes.IndexByte(buf, '\n')
	n = end + 1
	if end < 0 {
		if !eof {
			return 0, false, nil
		}
		end, n = len(buf), len(buf)
	}
	d.line, d.i = buf[:end], 0
	d.space()
	if d.i == len(d.line) {
		return n, false, nil
	}
	if d.line[d.i] != '{' {
		return n, true, d.syntax(errNotObject)
	}
	d.round++
	if err := d.object(d.root, record, 0); err != nil {
		return n, true, err
	}
	if d.space(); d.i != len(d.line) {
		return n, true, errTail
	}
	return n, true, nil
}

func (d *jsonDecoder) space() {
	for d.i < len(d.line) {
		switch d.line[d.i] {
		case ' ', '\t', '\r', '\n':
			d.i++
		default:
			return
		}
	}
}

// syntax says where the line is wrong.
func (d *jsonDecoder) syntax(err error) error {
	if d.i >= len(d.line) {
		return errCut
	}
	return fmt.Errorf("column %d: %q %w", d.i+1, clip(d.line[d.i:], 20), err)
}

// object decodes the object at i.
func (d *jsonDecoder) object(o *jsonObject, record value.Record, depth int) error {
	if depth > maxDepth {
		return errDeep
	}
	d.i++
	if d.space(); d.i < len(d.line) && d.line[d.i] == '}' {
		d.i++
		return nil
	}
	for guess := 0; ; {
		at, err := d.key(o, guess)
		if err != nil {
			return err
		}
		if at < 0 {
			err = d.skip(depth)
		} else {
			guess = at + 1
			err = d.value(&o.keys[at], record, depth)
		}
		if err != nil {
			return err
		}
		if d.i < len(d.line) && d.line[d.i] == ',' {
			d.i++
			continue
		}
		switch d.space(); {
		case d.i < len(d.line) && d.line[d.i] == ',':
			d.i++
		case d.i < len(d.line) && d.line[d.i] == '}':
			d.i++
			return nil
		default:
			return d.syntax(errSyntax)
		}
	}
}

// key reads a key and its colon and gives its index, -1 when it is of no interest.
func (d *jsonDecoder) key(o *jsonObject, guess int) (int, error) {
	if guess < len(o.keys) {
		q := o.keys[guess].quoted
		if len(d.line)-d.i > len(q) && string(d.line[d.i:d.i+len(q)]) == string(q) {
			d.i += len(q)
			if c := d.line[d.i]; c == ' ' || c == '\t' {
				d.space()
			}
			return guess, o.keys[guess].once(d.round)
		}
	}
	d.space()
	if d.i >= len(d.line) || d.line[d.i] != '"' {
		return -1, d.syntax(errSyntax)
	}
	name, err := d.string()
	if err != nil {
		return -1, err
	}
	at, known := o.index[string(name)]
	if !known {
		at = o.learn(string(name))
	}
	if d.space(); d.i >= len(d.line) || d.line[d.i] != ':' {
		return -1, d.syntax(errSyntax)
	}
	d.i++
	d.space()
	// A guess that failed only for white space before the key: the next may be right again.
	if at < 0 {
		return at, nil
	}
	return at, o.keys[at].once(d.round)
}

// once refuses a wanted key that comes twice in a record.
func (k *jsonKey) once(round uint32) error {
	if k.round == round && (k.slots != nil || k.child != nil) {
		return fmt.Errorf("the key %s comes twice", bytes.TrimSuffix(k.quoted, []byte{':'}))
	}
	k.round = round
	return nil
}

// learn remembers a key that is met for the first time; -1 when there are too many.
func (o *jsonObject) learn(name string) int {
	k, wanted := o.wanted[name]
	if len(o.keys) >= maxKeys && !wanted {
		return -1
	}
	k.quoted = append(appendJSONText(nil, name), ':')
	o.keys = append(o.keys, k)
	o.index[name] = len(o.keys) - 1
	return len(o.keys) - 1
}

// value decodes the value at i into the slots of its key.
func (d *jsonDecoder) value(k *jsonKey, record value.Record, depth int) error {
	if k.slots == nil && k.child == nil {
		return d.skip(depth)
	}
	if d.i >= len(d.line) {
		return errCut
	}
	start := d.i
	switch c := d.line[d.i]; {
	case c == '"':
		b, err := d.string()
		if err != nil {
			return err
		}
		for i := range k.slots {
			if err := k.slots[i].set(record, b); err != nil {
				return err
			}
		}
		return nil
	case c == '{' && k.child != nil:
		if err := d.object(k.child, record, depth+1); err != nil {
			return err
		}
	case c == '[' || c == '{':
		if err := d.skip(depth); err != nil {
			return err
		}
	default:
		return d.scalar(k, record)
	}
	for i := range k.slots {
		if err := d.compound(&k.slots[i], record, start); err != nil {
			return err
		}
	}
	return nil
}

// compound gives a slot the list or object that stands from start to i.
func (d *jsonDecoder) compound(s *slot, record value.Record, start int) error {
	raw := d.line[start:d.i]
	switch s.kind {
	case schema.Any:
		record[s.at] = shared(raw)
	case schema.MultiPicklist:
		items, err := d.list(raw)
		if err != nil {
			return s.misfit(raw, err)
		}
		record[s.at] = value.List(items)
	default:
		return s.misfit(raw, errNotText)
	}
	return nil
}

// plain decodes a number as most are, in one pass; false leaves everything as it was.
func (d *jsonDecoder) plain(s *slot, record value.Record) bool {
	if s.kind != schema.Number && s.kind != schema.Integer {
		return false
	}
	var v value.Value
	n := plainNumber(&v, d.line[d.i:], s.kind == schema.Integer)
	if end := d.i + n; n == 0 || end == len(d.line) || d.line[end] != ',' && d.line[end] != '}' {
		return false
	}
	d.i += n
	record[s.at] = v
	return true
}

// scalar decodes a number, true, false or null.
func (d *jsonDecoder) scalar(k *jsonKey, record value.Record) error {
	if len(k.slots) == 1 && d.plain(&k.slots[0], record) {
		return nil
	}
	start := d.i
	for d.i < len(d.line) && d.line[d.i] != ',' && d.line[d.i] != '}' && d.line[d.i] != ']' && d.line[d.i] > ' ' {
		d.i++
	}
	word := d.line[start:d.i]
	for i := range k.slots {
		if err := k.slots[i].scalar(record, word); err != nil {
			if errors.Is(err, errSyntax) {
				d.i = start
				return d.syntax(errSyntax)
			}
			return err
		}
	}
	if len(k.slots) == 0 && !isScalar(word) {
		d.i = start
		return d.syntax(errSyntax)
	}
	return nil
}

func isScalar(word []byte) bool {
	switch string(word) {
	case "null", "true", "false":
		return true
	}
	_, ok := scanDecimal(word)
	return ok
}

// scalar sets a JSON value that is neither text, list nor object.
func (s *slot) scalar(record value.Record, word []byte) error {
	dst := &record[s.at]
	if len(word) == 4 && string(word) == "null" {
		if s.kind == schema.MultiPicklist {
			*dst = value.List(nil)
		}
		return nil
	}
	switch s.kind {
	case schema.Integer, schema.Number:
		if d, ok := scanDecimal(word); ok {
			return s.number(dst, d, word)
		}
	case schema.Boolean:
		if len(word) == 4 && string(word) == "true" {
			*dst = value.Bool(true)
			return nil
		}
		if len(word) == 5 && string(word) == "false" {
			*dst = value.Bool(false)
			return nil
		}
	}
	if !isScalar(word) {
		return errSyntax
	}
	switch s.kind {
	case schema.Integer, schema.Number:
		return s.misfit(word, errNotNumber)
	case schema.Boolean:
		return s.misfit(word, errNotBoolean)
	case schema.Date:
		return s.misfit(word, errNotDate)
	case schema.DateTime:
		return s.misfit(word, errNotDateTime)
	case schema.MultiPicklist:
		*dst = value.List([]value.Value{shared(word)})
	default:
		*dst = shared(word)
	}
	return nil
}

func (s *slot) number(dst *value.Value, d decimal, word []byte) error {
	if s.kind == schema.Number && d.fits && !d.exp && d.mant < maxExact && d.scale < len(pow10) {
		f, _ := d.float(word)
		*dst = value.Float(f)
		return nil
	}
	if err := setNumber(dst, word, s.kind == schema.Integer); err != nil {
		return s.misfit(word, err)
	}
	return nil
}
