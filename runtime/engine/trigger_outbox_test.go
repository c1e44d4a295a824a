package engine_test

import (
	"context"
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

// grouped does what the language was designed for: an update, a keyed create, an optional update and a create without a
// key as one, a message after it, and a recovery.
const grouped = `
sync "health" {
  from = cs.Company
  to   = crm.Account
  where = "new_stage(source.Stage)"
  schedule { cron = "0 3 * * *" }
  match {
    by = { Id = source.AccountId }
  }
  map {
    Score = source.Score
    Tier  = source.Stage
  }
}
trigger "drop" {
  on    = cs.Company
  when  = "new.Score < 60"
  schedule { cron = "* * * * *" }
  find "account" {
    in = crm.Account
    by = { Id = new.AccountId }
  }
  find "opps" {
    in       = crm.Opp
    where    = "it.AccountId == account.Id && !it.IsClosed"
    order_by = "it.Amount"
    all      = true
    missing  = "empty"
  }
  together {
    update "account" {
      apply = sync.health
    }
    create "review" {
      in  = crm.Task
      key = "Key"
      set {
        WhatId  = account.Id
        Subject = text("Review {{ account.Name }} {{ old.Score }}>{{ new.Score }}")
      }
    }
    update "opps" {
      set { StageName = text("At Risk {{ opps.Amount }}") }
    }
    create "chatter" {
      in = crm.Feed
      if = "new.Big != false"
      set {
        ParentId = review.Id
        Body     = text("fell")
      }
    }
  }
  then {
    update "review" {
      set { Mark = text("{{ review.Id }}") }
    }
    send "ae" {
      via     = ops
      channel = text("#x")
      text    = text("{{ account.Name }} task {{ review.Id }}")
    }
  }
  recovered {
    update "review" {
      set { Status = text("done at {{ new.Score }}") }
    }
    send "ok" {
      via     = ops
      channel = text("#x")
      text    = text("{{ review.Subject }} recovered")
    }
  }
}
`

func newGrouped(t testing.TB, edit ...string) *triggers {
	project := replaceAll(grouped, "  where = \"new_stage(source.Stage)\"\n", "")
	w := newTriggers(t, strings.NewReplacer(edit...).Replace(project))
	w.crm.Put("Account", memory.Map{"Id": text("a1"), "Name": text("Acme"), "Tier": text("Old"), "Score": num(70)})
	for i, amount := range []float64{30, 10} {
		w.crm.Put("Opp", memory.Map{"Id": text(fmt.Sprintf("o%d", i)), "AccountId": text("a1"), "Amount": num(amount), "IsClosed": value.Bool(false)})
	}
	w.crm.Put("Opp", memory.Map{"Id": text("closed"), "AccountId": text("a1"), "Amount": num(1), "IsClosed": value.Bool(true)})
	w.put("c1", "Score", 70.0, "AccountId", "a1", "Stage", "Live")
	w.fires(0)
	w.crm.ResetCalls()
	return w
}

func TestAGroupIsOneRequestAndThenFollows(t *testing.T) {
	w := newGrouped(t)
	w.put("c1", "Score", 50.0)
	run := w.fires(1)
	if calls, records := w.crm.Count("group"); calls != 1 || records != 5 {
		t.Fatalf("%d groups of %d: %v", calls, records, w.crm.Calls())
	}
	w.wantTasks("Review Acme 70>50")
	task := w.crm.IDs("Task")[0]
	w.want("Account", "a1", "Score", 50.0, "Tier", "Live")
	w.want("Opp", "o0", "StageName", "At Risk 30")
	w.want("Opp", "o1", "StageName", "At Risk 10")
	w.want("Opp", "closed", "StageName", nil)
	feed := w.crm.IDs("Feed")
	w.want("Feed", feed[0], "ParentId", task, "Body", "fell")
	w.want("Task", task, "Mark", task)
	if len(w.ops.order) != 1 || w.ops.order[0] != "Acme task "+task {
		t.Fatalf("%q", w.ops.order)
	}
	if run.Created != 2 || run.Updated != 4 || run.Sent != 1 || run.Calls["ops"] != 0 {
		t.Fatalf("%+v", run)
	}
	entries, err := w.store.Ledger(t.Context(), state.LedgerFilter{Rule: "trigger.drop"})
	if err != nil || len(entries) != 7 {
		t.Fatalf("%d entries %v", len(entries), err)
	}
	for _, e := range entries {
		if e.Target == "" || e.Source.ID != "c1" || len(e.Fields) == 0 {
			t.Errorf("%+v", e)
		}
		if made := e.Object == "Task" && e.Action == "update"; e.Blind != made { // in the same request, and not read
			t.Errorf("%+v", e)
		}
		if e.Target == "a1" && (fmt.Sprint(e.Fields[0].Before) != "70" || fmt.Sprint(e.Fields[0].After) != "50" || e.Fields[0].Expression == "") {
			t.Errorf("%+v", e.Fields)
		}
	}

	w.put("c1", "Score", 90.0)
	w.fires(0)
	w.want("Task", task, "Status", "done at 90")
	if len(w.ops.order) != 2 || w.ops.order[1] != "Review Acme 70>50 recovered" {
		t.Fatalf("%q", w.ops.order)
	}
	// The second time is another task.
	w.put("c1", "Score", 40.0)
	w.fires(1)
	w.wantTasks("Review Acme 70>50, Review Acme 90>40")
	if len(w.firings(state.FiringDone)) != 3 {
		t.Fatal(w.firings(""))
	}
}

func TestWhatIsSkippedLeavesNothing(t *testing.T) {
	w := newGrouped(t)
	w.crm.Remove("Opp", "o0")
	w.crm.Remove("Opp", "o1")
	w.put("c1", "Score", 50.0, "Big", false)
	w.fires(1)
	if calls, records := w.crm.Count("group"); calls != 1 || records != 2 {
		t.Fatalf("%d groups of %d", calls, records)
	}
	if len(w.crm.IDs("Feed")) != 0 {
		t.Fatal("the chatter was not to be")
	}
}

func TestAFailingGroupIsWrittenNotAtAllAndGoesOnWhenMended(t *testing.T) {
	w := newGrouped(t)
	refuse := true
	w.crm.SetHooks(memory.Hooks{Record: func(object string, _ connectors.Op, _ connectors.Record) *connectors.Error {
		if object == "Feed" && refuse {
			return &connectors.Error{Class: connectors.Reject, Code: "NO_FEED", Message: "feeds are off", Hint: "switch them on"}
		}
		return nil
	}})
	w.put("c1", "Score", 50.0)
	if run := w.run(); run.Status != state.Partial || run.Dead != 1 || run.Fired != 1 {
		t.Fatalf("%+v", run)
	}
	w.wantTasks("")
	w.want("Account", "a1", "Score", 70.0)
	letters := w.letters(state.DeadOpen)
	if len(letters) != 1 || letters[0].Code != "NO_FEED" || letters[0].Object != "Feed" || letters[0].Source.ID != "c1" || letters[0].Step != "deliver" {
		t.Fatalf("%+v", letters)
	}
	if len(w.ops.order) != 0 {
		t.Fatal("then came before the group")
	}
	w.fires(0) // it waits for a person
	w.wantTasks("")
	if err := w.store.SetDead(t.Context(), []int64{letters[0].ID}, state.DeadRetry); err != nil {
		t.Fatal(err)
	}
	if run := w.run(); run.Status != state.Partial || len(w.letters(state.DeadOpen)) != 1 {
		t.Fatalf("%+v", run)
	}
	refuse = false
	if err := w.store.SetDead(t.Context(), []int64{letters[0].ID}, state.DeadRetry); err != nil {
		t.Fatal(err)
	}
	w.fires(0)
	w.wantTasks("Review Acme 70>50")
	if len(w.letters(state.DeadOpen))+len(w.letters(state.DeadRetry)) != 0 || len(w.ops.order) != 1 {
		t.Fatalf("%v %v", w.letters(""), w.ops.order)
	}
}

func TestAFiringThatIsGivenUpIsDropped(t *testing.T) {
	w := newGrouped(t)
	w.crm.Remove("Account", "a1")
	w.put("c1", "Score", 50.0)
	if run := w.run(); run.Dead != 1 || run.Unmatched != 1 {
		t.Fatalf("%+v", run)
	}
	l := w.letters(state.DeadOpen)
	if len(l) != 1 || l[0].Step != "find" || !strings.Contains(l[0].Message, "account") {
		t.Fatalf("%+v", l)
	}
	if err := w.store.SetDead(t.Context(), []int64{l[0].ID}, state.DeadDropped); err != nil {
		t.Fatal(err)
	}
	w.crm.Put("Account", memory.Map{"Id": text("a1"), "Name": text("Acme")})
	w.fires(0)
	w.wantTasks("")
	if n := len(w.firings(state.FiringDropped)); n != 1 {
		t.Fatal(w.firings(""))
	}
}

// losing is memory whose groups lose their answers.
type losing struct {
	*memory.System
	before, after func() error
}

func (l losing) Group(ctx context.Context, actions []connectors.Action) ([]connectors.Result, error) {
	if l.before != nil {
		if err := l.before(); err != nil {
			return nil, err
		}
	}
	out, err := l.System.Group(ctx, actions)
	if err == nil && l.after != nil {
		if err := l.after(); err != nil {
			return nil, err
		}
	}
	return out, err
}

func (w *triggers) lose(before, after func() error) func(*engine.TriggerJob) {
	return func(j *engine.TriggerJob) {
		next := j.Connections
		j.Connections = func(name string) connectors.Connection {
			if name == "crm" {
				return losing{w.crm, before, after}
			}
			return next(name)
		}
	}
}

func once(err error) func() error {
	var n atomic.Int64 // groups go side by side
	return func() error {
		if n.Add(1) == 1 {
			return err
		}
		return nil
	}
}

var errLost = &connectors.Error{Class: connectors.InDoubt, Message: "connection reset"}

func TestAGroupThatWasNotAnsweredIsLookedUp(t *testing.T) {
	for _, test := range []struct {
		name string
		edit func(w *triggers) func(*engine.TriggerJob)
		sent int
	}{
		{"after", func(w *triggers) func(*engine.TriggerJob) { return w.lose(nil, once(errLost)) }, 1},
		{"before", func(w *triggers) func(*engine.TriggerJob) { return w.lose(once(errLost), nil) }, 1},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := newGrouped(t)
			w.put("c1", "Score", 50.0)
			w.fires(1, test.edit(w))
			if calls, _ := w.crm.Count("group"); calls != 1 {
				t.Fatalf("%d groups arrived", calls)
			}
			w.wantTasks("Review Acme 70>50")
			task := w.crm.IDs("Task")[0]
			w.want("Task", task, "Mark", task)
			if len(w.crm.IDs("Feed")) != 1 || len(w.ops.order) != 1 || w.ops.order[0] != "Acme task "+task {
				t.Fatal(w.crm.IDs("Feed"), w.ops.order)
			}
		})
	}
}

