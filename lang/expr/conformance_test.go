package expr

import (
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"
)

// TestConformance evaluates the cases of spec/conformance/expressions with both engines; its README tells the form.
func TestConformance(t *testing.T) {
	files, err := filepath.Glob("../../spec/conformance/expressions/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("no cases: %v", err)
	}
	for _, name := range files {
		t.Run(strings.TrimSuffix(filepath.Base(name), ".txt"), func(t *testing.T) { runCases(t, name) })
	}
}

func runCases(t *testing.T, name string) {
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	opt := EvalOptions{Now: time.Date(2026, 1, 15, 23, 30, 0, 0, time.UTC)}
	var vars map[string]any
	var pending []string
	for line := range strings.SplitSeq(string(data), "\n") {
		switch want, indented := strings.CutPrefix(line, "  "); {
		case indented:
			text := strings.Join(pending, "\n")
			pending = nil
			for _, reference := range []bool{false, true} {
				opt.Reference = reference
				checkCase(t, text, vars, opt, want)
			}
		case strings.HasPrefix(line, "vars "):
			vars = nil
			if err := json.Unmarshal([]byte(line[len("vars "):]), &vars); err != nil {
				t.Fatalf("%s: %v", line, err)
			}
		case strings.HasPrefix(line, "zone "):
			if opt.Zone, err = time.LoadLocation(line[len("zone "):]); err != nil {
				t.Fatal(err)
			}
		case line != "" && !strings.HasPrefix(line, "#"):
			pending = append(pending, line)
		}
	}
}

func checkCase(t *testing.T, text string, vars map[string]any, opt EvalOptions, want string) {
	t.Helper()
	engine := "compiled"
	if opt.Reference {
		engine = "cel"
	}
	v, err := Evaluate(text, vars, opt)
	if parts, fails := strings.CutPrefix(want, "! "); fails {
		if err == nil {
			t.Errorf("%s: %s = %v, want an error", engine, text, v)
			return
		}
		for part := range strings.SplitSeq(parts, "|") {
			if strings.Contains(err.Error(), part) {
				return
			}
		}
		t.Errorf("%s: %s fails with %q, want one of %q", engine, text, err, parts)
		return
	}
	if err != nil {
		t.Errorf("%s: %s: %v", engine, text, err)
		return
	}
	got, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	var a, b any
	if json.Unmarshal(got, &a) != nil || json.Unmarshal([]byte(want), &b) != nil || !reflect.DeepEqual(a, b) {
		t.Errorf("%s: %s = %s, want %s", engine, text, got, want)
	}
}
