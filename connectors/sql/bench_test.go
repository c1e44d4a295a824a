package sql_test

import (
	"fmt"
	"io"
	"testing"

	"github.com/syncline/syncline/connectors"
	"github.com/syncline/syncline/lang/query"
	"github.com/syncline/syncline/lang/value"
)

const benchRows = 50_000

// benchTable fills a table of companies through the connector itself.
func benchTable(b *testing.B, back backend, open func(testing.TB, string) (server, connectors.Config)) connectors.Connection {
	_, config := open(b, `CREATE TABLE company (gsid varchar(36) PRIMARY KEY NOT NULL, name varchar(200) NOT NULL, health_score double precision,
		risk varchar(10) NOT NULL, arr double precision NOT NULL, renewal_date varchar(10) NOT NULL, dau integer, wau integer, nps integer, tags varchar(200) NOT NULL)`)
	conn, err := back.typ.Open(b.Context(), config)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = conn.Close() })
	benchWrite(b, conn, connectors.Create, 0)
	return conn
}

// benchWrite creates or changes all rows in batches.
func benchWrite(b *testing.B, conn connectors.Connection, op connectors.Op, round int) {
	c, err := conn.Describe(b.Context(), []string{"company"}, nil)
	if err != nil {
		b.Fatal(err)
	}
	size := conn.Limits().WriteBatch
	w := connectors.Write{Object: c.Object("company"), Op: op, Key: "gsid"}
	for i := range benchRows {
		f := []connectors.Field{{Name: "gsid", Value: value.Text(fmt.Sprintf("1P0%033d", i))}, {Name: "name", Value: value.Text(fmt.Sprintf("Größe & Söhne %d", i))},
			{Name: "health_score", Value: value.Float(float64((i+round)%1000) / 10)}, {Name: "risk", Value: value.Text("G")}, {Name: "arr", Value: value.Float(float64(i) * 1.25)},
			{Name: "renewal_date", Value: value.Text("2026-03-01")}, {Name: "dau", Value: value.Int(int64(i % 300))}, {Name: "wau", Value: value.Null}, {Name: "nps", Value: value.Int(int64(i % 11))}, {Name: "tags", Value: value.Text("a;b;c")}}
		r := connectors.Record{Fields: f}
		if op == connectors.Update {
			r = connectors.Record{ID: f[0].Value.AsText(), Fields: f[2:3]}
		}
		if w.Records = append(w.Records, r); len(w.Records) == size || i == benchRows-1 {
			res, err := conn.(connectors.Writer).Write(b.Context(), w)
			if err != nil {
				b.Fatal(err)
			}
			for _, r := range res {
				if r.Err != nil {
					b.Fatal(r.Err)
				}
			}
			w.Records = w.Records[:0]
		}
	}
}

func BenchmarkTables(b *testing.B) {
	for i, open := range []func(testing.TB, string) (server, connectors.Config){openSQLite, openPostgres, openMySQL} {
		back := backends[i]
		b.Run(back.name, func(b *testing.B) {
			conn := benchTable(b, back, open)
			layout := value.NewLayout("gsid", "name", "health_score", "risk", "arr", "renewal_date", "dau", "wau", "nps", "tags")
			b.Run("read", func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					benchRead(b, conn, query.Read{Object: "company", Layout: layout}, benchRows)
				}
				b.ReportMetric(float64(b.N)*benchRows/b.Elapsed().Seconds(), "rows/s")
			})
			b.Run("look up", func(b *testing.B) {
				in := query.In{Field: "gsid"}
				for i := range 1000 {
					in.Values = append(in.Values, value.Text(fmt.Sprintf("1P0%033d", i*49)))
				}
				for b.Loop() {
					benchRead(b, conn, query.Read{Object: "company", Layout: layout, Where: in}, 1000)
				}
				b.ReportMetric(float64(b.N)*1000/b.Elapsed().Seconds(), "rows/s")
			})
			round := 0
			for _, op := range []connectors.Op{connectors.Update, connectors.Upsert} {
				b.Run(op.String(), func(b *testing.B) {
					for b.Loop() {
						round++
						benchWrite(b, conn, op, round)
					}
					b.ReportMetric(float64(b.N)*benchRows/b.Elapsed().Seconds(), "rows/s")
				})
			}
		})
	}
}

func benchRead(b *testing.B, conn connectors.Connection, q query.Read, want int) {
	rows, err := conn.(connectors.Reader).Read(b.Context(), q)
	if err != nil {
		b.Fatal(err)
	}
	defer rows.Close()
	batch, n := value.NewBatch(q.Layout, 512), 0
	for {
		err := rows.Next(b.Context(), batch)
		if err == io.EOF {
			break
		}
		if err != nil {
			b.Fatal(err)
		}
		n += batch.Len()
	}
	if n != want {
		b.Fatalf("%d rows, want %d", n, want)
	}
}
