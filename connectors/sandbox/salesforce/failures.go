package salesforce

import (
	"io"
	"net/http"
	"strings"

	"github.com/syncline/syncline/connectors/sandbox/harness"
)

// Fail answers in the failure that a fault tells of.
func (s *System) Fail(w http.ResponseWriter, r *http.Request, f harness.Fault) {
	if f.ExpireSession {
		s.sessions.clear()
		s.send(w, refused(errSession()))
		return
	}
	e := &apiError{code: f.ErrorCode, message: f.Message, status: f.Status}
	if e.code == "" {
		e.code = codeOf(f.Status)
	}
	if e.message == "" {
		e.message = messages[e.code]
	}
	if e.message == "" {
		e.message = "the sandbox was told to fail with " + e.code
	}
	if f.Status == 0 && strings.Contains(r.URL.Path, "/composite/sobjects") && recordLevel(e.code) {
		s.failRecords(w, r, e)
		return
	}
	s.send(w, refused(e))
}

// codeOf is the code that usually comes with a status.
func codeOf(status int) string {
	switch status {
	case http.StatusUnauthorized:
		return "INVALID_SESSION_ID"
	case http.StatusForbidden, http.StatusTooManyRequests:
		return "REQUEST_LIMIT_EXCEEDED"
	case http.StatusNotFound:
		return "NOT_FOUND"
	case http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return "SERVER_UNAVAILABLE"
	}
	return "UNKNOWN_EXCEPTION"
}

var messages = map[string]string{
	"INVALID_SESSION_ID":     "Session expired or invalid",
	"REQUEST_LIMIT_EXCEEDED": "TotalRequests Limit exceeded.",
	"NOT_FOUND":              "The requested resource does not exist",
	"SERVER_UNAVAILABLE":     "Server is unavailable, please try again",
	"UNABLE_TO_LOCK_ROW":     "unable to obtain exclusive access to this record",
	"UNKNOWN_EXCEPTION":      "An unexpected error occurred. Please include this ErrorId if you contact support: 1234567-89012 (-1234567890)",
}

// recordLevel tells whether a code is one of a record rather than of a request.
func recordLevel(code string) bool {
	switch code {
	case "INVALID_SESSION_ID", "REQUEST_LIMIT_EXCEEDED", "SERVER_UNAVAILABLE", "UNKNOWN_EXCEPTION", "NOT_FOUND", "JSON_PARSER_ERROR":
		return false
	}
	return true
}

// failRecords answers a collection with each of its records failed.
func (s *System) failRecords(w http.ResponseWriter, r *http.Request, e *apiError) {
	body, _ := io.ReadAll(r.Body)
	var list struct{ Records []any }
	if err := decode(body, &list); err != nil {
		list.Records = make([]any, len(strings.Split(r.URL.Query().Get("ids"), ",")))
	}
	out := make([]savedRecord, len(list.Records))
	for i := range out {
		out[i] = notSaved(e)
	}
	s.send(w, ok(out))
}
