package sqlite

import (
	"database/sql"
	"fmt"
	"path/filepath"
	"testing"

	"github.com/syncline/syncline/runtime/state"
)

// lettersVersion is the version at which firings had no letters of their own yet.
const lettersVersion = 10

// A letter that several stuck firings shared becomes one for each of them, so that none is dropped for want of a letter.
func TestSharedLettersAreDividedAmongFirings(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state.db")
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	do := func(stmt string, args ...any) {
		t.Helper()
		if _, err := db.Exec(stmt, args...); err != nil {
			t.Fatal(err)
		}
	}
	for v := range lettersVersion {
		do(migrations[v])
	}
	do(fmt.Sprintf("PRAGMA user_version = %d", lettersVersion))
	for _, f := range [][3]string{{"f1", "a", "stuck"}, {"f2", "a", "stuck"}, {"f3", "b", "done"}} {
		do("INSERT INTO firing (id, rule, source, run, kind, status, at, of, why) VALUES (?, 'trigger.x', ?, 'r', 'fired', ?, 1, '', '')", f[0], f[1], f[2])
	}
	for _, l := range [][2]string{{"a", "open"}, {"b", "open"}, {"a", "settled"}} {
		do(`INSERT INTO dead (rule, source, status, at, data) VALUES ('trigger.x', ?, ?, 1, ?)`, l[0], l[1],
			fmt.Sprintf(`{"rule":"trigger.x","source":{"id":%q},"message":"m","attempts":2}`, l[0]))
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	s, err := Open(t.Context(), path, Options{Holder: "test"})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	got := ""
	letters, err := s.DeadLetters(t.Context(), state.DeadFilter{Status: state.DeadOpen})
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range letters {
		got += fmt.Sprintf("%s %s %d, ", l.Source.ID, l.Firing, l.Attempts)
	}
	if want := "a f2 2, a f1 2, b  2, "; got != want {
		t.Fatalf("%s, want %s", got, want)
	}
}
