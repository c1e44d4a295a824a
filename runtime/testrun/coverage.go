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
	for _, set := range sets {
		for _, s := range set.Syncs {
			for _, b := range branchesOf(s, cover) {
				key := fmt.Sprint(s.ID(), b.Range.Name(), b.Range.Start, b.Text)
				if m := merged[key]; m != nil {
					m.True, m.False = m.True+b.True, m.False+b.False
					continue
				}
				merged[key] = &Branch{Rule: s.ID(), File: b.Range.Name(), Line: b.Range.StartPos().Line, Text: b.Text, True: b.True, False: b.False, at: b.Range}
			}
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

// branchesOf gives the conditions of a sync, each once: its where, the wheres of its look-ups, and every ?:.
func branchesOf(s *plan.Sync, cover *expr.Cover) []expr.Branch {
	var out []expr.Branch
	seen := map[span.Range]bool{}
	add := func(bs ...expr.Branch) {
		for _, b := range bs {
			if b.Range.IsZero() || !seen[b.Range] {
				seen[b.Range] = true
				out = append(out, b)
			}
		}
	}
	value := func(p *expr.Program) {
		if p != nil {
			add(p.Branches(cover)...)
		}
	}
	filter := func(f *plan.Filter) {
		if f != nil && f.Whole != nil {
			add(f.Whole.Outcomes(cover))
			value(f.Whole)
		}
	}
	lookup := func(l *plan.Lookup) {
		for _, alt := range l.By {
			for _, k := range alt {
				value(k.Value)
			}
		}
		filter(l.Where)
		if l.OrderBy != nil {
			value(l.OrderBy.By)
		}
	}
	filter(s.Where)
	for _, f := range s.Finds {
		lookup(&f.Lookup)
	}
	if s.Match != nil {
		lookup(&s.Match.Lookup)
	}
	for _, list := range [][]*plan.Mapping{s.Map, s.OnLeave.Set, s.OnDelete.Set} {
		for _, m := range list {
			value(m.Value)
		}
	}
	return out
}
