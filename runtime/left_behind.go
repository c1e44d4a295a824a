package runtime

import (
	"context"
	"maps"
	"slices"
	"strings"

	"github.com/syncline/syncline/lang/plan"
	"github.com/syncline/syncline/runtime/state"
)

// Left is a trigger that is not there any more, with the number of its firings that are not done.
type Left struct {
	Rule    string
	Firings int
}

// LeftBehind gives the triggers that a set does not have and whose firings wait in the state: they are done when a
// trigger of the name is back, and by none that took another name.
func LeftBehind(ctx context.Context, store state.FiringStore, set *plan.Set) ([]Left, error) {
	counts, err := store.Unfinished(ctx)
	if err != nil {
		return nil, err
	}
	for _, t := range set.Triggers {
		delete(counts, t.ID())
	}
	var out []Left
	for _, id := range slices.Sorted(maps.Keys(counts)) {
		out = append(out, Left{id, counts[id]})
	}
	return out, nil
}

// tellLeftBehind warns of firings that no rule delivers.
func (s *Server) tellLeftBehind(ctx context.Context, set *plan.Set) {
	left, err := LeftBehind(ctx, s.store, set)
	if err != nil {
		s.log.Warn("whether firings of removed rules wait cannot be read", "error", err)
	}
	for _, l := range left {
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
