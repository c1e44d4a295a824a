package salesforce

import (
	"encoding/json"
	"fmt"
	"net/http"
)

// apiError is a failure as the API reports it, of a request or of one record.
type apiError struct {
	code, message string
	fields        []string
	status        int // 0: by code
}

func fail(code, message string, fields ...string) *apiError {
	return &apiError{code: code, message: message, fields: fields}
}

func (e *apiError) Error() string { return e.code + ": " + e.message }

// statuses are the HTTP statuses of codes that are not 400.
var statuses = map[string]int{
	"INVALID_SESSION_ID": http.StatusUnauthorized, "REQUEST_LIMIT_EXCEEDED": http.StatusForbidden, "API_DISABLED_FOR_ORG": http.StatusForbidden,
	"INSUFFICIENT_ACCESS_OR_READONLY": http.StatusBadRequest, "NOT_FOUND": http.StatusNotFound, "ENTITY_IS_DELETED": http.StatusNotFound,
	"METHOD_NOT_ALLOWED": http.StatusMethodNotAllowed, "UNKNOWN_EXCEPTION": http.StatusInternalServerError, "SERVER_UNAVAILABLE": http.StatusServiceUnavailable,
	"UNSUPPORTED_MEDIA_TYPE": http.StatusUnsupportedMediaType,
}

func (e *apiError) httpStatus() int {
	if e.status != 0 {
		return e.status
	}
	if s := statuses[e.code]; s != 0 {
		return s
	}
	return http.StatusBadRequest
}

// body is the answer to a request that failed.
func (e *apiError) body() []byte {
	type entry struct {
		Message   string   `json:"message"`
		ErrorCode string   `json:"errorCode"`
		Fields    []string `json:"fields,omitempty"`
	}
	data, _ := json.Marshal([]entry{{e.message, e.code, e.fields}})
	return data
}

// recordErrors is the list of errors in the result of one record, where the code goes by another name.
func (e *apiError) recordErrors() []recordError {
	fields := e.fields
	if fields == nil {
		fields = []string{}
	}
	return []recordError{{e.code, e.message, fields}}
}

type recordError struct {
	StatusCode string   `json:"statusCode"`
	Message    string   `json:"message"`
	Fields     []string `json:"fields"`
}

func errNotFound() *apiError { return fail("NOT_FOUND", "The requested resource does not exist") }

func errDeleted() *apiError {
	return &apiError{code: "ENTITY_IS_DELETED", message: "entity is deleted", fields: []string{}}
}

func errExternalID(text string) *apiError {
	return fail("NOT_FOUND", "Provided external ID field does not exist or is not accessible: "+text)
}

func errNoColumn(name, object string) *apiError {
	return fail("INVALID_FIELD", fmt.Sprintf("No such column '%s' on sobject of type %s", name, object))
}

func errMethod(method string) *apiError {
	return fail("METHOD_NOT_ALLOWED", "HTTP Method '"+method+"' not allowed. Allowed are other methods")
}

// errJSON is for values of a wrong type: the real parser stops at them, whatever else is in the request.
func errJSON(typ string, v any) *apiError {
	kind := "VALUE_STRING"
	switch v.(type) {
	case json.Number, float64:
		kind = "VALUE_NUMBER_FLOAT"
	case bool:
		kind = "VALUE_TRUE"
	case map[string]any:
		kind = "START_OBJECT"
	case []any:
		kind = "START_ARRAY"
	}
	text, _ := asText(v)
	return fail("JSON_PARSER_ERROR", fmt.Sprintf("Cannot deserialize instance of %s from %s value %s or request may be missing a required field at [line:1, column:1]", typ, kind, text))
}

func errParse(err error) *apiError { return fail("JSON_PARSER_ERROR", err.Error()) }
