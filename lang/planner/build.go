package planner

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"sort"
	"sync/atomic"
	"time"

	"github.com/syncline/syncline/lang/check"
	"github.com/syncline/syncline/lang/expr"
	"github.com/syncline/syncline/lang/plan"
	"github.com/syncline/syncline/lang/resolve"
)

// Build makes the plans of all rules that were checked without an error. The set is never nil.
func Build(p *check.Program) *plan.Set {
	set := &plan.Set{Revision: revision(p)}
	set.Connections = Connections(p.Module)
	clocks := &clocks{program: p, of: map[string]*clock{}}
	for _, s := range inOrder(p.Syncs, syncOrder) {
		if !p.Refuses(s) {
			set.Syncs = append(set.Syncs, once(&s.Plan, func() *plan.Sync { return buildSync(s, clocks.in(s.Zone)) }))
		}
	}
	for _, t := range p.Tracks {
		if !t.Failed {
			set.Tracks = append(set.Tracks, once(&t.Plan, func() *plan.Track { return buildTrack(t, clocks.in(t.Zone)) }))
		}
	}
	for _, t := range inOrder(p.Triggers, triggerOrder) {
		if !t.Failed && tracksPlanned(t, set) && !appliesRefused(p, t) {
			set.Triggers = append(set.Triggers, once(&t.Plan, func() *plan.Trigger { return buildTrigger(t, set, clocks.in(t.Zone)) }))
		}
	}
	for _, a := range p.Alerts {
		if !a.Failed {
			set.Alerts = append(set.Alerts, buildAlert(a))
		}
	}
	return set
}

// once makes the plan of a rule, or gives the one that was made of it before: a rule is checked anew when anything changes
// that its plan depends on. at is the rule's own.
func once[T any](at *atomic.Value, build func() *T) *T {
	if p, ok := at.Load().(*T); ok {
		return p
	}
	p := build()
	at.Store(p)
	return p
}

// clocks has one clock for each zone.
type clocks struct {
	program *check.Program
	of      map[string]*clock
}

func (c *clocks) in(zone *time.Location) *clock {
	name := zone.String()
	if c.of[name] == nil {
		c.of[name] = newClock(expr.Scope{Tables: c.program.Tables, Vars: c.program.Vars, Zone: zone})
	}
	return c.of[name]
}

// Connections plans the connections of a module alone: they must be open before the module can be checked.
func Connections(m *resolve.Module) []*plan.Connection {
	out := make([]*plan.Connection, 0, len(m.Connections))
	for _, c := range m.Connections {
		out = append(out, connection(c))
	}
	return out
}

// revision covers the files and the variables' values.
func revision(p *check.Program) string {
	h := sha256.New()
	fmt.Fprintf(h, "%s\n", p.Module.Hash)
	names := make([]string, 0, len(p.Inputs.Vars))
	for name := range p.Inputs.Vars {
		names = append(names, name)
	}
	sort.Strings(names)
	for _, name := range names {
		fmt.Fprintf(h, "%q %q\n", name, p.Inputs.Vars[name])
	}
	return hex.EncodeToString(h.Sum(nil)[:16])
}

// builder makes the plan of one rule.
type builder struct {
	lowering
	in  *check.Sync
	out *plan.Sync
}

func buildSync(s *check.Sync, c *clock) *plan.Sync {
	d := s.Decl
	b := &builder{lowering: lowering{clock: c, it: plan.RootFinds + len(s.Finds)}, in: s, out: &plan.Sync{
		Name: d.Name, Title: d.Title, Description: d.Description, Tags: d.Tags, Enabled: d.Enabled, Manual: d.Manual,
		From: end(s.From), To: end(s.To), Zone: s.Zone, Lookback: d.Lookback, MaxRecords: d.MaxRecords,
		After: names(d.After), Requires: names(d.Requires), Guard: guard(d.Guard), Range: d.Range,
		MissedTicks: missedTicks[d.MissedTicks], Pauses: pauses(d.Pauses, s.Zone),
	}}
	if d.OnEvent {
		b.out.OnEvent = &plan.OnEvent{Wait: d.EventWait, Max: d.EventMax}
	}
	b.out.SLO = slo(d.SLO)
	b.layout()
	b.out.Where = b.filter(s.Where, plan.RootSource, s.From, nil)
	for _, sch := range s.Schedules {
		b.out.Schedules = append(b.out.Schedules, plan.Schedule{Name: sch.Decl.Name, Cron: sch.Decl.Cron, Zone: sch.Zone,
			Where: b.filter(sch.Where, plan.RootSource, s.From, nil), Full: sch.Decl.Full})
	}
	for i, f := range s.Finds {
		find := b.find(f, b.layouts[plan.RootFinds+i])
		// A find that must be there and is not leaves its source record unmatched.
		if find.Missing == plan.MissingError {
			find.Missing = plan.MissingSkip
		}
		b.out.Finds = append(b.out.Finds, find)
	}
	if s.Match != nil {
		b.out.Match = &plan.Match{Lookup: b.lookup(s.Match, s.To, b.out.Target), Unique: s.Match.LastUnique(s.To.Object)}
		b.out.Match.Missing = missing(d.Match.Missing, plan.MissingSkip)
	}
	b.out.Rollout = b.rollout(s)
	b.out.Map = b.mappings(s.Map)
	b.out.OnLeave = b.departure(d.OnLeave, s.OnLeave)
	b.out.OnDelete = b.departure(d.OnDelete, s.OnDelete)
	b.facts()
	b.fingerprints()
	return b.out
}

