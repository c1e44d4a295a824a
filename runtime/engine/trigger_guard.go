package engine

import (
	"errors"
	"fmt"

	"github.com/syncline/syncline/runtime/crashpoint"
	"github.com/syncline/syncline/runtime/state"
)

// The firings of a trigger with max_firings are held in the outbox until the run has seen how many they are. Beyond the
// limit all of them stay there, and the run waits for a person, as a sync's run with its changes does.

// standInLine makes the run the one that an approval is of: those that waited before it have more to wait for now.
// It says how many records would fire.
func (t *triggerRun) standInLine() (int, error) {
	held, err := t.job.Store.Firings(t.work, state.FiringFilter{Rule: t.p.ID(), Status: state.FiringHeld})
	if err != nil {
		return 0, fmt.Errorf("reading held firings: %w", err)
	}
	ids, fired := make([]string, len(held)), 0
	for i, f := range held {
		if ids[i] = f.ID; f.Kind == state.FiringFired {
			fired++
		}
	}
	t.run.Outbox = &state.Outbox{Changes: len(held), Digest: digest(ids...), Meaning: t.p.Meaning}
	crashpoint.Reach(crashpoint.Staged)
	return fired, t.eachWaiting(func(run *state.Run) {
		run.Status, run.WaitsFor, run.Outbox.Replaced = state.Stopped, "", t.run.ID
		run.Why = "nobody approved it before the next run, which waits with what fired till then: " + t.run.ID
	})
}

// eachWaiting edits the earlier runs of the rule that wait for an approval.
func (t *triggerRun) eachWaiting(edit func(*state.Run)) error {
	runs, err := Awaiting(t.work, t.job.Store, t.p.ID())
	if err != nil {
		return err
	}
	for _, run := range runs {
		if run.ID == t.run.ID {
			continue
		}
		edit(&run)
		if err := t.job.Store.SaveRun(t.work, run); err != nil {
			return fmt.Errorf("storing a run that waited: %w", err)
		}
	}
	return nil
}

// letGo releases the held firings, by an approval or because they are within the guard by now.
func (t *triggerRun) letGo(by *state.Approval) error {
	if _, err := t.job.Store.MoveFirings(t.work, t.p.ID(), state.FiringHeld, state.FiringPending); err != nil {
		return fmt.Errorf("releasing firings: %w", err)
	}
	crashpoint.Reach(crashpoint.LetGo)
	return t.eachWaiting(func(run *state.Run) {
		run.Status, run.WaitsFor, run.Why, run.Outbox, run.Approved = state.Succeeded, "", "", nil, by
		if by == nil {
			run.Status, run.Why = state.Stopped, "the guard was changed; run "+t.run.ID+" went on with it"
		}
	})
}

// carryApprovals lets go what people approved since the last run.
func (t *triggerRun) carryApprovals() error {
	if t.job.DryRun {
		return nil
	}
	approvals, err := t.job.Store.Approvals(t.work, t.p.ID())
	if err != nil {
		return fmt.Errorf("reading approvals: %w", err)
	}
	for _, a := range approvals {
		crashpoint.Reach(crashpoint.Approved)
		_, err := Approvable(t.work, t.job.Store, a.Run)
		switch {
		case errors.Is(err, ErrNotWaiting):
			t.log.Warn("an approval is void", "approved", a.Run, "why", err)
		case err != nil:
			return fmt.Errorf("reading the approved run: %w", err)
		default:
			if err := t.letGo(&a); err != nil {
				return err
			}
		}
		crashpoint.Reach(crashpoint.Carried)
		if err := t.job.Store.Unapprove(t.work, a.Run); err != nil {
			return fmt.Errorf("settling an approval: %w", err)
		}
	}
	return nil
}
