package check

import (
	"slices"
	"time"

	"github.com/syncline/syncline/lang/cron"
	"github.com/syncline/syncline/lang/resolve"
	"github.com/syncline/syncline/lang/span"
)

// sync checks one rule.
func (c *checker) sync(d *resolve.Sync) *Sync {
	s := &Sync{Decl: d}
	c.failed = &s.Failed
	defer func() { c.failed = nil }()

	s.From, s.To = c.end(d.From), c.end(d.To)
	s.Zone = c.zone(d.Timezone, d.TimezoneRange, time.UTC)
	s.Finds = c.declareFinds(d.Finds, RootFinds)
	x := c.scopes(s)
	s.Where = c.sourceCondition(x, d.Where)
	x.hold(s.Where)
	s.Schedules = c.schedules(s.head(), x)
	c.rollout(s, x)
	for _, f := range s.Finds {
		c.find(f, x)
	}
	c.lookupOrder(s)
	c.match(s, x)
	c.mapping(s, x)
	c.targetAccess(s)
	c.clocks(s.head(), s.Schedules, s.Expressions())
	c.promise(s.head(), d.SLO, s.Schedules)
	return s
}

// zone loads a time zone; fallback serves when none is written or it is unknown.
func (c *checker) zone(name string, at span.Range, fallback *time.Location) *time.Location {
	if name == "" {
		return fallback
	}
	zone, err := cron.Zone(name)
	if err != nil {
		c.report(errUnknownZone(at, name))
		return fallback
	}
	return zone
}

// declareFinds makes the finds of a rule in the order in which they can be looked up: one that reads another
// comes after it. What an expression reads is told from its words alone here, for the order decides the records'
// places in the very scope that expressions are checked in.
func (c *checker) declareFinds(decls []*resolve.Find, first int) []*Find {
	names := map[string]int{}
	for i, f := range decls {
		names[f.Name] = i
	}
	reads := make([][]int, len(decls))
	for i, f := range decls {
		for _, head := range lookupHeads(&f.Match) {
			if j, ok := names[head]; ok && j != i && !slices.Contains(reads[i], j) {
				reads[i] = append(reads[i], j)
			}
		}
	}
	var out []*Find
	for _, i := range topological(reads) {
		f := decls[i]
		out = append(out, &Find{Decl: f, In: c.end(f.In), Root: first + len(out)})
	}
	return out
}

// topological orders 0…n-1 so that each comes after what it needs, otherwise as they stand; rings are broken anyhow.
func topological(needs [][]int) []int {
	var out []int
	seen := make([]bool, len(needs))
	var visit func(i int)
	visit = func(i int) {
		if seen[i] {
			return
		}
		seen[i] = true
		for _, j := range needs[i] {
			visit(j)
		}
		out = append(out, i)
	}
	for i := range needs {
		visit(i)
	}
	return out
}
