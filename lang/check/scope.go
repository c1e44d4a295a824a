package check

import (
	"github.com/syncline/syncline/lang/expr"
	"github.com/syncline/syncline/lang/syntax"
)

// hints say what names of other kinds of rule are called in a sync.
var hints = map[string]string{
	"new":    "in a sync the record that is read is called source",
	"old":    "a sync has no earlier state of a record; what is read is called source",
	"record": "in a sync the record that is read is called source",
	"it":     "it is the record sought, inside match and find only",
}

var sourceHints = map[string]string{
	"new": hints["new"], "old": hints["old"], "record": hints["record"], "it": hints["it"],
	"target": "this condition chooses source records, before a target is looked for; a condition on the target goes into match { where = … } with it",
}

// scopes gives the environments of one rule.
type scopes struct {
	c      *checker
	sync   *Sync
	finds  []*Find
	source *expr.Env // the source record alone: where
	rule   *expr.Env // source, target, finds: map, keys
	gone   *expr.Env // the same, when the record no longer satisfies where: on_leave, on_delete
}

func (c *checker) scopes(s *Sync) *scopes { return &scopes{c: c, sync: s, finds: s.Finds} }

func (x *scopes) sourceEnv() *expr.Env {
	if x.source == nil {
		x.source = expr.NewEnv(x.scope([]expr.Root{x.sourceRoot()}, sourceHints))
	}
	return x.source
}

// ruleEnv is asked for when the rule's where is checked, which holds in it.
func (x *scopes) ruleEnv() *expr.Env {
	if x.rule == nil {
		x.rule = expr.NewEnv(x.scope(x.roots(), hints))
	}
	return x.rule
}

// goneEnv is the scope of what a departure sets: the rule's where does not hold there.
func (x *scopes) goneEnv() *expr.Env {
	if x.gone == nil {
		s := x.scope(x.roots(), hints)
		s.Given = nil
		x.gone = expr.NewEnv(s)
	}
	return x.gone
}

// itEnv is the rule's scope with the candidate record of an object.
func (x *scopes) itEnv(e End) *expr.Env {
	it := expr.Root{Name: "it", Object: e.Object, Catalog: e.Catalog, Range: e.Ref.Range}
	return expr.NewEnv(x.scope(append(x.roots(), it), hints))
}

func (x *scopes) sourceRoot() expr.Root {
	s := x.sync
	return expr.Root{Name: "source", Object: s.From.Object, Catalog: s.From.Catalog, Range: s.From.Ref.Range}
}

// roots are the records in sight, by their index in frames (RootSource …).
func (x *scopes) roots() []expr.Root {
	s := x.sync
	roots := make([]expr.Root, RootFinds, RootFinds+len(x.finds)+1)
	roots[RootSource] = x.sourceRoot()
	roots[RootTarget] = expr.Root{Name: "target", Object: s.To.Object, Catalog: s.To.Catalog, Optional: s.Creates(), Range: s.To.Ref.Range}
	for _, f := range x.finds {
		roots = append(roots, expr.Root{Name: f.Decl.Name, Object: f.In.Object, Catalog: f.In.Catalog,
			Optional: f.Decl.Missing == "empty", Range: f.Decl.NameRange})
	}
	return roots
}

func (x *scopes) scope(roots []expr.Root, hints map[string]string) expr.Scope {
	s := expr.Scope{Roots: roots, Tables: x.c.program.Tables, Vars: x.c.program.Vars, Zone: x.sync.Zone, Hints: hints}
	if x.sync.Where != nil {
		s.Given = []*expr.Checked{x.sync.Where}
	}
	return s
}

// expression checks a written value; nil when it is not written or is no expression.
func (c *checker) expression(env *expr.Env, v syntax.Value, want expr.Want) *expr.Checked {
	if v == nil {
		return nil
	}
	src, ok := sourceOf(v)
	if !ok {
		if k, isConst := v.(*syntax.Const); isConst {
			c.report(errNumberTooLarge(k))
		}
		c.fail()
		return nil
	}
	checked, diags := env.Check(src, want)
	for _, d := range diags {
		c.report(d)
	}
	if diags.HasErrors() {
		return nil
	}
	return checked
}

// condition checks a written condition.
func (c *checker) condition(env *expr.Env, v syntax.Value) *expr.Checked {
	return c.expression(env, v, expr.Want{Condition: true})
}
