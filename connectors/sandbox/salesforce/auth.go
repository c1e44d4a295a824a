package salesforce

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"

	"github.com/syncline/syncline/connectors/sandbox/world"
)

// The credentials of the sandbox. They open nothing else.
const (
	clientID     = "3MVG9sandbox.client.id"
	clientSecret = "sandbox-client-secret"
	password     = "sandbox-password"
	refreshToken = "5Aep861sandbox.refresh.token"
)

// sessions are the access tokens in use.
type sessions struct {
	mu    sync.Mutex
	calls map[string]int64 // by token, how often it was used
}

// open makes a token, which begins with the 15-character id of the org as real ones do.
func (s *sessions) open() string {
	var b [32]byte
	_, _ = rand.Read(b[:])
	token := world.OrgID[:15] + "!" + base64.RawURLEncoding.EncodeToString(b[:])
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.calls == nil {
		s.calls = map[string]int64{}
	}
	s.calls[token] = 0
	return token
}

// valid tells whether a request has a token that still holds, and counts its use.
func (s *sessions) valid(r *http.Request, most int64) bool {
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "Bearer") && !strings.EqualFold(scheme, "OAuth") {
		return false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	n, known := s.calls[token]
	if !known {
		return false
	}
	if most > 0 && n >= most {
		delete(s.calls, token)
		return false
	}
	s.calls[token] = n + 1
	return true
}

func (s *sessions) close(token string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.calls, token)
}

func (s *sessions) clear() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls = nil
}

func errSession() *apiError { return fail("INVALID_SESSION_ID", "Session expired or invalid") }

// oauthError answers in the shape of OAuth, which is an object.
func (s *System) oauthError(w http.ResponseWriter, code, description string) {
	s.send(w, &response{status: http.StatusBadRequest, body: toJSON(map[string]string{"error": code, "error_description": description})})
}

// token is the OAuth token endpoint.
func (s *System) token(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodPost {
		s.oauthError(w, "invalid_request", "must use HTTP POST for this request")
		return
	}
	if err := r.ParseForm(); err != nil {
		s.oauthError(w, "invalid_request", "the body is not a form")
		return
	}
	id, secret := r.Form.Get("client_id"), r.Form.Get("client_secret")
	if user, pass, ok := r.BasicAuth(); ok && id == "" {
		id, secret = user, pass
	}
	grant := r.Form.Get("grant_type")
	code, description := "", ""
	switch grant {
	case "urn:ietf:params:oauth:grant-type:jwt-bearer":
		code, description = s.checkJWT(r.Form.Get("assertion"))
	case "client_credentials", "password", "refresh_token":
		code, description = s.checkClient(grant, id, secret)
		if code == "" {
			code, description = s.checkGrant(r, grant)
		}
	case "":
		code, description = "invalid_request", "grant type is required"
	default:
		code, description = "unsupported_grant_type", "grant type not supported"
	}
	if code != "" {
		s.oauthError(w, code, description)
		return
	}
	s.send(w, ok(s.tokenAnswer(grant)))
}

// checkClient checks the app. A refresh may go without a secret.
func (s *System) checkClient(grant, id, secret string) (string, string) {
	switch {
	case id != clientID:
		return "invalid_client_id", "client identifier invalid"
	case secret != clientSecret && (grant != "refresh_token" || secret != ""):
		return "invalid_client", "invalid client credentials"
	}
	return "", ""
}

func (s *System) checkGrant(r *http.Request, grant string) (string, string) {
	switch grant {
	case "password":
		if r.Form.Get("username") != s.username() || r.Form.Get("password") != password {
			return "invalid_grant", "authentication failure - Invalid Password"
		}
	case "refresh_token":
		if r.Form.Get("refresh_token") != refreshToken {
			return "invalid_grant", "expired access/refresh token"
		}
	}
	return "", ""
}

// checkJWT checks the claims of an assertion. The signature is taken on trust: the sandbox has no certificate to check it by.
func (s *System) checkJWT(assertion string) (string, string) {
	parts := strings.Split(assertion, ".")
	if len(parts) != 3 {
		return "invalid_request", "assertion is not a JWT"
	}
	var head struct{ Alg string }
	var claims struct {
		Iss, Sub, Prn string
		Aud           any
		Exp           json.Number
	}
	for i, into := range []any{&head, &claims} {
		data, err := base64.RawURLEncoding.DecodeString(parts[i])
		if err != nil || json.Unmarshal(data, into) != nil {
			return "invalid_grant", "invalid assertion"
		}
	}
	if claims.Sub == "" {
		claims.Sub = claims.Prn
	}
	exp, _ := claims.Exp.Float64()
	now := float64(s.options.Now().Unix())
	switch {
	case head.Alg != "RS256" || parts[2] == "":
		return "invalid_grant", "invalid assertion"
	case claims.Iss != clientID:
		return "invalid_client_id", "client identifier invalid"
	case claims.Sub != s.username():
		return "invalid_grant", "user hasn't approved this consumer"
	case !s.audience(claims.Aud):
		return "invalid_grant", "audience is invalid"
	case exp <= now || exp > now+330:
		return "invalid_grant", "assertion expired"
	}
	return "", ""
}

func (s *System) audience(aud any) bool {
	if list, isList := aud.([]any); isList && len(list) == 1 {
		aud = list[0]
	}
	switch aud {
	case "https://login.salesforce.com", "https://test.salesforce.com", s.options.URL:
		return true
	}
	return false
}

