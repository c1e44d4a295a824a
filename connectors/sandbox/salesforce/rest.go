package salesforce

import (
	"bytes"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/syncline/syncline/connectors/sandbox/world"
)

// route answers a request on the data API. The org's lock is held.
func (s *System) route(req *request) *response {
	if len(req.path) == 0 {
		return resources(req)
	}
	switch req.path[0] {
	case "sobjects":
		return s.sobjects(req)
	case "query":
		return s.query(req, false)
	case "queryAll":
		return s.query(req, true)
	case "limits":
		return s.limits(req)
	case "composite":
		return s.composite(req)
	case "chatter":
		return s.chatter(req)
	}
	return refused(errNotFound())
}

func resources(req *request) *response {
	out := map[string]string{}
	for _, name := range []string{"sobjects", "query", "queryAll", "composite", "limits", "chatter"} {
		out[name] = "/services/data/" + req.version + "/" + name
	}
	return ok(out)
}

// sobjects answers what is under /sobjects.
func (s *System) sobjects(req *request) *response {
	if len(req.path) == 1 {
		return s.describeGlobal(req)
	}
	t := s.org.table(req.path[1])
	if t == nil {
		return refused(errNotFound())
	}
	switch len(req.path) {
	case 2:
		if req.method == http.MethodPost {
			return s.createOne(req, t)
		}
		return s.basicInfo(req, t)
	case 3:
		switch strings.ToLower(req.path[2]) {
		case "describe":
			return s.describe(req, t)
		case "updated":
			return s.updated(req, t)
		case "deleted":
			return s.deleted(req, t)
		case "id":
			if req.method == http.MethodPost {
				return s.createOne(req, t).mark(true)
			}
		}
		return s.byID(req, t, req.path[2])
	case 4:
		return s.byKey(req, t, req.path[2], req.path[3])
	}
	return refused(errNotFound())
}

// versioned puts the caller's version into an answer that was written before.
func versioned(data []byte, version string) []byte {
	return bytes.ReplaceAll(data, []byte(versionMark), []byte("/services/data/"+version+"/"))
}

// unchanged answers conditional requests on metadata, which does not change while the sandbox runs.
func (s *System) unchanged(req *request, etag string) *response {
	header := map[string]string{"Last-Modified": s.started.Format(http.TimeFormat), "ETag": etag}
	since, err := http.ParseTime(req.header.Get("If-Modified-Since"))
	if err == nil && !s.started.After(since) || req.header.Get("If-None-Match") == etag && etag != "" {
		return &response{status: http.StatusNotModified, header: header}
	}
	return &response{status: http.StatusOK, header: header}
}

func (s *System) describeGlobal(req *request) *response {
	if req.method != http.MethodGet {
		return refused(errMethod(req.method))
	}
	res := s.unchanged(req, `"`+strconv.FormatInt(s.started.Unix(), 16)+`"`)
	if res.status != http.StatusOK {
		return res
	}
	b := []byte(`{"encoding":"UTF-8","maxBatchSize":200,"sobjects":[`)
	for i, name := range s.objectNames() {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(b, s.org.objects[strings.ToLower(name)].global...)
	}
	res.body = versioned(append(b, "]}"...), req.version)
	return res
}

func (s *System) basicInfo(req *request, t *table) *response {
	if req.method != http.MethodGet {
		return refused(errMethod(req.method))
	}
	b := append([]byte(`{"objectDescribe":`), t.global...)
	return okRaw(versioned(append(b, `,"recentItems":[]}`...), req.version))
}

func (s *System) describe(req *request, t *table) *response {
	if req.method != http.MethodGet {
		return refused(errMethod(req.method))
	}
	res := s.unchanged(req, t.etag)
	if res.status == http.StatusOK {
		res.body = versioned(t.object.describe, req.version)
	}
	return res
}

