package httpx

import (
	"context"
	"time"

	"github.com/syncline/syncline/connectors"
)

// Limiter keeps calls that are not HTTP to the project's limits of a connection, and counts them.
type Limiter struct {
	slots   chan struct{}
	windows windows
}

// NewLimiter makes a limiter; parallel is the most calls at once where the project does not say.
func NewLimiter(config connectors.Config, parallel int) *Limiter {
	o := Options{Config: config, MaxWait: 90 * time.Second, Sleep: sleep}
	if config.Now == nil {
		o.Config.Now = time.Now
	}
	if config.Concurrent > 0 {
		parallel = config.Concurrent
	}
	return &Limiter{slots: make(chan struct{}, parallel), windows: newWindows(o)}
}

// Parallel is the most calls that are under way at once.
func (l *Limiter) Parallel() int { return cap(l.slots) }

// Begin waits until one more call is allowed; done must follow it.
func (l *Limiter) Begin(ctx context.Context) (done func(), err error) {
	select {
	case l.slots <- struct{}{}:
	case <-ctx.Done():
		return nil, stopped(ctx.Err())
	}
	if err := ctx.Err(); err != nil {
		<-l.slots
		return nil, stopped(err)
	}
	if err := l.windows.take(ctx); err != nil {
		<-l.slots
		return nil, wrapStopped(err)
	}
	connectors.CountCall(ctx)
	return func() { <-l.slots }, nil
}

// Redact makes a function that hides the secrets, and whatever looks like one, in a text.
func Redact(secrets ...string) func(string) string { return newRedactor(secrets).clean }
