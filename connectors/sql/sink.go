package sql

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/syncline/syncline/connectors"
	"github.com/syncline/syncline/lang/schema"
	"github.com/syncline/syncline/lang/value"
)

// rowSink takes the rows of a page.
type rowSink struct {
	t       *table
	cols    []*column
	batch   *value.Batch
	pos     int // columns of the position before the record's
	keyless bool
	n       int   // rows met
	last    []any // position of the last row
	ids     []string
	bad     []connectors.BadRow
	// full, if set, is called when the batch holds size records; false ends the query.
	full func() bool
	size int
	stop bool
}

// row takes one row: at is its position, decode fills a slot from the i-th column of the record.
func (s *rowSink) row(at []any, decode func(i int, c *column, dst *value.Value) error) {
	if s.full != nil && s.batch.Len() >= s.size && !s.full() {
		s.stop = true
		return
	}
	s.n++
	s.last = at
	record := s.batch.Append()
	i := 0
	for slot, c := range s.cols {
		if c == nil {
			continue
		}
		err := decode(i, c, &record[slot])
		if err == nil && !holds(c.Kind, record[slot].Kind()) {
			err = errKind
		}
		if err != nil {
			s.batch.DropLast()
			s.bad = append(s.bad, connectors.BadRow{Place: s.place(at), ID: s.id(at), Text: fmt.Sprint(at...), Err: fmt.Errorf("%s: %w", c.Name, err)})
			return
		}
		i++
	}
	if s.keyless {
		s.ids = append(s.ids, joinKey(at))
	}
}

// holds tells whether a field of the kind may hold a value of this kind: expressions are compiled for that.
func holds(k schema.Kind, v value.Kind) bool {
	switch v {
	case value.KindNull:
		return true
	case value.KindText:
		return k.IsText() || k == schema.Any
	case value.KindInt:
		return k == schema.Integer
	case value.KindFloat:
		return k == schema.Number
	case value.KindBool:
		return k == schema.Boolean
	case value.KindDate:
		return k == schema.Date
	case value.KindTime:
		return k == schema.DateTime
	case value.KindList:
		return k == schema.MultiPicklist
	}
	return false
}

// place names a row for a person.
func (s *rowSink) place(at []any) string {
	parts := make([]string, len(at))
	for i, v := range at {
		parts[i] = fmt.Sprint(v)
	}
	return s.t.object.Name + " " + strings.Join(parts, ", ")
}

// id is the record's id, where its table has a key of one column that is a text or a number.
func (s *rowSink) id(at []any) string {
	if s.keyless || len(at) != 1 {
		return ""
	}
	switch at[0].(type) {
	case string, int64:
		return fmt.Sprint(at[0])
	}
	return ""
}

// joinKey makes one text of the columns of a key, "" of none.
func joinKey(at []any) string {
	if len(at) == 0 {
		return ""
	}
	b, err := json.Marshal(at)
	if err != nil {
		return ""
	}
	return string(b)
}

// setText sets a text; the empty one is null.
func setText(dst *value.Value, s string) {
	if s != "" {
		*dst = value.Text(s)
	}
}

// zero is the value of a null.
func (c *column) zero() value.Value {
	if c.Kind == schema.MultiPicklist {
		return value.List(nil)
	}
	return value.Null
}
