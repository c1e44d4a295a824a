package engine

import (
	"context"
	"fmt"
	mathrand "math/rand/v2"
	"strings"
	"time"

	"github.com/syncline/syncline/connectors"
	"github.com/syncline/syncline/lang/expr"
	"github.com/syncline/syncline/lang/plan"
	"github.com/syncline/syncline/runtime/delivery"
	"github.com/syncline/syncline/runtime/state"
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

	// broken are rows that look-ups could not read and nobody was told of yet; lamented are all of this run.
	broken   []lookedUpRow
	lamented map[string]bool
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

// require ends a run that something is missing for.
func (r *access) require(store state.RunStore, requires []string) error {
	wait := func(why string) error {
		return &ending{status: state.Waiting, waits: state.WaitRequirement, why: why}
	}
	for _, name := range requires {
		kind, rest, _ := strings.Cut(name, ".")
		if kind == "connection" {
			if r.connections(rest) == nil {
				return wait("requires connection." + rest + ", which is not open")
			}
			continue
		}
		done, err := store.Runs(r.work, state.RunFilter{Rule: name, Status: state.Succeeded, Limit: 1})
		if err != nil {
			return fmt.Errorf("looking for runs of %s: %w", name, err)
		}
		if len(done) == 0 {
			return wait("requires " + name + ", which has not succeeded yet")
		}
	}
	return nil
}

// tally brings a run's calls and duration up to date.
func (r *access) tally(run *state.Run, began time.Time) {
	for name, s := range r.sides {
		run.Calls[name] = int(s.calls.Count())
	}
	run.DurationMS = time.Since(began).Milliseconds()
}
