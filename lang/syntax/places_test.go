package syntax_test

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"golang.org/x/text/unicode/norm"
	"pgregory.net/rapid"

	"github.com/syncline/syncline/lang/span"
	"github.com/syncline/syncline/lang/syntax"
)

// quotedAt parses `sync "s" { where = VALUE … }` and gives where's text.
func quotedAt(t *testing.T, value string) (span.Embedded, string) {
	t.Helper()
	src := "sync \"s\" {\n  from  = a.B\n  to    = c.D\n  where = " + value + "\n}\n"
	return whereOf(t, src), src
}

func whereOf(t *testing.T, src string) span.Embedded {
	t.Helper()
	f, diags := syntax.Parse("a.sync.hcl", []byte(src))
	if len(diags) > 0 {
		t.Fatal(diags[0])
	}
	switch v := f.Blocks[0].Attr("where").Value.(type) {
	case *syntax.Quoted:
		return v.Embedded
	case *syntax.Text:
		return v.Embedded
	}
	t.Fatal("no text")
	return span.Embedded{}
}

// The place of a word in the decoded text is the place of the same word in the file, whatever stands in between.
func TestPlaces(t *testing.T) {
	for name, c := range map[string]struct{ value, text string }{
		"plain":            {`"source.HERE"`, "source.HERE"},
		"escapes":          {`"a == \"x\\ny\" && \t b.HERE"`, "a == \"x\\ny\" && \t b.HERE"},
		"unicode escapes":  {`"\u00e9\U0001F600.HERE"`, "é😀.HERE"},
		"dollar":           {`"$${x} %%{y} $$ %% $ HERE"`, "${x} %{y} $$ %% $ HERE"},
		"non-ASCII":        {`"größe 日本 HERE"`, "größe 日本 HERE"},
		"decomposed":       {"\"e\u0301e\u0301 HERE\"", "e\u0301e\u0301 HERE"},
		"heredoc":          {"<<EOT\n  a &&\n  HERE\nEOT", "  a &&\n  HERE\n"},
		"margin":           {"<<-EOT\n      a &&\n\n    b.HERE\n  EOT", "  a &&\n\nb.HERE\n"},
		"margin with tabs": {"<<-EOT\n\t\ta\n\t\t\tHERE\n\tEOT", "a\n\tHERE\n"},
		"heredoc escapes":  {"<<-EOT\n    \\d $${x} HERE\n    EOT", "\\d ${x} HERE\n"},
		"empty heredoc":    {"<<EOT\nEOT", ""},
		"blank heredoc":    {"<<-EOT\n\n   \n  HERE\n  EOT", "\n   \nHERE\n"},
		"text":             {`text("{{ a }} \"q\" HERE")`, `{{ a }} "q" HERE`},
		"text in heredoc":  {"text(<<-EOT\n    one\n    HERE\n  EOT\n  )", "one\nHERE"},
		"empty":            {`""`, ""},
	} {
		t.Run(name, func(t *testing.T) {
			e, src := quotedAt(t, c.value)
			check(t, e, src, c.text)
			for _, change := range []struct{ name, src string }{
				{"BOM", "\ufeff" + src},
				{"non-ASCII before", "# größe 日本 e\u0301\n" + src},
			} {
				check(t, whereOf(t, change.src), change.src, c.text)
			}
			crlf := strings.ReplaceAll(src, "\n", "\r\n")
			want := c.text
			if strings.Contains(c.value, "EOT") && !strings.HasPrefix(c.value, "text") {
				want = strings.ReplaceAll(want, "\n", "\r\n") // CEL keeps every byte, prose does not
			}
			check(t, whereOf(t, crlf), crlf, want)
		})
	}
}

func check(t *testing.T, e span.Embedded, src, want string) {
	t.Helper()
	if e.Text != want {
		t.Fatalf("text %q, want %q", e.Text, want)
	}
	i := strings.Index(e.Text, "HERE")
	if i < 0 {
		return
	}
	r := e.Range(i, i+4)
	if r.Text() != "HERE" || r.Start != strings.Index(src, "HERE") {
		t.Errorf("HERE is at %d (%q), want %d", r.Start, r.Text(), strings.Index(src, "HERE"))
	}
}

