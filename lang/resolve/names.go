package resolve

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/syncline/syncline/lang/diag"
	"github.com/syncline/syncline/lang/syntax"
)

var namePattern = regexp.MustCompile(`^[a-z][a-z0-9_]*$`)

// celWords cannot be names in CEL, so nothing that expressions name may be called so.
var celWords = words("as break const continue else false for function if import in let loop " +
	"namespace null package return true var void while")

// roots are the names that expressions begin with, besides connections, finds and actions.
var roots = words("source target old new it vars table history group each")

func words(list string) map[string]bool {
	out := map[string]bool{}
	for _, w := range strings.Fields(list) {
		out[w] = true
	}
	return out
}

// nameError checks the name of a declaration, nil when it is right.
func nameError(kind string, l syntax.Label) *diag.Diagnostic {
	switch {
	case !namePattern.MatchString(l.Text):
		return errName(kind, l)
	case celWords[l.Text]:
		return errReserved(kind, l, "is a word of the expression language")
	case roots[l.Text] && kind != "table" && kind != "variable" && kind != "sync" && kind != "trigger" && kind != "track" && kind != "alert":
		return errReserved(kind, l, "means something else in expressions")
	}
	return nil
}

var notNameChars = regexp.MustCompile(`[^a-z0-9_]+`)

// suggestName makes a good name of a bad one, "" when there is nothing to make one of.
func suggestName(text string) string {
	s := notNameChars.ReplaceAllString(strings.ToLower(text), "_")
	s = strings.Trim(s, "_")
	if s == "" || s[0] >= '0' && s[0] <= '9' {
		return ""
	}
	if celWords[s] || roots[s] {
		return fmt.Sprintf("%s_1", s)
	}
	return s
}
