package testrun

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/syncline/syncline/lang/expr"
	"github.com/syncline/syncline/lang/plan"
	"github.com/syncline/syncline/lang/span"
	"github.com/syncline/syncline/lang/spectest"
)

// Coverage is what of the rules the tests reached. A branch is one way of a condition: of a ?:, of a where. Rules
// without a test count with all their branches.
type Coverage struct {
	Rules    []RuleCoverage `json:"rules"`
	Branches []Branch       `json:"branches"`
}

// RuleCoverage is how many tests a rule has.
type RuleCoverage struct {
	Rule  string `json:"rule"`
	Tests int    `json:"tests"`
}

// Branch is a condition, and how often each of its ways was taken.
type Branch struct {
	Rule  string `json:"rule"`
	File  string `json:"file"`
	Line  int    `json:"line"`
	Text  string `json:"text"`
	True  int    `json:"true"`
	False int    `json:"false"`
	at    span.Range
}

// Tested counts the rules that have tests.
func (c *Coverage) Tested() int {
	n := 0
	for _, r := range c.Rules {
		if r.Tests > 0 {
			n++
		}
	}
	return n
}

// Ways counts the ways of all conditions, and those that were taken.
func (c *Coverage) Ways() (taken, all int) {
	for _, b := range c.Branches {
		all += 2
		if b.True > 0 {
			taken++
		}
		if b.False > 0 {
			taken++
		}
	}
	return taken, all
}

func coverageOf(sets map[string]*plan.Set, tests []*spectest.Test, cover *expr.Cover) Coverage {
	out := Coverage{Rules: []RuleCoverage{}, Branches: []Branch{}}
	count := map[string]int{}
	for _, t := range tests {
		count[t.Rule]++
	}
	merged := map[string]*Branch{}
	merge := func(rule string, list []expr.Branch) {
		for _, b := range list {
			key := fmt.Sprint(rule, b.Range.Name(), b.Range.Start, b.Text)
			if m := merged[key]; m != nil {
				m.True, m.False = m.True+b.True, m.False+b.False
				continue
			}
			merged[key] = &Branch{Rule: rule, File: b.Range.Name(), Line: b.Range.StartPos().Line, Text: b.Text, True: b.True, False: b.False, at: b.Range}
		}
	}
	for _, set := range sets {
		for _, s := range set.Syncs {
			merge(s.ID(), ofSync(s, cover))
		}
		for _, t := range set.Triggers {
			merge(t.ID(), ofTrigger(t, cover))
		}
	}
	for _, b := range merged {
		out.Branches = append(out.Branches, *b)
	}
	slices.SortFunc(out.Branches, func(a, b Branch) int {
		switch {
		case a.at.Less(b.at):
			return -1
		case b.at.Less(a.at):
			return 1
		}
		return cmp.Compare(a.Rule, b.Rule)
	})
	if set := sets[""]; set != nil {
		for _, s := range set.Syncs {
			out.Rules = append(out.Rules, RuleCoverage{s.ID(), count[s.ID()]})
		}
		for _, t := range set.Triggers {
			out.Rules = append(out.Rules, RuleCoverage{t.ID(), count[t.ID()]})
		}
	}
	return out
}

// branches collects the conditions of a rule, each once.
type branches struct {
	cover *expr.Cover
	seen  map[span.Range]bool
	list  []expr.Branch
}

func (b *branches) add(list ...expr.Branch) {
	for _, x := range list {
		if x.Range.IsZero() || !b.seen[x.Range] {
			b.seen[x.Range] = true
			b.list = append(b.list, x)
		}
	}
}

// value takes the ?: of a program, condition its outcomes as well.
func (b *branches) value(p *expr.Program) {
	if p != nil {
		b.add(p.Branches(b.cover)...)
	}
}

func (b *branches) condition(p *expr.Program) {
	if p != nil {
		b.add(p.Outcomes(b.cover))
		b.value(p)
	}
}

func (b *branches) filter(f *plan.Filter) {
	if f != nil {
		b.condition(f.Whole)
	}
}

func (b *branches) lookup(l *plan.Lookup) {
	for _, alt := range l.By {
		for _, k := range alt {
			b.value(k.Value)
		}
	}
	b.filter(l.Where)
	if l.OrderBy != nil {
		b.value(l.OrderBy.By)
	}
}

func (b *branches) mappings(lists ...[]*plan.Mapping) {
	for _, list := range lists {
		for _, m := range list {
			b.value(m.Value)
		}
	}
}

// ofSync gives the conditions of a sync: its where, those of its look-ups, and every ?:.
func ofSync(s *plan.Sync, cover *expr.Cover) []expr.Branch {
	b := &branches{cover: cover, seen: map[span.Range]bool{}}
	b.filter(s.Where)
	for _, f := range s.Finds {
		b.lookup(&f.Lookup)
	}
	if s.Match != nil {
		b.lookup(&s.Match.Lookup)
	}
	b.mappings(s.Map, s.OnLeave.Set, s.OnDelete.Set)
	return b.list
}

// ofTrigger gives the conditions of a trigger: where, when, rearm, those of its look-ups and actions, and every ?:.
func ofTrigger(t *plan.Trigger, cover *expr.Cover) []expr.Branch {
	b := &branches{cover: cover, seen: map[span.Range]bool{}}
	b.filter(t.Where)
	b.condition(t.When)
	b.condition(t.Rearm)
	for _, f := range t.Finds {
		l := f.Lookup
		if l.Where != nil { // the systems take it where they can: which of their records it held back is not seen
			b.value(l.Where.Whole)
			l.Where = nil
		}
		b.lookup(&l)
	}
	for _, a := range t.Actions() {
		b.condition(a.If)
		if a.Key != nil {
			b.value(a.Key.Value)
		}
		b.mappings(a.Set)
		for _, arg := range a.Args {
			for _, v := range arg.Values {
				b.value(v.Value)
			}
		}
	}
	return b.list
}
