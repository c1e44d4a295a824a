package harness

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"iter"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"
)

// echo is a system with one object, Thing, and a handler that counts.
type echo struct {
	handled int
	at      time.Time // of the last one
	expired bool
	records []Record
}

func (e *echo) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	e.handled++
	e.at = time.Now()
	body, _ := io.ReadAll(r.Body)
	CountRecords(r.Context(), 3)
	fmt.Fprintf(w, "hello %s", body)
}

func (e *echo) Fail(w http.ResponseWriter, r *http.Request, f Fault) {
	e.expired = e.expired || f.ExpireSession
	if f.Status == 0 {
		f.Status = http.StatusTeapot
	}
	w.WriteHeader(f.Status)
	fmt.Fprint(w, f.ErrorCode)
}

func (e *echo) Objects() []string { return []string{"Thing"} }

func (e *echo) Records(object string) (iter.Seq[Record], error) {
	if object != "Thing" {
		return nil, UnknownObject(object)
	}
	return slices.Values(e.records), nil
}

func (e *echo) Put(object string, records []Record) ([]Record, error) {
	e.records = append(e.records, records...)
	return records, nil
}

func (e *echo) Delete(object, id string) error { e.records = nil; return nil }
func (e *echo) Reset() error                   { e.records = nil; return nil }

