//go:build unix

package engine_test

import (
	"context"
	"encoding/binary"
	"encoding/hex"
	"io"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/syncline/syncline/connectors"
	"github.com/syncline/syncline/lang/query"
	"github.com/syncline/syncline/lang/value"
	"github.com/syncline/syncline/runtime/engine"
	"github.com/syncline/syncline/runtime/state"
	"github.com/syncline/syncline/runtime/state/sqlite"
)

// watched gives so many companies whose scores do not fall, and then nothing new. Their ids come in no order.
type watched struct {
	connectors.Connection
	rows int
}

func (w watched) Read(_ context.Context, q query.Read) (connectors.Rows, error) {
	if q.Since != "" {
		return &watchedRows{layout: q.Layout}, nil
	}
	return &watchedRows{left: w.rows, layout: q.Layout}, nil
}

type watchedRows struct {
	left   int
	layout *value.Layout
	id     [18]byte
}

func (r *watchedRows) Next(_ context.Context, b *value.Batch) error {
	b.Reset()
	if r.left == 0 {
		return io.EOF
	}
	for range min(r.left, 2000) {
		rec := b.Append()
		for slot, name := range r.layout.Names {
			switch name {
			case "Id":
				rec[slot] = b.TextCopy(r.next())
			case "Score":
				rec[slot] = value.Float(float64(60 + r.left%40))
			case "Due":
				rec[slot] = value.Date(2026, 3, 5+r.left%20)
			case "Modified":
				rec[slot] = value.Time(time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC))
			}
		}
		r.left--
	}
	return nil
}

func (r *watchedRows) next() []byte {
	var number [8]byte
	binary.BigEndian.PutUint64(number[:], uint64(r.left)*0x9E3779B97F4A7C15)
	copy(r.id[:], "00")
	hex.Encode(r.id[2:], number[:])
	return r.id[:]
}

func (r *watchedRows) Cursor() query.Cursor { return "1" }
func (r *watchedRows) Close() error         { return nil }

// BenchmarkTriggerMillion measures the observation of a million records that do not fire, against a real store: the baseline, a
// poll that reads all of them again, and a tick that looks at what was kept.
func BenchmarkTriggerMillion(b *testing.B) {
	const n = 1_000_000
	w := newTriggers(b, replaceAll(dropping, "new.Score < 60", "new.Score < 60 && within(new.Due, days(30))"))
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
	observe := func(b *testing.B, full bool) {
		w.now = w.now.Add(time.Hour)
		run := w.run(func(j *engine.TriggerJob) {
			next := j.Connections
			j.Full = full
			j.Connections = func(name string) connectors.Connection {
				if name == "cs" {
					return watched{w.cs, n}
				}
				return next(name)
			}
		})
		if run.Status != state.Succeeded || run.Fired > 0 {
			b.Fatalf("%+v", run)
		}
	}
	begun := false
	for _, mode := range []string{"baseline", "full", "relook"} {
		b.Run(mode, func(b *testing.B) {
			if mode != "baseline" && !begun {
				fresh()
				observe(b, true)
			}
			begun = true
			spent := cpuTime(b)
			for b.Loop() {
				if mode == "baseline" {
					b.StopTimer()
					fresh()
					b.StartTimer()
				}
				observe(b, mode != "relook")
			}
			b.ReportMetric(float64((cpuTime(b)-spent).Milliseconds())/float64(b.N), "cpu-ms/op")
			b.ReportMetric(float64(n*b.N)/b.Elapsed().Seconds(), "records/s")
			size := int64(0)
			for _, suffix := range []string{"", "-wal"} {
				if info, err := os.Stat(path + suffix); err == nil {
					size += info.Size()
				}
			}
			b.ReportMetric(float64(size)/n, "B/record")
		})
	}
}

func cpuTime(b *testing.B) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
