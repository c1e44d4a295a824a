package check

import (
	"time"

	"github.com/syncline/syncline/lang/expr"
	"github.com/syncline/syncline/lang/resolve"
	"github.com/syncline/syncline/lang/syntax"
	"github.com/syncline/syncline/lang/value"
)

// triggerHints say what the records of other kinds of rule are called in a trigger.
var triggerHints = map[string]string{"source": "new", "target": "new", "record": "new"}

// trigger checks one trigger.
func (c *checker) trigger(d *resolve.Trigger) *Trigger {
	t := &Trigger{Decl: d}
	c.failed = &t.Failed
	defer func() { c.failed = nil }()

	t.On = c.end(d.On)
	t.Zone = c.zone(d.Timezone, d.TimezoneRange, time.UTC)
	t.Finds = c.declareFinds(d.Finds, RootTriggerFinds)
	c.declareActions(t)
	x := c.triggerScopes(t)
	t.Where = c.conditionOf(x, d.Where, RootNew)
	x.hold(t.Where)
	t.Schedules = c.schedules(t.head(), x)
	c.edges(t, x)
	for _, f := range t.Finds {
		c.triggerFind(t, f, x)
	}
	c.findOrder(t)
	c.actions(t, x)
	c.group(t)
	if t.On.Object != nil && t.On.Object.Key == "" {
		c.report(errNoIdentity(d.On.Range, t.On, "observed"))
	}
	c.clocks(t.head(), t.Schedules, t.Expressions())
	c.promise(t.head(), d.SLO, t.Schedules)
	return t
}

// triggerScopes has all records of the trigger, also those that are not known in every place: reading one too early
// is told from a name that does not exist.
func (c *checker) triggerScopes(t *Trigger) *scopes {
	x := &scopes{c: c, zone: t.Zone, hints: triggerHints, each: eachOf(t.Decl.Each), tracks: c.tracksOf(t.On)}
	x.add(expr.Root{Name: "new"}, t.On)
	x.add(expr.Root{Name: "old", Optional: true}, t.On)
	x.add(expr.Root{Name: "history"}, End{})
	for _, f := range t.Finds {
		x.addFind(f)
	}
	for _, a := range t.Actions {
		if a.Root >= 0 {
			x.addResult(a)
		}
	}
	return x
}

// conditionOf checks a condition that may read one record only: the population, which is decided before anything else is known.
func (c *checker) conditionOf(x *scopes, v syntax.Value, roots ...int) *expr.Checked {
	checked := c.condition(x.ruleEnv(), v)
	if checked == nil {
		return nil
	}
	if r := readBeyond(checked, roots...); r != nil {
		c.report(errTooEarly(r.Range, x.name(r.Root), roots))
		return nil
	}
	return checked
}

// readBeyond is the first read of a record other than those of the roots.
func readBeyond(checked *expr.Checked, roots ...int) *expr.Read {
	for i := range checked.Reads {
		r := &checked.Reads[i]
		known := false
		for _, root := range roots {
			known = known || r.Root == root
		}
		if !known {
			return r
		}
	}
	return nil
}

// edges checks when the trigger fires and when it is armed again.
func (c *checker) edges(t *Trigger, x *scopes) {
	d := t.Decl
	t.When = c.conditionOf(x, d.When, RootNew, RootOld, RootHistory)
	if t.When == nil {
		c.fail() // not written, which was reported, or wrong
	}
	t.Rearm = c.conditionOf(x, d.Rearm, RootNew, RootOld, RootHistory)
	old := readOf(t.When, RootOld)
	t.Change = old != nil
	for _, checked := range []*expr.Checked{t.When, t.Rearm} {
		t.TimeDependent = t.TimeDependent || checked != nil && checked.TimeDependent
	}
	if r := readOf(t.Rearm, RootOld); r != nil {
		c.report(errRearmReadsOld(r.Range))
	}
	if t.Change {
		c.changeCondition(t, old)
	}
	if t.When != nil && !t.Change {
		c.reachable(t.When, d.When, "when")
	}
	if t.Rearm != nil {
		c.reachable(t.Rearm, d.Rearm, "rearm")
		if t.When != nil && !t.Change {
			c.rearm(t)
		}
	}
	c.needsTicks(t)
}

// changeCondition refuses what needs a state that a condition on the change itself does not have.
func (c *checker) changeCondition(t *Trigger, old *expr.Read) {
	d := t.Decl
	if t.When.TimeDependent {
		c.report(errOldAndClock(old.Range))
	}
	if d.Rearm != nil {
		c.report(errRearmOfChange(d.Rearm.Place()))
	}
	if d.For > 0 {
		c.report(errForOfChange(old.Range))
	}
	if d.Recovered != nil {
		c.report(errRecoveredOfChange(d.Recovered.Range))
	}
}

// needsTicks asks for a schedule where time alone makes the trigger fire.
func (c *checker) needsTicks(t *Trigger) {
	d := t.Decl
	if len(d.Schedules) > 0 || !d.Enabled || d.Manual {
		return
	}
	switch {
	case t.TimeDependent:
		c.report(errNeedsSchedule(t, "its condition changes with time"))
	case d.For > 0:
		c.report(errNeedsSchedule(t, "for is over without the record changing"))
	}
}

// reachable reports a condition that has one answer.
func (c *checker) reachable(checked *expr.Checked, v syntax.Value, what string) {
	if k := checked.Type.Const; k != nil {
		c.report(errOneAnswer(v.Place(), what, k.Kind() == value.KindBool && k.AsBool()))
		return
	}
	name, never := neverTrue(checked.Root)
	switch {
	case never && name == "":
		c.report(errOneAnswer(v.Place(), what, false))
	case never:
		c.report(errNeverTrue(v.Place(), what, name))
	case alwaysTrue(checked.Root):
		c.report(errOneAnswer(v.Place(), what, true))
	}
}

// triggerFind checks one find: it may read what is observed and other finds, nothing of what actions give.
func (c *checker) triggerFind(t *Trigger, f *Find, x *scopes) {
	c.find(f, x)
	f.each(func(checked *expr.Checked) {
		for i := range checked.Reads {
			r := &checked.Reads[i]
			if a := t.resultAt(r.Root); a != nil && r.Root != x.it() {
				c.report(errResultInFind(r.Range, a))
				return
			}
			if g := t.findAt(r.Root); g != nil && g.Decl.All && r.Path != "" {
				c.report(errSeveralRecords(r.Range, g))
				return
			}
		}
	})
}

// findOrder reports rings of finds.
func (c *checker) findOrder(t *Trigger) {
	for _, f := range t.Finds {
		f.each(func(checked *expr.Checked) {
			for _, g := range t.Finds {
				if r := readOf(checked, g.Root); r != nil && g.Root > f.Root {
					c.report(errFindRing(r.Range, f.Decl.Name, g.Decl.Name))
				}
			}
		})
	}
}

func (t *Trigger) findAt(root int) *Find {
	if i := root - RootTriggerFinds; i >= 0 && i < len(t.Finds) {
		return t.Finds[i]
	}
	return nil
}

func (t *Trigger) resultAt(root int) *Action {
	for _, a := range t.Actions {
		if a.Root >= 0 && a.Root == root {
			return a
		}
	}
	return nil
}
