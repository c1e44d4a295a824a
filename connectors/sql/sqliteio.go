package sql

import (
	"context"
	stdsql "database/sql"
	"database/sql/driver"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"regexp"
	"strings"
	"time"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"github.com/syncline/syncline/connectors"
	"github.com/syncline/syncline/lang/query"
	"github.com/syncline/syncline/lang/schema"
	"github.com/syncline/syncline/lang/value"
)

// selected takes the type from the column where the driver would interpret what it holds: we do that ourselves.
func (d sqliteDialect) selected(c *column) string { return "+" + d.quote(c.db) }
func (d sqliteDialect) position(c *column) string { return "+" + d.quote(c.db) }

func (d sqliteDialect) fetch(ctx context.Context, conn *stdsql.Conn, query string, args []any, sink *rowSink) error {
	return fetchDriver(ctx, conn, query, args, sink, d.decode)
}

// decode reads a value by the column's kind: SQLite itself lets any column hold any type.
func (sqliteDialect) decode(b *value.Batch, c *column, v driver.Value, dst *value.Value) error {
	switch v := v.(type) {
	case nil:
		*dst = c.zero()
	case string:
		if c.Kind == schema.Text || c.Kind == schema.Any {
			setText(dst, v)
			return nil
		}
		return c.setFromText(b, v, dst)
	case int64:
		return c.sqliteInt(v, dst)
	case float64:
		return c.sqliteFloat(v, dst)
	case []byte:
		if c.Kind != schema.Any && c.Kind != schema.Text {
			return errKind
		}
		if len(v) > 0 {
			*dst = base64Text(v)
		}
	case bool:
		*dst = value.Bool(v)
	case time.Time:
		*dst = value.Time(v)
	default:
		return errKind
	}
	return nil
}

func (c *column) sqliteInt(v int64, dst *value.Value) error {
	switch {
	case c.Kind == schema.Integer:
		*dst = value.Int(v)
	case c.Kind == schema.Number:
		if v > 1<<53 || v < -1<<53 {
			return errDigits
		}
		*dst = value.Float(float64(v))
	case c.Kind == schema.Boolean:
		return setBool(fmt.Sprint(v), dst)
	case c.Kind == schema.DateTime:
		// Unix seconds, as SQLite's own functions take them; small numbers would be Julian days.
		if v >= 0 && v < 5373485 || v > 1<<40 || v < -1<<40 {
			return fmt.Errorf("%w: %d is no datetime", errKind, v)
		}
		*dst = value.Micros(v * 1e6)
	case c.Kind == schema.Date:
		return fmt.Errorf("%w: %d is no date", errKind, v)
	default:
		*dst = value.Text(fmt.Sprint(v))
	}
	return nil
}

func (c *column) sqliteFloat(v float64, dst *value.Value) error {
	switch {
	case math.IsInf(v, 0) || math.IsNaN(v):
		return errInfinite
	case c.Kind == schema.Number:
		*dst = value.Float(v)
	case c.Kind.IsText() || c.Kind == schema.Any:
		*dst = value.Text(value.Float(v).String())
	case c.Kind == schema.DateTime && v >= 5373485 && v < 1<<40:
		*dst = value.Micros(int64(v * 1e6))
	default:
		return c.setFromText(nil, value.Float(v).String(), dst)
	}
	return nil
}

// stored is a value in the form in which the column holds it.
func (sqliteDialect) stored(c *column, v value.Value) any {
	switch v.Kind() {
	case value.KindNull:
		return nil
	case value.KindInt:
		return v.AsInt()
	case value.KindFloat:
		if f := v.AsFloat(); c.Kind == schema.Integer && f == math.Trunc(f) && math.Abs(f) < 1<<53 {
			return int64(f)
		}
		return v.AsFloat()
	case value.KindBool:
		if v.AsBool() {
			return int64(1)
		}
		return int64(0)
	case value.KindTime:
		return v.AsTime().Format("2006-01-02 15:04:05.999999")
	case value.KindText:
		if c.is("blob") {
			if b, err := decodeBase64(v.AsText()); err == nil {
				return b
			}
		}
		return v.AsText()
	case value.KindList:
		parts := make([]string, len(v.AsList()))
		for i, x := range v.AsList() {
			parts[i] = x.String()
		}
		return strings.Join(parts, ";")
	}
	return v.String()
}

func (d sqliteDialect) arg(b *builder, c *column, v value.Value) string { return b.add(d.stored(c, v)) }
func (d sqliteDialect) posArg(b *builder, _ *column, v any) string      { return b.add(v) }
func (d sqliteDialect) text(c *column) string {
	if c.Kind == schema.Boolean {
		// As decode reads it: words and numbers.
		x := d.quote(c.db)
		return "CASE WHEN lower(" + x + ") IN ('1', 't', 'true', 'y', 'yes') THEN 1 WHEN " + x + " IS NOT NULL THEN 0 END"
	}
	return d.quote(c.db)
}

