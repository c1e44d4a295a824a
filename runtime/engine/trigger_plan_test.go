package engine_test

import (
	"fmt"
	"testing"

	"github.com/syncline/syncline/connectors"
	"github.com/syncline/syncline/connectors/memory"
	"github.com/syncline/syncline/runtime/engine"
)

// planned has a group, writes that go together, and a message.
const planned = `
trigger "drop" {
  on   = cs.Company
  when = "new.Score < 60"
  schedule { cron = "* * * * *" }
  find "account" {
    in = crm.Account
    by = { Id = new.AccountId }
  }
  together {
    update "account" {
      set { Tier = text("Red") }
    }
    create "task" {
      in  = crm.Task
      key = "Key"
      set { Subject = text("review {{ new.Id }}") }
    }
  }
  then {
    create "feed" {
      in = crm.Feed
      set { Body = text("fell to {{ new.Score }}") }
    }
    send "team" {
      via  = ops
      text = text("{{ new.Id }}")
    }
  }
}
`

// A plan counts the calls of the writes as the run makes them, and says of a record what it was and is.
func TestAPlanForeseesTheCallsOfItsWrites(t *testing.T) {
	t.Parallel()
	w := newTriggers(t, planned)
	w.cs.SetLimits(connectors.Limits{Lookup: 200, WriteBatch: 200, Parallel: 2}, 100)
	w.crm.SetLimits(connectors.Limits{Lookup: 200, WriteBatch: 3, Parallel: 2}, 100)
	const n = 7
	for i := range n {
		w.crm.Put("Account", memory.Map{"Id": text(fmt.Sprintf("a%d", i)), "Tier": text("Green")})
		w.put(fmt.Sprintf("c%d", i), "Score", 80.0, "AccountId", fmt.Sprintf("a%d", i))
	}
	w.fires(0)
	for i := range n {
		w.put(fmt.Sprintf("c%d", i), "Score", 40.0, "AccountId", fmt.Sprintf("a%d", i))
	}
	plan := w.run(func(j *engine.TriggerJob) { j.DryRun = true })
	if plan.Fired != n || plan.Created != 2*n || plan.Updated != n || plan.Sent != n {
		t.Fatalf("%+v", plan)
	}
	for _, s := range w.sights {
		if s.What != "fires" || len(s.Fields) != 1 || s.Fields[0].Name != "Score" || s.Fields[0].Before != 80.0 || s.Fields[0].After != 40.0 {
			t.Fatalf("%+v", s)
		}
	}
	changes := 0
	for _, c := range w.changes {
		if c.Action == "update" && c.Fields[0].Before == "Green" && c.Fields[0].After == "Red" {
			changes++
		}
	}
	if changes != n {
		t.Fatalf("%v", w.changes)
	}
	run := w.fires(n)
	// A group each, and seven creates in threes.
	if plan.Calls["crm"] != run.Calls["crm"] || plan.Calls["cs"] != run.Calls["cs"] || plan.Calls["ops"] != n || run.Calls["crm"] < n+3 {
		t.Fatalf("planned %v, made %v", plan.Calls, run.Calls)
	}
}

// A plan tells firings that wait for an approval from those that were let go, and waits as the next run would.
func TestAPlanTellsOfFiringsThatWaitForAnApproval(t *testing.T) {
	t.Parallel()
	for _, when := range []string{"new.Score < 60", "old.Score >= 60 && new.Score < 60"} {
		guarded := func(most int) string {
			return replaceAll(attr(dropping, fmt.Sprintf("guard {\n max_firings = %d\n }", most)), "new.Score < 60", when)
		}
		w := newTriggers(t, guarded(1))
		w.put("a", "Score", 70.0)
		w.put("b", "Score", 70.0)
		w.put("c", "Score", 70.0)
		w.fires(0)
		w.put("a", "Score", 50.0)
		w.put("b", "Score", 50.0)
		w.run()
		told := func() (out string) {
			plan := w.run(func(j *engine.TriggerJob) { j.DryRun = true })
			out = string(plan.Status)
			for _, s := range w.sights {
				out += " " + s.Source.ID + " " + s.What
			}
			return out
		}
		if got := told(); got != "waiting a approval b approval" {
			t.Errorf("%s: %s", when, got)
		}
		w.put("c", "Score", 50.0)
		if got := told(); got != "waiting c fires a approval b approval" {
			t.Errorf("%s: %s", when, got)
		}
		w.compile(guarded(3))
		if got := told(); got != "succeeded c fires a fired b fired" {
			t.Errorf("%s: %s", when, got)
		}
	}
}
