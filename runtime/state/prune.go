package state

import (
	"context"
	"time"
)

// Pruner is a store that can forget what nobody asks for any more.
type Pruner interface {
	// PruneRuns forgets runs that succeeded, did nothing, and began before an instant, at most limit of them. The
	// last run of each rule that succeeded stays. It tells how many are gone.
	PruneRuns(ctx context.Context, before time.Time, limit int) (int, error)
}
