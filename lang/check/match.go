package check

import (
	"github.com/syncline/syncline/lang/expr"
)

// match checks how targets are found.
func (c *checker) match(s *Sync, x *scopes) {
	d := s.Decl.Match
	switch {
	case d == nil && s.To.Object != nil && !s.To.Object.Replace:
		c.report(errNoMatch(s))
		return
	case d == nil:
		return
	case s.To.Object != nil && s.To.Object.Replace:
		c.report(errMatchOfReplaced(s))
		return
	}
	l := c.lookup(d, s.To, x)
	s.Match = &l
	l.each(func(checked *expr.Checked) { c.beforeMatch(s, checked) })
	if s.To.Object == nil {
		return
	}
	if !d.Keyed && (l.Where != nil || d.Where == nil) && !c.whereKey(l.Where, s.To, x) {
		c.report(errMatchWithoutKey(s))
	}
	if s.To.Object.Key == "" {
		c.report(errNoKey(s))
		return
	}
	c.uniqueness(s)
	if s.Creates() {
		c.createKey(s)
	}
}

// beforeMatch refuses reads of what is known only when the target is found.
func (c *checker) beforeMatch(s *Sync, checked *expr.Checked) {
	if r := readOf(checked, RootTarget); r != nil {
		c.report(errTargetUnknownYet(r.Range))
		return
	}
	for _, f := range s.Finds {
		if r := readOf(checked, f.Root); r != nil && f.AfterMatch {
			c.report(errFindUnknownYet(r.Range, f.Decl.Name))
			return
		}
	}
}

// uniqueness asks for `ambiguous` where a key can find several records.
func (c *checker) uniqueness(s *Sync) {
	if s.Match.Unique || s.Match.Decl.Ambiguous != "" || s.Match.OrderBy != nil {
		return
	}
	for _, a := range s.Match.By {
		if len(a.Keys) > 0 && len(a.Keys) == len(a.Decl.Keys) && !a.unique(s.To.Object) {
			c.report(errNotUnique(a, s))
			return
		}
	}
}

// createKey checks that a create can set the key that will find the record again.
func (c *checker) createKey(s *Sync) {
	if len(s.Match.By) == 0 {
		return
	}
	last := s.Match.By[len(s.Match.By)-1]
	for _, k := range last.Keys {
		switch {
		case !k.Field.Createable:
			c.report(errCreateKey(k, s))
		case !allowed(s.To.Ref.Connection, s.To.Ref.Name, k.Field.Name):
			c.report(errKeyNotAllowed(k, s))
		}
	}
}

// createSets tells whether a create sets the field as a key of the last alternative.
func (s *Sync) createSets(field string) bool {
	if s.Match == nil || len(s.Match.By) == 0 {
		return false
	}
	for _, k := range s.Match.By[len(s.Match.By)-1].Keys {
		if k.Field.Name == field {
			return true
		}
	}
	return false
}
