//go:build unix

package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// costs are what Syncline costs beside the records: to start, to check, to wait, on disk.
func (b *bench) costs() error {
	for _, part := range []func() error{b.costOfBinary, b.costOfStart, b.costOfIdling, b.costOfChecking, b.costOfEvaluating} {
		if err := part(); err != nil {
			return err
		}
	}
	return nil
}

// cost notes a figure beside its goal.
func (b *bench) cost(what string, rows int, runs []usage, figure, goal string) {
	r := summarize("costs", what, rows, runs)
	r.OK, r.Note = true, figure+"; the goal is "+goal
	b.results = append(b.results, r)
}

// costOfBinary is the size of the program as it is released, and as plain go build makes it.
func (b *bench) costOfBinary() error {
	plain := b.path("syncline-plain")
	build := exec.Command("go", "build", "-o", plain, "../../cmd/syncline")
	build.Dir = b.source
	if out, err := build.CombinedOutput(); err != nil {
		return fmt.Errorf("%w: %s", err, out)
	}
	var size [2]float64
	for i, name := range []string{b.path("syncline"), plain} {
		info, err := os.Stat(name)
		if err != nil {
			return err
		}
		size[i] = float64(info.Size()) / 1e6
	}
	b.cost("binary", 0, []usage{{}}, fmt.Sprintf("%.1f MB built with -trimpath -ldflags '-s -w', %.1f MB by plain go build", size[0], size[1]), "40 MB")
	return nil
}

// costOfStart is lint of the health-score example by a cold process, with a lock file.
func (b *bench) costOfStart() error {
	dir := b.path("lint")
	if err := errors.Join(os.RemoveAll(dir), os.CopyFS(dir, os.DirFS(filepath.Join(b.source, "..", "..", "examples", "health-score")))); err != nil {
		return err
	}
	env, err := b.startSandbox(10)
	if err != nil {
		return err
	}
	if _, err := measure(command{name: b.path("syncline"), args: []string{"schema", "pull", dir}, env: env}); err != nil {
		return err
	}
	var runs []usage
	for range 10 * b.o.repeat {
		u, err := measure(command{name: b.path("syncline"), args: []string{"lint", "--schema", "lock", dir}, env: env})
		if err != nil {
			return err
		}
		runs = append(runs, u)
	}
	cpu := median(runs, func(u usage) float64 { return u.cpu.Seconds() * 1000 })
	b.cost("lint of the health-score example, cold, with a lock file", 0, runs, fmt.Sprintf("%.0f ms of CPU", cpu), "50 ms")
	return nil
}

const idleRule = `
sync "rule%d" {
  from = data.in
  to   = data.out%d

  schedule {
    cron = "0 3 * * *"
  }

  map {
    name  = "upper(source.name)"
    score = "source.score > 50 ? round(source.score, 1) : 0"
  }
}
`

// costOfIdling is the memory of a serve that has nothing to do, with a hundred rules.
func (b *bench) costOfIdling() error {
	const rules = 100
	dir := b.path("idle")
	if err := errors.Join(os.RemoveAll(dir), os.MkdirAll(dir, 0o755)); err != nil {
		return err
	}
	var text strings.Builder
	text.WriteString("connection \"file\" \"data\" {\n  dir = \".\"\n")
	for i := range rules {
		fmt.Fprintf(&text, "  object \"out%d\" {\n    path = \"out%d.csv\"\n  }\n", i, i)
	}
	text.WriteString("}\n")
	for i := range rules {
		fmt.Fprintf(&text, idleRule, i, i)
	}
	for name, content := range map[string]string{"project.sync.hcl": text.String(), "in.csv": "name,score\na,1.5\n"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o644); err != nil {
			return err
		}
	}
	cmd := exec.Command(b.path("syncline"), "serve", "--addr", "127.0.0.1:0", dir)
	var out strings.Builder
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Start(); err != nil {
		return err
	}
	time.Sleep(5 * time.Second)
	rss, err := output("ps", "-o", "rss=", "-p", strconv.Itoa(cmd.Process.Pid))
	_ = cmd.Process.Signal(syscall.SIGTERM)
	if werr := cmd.Wait(); err != nil || werr != nil {
		return fmt.Errorf("serve: %w: %s", errors.Join(err, werr), out.String())
	}
	kib, err := strconv.ParseInt(strings.TrimSpace(rss), 10, 64)
	if err != nil {
		return err
	}
	b.cost("serve with 100 rules, idle", rules, []usage{{peak: kib << 10}}, fmt.Sprintf("%.0f MiB after 5 s", float64(kib)/1024), "40 MiB")
	return nil
}

// costOfChecking is the lint of 500 rules over 40 objects; costOfEvaluating the twelve fields of W1 by themselves.
func (b *bench) costOfChecking() error {
	got, err := b.gobench("./lang", b.o.repeat, "BenchmarkLint")
	if err != nil {
		return err
	}
	cpu := got["BenchmarkLint"].cpu()
	b.cost("lint of 500 rules over 40 objects, from the lock", 0, []usage{{cpu: cpu}}, fmt.Sprintf("%d ms of CPU", cpu.Milliseconds()), "300 ms")
	return nil
}

func (b *bench) costOfEvaluating() error {
	got, err := b.gobench("./lang/expr", b.o.repeat, "BenchmarkMapCompiled", "BenchmarkMapByHand")
	if err != nil {
		return err
	}
	ours, hand := got["BenchmarkMapCompiled"].cpu(), got["BenchmarkMapByHand"].cpu()
	note := fmt.Sprintf("%d ns a record, %d ns by hand; the goal is twice that", ours.Nanoseconds(), hand.Nanoseconds())
	r := summarize("costs", "evaluation of the 12 fields of W1 alone", 1, []usage{{cpu: ours, wall: ours}})
	r.OK, r.Note = true, note
	if hand > 0 {
		r.Ratio = float64(ours) / float64(hand)
		r.RatioLow, r.RatioTop = r.Ratio, r.Ratio
	}
	b.results = append(b.results, r)
	return nil
}

// stateSize says how large the state of a project is for each of the benchmark's rows.
func (b *bench) stateSize(dir string) string {
	var total int64
	files, _ := filepath.Glob(filepath.Join(dir, ".syncline", "state.db*"))
	for _, f := range files {
		if info, err := os.Stat(f); err == nil {
			total += info.Size()
		}
	}
	return fmt.Sprintf("the state takes %.0f bytes a record", float64(total)/float64(b.o.rows))
}
