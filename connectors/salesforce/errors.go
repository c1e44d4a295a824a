package salesforce

import (
	"encoding/json"
	"net/http"
	"strings"
	"time"

	"github.com/syncline/syncline/connectors"
	"github.com/syncline/syncline/connectors/internal/httpx"
)

// apiError is one error of the API. Calls name the code errorCode, results of collections statusCode.
type apiError struct {
	Message    string   `json:"message"`
	ErrorCode  string   `json:"errorCode"`
	StatusCode string   `json:"statusCode"`
	Fields     []string `json:"fields"`
}

func (e apiError) code() string {
	if e.ErrorCode != "" {
		return e.ErrorCode
	}
	return e.StatusCode
}

// parseErrors reads an error body: a list of errors, or one.
func parseErrors(body []byte) []apiError {
	var list []apiError
	if json.Unmarshal(body, &list) == nil {
		return list
	}
	var one apiError
	if json.Unmarshal(body, &one) == nil && one.code() != "" {
		return []apiError{one}
	}
	return nil
}

// classify makes the error of a call that failed as a whole.
func classify(a *httpx.Answer, safe bool) *connectors.Error {
	if a.Status == http.StatusMultipleChoices {
		return ambiguousKey(a.Body)
	}
	list := parseErrors(a.Body)
	if len(list) == 0 {
		switch a.Status {
		case http.StatusRequestURITooLong, http.StatusRequestHeaderFieldsTooLarge:
			return &connectors.Error{Class: connectors.Permanent, Code: "uri_too_long", Message: "the query is longer than Salesforce takes",
				Hint: "map fewer fields of this object in one rule"}
		case http.StatusRequestEntityTooLarge:
			// A write of several records is split on this, until one alone is too large.
			return &connectors.Error{Class: connectors.Reject, Code: "http_413", Message: "the record is larger than Salesforce takes in one call",
				Hint: "shorten its long texts"}
		case 420:
			return &connectors.Error{Class: connectors.Permanent, Code: "http_420", Message: "the organisation cannot be reached any more",
				Hint: "a scratch organisation that has expired answers so"}
		}
		return nil
	}
	e := toError(list[0])
	switch {
	case a.Status == http.StatusUnauthorized:
		e.Class = connectors.Auth
	case a.Status == http.StatusNotFound:
		// A record that is not there shows in the result of its own; here it is the address that is wrong.
		e.Class, e.Hint = connectors.Permanent, "the organisation may lack this version of the API, or the user may not see the object or key field; see syncline check"
	case a.Status >= 500 && a.Status != http.StatusServiceUnavailable && !safe:
		// Whatever the code, something broke in the middle of the call: it may have written.
		e.Class = connectors.InDoubt
	case a.Status >= 500 && !knownCode(e.Code):
		e.Class = connectors.Retry
	}
	return e
}

// ambiguousKey is the error of a key that several records share; the answer lists their paths.
func ambiguousKey(body []byte) *connectors.Error {
	var paths []string
	_ = json.Unmarshal(body, &paths)
	ids := make([]string, 0, len(paths))
	for _, p := range paths {
		ids = append(ids, p[strings.LastIndexByte(p, '/')+1:])
	}
	return toError(apiError{ErrorCode: "DUPLICATE_EXTERNAL_ID", Message: "more than one record has this key: " + strings.Join(ids, ", ")})
}

// toError maps one error to its class.
func toError(e apiError) *connectors.Error {
	out := &connectors.Error{Class: connectors.Permanent, Code: e.code(), Message: strings.TrimSpace(e.Message), Fields: e.Fields}
	if k, ok := codes[out.Code]; ok {
		out.Class, out.Hint, out.RetryAfter = k.class, k.hint, k.wait
	} else if out.Code == "" {
		out.Class = connectors.Reject
	}
	refine(out)
	return out
}

func knownCode(code string) bool { _, ok := codes[code]; return ok }

