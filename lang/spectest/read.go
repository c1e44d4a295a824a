package spectest

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/syncline/syncline/lang/diag"
	"github.com/syncline/syncline/lang/plan"
	"github.com/syncline/syncline/lang/schema"
	"github.com/syncline/syncline/lang/span"
	"github.com/syncline/syncline/lang/syntax"
	"github.com/syncline/syncline/lang/value"
)

// Vars lists the tests that give variables values of their own, by name: their rules must be compiled with them, and
// the set be handed to Read by that name. The empty name stands for all other tests.
func Vars(files []*syntax.File) map[string]map[string]string {
	out := map[string]map[string]string{}
	for _, f := range files {
		for _, b := range f.Blocks {
			if vars := varsOf(b); len(vars) > 0 {
				out[b.Label(0)] = vars
			}
		}
	}
	return out
}

func varsOf(b *syntax.Block) map[string]string {
	a := b.Attr("vars")
	if a == nil {
		return nil
	}
	o, ok := a.Value.(*syntax.Object)
	if !ok {
		return nil
	}
	out := map[string]string{}
	for _, item := range o.Items {
		switch v := item.Value.(type) {
		case *syntax.Quoted:
			out[item.Key] = v.Text
		case *syntax.Const:
			out[item.Key] = v.Literal
		}
	}
	return out
}

// Read checks the tests of parsed files against a compiled project and gives them in order of the files. sets holds the
// project, under "", and as compiled with the variables of a test, under its name (see Vars). The diagnostics are
// those of the tests alone; a test with an error is left out.
func Read(files []*syntax.File, sets map[string]*plan.Set) ([]*Test, diag.List) {
	files = slices.Clone(files)
	slices.SortStableFunc(files, func(a, b *syntax.File) int { return cmp.Compare(a.Name, b.Name) })
	r := &reader{}
	var out []*Test
	first := map[string]syntax.Label{}
	for _, f := range files {
		for _, b := range f.Blocks {
			if len(b.Labels) != 1 {
				continue
			}
			if at, again := first[b.Label(0)]; again {
				r.add(errTestTwice(b.Labels[0], at))
				continue
			}
			first[b.Label(0)] = b.Labels[0]
			r.set = sets[b.Label(0)]
			if r.set == nil {
				r.set = sets[""]
			}
			out = append(out, r.test(b)...)
		}
	}
	r.diags.Sort()
	return out, r.diags.Compact()
}

// reader holds the state of one Read.
type reader struct {
	set   *plan.Set
	diags diag.List
	// zone is that of the rule being tested: instants without an offset are in it.
	zone *time.Location
}

func (r *reader) add(d *diag.Diagnostic) { r.diags = append(r.diags, d) }

// test reads a test block: one test, or one for each of its cases.
func (r *reader) test(b *syntax.Block) []*Test {
	before := r.diags.Errors()
	t := &Test{Name: b.Label(0), Exact: flagOf(b, "exact"), Now: DefaultNow, Range: b.Range}
	if !r.rule(b, t) {
		return nil
	}
	r.zone = t.zone()
	t.Now = r.instant(b, "now", t.Now)
	t.Given = r.givens(b)
	r.steps(b, nil, t)
	t.Expect = r.expects(b, t)
	cases := b.Each("case")
	if len(cases) == 0 {
		r.complete(b, t)
		if r.diags.Errors() > before {
			return nil
		}
		return []*Test{t}
	}
	var out []*Test
	for _, c := range cases {
		if len(c.Labels) == 1 {
			out = append(out, r.variant(b, c, t))
		}
	}
	if r.diags.Errors() > before {
		return nil
	}
	return out
}

// rule finds the rule of a test; false when there is none, which is reported.
func (r *reader) rule(b *syntax.Block, t *Test) bool {
	trigger, sync := b.Attr("trigger"), b.Attr("sync")
	switch {
	case trigger != nil && sync != nil:
		r.add(errTwoRules(trigger, sync))
		return false
	case trigger == nil && sync == nil:
		r.add(errNoRule(b))
		return false
	}
	a := trigger
	if a == nil {
		a = sync
	}
	ref, ok := a.Value.(*syntax.Ref)
	if !ok || len(ref.Steps) != 2 {
		return false // reported where it was parsed
	}
	kind, name := ref.Steps[0].Name, ref.Steps[1].Name
	if kind != a.Name {
		r.add(errRuleKind(a, ref))
		return false
	}
	t.Rule = kind + "." + name
	if kind == "trigger" {
		t.Trigger = r.set.Trigger(name)
	} else {
		t.Sync = r.set.Sync(name)
	}
	if t.Trigger == nil && t.Sync == nil {
		r.add(errUnknownRule(ref, kind, name, r.names(kind)))
		return false
	}
	return true
}

