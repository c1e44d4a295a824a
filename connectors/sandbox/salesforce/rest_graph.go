package salesforce

import (
	"encoding/json"
	"net/http"
	"strings"
)

// batch answers /composite/batch: independent subrequests.
func (s *System) batch(req *request) *response {
	var in struct {
		HaltOnError   bool         `json:"haltOnError"`
		BatchRequests []subrequest `json:"batchRequests"`
	}
	if err := decode(req.body, &in); err != nil {
		return refused(err)
	}
	if len(in.BatchRequests) == 0 || len(in.BatchRequests) > maxSubrequests {
		return refused(fail("LIMIT_EXCEEDED", "a batch takes 1 to 25 requests"))
	}
	type result struct {
		StatusCode int             `json:"statusCode"`
		Result     json.RawMessage `json:"result"`
	}
	var out []result
	failed, count := false, 0
	for _, sub := range in.BatchRequests {
		var res *response
		if failed && in.HaltOnError {
			res = refused(&apiError{code: "BATCH_PROCESSING_HALTED", message: "Batch processing halted per request", status: http.StatusPreconditionFailed})
		} else {
			mark := s.org.begin()
			sub.URL, sub.Body = "/services/data/"+strings.TrimPrefix(strings.TrimPrefix(sub.URL, "/"), "services/data/"), sub.RichInput
			if res = s.call(req, sub, nil); res.status >= 400 {
				s.org.rollback(mark)
			}
		}
		failed = failed || res.status >= 300 && res.status != http.StatusNotModified
		count += res.records
		body := json.RawMessage(res.body)
		if body == nil {
			body = json.RawMessage("null")
		}
		out = append(out, result{res.status, body})
	}
	return ok(map[string]any{"hasErrors": failed, "results": out}).counting(count)
}

// graphs answers /composite/graph: transactions side by side.
func (s *System) graphs(req *request) *response {
	var in struct {
		Graphs []struct {
			GraphID          string       `json:"graphId"`
			CompositeRequest []subrequest `json:"compositeRequest"`
		} `json:"graphs"`
	}
	if err := decode(req.body, &in); err != nil {
		return refused(err)
	}
	nodes := 0
	for _, g := range in.Graphs {
		nodes += len(g.CompositeRequest)
		if g.GraphID == "" {
			return refused(fail("REQUIRED_FIELD_MISSING", "A graphId is required for every graph"))
		}
	}
	if len(in.Graphs) == 0 || len(in.Graphs) > maxGraphs || nodes > maxNodes {
		return refused(fail("LIMIT_EXCEEDED", "a graph request takes 1 to 75 graphs with up to 500 nodes in all"))
	}
	type answer struct {
		GraphID       string         `json:"graphId"`
		GraphResponse map[string]any `json:"graphResponse"`
		IsSuccessful  bool           `json:"isSuccessful"`
	}
	var out []answer
	count := 0
	for _, g := range in.Graphs {
		list, n, err := s.transaction(req, g.CompositeRequest, true)
		if err != nil {
			return refused(err)
		}
		fine := true
		for _, a := range list {
			fine = fine && a.HTTPStatusCode < 300
		}
		count += n
		out = append(out, answer{g.GraphID, map[string]any{"compositeResponse": list}, fine})
	}
	return ok(map[string]any{"graphs": out}).counting(count)
}
