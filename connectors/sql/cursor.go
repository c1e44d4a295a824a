package sql

import (
	"bytes"
	"encoding/json"
	"fmt"

	"github.com/syncline/syncline/connectors"
	"github.com/syncline/syncline/lang/query"
)

// phase is a part of a pass over a table with a modified column.
type phase string

const (
	// everything: along the key, for the first pass.
	everything phase = "all"
	// unstamped: records whose modified column is null, along the key; nobody can tell whether they changed.
	unstamped phase = "null"
	// changes: records modified in a range, along the modified column and the key.
	changes phase = "changes"
)

// cursor is where a pass stands. At its end only Since is left: where the next begins.
type cursor struct {
	Phase phase `json:"p,omitempty"`
	// Since and Until bound the modified column of this pass, both included; nil: unbounded.
	Since any `json:"s,omitempty"`
	Until any `json:"u,omitempty"`
	// At is the position after the last record given: modified where the phase goes along it, and the key.
	At []any `json:"at,omitempty"`
}

func (c cursor) encode() query.Cursor {
	b, err := json.Marshal(c)
	if err != nil {
		return ""
	}
	return query.Cursor(b)
}

func decodeCursor(text query.Cursor) (c cursor, err error) {
	d := json.NewDecoder(bytes.NewReader([]byte(text)))
	d.UseNumber()
	if err := d.Decode(&c); err != nil {
		return c, &connectors.Error{Class: connectors.Permanent, Err: err,
			Message: fmt.Sprintf("the stored cursor %q is not one of this connector", text), Hint: "run with a full pass"}
	}
	c.Since, c.Until = plain(c.Since), plain(c.Until)
	for i := range c.At {
		c.At[i] = plain(c.At[i])
	}
	return c, nil
}

// plain makes an int64 or float64 of a number.
func plain(v any) any {
	n, ok := v.(json.Number)
	if !ok {
		return v
	}
	if i, err := n.Int64(); err == nil {
		return i
	}
	f, _ := n.Float64()
	return f
}
