package harness

import (
	"net/http"
	"sync"
	"time"
)

// Call is one request in the call log.
type Call struct {
	Method string `json:"method"`
	Path   string `json:"path"`
	Query  string `json:"query,omitempty"`
	// Status is the answer's; 0 when the answer was dropped.
	Status int       `json:"status"`
	At     time.Time `json:"at"`
	// Records is how many records the call read or wrote.
	Records int `json:"records"`
}

// calls is the call log, in order of arrival.
type calls struct {
	mu   sync.Mutex
	list []*Call
}

// begin notes a request when it arrives, so that the order is the order of arrival.
func (c *calls) begin(r *http.Request, at time.Time) *Call {
	call := &Call{Method: r.Method, Path: r.URL.Path, Query: r.URL.RawQuery, At: at}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.list = append(c.list, call)
	return call
}

func (c *calls) end(call *Call, status, records int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	call.Status, call.Records = status, records
}

func (c *calls) snapshot() []Call {
	c.mu.Lock()
	defer c.mu.Unlock()
	out := make([]Call, len(c.list))
	for i, call := range c.list {
		out[i] = *call
	}
	return out
}

func (c *calls) clear() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.list = nil
}

// statusWriter remembers the status of an answer.
type statusWriter struct {
	http.ResponseWriter
	status int
}

func (w *statusWriter) WriteHeader(status int) {
	if w.status == 0 {
		w.status = status
	}
	w.ResponseWriter.WriteHeader(status)
}

func (w *statusWriter) Write(p []byte) (int, error) {
	if w.status == 0 {
		w.status = http.StatusOK
	}
	return w.ResponseWriter.Write(p)
}

// Unwrap serves http.ResponseController.
func (w *statusWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// discard is where the answer of a dropped call goes.
type discard struct{ header http.Header }

func (d discard) Header() http.Header         { return d.header }
func (d discard) Write(p []byte) (int, error) { return len(p), nil }
func (d discard) WriteHeader(int)             {}
