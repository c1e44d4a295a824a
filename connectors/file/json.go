package file

import (
	"bytes"
	"errors"
	"fmt"

	"github.com/syncline/syncline/lang/schema"
	"github.com/syncline/syncline/lang/value"
)

// jsonDecoder decodes one JSON object a line. Keys that come in the order of the records before cost one comparison;
// any other order, unknown keys and white space take a slower path. A line is scanned whole, which tells whether it is
// JSON, and only wanted values are decoded.
type jsonDecoder struct {
	root *jsonObject
	text func([]byte) []byte
	// scratch holds an unescaped text until it is copied.
	scratch []byte
	round   uint32 // counts records, to see a key twice in one
	line    []byte
	i       int
	quotes  places // in line
	// early and late are the wanted keys.
	early, late []*jsonKey
}

// form is what a JSON value looks like.
type form uint8

const (
	formText     form = iota
	formScalar        // a number, true, false or null
	formCompound      // an object or a list
)

// jsonObject is what is wanted of an object: its keys in the order met.
type jsonObject struct {
	keys   []*jsonKey
	index  map[string]int
	wanted map[string]*jsonKey
}

// jsonKey is a key of an object and what is wanted of its value.
type jsonKey struct {
	quoted []byte // "name": as most writers write it
	// words are the first keyBytes of quoted; masks tell which of them count, where it is shorter.
	words, masks [keyBytes / 8]uint64
	slots        []slot
	child        *jsonObject // for dotted paths into it
	round        uint32      // of the last record that had it
	// start and end are where its value stands in the line of that record, a text without its quotes.
	start, end int32
	form       form
}

// passed is the key of a value that nothing is wanted of and that is not remembered.
var passed = &jsonKey{}

// keyBytes are how many bytes of a key are compared at once.
const keyBytes = 24

// maxKeys bounds the keys that are remembered of an object; data used as keys would fill the memory.
const maxKeys = 2048

// maxDepth bounds the nesting of a record.
const maxDepth = 200

func newJSONObject() *jsonObject {
	return &jsonObject{index: map[string]int{}, wanted: map[string]*jsonKey{}}
}

var (
	errNotObject = errors.New(`is no JSON object; each line of the file is one, as in {"id": 1}`)
	errCut       = errors.New("the JSON ends in the middle; the line may be cut off")
	errTail      = errors.New("the line goes on after the JSON object; each line holds one")
	errSyntax    = errors.New("is no JSON")
	errDeep      = errors.New("is nested too deep")
	errEscape    = errors.New(`has a wrong escape after a backslash`)
)

func (d *jsonDecoder) scan(buf []byte, eof bool) (extent, error) {
	end := bytes.IndexByte(buf, '\n')
	x := extent{bytes: end + 1, lines: 1}
	if end < 0 {
		if !eof {
			return extent{}, nil
		}
		end, x.bytes = len(buf), len(buf)
	}
	d.line, d.i = buf[:end], 0
	d.quotes = d.quotes.of('"', d.line)
	d.space()
	if d.i == len(d.line) {
		x.blank = true
		return x, nil
	}
	if d.line[d.i] != '{' {
		return x, d.syntax(errNotObject)
	}
	d.round++
	if err := d.object(d.root, 0); err != nil {
		return x, err
	}
	if d.space(); d.i != len(d.line) {
		return x, errTail
	}
	return x, nil
}

func (d *jsonDecoder) fill(record value.Record, early bool) error {
	list := d.late
	if early {
		list = d.early
	}
	for _, k := range list {
		if k.round != d.round {
			continue
		}
		if err := d.set(k, record); err != nil {
			return err
		}
	}
	return nil
}

// note remembers where the value of a key stands.
func (k *jsonKey) note(start, end int, form form) {
	k.start, k.end, k.form = int32(start), int32(end), form
}

