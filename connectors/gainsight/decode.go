package gainsight

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/syncline/syncline/connectors"
	"github.com/syncline/syncline/connectors/internal/jsonscan"
	"github.com/syncline/syncline/lang/value"
)

// decoder reads pages of one query. Nothing is allocated for a record beyond its batch.
type decoder struct {
	columns []*column
	names   []string // as selected: distinct names in queries
	slots   [][]int  // by name, the columns that it fills
	byName  map[string]int
	zone    *time.Location
	object  string
	key     int   // column of the Gsid, -1: none
	multis  []int // columns of multi-picklists, which are never null

	scan    jsonscan.Scanner
	record  value.Record
	bad     []connectors.BadRow
	strange bool // an item id was met that no picklist knows
}

func newDecoder(object string, columns []*column, key int, zone *time.Location) *decoder {
	d := &decoder{columns: columns, zone: zone, object: object, key: key, byName: map[string]int{}, record: make(value.Record, len(columns))}
	for i, col := range columns {
		if col.wire == "" {
			continue // not there: stays empty
		}
		n, ok := d.byName[col.wire]
		if !ok {
			n = len(d.names)
			d.byName[col.wire] = n
			d.names = append(d.names, col.wire)
			d.slots = append(d.slots, nil)
		}
		d.slots[n] = append(d.slots[n], i)
		if col.form == formMulti {
			d.multis = append(d.multis, i)
		}
	}
	for i, name := range d.names {
		if _, ok := d.byName[strings.ToLower(name)]; !ok {
			d.byName[strings.ToLower(name)] = i
		}
	}
	return d
}

// page reads a page. Each record is given to take, valid until the next; the batch holds its texts. n is how
// many records the page has, those that cannot be decoded too.
func (d *decoder) page(body []byte, batch *value.Batch, take func(value.Record)) (env envelope, n int, err error) {
	d.bad = d.bad[:0]
	s := &d.scan
	s.Reset(body)
	s.Enter(jsonscan.Object)
	for {
		key, ok := s.Key()
		if !ok {
			break
		}
		switch string(key) {
		case "result":
			result := strings.Trim(string(s.Raw()), `"`) != "false"
			env.Result = &result
		case "errorCode":
			env.ErrorCode = d.scalar()
		case "errorDesc":
			env.ErrorDesc = d.scalar()
		case "localizedErrorDesc":
			env.LocalizedDesc = d.scalar()
		case "title":
			env.Title = d.scalar()
		case "message":
			env.Message = json.RawMessage(bytes.Clone(s.Raw()))
		case "data":
			n = d.data(batch, take)
		default:
			s.Skip()
		}
	}
	s.End()
	return env, n, s.Err()
}

// scalar reads a text, or gives "" for anything else.
func (d *decoder) scalar() string {
	if d.scan.Next() == jsonscan.String {
		return string(d.scan.Text())
	}
	d.scan.Skip()
	return ""
}

// data reads the records, in data itself or in data.records.
func (d *decoder) data(batch *value.Batch, take func(value.Record)) (n int) {
	s := &d.scan
	switch s.Next() {
	case jsonscan.Array:
		s.Enter(jsonscan.Array)
		for s.Item() {
			if s.Next() != jsonscan.Object {
				s.Skip()
				continue
			}
			n++
			if d.one(batch) {
				take(d.record)
			}
		}
	case jsonscan.Object:
		s.Enter(jsonscan.Object)
		for {
			key, ok := s.Key()
			if !ok {
				return n
			}
			if string(key) == "records" && s.Next() == jsonscan.Array {
				n += d.data(batch, take)
			} else {
				s.Skip()
			}
		}
	default:
		s.Skip()
	}
	return n
}

// one reads one record into d.record; false when it cannot be decoded.
func (d *decoder) one(batch *value.Batch) bool {
	s := &d.scan
	clear(d.record)
	start := s.Offset()
	var failure error
	next := 0
	s.Enter(jsonscan.Object)
	for {
		key, ok := s.Key()
		if !ok {
			break
		}
		n := d.find(key, next)
		if n < 0 {
			s.Skip()
			continue
		}
		next = n + 1
		for i, slot := range d.slots[n] {
			if i > 0 {
				d.record[slot] = d.record[d.slots[n][0]] // both are one field
				continue
			}
			v, err := d.value(d.columns[slot], batch)
			if err != nil && failure == nil {
				failure = fmt.Errorf("field %s: %w", d.columns[slot].path, err)
			}
			d.record[slot] = v
		}
	}
	if s.Err() != nil {
		return false
	}
	for _, i := range d.multis {
		if d.record[i].IsNull() {
			d.record[i] = value.List(nil)
		}
	}
	if failure != nil {
		d.bad = append(d.bad, connectors.BadRow{Place: strings.TrimSpace(d.object + " " + d.id()), ID: d.id(), Text: string(bytes.TrimSpace(d.scan.Since(start))), Err: failure})
		return false
	}
	return true
}

// find gives the selected name that a key of a record stands for. Records mostly have their keys in
// the order of the select.
func (d *decoder) find(key []byte, expected int) int {
	if expected < len(d.names) && string(key) == d.names[expected] {
		return expected
	}
	if n, ok := d.byName[string(key)]; ok {
		return n
	}
	if n, ok := d.byName[strings.ToLower(string(key))]; ok {
		return n
	}
	return -1
}

