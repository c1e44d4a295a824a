package gainsight

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"time"

	"github.com/syncline/syncline/connectors"
	"github.com/syncline/syncline/connectors/internal/httpx"
)

// clientCredentials gets access tokens for a machine-to-machine OAuth client.
type clientCredentials struct {
	login      *httpx.Client
	id, secret string
	now        func() time.Time
}

// Grant implements httpx.Auth.
func (a *clientCredentials) Grant(ctx context.Context) (httpx.Grant, error) {
	basic := base64.StdEncoding.EncodeToString([]byte(a.id + ":" + a.secret))
	answer, err := a.login.Do(ctx, httpx.Request{
		Method: http.MethodPost, Path: "/v1/users/m2m/oauth/token", Safe: true, Uncounted: true,
		Header: http.Header{"Authorization": {"Basic " + basic}},
		Form:   url.Values{"grant_type": {"client_credentials"}},
	})
	if err != nil {
		e := connectors.AsError(err)
		if e.Code == "http_400" || e.Class == connectors.Auth || e.Class == connectors.Reject {
			e.Class, e.Hint = connectors.Auth, "check client_id and client_secret, and that the client is active"
		}
		return httpx.Grant{}, e
	}
	var token struct {
		AccessToken string  `json:"access_token"`
		TokenType   string  `json:"token_type"`
		ExpiresIn   float64 `json:"expires_in"`
	}
	body := answer.Body
	if env, err := readEnvelope(body); err == nil && len(env.Data) > 0 && env.Data[0] == '{' {
		body = env.Data // some gateways wrap the token like everything else
	}
	if err := json.Unmarshal(body, &token); err != nil {
		return httpx.Grant{}, a.login.Unreadable(answer, true, err)
	}
	if token.AccessToken == "" {
		e := &connectors.Error{Class: connectors.Auth, Message: "the token service answered without an access token"}
		if env, err := readEnvelope(answer.Body); err == nil && env.describe() != "" {
			e.Code, e.Message = env.ErrorCode, env.describe()
		}
		e.Hint = "check client_id and client_secret, and that the client is active"
		return httpx.Grant{}, e
	}
	g := httpx.Grant{Header: http.Header{"Authorization": {"Bearer " + token.AccessToken}}, Secrets: []string{token.AccessToken, basic}}
	if token.ExpiresIn > 0 {
		g.Expires = a.now().Add(time.Duration(token.ExpiresIn) * time.Second)
	}
	return g, nil
}

// expired tells whether an answer says that the credentials are not taken any more. Some gateways say so
// with another status than 401.
func expired(a *httpx.Answer) bool {
	return a.Status == http.StatusUnauthorized || len(a.Body) < 4<<10 && bytes.Contains(a.Body, []byte(`"`+codeAuth+`"`))
}
