package engine_test

import (
	"strings"
	"testing"

	"github.com/syncline/syncline/connectors"
	"github.com/syncline/syncline/connectors/memory"
	"github.com/syncline/syncline/runtime/engine"
	"github.com/syncline/syncline/runtime/state"
)

// Two firings of one record that are stuck have a letter each: a person decides about one without the other.
func TestEachStuckFiringHasItsOwnLetter(t *testing.T) {
	t.Parallel()
	w := newTriggers(t, dropping)
	refuse := func(yes bool) {
		w.crm.SetHooks(memory.Hooks{Record: func(string, connectors.Op, connectors.Record) *connectors.Error {
			if yes {
				return &connectors.Error{Class: connectors.Reject, Message: "tasks are off"}
			}
			return nil
		}})
	}
	refuse(true)
	w.put("a", "Score", 70.0)
	w.fires(0)
	for range 2 {
		w.put("a", "Score", 50.0)
		w.run()
		w.put("a", "Score", 70.0)
		w.run()
	}
	letters := w.letters(state.DeadOpen)
	if len(letters) != 2 || letters[0].Firing == "" || letters[0].Firing == letters[1].Firing || len(w.firings(state.FiringStuck)) != 2 {
		t.Fatalf("%+v", letters)
	}

	// The older one is tried again and goes through, the other one stays where it is.
	refuse(false)
	if err := w.store.SetDead(t.Context(), []int64{letters[1].ID}, state.DeadRetry); err != nil {
		t.Fatal(err)
	}
	w.fires(0)
	w.wantTasks("a 70>50")
	if left := w.letters(state.DeadOpen); len(left) != 1 || left[0].ID != letters[0].ID || len(w.firings(state.FiringStuck)) != 1 {
		t.Fatalf("%+v", left)
	}

	// A record whose condition fails has one more, of its own, which goes when the condition can be evaluated.
	w.compile(replaceAll(dropping, "new.Score < 60", "new.Score < 60.0 / new.Count"))
	w.put("a", "Score", 70.0, "Count", 0)
	w.run()
	if got := w.letters(state.DeadOpen); len(got) != 2 {
		t.Fatalf("%+v", got)
	}
	w.put("a", "Score", 70.0, "Count", 1)
	w.fires(0)
	if got := w.letters(state.DeadOpen); len(got) != 1 || got[0].Firing == "" {
		t.Fatalf("%+v", got)
	}

	// Given up, it is gone, and nothing of it is written.
	if err := w.store.SetDead(t.Context(), []int64{letters[0].ID}, state.DeadDropped); err != nil {
		t.Fatal(err)
	}
	w.fires(0, func(j *engine.TriggerJob) { j.Full = true })
	w.wantTasks("a 70>50")
	if len(w.firings(state.FiringStuck)) != 0 || len(w.firings(state.FiringDropped)) != 1 {
		t.Fatal("it was not given up")
	}
}

// A group over two systems gets stuck in the middle: its letter says what is written and what is left.
func TestALetterSaysWhatIsWrittenAndWhatIsLeft(t *testing.T) {
	w := newTriggers(t, `
trigger "drop" {
  on    = cs.Company
  when  = "new.Score < 60"
  schedule { cron = "* * * * *" }
  together {
    create "task" {
      in  = crm.Task
      key = "Key"
      set { Subject = text("{{ new.Id }}") }
    }
    update "new" {
      set { Stage = text("Risk") }
    }
    create "feed" {
      in = crm.Feed
      set { Body = text("{{ task.Id }}") }
    }
  }
  then {
    send "team" {
      via     = ops
      channel = text("#x")
      text    = text("fell")
    }
    update "task" {
      set { Status = text("told") }
    }
  }
}
`)
	w.put("a", "Score", 70.0)
	w.fires(0)
	w.cs.SetHooks(memory.Hooks{Record: func(string, connectors.Op, connectors.Record) *connectors.Error {
		return &connectors.Error{Class: connectors.Reject, Message: "locked"}
	}})
	w.put("a", "Score", 50.0)
	w.run()
	letters := w.letters(state.DeadOpen)
	if len(letters) != 1 {
		t.Fatalf("%+v", letters)
	}
	written := "create crm.Task " + w.crm.IDs("Task")[0] + " (task)"
	left := "update cs.Company a (new), create crm.Feed (feed), send ops (team), update crm.Task " + w.crm.IDs("Task")[0] + " (task)"
	if l := letters[0]; strings.Join(l.Written, ", ") != written || strings.Join(l.Left, ", ") != left {
		t.Fatalf("written %q, left %q", l.Written, l.Left)
	}
}
