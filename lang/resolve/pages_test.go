package resolve_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/syncline/syncline/lang/diag"
	"github.com/syncline/syncline/lang/resolve"
	"github.com/syncline/syncline/lang/syntax"
)

const pages = "../../spec/diagnostics"

var (
	constructor = regexp.MustCompile(`"(SYN[12]\d\d)", "([^"]+)"`)
	example     = regexp.MustCompile("(?s)```hcl\n(.*?)```")
)

// withoutExample cannot be shown in a few lines.
var withoutExample = map[string]bool{"SYN101": true, "SYN102": true, "SYN103": true}

// Each code of syntax and names has one summary and a page of that title, whose example gives that diagnostic.
func TestPages(t *testing.T) {
	for code, summary := range summaries(t) {
		t.Run(code, func(t *testing.T) {
			page, err := os.ReadFile(filepath.Join(pages, code+".md"))
			if err != nil {
				t.Fatal(err)
			}
			if title, _, _ := strings.Cut(string(page), "\n"); title != "# "+code+": "+summary {
				t.Errorf("the title is %q, the summary %q", title, summary)
			}
			m := example.FindSubmatch(page)
			if m == nil {
				if !withoutExample[code] {
					t.Error("the page has no example")
				}
				return
			}
			for _, d := range all(m[1]) {
				if d.Code == code {
					return
				}
			}
			t.Errorf("the example does not give %s but %v", code, all(m[1]))
		})
	}
}

// summaries reads the constructors of both packages.
func summaries(t *testing.T) map[string]string {
	files, _ := filepath.Glob("../*/errors*.go")
	out := map[string]string{}
	for _, path := range files {
		src, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range constructor.FindAllStringSubmatch(string(src), -1) {
			if before, ok := out[m[1]]; ok && before != m[2] {
				t.Errorf("%s is called %q and %q", m[1], before, m[2])
			}
			out[m[1]] = m[2]
		}
	}
	if len(out) < 35 {
		t.Fatalf("only %d codes found", len(out))
	}
	return out
}

func all(src []byte) diag.List {
	f, diags := syntax.Parse("example.sync.hcl", src)
	m, more := resolve.Modules([]*syntax.File{f})
	return append(append(diags, more...), resolve.Unused(m)...)
}
