package engine_test

import (
	"context"
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

func TestAnUnansweredCreateIsLookedUpAndNotRepeated(t *testing.T) {
	w := newWorld(t, creating)
	for i := range 60 {
		w.company(fmt.Sprintf("c%02d", i), 1)
	}
	var lost atomic.Int64
	w.crm.SetHooks(memory.Hooks{AfterWrite: func(x connectors.Write, _ []connectors.Result) error {
		if lost.Add(1) <= 2 {
			return &connectors.Error{Class: connectors.InDoubt, Message: "connection reset"}
		}
		return nil
	}})
	w.counts(w.ok(), "read=60 created=60")
	if n := len(w.crm.IDs("Account")); n != 60 {
		t.Fatalf("%d accounts of 60", n)
	}
	w.quiet()
}

func TestAnUnansweredCreateThatCannotBeLookedUpIsHeld(t *testing.T) {
	w := newWorld(t, creating)
	w.crm.Catalog().Object("Account").Field("Ref").Createable = false // nothing finds what was created
	w.company("c1", 1)
	w.company("c2", 1)
	lose := func() {
		w.crm.SetHooks(memory.Hooks{AfterWrite: func(_ connectors.Write, results []connectors.Result) error {
			results[0] = connectors.Result{Err: &connectors.Error{Class: connectors.InDoubt, Message: "connection reset"}}
			return nil
		}})
	}
	lose()
	w.counts(w.run(), "read=2 created=1 dead=1")
	w.crm.SetHooks(memory.Hooks{})
	l := w.letters(state.DeadOpen)
	if len(l) != 1 || l[0].Class != "in_doubt" || l[0].Source.ID != "c1" || !strings.Contains(l[0].Hint, "dead retry") {
		t.Fatalf("%+v", l)
	}
	// Not even a change of the record, or a full pass, creates it a second time.
	w.company("c1", 2)
	w.counts(w.run(), "read=1 dead=1")
	w.run(func(j *engine.Job) { j.Full = true })
	if n := len(w.crm.IDs("Account")); n != 2 {
		t.Fatalf("%d accounts of 2", n)
	}
	// A person has looked, found nothing, and asks for it.
	if err := w.store.SetDead(t.Context(), []int64{w.letters(state.DeadOpen)[0].ID}, state.DeadRetry); err != nil {
		t.Fatal(err)
	}
	w.counts(w.ok(), "read=1 created=1")
	if claims, _ := w.store.Claims(t.Context(), "sync.create"); len(claims) != 0 || len(w.letters(state.DeadOpen)) != 0 {
		t.Errorf("claims %v, letters %v", claims, w.letters(state.DeadOpen))
	}
	w.quiet()
}

func TestATargetThatIsDownLosesNothing(t *testing.T) {
	w := newWorld(t, health)
	for i := range 120 {
		w.company(fmt.Sprintf("c%03d", i), 70)
		w.account(fmt.Sprintf("a%03d", i))
	}
	down := true
	w.crm.SetHooks(memory.Hooks{BeforeWrite: func(connectors.Write) error {
		if down {
			return &connectors.Error{Class: connectors.Retry, Code: "503", Message: "try later"}
		}
		return nil
	}})
	run := w.run()
	if run.Status != state.Waiting || !strings.Contains(run.Why, "writing to crm: 503: try later") || len(w.letters(state.DeadOpen)) != 0 {
		t.Fatalf("%s: %s", run.Status, run.Why)
	}
	down = false
	w.counts(w.ok(), "read=120 matched=120 updated=120")
	w.quiet()
}

func TestClassesOfFailureEndARunAsTheyShould(t *testing.T) {
	tests := []struct {
		err    *connectors.Error
		status state.RunStatus
		why    string
	}{
		{&connectors.Error{Class: connectors.Auth, Message: "expired"}, state.Failed, "expired"},
		{&connectors.Error{Class: connectors.Permanent, Message: "no such object"}, state.Failed, "no such object"},
		{&connectors.Error{Class: connectors.Limit, Message: "quota", RetryAfter: time.Hour}, state.Waiting, "quota"},
		{&connectors.Error{Class: connectors.Limit, Message: "quota"}, state.Waiting, "quota"},
		{&connectors.Error{Class: connectors.Retry, Message: "busy"}, state.Waiting, "busy"},
	}
	for _, tt := range tests {
		for _, where := range []string{"write", "read", "look up"} {
			w := newWorld(t, health)
			w.company("c1", 70)
			w.company("c2", 70)
			w.account("a1")
			w.account("a2")
			switch where {
			case "write":
				w.crm.SetHooks(memory.Hooks{BeforeWrite: func(connectors.Write) error { return tt.err }})
			case "read":
				w.cs.SetHooks(memory.Hooks{BeforeRead: func(string) error { return tt.err }})
			case "look up":
				w.crm.SetHooks(memory.Hooks{BeforeRead: func(string) error { return tt.err }})
			}
			run := w.run()
			if run.Status != tt.status || !strings.Contains(run.Why, tt.why) {
				t.Errorf("%s, %s: %s: %s", where, tt.err.Class, run.Status, run.Why)
			}
			w.crm.SetHooks(memory.Hooks{})
			w.cs.SetHooks(memory.Hooks{})
			w.counts(w.ok(), "read=2 matched=2 updated=2")
		}
	}
}

func TestAReadThatBreaksOffGoesOn(t *testing.T) {
	for _, object := range []string{"Company", "Row"} {
		w := newWorld(t, strings.Replace(health, "cs.Company", "cs."+object, 1))
		for i := range 900 {
			w.cs.Put(object, memory.Map{"Id": text(fmt.Sprintf("c%03d", i)), "Score": num(5), "AccountId": text(fmt.Sprintf("a%03d", i))})
			w.account(fmt.Sprintf("a%03d", i))
		}
		var calls atomic.Int64
		w.cs.SetHooks(memory.Hooks{BeforeRead: func(string) error {
			if n := calls.Add(1); n == 3 || n == 5 {
				return &connectors.Error{Class: connectors.Retry, Message: "reset"}
			}
			return nil
		}})
		if run := w.ok(); run.Updated != 900 {
			t.Errorf("%s: %s", object, counts(run))
		}
	}
}

func TestAnInterruptedRunGoesOnFromItsCheckpoint(t *testing.T) {
	for _, project := range []string{health, creating} {
		w := newWorld(t, project)
		for i := range 900 {
			w.company(fmt.Sprintf("c%03d", i), 5)
			w.account(fmt.Sprintf("a%03d", i))
		}
		ctx, cancel := context.WithCancel(context.Background())
		job := w.newJob()
		job.OnProgress = func(p engine.Progress) {
			if p.Read >= 400 {
				cancel()
			}
		}
		run, err := engine.Run(ctx, job)
		if err != nil || run.Status != state.Stopped {
			t.Fatalf("%s %s %v", run.Status, run.Why, err)
		}
		rest := w.ok()
		if project == creating && rest.Read != 900 && rest.Read > 700 {
			t.Errorf("read %d again", rest.Read)
		}
		w.quiet()
		if project == creating {
			if n := len(w.crm.IDs("Account")); n != 1800 {
				t.Errorf("%d accounts", n)
			}
		} else {
			w.want("Account", "a899", "Score", 5.0)
		}
		cancel()
	}
}

func TestAllowedWritesAreASecondLock(t *testing.T) {
	w := newWorld(t, health)
	for _, c := range w.set.Connections {
		if c.Name == "crm" {
			c.Allow = []string{"Account.Tier"}
		}
	}
	w.company("c1", 70)
	w.account("a1")
	w.crm.ResetCalls()
	run := w.run()
	if calls, _ := w.crm.Count(""); calls != 0 || run.Dead != 1 || !strings.Contains(w.letters(state.DeadOpen)[0].Message, "does not allow writing Account.Score") {
		t.Errorf("%d calls, %s %v", calls, counts(run), w.letters(state.DeadOpen))
	}
}

func TestRequirements(t *testing.T) {
	w := newWorld(t, health+`
sync "second" {
  from     = cs.Company
  to       = crm.Account
  requires = [sync.health]
  schedule { cron = "0 3 * * *" }
  match { by = { Id = source.AccountId } }
  map { OwnerId = source.Owner }
}
`)
	second := func(j *engine.Job) { j.Plan = w.set.Sync("second") }
	if run := w.run(second); run.Status != state.Waiting || !strings.Contains(run.Why, "sync.health, which has not succeeded") {
		t.Errorf("%s %s", run.Status, run.Why)
	}
	w.ok()
	w.ok(second)
}

// faulty is a store whose Commit or Claim fails from the n-th on, before or after the work is done.
type faulty struct {
	state.Store
	left  int
	after bool
	dead  bool
}

var errFull = errors.New("disk full")

func (f *faulty) fail(do func() error) error {
	if f.dead {
		return errFull
	}
	if f.left--; f.left >= 0 {
		return do()
	}
	f.dead = true
	if f.after {
		if err := do(); err != nil {
			return err
		}
	}
	return errFull
}

func (f *faulty) Commit(ctx context.Context, o state.Outcome) error {
	return f.fail(func() error { return f.Store.Commit(ctx, o) })
}

func (f *faulty) Claim(ctx context.Context, rule string, c []state.Claim, pieces []state.Staged) error {
	return f.fail(func() error { return f.Store.Claim(ctx, rule, c, pieces) })
}

func (f *faulty) Stage(ctx context.Context, run string, c []state.Staged) error {
	return f.fail(func() error { return f.Store.Stage(ctx, run, c) })
}

func (f *faulty) SaveRun(ctx context.Context, r state.Run) error {
	if f.dead {
		return errFull
	}
	return f.Store.SaveRun(ctx, r)
}

func TestAStoreThatFailsAtAnyPointLosesAndDoublesNothing(t *testing.T) {
	for _, project := range []string{creating, guarded("max_creates = 1000"), strings.Replace(creating, "  map {", "on_null = \"keep\"\n  map {", 1), strings.Replace(creating, "Ref = source.Id", "Gsid = source.Id", 1)} {
		for n := range 8 {
			if testing.Short() && n%3 != 1 {
				continue
			}
			for _, after := range []bool{false, true} {
				w := newWorld(t, project)
				w.cs.SetLimits(connectors.Limits{Lookup: 10, WriteBatch: 10, Parallel: 1}, 15)
				for i := range 40 {
					w.company(fmt.Sprintf("c%02d", i), float64(i))
				}
				_, err := engine.Run(context.Background(), func() engine.Job {
					j := w.newJob()
					j.Store = &faulty{Store: w.store, left: n, after: after}
					return j
				}())
				if err != nil && !errors.Is(err, errFull) {
					t.Fatalf("the error hides its cause: %v", err)
				}
				w.ok()
				for i := range 40 {
					if w.byRef(fmt.Sprintf("c%02d", i)) == "" && !strings.Contains(project, "Gsid") {
						t.Fatalf("after a failure of write %d, c%02d is lost", n, i)
					}
				}
				if got := len(w.crm.IDs("Account")); got != 40 {
					t.Fatalf("after a failure of write %d (%v) there are %d accounts of 40", n, after, got)
				}
				w.quiet()
				entries, _ := w.store.Ledger(t.Context(), state.LedgerFilter{})
				if len(entries) < 40 && err == nil {
					t.Errorf("%d entries in the ledger", len(entries))
				}
			}
		}
	}
}

func TestADeleteOfOursIsNotTakenForSomebodyElses(t *testing.T) {
	for n := range 4 {
		w := newWorld(t, strings.Replace(creating, "  map {", "  on_delete = \"delete\"\n  map {", 1))
		w.company("c1", 1)
		w.company("c2", 2)
		w.ok()
		w.cs.Remove("Company", "c1")
		job := w.newJob()
		job.Store = &faulty{Store: w.store, left: n}
		_, _ = engine.Run(context.Background(), job)
		w.company("c1", 3)
		w.ok()
		if id := w.byRef("c1"); id == "" {
			t.Fatalf("after a failure of write %d the record that came back has no target: %v", n, w.trouble)
		}
		w.want("Account", w.byRef("c1"), "Score", 3.0)
		w.quiet()
	}
}

func TestARefusedDepartureCanBeRetried(t *testing.T) {
	for _, leave := range []string{`on_leave = "delete"`, "on_leave {\n set {\n Tier = text(\"gone\")\n}\n}"} {
		w := newWorld(t, leaving(leave))
		w.company("c1", 70)
		w.account("a1")
		w.ok()
		refuse := true
		w.crm.SetHooks(memory.Hooks{Record: func(string, connectors.Op, connectors.Record) *connectors.Error {
			if refuse {
				return &connectors.Error{Class: connectors.Reject, Message: "no"}
			}
			return nil
		}})
		w.company("c1", 70, "Stage", "Churned")
		if run := w.run(); run.Dead != 1 {
			t.Fatalf("%s", counts(run))
		}
		w.quiet()
		refuse = false
		if err := w.store.SetDead(t.Context(), []int64{w.letters(state.DeadOpen)[0].ID}, state.DeadRetry); err != nil {
			t.Fatal(err)
		}
		if run := w.ok(); run.Deleted+run.Updated != 1 || len(w.letters(state.DeadSettled)) != 1 {
			t.Errorf("%s: %s %v", leave, counts(run), w.letters(state.DeadOpen))
		}
		w.quiet()
	}
}

const whole = `
sync "export" {
  from = cs.Company
  to   = crm.Export
  schedule { cron = "0 3 * * *" }
  where = "source.Stage != 'Churned'"
  map {
    Name  = "upper(source.Name)"
    Score = source.Score
    Half  = "1.0 / source.Score"
  }
}
`

func exporting(t testing.TB) *world {
	w := newWorld(t, health)
	export := object("Export", "", field("Name", 1), field("Score", 3), field("Half", 3))
	export.Key, export.Replace, export.Fields = "", true, export.Fields[1:]
	accounts := w.crm.Catalog().Object("Account")
	w.crm = memory.New(accounts, w.crm.Catalog().Object("User"), export)
	w.compile(whole)
	return w
}

func TestATargetThatIsWrittenWhole(t *testing.T) {
	w := exporting(t)
	for i := range 1000 {
		w.company(fmt.Sprintf("c%03d", i), float64(i))
	}
	w.company("d1", 1, "Stage", "Churned")
	run := w.run()
	w.counts(run, "read=1000 created=999 dead=1")
	rows := w.crm.Whole("Export")
	if len(rows) != 999 {
		t.Fatalf("%d rows", len(rows))
	}
	for i, row := range rows {
		want := memory.Map{"Name": text(fmt.Sprintf("COMPANY C%03d", i+1)), "Score": num(float64(i + 1))}
		if !value.Equal(row["Name"], want["Name"]) || !value.Equal(row["Score"], want["Score"]) {
			t.Fatalf("row %d is %v, out of order or wrong", i, row)
		}
	}
	letters := w.letters(state.DeadOpen)
	if len(letters) != 1 || letters[0].Source.ID != "c000" || !strings.Contains(letters[0].Message, "Half") {
		t.Errorf("%+v", letters)
	}
	// A read that breaks off in the middle leaves the old content.
	var calls atomic.Int64
	w.cs.SetHooks(memory.Hooks{BeforeRead: func(string) error {
		if calls.Add(1) == 3 {
			return &connectors.Error{Class: connectors.Retry, Message: "reset"}
		}
		return nil
	}})
	w.company("c000", 5)
	if run := w.run(); run.Status != state.Waiting || len(w.crm.Whole("Export")) != 999 {
		t.Errorf("%s %s, %d rows", run.Status, run.Why, len(w.crm.Whole("Export")))
	}
	w.cs.SetHooks(memory.Hooks{})
	w.counts(w.ok(), "read=1000 created=1000")
	w.counts(w.ok(func(j *engine.Job) { j.DryRun = true }), "read=1000 created=1000")
	if len(w.changes) != 1000 {
		t.Errorf("%d changes planned", len(w.changes))
	}
}