// refine tells apart what shares a code.
func refine(e *connectors.Error) {
	text := e.Message
	switch e.Code {
	case "REQUEST_LIMIT_EXCEEDED":
		if strings.Contains(text, "Concurrent") {
			e.Class, e.RetryAfter = connectors.Retry, 5*time.Second
			e.Hint = "too many calls take long at once; lower limits { concurrent } of the connection"
		}
	case "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY", "CANNOT_EXECUTE_FLOW_TRIGGER", "FIELD_CUSTOM_VALIDATION_EXCEPTION":
		// An automation that meets a lock reports it inside its own error.
		if strings.Contains(text, "UNABLE_TO_LOCK_ROW") {
			e.Class = connectors.Retry
		}
	case "INVALID_CROSS_REFERENCE_KEY":
		// Without a field it is the record itself that is not there.
		if len(e.Fields) == 0 && !strings.Contains(strings.ToLower(text), "record type") {
			e.Class, e.Hint = connectors.Gone, ""
		}
	case "INVALID_FIELD":
		if strings.HasPrefix(text, "Foreign key external ID") {
			e.Class, e.Hint = connectors.Reject, "the record that the key refers to does not exist"
		}
		if strings.Contains(text, "on entity 'Name'") {
			e.Hint = "through a reference to several objects only what all names share can be read, such as Name, Email, Phone and Title"
		}
	case "INVALID_OPERATION_WITH_EXPIRED_PASSWORD":
		e.Class = connectors.Auth
	}
}

// classifyLogin makes the error of a refused login.
func classifyLogin(a *httpx.Answer, _ bool) *connectors.Error {
	var o struct {
		Error       string `json:"error"`
		Description string `json:"error_description"`
	}
	if json.Unmarshal(a.Body, &o) != nil || o.Error == "" {
		if a.Status == http.StatusNotFound {
			return &connectors.Error{Class: connectors.Auth, Code: "http_404", Message: "there is no login at this address",
				Hint: "url must be the organisation's own address, https://NAME.my.salesforce.com"}
		}
		return nil
	}
	e := &connectors.Error{Class: connectors.Auth, Code: o.Error, Message: "login refused: " + o.Description, Hint: loginHint(o.Error, o.Description)}
	if o.Description == "" {
		e.Message = "login refused"
	}
	if a.Status >= 500 || o.Error == "server_error" || o.Error == "temporarily_unavailable" {
		e.Class = connectors.Retry
	}
	if o.Error == "rate_limit_exceeded" || strings.Contains(o.Description, "login rate exceeded") {
		e.Class, e.RetryAfter = connectors.Limit, time.Hour
	}
	return e
}

// loginHint says what to mend. The same error stands for many causes, which the description tells apart.
func loginHint(code, description string) string {
	text := strings.ToLower(description)
	for _, h := range loginHints {
		if h.code != "" && h.code != code || !strings.Contains(text, h.text) {
			continue
		}
		return h.hint
	}
	return ""
}

var loginHints = []struct{ code, text, hint string }{
	{"", "no client credentials user enabled", "open the app's policies in Setup, enable the client credentials flow and choose the user to run as"},
	{"", "request not supported on this domain", "url must be the organisation's own address, https://NAME.my.salesforce.com, not login.salesforce.com"},
	{"", "hasn't approved this consumer", "in the app's policies set Permitted Users to admin approved, and give the user's profile or permission set the app"},
	{"", "audience is invalid", `set audience to "https://login.salesforce.com", or to "https://test.salesforce.com" for a sandbox`},
	{"", "invalid assertion", "the app's certificate and private_key must be a pair, and this machine's clock right"},
	{"", "expired authorization code", "check this machine's clock: the assertion was out of date when it arrived"},
	{"", "expired access/refresh token", "the refresh token was revoked or has expired; have the user approve the app again"},
	{"", "inactive user", "the user of the connection is inactive"},
	{"", "ip restricted", "the app or the user's profile allows other IP addresses only"},
	{"", "invalid password", "check the credentials of the connection"},
	{"invalid_client_id", "", "check client_id; a new app takes some minutes to become known"},
	{"invalid_client", "", "check client_secret"},
	{"unsupported_grant_type", "", "enable this OAuth flow in the app's settings"},
	{"invalid_grant", "", "check the credentials and the user of the connection; the organisation's login history tells more"},
}
