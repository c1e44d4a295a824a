package engine

import (
	"testing"

	"pgregory.net/rapid"
)

// Whatever the hashes, of which many may be the same or begin alike, the last place of each is given, and the one before it.
func TestAHashGivesTheLastPlacePutUnderIt(t *testing.T) {
	some := rapid.OneOf(rapid.Uint32(), rapid.Uint32Range(0, 3), rapid.Uint32Min(1<<32-4))
	rapid.Check(t, func(t *rapid.T) {
		var table hashTable
		last := map[uint32]place{}
		first, step := some.Draw(t, "hash of the first"), rapid.SampledFrom([]uint32{0, 1, 1 << 20}).Draw(t, "step")
		for i := range place(rapid.IntRange(0, 3000).Draw(t, "places")) {
			hash := first + uint32(i%1999)*step
			if before := table.put(hash, i+1); before != last[hash] {
				t.Fatalf("before %d under %x, %d is given, not %d", i+1, hash, before, last[hash])
			}
			last[hash] = i + 1
		}
		for hash, at := range last {
			if got := table.get(hash); got != at {
				t.Fatalf("under %x, %d is given, not %d", hash, got, at)
			}
		}
		if hash := some.Draw(t, "any hash"); table.get(hash) != last[hash] {
			t.Fatalf("under %x, %d is given, not %d", hash, table.get(hash), last[hash])
		}
	})
}