func (r *reader) names(kind string) (out []string) {
	if kind == "trigger" {
		for _, t := range r.set.Triggers {
			out = append(out, t.Name)
		}
		return out
	}
	for _, s := range r.set.Syncs {
		out = append(out, s.Name)
	}
	return out
}

// source is the object whose records change.
func (t *Test) source() plan.End {
	if t.Trigger != nil {
		return t.Trigger.On
	}
	return t.Sync.From
}

func (t *Test) zone() *time.Location {
	if t.Trigger != nil {
		return t.Trigger.Zone
	}
	return t.Sync.Zone
}

// variant is a test with what one of its cases changes.
func (r *reader) variant(b, c *syntax.Block, base *Test) *Test {
	t := *base
	t.Case, t.Range = c.Label(0), c.Range
	t.Now = r.instant(c, "now", t.Now)
	t.Given = slices.Clone(base.Given)
	for _, g := range r.givens(c) {
		if i := slices.IndexFunc(t.Given, func(o Given) bool { return o.Connection == g.Connection && o.Object == g.Object }); i >= 0 {
			t.Given[i] = g
		} else {
			t.Given = append(t.Given, g)
		}
	}
	now := t.Now
	t.Now, t.Steps = base.Now, nil
	r.steps(b, c, &t)
	t.Now = now
	if shift := t.Now.Sub(base.Now); shift != 0 {
		for i := range t.Steps {
			t.Steps[i].At = t.Steps[i].At.Add(shift)
		}
	}
	r.variantRecords(c, &t)
	t.Expect = append(slices.Clone(base.Expect), r.expects(c, &t)...)
	r.complete(b, &t)
	return &t
}

// variantRecords puts a case's new, where there are no steps, into the one record that is given of a sync's source.
func (r *reader) variantRecords(c *syntax.Block, t *Test) {
	now := c.Attr("new")
	if len(t.Steps) > 0 || now == nil {
		return
	}
	end := t.source()
	i := slices.IndexFunc(t.Given, func(g Given) bool { return g.Connection == end.Connection && g.Object == end.Object })
	if i < 0 || len(t.Given[i].Records) != 1 {
		r.add(errCaseNew(now))
		return
	}
	g := t.Given[i]
	g.Records = []Record{g.Records[0].merge(r.record(now.Value, end))}
	t.Given[i] = g
}

// complete checks that something happens in a test and that something is expected of it.
func (r *reader) complete(b *syntax.Block, t *Test) {
	end := t.source()
	given := slices.ContainsFunc(t.Given, func(g Given) bool { return g.Connection == end.Connection && g.Object == end.Object })
	if len(t.Steps) == 0 && (t.Trigger != nil || !given) {
		r.add(errNothingHappens(b, t, end))
	}
	inSteps := slices.ContainsFunc(t.Steps, func(s Step) bool { return len(s.Expect) > 0 })
	if len(t.Expect) == 0 && !inSteps && !t.Exact {
		r.add(errNothingExpected(b, t))
	}
}

// end finds the object of "crm.Account".
func (r *reader) end(name string, at span.Range) (plan.End, bool) {
	head, object, _ := strings.Cut(name, ".")
	conn := r.set.Connection(head)
	if conn == nil {
		var names []string
		for _, c := range r.set.Connections {
			names = append(names, c.Name)
		}
		r.add(errUnknownEnd(at, "connection", head, names))
		return plan.End{}, false
	}
	catalog := r.catalog(head)
	if o := catalog.Object(object); o != nil {
		return plan.End{Connection: head, Object: o, Catalog: catalog}, true
	}
	var names []string
	if catalog != nil {
		for n := range catalog.Objects {
			names = append(names, head+"."+n)
		}
		slices.Sort(names)
	}
	r.add(errUnknownEnd(at, "object that the rules use", name, names))
	return plan.End{}, false
}

// catalog is the schema of a connection, as the rules know it.
func (r *reader) catalog(connection string) *schema.Catalog {
	for _, e := range r.ends() {
		if e.Connection == connection && e.Catalog != nil {
			return e.Catalog
		}
	}
	return nil
}

// ends are the objects that the rules use.
func (r *reader) ends() (out []plan.End) {
	for _, s := range r.set.Syncs {
		out = append(out, s.From, s.To)
		for _, f := range s.Finds {
			out = append(out, f.End)
		}
	}
	for _, t := range r.set.Triggers {
		out = append(out, t.On)
		for _, f := range t.Finds {
			out = append(out, f.End)
		}
		for _, a := range t.Actions() {
			if a.Object != nil {
				out = append(out, a.End)
			}
		}
	}
	return out
}

func keyOf(rec Record, e plan.End) value.Value {
	v, _ := rec.Get(e.Object.Key)
	return v
}

func flagOf(b *syntax.Block, name string) bool {
	a := b.Attr(name)
	if a == nil {
		return false
	}
	v, _ := syntax.FlagOf(a.Value)
	return v
}
