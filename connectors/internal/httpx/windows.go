package httpx

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/syncline/syncline/connectors"
)

// Window is a limit of calls in a fixed window of time: windows begin at whole multiples of Per (UTC).
type Window struct {
	Calls int
	Per   time.Duration
	// Name says whose limit it is, for messages.
	Name string
}

// windows counts calls against limits.
type windows struct {
	mu      *sync.Mutex
	limits  []Window
	starts  []time.Time
	used    []int
	now     func() time.Time
	sleep   func(context.Context, time.Duration) error
	maxWait time.Duration
}

func newWindows(o Options) windows {
	limits := append([]Window(nil), o.Windows...)
	if n := o.Config.CallsPerMinute; n > 0 {
		limits = append(limits, Window{Calls: n, Per: time.Minute, Name: "the project's calls_per_minute"})
	}
	if n := o.Config.CallsPerDay; n > 0 {
		limits = append(limits, Window{Calls: n, Per: 24 * time.Hour, Name: "the project's calls_per_day"})
	}
	return windows{mu: new(sync.Mutex), limits: limits, starts: make([]time.Time, len(limits)), used: make([]int, len(limits)),
		now: o.Config.Now, sleep: o.Sleep, maxWait: o.MaxWait}
}

// take waits until one more call is allowed. A wait longer than maxWait is an error of class Limit instead.
func (w *windows) take(ctx context.Context) error {
	for {
		wait, full := w.tryTake()
		if full == nil {
			return nil
		}
		if wait > w.maxWait {
			return &connectors.Error{Class: connectors.Limit, Code: "calls_used_up", RetryAfter: wait,
				Message: fmt.Sprintf("%s of %d is used up", full.Name, full.Calls),
				Hint:    "it is free again in " + wait.Round(time.Second).String()}
		}
		if err := w.sleep(ctx, wait); err != nil {
			return err
		}
	}
}

// tryTake takes one call of every window, or none and says how long the fullest one lasts.
func (w *windows) tryTake() (wait time.Duration, full *Window) {
	w.mu.Lock()
	defer w.mu.Unlock()
	now := w.now()
	for i, limit := range w.limits {
		if start := now.Truncate(limit.Per); !start.Equal(w.starts[i]) {
			w.starts[i], w.used[i] = start, 0
		}
		if w.used[i] < limit.Calls {
			continue
		}
		if left := w.starts[i].Add(limit.Per).Sub(now); left > wait {
			wait, full = left, &w.limits[i]
		}
	}
	if full == nil {
		for i := range w.used {
			w.used[i]++
		}
	}
	return wait, full
}

// sleep waits, or gives the context's error.
func sleep(ctx context.Context, d time.Duration) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}
