package httpx

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/syncline/syncline/connectors"
)

func TestSpacing(t *testing.T) {
	c := newClock()
	s := &Spacing{Every: time.Second, MaxWait: 2 * time.Second, Now: c.Now, Sleep: func(ctx context.Context, d time.Duration) error { return ctx.Err() }}
	take := func(key string) (time.Duration, bool) { return s.reserve(key) }
	for i, want := range []time.Duration{0, time.Second, 2 * time.Second} {
		if wait, ok := take("a"); !ok || wait != want {
			t.Errorf("turn %d in %v, %v; want %v", i, wait, ok, want)
		}
	}
	if wait, ok := take("b"); !ok || wait != 0 {
		t.Errorf("another key waits %v", wait)
	}
	err := s.Take(t.Context(), "a")
	if e := connectors.AsError(err); e == nil || e.Class != connectors.Limit || e.RetryAfter != 3*time.Second {
		t.Errorf("%v", err)
	}
	_ = c.Sleep(t.Context(), 10*time.Second)
	s.Hold("a", time.Second)
	s.Hold("a", time.Millisecond) // a shorter one does not bring the turn forward
	if wait, _ := take("a"); wait != time.Second {
		t.Errorf("after Hold the turn is in %v", wait)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if e := connectors.AsError(s.Take(ctx, "a")); e == nil || e.Class != connectors.Retry {
		t.Errorf("stopped: %v", e)
	}
	s.Sleep = func(ctx context.Context, _ time.Duration) error { <-ctx.Done(); return ctx.Err() }
	take("left")
	if e := connectors.AsError(s.Take(connectors.Leaving(t.Context(), ctx), "left")); e == nil || e.Class != connectors.Retry {
		t.Errorf("the caller went: %v", e)
	}
	for i := range 5000 {
		take(fmt.Sprint("person ", i))
		_ = c.Sleep(t.Context(), time.Minute)
	}
	if len(s.next) > 1024 {
		t.Errorf("%d keys are kept", len(s.next))
	}
}

func TestLimiter(t *testing.T) {
	calls := new(connectors.Calls)
	ctx := connectors.WithCalls(t.Context(), calls)
	now := time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC)
	l := NewLimiter(connectors.Config{CallsPerDay: 2, Concurrent: 1, Now: func() time.Time { return now }}, 4)
	for range 2 {
		done, err := l.Begin(ctx)
		if err != nil {
			t.Fatal(err)
		}
		short, cancel := context.WithTimeout(ctx, 5*time.Millisecond)
		if _, err := l.Begin(short); connectors.AsError(err).Class != connectors.Retry {
			t.Errorf("a second call at once: %v", err)
		}
		cancel()
		done()
	}
	_, err := l.Begin(ctx)
	if e := connectors.AsError(err); e == nil || e.Class != connectors.Limit || e.RetryAfter != 12*time.Hour {
		t.Errorf("%v", err)
	}
	if l.Parallel() != 1 || calls.Count() != 2 {
		t.Errorf("%d at once, %d calls", l.Parallel(), calls.Count())
	}
}
