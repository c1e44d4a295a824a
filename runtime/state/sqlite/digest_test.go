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
	"github.com/syncline/syncline/runtime/state/statetest"
)

// Changes are merged into the base when somebody asks, and all is dropped when nobody does for long.
func TestDigestsStayBounded(t *testing.T) {
	long(t)
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
		got, err := statetest.Digests(ctx, s, "sync.a")
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
	if got, err := statetest.Digests(ctx, s, "sync.a"); err != nil || len(got) != n || got[0].Hash != 9 {
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

// However few changes are merged at once, and wherever the pieces of the base end, what comes out is what the records say.
func TestDigestsAreMergedByRanges(t *testing.T) {
	long(t)
	ctx := context.Background()
	before := digestRange
	defer func() { digestRange = before }()
	random := rand.New(rand.NewPCG(3, 4))
	for _, digestRange = range []int{1, 7, 300, 1 << 20} {
		s, err := Open(ctx, filepath.Join(t.TempDir(), "state.db"), Options{Holder: "test", Volatile: true})
		if err != nil {
			t.Fatal(err)
		}
		want := map[uint64]uint64{}
		for round := range 6 {
			o := state.Outcome{Rule: "sync.a"}
			for i := range 3000 >> round {
				r := state.Record{Source: fmt.Sprint(random.IntN(4000), "-", i%3), Target: "t", Hash: random.Uint64N(4)}
				o.Records = append(o.Records, r)
				if want[state.SourceHash(r.Source)] = r.Hash; r.Hash == 0 {
					delete(want, state.SourceHash(r.Source))
				}
			}
			if err := s.Commit(ctx, o); err != nil {
				t.Fatal(err)
			}
			if round == 1 { // pieces that are not full
				_, err = s.write.Exec(`INSERT INTO digest (rule, base, data) SELECT rule, 1, substr(data, 1, 16000) FROM digest WHERE base;
INSERT INTO digest (rule, base, data) SELECT rule, 1, substr(data, 16001) FROM digest WHERE base AND length(data) > 16000;
DELETE FROM digest WHERE seq = (SELECT min(seq) FROM digest WHERE base)`)
				if err != nil {
					t.Fatal(err)
				}
			}
			got, err := statetest.Digests(ctx, s, "sync.a")
			if err != nil || len(got) != len(want) || !slices.IsSortedFunc(got, bySource) {
				t.Fatalf("%d, round %d: %d digests, want %d, %v", digestRange, round, len(got), len(want), err)
			}
			for _, d := range got {
				if want[d.Source] != d.Hash {
					t.Fatalf("%d, round %d: %x has %d, want %d", digestRange, round, d.Source, d.Hash, want[d.Source])
				}
			}
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// Who does not hold the state can keep none, and sorts few at once.
func TestDigestsAreSortedByRangesBesideTheHolder(t *testing.T) {
	long(t)
	before := sortMost
	defer func() { sortMost = before }()
	path := filepath.Join(t.TempDir(), "state.db")
	s, err := Open(t.Context(), path, Options{Holder: "test", Volatile: true})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	const n = 3000
	o := state.Outcome{Rule: "sync.a"}
	want := map[uint64]uint64{}
	for i := range n {
		r := state.Record{Source: fmt.Sprint(i), Target: "t", Hash: uint64(i) + 1}
		o.Records = append(o.Records, r)
		want[state.SourceHash(r.Source)] = r.Hash
	}
	if err := s.Commit(t.Context(), o); err != nil {
		t.Fatal(err)
	}
	other, err := Open(t.Context(), path, Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	for _, sortMost = range []int{7, 300, n} {
		var got []state.Digest
		err := other.Digests(t.Context(), "sync.a", func(part []state.Digest, most int) error {
			if most != n || len(part) > 4*sortMost {
				t.Fatalf("%d at once of %d, of at most %d", len(part), most, sortMost)
			}
			got = append(got, part...)
			return nil
		})
		if err != nil || len(got) != n || !slices.IsSortedFunc(got, bySource) {
			t.Fatalf("%d digests, %v", len(got), err)
		}
		for _, d := range got {
			if want[d.Source] != d.Hash {
				t.Fatalf("%x has %d, want %d", d.Source, d.Hash, want[d.Source])
			}
		}
	}
}

// What the holder stores while they are given makes them no more than was told.
func TestDigestsAreNoMoreThanToldBesideTheHolder(t *testing.T) {
	ranges, most := digestRange, sortMost
	defer func() { digestRange, sortMost = ranges, most }()
	digestRange, sortMost = 100, 100
	path := filepath.Join(t.TempDir(), "state.db")
	s, err := Open(t.Context(), path, Options{Holder: "test", Volatile: true})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	next := 0
	commit := func(n int) {
		o := state.Outcome{Rule: "sync.a"}
		for range n {
			o.Records = append(o.Records, state.Record{Source: fmt.Sprint(next), Target: "t", Hash: 1})
			next++
		}
		if err := s.Commit(t.Context(), o); err != nil {
			t.Fatal(err)
		}
	}
	other, err := Open(t.Context(), path, Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	check := func(when string) {
		t.Helper()
		told, given := next, 0
		err := other.Digests(t.Context(), "sync.a", func(part []state.Digest, most int) error {
			if given == 0 {
				commit(1000)
			}
			if given += len(part); most != told {
				t.Fatalf("%s: %d are told, not %d", when, most, told)
			}
			return nil
		})
		if err != nil || given != told {
			t.Errorf("%s: %d are given of %d, %v", when, given, told, err)
		}
	}
	commit(3000)
	check("none are kept")
	if _, err := statetest.Digests(t.Context(), s, "sync.a"); err != nil {
		t.Fatal(err)
	}
	commit(1000)
	check("a base and changes are kept")
}
