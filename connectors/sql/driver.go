package sql

import (
	"context"
	stdsql "database/sql"
	"database/sql/driver"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/syncline/syncline/lang/schema"
	"github.com/syncline/syncline/lang/value"
)

// fetchDriver runs a query on the driver itself: database/sql would convert and copy each value once more.
func fetchDriver(ctx context.Context, conn *stdsql.Conn, query string, args []any, sink *rowSink, decode decoder) error {
	return conn.Raw(func(raw any) error {
		named := make([]driver.NamedValue, len(args))
		for i, a := range args {
			named[i] = driver.NamedValue{Ordinal: i + 1, Value: a}
		}
		q, ok := raw.(driver.QueryerContext)
		if !ok {
			return fmt.Errorf("the driver %T cannot run queries", raw)
		}
		rows, err := q.QueryContext(ctx, query, named)
		if err != nil {
			return err
		}
		return errors.Join(drain(ctx, rows, sink, decode), rows.Close())
	})
}

// decoder sets a slot from a driver's value. shared tells that its bytes are reused for the next row.
type decoder func(b *value.Batch, c *column, v driver.Value, dst *value.Value) error

func drain(ctx context.Context, rows driver.Rows, sink *rowSink, decode decoder) error {
	vals := make([]driver.Value, len(rows.Columns()))
	set := func(i int, c *column, dst *value.Value) error { return decode(sink.batch, c, vals[sink.pos+i], dst) }
	for !sink.stop {
		err := rows.Next(vals)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			return err
		}
		at := make([]any, sink.pos)
		for i := range at {
			if at[i] = vals[i]; at[i] != nil {
				if b, ok := at[i].([]byte); ok {
					at[i] = string(b)
				}
			}
		}
		sink.row(at, set)
	}
	return nil
}

// What a stored value can be wrong about.
var (
	errKind     = errors.New("the value does not fit the column's type")
	errRange    = errors.New("the number is beyond 64 bits")
	errDigits   = errors.New("the number has more digits than a number holds exactly; read it as text, with a query that casts it")
	errInfinite = errors.New("the value is infinite")
)

// text sets a value from its text, by the column's kind.
func (c *column) setFromText(b *value.Batch, s string, dst *value.Value) error {
	if s == "" {
		*dst = c.zero()
		return nil
	}
	switch c.Kind {
	case schema.Integer:
		i, err := strconv.ParseInt(s, 10, 64)
		if err != nil {
			return c.integerText(s, dst)
		}
		*dst = value.Int(i)
	case schema.Number:
		return c.numberText(s, dst)
	case schema.Boolean:
		return setBool(s, dst)
	case schema.Date:
		return setDate(s, dst)
	case schema.DateTime:
		return setTime(s, dst)
	default:
		*dst = value.Text(s)
	}
	return nil
}

// integerText reads whole numbers that are written as 5.0 or 1e3.
func (c *column) integerText(s string, dst *value.Value) error {
	f, err := strconv.ParseFloat(s, 64)
	switch {
	case err != nil:
		return fmt.Errorf("%w: %q", errKind, s)
	case f != math.Trunc(f):
		return fmt.Errorf("%w: %q is no whole number", errKind, s)
	case math.Abs(f) >= 1<<53:
		return errRange
	}
	*dst = value.Int(int64(f))
	return nil
}

// numberText reads a number and refuses it where digits would be lost.
func (c *column) numberText(s string, dst *value.Value) error {
	f, err := strconv.ParseFloat(s, 64)
	if err != nil || math.IsNaN(f) || math.IsInf(f, 0) {
		return fmt.Errorf("%w: %q", errKind, s)
	}
	if len(s) > 15 && lossy(s, f) {
		return errDigits
	}
	*dst = value.Float(f)
	return nil
}

// lossy tells whether a decimal of many digits reads back differently.
func lossy(s string, f float64) bool {
	if strings.ContainsAny(s, "eE") {
		return false
	}
	decimals := 0
	if i := strings.IndexByte(s, '.'); i >= 0 {
		s = strings.TrimRight(s, "0")
		decimals = len(s) - i - 1
		s = strings.TrimSuffix(s, ".")
	}
	return strings.TrimPrefix(strconv.FormatFloat(f, 'f', decimals, 64), "+") != s
}

func setBool(s string, dst *value.Value) error {
	switch strings.ToLower(s) {
	case "1", "t", "true", "y", "yes":
		*dst = value.Bool(true)
	case "0", "f", "false", "n", "no":
		*dst = value.Bool(false)
	default:
		return fmt.Errorf("%w: %q is neither true nor false", errKind, s)
	}
	return nil
}

func setDate(s string, dst *value.Value) error {
	if strings.HasPrefix(s, "0000-00-00") {
		return nil
	}
	t, err := time.Parse(time.DateOnly, s)
	if err != nil {
		if t, err = parseTime(s); err != nil || t.Unix()%86400 != 0 {
			return fmt.Errorf("%w: %q is no date", errKind, s)
		}
	}
	*dst = value.Date(t.Year(), t.Month(), t.Day())
	return nil
}

func setTime(s string, dst *value.Value) error {
	if strings.HasPrefix(s, "0000-00-00") {
		return nil
	}
	t, err := parseTime(s)
	if err != nil {
		return fmt.Errorf("%w: %q is no datetime", errKind, s)
	}
	*dst = value.Time(t)
	return nil
}

// timeLayouts are the forms of a datetime that databases write; without a zone it is UTC.
var timeLayouts = []string{"2006-01-02 15:04:05.999999999", "2006-01-02T15:04:05.999999999Z07:00", "2006-01-02 15:04:05.999999999Z07:00",
	"2006-01-02T15:04:05.999999999", "2006-01-02 15:04:05.999999999-07", "2006-01-02 15:04:05.999999999 -0700 MST", "2006-01-02 15:04", "2006-01-02T15:04", time.DateOnly}

// parseTime reads any of them.
func parseTime(s string) (time.Time, error) {
	t, _, err := parseLayout(s)
	return t, err
}

func parseLayout(s string) (time.Time, string, error) {
	for _, layout := range timeLayouts {
		if t, err := time.Parse(layout, s); err == nil {
			return t.UTC(), layout, nil
		}
	}
	return time.Time{}, "", errKind
}

func base64Text(b []byte) value.Value { return value.Text(base64.StdEncoding.EncodeToString(b)) }

// decodeBase64 is the bytes of a base64 text.
func decodeBase64(s string) ([]byte, error) { return base64.StdEncoding.DecodeString(s) }
