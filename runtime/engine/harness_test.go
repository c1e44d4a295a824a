package engine_test

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/syncline/syncline/connectors"
	"github.com/syncline/syncline/connectors/memory"
	"github.com/syncline/syncline/lang"
	"github.com/syncline/syncline/lang/plan"
	"github.com/syncline/syncline/lang/schema"
	"github.com/syncline/syncline/lang/value"
	"github.com/syncline/syncline/runtime/engine"
	"github.com/syncline/syncline/runtime/state"
	"github.com/syncline/syncline/runtime/state/sqlite"
)

// tb is what *testing.T and *rapid.T share.
type tb interface {
	Helper()
	Fatalf(format string, args ...any)
	Errorf(format string, args ...any)
}

// world is two systems, a store and a project between them.
type world struct {
	t       tb
	cs, crm *memory.System
	store   state.Store
	set     *plan.Set
	now     time.Time
	runs    int
	job     func(*engine.Job) // changes the next jobs
	changes []engine.Change
	trouble []engine.Problem
}

func field(name string, kind schema.Kind, edit ...func(*schema.Field)) *schema.Field {
	f := &schema.Field{Name: name, Kind: kind, Nullable: true, Createable: true, Updateable: true, Filterable: true}
	for _, e := range edit {
		e(f)
	}
	return f
}

func unique(f *schema.Field)           { f.Unique, f.UpsertKey = true, true }
func onlyUniq(f *schema.Field)         { f.Unique = true }
func readOnly(f *schema.Field)         { f.Createable, f.Updateable = false, false }
func length(n int) func(*schema.Field) { return func(f *schema.Field) { f.Length = n } }
func digits(p, s int) func(*schema.Field) {
	return func(f *schema.Field) { f.Precision, f.Scale = p, s }
}

func object(name, modified string, fields ...*schema.Field) *schema.Object {
	id := field("Id", schema.ID, readOnly, onlyUniq)
	id.Nullable = false
	o := &schema.Object{Name: name, Key: "Id", Modified: modified, Createable: true, Updateable: true, Deletable: true, Fields: append([]*schema.Field{id}, fields...)}
	if modified != "" {
		o.Fields = append(o.Fields, field(modified, schema.DateTime, readOnly))
	}
	return o
}

func systems() (cs, crm *memory.System) {
	company := func(name, modified string) *schema.Object {
		return object(name, modified, field("Name", schema.Text), field("Score", schema.Number), field("Stage", schema.Text),
			field("AccountId", schema.Text), field("Due", schema.Date), field("Owner", schema.Text))
	}
	cs = memory.New(company("Company", "Modified"), company("Row", ""))
	account := object("Account", "Stamp", field("Name", schema.Text, length(40)), field("Score", schema.Number, digits(5, 2)),
		field("Tier", schema.Text), field("Gsid", schema.Text, unique), field("Ref", schema.Text), field("Seen", schema.DateTime),
		field("OwnerId", schema.Text), field("Open", schema.Boolean))
	crm = memory.New(account, object("User", "Stamp", field("Email", schema.Text, onlyUniq), field("Name", schema.Text)))
	return cs, crm
}

const header = `
connection "memory" "cs" {}
connection "memory" "crm" {}
`

