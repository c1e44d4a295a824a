package sql

import (
	"context"
	stdsql "database/sql"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math"
	"strings"
	"time"
	"unsafe"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"

	"github.com/syncline/syncline/lang/schema"
	"github.com/syncline/syncline/lang/value"
)

// selected reads arrays as JSON, everything else as it is.
func (d postgres) selected(c *column) string {
	if c.Kind == schema.MultiPicklist {
		return "array_to_json(" + d.quote(c.db) + ")::text"
	}
	return d.quote(c.db)
}

func (d postgres) position(c *column) string { return d.quote(c.db) + "::text" }

// wire tells whether a column comes in binary form.
func (c *column) wire() bool {
	return c.is("smallint", "integer", "bigint", "double precision", "boolean", "date", "timestamp without time zone", "timestamp with time zone")
}

func (d postgres) fetch(ctx context.Context, conn *stdsql.Conn, query string, args []any, sink *rowSink) error {
	formats := make(pgx.QueryResultFormats, sink.pos)
	for _, c := range sink.cols {
		if c != nil && c.wire() {
			formats = append(formats, pgx.BinaryFormatCode)
		} else if c != nil {
			formats = append(formats, pgx.TextFormatCode)
		}
	}
	if len(formats) == 0 {
		formats = append(formats, pgx.TextFormatCode)
	}
	return conn.Raw(func(raw any) error {
		rows, err := raw.(*stdlib.Conn).Conn().Query(ctx, query, append([]any{formats}, args...)...)
		if err != nil {
			return err
		}
		defer rows.Close()
		var raws [][]byte
		set := func(i int, c *column, dst *value.Value) error { return d.decode(sink.batch, c, raws[sink.pos+i], dst) }
		for !sink.stop && rows.Next() {
			raws = rows.RawValues()
			at := make([]any, sink.pos)
			for i := range at {
				if raws[i] != nil {
					at[i] = string(raws[i])
				}
			}
			sink.row(at, set)
		}
		rows.Close()
		if sink.stop {
			return nil
		}
		return rows.Err()
	})
}

// epoch2000 is PostgreSQL's zero of time, in seconds and days since 1970.
const (
	epoch2000 = 946684800
	days2000  = epoch2000 / 86400
)

// decode reads a value from the wire. Texts are copied into the batch, as the buffer is reused.
func (postgres) decode(b *value.Batch, c *column, raw []byte, dst *value.Value) error {
	if raw == nil {
		*dst = c.zero()
		return nil
	}
	switch c.typ {
	case "smallint":
		return c.number(int64(int16(binary.BigEndian.Uint16(raw))), dst)
	case "integer":
		return c.number(int64(int32(binary.BigEndian.Uint32(raw))), dst)
	case "bigint":
		return c.number(int64(binary.BigEndian.Uint64(raw)), dst)
	case "double precision":
		f := math.Float64frombits(binary.BigEndian.Uint64(raw))
		if math.IsNaN(f) || math.IsInf(f, 0) {
			return errInfinite
		}
		*dst = value.Float(f)
	case "boolean":
		*dst = value.Bool(raw[0] != 0)
	case "date":
		days := int32(binary.BigEndian.Uint32(raw))
		if days == math.MaxInt32 || days == math.MinInt32 {
			return errInfinite
		}
		*dst = value.Day(int64(days) + days2000)
	case "timestamp without time zone", "timestamp with time zone":
		us := int64(binary.BigEndian.Uint64(raw))
		if us == math.MaxInt64 || us == math.MinInt64 {
			return errInfinite
		}
		*dst = value.Micros(us + epoch2000*1e6)
	case "bytea":
		data, err := hex.DecodeString(strings.TrimPrefix(string(raw), `\x`))
		if err == nil && len(data) > 0 {
			*dst = base64Text(data)
		}
		return err
	default:
		return c.textual(b, raw, dst)
	}
	return c.recast(dst)
}

// number sets a whole number; a column declared as a number in the project takes it as one.
func (c *column) number(i int64, dst *value.Value) error {
	*dst = value.Int(i)
	return c.recast(dst)
}

// recast follows a kind that the project declared for a column in place of the database's own.
func (c *column) recast(dst *value.Value) error {
	switch {
	case c.Kind == schema.Number && dst.Kind() == value.KindInt:
		*dst = value.Float(dst.AsFloat())
	case c.Kind == schema.Integer && dst.Kind() == value.KindFloat:
		return c.integerText(dst.String(), dst)
	case c.Kind.IsText() && dst.Kind() != value.KindText && !dst.IsNull():
		*dst = value.Text(dst.String())
	case c.Kind == schema.DateTime && dst.Kind() == value.KindDate:
		*dst = value.Micros(dst.AsDay() * 86400 * 1e6)
	}
	return nil
}

// textual reads a value from its text form.
func (c *column) textual(b *value.Batch, raw []byte, dst *value.Value) error {
	switch {
	case c.Kind == schema.MultiPicklist:
		var items []*string
		if err := json.Unmarshal(raw, &items); err != nil {
			return err
		}
		var list []value.Value
		for _, s := range items {
			if s != nil {
				list = append(list, value.Text(*s))
			}
		}
		*dst = value.List(list)
	case c.Kind.IsText() || c.Kind == schema.Any:
		if c.TrimsSpace {
			raw = []byte(strings.TrimRight(string(raw), " "))
		}
		if len(raw) > 0 {
			*dst = b.TextCopy(raw)
		}
	default:
		return c.setFromText(b, unsafe.String(unsafe.SliceData(raw), len(raw)), dst)
	}
	return nil
}

