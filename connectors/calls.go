package connectors

import (
	"context"
	"sync/atomic"
)

// Calls counts API calls, for the run that the context belongs to.
type Calls struct{ n atomic.Int64 }

// Count is the number of calls so far.
func (c *Calls) Count() int64 { return c.n.Load() }

type callsKey struct{}

// WithCalls makes calls under the context count in c.
func WithCalls(ctx context.Context, c *Calls) context.Context {
	return context.WithValue(ctx, callsKey{}, c)
}

// CountCall counts one call that counts against the system's quota. Connectors call it once for each
// request that they send, retries included.
func CountCall(ctx context.Context) {
	if c, _ := ctx.Value(callsKey{}).(*Calls); c != nil {
		c.n.Add(1)
	}
}