func end(e check.End) plan.End {
	return plan.End{Connection: e.Ref.Connection.Name, Object: e.Object, Catalog: e.Catalog}
}

func names(refs []resolve.Reference) (out []string) {
	for _, r := range refs {
		out = append(out, r.Kind+"."+r.Name)
	}
	return out
}

func guard(g *resolve.Guard) plan.Guard {
	if g == nil {
		return plan.Guard{}
	}
	return plan.Guard{MaxCreates: g.MaxCreates, MaxUpdates: g.MaxUpdates, MaxDeletes: g.MaxDeletes, MaxClears: g.MaxClears,
		MaxUpdatePercent: g.MaxUpdatePercent, MaxFirings: g.MaxFirings, Written: true}
}

func (b *lowering) mappings(list []*check.Mapping) (out []*plan.Mapping) {
	for _, m := range list {
		out = append(out, &plan.Mapping{Field: m.Field, Value: m.Value.Compile(b.slots(nil)), Text: m.Text, Reads: m.Value.Reads,
			OnNull: nullModes[m.OnNull], Write: writeModes[m.Write], Range: m.Range})
	}
	return out
}

var (
	nullModes  = map[string]plan.OnNull{"clear": plan.NullClear, "keep": plan.NullKeep}
	writeModes = map[string]plan.WriteMode{"always": plan.WriteAlways, "on_create": plan.WriteOnCreate,
		"if_empty": plan.WriteIfEmpty, "with_changes": plan.WriteWithChanges}
	missedTicks = map[string]plan.MissedTicks{"last": plan.MissedLast, "skip": plan.MissedSkip, "all": plan.MissedAll}
	departures  = map[string]plan.DepartureKind{"ignore": plan.DepartureIgnore, "delete": plan.DepartureDelete,
		"unlink": plan.DepartureUnlink, "set": plan.DepartureSet}
)

func (b *builder) departure(d *resolve.Departure, set []*check.Mapping) plan.Departure {
	if d == nil {
		return plan.Departure{}
	}
	return plan.Departure{Kind: departures[d.Kind], Set: b.mappings(set)}
}

// facts tells what the engine must know of the expressions as a whole.
func (b *builder) facts() {
	// A value that is written only together with another, or only at first, never is a reason to write by itself:
	// time alone changes nothing there.
	follows := map[*expr.Checked]bool{}
	for _, m := range b.in.Map {
		if mode := writeModes[m.Write]; mode == plan.WriteWithChanges || mode == plan.WriteOnCreate {
			follows[m.Value] = true
		}
	}
	// A cohort says how often a record is looked at. Where another schedule looks at all of them, a record that
	// time brings into the cohort is not missed.
	everyone := slices.ContainsFunc(b.in.Schedules, func(s *check.Schedule) bool { return s.Where == nil })
	for _, sch := range b.in.Schedules {
		if everyone && sch.Where != nil {
			follows[sch.Where] = true
		}
	}
	for _, x := range b.in.Expressions() {
		b.out.TimeDependent = b.out.TimeDependent || x.TimeDependent && !follows[x]
	}
	target := func(x *expr.Checked) {
		for _, r := range x.Reads {
			b.out.ReadsTarget = b.out.ReadsTarget || r.Root == plan.RootTarget
		}
	}
	for _, m := range b.in.Map {
		target(m.Value)
	}
	for _, f := range b.in.Finds {
		b.out.ReadsTarget = b.out.ReadsTarget || f.AfterMatch
	}
}
