package planner

import (
	"crypto/sha256"
	"fmt"
	"strings"

	"github.com/syncline/syncline/lang/check"
	"github.com/syncline/syncline/lang/expr"
	"github.com/syncline/syncline/lang/plan"
)

func newHasher() *hasher { return &hasher{sha256.New()} }

// fingerprints hash the trigger. Meaning has what decides on edges and nothing else, so that the state of edges
// survives every other edit: a new action, another schedule, a longer cooldown.
func (b *triggerBuilder) fingerprints() {
	t, d := b.in, b.in.Decl
	w := newHasher()
	w.line("edges 1", t.On.Ref.Connection.Name, t.On.Ref.Name, d.For)
	w.expr("when", t.When)
	w.expr("rearm", t.Rearm)
	for _, path := range edgeHistory(t) {
		for i, h := range b.out.History {
			if b.out.HistoryLayout.Names[i] == path {
				w.line("history", path, h.Track.Meaning, h.Track.MinSamples)
			}
		}
	}
	b.out.Meaning = w.sum()

	p := newHasher()
	p.line("population 1", t.On.Ref.Connection.Name, t.On.Ref.Name)
	p.expr("where", t.Where)
	b.out.Population = p.sum()

	w.line("rule", b.out.Population, d.Name, d.Title, d.Description, strings.Join(d.Tags, " "), d.Enabled, d.Manual, d.OnEvent,
		d.EventWait, d.EventMax, d.MissedTicks, names(d.After), names(d.Requires), t.Zone, d.Cooldown, d.Baseline, d.FirstSeen, b.out.SLO.Latency)
	for _, s := range t.Schedules {
		w.line("schedule", s.Decl.Name, s.Decl.Cron, s.Zone, s.Decl.Full)
		w.expr("where", s.Where)
	}
	for _, x := range b.out.Pauses {
		w.line("pause", x.Name, x.Cron, x.For, x.Zone)
	}
	for _, f := range t.Finds {
		w.line("find", f.Decl.Name, f.In.Ref.Connection.Name, f.In.Ref.Name, f.Decl.All)
		w.lookup(&f.Lookup)
	}
	for _, a := range t.Actions {
		w.action(a, b.actions[a])
	}
	if d.Guard != nil && d.Guard.MaxFirings != nil {
		w.line("guard", *d.Guard.MaxFirings)
	}
	b.out.Fingerprint = w.sum()
}

// edgeHistory are the aggregates that decide on edges.
func edgeHistory(t *check.Trigger) []string {
	paths := &fieldSet{}
	for _, x := range []*expr.Checked{t.When, t.Rearm} {
		if x == nil {
			continue
		}
		for _, r := range x.Reads {
			if r.Root == plan.RootHistory {
				paths.add(r.Path)
			}
		}
	}
	return paths.names
}

func (w *hasher) action(a *check.Action, out *plan.Action) {
	d := a.Decl
	w.line("action", out.ID, out.Connection, a.To.Ref.Name, out.Via, out.Ref.New, out.Ref.Find != nil, out.Ref.Action != nil)
	w.expr("if", a.If)
	if d.Key != nil {
		w.line("key", d.Key.Field)
		w.expr("value", a.KeyValue)
	}
	if out.Apply != nil {
		w.line("apply", out.Apply.Sync.Name, out.Apply.Sync.Meaning)
	}
	w.mappings("set", a.Set)
	w.arguments(a.Args)
}

func (w *hasher) arguments(args []*check.Argument) {
	for _, a := range args {
		w.line("argument", a.Decl.Name, fmt.Sprint(a.Form))
		for _, v := range a.Values {
			w.line("value", v.Name)
			w.expr("value", v.Value)
		}
	}
}
