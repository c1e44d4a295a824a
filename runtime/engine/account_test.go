package engine_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/syncline/syncline/connectors"
	"github.com/syncline/syncline/connectors/memory"
	"github.com/syncline/syncline/runtime/engine"
	"github.com/syncline/syncline/runtime/state"
)

// accounting has changes of all kinds: updates of what is linked, creates, and deletes of what leaves.
const accounting = `
sync "all" {
  from     = cs.Company
  to       = crm.Account
  on_leave = "delete"
  where    = "source.Stage != 'Churned'"
  schedule { cron = "0 3 * * *" }
  match {
    by        = { Ref = source.Id }
    missing   = "create"
    ambiguous = "error"
  }
  guard { max_deletes = 1000 }
  map {
    Name  = source.Name
    Score = source.Score
    Tier  = source.Stage
  }
}
`

// upserting is the same with creates by a key of the target.
var upserting = strings.Replace(strings.Replace(accounting, "Ref =", "Gsid =", 1), "    Name ", "    Gsid  = source.Id\n    Name ", 1)

// cut runs with a store that dies when it is to commit the outcome of a delivery: all was sent, and nothing of it stored.
func (w *world) cut(edit ...func(*engine.Job)) string {
	w.t.Helper()
	job := w.newJob()
	job.Store = &cutStore{Store: w.store}
	for _, e := range edit {
		e(&job)
	}
	if run, err := engine.Run(context.Background(), job); !errors.Is(err, errFull) {
		w.t.Fatalf("the run was not cut off: %s %s %v", run.Status, run.Why, err)
	}
	return job.RunID
}

// cutStore fails with the first outcome that has entries, and for good: what is stored then is what a killed process leaves.
type cutStore struct {
	state.Store
	dead bool
}

func (c *cutStore) Commit(ctx context.Context, o state.Outcome) error {
	if c.dead = c.dead || len(o.Ledger) > 0; c.dead {
		return errFull
	}
	return c.Store.Commit(ctx, o)
}

func (c *cutStore) SaveRun(ctx context.Context, r state.Run) error {
	if c.dead {
		return errFull
	}
	return c.Store.SaveRun(ctx, r)
}

// told gives the ledger's entries, oldest first, as text: those of one run, or of all for "".
func (w *world) told(run string) (out []string) {
	w.t.Helper()
	entries, err := w.store.Ledger(context.Background(), state.LedgerFilter{Run: run})
	if err != nil {
		w.t.Fatalf("%v", err)
	}
	slices.Reverse(entries)
	for _, e := range entries {
		line := e.Action + " " + e.Source.ID
		if e.InDoubt {
			line += "?"
		}
		for _, f := range e.Fields {
			if f.Name == "Score" {
				line += fmt.Sprintf(" %v→%v", f.Before, f.After)
			}
		}
		out = append(out, line)
	}
	slices.Sort(out)
	return out
}

func (w *world) tells(run string, want ...string) {
	w.t.Helper()
	slices.Sort(want)
	if got := w.told(run); !slices.Equal(got, want) {
		w.t.Errorf("the ledger of %q has %q, want %q", run, got, want)
	}
}

// nothingDue sees that no intent is left.
func (w *world) nothingDue() {
	w.t.Helper()
	names, err := w.store.StagedNames(context.Background())
	if err != nil || len(names) > 0 {
		w.t.Errorf("something is still about to be sent: %v %v", names, err)
	}
}

func TestWhatWasWrittenBeforeAKillIsTold(t *testing.T) {
	for _, project := range []string{accounting, upserting} {
		w := newWorld(t, project)
		for _, id := range []string{"c1", "c2", "c3"} {
			w.company(id, 1)
		}
		first := w.cut()
		w.tells("")
		second := w.ok().ID
		w.tells(first, "create c1 <nil>→1", "create c2 <nil>→1", "create c3 <nil>→1")
		w.tells(second)
		if n := len(w.crm.IDs("Account")); n != 3 {
			t.Errorf("%d accounts", n)
		}
		w.quiet()

		w.company("c1", 2)
		w.company("c2", 1, "Stage", "Churned")
		w.company("c4", 4)
		cut := w.cut()
		again := w.ok()
		w.tells(cut, "update c1 1→2", "delete c2", "create c4 <nil>→4")
		w.tells(again.ID)
		w.counts(again, "read=3 filtered=1 matched=2 unchanged=2")
		runs, err := w.store.Runs(t.Context(), state.RunFilter{ID: cut})
		if err != nil || len(runs) != 1 || counts(runs[0]) != "read=3 filtered=1 matched=1 created=1 updated=1 deleted=1" {
			t.Errorf("%v %s", err, counts(runs[0]))
		}
		entries, err := w.store.Ledger(t.Context(), state.LedgerFilter{Run: cut, Record: "c1"})
		if err != nil || len(entries) != 1 || entries[0].Fields[0].Expression != "source.Score" || entries[0].Fields[0].Inputs["source.Score"] == nil ||
			!entries[0].At.Before(w.now) || entries[0].Target == "" {
			t.Errorf("%v %+v", err, entries)
		}
		w.nothingDue()
		// A record that left and came back is created once more.
		w.company("c2", 7)
		w.tells(w.ok().ID, "create c2 <nil>→7")
		w.quiet(func(j *engine.Job) { j.Full = true })
	}
}

