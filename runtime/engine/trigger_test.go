package engine_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/syncline/syncline/runtime/engine"
	"github.com/syncline/syncline/runtime/state"
)

func TestATriggerFiresOncePerEdge(t *testing.T) {
	w := newTriggers(t, dropping)
	w.put("a", "Score", 50.0) // there already: held
	w.put("b", "Score", 70.0)
	w.fires(0)
	w.wantTasks("")
	w.put("b", "Score", 55.0)
	w.fires(1)
	w.wantTasks("b 70>55")
	w.put("b", "Score", 54.0) // still below
	w.fires(0)
	w.put("c", "Score", 10.0) // new, after the baseline
	w.fires(1)
	w.put("b", "Score", 61.0)
	w.fires(0)
	w.put("b", "Score", 59.0)
	w.put("a", "Score", 80.0)
	w.fires(1)
	w.put("a", "Score", 20.0)
	w.fires(1)
	w.wantTasks("a 80>20, b 61>59, b 70>55, c >10")
	w.fires(0)
}

func TestBaselineAndFirstSeen(t *testing.T) {
	w := newTriggers(t, attr(dropping, `baseline = "fire"`, `first_seen = "hold"`))
	w.put("a", "Score", 50.0)
	w.put("b", "Score", 70.0)
	w.put("n") // no data
	w.fires(1)
	w.put("c", "Score", 10.0)
	w.fires(0)
	w.put("c", "Score", 90.0)
	w.fires(0)
	w.put("c", "Score", 11.0)
	w.put("n", "Score", 12.0)
	w.fires(2)
	w.wantTasks("a >50, c 90>11, n >12")
}

func TestNoDataIsNeverRecovery(t *testing.T) {
	w := newTriggers(t, dropping)
	w.put("a", "Score", 70.0)
	w.fires(0)
	w.put("a", "Score", 50.0)
	w.fires(1)
	w.put("a", "Score", nil)
	w.fires(0)
	w.put("a", "Score", 50.0)
	w.fires(0)
	w.wantTasks("a 70>50")
}

func TestRearmIsHysteresis(t *testing.T) {
	w := newTriggers(t, attr(dropping, `rearm = "new.Score >= 65"`))
	w.put("a", "Score", 70.0)
	w.fires(0)
	for _, step := range []struct {
		score float64
		fires int
	}{{59, 1}, {63, 0}, {58, 0}, {65, 0}, {60, 0}, {59, 1}} {
		w.put("a", "Score", step.score)
		w.fires(step.fires)
	}
}

func TestACooldownDelaysTheEdge(t *testing.T) {
	w := newTriggers(t, attr(dropping, `cooldown = "1h"`))
	w.put("a", "Score", 70.0)
	w.fires(0)
	w.put("a", "Score", 50.0)
	w.fires(1)
	w.put("a", "Score", 70.0)
	w.fires(0)
	w.put("a", "Score", 40.0)
	w.fires(0) // armed, too soon
	w.now = w.now.Add(30 * time.Minute)
	w.fires(0)
	w.now = w.now.Add(30 * time.Minute)
	w.fires(1) // nothing changed, the time is over
	w.wantTasks("a 40>40, a 70>50")
	// An edge that is gone by the end of the cooldown is none.
	w.put("a", "Score", 70.0)
	w.fires(0)
	w.put("a", "Score", 30.0)
	w.fires(0)
	w.put("a", "Score", 70.0)
	w.fires(0)
	w.now = w.now.Add(2 * time.Hour)
	w.fires(0)
}

