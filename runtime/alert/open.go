package alert

import (
	"maps"
	"slices"
	"time"
)

// Open is trouble that an alert is about and that is not over.
type Open struct {
	Event, Rule, What string
	Since             time.Time
	// Told is when somebody was told last; zero: nobody was yet.
	Told time.Time
}

// Now lists the trouble of an alert that is not over, in order of what it is about. Told means that the message arrived.
func (p *Page) Now() []Open {
	there := slices.DeleteFunc(slices.Collect(maps.Values(p.Open)), func(e *entry) bool { return !e.Gone.IsZero() })
	out := make([]Open, 0, len(there))
	for _, e := range order(there) {
		x := Open{Event: e.Event, Rule: e.Rule, What: e.What, Since: e.Since, Told: e.Told}
		if p.Pending != nil && p.Pending.At.Equal(e.Told) {
			x.Told = time.Time{}
		}
		out = append(out, x)
	}
	return out
}
