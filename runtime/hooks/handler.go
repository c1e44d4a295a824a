package hooks

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/syncline/syncline/lang/plan"
)

// Endpoint is one connection's way to tell of changes.
type Endpoint struct {
	Events *plan.Events
	// Secrets are those that an event may be signed with.
	Secrets []string
	// Objects are those that rules listen to.
	Objects []string
}

// Event is a change that a genuine request tells of.
type Event struct {
	// Object is one of the endpoint's; "": any of them may have changed.
	Object string
	// Record is the id of what changed; "": any record may have.
	Record string
	// Delivery is the sender's id of the event; "": it gives none.
	Delivery string
}

// Backend is what events are for. Its methods are safe for several goroutines.
type Backend interface {
	// Endpoint gives the endpoint of a connection, nil when it has none. An error is one of the configuration.
	Endpoint(connection string) (*Endpoint, error)
	// Take stores events and says, aligned to them, which are not repetitions. It returns when they are durable.
	// ErrBusy asks the sender to come again.
	Take(ctx context.Context, connection string, events []Event) (fresh []bool, err error)
	// Counted tells what became of events.
	Counted(connection, result string, n int)
}

// ErrBusy: more comes in than can be stored.
var ErrBusy = errors.New("too much at once")

// What becomes of events and requests, as counted.
const (
	Accepted  = "accepted"
	Repeated  = "repeated"  // known already
	Unknown   = "unknown"   // of an object that no rule listens to
	Forged    = "forged"    // wrong signature
	Stale     = "stale"     // outside the window
	Malformed = "malformed" // genuine, and not understood
	TooLarge  = "too_large"
	Slow      = "slow" // the body did not come in time, or the sender left
	Busy      = "busy"
	Failed    = "failed" // could not be stored, or is not configured
)

// Options bound what requests may cost. Zero values are the defaults.
type Options struct {
	// Body is the most bytes of one request, Buffered of all under way; 1 MiB and 64 MiB.
	Body, Buffered int64
	// Patience is how long a body may take to arrive; 5 s.
	Patience time.Duration
	Now      func() time.Time
	Log      *slog.Logger
}

// Handler answers POST /hooks/{connection} and POST /hooks/{connection}/{object}.
type Handler struct {
	b        Backend
	o        Options
	buffered atomic.Int64
	// decoding bounds how many payloads are decoded at once: decoded, they are many times their size.
	decoding chan struct{}

	mu     sync.Mutex
	warned map[string]time.Time
}

// New makes a handler.
func New(b Backend, o Options) *Handler {
	if o.Body == 0 {
		o.Body = 1 << 20
	}
	if o.Buffered == 0 {
		o.Buffered = 64 << 20
	}
	if o.Patience == 0 {
		o.Patience = 5 * time.Second
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return &Handler{b: b, o: o, decoding: make(chan struct{}, 8), warned: map[string]time.Time{}}
}

// ServeHTTP takes a request in.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	name := r.PathValue("connection")
	endpoint, err := h.b.Endpoint(name)
	if err != nil {
		h.warn(name, "events cannot be taken in", "error", err)
		h.refuse(w, name, Failed, http.StatusServiceUnavailable, "events of this connection cannot be taken in at the moment")
		return
	}
	if endpoint == nil {
		http.Error(w, "no connection of this name takes events", http.StatusNotFound)
		return
	}
	body, result := h.read(w, r)
	defer h.buffered.Add(-int64(cap(body)))
	switch result {
	case TooLarge:
		h.refuse(w, name, result, http.StatusRequestEntityTooLarge, "the body is too large")
		return
	case Busy:
		h.refuse(w, name, result, http.StatusServiceUnavailable, "too much at once; send it again")
		return
	case Slow:
		h.refuse(w, name, result, http.StatusRequestTimeout, "the body did not arrive in time")
		return
	}
	if err := verify(endpoint.Events, endpoint.Secrets, r, body, h.o.Now()); err != nil {
		result := Forged
		if errors.Is(err, errStale) {
			result = Stale
		}
		h.warn(name, "an event was turned away", "why", err, "from", r.RemoteAddr)
		h.refuse(w, name, result, http.StatusUnauthorized, "not accepted")
		return
	}
	h.take(w, r, name, endpoint, body)
}

