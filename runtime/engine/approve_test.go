package engine_test

import (
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/syncline/syncline/connectors"
	"github.com/syncline/syncline/connectors/memory"
	"github.com/syncline/syncline/lang/value"
	"github.com/syncline/syncline/runtime/engine"
	"github.com/syncline/syncline/runtime/state"
)

// waiting runs into the guard of a rule and gives the run that waits.
func (w *world) waiting() state.Run {
	w.t.Helper()
	w.crm.ResetCalls()
	run := w.run()
	if calls, _ := w.crm.Count(""); calls != 0 || run.Status != state.Waiting || run.WaitsFor != state.WaitGuard || run.Outbox == nil {
		w.t.Fatalf("%d calls, %s: %s", calls, run.Status, run.Why)
	}
	return run
}

// approve approves a run and carries that out.
func (w *world) approve(id string) (state.Run, error) {
	w.t.Helper()
	job := w.newJob()
	a := state.Approval{Run: id, Rule: job.Plan.ID(), At: w.now, By: "tester"}
	if err := w.store.Approve(w.t.(*testing.T).Context(), a); err != nil {
		w.t.Fatalf("%v", err)
	}
	return engine.Carry(w.t.(*testing.T).Context(), job, a)
}

func (w *world) left(run string) int {
	w.t.Helper()
	rows, err := w.store.Staged(w.t.(*testing.T).Context(), run, 0, 10_000)
	if err != nil {
		w.t.Fatalf("%v", err)
	}
	approvals, err := w.store.Approvals(w.t.(*testing.T).Context(), "")
	if err != nil {
		w.t.Fatalf("%v", err)
	}
	return len(rows) + len(approvals)
}

func TestAnApprovalLetsTheStoredChangesGo(t *testing.T) {
	w := newWorld(t, guarded("max_creates = 3"))
	w.company("c0", 1)
	w.ok()
	for i := range 4 {
		w.company(fmt.Sprintf("d%d", i), 1)
	}
	w.company("c0", 5)
	run := w.waiting()
	if run.Outbox.Changes != 5 {
		t.Fatalf("%+v", run.Outbox)
	}
	var held []string
	if err := engine.Held(t.Context(), w.store, w.set.Syncs[0], run.ID, func(c engine.Change) { held = append(held, c.Action+" "+c.Source.ID) }); err != nil || len(held) != 5 {
		t.Fatalf("%v %v", held, err)
	}
	// What the source says by now is the next run's business.
	w.company("d0", 9)
	done, err := w.approve(run.ID)
	if err != nil || done.Status != state.Succeeded || done.ID != run.ID || done.Approved == nil || done.Approved.By != "tester" || done.Outbox != nil {
		t.Fatalf("%v %+v", err, done)
	}
	w.counts(done, "read=5 matched=1 created=4 updated=1")
	if n := w.left(run.ID); n != 0 {
		t.Errorf("%d rows are left of it", n)
	}
	entries, err := w.store.Ledger(t.Context(), state.LedgerFilter{Run: run.ID})
	if err != nil || len(entries) != 5 {
		t.Errorf("%d entries in the ledger, %v", len(entries), err)
	}
	// The checkpoint moved with it: only what changed since is read.
	w.counts(w.ok(), "read=1 matched=1 updated=1")
	w.quiet()
	if _, err := w.approve(run.ID); !errors.Is(err, engine.ErrNotWaiting) {
		t.Errorf("approved twice: %v", err)
	}
	if n := w.left(run.ID); n != 0 {
		t.Errorf("%d rows are left of a void approval", n)
	}
}

func TestAnApprovalDropsWhatChangedSince(t *testing.T) {
	w := newWorld(t, strings.Replace(health, "  map {", "  guard { max_updates = 2 }\n  map {", 1))
	for i := range 4 {
		w.account(fmt.Sprintf("a%d", i))
		w.company(fmt.Sprintf("c%d", i), 1)
	}
	run := w.waiting()
	w.account("a0", "Score", 77.0)                                 // somebody else was faster
	w.crm.Remove("Account", "a1")                                  // gone
	w.account("a2", "Score", 1.0, "Tier", "Red", "Ref", "by hand") // in step already; the other field is not ours
	done, err := w.approve(run.ID)
	if err != nil || done.Status != state.Succeeded || !strings.Contains(done.Why, "2 of 4 approved changes were dropped") {
		t.Fatalf("%v %s %s", err, done.Status, done.Why)
	}
	if len(w.trouble) != 2 || w.trouble[0].Kind != "dropped" || !strings.Contains(w.trouble[0].Message, "Score of its target a0 has changed from empty to \"77\"") {
		t.Errorf("%+v", w.trouble)
	}
	w.want("Account", "a0", "Score", 77.0)
	w.want("Account", "a3", "Score", 1.0)
	// What was dropped is looked at again.
	w.counts(w.run(), "read=4 matched=3 updated=1 unchanged=2 unmatched=1")
	w.want("Account", "a0", "Score", 1.0)
}

