package engine_test

import (
	"context"
	"strings"
	"testing"

	"github.com/syncline/syncline/connectors"
	"github.com/syncline/syncline/connectors/memory"
	"github.com/syncline/syncline/runtime/engine"
	"github.com/syncline/syncline/runtime/state"
)

func TestAGroupThatCannotBeAtomicIsFinishedInOrder(t *testing.T) {
	project := replaceAll(grouped, "  where = \"new_stage(source.Stage)\"\n", "")
	w := newTriggers(t, project)
	w.crm.Catalog().Group = 0 // the system has no such request
	w.compile(project)
	if w.set.Triggers[0].Group[0].Atomic {
		t.Fatal("the compiler makes it atomic all the same")
	}
	w.crm.Put("Account", memory.Map{"Id": text("a1"), "Name": text("Acme"), "Score": num(70)})
	w.put("c1", "Score", 70.0, "AccountId", "a1", "Stage", "Live")
	w.fires(0)
	refuse := true
	w.crm.SetHooks(memory.Hooks{Record: func(object string, _ connectors.Op, _ connectors.Record) *connectors.Error {
		if object == "Feed" && refuse {
			return &connectors.Error{Class: connectors.Reject, Message: "feeds are off"}
		}
		return nil
	}})
	w.put("c1", "Score", 50.0)
	if run := w.run(); run.Dead != 1 || run.Created != 1 || run.Updated != 1 {
		t.Fatalf("%+v", run)
	}
	w.wantTasks("Review Acme 70>50") // what came before it is written
	if len(w.ops.order) != 0 {
		t.Fatal("then came before the group was through")
	}
	refuse = false
	l := w.letters(state.DeadOpen)
	if err := w.store.SetDead(t.Context(), []int64{l[0].ID}, state.DeadRetry); err != nil {
		t.Fatal(err)
	}
	w.crm.ResetCalls()
	w.fires(0)
	w.wantTasks("Review Acme 70>50") // and is not written again
	if calls, records := w.crm.Count(""); calls != 2 || records != 2 || len(w.ops.order) != 1 {
		t.Fatalf("%d calls, %d records, %v: the feed and the mark were left", calls, records, w.ops.order)
	}
	feed := w.crm.IDs("Feed")
	w.want("Feed", feed[0], "ParentId", w.crm.IDs("Task")[0])
}

func TestAnUpsertMeetsWhatIsThere(t *testing.T) {
	w := newTriggers(t, `
trigger "copy" {
  on       = cs.Company
  when     = "new.Score < 60"
  schedule { cron = "* * * * *" }
  together {
    upsert "task" {
      in  = crm.Task
      key = { Key = new.Id }
      set {
        Subject = text("{{ new.Name }}")
        Status  = text("new")
        Mark    = text("first {{ new.Score }}")
      }
      write {
        Status = "on_create"
        Mark   = "if_empty"
      }
    }
  }
}
`)
	w.fires(0)
	w.crm.Put("Task", memory.Map{"Id": text("t1"), "Key": text("c1"), "Subject": text("old"), "Status": text("taken")})
	w.put("c1", "Score", 1.0, "Name", "One")
	w.put("c2", "Score", 2.0, "Name", "Two")
	run := w.fires(2)
	if run.Created != 1 || run.Updated != 1 {
		t.Fatalf("%+v", run)
	}
	w.want("Task", "t1", "Subject", "One", "Status", "taken", "Mark", "first 1")
	w.wantTasks("One, Two")
	for _, id := range w.crm.IDs("Task") {
		if id != "t1" {
			w.want("Task", id, "Subject", "Two", "Status", "new", "Mark", "first 2", "Key", "c2")
		}
	}
	// The second time, both are there.
	w.put("c2", "Score", 90.0)
	w.fires(0)
	w.put("c2", "Score", 3.0, "Name", "Three")
	w.fires(1)
	w.wantTasks("One, Three")
}

func TestAnEmptyKeyIsRefused(t *testing.T) {
	w := newTriggers(t, replaceAll(dropping, `key = "Key"`, `key = { Key = new.Name }`))
	w.fires(0)
	w.put("a", "Score", 1.0)
	if run := w.run(); run.Dead != 1 || !strings.Contains(w.letters(state.DeadOpen)[0].Message, "Key is empty") {
		t.Fatalf("%+v %+v", run, w.letters(""))
	}
	l := w.letters(state.DeadOpen)
	w.put("a", "Name", "Named")
	w.fires(0)
	if err := w.store.SetDead(t.Context(), []int64{l[0].ID}, state.DeadRetry); err != nil {
		t.Fatal(err)
	}
	// The firing keeps what it saw: the name was empty at the time.
	if run := w.run(); run.Dead != 1 {
		t.Fatalf("%+v", run)
	}
}

