// Package sink simulates an HTTP endpoint that takes any call: it notes each and answers 200 with JSON.
//
// The control endpoint records/requests shows the calls, oldest first. Below /once/ a call whose Idempotency-Key was seen
// is answered as the first time and not noted again, as receivers do that heed the key.
package sink

import (
	"encoding/json"
	"fmt"
	"io"
	"iter"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/syncline/syncline/connectors/sandbox/harness"
)

// System is the endpoint. It implements harness.System.
type System struct {
	now func() time.Time

	mu       sync.Mutex
	next     int
	requests []harness.Record
	seen     map[string]harness.Record // by idempotency key
}

// New makes an endpoint; now may be nil.
func New(now func() time.Time) *System {
	if now == nil {
		now = time.Now
	}
	return &System{now: now, seen: map[string]harness.Record{}}
}

// Env is what clients need to reach the endpoint at url.
func Env(url string) []string { return []string{"SINK_URL=" + url} }

// ServeHTTP takes a call.
func (s *System) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		reply(w, http.StatusRequestEntityTooLarge, map[string]any{"error": err.Error()})
		return
	}
	rec := s.note(r, string(body))
	harness.CountRecords(r.Context(), 1)
	reply(w, http.StatusOK, map[string]any{"id": rec["id"], "received": true, "number": rec["number"]})
}

func (s *System) note(r *http.Request, body string) harness.Record {
	s.mu.Lock()
	defer s.mu.Unlock()
	key := r.Header.Get("Idempotency-Key")
	once := key != "" && strings.HasPrefix(r.URL.Path, "/once/")
	if before, seen := s.seen[key]; once && seen {
		return before
	}
	s.next++
	headers := map[string]string{}
	for name, values := range r.Header {
		headers[name] = strings.Join(values, ", ")
	}
	rec := harness.Record{"id": fmt.Sprintf("req_%d", s.next), "number": s.next, "method": r.Method, "path": r.URL.Path, "query": r.URL.RawQuery,
		"headers": headers, "body": body, "key": key, "at": s.now().UTC().Format(time.RFC3339Nano)}
	var parsed any
	if json.Unmarshal([]byte(body), &parsed) == nil {
		rec["json"] = parsed
	}
	s.requests = append(s.requests, rec)
	if once {
		s.seen[key] = rec
	}
	return rec
}

func reply(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body)
}

// Fail answers as services usually do.
func (s *System) Fail(w http.ResponseWriter, _ *http.Request, f harness.Fault) {
	switch {
	case f.ExpireSession:
		f.Status = http.StatusUnauthorized
	case f.Status == 0:
		f.Status = http.StatusBadRequest
	}
	if f.Message == "" {
		f.Message = http.StatusText(f.Status)
	}
	reply(w, f.Status, map[string]any{"error": map[string]any{"code": f.ErrorCode, "message": f.Message}})
}

// Objects implements harness.Data.
func (s *System) Objects() []string { return []string{"requests"} }

// Records gives the calls.
func (s *System) Records(object string) (iter.Seq[harness.Record], error) {
	if object != "requests" {
		return nil, harness.UnknownObject(object)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Values(slices.Clone(s.requests)), nil
}

// Put is refused: calls come in by being made.
func (s *System) Put(object string, _ []harness.Record) ([]harness.Record, error) {
	if object != "requests" {
		return nil, harness.UnknownObject(object)
	}
	return nil, fmt.Errorf("requests are made by calling this address, not written")
}

// Delete forgets a call.
func (s *System) Delete(object, id string) error {
	if object != "requests" {
		return harness.UnknownObject(object)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	before := len(s.requests)
	s.requests = slices.DeleteFunc(s.requests, func(r harness.Record) bool { return r["id"] == id })
	maps.DeleteFunc(s.seen, func(_ string, r harness.Record) bool { return r["id"] == id })
	if len(s.requests) == before {
		return fmt.Errorf("there is no request %q", id)
	}
	return nil
}

// Reset forgets all calls.
func (s *System) Reset() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.next, s.requests, s.seen = 0, nil, map[string]harness.Record{}
	return nil
}

var _ harness.System = (*System)(nil)
