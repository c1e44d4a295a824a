package sqlite

import (
	"strings"
	"testing"

	"github.com/syncline/syncline/runtime/state"
)

// The ledger of a file from before entries whose source and target have one id were left out of the index by source:
// each is found by either id still, and those that are written from then on.
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
	var index string
	if err := s.write.QueryRow("SELECT sql FROM sqlite_schema WHERE name = 'ledger_source'").Scan(&index); err != nil || !strings.Contains(index, "source <> target") {
		t.Fatalf("%v: the index is %q", err, index)
	}
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
