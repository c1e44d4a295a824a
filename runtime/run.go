package runtime

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/syncline/syncline/connectors"
	"github.com/syncline/syncline/lang/plan"
	"github.com/syncline/syncline/runtime/engine"
	"github.com/syncline/syncline/runtime/state"
)

// Selection says which rules are run.
type Selection struct {
	// Only names rules ("sync.one"); empty: all that are enabled and not manual.
	Only []string
	// Tags restricts to rules that have one of them; empty: no restriction.
	Tags []string
	// Full asks for full passes.
	Full bool
}

// Pick gives the selected rules of a set in the set's order. Naming a rule that is not there is an error.
func (s Selection) Pick(set *plan.Set) ([]Rule, error) {
	rules := Rules(set)
	var names []string
	for _, x := range rules {
		names = append(names, x.ID())
	}
	for _, only := range s.Only {
		if !slices.ContainsFunc(rules, func(x Rule) bool { return only == x.ID() || only == x.Name() }) {
			return nil, fmt.Errorf("there is no rule %s: the project has %s", only, strings.Join(names, ", "))
		}
	}
	var out []Rule
	for _, x := range rules {
		named := slices.Contains(s.Only, x.ID()) || slices.Contains(s.Only, x.Name())
		tagged := len(s.Tags) == 0 || slices.ContainsFunc(s.Tags, func(t string) bool { return slices.Contains(x.Tags(), t) })
		switch {
		case len(s.Only) > 0 && !named, !tagged, !x.Enabled():
		case x.Manual() && !named:
		default:
			out = append(out, x)
		}
	}
	return out, nil
}

// Hooks are told what a run does, from one goroutine. Any may be nil.
type Hooks struct {
	Begin    func(Rule)
	Progress func(engine.Progress)
	Change   func(engine.Change)
	Problem  func(engine.Problem)
	// Sight is told what triggers see in records.
	Sight func(engine.Sight)
	End   func(state.Run)
}

// RunOnce runs the selected rules, one after the other, each once; it is for the holder of the state. With dry set nothing is written, and the
// changes go to the hooks alone. An error is one of the store or of the selection; how each rule
// ended is in its Run. After an interruption the rules that did not begin are left out.
func (r *Runtime) RunOnce(ctx context.Context, set *plan.Set, s Selection, store state.Store, dry bool, h Hooks) ([]state.Run, error) {
	rules, err := s.Pick(set)
	if err != nil {
		return nil, err
	}
	if err := r.owned(ctx, store, set, rules, !dry); err != nil {
		return nil, err
	}
	if !dry {
		if err := engine.StopAbandoned(ctx, store); err != nil {
			return nil, err
		}
		if err := accountForRemoved(ctx, store, set); err != nil {
			return nil, err
		}
	}
	ended := map[string]state.Run{}
	runs := make([]state.Run, 0, len(rules))
	for _, rule := range rules {
		if ctx.Err() != nil {
			break
		}
		if h.Begin != nil {
			h.Begin(rule)
		}
		run, err := r.one(ctx, set, rule, s, store, dry, h, ended)
		if h.End != nil {
			h.End(run)
		}
		runs = append(runs, run)
		ended[rule.ID()] = run
		if err != nil {
			return runs, err
		}
	}
	return runs, nil
}

func (r *Runtime) one(ctx context.Context, set *plan.Set, rule Rule, s Selection, store state.Store, dry bool, h Hooks,
	ended map[string]state.Run) (state.Run, error) {
	blocked := func(why string) state.Run {
		return state.Run{Rule: rule.ID(), Status: state.Waiting, Why: why, Started: r.o.Now().UTC(), Revision: set.Revision, Calls: map[string]int{}}
	}
	for _, other := range rule.After() {
		if before, ran := ended[other]; ran && !dry && before.Status != state.Succeeded && before.Status != state.Partial {
			return blocked(fmt.Sprintf("it runs after %s, whose run ended as %s", other, before.Status)), nil
		}
	}
	open := map[string]connectors.Connection{}
	for _, name := range rule.connections() {
		conn, err := r.Connect(ctx, set.Connection(name))
		if err != nil {
			run := blocked(err.Error())
			run.Status = state.Failed
			return run, nil
		}
		open[name] = conn
	}
	connection := func(name string) connectors.Connection { return open[name] }
	switch {
	case rule.Trigger != nil:
		return engine.RunTrigger(ctx, engine.TriggerJob{
			Plan: rule.Trigger, Set: set, Full: s.Full, Store: store, Now: r.o.Now, Log: r.o.Log, DryRun: dry, Connections: connection,
			OnProgress: h.Progress, OnChange: h.Change, OnProblem: h.Problem, OnSight: h.Sight,
		})
	case rule.Track != nil:
		return engine.RunTrack(ctx, engine.TrackJob{
			Plan: rule.Track, Set: set, Store: store, Now: r.o.Now, Log: r.o.Log, DryRun: dry, Connections: connection,
			OnProgress: h.Progress, OnProblem: h.Problem,
		})
	}
	job := engine.Job{
		Plan: rule.Sync, Set: set, Full: s.Full, Store: store, Now: r.o.Now, Log: r.o.Log, DryRun: dry,
		Connections: connection,
		OnProgress:  h.Progress, OnChange: h.Change, OnProblem: h.Problem,
	}
	if !dry {
		end := func(run state.Run) {
			if h.End != nil && run.Outbox == nil {
				h.End(run)
			}
		}
		if _, unfinished, err := carryApprovals(ctx, job, end); err != nil {
			return blocked(err.Error()), err
		} else if unfinished != nil {
			return *unfinished, nil
		}
	}
	run, err := engine.Run(ctx, job)
	if dry && err == nil {
		forecast(&run, rule.Sync.To.Connection, open[rule.Sync.To.Connection].Limits())
	}
	return run, err
}

// forecast adds to the calls that planning took those that the writes would take.
func forecast(run *state.Run, connection string, limits connectors.Limits) {
	batch := max(limits.WriteBatch, 1)
	for _, records := range []int{run.Created, run.Updated, run.Deleted} {
		run.Calls[connection] += (records + batch - 1) / batch
	}
}
