package runtime

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/syncline/syncline/connectors"
	"github.com/syncline/syncline/lang/plan"
	"github.com/syncline/syncline/runtime/engine"
	"github.com/syncline/syncline/runtime/state"
)

// Approve carries out the approval of a waiting run. It is for the holder of the state; others store the approval
// and leave it to the holder. An error that wraps engine.ErrNotWaiting says why there is nothing to approve.
func (r *Runtime) Approve(ctx context.Context, set *plan.Set, store state.Store, a state.Approval, h Hooks) (state.Run, error) {
	rule, ok := ruleByID(set, a.Rule)
	if !ok {
		return state.Run{}, fmt.Errorf("the project has no rule %s any more; `syncline reject` drops what waits", a.Rule)
	}
	if err := store.Approve(ctx, a); err != nil {
		return state.Run{}, err
	}
	if h.Begin != nil {
		h.Begin(rule)
	}
	open := map[string]connectors.Connection{}
	for _, name := range rule.connections() {
		conn, err := r.Connect(ctx, set.Connection(name))
		if err != nil {
			return state.Run{}, err
		}
		open[name] = conn
	}
	if rule.Trigger != nil {
		// Its next run lets the firings go that wait.
		return engine.RunTrigger(ctx, engine.TriggerJob{Plan: rule.Trigger, Set: set, Store: store, Now: r.o.Now, Log: r.o.Log,
			Connections: func(name string) connectors.Connection { return open[name] },
			OnProgress:  h.Progress, OnChange: h.Change, OnProblem: h.Problem, OnSight: h.Sight})
	}
	return engine.Carry(ctx, engine.Job{Plan: rule.Sync, Set: set, Store: store, Now: r.o.Now, Log: r.o.Log,
		Connections: func(name string) connectors.Connection { return open[name] },
		OnProgress:  h.Progress, OnChange: h.Change, OnProblem: h.Problem}, a)
}

// carryApprovals carries out the approvals of a job's rule, oldest first. unfinished is a run that has to go on later:
// until then the rule does not run anew, because that would replace what was approved.
func carryApprovals(ctx context.Context, job engine.Job, end func(state.Run)) (carried int, unfinished *state.Run, err error) {
	approvals, err := job.Store.Approvals(ctx, job.Plan.ID())
	if err != nil {
		return 0, nil, err
	}
	for _, a := range approvals {
		run, err := engine.Carry(ctx, job, a)
		switch {
		case errors.Is(err, engine.ErrNotWaiting):
			job.Log.Warn("an approval is void", "rule", a.Rule, "run", a.Run, "why", err)
			continue
		case err != nil:
			return carried, nil, err
		}
		carried++
		end(run)
		if run.Outbox != nil {
			return carried, &run, nil
		}
	}
	return carried, nil, nil
}

// approvalsEvery is how often a server looks for approvals that another process stored, approvalsAgain how long it
// waits before it asks a second time for the same one.
const (
	approvalsEvery = 2 * time.Second
	approvalsAgain = time.Minute
)

// watchApprovals starts the rules whose waiting runs were approved. The run that follows carries the approval out.
func (s *Server) watchApprovals(ctx context.Context) {
	tick := time.NewTicker(approvalsEvery)
	defer tick.Stop()
	asked := map[string]time.Time{}
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		approvals, err := s.store.Approvals(ctx, "")
		if err != nil {
			s.log.Warn("the approvals cannot be read", "error", err)
			continue
		}
		for _, a := range approvals {
			if time.Since(asked[a.Run]) < approvalsAgain {
				continue
			}
			asked[a.Run] = time.Now()
			if err := s.sched.Start(a.Rule, false); err != nil {
				s.log.Warn("an approved run has to wait", "rule", a.Rule, "run", a.Run, "why", err)
				continue
			}
			s.log.Info("a waiting run was approved", "rule", a.Rule, "run", a.Run, "by", a.By)
		}
	}
}
