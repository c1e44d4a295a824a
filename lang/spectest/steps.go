package spectest

import (
	"slices"
	"strings"
	"time"

	"github.com/syncline/syncline/lang/plan"
	"github.com/syncline/syncline/lang/schema"
	"github.com/syncline/syncline/lang/syntax"
	"github.com/syncline/syncline/lang/value"
)

func (r *reader) givens(b *syntax.Block) (out []Given) {
	for _, x := range b.Each("given") {
		if len(x.Labels) != 1 {
			continue
		}
		end, ok := r.end(x.Label(0), x.Labels[0].Range)
		a := x.Attr("records")
		if !ok || a == nil {
			continue
		}
		g := Given{End: end, Range: x.Range}
		if list, is := a.Value.(*syntax.List); is {
			for _, item := range list.Items {
				if _, is := item.(*syntax.Object); is {
					g.Records = append(g.Records, r.record(item, end))
				}
			}
		}
		r.sameKeys(x, g)
		out = append(out, g)
	}
	return out
}

// sameKeys reports two given records with one id.
func (r *reader) sameKeys(b *syntax.Block, g Given) {
	var seen []value.Value
	for _, rec := range g.Records {
		k := keyOf(rec, g.End)
		if !k.IsNull() && slices.ContainsFunc(seen, func(o value.Value) bool { return value.Equal(o, k) }) {
			r.add(errSameID(b, g, k))
			return
		}
		seen = append(seen, k)
	}
}

// steps reads the changes of a test. What a later change does not write stays as it was. A case (nil: none) puts its old
// into the first, and its new into the last.
func (r *reader) steps(b, c *syntax.Block, t *Test) {
	end := t.source()
	at := t.Now.Add(-time.Minute)
	known := map[string]Record{}
	changes := b.Each("change")
	for i, x := range changes {
		s := Step{At: r.instant(x, "at", at.Add(time.Minute)), Deleted: flagOf(x, "deleted"), Range: x.Range}
		if i == 0 && x.Attr("at") == nil {
			s.At = t.Now
		}
		if i > 0 && !s.At.After(at) {
			r.add(errTimeGoesBack(x, at, s.At))
		}
		at = s.At
		var now Record
		if a := x.Attr("new"); a != nil {
			now = r.record(a.Value, end)
		}
		if c != nil && c.Attr("new") != nil && i == len(changes)-1 && !s.Deleted {
			now = now.merge(r.record(c.Attr("new").Value, end))
		}
		if a := x.Attr("old"); a != nil {
			s.Old = r.record(a.Value, end)
		}
		if c != nil && c.Attr("old") != nil && i == 0 {
			s.Old = s.Old.merge(r.record(c.Attr("old").Value, end))
		}
		if s.Old != nil {
			now = s.Old.merge(now)
		}
		key := keyOf(now, end)
		if key.IsNull() && len(known) == 1 { // the one record that there is
			for _, rec := range known {
				key = keyOf(rec, end)
			}
		}
		switch {
		case x.Attr("new") == nil && !s.Deleted:
			r.add(errNoNew(x))
		case end.Object.Key != "" && key.IsNull():
			r.add(errNoKey(x, end))
		}
		s.Key = key
		s.New = known[key.String()].merge(now)
		if end.Object.Key != "" && !key.IsNull() {
			s.New = s.New.merge(Record{{Name: end.Object.Key, Field: end.Object.KeyField(), Value: key}})
		}
		known[key.String()] = s.New
		if s.Deleted {
			s.New = nil
		}
		s.Expect = r.expects(x, t)
		t.Steps = append(t.Steps, s)
	}
}

func (r *reader) expects(b *syntax.Block, t *Test) (out []*Expect) {
	for _, x := range b.Each("expect") {
		if len(x.Labels) != 1 {
			continue
		}
		if e := r.expect(x, t); e != nil {
			out = append(out, e)
		}
	}
	return out
}

func (r *reader) expect(b *syntax.Block, t *Test) *Expect {
	e := &Expect{Label: b.Label(0), Absent: flagOf(b, "absent"), Range: b.Range}
	if !r.bindExpect(b, t, e) {
		return nil
	}
	if a := b.Attr("id"); a != nil {
		e.ID = syntax.TextOf(a.Value)
	}
	if a := b.Attr("count"); a != nil {
		if n, ok := syntax.WholeOf(a.Value); ok {
			e.Count = &n
		}
		if e.Absent {
			r.add(errAbsentCount(a))
		}
	}
	if a := b.Attr("set"); a != nil {
		e.Set = r.expected(a.Value, t, e)
	}
	return e
}

// bindExpect tells what a label names: an action of the trigger, or an object that the rule writes.
func (r *reader) bindExpect(b *syntax.Block, t *Test, e *Expect) bool {
	label := b.Labels[0]
	var names []string
	var written []plan.End
	if t.Sync != nil {
		written = append(written, t.Sync.To)
	} else {
		for _, a := range t.Trigger.Actions() {
			if a.Label == e.Label {
				e.Action, e.End = a, a.End
				return true
			}
			names = append(names, a.Label)
			if a.Object != nil {
				written = append(written, a.End)
			}
		}
	}
	for _, w := range written {
		name := w.Connection + "." + w.Object.Name
		if name == e.Label {
			e.End = w
			return true
		}
		names = append(names, name)
	}
	slices.Sort(names)
	r.add(errUnknownExpect(label, t, slices.Compact(names)))
	return false
}

// expected reads the fields of an expectation. A field that the rule never writes is a mistake of the test.
func (r *reader) expected(v syntax.Value, t *Test, e *Expect) (out Record) {
	o, ok := v.(*syntax.Object)
	if !ok {
		return nil
	}
	writes := writtenBy(t, e)
	for _, item := range o.Items {
		var field *schema.Field
		if e.Object != nil {
			if field = e.Object.WriteField(item.Key); field == nil {
				r.add(errUnknownField(item, e.End))
				continue
			}
		}
		if !slices.Contains(writes, item.Key) {
			r.add(errNeverWritten(item, e, writes))
			continue
		}
		if x, ok := r.value(item.Value, item.Key, field); ok {
			if field != nil {
				r.choice(item, field, x)
			}
			out = append(out, Field{Name: item.Key, Field: field, Value: x, Range: item.KeyRange})
		}
	}
	return out
}

// writtenBy lists the fields or arguments that a write can have.
func writtenBy(t *Test, e *Expect) (out []string) {
	add := func(list []*plan.Mapping) {
		for _, m := range list {
			out = append(out, m.Field.Name)
		}
	}
	sync := func(s *plan.Sync) {
		add(s.Map)
		add(s.OnLeave.Set)
		add(s.OnDelete.Set)
		if s.Match != nil && s.Match.Missing == plan.MissingCreate {
			for _, alt := range s.Match.By {
				for _, k := range alt {
					out = append(out, k.Field.Name)
				}
			}
		}
	}
	if t.Sync != nil {
		sync(t.Sync)
		return out
	}
	for _, a := range t.Trigger.Actions() {
		if e.Action != nil && a.Label != e.Action.Label || e.Action == nil && (a.Object != e.Object || a.Connection != e.Connection) {
			continue
		}
		add(a.Set)
		if a.Key != nil {
			out = append(out, a.Key.Field.Name)
		}
		if a.Apply != nil {
			add(a.Apply.Sync.Map)
		}
		for _, arg := range a.Args {
			for _, v := range arg.Values {
				out = append(out, strings.TrimSuffix(arg.Name+"."+v.Name, "."))
			}
		}
	}
	return out
}
