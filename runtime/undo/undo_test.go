package undo

import (
	"context"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/syncline/syncline/connectors"
	"github.com/syncline/syncline/connectors/memory"
	"github.com/syncline/syncline/lang/schema"
	"github.com/syncline/syncline/lang/value"
	"github.com/syncline/syncline/runtime/state"
	"github.com/syncline/syncline/runtime/state/sqlite"
)

// bench is a system with a ledger of what was written to it.
type bench struct {
	t     *testing.T
	crm   *memory.System
	store state.Store
	allow []string
}

func newBench(t *testing.T) *bench {
	field := func(name string, kind schema.Kind) *schema.Field {
		return &schema.Field{Name: name, Kind: kind, Nullable: true, Createable: true, Updateable: true, Filterable: true}
	}
	id := &schema.Field{Name: "Id", Kind: schema.ID, Unique: true, Filterable: true}
	fixed, must := field("Fixed", schema.Text), field("Must", schema.Text)
	fixed.Updateable, must.Required, must.Nullable = false, true, false
	o := &schema.Object{Name: "Account", Key: "Id", Createable: true, Updateable: true, Deletable: true,
		Fields: []*schema.Field{id, field("Name", schema.Text), field("Score", schema.Number), field("Due", schema.Date), field("Seen", schema.DateTime), fixed, must}}
	store, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "state.db"), sqlite.Options{Holder: "test"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { store.Close() })
	return &bench{t: t, crm: memory.New(o), store: store}
}

func (b *bench) wrote(run, action, target string, edit func(*state.Entry), fields ...state.FieldChange) {
	b.t.Helper()
	e := state.Entry{Run: run, Rule: "sync.a", Action: action, Connection: "crm", Object: "Account", Target: target, Fields: fields}
	if edit != nil {
		edit(&e)
	}
	if err := b.store.Commit(b.t.Context(), state.Outcome{Rule: "sync.a", Ledger: []state.Entry{e}}); err != nil {
		b.t.Fatal(err)
	}
}

func (b *bench) plan(f state.LedgerFilter, deleteCreated bool) (*Plan, Systems) {
	b.t.Helper()
	systems := Systems{Open: func(context.Context, string) (connectors.Connection, error) { return b.crm, nil }, Allow: func(string) []string { return b.allow }}
	p, err := Collect(b.t.Context(), b.store, f)
	if err == nil {
		err = p.Compare(b.t.Context(), systems, deleteCreated)
	}
	if err != nil {
		b.t.Fatal(err)
	}
	return p, systems
}

// text is a plan in short: "ID verdict(FIELD verdict, …)".
func text(p *Plan) string {
	var out []string
	for _, r := range p.Records {
		var fields []string
		for _, f := range r.Fields {
			if f.Verdict != "" {
				fields = append(fields, f.Name+" "+string(f.Verdict))
			}
		}
		out = append(out, r.ID+" "+string(r.Verdict)+"("+strings.Join(fields, ", ")+")")
	}
	return strings.Join(out, "; ")
}

func change(name string, before, after any) state.FieldChange {
	return state.FieldChange{Name: name, Before: before, After: after}
}