func TestDeletesAndAllRecordsOfAFind(t *testing.T) {
	w := newTriggers(t, `
trigger "clean" {
  on       = cs.Company
  when     = "new.Score < 60"
  schedule { cron = "* * * * *" }
  find "opps" {
    in      = crm.Opp
    by      = { AccountId = new.AccountId }
    all     = true
    missing = "empty"
  }
  together {
    delete "opps" {
      if = "new.Big == true"
    }
    update "new" {
      set { Name = text("cleaned") }
    }
  }
}
`)
	w.fires(0)
	for _, id := range []string{"o1", "o2", "o3"} {
		w.crm.Put("Opp", memory.Map{"Id": text(id), "AccountId": text("a" + map[bool]string{true: "2", false: "1"}[id == "o3"])})
	}
	w.put("c1", "Score", 1.0, "AccountId", "a1", "Big", true)
	w.put("c2", "Score", 1.0, "AccountId", "a2")
	w.put("c3", "Score", 1.0, "AccountId", "a3", "Big", true)
	run := w.fires(3)
	if got := strings.Join(w.crm.IDs("Opp"), " "); got != "o3" || run.Deleted != 2 {
		t.Fatalf("%s %+v", got, run)
	}
	for _, id := range []string{"c1", "c2", "c3"} {
		if w.cs.Get("Company", id)["Name"].AsText() != "cleaned" {
			t.Errorf("%s is not cleaned", id)
		}
	}
	w.fires(0) // its own write is no edge
}

func TestAnInterruptLosesNothing(t *testing.T) {
	w := newGrouped(t)
	w.put("c1", "Score", 50.0)
	ctx, cancel := context.WithCancel(context.Background())
	job := w.newJob()
	job.OnChange = func(engine.Change) { cancel() }
	run, err := engine.RunTrigger(ctx, job)
	if err != nil || run.Status != state.Stopped {
		t.Fatalf("%+v %v", run, err)
	}
	w.fires(0)
	w.wantTasks("Review Acme 70>50")
	if len(w.ops.order) != 1 || len(w.crm.IDs("Feed")) != 1 {
		t.Fatal(w.ops.order, w.crm.IDs("Feed"))
	}
}

func TestAFiringThatGoesThroughDoesNotHideOneThatIsStuck(t *testing.T) {
	w := newTriggers(t, dropping)
	w.put("a", "Score", 70.0)
	w.fires(0)
	refuse := true
	w.crm.SetHooks(memory.Hooks{Record: func(string, connectors.Op, connectors.Record) *connectors.Error {
		if refuse {
			return &connectors.Error{Class: connectors.Reject, Message: "no"}
		}
		return nil
	}})
	w.put("a", "Score", 50.0)
	w.run()
	refuse = false
	w.put("a", "Score", 80.0)
	w.fires(0)
	w.put("a", "Score", 40.0)
	w.fires(1)
	l := w.letters(state.DeadOpen)
	if len(l) != 1 {
		t.Fatalf("the letter of the first firing is gone: %+v", w.letters(""))
	}
	if err := w.store.SetDead(t.Context(), []int64{l[0].ID}, state.DeadRetry); err != nil {
		t.Fatal(err)
	}
	w.fires(0)
	w.wantTasks("a 70>50, a 80>40")
	if n := len(w.letters(state.DeadOpen)) + len(w.letters(state.DeadRetry)); n != 0 {
		t.Fatal(w.letters(""))
	}
}

func TestAnActionThatIsRenamedUnderWayIsNotDoneTwice(t *testing.T) {
	w := newGrouped(t)
	w.ops.hook = func(int) (*connectors.Error, bool) {
		return &connectors.Error{Class: connectors.Retry, Message: "down"}, false
	}
	w.put("c1", "Score", 50.0)
	w.run()
	project := replaceAll(grouped, "  where = \"new_stage(source.Stage)\"\n", "")
	w.compile(strings.NewReplacer("create \"review\"", "create \"task\"", "review", "task", "update \"review\"", "update \"task\"").Replace(project))
	w.ops.hook = nil
	if run := w.run(); run.Dead != 1 {
		t.Fatalf("%+v", run)
	}
	w.wantTasks("Review Acme 70>50")
	if l := w.letters(state.DeadOpen); len(l) != 1 || l[0].Code != "RULE_EDITED" {
		t.Fatalf("%+v", l)
	}
}
