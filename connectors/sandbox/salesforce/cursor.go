package salesforce

import (
	"sync"

	"github.com/syncline/syncline/connectors/sandbox/world"
)

// maxCursors and maxHeld bound the memory of open queries; the oldest goes first, as one after its two days would.
const (
	maxCursors = 500
	maxHeld    = 5_000_000
)

// cursor is an open query: the records that it found when it ran.
type cursor struct {
	id    string
	rows  []*row
	nodes []*node
	t     *table
	size  int // records a page
}

// cursors are the open queries.
type cursors struct {
	mu   sync.Mutex
	list []*cursor // oldest first
	held int
	last uint64
}

// open keeps a query and names it.
func (cs *cursors) open(c *cursor) {
	cs.mu.Lock()
	defer cs.mu.Unlock()
	cs.last++
	c.id = world.SalesforceID("01g", cs.last)
	cs.list = append(cs.list, c)
	cs.held += len(c.rows)
	for len(cs.list) > 1 && (len(cs.list) > maxCursors || cs.held > maxHeld) {
		cs.held -= len(cs.list[0].rows)
		cs.list = cs.list[1:]
	}
}

func (cs *cursors) find(id string) *cursor {
	cs.mu.Lock()
	defer cs.mu.Unlock()
	for _, c := range cs.list {
		if c.id == id {
			return c
		}
	}
	return nil
}

func (cs *cursors) clear() {
	cs.mu.Lock()
	defer cs.mu.Unlock()
	cs.list, cs.held = nil, 0
}
