package gainsight

import (
	"encoding/json"
	"time"

	"github.com/syncline/syncline/lang/query"
)

// overlap is how far before a read's beginning the next one starts: a change gets its time before it can be seen.
const overlap = 5 * time.Minute

// position is what a cursor holds. Times are seconds since 1970, the step in which filters are exact.
type position struct {
	// From: all changes before it were given.
	From int64 `json:"from"`
	// Newest is the latest time of a record that was given, 0: none yet.
	Newest int64 `json:"newest,omitempty"`
	// After: a first read is under way, in order of the Gsid, and stands here.
	After string `json:"after,omitempty"`
}

func (p position) cursor() query.Cursor {
	b, _ := json.Marshal(p) // of plain numbers and a text
	return query.Cursor(b)
}

func parseCursor(c query.Cursor) (position, error) {
	var p position
	if err := json.Unmarshal([]byte(c), &p); err != nil || p.From < 0 {
		return p, permanent("a full pass makes a new one", "the cursor %.60q is none that this connector made", string(c))
	}
	return p, nil
}

// settled moves a position on after a read that began at start was read to its end. What may still come to light is what
// was under way when it began; what is older than that and than the newest record is done with, so
// that a mass change is not read again for ever.
func (p position) settled(start time.Time) position {
	horizon := start.Add(-overlap).Unix()
	next := p.From
	switch {
	case p.Newest > 0:
		next = min(p.Newest+1, horizon)
	case p.From == 0:
		// An empty object tells nothing of its clock.
		next = start.Add(-24 * time.Hour).Unix()
	}
	p.After, p.From = "", max(p.From, next)
	return p
}
