package engine

import (
	"context"
	mathrand "math/rand/v2"
	"time"

	"github.com/syncline/syncline/connectors"
	"github.com/syncline/syncline/lang/expr"
	"github.com/syncline/syncline/lang/plan"
	"github.com/syncline/syncline/runtime/delivery"
)

// access is how a run of any kind of rule reaches its systems: open connections with the calls that they cost, reads
// that are tried again, and the frame on which look-ups are evaluated. It belongs to one goroutine.
type access struct {
	// ctx ends when the run is interrupted; work ends a grace time later, so that what is in hand is finished.
	ctx, work context.Context

	set         *plan.Set
	connections func(name string) connectors.Connection
	sides       map[string]*side

	retry  delivery.Retry
	wait   func(ctx context.Context, d time.Duration) error
	chance func() float64

	now   time.Time // of the tick: what now() and today() are
	frame expr.Frame
	// rootIt is where look-ups put the candidate under test: the last record of the rule's frames.
	rootIt int
}

func (r *access) sleep(ctx context.Context, d time.Duration) error {
	if r.wait != nil {
		return r.wait(ctx, d)
	}
	return delivery.Sleep(ctx, d)
}

func (r *access) random() float64 {
	if r.chance != nil {
		return r.chance()
	}
	return mathrand.Float64()
}

// put puts an item's records into the frame.
func (r *access) put(it *item) *expr.Frame {
	r.frame.Records = it.records
	return &r.frame
}