// set decodes the value of a key into its slots.
func (d *jsonDecoder) set(k *jsonKey, record value.Record) error {
	b, slots := d.line[k.start:k.end], k.slots
	switch k.form {
	case formText:
		b, err := d.unescaped(b)
		if err != nil {
			return err
		}
		for i := range slots {
			if err := slots[i].set(record, b); err != nil {
				return err
			}
		}
	case formScalar:
		for i := range slots {
			if err := slots[i].scalar(record, b); err != nil {
				return err
			}
		}
	case formCompound:
		for i := range slots {
			if err := d.compound(&slots[i], record, b); err != nil {
				return err
			}
		}
	}
	return nil
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

// object passes over the object at i and notes what is wanted of it.
func (d *jsonDecoder) object(o *jsonObject, depth int) error {
	if depth > maxDepth {
		return errDeep
	}
	d.i++
	if d.space(); d.i < len(d.line) && d.line[d.i] == '}' {
		d.i++
		return nil
	}
	for guess := 0; ; {
		var closed bool
		if guess, closed = d.known(o, guess); closed {
			return nil
		}
		k := d.guessed(o, guess)
		if k != nil {
			guess++
		} else {
			at, err := d.key(o)
			if err != nil {
				return err
			}
			if k = passed; at >= 0 {
				k, guess = o.keys[at], at+1
			}
		}
		if k.round == d.round && (k.slots != nil || k.child != nil) {
			return fmt.Errorf("the key %s comes twice", bytes.TrimSuffix(k.quoted, []byte{':'}))
		}
		if k != passed {
			k.round = d.round
		}
		if err := d.value(k, depth); err != nil {
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

// known passes over members that come as in the records before and as most writers write them: keys in the same order
// and no white space, each a text without an escaped quote at its end, a plain number or null. It gives the number of
// the next key to guess, or tells that the object is closed.
func (d *jsonDecoder) known(o *jsonObject, guess int) (next int, closed bool) {
	line, i := d.line, d.i
	for ; guess < len(o.keys); guess++ {
		k := o.keys[guess]
		start := i + len(k.quoted)
		if start >= len(line) || cap(line)-i < keyBytes || !k.begins(line[i:i+keyBytes]) || k.round == d.round {
			break
		}
		if len(k.quoted) > keyBytes && string(line[i+keyBytes:start]) != string(k.quoted[keyBytes:]) {
			break
		}
		var end, after int
		form := formScalar
		switch c := line[start]; {
		case c == '"':
			start++
			end, form = d.quotes.next(start), formText
			if after = end + 1; after < len(line) && line[end-1] == '\\' {
				after = len(line)
			}
		case c == 'n' && len(line)-start > 4 && string(line[start:start+4]) == "null":
			end = start + 4
			after = end
		default:
			end = start + plainLength(line[start:])
			if after = end; end == start {
				after = len(line)
			}
		}
		if after >= len(line) || line[after] != ',' && line[after] != '}' {
			break
		}
		k.note(start, end, form)
		k.round, i = d.round, after+1
		if line[after] == '}' {
			d.i = i
			return guess, true
		}
	}
	d.i = i
	return guess, false
}

// begins tells whether the keyBytes of b begin with those of the key.
func (k *jsonKey) begins(b []byte) bool {
	return (eightOf(b)^k.words[0])&k.masks[0]|(eightOf(b[8:])^k.words[1])&k.masks[1]|(eightOf(b[16:])^k.words[2])&k.masks[2] == 0
}

// quote gives the key its name.
func (k *jsonKey) quote(name string) {
	k.quoted = append(appendJSONText(nil, name), ':')
	var padded, mask [keyBytes]byte
	for i := range copy(padded[:], k.quoted) {
		mask[i] = 0xff
	}
	for i := range k.words {
		k.words[i], k.masks[i] = eightOf(padded[i*8:]), eightOf(mask[i*8:])
	}
}

// guessed reads the key that came here in the records before, with its colon; nil when another one comes.
func (d *jsonDecoder) guessed(o *jsonObject, guess int) *jsonKey {
	if guess >= len(o.keys) {
		return nil
	}
	k := o.keys[guess]
	end := d.i + len(k.quoted)
	if end >= len(d.line) || string(d.line[d.i:end]) != string(k.quoted) {
		return nil
	}
	d.i = end
	if c := d.line[end]; c <= ' ' {
		d.space()
	}
	return k
}

// key reads any key and its colon and gives its index, -1 when it is of no interest.
func (d *jsonDecoder) key(o *jsonObject) (int, error) {
	d.space()
	if d.i >= len(d.line) || d.line[d.i] != '"' {
		return -1, d.syntax(errSyntax)
	}
	start := d.i + 1
	if err := d.string(); err != nil {
		return -1, err
	}
	name, ok := unescape(d.scratch[:0], d.line[start:d.i-1])
	if d.scratch = name; !ok {
		return -1, errEscape
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
	return at, nil
}

// learn remembers a key that is met for the first time; -1 when there are too many.
func (o *jsonObject) learn(name string) int {
	k := o.wanted[name]
	if k == nil {
		if len(o.keys) >= maxKeys {
			return -1
		}
		k = &jsonKey{}
	}
	k.quote(name)
	o.keys = append(o.keys, k)
	o.index[name] = len(o.keys) - 1
	return len(o.keys) - 1
}

// value passes over the value at i and notes it where it is wanted.
func (d *jsonDecoder) value(k *jsonKey, depth int) error {
	if d.i >= len(d.line) {
		return errCut
	}
	start, inside := d.i, 0
	var form form
	var err error
	switch c := d.line[d.i]; {
	case c == '"':
		inside, err = 1, d.string()
	case c == '{' && k.child != nil:
		form, err = formCompound, d.object(k.child, depth+1)
	case c == '[' || c == '{':
		form, err = formCompound, d.skipCompound(depth)
	default:
		form, err = formScalar, d.scalar()
	}
	if err == nil && k != passed {
		k.note(start+inside, d.i-inside, form)
	}
	return err
}

// compound gives a slot a list or an object.
func (d *jsonDecoder) compound(s *slot, record value.Record, raw []byte) error {
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

// scalar passes over a number, true, false or null.
func (d *jsonDecoder) scalar() error {
	start := d.i
	if end := start + plainLength(d.line[start:]); end > start && end < len(d.line) && (d.line[end] == ',' || d.line[end] == '}') {
		d.i = end
		return nil
	}
	for d.i < len(d.line) && d.line[d.i] != ',' && d.line[d.i] != '}' && d.line[d.i] != ']' && d.line[d.i] > ' ' {
		d.i++
	}
	if !isScalar(d.line[start:d.i]) {
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
	if word[0] == 'n' {
		if s.kind == schema.MultiPicklist {
			*dst = value.List(nil)
		}
		return nil
	}
	switch s.kind {
	case schema.Integer, schema.Number:
		if word[0] == 't' || word[0] == 'f' {
			return s.misfit(word, errNotNumber)
		}
		if err := setNumber(dst, word, s.kind == schema.Integer); err != nil {
			return s.misfit(word, err)
		}
	case schema.Boolean:
		if word[0] != 't' && word[0] != 'f' {
			return s.misfit(word, errNotBoolean)
		}
		*dst = value.Bool(word[0] == 't')
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
