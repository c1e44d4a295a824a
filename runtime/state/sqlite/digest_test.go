package sqlite

import (
	"context"
	"fmt"
	"path/filepath"
	"testing"

	"github.com/syncline/syncline/runtime/state"
)

// Changes are merged into the base when somebody asks, and all is dropped when nobody does for long.
func TestDigestsStayBounded(t *testing.T) {
	ctx := context.Background()
	s, err := Open(ctx, filepath.Join(t.TempDir(), "state.db"), Options{Holder: "test"})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	commit := func(n int, hash uint64) {
		t.Helper()
		o := state.Outcome{Rule: "sync.a"}
		for i := range n {
			o.Records = append(o.Records, state.Record{Source: fmt.Sprint(i), Target: "t", Hash: hash})
		}
		if err := s.Commit(ctx, o); err != nil {
			t.Fatal(err)
		}
	}
	kept := func() digested {
		t.Helper()
		d, err := digestsOf(ctx, s.read, 1)
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	const n = 8_000
	commit(n, 1)
	if d := kept(); d != (digested{}) {
		t.Fatalf("%+v is kept before anybody asked", d)
	}
	for round := range uint64(3) {
		commit(n, round+2)
		got, err := s.Digests(ctx, "sync.a")
		if err != nil || len(got) != n || got[n/2].Hash != round+2 {
			t.Fatalf("%d digests, %v", len(got), err)
		}
		if d := kept(); d != (digested{base: n}) {
			t.Fatalf("%+v is kept after they were asked for", d)
		}
	}
	for round := range uint64(10) {
		commit(n, round)
	}
	if d := kept(); d.base+d.changes > 3*n+16*digestSlack {
		t.Fatalf("%+v is kept though nobody asks", d)
	}
	if d := kept(); d.base != 0 {
		t.Fatalf("%+v is kept though nobody asks", d)
	}
	if got, err := s.Digests(ctx, "sync.a"); err != nil || len(got) != n || got[0].Hash != 9 {
		t.Fatalf("%d digests, %v", len(got), err)
	}
}
