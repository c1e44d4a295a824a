//go:build !unix

package sqltest

import "os/exec"

func unprivileged(string) (func(*exec.Cmd), error) { return func(*exec.Cmd) {}, nil }
