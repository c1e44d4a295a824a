package spec

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/syncline/syncline/lang/syntax"
)

const blocksMark = "<!-- From here on the text is made of the parser's own grammar: go test ./spec -run Grammar -update -->\n"

// TestGrammarPageIsWhatTheParserTakes compares the tables of blocks in grammar.md with the grammar that files are checked
// against.
func TestGrammarPageIsWhatTheParserTakes(t *testing.T) {
	page, err := os.ReadFile("grammar.md")
	if err != nil {
		t.Fatal(err)
	}
	head, _, ok := strings.Cut(string(page), blocksMark)
	if !ok {
		t.Fatal("grammar.md has lost its mark")
	}
	want := head + blocksMark + blocksText()
	if *update {
		if err := os.WriteFile("grammar.md", []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if want != string(page) {
		t.Error("grammar.md is not what the parser takes: run go test ./spec -run Grammar -update")
	}
}

// formText says what each form of value looks like.
var formText = map[syntax.Form]string{
	syntax.Expression: "expression", syntax.PlainText: "text", syntax.Choice: "one of", syntax.Whole: "whole number",
	syntax.Number: "number", syntax.Flag: "`true` or `false`", syntax.Duration: "duration, `\"15m\"`", syntax.ObjectRef: "`CONNECTION.OBJECT`",
	syntax.RefList: "list of references", syntax.TextList: "list of texts", syntax.Setting: "setting", syntax.KeyList: "keys",
	syntax.RowMap: "rows", syntax.Literal: "text or constant", syntax.ColumnMap: "columns",
	syntax.ChoiceList: "list of", syntax.ConnectionRef: "name of a connection", syntax.RuleRef: "`sync.NAME` or `trigger.NAME`",
	syntax.KeyField: "`\"FIELD\"` or `{ FIELD = EXPRESSION }`", syntax.EachMap: "`{ KEY = VALUE }` or list of texts",
	syntax.Record: "`{ FIELD = VALUE }`", syntax.Argument: "expression, list of them, or `{ NAME = EXPRESSION }`", syntax.Records: "list of `{ FIELD = VALUE }`",
}

func blocksText() string {
	var b strings.Builder
	seen := map[*syntax.BlockSpec]string{}
	for _, block := range syntax.Grammar().Blocks {
		writeBlock(&b, block, "", seen)
	}
	b.WriteString("\n## Test files\n\nIn a file NAME.synctest.hcl a quoted string is a text, always.\n")
	for _, block := range syntax.TestGrammar().Blocks {
		writeBlock(&b, block, "", seen)
	}
	return b.String()
}

// writeBlock describes a block and those in it. One that stands in several places is described in the first.
func writeBlock(b *strings.Builder, s *syntax.BlockSpec, parent string, seen map[*syntax.BlockSpec]string) {
	if s.Later {
		return
	}
	path := parent + s.Name
	if first, again := seen[s]; again {
		fmt.Fprintf(b, "\n### `%s`\n\nAs `%s`.\n", header(s, path), first)
		return
	}
	seen[s] = path
	fmt.Fprintf(b, "\n### `%s`\n\n%s%s\n", header(s, path), s.Doc, once(s, parent))
	if len(s.Attrs) > 0 || s.Free != nil {
		b.WriteString("\n| attribute | value | |\n|---|---|---|\n")
	}
	for _, a := range s.Attrs {
		if !a.Later {
			fmt.Fprintf(b, "| `%s`%s | %s | %s |\n", a.Name, required(a), form(a), cell(a.Doc))
		}
	}
	if s.Free != nil {
		fmt.Fprintf(b, "| any name | %s | %s |\n", form(s.Free), cell(s.Free.Doc))
	}
	for _, n := range s.Blocks {
		writeBlock(b, n, path+" › ", seen)
	}
}

func header(s *syntax.BlockSpec, path string) string {
	for _, l := range s.Labels {
		name := `"` + l.Name + `"`
		if l.Optional {
			name = "[" + name + "]"
		}
		path += " " + name
	}
	return path
}

func once(s *syntax.BlockSpec, parent string) string {
	if s.Once && parent != "" {
		return " At most one."
	}
	return ""
}

func required(a *syntax.AttrSpec) string {
	if a.Required {
		return " (required)"
	}
	return ""
}

func form(a *syntax.AttrSpec) string {
	if a.Form != syntax.Choice && a.Form != syntax.ChoiceList {
		return formText[a.Form]
	}
	words := make([]string, len(a.OneOf))
	for i, w := range a.OneOf {
		words[i] = "`\"" + w + "\"`"
	}
	if a.Form == syntax.ChoiceList {
		return "list of " + strings.Join(words, ", ")
	}
	return strings.Join(words, ", ")
}

func cell(doc string) string { return strings.ReplaceAll(doc, "|", `\|`) }
