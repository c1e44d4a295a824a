package httpx

import (
	"context"
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/syncline/syncline/connectors"
)

// tokens is an Auth that counts its grants.
type tokens struct {
	grants atomic.Int32
	delay  time.Duration
	err    error
	fixed  bool
}

func (s *tokens) Grant(context.Context) (Grant, error) {
	n := s.grants.Add(1)
	time.Sleep(s.delay)
	if s.err != nil {
		return Grant{}, s.err
	}
	token := fmt.Sprintf("token-number-%d", n)
	return Grant{Header: http.Header{"Authorization": {"Bearer " + token}}, Secrets: []string{token}, Fixed: s.fixed}, nil
}

func TestExpiryIsRenewedOnceForAllCallers(t *testing.T) {
	auth := &tokens{delay: 20 * time.Millisecond}
	var calls atomic.Int32
	var gate sync.WaitGroup
	gate.Add(20)
	c, _, _ := serve(t, func(w http.ResponseWriter, r *http.Request) {
		calls.Add(1)
		if r.Header.Get("Authorization") == "Bearer token-number-1" {
			gate.Done()
			gate.Wait() // all twenty are under way with the old token
			w.WriteHeader(401)
			return
		}
		fmt.Fprint(w, `{}`)
	}, func(o *Options) { o.Auth, o.Parallel = auth, 20 })

	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() {
			// A write is sent again too: a 401 means that nothing was done.
			if _, err := c.Do(context.Background(), Request{Method: "POST", Path: "/x", Body: map[string]int{"a": 1}}); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if n := auth.grants.Load(); n != 2 {
		t.Errorf("%d grants, want 2: the first and one renewal", n)
	}
	if n := calls.Load(); n != 40 {
		t.Errorf("%d calls, want 40", n)
	}
}

func TestRefusedAfterRenewalIsAnAuthError(t *testing.T) {
	auth := &tokens{}
	c, clock, _ := serve(t, func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(401) }, func(o *Options) { o.Auth = auth })
	wantClass(t, failure(t, c, Request{Path: "/x"}), connectors.Auth)
	for range 5 {
		wantClass(t, failure(t, c, Request{Path: "/x"}), connectors.Auth)
	}
	if n := auth.grants.Load(); n != 2 {
		t.Errorf("%d grants, want 2: repeated logins lock accounts", n)
	}
	clock.Sleep(context.Background(), time.Minute)
	failure(t, c, Request{Path: "/x"})
	if n := auth.grants.Load(); n != 3 {
		t.Errorf("%d grants after a while, want 3", n)
	}
}

func TestFailedLoginIsSharedAndHeld(t *testing.T) {
	auth := &tokens{err: &connectors.Error{Class: connectors.Auth, Message: "no"}, delay: 10 * time.Millisecond}
	c, _, _ := serve(t, func(http.ResponseWriter, *http.Request) { t.Error("called without credentials") }, func(o *Options) { o.Auth = auth })
	var wg sync.WaitGroup
	for range 10 {
		wg.Go(func() {
			if _, err := c.Do(context.Background(), Request{Path: "/x"}); connectors.AsError(err).Class != connectors.Auth {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if n := auth.grants.Load(); n != 1 {
		t.Errorf("%d logins, want 1", n)
	}
}

func TestRenewalOutlivesTheCallerThatBeganIt(t *testing.T) {
	auth := &tokens{delay: 50 * time.Millisecond}
	c, _, _ := serve(t, func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, `{}`) }, func(o *Options) { o.Auth = auth })
	ctx, cancel := context.WithCancel(context.Background())
	first := make(chan error)
	go func() { _, err := c.Do(ctx, Request{Path: "/x"}); first <- err }()
	time.Sleep(5 * time.Millisecond)
	cancel()
	if err := <-first; err == nil {
		t.Error("a cancelled call succeeded")
	}
	if _, err := c.Do(context.Background(), Request{Path: "/x"}); err != nil {
		t.Error(err)
	}
	if n := auth.grants.Load(); n != 1 {
		t.Errorf("%d grants, want 1", n)
	}
}

func TestFixedKeyIsNotRenewed(t *testing.T) {
	var calls atomic.Int32
	c, _, _ := serve(t, func(w http.ResponseWriter, r *http.Request) {
		calls.Add(1)
		if r.Header.Get("accesskey") != "the-key-itself" {
			t.Error("no key")
		}
		w.WriteHeader(401)
	}, func(o *Options) { o.Auth = Key("accesskey", "the-key-itself") })
	e := failure(t, c, Request{Path: "/x"})
	wantClass(t, e, connectors.Auth)
	if calls.Load() != 1 {
		t.Errorf("%d calls, want 1", calls.Load())
	}
}

func TestGrantThatEndsSoonIsRenewedBefore(t *testing.T) {
	var grants atomic.Int32
	var clk *clock
	c, clk, _ := serve(t, func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, `{}`) }, func(o *Options) {
		o.Auth = AuthFunc(func(context.Context) (Grant, error) {
			grants.Add(1)
			return Grant{Expires: clk.Now().Add(time.Hour)}, nil
		})
	})
	for _, after := range []time.Duration{0, 58 * time.Minute, 90 * time.Second} {
		clk.Sleep(context.Background(), after)
		if _, err := c.Do(context.Background(), Request{Path: "/x"}); err != nil {
			t.Fatal(err)
		}
	}
	if grants.Load() != 2 {
		t.Errorf("%d grants, want 2", grants.Load())
	}
}
