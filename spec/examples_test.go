package spec

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/syncline/syncline/lang"
	"github.com/syncline/syncline/lang/diag"
)

var exampleBlock = regexp.MustCompile("(?s)\n```hcl\n(.*?)\n```")

// exampleSystems are the settings that the pages' examples use.
const exampleSystems = `gainsight url:text! access_key:secret!
salesforce url:text
csv object path:text! format:text(csv|jsonl)
slack token:secret send text! channel to thread or:channel|to gives:Id,Channel
smtp host:text send to!:list cc:list subject!:120 text! gives:Id
http url:text call method:plain(POST|PUT|GET) path headers:named body:named text or:body|text gives:Id,Status
hubspot token:secret`

// TestPagesShowWhatTheyMean compiles the first example on each page of the checker's codes and asks for the code.
func TestPagesShowWhatTheyMean(t *testing.T) {
	base, err := os.ReadFile("conformance/schema.txt")
	if err != nil {
		t.Fatal(err)
	}
	for code, file := range usedCodes(t) {
		if !strings.Contains(file, "lang/check") && !strings.Contains(file, "lang/expr") {
			continue
		}
		t.Run(code, func(t *testing.T) {
			page, _ := Page(code)
			example := exampleBlock.FindStringSubmatch(page)
			if example == nil {
				t.Fatal("the page has no example")
			}
			text := example[1]
			if !strings.Contains(text, "connection ") {
				text = "connection \"gainsight\" \"cs\" {\n}\n\nconnection \"salesforce\" \"crm\" {\n}\n\n" + text
			}
			in := lang.Inputs{Catalogs: parseSchema(t, string(base)), Vars: map[string]string{}}
			if strings.HasPrefix(code, "SYN50") && code <= "SYN505" || code == "SYN440" || code == "SYN441" {
				in.Systems = systems(exampleSystems)
			}
			if _, given, ok := strings.Cut(text, "--var "); ok {
				name, val, _ := strings.Cut(strings.Fields(given)[0], "=")
				in.Vars[name] = val
			}
			m, diags := lang.Load([]lang.Source{{Name: "example.sync.hcl", Text: []byte(text)}})
			_, more := lang.Compile(m, in)
			found := false
			for _, d := range append(diags, more...) {
				found = found || d.Code == code
				if d.Code != code && d.Code != "SYN208" {
					t.Errorf("the example says more than it should: %s", d)
				}
				if d.Code == code && d.Summary != Title(code) && !titled[code] {
					t.Errorf("the page is called %q, the message %q", Title(code), d.Summary)
				}
			}
			if !found {
				t.Errorf("the example does not give %s:\n%s", code, text)
			}
		})
	}
}

// titled are codes whose summary tells certain from possible.
var titled = map[string]bool{"SYN408": true, "SYN410": true}

// TestLanguagePagesCompile compiles every rule on the pages of the language: nothing may be said of any.
func TestLanguagePagesCompile(t *testing.T) {
	base, err := os.ReadFile("conformance/schema.txt")
	if err != nil {
		t.Fatal(err)
	}
	for name, fewest := range map[string]int{"language.md": 2, "triggers.md": 4} {
		page, _ := Reference(name)
		rules := 0
		for _, block := range exampleBlock.FindAllStringSubmatch(page, -1) {
			text := block[1]
			if !strings.Contains(text, "sync \"") && !strings.Contains(text, "trigger \"") && !strings.Contains(text, "alert \"") {
				continue
			}
			rules++
			for _, d := range compileExample(t, text, string(base)) {
				t.Errorf("%s: %s", name, d)
			}
		}
		if rules < fewest {
			t.Errorf("%s shows %d rules, want %d at least", name, rules, fewest)
		}
	}
}

func compileExample(t *testing.T, text, base string) diag.List {
	if !strings.Contains(text, "connection ") {
		text = "connection \"gainsight\" \"cs\" {\n}\n\nconnection \"salesforce\" \"crm\" {\n}\n\n" + text
	}
	m, diags := lang.Load([]lang.Source{{Name: "example.sync.hcl", Text: []byte(text)}})
	_, more := lang.Compile(m, lang.Inputs{Catalogs: parseSchema(t, base)})
	return append(diags, more...)
}

// TestTestsPageIsRight reads the example of tests.md against the trigger of triggers.md.
func TestTestsPageIsRight(t *testing.T) {
	base, err := os.ReadFile("conformance/schema.txt")
	if err != nil {
		t.Fatal(err)
	}
	rules, _ := Reference("triggers.md")
	page, _ := Reference("tests.md")
	c := &conformanceCase{files: []lang.Source{{Name: "a.sync.hcl", Text: []byte(exampleBlock.FindStringSubmatch(rules)[1])}},
		tests: []lang.Source{{Name: "a.synctest.hcl", Text: []byte(exampleBlock.FindStringSubmatch(page)[1])}}}
	c.inputs.Catalogs = parseSchema(t, string(base))
	got := c.compile()
	if got["diagnostics"] != "" || got["tests"] == "" {
		t.Errorf("%s%s", got["diagnostics"], got["tests"])
	}
}
