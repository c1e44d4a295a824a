//go:build unix

package sqlite

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/syncline/syncline/runtime/state"
	"github.com/syncline/syncline/runtime/state/statetest"
)

// million is how many records the benchmark of the state has.
const million = 1_000_000

// benchRecord is a record as a rule of a dozen fields leaves it, with ids that come in no order.
func benchRecord(i int) state.Record {
	id := fmt.Sprintf("%016x%020d", state.SourceHash(fmt.Sprint(i)), i)
	shadow := make([]byte, 200)
	for n := range shadow {
		shadow[n] = byte(i >> (n % 3 * 8))
	}
	return state.Record{Source: id, Target: id, Keys: []byte(id), Hash: state.SourceHash(id), Shadow: shadow, Seen: 1}
}

// BenchmarkState measures the state of one rule with a million records: to fill it as a first run does, which asks for each
// record by its source and by its target, to look records up, to change some of them with an entry of the ledger each, and
// to open it and learn what is known of all. Each is given by the record.
func BenchmarkState(b *testing.B) {
	const batch = 4000
	ctx := context.Background()
	path := filepath.Join(b.TempDir(), "state.db")
	open := func(b *testing.B) *Store {
		s, err := Open(ctx, path, Options{Holder: "bench"})
		if err != nil {
			b.Fatal(err)
		}
		return s
	}
	// measured reports n records an operation; the CPU is that of the loop alone.
	measured := func(b *testing.B, n int, op func()) {
		before := cpuTime(b)
		for b.Loop() {
			op()
		}
		cpu := cpuTime(b) - before
		b.ReportMetric(float64(cpu.Milliseconds())/float64(b.N), "cpu-ms/op")
		b.ReportMetric(float64(n*b.N)/b.Elapsed().Seconds(), "records/s")
	}
	fill := func(b *testing.B) {
		s := open(b)
		defer s.Close()
		const batch = 1000
		for start := 0; start < million; start += batch {
			o := state.Outcome{Rule: "sync.a", Checkpoint: &state.Checkpoint{Rule: "sync.a", At: time.Unix(int64(start), 0)}}
			ids := make([]string, batch)
			for i := range batch {
				o.Records = append(o.Records, benchRecord(start+i))
				ids[i] = o.Records[i].Source
			}
			if _, err := s.Records(ctx, "sync.a", ids); err != nil {
				b.Fatal(err)
			}
			if _, err := s.Holders(ctx, "sync.a", ids); err != nil {
				b.Fatal(err)
			}
			if err := s.Commit(ctx, o); err != nil {
				b.Fatal(err)
			}
		}
	}
	b.Run("fill", func(b *testing.B) {
		measured(b, million, func() {
			for _, suffix := range []string{"", "-wal", "-shm"} {
				_ = os.Remove(path + suffix)
			}
			fill(b)
		})
		info, err := os.Stat(path)
		if err != nil {
			b.Fatal(err)
		}
		b.ReportMetric(float64(info.Size())/million, "B/record")
	})
	if _, err := os.Stat(path); err != nil {
		fill(b)
	}
	s := open(b)
	defer func() { s.Close() }()
	random := rand.New(rand.NewPCG(1, 2))
	some := func() []string {
		ids := make([]string, batch)
		for i := range ids {
			ids[i] = benchRecord(random.IntN(million)).Source
		}
		return ids
	}
	b.Run("look up", func(b *testing.B) {
		measured(b, batch, func() {
			got, err := s.Records(ctx, "sync.a", some())
			if err != nil || got[batch-1].Source == "" {
				b.Fatal(err)
			}
		})
	})
	b.Run("change", func(b *testing.B) {
		measured(b, batch, func() {
			records, err := s.Records(ctx, "sync.a", some())
			if err != nil {
				b.Fatal(err)
			}
			o := state.Outcome{Rule: "sync.a", Records: records}
			for i := range records {
				records[i].Hash++
				o.Ledger = append(o.Ledger, state.Entry{Run: "20260101T000000-00000000", Rule: "sync.a", Revision: "r", At: time.Unix(0, 0), Action: "update",
					Connection: "warehouse", Object: "company", Target: records[i].Target,
					Source: state.SourceRef{Connection: "data", Object: "companies", ID: records[i].Source},
					Fields: []state.FieldChange{{Name: "score", Before: 61.5, After: 48.25, Expression: "source.score", Inputs: map[string]any{"source.score": 48.25}}}})
			}
			if err := s.Commit(ctx, o); err != nil {
				b.Fatal(err)
			}
		})
	})
	if _, err := statetest.Digests(ctx, s, "sync.a"); err != nil { // made when they are asked for the first time
		b.Fatal(err)
	}
	b.Run("open", func(b *testing.B) {
		measured(b, million, func() {
			s.Close()
			s = open(b)
			if _, err := s.Checkpoint(ctx, "sync.a", ""); err != nil {
				b.Fatal(err)
			}
			if n, err := s.Linked(ctx, "sync.a"); err != nil || n != million {
				b.Fatal(n, err)
			}
			if d, err := statetest.Digests(ctx, s, "sync.a"); err != nil || len(d) != million {
				b.Fatal(len(d), err)
			}
		})
	})
}

func cpuTime(b *testing.B) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
