package planner

import (
	"strings"

	"github.com/syncline/syncline/lang/check"
	"github.com/syncline/syncline/lang/expr"
	"github.com/syncline/syncline/lang/plan"
	"github.com/syncline/syncline/lang/value"
)

// A track without a schedule samples late in the day, in its own zone, for a sample stands for a day.
const trackCron = "45 23 * * *"

// fewestSamples is min_samples where it is not written.
const fewestSamples = 7

func buildTrack(t *check.Track, c *clock) *plan.Track {
	d := t.Decl
	fields := startWith(t.On.Object)
	all := []*expr.Checked{t.Value, t.Where}
	for _, s := range t.Schedules {
		all = append(all, s.Where)
	}
	for _, x := range all {
		if x != nil {
			for _, r := range x.Reads {
				fields.add(r.Path)
			}
		}
	}
	b := &lowering{layouts: []*value.Layout{value.NewLayout(fields.names...)}, it: 1, clock: c}
	out := &plan.Track{Name: d.Name, Title: d.Title, Description: d.Description, Enabled: d.Enabled, On: end(t.On), Zone: t.Zone,
		Source: b.layouts[0], Where: b.filter(t.Where, plan.RootSource, t.On, nil), Value: t.Value.Compile(b.slots(nil)),
		Text: check.Written(t.Value), Keep: d.Keep, MinSamples: fewestSamples, Range: d.Range}
	if d.MinSamples != nil {
		out.MinSamples = *d.MinSamples
	}
	for _, s := range t.Schedules {
		out.Schedules = append(out.Schedules, plan.Schedule{Name: s.Decl.Name, Cron: s.Decl.Cron, Zone: s.Zone,
			Where: b.filter(s.Where, plan.RootSource, t.On, nil), Full: true})
	}
	if len(out.Schedules) == 0 {
		out.Schedules = []plan.Schedule{{Cron: trackCron, Zone: t.Zone, Full: true}}
	}
	w := newHasher()
	w.line("track 1", out.On.Connection, out.On.Object.Name, t.Zone)
	w.expr("value", t.Value)
	out.Meaning = w.sum()
	w.line(d.Name, d.Title, d.Description, d.Enabled, d.Keep, out.MinSamples)
	w.expr("where", t.Where)
	for i, s := range out.Schedules {
		w.line("schedule", s.Name, s.Cron, s.Zone)
		if i < len(t.Schedules) {
			w.expr("where", t.Schedules[i].Where)
		}
	}
	out.Fingerprint = w.sum()
	return out
}

var alertEvents = map[string]plan.AlertEvent{"failed": plan.AlertFailed, "dead": plan.AlertDead, "stale": plan.AlertStale,
	"slo": plan.AlertSLO, "waiting": plan.AlertWaiting, "reload": plan.AlertReload}

func buildAlert(a *check.Alert) *plan.Alert {
	d := a.Decl
	b := &lowering{}
	out := &plan.Alert{Name: d.Name, Rules: names(d.Rules), Via: d.Via.Name, Args: b.arguments(a.Args), Stale: d.Stale, Repeat: d.Repeat, Range: d.Range}
	w := newHasher()
	w.line("alert 1", d.Name, out.Via, d.Stale, d.Repeat, strings.Join(out.Rules, " "))
	for _, e := range d.Events {
		out.On = append(out.On, alertEvents[e.Text])
		w.line("event", e.Text)
	}
	w.arguments(a.Args)
	out.Fingerprint = w.sum()
	return out
}

// rollout plans the pilot cohort of a sync.
func (b *builder) rollout(s *check.Sync) *plan.Rollout {
	r := s.Rollout
	if r == nil {
		return nil
	}
	out := &plan.Rollout{Where: b.filter(r.Where, plan.RootSource, s.From, nil), Percent: r.Decl.Percent, Limit: r.Decl.Limit}
	if r.By != nil {
		out.By, out.ByText = r.By.Compile(b.slots(nil)), check.Written(r.By)
	}
	return out
}
