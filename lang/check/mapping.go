package check

import (
	"slices"

	"github.com/syncline/syncline/lang/diag"
	"github.com/syncline/syncline/lang/expr"
	"github.com/syncline/syncline/lang/resolve"
	"github.com/syncline/syncline/lang/schema"
)

// mapping checks all fields that a rule writes.
func (c *checker) mapping(s *Sync, x *scopes) {
	d := s.Decl
	for _, m := range d.Map {
		if checked := c.mapped(s.writing(), m, x, x.ruleEnv()); checked != nil {
			s.Map = append(s.Map, checked)
		}
	}
	c.mapSame(s, x)
	if len(d.Map) == 0 && d.MapSame == nil {
		c.report(errNothingMapped(s))
	}
	s.OnLeave = c.departure(s, d.OnLeave, x)
	s.OnDelete = c.departure(s, d.OnDelete, x)
	for _, m := range s.Map {
		if m.sound {
			c.volatile(s, m)
			c.emptiness(s.writing(), m)
		}
	}
	c.requiredFields(s)
	c.leaving(s)
}

// mapped checks one entry of map or set; nil when it cannot be planned.
func (c *checker) mapped(w *writing, m *resolve.Mapping, x *scopes, env *expr.Env) *Mapping {
	var field *schema.Field
	if w.To.Object != nil {
		if field = w.To.Object.WriteField(m.Field); field == nil {
			c.report(errUnknownField(m.FieldRange, m.Field, w.To))
		}
	}
	checked := c.expression(env, m.Value, expr.Want{Field: field})
	if field == nil {
		c.fail()
		return nil
	}
	out := &Mapping{Field: field, Value: checked, OnNull: onNull(m.OnNull, w.onNull), Write: m.Write,
		FieldRange: m.FieldRange, Range: m.Range}
	if out.Write == "" {
		out.Write = "always"
	}
	writable := c.writable(w, out, m.WriteRange)
	if checked == nil {
		c.fail()
		return nil
	}
	out.Text = Written(checked)
	if writable {
		before := len(c.diags)
		c.fits(w, out, x)
		out.sound = len(c.diags) == before
	}
	return out
}

func onNull(own, rule string) string {
	switch {
	case own != "":
		return own
	case rule != "":
		return rule
	}
	return "clear"
}

// departure checks the fields that on_leave or on_delete sets. The source record may be gone, so its fields are
// those last seen.
func (c *checker) departure(s *Sync, d *resolve.Departure, x *scopes) (out []*Mapping) {
	if d == nil {
		return nil
	}
	for _, m := range d.Set {
		if checked := c.mapped(s.writing(), m, x, x.goneEnv()); checked != nil {
			out = append(out, checked)
		}
	}
	return out
}

// mapSame adds every source field of a fitting target field that is not mapped by hand.
func (c *checker) mapSame(s *Sync, x *scopes) {
	d := s.Decl.MapSame
	if d == nil || s.From.Object == nil || s.To.Object == nil {
		return
	}
	for _, name := range d.Except {
		if s.From.Object.Field(name.Text) == nil && s.To.Object.Field(name.Text) == nil {
			c.report(warnExceptUnknown(name, s))
		}
	}
	taken := map[string]bool{}
	for _, m := range s.Decl.Map {
		taken[m.Field] = true
	}
	added := 0
	var missing []string
	for _, f := range s.From.Object.Fields {
		target := sameName(d, f.Name)
		switch {
		case target == "" || taken[target] || excepted(d, f.Name, target):
		case s.To.Object.WriteField(target) == nil:
			missing = append(missing, target)
		case c.addSame(s, f, target, x):
			added++
		}
	}
	if len(missing) > 0 && d.Missing == "error" {
		c.report(errSameMissing(s, missing))
	} else if added == 0 {
		c.report(warnSameEmpty(s))
	}
	c.sameModes(s)
}

// sameModes applies entries of the write block that are for fields of map_same.
func (c *checker) sameModes(s *Sync) {
	for _, w := range s.Decl.MapSame.Write {
		i := slices.IndexFunc(s.Map, func(m *Mapping) bool { return m.Same && m.Field.Name == w.Field })
		if i < 0 {
			c.report(errSameWrite(s, w))
			continue
		}
		s.Map[i].Write = w.Mode
		s.Map[i].FieldRange = w.FieldRange
		c.writable(s.writing(), s.Map[i], w.FieldRange)
	}
}

func excepted(d *resolve.MapSame, names ...string) bool {
	return slices.ContainsFunc(d.Except, func(n resolve.Name) bool { return slices.Contains(names, n.Text) })
}

