package httpx

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/syncline/syncline/connectors"
)

// Spacing keeps calls of one key apart, such as the messages to one channel.
type Spacing struct {
	Every time.Duration
	// MaxWait is the longest wait for a turn; a longer one is an error of class Limit.
	MaxWait time.Duration
	Now     func() time.Time
	// Sleep waits; nil: a timer.
	Sleep func(context.Context, time.Duration) error

	mu   sync.Mutex
	next map[string]time.Time // when the key's next turn is
}

// Take waits for the key's turn, no longer than the caller stays. Turns are given in the order asked for.
func (s *Spacing) Take(ctx context.Context, key string) error {
	wait, ok := s.reserve(key)
	if !ok {
		return &connectors.Error{Class: connectors.Limit, Code: "too_many_waiting", RetryAfter: wait,
			Message: fmt.Sprintf("the next turn for %s is in %s", key, wait.Round(time.Second))}
	}
	if wait <= 0 {
		return nil
	}
	doze := s.Sleep
	if doze == nil {
		doze = sleep
	}
	ctx, cancel := connectors.WhileStaying(ctx)
	defer cancel()
	if err := doze(ctx, wait); err != nil {
		return stopped(err)
	}
	return nil
}

func (s *Spacing) reserve(key string) (time.Duration, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.Now()
	at := s.next[key]
	if at.Before(now) {
		at = now
	}
	wait := at.Sub(now)
	if wait > s.MaxWait {
		return wait, false
	}
	if s.next == nil {
		s.next = map[string]time.Time{}
	}
	// Keys whose turn is past say nothing any more: without this the map grows with every person written to.
	if len(s.next) >= 1024 {
		for k, t := range s.next {
			if t.Before(now) {
				delete(s.next, k)
			}
		}
	}
	s.next[key] = at.Add(s.Every)
	return wait, true
}

// Hold puts the key's next turn off, as a Retry-After asks.
func (s *Spacing) Hold(key string, d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if at := s.Now().Add(d); s.next[key].Before(at) {
		if s.next == nil {
			s.next = map[string]time.Time{}
		}
		s.next[key] = at
	}
}
