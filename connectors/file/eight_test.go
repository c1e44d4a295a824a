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
		number, n := uint64(0), 0
		for n < min(len(b), 8) && b[n]-'0' <= 9 {
			number, n = number*10+uint64(b[n]-'0'), n+1
		}
		if n == 8 {
			number, n = 0, 0
		}
		if x, got := fewDigits(b); x != number || got != n {
			t.Fatalf("%q begins with the %d digits of %d, not %d of %d", b, n, number, got, x)
		}
	})
}
