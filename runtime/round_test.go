package runtime

import (
	"testing"
	"time"

	"github.com/syncline/syncline/lang/plan"
	"github.com/syncline/syncline/runtime/schedule"
	"github.com/syncline/syncline/runtime/state"
)

// What a run has answered, and what its next one has to look for again.
func TestWhatARunHasAnswered(t *testing.T) {
	event := time.Date(2026, 3, 2, 8, 0, 0, 0, time.UTC)
	const nothing, answered, again = "", "answered", "again"
	fresh, stale := "2026-03-02T07:59:55Z", "2026-03-02T07:00:00Z"
	for name, x := range map[string]struct {
		cause   schedule.Cause
		unkeyed bool
		record  string
		looks   int
		found   bool
		version string
		written bool
		want    string
	}{
		"found, changed just now":      {record: "a", found: true, version: fresh, want: answered},
		"found, in another form":       {record: "a", found: true, version: "2026-03-02T07:59:55.123+0000", want: answered},
		"found without a stamp":        {record: "a", found: true, want: answered},
		"found as it was before":       {record: "a", found: true, version: stale, want: again},
		"found, old, but written":      {record: "a", found: true, version: stale, written: true, want: answered},
		"found, old, often enough":     {record: "a", found: true, version: stale, looks: len(looks), want: answered},
		"not found":                    {record: "a", want: again},
		"not found, often enough":      {record: "a", looks: len(looks), want: answered},
		"no record named":              {want: answered},
		"records cannot be told apart": {unkeyed: true, record: "a", want: answered},
		"a tick found it":              {cause: schedule.ByTick, record: "a", found: true, version: fresh, want: answered},
		"a tick found it as it was":    {cause: schedule.ByTick, record: "a", found: true, version: stale, want: nothing},
		"a tick did not see it":        {cause: schedule.ByTick, record: "a", want: nothing},
		"a tick, no record named":      {cause: schedule.ByTick, want: nothing},
	} {
		t.Run(name, func(t *testing.T) {
			if x.cause == 0 && name[:6] != "a tick" {
				x.cause = schedule.ByEvent
			}
			w := state.Wake{Record: x.record, First: event.Add(-time.Hour), Last: event, Looks: x.looks}
			r := &round{cause: x.cause, keyed: !x.unkeyed, waiting: []state.Wake{w}, found: map[string]string{}, written: map[string]bool{}}
			if x.found {
				r.found[x.record] = x.version
			}
			if x.written {
				r.written[x.record] = true
			}
			got := nothing
			switch done, more := r.answered(); {
			case len(done) == 1 && len(more) == 0:
				got = answered
			case len(more) == 1 && len(done) == 0:
				got = again
			}
			if got != x.want {
				t.Errorf("it is %q, want %q", got, x.want)
			}
		})
	}
}

func TestEventSchedule(t *testing.T) {
	where := &plan.Filter{}
	for want, schedules := range map[string][]plan.Schedule{
		"all":   {{Name: "near", Where: where}, {Name: "night", Full: true}, {Name: "all"}},
		"first": {{Name: "first"}, {Name: "second"}},
		"":      {{Name: "near", Where: where}, {Name: "night", Full: true}},
	} {
		if got := eventSchedule(schedules); got != want {
			t.Errorf("it takes %q, want %q", got, want)
		}
	}
	if got := eventSchedule(nil); got != "" {
		t.Errorf("without schedules it takes %q", got)
	}
}