// What we decode from the bytes is, but for normalisation, what HCL decodes.
func TestDecodesLikeHCL(t *testing.T) {
	piece := rapid.SampledFrom([]string{"a", " ", "\\n", "\\\"", "\\\\", "\\t", "\\u00e9", "$", "%", "$${", "%%{", "}", "{", "é", "e\u0301", "日", "'", "#", "//"})
	rapid.Check(t, func(t *rapid.T) {
		text := strings.Join(rapid.SliceOfN(piece, 0, 12).Draw(t, "pieces"), "")
		if rapid.Bool().Draw(t, "heredoc") {
			lines := rapid.SliceOfN(rapid.SampledFrom([]string{"  a", "    b", "", "   ", "\tc", "$${x", "\\n"}), 0, 5).Draw(t, "lines")
			text = rapid.SampledFrom([]string{"<<E", "<<-E"}).Draw(t, "marker") + "\n" + strings.Join(append(lines, "  E"), "\n")
		} else {
			text = `"` + text + `"`
		}
		src := []byte("sync \"s\" {\n  where = " + text + "\n}\n")
		file, diags := hclsyntax.ParseConfig(src, "", hcl.InitialPos)
		if diags.HasErrors() {
			return
		}
		attr := file.Body.(*hclsyntax.Body).Blocks[0].Body.Attributes["where"]
		want, diags := attr.Expr.Value(nil)
		if diags.HasErrors() {
			return // a template
		}
		f, _ := syntax.Parse("a", src)
		q, ok := f.Blocks[0].Attr("where").Value.(*syntax.Quoted)
		if !ok {
			t.Fatalf("%q is %T", text, f.Blocks[0].Attr("where").Value)
		}
		if got := norm.NFC.String(q.Text); got != want.AsString() {
			t.Fatalf("%q decodes to %q, HCL says %q", text, got, want.AsString())
		}
	})
}

func TestStepsAndKeys(t *testing.T) {
	f, diags := syntax.Parse("a", []byte("sync \"s\" {\n  from = a . B[\"odd \\\"name\\\"\"]\n  to = x[\"y\"].z\n}\n"))
	if len(diags) > 0 {
		t.Fatal(diags[0])
	}
	from := f.Blocks[0].Attr("from").Value.(*syntax.Ref)
	var got []string
	for _, s := range from.Steps {
		got = append(got, s.Name+"|"+s.Range.Text())
	}
	if s := strings.Join(got, " "); s != `a|a B|B odd "name"|odd \"name\"` {
		t.Error(s)
	}
}

// Files that must not reach a parser are refused at once.
func TestBadFiles(t *testing.T) {
	deep := func(open, close string) string {
		return "x = " + strings.Repeat(open, 100_000) + "1" + strings.Repeat(close, 100_000)
	}
	for name, c := range map[string]struct{ src, code string }{
		"huge":          {strings.Repeat("# comment\n", 500_000), "SYN101"},
		"many words":    {strings.Repeat("[]", 900_000), "SYN101"},
		"long heredoc":  {"x = <<E\n" + strings.Repeat("y\n", 200_000) + "E\n", "SYN101"},
		"binary":        {"sync \"a\" {\x00}", "SYN102"},
		"latin-1":       {"description = \"Gr\xf6\xdfe\"", "SYN102"},
		"UTF-16":        {"\xff\xfes\x00y\x00", "SYN102"},
		"lists":         {deep("[", "]"), "SYN103"},
		"parentheses":   {deep("(", ")"), "SYN103"},
		"objects":       {deep("{a=", "}"), "SYN103"},
		"blocks":        {strings.Repeat("a {\n", 100_000), "SYN103"},
		"negations":     {deep("!", ""), "SYN103"},
		"minus":         {deep("- ", ""), "SYN103"},
		"negated lines": {"x = (" + strings.Repeat("!\n", 100_000) + "1)", "SYN103"},
		"conditions":    {deep("a ? b : ", ""), "SYN103"},
		"templates":     {"x = " + strings.Repeat(`"${`, 100_000), "SYN103"},
		"calls":         {deep("f(", ")"), "SYN103"},
		"indexes":       {deep("a[", "]"), "SYN103"},
	} {
		t.Run(name, func(t *testing.T) {
			f, diags := syntax.Parse("a", []byte(c.src))
			if len(diags) != 1 || diags[0].Code != c.code || !f.Broken {
				t.Fatalf("%d diagnostics, the first %v", len(diags), diags[:min(1, len(diags))])
			}
		})
	}
}

