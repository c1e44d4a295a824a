package expr

import (
	"strings"

	"github.com/syncline/syncline/lang/diag"
	"github.com/syncline/syncline/lang/span"
	"github.com/syncline/syncline/lang/value"
)

// maxBraces bounds the braces of one template, and with them its holes.
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
	var out []templatePiece
	var problem *diag.Diagnostic // the first; a hole without an end makes the rest guesswork, so it goes before
	note := func(d *diag.Diagnostic) {
		if problem == nil {
			problem = d
		}
	}
	for at := 0; at < len(text); {
		open := strings.Index(text[at:], "{{")
		if open < 0 {
			open = len(text) - at
		}
		if plain := text[at : at+open]; plain != "" {
			if i := strings.Index(plain, "}}"); i >= 0 {
				note(errStrayClose(src.Range(at+i, at+i+2)))
			}
			out = append(out, templatePiece{Embedded: src.Slice(at, at+open)})
		}
		if at += open; at == len(text) {
			break
		}
		from := at + len("{{")
		end, closed := holeEnd(text, from)
		if !closed {
			open := strings.LastIndex(text[:min(end+1, len(text))], "{{")
			return nil, errHoleNotClosed(src.Range(open, open+2))
		}
		if strings.TrimSpace(text[from:end]) == "" {
			note(errEmptyHole(src.Range(at, end+len("}}"))))
		}
		out = append(out, templatePiece{Embedded: src.Slice(from, end), hole: true})
		at = end + len("}}")
	}
	if problem != nil {
		return nil, problem
	}
	return out, nil
}

// holeEnd finds the }} that ends the hole whose code begins at i. It follows CEL's strings and braces, so that }}
// within them ends nothing; CEL itself is parsed later. Where there is no end it gives the place of the quote that
// nothing closes, or the end of the text.
func holeEnd(text string, i int) (end int, closed bool) {
	for depth := 0; i < len(text); {
		switch c := text[i]; {
		case depth == 0 && strings.HasPrefix(text[i:], "}}"):
			return i, true
		case c == '{':
			depth++
			i++
		case c == '}':
			depth = max(0, depth-1)
			i++
		case isLetter(c):
			j := i + 1
			for j < len(text) && (isLetter(text[j]) || isDigit(text[j])) {
				j++
			}
			raw := strings.ContainsAny(text[i:j], "rR") && isStringPrefix(text[i:j])
			if i = j; raw {
				i += rawLength(text[j:])
			}
		case c == '"' || c == '\'':
			n := stringLength(text[i:])
			if n == 0 {
				return i, false
			}
			i += n
		default:
			i++
		}
	}
	return len(text), false
}

// rawLength is the length of the string without escapes that text begins with, 0: there is none.
func rawLength(text string) int {
	if text == "" || text[0] != '"' && text[0] != '\'' {
		return 0
	}
	quote := text[:1]
	if triple := strings.Repeat(quote, 3); strings.HasPrefix(text, triple) {
		if n := strings.Index(text[3:], triple); n >= 0 {
			return n + 6
		}
	}
	n := strings.IndexAny(text[1:], quote+"\n")
	if n < 0 || text[1+n] == '\n' {
		return 0
	}
	return n + 2
}

// stringLength is the length of the string with escapes that text, which begins with a quote, begins with; 0: it has
// no end.
func stringLength(text string) int {
	quote := text[:1]
	if triple := strings.Repeat(quote, 3); strings.HasPrefix(text, triple) {
		for i := 3; i < len(text); i++ {
			if text[i] == '\\' {
				i++
			} else if strings.HasPrefix(text[i:], triple) {
				return i + 3
			}
		}
	}
	for i := 1; i < len(text) && text[i] != '\n'; i++ {
		switch {
		case text[i] == quote[0]:
			return i + 1
		case text[i] == '\\':
			if i++; i < len(text) && text[i] == '\n' {
				return 0
			}
		}
	}
	return 0
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
