//go:build !(linux || darwin || freebsd || netbsd || openbsd)

package engine

// outside is ordinary memory where there is no other.
func outside(bytes int) (mem []byte, giveBack func()) { return make([]byte, bytes), func() {} }
