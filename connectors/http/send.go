package http

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/syncline/syncline/connectors"
	"github.com/syncline/syncline/connectors/internal/httpx"
	"github.com/syncline/syncline/lang/value"
)

// Send makes one call.
func (c *conn) Send(ctx context.Context, m connectors.Message) (connectors.Receipt, error) {
	if err := m.Validate(sending()); err != nil {
		return connectors.Receipt{}, err
	}
	r, err := c.request(m)
	if err != nil {
		return connectors.Receipt{}, err
	}
	a, err := c.http.Do(ctx, r)
	if err != nil {
		return connectors.Receipt{}, c.repeatable(r.Method, err)
	}
	return receipt(a), nil
}

// Repeatable tells whether a call may be made twice.
func (c *conn) Repeatable(m connectors.Message) bool { return c.harmless(m.Text("method")) }

// harmless tells whether a second call of the same key changes nothing.
func (c *conn) harmless(method string) bool {
	return c.idempotent || method == http.MethodPut || method == http.MethodDelete || method == http.MethodGet
}

// repeatable passes an error on. A lost answer is no harm where a second call of the same key changes nothing.
func (c *conn) repeatable(method string, err error) error {
	e := connectors.AsError(err)
	switch {
	case e.Class == connectors.InDoubt && c.harmless(method):
		e.Class = connectors.Retry
	case e.Code == "http_409" && c.idempotent:
		e.Class = connectors.Retry // the first call of this key is still being worked on
	}
	return e
}

func (c *conn) request(m connectors.Message) (httpx.Request, error) {
	r := httpx.Request{Method: m.Text("method"), Path: m.Text("path"), Header: http.Header{}}
	if r.Method == "" {
		r.Method = http.MethodPost
	}
	if err := checkPath(r.Path); err != nil {
		return r, err
	}
	r.Path = c.below(r.Path)
	if fields := m.Named["query"]; len(fields) > 0 {
		r.Query = url.Values{}
		for _, f := range fields {
			if !f.Value.IsNull() {
				r.Query[f.Name] = append(r.Query[f.Name], texts(f.Value)...)
			}
		}
	}
	for _, f := range m.Named["headers"] {
		text := f.Value.String()
		if err := checkHeader(f.Name, text); err != nil {
			return r, err
		}
		if text != "" {
			r.Header.Set(f.Name, text)
		}
	}
	body, err := c.body(m, &r)
	if err != nil {
		return r, err
	}
	if m.Key != "" {
		r.Header.Set(c.keyHeader, m.Key)
	}
	if c.secret != "" {
		r.Header.Set(c.signHeader, sign(c.secret, c.now().Unix(), body))
	}
	return r, nil
}

func texts(v value.Value) []string {
	if v.Kind() != value.KindList {
		return []string{v.String()}
	}
	var out []string
	for _, item := range v.AsList() {
		out = append(out, item.String())
	}
	return out
}

// body puts the body in the request and gives its bytes.
func (c *conn) body(m connectors.Message, r *httpx.Request) ([]byte, error) {
	var body []byte
	if fields, written := m.Named["body"]; written {
		var err error
		if body, err = encode(fields); err != nil {
			return nil, &connectors.Error{Class: connectors.Reject, Code: "wrong_body", Message: "body: " + err.Error(), Fields: []string{"body"}}
		}
		r.Header.Set("Content-Type", "application/json")
	} else if text := m.Text("text"); text != "" {
		body = []byte(text)
		kind := m.Text("content_type")
		if kind == "" {
			kind = "text/plain; charset=utf-8"
		}
		if strings.ContainsAny(kind, "\r\n\x00") {
			return nil, &connectors.Error{Class: connectors.Permanent, Code: "wrong_header", Message: "content_type holds a line break", Fields: []string{"content_type"}}
		}
		r.Header.Set("Content-Type", kind)
	}
	if body == nil {
		return nil, nil
	}
	if r.Method == http.MethodGet {
		return nil, &connectors.Error{Class: connectors.Permanent, Code: "wrong_body", Message: "a GET has no body", Hint: "use query, or another method"}
	}
	if len(body) > mostSent {
		return nil, &connectors.Error{Class: connectors.Reject, Code: "too_large", Message: fmt.Sprintf("the body has %d bytes; %d are the most", len(body), mostSent),
			Hint: "send less; a call is no transport for data"}
	}
	r.Body = body
	return body, nil
}

// sign makes the value of the signature header.
func sign(secret string, at int64, body []byte) string {
	t := strconv.FormatInt(at, 10)
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(t + "."))
	mac.Write(body)
	return "t=" + t + ",v1=" + hex.EncodeToString(mac.Sum(nil))
}

// checkPath refuses paths that lead out of the connection's address. They can be made of what records hold.
func checkPath(path string) *connectors.Error {
	wrong := func(why string) *connectors.Error {
		return &connectors.Error{Class: connectors.Reject, Code: "wrong_path", Message: fmt.Sprintf("the path %q %s", path, why), Fields: []string{"path"}}
	}
	if path == "" {
		return nil
	}
	if path[0] != '/' || strings.HasPrefix(path, "//") {
		return wrong("does not begin with one /")
	}
	if strings.ContainsAny(path, "?#\\") {
		return wrong(`holds one of ? # \; parameters go in query`)
	}
	plain, err := url.PathUnescape(path)
	if err != nil || strings.ContainsFunc(path, func(r rune) bool { return r < ' ' || r == 0x7f }) {
		return wrong("is not well formed")
	}
	for _, p := range []string{path, plain} {
		if slices.ContainsFunc(strings.FieldsFunc(p, func(r rune) bool { return r == '/' || r == '\\' }), func(s string) bool { return s == "." || s == ".." }) {
			return wrong("holds a . or .. of its own")
		}
	}
	return nil
}

// classify makes the error of an answer that is no success.
func classify(a *httpx.Answer, safe bool) *connectors.Error {
	switch a.Status {
	case http.StatusBadRequest, http.StatusPaymentRequired, http.StatusNotFound, http.StatusMethodNotAllowed, http.StatusNotAcceptable, http.StatusConflict,
		http.StatusGone, http.StatusLengthRequired, http.StatusPreconditionFailed, http.StatusRequestEntityTooLarge, http.StatusRequestURITooLong,
		http.StatusUnsupportedMediaType, http.StatusUnprocessableEntity, http.StatusFailedDependency, http.StatusPreconditionRequired:
		// Path and body are the message's own: another message may fare better.
		e := &connectors.Error{Class: connectors.Reject, Code: fmt.Sprintf("http_%d", a.Status),
			Message: fmt.Sprintf("the call was answered %d %s", a.Status, http.StatusText(a.Status))}
		if why := reason(a.Body); why != "" {
			e.Message += ": " + why
		}
		return e
	}
	return nil // by status
}