// mark sets whether an upsert created, in the answer of a create.
func (r *response) mark(created bool) *response {
	if r.status < 300 && r.body != nil {
		r.body = append(r.body[:len(r.body)-1], `,"created":`+strconv.FormatBool(created)+"}"...)
	}
	return r
}

func (s *System) createOne(req *request, t *table) *response {
	in, err := req.record()
	if err != nil {
		return refused(err)
	}
	id, err := s.org.create(t, in, req.by)
	if err != nil {
		return refused(err)
	}
	return created(req, t, id)
}

func created(req *request, t *table, id string) *response {
	res := &response{status: http.StatusCreated, body: toJSON(saved(id)), records: 1}
	res.header = map[string]string{"Location": "/services/data/" + req.version + "/sobjects/" + t.name + "/" + id}
	return res
}

// byID answers reads and writes of one record by its id.
func (s *System) byID(req *request, t *table, id string) *response {
	full, isID := world.FullID(id)
	if !isID {
		return refused(errExternalID(id))
	}
	at := t.findID(full)
	if at < 0 {
		return refused(errNotFound())
	}
	switch req.method {
	case http.MethodGet:
		return s.readRow(req, t, at)
	case http.MethodPatch:
		in, err := req.record()
		if err == nil {
			err = s.org.change(t, at, in, req.by)
		}
		if err != nil {
			return refused(err)
		}
		return noContent().counting(1)
	case http.MethodDelete:
		if err := s.org.remove(t, at, req.by); err != nil {
			return refused(err)
		}
		return noContent().counting(1)
	}
	return refused(errMethod(req.method))
}

func (s *System) readRow(req *request, t *table, at pos) *response {
	r := t.rows[at]
	if r.deleted {
		return refused(errNotFound())
	}
	var fields []*field
	if list := req.query.Get("fields"); list != "" {
		var err *apiError
		if fields, err = fieldsNamed(t, strings.Split(list, ",")); err != nil {
			return refused(err)
		}
	}
	return okRaw(appendRow(nil, req.version, t, r, fields)).counting(1)
}

// byKey answers reads and writes of one record by an external id.
func (s *System) byKey(req *request, t *table, name, value string) *response {
	f := t.field(name)
	if f == nil || !f.lookup && !f.external {
		return refused(errExternalID(name))
	}
	if req.method == http.MethodPatch {
		return s.upsertOne(req, t, f, value)
	}
	found := s.org.having(t, f, value)
	switch {
	case len(found) == 0:
		return refused(errNotFound())
	case len(found) > 1:
		return s.choices(req, t, found)
	case req.method == http.MethodGet:
		return s.readRow(req, t, found[0])
	case req.method == http.MethodDelete:
		if err := s.org.remove(t, found[0], req.by); err != nil {
			return refused(err)
		}
		return noContent().counting(1)
	}
	return refused(errMethod(req.method))
}

// choices answers a key that several records have.
func (s *System) choices(req *request, t *table, found []pos) *response {
	var out []string
	for _, p := range sorted(found) {
		out = append(out, "/services/data/"+req.version+"/sobjects/"+t.name+"/"+t.id(t.rows[p].num))
	}
	return &response{status: http.StatusMultipleChoices, body: toJSON(out)}
}

func (s *System) upsertOne(req *request, t *table, key *field, value string) *response {
	in, err := req.record()
	if err != nil {
		return refused(err)
	}
	for name := range in {
		if strings.EqualFold(name, key.name) {
			return refused(fail("INVALID_FIELD", "The "+key.name+" field should not be specified in the sobject data."))
		}
	}
	if found := s.org.having(t, key, value); len(found) > 1 {
		return s.choices(req, t, found)
	}
	id, isNew, err := s.org.upsert(t, key, value, in, strings.EqualFold(req.query.Get("updateOnly"), "true"), req.by)
	switch {
	case err != nil:
		return refused(err)
	case isNew:
		return created(req, t, id).mark(true)
	case req.number < 46:
		return noContent().counting(1)
	}
	return ok(saved(id)).counting(1).mark(false)
}

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
