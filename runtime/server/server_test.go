package server

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/syncline/syncline/runtime/state"
	"github.com/syncline/syncline/runtime/state/sqlite"
)

// project is a backend that notes what it is asked.
type project struct {
	mu    sync.Mutex
	asked []string
	empty bool
}

func (p *project) note(what string, args ...any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.asked = append(p.asked, fmt.Sprintf(what, args...))
}

func (p *project) took() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	out := p.asked
	p.asked = nil
	return out
}

var at = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func (p *project) Status(context.Context) Status {
	if p.empty {
		return Status{}
	}
	next := at.Add(time.Minute)
	run := state.Run{ID: "r1", Rule: "sync.a", Status: state.Partial, Why: "<script>alert(1)</script>", Started: at, Read: 12345, Dead: 1}
	return Status{Revision: "abcdef0123456789", SpecHash: "fff", Started: at, Rules: []Rule{
		{Rule: "sync.a", Title: "Héalth <b>", Schedule: []string{"@every 1s"}, Schedules: []Schedule{{Cron: "@every 1s", Timezone: "UTC", Next: &next}},
			Next: &next, Last: &run, State: "waiting", Why: "crm does not answer",
			Events: &Events{Waiting: 7, Oldest: at}, SLO: &SLO{LatencyMS: 1000, Writes: 9, Missed: 2, Late: true}},
		{Rule: "sync.b", Schedule: []string{}, Schedules: []Schedule{}, After: []string{"sync.a"}, State: "running", Run: &Progress{Since: at, Read: 5, Total: 9}},
	}, Reload: Reload{At: at, OK: false, Diagnostics: []json.RawMessage{json.RawMessage(`{"code":"SYN305"}`)}, Text: "a.sync.hcl:3: <oops>"},
		Alerts: []Alert{{Alert: "alert.ops", Event: "stale", Rule: "sync.b", What: "never <ended> well", Since: at}}}
}

func (p *project) Start(rule string, full bool) error {
	switch rule {
	case "nobody":
		return fmt.Errorf("%w: there is no rule nobody", ErrUnknown)
	case "paused":
		return fmt.Errorf("%w: it is paused", ErrConflict)
	}
	p.note("start %q %v", rule, full)
	return nil
}

func (p *project) Hold(_ context.Context, rule, by string) error {
	p.note("hold %q by %s", rule, by)
	return nil
}

func (p *project) Release(_ context.Context, rule string) error {
	p.note("release %q", rule)
	return nil
}

func (p *project) Reload() { p.note("reload") }

type site struct {
	*httptest.Server
	t     *testing.T
	p     *project
	store *sqlite.Store
}

func serve(t *testing.T, edit func(*Options)) *site {
	store, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "state.db"), sqlite.Options{Holder: "test"})
	if err != nil {
		t.Fatal(err)
	}
	p := &project{}
	m := NewMetrics()
	m.Collect(store)
	o := Options{Backend: p, Dead: store, Runs: store, Metrics: m, Now: func() time.Time { return at.Add(30 * time.Second) }}
	if edit != nil {
		edit(&o)
	}
	s := httptest.NewServer(New(o).Handler())
	t.Cleanup(func() { s.Close(); store.Close() })
	return &site{s, t, p, store}
}

