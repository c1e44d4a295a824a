package expr

import (
	"slices"

	"github.com/syncline/syncline/lang/value"
)

// items evaluates the list that a loop runs over; false when it is empty in the sense of null.
func (f *Frame) items(n *Node, v value.Value) ([]value.Value, bool) {
	switch v.Kind() {
	case value.KindList:
		return v.AsList(), true
	case value.KindNull:
		return nil, false
	}
	f.fail(n, "%s needs a list, not %s", n.Name, article(v.Kind()))
	return nil, false
}

// loop compiles filter, map and sortBy, and the value of the tests.
func (c *compiler) loop(n *Node) evalFn {
	switch n.Name {
	case "filter":
		return c.filter(n)
	case "map":
		return c.mapped(n)
	case "sortBy":
		return c.sortBy(n)
	}
	return asValue(c.loopTest(n))
}

func (c *compiler) filter(n *Node) evalFn {
	list, keep, local := c.value(n.Args[0]), c.test(n.Args[1]), n.Local
	return func(f *Frame) value.Value {
		items, ok := f.items(n, list(f))
		if !ok {
			return value.Null
		}
		out := make([]value.Value, 0, len(items))
		for _, v := range items {
			f.work.locals[local] = v
			if keep(f) == yes {
				out = append(out, v)
			}
			if f.work.err != nil || !f.step(n) {
				return value.Null
			}
		}
		return value.List(out)
	}
}

func (c *compiler) mapped(n *Node) evalFn {
	list, body, local := c.value(n.Args[0]), c.value(n.Args[len(n.Args)-1]), n.Local
	keep := func(*Frame) tri { return yes }
	if len(n.Args) == 3 {
		keep = c.test(n.Args[1])
	}
	return func(f *Frame) value.Value {
		items, ok := f.items(n, list(f))
		if !ok {
			return value.Null
		}
		out := make([]value.Value, 0, len(items))
		for _, v := range items {
			f.work.locals[local] = v
			if keep(f) == yes {
				f.work.locals[local] = v
				out = append(out, body(f))
			}
			if f.work.err != nil || !f.step(n) {
				return value.Null
			}
		}
		return value.List(out)
	}
}

func (c *compiler) sortBy(n *Node) evalFn {
	list, key, local := c.value(n.Args[0]), c.value(n.Args[1]), n.Local
	type ranked struct{ key, item value.Value }
	return func(f *Frame) value.Value {
		items, ok := f.items(n, list(f))
		if !ok {
			return value.Null
		}
		all := make([]ranked, len(items))
		for i, v := range items {
			f.work.locals[local] = v
			all[i] = ranked{key(f), v}
			if f.work.err != nil || !f.step(n) {
				return value.Null
			}
		}
		slices.SortStableFunc(all, func(a, b ranked) int { return value.Compare(a.key, b.key) })
		out := make([]value.Value, len(all))
		for i, r := range all {
			out[i] = r.item
		}
		return value.List(out)
	}
}

// loopTest compiles exists, all and exists_one. The first two are || and && over the items: a decisive item
// decides over errors and unknowns of the others.
func (c *compiler) loopTest(n *Node) testFn {
	list, body, local := c.value(n.Args[0]), c.test(n.Args[1]), n.Local
	if n.Name == "exists_one" {
		return c.existsOne(n, list, body)
	}
	decisive := yes
	if n.Name == "all" {
		decisive = no
	}
	return func(f *Frame) tri {
		items, ok := f.items(n, list(f))
		if !ok || f.work.err != nil {
			return unknown
		}
		result := yes - decisive
		var failed error
		for _, v := range items {
			f.work.locals[local] = v
			r := body(f)
			switch {
			case f.work.halted:
				return unknown
			case f.work.err != nil:
				failed = firstError(failed, f.work.err)
				f.work.err = nil
			case r == decisive:
				return decisive
			case r == unknown:
				result = unknown
			}
			if !f.step(n) {
				return unknown
			}
		}
		if failed != nil {
			f.work.err = failed
			return unknown
		}
		return result
	}
}

func (c *compiler) existsOne(n *Node, list evalFn, body testFn) testFn {
	local := n.Local
	return func(f *Frame) tri {
		items, ok := f.items(n, list(f))
		if !ok {
			return unknown
		}
		found := 0
		for _, v := range items {
			f.work.locals[local] = v
			if body(f) == yes {
				found++
			}
			if f.work.err != nil || !f.step(n) {
				return unknown
			}
		}
		return triOf(found == 1)
	}
}
