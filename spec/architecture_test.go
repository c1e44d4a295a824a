package spec

import (
	"bytes"
	"encoding/json"
	"io"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/syncline/syncline/"

// may says which of our packages each package may import: the architecture as a table. A name that ends in /
// stands for all packages below it. Tests are free.
var may = map[string][]string{
	"lang":                  {"lang/"},
	"lang/span":             {},
	"lang/cron":             {},
	"lang/diag":             {"lang/span"},
	"lang/diag/":            {"lang/diag", "lang/span"},
	"lang/syntax":           {"lang/span", "lang/diag"},
	"lang/schema":           {},
	"lang/schema/":          {"lang/schema"},
	"lang/value":            {"lang/schema"},
	"lang/query":            {"lang/value", "lang/schema"},
	"lang/resolve":          {"lang/syntax", "lang/diag", "lang/span"},
	"lang/expr":             {"lang/span", "lang/diag", "lang/schema", "lang/value"},
	"lang/check":            {"lang/syntax", "lang/resolve", "lang/expr", "lang/schema", "lang/diag", "lang/span", "lang/value", "lang/cron"},
	"lang/plan":             {"lang/expr", "lang/schema", "lang/value", "lang/query", "lang/span"},
	"lang/planner":          {"lang/check", "lang/plan", "lang/expr", "lang/schema", "lang/query", "lang/diag", "lang/value", "lang/span", "lang/resolve", "lang/syntax", "lang/cron"},
	"lang/spectest":         {"lang/plan", "lang/schema", "lang/value", "lang/syntax", "lang/diag", "lang/span"},
	"lang/format":           {"lang/span", "lang/diag", "lang/syntax"},
	"connectors":            {"lang/schema", "lang/value", "lang/query"},
	"connectors/":           {"connectors", "connectors/", "lang/schema", "lang/value", "lang/query"},
	"runtime":               {"lang", "lang/", "connectors", "runtime/"},
	"runtime/crashpoint":    {},
	"runtime/state":         {},
	"runtime/state/":        {"runtime/state", "runtime/crashpoint"},
	"runtime/engine":        {"lang/plan", "lang/expr", "lang/schema", "lang/value", "lang/query", "lang/cron", "connectors", "runtime/state", "runtime/delivery", "runtime/crashpoint", "runtime/engine/edge", "runtime/engine/recall"},
	"runtime/engine/edge":   {"lang/expr", "lang/plan", "runtime/state"},
	"runtime/engine/recall": {},
	"runtime/schedule":      {"lang/cron", "runtime/state", "runtime/crashpoint"},
	"runtime/testrun":       {"lang/spectest", "lang/plan", "lang/expr", "lang/schema", "lang/value", "lang/span", "connectors", "connectors/memory", "runtime/engine", "runtime/state", "runtime/state/sqlite"},
	"runtime/undo":          {"lang/schema", "lang/value", "lang/query", "connectors", "runtime/state", "runtime/delivery"},
	"runtime/reload":        {"lang/diag"},
	"runtime/server":        {"runtime/state", "lang/diag"},
	"runtime/hooks":         {"runtime/state", "lang/plan"},
	"runtime/alert":         {"lang/plan", "lang/cron"},
	"runtime/delivery":      {"lang/plan", "lang/schema", "lang/value", "lang/query", "connectors", "runtime/state", "runtime/crashpoint"},
	"cmd/":                  {"lang", "lang/", "connectors", "connectors/", "runtime", "runtime/", "spec", "examples"},
	"spec":                  {"lang", "lang/"},
	"spec/":                 {"lang", "lang/", "spec"},
	"spec/bench":            {"spec/bench/"},
	"spec/bench/":           {},
	"examples":              {},
}

// never are imports that would tie what must stay apart, whatever the table allows.
var never = [][2]string{
	{"connectors/sandbox", "connectors/gainsight"},
	{"connectors/sandbox/", "connectors/gainsight"},
	{"connectors/sandbox", "connectors/salesforce"},
	{"connectors/sandbox/", "connectors/salesforce"},
	{"connectors/sandbox/", "connectors"},
}

// only says who may import a library that must stay behind one door, or outside.
var only = map[string][]string{
	// Templates call methods by name, so that the linker keeps every exported method: 4 of 40 MB.
	"html/template":             {},
	"text/template":             {},
	"cel.dev/cel-go/":           {"lang/expr"},
	"github.com/hashicorp/hcl/": {"lang/syntax", "lang/format"},
	"github.com/robfig/cron/":   {"lang/cron", "runtime/schedule"},
}

type pkg struct {
	ImportPath string
	Imports    []string
}

func TestImportsFollowTheArchitecture(t *testing.T) {
	for _, p := range packages(t) {
		name := strings.TrimPrefix(p.ImportPath, module)
		allowed, known := rule(name)
		if !known {
			t.Errorf("%s is not in the table of the architecture: say what it may import", name)
			continue
		}
		for _, imp := range p.Imports {
			ours, is := strings.CutPrefix(imp, module)
			if is && !matches(allowed, ours) {
				t.Errorf("%s imports %s", name, ours)
			}
			for _, n := range never {
				if is && matches(n[:1], name) && ours == n[1] {
					t.Errorf("%s imports %s, which must stay apart", name, ours)
				}
			}
			for lib, importers := range only {
				if strings.HasPrefix(imp, lib) && !slices.Contains(importers, name) {
					t.Errorf("%s imports %s, which only %v may", name, imp, importers)
				}
			}
		}
	}
}

// rule finds the row for a package: its own, or that of the nearest folder above.
func rule(name string) ([]string, bool) {
	if r, ok := may[name]; ok {
		return r, true
	}
	for dir := name; ; {
		i := strings.LastIndexByte(dir, '/')
		if i < 0 {
			return nil, false
		}
		dir = dir[:i]
		if r, ok := may[dir+"/"]; ok {
			return r, true
		}
	}
}

func matches(list []string, name string) bool {
	return slices.ContainsFunc(list, func(a string) bool {
		return a == name || strings.HasSuffix(a, "/") && strings.HasPrefix(name, a)
	})
}

func packages(t *testing.T) []pkg {
	out, err := exec.Command("go", "list", "-json=ImportPath,Imports", module+"...").Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	var all []pkg
	for dec := json.NewDecoder(bytes.NewReader(out)); ; {
		var p pkg
		if err := dec.Decode(&p); err == io.EOF {
			return all
		} else if err != nil {
			t.Fatal(err)
		}
		all = append(all, p)
	}
}
