package check

import (
	"slices"

	"github.com/syncline/syncline/lang/expr"
	"github.com/syncline/syncline/lang/resolve"
	"github.com/syncline/syncline/lang/schema"
)

// declareActions makes the actions of a trigger with their objects and the places of their results in frames.
func (c *checker) declareActions(t *Trigger) {
	d := t.Decl
	next := RootTriggerFinds + len(t.Finds)
	byDecl := map[*resolve.Action]*Action{}
	for _, b := range []*resolve.Actions{d.Together, d.Then, d.Recovered} {
		if b == nil {
			continue
		}
		if len(b.List) == 0 {
			c.report(errNoActions(b.Range, b.Block))
		}
		for _, decl := range b.List {
			a := &Action{Decl: decl, Block: b.Block, Root: -1}
			byDecl[decl] = a
			t.Actions = append(t.Actions, a)
			switch {
			case !decl.Declares():
				c.refer(t, a, byDecl)
			case decl.Kind == "create" || decl.Kind == "upsert":
				a.To = c.end(decl.In)
			}
			// With for_each there are several results, and the name means none of them.
			if decl.Declares() && decl.Each == nil {
				a.Root = next
				next++
			}
		}
	}
	if len(t.Actions) == 0 && d.Together == nil && d.Then == nil && d.Recovered == nil {
		c.report(errNoActions(d.HeaderRange, "trigger"))
	}
}

// refer finds the object that an update or delete acts on.
func (c *checker) refer(t *Trigger, a *Action, byDecl map[*resolve.Action]*Action) {
	switch r := a.Decl.Refers; {
	case r == nil: // reported where names are bound
		c.fail()
	case r.New:
		a.New, a.To = true, t.On
	case r.Find != nil:
		for _, f := range t.Finds {
			if f.Decl == r.Find {
				a.Find, a.To = f, f.In
			}
		}
	case r.Action != nil:
		a.Of = byDecl[r.Action]
		a.To = a.Of.To
	}
}

// actions checks all actions. What when says holds in together and then, not when the record has recovered.
func (c *checker) actions(t *Trigger, x *scopes) {
	fired := *x
	fired.hold(t.When)
	for i, a := range t.Actions {
		at := fired
		if a.Block == "recovered" {
			at = *x
		}
		at.rule = nil
		c.action(t, i, &at)
	}
}

// action checks the i-th action; x is its own.
func (c *checker) action(t *Trigger, i int, x *scopes) {
	a := t.Actions[i]
	if a.Decl.Each != nil {
		x.each = eachOf(a.Decl.Each)
	}
	x.roots = slices.Clone(x.roots)
	if a.Find != nil {
		x.roots[a.Find.Root].Optional = false // it is done only where the record is there
	}
	a.If = c.condition(x.ruleEnv(), a.Decl.If)
	x.hold(a.If)
	x.present(a.If)
	switch a.Decl.Kind {
	case "update":
		c.update(a, x)
	case "create", "upsert":
		c.create(a, x)
	case "delete":
		c.access(a, "deleted", a.To.Object == nil || a.To.Object.Deletable)
	default:
		c.message(a, x)
	}
	c.reads(t, i)
}

// access checks that this user may do to the object what the action does.
func (c *checker) access(a *Action, what string, may bool) {
	if !may {
		c.report(errObjectAccess(a.Decl.Header, a.To, what, "give this user the right to it, or remove the action"))
	}
}

func (c *checker) update(a *Action, x *scopes) {
	o := a.To.Object
	c.access(a, "updated", o == nil || o.Updateable)
	if a.Decl.Apply != nil {
		c.apply(a, x)
	}
	switch {
	case a.Decl.Apply == nil && a.Decl.SetRange.IsZero():
		c.report(errNothingSet(a))
	case !a.Decl.SetRange.IsZero() && len(a.Decl.Set) == 0:
		c.report(errNothingSet(a))
	}
	c.set(a, &writing{To: a.To, updates: true, action: a.Decl}, x)
}

func (c *checker) create(a *Action, x *scopes) {
	o := a.To.Object
	c.access(a, "created", o == nil || o.Createable)
	upsert := a.Decl.Kind == "upsert"
	if upsert && a.Decl.Key == nil {
		c.fail() // reported where it was parsed
	}
	if upsert {
		c.access(a, "updated", o == nil || o.Updateable)
	}
	c.actionKey(a, x)
	if len(a.Decl.Set) == 0 {
		c.report(errNothingSet(a))
	}
	c.set(a, &writing{To: a.To, creates: true, updates: upsert, action: a.Decl}, x)
	c.requiredSet(a)
}

