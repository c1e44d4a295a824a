package engine_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/syncline/syncline/connectors"
	"github.com/syncline/syncline/connectors/memory"
	"github.com/syncline/syncline/runtime/engine"
	"github.com/syncline/syncline/runtime/state"
)

const telling = `
trigger "drop" {
  on    = cs.Company
  when  = "new.Score < 60"
  schedule { cron = "* * * * *" }
  together {
    create "task" {
      in  = crm.Task
      key = "Key"
      set {
        Subject = text("{{ new.Id }} {{ old.Score }}>{{ new.Score }}")
      }
    }
  }
  then {
    send "team" {
      via     = ops
      channel = text("#x")
      text    = text("{{ new.Id }} {{ new.Score }}")
    }
    update "task" {
      set { Mark = text("told") }
    }
  }
}
`

const many = 500

// newTelling is a world in which many records fire, and messages take a while, one after the other. paced is told of each.
func newTelling(t *testing.T, paced func(w *triggers, n int)) *triggers {
	w := newTriggers(t, telling)
	w.fires(0)
	w.crm.SetLimits(connectors.Limits{WriteBatch: 200, Parallel: 4}, 0)
	for i := range many {
		w.put(fmt.Sprintf("c%03d", i), "Score", 1.0)
	}
	w.ops.hook = func(n int) (*connectors.Error, bool) {
		time.Sleep(2 * time.Millisecond)
		paced(w, n)
		return nil, false
	}
	return w
}

// told holds that each message was sent once and followed up.
func (w *triggers) told(messages int) {
	w.t.Helper()
	if len(w.ops.order) != messages || len(w.ops.sent) != messages {
		w.t.Fatalf("%d messages, %d different, want %d", len(w.ops.order), len(w.ops.sent), messages)
	}
	for _, id := range w.crm.IDs("Task") {
		if task := w.crm.Get("Task", id); task["Mark"].AsText() != "told" {
			w.t.Fatalf("%s was not followed up", task["Subject"])
		}
	}
	if n := len(w.firings(state.FiringPending)); n > 0 {
		w.t.Fatalf("%d firings are left", n)
	}
}

func TestSlowMessagesHoldBackNeitherGroupsNorEvents(t *testing.T) {
	var tasks, seen, fell atomic.Int64
	w := newTelling(t, func(w *triggers, n int) {
		if n == 50 {
			tasks.Store(int64(len(w.crm.IDs("Task"))))
		}
	})
	// The last record, whose message comes last, rises and falls while the others' messages are under way.
	flaps := []engine.Event{{Source: "c499"}, {Source: "c499"}}
	w.fires(many+1, func(j *engine.TriggerJob) {
		sent := func() int64 {
			w.ops.mu.Lock()
			defer w.ops.mu.Unlock()
			return int64(len(w.ops.order))
		}
		j.Incoming = func() ([]engine.Event, func()) {
			if len(flaps) == 0 || sent() < 50 {
				return nil, nil
			}
			score := 90.0
			if len(flaps) == 1 {
				score = 7
			}
			w.put("c499", "Score", score)
			next := flaps[:1]
			flaps = flaps[1:]
			return next, func() {
				seen.Add(1)
				fell.Store(sent())
			}
		}
	})
	if n := tasks.Load(); n != many {
		t.Errorf("%d tasks when 50 messages were sent", n)
	}
	if seen.Load() != 2 || fell.Load() >= many {
		t.Errorf("%d events seen, the last one after %d messages", seen.Load(), fell.Load())
	}
	w.told(many + 1)
	first, second := slices.Index(w.ops.order, "c499 1"), slices.Index(w.ops.order, "c499 7")
	if first < 0 || second < first {
		t.Errorf("the messages of one record came at %d and %d", first, second)
	}
}

