package file

// places64Here tells that the processor looks at 64 bytes with few instructions.
const places64Here = true

// places64 tells where c is among the 64 bytes from b on: a bit for each, the lowest for the first.
//
//go:noescape
func places64(b *byte, c byte) uint64
