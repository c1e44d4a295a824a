package spec

import (
	"os"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"

	"github.com/syncline/syncline/lang"
)

// TestDamagedRulesAreOnlyReported takes a line out of a large project, or the value of an entry, or the quotes of a text: each time something
// is missing that the rest counts on. The compiler must say so and go on.
func TestDamagedRulesAreOnlyReported(t *testing.T) {
	base, err := os.ReadFile("conformance/schema.txt")
	if err != nil {
		t.Fatal(err)
	}
	in := lang.Inputs{Catalogs: parseSchema(t, string(base)), Systems: systems(exampleSystems)}
	for _, name := range []string{"trigger_whole", "trigger_watching"} {
		archive, err := txtar.ParseFile("conformance/" + name + ".txtar")
		if err != nil {
			t.Fatal(err)
		}
		lines := strings.Split(string(archive.Files[0].Data), "\n")
		for i, whole := range lines {
			for _, damaged := range damages(whole) {
				lines[i] = damaged
				compileDamaged(t, name, i+1, damaged, strings.Join(lines, "\n"), in)
			}
			lines[i] = whole
		}
	}
}

func damages(line string) []string {
	out := []string{""}
	if head, _, ok := strings.Cut(line, "="); ok {
		out = append(out, head+"= null")
	}
	if strings.Contains(line, `"`) {
		out = append(out, strings.Replace(line, `"`, "", 2))
	}
	return out
}

func compileDamaged(t *testing.T, name string, n int, line, text string, in lang.Inputs) {
	defer func() {
		if r := recover(); r != nil {
			t.Errorf("%s, line %d, %q: %v", name, n, line, r)
		}
	}()
	m, diags := lang.Load([]lang.Source{{Name: "main.sync.hcl", Text: []byte(text)}})
	lang.Needs(m, nil)
	lang.Needs(m, in.Catalogs)
	lang.Compile(m, lang.Inputs{})
	set, more := lang.Compile(m, in)
	planText(set)
	for _, d := range append(diags, more...) {
		if strings.Contains(d.Detail, "%!") || strings.Contains(d.Detail, ":  ") {
			t.Errorf("%s, line %d, %q: %s", name, n, line, d)
		}
	}
}
