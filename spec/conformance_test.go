package spec

import (
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"

	"github.com/syncline/syncline/lang"
	"github.com/syncline/syncline/lang/diag"
	"github.com/syncline/syncline/lang/plan"
	"github.com/syncline/syncline/lang/schema"
	"github.com/syncline/syncline/lang/schema/schematext"
	"github.com/syncline/syncline/lang/spectest"
	"github.com/syncline/syncline/lang/syntax"
)

var update = flag.Bool("update", false, "write what the compiler gives into the cases")

func cases(t *testing.T) []string {
	names, err := filepath.Glob("conformance/*.txtar")
	if err != nil || len(names) == 0 {
		t.Fatalf("no cases: %v", err)
	}
	return names
}

// TestConformance compiles the files of each case against its schema and compares diagnostics and plan with the
// sections `diagnostics` and `plan`. See conformance/README.md.
func TestConformance(t *testing.T) {
	for _, name := range cases(t) {
		t.Run(strings.TrimSuffix(filepath.Base(name), ".txtar"), func(t *testing.T) {
			data, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			archive := txtar.Parse(data)
			c := readCase(t, archive)
			got := c.compile()
			if *update {
				writeCase(t, name, archive, got)
				return
			}
			for _, section := range []string{"diagnostics", "plan", "tests"} {
				want, has := c.sections[section]
				if section != "diagnostics" && !has {
					continue
				}
				if strings.TrimSpace(want) != strings.TrimSpace(got[section]) {
					t.Errorf("%s\n--- want\n%s\n--- got\n%s", section, want, got[section])
				}
			}
		})
	}
}

// conformanceCase is one case, read.
type conformanceCase struct {
	files    []lang.Source
	tests    []lang.Source
	sections map[string]string
	inputs   lang.Inputs
}

func readCase(t *testing.T, a *txtar.Archive) *conformanceCase {
	c := &conformanceCase{sections: map[string]string{}}
	for _, f := range a.Files {
		if strings.HasSuffix(f.Name, syntax.TestSuffix) {
			c.tests = append(c.tests, lang.Source{Name: f.Name, Text: f.Data})
			continue
		}
		if strings.HasSuffix(f.Name, ".hcl") {
			c.files = append(c.files, lang.Source{Name: f.Name, Text: f.Data})
			continue
		}
		c.sections[f.Name] = string(f.Data)
	}
	base, err := os.ReadFile("conformance/schema.txt")
	if err != nil {
		t.Fatal(err)
	}
	c.inputs.Catalogs = parseSchema(t, string(base))
	if own, has := c.sections["schema"]; has {
		maps.Copy(c.inputs.Catalogs, parseSchema(t, own))
	}
	c.inputs.Vars = map[string]string{}
	for line := range strings.Lines(c.sections["vars"]) {
		name, val, _ := strings.Cut(strings.TrimSpace(line), "=")
		c.inputs.Vars[name] = val
	}
	if text, has := c.sections["systems"]; has {
		c.inputs.Systems = systems(text)
	}
	return c
}

func parseSchema(t *testing.T, text string) map[string]*schema.Catalog {
	catalogs, err := schematext.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return catalogs
}

// systems reads lines `NAME SETTING:KIND …`; a KIND ends in ! when it is required, and text(a|b) is a choice. After
// the word `object` come the settings of object blocks; after `send` or `call` what a message takes: arguments NAME,
// required ones with !, NAME:list, NAME:named, NAME:plain(a|b), NAME:10 with so many characters at most, `or:a|b` for those
// that exclude each other, `gives:A,B` for results.
func systems(text string) map[string]schema.System {
	kinds := map[string]schema.SettingKind{"text": schema.SettingText, "number": schema.SettingNumber, "bool": schema.SettingBool,
		"list": schema.SettingList, "map": schema.SettingMap, "secret": schema.SettingText}
	out := map[string]schema.System{}
	for line := range strings.Lines(text) {
		words := strings.Fields(line)
		if len(words) == 0 {
			continue
		}
		s := schema.System{Name: words[0]}
		list := &s.Settings
		for _, w := range words[1:] {
			switch {
			case w == "object":
				s.Objects = []schema.Setting{}
				list = &s.Objects
				continue
			case w == schema.VerbSend || w == schema.VerbCall:
				s.Sends, s.Send = true, &schema.Sending{Verb: w}
				continue
			case s.Send != nil:
				sendingWord(s.Send, w)
				continue
			}
			name, kind, _ := strings.Cut(w, ":")
			kind, required := strings.CutSuffix(kind, "!")
			kind, choice, _ := strings.Cut(strings.TrimSuffix(kind, ")"), "(")
			set := schema.Setting{Name: name, Kind: kinds[kind], Required: required, Secret: kind == "secret", Doc: "The " + name + "."}
			if choice != "" {
				set.OneOf = strings.Split(choice, "|")
			}
			*list = append(*list, set)
		}
		out[s.Name] = s
	}
	return out
}

