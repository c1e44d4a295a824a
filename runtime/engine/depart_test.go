package engine_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/syncline/syncline/connectors/memory"
	"github.com/syncline/syncline/lang/value"
	"github.com/syncline/syncline/runtime/engine"
)

func leaving(blocks string) string {
	return strings.Replace(health, "  match {", blocks+"\n  match {", 1)
}

func TestRecordsThatLeave(t *testing.T) {
	leave := func(w *world) { w.company("c1", 70, "Stage", "Churned") }
	fill := func(w *world) {
		w.company("c1", 70)
		w.company("c2", 70)
		w.account("a1")
		w.account("a2")
		w.ok()
	}
	w := newWorld(t, health)
	fill(w)
	leave(w)
	w.quiet() // left alone
	w.want("Account", "a1", "Score", 70.0)

	w = newWorld(t, leaving(`on_leave = "delete"`))
	fill(w)
	leave(w)
	w.counts(w.ok(), "read=1 filtered=1 deleted=1")
	if w.crm.Get("Account", "a1") != nil {
		t.Error("not deleted")
	}
	w.quiet()

	w = newWorld(t, leaving(`on_leave = "unlink"`))
	fill(w)
	leave(w)
	w.counts(w.quiet(), "read=1 filtered=1")
	if n, _ := w.store.Linked(t.Context(), "sync.health"); n != 1 {
		t.Errorf("%d links", n)
	}

	w = newWorld(t, leaving("on_leave {\n set {\n Tier = text(\"gone\")\n Score = null\n}\n}"))
	fill(w)
	leave(w)
	w.counts(w.ok(), "read=1 filtered=1 updated=1")
	w.want("Account", "a1", "Tier", "gone", "Score", nil)
	w.account("a1", "Tier", "by hand") // it has left; what happens to it now is not ours
	w.company("c1", 71, "Stage", "Churned")
	w.quiet()
	w.company("c1", 71) // it comes back
	w.counts(w.ok(), "read=1 matched=1 updated=1")
	w.want("Account", "a1", "Tier", "Green", "Score", 71.0)
}

func TestRecordsThatAreDeleted(t *testing.T) {
	for _, object := range []string{"Company", "Row"} { // one tells deletions, the other is read whole
		w := newWorld(t, strings.Replace(leaving(`on_delete = "delete"`), "cs.Company", "cs."+object, 1))
		if object == "Row" {
			w.job = func(j *engine.Job) { j.Connections = withoutDeletions(w, j.Connections) }
		}
		for i := range 3 {
			w.cs.Put(object, memory.Map{"Id": text(fmt.Sprintf("c%d", i)), "Score": num(70), "AccountId": text(fmt.Sprintf("a%d", i))})
			w.account(fmt.Sprintf("a%d", i))
		}
		w.ok()
		w.cs.Remove(object, "c1")
		w.cs.Put(object, memory.Map{"Id": text("c2"), "Stage": text("Churned")}) // has left, is not deleted
		run := w.ok()
		if run.Deleted != 1 || w.crm.Get("Account", "a1") != nil || w.crm.Get("Account", "a2") == nil {
			t.Errorf("%s: %s, left are %v", object, counts(run), w.crm.IDs("Account"))
		}
		w.quiet()
		w.quiet(func(j *engine.Job) { j.Full = true })
	}
}

func TestAFullPassFindsWhatIsGoneUnlessTheSourceStillHasIt(t *testing.T) {
	w := newWorld(t, leaving(`on_delete = "delete"`))
	w.job = func(j *engine.Job) { j.Connections = withoutDeletions(w, j.Connections) }
	for i := range 450 {
		w.company(fmt.Sprintf("c%03d", i), 70)
		w.account(fmt.Sprintf("a%03d", i))
	}
	w.ok()
	w.cs.Remove("Company", "c007")
	w.company("c008", 70, "Stage", "Churned") // the pushed-down filter hides it
	w.quiet()
	run := w.ok(func(j *engine.Job) { j.Full = true })
	if run.Deleted != 1 || w.crm.Get("Account", "a007") != nil || w.crm.Get("Account", "a008") == nil {
		t.Errorf("%s", counts(run))
	}
}

