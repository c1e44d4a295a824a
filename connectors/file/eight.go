package file

import (
	"encoding/binary"
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

// below tells of the bytes less than c, an ASCII character.
func below(x uint64, c byte) uint64 { return (x - ones*uint64(c)) &^ x & tops }

// equal tells of the bytes that are c, an ASCII character.
func equal(x uint64, c byte) uint64 { return below(x^ones*uint64(c), 1) }
