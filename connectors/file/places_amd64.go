package file

// places64Here tells that the processor looks at 64 bytes with few instructions.
const places64Here = true

// places64 tells where c is among the bytes from b on, 64 for each word of dst: a bit for each, the lowest for the first.
//
//go:noescape
func places64(dst []uint64, c byte, b *byte)
