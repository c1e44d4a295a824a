package sqlite

import (
	"context"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"github.com/syncline/syncline/runtime/state"
)

// BenchmarkCompact forgets nine of ten entries of a ledger: ten writes of 5,000 records, and 5,000 of one.
func BenchmarkCompact(b *testing.B) {
	ctx := context.Background()
	for b.Loop() {
		b.StopTimer()
		s, err := Open(ctx, filepath.Join(b.TempDir(), "state.db"), Options{Volatile: true})
		if err != nil {
			b.Fatal(err)
		}
		entry := func(target string) state.Entry {
			return state.Entry{Run: "r", Rule: "sync.a", At: time.Unix(0, 0), Action: "update", Target: target,
				Fields: []state.FieldChange{{Name: "A", After: 1.5}, {Name: "B", After: "x"}}}
		}
		for range 10 {
			var list []state.Entry
			for i := range 5000 {
				list = append(list, entry(fmt.Sprint(i)))
				if i%10 == 0 {
					list = append(list, entry("hot"))
				}
			}
			if err := s.Commit(ctx, state.Outcome{Rule: "sync.a", Ledger: list}); err != nil {
				b.Fatal(err)
			}
		}
		b.StartTimer()
		got, err := s.Compact(ctx, time.Now())
		if err != nil || got.Ledger != 49_999 {
			b.Fatal(got, err)
		}
		s.Close()
	}
	b.ReportMetric(49_999*float64(b.N)/b.Elapsed().Seconds(), "entries/s")
}
