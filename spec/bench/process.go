//go:build unix

package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"time"
)

// usage is what one run of a process cost.
type usage struct {
	cpu, wall time.Duration
	peak      int64 // bytes of memory at most
}

// command is a process to be measured.
type command struct {
	name string
	args []string
	env  []string
	dir  string
	out  *bytes.Buffer // standard output; nil: dropped
}

// measure runs a process to its end. Its peak can be no less than that of the runner, whose memory it has for an
// instant before it begins: the runner therefore makes data and checks outputs in processes of their own.
func measure(c command) (usage, error) {
	cmd := exec.Command(c.name, c.args...)
	cmd.Dir, cmd.Env = c.dir, append(os.Environ(), c.env...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	if c.out != nil {
		cmd.Stdout = c.out
	}
	begin := time.Now()
	err := cmd.Run()
	u := usage{wall: time.Since(begin)}
	if s := cmd.ProcessState; s != nil {
		u.cpu = s.UserTime() + s.SystemTime()
		if r, ok := s.SysUsage().(*syscall.Rusage); ok {
			u.peak = maxRSS(r)
		}
	}
	if err != nil {
		text := strings.TrimSpace(stderr.String())
		if c.out != nil && text == "" {
			text = strings.TrimSpace(c.out.String())
		}
		return u, fmt.Errorf("%s: %w: %s", c.name, err, text)
	}
	return u, nil
}

// sh runs a command whose cost does not matter.
func sh(name string, args ...string) error {
	_, err := measure(command{name: name, args: args})
	return err
}

// output runs a command for what it prints.
func output(name string, args ...string) (string, error) {
	var out bytes.Buffer
	_, err := measure(command{name: name, args: args, out: &out})
	return strings.TrimSpace(out.String()), err
}
