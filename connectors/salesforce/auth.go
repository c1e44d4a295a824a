package salesforce

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"github.com/syncline/syncline/connectors"
	"github.com/syncline/syncline/connectors/internal/httpx"
)

const (
	tokenPath = "/services/oauth2/token"
	jwtGrant  = "urn:ietf:params:oauth:grant-type:jwt-bearer"
)

// credentials chooses the way to log in by the settings that are given.
func (c *conn) credentials(s connectors.Settings) (httpx.Auth, []string, error) {
	id, secret, refresh := s.Text("client_id"), s.Text("client_secret"), s.Text("refresh_token")
	sum := sha256.Sum256([]byte(id + "\n" + s.Text("username") + "\n" + refresh))
	c.user = hex.EncodeToString(sum[:4])
	if token := s.Text("access_token"); token != "" {
		return httpx.Key("Authorization", "Bearer "+token), []string{token}, nil
	}
	if id == "" {
		return nil, nil, setting("client_id", "it is missing; give the consumer key of the app that Syncline logs in as")
	}
	key, err := privateKeyText(s, c.cfg.Dir)
	if err != nil {
		return nil, nil, err
	}
	secrets := []string{secret, refresh, key}
	switch {
	case key != "":
		signer, err := newSigner(s, key, c.now)
		if err != nil {
			return nil, nil, err
		}
		return c.grants(func() (url.Values, error) {
			assertion, err := signer.assertion()
			return url.Values{"grant_type": {jwtGrant}, "assertion": {assertion}}, err
		}), secrets, nil
	case refresh != "":
		form := url.Values{"grant_type": {"refresh_token"}, "refresh_token": {refresh}, "client_id": {id}}
		if secret != "" {
			form.Set("client_secret", secret)
		}
		return c.grants(func() (url.Values, error) { return form, nil }), secrets, nil
	case secret != "":
		form := url.Values{"grant_type": {"client_credentials"}, "client_id": {id}, "client_secret": {secret}}
		return c.grants(func() (url.Values, error) { return form, nil }), secrets, nil
	}
	return nil, nil, setting("client_secret", "there is nothing to log in with; give client_secret, or username and private_key, or refresh_token")
}

func privateKeyText(s connectors.Settings, dir string) (string, error) {
	key, file := s.Text("private_key"), s.Text("private_key_file")
	if file == "" {
		return key, nil
	}
	if key != "" {
		return "", setting("private_key_file", "give either private_key or private_key_file, not both")
	}
	if !filepath.IsAbs(file) {
		file = filepath.Join(dir, file)
	}
	data, err := os.ReadFile(file)
	if err != nil {
		return "", setting("private_key_file", "%v", err)
	}
	return string(data), nil
}

// token is the answer of the token endpoint. It never says when the token expires.
type token struct {
	AccessToken string `json:"access_token"`
	InstanceURL string `json:"instance_url"`
	TokenType   string `json:"token_type"`
}

// grants gets tokens with the form that request makes.
func (c *conn) grants(request func() (url.Values, error)) httpx.Auth {
	return httpx.AuthFunc(func(ctx context.Context) (httpx.Grant, error) {
		form, err := request()
		if err != nil {
			return httpx.Grant{}, err
		}
		var t token
		// Asking for a token twice does no harm.
		a, err := c.login.JSON(ctx, httpx.Request{Method: http.MethodPost, Path: tokenPath, Form: form, Safe: true, Uncounted: true}, &t)
		if err != nil {
			return httpx.Grant{}, err
		}
		if t.AccessToken == "" {
			return httpx.Grant{}, &connectors.Error{Class: connectors.Auth, Message: "the login answered without an access token", Request: a.Sent()}
		}
		if c.cfg.Log != nil {
			c.cfg.Log.DebugContext(ctx, "logged in", "instance", t.InstanceURL)
		}
		return httpx.Grant{
			Header:  http.Header{"Authorization": {"Bearer " + t.AccessToken}},
			BaseURL: t.InstanceURL,
			Secrets: []string{t.AccessToken},
		}, nil
	})
}

// expired tells whether a 401 is the end of a session, which a new login mends.
func expired(a *httpx.Answer) bool {
	if a.Status != http.StatusUnauthorized {
		return false
	}
	body := string(a.Body[:min(len(a.Body), 4096)])
	return !strings.Contains(body, "not valid for use with the REST API") && !strings.Contains(body, "not attached to Agent")
}
