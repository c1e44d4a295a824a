package expr

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"cel.dev/cel-go/common"

	"github.com/syncline/syncline/lang/diag"
)

// syntaxError turns cel-go's first error into a message that says what to write.
func (p *parsed) syntaxError(e *common.Error) *diag.Diagnostic {
	if d := p.knownMistake(); d != nil {
		return d
	}
	at := p.errorByte(e)
	t := p.tokenAfter(at)
	place := p.src.Range(t.start, t.end)
	message := strings.TrimPrefix(e.Message, "Syntax error: ")
	switch {
	case strings.Contains(message, "recursion limit"):
		return errTooDeep(p.src.Whole())
	case strings.Contains(message, "node count") || strings.Contains(message, "code point size"):
		return errTooManyNodes(p.src.Whole())
	case strings.HasPrefix(message, "reserved identifier"):
		word := p.src.Text[t.start:t.end]
		if word == "var" {
			return suggest(errSyntax(place, "Variables are read as vars.NAME."), "vars")
		}
		if how := foreignFunctions[strings.ToLower(word)]; how != "" {
			return errSyntax(place, "There is no %q. %s", word, how)
		}
		return errSyntax(place, "%q is a reserved word. A field of this name is read as source[%q].", word, word)
	case strings.Contains(message, "invalid int literal"):
		return errSyntax(place, "%s is too large for a whole number. Write it with a point, or as a text.", p.src.Text[t.start:t.end])
	}
	if t.start >= len(p.src.Text) {
		end := p.tokens[len(p.tokens)-1]
		return errSyntax(p.src.Range(end.start, end.end), "The expression ends here, but something must follow %q.", p.src.Text[end.start:end.end])
	}
	found := p.src.Text[t.start:t.end]
	if t.kind == tokenWord && strings.Contains(message, "identifier after") {
		return errSyntax(place, "%q is a reserved word. A field of this name is read as source[%q].", found, found)
	}
	if found == "?" && strings.Contains(message, "':' in conditional") {
		return errSyntax(place, "A choice between ? and : is put in brackets: a ? (b ? c : d) : e.")
	}
	if expected, ok := strings.CutPrefix(message, "expected "); ok {
		return errSyntax(place, "Here stands %q, but %s is expected.", found, strings.ReplaceAll(expected, "'", ""))
	}
	if name, from, ok := p.oddName(t.start); ok {
		fix := fmt.Sprintf("[%q]", name)
		d := errSyntax(p.src.Range(from, from+len(name)), "A name with other characters than letters A to Z, digits and _ is written in brackets: source%s.", fix)
		return d
	}
	prev := p.tokenBefore(t.start)
	if prev.end > 0 && operandEnds(p.src.Text, prev) && (t.kind == tokenWord || t.kind == tokenNumber || t.kind == tokenString) {
		return errSyntax(place, "An operator is missing between %q and %q.", p.src.Text[prev.start:prev.end], found)
	}
	return errSyntax(place, "%q is not expected here.", found)
}

// oddName finds the field name after a dot that holds a character CEL's names cannot have.
func (p *parsed) oddName(at int) (name string, from int, ok bool) {
	text := p.src.Text
	if r, _ := utf8.DecodeRuneInString(text[at:]); r < utf8.RuneSelf || !unicode.IsLetter(r) {
		return "", 0, false
	}
	inName := func(r rune) bool {
		return r == '_' || unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.Is(unicode.M, r)
	}
	from = strings.LastIndexFunc(text[:at], func(r rune) bool { return !inName(r) }) + 1
	end := len(text)
	if n := strings.IndexFunc(text[at:], func(r rune) bool { return !inName(r) }); n >= 0 {
		end = at + n
	}
	return text[from:end], from, from > 0 && text[from-1] == '.'
}

func operandEnds(text string, t token) bool {
	return t.kind == tokenWord || t.kind == tokenNumber || t.kind == tokenString || t.kind == tokenClose
}

// errorByte is where cel-go found the error.
func (p *parsed) errorByte(e *common.Error) int {
	line, at := 1, 0
	for line < e.Location.Line() {
		n := strings.IndexByte(p.src.Text[at:], '\n')
		if n < 0 {
			break
		}
		at += n + 1
		line++
	}
	for col := e.Location.Column(); col > 0 && at < len(p.src.Text); col-- {
		at++
		for at < len(p.src.Text) && p.src.Text[at]&0xC0 == 0x80 {
			at++
		}
	}
	return at
}

// foreignTokens says what to write for operators of other languages.
var foreignTokens = map[string]string{
	"=": "==", "<>": "!=", "&": "&&", "|": "||", "and": "&&", "AND": "&&", "or": "||", "OR": "||", "not": "!", "NOT": "!",
}

// knownMistake recognises the usual first tries of people who know other languages.
func (p *parsed) knownMistake() *diag.Diagnostic {
	text := p.src.Text
	var open []token
	for i, t := range p.tokens {
		word := text[t.start:t.end]
		place := p.src.Range(t.start, t.end)
		switch t.kind {
		case tokenBroken:
			return errSyntax(p.src.Range(t.start, t.start+1), "This quote is not closed.")
		case tokenOpen:
			open = append(open, t)
			continue
		case tokenClose:
			if len(open) == 0 || !closes(text[open[len(open)-1].start], text[t.start]) {
				return errSyntax(place, "This %s closes nothing.", word)
			}
			open = open[:len(open)-1]
			continue
		}
		switch word {
		case "‘", "’", "“", "”":
			return errSyntax(place, "Typographic quotes do not quote. Write ' instead.")
		case "IS", "is":
			return errSyntax(place, "Write == null or != null.")
		case "LIKE", "like":
			return errSyntax(place, "Write a.contains('part'), a.startsWith('part') or a.matches('pattern').")
		case "^":
			return errSyntax(place, "There is no operator ^.")
		}
		if instead, ok := foreignTokens[word]; ok && (t.kind == tokenOther || p.betweenOperands(i)) {
			return suggest(errSyntax(place, "Write %s instead of %s.", instead, word), instead)
		}
	}
	if len(open) > 0 {
		t := open[len(open)-1]
		return errSyntax(p.src.Range(t.start, t.end), "This %s is not closed.", text[t.start:t.end])
	}
	return nil
}

// betweenOperands tells whether a word stands where an operator must.
func (p *parsed) betweenOperands(i int) bool {
	word := p.src.Text[p.tokens[i].start:p.tokens[i].end]
	if strings.EqualFold(word, "not") {
		return i+1 < len(p.tokens) && p.tokens[i+1].kind != tokenOther
	}
	return i > 0 && i+1 < len(p.tokens) && operandEnds(p.src.Text, p.tokens[i-1]) && p.src.Text[p.tokens[i-1].start:p.tokens[i-1].end] != "."
}
