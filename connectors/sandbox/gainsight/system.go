package gainsight

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/syncline/syncline/connectors/sandbox/harness"
	"github.com/syncline/syncline/connectors/sandbox/world"
)

// Credentials that the tenant accepts.
const (
	AccessKey    = "sandbox-access-key-5f1c9b"
	ClientID     = "sandbox-oauth-client"
	ClientSecret = "sandbox-oauth-secret-77aa"
)

// Options are in what tenants differ.
type Options struct {
	// ListEnvelope answers queries with data: […] instead of data.records.
	ListEnvelope bool
	// ISODates answers datetimes as ISO texts in whole seconds instead of milliseconds.
	ISODates bool
	// EmptyIsError answers an empty result with result false and GSOBJ_1011.
	EmptyIsError bool
	// CockpitRecords answers writes of the Cockpit API with a list of records instead of lists of success and failure.
	CockpitRecords bool
	// BlindErrors leaves the records out of the errors of a refused write.
	BlindErrors bool
	// NoDeleteLog is a tenant without record_delete_log.
	NoDeleteLog bool
	// PerMinute and PerDay are the limits of calls, in fixed windows; 0: none. Real tenants have 100 and 50,000.
	PerMinute, PerDay int
	// TokenLife is how long an access token lasts; 0: a day.
	TokenLife time.Duration
	// Now is the clock; nil: time.Now.
	Now func() time.Time
}

// System is a simulated tenant.
type System struct {
	world   *world.World
	options Options
	mux     *http.ServeMux

	mu      sync.RWMutex
	catalog *catalog
	tables  map[string]*table
	last    instant // newest time of change that was given
	tokens  map[string]time.Time
	windows [2]window
}

type window struct {
	start time.Time
	used  int
}

// New makes a tenant filled from the world.
func New(w *world.World, o Options) *System {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.TokenLife == 0 {
		o.TokenLife = 24 * time.Hour
	}
	s := &System{world: w, options: o}
	s.clear()
	s.mux = s.routes()
	return s
}

// Env is what clients of the tenant at url need.
func Env(url string) []string {
	return []string{"GAINSIGHT_URL=" + url, "GAINSIGHT_ACCESS_KEY=" + AccessKey, "GAINSIGHT_CLIENT_ID=" + ClientID, "GAINSIGHT_CLIENT_SECRET=" + ClientSecret}
}

func (s *System) clear() {
	s.catalog, s.tables, s.tokens, s.last = newCatalog(), map[string]*table{}, map[string]time.Time{}, 0
	if s.options.NoDeleteLog {
		delete(s.catalog.objects, "record_delete_log")
	}
}

// Reset implements harness.Data.
func (s *System) Reset() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.clear()
	s.windows = [2]window{}
	return nil
}

// table gives the records of an object, filling it when it was not touched yet; nil: no such object. The lock is held for writing.
func (s *System) table(name string) *table {
	name = strings.ToLower(name)
	if t := s.tables[name]; t != nil {
		return t
	}
	def := s.catalog.objects[name]
	if def == nil {
		return nil
	}
	t := s.fill(def)
	s.tables[name] = t
	return t
}

// stamp is the time of a change made now. It never goes back, and is later than what the world has.
func (s *System) stamp() instant {
	s.last = max(s.last, ms(s.options.Now()))
	return s.last
}

func (s *System) routes() *http.ServeMux {
	m := http.NewServeMux()
	m.HandleFunc("GET /v1/meta/services/objects/list", s.listObjects)
	m.HandleFunc("POST /v1/meta/services/objects/describe", s.describeMany)
	m.HandleFunc("GET /v1/meta/services/objects/{object}/describe", s.describeOne)
	m.HandleFunc("GET /v1/meta/services/dropdowns/{category}", s.dropdown)
	m.HandleFunc("POST /v1/data/objects/query/{object}", s.query)
	m.HandleFunc("POST /v1/data/objects/{object}", s.insert)
	m.HandleFunc("PUT /v1/data/objects/{object}", s.update)
	m.HandleFunc("DELETE /v1/data/objects/{object}/{gsid}", s.deleteOne)
	m.HandleFunc("POST /v1/users/services/list", s.listUsers)
	m.HandleFunc("PUT /v1/peoplemgmt/v1.0/people", s.upsertPerson)
	m.HandleFunc("PUT /v1.0/api/people", s.upsertPerson)
	m.HandleFunc("POST /v1/ant/es/activity", s.insertActivity)
	m.HandleFunc("PUT /v1/ant/es/activity", s.updateActivity)
	m.HandleFunc("GET /v2/cockpit/admin/picklist/lite", s.picklistLite)
	m.HandleFunc("GET /v2/successPlan/admin/picklist/lite", s.picklistLite)
	for path, object := range map[string]string{"/v2/cockpit/cta": "call_to_action", "/v2/cockpit/task": "cs_task", "/v2/successPlan": "cta_group"} {
		for _, slash := range []string{"", "/{$}"} {
			m.HandleFunc("POST "+path+slash, s.cockpitCreate(object))
			m.HandleFunc("PUT "+path+slash, s.cockpitUpdate(object))
			m.HandleFunc("POST "+path+"/list"+slash, s.cockpitList(object))
			m.HandleFunc("POST "+path+"/deleted/list"+slash, s.cockpitDeleted(object))
		}
	}
	m.HandleFunc("GET /v2/cockpit/task/list/{cta}", s.tasksOf)
	m.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		refuse(w, http.StatusBadRequest, "GSOBJ_1023", "Invalid API path "+r.Method+" "+r.URL.Path, nil)
	})
	return m
}

