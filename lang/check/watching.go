package check

import (
	"slices"
	"time"

	"github.com/syncline/syncline/lang/cron"
	"github.com/syncline/syncline/lang/expr"
	"github.com/syncline/syncline/lang/resolve"
	"github.com/syncline/syncline/lang/syntax"
	"github.com/syncline/syncline/lang/value"
)

// track checks a track.
func (c *checker) track(d *resolve.Track) *Track {
	t := &Track{Decl: d}
	c.failed = &t.Failed
	defer func() { c.failed = nil }()
	t.On = c.end(d.On)
	t.Zone = c.zone(d.Timezone, d.TimezoneRange, time.UTC)
	x := &scopes{c: c, zone: t.Zone, hints: map[string]string{"new": "source", "old": "source", "record": "source"}}
	x.add(expr.Root{Name: "source"}, t.On)
	t.Where = c.condition(x.ruleEnv(), d.Where)
	x.hold(t.Where)
	t.Value = c.expression(x.ruleEnv(), d.Value, expr.Want{})
	if t.Value == nil || d.Keep == 0 {
		c.fail() // not written, which was reported, or wrong
	}
	for _, s := range d.Schedules {
		t.Schedules = append(t.Schedules, c.schedule(s, t.Zone, x))
	}
	if t.On.Object != nil && t.On.Object.Key == "" {
		c.report(errNoIdentity(d.On.Range, t.On, "sampled"))
	}
	if d.Keep > 0 && d.Keep < 24*time.Hour {
		c.report(errKeepShort(t))
	}
	if t.Value != nil && !t.Value.Type.Dynamic {
		switch k := t.Value.Type.Kind; {
		case k == value.KindList || k == value.KindDays || k == value.KindDuration:
			c.report(errSample(t))
		case t.Value.Type.Const != nil:
			c.report(errSampleConstant(t))
		}
	}
	return t
}

// tracksOf are the tracks of an object, as expressions see them.
func (c *checker) tracksOf(on End) (out []expr.Track) {
	if on.Ref.Connection == nil {
		return nil
	}
	for _, t := range c.program.Tracks {
		if !t.On.same(on) {
			continue
		}
		typ := expr.DynamicType()
		if t.Value != nil {
			typ = t.Value.Type
		}
		out = append(out, expr.Track{Name: t.Decl.Name, Type: typ, Days: int(t.Decl.Keep / (24 * time.Hour)), Range: t.Decl.NameRange})
	}
	return out
}

// alert checks an alert.
func (c *checker) alert(d *resolve.Alert) *Alert {
	a := &Alert{Decl: d}
	c.failed = &a.Failed
	defer func() { c.failed = nil }()
	x := &scopes{c: c, zone: time.UTC}
	a.Args = c.arguments(d.Via, d.ViaRange, "send", d.NameRange, c.alertArguments(d), x.ruleEnv())
	a.Args = slices.DeleteFunc(a.Args, func(arg *Argument) bool { return arg.Decl.Range.IsZero() })
	if len(d.Events) == 0 {
		c.report(errNoEvents(d))
	}
	seen := map[string]bool{}
	for _, e := range d.Events {
		if seen[e.Text] {
			c.report(errEventTwice(e))
		}
		seen[e.Text] = true
	}
	if d.Stale > 0 && !seen["stale"] {
		c.report(errStaleUnused(d))
	}
	if seen["slo"] {
		c.promised(d)
	}
	return a
}

// alertArguments are the arguments of an alert with its text and subject, which the runtime writes.
func (c *checker) alertArguments(d *resolve.Alert) []resolve.Argument {
	args := slices.Clone(d.Args)
	s := c.sending(d.Via)
	for _, name := range []string{"text", "subject"} {
		if i := slices.IndexFunc(args, func(a resolve.Argument) bool { return a.Name == name }); i >= 0 {
			c.report(errAlertText(args[i]))
			continue
		}
		if s != nil && s.Argument(name) != nil && s.Argument(name).Required {
			args = append(args, resolve.Argument{Name: name, Value: &syntax.Const{Kind: syntax.NumberConst, Literal: "0"}})
		}
	}
	return args
}

// promised warns of an alert about promises that none of its rules makes.
func (c *checker) promised(d *resolve.Alert) {
	about := func(id string) bool {
		return len(d.Rules) == 0 || slices.ContainsFunc(d.Rules, func(r resolve.Reference) bool { return r.Kind+"."+r.Name == id })
	}
	for _, s := range c.module.Syncs {
		if s.SLO != nil && about("sync."+s.Name) {
			return
		}
	}
	for _, t := range c.module.Triggers {
		if t.SLO != nil && about("trigger."+t.Name) {
			return
		}
	}
	c.report(warnNoPromise(d))
}

// rollout checks the pilot cohort of a sync.
func (c *checker) rollout(s *Sync, x *scopes) {
	d := s.Decl.Rollout
	if d == nil {
		return
	}
	s.Rollout = &Rollout{Decl: d, Where: c.sourceCondition(x, d.Where)}
	if d.By != nil {
		s.Rollout.By = c.sourceValue(x, d.By)
	}
	switch {
	case d.Where == nil && d.Percent == nil && d.Limit == nil:
		c.report(errRolloutEmpty(d))
	case d.Percent != nil && *d.Percent > 100:
		c.report(errPercent(d))
	case d.By != nil && d.Percent == nil && d.Limit == nil:
		c.report(errRolloutBy(d))
	}
}

// sourceValue checks a value that may read the source record only.
func (c *checker) sourceValue(x *scopes, v syntax.Value) *expr.Checked {
	checked := c.expression(x.sourceEnv(), v, expr.Want{})
	if checked == nil {
		return nil
	}
	if r := readBeyond(checked, RootSource); r != nil {
		c.report(errOnlySource(r.Range, x.name(r.Root)))
		return nil
	}
	return checked
}

// promise warns of a latency that the schedules cannot keep.
func (c *checker) promise(h *head, slo *resolve.SLO, schedules []*Schedule) {
	if slo == nil || slo.Latency <= 0 || h.onEvent || len(h.after) > 0 || !h.enabled || h.manual {
		return
	}
	var least time.Duration
	for _, s := range schedules {
		if s.Cron == nil || s.Decl.Where != nil {
			continue
		}
		if gap := gapOf(s.Cron); least == 0 || gap < least {
			least = gap
		}
	}
	if least > slo.Latency {
		c.report(warnPromise(h, slo, least))
	}
}

// gapOf is the time between two ticks of a schedule on average.
func gapOf(s *cron.Schedule) time.Duration {
	n := s.PerDay()
	if n <= 0 {
		return 0
	}
	return time.Duration(float64(24*time.Hour) / n).Round(time.Second)
}
