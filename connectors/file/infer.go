package file

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/syncline/syncline/connectors/internal/jsonscan"
	"github.com/syncline/syncline/lang/schema"
)

// inferred is a column as the sample shows it.
type inferred struct {
	name     string
	declared bool
	kind     schema.Kind
	seen     bool // a value that is not empty was met
}

// infer tells the columns of a sample, in the order of the file, and the number of rows that it looked at.
func infer(s *source, sm *sampled) ([]*inferred, int, error) {
	if s.jsonl {
		return inferJSON(sm)
	}
	return inferCSV(s, sm)
}

func inferCSV(s *source, sm *sampled) ([]*inferred, int, error) {
	var names []string
	if s.header {
		header, n, err := cells(s.comma, sm.buf[sm.pos:], sm.eof)
		if err != nil {
			return nil, 0, fmt.Errorf("the header: %w", err)
		}
		if n == 0 && !sm.eof {
			return nil, 0, fmt.Errorf("the header is longer than %d bytes", len(sm.buf))
		}
		sm.pos += n
		names = headerNames(header)
	} else {
		for _, c := range s.columns {
			names = append(names, from(c))
		}
	}
	cols := make([]*inferred, len(names))
	for i, name := range names {
		cols[i] = &inferred{name: name}
	}
	start, rows := sm.pos, 0
	for rows < sampleRows && sm.pos < len(sm.buf) {
		row, n, err := cells(s.comma, sm.buf[sm.pos:], sm.eof)
		if n == 0 {
			break
		}
		sm.pos += n
		if err == nil && len(row) == len(cols) {
			rows++
			for i, cell := range row {
				if cell != "" && cell != s.null {
					cols[i].meet(kindOfText(cell))
				}
			}
		}
	}
	sm.used = sm.pos - start
	out := cols[:0]
	for _, c := range cols {
		if c.name != "" {
			out = append(out, c.finish())
		}
	}
	return out, rows, nil
}

// kindOfText is the narrowest kind that a text can be read as without losing anything: "007" stays a text, and so
// does a datetime without its zone.
func kindOfText(s string) schema.Kind {
	b := []byte(s)
	switch s {
	case "true", "false", "TRUE", "FALSE", "True", "False":
		return schema.Boolean
	}
	if d, ok := scanDecimal(b); ok {
		if _, whole := d.integer(b); whole && !d.exp && d.scale == 0 {
			return schema.Integer
		}
		if d.inexact() {
			return schema.Text
		}
		if _, ok := d.float(b); ok {
			return schema.Number
		}
		return schema.Text
	}
	if _, ok := scanDate(b); ok {
		return schema.Date
	}
	if _, zoned, ok := scanTime(b); ok && zoned {
		return schema.DateTime
	}
	return schema.Text
}

// meet widens the column's kind so that it holds one more value.
func (c *inferred) meet(k schema.Kind) {
	switch {
	case !c.seen:
		c.kind = k
	case c.kind == k:
	case c.kind.IsNumber() && k.IsNumber():
		c.kind = schema.Number
	case c.kind == schema.MultiPicklist || k == schema.MultiPicklist || c.kind == schema.Any || k == schema.Any:
		c.kind = schema.Any
	default:
		c.kind = schema.Text
	}
	c.seen = true
}

// finish gives a column without any value the kind text.
func (c *inferred) finish() *inferred {
	if !c.seen {
		c.kind = schema.Text
	}
	return c
}

// columns collects inferred columns by name, in the order met.
type columns struct {
	list  []*inferred
	index map[string]*inferred
	scan  jsonscan.Scanner
}

// at is the column of a name, nil for a name that none can have.
func (cs *columns) at(name string) *inferred {
	c := cs.index[name]
	if c == nil && name != "" && !strings.HasSuffix(name, ".") {
		c = &inferred{name: name}
		cs.index[name], cs.list = c, append(cs.list, c)
	}
	return c
}

func inferJSON(sm *sampled) ([]*inferred, int, error) {
	cs := &columns{index: map[string]*inferred{}}
	rows, start := 0, sm.pos
	for rows < sampleRows && sm.pos < len(sm.buf) {
		end := bytes.IndexByte(sm.buf[sm.pos:], '\n')
		if end < 0 {
			if !sm.eof {
				break
			}
			end = len(sm.buf) - sm.pos
		}
		line := bytes.TrimSpace(sm.buf[sm.pos : sm.pos+end])
		sm.pos = min(sm.pos+end+1, len(sm.buf))
		if len(line) == 0 {
			continue
		}
		if rows == 0 && line[0] == '[' {
			return nil, 0, fmt.Errorf("the file is one JSON list, and JSON lines are expected: one object a line, without commas between (jq -c '.[]' makes them)")
		}
		if cs.line(line) {
			rows++
		}
	}
	sm.used = sm.pos - start
	for _, c := range cs.list {
		c.finish()
	}
	return cs.list, rows, nil
}

// line takes the columns of one record; false when it is broken.
func (cs *columns) line(line []byte) bool {
	if !json.Valid(line) || line[0] != '{' {
		return false
	}
	cs.scan.Reset(line)
	cs.object("", 0)
	return cs.scan.Err() == nil
}

// object takes the keys of the object that comes next, those of nested objects as dotted names.
func (cs *columns) object(prefix string, depth int) {
	cs.scan.Enter(jsonscan.Object)
	for {
		key, ok := cs.scan.Key()
		if !ok {
			return
		}
		if cs.scan.Next() == jsonscan.Object && depth < 5 {
			cs.object(prefix+string(key)+".", depth+1)
			continue
		}
		c := cs.index[string(key)]
		if prefix != "" || c == nil {
			c = cs.at(prefix + string(key))
		}
		c.value(cs.scan.Raw())
	}
}

// value takes a value of the column.
func (c *inferred) value(raw []byte) {
	if c == nil {
		return
	}
	switch raw[0] {
	case 'n':
	case 't', 'f':
		c.meet(schema.Boolean)
	case '"':
		// Only dates, which have no escapes: a number in quotes is a text on purpose.
		if s := string(raw[1 : len(raw)-1]); s != "" {
			if k := kindOfText(s); k == schema.Date || k == schema.DateTime {
				c.meet(k)
			} else {
				c.meet(schema.Text)
			}
		}
	case '[':
		var items []any
		_ = json.Unmarshal(raw, &items)
		for _, x := range items {
			switch x.(type) {
			case map[string]any, []any:
				c.meet(schema.Any)
				return
			}
		}
		c.meet(schema.MultiPicklist)
	case '{':
		c.meet(schema.Any)
	default:
		c.meet(kindOfText(string(raw)))
	}
}
