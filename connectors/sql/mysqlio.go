package sql

import (
	"context"
	stdsql "database/sql"
	"database/sql/driver"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
	"unsafe"

	"github.com/syncline/syncline/lang/schema"
	"github.com/syncline/syncline/lang/value"
)

// resolution is the step of a datetime with n digits after the second.
func resolution(n int) time.Duration {
	if n >= 6 {
		return 0
	}
	step := time.Second
	for range n {
		step /= 10
	}
	return step
}

func (d mysqlDialect) selected(c *column) string { return d.quote(c.db) }

func (d mysqlDialect) position(c *column) string {
	if c.Kind == schema.Integer {
		return d.quote(c.db)
	}
	return "CAST(" + d.quote(c.db) + " AS CHAR)"
}

func (d mysqlDialect) fetch(ctx context.Context, conn *stdsql.Conn, query string, args []any, sink *rowSink) error {
	return fetchDriver(ctx, conn, query, args, sink, d.decode)
}

// decode reads a value of the text protocol: the driver makes numbers of numbers and leaves the rest as bytes of a buffer
// that it uses again.
func (mysqlDialect) decode(b *value.Batch, c *column, v driver.Value, dst *value.Value) error {
	switch v := v.(type) {
	case nil:
		*dst = c.zero()
		return nil
	case int64:
		*dst = value.Int(v)
		if c.Kind == schema.Boolean {
			*dst = value.Bool(v != 0)
		}
		return c.recast(dst)
	case uint64:
		if v > math.MaxInt64 {
			return errRange
		}
		return c.number(int64(v), dst)
	case float32:
		f, _ := strconv.ParseFloat(strconv.FormatFloat(float64(v), 'g', -1, 32), 64)
		*dst = value.Float(f)
		return c.recast(dst)
	case float64:
		*dst = value.Float(v)
		return c.recast(dst)
	case []byte:
		return c.mysqlBytes(b, v, dst)
	}
	return errKind
}

func (c *column) mysqlBytes(b *value.Batch, v []byte, dst *value.Value) error {
	switch {
	case c.is("bit"):
		if c.Kind == schema.Boolean {
			*dst = value.Bool(len(v) > 0 && v[len(v)-1] != 0)
			return nil
		}
		*dst = base64Text(v)
	case c.is("blob", "tinyblob", "mediumblob", "longblob", "binary", "varbinary", "geometry"):
		if len(v) > 0 {
			*dst = base64Text(v)
		}
	case c.Kind == schema.MultiPicklist:
		var items []value.Value
		for part := range strings.SplitSeq(string(v), ",") {
			if part != "" {
				items = append(items, value.Text(part))
			}
		}
		*dst = value.List(items)
	case c.Kind.IsText() || c.Kind == schema.Any:
		if len(v) > 0 {
			*dst = b.TextCopy(v)
		}
	case c.Kind == schema.Boolean:
		return setBool(string(v), dst)
	default:
		return c.setFromText(b, unsafe.String(unsafe.SliceData(v), len(v)), dst)
	}
	return nil
}

func (mysqlDialect) stored(c *column, v value.Value) any {
	switch v.Kind() {
	case value.KindNull:
		return nil
	case value.KindInt:
		return v.AsInt()
	case value.KindBool:
		return v.AsBool()
	case value.KindTime:
		return v.AsTime().Format("2006-01-02 15:04:05.000000")
	case value.KindList:
		parts := make([]string, len(v.AsList()))
		for i, x := range v.AsList() {
			parts[i] = x.String()
		}
		return strings.Join(parts, ",")
	case value.KindText:
		if c.is("blob", "tinyblob", "mediumblob", "longblob", "binary", "varbinary") {
			if data, err := decodeBase64(v.AsText()); err == nil {
				return data
			}
		}
		return v.AsText()
	}
	return v.String()
}

// arg writes numbers that are not whole as decimals, which compare exactly with decimal columns.
func (d mysqlDialect) arg(b *builder, c *column, v value.Value) string {
	if v.Kind() == value.KindFloat {
		if c.is("constant", "double", "float") {
			return b.add(v.AsFloat())
		}
		return "CAST(" + b.add(v.String()) + " AS DECIMAL(65,30))"
	}
	return b.add(d.stored(c, v))
}

func (mysqlDialect) posArg(b *builder, _ *column, v any) string { return b.add(v) }
func (d mysqlDialect) text(c *column) string {
	switch {
	case c.Kind == schema.Boolean:
		return "(" + d.quote(c.db) + " <> 0)"
	case c.is("enum", "time", "uuid", "inet4", "inet6"):
		return "CAST(" + d.quote(c.db) + " AS CHAR)"
	}
	return d.quote(c.db)
}

// exact compares the bytes of UTF-8: collations fold case, accents and trailing spaces.
func (mysqlDialect) exact(expr string) string {
	return "CAST(CONVERT(" + expr + " USING utf8mb4) AS BINARY)"
}

func (d mysqlDialect) list(b *builder, c *column, expr string, values []value.Value) string {
	places := make([]string, len(values))
	for i, v := range values {
		places[i] = d.arg(b, c, v)
	}
	return expr + " IN (" + strings.Join(places, ", ") + ")"
}

func (d mysqlDialect) tests(b *builder, expr string, test int, s string) string {
	return d.exact(expr) + " LIKE " + d.exact(b.add(like(test, s))) + " ESCAPE '|'"
}

func (d mysqlDialect) timed(b *builder, c *column, op string, v value.Value) (string, bool, bool) {
	return d.quote(c.db) + " " + op + " " + d.arg(b, c, v), true, c.is("date", "datetime", "timestamp")
}

func (d mysqlDialect) newest(c *column, from string) string {
	m := "MAX(" + d.quote(c.db) + ")"
	switch {
	case c.is("datetime", "timestamp"):
		m = "LEAST(" + m + ", NOW(6))"
	case c.is("date"):
		m = "LEAST(" + m + ", CURDATE())"
	case c.Kind == schema.Integer:
		return "SELECT " + m + " FROM " + from
	}
	return "SELECT CAST(" + m + " AS CHAR) FROM " + from
}

func (mysqlDialect) capped(v any) any { return v }

func (d mysqlDialect) since(b *builder, c *column, v any, overlap float64) string {
	s := d.posArg(b, c, v)
	if c.is("datetime", "timestamp") {
		s = fmt.Sprintf("(CAST(%s AS DATETIME(6)) - INTERVAL %d MICROSECOND)", s, int64(overlap*1e6))
	}
	return s
}