func TestARunThatOnlyWaitsForMessagesMakesRoom(t *testing.T) {
	var sent atomic.Int64
	w := newTelling(t, func(_ *triggers, n int) { sent.Store(int64(n)) })
	var waits atomic.Value
	run := w.fires(many, func(j *engine.TriggerJob) {
		j.Due = func() bool { return sent.Load() > 20 }
		j.OnProgress = func(p engine.Progress) { waits.Store(p.Waits) }
	})
	if n := sent.Load(); n >= many || !strings.Contains(run.Why, "messages wait for ops") {
		t.Fatalf("%d messages: %q", n, run.Why)
	}
	if text, _ := waits.Load().(string); !strings.Contains(text, "messages wait for ops") {
		t.Errorf("the progress says %q", text)
	}
	if n := len(w.crm.IDs("Task")); n != many {
		t.Fatalf("%d tasks", n)
	}
	w.fires(0)
	w.told(many)
}

func TestAStopDoesNotWaitForMessages(t *testing.T) {
	ctx, stop := context.WithCancel(context.Background())
	w := newTelling(t, func(_ *triggers, n int) {
		if n == 20 {
			stop()
		}
	})
	run, err := engine.RunTrigger(ctx, w.newJob())
	if err != nil || run.Status != state.Stopped || len(w.ops.order) > 30 {
		t.Fatalf("%v %+v after %d messages", err, run, len(w.ops.order))
	}
	w.fires(many - run.Fired)
	w.told(many)
}

// The last firing of a record whose earlier ones are through is taken up before its turn, and those between are not forgotten.
func TestAFiringThatIsTakenUpEarlyLeavesNoneOut(t *testing.T) {
	w := newTriggers(t, replaceAll(telling, "new.Score < 60", "new.Score != old.Score"))
	w.fires(0)
	down := func(int) (*connectors.Error, bool) {
		return &connectors.Error{Class: connectors.Limit, Message: "slow down", RetryAfter: time.Hour}, false
	}
	w.ops.hook = down
	for score := range 3 {
		w.put("a", "Score", float64(score+1))
		if score == 2 {
			for i := range 2 * many {
				w.put(fmt.Sprintf("b%04d", i), "Score", 1.0)
			}
			w.put("a", "Score", float64(score+1)) // last of all
		}
		w.run()
	}
	w.ops.hook = nil
	w.ops.Connection.(*memory.System).SetLimits(connectors.Limits{Parallel: 300}, 0)
	w.fires(0)
	w.told(2*many + 3)
}

// A message through one connection that does not answer waits; what else the firings do goes on.
func TestMessagesThatCannotBeSentHoldNothingBack(t *testing.T) {
	w := newTelling(t, func(*triggers, int) {})
	w.ops.hook = func(int) (*connectors.Error, bool) {
		return &connectors.Error{Class: connectors.Limit, Message: "slow down", RetryAfter: time.Hour}, false
	}
	if run := w.run(); run.Status != state.Waiting || run.Fired != many || len(w.crm.IDs("Task")) != many {
		t.Fatalf("%d tasks: %+v", len(w.crm.IDs("Task")), run)
	}
	w.ops.hook = nil
	w.fires(0)
	w.told(many)
}

// Where a firing writes after its message what the next one looks for, the next one waits for it.
func TestAWriteAfterAMessageIsSeenByTheNextFiring(t *testing.T) {
	w := newTriggers(t, `
trigger "renewal" {
  on    = cs.Company
  when  = "new.Score < 60"
  schedule { cron = "* * * * *" }
  find "open" {
    in      = crm.Opp
    where   = "it.AccountId == new.AccountId && it.IsClosed != true"
    missing = "empty"
  }
  then {
    send "team" {
      via     = ops
      channel = text("#x")
      text    = text("{{ new.Id }}")
    }
    create "opp" {
      in = crm.Opp
      if = "open == null"
      set { AccountId = new.AccountId }
    }
  }
}
`)
	w.fires(0)
	for i := range 6 {
		w.put(fmt.Sprint("c", i), "Score", 1.0, "AccountId", fmt.Sprint("a", i%2))
	}
	w.fires(6)
	if n := len(w.crm.IDs("Opp")); n != 2 || len(w.ops.order) != 6 {
		t.Fatalf("%d opportunities for 2 accounts, %d messages", n, len(w.ops.order))
	}
}
