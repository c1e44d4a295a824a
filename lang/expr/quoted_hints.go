package expr

import (
	"regexp"
	"strings"
	"sync"

	"github.com/syncline/syncline/lang/diag"
	"github.com/syncline/syncline/lang/schema"
)

// A quoted string is always CEL. What people mean as a text or a date often parses as something else, or not at
// all; then the one message that helps replaces the others.

// Both are compiled when they are first needed.
var (
	isoDate   = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^\d{4}-\d{2}-\d{2}$`) })
	textWords = sync.OnceValue(func() *regexp.Regexp {
		return regexp.MustCompile(`^[\p{L}\p{N}#@&/][\p{L}\p{N}\p{M} ,.'’&#@/:!+-]*$`)
	})
)

// quotedHints looks at a quoted value once it has been checked.
func (c *checker) quotedHints(src Source, root *Node) {
	raw := strings.TrimSpace(src.Text)
	at := src.Range
	if at.IsZero() {
		at = src.Whole()
	}
	if isoDate().MatchString(raw) {
		c.replaceErrors(errQuotedDate(at, raw))
		return
	}
	if c.want.Condition {
		return
	}
	f := c.want.Field
	isChoice := f != nil && f.HasValue(raw)
	failed := c.diags.HasErrors()
	misfit := f != nil && !failed && isChoice && !root.Type.IsText() && !root.Type.Dynamic && !root.ReadsRecords()
	if !failed && !misfit {
		return
	}
	textTarget := f == nil || f.Kind.IsText() || f.Kind == schema.MultiPicklist || f.Kind == schema.Any
	if isChoice || textTarget && c.readsAsText(raw) {
		c.replaceErrors(errQuotedWords(at, raw, f))
	}
}

// readsAsText tells whether the text is words and no expression: it names nothing that is in sight.
func (c *checker) readsAsText(raw string) bool {
	if noCode(raw) {
		return true
	}
	if !textWords().MatchString(raw) || !strings.ContainsFunc(raw, func(r rune) bool { return r > '9' || r == '#' }) {
		return false
	}
	tokens := scan(raw)
	for i, t := range tokens {
		if t.kind != tokenWord {
			continue
		}
		word := raw[t.start:t.end]
		_, isRoot := c.env.roots[word]
		followed := i+1 < len(tokens) && raw[tokens[i+1].start] == '.' && tokens[i+1].start == t.end
		if isRoot || followed && (word == "vars" || word == "var" || word == "table" || c.scope.Hints[word] != "" || i+2 < len(tokens) && tokens[i+2].start == tokens[i+1].end) {
			return false
		}
	}
	if len(tokens) == 1 {
		// A single word that is nearly a name in sight is a slip, not a text.
		return c.onlyUnknownName(raw)
	}
	return true
}

// noCode: an address or a text with {{ … }}, neither of which is CEL outside of quotes.
func noCode(raw string) bool {
	i := strings.IndexAny(raw, "@'\"{")
	return i >= 0 && (raw[i] == '@' || strings.HasPrefix(raw[i:], "{{"))
}

// onlyUnknownName: the one error is an unknown name that resembles nothing in sight.
func (c *checker) onlyUnknownName(string) bool {
	for _, d := range c.diags {
		if d.Severity == diag.Error && (d.Code != "SYN304" && d.Code != "SYN301" || d.Suggestion != "") {
			return false
		}
	}
	return true
}

func (c *checker) replaceErrors(d *diag.Diagnostic) { c.diags = diag.List{d} }
