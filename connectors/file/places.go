package file

import (
	"math/bits"
	"slices"
	"unsafe"
)

// places tells where a byte stands in a text: a bit for each byte of the text, 64 to a word, the lowest for the first.
// Behind these is a word in which all are set, where a search ends.
type places []uint64

// of finds the places of c in b, in memory of the ones before. It looks beyond the end of b where that belongs to the
// same memory.
func (p places) of(c byte, b []byte) places {
	words := (len(b) + 63) / 64
	p = slices.Grow(p[:0], words+2)[:words+2]
	p[words], p[words+1] = ^uint64(0), ^uint64(0)
	fast := 0
	if places64Here {
		fast = min(words, cap(b)/64)
		places64(p[:fast], c, unsafe.SliceData(b))
	}
	for w := fast; w < words; w++ {
		p[w] = placesByEight(c, b[w*64:])
	}
	if over := len(b) % 64; over > 0 {
		p[words-1] &= 1<<over - 1
	}
	return p
}

// next is the first place from i on; where there is none, somewhere behind the text.
func (p places) next(i int) int {
	for ; ; i += 64 {
		w, off := uint(i)/64, uint(i)%64
		if ahead := p[w]>>off | p[w+1]<<1<<(63-off); ahead != 0 {
			return i + bits.TrailingZeros64(ahead)
		}
	}
}

// placesByEight gives the places of c among the first 64 bytes of b, on any processor and near the end of the memory.
func placesByEight(c byte, b []byte) (word uint64) {
	b = b[:min(len(b), 64)]
	all := ones * uint64(c)
	i := 0
	for ; i+8 <= len(b); i += 8 {
		word |= zeros(eightOf(b[i:])^all) << i
	}
	if left := len(b) - i; left > 0 {
		var x uint64
		if i > 0 {
			x = eightOf(b[len(b)-8:]) >> (64 - 8*left)
		} else {
			for n, c := range b {
				x |= uint64(c) << (8 * n)
			}
		}
		word |= zeros(x^all) & (1<<left - 1) << i
	}
	return word
}
