//go:build linux || darwin || freebsd || netbsd || openbsd

package recall

import "syscall"

// Outside gives memory that the garbage collector does not count, so that it adds nothing to what may be in use before it
// collects. It has to be given back, and then not be used any more.
func Outside(bytes int) (mem []byte, giveBack func()) {
	mem, err := syscall.Mmap(-1, 0, bytes, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_ANON|syscall.MAP_PRIVATE)
	if err != nil {
		return make([]byte, bytes), func() {}
	}
	return mem, func() { _ = syscall.Munmap(mem) }
}
