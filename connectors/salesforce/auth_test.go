package salesforce

import (
	"context"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/syncline/syncline/connectors"
	"github.com/syncline/syncline/connectors/internal/httpx"
	"github.com/syncline/syncline/lang/value"
)

func TestSessionIsRenewedOnceForAll(t *testing.T) {
	var token atomic.Int32
	var late sync.WaitGroup
	late.Add(20)
	var logins atomic.Int32
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == tokenPath {
			logins.Add(1)
			fmt.Fprintf(w, `{"access_token":"token-%d"}`, token.Add(1))
			return
		}
		if r.Header.Get("Authorization") == "Bearer token-1" {
			late.Done()
			late.Wait()
			answer(w, 401, `[{"message":"Session expired or invalid","errorCode":"INVALID_SESSION_ID"}]`)
			return
		}
		fmt.Fprint(w, `{"encoding":"UTF-8","maxBatchSize":200,"sobjects":[{"name":"Account","label":"Account","queryable":true}]}`)
	}))
	defer server.Close()
	c, err := open(t.Context(), connectors.Config{Concurrent: 20, Settings: connectors.Settings{
		"url": value.Text(server.URL), "client_id": value.Text("x"), "client_secret": value.Text(theSecret)}})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() {
			if list, err := c.Objects(context.Background()); err != nil || len(list) != 1 {
				t.Error(list, err)
			}
		})
	}
	wg.Wait()
	if logins.Load() != 2 {
		t.Errorf("%d logins, want 2", logins.Load())
	}
}

func TestClientCredentials(t *testing.T) {
	o := newOrg(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer "+theToken {
			t.Errorf("Authorization %q", r.Header.Get("Authorization"))
		}
		answer(w, 200, `{"sobjects":[]}`)
	})
	c := o.open(t, nil)
	if _, err := c.Objects(t.Context()); err != nil {
		t.Fatal(err)
	}
	form, _ := url.ParseQuery(o.sent(tokenPath)[0].body)
	for k, want := range map[string]string{"grant_type": "client_credentials", "client_id": "the-client", "client_secret": theSecret} {
		if form.Get(k) != want {
			t.Errorf("%s is %q", k, form.Get(k))
		}
	}
	if strings.Contains(o.log.String(), theSecret) || strings.Contains(o.log.String(), "session-token") {
		t.Error("a secret is in the log:", o.log.String())
	}
}

func TestRefreshToken(t *testing.T) {
	o := newOrg(t, func(w http.ResponseWriter, r *http.Request) { answer(w, 200, `{"sobjects":[]}`) })
	c := o.open(t, connectors.Settings{"refresh_token": value.Text("refresh-me"), "client_secret": value.Null})
	if _, err := c.Objects(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := o.sent(tokenPath)[0].body; got != "client_id=the-client&grant_type=refresh_token&refresh_token=refresh-me" {
		t.Error(got)
	}
}

// keyPEM makes a key once for all tests.
var keyPEM = sync.OnceValues(func() (*rsa.PrivateKey, string) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return key, string(pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)}))
})

func TestJWTBearer(t *testing.T) {
	key, text := keyPEM()
	pkcs8, _ := x509.MarshalPKCS8PrivateKey(key)
	file := filepath.Join(t.TempDir(), "key.pem")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, s := range map[string]connectors.Settings{
		"PKCS 1":   {"private_key": value.Text(text)},
		"PKCS 8":   {"private_key": value.Text(string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: pkcs8})))},
		"one line": {"private_key": value.Text(strings.ReplaceAll(text, "\n", `\n`))},
		"file":     {"private_key_file": value.Text(file)},
	} {
		t.Run(name, func(t *testing.T) {
			o := newOrg(t, func(w http.ResponseWriter, r *http.Request) { answer(w, 200, `{"sobjects":[]}`) })
			s["username"], s["audience"] = value.Text("me@example.com"), value.Text("https://test.salesforce.com")
			c := o.open(t, s)
			if _, err := c.Objects(t.Context()); err != nil {
				t.Fatal(err)
			}
			form, _ := url.ParseQuery(o.sent(tokenPath)[0].body)
			if form.Get("grant_type") != jwtGrant || form.Get("client_secret") != "" {
				t.Error(form)
			}
			parts := strings.Split(form.Get("assertion"), ".")
			if len(parts) != 3 {
				t.Fatal("no JWT")
			}
			signature, _ := base64.RawURLEncoding.DecodeString(parts[2])
			sum := sha256.Sum256([]byte(parts[0] + "." + parts[1]))
			if err := rsa.VerifyPKCS1v15(&key.PublicKey, crypto.SHA256, sum[:], signature); err != nil {
				t.Error(err)
			}
			var claims map[string]any
			raw, _ := base64.RawURLEncoding.DecodeString(parts[1])
			_ = json.Unmarshal(raw, &claims)
			if got := fmt.Sprint(claims["iss"], claims["sub"], claims["aud"], int64(claims["exp"].(float64))-o.now().Unix()); got != "the-clientme@example.comhttps://test.salesforce.com120" {
				t.Error(got)
			}
		})
	}
}