// cast is the type that a text is cast to: without a length, which a cast would cut to in silence.
func (c *column) cast() string {
	switch c.typ {
	case "character varying", "character":
		return "text"
	case "constant":
		if c.Kind == schema.Integer {
			return "bigint"
		}
		return "double precision"
	}
	return c.typ
}

// stored is a value as the text that PostgreSQL reads it from, nil for null.
func (postgres) stored(c *column, v value.Value) any {
	switch v.Kind() {
	case value.KindNull:
		return nil
	case value.KindTime:
		layout := "2006-01-02 15:04:05.999999"
		if c.is("timestamp with time zone") {
			layout += "Z07:00"
		}
		return v.AsTime().Format(layout)
	case value.KindList:
		return arrayText(v.AsList())
	case value.KindText:
		if c.is("bytea") {
			if data, err := decodeBase64(v.AsText()); err == nil {
				return `\x` + hex.EncodeToString(data)
			}
		}
	case value.KindBool:
		if c.Kind == schema.Integer {
			return map[bool]string{true: "1", false: "0"}[v.AsBool()]
		}
	}
	return v.String()
}

// arrayText is an array literal.
func arrayText(items []value.Value) string {
	parts := make([]string, len(items))
	for i, x := range items {
		parts[i] = `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(x.String()) + `"`
	}
	return "{" + strings.Join(parts, ",") + "}"
}

func (d postgres) arg(b *builder, c *column, v value.Value) string {
	return b.add(d.stored(c, v)) + "::" + c.cast()
}

func (d postgres) posArg(b *builder, c *column, v any) string {
	cast := c.cast()
	if c.is("character") {
		cast = "bpchar"
	}
	return b.add(idText(v)) + "::" + cast
}

// text is the column, as text where it is a text only to us.
func (d postgres) text(c *column) string {
	if c.Kind.IsText() && !c.is("text", "character varying") {
		return d.quote(c.db) + "::text"
	}
	return d.quote(c.db)
}

func (postgres) exact(expr string) string {
	if strings.HasPrefix(expr, "$") {
		expr += "::text"
	}
	return expr + ` COLLATE "C"`
}

// list passes the values as one array. Of a uuid column what is no uuid is left out: PostgreSQL would refuse the query.
func (d postgres) list(b *builder, c *column, expr string, values []value.Value) string {
	texts, cast := make([]string, 0, len(values)), "text"
	for _, v := range values {
		if s := v.String(); !c.is("uuid") || isUUID(s) {
			texts = append(texts, s)
		}
	}
	switch {
	case c.is("uuid"):
		expr, cast = d.quote(c.db), "uuid"
	case c.Kind.IsNumber():
		if cast = "numeric"; c.is("double precision") {
			cast = "double precision"
		} else if allIntegers(values) {
			cast = "bigint"
		}
	}
	return fmt.Sprintf("%s = ANY(%s::text[]::%s[])", expr, b.add(texts), cast)
}

func allIntegers(values []value.Value) bool {
	for _, v := range values {
		if f := v.AsFloat(); v.Kind() != value.KindInt && (f != math.Trunc(f) || math.Abs(f) >= 1<<53) {
			return false
		}
	}
	return true
}

// isUUID tells the plain form 8-4-4-4-12.
func isUUID(s string) bool {
	if len(s) != 36 {
		return false
	}
	for i := range len(s) {
		c := s[i]
		if i == 8 || i == 13 || i == 18 || i == 23 {
			if c != '-' {
				return false
			}
		} else if (c < '0' || c > '9') && (c|0x20 < 'a' || c|0x20 > 'f') {
			return false
		}
	}
	return true
}

func (postgres) tests(b *builder, expr string, test int, s string) string {
	return expr + ` COLLATE "C" LIKE ` + b.add(like(test, s)) + "::text ESCAPE '|'"
}

func (d postgres) timed(b *builder, c *column, op string, v value.Value) (string, bool, bool) {
	return d.quote(c.db) + " " + op + " " + d.arg(b, c, v), true, c.wire()
}

// newest is cut at the present, so that a time in the future does not hide all that is changed until then.
func (d postgres) newest(c *column, from string) string {
	m := "max(" + d.quote(c.db) + ")"
	switch c.typ {
	case "timestamp with time zone", "timestamp without time zone":
		m = "least(" + m + ", now()::" + c.typ + ")"
	case "date":
		m = "least(" + m + ", current_date)"
	}
	return "SELECT " + m + "::text FROM " + from
}

func (postgres) capped(v any) any { return v }

func (d postgres) since(b *builder, c *column, v any, overlap float64) string {
	s := d.posArg(b, c, v)
	if c.is("timestamp with time zone", "timestamp without time zone") {
		s = fmt.Sprintf("(%s - make_interval(secs => %g))", s, time.Duration(overlap*float64(time.Second)).Seconds())
	}
	return s
}
