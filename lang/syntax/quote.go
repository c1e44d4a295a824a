package syntax

import (
	"regexp"
	"strings"
	"sync"
)

var lineBreaks = pattern(`\s*\n\s*`)

// quoteText is a text as it is written in a file.
func quoteText(text string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`, "\t", `\t`, "${", "$${", "%{", "%%{").Replace(text) + `"`
}

// quoteCEL is an expression that was written without quotes, in quotes. Its own texts get single quotes where
// that is safe, so that nothing need be escaped.
func quoteCEL(source string) string {
	source = lineBreaks().ReplaceAllString(strings.TrimSpace(source), " ")
	if !strings.ContainsAny(source, `'\`) {
		source = strings.ReplaceAll(source, `"`, `'`)
	}
	return quoteText(source)
}

var (
	wholeTemplate = pattern(`^"\$\{\s*([^{}"]*?)\s*\}"$`)
	templateHole  = pattern(`\$\{\s*([^{}"]*?)\s*\}`)
	bareReference = pattern(`^[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z_][A-Za-z0-9_]*)+$`)
)

// fixTemplate rewrites a text with ${…} in it to what its author means here; "" where that is not plain.
func fixTemplate(source string) string {
	if strings.Contains(source, "%{") || strings.HasPrefix(source, "<<") {
		return ""
	}
	if m := wholeTemplate().FindStringSubmatch(source); m != nil {
		if bareReference().MatchString(m[1]) {
			return m[1]
		}
		return quoteCEL(m[1])
	}
	fixed := templateHole().ReplaceAllString(source, "{{ $1 }}")
	if strings.Contains(fixed, "${") {
		return ""
	}
	return "text(" + fixed + ")"
}

// pattern is a regular expression that is compiled when it is first needed: a command must not wait for what it
// does not use.
func pattern(form string) func() *regexp.Regexp {
	return sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(form) })
}
