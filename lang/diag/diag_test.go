package diag

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/syncline/syncline/lang/span"
)

var update = flag.Bool("update", false, "write the golden files anew")

// mark finds «…» in text and gives the file without the marks and the range between them.
func mark(name, text string) span.Range {
	start := strings.Index(text, "«")
	text = strings.Replace(text, "«", "", 1)
	end := strings.Index(text, "»")
	text = strings.Replace(text, "»", "", 1)
	return span.Range{File: span.NewFile(name, []byte(text)), Start: start, End: end}
}

func samples() List {
	long := strings.Repeat("long ", 60)
	secret := mark("secret.hcl", "token = «\"hunter2\"»\n")
	return List{
		{Code: "SYN203", Summary: "Unknown field", Subject: mark("health.sync.hcl", "sync \"a\" {\n  x = «source.Helth»\n}\n"),
			Detail:     "Company has no field \"Helth\". " + long,
			Suggestion: "source.Health",
			Related:    []Related{{"also written here", mark("b.sync.hcl", "a\nb = «c»\n")}, {Message: "somewhere else"}}},
		{Severity: Warning, Code: "SYN208", Summary: "Never used", Subject: mark("tab.hcl", "\tx\t= «größe»\n"), Detail: "Tabs."},
		{Code: "SYN300", Summary: "Wide", Subject: mark("wide.hcl", "x = \"日本\" + «\"語👩‍👩‍👧\"» # e\u0301\n"), Detail: "Wide characters."},
		{Code: "SYN105", Summary: "Several lines", Subject: mark("multi.hcl", "  «guard {\n    a = 1\n\n    b = 2\n    c = 3\n    d = 4\n    e = 5\n  }»\n"),
			Detail: "Write:\n\nguard {\n  a = 1\n}", Suggestion: "guard {\n  a = 1\n}"},
		{Code: "SYN301", Summary: "End of line", Subject: mark("end.hcl", "x = 1«»\n"), Detail: "A place behind the last character."},
		{Code: "SYN302", Summary: "Newline", Subject: mark("newline.hcl", "x =«\n»y = 2\n"), Detail: "A newline."},
		{Code: "SYN402", Summary: "Secret in the file", Secret: secret, Subject: secret, Detail: "Write secret(\"NAME\")."},
		{Code: "SYN502", Summary: "Unknown setting", Subject: span.Range{File: secret.File, End: 5}, Detail: "In the line of a secret."},
		{Code: "SYN303", Summary: "Long", Subject: mark("long.hcl", strings.Repeat("x", 5000)+"«here»"+strings.Repeat("y", 5000)), Detail: "A long line."},
		{Code: "SYN304", Summary: "Controls \x1b[2J", Subject: mark("esc.hcl", "x = \"\x1b[31m«red»\u202e\"\n"), Detail: "Not obeyed: \x1b[2J."},
		{Code: "SYN601", Summary: "System unreachable", Detail: "It concerns no file."},
		{Code: "SYN101", Summary: "File too large", Subject: span.Range{File: span.NewFile("big.hcl", []byte("x"))}, Detail: "It concerns a whole file."},
	}
}

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s differs (go test -update writes it anew):\n%s", path, got)
	}
}

func TestText(t *testing.T) {
	var plain, colored bytes.Buffer
	if err := WriteText(&plain, samples(), TextOptions{}); err != nil {
		t.Fatal(err)
	}
	golden(t, "text.golden", plain.Bytes())
	if strings.Contains(plain.String(), "\x1b") || strings.Contains(plain.String(), "hunter2") {
		t.Error("control characters or a secret came through")
	}
	if err := WriteText(&colored, samples()[:2], TextOptions{Color: true, Width: 60}); err != nil {
		t.Fatal(err)
	}
	golden(t, "color.golden", colored.Bytes())
}

func TestMachineFormats(t *testing.T) {
	var j, s bytes.Buffer
	if err := WriteJSON(&j, samples()); err != nil {
		t.Fatal(err)
	}
	golden(t, "report.json", j.Bytes())
	if err := WriteSARIF(&s, samples(), "1.2.3"); err != nil {
		t.Fatal(err)
	}
	golden(t, "report.sarif", s.Bytes())
	if !json.Valid(s.Bytes()) {
		t.Error("the SARIF log is not JSON")
	}
	j.Reset()
	if err := WriteJSON(&j, nil); err != nil || strings.Contains(j.String(), "null") {
		t.Errorf("an empty list is [], not null: %s %v", j.String(), err)
	}
}

func TestSortAndTally(t *testing.T) {
	f := span.NewFile("a", []byte("abcdef"))
	at := func(i int) span.Range { return span.Range{File: f, Start: i, End: i + 1} }
	l := List{{Code: "SYN2", Subject: at(3)}, {Code: "SYN1", Subject: at(3), Severity: Warning}, {Code: "SYN1", Subject: at(3)}, {Code: "SYN9", Subject: at(0)}}
	l.Sort()
	var got []string
	for _, d := range l {
		got = append(got, d.Code+d.Severity.String())
	}
	if s := strings.Join(got, " "); s != "SYN9error SYN1error SYN2error SYN1warning" {
		t.Error(s)
	}
	if s := Tally(l); s != "3 errors, 1 warning" {
		t.Error(s)
	}
}

func TestNearest(t *testing.T) {
	names := []string{"Health_Score__c", "Health_Summary__c", "Name", "NPS__c", "Owner", "name_2"}
	for in, want := range map[string]string{
		"Health_Scor__c":  "Health_Score__c",
		"health_score__c": "Health_Score__c",
		"HealthScore":     "Health_Score__c",
		"Nmae":            "Name",
		"name":            "Name",
		"NPS":             "NPS__c",
		"Zebra":           "",
		"":                "",
	} {
		if got := First(Nearest(in, names)); got != want {
			t.Errorf("Nearest(%q) = %q, want %q", in, got, want)
		}
	}
	if got := DidYouMean([]string{"a", "b", "c"}); got != ` Did you mean "a", "b" or "c"?` {
		t.Error(got)
	}
}

// Whatever the range and the text, rendering ends, and every line of source has an underline of its own width.
func TestRenderAnything(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		src := rapid.SliceOfN(rapid.Byte(), 0, 60).Draw(t, "src")
		start := rapid.IntRange(0, len(src)).Draw(t, "start")
		end := rapid.IntRange(start, len(src)).Draw(t, "end")
		d := &Diagnostic{Code: "SYN1", Summary: "s", Detail: string(src), Subject: span.Range{File: span.NewFile("f", src), Start: start, End: end}}
		var b bytes.Buffer
		if err := WriteText(&b, List{d}, TextOptions{Width: 20}); err != nil {
			t.Fatal(err)
		}
		if strings.ContainsAny(b.String(), "\x1b\x07\r") {
			t.Fatalf("%q", b.String())
		}
		if err := WriteSARIF(&b, List{d}, ""); err != nil {
			t.Fatal(err)
		}
	})
}
