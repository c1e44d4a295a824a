package salesforce

import (
	"fmt"
	"io"
	"iter"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/syncline/syncline/connectors/sandbox/harness"
	"github.com/syncline/syncline/connectors/sandbox/world"
)

// DefaultDailyRequests is how many API requests the org may get when nothing is said.
const DefaultDailyRequests = 1_000_000

// Options say what org to simulate.
type Options struct {
	World *world.World
	// URL is the address that the org is reached at.
	URL string
	// Describe are files of describe responses whose objects, or further fields of known objects, are added.
	Describe []string
	// DailyRequests is the limit on API requests; 0: DefaultDailyRequests.
	DailyRequests int64
	// SessionCalls ends a session after so many calls; 0: never.
	SessionCalls int64
	// Now is the clock; nil: time.Now.
	Now func() time.Time
}

// System is a simulated org. It implements harness.System.
type System struct {
	options  Options
	org      *org
	started  time.Time
	requests atomic.Int64

	sessions sessions
	cursors  cursors
}

// New makes an org and fills it.
func New(o Options) (*System, error) {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.DailyRequests == 0 {
		o.DailyRequests = DefaultDailyRequests
	}
	list, err := orgDescriptions()
	if err != nil {
		return nil, err
	}
	for _, file := range o.Describe {
		if list, err = addDescription(list, file); err != nil {
			return nil, err
		}
	}
	objects, err := build(list)
	if err != nil {
		return nil, err
	}
	if f := objects["account"].field("Locked__c"); f != nil {
		f.userOnly = true
	}
	s := &System{options: o, org: newOrg(o.World, objects, o.Now), started: o.Now().UTC().Truncate(time.Second)}
	return s, nil
}

// addDescription reads a file of a describe response. Of an object that is there already only the fields that it lacks are taken.
func addDescription(list []description, file string) ([]description, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	d, err := parseDescription(data)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	for _, known := range list {
		if !strings.EqualFold(known.name(), d.name()) {
			continue
		}
		for _, f := range d.fields() {
			if known.field(f["name"].(string)) == nil {
				known.add(f)
			}
		}
		return list, nil
	}
	return append(list, d), nil
}

// Env is what clients need to reach the org.
func (s *System) Env() []string {
	return []string{"SALESFORCE_URL=" + s.options.URL, "SALESFORCE_CLIENT_ID=" + clientID, "SALESFORCE_CLIENT_SECRET=" + clientSecret,
		"SALESFORCE_USERNAME=" + s.username(), "SALESFORCE_PASSWORD=" + password, "SALESFORCE_REFRESH_TOKEN=" + refreshToken}
}

func (s *System) user() *world.User { return &s.options.World.Users[s.options.World.Integration] }
func (s *System) username() string  { return s.user().SalesforceUN }

// integration is the user that the API works as, admin a person at a screen.
func (s *System) integration() actor { return actor{id: s.user().SalesforceID} }
func (s *System) admin() actor {
	return actor{id: s.options.World.Users[1].SalesforceID, person: true}
}

// ServeHTTP answers the org's API.
func (s *System) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	path := strings.TrimSuffix(r.URL.EscapedPath(), "/")
	switch {
	case path == "/services/oauth2/token":
		s.token(w, r)
	case path == "/services/oauth2/revoke":
		s.revoke(w, r)
	case path == "/services/oauth2/userinfo":
		s.userinfo(w, r)
	case strings.HasPrefix(path, "/id/"):
		s.identity(w, r)
	case strings.HasPrefix(path, "/services/Soap/u/"):
		s.soapLogin(w, r)
	case path == "/services/data":
		s.send(w, versions())
	case strings.HasPrefix(path, "/services/data/"):
		s.data(w, r, strings.TrimPrefix(path, "/services/data/"))
	default:
		s.send(w, refused(errNotFound()))
	}
}

// data answers the data API: session, limit, version, then the resource.
func (s *System) data(w http.ResponseWriter, r *http.Request, path string) {
	if !s.sessions.valid(r, s.options.SessionCalls) {
		s.send(w, refused(errSession()))
		return
	}
	used := s.requests.Add(1)
	w.Header().Set("Sforce-Limit-Info", fmt.Sprintf("api-usage=%d/%d", min(used, s.options.DailyRequests), s.options.DailyRequests))
	if used > s.options.DailyRequests {
		s.send(w, refused(fail("REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded.")))
		return
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		s.send(w, refused(errParse(err)))
		return
	}
	method := r.Method
	query, err := parameters(r.URL.RawQuery)
	if err != nil {
		s.send(w, refused(fail("MALFORMED_QUERY", "The query string of the URL is not well formed: "+err.Error())))
		return
	}
	if over := query.Get("_HttpMethod"); over != "" && method == http.MethodPost {
		method = strings.ToUpper(over)
	}
	req, fault := newRequest(method, path, query, r.Header, body)
	if fault != nil {
		s.send(w, refused(fault))
		return
	}
	req.ctx, req.by = r.Context(), s.integration()
	res := s.locked(req)
	harness.CountRecords(r.Context(), res.records)
	s.send(w, res)
}

// newRequest makes a request of a path after /services/data/.
func newRequest(method, path string, query url.Values, header http.Header, body []byte) (*request, *apiError) {
	parts, err := segments(path)
	if err != nil || len(parts) == 0 {
		return nil, errNotFound()
	}
	n := versionNumber(parts[0])
	if n == 0 {
		return nil, errNotFound()
	}
	return &request{method: method, path: parts[1:], query: query, header: header, body: body, version: parts[0], number: n}, nil
}

