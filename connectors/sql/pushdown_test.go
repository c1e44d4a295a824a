package sql_test

import (
	"fmt"
	"io"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/syncline/syncline/connectors"
	"github.com/syncline/syncline/connectors/sql"
	"github.com/syncline/syncline/lang/query"
	"github.com/syncline/syncline/lang/value"
)

// pushTexts are texts that databases compare in their own ways.
var pushTexts = []string{"", "a", "A", "a ", " a", "ab", "AB", "á", "ß", "ss", "%", "_", "|", `\`, "a%b", "a_b", `a\b`, "'", "日本", "z", "é", "e\u0301", "10", "9"}

// TestPushdown compares what databases give for any condition with what the condition means here: nothing may be missing.
func TestPushdown(t *testing.T) {
	columns := "(id INTEGER PRIMARY KEY, txt %s, code %s, n INTEGER, num %s, flag BOOLEAN, day DATE, at %s)"
	for name, db := range map[string]struct {
		typ    connectors.Type
		open   func(testing.TB, string) (server, connectors.Config)
		schema string
	}{
		"sqlite":   {sql.SQLite(), openSQLite, fmt.Sprintf(columns, "TEXT", "TEXT COLLATE NOCASE", "REAL", "DATETIME")},
		"postgres": {sql.Postgres(), openPostgres, fmt.Sprintf(columns, "text", "varchar(20)", "numeric(12,3)", "timestamptz")},
		"mysql":    {sql.MySQL(), openMySQL, fmt.Sprintf(columns, "TEXT CHARACTER SET utf8mb4", "VARCHAR(20) CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci", "DECIMAL(12,3)", "DATETIME(6)")},
	} {
		t.Run(name, func(t *testing.T) {
			s, config := db.open(t, "CREATE TABLE p "+db.schema)
			fillPushdown(t, s)
			conn, err := db.typ.Open(t.Context(), config)
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			layout := value.NewLayout("id", "txt", "code", "n", "num", "flag", "day", "at")
			all := readRecords(t, conn, query.Read{Object: "p", Layout: layout})
			selective := 0
			rapid.Check(t, func(rt *rapid.T) {
				p := drawPred(rt, 3)
				want := map[string]bool{}
				for _, r := range all {
					if query.Match(p, layout, r) {
						want[r.At(0).String()] = true
					}
				}
				got := readRecords(t, conn, query.Read{Object: "p", Layout: layout, Where: p})
				if len(got) < len(all) {
					selective++
				}
				for _, r := range got {
					delete(want, r.At(0).String())
				}
				if len(want) > 0 {
					rt.Fatalf("%#v: the records %v are missing", p, want)
				}
			})
			if selective < 20 {
				t.Errorf("only %d conditions left out any record: they are not pushed down", selective)
			}
		})
	}
}

func fillPushdown(t *testing.T, s server) {
	t.Helper()
	at := time.Date(2026, 3, 1, 10, 0, 0, 123456000, time.UTC)
	for i := range 60 {
		args := []any{i + 1, nil, nil, nil, nil, nil, nil, nil}
		if i%7 != 0 {
			args[1] = pushTexts[i%len(pushTexts)]
		}
		if i%5 != 0 {
			args[2] = pushTexts[(i*7)%len(pushTexts)]
		}
		if i%4 != 0 {
			args[3], args[4] = i%9-4, s.arg(value.Float(float64(i%11)/8))
		}
		if i%3 != 0 {
			args[5], args[6] = i%2 == 0, fmt.Sprintf("2026-03-%02d", 1+i%6)
			args[7] = s.arg(value.Time(at.Add(time.Duration(i%5) * time.Hour)))
		}
		text := "INSERT INTO p VALUES ("
		for j := range args {
			if j > 0 {
				text += ", "
			}
			text += s.place(j + 1)
		}
		s.exec(t, text+")", args...)
	}
}

// drawPred makes a condition over the columns of p.
func drawPred(rt *rapid.T, depth int) query.Pred {
	kinds := 5
	if depth > 0 {
		kinds = 8
	}
	field := rapid.SampledFrom([]string{"txt", "code", "n", "num", "flag", "day", "at"}).Draw(rt, "field")
	switch rapid.IntRange(0, kinds-1).Draw(rt, "kind") {
	case 0, 1:
		return query.Compare{Field: field, Op: query.Op(rapid.IntRange(0, 5).Draw(rt, "op")), Value: query.Const(drawConst(rt, field))}
	case 2:
		in := query.In{Field: field}
		for range rapid.IntRange(0, 4).Draw(rt, "n") {
			in.Values = append(in.Values, drawConst(rt, field))
		}
		return in
	case 3:
		return query.Null{Field: field, Not: rapid.Bool().Draw(rt, "not")}
	case 4:
		field = rapid.SampledFrom([]string{"txt", "code"}).Draw(rt, "text field")
		return query.TextTest{Field: field, Test: query.Test(rapid.IntRange(0, 2).Draw(rt, "test")), Value: query.Const(drawConst(rt, field))}
	case 5:
		return query.Not{X: drawPred(rt, depth-1)}
	case 6:
		var and query.And
		for range rapid.IntRange(0, 3).Draw(rt, "parts") {
			and = append(and, drawPred(rt, depth-1))
		}
		return and
	}
	var or query.Or
	for range rapid.IntRange(0, 3).Draw(rt, "parts") {
		or = append(or, drawPred(rt, depth-1))
	}
	return or
}

func drawConst(rt *rapid.T, field string) value.Value {
	if rapid.IntRange(0, 9).Draw(rt, "null") == 0 {
		return value.Null
	}
	i := rapid.IntRange(0, 30).Draw(rt, "i")
	switch field {
	case "n":
		if i%5 == 0 {
			return value.Float(float64(i)/2 - 4)
		}
		return value.Int(int64(i%9 - 4))
	case "num":
		if i%5 == 0 {
			return value.Int(int64(i % 3))
		}
		return value.Float(float64(i%11) / 8)
	case "flag":
		return value.Bool(i%2 == 0)
	case "day":
		return value.Date(2026, 3, 1+i%7)
	case "at":
		return value.Time(time.Date(2026, 3, 1, 10+i%6, 0, 0, 123456000, time.UTC))
	}
	return value.Text(pushTexts[i%len(pushTexts)])
}

// readRecords reads to the end.
func readRecords(t *testing.T, conn connectors.Connection, q query.Read) []value.Record {
	t.Helper()
	rows, err := conn.(connectors.Reader).Read(t.Context(), q)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	batch := value.NewBatch(q.Layout, 16)
	var out []value.Record
	for {
		err := rows.Next(t.Context(), batch)
		if err == io.EOF {
			return out
		}
		if err != nil {
			t.Fatalf("%#v: %v", q.Where, err)
		}
		for i := range batch.Len() {
			out = append(out, batch.Record(i).Clone())
		}
	}
}
