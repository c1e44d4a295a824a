package salesforce

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// window reads start and end of a replication call.
func (s *System) window(req *request, days int) (from, to int64, err *apiError) {
	start, okStart := parseInstant(strings.ReplaceAll(req.query.Get("start"), " ", "+"))
	end, okEnd := parseInstant(strings.ReplaceAll(req.query.Get("end"), " ", "+"))
	now := s.options.Now()
	switch {
	case !okStart || !okEnd:
		return 0, 0, fail("INVALID_REPLICATION_DATE", "start and end must be dates in ISO 8601")
	case end.Sub(start) < time.Minute:
		return 0, 0, fail("INVALID_REPLICATION_DATE", "endDate must be at least one minute after startDate")
	case start.Before(now.AddDate(0, 0, -days)):
		return 0, 0, fail("INVALID_REPLICATION_DATE", "startDate cannot be more than "+strconv.Itoa(days)+" days ago")
	}
	// Seconds are ignored.
	return start.Unix() / 60 * 60, end.Unix() / 60 * 60, nil
}

// updated lists what was changed in a span of time.
func (s *System) updated(req *request, t *table) *response {
	from, to, err := s.window(req, 30)
	if err != nil {
		return refused(err)
	}
	ids := []string{}
	for _, c := range t.changes[t.since(from):] {
		if r := t.rows[c.rec]; r.changed == c.at && !r.deleted && c.at < to {
			ids = append(ids, t.id(r.num))
		}
	}
	return ok(map[string]any{"ids": ids, "latestDateCovered": s.covered(to)}).counting(len(ids))
}

// covered is how far an answer reaches: not beyond now.
func (s *System) covered(to int64) string {
	return string(appendTime(nil, min(to, s.options.Now().Unix()/60*60)))
}

// deleted lists what was deleted in a span of time.
func (s *System) deleted(req *request, t *table) *response {
	from, to, err := s.window(req, 15)
	if err != nil {
		return refused(err)
	}
	type gone struct {
		ID   string `json:"id"`
		Date string `json:"deletedDate"`
	}
	list := []gone{}
	for _, c := range t.changes[t.since(from):] {
		if r := t.rows[c.rec]; r.changed == c.at && r.deleted && c.at < to {
			list = append(list, gone{t.id(r.num), string(appendTime(nil, c.at))})
		}
	}
	return ok(map[string]any{"deletedRecords": list, "earliestDateAvailable": string(appendTime(nil, s.started.Unix()/60*60-86400)),
		"latestDateCovered": s.covered(to)}).counting(len(list))
}

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

// chatter posts to a record's feed.
func (s *System) chatter(req *request) *response {
	if len(req.path) != 2 || req.path[1] != "feed-elements" {
		return refused(errNotFound())
	}
	if req.method != http.MethodPost {
		return refused(errMethod(req.method))
	}
	var in struct {
		SubjectID string `json:"subjectId"`
		Body      struct {
			Segments []struct{ Type, Text, ID string } `json:"messageSegments"`
		} `json:"body"`
	}
	if err := decode(req.body, &in); err != nil {
		return refused(err)
	}
	if in.SubjectID == "me" {
		in.SubjectID = req.by.id
	}
	var text strings.Builder
	for _, part := range in.Body.Segments {
		if part.Type == "Mention" {
			if t, r := s.org.record(part.ID); r != nil {
				part.Text = "@" + at(t, r, "Name").text
			}
		}
		text.WriteString(part.Text)
	}
	t := s.org.table("FeedItem")
	id, err := s.org.create(t, input{"ParentId": in.SubjectID, "Body": text.String()}, req.by)
	if err != nil {
		return refused(err)
	}
	return &response{status: http.StatusCreated, records: 1, body: toJSON(map[string]any{"id": id, "type": "TextPost", "feedElementType": "FeedItem",
		"url": "/services/data/" + req.version + "/chatter/feed-elements/" + id, "body": map[string]any{"text": text.String()},
		"parent": map[string]string{"id": in.SubjectID}, "actor": map[string]string{"id": req.by.id}, "capabilities": map[string]any{}})}
}
