package spec

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"

	"github.com/syncline/syncline/lang"
	"github.com/syncline/syncline/lang/plan"
	"github.com/syncline/syncline/lang/schema/schematext"
	"github.com/syncline/syncline/lang/spectest"
	"github.com/syncline/syncline/lang/syntax"
)

// FuzzCompile compiles whatever comes against the corpus' schema. There is no input on which the compiler may panic,
// whose diagnostics may stand outside of the file, or for which a rule may be planned that has no target.
func FuzzCompile(f *testing.F) {
	names, err := filepath.Glob("conformance/*.txtar")
	if err != nil {
		f.Fatal(err)
	}
	for _, name := range names {
		archive, err := txtar.ParseFile(name)
		if err != nil {
			f.Fatal(err)
		}
		for _, file := range archive.Files {
			if strings.HasSuffix(file.Name, ".hcl") {
				f.Add(file.Data)
			}
		}
	}
	base, err := os.ReadFile("conformance/schema.txt")
	if err != nil {
		f.Fatal(err)
	}
	catalogs, err := schematext.Parse(string(base))
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		m, diags := lang.Load([]lang.Source{{Name: "main.sync.hcl", Text: text}})
		lang.Needs(m, nil)
		lang.Needs(m, catalogs)
		lang.Compile(m, lang.Inputs{})
		set, more := lang.Compile(m, lang.Inputs{Catalogs: catalogs, Systems: systems(exampleSystems), Vars: map[string]string{"a": "b"}})
		for _, d := range append(diags, more...) {
			r := d.Subject
			if r.Start < 0 || r.End < r.Start || r.End > len(text) && r.File != nil {
				t.Errorf("%s stands at %d-%d of %d bytes", d.Code, r.Start, r.End, len(text))
			}
		}
		for _, s := range set.Syncs {
			if s.From.Object == nil || s.To.Object == nil || s.Explain() == "" {
				t.Errorf("%s was planned without its objects", s.ID())
			}
		}
		for _, u := range set.Triggers {
			if u.On.Object == nil || u.Explain() == "" || len(u.Actions()) == 0 {
				t.Errorf("%s was planned without what it needs", u.ID())
			}
		}
		for _, u := range set.Tracks {
			u.Explain()
		}
		for _, u := range set.Alerts {
			u.Explain()
		}
	})
}

// FuzzTests reads whatever comes as a file of tests. What is said stands in the file, and what is given is whole.
func FuzzTests(f *testing.F) {
	names, err := filepath.Glob("conformance/*test*.txtar")
	if err != nil || len(names) == 0 {
		f.Fatal(err)
	}
	var rules []lang.Source
	for _, name := range names {
		archive, err := txtar.ParseFile(name)
		if err != nil {
			f.Fatal(err)
		}
		for _, file := range archive.Files {
			switch {
			case strings.HasSuffix(file.Name, syntax.TestSuffix):
				f.Add(file.Data)
			case strings.HasSuffix(file.Name, ".hcl") && rules == nil:
				rules = []lang.Source{{Name: file.Name, Text: file.Data}}
			}
		}
	}
	base, err := os.ReadFile("conformance/schema.txt")
	if err != nil {
		f.Fatal(err)
	}
	catalogs, err := schematext.Parse(string(base))
	if err != nil {
		f.Fatal(err)
	}
	m, _ := lang.Load(rules)
	set, _ := lang.Compile(m, lang.Inputs{Catalogs: catalogs})
	f.Fuzz(func(t *testing.T, text []byte) {
		file, diags := syntax.ParseTests("a.synctest.hcl", text)
		spectest.Vars([]*syntax.File{file})
		tests, more := spectest.Read([]*syntax.File{file}, map[string]*plan.Set{"": set})
		for _, d := range append(diags, more...) {
			if r := d.Subject; r.Start < 0 || r.End < r.Start || r.End > len(text) {
				t.Errorf("%s stands at %d-%d of %d bytes", d.Code, r.Start, r.End, len(text))
			}
			if strings.Contains(d.Detail, "%!") {
				t.Error(d.Detail)
			}
		}
		for _, u := range tests {
			if (u.Trigger == nil) == (u.Sync == nil) || u.Explain() == "" {
				t.Errorf("%s has no rule", u.FullName())
			}
		}
	})
}
