package expr

import (
	"strings"

	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/operators"

	"github.com/syncline/syncline/lang/schema"
	"github.com/syncline/syncline/lang/span"
	"github.com/syncline/syncline/lang/value"
)

// step is one name of a dotted path and where it stands.
type step struct {
	name  string
	place span.Range
}

// chain reads `a.b["c"].d`: the names from a on, false when the expression is something else.
func (c *checker) chain(e ast.Expr) ([]step, bool) {
	switch e.Kind() {
	case ast.IdentKind:
		start, end := c.p.at(e.ID())
		return []step{{strings.TrimPrefix(e.AsIdent(), "."), c.place(start, end)}}, true
	case ast.SelectKind:
		steps, ok := c.chain(e.AsSelect().Operand())
		if !ok {
			return nil, false
		}
		_, dot := c.p.at(e.ID())
		t := c.p.tokenAfter(dot)
		return append(steps, step{e.AsSelect().FieldName(), c.place(t.start, t.end)}), true
	case ast.CallKind:
		call := e.AsCall()
		if call.FunctionName() != operators.Index || call.IsMemberFunction() {
			return nil, false
		}
		name, ok := literalText(call.Args()[1])
		if !ok {
			return nil, false
		}
		steps, ok := c.chain(call.Args()[0])
		if !ok {
			return nil, false
		}
		return append(steps, step{name, c.whole(call.Args()[1])}), true
	}
	return nil, false
}

// name checks an identifier or a selection.
func (c *checker) name(e ast.Expr) *Node {
	steps, ok := c.chain(e)
	if !ok {
		operand := c.value(e.AsSelect().Operand())
		if !reported(operand) {
			c.beyond = c.beyond || operand.Type.Dynamic
			c.report(errNoFields(c.whole(e), operand.Type, e.AsSelect().FieldName()))
		}
		return c.wrong()
	}
	return c.path(steps, c.whole(e))
}

// path resolves names that begin with a local variable, a record, vars or table.
func (c *checker) path(steps []step, all span.Range) *Node {
	head := steps[0]
	if i, ok := c.localNamed(head.name); ok {
		if len(steps) > 1 {
			c.beyond = c.beyond || c.locals[i].t.Dynamic
			c.report(errNoFields(all, c.locals[i].t, steps[1].name))
			return c.wrong()
		}
		return &Node{Op: OpLocal, Local: i, Type: c.locals[i].t}
	}
	if c.env.bare != nil {
		return c.barePath(steps, all)
	}
	switch head.name {
	case historyRoot:
		if _, has := c.env.roots[historyRoot]; !has {
			c.report(errNoHistory(all, c.scope))
		} else {
			c.report(errHistoryForm(all))
		}
		return c.wrong()
	case "each":
		return c.eachName(steps, all)
	}
	if root, ok := c.env.roots[head.name]; ok {
		if len(steps) == 1 {
			c.reads = append(c.reads, Read{Root: root, Range: all})
			return &Node{Op: OpPresent, Root: root, Type: dynamicType()}
		}
		return c.field(root, steps[1:], all)
	}
	switch {
	case head.name == "vars":
		return c.variable(steps, all)
	case head.name == "table":
		c.report(errTableWithoutKey(all, steps, c.scope.Tables))
		return c.wrong()
	}
	c.report(errUnknownName(head, c.scope, c.localNames(), len(steps) > 1, c.want))
	return c.wrong()
}

func (c *checker) localNamed(name string) (int, bool) {
	for i := len(c.locals) - 1; i >= 0; i-- {
		if c.locals[i].name == name {
			return i, true
		}
	}
	return 0, false
}

func (c *checker) localNames() []string {
	var out []string
	for _, l := range c.locals {
		out = append(out, l.name)
	}
	return out
}

// barePath resolves a name of an expression from the command line, where variables stand alone.
func (c *checker) barePath(steps []step, all span.Range) *Node {
	names := make([]string, len(steps))
	for i, s := range steps {
		names[i] = s.name
	}
	path := strings.Join(names, ".")
	if c.env.bare.Slot(path) < 0 {
		c.beyond = true // an object, or a key that it lacks
		c.report(errUnknownVariable(all, path, c.env.bare.Names))
		return c.wrong()
	}
	return &Node{Op: OpField, Path: path, Type: dynamicType()}
}

func (c *checker) variable(steps []step, all span.Range) *Node {
	if len(steps) == 1 {
		c.report(errVarsAlone(all))
		return c.wrong()
	}
	for i := range c.scope.Vars {
		if v := &c.scope.Vars[i]; v.Name == steps[1].name {
			if len(steps) > 2 {
				c.report(errNoFields(all, constType(v.Value), steps[2].name))
				return c.wrong()
			}
			if v.Unset {
				return c.wrong()
			}
			n := constant(v.Value)
			n.varName = v.Name
			return n
		}
	}
	c.report(errUnknownVar(steps[1], c.scope.Vars))
	return c.wrong()
}

// field resolves a path from a record, through references.
func (c *checker) field(root int, steps []step, all span.Range) *Node {
	r := &c.scope.Roots[root]
	path := joinSteps(steps)
	if r.Object == nil { // its schema is unknown, which has been reported where it is declared
		c.reads = append(c.reads, Read{Root: root, Path: path, Range: all})
		return &Node{Op: OpField, Root: root, Path: path, Type: dynamicType()}
	}
	f, nullable, problem := resolvePath(r, steps)
	if f == nil {
		c.report(problem)
		return c.wrong()
	}
	c.reads = append(c.reads, Read{Root: root, Path: path, Field: f, Range: all})
	n := &Node{Op: OpField, Root: root, Path: path, Field: f, Type: fieldType(f, nullable || r.Optional)}
	n.Type.Copy = f
	if f.Kind == schema.MultiPicklist && r.Optional {
		n.Type.Nullable = true
	}
	return n
}

func joinSteps(steps []step) string {
	names := make([]string, len(steps))
	for i, s := range steps {
		names[i] = s.name
	}
	return strings.Join(names, ".")
}

// reference checks a bare reference. It never becomes CEL text, so any name can stand in it.
func (c *checker) reference(src Source) *Node {
	steps := make([]step, len(src.Path))
	for i, name := range src.Path {
		steps[i] = step{name: name, place: src.Range}
		if i < len(src.Steps) {
			steps[i].place = src.Steps[i]
		}
	}
	n := c.bareReference(steps, src.Range)
	n.Range, n.Text = src.Range, src.Range.Text()
	c.narrow(n)
	return n
}

func (c *checker) bareReference(steps []step, all span.Range) *Node {
	if len(steps) == 0 {
		return c.wrong()
	}
	if len(steps) == 1 {
		if _, ok := c.env.roots[steps[0].name]; !ok && steps[0].name != historyRoot && steps[0].name != "each" {
			c.report(errBareWord(steps[0], c.scope, c.want))
			return c.wrong()
		}
	}
	n := c.path(steps, all)
	if n.Op == OpPresent {
		n.Range = all
		return c.recordAsValue(n)
	}
	return n
}

// narrow applies what is known here about the node's value.
func (c *checker) narrow(n *Node) {
	if len(c.facts) == 0 || n.Op == OpConst || n.Op == OpPresent {
		return
	}
	for i := range c.facts {
		if sameMeaning(c.facts[i].of, n) {
			c.facts[i].apply(&n.Type)
		}
	}
}

// textConst is the text of a constant.
func textConst(n *Node) (string, bool) {
	if n.Op == OpConst && n.Value.Kind() == value.KindText {
		return n.Value.AsText(), true
	}
	return "", false
}
