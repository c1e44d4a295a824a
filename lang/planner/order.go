package planner

import (
	"github.com/syncline/syncline/lang/check"
	"github.com/syncline/syncline/lang/resolve"
)

func syncOrder(s *check.Sync) (id string, waits [][]resolve.Reference) {
	return "sync." + s.Decl.Name, [][]resolve.Reference{s.Decl.After, s.Decl.Requires}
}

func triggerOrder(t *check.Trigger) (id string, waits [][]resolve.Reference) {
	return "trigger." + t.Decl.Name, [][]resolve.Reference{t.Decl.After, t.Decl.Requires}
}

// inOrder puts each rule behind those of its kind that it runs after; otherwise source order holds.
func inOrder[T any](rules []*T, order func(*T) (string, [][]resolve.Reference)) []*T {
	byID := make(map[string]*T, len(rules))
	for _, u := range rules {
		id, _ := order(u)
		byID[id] = u
	}
	seen := make(map[*T]bool, len(rules))
	out := make([]*T, 0, len(rules))
	var visit func(u *T)
	visit = func(u *T) {
		if u == nil || seen[u] {
			return
		}
		seen[u] = true
		_, waits := order(u)
		for _, refs := range waits {
			for _, ref := range refs {
				visit(byID[ref.Kind+"."+ref.Name])
			}
		}
		out = append(out, u)
	}
	for _, u := range rules {
		visit(u)
	}
	return out
}