// id is that of the record in hand, as far as it was read; "": it was not.
func (d *decoder) id() string {
	if d.key < 0 {
		return ""
	}
	return strings.Clone(d.record[d.key].String())
}

// value reads one field's value.
func (d *decoder) value(col *column, batch *value.Batch) (value.Value, error) {
	s := &d.scan
	switch s.Next() {
	case jsonscan.Null:
		s.Skip()
		return value.Null, nil
	case jsonscan.String:
		return d.fromText(col, s.Text(), batch)
	case jsonscan.Number:
		return d.fromNumber(col, s.Digits(), batch)
	case jsonscan.True, jsonscan.False:
		b := s.Bool()
		switch col.form {
		case formBool, formAny:
			return value.Bool(b), nil
		case formNumber:
			return value.Float(map[bool]float64{true: 1}[b]), nil
		case formDate, formDateTime:
			return value.Null, fmt.Errorf("%v is no date", b)
		}
		return value.Text(strconv.FormatBool(b)), nil
	case jsonscan.Array:
		return d.fromList(col, batch)
	}
	raw := s.Raw()
	if col.form == formAny || col.form == formText {
		return batch.TextCopy(raw), nil
	}
	return value.Null, errors.New("an object where a value should be")
}

func (d *decoder) fromText(col *column, text []byte, batch *value.Batch) (value.Value, error) {
	if len(text) == 0 {
		return value.Null, nil
	}
	switch col.form {
	case formNumber:
		return toNumber(bytes.TrimSpace(text))
	case formBool:
		switch strings.ToLower(string(text)) {
		case "true", "1", "yes":
			return value.Bool(true), nil
		case "false", "0", "no":
			return value.Bool(false), nil
		}
		return value.Null, fmt.Errorf("%q is neither true nor false", text)
	case formDate:
		if day, ok := parseDay(text, d.zone); ok {
			return value.Day(day), nil
		}
		return value.Null, fmt.Errorf("%q is no date", text)
	case formDateTime:
		if us, ok := parseInstant(text, d.zone); ok {
			return value.Micros(us), nil
		}
		return value.Null, fmt.Errorf("%q is no date and time", text)
	case formPick:
		return d.label(col.picks, text, batch), nil
	case formMulti:
		return d.labels(col.picks, text, batch), nil
	}
	return batch.TextCopy(text), nil
}

func (d *decoder) fromNumber(col *column, digits []byte, batch *value.Batch) (value.Value, error) {
	switch col.form {
	case formNumber, formAny:
		return toNumber(digits)
	case formBool:
		return value.Bool(string(digits) != "0"), nil
	case formDate:
		if day, ok := parseDay(digits, d.zone); ok {
			return value.Day(day), nil
		}
		return value.Null, fmt.Errorf("%s is no date", digits)
	case formDateTime:
		if us, ok := parseInstant(digits, d.zone); ok {
			return value.Micros(us), nil
		}
		return value.Null, fmt.Errorf("%s is no date and time", digits)
	}
	return batch.TextCopy(digits), nil
}

func toNumber(digits []byte) (value.Value, error) {
	f, err := strconv.ParseFloat(string(digits), 64)
	if err != nil || math.IsInf(f, 0) || math.IsNaN(f) {
		return value.Null, fmt.Errorf("%q is no number", digits)
	}
	return value.Float(f), nil
}

// label gives an item's label; a text that is no item's id is a label already, or an item that was deleted.
func (d *decoder) label(p *picklist, id []byte, batch *value.Batch) value.Value {
	if v, ok := p.known(id); ok {
		return v
	}
	if isItemID(id) {
		d.strange = true
	}
	return batch.TextCopy(id)
}

// labels reads a multi-picklist: ids joined by semicolons.
func (d *decoder) labels(p *picklist, text []byte, batch *value.Batch) value.Value {
	sep := byte(';')
	if bytes.IndexByte(text, ';') < 0 && bytes.IndexByte(text, ',') == 36 && isItemID(text[:36]) {
		sep = ','
	}
	items := make([]value.Value, 0, bytes.Count(text, []byte{sep})+1)
	for len(text) > 0 {
		item, rest, _ := bytes.Cut(text, []byte{sep})
		if item = bytes.TrimSpace(item); len(item) > 0 {
			items = append(items, d.label(p, item, batch))
		}
		text = rest
	}
	return value.List(items)
}

// fromList reads an array: a picklist's items. A text is the array as it stands; other fields cannot hold one.
func (d *decoder) fromList(col *column, batch *value.Batch) (value.Value, error) {
	s := &d.scan
	switch col.form {
	case formText, formAny:
		return batch.TextCopy(s.Raw()), nil
	case formPick, formMulti:
	default:
		s.Skip()
		return value.Null, errors.New("a list where a value should be")
	}
	items := []value.Value{}
	s.Enter(jsonscan.Array)
	for s.Item() {
		if s.Next() != jsonscan.String {
			s.Skip()
			continue
		}
		items = append(items, d.label(col.picks, s.Text(), batch))
	}
	switch {
	case col.form == formMulti:
		return value.List(items), nil
	case len(items) == 0:
		return value.Null, nil
	}
	return items[0], nil
}
