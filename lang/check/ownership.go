package check

import (
	"cmp"
	"slices"

	"github.com/syncline/syncline/lang/schema"
)

// fieldKey names a field of an object of a connection.
type fieldKey struct{ connection, object, field string }

// objectKey names an object of a connection.
type objectKey struct{ connection, object string }

func (e End) key() objectKey { return objectKey{e.connection(), e.Ref.Name} }

func (k fieldKey) String() string { return k.connection + "." + k.object + "." + k.field }

// writer is one rule that writes a field.
type writer struct {
	sync    *Sync
	mapping *Mapping
}

// ownership finds fields that two rules write. Each pair of rules gives one message for all its fields.
func (c *checker) ownership() {
	last := map[objectKey]map[string]writer{}
	pairs := map[[2]*Sync][]clash{}
	var found [][2]*Sync
	for _, s := range c.program.Syncs {
		if !s.Decl.Enabled || s.To.Object == nil || s.To.Object.Replace {
			continue
		}
		to := s.To.key()
		fields := last[to]
		if fields == nil {
			fields = map[string]writer{}
			last[to] = fields
		}
		for _, m := range s.Map {
			if m.Write == "on_create" || m.Write == "if_empty" {
				continue // such a rule does not write back what another wrote
			}
			// Against the one before suffices: of many rules on one field each is named.
			before, twice := fields[m.Field.Name]
			fields[m.Field.Name] = writer{s, m}
			if !twice {
				continue
			}
			pair := [2]*Sync{before.sync, s}
			if pairs[pair] == nil {
				found = append(found, pair)
			}
			pairs[pair] = append(pairs[pair], clash{fieldKey{to.connection, to.object, m.Field.Name}, before.mapping, m})
		}
	}
	for _, pair := range found {
		c.clash(pair[0], pair[1], pairs[pair])
	}
	c.replacedTwice()
}

// clash is one field that two rules write.
type clash struct {
	field fieldKey
	a, b  *Mapping
}

// clash judges two rules that write the same fields.
func (c *checker) clash(a, b *Sync, fields []clash) {
	sameSource := a.From.same(b.From)
	if !sameSource && a.ownKey() && b.ownKey() || c.disjoint(a, b, sameSource) {
		return
	}
	fields = slices.Clone(fields)
	slices.SortStableFunc(fields, func(x, y clash) int { return cmp.Compare(x.b.Range.Start, y.b.Range.Start) })
	certain := sameSource || sameMatch(a, b)
	if certain {
		c.program.refuse(b)
	}
	c.report(errTwoWriters(a, b, fields, sameSource, certain))
}

// ownKey tells whether the rule finds its targets by its own source's id alone, so that no other source's rule
// reaches the same records.
func (s *Sync) ownKey() bool {
	if s.Match == nil || len(s.Match.By) == 0 || s.From.Object == nil {
		return false
	}
	for _, a := range s.Match.By {
		if !slices.ContainsFunc(a.Keys, func(k Key) bool {
			from := k.Value.Type.Copy
			return from != nil && readOf(k.Value, RootSource) != nil && k.Value.Reads[0].Path == s.From.Object.Key
		}) {
			return false
		}
	}
	return true
}

// sameMatch tells whether two rules find their targets by the same field.
func sameMatch(a, b *Sync) bool {
	if a.Match == nil || b.Match == nil {
		return false
	}
	for _, x := range a.Match.By {
		for _, y := range b.Match.By {
			if slices.EqualFunc(x.Keys, y.Keys, func(p, q Key) bool { return p.Field.Name == q.Field.Name }) && len(x.Keys) > 0 {
				return true
			}
		}
	}
	return false
}

// disjoint tells whether two rules are for different records: their `where` over the same source, or their
// match.where over the target, ask for different values of one field.
func (c *checker) disjoint(a, b *Sync, sameSource bool) bool {
	if sameSource && a.Where != nil && b.Where != nil {
		if apart(demands(a.Where.Root, RootSource), demands(b.Where.Root, RootSource)) {
			return true
		}
	}
	if a.Match == nil || b.Match == nil || a.Match.Where == nil || b.Match.Where == nil {
		return false
	}
	return apart(demands(a.Match.Where.Root, RootFinds+len(a.Finds)), demands(b.Match.Where.Root, RootFinds+len(b.Finds)))
}

// replacedTwice finds objects that two rules write whole.
func (c *checker) replacedTwice() {
	first := map[*schema.Object]*Sync{}
	for _, s := range c.program.Syncs {
		if !s.Decl.Enabled || s.To.Object == nil || !s.To.Object.Replace {
			continue
		}
		if other := first[s.To.Object]; other != nil {
			c.program.refuse(s)
			c.report(errReplacedTwice(other, s))
			continue
		}
		first[s.To.Object] = s
	}
}