func TestWhatWasNotWrittenBeforeAKillIsWrittenOnce(t *testing.T) {
	for _, project := range []string{accounting, upserting} {
		w := newWorld(t, project)
		w.company("c1", 1)
		w.company("c2", 1)
		w.ok()
		w.company("c1", 2)
		w.company("c2", 1, "Stage", "Churned")
		w.company("c3", 3)
		w.crm.SetHooks(memory.Hooks{BeforeWrite: func(connectors.Write) error { return &connectors.Error{Class: connectors.Auth, Message: "no"} }})
		cut := w.run(func(j *engine.Job) { j.Store = forgetful{w.store} }).ID
		w.crm.SetHooks(memory.Hooks{})
		w.tells(cut)
		w.tells(w.ok().ID, "update c1 1→2", "delete c2", "create c3 <nil>→3")
		w.tells(cut)
		w.quiet()
		w.nothingDue()
	}
}

// forgetful is a store that does not hear that intents are done, as when the process dies before anything is sent.
type forgetful struct{ state.Store }

func (f forgetful) Commit(ctx context.Context, o state.Outcome) error {
	o.Unstage, o.Restage, o.Claims = nil, nil, nil
	return f.Store.Commit(ctx, o)
}

func TestWhatSomebodyChangedAfterAKillIsToldAsFarAsItCanBe(t *testing.T) {
	tests := []struct {
		name  string
		since func(w *world, id string)
		entry string
	}{
		{"as it was sent", func(*world, string) {}, "update c1 1→2"},
		{"one field", func(w *world, id string) { w.account(id, "Tier", "Platinum", "Name", "New", "Score", 2.0) }, "update c1 1→2"},
		{"all of it", func(w *world, id string) { w.account(id, "Tier", "Platinum", "Name", "x", "Score", 9.0) }, "update c1? 1→2"},
		{"as it was before", func(w *world, id string) { w.account(id, "Tier", "Adoption", "Name", "Company c1", "Score", 1.0) }, ""},
		{"one as before", func(w *world, id string) { w.account(id, "Tier", "Renewal", "Name", "Company c1", "Score", 2.0) }, "update c1? 1→2"},
		{"deleted", func(w *world, id string) { w.crm.Remove("Account", id) }, "update c1? 1→2"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t, accounting)
			w.company("c1", 1)
			w.ok()
			w.company("c1", 2, "Stage", "Renewal", "Name", "New")
			cut := w.cut()
			tt.since(w, w.byRef("c1"))
			w.run(func(j *engine.Job) { j.Full = true })
			if tt.entry == "" {
				w.tells(cut)
			} else {
				w.tells(cut, tt.entry)
			}
			w.nothingDue()
			if tt.name != "deleted" {
				w.want("Account", w.byRef("c1"), "Tier", "Renewal", "Name", "New", "Score", 2.0)
			}
			w.quiet()
		})
	}
}

// A target that does not answer is asked again, one that refuses to be asked does not hold the rule up.
func TestATargetThatCannotBeReadAfterAKill(t *testing.T) {
	w := newWorld(t, accounting)
	w.company("c1", 1)
	w.ok()
	for _, class := range []connectors.Class{connectors.Retry, connectors.Auth, connectors.Permanent} {
		w.company("c1", w.crm.Get("Account", w.byRef("c1"))["Score"].AsFloat()+1)
		cut := w.cut()
		refuse := 0
		w.crm.SetHooks(memory.Hooks{BeforeRead: func(string) error {
			if refuse++; refuse == 1 || class != connectors.Permanent {
				return &connectors.Error{Class: class, Message: "no"}
			}
			return nil
		}})
		run := w.run()
		if kept := class != connectors.Permanent; kept {
			w.tells(cut)
			if run.Status == state.Succeeded {
				t.Errorf("%s: %s", class, run.Status)
			}
			w.crm.SetHooks(memory.Hooks{})
			w.ok()
			if got := w.told(cut); len(got) != 1 || strings.Contains(got[0], "?") {
				t.Errorf("%s: %q", class, got)
			}
		} else if got := w.told(cut); len(got) != 1 || !strings.Contains(got[0], "?") || run.Status != state.Succeeded {
			t.Errorf("%s: %q %s %s", class, got, run.Status, run.Why)
		}
		w.nothingDue()
	}
}

