package planner

import (
	"encoding/hex"
	"fmt"
	"hash"
	"strings"

	"github.com/syncline/syncline/lang/check"
	"github.com/syncline/syncline/lang/expr"
	"github.com/syncline/syncline/lang/plan"
	"github.com/syncline/syncline/lang/resolve"
)

// fingerprints hash the rule. Meaning covers what decides the values that are written: a change of it causes one
// pass over all records. Fingerprint covers the whole rule: a change of it makes a running server take the
// new plan. Spelling, comments and places are in neither.
func (b *builder) fingerprints() {
	s, d := b.in, b.in.Decl
	w := newHasher()
	w.line("meaning 1", s.From.Ref.Connection.Name, s.From.Ref.Name, s.To.Ref.Connection.Name, s.To.Ref.Name, s.Zone)
	w.expr("where", s.Where)
	for _, f := range s.Finds {
		w.line("find", f.Decl.Name, f.In.Ref.Connection.Name, f.In.Ref.Name)
		w.lookup(&f.Lookup)
	}
	if s.Match != nil {
		w.lookup(s.Match)
	}
	w.mappings("map", s.Map)
	w.rollout(b.out.Rollout, s.Rollout)
	b.out.Meaning = w.sum()

	w.line("rule", d.Name, d.Title, d.Description, strings.Join(d.Tags, " "), d.Enabled, d.Manual, d.OnEvent, d.EventWait, d.EventMax,
		d.Lookback, d.MaxRecords, d.MissedTicks, names(d.After), names(d.Requires))
	for _, sch := range s.Schedules {
		w.line("schedule", sch.Decl.Name, sch.Decl.Cron, sch.Zone, sch.Decl.Full)
		w.expr("where", sch.Where)
	}
	for _, p := range b.out.Pauses {
		w.line("pause", p.Name, p.Cron, p.For, p.Zone)
	}
	w.line("slo", b.out.SLO.Latency)
	w.departure("on_leave", d.OnLeave, s.OnLeave)
	w.departure("on_delete", d.OnDelete, s.OnDelete)
	w.guard(d.Guard)
	b.out.Fingerprint = w.sum()
}

type hasher struct{ h hash.Hash }

// rollout is part of the meaning: an edit of it lets records in that have to be looked at, though they have not changed.
func (w *hasher) rollout(r *plan.Rollout, in *check.Rollout) {
	if r == nil {
		return
	}
	percent, limit := "none", "none"
	if r.Percent != nil {
		percent = fmt.Sprint(*r.Percent)
	}
	if r.Limit != nil {
		limit = fmt.Sprint(*r.Limit)
	}
	w.line("rollout", percent, limit)
	w.expr("where", in.Where)
	w.expr("by", in.By)
}

func (w *hasher) sum() string { return hex.EncodeToString(w.h.Sum(nil)[:16]) }

// line writes values so that no two lists of values look the same.
func (w *hasher) line(parts ...any) {
	for _, p := range parts {
		fmt.Fprintf(w.h, "%q ", fmt.Sprint(p))
	}
	w.h.Write([]byte{'\n'})
}

func (w *hasher) expr(what string, x *expr.Checked) {
	if x != nil {
		w.line(what, x.Fingerprint())
	}
}

func (w *hasher) lookup(l *check.Lookup) {
	w.line("lookup", l.Decl.Missing, l.Decl.Ambiguous, l.Decl.Descending)
	for _, a := range l.By {
		w.line("by")
		for _, k := range a.Keys {
			w.expr(k.Field.Name, k.Value)
		}
	}
	w.expr("where", l.Where)
	w.expr("order_by", l.OrderBy)
}

func (w *hasher) mappings(what string, list []*check.Mapping) {
	for _, m := range list {
		w.line(what, m.Field.Name, m.OnNull, m.Write)
		w.expr("value", m.Value)
	}
}

func (w *hasher) departure(what string, d *resolve.Departure, set []*check.Mapping) {
	if d != nil {
		w.line(what, d.Kind)
		w.mappings("set", set)
	}
}

func (w *hasher) guard(g *resolve.Guard) {
	if g == nil {
		return
	}
	number := func(p *int) string {
		if p == nil {
			return "none"
		}
		return fmt.Sprint(*p)
	}
	percent := "none"
	if g.MaxUpdatePercent != nil {
		percent = fmt.Sprint(*g.MaxUpdatePercent)
	}
	w.line("guard", number(g.MaxCreates), number(g.MaxUpdates), number(g.MaxDeletes), number(g.MaxClears), percent)
}
