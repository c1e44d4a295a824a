//go:build !(linux || darwin || freebsd || netbsd || openbsd)

package recall

// Outside is ordinary memory where there is no other.
func Outside(bytes int) (mem []byte, giveBack func()) { return make([]byte, bytes), func() {} }
