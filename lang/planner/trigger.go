package planner

import (
	"fmt"
	"slices"

	"github.com/syncline/syncline/lang/check"
	"github.com/syncline/syncline/lang/expr"
	"github.com/syncline/syncline/lang/plan"
	"github.com/syncline/syncline/lang/resolve"
)

// triggerBuilder makes the plan of one trigger.
type triggerBuilder struct {
	lowering
	in      *check.Trigger
	out     *plan.Trigger
	set     *plan.Set
	actions map[*check.Action]*plan.Action
	finds   map[*check.Find]*plan.Find
}

// tracksPlanned tells whether every track that a trigger reads could be planned.
func tracksPlanned(t *check.Trigger, set *plan.Set) bool {
	for _, path := range historyPaths(t) {
		name, _, _, ok := expr.ParseHistory(path)
		if !ok || trackNamed(set, name) == nil {
			return false
		}
	}
	return true
}

// appliesRefused tells whether a trigger writes the map of a sync that is not planned.
func appliesRefused(p *check.Program, t *check.Trigger) bool {
	return slices.ContainsFunc(t.Actions, func(a *check.Action) bool { return a.Apply != nil && p.Refuses(a.Apply) })
}

func trackNamed(set *plan.Set, name string) *plan.Track {
	for _, t := range set.Tracks {
		if t.Name == name {
			return t
		}
	}
	return nil
}

// historyPaths are the aggregates that a trigger reads, in order of first mention.
func historyPaths(t *check.Trigger) []string {
	paths := &fieldSet{}
	for _, x := range t.Expressions() {
		for _, r := range x.Reads {
			if r.Root == plan.RootHistory {
				paths.add(r.Path)
			}
		}
	}
	return paths.names
}

func buildTrigger(t *check.Trigger, set *plan.Set, c *clock) *plan.Trigger {
	d := t.Decl
	b := &triggerBuilder{in: t, set: set, actions: map[*check.Action]*plan.Action{}, finds: map[*check.Find]*plan.Find{},
		out: &plan.Trigger{
			Name: d.Name, Title: d.Title, Description: d.Description, Tags: d.Tags, Enabled: d.Enabled, Manual: d.Manual,
			On: end(t.On), Zone: t.Zone, MissedTicks: missedTicks[d.MissedTicks], Pauses: pauses(d.Pauses, t.Zone),
			After: names(d.After), Requires: names(d.Requires), SLO: slo(d.SLO), Guard: guard(d.Guard), Range: d.Range,
			WhenText: check.Written(t.When), Change: t.Change, TimeDependent: t.TimeDependent || t.Where != nil && t.Where.TimeDependent,
			Cooldown: d.Cooldown, For: d.For, FireBaseline: d.Baseline == "fire", HoldFirstSeen: d.FirstSeen == "hold",
		}}
	b.clock = c
	if d.OnEvent {
		b.out.OnEvent = &plan.OnEvent{Wait: d.EventWait, Max: d.EventMax}
	}
	b.layout()
	b.history()
	b.out.Where = b.filter(t.Where, plan.RootNew, t.On, nil)
	for _, s := range t.Schedules {
		b.out.Schedules = append(b.out.Schedules, plan.Schedule{Name: s.Decl.Name, Cron: s.Decl.Cron, Zone: s.Zone,
			Where: b.filter(s.Where, plan.RootNew, t.On, nil), Full: s.Decl.Full})
	}
	b.out.When = t.When.Compile(b.slots(nil))
	if t.Rearm != nil {
		b.out.Rearm, b.out.RearmText = t.Rearm.Compile(b.slots(nil)), check.Written(t.Rearm)
	}
	for i, f := range t.Finds {
		b.finds[f] = b.find(f, b.layouts[plan.RootTriggerFinds+i])
		b.out.Finds = append(b.out.Finds, b.finds[f])
	}
	b.allActions()
	b.out.RecoveredFinds = b.findsOf("recovered")
	// A find that no action reads can still be required to be there.
	fired := b.findsOf("together", "then")
	for _, f := range b.out.Finds {
		if slices.Contains(fired, f) || !slices.Contains(b.out.RecoveredFinds, f) {
			b.out.FiringFinds = append(b.out.FiringFinds, f)
		}
	}
	b.fingerprints()
	return b.out
}

func slo(d *resolve.SLO) plan.SLO {
	if d == nil {
		return plan.SLO{}
	}
	return plan.SLO{Latency: d.Latency}
}

// history plans the aggregates over samples.
func (b *triggerBuilder) history() {
	b.out.HistoryLayout = b.layouts[plan.RootHistory]
	for _, path := range b.out.HistoryLayout.Names {
		name, aggregate, days, _ := expr.ParseHistory(path)
		b.out.History = append(b.out.History, plan.HistoryRead{Track: trackNamed(b.set, name), Aggregate: plan.Aggregate(aggregate), Days: days})
	}
}

func (b *triggerBuilder) allActions() {
	seen := map[string]int{}
	for _, a := range b.in.Actions {
		out := b.action(a)
		out.ID = a.Block + "." + a.Decl.Kind + "." + out.Label
		if seen[out.ID]++; seen[out.ID] > 1 {
			out.ID = fmt.Sprintf("%s#%d", out.ID, seen[out.ID])
		}
		b.actions[a] = out
		switch a.Block {
		case "together":
			b.out.Together = append(b.out.Together, out)
		case "then":
			b.out.Then = append(b.out.Then, out)
		default:
			b.out.Recovered = append(b.out.Recovered, out)
		}
	}
	for _, p := range b.in.Parts {
		part := plan.Part{Connection: p.Connection, Atomic: p.Atomic}
		for _, a := range p.Actions {
			part.Actions = append(part.Actions, b.actions[a])
		}
		b.out.Group = append(b.out.Group, part)
	}
}

// findsOf are the finds that the actions of blocks need, in the order in which they are looked up.
func (b *triggerBuilder) findsOf(blocks ...string) (out []*plan.Find) {
	needed := map[int]bool{}
	note := func(x *expr.Checked) {
		for _, r := range x.Reads {
			needed[r.Root] = true
		}
	}
	for _, a := range b.in.Actions {
		if !slices.Contains(blocks, a.Block) {
			continue
		}
		if a.Find != nil {
			needed[a.Find.Root] = true
		}
		for _, x := range a.Expressions() {
			note(x)
		}
	}
	// A find comes after those that it reads, so going back over them meets every reader first.
	for _, f := range slices.Backward(b.in.Finds) {
		if needed[f.Root] {
			f.Each(note)
		}
	}
	for _, f := range b.in.Finds {
		if needed[f.Root] {
			out = append(out, b.finds[f])
		}
	}
	return out
}