// Updates whose answers were lost, in a run that then gave up, are told by the next.
func TestUpdatesThatWereNotAnsweredAreTold(t *testing.T) {
	w := newWorld(t, accounting)
	for i := range 5 {
		w.company(fmt.Sprintf("c%d", i), 1)
	}
	w.ok()
	for i := range 4 {
		w.company(fmt.Sprintf("c%d", i), 2)
	}
	lost := false
	w.crm.SetHooks(memory.Hooks{
		BeforeWrite: func(connectors.Write) error {
			if lost {
				return &connectors.Error{Class: connectors.Retry, Message: "down"}
			}
			return nil
		},
		AfterWrite: func(connectors.Write, []connectors.Result) error {
			lost = true
			return &connectors.Error{Class: connectors.InDoubt, Message: "connection reset"}
		}})
	run := w.run()
	if run.Status != state.Waiting || run.Updated != 0 {
		t.Fatalf("%s %s", run.Status, counts(run))
	}
	w.tells(run.ID)
	w.crm.SetHooks(memory.Hooks{})
	w.company("c4", 2)
	w.tells(w.ok().ID, "update c4 1→2")
	w.tells(run.ID, "update c0 1→2", "update c1 1→2", "update c2 1→2", "update c3 1→2")
	w.nothingDue()
	w.quiet()
}

// An approved run that is cut off, and goes on, tells each of its writes once.
func TestAnApprovedRunThatIsCutOffTellsItsWritesOnce(t *testing.T) {
	for _, project := range []string{accounting, upserting} {
		for n := range 7 {
			for _, after := range []bool{false, true} {
				w := newWorld(t, strings.Replace(project, "max_deletes = 1000", "max_deletes = 0", 1))
				w.company("c1", 1)
				w.company("c2", 1)
				w.ok()
				w.company("c1", 2)
				w.company("c2", 1, "Stage", "Churned")
				w.company("c3", 3)
				waiting := w.waiting()
				a := state.Approval{Run: waiting.ID, Rule: waiting.Rule, At: w.now, By: "tester"}
				if err := w.store.Approve(t.Context(), a); err != nil {
					t.Fatal(err)
				}
				cut := w.newJob()
				cut.Store = &faulty{Store: w.store, left: n, after: after}
				_, _ = engine.Carry(t.Context(), cut, a)
				if approvals, _ := w.store.Approvals(t.Context(), ""); len(approvals) > 0 {
					if _, err := engine.Carry(t.Context(), w.newJob(), a); err != nil {
						t.Fatal(err)
					}
				}
				w.tells(waiting.ID, "update c1 1→2", "delete c2", "create c3 <nil>→3")
				w.nothingDue()
				if runs, _ := w.store.Runs(t.Context(), state.RunFilter{ID: waiting.ID}); counts(runs[0]) != "read=3 filtered=1 matched=1 created=1 updated=1 deleted=1" {
					t.Errorf("%d %v: %s %s", n, after, counts(runs[0]), runs[0].Why)
				}
				w.quiet()
			}
		}
	}
}

