package check

import (
	"slices"

	"github.com/syncline/syncline/lang/expr"
)

// flow is one way from a field that a rule reads to a field that it writes.
type flow struct {
	from, to fieldKey
	sync     *Sync
	mapping  *Mapping
}

// feedback finds rings of fields: a rule writes what another reads, and back. A value goes round such a ring until
// it settles, or for ever.
func (c *checker) feedback() {
	edges := map[fieldKey][]flow{}
	var nodes []fieldKey
	for _, s := range c.ringing() {
		for _, m := range s.Map {
			if m.Write == "on_create" || m.Write == "if_empty" {
				continue
			}
			to := fieldKey{s.To.connection(), s.To.Ref.Name, m.Field.Name}
			for _, from := range s.inputs(m.Value) {
				if edges[from] == nil {
					nodes = append(nodes, from)
				}
				edges[from] = append(edges[from], flow{from, to, s, m})
			}
		}
	}
	for _, ring := range rings(nodes, edges) {
		c.ring(ring)
	}
}

// ringing are the syncs that can be part of a ring: each writes an object that one of them reads, and reads one that one of
// them writes. Most projects go one way, and have none.
func (c *checker) ringing() []*Sync {
	all := slices.DeleteFunc(slices.Clone(c.program.Syncs), func(s *Sync) bool { return !s.Decl.Enabled || s.To.Object == nil })
	for {
		read, written := map[objectKey]bool{}, map[objectKey]bool{}
		for _, s := range all {
			written[s.To.key()], read[s.From.key()] = true, true
			for _, f := range s.Finds {
				read[f.In.key()] = true
			}
		}
		before := len(all)
		all = slices.DeleteFunc(all, func(s *Sync) bool {
			reads := written[s.From.key()] || slices.ContainsFunc(s.Finds, func(f *Find) bool { return written[f.In.key()] })
			return !reads || !read[s.To.key()]
		})
		if len(all) == before {
			return all
		}
	}
}

// inputs are the fields that a value is made of. The target's own last value is none: what a rule makes of it
// (keep it where the source has nothing) it decides with open eyes.
func (s *Sync) inputs(checked *expr.Checked) (out []fieldKey) {
	for _, r := range checked.Reads {
		end := s.From
		switch {
		case r.Field == nil || r.Path != r.Field.Name:
			continue
		case r.Root >= RootFinds && r.Root-RootFinds < len(s.Finds):
			end = s.Finds[r.Root-RootFinds].In
		case r.Root != RootSource:
			continue
		}
		if end.Object != nil {
			out = append(out, fieldKey{end.connection(), end.Ref.Name, r.Path})
		}
	}
	return out
}

// ring reports one ring at the mapping that closes it. Fields that two rules copy back and forth settle on
// whichever was written last; what is computed on the way may never settle. Within one rule, copying a field
// to another record of the same object ends where the chain of records ends.
func (c *checker) ring(ring []flow) {
	computed := slices.ContainsFunc(ring, func(f flow) bool { return f.mapping.Value.Type.Copy == nil })
	one := !slices.ContainsFunc(ring, func(f flow) bool { return f.sync != ring[0].sync })
	if one && !computed {
		return
	}
	certain := computed && !one
	for _, f := range ring {
		if certain {
			c.program.refuse(f.sync)
		}
	}
	c.report(errFeedback(ring, computed, certain))
}

// rings finds one ring in each set of fields that reach one another: the one found first from its first field.
func rings(nodes []fieldKey, edges map[fieldKey][]flow) [][]flow {
	var out [][]flow
	state := map[fieldKey]int{} // 1: on the path, 2: done
	var path []flow
	var visit func(k fieldKey)
	visit = func(k fieldKey) {
		state[k] = 1
		for _, e := range edges[k] {
			path = append(path, e)
			switch state[e.to] {
			case 0:
				visit(e.to)
			case 1:
				start := slices.IndexFunc(path, func(f flow) bool { return f.from == e.to })
				out = append(out, slices.Clone(path[start:]))
			}
			path = path[:len(path)-1]
		}
		state[k] = 2
	}
	for _, k := range nodes {
		if state[k] == 0 {
			visit(k)
		}
	}
	return distinct(out)
}

// distinct keeps one ring for each set of rules: two rules that copy ten fields back and forth are one mistake.
func distinct(rings [][]flow) (out [][]flow) {
	seen := map[string]bool{}
	for _, ring := range rings {
		names := make([]string, len(ring))
		for i, f := range ring {
			names[i] = f.sync.Decl.Name
		}
		slices.Sort(names)
		key := ""
		for _, n := range slices.Compact(names) {
			key += n + " "
		}
		if !seen[key] {
			seen[key] = true
			out = append(out, ring)
		}
	}
	return out
}
