package salesforce

import (
	"encoding/json"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
)

const (
	maxSubrequests = 25
	maxHeavy       = 5 // collections and queries among them
	maxGraphs      = 75
	maxNodes       = 500
)

// subrequest is one call inside a composite one.
type subrequest struct {
	Method      string            `json:"method"`
	URL         string            `json:"url"`
	ReferenceID string            `json:"referenceId"`
	Body        json.RawMessage   `json:"body"`
	RichInput   json.RawMessage   `json:"richInput"`
	HTTPHeaders map[string]string `json:"httpHeaders"`
}

// subresponse is its answer.
type subresponse struct {
	Body           json.RawMessage   `json:"body"`
	HTTPHeaders    map[string]string `json:"httpHeaders"`
	HTTPStatusCode int               `json:"httpStatusCode"`
	ReferenceID    string            `json:"referenceId"`
}

// composite answers what is under /composite.
func (s *System) composite(req *request) *response {
	if req.inner {
		if len(req.path) > 1 && req.path[1] == "sobjects" {
			return s.collections(req)
		}
		return refused(errNotFound())
	}
	if len(req.path) > 1 && req.path[1] == "sobjects" {
		return s.collections(req)
	}
	if req.method != http.MethodPost {
		return refused(errMethod(req.method))
	}
	switch {
	case len(req.path) == 1:
		return s.compositeCalls(req)
	case len(req.path) == 2 && req.path[1] == "batch":
		return s.batch(req)
	case len(req.path) == 2 && req.path[1] == "graph":
		return s.graphs(req)
	case len(req.path) == 3 && req.path[1] == "tree":
		return s.tree(req, req.path[2])
	}
	return refused(errNotFound())
}

func (s *System) compositeCalls(req *request) *response {
	var in struct {
		AllOrNone        bool         `json:"allOrNone"`
		CompositeRequest []subrequest `json:"compositeRequest"`
	}
	if err := decode(req.body, &in); err != nil {
		return refused(err)
	}
	if len(in.CompositeRequest) > maxSubrequests {
		return refused(fail("LIMIT_EXCEEDED", "The Composite Request is limited to 25 subrequests"))
	}
	heavy := 0
	for _, sub := range in.CompositeRequest {
		if strings.Contains(sub.URL, "/composite/sobjects") || strings.Contains(sub.URL, "/query") {
			heavy++
		}
	}
	if heavy > maxHeavy {
		return refused(fail("LIMIT_EXCEEDED", "The Composite Request is limited to 5 sObject Collections and query subrequests"))
	}
	answers, n, err := s.transaction(req, in.CompositeRequest, in.AllOrNone)
	if err != nil {
		return refused(err)
	}
	return ok(map[string]any{"compositeResponse": answers}).counting(n)
}