func TestEachFieldIsDecidedForItself(t *testing.T) {
	b := newBench(t)
	due, seen := value.Date(2026, 1, 5), value.Time(time.Date(2026, 1, 5, 9, 0, 0, 0, time.UTC))
	b.crm.Put("Account", memory.Map{"Id": value.Text("a"), "Name": value.Text("new"), "Score": value.Float(7), "Due": due, "Seen": seen,
		"Fixed": value.Text("f2"), "Must": value.Text("m")})
	b.crm.Put("Account", memory.Map{"Id": value.Text("b"), "Name": value.Text("old")})
	b.crm.Put("Account", memory.Map{"Id": value.Text("c"), "Name": value.Text("made")})
	b.crm.Put("Account", memory.Map{"Id": value.Text("d"), "Name": value.Text("made, then changed")})
	b.crm.Put("Account", memory.Map{"Id": value.Text("e"), "Name": value.Text("blind")})
	b.wrote("r", "update", "a", nil, change("Name", "middle", "new"), change("Score", 5, 6), change("Due", nil, "2026-01-05"),
		change("Seen", "2026-01-01T00:00:00Z", "2026-01-05T09:00:00Z"), change("Fixed", "f1", "f2"), change("Must", nil, "m"), change("Gone", 1, 2))
	b.wrote("r", "update", "b", nil, change("Name", "old", "new"))
	b.wrote("r", "create", "c", nil, change("Name", nil, "new"))
	b.wrote("r", "update", "c", func(e *state.Entry) { e.Blind = true }, change("Name", nil, "made")) // what it held is known: it was made
	b.wrote("r", "create", "", func(e *state.Entry) { e.InDoubt = true }, change("Name", nil, "made, if it was"))
	b.wrote("r", "create", "d", nil, change("Name", nil, "made"))
	b.wrote("r", "update", "e", func(e *state.Entry) { e.Blind = true }, change("Name", nil, "blind"))
	b.wrote("r", "update", "f", nil, change("Name", "x", "y"))
	b.wrote("r", "delete", "g", nil)
	b.wrote("r", "relink", "a", nil, change("link", "z", "a"))
	for _, action := range []string{"send", "call"} {
		b.wrote("r", action, "1795306180.048733", func(e *state.Entry) { e.Connection, e.Object = "ops", "" }, change("text", nil, "hello"))
	}
	p, systems := b.plan(state.LedgerFilter{Run: "r"}, false)
	want := "g lost(); f conflict(); e lost(); d conflict(Name conflict); c keep(Name update); b settled(Name settled); " +
		"a update(Name update, Score conflict, Due update, Seen update, Fixed lost, Must lost, Gone lost)"
	if got := text(p); got != want || p.Links != 1 || p.Messages != 2 || p.Doubts != 1 {
		t.Errorf("%s\nwant %s; %d links, %d messages, %d in doubt", got, want, p.Links, p.Messages, p.Doubts)
	}
	if p, _ := b.plan(state.LedgerFilter{Run: "r"}, true); !strings.Contains(text(p), "d conflict(Name conflict); c delete(Name update)") {
		t.Error(text(p))
	}
	run, failed, err := p.Apply(t.Context(), systems, b.store, time.Now)
	if err != nil || run.Status != state.Succeeded || run.Updated != 1 || run.Reverts != "r" || len(failed) != 0 || !strings.Contains(run.Why, "6 records were left alone") {
		t.Fatalf("%v %+v %v", err, run, failed)
	}
	a := b.crm.Get("Account", "a")
	if a["Name"].String() != "middle" || !a["Due"].IsNull() || a["Seen"].String() != "2026-01-01T00:00:00Z" || a["Score"].AsFloat() != 7 {
		t.Errorf("%v", a)
	}
	// What was taken back is taken back.
	p, systems = b.plan(state.LedgerFilter{Run: run.ID}, false)
	if got := text(p); got != "a update(Name update, Due update, Seen update)" {
		t.Error(got)
	}
	if _, _, err := p.Apply(t.Context(), systems, b.store, time.Now); err != nil {
		t.Fatal(err)
	}
	if a := b.crm.Get("Account", "a"); a["Name"].String() != "new" || !value.Equal(a["Due"], due) || !value.Equal(a["Seen"], seen) {
		t.Errorf("%v", a)
	}
}

func TestOfSeveralWritesTheOldestCounts(t *testing.T) {
	b := newBench(t)
	b.crm.Put("Account", memory.Map{"Id": value.Text("a"), "Score": value.Float(3)})
	b.wrote("r1", "update", "a", nil, change("Score", 1, 2))
	b.wrote("r2", "update", "a", nil, change("Score", 2, 3))
	p, systems := b.plan(state.LedgerFilter{Rule: "sync.a"}, false)
	if _, _, err := p.Apply(t.Context(), systems, b.store, time.Now); err != nil {
		t.Fatal(err)
	}
	if got := b.crm.Get("Account", "a")["Score"].AsFloat(); got != 1 {
		t.Error(got)
	}
}

func TestRefusalsAndLimitsAreTold(t *testing.T) {
	b := newBench(t)
	for _, id := range []string{"a", "b"} {
		b.crm.Put("Account", memory.Map{"Id": value.Text(id), "Name": value.Text("new")})
		b.wrote("r", "update", id, nil, change("Name", "old", "new"))
	}
	b.crm.SetHooks(memory.Hooks{Record: func(_ string, _ connectors.Op, r connectors.Record) *connectors.Error {
		if r.ID == "a" {
			return &connectors.Error{Class: connectors.Reject, Message: "a rule of the org"}
		}
		return nil
	}})
	p, systems := b.plan(state.LedgerFilter{Run: "r"}, false)
	run, failed, err := p.Apply(t.Context(), systems, b.store, time.Now)
	if err != nil || run.Status != state.Partial || run.Updated != 1 || len(failed) != 1 || !strings.Contains(failed[0].Err.Error(), "a rule of the org") {
		t.Fatalf("%v %+v %v", err, run, failed)
	}
	// The rest is what a second attempt finds; what may not be written is not written.
	b.crm.SetHooks(memory.Hooks{})
	b.allow = []string{"Task.*"}
	p, systems = b.plan(state.LedgerFilter{Run: "r"}, false)
	if got := text(p); got != "b settled(Name settled); a update(Name update)" {
		t.Error(got)
	}
	if run, failed, err := p.Apply(t.Context(), systems, b.store, time.Now); err != nil || run.Status == state.Succeeded && len(failed) == 0 {
		t.Errorf("%v %+v %v", err, run, failed)
	}
	if got := b.crm.Get("Account", "a")["Name"].String(); got != "new" {
		t.Error(got)
	}
}
