package engine_test

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/syncline/syncline/connectors"
	"github.com/syncline/syncline/connectors/memory"
	"github.com/syncline/syncline/runtime/engine"
	"github.com/syncline/syncline/runtime/state"
)

const health = `
sync "health" {
  from = cs.Company
  to   = crm.Account
  schedule { cron = "0 3 * * *" }
  where = "source.Stage != 'Churned'"
  match {
    by = [{ Id = source.AccountId }, { Gsid = source.Id }]
    missing   = "skip"
    ambiguous = "error"
  }
  map {
    Score = source.Score
    Tier  = "source.Score >= 60.0 ? 'Green' : 'Red'"
  }
}
`

const creating = `
sync "create" {
  from = cs.Company
  to   = crm.Account
  schedule { cron = "0 3 * * *" }
  match {
    by      = { Ref = source.Id }
    missing = "create"
    ambiguous = "error"
  }
  map {
    Name  = source.Name
    Score = source.Score
  }
}
`

func TestARunBringsTheTargetInStepAndASecondOneWritesNothing(t *testing.T) {
	w := newWorld(t, health)
	for i := range 5 {
		w.company(fmt.Sprintf("c%d", i), float64(40+10*i))
		w.account(fmt.Sprintf("a%d", i))
	}
	w.company("c9", 10) // no account
	w.company("c8", 10, "Stage", "Churned")
	w.counts(w.ok(), "read=6 matched=5 updated=5 unmatched=1")
	w.want("Account", "a0", "Score", 40.0, "Tier", "Red", "Name", "Account a0")
	w.want("Account", "a3", "Score", 70.0, "Tier", "Green")
	w.counts(w.quiet(), "")

	w.company("c1", 99.456)
	w.crm.ResetCalls()
	run := w.ok()
	w.counts(run, "read=1 matched=1 updated=1")
	w.want("Account", "a1", "Score", 99.46, "Tier", "Green")
	if reads, _ := w.crm.Count("read"); reads != 1 || run.Calls["crm"] != 2 {
		t.Errorf("one changed record cost %d reads and %d calls", reads, run.Calls["crm"])
	}
	w.quiet()
}

func TestOnlyWhatDiffersIsWrittenInTheTargetsStoredForm(t *testing.T) {
	w := newWorld(t, health)
	w.company("c1", 70.004)
	w.account("a1", "Score", 70.0, "Tier", "Red")
	w.ok()
	if len(w.changes) != 1 || len(w.changes[0].Fields) != 1 || w.changes[0].Fields[0].Name != "Tier" {
		t.Fatalf("changes %+v", w.changes)
	}
	w.company("c1", 70.001) // rounds to the same
	w.counts(w.quiet(), "read=1 matched=1 unchanged=1")
	if reads, _ := w.crm.Count("read"); reads != 0 {
		t.Errorf("an agreed value was read again")
	}
}

func TestAHandEditStaysUntilAFullPass(t *testing.T) {
	w := newWorld(t, health)
	w.company("c1", 70)
	w.account("a1")
	w.ok()
	w.account("a1", "Score", 1.0)
	w.quiet()
	w.want("Account", "a1", "Score", 1.0)
	w.counts(w.ok(func(j *engine.Job) { j.Full = true }), "read=1 matched=1 updated=1")
	w.want("Account", "a1", "Score", 70.0)
	// Another meaning asks for one full pass by itself.
	w.account("a1", "Score", 2.0)
	w.compile(strings.Replace(health, "60.0", "65.0", 1))
	w.counts(w.ok(), "read=1 matched=1 updated=1")
	w.counts(w.quiet(), "")
}

func TestLedgerSaysWhatWasWrittenAndWhy(t *testing.T) {
	w := newWorld(t, health)
	w.company("c1", 70)
	w.account("a1", "Tier", "Red")
	w.ok()
	entries, err := w.store.Ledger(context.Background(), state.LedgerFilter{Record: "a1"})
	if err != nil || len(entries) != 1 {
		t.Fatalf("%d entries, %v", len(entries), err)
	}
	b, _ := json.Marshal(entries[0].Fields)
	want := `[{"name":"Score","before":null,"after":70,"expression":"source.Score","inputs":{"source.Score":70}},` +
		`{"name":"Tier","before":"Red","after":"Green","expression":"source.Score \u003e= 60.0 ? 'Green' : 'Red'","inputs":{"source.Score":70}}]`
	if string(b) != want {
		t.Errorf("fields\n%s\nwant\n%s", b, want)
	}
	if e := entries[0]; e.Action != "update" || e.Source.ID != "c1" || e.Run != "run-1" || e.Object != "Account" || e.Connection != "crm" {
		t.Errorf("entry %+v", e)
	}
}

