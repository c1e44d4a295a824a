package check

import (
	"fmt"
	"math"
	"slices"

	"github.com/syncline/syncline/lang/expr"
	"github.com/syncline/syncline/lang/value"
)

// interval is the numbers that a condition allows for a value.
type interval struct {
	low, high         float64
	lowOpen, highOpen bool
	name              string // of the value, as written
}

var everything = interval{low: math.Inf(-1), high: math.Inf(1)}

func (a interval) empty() bool {
	return a.low > a.high || a.low == a.high && (a.lowOpen || a.highOpen)
}

func (a interval) and(b interval) interval {
	out := a
	if b.low > a.low || b.low == a.low && b.lowOpen {
		out.low, out.lowOpen = b.low, b.lowOpen
	}
	if b.high < a.high || b.high == a.high && b.highOpen {
		out.high, out.highOpen = b.high, b.highOpen
	}
	return out
}

// within tells whether all of a lies in b.
func (a interval) within(b interval) bool {
	return (a.low > b.low || a.low == b.low && (a.lowOpen || !b.lowOpen)) &&
		(a.high < b.high || a.high == b.high && (a.highOpen || !b.highOpen))
}

func (a interval) String() string {
	switch {
	case a.low == a.high:
		return fmt.Sprintf("%s = %v", a.name, a.low)
	case math.IsInf(a.low, -1):
		return fmt.Sprintf("%s %s %v", a.name, less(a.highOpen), a.high)
	case math.IsInf(a.high, 1):
		return fmt.Sprintf("%s %s %v", a.name, more(a.lowOpen), a.low)
	}
	return fmt.Sprintf("%s from %v to %v", a.name, a.low, a.high)
}

func less(open bool) string {
	if open {
		return "<"
	}
	return "<="
}

func more(open bool) string {
	if open {
		return ">"
	}
	return ">="
}

// ranges are the intervals of a conjunction's comparisons with numbers, by the value compared. Whole: the condition is
// nothing but these.
type ranges struct {
	by    map[string]interval
	whole bool
}

// rangesOf reads the parts of a conjunction. never names the value of which nothing satisfies them all, "" where something may.
func rangesOf(parts []*expr.Node) (r ranges, never string) {
	r = ranges{by: map[string]interval{}, whole: true}
	for _, part := range parts {
		key, name, in, ok := comparison(part)
		if !ok {
			r.whole = false
			continue
		}
		old, had := r.by[key]
		if !had {
			old = everything
		}
		in = old.and(in)
		in.name = name
		r.by[key] = in
		if in.empty() {
			never = name
		}
	}
	return r, never
}

var mirrored = map[expr.Op]expr.Op{expr.OpLt: expr.OpGt, expr.OpLe: expr.OpGe, expr.OpGt: expr.OpLt, expr.OpGe: expr.OpLe, expr.OpEq: expr.OpEq}

// comparison reads VALUE < NUMBER and its kin.
func comparison(n *expr.Node) (key, name string, in interval, ok bool) {
	op, known := n.Op, false
	if _, known = mirrored[op]; !known || len(n.Args) != 2 {
		return "", "", in, false
	}
	a, b := n.Args[0], n.Args[1]
	if a.IsConst() {
		a, b, op = b, a, mirrored[op]
	}
	if a.IsConst() || !b.IsConst() || !b.Value.IsNumber() {
		return "", "", in, false
	}
	x := b.Value.AsFloat()
	in = everything
	switch op {
	case expr.OpLt, expr.OpLe:
		in.high, in.highOpen = x, op == expr.OpLt
	case expr.OpGt, expr.OpGe:
		in.low, in.lowOpen = x, op == expr.OpGt
	case expr.OpEq:
		in.low, in.high = x, x
	}
	return a.Canonical(), a.String(), in, true
}

// rearm compares the two conditions: where rearm holds only together with when, the trigger never fires again.
func (c *checker) rearm(t *Trigger) {
	when, _ := rangesOf(t.When.Root.Conjuncts())
	rearm, _ := rangesOf(t.Rearm.Root.Conjuncts())
	if t.When.Root.Canonical() == t.Rearm.Root.Canonical() || when.whole && len(when.by) > 0 && rearm.implies(when) || textsImply(t) {
		c.report(errNeverRearmed(t))
		return
	}
	if !when.whole || !rearm.whole || len(when.by) != 1 || len(rearm.by) != 1 {
		return
	}
	for key, w := range when.by {
		if u, same := rearm.by[key]; same && !w.and(u).empty() {
			both := w.and(u)
			both.name = w.name
			c.report(warnRearmOverlaps(t, both))
		}
	}
}

// implies tells whether a condition holds only where another does, which is nothing but ranges.
func (r ranges) implies(other ranges) bool {
	for key, b := range other.by {
		if a, ok := r.by[key]; !ok || !a.within(b) {
			return false
		}
	}
	return true
}

// textsImply tells the same of conditions on texts and flags: of `Stage == 'Renewal'` against `Stage in ['Renewal', 'Churned']`.
func textsImply(t *Trigger) bool {
	when := t.When.Root.Conjuncts()
	a, b := demands(t.When.Root, RootNew), demands(t.Rearm.Root, RootNew)
	if len(a) == 0 || len(a) != len(when) {
		return false
	}
	for path, wanted := range a {
		given, ok := b[path]
		if !ok || slices.ContainsFunc(given, func(v value.Value) bool {
			return !slices.ContainsFunc(wanted, func(w value.Value) bool { return value.Equal(v, w) })
		}) {
			return false
		}
	}
	return true
}
