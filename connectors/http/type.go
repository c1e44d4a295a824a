package http

import (
	"context"
	"encoding/base64"
	"fmt"
	"net/http"
	"net/textproto"
	"net/url"
	"strings"
	"time"

	"github.com/syncline/syncline/connectors"
	"github.com/syncline/syncline/connectors/internal/httpx"
	"github.com/syncline/syncline/connectors/internal/recordless"
	"github.com/syncline/syncline/lang/schema"
)

const (
	defaultKeyHeader       = "Idempotency-Key"
	defaultSignatureHeader = "X-Syncline-Signature"
	defaultTimeout         = 30 * time.Second
	// mostSent and mostAnswered bound bodies: a call is a message, not a file.
	mostSent, mostAnswered = 1 << 20, 4 << 20
)

var methods = []string{"POST", "PUT", "PATCH", "DELETE", "GET"}

func sending() *schema.Sending {
	return &schema.Sending{
		Verb: schema.VerbCall,
		Arguments: []schema.Argument{
			{Name: "method", Kind: schema.Text, Plain: true, OneOf: methods, Doc: "POST when not given"},
			{Name: "path", Kind: schema.Text, Doc: "path below the connection's url, /v1/alerts; a query goes in query"},
			{Name: "query", Kind: schema.Text, Form: schema.NamedValues, Doc: "parameters of the query"},
			{Name: "headers", Kind: schema.Text, Form: schema.NamedValues, Doc: "headers, beside those of the connection"},
			{Name: "body", Kind: schema.Any, Form: schema.NamedValues, Doc: "JSON object to be sent; an object in it nests, an empty value is null"},
			{Name: "text", Kind: schema.Text, Doc: "body as it is, instead of body; its type is content_type"},
			{Name: "content_type", Kind: schema.Text, Plain: true, Doc: "type of text, text/plain; charset=utf-8 when not given"},
		},
		Exclusive: [][]string{{"body", "text"}},
		Results: []*schema.Field{
			{Name: "Id", Label: "the member id of the answer", Kind: schema.Text, Nullable: true},
			{Name: "Status", Label: "status of the answer", Kind: schema.Integer},
		},
		OpenResults: true,
	}
}

// Type is the connection type "http".
func Type() connectors.Type {
	return connectors.Type{
		System: schema.System{
			Name: "http",
			Doc:  "Calls to any HTTP endpoint.",
			Settings: []schema.Setting{
				{Name: "url", Required: true, Doc: "address that calls go to, with its query if it has one; an action's path is added to it. Take it from secret where whoever knows it may call"},
				{Name: "headers", Kind: schema.SettingMap, Doc: "headers of every call; a value can be secret(\"NAME\")"},
				{Name: "token", Secret: true, Doc: "token, sent as Authorization: Bearer …"},
				{Name: "username", Doc: "user, for basic authentication"},
				{Name: "password", Secret: true, Doc: "password, for basic authentication"},
				{Name: "api_key", Secret: true, Doc: "key, sent in the header api_key_header"},
				{Name: "api_key_header", Doc: "header of api_key, X-API-Key when not given"},
				{Name: "secret", Secret: true, Doc: "signs each call: the signature header holds t=UNIX_SECONDS,v1=HEX, the HMAC-SHA256 of \"t.body\""},
				{Name: "signature_header", Doc: "header of the signature, " + defaultSignatureHeader + " when not given"},
				{Name: "key_header", Doc: "header of the call's key, " + defaultKeyHeader + " when not given"},
				{Name: "idempotent", Kind: schema.SettingBool, Doc: "true: the receiver takes calls of one key once, so that a call without an answer is sent again"},
				{Name: "allow_plain_http", Kind: schema.SettingBool, Doc: "true: http:// to another machine is accepted, unencrypted; only for a network that you trust"},
				{Name: "check_path", Doc: "path that syncline check gets, which must answer 2xx"},
				{Name: "timeout_seconds", Kind: schema.SettingNumber, Doc: "longest wait for an answer, 30 when not given"},
			},
			Sends: true,
			Send:  sending(),
		},
		Open: open,
	}
}

