package expr

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/syncline/syncline/lang/value"
)

// seeds are the expressions of the other tests.
func seeds(f *testing.F) []string {
	files, _ := filepath.Glob("../../spec/conformance/expressions/*.txt")
	files = append(files, "testdata/diagnostics.txt")
	var out []string
	for _, name := range files {
		data, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		for line := range strings.SplitSeq(string(data), "\n") {
			if line != "" && line[0] != ' ' && line[0] != '#' {
				out = append(out, strings.TrimPrefix(line, "text "))
			}
		}
	}
	return out
}

// FuzzCheck: whatever is written, there is no panic, every message has its place, and what the checker promises of
// the type holds for the value.
func FuzzCheck(f *testing.F) {
	for _, s := range seeds(f) {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		exercise(t, quotedSource(text))
		Evaluate(text, map[string]any{"x": 1.5, "n": nil, "o": map[string]any{"a": "b"}}, EvalOptions{Now: testNow})
	})
}

func FuzzTemplate(f *testing.F) {
	for _, s := range append(seeds(f), "{{ '}}' }}", `{{ r"}}\" }} {{ """}}""" }}`, "{{ {'a': {}} }}", "{{{}}}", "{{ a }", "}}{{") {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) { exercise(t, textSource(text)) })
}

func exercise(t *testing.T, src Source) {
	c, diags := NewEnv(testScope()).Check(src, Want{Field: tierField()})
	for _, d := range diags {
		if d.Subject.IsZero() || d.Subject.Start < 0 || d.Subject.End > len(src.Text) || d.Subject.Start > d.Subject.End || d.Detail == "" {
			t.Fatalf("%q: a message without a place: %v", src.Text, d)
		}
	}
	if diags.HasErrors() {
		return
	}
	p := c.Compile(testSlots)
	for _, r := range []value.Record{sampleRecord(), record(map[string]value.Value{"Name": value.Text("a"), "Gsid": value.Text("b"), "Count": value.Int(0),
		"Active": value.Bool(false), "Tags": value.List(nil), "Owner.Email": value.Null})} {
		frame := &Frame{Records: []value.Record{r, nil}, Now: testNow}
		v, err := p.Eval(frame)
		if err == nil && !strings.Contains(src.Text, "Owner") {
			checkType(t, src.Text, c.Type, v)
		}
		if _, testErr := p.Test(frame); testErr == nil && err != nil && diags.Errors() == 0 && c.Type.is(value.KindBool) {
			t.Fatalf("%q fails as a value and not as a condition: %v", src.Text, err)
		}
	}
}