// Wherever the store fails, each write is told once: also where it fails while that is seen to.
func TestAStoreThatFailsAtAnyPointTellsEachWriteOnce(t *testing.T) {
	for _, project := range []string{accounting, upserting, strings.Replace(accounting, "guard { max_deletes = 1000 }", "on_null = \"keep\"", 1)} {
		for n := range 24 {
			if testing.Short() && n%5 != 1 {
				continue
			}
			w := newWorld(t, project)
			w.cs.SetLimits(connectors.Limits{Lookup: 10, WriteBatch: 3, Parallel: 1}, 4)
			for i := range 6 {
				w.company(fmt.Sprintf("c%d", i), 1)
			}
			w.ok()
			var want []string
			for i := range 9 {
				id := fmt.Sprintf("c%d", i)
				switch {
				case i < 3:
					w.company(id, 2)
					want = append(want, "update "+id+" 1→2")
				case i < 6:
					w.company(id, 1, "Stage", "Churned")
					want = append(want, "delete "+id)
				default:
					w.company(id, 3)
					want = append(want, "create "+id+" <nil>→3")
				}
			}
			for i := range 6 {
				want = append(want, fmt.Sprintf("create c%d <nil>→1", i))
			}
			for _, left := range []int{n % 8, n / 8} {
				for _, after := range []bool{false, true} {
					job := w.newJob()
					job.Store = &faulty{Store: w.store, left: left, after: after}
					if _, err := engine.Run(t.Context(), job); err != nil && !errors.Is(err, errFull) {
						t.Fatal(err)
					}
				}
			}
			w.ok()
			w.tells("", want...)
			w.nothingDue()
			w.quiet()
		}
	}
}

// What a rule that was edited, or is gone, was about to write can only be told as in doubt.
func TestWhatARuleThatIsGoneWasAboutToWrite(t *testing.T) {
	start := func(t *testing.T) (*world, string) {
		w := newWorld(t, accounting)
		w.company("c0", 1)
		w.company("c1", 1)
		w.ok()
		w.company("c0", 1, "Stage", "Churned")
		w.company("c1", 2)
		w.company("c2", 2)
		return w, w.cut()
	}
	t.Run("removed", func(t *testing.T) {
		w, cut := start(t)
		if err := engine.AccountForRemoved(t.Context(), w.store, func(string) bool { return true }); err != nil {
			t.Fatal(err)
		}
		w.tells(cut)
		if err := engine.AccountForRemoved(t.Context(), w.store, func(rule string) bool { return rule != "sync.all" }); err != nil {
			t.Fatal(err)
		}
		w.tells(cut, "create c2? <nil>→2", "update c1? 1→2", "delete c0?")
		w.nothingDue()
	})
	t.Run("removed, and approved", func(t *testing.T) {
		w := newWorld(t, strings.Replace(accounting, "max_deletes = 1000", "max_creates = 0", 1))
		w.company("c1", 1)
		a := state.Approval{Run: w.waiting().ID, Rule: "sync.all", At: w.now, By: "tester"}
		if err := w.store.Approve(t.Context(), a); err != nil {
			t.Fatal(err)
		}
		cut := w.newJob()
		cut.Store = &cutStore{Store: w.store}
		if _, err := engine.Carry(t.Context(), cut, a); !errors.Is(err, errFull) {
			t.Fatal(err)
		}
		if err := engine.AccountForRemoved(t.Context(), w.store, func(string) bool { return false }); err != nil {
			t.Fatal(err)
		}
		w.tells("")
		if _, err := engine.Carry(t.Context(), w.newJob(), a); err != nil {
			t.Fatal(err)
		}
		w.tells(a.Run, "create c1 <nil>→1")
		w.nothingDue()
	})
	t.Run("other target", func(t *testing.T) {
		w, cut := start(t)
		w.compile(strings.NewReplacer("crm.Account", "crm.User", "Ref = source.Id", "Email = source.Id", "    Score = source.Score\n    Tier  = source.Stage\n", "").Replace(accounting))
		w.run()
		w.tells(cut, "create c2? <nil>→2", "update c1? 1→2", "delete c0?")
	})
	t.Run("written whole", func(t *testing.T) {
		w := exporting(t)
		w.compile(strings.Replace(accounting, `"all"`, `"export"`, 1))
		w.company("c1", 1)
		cut := w.cut()
		w.compile(whole)
		w.run(func(j *engine.Job) { j.DryRun = true })
		w.tells(cut)
		w.run()
		w.tells(cut, "create c1? <nil>→1")
		w.nothingDue()
	})
	t.Run("other map", func(t *testing.T) {
		w, cut := start(t)
		w.compile(strings.Replace(accounting, "Tier  = source.Stage", "Tier = text(\"{{ source.Stage }}!\")", 1))
		run := w.ok()
		w.tells(cut, "create c2 <nil>→2", "update c1 1→2", "delete c0")
		w.counts(run, "read=3 filtered=1 matched=2 updated=2")
		w.quiet()
	})
	t.Run("unreadable", func(t *testing.T) {
		w, cut := start(t)
		rows, err := w.store.Staged(t.Context(), "sync.all", 0, 1)
		if err != nil || len(rows) != 1 {
			t.Fatal(err, rows)
		}
		rows[0].Data = rows[0].Data[:len(rows[0].Data)-3]
		if err := w.store.Commit(t.Context(), state.Outcome{Rule: "sync.all", Restage: rows}); err != nil {
			t.Fatal(err)
		}
		w.ok()
		w.nothingDue()
		for _, line := range w.told(cut) {
			if strings.HasPrefix(line, "update") {
				t.Errorf("%s", line)
			}
		}
	})
}

