package runtime

import (
	"context"
	"time"
)

// When a server forgets what is old: some minutes after it began, which is a busy time, and then each day.
const (
	compactFirst = 5 * time.Minute
	compactEvery = 24 * time.Hour
)

// compact forgets what was written longer ago than Keep, day by day.
func (s *Server) compact(ctx context.Context) {
	if s.o.Keep <= 0 {
		return
	}
	for wait := compactFirst; ; wait = compactEvery {
		select {
		case <-ctx.Done():
			return
		case <-time.After(wait):
		}
		c, err := s.store.Compact(ctx, s.r.o.Now().Add(-s.o.Keep))
		switch {
		case ctx.Err() != nil:
			return
		case err != nil:
			s.log.Warn("what is old cannot be forgotten; the state grows", "error", err)
		case c.Ledger+c.Runs+c.Dead > 0:
			s.log.Info("what is old was forgotten", "older_than", s.o.Keep, "ledger", c.Ledger, "runs", c.Runs, "dead", c.Dead)
		}
	}
}
