package sql_test

import (
	"strings"
	"testing"

	"github.com/syncline/syncline/connectors"
	"github.com/syncline/syncline/connectors/sql"
	"github.com/syncline/syncline/lang/query"
	"github.com/syncline/syncline/lang/schema"
	"github.com/syncline/syncline/lang/value"
)

// typeCase is a column, how the schema shows it, and a value as it is inserted and read.
type typeCase struct {
	name, typ, literal string
	kind               schema.Kind
	want               value.Value
	// again: what was read, written back, gives the same.
	again bool
}

// checkTypes makes a table of the columns, reads its one row, writes it back as a new one and reads that too.
func checkTypes(t *testing.T, typ connectors.Type, s server, config connectors.Config, cases []typeCase) *schema.Object {
	t.Helper()
	var cols, names, literals []string
	for _, c := range cases {
		cols, names, literals = append(cols, c.name+" "+c.typ), append(names, c.name), append(literals, c.literal)
	}
	s.exec(t, "CREATE TABLE types (id INTEGER PRIMARY KEY, "+strings.Join(cols, ", ")+")")
	s.exec(t, "INSERT INTO types (id, "+strings.Join(names, ", ")+") VALUES (1, "+strings.Join(literals, ", ")+")")
	conn, err := typ.Open(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	catalog, err := conn.Describe(t.Context(), []string{"types"}, nil)
	if err != nil {
		t.Fatal(err)
	}
	o := catalog.Object("types")
	layout := value.NewLayout(append([]string{"id"}, names...)...)
	records := readRecords(t, conn, query.Read{Object: "types", Layout: layout})
	if len(records) != 1 {
		t.Fatalf("%d records", len(records))
	}
	copied := connectors.Record{Fields: []connectors.Field{{Name: "id", Value: value.Int(2)}}}
	for i, c := range cases {
		if k := o.Field(c.name).Kind; k != c.kind {
			t.Errorf("%s %s: kind %s, want %s", c.name, c.typ, k, c.kind)
		}
		if got := records[0][i+1]; !value.Equal(got, c.want) {
			t.Errorf("%s %s: read %s %q, want %s %q", c.name, c.typ, got.Kind(), got, c.want.Kind(), c.want)
		}
		if c.again {
			copied.Fields = append(copied.Fields, connectors.Field{Name: c.name, Value: records[0][i+1]})
		}
	}
	res, err := conn.(connectors.Writer).Write(t.Context(), connectors.Write{Object: o, Op: connectors.Create, Records: []connectors.Record{copied}})
	if err != nil || res[0].Err != nil {
		t.Fatalf("writing back: %v, %+v", err, res)
	}
	for _, r := range readRecords(t, conn, query.Read{Object: "types", Layout: layout}) {
		for i, c := range cases {
			if c.again && !value.Equal(r[i+1], c.want) {
				t.Errorf("%s %s: written back and read %q, want %q", c.name, c.typ, r[i+1], c.want)
			}
		}
	}
	return o
}

func TestPostgresTypes(t *testing.T) {
	s, config := openPostgres(t, `CREATE TYPE mood AS ENUM ('sad', 'Very happy'); CREATE DOMAIN short AS varchar(5)`)
	list := value.List([]value.Value{value.Text("a"), value.Text(`b "q" \ ,`)})
	o := checkTypes(t, sql.Postgres(), s, config, []typeCase{
		{"i2", "smallint", "-32768", schema.Integer, value.Int(-32768), true},
		{"i8", "bigint", "9223372036854775807", schema.Integer, value.Int(9223372036854775807), true},
		{"n0", "numeric(10,0)", "12", schema.Integer, value.Int(12), true},
		{"n2", "numeric(10,2)", "12.30", schema.Number, value.Float(12.3), true},
		{"nx", "numeric", "0.1", schema.Number, value.Float(0.1), true},
		{"f4", "real", "1.1", schema.Number, value.Float(1.1), true},
		{"f8", "double precision", "1e-7", schema.Number, value.Float(1e-7), true},
		{"b", "boolean", "true", schema.Boolean, value.Bool(true), true},
		{"d", "date", "'1969-12-31'", schema.Date, value.Date(1969, 12, 31), true},
		{"ts", "timestamp", "'2026-03-01 10:00:00.123456'", schema.DateTime, value.Micros(1772359200123456), true},
		{"tz", "timestamptz", "'2026-03-01 12:00:00.5+02'", schema.DateTime, value.Micros(1772359200500000), true},
		{"tm", "time", "'10:11:12'", schema.TimeOfDay, value.Text("10:11:12"), true},
		{"c5", "char(5)", "'ab'", schema.Text, value.Text("ab"), true},
		{"v5", "varchar(5)", "'abcde'", schema.Text, value.Text("abcde"), true},
		{"dom", "short", "'abc'", schema.Text, value.Text("abc"), true},
		{"empty", "text", "''", schema.Text, value.Null, false},
		{"u", "uuid", "'A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11'", schema.Text, value.Text("a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"), true},
		{"m", "mood", "'Very happy'", schema.Picklist, value.Text("Very happy"), true},
		{"l", "text[]", `ARRAY['a', 'b "q" \ ,']`, schema.MultiPicklist, list, true},
		{"ln", "text[]", `NULL`, schema.MultiPicklist, value.List(nil), false},
		{"j", "jsonb", `'{"a": 1}'`, schema.Any, value.Text(`{"a": 1}`), true},
		{"bin", "bytea", `'\x00ff'`, schema.Any, value.Text("AP8="), true},
		{"ip", "inet", "'10.0.0.1'", schema.Text, value.Text("10.0.0.1"), true},
		{"gen", "integer GENERATED ALWAYS AS (2 * 3) STORED", "DEFAULT", schema.Integer, value.Int(6), false},
	})
	if f := o.Field("n2"); f.Precision != 10 || f.Scale != 2 {
		t.Errorf("numeric(10,2) has precision %d, scale %d", f.Precision, f.Scale)
	}
	if f := o.Field("v5"); f.Length != 5 {
		t.Errorf("varchar(5) has length %d", f.Length)
	}
	if f := o.Field("m"); !f.Restricted || !f.HasValue("Very happy") {
		t.Errorf("the enum's values are %v", f.Values)
	}
	if f := o.Field("gen"); !f.Computed || f.Createable {
		t.Error("a generated column is not computed")
	}
}

func TestMySQLTypes(t *testing.T) {
	s, config := openMySQL(t, "CREATE TABLE unused (a INT)")
	list := value.List([]value.Value{value.Text("x"), value.Text("y z")})
	o := checkTypes(t, sql.MySQL(), s, config, []typeCase{
		{"i1", "TINYINT", "-128", schema.Integer, value.Int(-128), true},
		{"u8", "BIGINT UNSIGNED", "9223372036854775807", schema.Integer, value.Int(9223372036854775807), true},
		{"b", "BOOLEAN", "TRUE", schema.Boolean, value.Bool(true), true},
		{"bb", "BIT(1)", "b'1'", schema.Boolean, value.Bool(true), true},
		{"n2", "DECIMAL(10,2)", "12.30", schema.Number, value.Float(12.3), true},
		{"n0", "DECIMAL(10,0)", "12", schema.Integer, value.Int(12), true},
		{"f", "FLOAT", "1.1", schema.Number, value.Float(1.1), true},
		{"f8", "DOUBLE", "1e-7", schema.Number, value.Float(1e-7), true},
		{"d", "DATE", "'1969-12-31'", schema.Date, value.Date(1969, 12, 31), true},
		{"dt", "DATETIME(6)", "'2026-03-01 10:00:00.123456'", schema.DateTime, value.Micros(1772359200123456), true},
		{"d0", "DATETIME", "'2026-03-01 10:00:00'", schema.DateTime, value.Micros(1772359200000000), true},
		{"tm", "TIME", "'10:11:12'", schema.TimeOfDay, value.Text("10:11:12"), true},
		{"y", "YEAR", "2026", schema.Integer, value.Int(2026), true},
		{"e", "ENUM('a','It''s')", "'It''s'", schema.Picklist, value.Text("It's"), true},
		{"l", "SET('x','y z')", "'x,y z'", schema.MultiPicklist, list, true},
		{"j", "LONGTEXT", `'{"a": 1}'`, schema.Text, value.Text(`{"a": 1}`), true},
		{"bin", "VARBINARY(10)", "x'00ff'", schema.Any, value.Text("AP8="), true},
		{"empty", "VARCHAR(9)", "''", schema.Text, value.Null, false},
		{"quote", "VARCHAR(40)", `'\\''"%_'`, schema.Text, value.Text(`\'"%_`), true},
		{"gen", "INT AS (2 * 3) STORED", "DEFAULT", schema.Integer, value.Int(6), false},
	})
	if f := o.Field("e"); !f.Restricted || !f.HasValue("It's") {
		t.Errorf("the enum's values are %v", f.Values)
	}
	if f := o.Field("gen"); !f.Computed || f.Createable {
		t.Error("a generated column is not computed")
	}
	if f := o.Field("d0"); f.Resolution.Seconds() != 1 {
		t.Errorf("DATETIME has resolution %v", f.Resolution)
	}
}

func TestSQLiteTypes(t *testing.T) {
	s, config := openSQLite(t, "CREATE TABLE unused (a INT)")
	checkTypes(t, sql.SQLite(), s, config, []typeCase{
		{"i", "BIGINT", "9223372036854775807", schema.Integer, value.Int(9223372036854775807), true},
		{"n", "DECIMAL(10,2)", "12.30", schema.Number, value.Float(12.3), true},
		{"whole", "REAL", "5", schema.Number, value.Float(5), true},
		{"b", "BOOLEAN", "1", schema.Boolean, value.Bool(true), true},
		{"bt", "BOOL", "'true'", schema.Boolean, value.Bool(true), true},
		{"d", "DATE", "'1969-12-31'", schema.Date, value.Date(1969, 12, 31), true},
		{"dt", "DATETIME", "'2026-03-01 10:00:00.123'", schema.DateTime, value.Micros(1772359200123000), true},
		{"dz", "TIMESTAMP", "'2026-03-01T12:00:00+02:00'", schema.DateTime, value.Micros(1772359200000000), true},
		{"du", "DATETIME", "1772359200", schema.DateTime, value.Micros(1772359200000000), true},
		{"v", "VARCHAR(5)", "'more than five'", schema.Text, value.Text("more than five"), true},
		{"num", "TEXT", "5", schema.Text, value.Text("5"), true},
		{"empty", "TEXT", "''", schema.Text, value.Null, false},
		{"bin", "BLOB", "x'00ff'", schema.Any, value.Text("AP8="), true},
		{"gen", "INTEGER AS (2 * 3)", "NULL", schema.Integer, value.Int(6), false},
	}[:13])
}

// A column that its database compares with another precision than it shows is not filtered there; all others are.
func TestFilterable(t *testing.T) {
	for _, b := range backends {
		_, config := b.open(t, "CREATE TABLE f (id INTEGER PRIMARY KEY, r REAL, d DOUBLE PRECISION, s FLOAT, v VARCHAR(5))")
		o := describe(t, b.connect(t, config), "f")
		for _, name := range []string{"id", "d", "v"} {
			if !o.Field(name).Filterable {
				t.Errorf("%s: %s is not filterable", b.name, name)
			}
		}
		inexact := map[string]string{"postgres": "r", "mysql": "s"}[b.name]
		for _, name := range []string{"r", "s"} {
			if o.Field(name).Filterable == (name == inexact) {
				t.Errorf("%s: %s: filterable is %v", b.name, name, o.Field(name).Filterable)
			}
		}
	}
}