func sendingWord(s *schema.Sending, word string) {
	name, form, _ := strings.Cut(word, ":")
	name, required := strings.CutSuffix(name, "!")
	switch name {
	case "or":
		s.Exclusive = append(s.Exclusive, strings.Split(form, "|"))
		return
	case "gives":
		for _, f := range strings.Split(form, ",") {
			s.Results = append(s.Results, &schema.Field{Name: f, Kind: schema.Text, Nullable: true})
		}
		return
	}
	a := schema.Argument{Name: name, Kind: schema.Text, Required: required, Doc: "the " + name}
	kind, oneOf, _ := strings.Cut(strings.TrimSuffix(form, ")"), "(")
	switch kind {
	case "list":
		a.Form = schema.SomeValues
	case "named":
		a.Form, a.Kind = schema.NamedValues, schema.Any
	case "plain":
		a.Plain = true
	default:
		a.Length, _ = strconv.Atoi(kind)
	}
	if oneOf != "" {
		a.OneOf = strings.Split(oneOf, "|")
	}
	s.Arguments = append(s.Arguments, a)
}

func (c *conformanceCase) compile() map[string]string {
	m, diags := lang.Load(c.files)
	set, more := lang.Compile(m, c.inputs)
	diags = append(diags, more...)
	tests, found := c.readTests(set)
	diags = append(diags, found...)
	diags.Sort()
	return map[string]string{"diagnostics": diagnosticText(diags), "plan": planText(set), "tests": testText(tests)}
}

// readTests reads the case's test files, with the rules compiled anew for each that gives variables.
func (c *conformanceCase) readTests(set *plan.Set) ([]*spectest.Test, diag.List) {
	var files []*syntax.File
	var diags diag.List
	for _, f := range c.tests {
		file, found := syntax.ParseTests(f.Name, f.Text)
		files, diags = append(files, file), append(diags, found...)
	}
	sets := map[string]*plan.Set{"": set}
	for name, vars := range spectest.Vars(files) {
		in := c.inputs
		in.Vars = vars
		m, _ := lang.Load(c.files)
		sets[name], _ = lang.Compile(m, in)
	}
	tests, found := spectest.Read(files, sets)
	return tests, append(diags, found...)
}

func testText(tests []*spectest.Test) string {
	var b strings.Builder
	for _, t := range tests {
		b.WriteString(t.Explain())
	}
	return b.String()
}

func diagnosticText(diags diag.List) string {
	var b strings.Builder
	for _, d := range diags {
		start, end := d.Subject.StartPos(), d.Subject.EndPos()
		fmt.Fprintf(&b, "%s:%d:%d-%d:%d %s %s %s: %s\n", d.Subject.Name(), start.Line, start.Column, end.Line, end.Column,
			d.Severity, d.Code, d.Summary, strings.ReplaceAll(d.Detail, "\n", "\n    "))
		if d.Suggestion != "" {
			fmt.Fprintf(&b, "    suggestion: %s\n", strings.ReplaceAll(d.Suggestion, "\n", "\n    "))
		}
		for _, r := range d.Related {
			p := r.Range.StartPos()
			fmt.Fprintf(&b, "    %s:%d:%d %s\n", r.Range.Name(), p.Line, p.Column, r.Message)
		}
	}
	return b.String()
}

func planText(set *plan.Set) string {
	var b strings.Builder
	for _, s := range set.Syncs {
		b.WriteString(s.Explain())
	}
	for _, t := range set.Tracks {
		b.WriteString(t.Explain())
	}
	for _, t := range set.Triggers {
		b.WriteString(t.Explain())
	}
	for _, a := range set.Alerts {
		b.WriteString(a.Explain())
	}
	return b.String()
}

// writeCase puts what was given into the sections; a plan only where the case asks for one.
func writeCase(t *testing.T, name string, a *txtar.Archive, got map[string]string) {
	found := false
	for i, f := range a.Files {
		switch f.Name {
		case "diagnostics":
			found = true
			a.Files[i].Data = []byte(got[f.Name])
		case "plan", "tests":
			a.Files[i].Data = []byte(got[f.Name])
		}
	}
	if !found {
		a.Files = append(a.Files, txtar.File{Name: "diagnostics", Data: []byte(got["diagnostics"])})
	}
	if err := os.WriteFile(name, txtar.Format(a), 0o644); err != nil {
		t.Fatal(err)
	}
}
