package engine_test

import (
	"slices"
	"testing"

	"github.com/syncline/syncline/connectors"
	"github.com/syncline/syncline/connectors/memory"
	"github.com/syncline/syncline/runtime/engine"
	"github.com/syncline/syncline/runtime/state"
)

const namedRule = `
sync "score" {
  from  = cs.Company
  to    = crm.Account
  where = "source.Stage == 'Adoption'"
  match {
    by = { Id = source.AccountId }
  }
  map {
    Score = source.Score
  }
}
`

func names(read *[]string, ids ...string) func(*engine.Job) {
	return func(j *engine.Job) {
		j.Records = ids
		j.OnRead = func(id, version string) {
			if version == "" {
				id += " without a stamp"
			}
			*read = append(*read, id)
		}
	}
}

// A run for events takes the records that they name, leaves the rest to the next pass, and does not move its position.
func TestNamedRecords(t *testing.T) {
	w := newWorld(t, namedRule)
	for _, n := range []string{"1", "2", "3", "4"} {
		w.company("c"+n, 10)
		w.account("a" + n)
	}
	var read []string
	run := w.ok(names(&read, "c1"))
	if !run.Full || run.Read != 4 || len(read) != 4 {
		t.Fatalf("the first run is no baseline: %+v", run)
	}
	at, err := w.store.Checkpoint(t.Context(), "sync.score", "")
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range []string{"1", "2", "3"} {
		w.company("c"+n, 20)
	}
	w.company("c4", 20, "Stage", "Churned")

	read = nil
	run = w.ok(names(&read, "c2", "c4", "c9", "c2"))
	slices.Sort(read)
	if counts(run) != "read=2 filtered=1 matched=1 updated=1" || !slices.Equal(read, []string{"c2", "c4"}) {
		t.Errorf("%s, read %v", counts(run), read)
	}
	w.want("Account", "a1", "Score", 10)
	w.want("Account", "a2", "Score", 20)
	w.want("Account", "a4", "Score", 10)
	if now, err := w.store.Checkpoint(t.Context(), "sync.score", ""); err != nil || now != at {
		t.Errorf("the position moved from %+v to %+v, %v", at, now, err)
	}

	run = w.ok()
	if counts(run) != "read=3 matched=3 updated=2 unchanged=1" {
		t.Errorf("the pass afterwards: %s", counts(run))
	}
	w.quiet()
}

// What a guard holds back stays held back: a run for events neither replaces it nor adds to it.
func TestNamedRecordsAndTheGuard(t *testing.T) {
	w := newWorld(t, namedRule[:len(namedRule)-2]+"  guard {\n    max_updates = 1\n  }\n}\n")
	for _, n := range []string{"1", "2", "3"} {
		w.company("c"+n, 10)
		w.account("a"+n, "Score", 10)
	}
	w.ok()
	w.company("c1", 20)
	w.company("c2", 20)
	held := w.run()
	if held.WaitsFor != state.WaitGuard || held.Outbox == nil || held.Outbox.Changes != 2 {
		t.Fatalf("%+v", held)
	}
	var read []string
	run := w.run(names(&read, "c1", "c2"))
	if run.WaitsFor != state.WaitGuard || run.Outbox != nil {
		t.Errorf("beyond the guard: %+v", run)
	}
	w.want("Account", "a1", "Score", 10)
	w.company("c3", 30)
	w.ok(names(&read, "c3"))
	w.want("Account", "a3", "Score", 30)
	runs, err := w.store.Runs(t.Context(), state.RunFilter{ID: held.ID})
	if err != nil || len(runs) != 1 || runs[0].Status != state.Waiting || runs[0].Outbox == nil || runs[0].Outbox.Replaced != "" {
		t.Errorf("what waited is now %+v, %v", runs, err)
	}
}

// A run for events that breaks off leaves what it did not do to the next one.
func TestNamedRecordsBreakOff(t *testing.T) {
	w := newWorld(t, namedRule)
	w.company("c1", 10)
	w.account("a1")
	w.ok()
	w.company("c1", 20)
	w.crm.SetHooks(memory.Hooks{BeforeWrite: func(connectors.Write) error {
		return &connectors.Error{Class: connectors.Auth, Message: "no"}
	}})
	var read []string
	if run := w.run(names(&read, "c1")); run.Status == state.Succeeded || run.Updated > 0 {
		t.Fatalf("%+v", run)
	}
	w.crm.SetHooks(memory.Hooks{})
	w.ok(names(&read, "c1"))
	w.want("Account", "a1", "Score", 20)
}