func TestALaterRunReplacesWhatWaits(t *testing.T) {
	w := newWorld(t, guarded("max_creates = 1"))
	w.company("c1", 1)
	w.company("c2", 1)
	first := w.waiting()
	second := w.waiting()
	if first.Outbox.Digest != second.Outbox.Digest {
		t.Fatal("the same changes have two digests")
	}
	if n := w.left(first.ID); n != 0 {
		t.Errorf("%d rows are left of the first", n)
	}
	// The first was seen, the second waits with the very same changes.
	if run, err := engine.Approvable(t.Context(), w.store, first.ID); err != nil || run.ID != second.ID {
		t.Errorf("%s %v", run.ID, err)
	}
	w.company("c3", 1)
	third := w.waiting()
	if _, err := engine.Approvable(t.Context(), w.store, first.ID); !errors.Is(err, engine.ErrNotWaiting) || !strings.Contains(err.Error(), third.ID) {
		t.Errorf("other changes are approved under an old name: %v", err)
	}
	if done, err := w.approve(third.ID); err != nil || done.Created != 3 {
		t.Errorf("%v %+v", err, done)
	}
	if _, err := engine.Approvable(t.Context(), w.store, first.ID); !errors.Is(err, engine.ErrNotWaiting) {
		t.Errorf("%v", err)
	}
}

func TestARejectedRunWritesNothing(t *testing.T) {
	w := newWorld(t, guarded("max_creates = 0"))
	w.company("c1", 1)
	run := w.waiting()
	if _, err := engine.Reject(t.Context(), w.store, run, "tester"); err != nil {
		t.Fatal(err)
	}
	if n := w.left(run.ID); n != 0 || len(w.crm.IDs("Account")) != 0 {
		t.Errorf("%d rows, %v", n, w.crm.IDs("Account"))
	}
	if _, err := engine.Approvable(t.Context(), w.store, run.ID); !errors.Is(err, engine.ErrNotWaiting) || !strings.Contains(err.Error(), "stopped") {
		t.Error(err)
	}
}

func TestAnApprovalIsNotForAnotherMeaning(t *testing.T) {
	w := newWorld(t, guarded("max_creates = 0"))
	w.company("c1", 1)
	run := w.waiting()
	w.compile(strings.Replace(guarded("max_creates = 0"), "Name  = source.Name", `Name  = "upper(source.Name)"`, 1))
	if _, err := w.approve(run.ID); !errors.Is(err, engine.ErrNotWaiting) || !strings.Contains(err.Error(), "was changed since") {
		t.Fatal(err)
	}
	if len(w.crm.IDs("Account")) != 0 {
		t.Error("it was written all the same")
	}
}

// Of an approval that was cut off, what is left is for the meaning that was approved only. The run says what became of it.
func TestAnApprovalThatWasCutOffIsNotForAnotherMeaning(t *testing.T) {
	w := newWorld(t, guarded("max_creates = 0"))
	w.company("c1", 1)
	run := w.waiting()
	w.job = func(j *engine.Job) { j.Store = &faulty{Store: w.store} }
	if _, err := w.approve(run.ID); !errors.Is(err, errFull) {
		t.Fatal(err)
	}
	w.job = nil
	if err := engine.StopAbandoned(t.Context(), w.store); err != nil {
		t.Fatal(err)
	}
	if _, err := engine.Approvable(t.Context(), w.store, run.ID); err != nil {
		t.Error(err)
	}
	w.compile(strings.Replace(guarded("max_creates = 5"), "Name  = source.Name", `Name  = "upper(source.Name)"`, 1))
	if _, err := w.approve(run.ID); !errors.Is(err, engine.ErrNotWaiting) || !strings.Contains(err.Error(), "was changed since") {
		t.Fatal(err)
	}
	runs, err := w.store.Runs(t.Context(), state.RunFilter{ID: run.ID})
	if err != nil || runs[0].Status != state.Stopped || runs[0].Holds() || !strings.Contains(runs[0].Why, "was changed before all that was approved was written") {
		t.Errorf("%v %+v", err, runs)
	}
	if n := w.left(run.ID); n != 0 {
		t.Errorf("%d rows are left of it", n)
	}
	w.counts(w.ok(), "read=1 created=1")
}

