package sqlite

import (
	"database/sql"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/syncline/syncline/runtime/state"
)

// The records of a file from before they had tables to be found by are found as before.
func TestTheRecordsOfVersionThirteenAreFound(t *testing.T) {
	defer func(n int) { recordsAtOnce = n }(recordsAtOnce)
	recordsAtOnce = 2
	statements := []string{"INSERT INTO rule (name) VALUES ('sync.a'), ('sync.b')"}
	for i, r := range []struct{ rule, source, target string }{{"1", "a", "x"}, {"1", "b", "b"}, {"1", "c", ""}, {"1", "x", "a"}, {"2", "a", "a"}} {
		rule := int64(r.rule[0] - '0')
		statements = append(statements, fmt.Sprintf("INSERT INTO record (id, source_key, target_key, source, target, hash, seen) VALUES (%d, %d, %d, '%s', '%s', 0, %d)",
			firstID(rule)+int64(i)+1, placeKey(rule, r.source), targetKey(rule, r.target), r.source, r.target, i))
	}
	s, err := Open(t.Context(), older(t, 13, statements...), Options{Holder: "test"})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for rule, want := range map[string]string{"sync.a": "a>x:0 b>b:1 c>:2 x>a:3 >:0, x b  a , 3", "sync.b": "a>a:4 >:0 >:0 >:0 >:0, a    , 1"} {
		records, err := s.Records(t.Context(), rule, []string{"a", "b", "c", "x", "y"})
		if err != nil {
			t.Fatal(err)
		}
		holders, err := s.Holders(t.Context(), rule, []string{"a", "b", "c", "x", "y"})
		if err != nil {
			t.Fatal(err)
		}
		linked, err := s.Linked(t.Context(), rule)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, r := range records {
			got = append(got, fmt.Sprintf("%s>%s:%d", r.Source, r.Target, r.Seen))
		}
		if got := fmt.Sprintf("%s, %s, %d", strings.Join(got, " "), strings.Join(holders, " "), linked); got != want {
			t.Errorf("of %s there is %q, want %q", rule, got, want)
		}
	}
	if report, err := s.Check(t.Context()); err != nil || len(report.Problems) > 0 {
		t.Errorf("%v %+v", err, report)
	}
}

// A number that a rule got in a transaction that failed goes to the next rule, and only that one has the records under it.
func TestAFailedTransactionLeavesARuleWithoutItsNumber(t *testing.T) {
	s := open(t).(*Store)
	records := []state.Record{{Source: "a", Target: "x"}}
	err := s.tx(t.Context(), func(tx *sql.Tx) error {
		for range 2 {
			if err := s.putRecords(t.Context(), tx, "sync.a", records, nil); err != nil {
				return err
			}
		}
		return errors.New("the disk is full")
	})
	if err == nil {
		t.Fatal("the transaction did not fail")
	}
	if err := s.Commit(t.Context(), state.Outcome{Rule: "sync.b", Records: records}); err != nil {
		t.Fatal(err)
	}
	for rule, want := range map[string]string{"sync.a": "", "sync.b": "a"} {
		if got, err := s.Records(t.Context(), rule, []string{"a"}); err != nil || got[0].Source != want {
			t.Errorf("%v: %s has %+v", err, rule, got)
		}
	}
}

// A record that is there and not found would come into being again: it is told of, and found again after a repair.
func TestRecordsThatAreNotFoundAreRepaired(t *testing.T) {
	for _, damage := range []string{
		"DELETE FROM record_new WHERE id % 2",
		"UPDATE record_new SET side = 2 WHERE side = 1",
		"UPDATE record_new SET key = key + 1",
		"INSERT INTO record_at SELECT * FROM record_new",
		"INSERT INTO record_at VALUES (1, 1, 0)",
	} {
		path := filepath.Join(t.TempDir(), "state.db")
		s, err := Open(t.Context(), path, Options{Holder: "test"})
		if err != nil {
			t.Fatal(err)
		}
		records := []state.Record{{Source: "a", Target: "a"}, {Source: "b", Target: "x"}, {Source: "c"}}
		if err := s.Commit(t.Context(), state.Outcome{Rule: "sync.a", Records: records}); err != nil {
			t.Fatal(err)
		}
		if _, err := s.write.Exec(damage); err != nil {
			t.Fatal(err)
		}
		if report, err := s.Check(t.Context()); err != nil || len(report.Problems) == 0 {
			t.Fatalf("%v: %s is no problem", err, damage)
		}
		s.Close()
		if kept, _, lost, err := Repair(t.Context(), path); err != nil || kept == "" || len(lost) > 0 {
			t.Fatalf("%s: %v, kept %q, lost %v", damage, err, kept, lost)
		}
		if s, err = Open(t.Context(), path, Options{Holder: "test"}); err != nil {
			t.Fatal(err)
		}
		if report, err := s.Check(t.Context()); err != nil || len(report.Problems) > 0 || report.Rows["record"] != 3 {
			t.Fatalf("%s: %v %+v", damage, err, report)
		}
		if holders, err := s.Holders(t.Context(), "sync.a", []string{"x", "a"}); err != nil || holders[0] != "b" || holders[1] != "a" {
			t.Fatalf("%s: %v %v", damage, err, holders)
		}
		s.Close()
	}
}

// No question about some records reads all of them.
func TestNoQuestionAboutRecordsReadsAll(t *testing.T) {
	s := open(t).(*Store)
	for _, stmt := range []string{recordsOfSources, placesOfSources, holdersOfTargets, lostBy("record_at", "source_key"), lostBy("record_new", "target_key"),
		moveNew, dropNew, "INSERT INTO record_new" + rowsOfRecords} {
		args := []any{1, 2}
		if !strings.Contains(stmt, "?2") {
			args = args[:1]
		}
		rows, err := s.write.Query("EXPLAIN QUERY PLAN "+stmt, args...)
		if err != nil {
			t.Fatal(err)
		}
		for rows.Next() {
			var id, parent, unused int
			var step string
			if err := rows.Scan(&id, &parent, &unused, &step); err != nil {
				t.Fatal(err)
			}
			if strings.HasPrefix(step, "SCAN") && !strings.Contains(step, "VIRTUAL TABLE") {
				t.Errorf("%s\n%s", step, stmt)
			}
		}
		rows.Close()
	}
}
