package engine_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/syncline/syncline/connectors"
	"github.com/syncline/syncline/connectors/file"
	"github.com/syncline/syncline/lang"
	"github.com/syncline/syncline/lang/schema"
	"github.com/syncline/syncline/lang/value"
	"github.com/syncline/syncline/runtime/engine"
	"github.com/syncline/syncline/runtime/state"
	"github.com/syncline/syncline/runtime/state/sqlite"
)

const fileToFile = `
connection "memory" "data" {}

sync "export" {
  from  = data.people
  to    = data.out
  where = "source.age >= 18"
  schedule { cron = "0 3 * * *" }
  find "user" {
    in      = data.users
    by      = { name = source.name }
    where   = "it.left != true"
    missing = "empty"
  }
  map {
    id    = source.id
    level = user.level
    born  = source.born
  }
}
`

// The reader leaves out and decodes in a goroutine of its own, workers look up on the shelf beside it, and rows that cannot
// be read are met on both sides. Over many pages all counts are exact, and the lines come in order.
func TestFileToFileLooksUpInAFileBesideTheReader(t *testing.T) {
	const people, users = 30_000, 5_000
	var in, looked, want strings.Builder
	in.WriteString("id,name,age,born\n")
	looked.WriteString("name,level,left\n")
	want.WriteString("id,level,born\n")
	for i := range users {
		switch i % 100 {
		case 7:
			fmt.Fprintf(&looked, "u%d,high,\n", i)
		case 8:
			fmt.Fprintf(&looked, "u%d,high,true\n", i)
		default:
			fmt.Fprintf(&looked, "u%d,%d,\n", i, i)
		}
	}
	var filtered, broken, hit, created int
	for i := range people {
		age, born, user := 18+i%3, "2000-01-01", i%users
		if i%4 == 0 {
			age = 17
		}
		if i%50 < 2 {
			born = "never" // of a minor as well as of an adult
		}
		fmt.Fprintf(&in, "%d,u%d,%d,%s\n", i, user, age, born)
		switch {
		case age == 17:
			filtered++
		case born == "never":
			broken++
		case user%100 == 7:
			hit++
		case user%100 == 8:
			fmt.Fprintf(&want, "%d,,%s\n", i, born)
			created++
		default:
			fmt.Fprintf(&want, "%d,%d,%s\n", i, user, born)
			created++
		}
	}
	run, letters, out := runOverFiles(t, fileToFile, map[string]string{"people.csv": in.String(), "users.csv": looked.String()})
	rows := users / 100 // broken ones that the find's where does not leave out
	if want := fmt.Sprintf("read=%d filtered=%d created=%d dead=%d", people, filtered, created, broken+hit+rows); counts(run) != want {
		t.Errorf("%s, want %s", counts(run), want)
	}
	if run.Status != state.Partial || len(letters) != run.Dead {
		t.Errorf("status %s with %d dead letters", run.Status, len(letters))
	}
	if out != want.String() {
		t.Errorf("%d bytes were written, %d wanted; they begin with %.200q", len(out), want.Len(), out)
	}
	kinds := map[string]int{}
	for _, l := range letters {
		kinds[l.Step+" "+l.Source.Object]++
		if l.Step == "find" && !strings.Contains(l.Message, "users.csv:") {
			t.Errorf("%q does not say which row", l.Message)
		}
	}
	if kinds["read people"] != broken || kinds["find people"] != hit || kinds["read users"] != rows {
		t.Errorf("letters are %v", kinds)
	}
}

// runOverFiles runs a rule that reads people and users, and gives what it wrote to out.
func runOverFiles(t *testing.T, project string, files map[string]string) (state.Run, []state.DeadLetter, string) {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	set := func(pairs ...string) connectors.Settings {
		out := connectors.Settings{}
		for i := 0; i < len(pairs); i += 2 {
			out[pairs[i]] = value.Text(pairs[i+1])
		}
		return out
	}
	conn, err := file.Type().Open(t.Context(), connectors.Config{Dir: dir, Settings: set("dir", "."), Objects: []connectors.Object{
		{Name: "people", Settings: set("path", "people.csv", "key", "id"), Columns: []connectors.Column{
			{Name: "id", Kind: schema.Text}, {Name: "name", Kind: schema.Text}, {Name: "age", Kind: schema.Integer}, {Name: "born", Kind: schema.Date}}},
		{Name: "users", Settings: set("path", "users.csv"), Columns: []connectors.Column{
			{Name: "name", Kind: schema.Text}, {Name: "level", Kind: schema.Integer}, {Name: "left", Kind: schema.Boolean}}},
		{Name: "out", Settings: set("path", "out.csv"), Columns: []connectors.Column{{Name: "id", Kind: schema.Text}, {Name: "level", Kind: schema.Integer}, {Name: "born", Kind: schema.Date}}},
	}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	catalog, err := conn.Describe(t.Context(), []string{"people", "users", "out"}, nil)
	if err != nil {
		t.Fatal(err)
	}
	m, diags := lang.Load([]lang.Source{{Name: "a.sync.hcl", Text: []byte(project)}})
	plans, more := lang.Compile(m, lang.Inputs{Catalogs: map[string]*schema.Catalog{"data": catalog}})
	for _, d := range append(diags, more...) {
		if d.Severity.String() == "error" {
			t.Fatalf("%s %s: %s", d.Code, d.Summary, d.Detail)
		}
	}
	store, err := sqlite.Open(t.Context(), filepath.Join(dir, "state.db"), sqlite.Options{Holder: "test"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { store.Close() })
	run, err := engine.Run(context.Background(), engine.Job{Plan: plans.Syncs[0], Set: plans, Store: store,
		Connections: func(string) connectors.Connection { return conn }})
	if err != nil {
		t.Fatal(err)
	}
	letters, err := store.DeadLetters(t.Context(), state.DeadFilter{Status: state.DeadOpen})
	if err != nil {
		t.Fatal(err)
	}
	out, err := os.ReadFile(filepath.Join(dir, "out.csv"))
	if err != nil {
		t.Fatalf("%v; the run: %s %s", err, run.Status, run.Why)
	}
	return run, letters, string(out)
}
