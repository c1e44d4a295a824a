package check

import (
	"slices"
	"time"

	"github.com/syncline/syncline/lang/cron"
	"github.com/syncline/syncline/lang/expr"
	"github.com/syncline/syncline/lang/resolve"
	"github.com/syncline/syncline/lang/span"
)

// head is what the checks of when a rule runs must know of it.
type head struct {
	id              string // "sync.company_health"
	at              span.Range
	enabled, manual bool
	onEvent         bool
	after, requires []resolve.Reference
	schedules       []*resolve.Schedule
	pauses          []resolve.Pause
	zone            *time.Location
}

func (s *Sync) head() *head {
	d := s.Decl
	return &head{"sync." + d.Name, d.HeaderRange, d.Enabled, d.Manual, d.OnEvent, d.After, d.Requires, d.Schedules, d.Pauses, s.Zone}
}

// schedules checks when a rule runs.
func (c *checker) schedules(h *head, x *scopes) (out []*Schedule) {
	whole := false
	for _, d := range h.schedules {
		out = append(out, c.schedule(d, h.zone, x))
		whole = whole || d.Where == nil
	}
	c.pauses(h.pauses)
	other := h.onEvent || len(h.after) > 0
	switch {
	case !h.enabled:
	case h.manual && (len(h.schedules) > 0 || other):
		c.report(warnManualScheduled(h))
	case !h.manual && len(h.schedules) == 0 && !other:
		c.report(warnNeverStarts(h))
	case len(h.schedules) > 0 && !whole && !other:
		c.report(warnCohorts(h))
	}
	return out
}

func (c *checker) schedule(d *resolve.Schedule, zone *time.Location, x *scopes) *Schedule {
	sch := &Schedule{Decl: d, Zone: c.zone(d.Timezone, d.TimezoneRange, zone)}
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
	return sch
}

// dayCalls are the calls whose result depends on which day it is in the rule's zone.
var dayCalls = map[string]bool{"today": true, "date": true}

// clocks warns where a schedule's cron follows another zone than the rule's dates do.
func (c *checker) clocks(h *head, schedules []*Schedule, all []*expr.Checked) {
	var other *Schedule
	for _, sch := range schedules {
		if sch.Decl.Timezone != "" && sch.Zone != nil && h.zone != nil && sch.Zone.String() != h.zone.String() {
			other = sch
			break
		}
	}
	if other == nil {
		return
	}
	for _, checked := range all {
		if call := findCall(checked.Root, dayCalls); call != nil {
			c.report(warnZones(h, other, call))
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
	if s.Rollout != nil {
		add(s.Rollout.Where)
		add(s.Rollout.By)
	}
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
	off := map[string]bool{}
	var heads []*head
	for _, s := range c.program.Syncs {
		heads = append(heads, s.head())
	}
	for _, t := range c.program.Triggers {
		heads = append(heads, t.head())
	}
	for _, h := range heads {
		off[h.id] = !h.enabled
	}
	for _, h := range heads {
		if !h.enabled {
			continue
		}
		for _, ref := range slices.Concat(h.after, h.requires) {
			if off[ref.Kind+"."+ref.Name] {
				c.report(warnWaitsForDisabled(h, ref))
			}
		}
	}
}

// perDay is how often a rule runs on an average day by its schedules.
func (s *Sync) perDay() (runs float64, full float64) { return perDay(s.Schedules) }

func perDay(schedules []*Schedule) (runs float64, full float64) {
	for _, sch := range schedules {
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