// locked answers a request under the org's lock, and undoes what it did when it failed.
func (s *System) locked(req *request) *response {
	if req.method == http.MethodGet || req.method == http.MethodHead {
		s.org.mu.RLock()
		defer s.org.mu.RUnlock()
		return s.route(req)
	}
	s.org.mu.Lock()
	defer s.org.mu.Unlock()
	mark := s.org.begin()
	res := s.route(req)
	if res.status >= 400 {
		s.org.rollback(mark)
	}
	s.org.commit()
	return res
}

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

// Records gives the records of an object for the control endpoints.
func (s *System) Records(object string) (iter.Seq[harness.Record], error) {
	o := s.org.objects[strings.ToLower(object)]
	if o == nil {
		return nil, harness.UnknownObject(object)
	}
	return func(yield func(harness.Record) bool) {
		for from := 0; ; {
			page := s.page(o.name, &from)
			if page == nil {
				return
			}
			for _, rec := range page {
				if !yield(rec) {
					return
				}
			}
		}
	}, nil
}

// page reads some records under the lock; nil after the last.
func (s *System) page(object string, from *int) []harness.Record {
	s.org.mu.RLock()
	defer s.org.mu.RUnlock()
	t := s.org.table(object)
	out := []harness.Record{}
	for ; *from < len(t.rows); *from++ {
		if len(out) == 500 {
			return out
		}
		if r := t.rows[*from]; !r.deleted {
			out = append(out, t.plainRecord(r))
		}
	}
	if len(out) == 0 {
		return nil
	}
	return out
}

// plainRecord is a record with all its fields as JSON values.
func (t *table) plainRecord(r *row) harness.Record {
	rec := make(harness.Record, len(t.fields))
	for _, f := range t.fields {
		if f.typ == "address" {
			continue
		}
		c := t.value(f, r)
		switch c.kind {
		case isNull:
			rec[f.name] = nil
		case isNumber:
			rec[f.name] = c.num
		case isTrue, isFalse:
			rec[f.name] = c.kind == isTrue
		default:
			rec[f.name] = c.plain()
		}
	}
	return rec
}

// Put changes or creates records as a person in the org would.
func (s *System) Put(object string, records []harness.Record) ([]harness.Record, error) {
	s.org.mu.Lock()
	defer s.org.mu.Unlock()
	t := s.org.table(object)
	if t == nil {
		return nil, harness.UnknownObject(object)
	}
	mark := s.org.begin()
	defer s.org.commit()
	out := make([]harness.Record, len(records))
	for i, rec := range records {
		at, err := s.put(t, rec)
		if err != nil {
			s.org.rollback(mark)
			return nil, fmt.Errorf("record %d: %w", i+1, err)
		}
		out[i] = t.plainRecord(t.rows[at])
	}
	return out, nil
}

func (s *System) put(t *table, rec harness.Record) (pos, error) {
	in := input{}
	at := pos(-1)
	for name, v := range rec {
		if strings.EqualFold(name, "Id") {
			id, _ := v.(string)
			full, isID := world.FullID(id)
			if at = t.findID(full); id != "" && (!isID || at < 0 || t.rows[at].deleted) {
				return 0, fmt.Errorf("there is no %s with the id %q; leave Id out to create one", t.name, id)
			}
			continue
		}
		in[name] = v
	}
	if at < 0 {
		id, err := s.org.create(t, in, s.admin())
		if err != nil {
			return 0, err
		}
		return t.findID(id), nil
	}
	// A record that was read here and comes back whole also has the fields that nobody can set.
	for name, v := range in {
		f := t.field(name)
		if f == nil || f.updateable || f.userOnly {
			continue
		}
		if now := t.value(f, t.rows[at]); now.plain() == plainAny(v) {
			delete(in, name)
		}
	}
	if err := s.org.change(t, at, in, s.admin()); err != nil {
		return 0, err
	}
	return at, nil
}

// plainAny is a JSON value as cell.plain has it.
func plainAny(v any) string {
	text, _ := asText(v)
	if n, err := strconv.ParseFloat(text, 64); err == nil {
		return numCell(n).plain()
	}
	return text
}

// Delete deletes a record as a person in the org would.
func (s *System) Delete(object, id string) error {
	s.org.mu.Lock()
	defer s.org.mu.Unlock()
	t := s.org.table(object)
	if t == nil {
		return harness.UnknownObject(object)
	}
	full, isID := world.FullID(id)
	at := t.findID(full)
	if !isID || at < 0 {
		return fmt.Errorf("there is no %s with the id %q", t.name, id)
	}
	mark := s.org.begin()
	defer s.org.commit()
	if err := s.org.remove(t, at, s.admin()); err != nil {
		s.org.rollback(mark)
		return err
	}
	return nil
}

// Reset brings back the data of the start and ends all sessions.
func (s *System) Reset() error {
	s.org.mu.Lock()
	defer s.org.mu.Unlock()
	s.org.reset()
	s.sessions.clear()
	s.cursors.clear()
	s.requests.Store(0)
	return nil
}

// objectNames lists the objects in order.
func (s *System) objectNames() []string {
	var out []string
	for _, o := range s.org.objects {
		out = append(out, o.name)
	}
	slices.Sort(out)
	return out
}

var _ harness.System = (*System)(nil)