func TestForWantsItToLast(t *testing.T) {
	w := newTriggers(t, attr(dropping, `for = "1h"`))
	w.put("a", "Score", 70.0)
	w.put("held", "Score", 10.0)
	w.fires(0)
	w.put("a", "Score", 50.0)
	w.fires(0)
	w.now = w.now.Add(40 * time.Minute)
	w.put("a", "Score", 49.0)
	w.fires(0)
	w.now = w.now.Add(17 * time.Minute) // a minute passes with each run
	w.fires(0)
	w.fires(1)
	w.put("a", "Score", 70.0)
	w.fires(0)
	w.put("a", "Score", 50.0)
	w.fires(0)
	w.now = w.now.Add(30 * time.Minute)
	w.put("a", "Score", 70.0)
	w.fires(0)
	w.put("a", "Score", 50.0)
	w.fires(0)
	w.now = w.now.Add(50 * time.Minute)
	w.fires(0)
	w.now = w.now.Add(10 * time.Minute)
	w.fires(1)
}

func TestDeletedAndOutside(t *testing.T) {
	w := newTriggers(t, attr(dropping, `where = "new.Stage == 'Live'"`))
	w.put("a", "Score", 70.0, "Stage", "Live")
	w.put("b", "Score", 10.0, "Stage", "Old")
	w.fires(0)
	w.put("a", "Score", 50.0, "Stage", "Old") // leaves while it falls
	w.fires(0)
	w.put("a", "Stage", "Live") // comes back, still below
	w.fires(1)
	w.cs.Remove("Company", "a")
	w.fires(0)
	w.put("a", "Score", 45.0, "Stage", "Live", "Name", "undeleted")
	w.fires(0)
	w.put("b", "Stage", "Live") // enters for the first time
	w.fires(1)
}

func TestAChangeCondition(t *testing.T) {
	w := newTriggers(t, `
trigger "grow" {
  on       = cs.Company
  when     = "new.Count > old.Count"
  cooldown = "1h"
  schedule { cron = "* * * * *" }
  together {
    create "task" {
      in  = crm.Task
      key = "Key"
      set {
        Subject = text("{{ old.Count }}>{{ new.Count }}")
      }
    }
  }
}
`)
	w.put("a", "Count", 1)
	w.fires(0)
	w.put("a", "Count", 2)
	w.fires(1)
	w.put("a", "Count", 3)
	if run := w.fires(0); run.Dropped != 1 {
		t.Fatalf("dropped %d", run.Dropped)
	}
	w.now = w.now.Add(time.Hour)
	w.fires(0) // gone for good
	w.put("a", "Count", 4)
	w.fires(1)
	w.now = w.now.Add(time.Hour)
	w.put("a", "Name", "touched") // of no interest to the rule
	w.fires(0)
	w.wantTasks("1>2, 3>4")
}

func TestTimeAloneFires(t *testing.T) {
	w := newTriggers(t, `
trigger "renewal" {
  on   = cs.Company
  when = "within(new.Due, days(10))"
  schedule { cron = "0 8 * * *" }
  together {
    create "task" {
      in  = crm.Task
      key = "Key"
      set {
        Subject = text("{{ new.Name }} {{ new.Due }}")
        Due     = "today()"
      }
    }
  }
}
`)
	day := func(d int) any { return dateOf(w.now.AddDate(0, 0, d)) }
	w.put("a", "Due", day(12), "Name", "A")
	w.put("b", "Due", day(5), "Name", "B")
	w.put("c", "Due", day(12), "Name", "C")
	w.fires(0)
	w.now = w.now.AddDate(0, 0, 1)
	w.cs.ResetCalls()
	w.fires(0)
	if calls, records := w.cs.Count("read"); calls != 1 || records != 0 {
		t.Fatalf("%d reads of %d records, though nothing changed", calls, records)
	}
	w.cs.Remove("Company", "c")
	w.now = w.now.AddDate(0, 0, 1)
	w.fires(1) // a; c is gone
	w.wantTasks("A 2026-03-14")
	w.want("Task", w.crm.IDs("Task")[0], "Due", dateOf(w.now))
	w.now = w.now.AddDate(0, 0, 1)
	w.fires(0)
	// It recovers when the day is past, and fires again for the next one.
	w.now = w.now.AddDate(0, 0, 20)
	w.fires(0)
	w.put("a", "Due", dateOf(w.now.AddDate(0, 0, 3)))
	w.fires(1)
}

