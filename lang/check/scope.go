package check

import (
	"slices"
	"time"

	"github.com/syncline/syncline/lang/expr"
	"github.com/syncline/syncline/lang/resolve"
	"github.com/syncline/syncline/lang/syntax"
)

// hints say what the record of other kinds of rule is called in a sync.
var hints = map[string]string{"new": "source", "old": "source", "record": "source"}

// scopes gives the environments of one rule. Its records are in the order of frames: the source or what is observed
// first, finds in the order of their lookup behind the fixed ones.
type scopes struct {
	c      *checker
	roots  []expr.Root
	ends   []End // of roots
	zone   *time.Location
	hints  map[string]string
	tracks []expr.Track
	each   *expr.Each
	given  []*expr.Checked // what holds for every record: the rule's where, once it is checked

	source *expr.Env // where, before it is known to hold
	rule   *expr.Env // map, keys
	gone   *expr.Env // the same, when the record no longer satisfies where: on_leave, on_delete
}

// scopes are those of a sync.
func (c *checker) scopes(s *Sync) *scopes {
	x := &scopes{c: c, zone: s.Zone, hints: hints, each: eachOf(s.Decl.Each)}
	x.add(expr.Root{Name: "source"}, s.From)
	x.add(expr.Root{Name: "target", Optional: s.Creates()}, s.To)
	for _, f := range s.Finds {
		x.addFind(f)
	}
	return x
}

// add puts a record behind the others.
func (x *scopes) add(r expr.Root, e End) {
	r.Object, r.Catalog = e.Object, e.Catalog
	if r.Range.IsZero() {
		r.Range = e.Ref.Range
	}
	x.roots, x.ends = append(x.roots, r), append(x.ends, e)
}

func (x *scopes) addFind(f *Find) {
	x.add(expr.Root{Name: f.Decl.Name, Optional: f.Decl.Missing == "empty" || f.Decl.All, Range: f.Decl.NameRange}, f.In)
}

// eachOf is the entry of for_each as expressions read it.
func eachOf(e *resolve.Each) *expr.Each {
	if e == nil {
		return nil
	}
	v, _ := literalOf(e.Value)
	return &expr.Each{Key: e.Key, Value: v}
}

// hold adds a condition that holds from here on.
func (x *scopes) hold(checked *expr.Checked) {
	if checked != nil {
		x.given = append(slices.Clip(x.given), checked)
		x.rule = nil
	}
}

// present takes from a condition which records are there where it holds: of `owner != null && …`, owner.
func (x *scopes) present(checked *expr.Checked) {
	if checked == nil {
		return
	}
	for _, n := range checked.Root.Conjuncts() {
		if n.Op != expr.OpNe || len(n.Args) != 2 {
			continue
		}
		for i, a := range n.Args {
			if b := n.Args[1-i]; a.Op == expr.OpPresent && b.IsConst() && b.Value.IsNull() && a.Root < len(x.roots) {
				x.roots[a.Root].Optional = false
			}
		}
	}
}

// it is the index of the candidate record of a find or match, behind all others.
func (x *scopes) it() int { return len(x.roots) }

// sourceEnv has all the names of the rule, so that one that cannot be read yet is told from one that does not exist.
func (x *scopes) sourceEnv() *expr.Env {
	if x.source == nil {
		s := x.scope(x.roots)
		s.Given = nil
		x.source = expr.NewEnv(s)
	}
	return x.source
}

// ruleEnv is asked for when the rule's where is checked, which holds in it.
func (x *scopes) ruleEnv() *expr.Env {
	if x.rule == nil {
		x.rule = expr.NewEnv(x.scope(x.roots))
	}
	return x.rule
}

// goneEnv is the scope of what a departure sets: the rule's where does not hold there.
func (x *scopes) goneEnv() *expr.Env {
	if x.gone == nil {
		s := x.scope(x.roots)
		s.Given = nil
		x.gone = expr.NewEnv(s)
	}
	return x.gone
}

// itEnv is the rule's scope with the candidate record of an object.
func (x *scopes) itEnv(e End) *expr.Env {
	it := expr.Root{Name: "it", Object: e.Object, Catalog: e.Catalog, Range: e.Ref.Range}
	return expr.NewEnv(x.scope(append(slices.Clone(x.roots), it)))
}

func (x *scopes) scope(roots []expr.Root) expr.Scope {
	s := expr.Scope{Roots: roots, Tables: x.c.program.Tables, Vars: x.c.program.Vars, Zone: x.zone, Hints: x.hints,
		Tracks: x.tracks, Each: x.each}
	s.Given = x.given
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
func (x *scopes) name(root int) string { return x.roots[root].Name }
