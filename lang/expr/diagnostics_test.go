package expr

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/syncline/syncline/lang/schema"
)

var update = flag.Bool("update", false, "write what the checker gives into testdata and spec")

// TestDiagnostics checks the expressions of testdata/diagnostics.txt and compares the type and the messages below
// each: severity, code, the text that the range covers, detail, suggestion. A line that begins with "text " is a text
// template; "condition " and "tier " say what the expression is for.
func TestDiagnostics(t *testing.T) {
	const name = "testdata/diagnostics.txt"
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	var got strings.Builder
	for line := range strings.Lines(string(data)) {
		line = strings.TrimSuffix(line, "\n")
		switch {
		case strings.HasPrefix(line, "    "):
			continue
		case line == "" || strings.HasPrefix(line, "#"):
			fmt.Fprintln(&got, line)
		default:
			fmt.Fprintln(&got, line)
			got.WriteString(describe(line))
		}
	}
	if *update {
		if err := os.WriteFile(name, []byte(got.String()), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	compareLines(t, string(data), got.String())
}

func describe(line string) string {
	src, want := quotedSource(line), Want{}
	if rest, ok := strings.CutPrefix(line, "text "); ok {
		src = textSource(rest)
	} else if rest, ok := strings.CutPrefix(line, "condition "); ok {
		src, want.Condition = quotedSource(rest), true
	} else if rest, ok := strings.CutPrefix(line, "tier "); ok {
		src, want.Field = quotedSource(rest), tierField()
	}
	c, diags := NewEnv(testScope()).Check(src, want)
	var b strings.Builder
	if !diags.HasErrors() {
		fmt.Fprintf(&b, "    %s\n", describeType(c.Type))
	}
	for _, d := range diags {
		fmt.Fprintf(&b, "    %s %s [%s] %s: %s", d.Severity, d.Code, d.Subject.Text(), d.Summary, d.Detail)
		if d.Suggestion != "" {
			fmt.Fprintf(&b, " → %s", d.Suggestion)
		}
		b.WriteByte('\n')
	}
	return b.String()
}

func describeType(t Type) string {
	s := t.String()
	if t.Nullable {
		s += ", can be empty"
	}
	if t.Unknown {
		s += ", can be unknown"
	}
	if t.Texts != nil {
		s += fmt.Sprintf(", one of %q", t.Texts)
	} else if t.MaxLength > 0 {
		s += fmt.Sprintf(", up to %d characters", t.MaxLength)
	}
	if t.IsNumber() && t.Scale >= 0 {
		s += fmt.Sprintf(", %d decimals", t.Scale)
	}
	if t.Const != nil {
		s += ", always " + t.Const.String()
	}
	if t.Copy != nil {
		s += ", copied"
	}
	return s
}

func tierField() *schema.Field {
	return &schema.Field{Name: "Tier__c", Kind: schema.Picklist, Restricted: true,
		Values: []schema.Choice{{Value: "Red"}, {Value: "At Risk"}, {Value: "5"}, {Value: "N/A"}}}
}

func compareLines(t *testing.T, want, got string) {
	t.Helper()
	w, g := strings.Split(want, "\n"), strings.Split(got, "\n")
	for i := range max(len(w), len(g)) {
		a, b := "", ""
		if i < len(w) {
			a = w[i]
		}
		if i < len(g) {
			b = g[i]
		}
		if a != b {
			t.Errorf("line %d\nwant %s\ngot  %s\n(-update writes it)", i+1, a, b)
			return
		}
	}
}
