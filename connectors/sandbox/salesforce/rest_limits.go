package salesforce

import (
	"net/http"
	"slices"
	"strings"
)

// limits answers /limits and /limits/recordCount.
func (s *System) limits(req *request) *response {
	switch {
	case req.method != http.MethodGet:
		return refused(errMethod(req.method))
	case len(req.path) == 2 && req.path[1] == "recordCount":
		return s.recordCount(req)
	case len(req.path) > 1:
		return refused(errNotFound())
	}
	type limit struct {
		Max       int64
		Remaining int64
	}
	most := s.options.DailyRequests
	out := map[string]limit{"DailyApiRequests": {most, max(0, most-s.requests.Load())}}
	for name, n := range map[string]int64{"DailyAsyncApexExecutions": 250000, "DailyBulkApiBatches": 15000, "DailyBulkV2QueryJobs": 10000, "DataStorageMB": 10240,
		"FileStorageMB": 10240, "DailyStreamingApiEvents": 200000, "DailyStandardVolumePlatformEvents": 25000, "HourlyPublishedPlatformEvents": 250000,
		"StreamingApiConcurrentClients": 2000, "SingleEmail": 5000, "MassEmail": 5000, "DailyWorkflowEmails": 1000} {
		out[name] = limit{n, n}
	}
	return ok(out)
}

func (s *System) recordCount(req *request) *response {
	type count struct {
		Count int    `json:"count"`
		Name  string `json:"name"`
	}
	out := []count{}
	want := strings.Split(req.query.Get("sObjects"), ",")
	if req.query.Get("sObjects") == "" {
		want = s.objectNames()
	}
	for _, name := range want {
		if t := s.org.table(strings.TrimSpace(name)); t != nil && t.live > 0 {
			out = append(out, count{t.live, t.name})
		}
	}
	slices.SortFunc(out, func(a, b count) int { return strings.Compare(a.Name, b.Name) })
	return ok(map[string]any{"sObjects": out})
}
