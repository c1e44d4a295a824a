package hooks

import (
	"context"
	"sync"

	"github.com/syncline/syncline/runtime/state"
)

// Intake stores events that come at the same time together: one sync of the disk for all of them.
type Intake struct {
	// Store makes events durable.
	Store func(ctx context.Context, events []state.Event) ([]bool, error)
	// Most is how many events may wait to be stored; 0: 50,000.
	Most int

	mu      sync.Mutex
	waiting []*parcel
	events  int
	storing bool
}

// parcel is what one request brought.
type parcel struct {
	events []state.Event
	fresh  []bool
	err    error
	done   chan struct{}
}

// together is how many events are stored in one transaction, so that runs get their turn in between.
const together = 2000

// Add stores events and returns when they are durable. It goes on when ctx ends: the sender sends again what it was not
// told of, and the delivery is known then.
func (in *Intake) Add(ctx context.Context, events []state.Event) ([]bool, error) {
	if len(events) == 0 {
		return nil, nil
	}
	most := in.Most
	if most == 0 {
		most = 50_000
	}
	p := &parcel{events: events, done: make(chan struct{})}
	in.mu.Lock()
	if in.events > 0 && in.events+len(events) > most {
		in.mu.Unlock()
		return nil, ErrBusy
	}
	in.waiting = append(in.waiting, p)
	in.events += len(events)
	if !in.storing {
		in.storing = true
		go in.store(context.WithoutCancel(ctx))
	}
	in.mu.Unlock()
	<-p.done
	return p.fresh, p.err
}

// store stores what waits until nothing does.
func (in *Intake) store(ctx context.Context) {
	for {
		in.mu.Lock()
		if len(in.waiting) == 0 {
			in.storing = false
			in.mu.Unlock()
			return
		}
		n, count := 0, 0
		for n < len(in.waiting) && (n == 0 || count+len(in.waiting[n].events) <= together) {
			count += len(in.waiting[n].events)
			n++
		}
		batch := in.waiting[:n:n]
		in.waiting = in.waiting[n:]
		in.events -= count
		in.mu.Unlock()
		in.put(ctx, batch, count)
	}
}

func (in *Intake) put(ctx context.Context, batch []*parcel, count int) {
	all := make([]state.Event, 0, count)
	for _, p := range batch {
		all = append(all, p.events...)
	}
	fresh, err := in.Store(ctx, all)
	for _, p := range batch {
		if p.err = err; err == nil {
			p.fresh, fresh = fresh[:len(p.events)], fresh[len(p.events):]
		}
		close(p.done)
	}
}
