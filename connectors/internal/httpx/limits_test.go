package httpx

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"sync/atomic"
	"testing"
	"time"

	"github.com/syncline/syncline/connectors"
)

func TestMinuteWindowWaits(t *testing.T) {
	c, clock, _ := serve(t, func(http.ResponseWriter, *http.Request) {}, func(o *Options) { o.Config.CallsPerMinute = 2 })
	for range 5 {
		if _, err := c.Do(context.Background(), Request{Method: "POST", Path: "/x"}); err != nil {
			t.Fatal(err)
		}
	}
	// The clock began 7 s into a minute.
	if got := fmt.Sprint(clock.slept); got != "[53s 1m0s]" {
		t.Errorf("waited %s", got)
	}
}

func TestWaitingEndsWithTheContext(t *testing.T) {
	c, _, _ := serve(t, func(http.ResponseWriter, *http.Request) {}, func(o *Options) { o.Config.CallsPerMinute = 1; o.Sleep = nil })
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Millisecond)
	defer cancel()
	c.Do(ctx, Request{Path: "/x"})
	if _, err := c.Do(ctx, Request{Path: "/x"}); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("error %v", err)
	}
	if len(c.slots) != 0 {
		t.Error("a slot was kept")
	}
}

func TestDayBudgetEndsInLimit(t *testing.T) {
	var calls atomic.Int32
	c, clock, _ := serve(t, func(http.ResponseWriter, *http.Request) { calls.Add(1) }, func(o *Options) { o.Config.CallsPerDay = 2 })
	c.Do(context.Background(), Request{Path: "/x"})
	c.Do(context.Background(), Request{Path: "/x"})
	e := failure(t, c, Request{Path: "/x"})
	wantClass(t, e, connectors.Limit)
	wantIn(t, e.Error(), "calls_per_day of 2 is used up", "18h53m53s")
	if calls.Load() != 2 {
		t.Errorf("%d calls, want 2", calls.Load())
	}
	clock.Sleep(context.Background(), e.RetryAfter)
	if _, err := c.Do(context.Background(), Request{Path: "/x"}); err != nil {
		t.Error(err)
	}
}

func TestGateStopsCounted(t *testing.T) {
	var calls atomic.Int32
	c, _, _ := serve(t, func(http.ResponseWriter, *http.Request) { calls.Add(1) }, func(o *Options) {
		o.Gate = func() error { return &connectors.Error{Class: connectors.Limit, Message: "full"} }
	})
	wantClass(t, failure(t, c, Request{Path: "/x"}), connectors.Limit)
	if _, err := c.Do(context.Background(), Request{Path: "/x", Uncounted: true}); err != nil || calls.Load() != 1 {
		t.Error(err, calls.Load())
	}
}

func TestRetryAfterIsHonoured(t *testing.T) {
	for header, want := range map[string]time.Duration{
		"7":                             7 * time.Second,
		"0.5":                           500 * time.Millisecond,
		"Wed, 04 Mar 2026 05:06:17 GMT": 10 * time.Second,
	} {
		var n atomic.Int32
		c, clock, _ := serve(t, func(w http.ResponseWriter, r *http.Request) {
			if n.Add(1) == 1 {
				w.Header().Set("Retry-After", header)
				w.WriteHeader(429)
			}
		}, nil)
		if _, err := c.Do(context.Background(), Request{Path: "/x"}); err != nil {
			t.Fatal(err)
		}
		if len(clock.slept) != 1 || clock.slept[0] < want || clock.slept[0] > 3*want {
			t.Errorf("%s: waited %v", header, clock.slept)
		}
	}
}

func TestRetryAfterTooLongComesBack(t *testing.T) {
	c, clock, _ := serve(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Retry-After", "3600")
		w.WriteHeader(503)
	}, nil)
	e := failure(t, c, Request{Path: "/x"})
	if e.RetryAfter != time.Hour || len(clock.slept) != 0 {
		t.Errorf("%v, waited %v", e.RetryAfter, clock.slept)
	}
}