// addSame maps one field where the target has it and takes it; what does not fit is left out, for a rule that
// takes everything cannot name what it takes.
func (c *checker) addSame(s *Sync, f *schema.Field, target string, x *scopes) bool {
	to := s.To.Object.WriteField(target)
	src := expr.Source{Spelling: expr.Reference, Path: []string{"source", f.Name}, Range: s.Decl.MapSame.Range}
	src.Steps = append(src.Steps, src.Range, src.Range)
	checked, diags := x.ruleEnv().Check(src, expr.Want{Field: to})
	if diags.HasErrors() || !s.takes(to) {
		return false
	}
	m := &Mapping{Field: to, Value: checked, OnNull: onNull("", s.Decl.OnNull), Write: "always", Same: true,
		Text: "source." + f.Name, FieldRange: src.Range, Range: src.Range}
	if !to.Updateable {
		m.Write = "on_create"
	}
	if found := c.trialFit(s, m, x); found.HasErrors() {
		return false
	}
	m.sound = true
	s.Map = append(s.Map, m)
	return true
}

// takes tells whether the rule may write the field at all.
func (s *Sync) takes(f *schema.Field) bool {
	if f.Computed || f.Name == s.To.Object.Key || !allowed(s.To.Ref.Connection, s.To.Ref.Name, f.Name) {
		return false
	}
	return f.Updateable || s.Creates() && f.Createable
}

// trialFit is fits without a report.
func (c *checker) trialFit(s *Sync, m *Mapping, x *scopes) diag.List {
	kept, failed := c.diags, s.Failed
	c.diags = nil
	c.fits(s.writing(), m, x)
	found := c.diags
	c.diags, s.Failed = kept, failed
	return found
}

// clock calls that give another value at every run.
var clockCalls = map[string]bool{"now": true, "today": true}

// volatile refuses values that change at every run: the rule would write every record every time.
func (c *checker) volatile(s *Sync, m *Mapping) {
	if m.Write == "with_changes" || m.Write == "on_create" || m.Write == "if_empty" || m.Value.Root == nil || s.To.Object.Replace {
		return
	}
	if call := volatileCall(m.Value.Root); call != nil {
		c.report(errVolatile(call, m))
	}
}

// volatileCall finds a call of now() or today() that reaches the value. Inside a comparison it does not: the
// outcome settles.
func volatileCall(n *expr.Node) *expr.Node {
	switch n.Op {
	case expr.OpEq, expr.OpNe, expr.OpLt, expr.OpLe, expr.OpGt, expr.OpGe, expr.OpIn, expr.OpAnd, expr.OpOr, expr.OpNot, expr.OpLoop:
		return nil
	case expr.OpCall:
		if clockCalls[n.Name] && len(n.Args) == 0 {
			return n
		}
	}
	args := n.Args
	if n.Op == expr.OpCond && len(args) == 3 {
		args = args[1:]
	}
	for _, a := range args {
		if call := volatileCall(a); call != nil {
			return call
		}
	}
	return nil
}

// emptiness checks values that can be empty against fields that cannot.
func (c *checker) emptiness(w *writing, m *Mapping) {
	f, t := m.Field, m.Value.Type
	if f.Nullable || f.Kind == schema.MultiPicklist || t.Dynamic || !t.Nullable {
		return
	}
	// An empty value clears the field in an update, where it is written then; a create leaves it out.
	clears := w.updates && m.OnNull == "clear" && (m.Write == "always" || m.Write == "with_changes")
	if !clears && !(w.creates && f.Required) {
		return
	}
	switch always := t.Const != nil && t.Const.IsNull(); {
	case always:
		c.report(errAlwaysEmpty(m, w))
	case !m.Same:
		c.report(warnMayBeEmpty(m, w))
	}
}

// requiredFields finds what a create would leave unset.
func (c *checker) requiredFields(s *Sync) {
	if !s.Creates() || s.To.Object == nil || s.To.Object.Open {
		return
	}
	set := map[string]bool{}
	for _, m := range s.Decl.Map { // also those with mistakes: they are reported already
		set[m.Field] = true
	}
	for _, m := range s.Map {
		set[m.Field.Name] = true
	}
	var missing []*schema.Field
	for _, f := range s.To.Object.Fields {
		if f.Required && f.Createable && !f.Computed && !set[f.Name] && !s.createSets(f.Name) {
			missing = append(missing, f)
		}
	}
	if len(missing) > 0 {
		c.report(errRequiredUnset(s, missing))
	}
}

// leaving asks what becomes of created records when their source leaves `where`. A rule that only updates may
// leave them as they are without a word; one that creates them owns them.
func (c *checker) leaving(s *Sync) {
	if !s.Creates() || s.Decl.OnLeave != nil || s.Where == nil || s.To.Object == nil || s.From.Object == nil {
		return
	}
	for _, r := range s.Where.Reads {
		if r.Root == RootSource && r.Path != s.From.Object.Key {
			c.report(warnLeaving(s))
			return
		}
	}
}
