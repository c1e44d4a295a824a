package resolve

import (
	"strings"

	"github.com/syncline/syncline/lang/diag"
	"github.com/syncline/syncline/lang/span"
	"github.com/syncline/syncline/lang/syntax"
)

// sync reads a sync block, for one entry of its for_each where it has one, and binds its objects. References to other rules are bound when all are read.
func (r *resolver) sync(b *syntax.Block, each *Each) *Sync {
	s := &Sync{
		Name: eachName(b.Label(0), each), Base: b.Label(0), Each: each, Title: text(b, "title"), Description: text(b, "description"),
		Enabled: flag(b, "enabled", true), Manual: flag(b, "manual", false),
		From: r.objectRef(b, "from"), To: r.objectRef(b, "to"),
		Timezone: text(b, "timezone"), TimezoneRange: placeOf(b, "timezone"),
		OnEvent: flag(b, "on_event", false),
		Where:   expression(b, "where"), Lookback: duration(b, "lookback"), MaxRecords: whole(b, "max_records"),
		OnNull: text(b, "on_null"), MissedTicks: text(b, "missed_ticks"),
		NameRange: b.Labels[0].Range, Range: b.Range, HeaderRange: b.Header,
	}
	for _, t := range texts(b, "tags") {
		s.Tags = append(s.Tags, t.Text)
	}
	if e := b.One("on_event"); e != nil {
		s.OnEvent, s.EventWait, s.EventMax = true, duration(e, "wait"), whole(e, "max")
	}
	s.After, s.Requires = references(b, "after"), references(b, "requires")
	for _, x := range b.Each("schedule") {
		s.Schedules = append(s.Schedules, schedule(x))
	}
	if x := b.One("match"); x != nil {
		m := match(x)
		s.Match = &m
	}
	s.Pauses = pauses(b)
	s.Finds = r.findBlocks(b)
	s.Rollout, s.SLO = rollout(b), slo(b)
	if x := b.One("map"); x != nil {
		s.Map = r.mappings(x)
	}
	if x := b.One("map_same"); x != nil {
		s.MapSame = &MapSame{
			Prefix: text(x, "prefix"), To: text(x, "to"), Except: texts(x, "except"),
			Missing: text(x, "missing"), Range: x.Range,
		}
	}
	if x := b.One("write"); x != nil {
		r.writeModes(x, s)
	}
	s.OnLeave, s.OnDelete = r.departure(b, "on_leave"), r.departure(b, "on_delete")
	if x := b.One("guard"); x != nil {
		s.Guard = &Guard{
			MaxCreates: wholeOrNil(x, "max_creates"), MaxUpdates: wholeOrNil(x, "max_updates"),
			MaxDeletes: wholeOrNil(x, "max_deletes"), MaxClears: wholeOrNil(x, "max_clears"),
			MaxUpdatePercent: numberOrNil(x, "max_update_percent"), Range: x.Range,
		}
	}
	return s
}

func schedule(b *syntax.Block) *Schedule {
	return &Schedule{
		Name: b.Label(0), Cron: text(b, "cron"), CronRange: placeOfText(b, "cron"),
		Timezone: text(b, "timezone"), TimezoneRange: placeOf(b, "timezone"),
		Where: expression(b, "where"), Full: flag(b, "full", false), Range: b.Range,
	}
}

// objectRef binds CONNECTION.OBJECT. An object's own name may have dots (schema.table), and quotes where it is odd.
func (r *resolver) objectRef(b *syntax.Block, name string) Object {
	ref, ok := value(b, name).(*syntax.Ref)
	if !ok {
		return Object{Range: placeOf(b, name)}
	}
	return r.bindObject(ref)
}

func (r *resolver) bindObject(ref *syntax.Ref) Object {
	head, rest := ref.Steps[0], ref.Steps[1:]
	names := make([]string, len(rest))
	for i, st := range rest {
		names[i] = st.Name
	}
	o := Object{
		Name: strings.Join(names, "."), Range: ref.Range,
		NameRange: span.Range{File: ref.Range.File, Start: rest[0].Range.Start, End: rest[len(rest)-1].Range.End},
	}
	o.Connection = r.m.Connection(head.Name)
	switch {
	case o.Connection != nil:
		o.Connection.Used = true
	case !r.m.Lost("connection", head.Name):
		r.add(errUnknownConnection(head, r.list("connection")))
	}
	return o
}

// references reads [sync.a, connection.b]; they are bound later.
func references(b *syntax.Block, name string) (out []Reference) {
	list, ok := value(b, name).(*syntax.List)
	if !ok {
		return nil
	}
	for _, item := range list.Items {
		if ref, ok := item.(*syntax.Ref); ok {
			out = append(out, Reference{Kind: ref.Steps[0].Name, Name: ref.Steps[1].Name, Range: ref.Range})
		}
	}
	return out
}

func match(b *syntax.Block) Match {
	return Match{
		By: alternatives(value(b, "by")), Keyed: value(b, "by") != nil, Where: expression(b, "where"),
		OrderBy: expression(b, "order_by"), Descending: flag(b, "descending", false),
		Missing: text(b, "missing"), MissingRange: placeOf(b, "missing"),
		Ambiguous: text(b, "ambiguous"), AmbiguousRange: placeOf(b, "ambiguous"),
		Range: b.Range,
	}
}

// alternatives reads { FIELD = EXPRESSION } or a list of them.
func alternatives(v syntax.Value) (out []Alternative) {
	switch v := v.(type) {
	case *syntax.Object:
		a := Alternative{Range: v.Range}
		for _, item := range v.Items {
			a.Keys = append(a.Keys, Key{Field: item.Key, FieldRange: item.KeyRange, Value: item.Value})
		}
		return []Alternative{a}
	case *syntax.List:
		for _, item := range v.Items {
			if _, ok := item.(*syntax.Object); ok {
				out = append(out, alternatives(item)...)
			}
		}
	}
	return out
}

func (r *resolver) findBlocks(b *syntax.Block) (out []*Find) {
	for _, x := range b.Each("find") {
		if len(x.Labels) != 1 {
			continue
		}
		f := &Find{Name: x.Label(0), In: r.objectRef(x, "in"), NameRange: x.Labels[0].Range, Match: match(x), All: flag(x, "all", false)}
		if d := r.findName(x.Labels[0]); d != nil {
			r.add(d)
		}
		if find(out, f.Name, func(f *Find) string { return f.Name }) == nil { // of two, syntax has reported the second
			out = append(out, f)
		}
	}
	return out
}

// findName checks the name of a find. A connection is a root of the rule as well.
func (r *resolver) findName(l syntax.Label) *diag.Diagnostic {
	if d := nameError("find", l); d != nil {
		return d
	}
	if c := r.m.Connection(l.Text); c != nil {
		return errFindLikeConnection(l, c)
	}
	return nil
}
