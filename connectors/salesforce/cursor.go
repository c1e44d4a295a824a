package salesforce

import (
	"encoding/json"
	"fmt"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/syncline/syncline/connectors"
	"github.com/syncline/syncline/lang/query"
)

// overlap is how long before a read its records may have been stamped and yet not have been visible to it: the stamp
// is set in a transaction, which ends later.
const overlap = 5 * time.Minute

// cursor is a resume position as it is stored.
type cursor struct {
	// At is the stamp to go on from; ID, when not "", the last record of that stamp that need not be read again.
	At time.Time `json:"at"`
	ID string    `json:"id,omitempty"`
}

func (c cursor) encode() query.Cursor {
	c.At = c.At.UTC()
	text, err := json.Marshal(c)
	if err != nil {
		return "" // a year beyond 9999, which no record has
	}
	return query.Cursor(text)
}

func parseCursor(text query.Cursor) (cursor, error) {
	var c cursor
	err := json.Unmarshal([]byte(text), &c)
	if err == nil && (c.At.IsZero() || c.ID != "" && !isID(c.ID)) {
		err = fmt.Errorf("it has no time, or an id that is none")
	}
	if err != nil {
		return c, &connectors.Error{Class: connectors.Permanent, Message: fmt.Sprintf("the checkpoint %q is not one of Salesforce: %v", text, err),
			Hint: "reset the rule's checkpoint; its next run then reads everything", Err: err}
	}
	return c, nil
}

func isID(s string) bool {
	if len(s) != 15 && len(s) != 18 {
		return false
	}
	for i := range len(s) {
		if c := s[i]; c < '0' || c > '9' && c < 'A' || c > 'Z' && c < 'a' || c > 'z' {
			return false
		}
	}
	return true
}

// progress is how far a read has come.
type progress struct {
	// floor is the stamp from which records may still appear behind the read's back.
	floor time.Time
	at    time.Time // stamp of the last record
	id    string    // its id
	same  int       // how many records so far share that stamp
	any   bool
}

// sameMost is how many records of one second are read again at the next read, rather than told apart by
// id: within that second they can change once more.
const sameMost = 2000

func (p *progress) record(at time.Time, id string) {
	if !p.any || !at.Equal(p.at) {
		p.same = 0
	}
	p.at, p.id, p.any = at, id, true
	p.same++
}

// cursor gives where a later read goes on; done tells whether this one has given all there was.
func (p *progress) cursor(since query.Cursor, done bool) query.Cursor {
	switch {
	case !p.any && since != "":
		return since
	case !p.any && !done, p.floor.IsZero():
		return ""
	case !p.any || !p.at.Before(p.floor):
		return cursor{At: p.floor}.encode()
	case done && p.same <= sameMost:
		return cursor{At: p.at}.encode()
	}
	return cursor{At: p.at, ID: p.id}.encode()
}

// serverTime is the system's clock at the time a call began, by its answer.
func serverTime(h http.Header, took time.Duration, now time.Time) time.Time {
	at, err := http.ParseTime(h.Get("Date"))
	if err != nil {
		at = now
	}
	return at.Add(-took).Truncate(time.Second)
}

// skew is how far the system's clock is ahead of ours, as its answers tell.
type skew struct{ ahead atomic.Int64 }

func (s *skew) observe(h http.Header, now time.Time) {
	if at, err := http.ParseTime(h.Get("Date")); err == nil {
		s.ahead.Store(int64(at.Sub(now)))
	}
}

// serverNow is the system's clock. Before the first answer it is ours.
func (c *conn) serverNow() time.Time { return c.now().Add(time.Duration(c.skew.ahead.Load())) }
