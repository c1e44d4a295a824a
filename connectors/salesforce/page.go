package salesforce

import (
	"fmt"
	"strconv"

	"github.com/syncline/syncline/connectors"
	"github.com/syncline/syncline/connectors/internal/jsonscan"
	"github.com/syncline/syncline/lang/schema"
	"github.com/syncline/syncline/lang/value"
)

// decoder reads pages of a query's answer into slots. It allocates nothing for a record beyond its texts' room.
type decoder struct {
	*shape
	scan  jsonscan.Scanner
	batch *value.Batch
	// keep decides about each record that was read; false drops it.
	keep func(value.Record) bool
	bad  []connectors.BadRow

	// Of the record that is being read.
	record value.Record
	id     []byte
	stamp  int64
	wrong  error
}

// page reads one page and gives the path of the next, "" when it was the last.
func (d *decoder) page(body []byte, batch *value.Batch) (next string, err error) {
	d.batch, d.bad = batch, nil
	d.scan.Reset(body)
	found := false
	d.scan.Enter(jsonscan.Object)
	for {
		key, ok := d.scan.Key()
		if !ok {
			break
		}
		switch string(key) {
		case "records":
			found = true
			d.records()
		case "nextRecordsUrl":
			if d.scan.Next() == jsonscan.Null {
				d.scan.Skip()
			} else {
				next = string(d.scan.Text())
			}
		default:
			d.scan.Skip()
		}
	}
	d.scan.End()
	if err := d.scan.Err(); err != nil {
		return "", err
	}
	if !found {
		return "", fmt.Errorf("it has no records")
	}
	return next, nil
}

func (d *decoder) records() {
	d.scan.Enter(jsonscan.Array)
	for d.scan.Item() {
		start := d.scan.Offset()
		d.record = d.batch.Append()
		for _, slot := range d.lists {
			d.record[slot] = value.List(nil)
		}
		d.id, d.stamp, d.wrong = d.id[:0], 0, nil
		d.object(d.root)
		switch {
		case d.scan.Err() != nil:
			d.batch.DropLast()
			return
		case d.wrong != nil:
			d.bad = append(d.bad, connectors.BadRow{Place: d.shape.object.Name + " " + string(d.id), ID: string(d.id), Text: string(d.scan.Since(start)), Err: d.wrong})
			d.batch.DropLast()
		case !d.keep(d.record):
			d.batch.DropLast()
		}
	}
}

// object reads one record, or one that it refers to.
func (d *decoder) object(n *node) {
	d.scan.Enter(jsonscan.Object)
	for {
		key, ok := d.scan.Key()
		if !ok {
			return
		}
		if l, ok := n.leaves[string(key)]; ok {
			d.leaf(l)
			continue
		}
		parent := n.parents[string(key)]
		if parent == nil || d.scan.Next() != jsonscan.Object {
			d.scan.Skip() // a reference that is empty leaves its fields empty
			continue
		}
		d.object(parent)
	}
}

func (d *decoder) leaf(l leaf) {
	kind := d.scan.Next()
	if kind == jsonscan.Null {
		d.scan.Skip()
		return
	}
	var v value.Value
	switch {
	case l.kind == schema.Boolean && (kind == jsonscan.True || kind == jsonscan.False):
		v = value.Bool(d.scan.Bool())
	case kind == jsonscan.String:
		text := d.scan.Text()
		if l.mark == markID {
			d.id = append(d.id[:0], text...)
		}
		if l.slot < 0 && l.mark != markStamp {
			return
		}
		v = d.text(l.kind, text)
		if l.mark == markStamp {
			d.stamp = v.AsMicros()
		}
	case kind == jsonscan.Number:
		v = d.number(l.kind, d.scan.Digits())
	case l.kind == schema.Boolean || l.kind.IsNumber() || l.kind == schema.Date || l.kind == schema.DateTime:
		d.misfit(l.kind, d.scan.Raw())
	default:
		v = d.batch.TextCopy(d.scan.Raw())
	}
	if l.slot >= 0 {
		d.record[l.slot] = v
	}
}

// text decodes what comes as a JSON string.
func (d *decoder) text(kind schema.Kind, text []byte) value.Value {
	if len(text) == 0 {
		if kind == schema.MultiPicklist {
			return value.List(nil)
		}
		return value.Null
	}
	switch kind {
	case schema.Date:
		if days, ok := parseDay(text); ok {
			return value.Day(days)
		}
	case schema.DateTime:
		if micros, ok := parseInstant(text); ok {
			return value.Micros(micros)
		}
	case schema.Integer, schema.Number:
		return d.number(kind, text)
	case schema.MultiPicklist:
		return d.items(text)
	case schema.TimeOfDay:
		return d.batch.TextCopy(clockText(text))
	case schema.Boolean:
		if b, err := strconv.ParseBool(string(text)); err == nil {
			return value.Bool(b)
		}
	default:
		return d.batch.TextCopy(text)
	}
	d.misfit(kind, text)
	return value.Null
}

func (d *decoder) number(kind schema.Kind, digits []byte) value.Value {
	switch kind {
	case schema.Integer:
		if i, err := strconv.ParseInt(string(digits), 10, 64); err == nil {
			return value.Int(i)
		}
		if f, err := strconv.ParseFloat(string(digits), 64); err == nil && f == float64(int64(f)) {
			return value.Int(int64(f)) // 23.0
		}
	case schema.Number:
		if f, err := strconv.ParseFloat(string(digits), 64); err == nil {
			return value.Float(f)
		}
	case schema.Boolean, schema.Date, schema.DateTime:
	default:
		return d.batch.TextCopy(digits)
	}
	d.misfit(kind, digits)
	return value.Null
}

func (d *decoder) misfit(kind schema.Kind, text []byte) {
	if d.wrong == nil {
		d.wrong = fmt.Errorf("%.60q is no %s", text, kind)
	}
}

// items splits the values of a multi-picklist.
func (d *decoder) items(text []byte) value.Value {
	n := 1
	for _, c := range text {
		if c == ';' {
			n++
		}
	}
	items := make([]value.Value, 0, n)
	for start := 0; start <= len(text); {
		end := start
		for end < len(text) && text[end] != ';' {
			end++
		}
		if end > start {
			items = append(items, d.batch.TextCopy(text[start:end]))
		}
		start = end + 1
	}
	return value.List(items)
}
