package main

import "syscall"

func maxRSS(r *syscall.Rusage) int64 { return r.Maxrss << 10 }
