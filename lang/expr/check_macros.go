package expr

import (
	"cel.dev/cel-go/common/ast"

	"github.com/syncline/syncline/lang/value"
)

// macro checks the calls whose arguments are not simply evaluated.
func (c *checker) macro(e ast.Expr, fn *Function, args []ast.Expr) *Node {
	switch fn.Name {
	case "has":
		return c.hasMacro(e, args)
	case "cel.bind":
		return c.bindMacro(e, args)
	}
	return c.loopMacro(e, fn, args)
}

// hasMacro reads has(x.F) as x.F != null.
func (c *checker) hasMacro(e ast.Expr, args []ast.Expr) *Node {
	if len(args) != 1 || args[0].Kind() != ast.SelectKind {
		if len(args) == 1 {
			if steps, ok := c.chain(args[0]); !ok || len(steps) < 2 {
				c.report(errHas(c.whole(e)))
				return c.wrong()
			}
		} else {
			c.report(errHas(c.whole(e)))
			return c.wrong()
		}
	}
	if c.env.bare != nil {
		if steps, ok := c.chain(args[0]); ok && c.env.bare.Slot(joinSteps(steps)) < 0 {
			c.beyond = true
		}
	}
	n := &Node{Op: OpNe, Args: []*Node{c.value(args[0]), constant(value.Null)}, Type: kindType(value.KindBool)}
	n.Args[1].Range, n.Args[1].Text = n.Args[0].Range, "null"
	return n
}

// maxLoops bounds loops within loops: three of them over lists of a thousand items are a billion turns.
const maxLoops = 2

func (c *checker) loopMacro(e ast.Expr, fn *Function, args []ast.Expr) *Node {
	place := c.whole(e)
	three := len(args) == 4 && fn.Name == "map"
	if len(args) != 3 && !three {
		if len(args) == 4 {
			c.beyond = true
		}
		c.report(errLoopForm(place, fn))
		return c.wrong()
	}
	if args[1].Kind() != ast.IdentKind {
		c.report(errLoopVariable(c.whole(args[1]), fn))
		return c.wrong()
	}
	list := c.value(args[0])
	if t := list.Type; !t.Dynamic && t.Kind != value.KindList && t.Kind != value.KindNull {
		c.report(errLoopOver(list, fn))
		return c.wrong()
	}
	if c.loops >= maxLoops {
		c.report(errTooManyLoops(place))
		return c.wrong()
	}
	n := &Node{Op: OpLoop, Name: fn.Name, fn: fn, Args: []*Node{list}, Local: len(c.locals)}
	mark := len(c.facts)
	c.loops++
	c.locals = append(c.locals, local{args[1].AsIdent(), list.Type.Elem()})
	for i, a := range args[2:] {
		n.Args = append(n.Args, c.value(a))
		if fn.Name != "sortBy" && (fn.Name != "map" || three && i == 0) {
			c.needBool(n, i+1)
		}
		if three && i == 0 {
			c.facts = append(c.facts, trueFacts(n.Args[1])...)
		}
	}
	c.locals = c.locals[:n.Local]
	c.loops--
	c.facts = c.facts[:mark]
	n.Type = loopType(n)
	return n
}

func loopType(n *Node) Type {
	list := n.Args[0].Type
	var t Type
	switch n.Name {
	case "exists", "all", "exists_one":
		t = kindType(value.KindBool)
		t.Unknown = list.Nullable || list.Dynamic || n.Name != "exists_one" && canBeUnknown(n.Args[1])
		return t
	case "map":
		t = listOf(n.Args[len(n.Args)-1].Type)
	default:
		t = listOf(list.Elem())
	}
	t.Nullable = list.Nullable || list.Dynamic
	return t
}

func (c *checker) bindMacro(e ast.Expr, args []ast.Expr) *Node {
	if len(args) != 3 || args[0].Kind() != ast.IdentKind {
		c.report(errBind(c.whole(e)))
		return c.wrong()
	}
	n := &Node{Op: OpLet, Name: "cel.bind", Args: []*Node{c.value(args[1])}, Local: len(c.locals)}
	bound := n.Args[0].Type
	bound.Copy = nil
	c.locals = append(c.locals, local{args[0].AsIdent(), bound})
	n.Args = append(n.Args, c.value(args[2]))
	c.locals = c.locals[:n.Local]
	n.Type = n.Args[1].Type
	n.Type.Copy = nil
	return n
}