var referenceName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_]*$`)

// checkSubrequests refuses what makes the envelope bad.
func checkSubrequests(list []subrequest) *apiError {
	if len(list) == 0 {
		return fail("INVALID_INPUT", "compositeRequest: at least one subrequest is required")
	}
	seen := map[string]bool{}
	for _, sub := range list {
		switch {
		case sub.ReferenceID == "":
			return fail("REQUIRED_FIELD_MISSING", "A referenceId is required for every subrequest")
		case !referenceName.MatchString(sub.ReferenceID):
			return fail("INVALID_INPUT", "Provided referenceId '"+sub.ReferenceID+"' must start with a letter or a number, and it can contain only letters, numbers and underscores")
		case seen[sub.ReferenceID]:
			return fail("INVALID_INPUT", "Duplicate referenceId provided in the request: "+sub.ReferenceID)
		case !strings.HasPrefix(sub.URL, "/services/data/"):
			return fail("INVALID_INPUT", "Provided url must start with /services/data/: "+sub.URL)
		}
		switch sub.Method {
		case "POST", "PUT", "PATCH", "GET", "DELETE":
		default:
			return fail("INVALID_INPUT", "Invalid method: "+sub.Method)
		}
		for name := range sub.HTTPHeaders {
			if strings.EqualFold(name, "Accept") || strings.EqualFold(name, "Authorization") || strings.EqualFold(name, "Content-Type") {
				return fail("INVALID_INPUT", "The "+name+" header cannot be set in a subrequest")
			}
		}
		seen[sub.ReferenceID] = true
	}
	return nil
}

// transaction runs subrequests in order. With allOrNone one failure undoes all; without it, each stands alone.
func (s *System) transaction(req *request, list []subrequest, allOrNone bool) ([]subresponse, int, *apiError) {
	if err := checkSubrequests(list); err != nil {
		return nil, 0, err
	}
	whole := s.org.begin()
	refs := map[string]any{}
	out := make([]subresponse, len(list))
	count, culprit := 0, -1
	for i, sub := range list {
		mark := s.org.begin()
		res := s.call(req, sub, refs)
		if res.status >= 400 {
			s.org.rollback(mark)
		}
		count += res.records
		out[i] = answerOf(sub, res)
		if res.status >= 300 && res.status != http.StatusNotModified {
			if culprit = i; allOrNone {
				break
			}
			continue
		}
		var body any
		_ = decode(res.body, &body)
		refs[sub.ReferenceID] = body
	}
	if culprit >= 0 && allOrNone {
		s.org.rollback(whole)
		halted := fail("PROCESSING_HALTED", "The transaction was rolled back since another operation in the same transaction failed.")
		for i, sub := range list {
			if i != culprit {
				out[i] = answerOf(sub, refused(halted))
			}
		}
	}
	return out, count, nil
}

func answerOf(sub subrequest, res *response) subresponse {
	a := subresponse{Body: res.body, HTTPHeaders: res.header, HTTPStatusCode: res.status, ReferenceID: sub.ReferenceID}
	if a.Body == nil {
		a.Body = json.RawMessage("null")
	}
	if a.HTTPHeaders == nil {
		a.HTTPHeaders = map[string]string{}
	}
	return a
}

// call answers one subrequest.
func (s *System) call(req *request, sub subrequest, refs map[string]any) *response {
	target, err := expand(sub.URL, refs, url.PathEscape)
	if err != nil {
		return refused(err)
	}
	body, err := expand(string(sub.Body), refs, jsonInside)
	if err != nil {
		return refused(err)
	}
	path, query, _ := strings.Cut(strings.TrimPrefix(target, "/services/data/"), "?")
	values, bad := parameters(query)
	if bad != nil {
		return refused(fail("INVALID_INPUT", "The url of "+sub.ReferenceID+" is not well formed"))
	}
	header := http.Header{}
	for k, v := range sub.HTTPHeaders {
		header.Set(k, v)
	}
	in, err := newRequest(sub.Method, path, values, header, []byte(body))
	if err != nil {
		return refused(err)
	}
	in.ctx, in.by, in.inner = req.ctx, req.by, true
	return s.route(in)
}

// jsonInside escapes a text for a place inside a JSON string.
func jsonInside(text string) string {
	quoted := string(appendText(nil, text))
	return quoted[1 : len(quoted)-1]
}

var reference = regexp.MustCompile(`@\{([A-Za-z0-9_]+)((?:\.[A-Za-z0-9_]+|\[\d+\])*)\}`)
var referenceStep = regexp.MustCompile(`\.[A-Za-z0-9_]+|\[\d+\]`)

// expand puts what earlier answers hold in the place of references such as @{ref.id} or @{q.records[0].Id}. Names are case-sensitive.
func expand(text string, refs map[string]any, escape func(string) string) (string, *apiError) {
	if !strings.Contains(text, "@{") {
		return text, nil
	}
	var failed *apiError
	out := reference.ReplaceAllStringFunc(text, func(match string) string {
		parts := reference.FindStringSubmatch(match)
		v, known := refs[parts[1]]
		for _, step := range referenceStep.FindAllString(parts[2], -1) {
			if v, known = into(v, step); !known {
				break
			}
		}
		value, isText := asText(v)
		if (!known || !isText) && failed == nil {
			path := strings.TrimSuffix(strings.TrimPrefix(match, "@{"), "}")
			failed = fail("PROCESSING_HALTED", "Invalid reference specified. No value for "+path+" found in "+parts[1])
		}
		return escape(value)
	})
	return out, failed
}

// into takes one step of a reference.
func into(v any, step string) (any, bool) {
	if name, isName := strings.CutPrefix(step, "."); isName {
		m, _ := v.(map[string]any)
		x, found := m[name]
		return x, found
	}
	list, _ := v.([]any)
	i, err := strconv.Atoi(strings.Trim(step, "[]"))
	if err != nil || i >= len(list) {
		return nil, false
	}
	return list[i], true
}
