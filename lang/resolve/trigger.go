package resolve

import (
	"github.com/syncline/syncline/lang/span"
	"github.com/syncline/syncline/lang/syntax"
)

// trigger reads a trigger block, for one entry of its for_each where it has one.
func (r *resolver) trigger(b *syntax.Block, each *Each) *Trigger {
	t := &Trigger{
		Name: eachName(b.Label(0), each), Base: b.Label(0), Each: each,
		Title: text(b, "title"), Description: text(b, "description"),
		Enabled: flag(b, "enabled", true), Manual: flag(b, "manual", false),
		On: r.objectRef(b, "on"), Timezone: text(b, "timezone"), TimezoneRange: placeOf(b, "timezone"),
		OnEvent: flag(b, "on_event", false),
		Where:   expression(b, "where"), When: expression(b, "when"), Rearm: expression(b, "rearm"),
		Cooldown: duration(b, "cooldown"), For: duration(b, "for"),
		Baseline: text(b, "baseline"), BaselineRange: placeOf(b, "baseline"),
		FirstSeen: text(b, "first_seen"), FirstSeenRange: placeOf(b, "first_seen"),
		MissedTicks: text(b, "missed_ticks"), Pauses: pauses(b), SLO: slo(b),
		NameRange: b.Labels[0].Range, Range: b.Range, HeaderRange: b.Header,
	}
	for _, n := range texts(b, "tags") {
		t.Tags = append(t.Tags, n.Text)
	}
	if e := b.One("on_event"); e != nil {
		t.OnEvent, t.EventWait, t.EventMax = true, duration(e, "wait"), whole(e, "max")
	}
	t.After, t.Requires = references(b, "after"), references(b, "requires")
	for _, x := range b.Each("schedule") {
		t.Schedules = append(t.Schedules, schedule(x))
	}
	t.Finds = r.findBlocks(b)
	if x := b.One("guard"); x != nil {
		t.Guard = &Guard{MaxFirings: wholeOrNil(x, "max_firings"), Range: x.Range}
	}
	t.Together = r.actions(b, "together", t)
	t.Then = r.actions(b, "then", t)
	t.Recovered = r.actions(b, "recovered", t)
	r.actionNames(t)
	return t
}

// actions reads a block of actions, nil when it is not written.
func (r *resolver) actions(b *syntax.Block, name string, t *Trigger) *Actions {
	x := b.One(name)
	if x == nil {
		return nil
	}
	out := &Actions{Block: name, Range: x.Range}
	for _, a := range x.Blocks {
		if len(a.Labels) != 1 {
			continue
		}
		for _, each := range r.entries(a) {
			out.List = append(out.List, r.action(a, each))
		}
	}
	return out
}

func (r *resolver) action(b *syntax.Block, each *Each) *Action {
	a := &Action{
		Kind: b.Type, Label: b.Label(0), Name: eachName(b.Label(0), each), LabelRange: b.Labels[0].Range, Each: each,
		If: expression(b, "if"), Range: b.Range, Header: b.Header,
	}
	switch b.Type {
	case "create", "upsert":
		a.In = r.objectRef(b, "in")
		a.Key = keyField(value(b, "key"))
	case "update":
		if ref, ok := value(b, "apply").(*syntax.Ref); ok {
			a.Apply = &Reference{Kind: ref.Steps[0].Name, Name: ref.Steps[1].Name, Range: ref.Range}
		}
	case "send", "call":
		a.Via, a.ViaRange = r.via(b)
		a.Args = arguments(b, "via", "if", "for_each")
	}
	if x := b.One("set"); x != nil {
		a.Set, a.SetRange = r.mappings(x), x.Range
	}
	if x := b.One("write"); x != nil {
		r.writeModesOf(x, a.Set, nil)
	}
	return a
}

// keyField reads "FIELD" or { FIELD = EXPRESSION }.
func keyField(v syntax.Value) *KeyField {
	switch v := v.(type) {
	case *syntax.Quoted:
		return &KeyField{Field: v.Text, FieldRange: v.Range, Range: v.Range}
	case *syntax.Object:
		if len(v.Items) == 1 {
			item := v.Items[0]
			return &KeyField{Field: item.Key, FieldRange: item.KeyRange, Value: item.Value, Range: v.Range}
		}
	}
	return nil
}

