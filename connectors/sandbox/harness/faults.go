package harness

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"time"
)

// Fault is a failure to be played for the next requests that match.
type Fault struct {
	Match Match `json:"match"`
	// Times is how many requests fail; 0: one, -1: all of them.
	Times int `json:"times,omitempty"`
	// After lets so many matching requests pass first.
	After int `json:"after,omitempty"`
	// Status, ErrorCode and Message make the answer; when only ErrorCode is set, the system finds the status.
	Status    int    `json:"status,omitempty"`
	ErrorCode string `json:"error_code,omitempty"`
	Message   string `json:"message,omitempty"`
	// RetryAfter is the seconds of a Retry-After header.
	RetryAfter int `json:"retry_after,omitempty"`
	// DropResponse carries the request out and closes the connection without an answer.
	DropResponse bool `json:"drop_response,omitempty"`
	// Delay makes the request wait before anything else, as "2s".
	Delay Duration `json:"delay,omitempty"`
	// Late carries the request out at once and ends the answer so much later: what it says is old when it is read.
	Late Duration `json:"late,omitempty"`
	// ExpireSession ends all sessions and answers as for an expired one.
	ExpireSession bool `json:"expire_session,omitempty"`
}

// Match says which requests a fault is for. What is unset matches all.
type Match struct {
	Method string `json:"method,omitempty"`
	// Path must occur in the request's path; * stands for any characters.
	Path string `json:"path,omitempty"`
	// Query must occur in the decoded query string.
	Query string `json:"query,omitempty"`
	// Body must occur in the request's body.
	Body string `json:"body,omitempty"`
}

// answers tells whether the fault makes the answer, rather than only delaying or dropping it.
func (f *Fault) answers() bool {
	return f.Status != 0 || f.ErrorCode != "" || f.ExpireSession || f.RetryAfter != 0
}

func (f *Fault) check() error {
	switch {
	case !f.answers() && !f.DropResponse && f.Delay == 0 && f.Late == 0:
		return errors.New("a fault needs one of status, error_code, retry_after, drop_response, delay, late, expire_session")
	case f.Status != 0 && (f.Status < 200 || f.Status > 599):
		return fmt.Errorf("status %d is not an HTTP status of an answer", f.Status)
	case f.Times < -1 || f.After < 0 || f.RetryAfter < 0 || f.Delay < 0 || f.Late < 0:
		return errors.New("times, after, retry_after, delay and late cannot be negative (times -1 means always)")
	}
	return nil
}

// Duration is a time.Duration written "1.5s" in JSON; a number is seconds.
type Duration time.Duration

// UnmarshalJSON reads a duration.
func (d *Duration) UnmarshalJSON(data []byte) error {
	var seconds float64
	if json.Unmarshal(data, &seconds) == nil {
		*d = Duration(seconds * float64(time.Second))
		return nil
	}
	var text string
	if err := json.Unmarshal(data, &text); err != nil {
		return fmt.Errorf("a duration is a text such as \"2s\", not %s", data)
	}
	v, err := time.ParseDuration(text)
	*d = Duration(v)
	return err
}

// MarshalJSON writes a duration as text.
func (d Duration) MarshalJSON() ([]byte, error) { return json.Marshal(time.Duration(d).String()) }

// ParseFaults reads one fault, a list of them, or {"faults":[…]}.
func ParseFaults(data []byte) ([]Fault, error) {
	decode := func(into any) error {
		d := json.NewDecoder(bytes.NewReader(data))
		d.DisallowUnknownFields()
		return d.Decode(into)
	}
	var list []Fault
	data = bytes.TrimSpace(data)
	var err error
	switch {
	case len(data) > 0 && data[0] == '[':
		err = decode(&list)
	case bytes.HasPrefix(data, []byte("{")) && bytes.Contains(data, []byte(`"faults"`)):
		var wrapped struct{ Faults []Fault }
		err = decode(&wrapped)
		list = wrapped.Faults
	default:
		list = make([]Fault, 1)
		err = decode(&list[0])
	}
	if err != nil {
		return nil, fmt.Errorf("faults: %w", err)
	}
	for i := range list {
		if err := list[i].check(); err != nil {
			return nil, fmt.Errorf("fault %d: %w", i+1, err)
		}
	}
	return list, nil
}

// faults is the list of faults still to be played, oldest first.
type faults struct {
	mu   sync.Mutex
	list []Fault
}

func (fs *faults) set(list []Fault) {
	fs.mu.Lock()
	defer fs.mu.Unlock()
	fs.list = append([]Fault(nil), list...)
}

func (fs *faults) add(list []Fault) []Fault {
	fs.mu.Lock()
	defer fs.mu.Unlock()
	for _, f := range list {
		if f.Times == 0 {
			f.Times = 1
		}
		fs.list = append(fs.list, f)
	}
	return append([]Fault{}, fs.list...)
}

// take finds the first fault for the request and uses one of its times up.
func (fs *faults) take(r *http.Request) *Fault {
	fs.mu.Lock()
	defer fs.mu.Unlock()
	for i := range fs.list {
		f := &fs.list[i]
		if !f.Match.matches(r) {
			continue
		}
		if f.After > 0 {
			f.After--
			continue
		}
		found := *f
		if f.Times > 0 {
			if f.Times--; f.Times == 0 {
				fs.list = append(fs.list[:i], fs.list[i+1:]...)
			}
		}
		return &found
	}
	return nil
}

func (m *Match) matches(r *http.Request) bool {
	if m.Method != "" && !strings.EqualFold(m.Method, r.Method) {
		return false
	}
	if !occurs(m.Path, r.URL.Path) {
		return false
	}
	if m.Query != "" && !strings.Contains(r.URL.Query().Encode(), m.Query) && !queryHolds(r, m.Query) {
		return false
	}
	return m.Body == "" || strings.Contains(peekBody(r), m.Body)
}

func queryHolds(r *http.Request, text string) bool {
	for _, values := range r.URL.Query() {
		for _, v := range values {
			if strings.Contains(v, text) {
				return true
			}
		}
	}
	return false
}

// occurs tells whether the parts of the pattern between asterisks occur in text, in order.
func occurs(pattern, text string) bool {
	for part := range strings.SplitSeq(pattern, "*") {
		i := strings.Index(text, part)
		if i < 0 {
			return false
		}
		text = text[i+len(part):]
	}
	return true
}

// peekBody reads the body and puts it back.
func peekBody(r *http.Request) string {
	if r.Body == nil {
		return ""
	}
	data, err := io.ReadAll(r.Body)
	var rest io.Reader = bytes.NewReader(data)
	if err != nil {
		rest = io.MultiReader(rest, failing{err})
	}
	r.Body = io.NopCloser(rest)
	return string(data)
}

type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }
