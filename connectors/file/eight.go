package file

import (
	"encoding/binary"
	"math/bits"
	"unsafe"
)

// Eight bytes looked at as one number. A test gives the top bit of each byte for which it holds; bytes above one that
// holds may be told wrongly, so that the answer is good for whether one holds at all.
const (
	ones = 0x0101010101010101
	tops = 0x8080808080808080
)

// eight is the first eight bytes of s.
func eight(s string) uint64 {
	return binary.LittleEndian.Uint64(unsafe.Slice(unsafe.StringData(s), 8))
}

// eightOf is the first eight bytes of b.
func eightOf(b []byte) uint64 { return binary.LittleEndian.Uint64(b) }

// lastEight are the last eight bytes of s; of four to seven all, some of them twice. none: s is shorter.
func lastEight(s string) (x uint64, none bool) {
	n := len(s)
	switch {
	case n >= 8:
		return eight(s[n-8:]), false
	case n >= 4:
		b := unsafe.Slice(unsafe.StringData(s), n)
		return uint64(binary.LittleEndian.Uint32(b)) | uint64(binary.LittleEndian.Uint32(b[n-4:]))<<32, false
	}
	return 0, true
}

// below tells of the bytes less than c, an ASCII character.
func below(x uint64, c byte) uint64 { return (x - ones*uint64(c)) &^ x & tops }

// equal tells of the bytes that are c, an ASCII character.
func equal(x uint64, c byte) uint64 { return below(x^ones*uint64(c), 1) }

// zeros tells which of the bytes are zero, a bit for each.
func zeros(x uint64) uint64 {
	x = ^((x&^tops + ^uint64(tops)) | x) & tops
	return x >> 7 * 0x0102040810204080 >> 56 // gathers the bits
}

// digits counts the digits at the start.
func digits(x uint64) int {
	x ^= ones * '0'
	return bits.TrailingZeros64((x+ones*(0x7f-9)|x)&tops) / 8
}

// number is the value of the first n bytes, which are digits.
func number(x uint64, n int) uint64 {
	x = (x ^ ones*'0') << (64 - 8*n) // zeros in front
	x = (x*10 + x>>8) & 0x00ff00ff00ff00ff
	x = (x*100 + x>>16) & 0x0000ffff0000ffff
	return (x*10000 + x>>32) & 0xffffffff
}
