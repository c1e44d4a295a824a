package builtin_test

import (
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/syncline/syncline/connectors"
	"github.com/syncline/syncline/connectors/builtin"
	"github.com/syncline/syncline/lang/schema"
)

const systemsPage = "../../spec/systems.md"

var update = flag.Bool("update", false, "write spec/systems.md anew")

// TestSystemsPage keeps spec/systems.md in step with what the connectors say of themselves. The text outside the
// marks is written by hand and kept.
func TestSystemsPage(t *testing.T) {
	page, err := os.ReadFile(systemsPage)
	if err != nil {
		t.Fatal(err)
	}
	want, err := splice(string(page), systems(builtin.Registry()))
	if err != nil {
		t.Fatal(err)
	}
	if string(page) == want {
		return
	}
	if !*update {
		t.Fatalf("%s is not what the connectors say; run: go test ./connectors/builtin -update", systemsPage)
	}
	if err := os.WriteFile(systemsPage, []byte(want), 0o644); err != nil {
		t.Fatal(err)
	}
}

const begin, end = "<!-- begin: written by go test ./connectors/builtin -update -->\n", "<!-- end -->\n"

// splice puts the text between the marks of a page.
func splice(page, text string) (string, error) {
	head, rest, ok := strings.Cut(page, begin)
	_, tail, closed := strings.Cut(rest, end)
	if !ok || !closed {
		return "", fmt.Errorf("%s lacks its marks %q and %q", systemsPage, begin, end)
	}
	return head + begin + text + end + tail, nil
}

func systems(r connectors.Registry) string {
	var out strings.Builder
	names := make([]string, 0, len(r))
	for name := range r {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		system(&out, r[name].System)
	}
	return out.String()
}

func system(out *strings.Builder, s schema.System) {
	fmt.Fprintf(out, "\n## %s\n\n%s\n", s.Name, sentence(s.Doc))
	settingsTable(out, fmt.Sprintf("`connection %q \"NAME\"` takes:", s.Name), s.Settings)
	settingsTable(out, "`object \"NAME\"` in it takes:", s.Objects)
	if s.Send == nil {
		return
	}
	fmt.Fprintf(out, "\n`%s` through it takes, beside `via` and `if`:\n\n| argument | value | |\n|---|---|---|\n", s.Send.Verb)
	for _, a := range s.Send.Arguments {
		fmt.Fprintf(out, "| `%s` | %s | %s |\n", a.Name, argumentForm(a), cell(needed(a.Required)+sentence(a.Doc)))
	}
	for _, group := range s.Send.Exclusive {
		fmt.Fprintf(out, "\nOf `%s` one at most is written.\n", strings.Join(group, "`, `"))
	}
	var results []string
	for _, f := range s.Send.Results {
		text := "`" + f.Name + "`"
		if f.Label != "" {
			text += " (" + f.Label + ")"
		}
		results = append(results, text)
	}
	if s.Send.OpenResults {
		results = append(results, "the members of a JSON answer by their names, `NAME` or `[\"outer.inner\"]`")
	}
	fmt.Fprintf(out, "\nLater actions can read %s.\n", strings.Join(results, ", "))
}

func settingsTable(out *strings.Builder, head string, list []schema.Setting) {
	if len(list) == 0 {
		return
	}
	fmt.Fprintf(out, "\n%s\n\n| setting | value | |\n|---|---|---|\n", head)
	for _, s := range list {
		fmt.Fprintf(out, "| `%s` | %s | %s |\n", s.Name, settingForm(s), cell(needed(s.Required)+sentence(s.Doc)))
	}
}

func settingForm(s schema.Setting) string {
	switch {
	case s.Secret:
		return "secret"
	case len(s.OneOf) > 0:
		return "`" + strings.Join(s.OneOf, "`, `") + "`"
	}
	return [...]string{"text", "number", "true or false", "list of texts", "texts by name"}[s.Kind]
}

func argumentForm(a schema.Argument) string {
	kind := a.Kind.String()
	if a.Kind == schema.Any {
		kind = "any value"
	}
	switch {
	case len(a.OneOf) > 0:
		kind = "`" + strings.Join(a.OneOf, "`, `") + "`"
	case a.Form == schema.SomeValues:
		kind += ", or a list"
	case a.Form == schema.NamedValues:
		kind += ", by name"
	}
	if a.Length > 0 {
		kind += fmt.Sprintf(", %d characters at most", a.Length)
	}
	if a.Plain {
		kind += ", a constant"
	}
	return kind
}

func needed(required bool) string {
	if required {
		return "**Required.** "
	}
	return ""
}

// sentence begins with a capital and ends with a full stop.
func sentence(s string) string {
	if s == "" {
		return ""
	}
	first, _, _ := strings.Cut(s, " ")
	if strings.ToLower(first) == first && !strings.ContainsAny(first, "_:/=") {
		s = strings.ToUpper(s[:1]) + s[1:]
	}
	if !strings.HasSuffix(s, ".") {
		s += "."
	}
	return s
}

func cell(s string) string {
	return strings.NewReplacer("|", `\|`, "\n", " ", "<", "&lt;", ">", "&gt;").Replace(s)
}
