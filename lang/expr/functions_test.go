package expr

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/syncline/syncline/lang/value"
)

const functionsPage = "../../spec/functions.md"

// TestFunctionsPage keeps spec/functions.md in step with the table of functions.
func TestFunctionsPage(t *testing.T) {
	got := functionsMarkdown()
	if *update {
		if err := os.WriteFile(functionsPage, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(functionsPage)
	if err != nil {
		t.Fatal(err)
	}
	compareLines(t, string(want), got)
}

func functionsMarkdown() string {
	var b strings.Builder
	b.WriteString(`# Functions

Functions can be called in two ways: ` + "`lower(source.Name)` and `source.Name.lower()`" + ` mean the same; those with a dot in
their name only in the first. An empty
argument gives an empty result, unless the text says otherwise; a *test* over an empty argument is unknown, which is
false to everything but ` + "`!`, `&&` and `||`" + `. An argument that makes no sense (a text that is no number, a position outside of a
text) rejects the record.

This page is written from the program's own table.
`)
	group := ""
	for _, fn := range Functions() {
		if fn.Group != group {
			group = fn.Group
			fmt.Fprintf(&b, "\n## %s\n", group)
		}
		fmt.Fprintf(&b, "\n### %s\n\n", fn.Name)
		for _, s := range fn.Signatures() {
			fmt.Fprintf(&b, "    %s\n", s)
		}
		if len(fn.overloads) > 0 {
			b.WriteByte('\n')
		}
		doc := fn.Doc
		if fn.Predicate {
			doc += " A test."
		}
		if fn.Clock {
			doc += " It changes with the clock."
		}
		fmt.Fprintf(&b, "%s\n\nExample: `%s`\n", doc, fn.Example)
	}
	return b.String()
}

// TestExamples evaluates the example of each function, where it says what it gives.
func TestExamples(t *testing.T) {
	for _, fn := range Functions() {
		if fn.Doc == "" || fn.Example == "" || fn.Group == "" {
			t.Errorf("%s lacks its documentation", fn.Name)
		}
		text, want, told := strings.Cut(fn.Example, " → ")
		c, diags := NewEnv(testScope()).Check(quotedSource(text), Want{})
		if diags.HasErrors() {
			t.Errorf("%s: %v", text, diags[0])
			continue
		}
		v, err := c.Compile(testSlots).Eval(&Frame{Records: []value.Record{sampleRecord(), nil}, Now: testNow})
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		if got := asLiteral(v); told && got != want {
			t.Errorf("%s gives %s, its example says %s", text, got, want)
		}
	}
}

// asLiteral writes a value as an expression would.
func asLiteral(v value.Value) string {
	switch v.Kind() {
	case value.KindNull:
		return "null"
	case value.KindText:
		return quote(v.AsText())
	case value.KindList:
		items := make([]string, len(v.AsList()))
		for i, item := range v.AsList() {
			items[i] = asLiteral(item)
		}
		return "[" + strings.Join(items, ", ") + "]"
	}
	return v.String()
}
