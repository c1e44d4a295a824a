//go:build unix

package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"
)

// bench is one run of the benchmark.
type bench struct {
	o       options
	dir     string // of data, outputs and programs
	self    string // this program, for work in processes of its own
	source  string // spec/bench in the source tree
	results []Result
	// absent are the peers that could not be had, and why.
	absent map[string]string

	once    sync.Once
	closers []func()
}

// Result is the median of a system's runs of a workload. ok is the checksum; the ratio is that of the CPU to the
// hand-written program's, paired run by run.
type Result struct {
	Workload string  `json:"workload"`
	System   string  `json:"system"`
	Rows     int     `json:"rows"`
	RowsPerS float64 `json:"rows_per_s"`
	CPU      float64 `json:"cpu_s"`
	Wall     float64 `json:"wall_s"`
	Peak     float64 `json:"peak_mib"`
	Ratio    float64 `json:"cpu_ratio,omitempty"`
	RatioLow float64 `json:"cpu_ratio_low,omitempty"`
	RatioTop float64 `json:"cpu_ratio_high,omitempty"`
	OK       bool    `json:"ok"`
	Note     string  `json:"note,omitempty"`
}

func newBench(o options) (*bench, error) {
	b := &bench{o: o, dir: o.keep, absent: map[string]string{}}
	var err error
	if b.self, err = os.Executable(); err != nil {
		return nil, err
	}
	root, err := output("go", "list", "-m", "-f", "{{.Dir}}")
	if err != nil {
		return nil, fmt.Errorf("run it inside the source tree: %w", err)
	}
	b.source = filepath.Join(root, "spec", "bench")
	if b.dir == "" {
		if b.dir, err = os.MkdirTemp("", "syncline-bench-"); err != nil {
			return nil, err
		}
		b.onClose(func() { os.RemoveAll(b.dir) })
	} else if err = os.MkdirAll(b.dir, 0o755); err != nil {
		return nil, err
	}
	if b.dir, err = filepath.Abs(b.dir); err != nil {
		return nil, err
	}
	b.say("building")
	for name, from := range map[string]string{"syncline": "./cmd/syncline", "hand": "./spec/bench/hand"} {
		build := exec.Command("go", "build", "-trimpath", "-ldflags", "-s -w", "-o", b.path(name), from)
		build.Dir = root
		if out, err := build.CombinedOutput(); err != nil {
			return nil, fmt.Errorf("building %s: %w: %s", name, err, out)
		}
	}
	return b, nil
}

func (b *bench) onClose(f func()) { b.closers = append(b.closers, f) }

func (b *bench) close() {
	b.once.Do(func() {
		for _, f := range slices.Backward(b.closers) {
			f()
		}
	})
}

func (b *bench) path(parts ...string) string {
	return filepath.Join(append([]string{b.dir}, parts...)...)
}

// peer is the path of a file written for another system.
func (b *bench) peer(name string) string { return filepath.Join(b.source, "peers", name) }

func (b *bench) say(format string, args ...any) {
	fmt.Fprintf(os.Stderr, "bench: "+format+"\n", args...)
}

// system is one way to do a workload.
type system struct {
	name string
	// run does the work once; round counts from 0, the run that is not counted.
	run func(round int) (usage, error)
	// check verifies the output of the last run.
	check func() error
	// rare systems take so long that they run twice at most.
	rare bool
}

// again is the same system once more: what the two differ by is noise.
func again(s system) system {
	s.name += " (again)"
	return s
}

// wanted tells whether a system is to be measured: by its name, or by what it begins with before a dash or a blank.
func (o options) wanted(name string) bool {
	return len(o.systems) == 0 || slices.ContainsFunc(o.systems, func(s string) bool {
		rest, ok := strings.CutPrefix(name, s)
		return ok && (rest == "" || rest[0] == '-' || rest[0] == ' ')
	})
}

// compare runs all systems that are wanted in turn and reports them against the one called hand.
func (b *bench) compare(workload string, rows int, systems []system) {
	systems = slices.DeleteFunc(systems, func(s system) bool { return !b.o.wanted(s.name) })
	runs := make([][]usage, len(systems))
	failed := make([]error, len(systems))
	for round := range b.o.repeat + 1 {
		b.say("%s, round %d of %d", workload, round, b.o.repeat)
		for i, s := range systems {
			if failed[i] != nil || s.rare && round > 1 {
				continue
			}
			u, err := s.run(round)
			if err == nil && s.check != nil && (round == 0 || round == b.o.repeat || s.rare) {
				err = s.check()
			}
			if failed[i] = err; err != nil {
				b.say("%s, %s: %v", workload, s.name, err)
				continue
			}
			if round > 0 {
				runs[i] = append(runs[i], u)
			}
		}
	}
	hand := slices.IndexFunc(systems, func(s system) bool { return s.name == "hand" })
	for i, s := range systems {
		r := summarize(workload, s.name, rows, runs[i])
		r.OK = failed[i] == nil
		if failed[i] != nil {
			r.Note = failed[i].Error()
		}
		if hand >= 0 && r.OK {
			r.ratio(runs[i], runs[hand])
		}
		b.results = append(b.results, r)
	}
}

func summarize(workload, system string, rows int, runs []usage) Result {
	r := Result{Workload: workload, System: system, Rows: rows}
	if len(runs) == 0 {
		return r
	}
	r.CPU = median(runs, func(u usage) float64 { return u.cpu.Seconds() })
	r.Wall = median(runs, func(u usage) float64 { return u.wall.Seconds() })
	r.Peak = median(runs, func(u usage) float64 { return float64(u.peak) / (1 << 20) })
	if r.Wall > 0 {
		r.RowsPerS = float64(rows) / r.Wall
	}
	return r
}

// ratio compares CPU with that of the same round of another system.
func (r *Result) ratio(runs, base []usage) {
	var list []float64
	for i := range min(len(runs), len(base)) {
		if c := base[i].cpu.Seconds(); c > 0 {
			list = append(list, runs[i].cpu.Seconds()/c)
		}
	}
	if len(list) == 0 {
		return
	}
	slices.Sort(list)
	r.Ratio, r.RatioLow, r.RatioTop = middle(list), list[0], list[len(list)-1]
}

func median(runs []usage, of func(usage) float64) float64 {
	list := make([]float64, len(runs))
	for i, u := range runs {
		list[i] = of(u)
	}
	slices.Sort(list)
	return middle(list)
}

// middle is the median of a sorted list.
func middle(list []float64) float64 {
	n := len(list)
	if n%2 == 1 {
		return list[n/2]
	}
	return (list[n/2-1] + list[n/2]) / 2
}

// machine says where it ran.
func machine() string {
	cpu := runtime.GOARCH
	if info, err := os.ReadFile("/proc/cpuinfo"); err == nil {
		for line := range strings.Lines(string(info)) {
			if name, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(name) == "model name" {
				cpu = strings.TrimSpace(value)
				break
			}
		}
	}
	return fmt.Sprintf("%s, %d cores, %s, %s", cpu, runtime.NumCPU(), runtime.Version(), time.Now().UTC().Format(time.DateOnly))
}
