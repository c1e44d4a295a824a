package file_test

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/syncline/syncline/connectors"
	"github.com/syncline/syncline/connectors/file"
	"github.com/syncline/syncline/lang/query"
	"github.com/syncline/syncline/lang/schema"
	"github.com/syncline/syncline/lang/value"
)

const benchRows = 50_000

var benchLayout = value.NewLayout("gsid", "name", "sfdc_account_id", "health_score", "risk", "arr", "renewal_date", "csm_email", "dau", "wau", "nps", "lifecycle_stage", "updated_at", "tags")

// benchFile writes companies and opens a connection on them.
func benchFile(b *testing.B, format string) (connectors.Connection, int64) {
	var buf bytes.Buffer
	if format == "csv" {
		buf.WriteString("gsid,name,sfdc_account_id,health_score,risk,arr,renewal_date,csm_email,dau,wau,nps,lifecycle_stage,updated_at,tags\n")
	}
	for i := range benchRows {
		args := []any{fmt.Sprintf("1P0%033d", i), fmt.Sprintf("Größe & Söhne %d", i), fmt.Sprintf("001%015d", i), float64(i%1000) / 10, "G", float64(i) * 1.25, "2026-03-01",
			fmt.Sprintf("csm%d@Example.com", i%50), i % 300, i % 900, i % 11, "adoption", "2026-01-14T10:00:00Z", "a;b;c"}
		if format == "csv" {
			fmt.Fprintf(&buf, "%s,%s,%s,%v,%s,%v,%s,%s,%d,%d,%d,%s,%s,%s\n", args...)
		} else {
			fmt.Fprintf(&buf, `{"gsid":%q,"name":%q,"sfdc_account_id":%q,"health_score":%v,"risk":%q,"arr":%v,"renewal_date":%q,"csm_email":%q,"dau":%d,"wau":%d,"nps":%d,"lifecycle_stage":%q,"updated_at":%q,"tags":%q}`+"\n", args...)
		}
	}
	dir := b.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "c."+format), buf.Bytes(), 0o600); err != nil {
		b.Fatal(err)
	}
	conn, err := file.Type().Open(b.Context(), connectors.Config{Dir: dir, Objects: []connectors.Object{
		{Name: "in", Settings: settings("path", "c."+format)}, {Name: "out", Settings: settings("path", "out."+format)}}})
	if err != nil {
		b.Fatal(err)
	}
	return conn, int64(buf.Len())
}

func eachPage(b *testing.B, conn connectors.Connection, fn func(*value.Batch)) {
	rows, err := conn.(connectors.Reader).Read(b.Context(), query.Read{Object: "in", Layout: benchLayout})
	if err != nil {
		b.Fatal(err)
	}
	defer rows.Close()
	batch, n := value.NewBatch(benchLayout, 512), 0
	for {
		err := rows.Next(b.Context(), batch)
		if err == io.EOF {
			break
		}
		if err != nil {
			b.Fatal(err)
		}
		n += batch.Len()
		fn(batch)
	}
	if n != benchRows {
		b.Fatalf("%d rows", n)
	}
}

func BenchmarkDecode(b *testing.B) {
	for _, format := range []string{"jsonl", "csv"} {
		b.Run(format, func(b *testing.B) {
			conn, size := benchFile(b, format)
			b.SetBytes(size)
			b.ReportAllocs()
			for b.Loop() {
				eachPage(b, conn, func(*value.Batch) {})
			}
			b.ReportMetric(float64(b.N)*benchRows/b.Elapsed().Seconds(), "rows/s")
		})
	}
}

func BenchmarkCopy(b *testing.B) {
	for _, format := range []string{"jsonl", "csv"} {
		b.Run(format, func(b *testing.B) {
			conn, size := benchFile(b, format)
			b.SetBytes(size)
			b.ReportAllocs()
			for b.Loop() {
				r, err := conn.(connectors.Replacer).Replace(b.Context(), &schema.Object{Name: "out"}, benchLayout)
				if err != nil {
					b.Fatal(err)
				}
				eachPage(b, conn, func(batch *value.Batch) {
					if err := r.Append(b.Context(), batch); err != nil {
						b.Fatal(err)
					}
				})
				if err := r.Commit(b.Context()); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.N)*benchRows/b.Elapsed().Seconds(), "rows/s")
		})
	}
}
