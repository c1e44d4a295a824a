package expr

import (
	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/operators"

	"github.com/syncline/syncline/lang/diag"
	"github.com/syncline/syncline/lang/span"
	"github.com/syncline/syncline/lang/value"
)

// checker turns CEL trees into typed Nodes. A part that is wrong becomes a node of dynamic type, which fits
// everywhere, so that one mistake gives one message.
type checker struct {
	env   *Env
	scope *Scope
	want  Want
	p     *parsed
	diags diag.List
	reads []Read

	locals []local
	facts  []fact
	loops  int // loops around the node being checked
	// beyond is set when the expression uses what only cel-go evaluates: maps, bytes, functions of its extensions.
	beyond bool
}

// local is a variable of a loop or binding.
type local struct {
	name string
	t    Type
}

func (c *checker) report(d *diag.Diagnostic) { c.diags = append(c.diags, d) }

// source checks an expression in any spelling.
func (c *checker) source(src Source) *Node {
	switch src.Spelling {
	case Reference:
		return c.reference(src)
	case Constant:
		return &Node{Op: OpConst, Value: src.Const, Type: constType(src.Const), Range: src.Range, Text: src.Range.Text()}
	case Text:
		return c.template(src)
	}
	return c.quoted(src.Embedded)
}

// quoted checks CEL text.
func (c *checker) quoted(text span.Embedded) *Node {
	p, problem := parse(text)
	if problem != nil {
		c.report(problem)
		return &Node{Op: OpConst, Type: dynamicType(), Range: text.Whole(), Text: text.Text}
	}
	outer := c.p
	c.p = p
	n := c.expr(p.tree.Expr())
	if n.Op == OpPresent {
		n = c.recordAsValue(n)
	}
	c.p = outer
	return n
}

// expr checks one node of a CEL tree.
func (c *checker) expr(e ast.Expr) *Node {
	n := c.build(e)
	c.locate(n, e)
	n = c.fold(n)
	c.narrow(n)
	return n
}

// locate says where the node stands and how it is written.
func (c *checker) locate(n *Node, e ast.Expr) {
	if n.Range.IsZero() {
		start, end := c.p.extent(e)
		n.Range, n.Text = c.p.src.Range(start, end), c.p.src.Text[start:end]
	}
}

// value checks a node whose value is used: a record on its own is none.
func (c *checker) value(e ast.Expr) *Node {
	n := c.expr(e)
	if n.Op == OpPresent {
		return c.recordAsValue(n)
	}
	return n
}

func (c *checker) values(list []ast.Expr) []*Node {
	out := make([]*Node, len(list))
	for i, e := range list {
		out[i] = c.value(e)
	}
	return out
}

func (c *checker) recordAsValue(n *Node) *Node {
	c.report(errRecordAsValue(n.Range, &c.scope.Roots[n.Root]))
	return c.wrong()
}

// wrong stands for a part that has been reported.
func (c *checker) wrong() *Node { return &Node{Op: OpConst, Type: dynamicType()} }

// reported tells whether a node stands for a part that has been reported.
func reported(n *Node) bool { return n.Op == OpConst && n.Type.Dynamic }

// place is the range of bytes of the text being checked.
func (c *checker) place(start, end int) span.Range { return c.p.src.Range(start, end) }

func (c *checker) whole(e ast.Expr) span.Range { return c.place(c.p.extent(e)) }

func (c *checker) build(e ast.Expr) *Node {
	switch e.Kind() {
	case ast.LiteralKind:
		return c.literal(e)
	case ast.IdentKind, ast.SelectKind:
		return c.name(e)
	case ast.ListKind:
		return c.list(e.AsList())
	case ast.CallKind:
		return c.call(e)
	}
	c.beyond = true
	c.report(errNotAvailable(c.whole(e), "A map or message", "Use a table block for a map of values."))
	return c.wrong()
}

func (c *checker) literal(e ast.Expr) *Node {
	var v value.Value
	switch x := e.AsLiteral().Value().(type) {
	case bool:
		v = value.Bool(x)
	case int64:
		v = value.Int(x)
	case float64:
		v = value.Float(x)
	case string:
		v = value.Text(x)
	case uint64:
		c.beyond = true
		c.report(errNotAvailable(c.whole(e), "An unsigned number", "Write the number without u."))
		return c.wrong()
	case []byte:
		c.beyond = true
		c.report(errNotAvailable(c.whole(e), "A text of bytes", "Write the text without b."))
		return c.wrong()
	}
	return constant(v)
}

func constant(v value.Value) *Node { return &Node{Op: OpConst, Value: v, Type: constType(v)} }

func (c *checker) list(l ast.ListExpr) *Node {
	n := &Node{Op: OpList, Args: c.values(l.Elements())}
	elem := kindType(value.KindNull)
	for _, a := range n.Args {
		joined, ok := join(elem, a.Type)
		if !ok {
			joined = dynamicType()
		}
		elem = joined
	}
	n.Type = listOf(elem)
	return n
}

// operatorOf maps CEL's names of operators.
var operatorOf = map[string]Op{
	operators.LogicalNot: OpNot, operators.LogicalAnd: OpAnd, operators.LogicalOr: OpOr,
	operators.Equals: OpEq, operators.NotEquals: OpNe, operators.Less: OpLt, operators.LessEquals: OpLe,
	operators.Greater: OpGt, operators.GreaterEquals: OpGe, operators.In: OpIn, operators.Add: OpAdd,
	operators.Subtract: OpSub, operators.Multiply: OpMul, operators.Divide: OpDiv, operators.Modulo: OpMod,
	operators.Negate: OpNeg, operators.Conditional: OpCond, operators.Index: OpIndex,
}

func (c *checker) call(e ast.Expr) *Node {
	call := e.AsCall()
	if op, ok := operatorOf[call.FunctionName()]; ok && !call.IsMemberFunction() {
		return c.operator(e, op, call.Args())
	}
	return c.function(e, call)
}

// fold replaces a node of constants by its value. One that fails is left as it is, and reported.
func (c *checker) fold(n *Node) *Node {
	switch n.Op {
	case OpConst, OpField, OpPresent, OpLocal, OpLoop, OpLet, OpAnd, OpOr:
		return n
	case OpCall:
		if n.fn.Clock || n.fn.Name == "coalesce" {
			return n
		}
	}
	for _, a := range n.Args {
		if a.Op != OpConst || a.Type.Dynamic {
			return n
		}
	}
	p := compile(n, nil, c.scope.Zone)
	f := &Frame{}
	f.begin(p)
	if n.Type.is(value.KindBool) && p.test(f) == unknown && f.work.err == nil && n.Op != OpCond {
		return n // a constant could not say so
	}
	v, err := p.Eval(f)
	if err != nil {
		c.report(warnAlwaysFails(n.Range, err.(*Error).Message))
		n.Type.Nullable = true
		return n
	}
	out := constant(v)
	if v.IsNull() {
		out.Type = kindType(value.KindNull)
		out.Type.Nullable, out.Type.Const = true, &v
	}
	out.Range, out.Text = n.Range, n.Text
	out.items = n.Args
	if n.Type.Unknown {
		out.Type.Unknown = true
	}
	return out
}

func (c *checker) needCondition(n *Node) {
	t := n.Type
	if t.Dynamic || t.Kind == value.KindBool || t.Kind == value.KindNull {
		return
	}
	c.report(errNotCondition(n.Range, n))
}
