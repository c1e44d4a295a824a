package engine_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/syncline/syncline/connectors"
	"github.com/syncline/syncline/connectors/memory"
	"github.com/syncline/syncline/runtime/engine"
	"github.com/syncline/syncline/runtime/state"
)

// A clock that was a year ahead and is set right again: what it has put off does not wait for that year.
func TestAClockThatWasAhead(t *testing.T) {
	year := 365 * 24 * time.Hour
	for name, rule := range map[string]string{"for": attr(dropping, `for = "2h"`), "cooldown": attr(dropping, `cooldown = "2h"`)} {
		t.Run(name, func(t *testing.T) {
			w := newTriggers(t, rule)
			w.put("a", "Score", 80)
			w.fires(0)
			w.now = w.now.Add(year)
			fired := 0
			if name == "cooldown" {
				w.put("a", "Score", 10)
				w.fires(1)
				w.put("a", "Score", 80)
				w.fires(0)
				fired = 1
			}
			w.put("a", "Score", 20)
			w.fires(0) // it has to last, or the cooldown has to end
			w.now = w.now.Add(-year)
			var n int
			for range 5 {
				n += w.run().Fired
				w.now = w.now.Add(time.Hour)
			}
			if n != 1 {
				t.Fatalf("it fired %d times after the clock was set right, want once", n)
			}
			if got := len(w.crm.IDs("Task")); got != fired+1 {
				t.Fatalf("%d tasks, want %d: %s", got, fired+1, w.tasks())
			}
		})
	}
}

// A clock that jumps to and fro loses no crossing and doubles none, and no two firings have one key.
func TestAClockThatJumps(t *testing.T) {
	w := newTriggers(t, dropping)
	w.put("a", "Score", 80)
	w.fires(0)
	base := w.now
	for i, jump := range []time.Duration{time.Minute, 40 * 24 * time.Hour, -time.Hour, 0, -30 * time.Minute, 24 * time.Hour, 0} {
		w.now = base.Add(jump) // the same instants come again
		w.put("a", "Score", i)
		w.fires(1)
		w.now = base.Add(jump)
		w.put("a", "Score", 80)
		w.fires(0)
		w.fires(0)
		if n := len(w.crm.IDs("Task")); n != i+1 {
			t.Fatalf("%d tasks after %d crossings: %s", n, i+1, w.tasks())
		}
	}
}

// A target that does not answer for an hour: all that fires meanwhile waits, is shown as waiting, and is delivered in the
// order in which it happened.
func TestATargetThatIsDownForAnHour(t *testing.T) {
	w := newTriggers(t, dropping)
	ids := []string{"a", "b", "c"}
	for _, id := range ids {
		w.put(id, "Score", 80)
	}
	w.fires(0)
	down := true
	var order []string
	w.crm.SetHooks(memory.Hooks{BeforeWrite: func(x connectors.Write) error {
		if down {
			return &connectors.Error{Class: connectors.Retry, Message: "503 Service Unavailable"}
		}
		for _, r := range x.Records {
			for _, f := range r.Fields {
				if f.Name == "Subject" {
					order = append(order, f.Value.AsText())
				}
			}
		}
		return nil
	}})
	var want []string
	for minute := range 60 {
		id := ids[minute/2%3]
		score := 80
		if minute%2 == 0 {
			score = minute / 2
			want = append(want, fmt.Sprintf("%s 80>%d", id, score))
		}
		w.put(id, "Score", score)
		run := w.run(func(j *engine.TriggerJob) { j.Retry.Attempts = 2 })
		if run.Status != state.Waiting || run.WaitsFor != state.WaitSystem {
			t.Fatalf("minute %d: the run is %s %s, want it waiting for its system: %s", minute, run.Status, run.WaitsFor, run.Why)
		}
		if waiting := len(w.firings(state.FiringPending)); waiting != minute/2+1 {
			t.Fatalf("minute %d: %d firings wait, want %d", minute, waiting, minute/2+1)
		}
	}
	down = false
	w.fires(0)
	if !slices.Equal(order, want) {
		t.Fatalf("delivered in the order\n%q, want\n%q", order, want)
	}
	if n := len(w.crm.IDs("Task")); n != len(want) {
		t.Fatalf("%d tasks, want %d", n, len(want))
	}
}

// taciturn is a source that does not tell what was deleted.
type taciturn struct {
	connectors.Connection
	connectors.Reader
}

// What a sync saw while the clock was ahead is missed by the next full pass, not when that time has come.
func TestASyncWhoseClockWasAhead(t *testing.T) {
	w := newWorld(t, strings.Replace(creating, "  map {", "  on_delete = \"delete\"\n  map {", 1))
	run := func(full bool) {
		w.ok(func(j *engine.Job) {
			all := j.Connections
			j.Full = full
			j.Connections = func(name string) connectors.Connection {
				if conn := all(name); name != "cs" {
					return conn
				}
				return taciturn{w.cs, w.cs}
			}
		})
	}
	w.company("a", 1)
	w.company("b", 1)
	run(false)
	w.now = w.now.Add(365 * 24 * time.Hour)
	w.company("b", 2)
	run(false)
	w.now = w.now.Add(-365 * 24 * time.Hour)
	w.cs.Remove("Company", "b")
	run(true)
	if w.byRef("b") != "" || w.byRef("a") == "" {
		t.Fatalf("accounts of a %q and b %q, want the first alone", w.byRef("a"), w.byRef("b"))
	}
}
