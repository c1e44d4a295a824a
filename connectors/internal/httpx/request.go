package httpx

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/syncline/syncline/connectors"
)

// Request is one call to the system.
type Request struct {
	Method string // "" is GET
	// Path is below the base address, "/services/data"; it may hold a query of its own, already encoded.
	Path  string
	Query url.Values
	// Header is sent beside the client's; a key in both is taken from here.
	Header http.Header
	// Body is sent as JSON; a []byte or json.RawMessage is JSON already. Form is sent as a form instead.
	Body any
	Form url.Values
	// Safe: the request changes nothing, or may be repeated without harm. GET and HEAD are always safe.
	Safe bool
	// Accept lists statuses beside 2xx that are no failure.
	Accept []int
	// Uncounted: the system does not count the request (logging in), so limits do not apply to it either.
	Uncounted bool
	// Into takes the answer's body, so that its memory can be used again; nil: a new one.
	Into *bytes.Buffer
}

// Answer is what the system said.
type Answer struct {
	Status int
	Header http.Header
	Body   []byte

	sent func() string
}

// Sent is the request as sent, shortened and without secrets.
func (a *Answer) Sent() string { return a.sent() }

func (r *Request) isSafe() bool {
	return r.Safe || r.Method == "" || r.Method == http.MethodGet || r.Method == http.MethodHead
}

// prepared is a request with its body in bytes, so that it can be sent again.
type prepared struct {
	*Request
	method string
	body   []byte
	kind   string // content type
	safe   bool
	locked bool // it could not be sent for want of credentials
}

func prepare(r *Request) (*prepared, error) {
	p := &prepared{Request: r, method: r.Method}
	if p.method == "" {
		p.method = http.MethodGet
	}
	p.safe = r.isSafe()
	switch {
	case r.Form != nil:
		p.body, p.kind = []byte(r.Form.Encode()), "application/x-www-form-urlencoded"
	case r.Body != nil:
		p.kind = "application/json"
		switch body := r.Body.(type) {
		case []byte:
			p.body = body
		case json.RawMessage:
			p.body = body
		default:
			b, err := json.Marshal(body)
			if err != nil {
				return nil, &connectors.Error{Class: connectors.Permanent, Message: "the request cannot be written as JSON: " + err.Error(), Err: err}
			}
			p.body = b
		}
	}
	return p, nil
}

// address is the request's URL under a base.
func (p *prepared) address(base *url.URL) (*url.URL, error) {
	path, query, _ := strings.Cut(p.Path, "?")
	if !strings.HasPrefix(path, "/") || strings.HasPrefix(path, "//") {
		// An address with a host of its own could lead the credentials elsewhere.
		return nil, &connectors.Error{Class: connectors.Permanent, Message: fmt.Sprintf("%q is not a path below %s", path, base.Host)}
	}
	rel, err := url.Parse(path)
	if err != nil {
		return nil, &connectors.Error{Class: connectors.Permanent, Message: fmt.Sprintf("%q is not a path: %v", path, err), Err: err}
	}
	u := base.JoinPath() // a copy
	u.Path = strings.TrimSuffix(base.Path, "/") + rel.Path
	u.RawPath = ""
	if rel.RawPath != "" {
		u.RawPath = strings.TrimSuffix(base.EscapedPath(), "/") + rel.RawPath
	}
	u.RawQuery = query
	if len(p.Query) > 0 {
		if query != "" {
			u.RawQuery += "&"
		}
		u.RawQuery += p.Query.Encode()
	}
	return u, nil
}

// ParseBase reads the address of a system, given as a setting. Credentials are never sent in the clear, so
// it must be https, unless it is this machine.
func ParseBase(setting, text string) (*url.URL, error) { return parseBase(setting, text, false) }

func parseBase(setting, text string, plain bool) (*url.URL, error) {
	wrong := func(format string, args ...any) error {
		return &connectors.Error{Class: connectors.Permanent, Message: fmt.Sprintf("setting %s: ", setting) + fmt.Sprintf(format, args...)}
	}
	if text == "" {
		return nil, wrong("it is empty; write the address of the system, such as https://example.com")
	}
	u, err := url.Parse(strings.TrimSpace(text))
	if err != nil || u.Host == "" {
		return nil, wrong("this is not an address of the form https://host")
	}
	if u.User != nil {
		return nil, wrong("leave user and password out of the address; the credentials have settings of their own")
	}
	if u.RawQuery != "" || u.Fragment != "" {
		return nil, wrong("leave out everything from ? or # on")
	}
	switch {
	case u.Scheme == "https":
	case u.Scheme == "http" && (plain || isLoopback(u.Hostname())):
	case u.Scheme == "http":
		return nil, wrong("http://%s would send the credentials in the clear; use https (plain http is for this machine only)", u.Host)
	default:
		return nil, wrong("%q is not supported; use https", u.Scheme)
	}
	u.Path = strings.TrimSuffix(u.Path, "/")
	return u, nil
}
