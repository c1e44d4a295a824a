//go:build unix

package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
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

func (b *bench) cost(what string, u usage, rows int, note string) {
	r := summarize("costs", what, rows, []usage{u})
	r.OK, r.Note = true, note
	b.results = append(b.results, r)
}

func (b *bench) costOfBinary() error {
	info, err := os.Stat(b.path("syncline"))
	if err != nil {
		return err
	}
	b.cost("binary", usage{}, 0, fmt.Sprintf("%.1f MB, built with -trimpath -ldflags '-s -w'", float64(info.Size())/1e6))
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
	r := summarize("costs", "lint of the health-score example, cold, with a lock file", 0, runs)
	r.OK = true
	b.results = append(b.results, r)
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
	b.cost("serve with 100 rules, idle", usage{peak: kib << 10}, rules, "memory after 5 s")
	return nil
}

// costOfChecking is the lint of 500 rules over 40 objects; costOfEvaluating the twelve fields of W1 by themselves.
func (b *bench) costOfChecking() error {
	got, err := b.gobench("./lang", "BenchmarkLint$")
	if err != nil {
		return err
	}
	b.cost("lint of 500 rules over 40 objects, from the lock", usage{cpu: got["BenchmarkLint"]}, 0, "")
	return nil
}

func (b *bench) costOfEvaluating() error {
	got, err := b.gobench("./lang/expr", "BenchmarkMap(Compiled|ByHand)$")
	if err != nil {
		return err
	}
	ours, hand := got["BenchmarkMapCompiled"], got["BenchmarkMapByHand"]
	note := fmt.Sprintf("%d ns a record, %d ns by hand", ours.Nanoseconds(), hand.Nanoseconds())
	r := summarize("costs", "evaluation of the 12 fields of W1 alone", 1, []usage{{cpu: ours, wall: ours}})
	r.OK, r.Note = true, note
	if hand > 0 {
		r.Ratio = float64(ours) / float64(hand)
		r.RatioLow, r.RatioTop = r.Ratio, r.Ratio
	}
	b.results = append(b.results, r)
	return nil
}

var benchLine = regexp.MustCompile(`(?m)^(Benchmark[\w/]+?)(?:-\d+)?\s+\d+\s+([\d.]+) ns/op(?:\s+([\d.]+) cpu-ms/op)?`)

// gobench runs Go benchmarks of a package and gives the median of each: the processor time where it reports that, else
// the time on the clock.
func (b *bench) gobench(pkg, pattern string) (map[string]time.Duration, error) {
	b.say("%s in %s", pattern, pkg)
	cmd := exec.Command("go", "test", "-run", "^$", "-bench", pattern, "-count", strconv.Itoa(b.o.repeat), pkg)
	cmd.Dir = filepath.Join(b.source, "..", "..")
	out, err := cmd.CombinedOutput()
	if err != nil {
		return nil, fmt.Errorf("%w: %s", err, out)
	}
	runs := map[string][]usage{}
	for _, m := range benchLine.FindAllStringSubmatch(string(out), -1) {
		ns, err := strconv.ParseFloat(m[2], 64)
		if err != nil {
			return nil, err
		}
		if cpu, err := strconv.ParseFloat(m[3], 64); err == nil {
			ns = cpu * 1e6
		}
		runs[m[1]] = append(runs[m[1]], usage{cpu: time.Duration(ns)})
	}
	medians := map[string]time.Duration{}
	for name, list := range runs {
		medians[name] = time.Duration(median(list, func(u usage) float64 { return float64(u.cpu) }))
	}
	return medians, nil
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
