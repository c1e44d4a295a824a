package state

import (
	"context"
	"time"
)

// EventStore keeps what systems told of and rules have not answered yet, so that an event that was acknowledged is not
// lost with the process.
type EventStore interface {
	// AddEvents stores events, all of them or none, and tells, aligned to them, which are new: one whose delivery is known
	// already leaves no trace. They are durable when it returns.
	AddEvents(ctx context.Context, events []Event) (fresh []bool, err error)
	// Wakes gives what waits for a rule, oldest first, at most limit.
	Wakes(ctx context.Context, rule string, limit int) ([]Wake, error)
	// WakeCounts tells how much waits for each rule; a rule that nothing waits for is left out.
	WakeCounts(ctx context.Context) (map[string]WakeCount, error)
	// SettleWakes forgets wakes that were answered, and counts a look for those that were looked for in vain. One that
	// another event came for meanwhile stays as it is.
	SettleWakes(ctx context.Context, rule string, answered, again []Wake) error
	// PruneEvents forgets what came before an instant, and the oldest deliveries beyond the number kept.
	PruneEvents(ctx context.Context, before time.Time, deliveries int) error
}

// Event is a change that a system told of.
type Event struct {
	Connection string
	// Delivery is what the sender calls this event, the same when it sends it again; "" when it does not say.
	Delivery string
	// Record is the id of the source record; "" when the event names none.
	Record string
	// Rules are those that it wakes.
	Rules []string
	At    time.Time
}

// Wake is what waits for a rule because of events: one record, however many events named it.
type Wake struct {
	Record string // "" for events without one
	// Seq changes with each event.
	Seq int64
	// First and Last are when the first and the last of the events came.
	First, Last time.Time
	// Looks is how often the record was looked for in vain since the last event.
	Looks int
}

// WakeCount is how much waits for a rule.
type WakeCount struct {
	Records int
	Oldest  time.Time
}
