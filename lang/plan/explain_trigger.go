package plan

import (
	"fmt"
	"strings"
	"time"
)

// Explain says what a trigger does: what it observes, when it fires, what it looks up, what it writes and how that is
// grouped.
func (t *Trigger) Explain() string {
	w := &explainer{}
	w.line(0, "%s  %s.%s", t.ID(), t.On.Connection, t.On.Object.Name)
	w.line(1, "source: %s", strings.Join(t.Source.Names, ", "))
	w.line(1, "stored: %s", strings.Join(t.storedNames(), ", "))
	w.filter(1, "where", t.Where)
	w.line(1, "when: %s%s%s", t.WhenText, flag(t.Change, " (a change)"), flag(t.TimeDependent, " (depends on the clock)"))
	if t.Rearm != nil {
		w.line(1, "rearm: %s", t.RearmText)
	}
	w.span("for", t.For)
	w.span("cooldown", t.Cooldown)
	w.span("promised latency", t.SLO.Latency)
	if t.FireBaseline || t.HoldFirstSeen {
		w.line(1, "first sight:%s%s", flag(t.FireBaseline, " the baseline fires"), flag(t.HoldFirstSeen, " later records hold"))
	}
	if t.Guard.MaxFirings != nil {
		w.line(1, "guard: %d firings a run", *t.Guard.MaxFirings)
	}
	w.schedules(t.Schedules)
	for i, h := range t.History {
		w.line(1, "history %s: %s of %s over %s", t.HistoryLayout.Names[i], h.Aggregate, h.Track.Text, window(h.Days))
	}
	for _, f := range t.Finds {
		w.line(1, "find %s: %s.%s%s", f.Name, f.Connection, f.Object.Name, flag(f.All, " all"))
		w.line(2, "fields: %s", strings.Join(f.Layout.Names, ", "))
		w.lookup(2, &f.Lookup)
	}
	for _, p := range t.Group {
		w.line(1, "together on %s%s:", p.Connection, flag(p.Atomic, ", all or none"))
		w.actions(p.Actions)
	}
	w.block("then", t.Then)
	w.block("recovered", t.Recovered)
	return w.b.String()
}

func (t *Trigger) storedNames() (out []string) {
	for _, slot := range t.Stored {
		out = append(out, t.Source.Names[slot])
	}
	return out
}

func window(days int) string {
	if days == 0 {
		return "all samples"
	}
	return fmt.Sprintf("%d days", days)
}

// span writes a duration that is set.
func (w *explainer) span(name string, d time.Duration) {
	if d > 0 {
		w.line(1, "%s: %s", name, d)
	}
}

func (w *explainer) schedules(list []Schedule) {
	for _, sch := range list {
		w.line(1, "schedule: %s", strings.TrimSpace(fmt.Sprintf("%s %q %s%s", sch.Name, sch.Cron, sch.Zone, flag(sch.Full, " full"))))
		w.filter(2, "where", sch.Where)
	}
}

func (w *explainer) block(name string, actions []*Action) {
	if len(actions) > 0 {
		w.line(1, "%s:", name)
		w.actions(actions)
	}
}

func (w *explainer) actions(list []*Action) {
	for _, a := range list {
		w.action(a)
	}
}

func (w *explainer) action(a *Action) {
	on := a.Via
	if on == "" {
		on = a.Connection + "." + a.Object.Name
	}
	w.line(2, "%s %s: %s%s", a.Kind, a.Label, on, flag(a.Ref.New, " (new)")+flag(a.Ref.Action != nil, " (just created)"))
	if a.If != nil {
		w.line(3, "if %s", oneLine(a.IfText))
	}
	if a.Key != nil {
		value := a.Key.Text
		if a.Key.Value == nil {
			value = "generated"
		}
		w.line(3, "key %s = %s", a.Key.Field.Name, value)
	}
	if a.Apply != nil {
		w.line(3, "apply %s", a.Apply.Sync.ID())
	}
	ids := map[int]string{}
	for _, id := range a.IDs {
		ids[id.Set] = " (id of " + id.Action.Label + ")"
	}
	for i, m := range a.Set {
		mode := ""
		if m.Write != WriteAlways && a.Kind == ActionUpsert {
			mode = " (" + m.Write.String() + ")"
		}
		w.line(3, "%s = %s%s%s%s", m.Field.Name, m.Text, mode, flag(m.OnNull == NullKeep, " (keep)"), ids[i])
	}
	for _, arg := range a.Args {
		for _, v := range arg.Values {
			name := arg.Name
			if v.Name != "" {
				name += "." + v.Name
			}
			w.line(3, "%s = %s", name, oneLine(v.Text))
		}
	}
	if a.Result != nil && a.Root >= 0 {
		w.line(3, "gives %s", strings.Join(a.Result.Names, ", "))
	}
}

func oneLine(text string) string { return strings.Join(strings.Fields(text), " ") }

// Explain says what a track samples.
func (t *Track) Explain() string {
	w := &explainer{}
	w.line(0, "%s  %s.%s", t.ID(), t.On.Connection, t.On.Object.Name)
	w.line(1, "source: %s", strings.Join(t.Source.Names, ", "))
	w.filter(1, "where", t.Where)
	w.line(1, "value: %s, kept for %s, %d samples at least", oneLine(t.Text), t.Keep, t.MinSamples)
	w.schedules(t.Schedules)
	return w.b.String()
}

// Explain says who hears of what.
func (a *Alert) Explain() string {
	w := &explainer{}
	var events []string
	for _, e := range a.On {
		events = append(events, e.String())
	}
	w.line(0, "%s  %s", a.ID(), strings.Join(events, ", "))
	about := "all rules"
	if len(a.Rules) > 0 {
		about = strings.Join(a.Rules, ", ")
	}
	w.line(1, "about %s, via %s", about, a.Via)
	for _, arg := range a.Args {
		for _, v := range arg.Values {
			w.line(2, "%s = %s", arg.Name, oneLine(v.Text))
		}
	}
	w.span("stale after", a.Stale)
	w.span("repeated after", a.Repeat)
	return w.b.String()
}

func (w *explainer) rollout(r *Rollout) {
	if r == nil {
		return
	}
	w.line(1, "rollout:")
	w.filter(2, "where", r.Where)
	if r.Percent != nil {
		w.line(2, "percent: %v", *r.Percent)
	}
	if r.Limit != nil {
		w.line(2, "limit: %d", *r.Limit)
	}
	if r.By != nil {
		w.line(2, "by: %s", r.ByText)
	}
}