func TestRetryAfterText(t *testing.T) {
	now := time.Date(2026, 3, 4, 0, 0, 0, 0, time.UTC)
	for text, want := range map[string]time.Duration{
		"": 0, "-5": 0, "x": 0, "1e300": 0, "NaN": 0, "Inf": 0, " 3 ": 3 * time.Second, "Tue, 03 Mar 2026 00:00:00 GMT": 0,
	} {
		if got := RetryAfter(http.Header{"Retry-After": {text}}, now); got != want {
			t.Errorf("%q: %v, want %v", text, got, want)
		}
	}
}

func TestBackoffGrowsAndHeedsWhatWasAsked(t *testing.T) {
	for n := 1; n < 40; n++ {
		for range 50 {
			d := Backoff(n, 0)
			if d < backoffBase/2 || d > backoffMost*3/2 {
				t.Fatalf("attempt %d: %v", n, d)
			}
			for _, asked := range []time.Duration{1, time.Second, time.Minute} {
				if Backoff(n, asked) < asked {
					t.Fatalf("attempt %d waits less than %v", n, asked)
				}
			}
		}
	}
}

func TestAttemptsEnd(t *testing.T) {
	var n atomic.Int32
	c, clock, _ := serve(t, func(w http.ResponseWriter, r *http.Request) { n.Add(1); w.WriteHeader(503) }, nil)
	wantClass(t, failure(t, c, Request{Path: "/x"}), connectors.Retry)
	var waited time.Duration
	for _, d := range clock.slept {
		waited += d
	}
	if n.Load() < 5 || int(n.Load()) != len(clock.slept)+1 || waited > 2*time.Minute {
		t.Errorf("%d attempts, %v", n.Load(), clock.slept)
	}
}

// A caller that tries again by itself gets each request sent once; to any other it is said that trying is no use.
func TestOneOfTwoTriesAgain(t *testing.T) {
	var n atomic.Int32
	c, clock, _ := serve(t, func(w http.ResponseWriter, r *http.Request) { n.Add(1); w.WriteHeader(503) }, func(o *Options) { o.Attempts = 5 })
	_, err := c.Do(connectors.Once(t.Context()), Request{Path: "/x"})
	if e := connectors.AsError(err); n.Load() != 1 || len(clock.slept) != 0 || e == nil || e.Exhausted {
		t.Errorf("%d attempts, %+v", n.Load(), e)
	}
	if e := failure(t, c, Request{Path: "/x"}); n.Load() != 6 || !e.Exhausted {
		t.Errorf("%d attempts, %+v", n.Load(), e)
	}
	if _, err := c.Do(t.Context(), Request{Method: "POST", Path: "/x"}); n.Load() != 7 || connectors.AsError(err).Exhausted {
		t.Errorf("a write: %d attempts, %v", n.Load(), err)
	}
	n.Store(0)
	c, _, _ = serve(t, func(w http.ResponseWriter, r *http.Request) { n.Add(1); w.WriteHeader(400) }, nil)
	if e := failure(t, c, Request{Path: "/x"}); n.Load() != 1 || e.Exhausted {
		t.Errorf("%d attempts of what cannot pass, %+v", n.Load(), e)
	}
}

// A system that hangs is waited for once, and whoever waits is told.
func TestAHangingSystemIsNotAskedAgain(t *testing.T) {
	var n atomic.Int32
	release := make(chan struct{})
	c, clock, log := serve(t, func(http.ResponseWriter, *http.Request) { n.Add(1); <-release }, func(o *Options) {
		o.Timeout, o.Patience = 100*time.Millisecond, 100*time.Millisecond
		o.Config.Now = time.Now
	})
	defer close(release)
	c.slow = 20 * time.Millisecond
	if e := failure(t, c, Request{Path: "/x", Query: url.Values{"token": {"hunter2"}}}); n.Load() != 1 || !e.Exhausted || len(clock.slept) != 0 {
		t.Errorf("%d attempts, %v, %+v", n.Load(), clock.slept, e)
	}
	wantIn(t, log.String(), "no answer yet", "connection=x", "path=/x")
	wantNotIn(t, log.String(), "hunter2")
}
