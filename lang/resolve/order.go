package resolve

import "slices"

// references binds after and requires of all syncs.
func (r *resolver) references() {
	for _, s := range r.m.Syncs {
		s.After = slices.DeleteFunc(s.After, func(ref Reference) bool { return !r.bind(s, "after", ref) })
		s.Requires = slices.DeleteFunc(s.Requires, func(ref Reference) bool { return !r.bind(s, "requires", ref) })
	}
}

// bind tells whether a reference names something that it may name; if not, it was reported.
func (r *resolver) bind(s *Sync, attr string, ref Reference) bool {
	switch {
	case ref.Kind == "sync":
		if r.m.Sync(ref.Name) != nil {
			return true
		}
		if !r.m.Lost("sync", ref.Name) {
			r.add(errUnknownSync(ref, r.list("sync")))
		}
	case ref.Kind == "connection" && attr == "requires":
		if c := r.m.Connection(ref.Name); c != nil {
			c.Used = true
			return true
		}
		if !r.m.Lost("connection", ref.Name) {
			r.add(errUnknownRequired(ref, r.list("connection")))
		}
	default:
		r.add(errReferenceKind(attr, ref))
	}
	return false
}

// cycles reports each ring of after and requires once, at the reference that closes it from the sync that is first
// in source order. Rules in a ring would wait for one another for ever.
func (r *resolver) cycles() {
	state := map[*Sync]int{} // 1: on the path, 2: done
	var path []step
	var visit func(s *Sync)
	visit = func(s *Sync) {
		state[s] = 1
		for _, ref := range slices.Concat(s.After, s.Requires) {
			next := r.m.Sync(ref.Name)
			if ref.Kind != "sync" || next == nil {
				continue
			}
			path = append(path, step{s, ref})
			switch state[next] {
			case 0:
				visit(next)
			case 1:
				start := slices.IndexFunc(path, func(st step) bool { return st.sync == next })
				r.add(errCycle(slices.Clone(path[start:])))
			}
			path = path[:len(path)-1]
		}
		state[s] = 2
	}
	for _, s := range r.m.Syncs {
		if state[s] == 0 {
			visit(s)
		}
	}
}

// step is one reference on the way round a cycle.
type step struct {
	sync *Sync
	ref  Reference
}