func (sqliteDialect) exact(expr string) string { return expr + " COLLATE BINARY" }

// list passes the values as one JSON text, so that any number of them is the same statement.
func (d sqliteDialect) list(b *builder, c *column, expr string, values []value.Value) string {
	if len(values) == 1 {
		return expr + " = " + d.arg(b, c, values[0])
	}
	items := make([]any, len(values))
	for i, v := range values {
		items[i] = d.stored(c, v)
	}
	text, err := json.Marshal(items)
	if err != nil {
		return "1 = 1"
	}
	return expr + " IN (SELECT value FROM json_each(" + b.add(string(text)) + "))"
}

// tests compares by instr and substr: LIKE folds case here.
func (sqliteDialect) tests(b *builder, expr string, test int, s string) string {
	switch query.Test(test) {
	case query.Prefix:
		return fmt.Sprintf("substr(%s, 1, length(%s)) = %s", expr, b.add(s), b.add(s)) + " COLLATE BINARY"
	case query.Suffix:
		return fmt.Sprintf("substr(%s, -length(%s)) = %s", expr, b.add(s), b.add(s)) + " COLLATE BINARY"
	}
	return fmt.Sprintf("instr(%s, %s) > 0", expr, b.add(s))
}

// timed compares through SQLite's own reading of dates, which knows the forms that people store. Datetimes are exact to the
// millisecond there: a little too much is let through.
func (d sqliteDialect) timed(b *builder, c *column, op string, v value.Value) (string, bool, bool) {
	x := d.quote(c.db)
	if c.Kind == schema.Date {
		return "date(" + x + ", 'auto') " + op + " " + b.add(v.String()), false, true
	}
	x = "unixepoch(" + x + ", 'auto', 'subsec')"
	s := float64(v.AsMicros()) / 1e6
	const slack = 0.002
	switch op {
	case "<", "<=":
		return x + " <= " + b.add(s+slack), false, true
	case ">", ">=":
		return x + " >= " + b.add(s-slack), false, true
	}
	return x + " BETWEEN " + b.add(s-slack) + " AND " + b.add(s+slack), false, true
}

func (d sqliteDialect) newest(c *column, from string) string {
	return "SELECT max(+" + d.quote(c.db) + ") FROM " + from
}

// capped keeps a time in the future from hiding all that is changed until then.
func (d sqliteDialect) capped(v any) any {
	if text, ok := v.(string); ok {
		if t, layout, err := parseLayout(text); err == nil && t.After(d.now()) {
			return d.now().UTC().Format(layout)
		}
	}
	return v
}

// since goes back by the overlap where the stored form is one that can be reckoned with.
func (d sqliteDialect) since(b *builder, c *column, v any, overlap float64) string {
	if text, ok := v.(string); ok && c.Kind != schema.Date {
		if t, layout, err := parseLayout(text); err == nil && strings.Contains(layout, ":04:05") {
			format := strings.Replace(layout, ".999999999", fraction(text), 1)
			v = t.Add(-time.Duration(overlap * float64(time.Second))).Format(format)
		}
	}
	if n, ok := v.(int64); ok && c.Kind == schema.DateTime {
		v = n - int64(overlap)
	}
	return b.add(v)
}

// fraction is the layout of as many digits after the second as the text has.
func fraction(text string) string {
	_, after, ok := strings.Cut(text, ".")
	if !ok {
		return ""
	}
	n := 0
	for n < len(after) && after[n] >= '0' && after[n] <= '9' {
		n++
	}
	return "." + strings.Repeat("0", n)
}

var sqliteConstraint = regexp.MustCompile(`constraint failed: ([^(]*)`)

func (sqliteDialect) classify(err error) *connectors.Error {
	e := &connectors.Error{Class: connectors.Retry, Message: err.Error(), Err: err}
	var se *sqlite.Error
	if !errors.As(err, &se) {
		return e
	}
	e.Code = sqlite.ErrorCodeString[se.Code()]
	switch se.Code() & 0xff {
	case sqlite3.SQLITE_CONSTRAINT:
		e.Class = connectors.Reject
		if m := sqliteConstraint.FindStringSubmatch(e.Message); m != nil {
			for _, part := range strings.Split(m[1], ",") {
				if _, col, ok := strings.Cut(strings.TrimSpace(part), "."); ok {
					e.Fields = append(e.Fields, col)
				}
			}
		}
	case sqlite3.SQLITE_MISMATCH, sqlite3.SQLITE_TOOBIG, sqlite3.SQLITE_RANGE:
		e.Class = connectors.Reject
	case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED:
		e.Hint = "another program writes to the database; the call is tried again"
	case sqlite3.SQLITE_FULL:
		e.Class, e.Hint = connectors.Permanent, "the disk is full; free some space and run again, nothing was changed"
	case sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT,
		sqlite3.SQLITE_AUTH, sqlite3.SQLITE_ERROR, sqlite3.SQLITE_SCHEMA:
		e.Class = connectors.Permanent
	}
	return e
}
