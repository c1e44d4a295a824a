//go:build unix

package main

import (
	"fmt"
	"maps"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// figures are what a Go benchmark reports, by unit.
type figures map[string]float64

// cpu is the processor time of an operation where the benchmark reports that, else the time on the clock.
func (f figures) cpu() time.Duration {
	if ms, ok := f["cpu-ms/op"]; ok {
		return time.Duration(ms * 1e6)
	}
	return f.wall()
}

func (f figures) wall() time.Duration { return time.Duration(f["ns/op"]) }

var benchLine = regexp.MustCompile(`(?m)^(Benchmark\S+?)(?:-\d+)?\s+\d+\s+(.*)$`)

// gobench runs Go benchmarks of a package so many times and gives the median of each figure.
func (b *bench) gobench(pkg string, times int, names ...string) (map[string]figures, error) {
	b.say("%s in %s", strings.Join(names, ", "), pkg)
	cmd := exec.Command("go", "test", "-run", "^$", "-timeout", "1h", "-bench", "^("+strings.Join(names, "|")+")$", "-count", strconv.Itoa(times), pkg)
	cmd.Dir = filepath.Join(b.source, "..", "..")
	out, err := cmd.CombinedOutput()
	if err != nil {
		return nil, fmt.Errorf("%w: %s", err, out)
	}
	return readFigures(string(out), names)
}

// readFigures gives the medians of what `go test -bench` prints of some benchmarks. One that did not run is an error: its
// figures would count as nothing at all.
func readFigures(out string, names []string) (map[string]figures, error) {
	runs := map[string]map[string][]float64{}
	for _, m := range benchLine.FindAllStringSubmatch(out, -1) {
		if runs[m[1]] == nil {
			runs[m[1]] = map[string][]float64{}
		}
		words := strings.Fields(m[2])
		for i := 0; i+1 < len(words); i += 2 {
			x, err := strconv.ParseFloat(words[i], 64)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", m[0], err)
			}
			runs[m[1]][words[i+1]] = append(runs[m[1]][words[i+1]], x)
		}
	}
	medians := map[string]figures{}
	for name, units := range runs {
		medians[name] = figures{}
		for unit, list := range units {
			slices.Sort(list)
			medians[name][unit] = middle(list)
		}
	}
	for _, name := range names {
		if !slices.ContainsFunc(slices.Collect(maps.Keys(medians)), func(s string) bool { return s == name || strings.HasPrefix(s, name+"/") }) {
			return nil, fmt.Errorf("%s did not run: %s", name, out)
		}
	}
	return medians, nil
}