// via binds the connection that sends.
func (r *resolver) via(b *syntax.Block) (*Connection, span.Range) {
	ref, ok := value(b, "via").(*syntax.Ref)
	if !ok {
		return nil, placeOf(b, "via")
	}
	head := ref.Steps[0]
	c := r.m.Connection(head.Name)
	switch {
	case c != nil:
		c.Used = true
	case !r.m.Lost("connection", head.Name):
		r.add(errUnknownConnection(head, r.list("connection")))
	}
	return c, ref.Range
}

// arguments are the attributes of a block but for those that are not arguments.
func arguments(b *syntax.Block, but ...string) (out []Argument) {
	skip := map[string]bool{}
	for _, name := range but {
		skip[name] = true
	}
	for _, a := range b.Attrs {
		if !skip[a.Name] {
			out = append(out, Argument{Name: a.Name, NameRange: a.NameRange, Value: a.Value, Range: a.Range})
		}
	}
	return out
}

// actionNames checks what actions are called and binds what updates and deletes act on. An action sees those before it,
// across together, then and recovered.
func (r *resolver) actionNames(t *Trigger) {
	declared := map[string]*Action{}
	for _, a := range t.Actions() {
		if a.Declares() {
			r.declareAction(t, a, declared)
			continue
		}
		a.Refers = r.referent(t, a, declared)
	}
}

func (r *resolver) declareAction(t *Trigger, a *Action, declared map[string]*Action) {
	l := syntax.Label{Text: a.Label, Range: a.LabelRange}
	first := declared[a.Label]
	switch {
	case first != nil && first.Range == a.Range: // the next entry of its for_each
		return
	case first != nil:
		r.add(errDuplicate("action", l, syntax.Label{Text: first.Label, Range: first.LabelRange}))
		return
	}
	declared[a.Label] = a
	if d := nameError(a.Kind, l); d != nil {
		r.add(d)
		return
	}
	if c := r.m.Connection(a.Label); c != nil {
		r.add(errActionLike(a, "connection", c.NameRange))
	} else if f := t.find(a.Label); f != nil {
		r.add(errActionLike(a, "find", f.NameRange))
	}
}

// referent binds the label of an update or delete.
func (r *resolver) referent(t *Trigger, a *Action, declared map[string]*Action) *Referent {
	if a.Label == "new" {
		return &Referent{New: true}
	}
	if f := t.find(a.Label); f != nil {
		f.Used = true
		return &Referent{Find: f}
	}
	if d := declared[a.Label]; d != nil {
		switch {
		case d.Kind == "send" || d.Kind == "call":
			r.add(errNoRecord(a, d))
			return nil
		case d.Each != nil:
			r.add(errSeveralResults(a, d))
			return nil
		}
		return &Referent{Action: d}
	}
	r.add(errUnknownRecord(t, a))
	return nil
}

func (t *Trigger) find(name string) *Find {
	return find(t.Finds, name, func(f *Find) string { return f.Name })
}

func slo(b *syntax.Block) *SLO {
	x := b.One("slo")
	if x == nil {
		return nil
	}
	return &SLO{Latency: duration(x, "latency"), Range: x.Range}
}

func rollout(b *syntax.Block) *Rollout {
	x := b.One("rollout")
	if x == nil {
		return nil
	}
	return &Rollout{Where: expression(x, "where"), By: expression(x, "by"), Percent: numberOrNil(x, "percent"),
		PercentRange: placeOf(x, "percent"), Limit: wholeOrNil(x, "limit"), Range: x.Range}
}

func (r *resolver) track(b *syntax.Block) *Track {
	t := &Track{
		Name: b.Label(0), Title: text(b, "title"), Description: text(b, "description"), Enabled: flag(b, "enabled", true),
		On: r.objectRef(b, "on"), Value: expression(b, "value"), Where: expression(b, "where"),
		Keep: duration(b, "keep"), MinSamples: wholeOrNil(b, "min_samples"),
		Timezone: text(b, "timezone"), TimezoneRange: placeOf(b, "timezone"), NameRange: b.Labels[0].Range, Range: b.Range,
	}
	for _, x := range b.Each("schedule") {
		t.Schedules = append(t.Schedules, schedule(x))
	}
	return t
}

func (r *resolver) alert(b *syntax.Block) *Alert {
	a := &Alert{
		Name: b.Label(0), Events: texts(b, "events"), Rules: references(b, "rules"),
		Args:  arguments(b, "events", "rules", "via", "stale", "repeat"),
		Stale: duration(b, "stale"), Repeat: duration(b, "repeat"), NameRange: b.Labels[0].Range, Range: b.Range,
	}
	a.Via, a.ViaRange = r.via(b)
	return a
}
