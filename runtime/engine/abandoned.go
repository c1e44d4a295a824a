package engine

import (
	"context"
	"fmt"

	"github.com/syncline/syncline/runtime/state"
)

// A run that ended without saying so, by a crash or a fault, is still stored as under way. Each of these says that it is not.

// stopAbandoned ends earlier runs of the same rule that are still said to be under way.
func stopAbandoned(ctx context.Context, store state.RunStore, current state.Run, why string) error {
	_, err := endRuns(ctx, store, state.RunFilter{Rule: current.Rule}, state.Stopped, why, func(old state.Run) bool { return old.ID != current.ID })
	return err
}

// StopAbandoned ends the runs that an earlier process left open, for the process that holds the store now. An approved
// run is left: its approval carries it on.
func StopAbandoned(ctx context.Context, store state.RunStore) error {
	_, err := endRuns(ctx, store, state.RunFilter{}, state.Stopped,
		"the process ended before the run did; what it left is seen to by the rule's next run", isUnapproved)
	return err
}

// FailRun ends the run of a rule that is under way in this process and cannot go on, for a fault of the program.
func FailRun(ctx context.Context, store state.RunStore, rule, why string) (state.Run, error) {
	ended, err := endRuns(ctx, store, state.RunFilter{Rule: rule}, state.Failed, why, isUnapproved)
	if len(ended) == 0 {
		return state.Run{Rule: rule, Status: state.Failed, Why: why}, err
	}
	return ended[0], err
}

func isUnapproved(r state.Run) bool { return r.Outbox == nil }

// endRuns ends runs that are said to be under way, and gives those that it ended.
func endRuns(ctx context.Context, store state.RunStore, f state.RunFilter, as state.RunStatus, why string, which func(state.Run) bool) (ended []state.Run, err error) {
	f.Status = state.Running
	runs, err := store.Runs(ctx, f)
	if err != nil {
		return nil, fmt.Errorf("reading earlier runs: %w", err)
	}
	for _, old := range runs {
		if !which(old) {
			continue
		}
		old.Status, old.Why, old.Outbox = as, why, nil
		if err := store.SaveRun(ctx, old); err != nil {
			return ended, fmt.Errorf("storing an earlier run's end: %w", err)
		}
		ended = append(ended, old)
	}
	return ended, nil
}