func serve(t *testing.T, o Options) (*echo, *Server) {
	t.Helper()
	ln, err := Listen(context.Background(), "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	e := &echo{}
	s := Serve(ln, e, o)
	t.Cleanup(func() { _ = s.Close() })
	return e, s
}

func send(t *testing.T, method, url, body string) (int, string, http.Header) {
	t.Helper()
	req, err := http.NewRequest(method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, err.Error(), nil
	}
	defer res.Body.Close()
	data, _ := io.ReadAll(res.Body)
	return res.StatusCode, string(data), res.Header
}

func TestFaults(t *testing.T) {
	e, s := serve(t, Options{})
	arm := func(body string) {
		t.Helper()
		if status, text, _ := send(t, "POST", s.URL()+"/_sandbox/faults", body); status != 200 {
			t.Fatalf("faults: %d %s", status, text)
		}
	}
	arm(`{"match":{"path":"/a/*/c","body":"poison"},"times":2,"status":429,"retry_after":7}`)
	if status, text, _ := send(t, "POST", s.URL()+"/a/b/c", "fine"); status != 200 || text != "hello fine" {
		t.Errorf("a request that does not match: %d %s", status, text)
	}
	for range 2 {
		status, _, h := send(t, "POST", s.URL()+"/a/b/c", "some poison")
		if status != 429 || h.Get("Retry-After") != "7" {
			t.Errorf("fault: %d, Retry-After %q", status, h.Get("Retry-After"))
		}
	}
	if status, text, _ := send(t, "POST", s.URL()+"/a/b/c", "some poison"); status != 200 || text != "hello some poison" {
		t.Errorf("after the fault: %d %s; the body must reach the system whole", status, text)
	}
	before := e.handled
	arm(`[{"drop_response":true}]`)
	if status, _, _ := send(t, "POST", s.URL()+"/x", ""); status != 0 || e.handled != before+1 {
		t.Errorf("dropped response: status %d, handled %d times; want none, once", status, e.handled-before)
	}
	arm(`{"after":1,"times":1,"error_code":"LOCKED"}`)
	if status, _, _ := send(t, "GET", s.URL()+"/x", ""); status != 200 {
		t.Errorf("after 1: the first request got %d", status)
	}
	if status, text, _ := send(t, "GET", s.URL()+"/x", ""); status != 418 || text != "LOCKED" {
		t.Errorf("error_code: %d %s", status, text)
	}
	arm(`{"expire_session":true}`)
	send(t, "GET", s.URL()+"/x", "")
	if !e.expired {
		t.Error("expire_session did not reach the system")
	}
	arm(`{"delay":"80ms"}`)
	start := time.Now()
	if send(t, "GET", s.URL()+"/x", ""); time.Since(start) < 80*time.Millisecond {
		t.Error("delay did not delay")
	}
	arm(`{"late":"80ms"}`)
	before = e.handled
	if _, text, _ := send(t, "POST", s.URL()+"/x", "late"); time.Since(e.at) < 80*time.Millisecond || text != "hello late" || e.handled != before+1 {
		t.Errorf("a late answer: %q, %s after the request was carried out", text, time.Since(e.at))
	}
	for _, bad := range []string{``, `{}`, `{"status":99}`, `{"stauts":500}`, `{"delay":"soon"}`, `[{"status":500},{"times":-3,"status":500}]`} {
		if status, text, _ := send(t, "POST", s.URL()+"/_sandbox/faults", bad); status != 400 || !strings.Contains(text, "error") {
			t.Errorf("faults %q: %d %s, want it refused", bad, status, text)
		}
	}
}

func TestCallsAndReset(t *testing.T) {
	e, s := serve(t, Options{Faults: []Fault{{Match: Match{Path: "/b"}, Status: 503}}})
	send(t, "GET", s.URL()+"/a?q=1", "")
	send(t, "POST", s.URL()+"/b", "")
	_, text, _ := send(t, "GET", s.URL()+"/_sandbox/calls", "")
	var log struct{ Calls []Call }
	if err := json.Unmarshal([]byte(text), &log); err != nil {
		t.Fatal(err)
	}
	if len(log.Calls) != 2 || log.Calls[0].Path != "/a" || log.Calls[0].Query != "q=1" || log.Calls[0].Records != 3 || log.Calls[0].Status != 200 ||
		log.Calls[1].Method != "POST" || log.Calls[1].Status != 503 || log.Calls[1].At.IsZero() {
		t.Errorf("calls: %s", text)
	}
	e.records = []Record{{"x": 1}}
	send(t, "POST", s.URL()+"/_sandbox/reset", "")
	if _, text, _ := send(t, "GET", s.URL()+"/_sandbox/calls", ""); !strings.Contains(text, `"calls":[]`) {
		t.Errorf("calls after reset: %s", text)
	}
	if len(e.records) != 0 {
		t.Error("reset did not reach the system")
	}
	if status, _, _ := send(t, "POST", s.URL()+"/b", ""); status != 503 {
		t.Errorf("the faults of the start are armed again by reset; got %d", status)
	}
}

func TestRecords(t *testing.T) {
	_, s := serve(t, Options{})
	for _, body := range []string{`{"Name":"a","N":1}`, `[{"Name":"b","N":2}]`, `{"records":[{"Name":"c","N":null}]}`} {
		if status, text, _ := send(t, "POST", s.URL()+"/_sandbox/records/Thing", body); status != 200 {
			t.Fatalf("%d %s", status, text)
		}
	}
	count := func(query string) int {
		_, text, _ := send(t, "GET", s.URL()+"/_sandbox/records/Thing"+query, "")
		var got struct{ Records []Record }
		if err := json.Unmarshal([]byte(text), &got); err != nil {
			t.Fatalf("%v: %s", err, text)
		}
		return len(got.Records)
	}
	if a, b, c := count(""), count("?Name=b&N=2"), count("?N="); a != 3 || b != 1 || c != 1 {
		t.Errorf("%d records, %d with Name b, %d without N", a, b, c)
	}
	for url, want := range map[string]int{"/_sandbox/records/Nothing": 404, "/_sandbox/other": 404} {
		if status, text, _ := send(t, "GET", s.URL()+url, ""); status != want || !strings.Contains(text, "error") {
			t.Errorf("%s: %d %s", url, status, text)
		}
	}
	for _, bad := range []string{``, `7`, `[1]`, `{"records":7}`[:5]} {
		if status, _, _ := send(t, "POST", s.URL()+"/_sandbox/records/Thing", bad); status != 400 {
			t.Errorf("records %q: %d, want 400", bad, status)
		}
	}
}
