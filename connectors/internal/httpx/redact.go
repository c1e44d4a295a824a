package httpx

import (
	"encoding/json"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"unicode/utf8"
)

const (
	hidden = "[secret]"
	// captureAt is what a capture keeps; captureFrom is what is redacted to make it, more, so that
	// a secret that is cut in two is gone before it is cut.
	captureAt, captureFrom = 2000, 64 << 10
	// shortest is the length from which a known secret is hidden: shorter ones stand in every other word.
	shortest = 4
	// remembered is how many values of renewed grants stay hidden.
	remembered = 64
)

// secretNames are fields, headers and form keys whose value is a secret wherever it stands.
const secretNames = `access_token|refresh_token|id_token|client_secret|client_assertion|assertion|private_key|password|passwd|` +
	`access_?key|accesskey|api_?key|authorization|authentication|proxy-authorization|shared_?secret|secret|token|session_?id`

// secretHeaders are headers whose value is one.
const secretHeaders = `authorization|authentication|proxy-authorization|accesskey|access-key|x-api-key|sharedsecret|set-cookie|cookie`

var (
	// "name":"value" and "name": "value…, closed or cut off, with escapes.
	jsonSecret = pattern(`(?i)("(?:` + secretNames + `)"\s*:\s*)"(?:[^"\\]|\\.)*"?`)
	// name=value in a query or form.
	formSecret = pattern(`(?i)(^|[?&\s;])((?:` + secretNames + `)=)[^&\s";]*`)
	// Name: value in a header.
	headSecret = pattern(`(?i)\b((?:` + secretHeaders + `):\s*)[^\r\n"]+`)
	// Authorization schemes, Salesforce sessions (org id, "!", token), JSON web tokens, private keys.
	shapes = pattern(`(?i:\b(?:Bearer|Basic)\s+[A-Za-z0-9._~+/=!-]{8,})|00D[A-Za-z0-9]{12,15}(?:!|%21)[^\s"&<]+|\beyJ[\w-]{6,}\.[\w-]+(?:\.[\w-]*)?|-----BEGIN[ A-Z]*PRIVATE KEY-----[^-]*(?:-----END[ A-Z]*PRIVATE KEY-----)?`)
)

// redactor hides known secrets and whatever looks like one.
type redactor struct {
	mu       sync.RWMutex
	fixed    []string // from settings, in the forms that they can take
	rotating []string // from grants, oldest first
}

func newRedactor(secrets []string) *redactor {
	r := &redactor{}
	for _, s := range secrets {
		r.fixed = append(r.fixed, forms(s)...)
	}
	return r
}

// add hides further secrets, those of a grant.
func (r *redactor) add(secrets ...string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, s := range secrets {
		r.rotating = append(r.rotating, forms(s)...)
	}
	if over := len(r.rotating) - remembered; over > 0 {
		r.rotating = append([]string(nil), r.rotating[over:]...)
	}
}

// forms are the spellings of a secret: as it is, in a URL, in JSON.
func forms(s string) []string {
	if len(s) < shortest {
		return nil
	}
	out := []string{s}
	if q := url.QueryEscape(s); q != s {
		out = append(out, q)
	}
	if p := url.PathEscape(s); p != s {
		out = append(out, p)
	}
	if j, err := json.Marshal(s); err == nil && string(j[1:len(j)-1]) != s {
		out = append(out, string(j[1:len(j)-1]))
	}
	return out
}

// clean hides secrets in a text.
func (r *redactor) clean(s string) string {
	r.mu.RLock()
	for _, list := range [][]string{r.fixed, r.rotating} {
		for _, secret := range list {
			s = strings.ReplaceAll(s, secret, hidden)
		}
	}
	r.mu.RUnlock()
	s = shapes().ReplaceAllString(s, hidden)
	s = jsonSecret().ReplaceAllString(s, `${1}"`+hidden+`"`)
	s = formSecret().ReplaceAllString(s, "${1}${2}"+hidden)
	return headSecret().ReplaceAllString(s, "${1}"+hidden)
}

// shorten cleans a body and cuts it to the size of a capture.
func (r *redactor) shorten(body []byte) string {
	cut := len(body) > captureFrom
	if cut {
		body = body[:captureFrom]
	}
	s := r.clean(strings.ToValidUTF8(string(body), "\uFFFD"))
	if len(s) <= captureAt {
		if cut {
			s += "…"
		}
		return s
	}
	end := captureAt
	for !utf8.RuneStart(s[end]) {
		end--
	}
	return s[:end] + "…"
}

// pattern is a regular expression that is compiled when it is first needed: a command must not wait for what it
// does not use.
func pattern(form string) func() *regexp.Regexp {
	return sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(form) })
}