// conn is an open connection.
type conn struct {
	recordless.Schema
	http *httpx.Client
	// path and query are those of the connection's address; whoever knows them may call some webhooks.
	path, query string
	keyHeader   string
	signHeader  string
	secret      string
	idempotent  bool
	checkPath   string
	now         func() time.Time
}

func open(_ context.Context, cfg connectors.Config) (connectors.Connection, error) {
	s := cfg.Settings
	c := &conn{Schema: "http", secret: s.Text("secret"), idempotent: s["idempotent"].AsBool(), checkPath: s.Text("check_path"), now: cfg.Now}
	if c.now == nil {
		c.now = time.Now
	}
	header, secrets, err := c.headers(s)
	if err != nil {
		return nil, err
	}
	if c.checkPath != "" {
		if err := checkPath(c.checkPath); err != nil {
			return nil, setting("check_path", "%s", err.Message)
		}
	}
	timeout := defaultTimeout
	if v := s["timeout_seconds"]; !v.IsNull() {
		if f := v.AsFloat(); !v.IsNumber() || f < 1 || f > 600 {
			return nil, setting("timeout_seconds", "%s is not a number from 1 to 600", v)
		}
		timeout = time.Duration(v.AsFloat() * float64(time.Second))
	}
	base, hidden, err := c.address(s.Text("url"))
	if err != nil {
		return nil, err
	}
	secrets = append(secrets, hidden...)
	c.http, err = httpx.New(httpx.Options{Config: cfg, BaseURL: base, Setting: "url", Plain: s["allow_plain_http"].AsBool(),
		Header: header, Secrets: secrets, Classify: classify, Timeout: timeout, MaxBody: mostAnswered})
	if err != nil {
		return nil, err
	}
	return c, nil
}

// headers are what every call is sent with, and the secrets among them.
func (c *conn) headers(s connectors.Settings) (http.Header, []string, error) {
	h := http.Header{}
	for name, text := range s.Map("headers") {
		if err := checkHeader(name, text); err != nil {
			return nil, nil, setting("headers", "%s", err.Message)
		}
		h.Set(name, text)
	}
	for _, named := range []struct {
		into          *string
		name, unnamed string
	}{{&c.keyHeader, "key_header", defaultKeyHeader}, {&c.signHeader, "signature_header", defaultSignatureHeader}} {
		if *named.into = s.Text(named.name); *named.into == "" {
			*named.into = named.unnamed
		}
		if !isHeaderName(*named.into) {
			return nil, nil, setting(named.name, "%q is not the name of a header", *named.into)
		}
	}
	return c.credentials(s, h)
}

func (c *conn) credentials(s connectors.Settings, h http.Header) (http.Header, []string, error) {
	token, user, password, key := s.Text("token"), s.Text("username"), s.Text("password"), s.Text("api_key")
	secrets := []string{token, password, key, c.secret}
	for name, text := range map[string]string{"token": token, "username": user, "password": password, "api_key": key} {
		if strings.ContainsAny(text, "\r\n\x00") {
			return nil, nil, setting(name, "it holds a line break")
		}
	}
	switch {
	case token != "" && (user != "" || password != ""):
		return nil, nil, setting("token", "give either token or username and password, not both")
	case (user == "") != (password == ""):
		return nil, nil, setting("username", "username and password go together")
	case token != "":
		h.Set("Authorization", "Bearer "+token)
	case user != "":
		basic := base64.StdEncoding.EncodeToString([]byte(user + ":" + password))
		secrets = append(secrets, basic)
		h.Set("Authorization", "Basic "+basic)
	}
	if key != "" {
		name := s.Text("api_key_header")
		if name == "" {
			name = "X-API-Key"
		}
		if !isHeaderName(name) {
			return nil, nil, setting("api_key_header", "%q is not the name of a header", name)
		}
		h.Set(name, key)
	}
	return h, secrets, nil
}

