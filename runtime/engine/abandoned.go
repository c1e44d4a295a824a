package engine

import (
	"context"
	"fmt"

	"github.com/syncline/syncline/runtime/state"
)

// A run that ended without saying so, by a crash or a fault, is still stored as under way. Each of these says that it is not.

// stopAbandoned ends earlier runs of the same rule that are still said to be under way.
func stopAbandoned(ctx context.Context, store state.RunStore, current state.Run, why string) error {
	_, err := endRuns(ctx, store, state.RunFilter{Rule: current.Rule}, func(old *state.Run) bool {
		old.Status, old.Why = state.Stopped, why
		return old.ID != current.ID && !old.Approving()
	})
	return err
}

// StopAbandoned ends the runs that an earlier process left open, for the process that holds the store now.
func StopAbandoned(ctx context.Context, store state.RunStore) error {
	_, err := endRuns(ctx, store, state.RunFilter{}, func(old *state.Run) bool {
		old.Status, old.Why = state.Stopped, "the process ended before the run did; "+seenTo(*old)
		return true
	})
	return err
}

// FailRun ends the run of a rule that is under way in this process and cannot go on, for a fault of the program.
func FailRun(ctx context.Context, store state.RunStore, rule, why string) (state.Run, error) {
	ended, err := endRuns(ctx, store, state.RunFilter{Rule: rule}, func(old *state.Run) bool {
		old.Status, old.Why = state.Failed, why+"; "+seenTo(*old)
		return true
	})
	if len(ended) == 0 {
		return state.Run{Rule: rule, Status: state.Failed, Why: why}, err
	}
	return ended[0], err
}

// seenTo says what becomes of what a run left.
func seenTo(run state.Run) string {
	if run.Approving() {
		return "the rule's next run writes the rest of what was approved"
	}
	return "the rule's next run sees to what it left"
}

// endRuns ends runs that are said to be under way, and gives them: those that end takes, after it said how and why. What a
// run staged goes with its end, except for what a person approved, which stays with the approval.
func endRuns(ctx context.Context, store state.RunStore, f state.RunFilter, end func(*state.Run) bool) (ended []state.Run, err error) {
	f.Status = state.Running
	runs, err := store.Runs(ctx, f)
	if err != nil {
		return nil, fmt.Errorf("reading earlier runs: %w", err)
	}
	for _, old := range runs {
		if !end(&old) {
			continue
		}
		if !old.Approving() {
			old.Outbox = nil
		}
		if err := store.SaveRun(ctx, old); err != nil {
			return ended, fmt.Errorf("storing an earlier run's end: %w", err)
		}
		ended = append(ended, old)
	}
	return ended, nil
}
