package sqlite

import (
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"path/filepath"
	"slices"
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

// Merging is what a map does to which the changes are applied one after the other.
func TestMergeDigests(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for range 2000 {
		want := map[uint64]uint64{}
		for range random.IntN(20) {
			want[random.Uint64N(30)] = 1 + random.Uint64N(5)
		}
		sorted := func() (out []state.Digest) {
			for _, source := range slices.Sorted(maps.Keys(want)) {
				out = append(out, state.Digest{Source: source, Hash: want[source]})
			}
			return out
		}
		base := slices.Clip(sorted())
		var changes []state.Digest
		for range random.IntN(20) {
			c := state.Digest{Source: random.Uint64N(30), Hash: random.Uint64N(4)}
			changes = append(changes, c)
			if want[c.Source] = c.Hash; c.Hash == 0 {
				delete(want, c.Source)
			}
		}
		given := fmt.Sprint(base, changes)
		if got := mergeDigests(base, changes); !slices.Equal(got, sorted()) {
			t.Fatalf("%s\ngot  %v\nwant %v", given, got, sorted())
		}
	}
}