func TestAGroupWithoutAKeyThatWasNotAnsweredIsHeld(t *testing.T) {
	w := newGrouped(t, "      key = \"Key\"\n", "")
	w.put("c1", "Score", 50.0)
	if run := w.run(w.lose(nil, once(errLost))); run.Dead != 1 {
		t.Fatalf("%+v", run)
	}
	l := w.letters(state.DeadOpen)
	if len(l) != 1 || l[0].Class != "in_doubt" || !strings.Contains(l[0].Hint, "dead retry") || !strings.HasPrefix(l[0].Request, `update account {`) || !strings.Contains(l[0].Request, `; create review {`) {
		t.Fatalf("%+v", l)
	}
	w.fires(0)
	if calls, _ := w.crm.Count("group"); calls != 1 || len(w.ops.order) != 0 {
		t.Fatalf("%d groups", calls)
	}
}

func TestATargetThatIsDownMakesFiringsWait(t *testing.T) {
	w := newGrouped(t)
	down := func() error { return &connectors.Error{Class: connectors.Retry, Message: "no route"} }
	for i, score := range []float64{50, 70, 40} {
		w.put("c1", "Score", score)
		run := w.run(w.lose(down, nil))
		if run.Status != state.Waiting || run.WaitsFor != state.WaitSystem || run.Fired != []int{1, 0, 1}[i] || !strings.Contains(run.Why, "no route") {
			t.Fatalf("%+v", run)
		}
	}
	if n := len(w.firings(state.FiringPending)); n != 3 {
		t.Fatalf("%d wait", n)
	}
	w.fires(0)
	w.wantTasks("Review Acme 70>40, Review Acme 70>50")
	if got := strings.Join(w.ops.order, "; "); !strings.HasPrefix(got, "Acme task Task-000001; Review Acme 70>50 recovered; Acme task") {
		t.Fatal(got)
	}
}