func TestAnApprovalGoesOnAfterAFailure(t *testing.T) {
	w := newWorld(t, guarded("max_creates = 0"))
	for i := range 120 {
		w.company(fmt.Sprintf("c%03d", i), 1)
	}
	run := w.waiting()
	var calls atomic.Int64 // writes go side by side
	w.crm.SetHooks(memory.Hooks{BeforeWrite: func(connectors.Write) error {
		if calls.Add(1) > 1 {
			return &connectors.Error{Class: connectors.Limit, Message: "quota", RetryAfter: time.Hour}
		}
		return nil
	}})
	half, err := w.approve(run.ID)
	if err != nil || half.Status != state.Waiting || half.WaitsFor != state.WaitSystem || half.Created == 0 || half.Created == 120 {
		t.Fatalf("%v %s %s %d", err, half.Status, half.Why, half.Created)
	}
	w.crm.SetHooks(memory.Hooks{})
	done, err := w.approve(run.ID)
	if err != nil || done.Status != state.Succeeded || done.Created != 120 || len(w.crm.IDs("Account")) != 120 {
		t.Fatalf("%v %s %s %d", err, done.Status, done.Why, done.Created)
	}
	w.counts(w.quiet(), "")
	if v := w.crm.Get("Account", w.crm.IDs("Account")[0])["Score"]; !value.Equal(v, num(1)) {
		t.Error(v)
	}
}

// What an approval had made before it was cut off is not taken for what somebody else made: it goes on from there.
func TestAnApprovalKnowsWhatItMadeBeforeItWasCutOff(t *testing.T) {
	for _, key := range []string{"Ref", "Gsid"} { // found by a look-up, written by its key
		for n := range 3 {
			for _, after := range []bool{false, true} {
				w := newWorld(t, strings.Replace(guarded("max_creates = 0"), "Ref = source.Id", key+" = source.Id", 1))
				for i := range 30 {
					w.company(fmt.Sprintf("c%02d", i), 1)
				}
				run := w.waiting()
				w.job = func(j *engine.Job) { j.Store = &faulty{Store: w.store, left: n, after: after} }
				_, err := w.approve(run.ID)
				if err != nil && !errors.Is(err, errFull) {
					t.Fatal(err)
				}
				cut := err != nil
				w.job = nil
				if _, err := w.approve(run.ID); err != nil && (cut || !errors.Is(err, engine.ErrNotWaiting)) {
					t.Fatal(err)
				}
				if len(w.trouble) != 0 {
					t.Fatalf("%s, failure %d (%v): %+v", key, n, after, w.trouble)
				}
				w.quiet()
				entries, err := w.store.Ledger(t.Context(), state.LedgerFilter{Run: run.ID})
				if err != nil || len(entries) != 30 || entries[0].Action != "create" || len(w.crm.IDs("Account")) != 30 {
					t.Fatalf("%s, failure %d (%v): %d entries, %d accounts, %v", key, n, after, len(entries), len(w.crm.IDs("Account")), err)
				}
			}
		}
	}
}

// A record that appeared while an approval was cut off, and is not what it was to make, is somebody's.
func TestAnApprovalThatGoesOnLeavesOthersRecordsAlone(t *testing.T) {
	w := newWorld(t, guarded("max_creates = 0"))
	w.company("c1", 1)
	w.company("c2", 1)
	run := w.waiting()
	w.job = func(j *engine.Job) { j.Store = &faulty{Store: w.store} }
	if _, err := w.approve(run.ID); !errors.Is(err, errFull) {
		t.Fatal(err)
	}
	w.job = nil
	w.account("a1", "Ref", "c1", "Score", 7.0)
	done, err := w.approve(run.ID)
	if err != nil || done.Created != 1 || len(w.trouble) != 1 || w.trouble[0].Kind != "dropped" {
		t.Fatalf("%v %s %+v", err, counts(done), w.trouble)
	}
	w.want("Account", "a1", "Score", 7.0)
}
