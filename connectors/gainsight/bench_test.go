package gainsight_test

import (
	"errors"
	"io"
	"testing"
	"time"

	"github.com/syncline/syncline/connectors"
	"github.com/syncline/syncline/connectors/gainsight"
	sandbox "github.com/syncline/syncline/connectors/sandbox/gainsight"
	"github.com/syncline/syncline/connectors/sandbox/harness"
	"github.com/syncline/syncline/connectors/sandbox/world"
	"github.com/syncline/syncline/lang/query"
	"github.com/syncline/syncline/lang/value"
)

// BenchmarkRead reads 100,000 companies in pages of 5,000 from the sandbox, which shares the processor.
func BenchmarkRead(b *testing.B) {
	const companies = 100_000
	system := sandbox.New(world.New(1, companies, time.Now()), sandbox.Options{})
	ln, err := harness.Listen(b.Context(), "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	server := harness.Serve(ln, system, harness.Options{})
	defer server.Close()
	conn, err := gainsight.Type().Open(b.Context(), connectors.Config{Name: "cs", Settings: connectors.Settings{"url": value.Text(server.URL()),
		"access_key": value.Text(sandbox.AccessKey), "requests_per_minute": value.Int(1_000_000), "requests_per_day": value.Int(1_000_000_000)}})
	if err != nil {
		b.Fatal(err)
	}
	defer conn.Close()
	calls := &connectors.Calls{}
	ctx := connectors.WithCalls(b.Context(), calls)
	q := query.Read{Object: "Company", Layout: value.NewLayout("Gsid", "Name", "SfdcAccountId", "Stage", "Health_Score__gc", "Risk_Category__gc", "RenewalDate", "DAU__gc", "WAU__gc", "ModifiedDate")}
	batch := value.NewBatch(q.Layout, 5000)
	read := func() (n int) {
		rows, err := conn.(connectors.Reader).Read(ctx, q)
		if err != nil {
			b.Fatal(err)
		}
		for {
			err := rows.Next(ctx, batch)
			if errors.Is(err, io.EOF) {
				return n
			}
			if err != nil {
				b.Fatal(err)
			}
			n += batch.Len()
		}
	}
	read()
	made := calls.Count()
	b.ResetTimer()
	n := 0
	for b.Loop() {
		n += read()
	}
	b.StopTimer()
	b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "records/s")
	b.ReportMetric(float64(calls.Count()-made)/float64(b.N), "calls/op")
}
