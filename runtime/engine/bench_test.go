package engine_test

import (
	"context"
	"fmt"
	"io"
	"testing"

	"github.com/syncline/syncline/connectors"
	"github.com/syncline/syncline/lang/query"
	"github.com/syncline/syncline/lang/schema"
	"github.com/syncline/syncline/lang/value"
	"github.com/syncline/syncline/runtime/engine"
	"github.com/syncline/syncline/runtime/state"
)

// endless gives the same page over and over, and drops what is written: what remains is the engine's own cost.
type endless struct {
	connectors.Connection
	rows int
}

func (e endless) Read(_ context.Context, q query.Read) (connectors.Rows, error) {
	return &endlessRows{left: e.rows, layout: q.Layout}, nil
}

func (e endless) Replace(context.Context, *schema.Object, *value.Layout) (connectors.Replacement, error) {
	return dropped{}, nil
}

type endlessRows struct {
	left   int
	layout *value.Layout
}

func (r *endlessRows) Next(_ context.Context, b *value.Batch) error {
	b.Reset()
	if r.left <= 0 {
		return io.EOF
	}
	for i := range 1000 {
		rec := b.Append()
		for slot, name := range r.layout.Names {
			switch name {
			case "Score":
				rec[slot] = value.Float(float64(i%100) + 0.5)
			case "Stage":
				rec[slot] = value.Text([]string{"Adoption", "Renewal", "Churned"}[i%3])
			case "Due":
				rec[slot] = value.Day(20000 + int64(i))
			default:
				rec[slot] = b.TextCopy(someName)
			}
		}
	}
	r.left -= 1000
	return nil
}

func (r *endlessRows) Cursor() query.Cursor { return "" }
func (r *endlessRows) Close() error         { return nil }

var someName = []byte("Acme Corporation")

type dropped struct{}

func (dropped) Append(context.Context, *value.Batch) error { return nil }
func (dropped) Commit(context.Context) error               { return nil }
func (dropped) Abort() error                               { return nil }

const exportMany = `
sync "export" {
  from = cs.Company
  to   = crm.Export
  schedule { cron = "0 3 * * *" }
  where = "source.Stage in ['Adoption', 'Renewal'] && source.Score > 10.0"
  map {
    Name  = text("Health review: {{ source.Name }} ({{ source.Score }}/100)")
    Score = "round(source.Score, 1)"
    Half  = "source.Score >= 75.0 ? 3 : source.Score >= 50.0 ? 2 : 1"
  }
}
`

// BenchmarkReplace is the cost of a record that streams into a target written whole, without the connectors' own.
func BenchmarkReplace(b *testing.B) {
	w := exporting(b)
	w.compile(exportMany)
	job := engine.Job{Plan: w.set.Syncs[0], Set: w.set, Store: nothing{}, Connections: func(name string) connectors.Connection {
		return endless{map[string]connectors.Connection{"cs": w.cs, "crm": w.crm}[name], b.N}
	}}
	b.ReportAllocs()
	b.ResetTimer()
	run, err := engine.Run(context.Background(), job)
	if err != nil || run.Status != state.Succeeded {
		b.Fatal(run.Status, run.Why, err)
	}
}

// nothing is a store that a run without state may have.
type nothing struct{ state.Store }

func (nothing) SaveRun(context.Context, state.Run) error { return nil }

// BenchmarkConverge is the cost of a source record of which nothing is new, one in thirty changed, against systems
// in memory and a real store.
func BenchmarkConverge(b *testing.B) {
	const n = 10_000
	w := newWorld(b, creating)
	limits := connectors.Limits{Lookup: 200, WriteBatch: 200, Parallel: 2}
	w.cs.SetLimits(limits, 2000)
	w.crm.SetLimits(limits, 2000)
	w.crm.Catalog().Object("Account").Field("Gsid").UpsertKey = false
	w.crm.Catalog().Object("Account").Field("Gsid").Unique = false
	for i := range n {
		w.company(fmt.Sprintf("c%05d", i), float64(i%900))
		w.account(fmt.Sprintf("a%05d", i), "Ref", fmt.Sprintf("c%05d", i))
	}
	quiet := func(j *engine.Job) { j.OnChange, j.OnProblem = nil, nil }
	b.Run("first", func(b *testing.B) {
		for b.Loop() {
			w.ok(quiet, func(j *engine.Job) { j.Full = true })
		}
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/n, "ns/record")
	})
	b.Run("changed", func(b *testing.B) {
		round := 0.0
		for b.Loop() {
			round++
			for i := 0; i < n; i += 30 {
				w.company(fmt.Sprintf("c%05d", i), round)
			}
			w.ok(quiet)
		}
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/(n/30), "ns/record")
	})
}
