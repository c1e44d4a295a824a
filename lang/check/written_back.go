package check

// writtenBack finds fields that a trigger and a sync both write. The sync holds its fields to its own map, so it undoes
// what the trigger wrote, unless that is the same value. Of records that the trigger creates that is not said: a sync
// does not hold what it has not matched.
func (c *checker) writtenBack() {
	written := map[objectKey]bool{}
	for _, t := range c.program.Triggers {
		for _, a := range t.Actions {
			written[a.To.key()] = true
		}
	}
	byField := map[fieldKey][]writer{}
	for _, s := range c.program.Syncs {
		if !s.Decl.Enabled || s.To.Object == nil || s.To.Object.Replace || !written[s.To.key()] {
			continue
		}
		for _, m := range s.Map {
			if m.Write == "always" || m.Write == "with_changes" {
				k := fieldKey{s.To.connection(), s.To.Ref.Name, m.Field.Name}
				byField[k] = append(byField[k], writer{s, m})
			}
		}
	}
	for _, t := range c.program.Triggers {
		if !t.Decl.Enabled {
			continue
		}
		for _, a := range t.Actions {
			if a.Decl.Kind == "create" {
				continue
			}
			for _, m := range a.Set {
				c.writtenBackBy(t, a, m, byField[fieldKey{a.To.connection(), a.To.Ref.Name, m.Field.Name}])
			}
		}
	}
}

// writtenBackBy reports the first sync that writes another value into the field; one suffices.
func (c *checker) writtenBackBy(t *Trigger, a *Action, m *Mapping, writers []writer) {
	for _, w := range writers {
		if w.sync != a.Apply && !t.same(m, w) && !t.disjoint(w.sync) {
			c.report(warnWrittenBack(a, m, w.sync, w.mapping))
			return
		}
	}
}

// same tells whether a trigger writes what a sync writes: the same expression of the same source.
func (t *Trigger) same(m *Mapping, w writer) bool {
	if m.Value.Fingerprint() != w.mapping.Value.Fingerprint() {
		return false
	}
	for _, checked := range []*Mapping{m, w.mapping} {
		if readBeyond(checked.Value, RootSource) != nil {
			return false
		}
	}
	return t.On.same(w.sync.From) || len(m.Value.Reads) == 0
}

// disjoint tells whether the sync is for other records of the object that the trigger observes.
func (t *Trigger) disjoint(s *Sync) bool {
	return t.On.same(s.From) && t.Where != nil && s.Where != nil && apart(demands(t.Where.Root, RootNew), demands(s.Where.Root, RootSource))
}
