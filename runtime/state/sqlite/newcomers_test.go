package sqlite

import (
	"database/sql"
	"errors"
	"path/filepath"
	"testing"

	"github.com/syncline/syncline/runtime/state"
)

// Of a rule whose records were all added by this store, those that cannot be there are not asked for; wherever others may
// be there, or what was added may not, each is.
func TestOnlyWhatMayBeThereIsAskedFor(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state.db")
	var s *Store
	reopen := func(holder string) {
		t.Helper()
		if s != nil {
			s.Close()
		}
		var err error
		if s, err = Open(t.Context(), path, Options{Holder: holder}); err != nil {
			t.Fatal(err)
		}
	}
	commit := func(rule string, records ...state.Record) {
		t.Helper()
		if err := s.Commit(t.Context(), state.Outcome{Rule: rule, Records: records}); err != nil {
			t.Fatal(err)
		}
	}
	asked := func(rule string, want int) {
		t.Helper()
		id, err := s.ruleID(t.Context(), rule)
		if err != nil || id == 0 {
			t.Fatal(id, err)
		}
		if w := s.wants(id, []string{"a", "b", "x", "y", "nobody"}); len(w.keys) != want || len(w.at) != want {
			t.Fatalf("%d of 5 are asked for, want %d", len(w.keys), want)
		}
	}
	reopen("test")
	defer func() { s.Close() }()
	commit("sync.a", state.Record{Source: "a"})
	asked("sync.a", 1)
	commit("sync.a", state.Record{Source: "b", Target: "y"}, state.Record{Source: "a", Target: "x"})
	asked("sync.a", 4)
	if err := s.tx(t.Context(), func(*sql.Tx) error { return errors.New("the disk is full") }); err == nil {
		t.Fatal("the transaction did not fail")
	}
	asked("sync.a", 5)
	commit("sync.a", state.Record{Source: "c"})
	asked("sync.a", 5)
	commit("sync.b", state.Record{Source: "a"})
	asked("sync.b", 1)
	asked("sync.a", 5)
	reopen("test")
	asked("sync.b", 5)
	reopen("")
	commit("sync.c", state.Record{Source: "a"})
	asked("sync.c", 5)
}
