package expr

import (
	"sync"

	"github.com/syncline/syncline/lang/span"
)

// Cover notes which way conditions went: those of ?: and those that Test is asked for. Its methods, and the
// evaluations that it watches, are safe for several goroutines.
type Cover struct {
	mu   sync.Mutex
	hits map[any]*[2]int
}

// note counts one outcome. where is the node of a ?:, or the program whose condition it was.
func (c *Cover) note(where any, is bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.hits == nil {
		c.hits = map[any]*[2]int{}
	}
	h := c.hits[where]
	if h == nil {
		h = &[2]int{}
		c.hits[where] = h
	}
	if is {
		h[0]++
	} else {
		h[1]++
	}
}

// Branch is a condition that decides between two ways, and how often each was taken.
type Branch struct {
	Range span.Range
	Text  string
	// True and False count how often the condition held, and did not hold or was unknown.
	True, False int
}

// Branches gives the conditions of the ?: in a program as c counted them.
func (p *Program) Branches(c *Cover) []Branch {
	c.mu.Lock()
	defer c.mu.Unlock()
	out := make([]Branch, 0, len(p.conds))
	for _, n := range p.conds {
		b := Branch{Range: n.Args[0].Range, Text: n.Args[0].Text}
		if h := c.hits[n]; h != nil {
			b.True, b.False = h[0], h[1]
		}
		out = append(out, b)
	}
	return out
}

// Outcomes gives how often Test found the program to hold, and not to hold, as c counted it.
func (p *Program) Outcomes(c *Cover) Branch {
	c.mu.Lock()
	defer c.mu.Unlock()
	b := Branch{Range: p.root.Range, Text: p.root.Text}
	if h := c.hits[p]; h != nil {
		b.True, b.False = h[0], h[1]
	}
	return b
}
