package sqlite

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/syncline/syncline/runtime/state"
	"github.com/syncline/syncline/runtime/state/statetest"
)

func open(t *testing.T) state.Store {
	s, err := Open(context.Background(), filepath.Join(t.TempDir(), "state", "state.db"), Options{Holder: "test"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

// long keeps tests of very many rows in one goroutine from the race detector, with which CI runs the short ones.
func long(t *testing.T) {
	if testing.Short() {
		t.Skip("takes long")
	}
}

func TestStore(t *testing.T) { statetest.Exercise(t, open) }

func TestASecondHolderIsToldWhoHoldsIt(t *testing.T) {
	s := open(t).(*Store)
	_, err := Open(context.Background(), s.path, Options{Holder: "second"})
	if !errors.Is(err, state.ErrHeld) || !strings.Contains(err.Error(), fmt.Sprintf("test (process %d", os.Getpid())) {
		t.Fatalf("%v", err)
	}
	beside, err := Open(context.Background(), s.path, Options{})
	if err != nil {
		t.Fatalf("a command that looks is refused: %v", err)
	}
	beside.Close()
	s.Close()
	again, err := Open(context.Background(), s.path, Options{Holder: "second"})
	if err != nil {
		t.Fatalf("the lock outlives its holder: %v", err)
	}
	again.Close()
}

// An empty file is what is left of a state, and not a new one: what it knew would be done again.
func TestAnEmptyFileIsNoNewState(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state.db")
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, o := range []Options{{Holder: "test"}, {}, {MustExist: true}} {
		if _, err := Open(t.Context(), path, o); !errors.Is(err, state.ErrEmpty) || !strings.Contains(err.Error(), "delete it to begin anew") {
			t.Fatalf("%+v: %v", o, err)
		}
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	s, err := Open(t.Context(), path, Options{Holder: "test"})
	if err != nil {
		t.Fatal(err)
	}
	s.Close()
}

// A new state is there whole or not at all, and takes nothing over from one that somebody deleted in part.
func TestANewStateIsWholeFromTheStart(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "state.db")
	s, err := Open(t.Context(), path, Options{Holder: "test"})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.SaveSnapshot(t.Context(), "x", []byte("old")); err != nil {
		t.Fatal(err)
	}
	left, err := os.ReadFile(path + "-wal") // as a process that was killed leaves it
	s.Close()
	if err != nil || len(left) == 0 {
		t.Fatal(len(left), err)
	}
	for _, name := range []string{path + "-wal", path + ".new"} {
		if err := os.WriteFile(name, left, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if s, err = Open(t.Context(), path, Options{Holder: "test"}); err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if data, err := s.Snapshot(t.Context(), "x"); err != nil || data != nil {
		t.Errorf("%q %v", data, err)
	}
	if names, _ := filepath.Glob(path + ".new*"); len(names) > 0 {
		t.Errorf("%v are left", names)
	}
}

func TestANewerStateIsRefused(t *testing.T) {
	s := open(t).(*Store)
	if _, err := s.write.Exec("PRAGMA user_version = 999"); err != nil {
		t.Fatal(err)
	}
	s.Close()
	if _, err := Open(context.Background(), s.path, Options{Holder: "test"}); !errors.Is(err, state.ErrNewer) {
		t.Fatalf("%v", err)
	}
}

func TestAFileThatIsNoStateIsNotTouched(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state.db")
	content := bytes.Repeat([]byte("this is a letter to my aunt\n"), 100)
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := Open(context.Background(), path, Options{Holder: "test"})
	if err == nil || !strings.Contains(err.Error(), "state repair") {
		t.Fatalf("%v", err)
	}
	if got, _ := os.ReadFile(path); !bytes.Equal(got, content) {
		t.Fatal("the file was changed")
	}
}

func TestAFullDiskLosesNothing(t *testing.T) {
	ctx := context.Background()
	s := open(t).(*Store)
	if err := s.Commit(ctx, state.Outcome{Rule: "r", Records: []state.Record{{Source: "kept", Target: "1"}}}); err != nil {
		t.Fatal(err)
	}
	var pages int
	if err := s.write.QueryRow("PRAGMA page_count").Scan(&pages); err != nil {
		t.Fatal(err)
	}
	if _, err := s.write.Exec(fmt.Sprintf("PRAGMA max_page_count = %d", pages+2)); err != nil {
		t.Fatal(err)
	}
	big := state.Record{Source: "big", Shadow: bytes.Repeat([]byte("x"), 1<<20)}
	err := s.Commit(ctx, state.Outcome{Rule: "r", Records: []state.Record{big}, Checkpoint: &state.Checkpoint{Rule: "r", Cursor: "far"}})
	if err == nil || !strings.Contains(err.Error(), "full") {
		t.Fatalf("%v", err)
	}
	got, err := s.Records(ctx, "r", []string{"kept", "big"})
	if err != nil || got[0].Target != "1" || got[1].Source != "" {
		t.Fatalf("%v %+v", err, got)
	}
	if c, _ := s.Checkpoint(ctx, "r", ""); c.Cursor != "" {
		t.Fatal("the checkpoint passed a record that is not stored")
	}
}

func TestCheckExportRepair(t *testing.T) {
	ctx := context.Background()
	s := open(t).(*Store)
	var records []state.Record
	for i := range 5000 {
		records = append(records, state.Record{Source: fmt.Sprintf("%06d", i), Target: fmt.Sprint(i), Shadow: bytes.Repeat([]byte("s"), 50)})
	}
	if err := s.Commit(ctx, state.Outcome{Rule: "r", Records: records}); err != nil {
		t.Fatal(err)
	}
	report, err := s.Check(ctx)
	if err != nil || len(report.Problems) > 0 || report.Rows["record"] != 5000 {
		t.Fatalf("%v %+v", err, report)
	}
	var out bytes.Buffer
	if err := s.Export(ctx, &out); err != nil || bytes.Count(out.Bytes(), []byte("\n")) != 5001 {
		t.Fatalf("%v: %d lines", err, bytes.Count(out.Bytes(), []byte("\n")))
	}
	s.Close()

	before, err := os.Stat(s.path)
	if err != nil {
		t.Fatal(err)
	}
	kept, saved, lost, err := Repair(ctx, s.path)
	if after, serr := os.Stat(s.path); err != nil || kept != "" || saved != 0 || len(lost) > 0 || serr != nil || !os.SameFile(before, after) {
		t.Fatalf("a sound file was replaced: %v %q, saved %d", err, kept, saved)
	}
	damage(t, s.path)
	if kept, saved, lost, err = Repair(ctx, s.path); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(kept); err != nil {
		t.Fatalf("the damaged file is gone: %v", err)
	}
	if len(lost) == 0 || saved == 0 {
		t.Fatalf("saved %d, lost %v: the damage did not show", saved, lost)
	}
	after, err := Open(ctx, s.path, Options{Holder: "test"})
	if err != nil {
		t.Fatal(err)
	}
	defer after.Close()
	if report, err = after.Check(ctx); err != nil || len(report.Problems) > 0 {
		t.Fatalf("%v %+v", err, report)
	}
}

// damage overwrites a page in the middle of the file.
func damage(t *testing.T, path string) {
	t.Helper()
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.WriteAt(bytes.Repeat([]byte{0xFF}, 8*4096), info.Size()/2/4096*4096); err != nil {
		t.Fatal(err)
	}
}

// older makes a state file of an earlier version.
func older(t *testing.T, version int, statements ...string) (path string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "state.db")
	s, err := openAt(context.Background(), path, Options{}, version)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for _, stmt := range statements {
		if _, err := s.write.Exec(stmt); err != nil {
			t.Fatal(err)
		}
	}
	return path
}

const recordsByName = `
INSERT INTO rule (name) VALUES ('r'), ('q');
INSERT INTO record (rule, source, target, keys, hash, shadow, fields, seen) VALUES
	(1, 'b', '', NULL, 0, NULL, NULL, 4), (1, 'a', '1', x'01', 7, x'02', x'03', 5), (2, 'a', '1', NULL, -1, NULL, NULL, 6)`

func TestRecordsOfOlderVersionsAreBroughtForward(t *testing.T) {
	ctx := context.Background()
	a := state.Record{Source: "a", Target: "1", Keys: []byte{1}, Hash: 7, Shadow: []byte{2}, Fields: []byte{3}, Seen: 5}
	b := state.Record{Source: "b", Seen: 4}
	other := state.Record{Source: "a", Target: "1", Hash: 1<<64 - 1, Seen: 6}
	for version := 1; version < 9; version++ {
		s, err := Open(ctx, older(t, version, recordsByName), Options{Holder: "test"})
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		for rule, want := range map[string][]state.Record{"r": {a, b}, "q": {other}} {
			got, _, err := s.Scan(ctx, rule, 0, 10)
			if err != nil || !reflect.DeepEqual(statetest.Unplaced(got), want) {
				t.Fatalf("from version %d: %v\ngot  %+v\nwant %+v", version, err, got, want)
			}
			holders, err := s.Holders(ctx, rule, []string{"1"})
			if err != nil || holders[0] != "a" {
				t.Fatalf("from version %d: %v %v", version, err, holders)
			}
		}
		a2 := a
		a2.Seen = 9
		if err := s.Commit(ctx, state.Outcome{Rule: "r", Records: []state.Record{a2, {Source: "c", Target: "2"}}, Forget: []string{"b"}}); err != nil {
			t.Fatal(err)
		}
		got, err := s.Records(ctx, "r", []string{"a", "b", "c"})
		if want := []state.Record{a2, {}, {Source: "c", Target: "2"}}; err != nil || !reflect.DeepEqual(statetest.Unplaced(got), want) {
			t.Fatalf("from version %d: %v\ngot  %+v\nwant %+v", version, err, got, want)
		}
		if report, err := s.Check(ctx); err != nil || len(report.Problems) > 0 || report.Rows["record"] != 3 {
			t.Fatalf("from version %d: %v %+v", version, err, report)
		}
	}
}

// Whoever holds a state of the version before knows no other: a command of this version that only looks leaves it as it is.
func TestAStateInUseIsNotBroughtForward(t *testing.T) {
	ctx := context.Background()
	path := older(t, 7, recordsByName)
	before, err := openAt(ctx, path, Options{Holder: "syncline serve"}, 7)
	if err != nil {
		t.Fatal(err)
	}
	defer before.Close()
	_, err = Open(ctx, path, Options{MustExist: true})
	if !errors.Is(err, state.ErrHeld) || !strings.Contains(err.Error(), "is of version 7") || !strings.Contains(err.Error(), "syncline serve") {
		t.Fatalf("%v", err)
	}
	if _, err := before.write.Exec("UPDATE record SET seen = 8 WHERE rule = 1 AND source = 'a'"); err != nil {
		t.Fatalf("the holder's layout is gone: %v", err)
	}
	if err := before.Close(); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		beside, err := Open(ctx, path, Options{MustExist: true})
		if err != nil {
			t.Fatalf("after the holder has ended: %v", err)
		}
		holder, err := Open(ctx, path, Options{Holder: "test"})
		if err != nil {
			t.Fatalf("the lock outlives the step forward: %v", err)
		}
		beside.Close()
		holder.Close()
	}
}

func TestADamagedStateOfAnOlderVersionIsRepaired(t *testing.T) {
	ctx := context.Background()
	path := older(t, 3, recordsByName)
	damageHeader(t, path)
	_, saved, lost, err := Repair(ctx, path)
	if err != nil || saved != 5 || len(lost) > 0 {
		t.Fatalf("%v, saved %d, lost %v", err, saved, lost)
	}
	s, err := Open(ctx, path, Options{Holder: "test"})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if got, err := s.Records(ctx, "q", []string{"a"}); err != nil || got[0].Seen != 6 {
		t.Fatalf("%v %+v", err, got)
	}
}

// Rows of the ledger from before phrases are whole entries, and stay readable beside the others.
func TestLedgerOfBothForms(t *testing.T) {
	ctx := context.Background()
	s, err := Open(ctx, filepath.Join(t.TempDir(), "state.db"), Options{Holder: "test"})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	entry := func(run string) state.Entry {
		return state.Entry{Run: run, Rule: "sync.a", Revision: "r1", At: time.UnixMicro(5).UTC(), Action: "update", Connection: "crm", Object: "Account",
			Target: "t", Source: state.SourceRef{Connection: "cs", Object: "Company", ID: "s", Version: "v"},
			Fields: []state.FieldChange{{Name: "A", Before: "x", After: nil, Expression: "source.A", Inputs: map[string]any{"source.A": true}}, {Name: "B", After: "y"}}}
	}
	old, err := json.Marshal(entry("old"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.write.ExecContext(ctx, "INSERT INTO ledger (run, rule, at, target, source, data) VALUES ('old', 'sync.a', 5, 't', 's', ?)", string(old)); err != nil {
		t.Fatal(err)
	}
	if err := s.tx(ctx, func(tx *sql.Tx) error { return indexLedger(ctx, tx) }); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := s.Commit(ctx, state.Outcome{Rule: "sync.a", Ledger: []state.Entry{entry("new")}}); err != nil {
			t.Fatal(err)
		}
	}
	got, err := s.Ledger(ctx, state.LedgerFilter{Record: "s", Field: "A"})
	if err != nil {
		t.Fatal(err)
	}
	for i, run := range []string{"new", "new", "old"} {
		want := entry(run)
		want.ID = int64(3 - i)
		if i >= len(got) || !reflect.DeepEqual(got[i], want) {
			t.Fatalf("got  %+v\nwant %+v at %d", got, want, i)
		}
	}
	var phrases int
	if err := s.read.QueryRowContext(ctx, "SELECT count(*) FROM phrase").Scan(&phrases); err != nil || phrases != 2 {
		t.Fatalf("%d phrases, %v", phrases, err)
	}
}
