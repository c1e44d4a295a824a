package httpx

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/syncline/syncline/connectors"
)

func TestSecretsAreHidden(t *testing.T) {
	r := newRedactor([]string{"s3cr3t/with+chars", "-----BEGIN PRIVATE KEY-----\nMIIEvQ\nabc=\n-----END PRIVATE KEY-----\n"})
	r.add("rotating-token-value")
	for text, secret := range map[string]string{
		"a s3cr3t/with+chars b":                                                  "s3cr3t",
		"q=" + url.QueryEscape("s3cr3t/with+chars"):                              "s3cr3t",
		`{"key":"MIIEvQ\nabc"} MIIE -----BEGIN RSA PRIVATE KEY-----\nQUJD`:       "QUJD",
		"x rotating-token-value":                                                 "rotating",
		`{"access_token":"00Dabc","x":1}`:                                        "00Dabc",
		`{"Client_Secret" : "a\"bcdef`:                                           "bcdef",
		"grant_type=x&client_secret=abcdef&assertion=eyJhbGciOi.eyJpc3MiOi.c2ln": "abcdef",
		"Authorization: Bearer abcdefghij":                                       "abcdefghij",
		"accesskey: 12-34-56":                                                    "12-34-56",
		"token 00D3000000000XYZ!AQ4AQ.abc_def":                                   "AQ4AQ",
		"00D300000000XYZ%21AQ4AQ.abc_def":                                        "AQ4AQ",
		"jwt eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJ4In0.c2lnbmF0dXJl":                  "eyJpc3Mi",
		"Basic dXNlcjpwYXNzd29yZA==":                                             "dXNlcjpw",
	} {
		got := r.clean(text)
		wantNotIn(t, got, secret)
		wantIn(t, got, hidden)
	}
	for _, text := range []string{
		`{"message":"unexpected token: 'x'"}`, `{"Name":"Basic plan","Email":"a@b.c"}`, "SELECT Id FROM Account WHERE Name = 'x'",
		`"errorCode":"INVALID_FIELD"`, "001D000000IqhSLIAZ", "https://crm.example/services/data",
	} {
		if got := r.clean(text); got != text {
			t.Errorf("%q became %q", text, got)
		}
	}
}

func TestCapturesAreShortAndWhole(t *testing.T) {
	secret := strings.Repeat("S", 300)
	r := newRedactor([]string{secret})
	for pad := captureAt - 310; pad < captureAt+10; pad++ {
		got := r.shorten([]byte(strings.Repeat("é", pad/2) + secret + strings.Repeat("x", 5000)))
		if strings.Contains(got, "SS") || !utf8.ValidString(got) || len(got) > captureAt+len(hidden)+8 {
			t.Fatalf("pad %d: %d bytes, %q", pad, len(got), got[len(got)-40:])
		}
	}
	if got := r.shorten([]byte{0xff, 'a'}); !utf8.ValidString(got) {
		t.Errorf("%q", got)
	}
}

func TestNoSecretInErrorsOrLog(t *testing.T) {
	const key, token, secret, head = "access-key-123", "tok-en-456-789", "client-secret-xyz", "one-of-a-map-of-headers"
	c, _, log := serve(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Location", "https://x.example/?access_token="+token)
		switch r.URL.Path {
		case "/hang":
			hangUp(w)
			return
		case "/page":
			fmt.Fprintf(w, "not json: %s %s", secret, token)
			return
		case "/moved":
			w.WriteHeader(302)
		default:
			w.WriteHeader(400)
		}
		fmt.Fprintf(w, `<title>%s</title>{"sent":"%s","access_token":"%s","message":"%s %s %s"}`, token, r.Header, token, key, secret, head)
	}, func(o *Options) {
		o.Secrets = []string{secret}
		o.Header = http.Header{"Accesskey": {key}, "X-Head": {head}}
		o.Config.Secrets = []string{head}
		o.Secrets = append(o.Secrets, key)
		o.Auth = AuthFunc(func(context.Context) (Grant, error) {
			return Grant{Header: http.Header{"Authorization": {"Bearer " + token}}, Secrets: []string{token}}, nil
		})
		o.Attempts = 2
	})
	for _, path := range []string{"/bad", "/hang", "/page", "/moved"} {
		for _, method := range []string{"GET", "POST"} {
			var out any
			_, err := c.JSON(context.Background(), Request{Method: method, Path: path, Query: url.Values{"token": {token}, "k": {key}},
				Body: map[string]string{"client_secret": "unknown-one", "note": secret}}, &out)
			e := connectors.AsError(err)
			all := fmt.Sprintf("%v %+v %s %s %v", e, *e, e.Request, e.Answer, e.Err)
			wantNotIn(t, all, key, token, secret, head, "unknown-one")
			wantIn(t, e.Request, method+" "+path)
		}
	}
	wantIn(t, log.String(), "path=", "status=400")
	wantNotIn(t, log.String(), key, token, secret, head, "unknown-one")
}

func FuzzRedact(f *testing.F) {
	f.Add("plain", "Bearer abc")
	f.Add(`{"access_token":"`, `"}`)
	f.Fuzz(func(t *testing.T, before, after string) {
		const secret = "the\"known\\secret+/="
		r := newRedactor([]string{secret})
		got := r.shorten([]byte(before + secret + after))
		if strings.Contains(got, secret) || !utf8.ValidString(got) {
			t.Errorf("%q", got)
		}
	})
}
