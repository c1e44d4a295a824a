package runtime

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"

	"github.com/syncline/syncline/lang/plan"
	"github.com/syncline/syncline/runtime/engine"
	"github.com/syncline/syncline/runtime/state"
)

// Left is a rule that is not there any more, with what it has left undone.
type Left struct {
	Rule string
	// Firings is how many firings of a trigger are not done.
	Firings int
	// Approved is the run of a sync of which not all that was approved is written, "" where there is none.
	Approved string
}

// LeftBehind gives what rules that a set does not have left undone in the state: it is done when a rule of the name is back,
// and by none that took another name.
func LeftBehind(ctx context.Context, store state.Store, set *plan.Set) ([]Left, error) {
	counts, err := store.Unfinished(ctx)
	if err != nil {
		return nil, err
	}
	for _, t := range set.Triggers {
		delete(counts, t.ID())
	}
	var out []Left
	for _, id := range slices.Sorted(maps.Keys(counts)) {
		out = append(out, Left{Rule: id, Firings: counts[id]})
	}
	approvals, err := store.Approvals(ctx, "")
	if err != nil {
		return nil, err
	}
	for _, a := range approvals {
		if _, there := ruleByID(set, a.Rule); there || counts[a.Rule] > 0 {
			continue
		}
		run, err := engine.Approvable(ctx, store, a.Run)
		switch {
		case err == nil:
			out = append(out, Left{Rule: a.Rule, Approved: run.ID})
		case !errors.Is(err, engine.ErrNotWaiting):
			return nil, err
		}
	}
	return out, nil
}

// accountForRemoved tells the ledger of what syncs that a set does not have were about to write.
func accountForRemoved(ctx context.Context, store state.Store, set *plan.Set) error {
	has := map[string]bool{}
	for _, x := range set.Syncs {
		has[x.ID()] = true
	}
	return engine.AccountForRemoved(ctx, store, func(rule string) bool { return has[rule] })
}

// tellLeftBehind warns of what no rule does any more.
func (s *Server) tellLeftBehind(ctx context.Context, set *plan.Set) {
	left, err := LeftBehind(ctx, s.store, set)
	if err != nil {
		s.log.Warn("whether removed rules left anything undone cannot be read", "error", err)
	}
	for _, l := range left {
		if l.Approved != "" {
			s.log.Warn("a rule was removed or renamed before all that was approved of its run was written; put it back under this name until it is, or reject the run",
				"rule", l.Rule, "run", l.Approved)
			continue
		}
		s.log.Warn("a rule was removed or renamed before all that it fired was done; put it back under this name until it is", "rule", l.Rule, "firings", l.Firings)
	}
}

// RuleNames gives the names of the rules in a folder's files, "sync.NAME", those of a for_each by the rule's own name.
// The files need not be free of errors.
func RuleNames(dir string) ([]string, error) {
	r := &Runtime{o: Options{Dir: dir}}
	p, err := r.ReadProject()
	if err != nil {
		return nil, err
	}
	module, _ := p.load(&r.parsed)
	var out []string
	for _, x := range module.Syncs {
		out = append(out, "sync."+x.Name)
	}
	for _, x := range module.Triggers {
		out = append(out, "trigger."+x.Name)
	}
	for _, x := range module.Tracks {
		out = append(out, "track."+x.Name)
	}
	return out, nil
}

// OwnName is a rule's name without the key of a for_each: "sync.regions" of "sync.regions[emea]".
func OwnName(rule string) string {
	name, _, _ := strings.Cut(rule, "[")
	return name
}
