package engine_test

import (
	"context"
	"testing"
	"time"

	"github.com/syncline/syncline/runtime/engine"
	"github.com/syncline/syncline/runtime/state"
)

const tracked = `
track "usage" {
  on       = cs.Company
  value    = source.Count
  keep     = "30d"
  timezone = "America/New_York"
  min_samples = 3
  schedule { cron = "0 * * * *" }
}
trigger "slump" {
  on       = cs.Company
  when     = "new.Count < 0.5 * history.usage.avg(days(5))"
  timezone = "America/New_York"
  schedule { cron = "0 * * * *" }
  together {
    create "task" {
      in  = crm.Task
      key = "Key"
      set {
        Subject = text("{{ new.Id }} {{ new.Count }} of {{ history.usage.avg(days(5)) }}, last {{ history.usage.last() }}, {{ history.usage.count(days(30)) }} days")
      }
    }
  }
}
`

func (w *triggers) track() state.Run {
	w.t.Helper()
	w.now = w.now.Add(time.Minute)
	now := w.now
	run, err := engine.RunTrack(context.Background(), engine.TrackJob{Plan: w.set.Tracks[0], Set: w.set, Connections: w.connection, Store: w.store,
		Now: func() time.Time { return now }})
	if err != nil || run.Status != state.Succeeded {
		w.t.Fatalf("%+v %v", run, err)
	}
	return run
}

func TestATrackFeedsHistory(t *testing.T) {
	w := newTriggers(t, tracked)
	w.now = time.Date(2026, 3, 2, 15, 0, 0, 0, time.UTC) // 10:00 in New York
	w.put("a", "Count", 10)
	w.put("empty")
	w.track()
	w.fires(0)
	// The last sample of a local day counts: 23:30 UTC is the same day, 04:30 UTC is too.
	w.put("a", "Count", 20)
	w.now = time.Date(2026, 3, 2, 23, 30, 0, 0, time.UTC)
	w.track()
	w.now = time.Date(2026, 3, 3, 4, 30, 0, 0, time.UTC)
	w.put("a", "Count", 30)
	w.track()
	for day := 3; day <= 4; day++ {
		w.now = time.Date(2026, 3, day, 15, 0, 0, 0, time.UTC)
		w.put("a", "Count", 60)
		w.track()
		w.put("a", "Count", 1)
		w.fires(0) // fewer than min_samples days before today
		w.put("a", "Count", 60)
		w.fires(0)
	}
	w.now = time.Date(2026, 3, 5, 15, 0, 0, 0, time.UTC)
	w.put("a", "Count", 1)
	w.track() // today's is not in the history
	w.put("a", "Count", 24)
	w.fires(1)
	w.wantTasks("a 24 of 50, last 60, 3 days")
}

func TestSamplesAreKeptForAsLongAsSaid(t *testing.T) {
	w := newTriggers(t, tracked)
	w.put("a", "Count", 10)
	for day := range 40 {
		w.now = time.Date(2026, 3, 2+day, 15, 0, 0, 0, time.UTC)
		w.track()
		if day == 20 {
			w.cs.Remove("Company", "a")
			w.put("b", "Count", 10)
		}
	}
	data, err := w.store.Series(t.Context(), "track.usage", []string{"a", "b"})
	if err != nil || len(data[0]) == 0 || len(data[1]) == 0 {
		t.Fatal(data, err)
	}
	w.now = time.Date(2026, 3, 2+60, 15, 0, 0, 0, time.UTC)
	w.track()
	if data, err = w.store.Series(t.Context(), "track.usage", []string{"a", "b"}); err != nil || data[0] != nil || len(data[1]) == 0 {
		t.Fatal(data, err)
	}
}

func TestATrackOfAnotherMeaningBeginsAnew(t *testing.T) {
	w := newTriggers(t, tracked)
	w.put("a", "Count", 100)
	for day := range 4 {
		w.now = time.Date(2026, 3, 2+day, 15, 0, 0, 0, time.UTC)
		w.track()
	}
	w.fires(0)
	w.compile(replaceAll(tracked, "value    = source.Count", "value    = \"source.Count * 10\""))
	w.now = time.Date(2026, 3, 7, 15, 0, 0, 0, time.UTC)
	w.track()
	w.put("a", "Count", 1)
	w.now = time.Date(2026, 3, 8, 15, 0, 0, 0, time.UTC)
	w.fires(0)
}
