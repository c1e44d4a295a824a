package delivery

import (
	"context"
	"math/rand/v2"
	"time"

	"github.com/syncline/syncline/connectors"
)

// Retry says how often and how long to try again.
type Retry struct {
	// Attempts is the most tries of one change; 0: 6.
	Attempts int
	// Patience is how long a batch is tried again, from its first try; 0: 2 minutes.
	Patience time.Duration
	// Base is the first wait, doubled each time up to Max; 0: 500 ms and 1 minute.
	Base, Max time.Duration
	// LimitWait is the longest that a used-up quota is waited for within a run; 0: 30 s. A longer one stops the run.
	LimitWait time.Duration
	// Grace is how long a call under way may go on after the run was interrupted; 0: 30 s.
	Grace time.Duration
}

// Defaults fills what is not set.
func (r Retry) Defaults() Retry {
	set := func(d *time.Duration, to time.Duration) {
		if *d == 0 {
			*d = to
		}
	}
	if r.Attempts == 0 {
		r.Attempts = 6
	}
	set(&r.Patience, 2*time.Minute)
	set(&r.Base, 500*time.Millisecond)
	set(&r.Max, time.Minute)
	set(&r.LimitWait, 30*time.Second)
	set(&r.Grace, 30*time.Second)
	return r
}

// Backoff is the wait before try n (from 1 on): exponential, with a random half so that many clients do not
// come back together. What the system asked for is never undercut.
func (r Retry) Backoff(n int, asked time.Duration, random float64) time.Duration {
	r = r.Defaults()
	d := r.Base
	for i := 1; i < n && d < r.Max; i++ {
		d *= 2
	}
	d = min(d, r.Max)
	d = d/2 + time.Duration(random*float64(d/2))
	return max(d, asked)
}

// Sleep waits for d, or until ctx ends.
func Sleep(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return ctx.Err()
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-t.C:
		return nil
	}
}

func (d *Deliverer) sleep(ctx context.Context, wait time.Duration) error {
	if d.Sleep != nil {
		return d.Sleep(ctx, wait)
	}
	return Sleep(ctx, wait)
}

func (d *Deliverer) random() float64 {
	if d.Random != nil {
		return d.Random()
	}
	return rand.Float64()
}

// Grace gives a context for work that is under way when ctx is cancelled: it goes on for the grace time.
func Grace(ctx context.Context, grace time.Duration) (context.Context, context.CancelFunc) {
	work, cancel := context.WithCancel(context.WithoutCancel(ctx))
	stop := context.AfterFunc(ctx, func() {
		t := time.NewTimer(grace)
		defer t.Stop()
		select {
		case <-t.C:
			cancel()
		case <-work.Done():
		}
	})
	return work, func() { stop(); cancel() }
}

// canRetry tells whether sending again can help. A lost answer counts only where sending twice is harmless.
func canRetry(class connectors.Class, op connectors.Op) bool {
	return class == connectors.Retry || class == connectors.InDoubt && op != connectors.Create
}