// ServeHTTP implements harness.System.
func (s *System) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	// The clock that stamps records is the one that clients see.
	w.Header().Set("Date", s.options.Now().UTC().Format(http.TimeFormat))
	if strings.HasPrefix(r.URL.Path, "/v1/users/m2m/oauth/token") {
		s.token(w, r)
		return
	}
	if !s.admit(w, r) {
		return
	}
	s.mux.ServeHTTP(w, r)
}

// admit checks credentials and limits.
func (s *System) admit(w http.ResponseWriter, r *http.Request) bool {
	key, bearer := r.Header.Get("accesskey"), r.Header.Get("Authorization")
	if key == "" {
		key = r.Header.Get("authentication")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case key != "" && bearer != "":
		refuse(w, http.StatusBadRequest, "GSOBJ_1024", "Invalid authorization headers", nil)
		return false
	case key == AccessKey:
	case bearer != "":
		token, _ := strings.CutPrefix(bearer, "Bearer ")
		if end, ok := s.tokens[token]; !ok || !s.options.Now().Before(end) {
			refuse(w, http.StatusUnauthorized, "GS_APIG_2401", "Unauthorized: the token is invalid or has expired", nil)
			return false
		}
	default:
		refuse(w, http.StatusUnauthorized, "GS_APIG_2401", "Unauthorized: invalid access key", nil)
		return false
	}
	return s.meter(w)
}

// meter counts the call in its windows.
func (s *System) meter(w http.ResponseWriter) bool {
	now := s.options.Now()
	for i, limit := range []struct {
		calls int
		per   time.Duration
	}{{s.options.PerMinute, time.Minute}, {s.options.PerDay, 24 * time.Hour}} {
		if limit.calls == 0 {
			continue
		}
		win := &s.windows[i]
		if start := now.Truncate(limit.per); !start.Equal(win.start) {
			*win = window{start: start}
		}
		w.Header().Set("x-ratelimit-limit", strconv.Itoa(limit.calls))
		if win.used >= limit.calls {
			refuse(w, http.StatusTooManyRequests, "GU_2400", "Too many request", nil)
			return false
		}
		win.used++
	}
	return true
}

// token is the OAuth service for machines.
func (s *System) token(w http.ResponseWriter, r *http.Request) {
	id, secret, ok := r.BasicAuth()
	if r.Method != http.MethodPost || !ok || id != ClientID || secret != ClientSecret {
		refuse(w, http.StatusUnauthorized, "GS_APIG_2401", "Invalid client credentials", nil)
		return
	}
	if strings.HasSuffix(r.URL.Path, "/introspect") {
		s.mu.RLock()
		end, ok := s.tokens[r.FormValue("token")]
		s.mu.RUnlock()
		writeJSON(w, http.StatusOK, map[string]any{"active": ok && s.options.Now().Before(end)})
		return
	}
	if g := r.FormValue("grant_type"); g != "" && g != "client_credentials" {
		writeJSON(w, http.StatusBadRequest, map[string]any{"error": "unsupported_grant_type"})
		return
	}
	raw := make([]byte, 24)
	_, _ = rand.Read(raw)
	token := base64.RawURLEncoding.EncodeToString(raw)
	s.mu.Lock()
	s.tokens[token] = s.options.Now().Add(s.options.TokenLife)
	s.mu.Unlock()
	writeJSON(w, http.StatusOK, map[string]any{"access_token": token, "token_type": "Bearer", "expires_in": int(s.options.TokenLife.Seconds())})
}

// Fail implements harness.System.
func (s *System) Fail(w http.ResponseWriter, _ *http.Request, f harness.Fault) {
	if f.ExpireSession {
		s.mu.Lock()
		s.tokens = map[string]time.Time{}
		s.mu.Unlock()
		f.Status, f.ErrorCode = http.StatusUnauthorized, "GS_APIG_2401"
	}
	if f.ErrorCode == "" {
		f.ErrorCode = map[int]string{401: "GS_APIG_2401", 429: "GU_2400", 500: "GU_1101", 503: "GU_1101"}[f.Status]
	}
	if f.Status == 0 {
		f.Status = map[string]int{"GS_APIG_2401": 401, "GS_APIG_2402": 403, "GU_2400": 429, "GU_1101": 500, "GSOBJ_1003": 500}[f.ErrorCode]
		if f.Status == 0 {
			f.Status = http.StatusBadRequest
		}
	}
	if f.Message == "" {
		f.Message = "The call failed as the sandbox was told to"
	}
	refuse(w, f.Status, f.ErrorCode, f.Message, nil)
}

func requestID() string {
	var b [16]byte
	_, _ = rand.Read(b[:])
	return hex.EncodeToString(b[:])
}

// answer sends an envelope with result true.
func answer(w http.ResponseWriter, data any) {
	writeJSON(w, http.StatusOK, map[string]any{"result": true, "errorCode": nil, "errorDesc": nil, "requestId": requestID(), "data": data, "message": nil})
}

// refuse sends an envelope with result false.
func refuse(w http.ResponseWriter, status int, code, desc string, data any) {
	writeJSON(w, status, map[string]any{"result": false, "errorCode": code, "errorDesc": desc, "requestId": requestID(), "data": data, "message": nil})
}

func writeJSON(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body)
}

// readBody reads the request's JSON; what is wrong with it is answered.
func readBody(w http.ResponseWriter, r *http.Request, into any) bool {
	d := json.NewDecoder(r.Body)
	d.UseNumber()
	if err := d.Decode(into); err != nil {
		refuse(w, http.StatusBadRequest, "GSOBJ_1002", "Invalid request body: "+err.Error(), nil)
		return false
	}
	return true
}
