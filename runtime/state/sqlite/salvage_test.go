package sqlite

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/syncline/syncline/runtime/state"
)

// What a damaged file has lost without a trace must not look like something new, or like something that has left.
func TestARepairedStateTakesNothingForNewOrGone(t *testing.T) {
	ctx := t.Context()
	path := filepath.Join(t.TempDir(), "state.db")
	s, err := Open(ctx, path, Options{Holder: "test"})
	if err != nil {
		t.Fatal(err)
	}
	at := time.UnixMicro(5).UTC()
	for _, o := range []state.Outcome{
		{Rule: "sync.a", Records: []state.Record{{Source: "whole", Target: "1"}, {Source: "damaged", Target: "2"}, {Source: "moved", Target: "3"}},
			Checkpoint: &state.Checkpoint{Rule: "sync.a", Cursor: "here", Pass: 9, FullDone: true, At: at}},
		{Rule: "trigger.t", Edges: []state.Edge{{Source: "x", State: state.EdgeFired}},
			Watch: &state.Watch{Rule: "trigger.t", Cursor: "there", Complete: true, Begun: true, At: at}},
		{Rule: "trigger.nameless", Edges: []state.Edge{{Source: "x", State: state.EdgeFired}}},
		{Rule: "sync.nameless", Records: []state.Record{{Source: "whole", Target: "4"}}},
	} {
		if err := s.Commit(ctx, o); err != nil {
			t.Fatal(err)
		}
	}
	for _, stmt := range []string{
		"UPDATE record SET source = 'damagee' WHERE source = 'damaged'",
		"UPDATE record SET target_key = target_key + 1 WHERE source = 'moved'",
		"DELETE FROM rule WHERE name LIKE '%nameless'",
	} {
		if _, err := s.write.Exec(stmt); err != nil {
			t.Fatal(err)
		}
	}
	s.Close()
	damageHeader(t, path)

	_, _, lost, err := Repair(ctx, path)
	want := []string{"record: 1 rows were of rules whose names are lost", "edge: 1 rows were of rules whose names are lost", "record: 2 rows had damaged ids"}
	if err != nil || !slices.Equal(lost, want) {
		t.Fatalf("%v %q", err, lost)
	}
	if s, err = Open(ctx, path, Options{Holder: "test"}); err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if w, err := s.Watch(ctx, "trigger.t", ""); err != nil || w.Complete || w.Cursor != "" || !w.Begun {
		t.Fatalf("%v: a record that is missing would fire: %+v", err, w)
	}
	if edges, err := s.Edges(ctx, "trigger.t", []string{"x"}); err != nil || edges[0].State != state.EdgeFired {
		t.Fatalf("%v %+v", err, edges)
	}
	if c, err := s.Checkpoint(ctx, "sync.a", ""); err != nil || c.Cursor != "" || c.FullDone || c.Pass != 9 {
		t.Fatalf("%v: a record that is missing would stay unwritten: %+v", err, c)
	}
	if got, _, err := s.Scan(ctx, "sync.a", 0, 10); err != nil || len(got) != 1 || got[0].Source != "whole" {
		t.Fatalf("%v %+v", err, got)
	}
	// The next rules take the numbers that are free.
	if err := s.Commit(ctx, state.Outcome{Rule: "sync.later", Records: []state.Record{{Source: "other"}}, Edges: []state.Edge{{Source: "y"}}}); err != nil {
		t.Fatal(err)
	}
	if got, err := s.Records(ctx, "sync.later", []string{"whole"}); err != nil || got[0].Target != "" {
		t.Fatalf("%v: a rule has another one's links: %+v", err, got)
	}
}

// A page that is damaged costs what is on it, not what is behind it.
func TestWhatLiesBehindTheDamageIsSaved(t *testing.T) {
	ctx := t.Context()
	path := filepath.Join(t.TempDir(), "state.db")
	s, err := Open(ctx, path, Options{Holder: "test"})
	if err != nil {
		t.Fatal(err)
	}
	o := state.Outcome{Rule: "trigger.t", Records: make([]state.Record, 4000), Edges: make([]state.Edge, 4000)}
	for i := range o.Records {
		o.Records[i] = state.Record{Source: fmt.Sprint(i), Target: fmt.Sprint(i), Shadow: make([]byte, 200)}
		o.Edges[i] = state.Edge{Source: fmt.Sprint(i), Fields: make([]byte, 200)}
	}
	if err := s.Commit(ctx, o); err != nil {
		t.Fatal(err)
	}
	damaged := map[string]int64{}
	for _, table := range []string{"record", "edge"} {
		var page int64
		if err := s.write.QueryRow("SELECT pageno FROM dbstat WHERE name = ? AND pagetype = 'leaf' ORDER BY path LIMIT 1 OFFSET 100", table).Scan(&page); err != nil {
			t.Fatal(err)
		}
		damaged[table] = page
	}
	s.Close()
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for _, page := range damaged {
		if _, err := f.WriteAt(bytes.Repeat([]byte{0xFF}, 4096), (page-1)*4096); err != nil {
			t.Fatal(err)
		}
	}
	_, saved, lost, err := Repair(ctx, path)
	if err != nil || saved < 2*4000-60 || saved > 2*4000 || len(lost) != 2 {
		t.Fatalf("%v, saved %d, lost %q", err, saved, lost)
	}
}

// What a file was cut off to, by a copy that did not end, is saved.
func TestAFileThatWasCutOffIsSavedUpToThere(t *testing.T) {
	ctx := t.Context()
	path := filepath.Join(t.TempDir(), "state.db")
	s, err := Open(ctx, path, Options{Holder: "test"})
	if err != nil {
		t.Fatal(err)
	}
	records := make([]state.Record, 4000)
	for i := range records {
		records[i] = state.Record{Source: fmt.Sprint(i), Target: fmt.Sprint(i), Shadow: make([]byte, 200)}
	}
	if err := s.Commit(ctx, state.Outcome{Rule: "sync.a", Records: records}); err != nil {
		t.Fatal(err)
	}
	s.Close()
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(path, info.Size()/2); err != nil {
		t.Fatal(err)
	}
	_, saved, lost, err := Repair(ctx, path)
	if err != nil || saved < 1000 || len(lost) == 0 {
		t.Fatalf("%v, saved %d, lost %q", err, saved, lost)
	}
}

// damageHeader changes the count of free pages.
func damageHeader(t *testing.T, path string) {
	t.Helper()
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := f.WriteAt([]byte{0, 0, 0, 7}, 36); err != nil {
		t.Fatal(err)
	}
}
