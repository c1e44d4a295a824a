package engine_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/syncline/syncline/lang/value"
	"github.com/syncline/syncline/runtime/engine"
	"github.com/syncline/syncline/runtime/state"
)

func TestWriteModes(t *testing.T) {
	w := newWorld(t, `
sync "modes" {
  from = cs.Company
  to   = crm.Account
  schedule { cron = "0 3 * * *" }
  match {
    by      = { Gsid = source.Id }
    missing = "create"
  }
  map {
    Score = source.Score
    Name  = source.Name
    Tier  = source.Stage
    Seen  = "now()"
  }
  write {
    Name = "on_create"
    Tier = "if_empty"
    Seen = "with_changes"
  }
}
`)
	w.company("c1", 70)
	w.ok()
	id := w.crm.IDs("Account")[0]
	first := w.crm.Get("Account", id)["Seen"]
	w.want("Account", id, "Score", 70.0, "Name", "Company c1", "Tier", "Adoption", "Seen", value.Time(w.now))
	w.quiet()
	w.quiet(func(j *engine.Job) { j.Full = true })
	w.company("c1", 70, "Name", "Renamed", "Stage", "Renewal")
	w.counts(w.quiet(), "read=1 matched=1 unchanged=1")
	w.company("c1", 71, "Name", "Renamed", "Stage", "Renewal")
	w.ok()
	w.want("Account", id, "Score", 71.0, "Name", "Company c1", "Tier", "Adoption", "Seen", value.Time(w.now))
	if value.Equal(first, w.crm.Get("Account", id)["Seen"]) {
		t.Error("the time of the change did not move")
	}
	w.account(id, "Tier", nil)
	w.counts(w.ok(func(j *engine.Job) { j.Full = true }), "read=1 matched=1 updated=1")
	w.want("Account", id, "Tier", "Renewal")
}

func TestEmptyValuesClearOrKeep(t *testing.T) {
	for _, mode := range []string{"clear", "keep"} {
		w := newWorld(t, strings.Replace(health, "  map {", "  on_null = \""+mode+"\"\n  map {", 1))
		w.company("c1", 70)
		w.account("a1")
		w.ok()
		w.company("c1", 0, "Score", nil)
		run := w.ok()
		if mode == "clear" {
			w.counts(run, "read=1 matched=1 updated=1")
			w.want("Account", "a1", "Score", nil)
		} else {
			w.counts(run, "read=1 matched=1 updated=1") // the tier
			w.want("Account", "a1", "Score", 70.0)
		}
		w.quiet()
	}
}

func guarded(guard string) string {
	return strings.Replace(creating, "  map {", "  guard {\n"+guard+"\n}\n  map {", 1)
}

func TestBeyondAGuardNothingIsWritten(t *testing.T) {
	w := newWorld(t, guarded("max_creates = 3"))
	for i := range 3 {
		w.company(fmt.Sprintf("c%d", i), 1)
	}
	w.counts(w.ok(), "read=3 created=3")
	for i := range 4 {
		w.company(fmt.Sprintf("d%d", i), 1)
	}
	w.company("c0", 5)
	w.crm.ResetCalls()
	run := w.run()
	if calls, _ := w.crm.Count(""); calls != 0 || run.Status != state.Waiting || !strings.Contains(run.Why, "max_creates = 3, the run has 4") {
		t.Fatalf("%d calls, %s: %s", calls, run.Status, run.Why)
	}
	// So says the plan, too; and the next run evaluates anew.
	if run := w.run(func(j *engine.Job) { j.DryRun = true }); run.Status != state.Waiting || run.Created != 4 {
		t.Errorf("plan: %s %s %s", run.Status, run.Why, counts(run))
	}
	w.cs.Remove("Company", "d0")
	w.counts(w.ok(), "read=4 matched=1 created=3 updated=1")
	w.quiet()
}

func TestUpdatePercentIsOfLinkedRecords(t *testing.T) {
	w := newWorld(t, guarded("max_update_percent = 10"))
	for i := range 40 {
		w.company(fmt.Sprintf("c%02d", i), 1)
	}
	w.ok()
	for i := range 4 {
		w.company(fmt.Sprintf("c%02d", i), 2)
	}
	w.counts(w.ok(), "read=4 matched=4 updated=4")
	for i := range 5 {
		w.company(fmt.Sprintf("c%02d", i), 3)
	}
	if run := w.run(); run.Status != state.Waiting || !strings.Contains(run.Why, "5 of 40 linked records") {
		t.Errorf("%s %s", run.Status, run.Why)
	}
}

func TestAnOutageThatReadsAsEmptyValuesWaits(t *testing.T) {
	w := newWorld(t, health)
	for i := range 50 {
		w.company(fmt.Sprintf("c%02d", i), 70)
		w.account(fmt.Sprintf("a%02d", i))
	}
	w.ok()
	empty := func(n int) {
		for i := range n {
			w.company(fmt.Sprintf("c%02d", i), 0, "Score", nil)
		}
	}
	empty(5)
	w.counts(w.ok(), "read=5 matched=5 updated=5")
	for i := range 5 {
		w.company(fmt.Sprintf("c%02d", i), 70)
	}
	w.ok()
	empty(6)
	w.crm.ResetCalls()
	run := w.run()
	if calls, _ := w.crm.Count(""); calls != 0 || run.Status != state.Waiting || !strings.Contains(run.Why, "would clear Score in 6 of the 50 records") {
		t.Errorf("%d calls, %s: %s", calls, run.Status, run.Why)
	}
	if run := w.run(func(j *engine.Job) { j.Full = true }); run.Status != state.Waiting {
		t.Errorf("full: %s %s", run.Status, run.Why)
	}
}

func TestAGuardedRunOfManyChangesGoesThroughTheStore(t *testing.T) {
	w := newWorld(t, guarded("max_deletes = 0"))
	n := 6000
	if testing.Short() {
		n = 2100 // more than are kept in memory
	}
	for i := range n {
		w.cs.Put("Company", map[string]value.Value{"Id": text(fmt.Sprintf("c%05d", i)), "Name": text("n"), "Score": num(float64(i % 900))})
	}
	w.counts(w.ok(), fmt.Sprintf("read=%d created=%d", n, n))
	w.quiet()
	if left, _ := w.store.Staged(t.Context(), "run-1", 0, 10); len(left) != 0 {
		t.Errorf("%d changes are left in the stage", len(left))
	}
}