func (s *System) tokenAnswer(grant string) map[string]string {
	id := s.identityURL()
	issued := strconv.FormatInt(s.options.Now().UnixMilli(), 10)
	mac := hmac.New(sha256.New, []byte(clientSecret))
	mac.Write([]byte(id + issued))
	out := map[string]string{"access_token": s.sessions.open(), "instance_url": s.options.URL, "id": id, "token_type": "Bearer",
		"issued_at": issued, "signature": base64.StdEncoding.EncodeToString(mac.Sum(nil)), "scope": "api refresh_token"}
	if grant == "urn:ietf:params:oauth:grant-type:jwt-bearer" {
		delete(out, "issued_at")
		delete(out, "signature")
	}
	if grant == "password" {
		out["refresh_token"] = refreshToken
	}
	return out
}

func (s *System) identityURL() string {
	return s.options.URL + "/id/" + world.OrgID + "/" + s.user().SalesforceID
}

func (s *System) revoke(w http.ResponseWriter, r *http.Request) {
	_ = r.ParseForm()
	s.sessions.close(r.Form.Get("token"))
	w.WriteHeader(http.StatusOK)
}

func (s *System) userinfo(w http.ResponseWriter, r *http.Request) {
	if !s.sessions.valid(r, 0) {
		s.send(w, &response{status: http.StatusForbidden, body: []byte(`"Bad_OAuth_Token"`)})
		return
	}
	u := s.user()
	s.send(w, ok(map[string]any{"sub": s.identityURL(), "user_id": u.SalesforceID, "organization_id": world.OrgID, "preferred_username": u.SalesforceUN,
		"name": u.Name(), "email": u.Email, "email_verified": true, "given_name": u.First, "family_name": u.Last, "zoneinfo": "GMT", "active": true,
		"user_type": "STANDARD", "urls": s.identityURLs()}))
}

func (s *System) identityURLs() map[string]string {
	base := s.options.URL + "/services/data/v{version}/"
	return map[string]string{"rest": base, "sobjects": base + "sobjects/", "query": base + "query/", "search": base + "search/", "recent": base + "recent/",
		"profile": s.options.URL + "/" + s.user().SalesforceID, "enterprise": s.options.URL + "/services/Soap/c/{version}/" + world.OrgID[:15],
		"partner": s.options.URL + "/services/Soap/u/{version}/" + world.OrgID[:15]}
}

func (s *System) identity(w http.ResponseWriter, r *http.Request) {
	if !s.sessions.valid(r, 0) {
		s.send(w, &response{status: http.StatusForbidden, body: []byte(`"Bad_OAuth_Token"`)})
		return
	}
	u := s.user()
	s.send(w, ok(map[string]any{"id": s.identityURL(), "asserted_user": true, "user_id": u.SalesforceID, "organization_id": world.OrgID, "username": u.SalesforceUN,
		"display_name": u.Name(), "email": u.Email, "first_name": u.First, "last_name": u.Last, "active": true, "user_type": "STANDARD", "language": "en_US",
		"locale": "en_US", "utcOffset": 0, "urls": s.identityURLs()}))
}

// soapLogin serves the old login call, which clients with user name and password still use.
func (s *System) soapLogin(w http.ResponseWriter, r *http.Request) {
	data, _ := io.ReadAll(r.Body)
	var env struct {
		Login *struct {
			Username string `xml:"username"`
			Password string `xml:"password"`
		} `xml:"Body>login"`
		Logout *struct{} `xml:"Body>logout"`
	}
	err := xml.Unmarshal(data, &env)
	w.Header().Set("Content-Type", "text/xml;charset=UTF-8")
	const open = `<?xml version="1.0" encoding="UTF-8"?><soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/" xmlns="urn:partner.soap.sforce.com" xmlns:sf="urn:fault.partner.soap.sforce.com" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"><soapenv:Body>`
	const shut = `</soapenv:Body></soapenv:Envelope>`
	switch {
	case err == nil && env.Logout != nil:
		s.sessions.clear()
		fmt.Fprint(w, open+`<logoutResponse/>`+shut)
	case err != nil || env.Login == nil || env.Login.Username != s.username() || env.Login.Password != password:
		w.WriteHeader(http.StatusInternalServerError)
		fmt.Fprint(w, open+`<soapenv:Fault><faultcode>sf:INVALID_LOGIN</faultcode><faultstring>INVALID_LOGIN: Invalid username, password, security token; or user locked out.</faultstring></soapenv:Fault>`+shut)
	default:
		u := s.user()
		version := strings.Split(strings.TrimPrefix(r.URL.Path, "/services/Soap/u/"), "/")[0]
		var name strings.Builder
		_ = xml.EscapeText(&name, []byte(u.Name()))
		fmt.Fprintf(w, open+`<loginResponse><result><passwordExpired>false</passwordExpired><sandbox>true</sandbox><serverUrl>%[1]s/services/Soap/u/%[2]s/%[3]s</serverUrl><sessionId>%[4]s</sessionId><userId>%[5]s</userId><userInfo><organizationId>%[6]s</organizationId><userFullName>%[7]s</userFullName><userId>%[5]s</userId><userName>%[8]s</userName><sessionSecondsValid>7200</sessionSecondsValid></userInfo></result></loginResponse>`+shut,
			s.options.URL, hexSafe(version), world.OrgID[:15], s.sessions.open(), u.SalesforceID, world.OrgID, name.String(), u.SalesforceUN)
	}
}

// hexSafe keeps what came from a path out of XML unless it is a version.
func hexSafe(version string) string {
	if versionNumber("v"+version) == 0 {
		return hex.EncodeToString([]byte(version))
	}
	return version
}