// ask sends a request; headers are "Name: value".
func (s *site) ask(method, path, body string, headers ...string) (int, string) {
	s.t.Helper()
	req, err := http.NewRequest(method, s.URL+path, strings.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	for _, h := range headers {
		name, v, _ := strings.Cut(h, ": ")
		req.Header.Set(name, v)
		if name == "Host" {
			req.Host = v
		}
	}
	if body != "" && req.Header.Get("Content-Type") == "" {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	res, err := client.Do(req)
	if err != nil {
		s.t.Fatal(err)
	}
	defer res.Body.Close()
	data, err := io.ReadAll(res.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	return res.StatusCode, string(data)
}

func (s *site) want(code int, method, path, body string, headers ...string) string {
	s.t.Helper()
	got, text := s.ask(method, path, body, headers...)
	if got != code {
		s.t.Fatalf("%s %s: %d, want %d: %s", method, path, got, code, text)
	}
	return text
}

func TestStatusIsTheContract(t *testing.T) {
	s := serve(t, nil)
	var got struct {
		Revision string
		Rules    []struct {
			Rule, State, Why string
			Schedule         []string
			Next             *time.Time
			Last             *state.Run
		}
		Reload struct {
			At          time.Time
			OK          bool
			Diagnostics []struct{ Code string }
		}
		Alerts []struct {
			Alert, Event, Rule, What string
			Since                    time.Time
			Told                     *time.Time
		}
	}
	if err := json.Unmarshal([]byte(s.want(200, "GET", "/api/v1/status", "")), &got); err != nil {
		t.Fatal(err)
	}
	a := got.Rules[0]
	if got.Revision == "" || a.Rule != "sync.a" || a.Schedule[0] != "@every 1s" || a.Next == nil || a.Last.Status != state.Partial || a.State != "waiting" ||
		a.Why == "" || got.Reload.OK || got.Reload.Diagnostics[0].Code != "SYN305" || got.Rules[1].Schedule == nil || got.Alerts[0].Alert != "alert.ops" || got.Alerts[0].Rule != "sync.b" || got.Alerts[0].Told != nil {
		t.Fatalf("%+v", got)
	}
}

func TestWhatCanBeAsked(t *testing.T) {
	s := serve(t, nil)
	for _, tt := range []struct {
		path string
		code int
		want string
	}{
		{"/api/v1/rules/sync.a/run", 202, `start "sync.a" false`},
		{"/api/v1/rules/a/run?full=true", 202, `start "a" true`},
		{"/api/v1/rules/sync.a/pause", 202, `hold "sync.a" by this machine`},
		{"/api/v1/rules/sync.a/resume", 202, `release "sync.a"`},
		{"/api/v1/run", 202, `start "" false`},
		{"/api/v1/pause", 202, `hold "" by this machine`},
		{"/api/v1/resume", 202, `release ""`},
		{"/api/v1/reload", 202, `reload`},
		{"/api/v1/rules/nobody/run", 404, ""},
		{"/api/v1/rules/paused/run", 409, ""},
		{"/api/v1/nothing", 404, ""},
	} {
		s.want(tt.code, "POST", tt.path, "")
		if got := strings.Join(s.p.took(), "; "); got != tt.want {
			t.Errorf("%s: %s, want %s", tt.path, got, tt.want)
		}
	}
	s.want(405, "GET", "/api/v1/run", "")
	s.want(405, "DELETE", "/api/v1/status", "")
	if got := s.p.took(); len(got) > 0 {
		t.Errorf("a refused request did %v", got)
	}
}

func TestThePageShowsEverythingAndEscapesIt(t *testing.T) {
	s := serve(t, nil)
	page := s.want(200, "GET", "/", "")
	for _, want := range []string{"sync.a", "crm does not answer", "in 30 s", "12\u202f345 read", "not in force", "a.sync.hcl:3: &lt;oops&gt;",
		"&lt;script&gt;", "Héalth &lt;b&gt;", "after <span class=\"mono\">sync.a", "Run now",
		"never &lt;ended&gt; well", "nobody yet"} {
		if !strings.Contains(page, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
	if strings.Contains(page, "<script") {
		t.Error("the page runs a script")
	}
	if strings.Contains(page, "%!") {
		t.Error("a form of the page lacks an argument")
	}
	s.want(303, "POST", "/do", "action=run&rule=sync.a")
	s.want(400, "POST", "/do", "action=format-disk")
	s.want(404, "POST", "/do", "action=run&rule=nobody")
	if got := s.p.took(); len(got) != 1 {
		t.Fatalf("%v", got)
	}
}

func TestDeadLettersFromThePage(t *testing.T) {
	s := serve(t, nil)
	letter := state.DeadLetter{Rule: "sync.a", Source: state.SourceRef{Connection: "cs", Object: "Company", ID: "1P<2"}, Step: "deliver", Message: "too long", At: at}
	other := letter
	other.Source.ID = "x"
	orphan := letter
	orphan.Rule = "sync.removed"
	for _, l := range []state.DeadLetter{letter, other, orphan} {
		if err := s.store.Commit(t.Context(), state.Outcome{Rule: l.Rule, Dead: []state.DeadLetter{l}}); err != nil {
			t.Fatal(err)
		}
	}
	if page := s.want(200, "GET", "/dead", ""); !strings.Contains(page, "1P&lt;2") || !strings.Contains(page, "too long") || strings.Contains(page, "%!") {
		t.Fatal(page)
	}
	if text := s.want(200, "GET", "/metrics", ""); !strings.Contains(text, `syncline_dead_letters{rule="sync.a"} 2`) {
		t.Fatal(text)
	}
	s.want(303, "POST", "/do", "action=retry&id=1&page=dead")
	if got := s.p.took(); len(got) != 1 || got[0] != `start "sync.a" false` {
		t.Fatalf("a letter to be tried again does not start its rule: %v", got)
	}
	s.want(202, "POST", "/api/v1/dead/2/drop", "")
	s.want(409, "POST", "/api/v1/dead/2/retry", "")
	if text := s.want(409, "POST", "/api/v1/dead/3/retry", ""); !strings.Contains(text, "no sync.removed is in force") {
		t.Fatal(text)
	}
	s.want(202, "POST", "/api/v1/dead/3/drop", "")
	s.want(404, "POST", "/api/v1/dead/99/retry", "")
	s.want(404, "POST", "/api/v1/dead/x/retry", "")
}

func TestAnotherSiteCannotActOrRead(t *testing.T) {
	s := serve(t, nil)
	for _, headers := range [][]string{
		{"Origin: https://evil.example"},
		{"Sec-Fetch-Site: cross-site"},
		{"Sec-Fetch-Site: same-site", "Origin: http://other.localhost"},
	} {
		s.want(403, "POST", "/do", "action=run", headers...)
		s.want(403, "POST", "/api/v1/run", "", headers...)
	}
	s.want(421, "GET", "/api/v1/status", "", "Host: rebound.evil.example")
	s.want(421, "POST", "/api/v1/run", "", "Host: rebound.evil.example")
	if got := s.p.took(); len(got) > 0 {
		t.Fatalf("%v", got)
	}
	s.want(303, "POST", "/do", "action=run", "Sec-Fetch-Site: same-origin")
	s.want(200, "GET", "/", "", "Host: localhost:8080")
}

func TestTokensAndRoles(t *testing.T) {
	tokens := &Tokens{}
	viewer, operator := "viewer-token-0123456789", "operator-token-0123456789"
	for role, text := range map[Role]string{Viewer: viewer, Operator: operator} {
		if err := tokens.Add(role, text); err != nil {
			t.Fatal(err)
		}
	}
	if err := tokens.Add(Viewer, "short"); err == nil {
		t.Error("a short token was taken")
	}
	s := serve(t, func(o *Options) { o.Tokens = tokens })
	for _, path := range []string{"/", "/dead", "/metrics", "/api/v1/status", "/api/v1/runs", "/api/v1/dead"} {
		s.want(401, "GET", path, "")
		s.want(401, "GET", path, "", "Authorization: Bearer wrong-token-0123456789")
		s.want(401, "GET", path, "", "Authorization: Bearer ")
		s.want(200, "GET", path, "", "Authorization: Bearer "+viewer)
		s.want(200, "GET", path, "", "Authorization: Bearer "+operator, "Host: sync.example.com")
	}
	for _, path := range []string{"/api/v1/run", "/api/v1/reload", "/api/v1/rules/a/run", "/api/v1/rules/a/pause", "/do", "/api/v1/dead/1/drop"} {
		s.want(401, "POST", path, "")
		s.want(403, "POST", path, "", "Authorization: Bearer "+viewer)
	}
	if got := s.p.took(); len(got) > 0 {
		t.Fatalf("%v", got)
	}
	s.want(202, "POST", "/api/v1/pause", "", "Authorization: Bearer "+operator)
	if got := s.p.took(); len(got) != 1 || got[0] != `hold "" by operator` {
		t.Fatalf("%v", got)
	}
	s.want(200, "GET", "/healthz", "")
	s.want(200, "GET", "/readyz", "")
	if page := s.want(200, "GET", "/", "", "Authorization: Bearer "+viewer); strings.Contains(page, "<button") {
		t.Error("a viewer is shown buttons")
	}
}

func TestTokenFiles(t *testing.T) {
	path := filepath.Join(t.TempDir(), "tokens")
	for text, ok := range map[string]bool{
		"# who\nviewer aaaaaaaaaaaaaaaaaaaa\noperator: bbbbbbbbbbbbbbbbbbbb\n": true,
		"":                              false,
		"admin aaaaaaaaaaaaaaaaaaaa":    false,
		"viewer short":                  false,
		"aaaaaaaaaaaaaaaaaaaaaaaaaaaaa": false,
	} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := (&Tokens{}).ReadTokens(path); (err == nil) != ok {
			t.Errorf("%q: %v", text, err)
		} else if err != nil && strings.Contains(err.Error(), "aaaa") {
			t.Errorf("the error shows the token: %v", err)
		}
	}
	if err := os.Chmod(path, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := (&Tokens{}).ReadTokens(path); err == nil || !strings.Contains(err.Error(), "chmod") {
		t.Errorf("a file for everybody: %v", err)
	}
}

func TestAddresses(t *testing.T) {
	none, some := &Tokens{}, &Tokens{}
	if err := some.Add(Viewer, "aaaaaaaaaaaaaaaaaaaa"); err != nil {
		t.Fatal(err)
	}
	for addr, loopback := range map[string]bool{"127.0.0.1:80": true, "[::1]:80": true, "localhost:0": true, "127.9.9.9:1": true,
		"0.0.0.0:80": false, ":80": false, "[::]:80": false, "10.0.0.1:80": false, "example.com:80": false, "nonsense": false} {
		if Loopback(addr) != loopback {
			t.Errorf("Loopback(%q) = %v", addr, !loopback)
		}
		if err := Allowed(addr, none); (err == nil) != loopback {
			t.Errorf("%s without tokens: %v", addr, err)
		}
		if err := Allowed(addr, some); err != nil {
			t.Errorf("%s with tokens: %v", addr, err)
		}
	}
}

func TestHealth(t *testing.T) {
	var sick error
	s := serve(t, func(o *Options) { o.Alive = func() error { return sick } })
	s.want(200, "GET", "/healthz", "")
	sick = fmt.Errorf("the scheduler has not looked for 2m0s")
	if text := s.want(503, "GET", "/healthz", ""); !strings.Contains(text, "scheduler") {
		t.Fatal(text)
	}
	s.p.empty = true
	s.want(503, "GET", "/readyz", "")
	s.want(200, "GET", "/api/v1/status", "")
	s.want(200, "GET", "/", "")
}

func TestABodyIsBounded(t *testing.T) {
	s := serve(t, nil)
	code, _ := s.ask("POST", "/do", "action=run&rule="+strings.Repeat("x", 1<<20))
	if code != 400 && code != 413 {
		t.Fatal(code)
	}
	if got := s.p.took(); len(got) > 0 {
		t.Fatalf("%.100v", got)
	}
}

func TestServeEndsInOrder(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	p := &project{}
	go func() { done <- New(Options{Backend: p, Metrics: NewMetrics()}).Serve(ctx, l) }()
	res, err := http.Get("http://" + l.Addr().String() + "/healthz")
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	cancel()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
}

// Hooks are reached under any name and without a token; they see for themselves who calls.
func TestHooksAreApart(t *testing.T) {
	var got []string
	hooks := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		got = append(got, r.PathValue("connection")+" "+r.PathValue("object"))
		if n, err := io.Copy(io.Discard, r.Body); err != nil || n != 100_000 {
			t.Errorf("%d bytes, %v", n, err)
		}
	})
	s := serve(t, func(o *Options) {
		o.Hooks, o.Tokens = hooks, &Tokens{}
		if err := o.Tokens.Add(Viewer, "a token that is long"); err != nil {
			t.Fatal(err)
		}
	})
	for path, want := range map[string]int{"/hooks/cs": 200, "/hooks/cs/Company": 200, "/hooks": 403, "/hooks/a/b/c": 403, "/api/v1/status": 401} {
		method := "POST"
		if path == "/api/v1/status" {
			method = "GET"
		}
		req, _ := http.NewRequest(method, s.URL+path, strings.NewReader(strings.Repeat("x", 100_000)))
		req.Host = "hooks.example.com"
		req.Header.Set("Sec-Fetch-Site", "cross-site")
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		if res.StatusCode != want {
			t.Errorf("%s answers %d", path, res.StatusCode)
		}
	}
	slices.Sort(got)
	if !slices.Equal(got, []string{"cs ", "cs Company"}) {
		t.Errorf("called for %q", got)
	}
}

func TestMetricsCountRuns(t *testing.T) {
	m := NewMetrics()
	m.Run(state.Run{Rule: "sync.a", Status: state.Succeeded, Started: at, Read: 10, Updated: 4, Calls: map[string]int{"crm": 3}, DurationMS: 200})
	m.Run(state.Run{Rule: "sync.b", Status: state.Failed, Started: at})
	m.Reload(true, at, time.Second)
	rec := httptest.NewRecorder()
	m.handler().ServeHTTP(rec, httptest.NewRequest("GET", "/metrics", nil))
	text := rec.Body.String()
	for _, want := range []string{`syncline_records_total{outcome="updated",rule="sync.a"} 4`, `syncline_calls_total{connection="crm"} 3`,
		`syncline_runs_total{rule="sync.b",status="failed"} 1`, "syncline_last_reload_successful 1", "syncline_event_to_write_seconds_bucket",
		`syncline_run_duration_seconds_count{rule="sync.a"} 1`} {
		if !strings.Contains(text, want) {
			t.Errorf("/metrics lacks %s", want)
		}
	}
	if strings.Contains(text, `last_success_timestamp_seconds{rule="sync.b"}`) {
		t.Error("a failed run counts as a success")
	}
	m.Forget([]string{"sync.a"})
	rec = httptest.NewRecorder()
	m.handler().ServeHTTP(rec, httptest.NewRequest("GET", "/metrics", nil))
	if strings.Contains(rec.Body.String(), `rule="sync.a"`) {
		t.Error("a removed rule keeps its series")
	}
}
