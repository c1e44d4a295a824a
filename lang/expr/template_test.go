package expr

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/alecthomas/participle/v2"
	"github.com/alecthomas/participle/v2/lexer"

	"github.com/syncline/syncline/lang/span"
)

// templateRules are the grammar of text templates, which splitTemplate follows by hand.
var templateRules = lexer.Rules{
	"Root": {
		{Name: "Open", Pattern: `\{\{`, Action: lexer.Push("Hole")},
		{Name: "Plain", Pattern: `[^{]+|\{`, Action: nil},
	},
	"Hole": {
		{Name: "Close", Pattern: `\}\}`, Action: lexer.Pop()},
		lexer.Include("Cel"),
	},
	"Braces": {
		{Name: "BraceClose", Pattern: `\}`, Action: lexer.Pop()},
		lexer.Include("Cel"),
	},
	"Cel": {
		{Name: "Raw3", Pattern: `(?:[rR][bB]?|[bB][rR])(?:"""(?s:.*?)"""|'''(?s:.*?)''')`, Action: nil},
		{Name: "Raw", Pattern: `(?:[rR][bB]?|[bB][rR])(?:"[^"\n]*"|'[^'\n]*')`, Action: nil},
		{Name: "String3", Pattern: `"""(?s:(?:\\.|[^\\])*?)"""|'''(?s:(?:\\.|[^\\])*?)'''`, Action: nil},
		{Name: "String", Pattern: `"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'`, Action: nil},
		{Name: "Broken", Pattern: `["'](?s:.*)`, Action: nil}, // a quote that nothing closes takes the rest, once
		{Name: "BraceOpen", Pattern: `\{`, Action: lexer.Push("Braces")},
		// A run of code in one token, for tokens are dear. A word right before a quote may be a string's prefix and is
		// left to the rules above.
		{Name: "Run", Pattern: `(?:[A-Za-z_][A-Za-z0-9_]*[^{}"'A-Za-z0-9_]|[^{}"'A-Za-z_])+`, Action: nil},
		{Name: "Word", Pattern: `[A-Za-z_][A-Za-z0-9_]*`, Action: nil},
		{Name: "Code", Pattern: `(?s).`, Action: nil},
	},
}

// templateTree is a text template: texts and holes in turn.
type templateTree struct {
	Parts []*templatePart `parser:"@@*"`
}

type templatePart struct {
	Pos   lexer.Position
	Plain string `parser:"  @Plain+"`
	Hole  *hole  `parser:"| @@"`
}

type hole struct {
	Pos   lexer.Position
	Code  []string `parser:"Open @(Raw3 | Raw | String3 | String | BraceOpen | BraceClose | Run | Word | Code)*"`
	Close string   `parser:"@Close"`
}

var templateParser = participle.MustBuild[templateTree](participle.Lexer(lexer.MustStateful(templateRules)))

// splitByGrammar is what splitTemplate does, said by the grammar: each piece with its offset, or where the hole
// without an end begins.
func splitByGrammar(text string) (pieces []string, open int) {
	tree, err := templateParser.ParseString("", text)
	if err != nil {
		at := len(text)
		var placed participle.Error
		if errors.As(err, &placed) {
			at = min(placed.Position().Offset, len(text))
		}
		return nil, strings.LastIndex(text[:min(at+1, len(text))], "{{")
	}
	for _, part := range tree.Parts {
		if part.Hole == nil {
			pieces = append(pieces, fmt.Sprintf("%d text %q", part.Pos.Offset, part.Plain))
			continue
		}
		pieces = append(pieces, fmt.Sprintf("%d hole %q", part.Pos.Offset+2, strings.Join(part.Hole.Code, "")))
	}
	return pieces, -1
}

// splitByHand gives the same of splitTemplate; other is a mistake that is no matter of the grammar.
func splitByHand(text string) (pieces []string, open int, other string) {
	found, d := splitTemplate(span.Plain("t", text))
	switch {
	case d == nil:
	case d.Detail == errHoleNotClosed(d.Subject).Detail:
		return nil, d.Subject.Start, ""
	default:
		return nil, -1, d.Detail
	}
	for _, p := range found {
		kind := "text"
		if p.hole {
			kind = "hole"
		}
		pieces = append(pieces, fmt.Sprintf("%d %s %q", p.Whole().Start, kind, p.Text))
	}
	return pieces, -1, ""
}

func compareSplits(t *testing.T, text string) (split bool) {
	want, wantOpen := splitByGrammar(text)
	got, open, other := splitByHand(text)
	switch {
	case other != "":
		if wantOpen >= 0 {
			t.Fatalf("%q: the hole at %d has no end, but the message is %s", text, wantOpen, other)
		}
		return false
	case open != wantOpen:
		t.Fatalf("%q: the hole without an end is at %d, by the grammar at %d", text, open, wantOpen)
	case fmt.Sprint(got) != fmt.Sprint(want):
		t.Fatalf("%q:\nby hand    %v\nby grammar %v", text, got, want)
	}
	return len(got) > 0
}

func TestTemplatesSplitAsTheirGrammarSays(t *testing.T) {
	parts := []string{"{{", "}}", "{", "}", "'", "\"", "'''", `"""`, "r", "b", "R'", `rb"`, "Br'''", "xr'", "5r'", "_", `\`, `\'`, "\n",
		" ", "a.b", "é", "//", "{{ x }}", "{{ '}}' }}", `{{ r'\' }}`, "text "}
	r := rand.New(rand.NewPCG(3, 4))
	split := 0
	for range 60_000 {
		var b strings.Builder
		if r.IntN(2) == 0 {
			b.WriteString("{{ a ")
		}
		for range 1 + r.IntN(10) {
			b.WriteString(parts[r.IntN(len(parts))])
		}
		if r.IntN(2) == 0 {
			b.WriteString(" }}")
		}
		if compareSplits(t, b.String()) {
			split++
		}
	}
	if split < 10_000 {
		t.Errorf("only %d texts were templates: the test says little", split)
	}
}

func FuzzSplitTemplate(f *testing.F) {
	for _, s := range []string{"a {{ b }} c", "{{ {'a': '}}'} }}", `{{ r"\" }}`, "{{ '''\n}}''' }}", `{{ "x`, "}}", "{{}}"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if text != "" && strings.Count(text, "{") <= maxBraces {
			compareSplits(t, text)
		}
	})
}
