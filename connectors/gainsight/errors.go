package gainsight

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/syncline/syncline/connectors"
	"github.com/syncline/syncline/connectors/internal/httpx"
)

// Codes that Gainsight answers with and that the connector acts on.
const (
	codeNoMatch     = "GSOBJ_1011"
	codePicklist    = "GSOBJ_1012"
	codeAuth        = "GS_APIG_2401"
	codeAddress     = "GS_APIG_2402"
	codeTooMany     = "GU_2400"
	codeTooMany2    = "GU_2429"
	codeNoObject    = "OBJECT_NOT_FOUND"
	codeBadSelect   = "COCKPIT_5101"
	codeUnspecified = "result_false"
)

// verdict is what a code means.
type verdict struct {
	class connectors.Class
	hint  string
}

// verdicts holds the codes that are about one record unless they say otherwise.
var verdicts = map[string]verdict{
	"GSOBJ_1001":    {connectors.Reject, "the text is longer than the field; shorten it in the mapping with truncate()"},
	"GSOBJ_1002":    {connectors.Reject, "check the field's name and type in Gainsight's data management"},
	"GSOBJ_1003":    {connectors.Retry, "Gainsight could not delete the record now"},
	"GSOBJ_1004":    {connectors.Gone, "the Gsid is missing or not one of this tenant"},
	"GSOBJ_1005":    {connectors.Reject, "the field takes a date and time"},
	"GSOBJ_1006":    {connectors.Reject, "the field takes a date"},
	"GSOBJ_1007":    {connectors.Reject, "the field may not be empty; give a value or a coalesce()"},
	"GSOBJ_1008":    {connectors.Reject, "the value's type does not fit the field"},
	codeNoMatch:     {connectors.Gone, "the record has been deleted or merged"},
	codePicklist:    {connectors.Reject, "add the value to the picklist in Gainsight, or map it to one that is active"},
	"GSOBJ_1023":    {connectors.Permanent, "Gainsight does not know this call: check the url, and that the object exists"},
	"GSOBJ_1024":    {connectors.Auth, "the tenant does not accept these credentials' form: use either access_key or client_id and client_secret"},
	codeAuth:        {connectors.Auth, "check access_key (Administration > Connectors 2.0 > Gainsight API), and that the url is of the same tenant"},
	codeAddress:     {connectors.Auth, "this machine's address is not on the tenant's allow list (Administration > Security)"},
	codeTooMany:     {connectors.Limit, "the tenant's call limit is used up; lower requests_per_minute, or ask Gainsight for more"},
	codeTooMany2:    {connectors.Limit, "the tenant's call limit is used up"},
	codeNoObject:    {connectors.Permanent, "the tenant has no such object, or this key may not see it"},
	codeBadSelect:   {connectors.Permanent, "a field is not known to the Cockpit API"},
	"GS_TL_10_0207": {connectors.Reject, "an activity with this ExternalId exists already"},
}

// classify is httpx's hook: the error of an answer whose status is no success.
func classify(a *httpx.Answer, safe bool) *connectors.Error {
	env, err := readEnvelope(a.Body)
	if err != nil || env.ErrorCode == "" && env.describe() == "" {
		return nil
	}
	e := env.failure()
	if _, known := verdicts[env.ErrorCode]; known {
		return e
	}
	switch {
	case a.Status == 401:
		e.Class, e.Hint = connectors.Auth, verdicts[codeAuth].hint
	case a.Status == 403:
		e.Class, e.Hint = connectors.Permanent, "the user behind the credentials may not do this"
	case a.Status == 404:
		e.Class, e.Hint = connectors.Permanent, verdicts["GSOBJ_1023"].hint
	case a.Status == 429:
		e.Class = connectors.Limit
	case a.Status == 503:
		e.Class = connectors.Retry
	case a.Status >= 500 && safe:
		e.Class = connectors.Retry
	case a.Status >= 500:
		e.Class = connectors.InDoubt
	}
	return e
}

// failure is the error that an envelope with result false tells of.
func (env *envelope) failure() *connectors.Error {
	e := &connectors.Error{Class: connectors.Reject, Code: env.ErrorCode, Message: env.describe()}
	if e.Message == "" {
		e.Message = "Gainsight answered result: false without a reason"
	}
	if e.Code == "" {
		e.Code = codeUnspecified
	}
	if v, ok := verdicts[env.ErrorCode]; ok {
		e.Class, e.Hint = v.class, v.hint
	} else if strings.HasPrefix(env.ErrorCode, "GSOBJ_V") || strings.HasPrefix(env.ErrorCode, "GSOBJ_PEOPLE") {
		e.Class = connectors.Reject
	}
	return e
}

// envelope is what all answers have around their data.
type envelope struct {
	Result        *bool           `json:"result"`
	ErrorCode     string          `json:"errorCode"`
	ErrorDesc     string          `json:"errorDesc"`
	LocalizedDesc string          `json:"localizedErrorDesc"`
	Title         string          `json:"title"`
	Message       json.RawMessage `json:"message"`
	RequestID     string          `json:"requestId"`
	Data          json.RawMessage `json:"data"`
}

func readEnvelope(body []byte) (*envelope, error) {
	var env envelope
	if err := json.Unmarshal(body, &env); err != nil {
		return nil, err
	}
	if env.ErrorCode == "" && env.Title == codeNoObject {
		env.ErrorCode = codeNoObject
	}
	return &env, nil
}

// failed tells whether the envelope says so: a missing result is a success.
func (env *envelope) failed() bool { return env.Result != nil && !*env.Result }

// describe is the reason in the system's words.
func (env *envelope) describe() string {
	for _, s := range []string{env.ErrorDesc, env.LocalizedDesc, text(env.Message), env.Title} {
		if s != "" {
			return s
		}
	}
	return ""
}

// text is the JSON string in raw, "" when it is something else.
func text(raw json.RawMessage) string {
	var s string
	_ = json.Unmarshal(raw, &s)
	return s
}

// noData tells whether a failure only says that nothing was found.
func noData(e *connectors.Error) bool {
	return e.Code == codeNoMatch || strings.HasPrefix(strings.ToLower(e.Message), "no data found")
}

// missingObject tells whether a failure says that the tenant has no such object.
func missingObject(e *connectors.Error) bool {
	return e.Code == codeNoObject || strings.Contains(strings.ToLower(e.Message), "requested object not found")
}

func settingError(setting, format string, args ...any) *connectors.Error {
	return &connectors.Error{Class: connectors.Permanent, Message: "setting " + setting + ": " + fmt.Sprintf(format, args...)}
}

func permanent(hint, format string, args ...any) *connectors.Error {
	return &connectors.Error{Class: connectors.Permanent, Message: fmt.Sprintf(format, args...), Hint: hint}
}

func reject(code, field, hint, format string, args ...any) *connectors.Error {
	e := &connectors.Error{Class: connectors.Reject, Code: code, Message: fmt.Sprintf(format, args...), Hint: hint}
	if field != "" {
		e.Fields = []string{field}
	}
	return e
}

// isPermanent tells whether the same call can never succeed.
func isPermanent(err error) bool {
	switch connectors.AsError(err).Class {
	case connectors.Permanent, connectors.Reject, connectors.Gone:
		return true
	}
	return false
}