func TestAudience(t *testing.T) {
	for address, want := range map[string]string{
		"https://acme.my.salesforce.com": loginAudience, "https://acme--uat.sandbox.my.salesforce.com": sandboxAudience,
		"https://test.salesforce.com": sandboxAudience, "https://login.salesforce.com": loginAudience, ":": loginAudience,
	} {
		if got := audienceOf(address); got != want {
			t.Errorf("%s: %s", address, got)
		}
	}
}

func TestSettingsThatAreWrong(t *testing.T) {
	_, text := keyPEM()
	ok := connectors.Settings{"url": value.Text("https://acme.my.salesforce.com"), "client_id": value.Text("x"), "client_secret": value.Text("yyyyy")}
	for want, change := range map[string]connectors.Settings{
		"client_id: it is missing":                {"client_id": value.Null},
		"nothing to log in with":                  {"client_secret": value.Null},
		"url: it is empty":                        {"url": value.Null},
		"in the clear":                            {"url": value.Text("http://acme.my.salesforce.com")},
		"username: it is missing":                 {"private_key": value.Text(text)},
		"not a key in PEM form":                   {"private_key": value.Text("SECRETKEY"), "username": value.Text("u")},
		"passphrase":                              {"private_key": value.Text("-----BEGIN ENCRYPTED PRIVATE KEY-----\nQUJD\n-----END ENCRYPTED PRIVATE KEY-----\n"), "username": value.Text("u")},
		"is it whole":                             {"private_key": value.Text("-----BEGIN PRIVATE KEY-----\nQUJD\n-----END PRIVATE KEY-----\n"), "username": value.Text("u")},
		"certificate, not a private key":          {"private_key": value.Text("-----BEGIN CERTIFICATE-----\nQUJD\n-----END CERTIFICATE-----\n"), "username": value.Text("u")},
		"no such file":                            {"private_key_file": value.Text("nowhere.pem"), "username": value.Text("u")},
		"not both":                                {"private_key_file": value.Text("nowhere.pem"), "private_key": value.Text(text)},
		`api_version: "v60" is not a version`:     {"api_version": value.Text("v60")},
		"client_name:":                            {"client_name": value.Text("a b")},
		"reserve_percent: 100 is not":             {"reserve_percent": value.Int(100)},
		"leave user and password out of the addr": {"url": value.Text("https://u:p@acme.my.salesforce.com")},
	} {
		s := connectors.Settings{}
		for k, v := range ok {
			s[k] = v
		}
		for k, v := range change {
			s[k] = v
		}
		_, err := open(t.Context(), connectors.Config{Settings: s})
		e := wantClass(t, err, connectors.Permanent, want)
		if strings.Contains(e.Error(), "SECRETKEY") || strings.Contains(e.Error(), "QUJD") {
			t.Errorf("a key shows: %v", e)
		}
	}
}

func TestLoginErrors(t *testing.T) {
	for body, want := range map[string]string{
		`{"error":"invalid_grant","error_description":"no client credentials user enabled"}`:           "choose the user to run as",
		`{"error":"invalid_grant","error_description":"audience is invalid"}`:                          "set audience",
		`{"error":"invalid_grant","error_description":"user hasn't approved this consumer"}`:           "admin approved",
		`{"error":"invalid_client","error_description":"invalid client credentials"}`:                  "check client_secret",
		`{"error":"invalid_client_id","error_description":"client identifier invalid"}`:                "check client_id",
		`{"error":"invalid_grant","error_description":"request not supported on this domain"}`:         "organisation's own address",
		`{"error":"invalid_grant","error_description":"something new"}`:                                "login history",
		`<html><title>Log in</title></html>`:                                                           "Log in",
		`{"error":"invalid_grant","error_description":"bad ` + theSecret + `","client_secret":"hush"}`: "login refused",
	} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { answer(w, 400, body) }))
		c, err := open(t.Context(), connectors.Config{Settings: connectors.Settings{
			"url": value.Text(server.URL), "client_id": value.Text("x"), "client_secret": value.Text(theSecret)}})
		if err != nil {
			t.Fatal(err)
		}
		_, err = c.Objects(t.Context())
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", body, err)
		}
		e := connectors.AsError(err)
		if all := fmt.Sprintf("%+v %s", *e, e.Error()); strings.Contains(all, theSecret) || strings.Contains(all, "hush") {
			t.Errorf("a secret shows: %s", all)
		}
		if strings.HasPrefix(body, "{") && e.Class != connectors.Auth {
			t.Errorf("%s: class %s", body, e.Class)
		}
		server.Close()
	}
}

func TestExpiredIsToldFromRefused(t *testing.T) {
	for body, want := range map[string]bool{
		`[{"message":"Session expired or invalid","errorCode":"INVALID_SESSION_ID"}]`:                          true,
		`[{"message":"This session is not valid for use with the REST API","errorCode":"INVALID_SESSION_ID"}]`: false,
		`[{"message":"Connected app is not attached to Agent","errorCode":"INVALID_SESSION_ID"}]`:              false,
	} {
		if got := expired(&httpx.Answer{Status: 401, Body: []byte(body)}); got != want {
			t.Errorf("%s: %v", body, got)
		}
	}
	if expired(&httpx.Answer{Status: 403}) {
		t.Error("403 is no expiry")
	}
}