// address splits the connection's address into the system's and a path and query of its own, and finds what in it looks like
// a key.
func (c *conn) address(text string) (base string, secrets []string, err error) {
	text = strings.TrimSpace(text)
	text, query, _ := strings.Cut(text, "?")
	values, err := url.ParseQuery(query)
	if err != nil || strings.Contains(query, "#") {
		return "", nil, setting("url", "what follows the ? is not a well formed query")
	}
	for _, list := range values {
		for _, v := range list {
			if len(v) >= 8 {
				secrets = append(secrets, v)
			}
		}
	}
	c.query = query
	u, err := url.Parse(text)
	if err != nil || u.Host == "" || u.User != nil || u.Fragment != "" {
		return text, secrets, nil // httpx says what is wrong with it
	}
	c.path = strings.TrimSuffix(u.EscapedPath(), "/")
	if strings.HasSuffix(u.Path, "/") && c.path != "" {
		c.path += "/" // as given, while no action's path follows
	}
	for part := range strings.SplitSeq(u.Path, "/") {
		if len(part) >= 16 && strings.ContainsAny(part, "0123456789") {
			secrets = append(secrets, part)
		}
	}
	return u.Scheme + "://" + u.Host, secrets, nil
}

// below is a path under the connection's address; without one it is the address as given.
func (c *conn) below(path string) string {
	full := c.path
	if path != "" {
		full = strings.TrimSuffix(c.path, "/") + path
	}
	if full == "" {
		full = "/"
	}
	if c.query != "" {
		full += "?" + c.query
	}
	return full
}

// setByUs are headers that neither connection nor action may choose.
var setByUs = map[string]string{"Host": "url", "Content-Length": "", "Transfer-Encoding": "", "Connection": "", "Content-Type": "content_type",
	"Authorization": "token, or username and password"}

// checkHeader finds headers that cannot be sent, or would make another request of it.
func checkHeader(name, text string) *connectors.Error {
	wrong := func(format string, args ...any) *connectors.Error {
		return &connectors.Error{Class: connectors.Reject, Code: "wrong_header", Message: fmt.Sprintf(format, args...), Fields: []string{"headers"}}
	}
	if !isHeaderName(name) {
		return wrong("%q is not the name of a header", name)
	}
	if instead, ours := setByUs[textproto.CanonicalMIMEHeaderKey(name)]; ours {
		e := wrong("the header %s cannot be chosen", name)
		if instead != "" {
			e.Message += "; use " + instead
		}
		return e
	}
	if !isHeaderValue(text) {
		return wrong("the value of the header %s holds a line break or another control character", name)
	}
	return nil
}

// isHeaderName tells whether a text is a token, as RFC 9110 defines the names of headers.
func isHeaderName(s string) bool {
	return s != "" && !strings.ContainsFunc(s, func(r rune) bool {
		return r <= ' ' || r >= 0x7f || strings.ContainsRune(`"(),/:;<=>?@[\]{}`, r)
	})
}

// isHeaderValue tells whether a text can stand in a header: no control characters, which would begin another one.
func isHeaderValue(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r < ' ' && r != '\t' || r == 0x7f })
}

// setting is the error of a setting that is wrong or missing.
func setting(name, format string, args ...any) *connectors.Error {
	return &connectors.Error{Class: connectors.Permanent, Message: "setting " + name + ": " + fmt.Sprintf(format, args...)}
}

// Limits says how the connection wants to be used.
func (c *conn) Limits() connectors.Limits { return connectors.Limits{Parallel: c.http.Parallel()} }

// Close lets go of the connection's sockets.
func (c *conn) Close() error { return c.http.Close() }

// Check gets check_path, where there is one: what else an unknown program takes is not known.
func (c *conn) Check(ctx context.Context) (connectors.Report, error) {
	if c.checkPath == "" {
		return connectors.Report{Notes: []string{"nothing was called: give check_path, a path that answers a GET with 2xx"}}, ctx.Err()
	}
	if _, err := c.http.Do(ctx, httpx.Request{Path: c.below(c.checkPath)}); err != nil {
		return connectors.Report{}, err
	}
	return connectors.Report{}, nil
}