func TestEventsAndPollsSeeOneChange(t *testing.T) {
	for _, project := range []string{dropping, `
trigger "moved" {
  on   = cs.Company
  when = "new.Score != old.Score && new.Score < 60"
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
}
`} {
		w := newTriggers(t, project)
		w.put("a", "Score", 70.0)
		w.fires(0)
		w.put("a", "Score", 50.0)
		event := func(j *engine.TriggerJob) { j.Events = []engine.Event{{Source: "a"}} }
		w.fires(1, event)
		w.fires(0, event)
		w.fires(0)
		// Each event is an observation, in order, with what it carries.
		w.fires(1, func(j *engine.TriggerJob) {
			j.Events = []engine.Event{
				{Source: "a", Fields: map[string]valueOf{"Score": num(80)}},
				{Source: "a", Fields: map[string]valueOf{"Score": num(40)}},
				{Source: "gone", Deleted: true}, {Source: "nobody"}}
		})
		w.wantTasks("a 70>50, a 80>40")
	}
}

func TestAnEditIsANewBaselineThatHolds(t *testing.T) {
	w := newTriggers(t, attr(dropping, `baseline = "fire"`))
	w.put("a", "Score", 70.0)
	w.put("b", "Score", 50.0)
	w.fires(1)
	w.compile(attr(replaceAll(dropping, "new.Score < 60", "new.Score < 80"), `baseline = "fire"`))
	w.fires(0) // a qualifies now, but did not cross
	w.put("a", "Score", 90.0)
	w.fires(0)
	w.put("a", "Score", 79.0)
	w.fires(1)
	// An edit of what is done leaves the edges alone.
	w.compile(attr(replaceAll(replaceAll(dropping, "new.Score < 60", "new.Score < 80"), "Subject = text(\"", "Subject = text(\"now "), `baseline = "fire"`))
	w.cs.ResetCalls()
	w.fires(0)
	w.put("b", "Score", 95.0)
	w.fires(0)
	w.put("b", "Score", 5.0)
	w.fires(1)
	w.wantTasks("a 90>79, b >50, now b 95>5")
}

func TestAWiderPopulationHoldsThoseWhoEnter(t *testing.T) {
	narrow := attr(dropping, `where = "new.Stage == 'Live'"`)
	w := newTriggers(t, narrow)
	w.put("a", "Score", 70.0, "Stage", "Live")
	w.put("b", "Score", 50.0, "Stage", "Trial")
	w.put("c", "Score", 70.0, "Stage", "Trial")
	w.fires(0)
	w.put("a", "Score", 50.0) // crosses before the edit is seen
	w.compile(attr(dropping, `where = "new.Stage in ['Live', 'Trial']"`))
	w.fires(1)
	w.put("c", "Score", 1.0)
	w.fires(1)
	w.put("b", "Score", 2.0)
	w.fires(0)
	w.wantTasks("a 70>50, c 70>1")
}

// Records that recover are no firings: they wait with those that fire, and count neither in the limit nor in its text.
func TestMaxFiringsDoesNotCountRecoveries(t *testing.T) {
	w := newTriggers(t, strings.Replace(dropping, "  together {", "  recovered {\n update \"task\" {\n set {\n Status = text(\"done\")\n }\n }\n }\n  guard {\n max_firings = 2\n }\n  together {", 1))
	ids := []string{"a", "b", "c", "d"}
	for _, id := range ids {
		w.put(id, "Score", 70.0)
	}
	w.fires(0)
	w.put("a", "Score", 50.0)
	w.put("b", "Score", 50.0)
	w.fires(2)
	w.put("a", "Score", 70.0)
	w.put("b", "Score", 70.0)
	w.put("c", "Score", 50.0)
	w.fires(1)
	w.want("Task", w.crm.IDs("Task")[0], "Status", "done")
	w.put("c", "Score", 70.0)
	for _, id := range []string{"a", "b", "d"} {
		w.put(id, "Score", 40.0)
	}
	if run := w.run(); run.Status != state.Waiting || !strings.Contains(run.Why, "and 3 records would fire") || run.Outbox.Changes != 4 {
		t.Fatalf("%s %+v", run.Why, run.Outbox)
	}
}