// newWorld compiles the project, which must be free of errors.
func newWorld(t testing.TB, project string) *world {
	t.Helper()
	store, err := sqlite.Open(context.Background(), filepath.Join(t.TempDir(), "state.db"), sqlite.Options{Holder: "test"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { store.Close() })
	w := &world{t: t, store: store, now: time.Date(2026, 3, 2, 8, 0, 0, 0, time.UTC)}
	w.cs, w.crm = systems()
	w.compile(project)
	return w
}

func (w *world) compile(project string) {
	w.t.Helper()
	m, diags := lang.Load([]lang.Source{{Name: "a.sync.hcl", Text: []byte(header + project)}})
	set, more := lang.Compile(m, lang.Inputs{Catalogs: map[string]*schema.Catalog{"cs": w.cs.Catalog(), "crm": w.crm.Catalog()}})
	for _, d := range append(diags, more...) {
		if d.Severity.String() == "error" {
			w.t.Fatalf("the project has an error: %s %s: %s", d.Code, d.Summary, d.Detail)
		}
	}
	if len(set.Syncs) == 0 {
		w.t.Fatalf("the project has no rule")
	}
	w.set = set
}

func (w *world) connection(name string) connectors.Connection {
	switch name {
	case "cs":
		return w.cs
	case "crm":
		return w.crm
	}
	return nil
}

// newJob makes the job of the first rule, a minute after the last one.
func (w *world) newJob() engine.Job {
	w.now = w.now.Add(time.Minute)
	w.runs++
	w.changes, w.trouble = nil, nil
	now := w.now
	job := engine.Job{Plan: w.set.Syncs[0], Set: w.set, Connections: w.connection, Store: w.store, Now: func() time.Time { return now },
		RunID:     fmt.Sprintf("run-%d", w.runs),
		Sleep:     func(ctx context.Context, _ time.Duration) error { return ctx.Err() },
		Random:    func() float64 { return 0.5 },
		OnChange:  func(c engine.Change) { w.changes = append(w.changes, c) },
		OnProblem: func(p engine.Problem) { w.trouble = append(w.trouble, p) },
	}
	if w.job != nil {
		w.job(&job)
	}
	return job
}

func (w *world) run(edit ...func(*engine.Job)) state.Run {
	w.t.Helper()
	job := w.newJob()
	for _, e := range edit {
		e(&job)
	}
	run, err := engine.Run(context.Background(), job)
	if err != nil {
		w.t.Fatalf("run %s: %v", job.RunID, err)
	}
	return run
}

// ok runs and wants the run to end well.
func (w *world) ok(edit ...func(*engine.Job)) state.Run {
	w.t.Helper()
	run := w.run(edit...)
	if run.Status != state.Succeeded {
		w.t.Fatalf("status %s: %s %v", run.Status, run.Why, w.trouble)
	}
	return run
}

// quiet runs once more and wants nothing to be written.
func (w *world) quiet(edit ...func(*engine.Job)) state.Run {
	w.t.Helper()
	w.crm.ResetCalls()
	w.cs.ResetCalls()
	run := w.run(edit...)
	if calls, records := w.crm.Count(""); calls > 0 {
		w.t.Fatalf("a run with nothing to do wrote %d records in %d calls: %.2000s", records, calls, fmt.Sprint(w.changes))
	}
	return run
}

func text(s string) value.Value { return value.Text(s) }
func num(f float64) value.Value { return value.Float(f) }

// company puts companies "c1", "c2" … with a score each.
func (w *world) company(id string, score float64, more ...any) {
	m := memory.Map{"Id": text(id), "Name": text("Company " + id), "Score": num(score), "Stage": text("Adoption"), "AccountId": text("a" + id[1:])}
	w.with(m, more...)
	w.cs.Put("Company", m)
}

func (w *world) account(id string, more ...any) {
	m := memory.Map{"Id": text(id), "Name": text("Account " + id)}
	w.with(m, more...)
	w.crm.Put("Account", m)
}

func (w *world) with(m memory.Map, more ...any) {
	for i := 0; i < len(more); i += 2 {
		switch v := more[i+1].(type) {
		case nil:
			m[more[i].(string)] = value.Null
		case string:
			m[more[i].(string)] = text(v)
		case float64:
			m[more[i].(string)] = num(v)
		case int:
			m[more[i].(string)] = value.Int(int64(v))
		case bool:
			m[more[i].(string)] = value.Bool(v)
		case value.Value:
			m[more[i].(string)] = v
		}
	}
}

// want compares fields of a target record.
func (w *world) want(object, id string, pairs ...any) {
	w.t.Helper()
	got := w.crm.Get(object, id)
	if got == nil {
		w.t.Fatalf("%s %s is not there; there are %v", object, id, w.crm.IDs(object))
	}
	m := memory.Map{}
	w.with(m, pairs...)
	for name, v := range m {
		if !value.Equal(got[name], v) {
			w.t.Errorf("%s %s.%s is %q, want %q", object, id, name, got[name], v)
		}
	}
}

func (w *world) letters(status state.DeadStatus) []state.DeadLetter {
	w.t.Helper()
	out, err := w.store.DeadLetters(context.Background(), state.DeadFilter{Status: status})
	if err != nil {
		w.t.Fatalf("%v", err)
	}
	return out
}

// counts shows a run's counts that are not zero.
func counts(r state.Run) string {
	var parts []string
	add := func(name string, n int) {
		if n != 0 {
			parts = append(parts, fmt.Sprintf("%s=%d", name, n))
		}
	}
	add("read", r.Read)
	add("filtered", r.Filtered)
	add("matched", r.Matched)
	add("created", r.Created)
	add("updated", r.Updated)
	add("deleted", r.Deleted)
	add("unchanged", r.Unchanged)
	add("unmatched", r.Unmatched)
	add("ambiguous", r.Ambiguous)
	add("dead", r.Dead)
	return strings.Join(parts, " ")
}

func (w *world) counts(r state.Run, want string) {
	w.t.Helper()
	if got := counts(r); got != want {
		w.t.Fatalf("run %s: %s, want %s\n%.2000v\n%.2000v", r.ID, got, want, fmt.Sprint(w.changes), fmt.Sprint(w.trouble))
	}
}

func actions(changes []engine.Change) string {
	var out []string
	for _, c := range changes {
		out = append(out, c.Action+" "+c.Source.ID)
	}
	slices.Sort(out)
	return strings.Join(out, ", ")
}

// byRef finds the account of a source record.
func (w *world) byRef(ref string) string {
	w.t.Helper()
	found := ""
	for _, id := range w.crm.IDs("Account") {
		if w.crm.Get("Account", id)["Ref"].AsText() == ref {
			if found != "" {
				w.t.Fatalf("two accounts of %s: %s and %s", ref, found, id)
			}
			found = id
		}
	}
	return found
}

// mute is a system that does not tell deletions.
type mute struct {
	connectors.Connection
	connectors.Reader
}

func withoutDeletions(w *world, next func(string) connectors.Connection) func(string) connectors.Connection {
	return func(name string) connectors.Connection {
		if name == "cs" {
			return mute{w.cs, w.cs}
		}
		return next(name)
	}
}
