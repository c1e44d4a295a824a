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
	"github.com/syncline/syncline/lang/query"
	"github.com/syncline/syncline/lang/value"
	"github.com/syncline/syncline/runtime/engine"
	"github.com/syncline/syncline/runtime/state"
)

// unreadable is a system some of whose records cannot be read. It says whose a broken row is, unless it is nameless.
type unreadable struct {
	*memory.System
	broken   map[string]bool
	nameless bool
}

func (u *unreadable) Read(ctx context.Context, q query.Read) (connectors.Rows, error) {
	whole := q
	if u.nameless {
		whole.Where = nil // the row may be any
	}
	rows, err := u.System.Read(ctx, whole)
	return &unreadableRows{Rows: rows, u: u, q: q}, err
}

type unreadableRows struct {
	connectors.Rows
	u   *unreadable
	q   query.Read
	bad []connectors.BadRow
}

func (r *unreadableRows) Next(ctx context.Context, b *value.Batch) error {
	b.Reset()
	r.bad = nil
	all := value.NewBatch(r.q.Layout, 8)
	err := r.Rows.Next(ctx, all)
	for i := range all.Len() {
		rec := all.Record(i)
		id := rec.At(0).String()
		switch {
		case r.u.broken[id]:
			row := connectors.BadRow{Place: r.q.Object + ":" + id, Err: errors.New("it is torn"), ID: id}
			if r.u.nameless {
				row.ID = ""
			}
			r.bad = append(r.bad, row)
		case r.q.Where == nil || query.Match(r.q.Where, r.q.Layout, rec):
			copy(b.Append(), rec)
		}
	}
	return err
}

func (r *unreadableRows) Bad() []connectors.BadRow { return r.bad }

var _ connectors.BadRows = (*unreadableRows)(nil)

// breakable makes the records of a system break.
func (w *world) breakable(system string) *unreadable {
	u := &unreadable{System: map[string]*memory.System{"cs": w.cs, "crm": w.crm}[system], broken: map[string]bool{}}
	w.job = func(j *engine.Job) {
		next := j.Connections
		j.Connections = func(name string) connectors.Connection {
			if name == system {
				return u
			}
			return next(name)
		}
	}
	return u
}

// What cannot be read at the second look is not known, so what was seen at the first is not written either.
func TestAGuardedRunTakesBackWhatCannotBeReadLater(t *testing.T) {
	for _, waits := range []bool{false, true} {
		w := newWorld(t, guarded(map[bool]string{false: "max_updates = 9", true: "max_updates = 0"}[waits]))
		w.company("c1", 1)
		w.company("c2", 1)
		w.ok()
		u := w.breakable("cs")
		w.company("c1", 2)
		w.company("c2", 2)
		w.meanwhile(2, func() {
			w.company("c1", 3)
			u.broken["c1"] = true
		})
		run := w.run()
		w.cs.SetHooks(memory.Hooks{})
		if waits {
			if run.Outbox == nil || run.Outbox.Changes != 1 {
				t.Fatalf("%s %s %+v", run.Status, run.Why, run.Outbox)
			}
			if _, err := w.approve(run.ID); err != nil {
				t.Fatal(err)
			}
		}
		w.want("Account", w.byRef("c1"), "Score", 1.0)
		w.want("Account", w.byRef("c2"), "Score", 2.0)
		if l := w.letters(state.DeadOpen); len(l) != 1 || l[0].Source.ID != "Company:c1" {
			t.Errorf("%+v", l)
		}
		u.broken = nil
		if run = w.run(func(j *engine.Job) { j.Full = true }); waits {
			if _, err := w.approve(run.ID); err != nil {
				t.Fatal(err)
			}
		}
		w.want("Account", w.byRef("c1"), "Score", 3.0)
	}
}

// An approved change of a record that cannot be read is dropped for that, and not for a deletion.
func TestAnApprovalTellsWhatCannotBeReadFromWhatIsDeleted(t *testing.T) {
	for _, nameless := range []bool{false, true} {
		w := newWorld(t, strings.Replace(health, "  map {", "  guard { max_updates = 1 }\n  map {", 1))
		for i := range 3 {
			w.account(fmt.Sprintf("a%d", i))
			w.company(fmt.Sprintf("c%d", i), 1)
		}
		run := w.waiting()
		u := w.breakable("crm")
		u.broken["a0"], u.nameless = true, nameless
		done, err := w.approve(run.ID)
		if err != nil || done.Updated != 2 || len(w.trouble) != 1 || !strings.Contains(w.trouble[0].Message, "Account:a0") || strings.Contains(w.trouble[0].Message, "deleted since") {
			t.Fatalf("%v %s %+v", err, counts(done), w.trouble)
		}
		u.broken = nil
		w.ok()
		w.want("Account", "a0", "Score", 1.0)
	}
}

// A target that cannot be read is neither gone nor replaced, and what a departed record leaves behind is written once it can.
func TestATargetThatCannotBeReadIsNotGone(t *testing.T) {
	for _, nameless := range []bool{false, true} {
		w := newWorld(t, leaving("on_delete {\n set {\n Tier = text(\"gone\")\n}\n}"))
		const id = "a1"
		w.account(id)
		w.company("c1", 70)
		w.ok()
		u := w.breakable("crm")
		u.broken[id], u.nameless = true, nameless
		w.cs.Remove("Company", "c1")
		run := w.run(func(j *engine.Job) { j.Full = true })
		if run.Status != state.Partial || !slices.ContainsFunc(w.trouble, func(p engine.Problem) bool { return strings.Contains(p.Message, "Account:"+id) }) {
			t.Fatalf("%s %s %+v", run.Status, run.Why, w.trouble)
		}
		u.broken = nil
		w.run(func(j *engine.Job) { j.Full = true })
		w.want("Account", id, "Tier", "gone")
	}
}