// take stores what a genuine request tells.
func (h *Handler) take(w http.ResponseWriter, r *http.Request, name string, endpoint *Endpoint, body []byte) {
	h.decoding <- struct{}{}
	p, err := parse(endpoint.Events, r, body)
	<-h.decoding
	if err != nil {
		h.warn(name, "an event is not understood", "why", err)
		h.refuse(w, name, Malformed, http.StatusBadRequest, err.Error())
		return
	}
	if p.challenge != "" {
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		_, _ = io.WriteString(w, p.challenge)
		return
	}
	var events []Event
	unknown := map[string]int{}
	for _, t := range p.told {
		object, known := endpoint.object(t.object, r.PathValue("object"))
		if !known {
			unknown[object]++
			continue
		}
		events = append(events, Event{Object: object, Record: t.record, Delivery: t.delivery})
	}
	h.count(name, unknown)
	fresh, err := h.b.Take(r.Context(), name, events)
	if err != nil {
		result := Failed
		if errors.Is(err, ErrBusy) {
			result = Busy
		} else {
			h.warn(name, "an event cannot be stored; the sender is asked to send it again", "error", err)
		}
		h.refuse(w, name, result, http.StatusServiceUnavailable, "it cannot be stored at the moment; send it again")
		return
	}
	accepted := 0
	for _, f := range fresh {
		if f {
			accepted++
		}
	}
	h.b.Counted(name, Accepted, accepted)
	h.b.Counted(name, Repeated, len(fresh)-accepted)
	answer(w, p.soap, len(fresh), accepted, len(p.told)-len(events))
}

// answer acknowledges. An object that nobody listens to is no reason for the sender to try again.
func answer(w http.ResponseWriter, soap bool, taken, accepted, unknown int) {
	if soap {
		w.Header().Set("Content-Type", "text/xml; charset=utf-8")
		_, _ = io.WriteString(w, ack)
		return
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	if taken == 0 {
		w.WriteHeader(http.StatusAccepted)
	}
	_ = json.NewEncoder(w).Encode(map[string]int{"accepted": accepted, "repeated": taken - accepted, "unknown": unknown})
}

func (h *Handler) count(name string, unknown map[string]int) {
	for object, n := range unknown {
		h.b.Counted(name, Unknown, n)
		h.warn(name+" "+object, "an event tells of an object that no rule listens to", "object", object)
	}
}

// warn logs the same only once a minute: anybody may post here, and the metrics count all of it.
func (h *Handler) warn(what, message string, args ...any) {
	now := time.Now()
	key := what + ": " + message
	h.mu.Lock()
	if now.Sub(h.warned[key]) < time.Minute {
		h.mu.Unlock()
		return
	}
	if len(h.warned) > 1000 {
		clear(h.warned)
	}
	h.warned[key] = now
	h.mu.Unlock()
	name, _, _ := strings.Cut(what, " ")
	h.o.Log.Warn(message, append([]any{"connection", name}, args...)...)
}

func (h *Handler) refuse(w http.ResponseWriter, name, result string, code int, why string) {
	h.b.Counted(name, result, 1)
	if code == http.StatusServiceUnavailable {
		w.Header().Set("Retry-After", "5")
	}
	if result != Malformed && result != Forged && result != Stale {
		w.Header().Set("Connection", "close") // what is left of the body is not waited for
	}
	http.Error(w, why, code)
}

// object finds which object an event is about; false: none that a rule listens to.
func (e *Endpoint) object(payload, path string) (string, bool) {
	name := payload
	if path != "" {
		name = path
	}
	if name == "" {
		switch {
		case len(e.Events.Objects) == 1:
			name = e.Events.Objects[0].Name
		case e.Events.ObjectPath == "":
			return "", len(e.Objects) > 0
		default:
			return "", false
		}
	}
	if o := named(e.Events, name); o != nil {
		name = o.Name
	}
	i := slices.IndexFunc(e.Objects, func(o string) bool { return strings.EqualFold(o, name) })
	if i < 0 {
		return name, false
	}
	return e.Objects[i], true
}

// chunk is how much room a body gets at first; it doubles with what arrives. A sender that is slow holds little.
const chunk = 4 << 10

// read reads a body within the bounds. The caller gives cap(body) back to buffered.
func (h *Handler) read(w http.ResponseWriter, r *http.Request) (body []byte, result string) {
	if r.ContentLength > h.o.Body {
		return nil, TooLarge
	}
	// Where the connection has no deadline, as in tests, the server's own time limits hold.
	_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(h.o.Patience))
	for {
		if len(body) == cap(body) {
			more := max(int64(chunk), 2*int64(cap(body)))
			if have := h.buffered.Add(more - int64(cap(body))); have > h.o.Buffered {
				h.buffered.Add(int64(cap(body)) - more)
				return body, Busy
			}
			grown := make([]byte, len(body), more)
			copy(grown, body)
			body = grown
		}
		n, err := r.Body.Read(body[len(body):cap(body)])
		body = body[:len(body)+n]
		switch {
		case int64(len(body)) > h.o.Body:
			return body, TooLarge
		case err == io.EOF:
			return body, ""
		case err != nil:
			return body, Slow
		}
	}
}
