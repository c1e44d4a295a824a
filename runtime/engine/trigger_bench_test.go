package engine_test

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/syncline/syncline/connectors"
	"github.com/syncline/syncline/lang/value"
	"github.com/syncline/syncline/runtime/engine"
	"github.com/syncline/syncline/runtime/state"
	"github.com/syncline/syncline/runtime/state/sqlite"
)

// BenchmarkTrigger measures the observation of records that do not fire, against a real store: the baseline, a poll that
// reads all of them again, one that finds all of them changed and records how they were, a tick that looks at what was kept, and
// the past of such changes taken through the rule once more.
func BenchmarkTrigger(b *testing.B) {
	const n = 50_000
	for _, mode := range []string{"baseline", "full", "changed", "relook", "backtest"} {
		b.Run(mode, func(b *testing.B) {
			w := newTriggers(b, replaceAll(dropping, "new.Score < 60", "new.Score < 60 && within(new.Due, days(30))"))
			w.cs.SetLimits(connectors.Limits{Lookup: 200, WriteBatch: 200, Parallel: 2}, 2000)
			for i := range n {
				w.put(fmt.Sprintf("001%012dAAA", i), "Score", float64(60+i%40), "Due", value.Date(2026, 3, 5+i%20))
			}
			path := ""
			fresh := func() {
				path = filepath.Join(b.TempDir(), "state.db")
				store, err := sqlite.Open(b.Context(), path, sqlite.Options{Holder: "bench"})
				if err != nil {
					b.Fatal(err)
				}
				b.Cleanup(func() { store.Close() })
				w.store = store
			}
			fresh()
			change := func(to int) {
				for i := range n {
					w.put(fmt.Sprintf("001%012dAAA", i), "Score", float64(60+(i+to)%40), "Due", value.Date(2026, 3, 5+i%20))
				}
			}
			if mode != "baseline" {
				w.fires(0)
			}
			if mode == "backtest" {
				change(1)
				w.fires(0)
			}
			b.ResetTimer()
			for round := range b.N {
				if mode == "backtest" {
					if got := w.backtest(); got.Records != n || got.Changes != n {
						b.Fatal(got)
					}
					continue
				}
				if mode == "baseline" || mode == "changed" {
					b.StopTimer()
					if mode == "baseline" {
						fresh()
					} else {
						change(round + 1)
					}
					b.StartTimer()
				}
				w.now = w.now.Add(time.Hour)
				if run := w.run(func(j *engine.TriggerJob) { j.Full = mode == "full" }); run.Status != state.Succeeded {
					b.Fatal(run)
				}
			}
			b.StopTimer()
			b.ReportMetric(float64(n*b.N)/b.Elapsed().Seconds(), "records/s")
			size := int64(0)
			for _, suffix := range []string{"", "-wal"} {
				if info, err := os.Stat(path + suffix); err == nil {
					size = max(size, info.Size())
				}
			}
			b.ReportMetric(float64(size)/n, "state-B/record")
		})
	}
}
