//go:build unix

package main

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/syncline/syncline/spec/bench/company"
)

// The benchmark does some of its work in processes of its own: here this is the test.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && strings.HasPrefix(os.Args[1], "do-") {
		main()
		return
	}
	os.Exit(m.Run())
}

func newTestBench(t *testing.T, repeat int) *bench {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return &bench{o: options{rows: 300, repeat: repeat}, dir: t.TempDir(), self: self}
}

// An output that is not exactly the right one is found, and a right one in another order is not.
func TestOutputsAreVerified(t *testing.T) {
	b := newTestBench(t, 1)
	want, err := b.expected()
	if err != nil {
		t.Fatal(err)
	}
	path, err := b.data("current", "jsonl")
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.SplitAfter(strings.TrimSuffix(string(text), "\n"), "\n")
	lines[len(lines)-1] += "\n"
	rest := strings.Join(lines[1:], "")
	for name, c := range map[string]struct {
		output string
		ok     bool
	}{
		"as it is":         {string(text), true},
		"in another order": {rest + lines[0], true},
		"a row is missing": {rest, false},
		"a row is doubled": {string(text) + lines[0], false},
		"one for another":  {rest + lines[1], false},
		"a value differs":  {strings.Replace(lines[0], `"arr":`, `"arr":1`, 1) + rest, false},
		"a field is gone":  {strings.Replace(lines[0], `"name":`, `"nam":`, 1) + rest, false},
		"it is cut off":    {string(text[:len(text)-9]), false},
		"nothing":          {"", false},
	} {
		out := filepath.Join(b.dir, "out.jsonl")
		if err := os.WriteFile(out, []byte(c.output), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := b.verify(out, company.Fields, want.Rows[company.Current]); c.ok != (err == nil) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := b.verify(filepath.Join(b.dir, "none.jsonl"), company.Fields, want.Rows[company.Current]); err == nil {
		t.Error("an output that is not there is right")
	}
}

// Ratios are those of pairs of runs; the first run counts for nothing; what fails is not ok and has no ratio.
func TestSystemsAreComparedRunByRun(t *testing.T) {
	b := newTestBench(t, 3)
	takes := func(name string, ms ...int) system {
		return system{name: name, run: func(round int) (usage, error) {
			cpu := time.Duration(ms[round]) * time.Millisecond
			return usage{cpu: cpu, wall: 2 * cpu, peak: int64(ms[round]) << 20}, nil
		}}
	}
	wrong, fails := takes("wrong", 1, 1, 1, 1), takes("fails", 1, 1, 1, 1)
	rounds := 0
	wrong.check = func() error {
		if rounds++; rounds > 1 {
			return errors.New("the output is wrong") // of the last run alone
		}
		return nil
	}
	fails.run = func(round int) (usage, error) { return usage{}, errors.New("it is not there") }
	rare := takes("rare", 0, 50, 0, 0)
	rare.rare = true
	b.compare("w", 600, []system{takes("hand", 900, 100, 200, 400), takes("syncline", 1, 100, 400, 500), wrong, fails, rare})
	got := map[string]Result{}
	for _, r := range b.results {
		got[r.System] = r
	}
	if r := got["syncline"]; !r.OK || r.CPU != 0.4 || r.Wall != 0.8 || r.Peak != 400 || r.RowsPerS != 750 || r.Ratio != 1.25 || r.RatioLow != 1 || r.RatioTop != 2 {
		t.Errorf("%+v", r)
	}
	if r := got["hand"]; !r.OK || r.CPU != 0.2 || r.Ratio != 1 {
		t.Errorf("%+v", r)
	}
	if r := got["rare"]; !r.OK || r.CPU != 0.05 || r.Ratio != 0.5 {
		t.Errorf("%+v", r)
	}
	for name, why := range map[string]string{"wrong": "the output is wrong", "fails": "it is not there"} {
		if r := got[name]; r.OK || r.Note != why || r.Ratio != 0 {
			t.Errorf("%+v", r)
		}
	}
}

func TestTheMiddle(t *testing.T) {
	for want, list := range map[float64][]float64{7: {7}, 2: {1, 2, 9}, 2.5: {1, 2, 3, 100}} {
		if got := middle(list); got != want {
			t.Errorf("the middle of %v is %v", list, got)
		}
	}
}

// The figures of Go benchmarks are read by name and unit, and one that did not run is told.
func TestFiguresOfGoBenchmarks(t *testing.T) {
	const out = `goos: linux
cpu: some model
BenchmarkLint-2      	       3	 400000000 ns/op	   250.5 cpu-ms/op	 1000 B/op
BenchmarkLint-2      	       3	 300000000 ns/op	   150.5 cpu-ms/op	 1000 B/op
BenchmarkLint-2      	       3	 900000000 ns/op	   200.5 cpu-ms/op	 1000 B/op
BenchmarkLintMore    	     100	     17.25 ns/op
BenchmarkState/fill-2 	       1	 5 ns/op
PASS
`
	got, err := readFigures(out, []string{"BenchmarkLint", "BenchmarkLintMore", "BenchmarkState"})
	if err != nil {
		t.Fatal(err)
	}
	if f := got["BenchmarkLint"]; f.wall() != 400*time.Millisecond || f.cpu() != 200500*time.Microsecond || f["B/op"] != 1000 {
		t.Errorf("%v", f)
	}
	if f := got["BenchmarkLintMore"]; f["ns/op"] != 17.25 || f.cpu() != 17 {
		t.Errorf("%v", f)
	}
	if f := got["BenchmarkState/fill"]; f.wall() != 5 {
		t.Errorf("%v", f)
	}
	if got, err := readFigures(out, []string{"BenchmarkLint", "BenchmarkGone"}); err == nil || !strings.Contains(err.Error(), "BenchmarkGone did not run") {
		t.Errorf("%v, %v", got, err)
	}
}

func TestSystemsAreChosenByName(t *testing.T) {
	o := options{systems: []string{"hand", "duckdb"}}
	for name, want := range map[string]bool{"hand": true, "hand (again)": true, "handy": false, "duckdb-2": true, "syncline": false} {
		if o.wanted(name) != want {
			t.Errorf("%s: %v", name, !want)
		}
	}
	if !(options{}).wanted("syncline") {
		t.Error("without a choice not all are measured")
	}
}