// set checks the fields that an action writes.
func (c *checker) set(a *Action, w *writing, x *scopes) {
	for _, d := range a.Decl.Set {
		if a.Decl.Key != nil && d.Field == a.Decl.Key.Field {
			c.report(errKeySetTwice(a, d))
			continue
		}
		m := c.mapped(w, d, x, x.ruleEnv())
		if m == nil {
			continue
		}
		if a.Decl.Kind == "create" && m.Write == "always" {
			m.Write = "on_create"
		}
		if m.sound {
			c.emptiness(w, m)
		}
		a.Set = append(a.Set, m)
	}
}

// requiredSet finds what a create would leave unset.
func (c *checker) requiredSet(a *Action) {
	o := a.To.Object
	if o == nil || o.Open || len(a.Decl.Set) == 0 {
		return
	}
	set := map[string]bool{}
	for _, m := range a.Decl.Set {
		set[m.Field] = true
	}
	if a.Decl.Key != nil {
		set[a.Decl.Key.Field] = true
	}
	var missing []*schema.Field
	for _, f := range o.Fields {
		if f.Required && f.Createable && !f.Computed && !set[f.Name] {
			missing = append(missing, f)
		}
	}
	if len(missing) > 0 {
		c.report(errRequiredOfAction(a, missing))
	}
}

// generatedLength is how many characters a generated key has.
const generatedLength = 32

// actionKey checks the key of a create or upsert.
func (c *checker) actionKey(a *Action, x *scopes) {
	d, o := a.Decl.Key, a.To.Object
	if d == nil || o == nil {
		c.unknownKey(d, x)
		return
	}
	f := o.Field(d.Field)
	if f == nil {
		c.report(errUnknownField(d.FieldRange, d.Field, a.To))
		c.unknownKey(d, x)
		return
	}
	a.KeyField = f
	if d.Value != nil {
		a.KeyValue = c.expression(x.ruleEnv(), d.Value, expr.Want{Field: f})
	}
	switch {
	case !f.UpsertKey && !f.Unique:
		c.report(errKeyNotUnique(a, f))
	case !f.Createable || f.Computed:
		c.report(errKeyNotSettable(a, f))
	case !allowed(a.To.Ref.Connection, a.To.Ref.Name, f.Name):
		c.report(errActionKeyNotAllowed(a, f))
	case d.Value == nil && (!f.Kind.IsText() || f.Finite() || f.Kind == schema.Reference):
		c.report(errKeyNotText(a, f))
	case d.Value == nil && f.Length > 0 && f.Length < generatedLength:
		c.report(errKeyShort(a, f))
	case d.Value == nil && a.Decl.Kind == "upsert":
		c.report(errUpsertGenerated(a))
	case a.KeyValue != nil:
		c.keyValue(a, x)
	}
}

// unknownKey checks the value of a key whose field is not known.
func (c *checker) unknownKey(d *resolve.KeyField, x *scopes) {
	if d != nil && d.Value != nil {
		c.expression(x.ruleEnv(), d.Value, expr.Want{})
	}
}

func (c *checker) keyValue(a *Action, x *scopes) {
	w := &writing{To: a.To, creates: true, action: a.Decl}
	m := &Mapping{Field: a.KeyField, Value: a.KeyValue, OnNull: "clear", Write: "on_create", Text: Written(a.KeyValue),
		FieldRange: a.Decl.Key.FieldRange, Range: a.Decl.Key.Range}
	before := len(c.diags)
	c.fits(w, m, x)
	t := a.KeyValue.Type
	if len(c.diags) == before && !t.Dynamic && t.Nullable {
		c.report(warnKeyMayBeEmpty(a, t.Const != nil && t.Const.IsNull()))
	}
}

// apply checks that the sync whose map is written reads what the trigger observes and writes what the action names.
func (c *checker) apply(a *Action, x *scopes) {
	a.Apply = c.program.sync(a.Decl.Apply.Name)
	if a.Apply == nil {
		c.fail() // reported where names are bound
		return
	}
	on := x.ends[RootNew]
	s := a.Apply
	switch {
	case s.Failed:
		c.fail() // its own mistakes are reported
	case !s.From.same(on):
		c.report(errApplySource(a, s, on))
	case !s.To.same(a.To):
		c.report(errApplyTarget(a, s))
	case a.Of != nil:
		c.report(errApplyToCreated(a))
	}
	for _, m := range s.Map {
		for _, d := range a.Decl.Set {
			if d.Field == m.Field.Name {
				c.report(errAppliedTwice(a, d, m))
			}
		}
	}
}
