package file

import (
	"testing"

	"pgregory.net/rapid"
)

func TestPlacesAreWhereTheByteStands(t *testing.T) {
	text := rapid.SliceOfN(rapid.OneOf(rapid.SampledFrom([]byte{',', ',' | 0x80, 0, 0xff, ',' - 1, ',' + 1, '"'}), rapid.Byte()), 0, 300)
	var p places
	rapid.Check(t, func(t *rapid.T) {
		all := text.Draw(t, "bytes")
		b := all[:rapid.IntRange(0, len(all)).Draw(t, "of them")] // the same byte stands behind it, too
		c := rapid.SampledFrom([]byte{',', 0, '"', 0xff}).Draw(t, "byte")
		p = p.of(c, b)
		for i := len(b); i >= 0; i-- {
			want := i
			for want < len(b) && b[want] != c {
				want++
			}
			if got := p.next(i); got != want && (want < len(b) || got < want) {
				t.Fatalf("from %d on, %q is in %q at %d, not %d", i, c, b, want, got)
			}
		}
		for w := range (len(b) + 63) / 64 {
			if got := placesByEight(c, b[w*64:]); got != p[w] {
				t.Fatalf("%q is in %q at %b, and %b when eight bytes are looked at at a time", c, b[w*64:], p[w], got)
			}
		}
	})
}
