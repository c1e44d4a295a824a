package spec

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/syncline/syncline/lang"
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

// TestLanguagePageCompiles compiles every rule on the language page: nothing may be said of any.
func TestLanguagePageCompiles(t *testing.T) {
	base, err := os.ReadFile("conformance/schema.txt")
	if err != nil {
		t.Fatal(err)
	}
	page, _ := Reference("language.md")
	rules := 0
	for _, block := range exampleBlock.FindAllStringSubmatch(page, -1) {
		text := block[1]
		if !strings.Contains(text, "sync \"") {
			continue
		}
		rules++
		if !strings.Contains(text, "connection ") {
			text = "connection \"gainsight\" \"cs\" {\n}\n\nconnection \"salesforce\" \"crm\" {\n}\n\n" + text
		}
		m, diags := lang.Load([]lang.Source{{Name: "example.sync.hcl", Text: []byte(text)}})
		_, more := lang.Compile(m, lang.Inputs{Catalogs: parseSchema(t, string(base))})
		for _, d := range append(diags, more...) {
			t.Errorf("%s", d)
		}
	}
	if rules == 0 {
		t.Error("the page shows no rule")
	}
}
