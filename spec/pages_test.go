package spec

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

var codePattern = regexp.MustCompile(`"(SYN[1-9][0-9]{2})"`)

// usedCodes are the codes in the compiler's sources, each with a file that has it.
func usedCodes(t *testing.T) map[string]string {
	used := map[string]string{}
	for _, dir := range []string{"../lang", "../runtime", "../cmd"} {
		err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
				return err
			}
			src, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			for _, m := range codePattern.FindAllSubmatch(src, -1) {
				used[string(m[1])] = path
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return used
}

func TestEveryCodeHasItsPage(t *testing.T) {
	used := usedCodes(t)
	for code, file := range used {
		if _, ok := Page(code); !ok {
			t.Errorf("%s has %s, which has no page: write spec/diagnostics/%s.md", file, code, code)
		}
	}
	for _, code := range Codes() {
		if used[code] == "" {
			t.Errorf("spec/diagnostics/%s.md is about a code that nothing gives", code)
		}
	}
}

func TestPagesHaveTheirForm(t *testing.T) {
	for _, code := range Codes() {
		page, _ := Page(code)
		if !strings.HasPrefix(page, "# "+code+": ") || Title(code) == "" {
			t.Errorf("%s.md does not begin with \"# %s: Summary\"", code, code)
		}
		if !strings.Contains(page, "\n```") && !slices.Contains(aboutFiles, code) {
			t.Errorf("%s.md shows no example", code)
		}
	}
	if _, ok := Page("SYN999"); ok {
		t.Error("a page for a code that does not exist")
	}
	if _, ok := Page("../README"); ok {
		t.Error("a page outside of the diagnostics")
	}
}

// TestEveryCodeHasACase asks for a case in the corpus for each code that comes from sources and schemas alone.
func TestEveryCodeHasACase(t *testing.T) {
	var all strings.Builder
	for _, name := range cases(t) {
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		all.Write(data)
	}
	for code, file := range usedCodes(t) {
		if strings.HasPrefix(filepath.ToSlash(file), "../lang/check") && !strings.Contains(all.String(), " "+code+" ") && !slices.Contains(outside, code) {
			t.Errorf("no case in spec/conformance gives %s (%s)", code, file)
		}
	}
}

// outside are codes about lock files and systems, which no case of the corpus has.
var outside = []string{"SYN602", "SYN603", "SYN604", "SYN605", "SYN606"}

// aboutFiles are codes about a file as a whole, of which there is nothing to show.
var aboutFiles = []string{"SYN101", "SYN102", "SYN103"}
