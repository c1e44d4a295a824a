package http

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/syncline/syncline/connectors"
	"github.com/syncline/syncline/connectors/connectortest"
	"github.com/syncline/syncline/connectors/sandbox/harness"
	"github.com/syncline/syncline/connectors/sandbox/sink"
	"github.com/syncline/syncline/lang/value"
)

func endpoint(t *testing.T) (connectortest.Control, string) {
	t.Helper()
	ln, err := harness.Listen(t.Context(), "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := harness.Serve(ln, sink.New(nil), harness.Options{})
	t.Cleanup(func() { _ = server.Close() })
	return connectortest.Control(server.URL()), server.URL()
}

func settings(pairs ...any) connectors.Settings {
	s := connectors.Settings{}
	for i := 0; i < len(pairs); i += 2 {
		switch v := pairs[i+1].(type) {
		case string:
			s[pairs[i].(string)] = value.Text(v)
		case bool:
			s[pairs[i].(string)] = value.Bool(v)
		case int:
			s[pairs[i].(string)] = value.Int(int64(v))
		}
	}
	return s
}

func text(name, v string) connectors.Field {
	return connectors.Field{Name: name, Value: value.Text(v)}
}

func mark(i int) string { return fmt.Sprintf("Acme number %d.", i) }

func message(i int, body ...connectors.Field) connectors.Message {
	return connectors.Message{Key: fmt.Sprintf("rule/call/%04d", i), Arguments: map[string]value.Value{"path": value.Text("/v1/alerts")},
		Named: map[string][]connectors.Field{"body": append([]connectors.Field{text("summary", mark(i))}, body...)}}
}

func factory(prefix string, repeatable bool) connectortest.SenderFactory {
	return connectortest.SenderFactory{Type: Type(), Repeatable: repeatable, Setup: func(t *testing.T) connectortest.SenderFixture {
		control, url := endpoint(t)
		arm := func(fault string) func(*testing.T) { return func(t *testing.T) { control.Arm(t, fault) } }
		const part, token, secret, key = "a1b2c3d4e5f6a7b8c9", "call-token-123456", "signing-secret-123456", "api-key-123456"
		return connectortest.SenderFixture{
			Config:  connectors.Config{Name: "hooks", Settings: settings("url", url+prefix+"/"+part, "token", token, "secret", secret, "api_key", key, "idempotent", repeatable)},
			Message: func(i int) connectors.Message { return message(i) }, Mark: mark, Secrets: []string{part, token, secret, key},
			Arrived: func(t *testing.T) []string {
				var out []string
				for _, r := range control.Records(t, "requests") {
					out = append(out, r["body"].(string))
				}
				return out
			},
			Play: map[connectortest.Trouble]func(*testing.T){
				connectortest.Limited:     arm(`{"status":429,"retry_after":1}`),
				connectortest.Unavailable: arm(`{"status":503}`),
				connectortest.LostAnswer:  arm(`{"drop_response":true}`),
				connectortest.BadLogin:    arm(`{"expire_session":true}`),
				connectortest.Refused:     arm(`{"status":422,"message":"no such service"}`),
			},
		}
	}}
}

func TestCalls(t *testing.T)           { connectortest.ExerciseSender(t, factory("/hook", false)) }
func TestIdempotentCalls(t *testing.T) { connectortest.ExerciseSender(t, factory("/once", true)) }

func connect(t *testing.T, url string, more ...any) *conn {
	t.Helper()
	c, err := open(t.Context(), connectors.Config{Name: "hooks", Settings: settings(append([]any{"url", url}, more...)...), Now: func() time.Time { return time.Unix(1767225600, 0) }})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c.(*conn)
}

func TestRequest(t *testing.T) {
	control, url := endpoint(t)
	c := connect(t, url+"/base", "secret", "s3cr3t-signing", "username", "u", "password", "p4ss", "headers.X-Team", "cs")
	m := connectors.Message{Key: "k/1", Arguments: map[string]value.Value{"path": value.Text("/Ä b/1"), "method": value.Text("PUT")}, Named: map[string][]connectors.Field{
		"body": {text("event", "<health> \"drop\""), {Name: "account.name", Value: value.Text("Acme")}, {Name: "account.arr", Value: value.Float(12.5)},
			{Name: "tags", Value: value.List([]value.Value{value.Text("a"), value.Text("b")})}, {Name: "none", Value: value.Null}, {Name: "day", Value: value.Date(2026, 1, 31)}},
		"query":   {text("q", "a&b=c"), {Name: "n", Value: value.List([]value.Value{value.Int(1), value.Int(2)})}},
		"headers": {text("X-Trace", "7")},
	}}
	r, err := c.Send(t.Context(), m)
	if err != nil {
		t.Fatal(err)
	}
	if r.ID != "req_1" || r.Fields["Status"].AsInt() != 200 || !r.Fields["received"].AsBool() || r.Fields["number"].AsInt() != 1 {
		t.Errorf("%+v", r)
	}
	got := control.Records(t, "requests")[0]
	const body = `{"event":"<health> \"drop\"","account":{"name":"Acme","arr":12.5},"tags":["a","b"],"none":null,"day":"2026-01-31"}`
	h := got["headers"].(map[string]any)
	if got["body"] != body || got["method"] != "PUT" || got["path"] != "/base/Ä b/1" || got["query"] != "n=1&n=2&q=a%26b%3Dc" {
		t.Errorf("%v", got)
	}
	if h["Idempotency-Key"] != "k/1" || h["X-Team"] != "cs" || h["X-Trace"] != "7" || h["Authorization"] != "Basic dTpwNHNz" || h["Content-Type"] != "application/json" {
		t.Errorf("%v", h)
	}
	// TestSign holds sign itself against openssl.
	if want := sign("s3cr3t-signing", 1767225600, []byte(body)); h["X-Syncline-Signature"] != want || !strings.HasPrefix(want, "t=1767225600,v1=") {
		t.Errorf("%v, want %s", h["X-Syncline-Signature"], want)
	}
}

func TestSign(t *testing.T) {
	// printf '1767225600.{"a":1}' | openssl dgst -sha256 -hmac secret
	if got := sign("secret", 1767225600, []byte(`{"a":1}`)); got != "t=1767225600,v1=96a067a1c95eb143fc00b9097bcfcbcd5456adda508c443ff219748e764dbed7" {
		t.Error(got)
	}
}

func TestTextBody(t *testing.T) {
	control, url := endpoint(t)
	c := connect(t, url)
	m := connectors.Message{Key: "k", Arguments: map[string]value.Value{"text": value.Text("<a>é</a>"), "content_type": value.Text("application/xml")}}
	if _, err := c.Send(t.Context(), m); err != nil {
		t.Fatal(err)
	}
	got := control.Records(t, "requests")[0]
	if got["body"] != "<a>é</a>" || got["headers"].(map[string]any)["Content-Type"] != "application/xml" || got["path"] != "/" {
		t.Errorf("%v", got)
	}
}

func TestRefusedBeforeSending(t *testing.T) {
	control, url := endpoint(t)
	c := connect(t, url)
	named := func(what string, fields ...connectors.Field) connectors.Message {
		return connectors.Message{Key: "k", Arguments: map[string]value.Value{}, Named: map[string][]connectors.Field{what: fields}}
	}
	argument := func(name, v string) connectors.Message {
		return connectors.Message{Key: "k", Arguments: map[string]value.Value{name: value.Text(v)}}
	}
	get := argument("method", "GET")
	get.Arguments["text"] = value.Text("x")
	both := message(1)
	both.Arguments["text"] = value.Text("x")
	for name, m := range map[string]connectors.Message{
		"header injection":   named("headers", text("X-A", "b\r\nX-Evil: 1")),
		"header name":        named("headers", text("X-A\r\nB", "b")),
		"host":               named("headers", text("host", "evil.example")),
		"authorization":      named("headers", text("AUTHORIZATION", "Bearer x")),
		"content length":     named("headers", text("Content-Length", "0")),
		"another host":       argument("path", "//evil.example/x"),
		"no slash":           argument("path", "@evil.example"),
		"up":                 argument("path", "/a/../../admin"),
		"up, encoded":        argument("path", "/a/%2e%2e/admin"),
		"up, encoded slash":  argument("path", "/a/..%2fadmin"),
		"query in path":      argument("path", "/a?admin=true"),
		"bad percent":        argument("path", "/a/%zz"),
		"line break in path": argument("path", "/a\r\nX: y"),
		"method":             argument("method", "BREW"),
		"GET with body":      get,
		"body and text":      both,
		"twice":              named("body", text("a", "1"), text("a", "2")),
		"value and object":   named("body", text("a", "1"), text("a.b", "2")),
		"object and value":   named("body", text("a.b", "1"), text("a", "2")),
		"empty part":         named("body", text("a..b", "1")),
		"too large":          named("body", text("a", strings.Repeat("x", mostSent))),
		"content type":       {Key: "k", Arguments: map[string]value.Value{"text": value.Text("x"), "content_type": value.Text("a\r\nb: c")}},
	} {
		_, err := c.Send(t.Context(), m)
		if e := connectors.AsError(err); e == nil || e.Class != connectors.Reject && e.Class != connectors.Permanent {
			t.Errorf("%s: %v", name, err)
		}
	}
	if got := control.Records(t, "requests"); len(got) != 0 {
		t.Errorf("%v", got)
	}
}

func TestClasses(t *testing.T) {
	control, url := endpoint(t)
	plain, idempotent := connect(t, url), connect(t, url, "idempotent", true)
	for status, want := range map[int][2]connectors.Class{
		302: {connectors.Permanent, connectors.Permanent}, 400: {connectors.Reject, connectors.Reject}, 401: {connectors.Auth, connectors.Auth},
		403: {connectors.Permanent, connectors.Permanent}, 404: {connectors.Reject, connectors.Reject}, 409: {connectors.Reject, connectors.Retry},
		413: {connectors.Reject, connectors.Reject}, 422: {connectors.Reject, connectors.Reject}, 425: {connectors.Retry, connectors.Retry},
		500: {connectors.InDoubt, connectors.Retry}, 502: {connectors.InDoubt, connectors.Retry}, 503: {connectors.Retry, connectors.Retry},
	} {
		for i, c := range []*conn{plain, idempotent} {
			control.Arm(t, fmt.Sprintf(`{"status":%d,"message":"because"}`, status))
			_, err := c.Send(t.Context(), message(1))
			if e := connectors.AsError(err); e == nil || e.Class != want[i] {
				t.Errorf("%d, idempotent %v: %v, want %s", status, i == 1, err, want[i])
			} else if e.Class == connectors.Reject && !strings.Contains(e.Error(), "because") {
				t.Errorf("%d: %v does not say why", status, e)
			}
		}
	}
	// PUT is idempotent by definition.
	put := message(1)
	put.Arguments["method"] = value.Text("PUT")
	control.Arm(t, `{"drop_response":true}`)
	if _, err := plain.Send(t.Context(), put); connectors.AsError(err).Class != connectors.Retry {
		t.Error(err)
	}
}

func TestSettings(t *testing.T) {
	for part, s := range map[string]connectors.Settings{
		"setting url":              settings(),
		"in the clear":             settings("url", "http://hooks.example"),
		"not both":                 settings("url", "https://x.example", "token", "a", "username", "b", "password", "c"),
		"go together":              settings("url", "https://x.example", "username", "b"),
		"setting token":            settings("url", "https://x.example", "token", "very-secret\r\nX: y"),
		"setting headers":          settings("url", "https://x.example", "headers.X-A", "b\r\nc"),
		"use token":                settings("url", "https://x.example", "headers.authorization", "Bearer very-secret"),
		"setting api_key_header":   settings("url", "https://x.example", "api_key", "very-secret", "api_key_header", "a b"),
		"setting signature_header": settings("url", "https://x.example", "signature_header", "a:b"),
		"setting check_path":       settings("url", "https://x.example", "check_path", "../x"),
		"setting timeout_seconds":  settings("url", "https://x.example", "timeout_seconds", 0),
	} {
		_, err := open(t.Context(), connectors.Config{Settings: s})
		if err == nil || !strings.Contains(err.Error(), part) || strings.Contains(err.Error(), "very-secret") {
			t.Errorf("%v, want %q and no secret", err, part)
		}
	}
	c, err := open(t.Context(), connectors.Config{Settings: settings("url", "http://hooks.example", "allow_plain_http", true)})
	if err != nil {
		t.Fatal(err)
	}
	_ = c.Close()
}

func TestCheck(t *testing.T) {
	control, url := endpoint(t)
	if r, err := connect(t, url).Check(t.Context()); err != nil || len(r.Notes) != 1 {
		t.Errorf("%+v %v", r, err)
	}
	c := connect(t, url, "check_path", "/health")
	if _, err := c.Check(t.Context()); err != nil || control.Calls(t)[0] != "/health" {
		t.Error(err, control.Calls(t))
	}
	control.Arm(t, `{"status":401}`)
	if _, err := c.Check(t.Context()); connectors.AsError(err).Class != connectors.Auth {
		t.Error(err)
	}
}

// FuzzPath: whatever a path is made of, what is accepted stays below the connection's address.
func FuzzPath(f *testing.F) {
	for _, s := range []string{"/a", "/a/../b", "//x", "/%2e%2e/", "/a%2f..%2fb", "/a\\..\\b", "/é ü"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, path string) {
		if checkPath(path) != nil {
			return
		}
		for _, part := range strings.Split(strings.ReplaceAll(path, "%2f", "/"), "/") {
			if part == ".." {
				t.Errorf("%q goes up", path)
			}
		}
		if strings.ContainsAny(path, "?#\r\n") {
			t.Errorf("%q holds more than a path", path)
		}
	})
}

