package httpx

import (
	"context"
	"net/http"
	"sync"
	"time"

	"github.com/syncline/syncline/connectors"
)

// Auth gets credentials. Grant is called when there are none, and when the system no longer takes the last ones;
// never twice at once.
type Auth interface {
	Grant(ctx context.Context) (Grant, error)
}

// Grant is what a request shows to be let in.
type Grant struct {
	// Header is set on each request, such as Authorization.
	Header http.Header
	// BaseURL is where these credentials are good, "" for the client's own.
	BaseURL string
	// Expires is when to get new ones; zero: when the system says so.
	Expires time.Time
	// Fixed: getting them again would give the same ones.
	Fixed bool
	// Secrets are the texts in Header that must not be seen.
	Secrets []string
}

// AuthFunc is an Auth that is a function.
type AuthFunc func(ctx context.Context) (Grant, error)

// Grant calls the function.
func (f AuthFunc) Grant(ctx context.Context) (Grant, error) { return f(ctx) }

// Key is an Auth that sends a fixed key in a header.
func Key(header, value string) Auth {
	h := http.Header{}
	h.Set(header, value)
	g := Grant{Header: h, Fixed: true, Secrets: []string{value}}
	return AuthFunc(func(context.Context) (Grant, error) { return g, nil })
}

const (
	// renewWithin bounds one renewal: it goes on when the caller that began it gives up, for the others' sake.
	renewWithin = 2 * time.Minute
	// refusalHolds is how long refused credentials are not tried again: repeated wrong logins lock accounts.
	refusalHolds = 10 * time.Second
	// expiryMargin is how long before its end a grant is renewed.
	expiryMargin = 30 * time.Second
)

// session holds the grant in force and renews it, once for all callers.
type session struct {
	auth     Auth
	now      func() time.Time
	redactor *redactor

	mu      sync.Mutex
	grant   Grant
	number  int // of the grant; 0: none yet
	renewal *renewal
	refused error
	until   time.Time // when refused ends
}

type renewal struct {
	done chan struct{}
	err  error
}

// current gives the grant in force and its number.
func (s *session) current(ctx context.Context) (Grant, int, error) {
	s.mu.Lock()
	g, n := s.grant, s.number
	s.mu.Unlock()
	if n > 0 && (g.Expires.IsZero() || s.now().Before(g.Expires.Add(-expiryMargin))) {
		return g, n, nil
	}
	return s.renew(ctx, n)
}

// renew replaces grant number n. Callers that come with the same number share one renewal; those that
// come after it get its result.
func (s *session) renew(ctx context.Context, n int) (Grant, int, error) {
	s.mu.Lock()
	if s.number != n {
		g, n := s.grant, s.number
		s.mu.Unlock()
		return g, n, nil
	}
	if s.refused != nil && s.now().Before(s.until) {
		defer s.mu.Unlock()
		return Grant{}, 0, s.refused
	}
	r := s.renewal
	if r == nil {
		r = &renewal{done: make(chan struct{})}
		s.renewal = r
		go s.run(context.WithoutCancel(ctx), r)
	}
	s.mu.Unlock()
	select {
	case <-ctx.Done():
		return Grant{}, 0, ctx.Err()
	case <-r.done:
	}
	if r.err != nil {
		return Grant{}, 0, r.err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.grant, s.number, nil
}

// refuse notes that grant number n, new as it is, was not accepted: getting another would only repeat the login.
func (s *session) refuse(n int, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.number == n && connectors.AsError(err).Class == connectors.Auth {
		s.refused, s.until = err, s.now().Add(refusalHolds)
	}
}

func (s *session) run(ctx context.Context, r *renewal) {
	ctx, cancel := context.WithTimeout(ctx, renewWithin)
	defer cancel()
	g, err := s.auth.Grant(ctx)
	s.redactor.add(g.Secrets...)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.renewal, r.err, s.refused = nil, err, nil
	switch {
	case err == nil:
		s.grant = g
		s.number++
	case connectors.AsError(err).Class == connectors.Auth:
		s.refused, s.until = err, s.now().Add(refusalHolds)
	}
	close(r.done)
}
