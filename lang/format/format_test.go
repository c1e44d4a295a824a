package format

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"
	"pgregory.net/rapid"

	"github.com/syncline/syncline/lang/syntax"
)

var update = flag.Bool("update", false, "write the expected outputs anew")

// Each archive has in.sync.hcl and what becomes of it.
func TestGolden(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatal("no test files", err)
	}
	for _, path := range files {
		t.Run(filepath.Base(path), func(t *testing.T) {
			ar, err := txtar.ParseFile(path)
			if err != nil {
				t.Fatal(err)
			}
			in, want := ar.Files[0].Data, ar.Files[1].Data
			got := formatted(t, in)
			if *update {
				ar.Files[1].Data = got
				if err := os.WriteFile(path, txtar.Format(ar), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			if !bytes.Equal(got, want) {
				t.Errorf("got\n%s\nwant\n%s", got, want)
			}
		})
	}
}

// formatted formats a valid file and checks what holds of all files.
func formatted(t interface {
	Helper()
	Fatalf(string, ...any)
}, in []byte) []byte {
	t.Helper()
	once, diags := Source("a", in)
	if len(diags) > 0 {
		t.Fatalf("%v in %q", diags[0], in)
	}
	twice, _ := Source("a", once)
	if !bytes.Equal(once, twice) {
		t.Fatalf("not idempotent:\nin    %q\nonce  %q\ntwice %q", in, once, twice)
	}
	if before, after := tree(in), tree(once); before != after {
		t.Fatalf("another tree:\nin  %q\nout %q\n%s\n%s", in, once, before, after)
	}
	for _, c := range comments(unix(in)) {
		if !bytes.Contains(unix(once), c) {
			t.Fatalf("comment %q is lost in %q", c, once)
		}
	}
	return once
}

func comments(src []byte) (out [][]byte) {
	for _, t := range lex(src) {
		if string(t.Type) == "C" {
			out = append(out, bytes.TrimRight(t.Bytes, " \t\r\n"))
		}
	}
	return out
}

// tree writes the syntax tree without places.
func tree(src []byte) string {
	f, diags := syntax.Parse("a", src)
	var s strings.Builder
	for _, d := range diags {
		fmt.Fprintf(&s, "%s %s\n", d.Code, d.Summary)
	}
	for _, b := range f.Blocks {
		writeBlock(&s, b)
	}
	return s.String()
}

func writeBlock(s *strings.Builder, b *syntax.Block) {
	s.WriteString(b.Type)
	for _, l := range b.Labels {
		fmt.Fprintf(s, " %q", l.Text)
	}
	s.WriteString("{")
	for _, a := range b.Attrs {
		fmt.Fprintf(s, "%s=", a.Name)
		writeValue(s, a.Value)
		s.WriteString(";")
	}
	for _, n := range b.Blocks {
		writeBlock(s, n)
	}
	s.WriteString("}")
}

func writeValue(s *strings.Builder, v syntax.Value) {
	switch v := v.(type) {
	case *syntax.Ref:
		for _, st := range v.Steps {
			fmt.Fprintf(s, ".%q", st.Name)
		}
	case *syntax.Const:
		s.WriteString(v.Literal)
	case *syntax.Quoted:
		fmt.Fprintf(s, "%q", v.Text)
	case *syntax.Text:
		fmt.Fprintf(s, "text(%q)", v.Embedded.Text)
	case *syntax.Env:
		fmt.Fprintf(s, "env(%s,%v)", v.Name, v.Secret)
	case *syntax.List:
		for _, x := range v.Items {
			writeValue(s, x)
			s.WriteString(",")
		}
	case *syntax.Object:
		for _, x := range v.Items {
			fmt.Fprintf(s, "%q:", x.Key)
			writeValue(s, x.Value)
			s.WriteString(",")
		}
	case *syntax.Bad:
		s.WriteString("bad")
	}
}

func TestLineEndings(t *testing.T) {
	in := []byte("\ufeffsync a {\r\n  where=<<-EOT\r\n    a  \r\n    EOT\r\n  from = a.B\r\n}\r\n")
	want := "sync \"a\" {\r\n  where = <<-EOT\r\n    a  \r\n    EOT\r\n  from  = a.B\r\n}\r\n"
	if got := string(formatted(t, in)); got != want {
		t.Errorf("got %q", got)
	}
}

func TestBrokenFileIsReturnedUnchanged(t *testing.T) {
	for _, in := range []string{"sync \"a\" {", "x = source.A.b(\"c\")\n", "a = \"\\d\"", "\x00", strings.Repeat("[", 5000)} {
		got, diags := Source("a", []byte(in))
		if string(got) != in || len(diags) == 0 {
			t.Errorf("%.20q: %d diagnostics, %.20q", in, len(diags), got)
		}
	}
}

func TestEmptyFile(t *testing.T) {
	for _, in := range []string{"", "\n\n", "  ", "\ufeff", "\r\n"} {
		if got := formatted(t, []byte(in)); len(got) != 0 {
			t.Errorf("%q gives %q", in, got)
		}
	}
}

// Random files of every construct with random space.
func TestProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		formatted(t, []byte(drawFile(t)))
	})
}

