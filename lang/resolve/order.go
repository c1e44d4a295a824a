package resolve

import "slices"

// rule is what syncs and triggers have in common when they wait for one another.
type rule struct {
	kind, name, base string
	after, requires  *[]Reference
}

func (u *rule) id() string { return u.kind + "." + u.name }

// rules are all syncs and triggers.
func (m *Module) rules() []*rule {
	out := make([]*rule, 0, len(m.Syncs)+len(m.Triggers))
	for _, s := range m.Syncs {
		out = append(out, &rule{"sync", s.Name, s.Base, &s.After, &s.Requires})
	}
	for _, t := range m.Triggers {
		out = append(out, &rule{"trigger", t.Name, t.Base, &t.After, &t.Requires})
	}
	return out
}

// references binds what rules wait for and what alerts are about.
func (r *resolver) references() {
	rules := r.m.rules()
	for _, u := range rules {
		*u.after = r.bind(rules, "after", *u.after)
		*u.requires = r.bind(rules, "requires", *u.requires)
	}
	for _, a := range r.m.Alerts {
		a.Rules = r.bind(rules, "rules", a.Rules)
	}
	for _, t := range r.m.Triggers {
		for _, a := range t.Actions() {
			if a.Apply != nil && !r.bindApply(rules, a.Apply) {
				a.Apply.Name = ""
			}
		}
	}
}

// bind gives the references that name something, each rule with for_each as its several rules; others are reported.
func (r *resolver) bind(rules []*rule, attr string, refs []Reference) (out []Reference) {
	for _, ref := range refs {
		found := false
		for _, u := range rules {
			if u.kind == ref.Kind && u.base == ref.Name {
				out = append(out, Reference{Kind: u.kind, Name: u.name, Range: ref.Range})
				found = true
			}
		}
		if found {
			continue
		}
		switch {
		case ref.Kind == "sync":
			if !r.m.Lost("sync", ref.Name) {
				r.add(errUnknownSync(ref, r.list("sync")))
			}
		case ref.Kind == "trigger":
			if !r.m.Lost("trigger", ref.Name) {
				r.add(errUnknownTrigger(ref, r.list("trigger")))
			}
		case ref.Kind == "connection" && attr == "requires":
			if c := r.m.Connection(ref.Name); c != nil {
				c.Used = true
				out = append(out, ref)
			} else if !r.m.Lost("connection", ref.Name) {
				r.add(errUnknownRequired(ref, r.list("connection")))
			}
		default:
			r.add(errReferenceKind(attr, ref))
		}
	}
	return out
}

// bindApply tells whether the sync that an update applies exists, once.
func (r *resolver) bindApply(rules []*rule, ref *Reference) bool {
	if ref.Kind != "sync" {
		r.add(errReferenceKind("apply", *ref))
		return false
	}
	bound := r.bind(rules, "apply", []Reference{*ref})
	if len(bound) > 1 {
		r.add(errApplySeveral(*ref, len(bound)))
	}
	if len(bound) != 1 {
		return false
	}
	*ref = bound[0]
	return true
}

// cycles reports each ring of after and requires once, at the reference that closes it from the rule that is first
// in source order. Rules in a ring would wait for one another for ever.
func (r *resolver) cycles() {
	rules := r.m.rules()
	byID := make(map[string]*rule, len(rules))
	for _, u := range rules {
		byID[u.id()] = u
	}
	state := map[*rule]int{} // 1: on the path, 2: done
	var path []step
	var visit func(u *rule)
	visit = func(u *rule) {
		state[u] = 1
		for _, ref := range slices.Concat(*u.after, *u.requires) {
			next := byID[ref.Kind+"."+ref.Name]
			if next == nil {
				continue
			}
			path = append(path, step{u, ref})
			switch state[next] {
			case 0:
				visit(next)
			case 1:
				start := slices.IndexFunc(path, func(st step) bool { return st.rule == next })
				r.add(errCycle(slices.Clone(path[start:])))
			}
			path = path[:len(path)-1]
		}
		state[u] = 2
	}
	for _, u := range rules {
		if state[u] == 0 {
			visit(u)
		}
	}
}

// step is one reference on the way round a cycle.
type step struct {
	rule *rule
	ref  Reference
}
