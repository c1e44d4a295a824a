package engine_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/syncline/syncline/connectors"
	"github.com/syncline/syncline/connectors/memory"
	"github.com/syncline/syncline/runtime/engine"
	"github.com/syncline/syncline/runtime/engine/recall"
	"github.com/syncline/syncline/runtime/state"
)

// meanwhile makes the source give one record a page, and edits it when page n is about to be read, from 1.
func (w *world) meanwhile(n int, edit func()) {
	w.cs.SetLimits(w.cs.Limits(), 1)
	pages := 0
	w.cs.SetHooks(memory.Hooks{BeforeRead: func(string) error {
		if pages++; pages == n {
			edit()
		}
		return nil
	}})
}

// A record that changes again while a guarded run reads comes twice in it. What the run saw last counts.
func TestARecordThatChangesTwiceInAGuardedRun(t *testing.T) {
	w := newWorld(t, guarded("max_updates = 2")) // c1 counts once
	w.company("c1", 1)
	w.company("c2", 1)
	w.ok()
	w.company("c1", 2)
	w.company("c2", 2)
	w.meanwhile(2, func() { w.company("c1", 3) })
	run := w.ok()
	w.cs.SetHooks(memory.Hooks{})
	w.counts(run, "read=3 matched=3 updated=2")
	if got := w.crm.Get("Account", w.byRef("c1"))["Score"].AsFloat(); got != 3 {
		t.Errorf("the account has %v", got)
	}
	entries, err := w.store.Ledger(t.Context(), state.LedgerFilter{Run: run.ID, Record: "c1"})
	if err != nil || len(entries) != 1 || entries[0].Fields[0].Before != int64(1) || entries[0].Fields[0].After != int64(3) {
		t.Fatalf("%v %+v", err, entries)
	}
	w.quiet(func(j *engine.Job) { j.Full = true })
}

// A plan shows such a record once, as it was seen first.
func TestAPlanShowsARecordThatComesTwiceOnce(t *testing.T) {
	for _, project := range []string{guarded("max_updates = 2"), creating} {
		w := newWorld(t, project)
		w.company("c1", 1)
		w.company("c2", 1)
		w.ok()
		w.company("c1", 2)
		w.company("c2", 2)
		w.meanwhile(2, func() { w.company("c1", 3) })
		run := w.ok(func(j *engine.Job) { j.DryRun = true })
		w.cs.SetHooks(memory.Hooks{})
		w.counts(run, "read=2 matched=2 updated=2")
		if len(w.changes) != 2 {
			t.Errorf("%+v", w.changes)
		}
	}
}

// leavingGuarded is a guarded rule whose records leave it and can be refused.
const leavingGuarded = `
sync "leaving" {
  from     = cs.Company
  to       = crm.Account
  on_leave = "delete"
  schedule { cron = "0 3 * * *" }
  where = "source.Stage != 'Churned'"
  guard {
    max_updates = 2
  }
  match {
    by      = { Id = source.AccountId }
    missing = "skip"
  }
  map {
    Score = source.Score
  }
}
`

// Whatever a run finds at its second look at a record, what it found at the first is not written: neither at once nor when
// somebody approves what waits.
func TestTheLastLookOfAGuardedRunCounts(t *testing.T) {
	stays := strings.Replace(leavingGuarded, "on_leave = \"delete\"", "", 1)
	unlinked := strings.Replace(leavingGuarded, "  match {", "  match {\n    where = \"it.Tier == source.Stage\"", 1)
	for name, c := range map[string]struct {
		project       string
		first, second func(w *world)
		score         float64 // of the account afterwards, 0: it is gone
	}{
		"changed back":      {leavingGuarded, func(w *world) { w.company("c1", 2) }, func(w *world) { w.company("c1", 1) }, 1},
		"changed again":     {leavingGuarded, func(w *world) { w.company("c1", 2) }, func(w *world) { w.company("c1", 3) }, 3},
		"left":              {leavingGuarded, func(w *world) { w.company("c1", 2) }, func(w *world) { w.company("c1", 2, "Stage", "Churned") }, 0},
		"came back":         {leavingGuarded, func(w *world) { w.company("c1", 1, "Stage", "Churned") }, func(w *world) { w.company("c1", 1) }, 1},
		"came back changed": {leavingGuarded, func(w *world) { w.company("c1", 1, "Stage", "Churned") }, func(w *world) { w.company("c1", 4) }, 4},
		"refused":           {leavingGuarded, func(w *world) { w.company("c1", 2) }, func(w *world) { w.company("c1", 1e9) }, 1},
		"unmatched":         {unlinked, func(w *world) { w.company("c1", 2) }, func(w *world) { w.company("c1", 3, "Stage", "Renewal") }, 1},
		"deleted and back": {strings.Replace(stays, "  where", "  on_delete = \"delete\"\n  where", 1), func(w *world) {
			w.cs.Remove("Company", "c1")
			w.company("c1", 2)
		}, func(w *world) { w.company("c1", 1) }, 1},
	} {
		for _, waits := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, waits %v", name, waits), func(t *testing.T) {
				w := newWorld(t, c.project)
				for i := range 5 {
					w.account(fmt.Sprintf("a%d", i), "Score", 1.0, "Tier", "Adoption")
					w.company(fmt.Sprintf("c%d", i), 1)
				}
				w.ok(func(j *engine.Job) { j.Full = true })
				c.first(w)
				w.company("c2", 7)
				if waits {
					w.company("c3", 7)
					w.company("c4", 7)
				}
				w.meanwhile(2, func() { c.second(w) })
				run := w.run()
				w.cs.SetHooks(memory.Hooks{})
				if (run.Status == state.Waiting) != waits {
					t.Fatalf("%s %s", run.Status, run.Why)
				}
				if waits {
					if _, err := w.approve(run.ID); err != nil {
						t.Fatal(err)
					}
				}
				w.want("Account", "a2", "Score", 7.0)
				if have := w.crm.Get("Account", "a1"); (have == nil) != (c.score == 0) {
					t.Fatalf("the account: %v", have)
				}
				if c.score != 0 {
					w.want("Account", "a1", "Score", c.score)
				}
			})
		}
	}
}