func TestMessages(t *testing.T) {
	for _, test := range []struct {
		name       string
		mute, lost bool
		class      connectors.Class
		want       string // messages, and letters
		status     state.RunStatus
	}{
		{"retried", false, false, connectors.Retry, "1 0", state.Succeeded},
		{"lost and found", false, true, connectors.InDoubt, "1 0", state.Succeeded},
		{"lost on the way", false, false, connectors.InDoubt, "1 0", state.Succeeded},
		{"lost, and nobody can tell", true, true, connectors.InDoubt, "1 1", state.Partial},
		{"refused", false, false, connectors.Reject, "0 1", state.Partial},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := newGrouped(t)
			w.ops.mute = test.mute
			w.ops.hook = func(n int) (*connectors.Error, bool) {
				if n > 1 && test.class != connectors.Reject {
					return nil, false
				}
				return &connectors.Error{Class: test.class, Message: "no"}, test.lost
			}
			w.put("c1", "Score", 50.0)
			run := w.run()
			if got := fmt.Sprint(len(w.ops.order), len(w.letters(state.DeadOpen))); got != test.want || run.Status != test.status {
				t.Fatalf("%s, want %s; %s %v", got, test.want, run.Status, w.ops.order)
			}
			for _, l := range w.letters(state.DeadOpen) {
				if l.Source.ID != "c1" || !strings.HasPrefix(l.Request, `send ae {"channel":"#x","text":"Acme task Task-000001"} key `) {
					t.Fatalf("a person has to see what was sent: %+v", l)
				}
			}
			for _, s := range w.ops.sent {
				if strings.Contains(s, "TWICE") {
					t.Fatal(w.ops.sent)
				}
			}
			w.wantTasks("Review Acme 70>50")
		})
	}
}