func TestAPlanWritesNothing(t *testing.T) {
	w := newWorld(t, creating)
	w.company("c1", 70)
	w.company("c2", 80)
	w.account("x", "Ref", "c1", "Name", "Old")
	dry := func(j *engine.Job) { j.DryRun = true }
	for range 2 { // and remembers nothing
		run := w.quiet(dry)
		w.counts(run, "read=2 matched=1 created=1 updated=1")
		if got := actions(w.changes); got != "create c2, update c1" {
			t.Errorf("changes %s", got)
		}
	}
	if s := engine.Summarize(w.run(dry)); s != (engine.Summary{Create: 1, Update: 1}) {
		t.Errorf("summary %+v", s)
	}
	if runs, _ := w.store.Runs(context.Background(), state.RunFilter{}); len(runs) != 0 {
		t.Errorf("a plan left runs: %v", runs)
	}
	b, err := json.Marshal(w.changes[0])
	want := `{"rule":"sync.create","action":"update","connection":"crm","object":"Account","id":"x","source":{"connection":"cs","object":"Company","id":"c1"},` +
		`"fields":{"Name":{"before":"Old","after":"Company c1"},"Score":{"before":null,"after":70}}}`
	if err != nil || string(b) != want {
		t.Errorf("%s\nwant\n%s", b, want)
	}
}

func TestCreates(t *testing.T) {
	w := newWorld(t, creating)
	for i := range 120 {
		w.company(fmt.Sprintf("c%03d", i), float64(i))
	}
	w.counts(w.ok(), "read=120 created=120")
	if n := len(w.crm.IDs("Account")); n != 120 {
		t.Fatalf("%d accounts", n)
	}
	id := w.byRef("c000")
	w.want("Account", id, "Ref", "c000", "Name", "Company c000")
	w.quiet()
	if claims, _ := w.store.Claims(context.Background(), "sync.create"); len(claims) != 0 {
		t.Errorf("claims are left: %v", claims)
	}
	// What somebody deletes is not created again.
	w.crm.Remove("Account", id)
	w.company("c000", 5)
	w.counts(w.run(), "read=1 unmatched=1")
	w.counts(w.run(func(j *engine.Job) { j.Full = true }), "read=120 matched=119 unchanged=119 unmatched=1")
	if n := len(w.crm.IDs("Account")); n != 119 {
		t.Errorf("%d accounts", n)
	}
}

func TestACreateOnAKeyFieldIsAnUpsert(t *testing.T) {
	w := newWorld(t, strings.Replace(creating, "Ref = source.Id", "Gsid = source.Id", 1))
	w.company("c1", 1)
	w.ok()
	if calls, _ := w.crm.Count("upsert"); calls != 1 {
		t.Errorf("%v", w.crm.Calls())
	}
	w.quiet()
}

func TestOneRecordsFailureLeavesTheOthersAlone(t *testing.T) {
	w := newWorld(t, creating)
	w.company("c1", 1)
	w.company("c2", 2, "Name", strings.Repeat("long", 20)) // 80 into 40
	w.company("c3", 3)
	w.company("c4", 99999) // 5 digits, 2 of them after the point
	run := w.run()
	w.counts(run, "read=4 created=2 dead=2")
	if run.Status != state.Partial {
		t.Errorf("status %s", run.Status)
	}
	letters := w.letters(state.DeadOpen)
	if len(letters) != 2 || letters[0].Step != "evaluate" || !strings.Contains(letters[0].Message+letters[1].Message, "Name: Name holds 40 characters") {
		t.Errorf("%+v", letters)
	}
	// They are left alone until they change, and settled when they are written.
	w.counts(w.quiet(), "")
	w.company("c2", 2)
	w.counts(w.ok(), "read=1 created=1")
	if n := len(w.letters(state.DeadOpen)); n != 1 {
		t.Errorf("%d letters are open", n)
	}
}

func TestARefusedRecordIsADeadLetterAndCanBeRetried(t *testing.T) {
	w := newWorld(t, health)
	w.company("c1", 1)
	w.company("c2", 2)
	w.account("a1")
	w.account("a2")
	refuse := true
	w.crm.SetHooks(memory.Hooks{Record: func(_ string, _ connectors.Op, r connectors.Record) *connectors.Error {
		if refuse && r.ID == "a2" {
			return &connectors.Error{Class: connectors.Reject, Code: "FIELD_CUSTOM_VALIDATION_EXCEPTION", Message: "no", Request: "req", Answer: "ans", Hint: "ask"}
		}
		return nil
	}})
	w.counts(w.run(), "read=2 matched=2 updated=1 dead=1")
	letters := w.letters(state.DeadOpen)
	if len(letters) != 1 {
		t.Fatalf("%+v", letters)
	}
	if l := letters[0]; l.Source.ID != "c2" || l.Target != "a2" || l.Step != "deliver" || l.Class != "reject" || l.Request != "req" || l.Answer != "ans" || l.Hint != "ask" || l.Code == "" {
		t.Errorf("%+v", l)
	}
	w.quiet()
	retry := func() state.Run {
		if err := w.store.SetDead(context.Background(), []int64{letters[0].ID}, state.DeadRetry); err != nil {
			t.Fatal(err)
		}
		return w.run()
	}
	w.counts(retry(), "read=1 matched=1 dead=1")
	refuse = false
	w.counts(retry(), "read=1 matched=1 updated=1")
	if n := len(w.letters(state.DeadSettled)); n != 1 {
		t.Errorf("%d letters are settled", n)
	}
	w.quiet()
}
