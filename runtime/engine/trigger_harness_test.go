package engine_test

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/syncline/syncline/connectors"
	"github.com/syncline/syncline/connectors/memory"
	"github.com/syncline/syncline/lang"
	"github.com/syncline/syncline/lang/schema"
	"github.com/syncline/syncline/lang/value"
	"github.com/syncline/syncline/runtime/engine"
	"github.com/syncline/syncline/runtime/state"
	"github.com/syncline/syncline/runtime/state/sqlite"
)

// fakeSender takes messages and can be made to lose answers.
type fakeSender struct {
	connectors.Connection
	mu sync.Mutex
	// sent are the texts of messages that arrived, by key; order is their order.
	sent  map[string]string
	order []string
	// hook may fail a send: before it arrives, or (lost) after.
	hook func(n int) (err *connectors.Error, lost bool)
	n    int
	mute bool // it cannot be asked what arrived
}

func newSender() *fakeSender {
	return &fakeSender{Connection: memory.New(), sent: map[string]string{}}
}

func (f *fakeSender) Send(_ context.Context, m connectors.Message) (connectors.Receipt, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.n++
	if f.hook != nil {
		if err, lost := f.hook(f.n); err != nil {
			if lost {
				f.take(m)
			}
			return connectors.Receipt{}, err
		}
	}
	f.take(m)
	return connectors.Receipt{ID: fmt.Sprintf("m%d", len(f.order))}, nil
}

func (f *fakeSender) take(m connectors.Message) {
	if f.sent[m.Key] != "" {
		f.sent[m.Key] += " TWICE"
	}
	f.sent[m.Key] += m.Text("text")
	f.order = append(f.order, m.Text("text"))
}

// tracing is a fakeSender that can be asked.
type tracing struct{ *fakeSender }

func (f tracing) Trace(_ context.Context, m connectors.Message, _ time.Time) (connectors.Receipt, bool, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return connectors.Receipt{ID: "traced"}, f.sent[m.Key] != "", nil
}

// triggers is a world with a trigger in it.
type triggers struct {
	*world
	ops    *fakeSender
	sights []engine.Sight
	job    func(*engine.TriggerJob)
}

func triggerSystems() (cs, crm *memory.System) {
	company := object("Company", "Modified", field("Name", schema.Text), field("Score", schema.Number), field("Stage", schema.Text),
		field("AccountId", schema.Text), field("Due", schema.Date), field("Count", schema.Integer), field("Big", schema.Boolean))
	cs = memory.New(company)
	account := object("Account", "Stamp", field("Name", schema.Text, length(40)), field("Score", schema.Number, digits(5, 2)), field("Tier", schema.Text))
	task := object("Task", "Stamp", field("Subject", schema.Text, length(80)), field("WhatId", schema.Text), field("Key", schema.Text, unique, length(40)),
		field("Status", schema.Text), field("Due", schema.Date), field("Mark", schema.Text))
	feed := object("Feed", "Stamp", field("Body", schema.Text, length(200)), field("ParentId", schema.Text))
	opp := object("Opp", "Stamp", field("AccountId", schema.Text), field("StageName", schema.Text), field("Amount", schema.Number), field("IsClosed", schema.Boolean))
	crm = memory.New(account, task, feed, opp)
	return cs, crm
}

