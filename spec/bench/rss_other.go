//go:build unix && !linux

package main

import "syscall"

// BSD and macOS count bytes.
func maxRSS(r *syscall.Rusage) int64 { return int64(r.Maxrss) }