// What the target holds is not what was agreed before the kill, though the source may be as it was then, or have left.
func TestWhatIsInDoubtAfterAKillIsComparedWhenItComesBy(t *testing.T) {
	t.Run("removed, and back", func(t *testing.T) {
		w := newWorld(t, accounting)
		w.company("c1", 1)
		w.ok()
		w.company("c1", 2)
		w.cut()
		if err := engine.AccountForRemoved(t.Context(), w.store, func(string) bool { return false }); err != nil {
			t.Fatal(err)
		}
		w.company("c1", 1)
		w.ok()
		w.want("Account", w.byRef("c1"), "Score", num(1))
		w.quiet()
	})
	t.Run("changed by somebody", func(t *testing.T) {
		w := newWorld(t, accounting)
		w.company("c1", 1)
		w.ok()
		w.company("c1", 2, "Stage", "Live")
		cut := w.cut()
		w.account(w.byRef("c1"), "Ref", text("c1"), "Score", num(2), "Tier", text("other"))
		w.company("c1", 1)
		w.ok()
		w.tells(cut, "update c1 1→2")
		w.want("Account", w.byRef("c1"), "Score", num(1))
		w.quiet()
	})
	t.Run("created, edited, left", func(t *testing.T) {
		w := newWorld(t, accounting)
		w.company("c1", 1)
		cut := w.cut()
		w.compile(strings.Replace(accounting, "Tier  = source.Stage", "Tier = text(\"{{ source.Stage }}!\")", 1))
		w.company("c1", 1, "Stage", "Churned")
		w.ok()
		w.tells("", "create c1 <nil>→1", "delete c1")
		w.tells(cut, "create c1 <nil>→1")
		if ids := w.crm.IDs("Account"); len(ids) != 0 {
			t.Errorf("what left is there still: %v", ids)
		}
	})
}

// noRoom has room for the end of a run, and none for what it wrote.
type noRoom struct{ state.Store }

func (s noRoom) Commit(ctx context.Context, o state.Outcome) error {
	if len(o.Ledger) > 0 {
		return errFull
	}
	return s.Store.Commit(ctx, o)
}

// A run that could store its end, and not what it wrote, does not count that twice.
func TestWhatCouldNotBeStoredCountsOnce(t *testing.T) {
	w := newWorld(t, accounting)
	w.company("c1", 1)
	w.company("c2", 1)
	w.ok()
	w.company("c1", 2)
	w.company("c2", 1, "Stage", "Churned")
	w.company("c3", 1)
	job := w.newJob()
	job.Store = noRoom{w.store}
	if run, err := engine.Run(t.Context(), job); !errors.Is(err, errFull) || run.Created+run.Updated+run.Deleted != 0 {
		t.Fatalf("%v: %s", err, counts(run))
	}
	w.ok()
	w.tells(job.RunID, "create c3 <nil>→1", "update c1 1→2", "delete c2")
	runs, err := w.store.Runs(t.Context(), state.RunFilter{ID: job.RunID})
	if err != nil || len(runs) != 1 || runs[0].Created != 1 || runs[0].Updated != 1 || runs[0].Deleted != 1 {
		t.Errorf("%v: %+v", err, runs)
	}
}

// An upsert that hits the record of another source record is refused, but it was written.
func TestAnUpsertThatHitsAnothersRecordIsTold(t *testing.T) {
	w := newWorld(t, upserting)
	w.company("c1", 1)
	w.ok()
	id := w.crm.IDs("Account")[0]
	w.crm.SetHooks(memory.Hooks{BeforeWrite: func(connectors.Write) error {
		w.account(id, "Gsid", "c2") // after the match found that nothing has the key
		return nil
	}})
	w.company("c2", 2)
	run := w.run()
	if run.Dead != 1 || !strings.Contains(w.letters(state.DeadOpen)[0].Message, "is linked to the source record c1 already") {
		t.Fatalf("%s %v", counts(run), w.letters(state.DeadOpen))
	}
	w.want("Account", id, "Score", 2.0)
	w.tells(run.ID, "update c2 <nil>→2")
}