func newTriggers(t testing.TB, project string) *triggers {
	t.Helper()
	store, err := sqlite.Open(context.Background(), filepath.Join(t.TempDir(), "state.db"), sqlite.Options{Holder: "test"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { store.Close() })
	w := &triggers{world: &world{t: t, store: store, now: time.Date(2026, 3, 2, 8, 0, 0, 0, time.UTC)}, ops: newSender()}
	w.cs, w.crm = triggerSystems()
	w.compile(project)
	return w
}

func (w *triggers) compile(project string) {
	w.t.Helper()
	const connections = header + "connection \"memory\" \"ops\" {}\n"
	m, diags := lang.Load([]lang.Source{{Name: "a.sync.hcl", Text: []byte(connections + project)}})
	set, more := lang.Compile(m, lang.Inputs{Catalogs: map[string]*schema.Catalog{"cs": w.cs.Catalog(), "crm": w.crm.Catalog(), "ops": {}}})
	for _, d := range append(diags, more...) {
		if d.Severity.String() == "error" {
			w.t.Fatalf("the project has an error: %s %s: %s", d.Code, d.Summary, d.Detail)
		}
	}
	if len(set.Triggers)+len(set.Tracks) == 0 {
		w.t.Fatalf("the project has no trigger: %v", append(diags, more...))
	}
	w.set = set
}

func (w *triggers) connection(name string) connectors.Connection {
	if name == "ops" {
		if w.ops.mute {
			return w.ops
		}
		return tracing{w.ops}
	}
	return w.world.connection(name)
}

func (w *triggers) newJob() engine.TriggerJob {
	w.now = w.now.Add(time.Minute)
	w.runs++
	w.changes, w.trouble, w.sights = nil, nil, nil
	now := w.now
	job := engine.TriggerJob{Set: w.set, Connections: w.connection, Store: w.store, Now: func() time.Time { return now },
		RunID:     fmt.Sprintf("run-%d", w.runs),
		Sleep:     func(ctx context.Context, _ time.Duration) error { return ctx.Err() },
		Random:    func() float64 { return 0.5 },
		OnChange:  func(c engine.Change) { w.changes = append(w.changes, c) },
		OnProblem: func(p engine.Problem) { w.trouble = append(w.trouble, p) },
		OnSight:   func(s engine.Sight) { w.sights = append(w.sights, s) },
	}
	if len(w.set.Triggers) > 0 {
		job.Plan = w.set.Triggers[0]
	}
	if w.job != nil {
		w.job(&job)
	}
	return job
}

func (w *triggers) run(edit ...func(*engine.TriggerJob)) state.Run {
	w.t.Helper()
	job := w.newJob()
	for _, e := range edit {
		e(&job)
	}
	run, err := engine.RunTrigger(context.Background(), job)
	if err != nil {
		w.t.Fatalf("run %s: %v", job.RunID, err)
	}
	return run
}

// ok runs, wants it to end well and so many to fire.
func (w *triggers) fires(n int, edit ...func(*engine.TriggerJob)) state.Run {
	w.t.Helper()
	run := w.run(edit...)
	if run.Status != state.Succeeded || run.Fired != n {
		w.t.Fatalf("%s: status %s, fired %d, want %d: %s %v", run.ID, run.Status, run.Fired, n, run.Why, w.trouble)
	}
	return run
}

func (w *triggers) put(id string, pairs ...any) {
	m := memory.Map{"Id": text(id)}
	w.with(m, pairs...)
	w.cs.Put("Company", m)
}

// tasks lists the subjects of the tasks, sorted.
func (w *triggers) tasks() string {
	var out []string
	for _, id := range w.crm.IDs("Task") {
		out = append(out, w.crm.Get("Task", id)["Subject"].AsText())
	}
	slices.Sort(out)
	return strings.Join(out, ", ")
}

func (w *triggers) wantTasks(want string) {
	w.t.Helper()
	if got := w.tasks(); got != want {
		w.t.Fatalf("tasks %q, want %q", got, want)
	}
}

func (w *triggers) firings(status state.FiringStatus) []state.Firing {
	w.t.Helper()
	out, err := w.store.Firings(context.Background(), state.FiringFilter{Status: status})
	if err != nil {
		w.t.Fatalf("%v", err)
	}
	return out
}

// dropping opens a task when a score falls below 60.
const dropping = `
trigger "drop" {
  on    = cs.Company
  when  = "new.Score < 60"
  schedule { cron = "* * * * *" }
  together {
    create "task" {
      in  = crm.Task
      key = "Key"
      set {
        Subject = text("{{ new.Id }} {{ old.Score }}>{{ new.Score }}")
      }
    }
  }
}
`

// with adds attributes to a project's trigger.
func attr(project string, lines ...string) string {
	return strings.Replace(project, "  schedule {", "  "+strings.Join(lines, "\n  ")+"\n  schedule {", 1)
}

type valueOf = value.Value

func dateOf(t time.Time) value.Value { return value.Date(t.Year(), t.Month(), t.Day()) }

func replaceAll(s, old, new string) string {
	if !strings.Contains(s, old) {
		panic(old + " is not there")
	}
	return strings.ReplaceAll(s, old, new)
}