func TestALimitMakesAMessageWait(t *testing.T) {
	w := newGrouped(t)
	w.ops.hook = func(int) (*connectors.Error, bool) {
		return &connectors.Error{Class: connectors.Limit, Message: "slow down", RetryAfter: time.Hour}, false
	}
	w.put("c1", "Score", 50.0)
	if run := w.run(); run.Status != state.Waiting || run.Dead != 0 {
		t.Fatalf("%+v", run)
	}
	w.ops.hook = nil
	w.fires(0)
	if calls, _ := w.crm.Count("group"); calls != 1 || len(w.ops.order) != 1 {
		t.Fatalf("%d groups, messages %v", calls, w.ops.order)
	}
}

func TestCreateUnlessSeesWhatTheOthersWrote(t *testing.T) {
	w := newTriggers(t, `
trigger "renewal" {
  on    = cs.Company
  when  = "new.Score < 60"
  schedule { cron = "* * * * *" }
  find "open" {
    in      = crm.Opp
    where   = "it.AccountId == new.AccountId && it.IsClosed != true"
    missing = "empty"
  }
  together {
    create "opp" {
      in = crm.Opp
      if = "open == null"
      set {
        AccountId = new.AccountId
        StageName = text("New")
      }
    }
  }
}
`)
	w.fires(0)
	for i := range 6 {
		w.put(fmt.Sprint("c", i), "Score", 1.0, "AccountId", fmt.Sprint("a", i%2))
	}
	w.fires(6)
	if n := len(w.crm.IDs("Opp")); n != 2 {
		t.Fatalf("%d opportunities for 2 accounts", n)
	}
}

func TestAConditionThatFailsIsADeadLetterAndMends(t *testing.T) {
	w := newTriggers(t, replaceAll(dropping, "new.Score < 60", "100 / new.Count > 5"))
	w.put("a", "Count", 100)
	w.fires(0)
	w.put("a", "Count", 0)
	if run := w.run(); run.Status != state.Partial || len(w.letters(state.DeadOpen)) != 1 {
		t.Fatalf("%+v", run)
	}
	w.put("a", "Count", 2)
	w.fires(1)
	if len(w.letters(state.DeadOpen)) != 0 {
		t.Fatal(w.letters(state.DeadOpen))
	}
}

func TestManyFiringsShareCalls(t *testing.T) {
	w := newTriggers(t, dropping)
	w.fires(0)
	for i := range 250 {
		w.put(fmt.Sprintf("c%03d", i), "Score", 1.0)
	}
	w.fires(250)
	if calls, records := w.crm.Count(""); records != 250 || calls > 8 {
		t.Fatalf("%d records in %d calls", records, calls)
	}
}

func TestAllowedWritesHold(t *testing.T) {
	w := newTriggers(t, dropping)
	w.fires(0)
	w.set.Connection("crm").Allow = []string{"Task.Key"}
	w.put("a", "Score", 1.0)
	if run := w.run(); run.Dead != 1 || !strings.Contains(w.letters(state.DeadOpen)[0].Message, "Task.Subject") {
		t.Fatalf("%+v %+v", run, w.letters(""))
	}
	w.wantTasks("")
}

func TestAnEditedRuleFinishesWhatIsUnderWay(t *testing.T) {
	w := newGrouped(t)
	w.ops.hook = func(int) (*connectors.Error, bool) {
		return &connectors.Error{Class: connectors.Retry, Message: "down"}, false
	}
	w.put("c1", "Score", 50.0)
	w.run()
	project := replaceAll(grouped, "  where = \"new_stage(source.Stage)\"\n", "")
	w.compile(replaceAll(project, `text    = text("{{ account.Name }} task {{ review.Id }}")`, `text    = text("{{ new.Name }} {{ account.Name }} {{ review.Id }}")`))
	w.ops.hook = nil
	w.put("c1", "Name", "Comp")
	w.fires(0)
	if len(w.ops.order) != 1 || w.ops.order[0] != " Acme "+w.crm.IDs("Task")[0] && w.ops.order[0] != "Comp Acme "+w.crm.IDs("Task")[0] {
		t.Fatalf("%q", w.ops.order)
	}
	if calls, _ := w.crm.Count("group"); calls != 1 {
		t.Fatalf("%d groups", calls)
	}
}