func drawFile(t *rapid.T) string {
	var s strings.Builder
	for range rapid.IntRange(0, 3).Draw(t, "blocks") {
		drawBlock(t, &s, rapid.SampledFrom([]string{"sync", "table", "connection", "map", "odd"}).Draw(t, "type"), 0)
	}
	return s.String()
}

var (
	spaces = rapid.SampledFrom([]string{"", " ", "  ", "\t", " \t "})
	breaks = rapid.SampledFrom([]string{"\n", "\n\n", "\n \n\n\n", " # note \n", "\r\n", " // x\n\n", "\n/* a\n  b */\n", "\n#\n"})
	values = rapid.SampledFrom([]string{"1", "-5", "null", "source.A", `source["odd name"]`, `"source.A   + 1"`, `text("a {{ b }}")`,
		`[sync.a,sync.b]`, "[\n1 ,\n  2]", "[\n\n\"a\" # c\n,\"b\"\n\n]", "{a=1,b = 2}", "{\n a=1\n\n\n  bbb : 2 # c\n}", "<<EOT\n  x   y \n\nEOT",
		"<<-EOT\n      a\n        b\t\n    EOT", "text(<<-E\n   a\n  E\n)", `env("X")`, "( 1 )", "- 5", "source.A+1", "!true", "f( a,b... )", "a ?b:c",
		`"${ a }"`, `"%{ if a }x%{ endif }"`, "[for x in y:x]", "a.*.b", "a[0]", "[{ Id = source.x },\n{ B=1 }]"})
)

func drawBlock(t *rapid.T, s *strings.Builder, typ string, depth int) {
	s.WriteString(spaces.Draw(t, "lead") + typ)
	for range rapid.IntRange(0, 2).Draw(t, "labels") {
		s.WriteString(" " + spaces.Draw(t, "gap") + rapid.SampledFrom([]string{"a", `"b"`, `"c d"`, "Ü"}).Draw(t, "label"))
	}
	s.WriteString(spaces.Draw(t, "open") + "{" + breaks.Draw(t, "first"))
	for i := range rapid.IntRange(0, 4).Draw(t, "items") {
		if depth < 2 && rapid.IntRange(0, 4).Draw(t, "nested") == 0 {
			drawBlock(t, s, rapid.SampledFrom([]string{"match", "guard", "set"}).Draw(t, "inner"), depth+1)
			continue
		}
		v := values.Draw(t, "value")
		end := breaks.Draw(t, "end")
		if strings.HasPrefix(v, "<<") {
			end = "\n"
		}
		name := rapid.SampledFrom([]string{"rows", "a", "long_name", "x1"}).Draw(t, "name")
		fmt.Fprintf(s, "%s%s%d%s=%s%s%s", spaces.Draw(t, "in"), name, i, spaces.Draw(t, "eq"), spaces.Draw(t, "val"), v, end)
	}
	s.WriteString(spaces.Draw(t, "close") + "}" + breaks.Draw(t, "after"))
}

func FuzzFormat(f *testing.F) {
	f.Add([]byte("sync a {\n x=1\n}\n"))
	f.Add([]byte("a=<<-E\n  b\n  E\nc = [ 1,\n2 ] # d\n"))
	f.Add([]byte("table t {\n rows={ a=\"b\" }\n}\r\n"))
	f.Fuzz(func(t *testing.T, src []byte) {
		out, diags := Source("f", src)
		if len(diags) > 0 {
			if !bytes.Equal(out, src) {
				t.Fatal("a broken file was changed")
			}
			return
		}
		formatted(t, src)
	})
}
