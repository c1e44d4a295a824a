// Package diagtest runs test files that say on the offending line which diagnostic they expect.
//
// A test is a txtar archive of project files. A comment
//
//	x = source.A + 1 # want SYN106 "in quotes"
//
// expects a diagnostic of that code on that line whose text matches the regular expression, and no other. Where
// a comment cannot stand on the line itself, `want-1` means the line before, `want+2` the second line after.
// The archive's last file, out.txt, is how all diagnostics look as text; `go test -update` writes it anew.
package diagtest

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"

	"github.com/syncline/syncline/lang/diag"
)

var update = flag.Bool("update", false, "write the expected outputs anew")

const output = "out.txt"

// File is one file of an archive.
type File struct {
	Name string
	Data []byte
}

// Run compiles each archive that the glob finds and compares the diagnostics with the expected ones.
func Run(t *testing.T, glob string, compile func(t *testing.T, files []File) diag.List) {
	t.Helper()
	paths, err := filepath.Glob(glob)
	if err != nil || len(paths) == 0 {
		t.Fatalf("no test files at %s: %v", glob, err)
	}
	for _, path := range paths {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".txtar"), func(t *testing.T) { run(t, path, compile) })
	}
}

func run(t *testing.T, path string, compile func(*testing.T, []File) diag.List) {
	ar, err := txtar.ParseFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var files []File
	var want string
	for _, f := range ar.Files {
		if f.Name == output {
			want = string(f.Data)
			continue
		}
		files = append(files, File{f.Name, f.Data})
	}
	diags := compile(t, files)
	compare(t, expected(t, files), diags)
	var got bytes.Buffer
	if err := diag.WriteText(&got, diags, diag.TextOptions{}); err != nil {
		t.Fatal(err)
	}
	if *update {
		write(t, path, ar, got.Bytes())
		return
	}
	if got.String() != want {
		t.Errorf("the text differs from %s in %s (go test -update writes it anew):\n%s", output, path, got.String())
	}
}

func write(t *testing.T, path string, ar *txtar.Archive, text []byte) {
	kept := ar.Files[:0]
	for _, f := range ar.Files {
		if f.Name != output {
			kept = append(kept, f)
		}
	}
	ar.Files = append(kept, txtar.File{Name: output, Data: text})
	if err := os.WriteFile(path, txtar.Format(ar), 0o644); err != nil {
		t.Fatal(err)
	}
}

// expectation is one `want`.
type expectation struct {
	file    string
	line    int
	code    string
	pattern *regexp.Regexp
}

var (
	comment = regexp.MustCompile(`(?:#|//)\s*want([+-]\d+)?((?:\s+SYN\d+\s+"(?:[^"\\]|\\.)*")+)`)
	one     = regexp.MustCompile(`(SYN\d+)\s+("(?:[^"\\]|\\.)*")`)
)

func expected(t *testing.T, files []File) (out []expectation) {
	for _, f := range files {
		for i, text := range strings.Split(string(f.Data), "\n") {
			m := comment.FindStringSubmatch(text)
			if m == nil {
				continue
			}
			offset, _ := strconv.Atoi(m[1])
			for _, w := range one.FindAllStringSubmatch(m[2], -1) {
				pattern, err := strconv.Unquote(w[2])
				if err != nil {
					t.Fatalf("%s:%d: %v", f.Name, i+1, err)
				}
				re, err := regexp.Compile(pattern)
				if err != nil {
					t.Fatalf("%s:%d: %v", f.Name, i+1, err)
				}
				out = append(out, expectation{f.Name, i + 1 + offset, w[1], re})
			}
		}
	}
	return out
}

func compare(t *testing.T, want []expectation, got diag.List) {
	t.Helper()
	for _, d := range got {
		found := false
		for i, w := range want {
			if w.file == d.Subject.Name() && w.line == d.Subject.StartPos().Line && w.code == d.Code &&
				w.pattern.MatchString(d.Summary+": "+d.Detail) {
				want, found = append(want[:i:i], want[i+1:]...), true
				break
			}
		}
		if !found {
			t.Errorf("unexpected: %s", d)
		}
	}
	for _, w := range want {
		t.Errorf("%s:%d: no diagnostic %s that matches %q", w.file, w.line, w.code, w.pattern)
	}
}
