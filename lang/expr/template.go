package expr

import (
	"strings"
	"sync"

	"github.com/alecthomas/participle/v2"
	"github.com/alecthomas/participle/v2/lexer"

	"github.com/syncline/syncline/lang/diag"
	"github.com/syncline/syncline/lang/span"
	"github.com/syncline/syncline/lang/value"
)

// templateRules split a text template. In a hole they follow CEL's strings and braces, so that `}}` within them
// does not end the hole; CEL itself is parsed later.
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

// templateParser is built at the first template: programs that see none need not wait for it.
var templateParser = sync.OnceValue(func() *participle.Parser[templateTree] {
	return participle.MustBuild[templateTree](participle.Lexer(lexer.MustStateful(templateRules)))
})

// maxBraces bounds the braces of one template, and with them the time that splitting it takes.
const maxBraces = 1000

// template checks text("…{{ hole }}…").
func (c *checker) template(src Source) *Node {
	n := &Node{Op: OpText, Type: kindType(value.KindText), Range: src.Range, Text: src.Range.Text()}
	if len(src.Text) > maxLength {
		c.report(errTooLong(src.Range, len(src.Text)))
		n.Type = dynamicType()
		return n
	}
	pieces, problem := splitTemplate(src.Embedded)
	if problem != nil {
		c.report(problem)
		n.Type = dynamicType()
		return n
	}
	for i, piece := range pieces {
		if !piece.hole {
			text := normalNewlines(piece.Text, i == len(pieces)-1 && strings.Contains(src.Range.Text(), "<<"))
			if text != "" {
				lit := constant(value.Text(text))
				lit.Range, lit.Text = piece.Whole(), text
				n.Args = append(n.Args, lit)
			}
			continue
		}
		n.Args = append(n.Args, c.hole(piece.Embedded))
	}
	templateType(n)
	return c.foldTemplate(n)
}

// hole checks the CEL of a hole.
func (c *checker) hole(code span.Embedded) *Node {
	n := c.quoted(code)
	switch k := n.Type.Kind; {
	case n.Type.Dynamic:
	case k == value.KindDays || k == value.KindDuration:
		c.report(errCannotPrint(n))
	}
	return n
}

// templateType adds up what the parts can give. An empty hole gives nothing, so a text template is never empty
// in the sense of null.
func templateType(n *Node) {
	total := kindType(value.KindText)
	total.Texts = []string{""}
	bounded := true
	length := 0
	for _, a := range n.Args {
		part := a.Type
		if a.Op == OpConst && !a.Type.Dynamic {
			part = constType(value.Text(string((&Frame{}).appendText(nil, a.Value))))
		}
		texts := part.Texts
		if part.Dynamic || part.Kind != value.KindText {
			texts = nil
		}
		if part.Nullable && texts != nil {
			texts = union(texts, []string{""})
		}
		total.Texts = product(total.Texts, texts)
		k := printedLength(part)
		if k == 0 && part.Kind != value.KindNull && !(part.Texts != nil) {
			bounded = false
		}
		length += k
	}
	if bounded {
		total.MaxLength = length
	}
	n.Type = total
}

func (c *checker) foldTemplate(n *Node) *Node {
	var text []byte
	for _, a := range n.Args {
		if a.Op != OpConst || a.Type.Dynamic || a.Type.Kind == value.KindTime {
			return n
		}
		text = (&Frame{}).appendText(text, a.Value)
	}
	out := constant(value.Text(string(text)))
	out.Range, out.Text = n.Range, n.Text
	return out
}

type templatePiece struct {
	span.Embedded
	hole bool
}

// splitTemplate finds the holes.
func splitTemplate(src span.Embedded) ([]templatePiece, *diag.Diagnostic) {
	text := src.Text
	if !strings.Contains(text, "{{") {
		if i := strings.Index(text, "}}"); i >= 0 {
			return nil, errStrayClose(src.Range(i, i+2))
		}
		return []templatePiece{{Embedded: src.Slice(0, len(text))}}, nil
	}
	if strings.Count(text, "{") > maxBraces {
		return nil, errTooManyHoles(src.Whole())
	}
	tree, err := templateParser().ParseString("", text)
	if err != nil {
		at := len(text)
		if p, ok := err.(participle.Error); ok {
			at = min(p.Position().Offset, len(text))
		}
		open := max(strings.LastIndex(text[:min(at+1, len(text))], "{{"), 0)
		return nil, errHoleNotClosed(src.Range(open, min(open+2, len(text))))
	}
	var out []templatePiece
	for _, part := range tree.Parts {
		start := part.Pos.Offset
		if part.Hole == nil {
			if i := strings.Index(part.Plain, "}}"); i >= 0 {
				return nil, errStrayClose(src.Range(start+i, start+i+2))
			}
			out = append(out, templatePiece{Embedded: src.Slice(start, start+len(part.Plain))})
			continue
		}
		code := strings.Join(part.Hole.Code, "")
		from := start + len("{{")
		if strings.TrimSpace(code) == "" {
			return nil, errEmptyHole(src.Range(start, from+len(code)+len("}}")))
		}
		out = append(out, templatePiece{Embedded: src.Slice(from, from+len(code)), hole: true})
	}
	return out, nil
}

// normalNewlines makes line ends the same on every machine; of a heredoc the one last newline is dropped, or
// every value written would differ from what the target stores.
func normalNewlines(s string, last bool) string {
	s = strings.ReplaceAll(s, "\r\n", "\n")
	if last {
		s = strings.TrimSuffix(s, "\n")
	}
	return s
}
