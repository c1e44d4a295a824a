package spec

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var namedTests = regexp.MustCompile("`([a-z/]+)` (Test[A-Za-z]+(?:/[a-z_]+)?(?:, Test[A-Za-z]+(?:/[a-z_]+)?)*)")

// TestPromisesHaveTheirTests asks of each row of guarantees.md for tests that are there.
func TestPromisesHaveTheirTests(t *testing.T) {
	page, _ := Reference("guarantees.md")
	rows := 0
	for line := range strings.Lines(page) {
		if !strings.HasPrefix(line, "| **") {
			continue
		}
		rows++
		found := namedTests.FindAllStringSubmatch(line, -1)
		if len(found) == 0 {
			t.Errorf("no test: %s", line)
		}
		for _, m := range found {
			for name := range strings.SplitSeq(m[2], ", ") {
				if !hasTest(t, filepath.Join("..", m[1]), name) {
					t.Errorf("%s has no %s", m[1], name)
				}
			}
		}
	}
	if rows != 10 {
		t.Errorf("%d promises, want 10", rows)
	}
}

// hasTest tells whether a package has a test, or with a name after a slash a script that its TestScripts runs.
func hasTest(t *testing.T, dir, name string) bool {
	t.Helper()
	name, script, _ := strings.Cut(name, "/")
	if script != "" {
		if _, err := os.Stat(filepath.Join(dir, "testdata", "script", script+".txtar")); err != nil {
			return false
		}
	}
	files, err := filepath.Glob(filepath.Join(dir, "*_test.go"))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		text, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(text), "\nfunc "+name+"(t *testing.T)") {
			return true
		}
	}
	return false
}
