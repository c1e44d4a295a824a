package sqlite

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/syncline/syncline/runtime/state"
)

// The entries of a file from before they had a table to be found by: each is found by either id still, and those that are
// written from then on.
func TestTheLedgerOfVersionNineIsFoundByItsSources(t *testing.T) {
	entry := func(run, source, target string) string {
		return `INSERT INTO ledger (run, rule, at, target, source, data) VALUES ('` + run + `', 'sync.a', 5, '` + target + `', '` + source + `',
			'{"run":"` + run + `","rule":"sync.a","target":"` + target + `","source":{"id":"` + source + `"}}')`
	}
	path := older(t, 9, entry("1", "a", "a"), entry("2", "a", "t"), entry("3", "b", "a"), entry("4", "c", ""))
	s, err := Open(t.Context(), path, Options{Holder: "test"})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for _, e := range [][3]string{{"5", "a", "a"}, {"6", "a", "u"}} {
		err := s.Commit(t.Context(), state.Outcome{Rule: "sync.a", Ledger: []state.Entry{{Run: e[0], Rule: "sync.a", Source: state.SourceRef{ID: e[1]}, Target: e[2]}}})
		if err != nil {
			t.Fatal(err)
		}
	}
	for record, want := range map[string]string{"a": "6 5 3 2 1", "b": "3", "c": "4", "t": "2", "u": "6"} {
		entries, err := s.Ledger(t.Context(), state.LedgerFilter{Record: record})
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, e := range entries {
			got = append(got, e.Run)
		}
		if strings.Join(got, " ") != want {
			t.Errorf("of %s there are the entries of %v, want %s", record, got, want)
		}
	}
	if report, err := s.Check(t.Context()); err != nil || len(report.Problems) > 0 || report.Rows["ledger"] != 6 {
		t.Errorf("%v %+v", err, report)
	}
}

// Entries lie in parts by their number. A record's are found in all of them, while and after they are brought together, and
// whatever is forgotten is found no more.
func TestEntriesAreFoundInAllParts(t *testing.T) {
	long(t)
	s, path := ledgerOf(t, 2*ledgerPart+10)
	want := []int64{2 * ledgerPart, ledgerPart, 1}
	found := func(when string, s *Store) {
		t.Helper()
		entries, err := s.Ledger(t.Context(), state.LedgerFilter{Record: "again"})
		if err != nil {
			t.Fatal(err)
		}
		var got []int64
		for _, e := range entries {
			got = append(got, e.ID)
		}
		if !slices.Equal(got, want) {
			t.Fatalf("%s the entries %v are found, want %v", when, got, want)
		}
		if report, err := s.Check(t.Context()); err != nil || len(report.Problems) > 0 {
			t.Fatalf("%s: %v %+v", when, err, report)
		}
	}
	found("in parts", s)
	if err := s.mergeParts(t.Context()); err != nil {
		t.Fatal(err)
	}
	found("together", s)
	if _, err := s.Compact(t.Context(), time.UnixMicro(ledgerPart+1)); err != nil { // the first two are forgotten for the third
		t.Fatal(err)
	}
	want = want[:1]
	found("compacted", s)

	s.Close()
	damageHeader(t, path)
	if _, _, lost, err := Repair(t.Context(), path); err != nil || len(lost) > 0 {
		t.Fatal(err, lost)
	}
	s, err := Open(t.Context(), path, Options{Holder: "test"})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	found("repaired", s)
	if _, err := s.write.Exec("DELETE FROM ledger_at WHERE id = ?", want[0]); err != nil {
		t.Fatal(err)
	}
	if report, err := s.Check(t.Context()); err != nil || len(report.Problems) != 1 {
		t.Fatalf("%v: an entry that is not found is no problem: %+v", err, report)
	}
}

// ledgerOf makes a state with so many entries, each at the microsecond of its number and of a record of its own; the first of
// each part is of the record "again".
func ledgerOf(t *testing.T, n int) (s *Store, path string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "state.db")
	s, err := Open(t.Context(), path, Options{Holder: "test", Volatile: true})
	if err != nil {
		t.Fatal(err)
	}
	var list []state.Entry
	for i := 1; i <= n; i++ {
		e := state.Entry{Run: "r", Rule: "sync.a", At: time.UnixMicro(int64(i)), Action: "update", Target: fmt.Sprint(i), Source: state.SourceRef{ID: "s"},
			Fields: []state.FieldChange{{Name: "A", After: int64(i)}}}
		if i == 1 || i%ledgerPart == 0 {
			e.Target = "again"
		}
		if list = append(list, e); len(list) == 5000 || i == n {
			if err := s.Commit(t.Context(), state.Outcome{Rule: "sync.a", Ledger: list}); err != nil {
				t.Fatal(err)
			}
			list = list[:0]
		}
	}
	return s, path
}
