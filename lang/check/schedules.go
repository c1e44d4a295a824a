package check

import (
	"github.com/syncline/syncline/lang/cron"
	"github.com/syncline/syncline/lang/expr"
)

// schedules checks when a rule runs.
func (c *checker) schedules(s *Sync, x *scopes) {
	whole := false
	for _, d := range s.Decl.Schedules {
		sch := &Schedule{Decl: d, Zone: c.zone(d.Timezone, d.TimezoneRange, s.Zone)}
		if d.Cron != "" || !d.CronRange.IsZero() {
			var err error
			if sch.Cron, err = cron.Parse(d.Cron, sch.Zone); err != nil {
				sch.Cron = nil
				c.report(errCron(d.CronRange, err))
			}
		} else {
			c.fail()
		}
		sch.Where = c.sourceCondition(x, d.Where)
		whole = whole || d.Where == nil
		s.Schedules = append(s.Schedules, sch)
	}
	d := s.Decl
	c.pauses(d.Pauses)
	switch {
	case !d.Enabled:
	case d.Manual && (len(d.Schedules) > 0 || d.OnEvent || len(d.After) > 0):
		c.report(warnManualScheduled(s))
	case !d.Manual && len(d.Schedules) == 0 && !d.OnEvent && len(d.After) == 0:
		c.report(warnNeverStarts(s))
	case len(d.Schedules) > 0 && !whole && !d.OnEvent && len(d.After) == 0:
		c.report(warnCohorts(s))
	}
}

// dayCalls are the calls whose result depends on which day it is in the rule's zone.
var dayCalls = map[string]bool{"today": true, "date": true}

// clocks warns where a schedule's cron follows another zone than the rule's dates do.
func (c *checker) clocks(s *Sync) {
	var other *Schedule
	for _, sch := range s.Schedules {
		if sch.Decl.Timezone != "" && sch.Zone != nil && s.Zone != nil && sch.Zone.String() != s.Zone.String() {
			other = sch
			break
		}
	}
	if other == nil {
		return
	}
	for _, checked := range s.Expressions() {
		if call := findCall(checked.Root, dayCalls); call != nil {
			c.report(warnZones(s, other, call))
			return
		}
	}
}

func findCall(n *expr.Node, names map[string]bool) (call *expr.Node) {
	n.Walk(func(m *expr.Node) bool {
		if m.Op == expr.OpCall && names[m.Name] {
			call = m
		}
		return call == nil
	})
	return call
}

// Expressions are the checked expressions of a rule.
func (s *Sync) Expressions() (all []*expr.Checked) {
	add := func(x *expr.Checked) {
		if x != nil {
			all = append(all, x)
		}
	}
	add(s.Where)
	for _, sch := range s.Schedules {
		add(sch.Where)
	}
	for _, f := range s.Finds {
		f.each(add)
	}
	if s.Match != nil {
		s.Match.each(add)
	}
	for _, list := range [][]*Mapping{s.Map, s.OnLeave, s.OnDelete} {
		for _, m := range list {
			add(m.Value)
		}
	}
	return all
}

// order checks what rules wait for; rings are found when names are resolved.
func (c *checker) order() {
	for _, s := range c.program.Syncs {
		if !s.Decl.Enabled {
			continue
		}
		for _, ref := range append(s.Decl.After, s.Decl.Requires...) {
			if other := c.module.Sync(ref.Name); ref.Kind == "sync" && other != nil && !other.Enabled {
				c.report(warnWaitsForDisabled(s, ref))
			}
		}
	}
}

// perDay is how often a rule runs on an average day by its schedules.
func (s *Sync) perDay() (runs float64, full float64) {
	for _, sch := range s.Schedules {
		if sch.Cron == nil {
			continue
		}
		n := sch.Cron.PerDay()
		runs += n
		if sch.Decl.Full {
			full += n
		}
	}
	return runs, full
}