// A record that is refused at the first look and well at the second leaves no letter behind.
func TestALetterOfTheFirstLookIsSettledByTheSecond(t *testing.T) {
	for _, project := range []string{leavingGuarded, health} {
		w := newWorld(t, project)
		w.account("a1")
		w.account("a2")
		w.company("c1", 1e9)
		w.company("c2", 1)
		w.meanwhile(2, func() { w.company("c1", 2) })
		w.counts(w.run(), "read=3 matched=2 updated=2 dead=1")
		if l := w.letters(state.DeadOpen); len(l) != 0 {
			t.Errorf("%+v", l)
		}
		w.want("Account", "a1", "Score", 2.0)
	}
}

// A create that is taken back leaves its key to others.
func TestACreateThatIsTakenBackFreesItsKey(t *testing.T) {
	w := newWorld(t, strings.Replace(guarded("max_creates = 1"), "Ref = source.Id", "Ref = source.Owner", 1))
	w.company("c0", 1)
	w.cs.Put("Company", memory.Map{"Id": text("c0"), "Owner": text("y")})
	w.ok()
	w.company("c1", 1, "Owner", "x")
	w.company("c3", 1, "Owner", "y")
	w.meanwhile(2, func() {
		w.company("c1", 1, "Owner", nil)
		w.company("c2", 2, "Owner", "x")
	})
	run := w.run()
	if run.Created != 1 || run.Status == state.Waiting {
		t.Fatalf("%s %s: %s %v", run.Status, run.Why, counts(run), w.trouble)
	}
	w.want("Account", w.byRef("x"), "Score", 2.0)
}

// Of more creates than fit into memory, two with one key make one record all the same; so do two records with one id in a
// source that is read whole, of which the first counts.
func TestOfManyCreatesThoseWithOneKeyAreTold(t *testing.T) {
	defer recall.Bound(64)()
	const n = 2000
	w := newWorld(t, strings.Replace(guarded("max_creates = 5000"), "Ref = source.Id", "Ref = source.Owner", 1))
	for i := range n {
		owner := fmt.Sprintf("k%04d", i)
		if i == n-1 {
			owner = "k0003"
		}
		w.company(fmt.Sprintf("c%04d", i), 1, "Owner", owner)
	}
	run := w.run()
	if run.Created != n-1 || run.Dead != 1 || len(w.crm.IDs("Account")) != n-1 {
		t.Fatalf("%s", counts(run))
	}
	if l := w.letters(state.DeadOpen); len(l) != 1 || l[0].Source.ID != "c1999" || !strings.Contains(l[0].Message, "Company c0003 has the same key and creates the record") {
		t.Errorf("%+v", l)
	}
	w.want("Account", w.byRef("k0003"), "Score", 1.0)
}

// Beyond what fits into memory the changes are taken back in the store.
func TestStagedChangesAreTakenBackInTheStore(t *testing.T) {
	const n = 4500
	w := newWorld(t, strings.Replace(guarded("max_creates = 5000"), "Name  = source.Name", "Name  = \"source.Stage.size() > 10 ? 'long' : source.Name\"", 1))
	w.crm.SetLimits(connectors.Limits{Lookup: 500, WriteBatch: 200, Parallel: 1}, 500)
	long := strings.Repeat("n", 8000)
	put := func(i int, stage string, score float64) {
		w.cs.Put("Company", memory.Map{"Id": text(fmt.Sprintf("c%04d", i)), "Name": text("Company"), "Score": num(score), "Stage": text(stage)})
	}
	for i := range n {
		put(i, long, 1)
	}
	w.cs.SetLimits(w.cs.Limits(), 500)
	pages := 0
	w.cs.SetHooks(memory.Hooks{BeforeRead: func(string) error {
		if pages++; pages == 9 {
			put(0, "", 5) // staged in the store by now
			put(1, "", 1e9)
			put(n-1, "", 6) // still in memory, or not read yet
		}
		return nil
	}})
	run := w.run()
	w.cs.SetHooks(memory.Hooks{})
	if run.Created != n-1 || run.Updated != 0 || run.Dead != 1 {
		t.Fatalf("%s %s %s", run.Status, run.Why, counts(run))
	}
	w.want("Account", w.byRef("c0000"), "Score", 5.0, "Name", "Company")
	if id := w.byRef("c0001"); id != "" {
		t.Errorf("%s was made of what is refused by now", id)
	}
	w.quiet()
}
