package salesforce

import (
	"unicode/utf8"

	"github.com/syncline/syncline/connectors/salesforce/soql"
)

// like compiles a pattern with the wildcards % and _.
func (c *compiler) like(o *operand, v *soql.Value) (match, *apiError) {
	switch o.f.typ {
	case "string", "textarea", "phone", "url", "email", "picklist", "combobox":
	default:
		return nil, c.wrong(v.Pos, "INVALID_QUERY_FILTER_OPERATOR", "invalid operator on %s field", o.f.typ)
	}
	if v.Kind != soql.StringValue {
		return nil, c.badType(o, v)
	}
	p := parsePattern(o.f.folded(v.Pattern))
	return func(x cell) bool { return x.kind == isText && p.matches(o.f.folded(x.text)) }, nil
}

// pattern is a LIKE pattern: runes, with wildcards as negative ones.
type pattern []rune

const (
	anyText rune = -1
	anyRune rune = -2
)

func parsePattern(text string) pattern {
	var p pattern
	escaped := false
	for _, r := range text {
		switch {
		case escaped:
			escaped = false
		case r == '\\':
			escaped = true
			continue
		case r == '%':
			r = anyText
		case r == '_':
			r = anyRune
		}
		p = append(p, r)
	}
	return p
}

// matches is the usual greedy match with one point to go back to, so that no pattern is slow.
func (p pattern) matches(text string) bool {
	i, back, mark := 0, -1, 0
	for at := 0; at < len(text); {
		r, size := utf8.DecodeRuneInString(text[at:])
		switch {
		case i < len(p) && (p[i] == r || p[i] == anyRune):
			i++
			at += size
		case i < len(p) && p[i] == anyText:
			back, mark = i, at
			i++
		case back >= 0:
			_, step := utf8.DecodeRuneInString(text[mark:])
			mark += step
			i, at = back+1, mark
		default:
			return false
		}
	}
	for i < len(p) && p[i] == anyText {
		i++
	}
	return i == len(p)
}
