package check

import (
	"github.com/syncline/syncline/lang/expr"
	"github.com/syncline/syncline/lang/syntax"
)

// hints say what the record of other kinds of rule is called in a sync.
var hints = map[string]string{"new": "source", "old": "source", "record": "source"}

// scopes gives the environments of one rule.
type scopes struct {
	c      *checker
	sync   *Sync
	finds  []*Find
	source *expr.Env // where, before it is known to hold
	rule   *expr.Env // map, keys
	gone   *expr.Env // the same, when the record no longer satisfies where: on_leave, on_delete
}

func (c *checker) scopes(s *Sync) *scopes { return &scopes{c: c, sync: s, finds: s.Finds} }

// sourceEnv has all the names of the rule, so that one that cannot be read yet is told from one that does not exist.
func (x *scopes) sourceEnv() *expr.Env {
	if x.source == nil {
		s := x.scope(x.roots())
		s.Given = nil
		x.source = expr.NewEnv(s)
	}
	return x.source
}

// ruleEnv is asked for when the rule's where is checked, which holds in it.
func (x *scopes) ruleEnv() *expr.Env {
	if x.rule == nil {
		x.rule = expr.NewEnv(x.scope(x.roots()))
	}
	return x.rule
}

// goneEnv is the scope of what a departure sets: the rule's where does not hold there.
func (x *scopes) goneEnv() *expr.Env {
	if x.gone == nil {
		s := x.scope(x.roots())
		s.Given = nil
		x.gone = expr.NewEnv(s)
	}
	return x.gone
}

// itEnv is the rule's scope with the candidate record of an object.
func (x *scopes) itEnv(e End) *expr.Env {
	it := expr.Root{Name: "it", Object: e.Object, Catalog: e.Catalog, Range: e.Ref.Range}
	return expr.NewEnv(x.scope(append(x.roots(), it)))
}

// roots are the records in sight, by their index in frames (RootSource …).
func (x *scopes) roots() []expr.Root {
	s := x.sync
	roots := make([]expr.Root, RootFinds, RootFinds+len(x.finds)+1)
	roots[RootSource] = expr.Root{Name: "source", Object: s.From.Object, Catalog: s.From.Catalog, Range: s.From.Ref.Range}
	roots[RootTarget] = expr.Root{Name: "target", Object: s.To.Object, Catalog: s.To.Catalog, Optional: s.Creates(), Range: s.To.Ref.Range}
	for _, f := range x.finds {
		roots = append(roots, expr.Root{Name: f.Decl.Name, Object: f.In.Object, Catalog: f.In.Catalog,
			Optional: f.Decl.Missing == "empty", Range: f.Decl.NameRange})
	}
	return roots
}

func (x *scopes) scope(roots []expr.Root) expr.Scope {
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

// sourceCondition checks a condition that chooses source records, before anything is looked up for them.
func (c *checker) sourceCondition(x *scopes, v syntax.Value) *expr.Checked {
	checked := c.condition(x.sourceEnv(), v)
	if checked == nil {
		return nil
	}
	for i := range checked.Reads {
		if r := &checked.Reads[i]; r.Root != RootSource {
			c.report(errOnlySource(r.Range, x.name(r.Root)))
			return nil
		}
	}
	return checked
}

// name is what a root is called.
func (x *scopes) name(root int) string {
	if root == RootTarget {
		return "target"
	}
	return x.finds[root-RootFinds].Decl.Name
}