func FuzzEncode(f *testing.F) {
	f.Add("a.b", "a", "x")
	f.Add("a.b", "a.c", "\xff\"")
	f.Fuzz(func(t *testing.T, one, two, v string) {
		body, err := encode([]connectors.Field{text(one, v), text(two, v)})
		if err == nil && !json.Valid(body) {
			t.Errorf("%q, %q: %s", one, two, body)
		}
	})
}

// The addresses of some webhooks end in a query that is their key; with and without a path of the action they are called as given.
func TestAddressWithQuery(t *testing.T) {
	control, url := endpoint(t)
	for path, want := range map[string]string{"": "/hooks/a%20b/", "/v1": "/hooks/a%20b/v1"} {
		c := connect(t, url+"/hooks/a%20b/?api-version=1&sig=verysecretsignature")
		m := connectors.Message{Key: "k", Arguments: map[string]value.Value{"path": value.Text(path)}, Named: map[string][]connectors.Field{"query": {text("x", "1")}}}
		if _, err := c.Send(t.Context(), m); err != nil {
			t.Fatal(err)
		}
		all := control.Records(t, "requests")
		if got := all[len(all)-1]; strings.ReplaceAll(got["path"].(string), " ", "%20") != want || got["query"] != "api-version=1&sig=verysecretsignature&x=1" {
			t.Errorf("%q: %v %v", path, got["path"], got["query"])
		}
		control.Arm(t, `{"status":500}`)
		_, err := c.Send(t.Context(), m)
		e := connectors.AsError(err)
		if all := fmt.Sprintf("%v %+v %s", e, *e, e.Request); strings.Contains(all, "verysecret") {
			t.Error(all)
		}
	}
	c := connect(t, url)
	if c.below("") != "/" || connect(t, url+"/").below("") != "/" || connect(t, url+"/a").below("") != "/a" {
		t.Errorf("%q", c.below(""))
	}
}