// Many mistakes in a big file are all told, in reasonable time.
func TestManyMistakes(t *testing.T) {
	var b bytes.Buffer
	b.WriteString("sync \"s\" {\n  from = a.B\n  to = c.D\n  map {\n")
	for i := range 120 {
		b.WriteString("    F" + strings.Repeat("x", i+1) + " = source.A.lower(\"x\")\n")
	}
	b.WriteString("  }\n}\n")
	began := time.Now()
	f, diags := syntax.Parse("a", b.Bytes())
	if len(diags) != 120 || f.Broken {
		t.Fatalf("%d diagnostics", len(diags))
	}
	if d := time.Since(began); d > 5*time.Second {
		t.Errorf("it took %s", d)
	}
}

func TestLost(t *testing.T) {
	f, _ := syntax.Parse("a", []byte("connection \"x\" \"crm\" {\n}\nsync bare {\n  map {\n}\n"))
	if !f.Broken || len(f.Lost) != 2 || f.Lost[0] != (syntax.Lost{Type: "connection", Name: "crm"}) || f.Lost[1].Name != "bare" {
		t.Errorf("%+v", f.Lost)
	}
}

// Every name in the grammar is described, so that documentation and editors have something to say.
func TestGrammarIsDescribed(t *testing.T) {
	var walk func(b *syntax.BlockSpec)
	walk = func(b *syntax.BlockSpec) {
		if b.Doc == "" {
			t.Errorf("block %q has no description", b.Name)
		}
		for _, a := range b.Attrs {
			if a.Doc == "" || a.Name == "" || (a.Form == syntax.Choice || a.Form == syntax.ChoiceList) != (len(a.OneOf) > 0) {
				t.Errorf("attribute %s.%s: %+v", b.Name, a.Name, a)
			}
		}
		for _, n := range b.Blocks {
			walk(n)
		}
	}
	walk(syntax.Grammar())
	walk(syntax.TestGrammar())
}

func FuzzParse(f *testing.F) {
	for _, seed := range []string{
		"sync \"a\" {\n  from = a.B\n  where = \"x\\n\"\n}\n",
		"guard { a = 1  b = 2 }\n", "x = <<-E\n  a\n  E\n", "a: b\n", "x = '\n", "t { r = { 'a' = \"b${\" } }", "\"a b\" = 1\n",
		"sync a\n{\n}\n}", "x \"y\"\n", "a = 1, b = 2; c = 3", "a = \"\\u12\\d%{\"", "map {\n  A.B = source.a.b(\"c\")\n",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, src []byte) {
		file, diags := syntax.Parse("f", src)
		if file.Broken && len(diags) == 0 {
			t.Fatal("broken without a word")
		}
		for _, d := range diags {
			if d.Subject.Start < 0 || d.Subject.End > len(src) || d.Subject.Start > d.Subject.End {
				t.Fatalf("%s: bytes %d to %d of %d", d.Code, d.Subject.Start, d.Subject.End, len(src))
			}
			if strings.Contains(d.Detail, "%!") || strings.Contains(d.Detail, "the parser failed") {
				t.Fatal(d.Detail)
			}
		}
	})
}
