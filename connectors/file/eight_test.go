package file

import (
	"testing"

	"pgregory.net/rapid"
)

func TestEightBytesAtATimeAreEightBytes(t *testing.T) {
	text := rapid.SliceOfN(rapid.OneOf(rapid.SampledFrom([]byte{',', '-', ',' | 0x80, 0, 0xff, ',' - 1, '0', '9', '"'}), rapid.Byte()), 0, 150)
	rapid.Check(t, func(t *rapid.T) {
		all := text.Draw(t, "bytes")
		b := all[:rapid.IntRange(0, len(all)).Draw(t, "of them")]
		c := rapid.SampledFrom([]byte{',', 0, '-', 0xff}).Draw(t, "byte")
		var places uint64
		number, n := uint64(0), 0
		for i := range min(len(b), 64) {
			if b[i] == c {
				places |= 1 << i
			}
			if i == n && n < 8 && b[i]-'0' <= 9 {
				number, n = number*10+uint64(b[i]-'0'), n+1
			}
		}
		if got := placesOf(c, b); got != places {
			t.Fatalf("%q is in %q at %b, not %b", c, b, places, got)
		}
		if got := placesByEight(c, b); got != places {
			t.Fatalf("%q is in %q at %b, not %b, eight bytes at a time", c, b, places, got)
		}
		if n == 8 {
			number, n = 0, 0
		}
		if x, got := fewDigits(b); x != number || got != n {
			t.Fatalf("%q begins with the %d digits of %d, not %d of %d", b, n, number, got, x)
		}
	})
}
