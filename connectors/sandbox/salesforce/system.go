package salesforce

import (
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"slices"
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
	options Options
	org     *org
	started time.Time
	// described is when the metadata changed last. It is the same at each start with the same descriptions, or every
	// lock file would differ.
	described time.Time
	requests  atomic.Int64

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
	described := time.Date(2026, time.January, 5, 9, 0, 0, 0, time.UTC) // of the org as it comes
	for _, file := range o.Describe {
		if info, err := os.Stat(file); err == nil && info.ModTime().After(described) {
			described = info.ModTime().UTC().Truncate(time.Second)
		}
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
	s := &System{options: o, org: newOrg(o.World, objects, o.Now), started: o.Now().UTC().Truncate(time.Second), described: described}
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