// breaking makes the records of a trigger's system break.
func (w *triggers) breaking(system string) *unreadable {
	u := w.breakable(system)
	w.world.job = nil
	w.job = func(j *engine.TriggerJob) {
		next := j.Connections
		j.Connections = func(name string) connectors.Connection {
			if name == system {
				return u
			}
			return next(name)
		}
	}
	return u
}

// An upsert that depends on what it meets waits for a person where that cannot be read.
func TestAnUpsertDoesNotPassOverARowThatCannotBeRead(t *testing.T) {
	for _, nameless := range []bool{false, true} {
		w := newTriggers(t, `
trigger "copy" {
  on       = cs.Company
  when     = "new.Score < 60"
  schedule { cron = "* * * * *" }
  then {
    upsert "task" {
      in  = crm.Task
      key = { Key = new.AccountId }
      set {
        Subject = text("{{ new.Id }}")
        Status  = text("open")
      }
      write { Status = "on_create" }
    }
  }
}
`)
		w.crm.Put("Task", memory.Map{"Id": text("t1"), "Key": text("k1"), "Status": text("done")})
		w.put("c", "Score", 70.0, "AccountId", "k1")
		w.fires(0)
		u := w.breaking("crm")
		u.broken["t1"], u.nameless = true, nameless
		w.put("c", "Score", 1.0)
		run := w.run()
		w.want("Task", "t1", "Status", "done", "Subject", nil)
		letters := w.letters(state.DeadOpen)
		if run.Status != state.Partial || len(w.firings(state.FiringStuck)) != 1 || !slices.ContainsFunc(letters, func(l state.DeadLetter) bool { return strings.Contains(l.Message, "Task:t1") }) {
			t.Fatalf("%s %s %+v", run.Status, run.Why, letters)
		}
	}
}

// A record that an event tells of and that cannot be read has not gone, and somebody is told.
func TestAnEventOfARecordThatCannotBeRead(t *testing.T) {
	for _, nameless := range []bool{false, true} {
		w := newTriggers(t, dropping)
		w.put("c", "Score", 70.0)
		w.fires(0)
		u := w.breaking("cs")
		u.broken["c"], u.nameless = true, nameless
		w.put("c", "Score", 1.0)
		told := func(j *engine.TriggerJob) { j.Events = []engine.Event{{Source: "c"}} }
		run := w.run(told)
		if l := w.letters(state.DeadOpen); run.Status != state.Partial || len(l) != 1 || l[0].Source.ID != "Company:c" {
			t.Fatalf("%s %s %+v", run.Status, run.Why, l)
		}
		edges, err := w.store.Edges(t.Context(), "trigger.drop", []string{"c"})
		if err != nil || edges[0].Gone {
			t.Fatalf("%v %+v", err, edges)
		}
		// Once it can be read it fires, and the letter is settled when all has been read.
		u.broken = nil
		w.fires(1, told)
		w.fires(0, func(j *engine.TriggerJob) { j.Full = true })
		if l := w.letters(state.DeadOpen); len(l) != 0 {
			t.Errorf("%+v", l)
		}
	}
}

// The rows that finds could not read are settled too, where a look-up goes through all of them anyway.
func TestALetterOfALookedUpRowIsSettledWhenItIsReadWell(t *testing.T) {
	w := newTriggers(t, strings.Replace(dropping, "  together {", `  find "account" {
    in      = crm.Account
    by      = { Name = new.AccountId }
    missing = "empty"
  }
  together {`, 1))
	w.set.Triggers[0].Finds[0].Catalog.Filter.In = false
	w.crm.Put("Account", memory.Map{"Id": text("a1"), "Name": text("x")})
	w.fires(0)
	u := w.breaking("crm")
	u.broken["a1"], u.nameless = true, true
	w.put("c", "Score", 1.0, "AccountId", "x")
	w.run()
	if l := w.letters(state.DeadOpen); len(l) != 2 {
		t.Fatalf("%+v", l)
	}
	w.run()
	if l := w.letters(state.DeadOpen); len(l) != 2 {
		t.Fatalf("settled while it is broken: %+v", l)
	}
	u.broken = nil
	w.run()
	if l := w.letters(state.DeadOpen); len(l) != 1 || l[0].Firing == "" {
		t.Fatalf("%+v", l)
	}
}

// What a baseline could not read was there all the same: when it can be read it has not just come.
func TestABaselineHoldsWhatItCannotRead(t *testing.T) {
	w := newTriggers(t, dropping)
	u := w.breaking("cs")
	w.put("below", "Score", 50.0)
	w.put("above", "Score", 70.0)
	u.broken["below"], u.broken["above"] = true, true
	if run := w.run(); run.Status != state.Partial || len(w.letters(state.DeadOpen)) != 2 {
		t.Fatalf("%s %s", run.Status, run.Why)
	}
	u.broken = map[string]bool{}
	w.put("below", "Name", "mended")
	w.put("above", "Name", "mended")
	w.put("new", "Score", 40.0)
	w.fires(1)
	if b := w.backtest(); b.Fired != 1 {
		t.Errorf("the past has it as new: %+v", b)
	}
	w.put("below", "Score", 70.0)
	w.put("above", "Score", 55.0)
	w.fires(1)
	w.put("below", "Score", 45.0)
	w.fires(1)
	w.wantTasks("above 70>55, below 70>45, new >40")
}