const timed = `
sync "timed" {
  from = cs.Company
  to   = crm.Account
  schedule { cron = "0 3 * * *" }
  where = "source.Due >= today()"
  match { by = { Id = source.AccountId } }
  map {
    Open  = "within(source.Due, days(7))"
    Score = source.Score
  }
}
`

func TestTimeAloneChangesResults(t *testing.T) {
	w := newWorld(t, timed)
	w.company("c1", 1, "Due", value.Date(2026, 3, 20))
	w.company("c2", 2, "Due", value.Date(2026, 3, 1)) // over
	w.account("a1")
	w.account("a2")
	w.counts(w.ok(), "read=2 filtered=1 matched=1 updated=1")
	w.want("Account", "a1", "Open", false)
	w.want("Account", "a2", "Score", nil)
	w.quiet()
	w.now = w.now.Add(12 * 24 * time.Hour)
	w.cs.ResetCalls()
	w.counts(w.ok(), "matched=1 updated=1")
	if _, n := w.cs.Count("read"); n != 0 {
		t.Errorf("%d records were read again", n)
	}
	w.want("Account", "a1", "Open", true)
	w.quiet()
	w.now = w.now.Add(30 * 24 * time.Hour)
	w.quiet() // it has left
	w.want("Account", "a1", "Open", true)
}

func TestTimeAloneIsNoReasonToLookAgain(t *testing.T) {
	w := newWorld(t, timed)
	w.company("c1", 1, "Due", value.Date(2026, 3, 20))     // no account
	w.company("c2", 99999, "Due", value.Date(2026, 3, 20)) // too large
	w.account("a2")
	w.counts(w.run(), "read=2 unmatched=1 dead=1")
	w.now = w.now.Add(24 * time.Hour)
	w.counts(w.quiet(), "")
	if n := len(w.crm.Calls()); n != 0 {
		t.Errorf("%d calls for records that were settled", n)
	}
}

func TestCohorts(t *testing.T) {
	w := newWorld(t, strings.Replace(health, `schedule { cron = "0 3 * * *" }`, `
  schedule "near" {
    cron  = "*/5 * * * *"
    where = "source.Stage == 'Renewal'"
  }
  schedule "all" { cron = "0 3 * * *" }`, 1))
	near := func(j *engine.Job) { j.Schedule = "near" }
	all := func(j *engine.Job) { j.Schedule = "all" }
	w.company("c1", 70)
	w.company("c2", 70, "Stage", "Renewal")
	w.account("a1")
	w.account("a2")
	w.counts(w.ok(near), "read=1 matched=1 updated=1")
	w.counts(w.ok(all), "read=2 matched=2 updated=1 unchanged=1")
	w.quiet(near)
	w.company("c2", 71, "Stage", "Renewal")
	w.counts(w.ok(near), "read=1 matched=1 updated=1")
	w.quiet(all)
}

func TestMaxRecordsGoesOnNextTime(t *testing.T) {
	w := newWorld(t, strings.Replace(health, "  where =", "  max_records = 30\n  where =", 1))
	for i := range 70 {
		w.company(fmt.Sprintf("c%02d", i), 70)
		w.account(fmt.Sprintf("a%02d", i))
	}
	w.counts(w.ok(), "read=30 matched=30 updated=30")
	w.counts(w.ok(), "read=30 matched=30 updated=30")
	w.counts(w.ok(), "read=10 matched=10 updated=10")
	w.counts(w.quiet(), "")
}

func TestSourcesWithoutStampsAreComparedByContent(t *testing.T) {
	w := newWorld(t, strings.Replace(health, "cs.Company", "cs.Row", 1))
	for i := range 3 {
		w.cs.Put("Row", memory.Map{"Id": text(fmt.Sprintf("c%d", i)), "Score": num(70), "AccountId": text(fmt.Sprintf("a%d", i))})
		w.account(fmt.Sprintf("a%d", i))
	}
	w.counts(w.ok(), "read=3 matched=3 updated=3")
	w.crm.ResetCalls()
	w.counts(w.ok(), "read=3 matched=3 unchanged=3")
	if n := len(w.crm.Calls()); n != 0 {
		t.Errorf("%d calls for nothing", n)
	}
	w.cs.Put("Row", memory.Map{"Id": text("c1"), "Score": num(71)})
	w.counts(w.ok(), "read=3 matched=3 updated=1 unchanged=2")
}