func TestMaxFiringsHoldsAllOfThem(t *testing.T) {
	w := newTriggers(t, attr(dropping, "guard {\n max_firings = 2\n }"))
	for _, id := range []string{"a", "b", "c"} {
		w.put(id, "Score", 70.0)
	}
	w.fires(0)
	for _, id := range []string{"a", "b", "c"} {
		w.put(id, "Score", 50.0)
	}
	run := w.run(func(j *engine.TriggerJob) { j.DryRun = true })
	if run.Status != state.Waiting || run.Fired != 3 || len(w.changes) != 3 {
		t.Fatalf("%+v %v", run, w.changes)
	}
	run = w.run()
	if run.Status != state.Waiting || run.WaitsFor != state.WaitGuard {
		t.Fatalf("%+v", run)
	}
	w.wantTasks("")
	first := run.ID
	run = w.run()
	if run.Status != state.Waiting || run.Fired != 0 || run.Outbox == nil || run.Outbox.Changes != 3 {
		t.Fatalf("%+v", run)
	}
	// The first run waits with the very same firings, so approving it is approving the second.
	waits, err := engine.Approvable(t.Context(), w.store, first)
	if err != nil || waits.ID != run.ID {
		t.Fatal(waits.ID, err)
	}
	if waiting, err := engine.Awaiting(t.Context(), w.store, ""); err != nil || len(waiting) != 1 || waiting[0].ID != run.ID {
		t.Fatal(waiting, err)
	}
	if err := w.store.Approve(t.Context(), state.Approval{Run: first, Rule: run.Rule, At: w.now, By: "me"}); err != nil {
		t.Fatal(err)
	}
	w.fires(0)
	if _, err := engine.Approvable(t.Context(), w.store, first); !errors.Is(err, engine.ErrNotWaiting) {
		t.Fatal(err)
	}
	if left, _ := w.store.Approvals(t.Context(), ""); len(left) != 0 {
		t.Fatal(left)
	}
	if waiting, err := w.store.Runs(t.Context(), state.RunFilter{Status: state.Waiting}); err != nil || len(waiting) != 0 {
		t.Fatal(waiting, err)
	}
	w.wantTasks("a 70>50, b 70>50, c 70>50")
	w.put("a", "Score", 70.0)
	w.fires(0)
	w.put("a", "Score", 50.0)
	w.fires(1)
}

func TestAPlanTellsAndWritesNothing(t *testing.T) {
	w := newTriggers(t, attr(dropping, `cooldown = "1h"`))
	w.put("a", "Score", 70.0)
	w.put("held", "Score", 5.0)
	w.put("cool", "Score", 70.0)
	w.fires(0)
	w.put("cool", "Score", 50.0)
	w.fires(1)
	w.put("cool", "Score", 70.0)
	w.fires(0)
	w.put("cool", "Score", 40.0)
	w.put("a", "Score", 30.0)
	for range 2 {
		run := w.run(func(j *engine.TriggerJob) { j.DryRun = true })
		if run.Status != state.Succeeded || run.Fired != 1 || run.Created != 1 {
			t.Fatalf("%+v %v", run, w.trouble)
		}
		got := map[string]string{}
		for _, s := range w.sights {
			got[s.Source.ID] = s.What
		}
		if len(got) != 3 || got["a"] != "fires" || got["held"] != "held" || got["cool"] != "cooldown" {
			t.Fatalf("%v", got)
		}
		if len(w.changes) != 1 || w.changes[0].Fields[0].After != "a 70>30" {
			t.Fatalf("%v", w.changes)
		}
	}
	w.wantTasks("cool 70>50")
	w.fires(1)
}
