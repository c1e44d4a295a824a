package expr

import (
	"strings"

	"cel.dev/cel-go/common/ast"

	"github.com/syncline/syncline/lang/span"
	"github.com/syncline/syncline/lang/value"
)

// function checks a call f(a), a.f(b), math.f(a), table.NAME(a).
func (c *checker) function(e ast.Expr, call ast.CallExpr) *Node {
	name := strings.TrimPrefix(call.FunctionName(), ".")
	args := call.Args()
	if call.IsMemberFunction() {
		target := call.Target()
		if steps, ok := c.isHistory(target); ok {
			return c.historyCall(e, steps, name, args)
		}
		if target.Kind() == ast.IdentKind && !c.isVariable(target.AsIdent()) {
			switch head := target.AsIdent(); {
			case head == "table":
				return c.tableCall(e, name, args)
			case namespaces[head] || head == "cel":
				return c.namedCall(e, head+"."+name, args, false)
			}
		}
		args = append([]ast.Expr{target}, args...)
	}
	return c.namedCall(e, name, args, call.IsMemberFunction())
}

// isVariable tells whether a name is a value here, so that it does not begin a function's name.
func (c *checker) isVariable(name string) bool {
	if _, ok := c.localNamed(name); ok {
		return true
	}
	if c.env.bare != nil {
		return c.env.bare.Slot(name) >= 0
	}
	_, ok := c.env.roots[name]
	return ok
}

func (c *checker) namedCall(e ast.Expr, name string, args []ast.Expr, member bool) *Node {
	fn := functionsByName[name]
	if fn == nil {
		c.beyond = true
		c.report(errUnknownFunction(c.functionPlace(e, name), name, c.scope))
		return c.wrong()
	}
	if fn.Macro {
		return c.macro(e, fn, args)
	}
	n := &Node{Op: OpCall, Name: name, fn: fn, Args: c.values(args)}
	c.locate(n, e)
	for _, a := range n.Args {
		if reported(a) {
			return c.wrong() // the argument has been reported
		}
	}
	if !c.chooseOverload(n) {
		c.report(errArguments(n, c.functionPlace(e, name)))
		return c.wrong()
	}
	c.resultType(n)
	if fn.prepare != nil {
		prepared, err := fn.prepare(n)
		if err != nil {
			c.report(errBadConstant(n.Args[1].Range, err))
			return c.wrong()
		}
		n.prepared = prepared
	}
	return n
}

// functionPlace is where the function's name stands.
func (c *checker) functionPlace(e ast.Expr, name string) span.Range {
	open, _ := c.p.at(e.ID())
	t := c.p.tokenBefore(open)
	start := t.start
	if i := strings.LastIndexByte(name, '.'); i >= 0 {
		start, _ = c.p.extent(e.AsCall().Target())
	}
	return c.place(start, t.end)
}

// chooseOverload finds what runs for the arguments' types; where one is dynamic and several overloads are
// possible the choice is left to the run.
func (c *checker) chooseOverload(n *Node) bool {
	var fit []*overload
	for _, o := range n.fn.overloads {
		if o.takesTypes(n.Args) {
			fit = append(fit, o)
		}
	}
	if len(fit) == 0 {
		return false
	}
	n.overload = fit[0]
	n.Type = fit[0].result
	open := false
	for _, a := range n.Args {
		open = open || a.Type.Dynamic || a.Type.Kind == value.KindNull
	}
	if open {
		n.overload = nil
		if len(fit) > 1 {
			n.Type = fit[0].result
			for _, o := range fit[1:] {
				if t, ok := join(n.Type, o.result); ok {
					n.Type = t
				} else {
					n.Type = dynamicType()
				}
			}
		}
	}
	return true
}

// resultType says what the strict rule makes of the arguments' empties.
func (c *checker) resultType(n *Node) {
	empty := false
	for _, a := range n.Args {
		empty = empty || a.Type.Nullable || a.Type.Dynamic
	}
	if n.fn.refine != nil {
		n.fn.refine(n)
	}
	switch {
	case n.fn.Lenient:
	case n.fn.Predicate:
		n.Type.Unknown, n.Type.Nullable = empty, false
	default:
		n.Type.Nullable = n.Type.Nullable || empty
	}
	if n.Type.Kind == value.KindBool && !n.Type.Dynamic && n.Type.Nullable {
		n.Type.Unknown = true
	}
	n.Type.Const, n.Type.Copy = nil, nil
}

// tableCall checks table.NAME(key).
func (c *checker) tableCall(e ast.Expr, name string, args []ast.Expr) *Node {
	place := c.functionPlace(e, name)
	var table *Table
	for _, t := range c.scope.Tables {
		if t.Name == name {
			table = t
		}
	}
	nodes := c.values(args)
	switch {
	case table == nil:
		c.report(errUnknownTable(place, name, c.scope.Tables))
		return c.wrong()
	case table.Lost:
		return c.wrong()
	case len(args) != 1:
		c.report(errTableArguments(c.whole(e), name, len(args)))
		return c.wrong()
	}
	key := nodes[0]
	if t := key.Type; !t.Dynamic && t.Kind == value.KindList {
		c.report(errTableKey(key, name))
		return c.wrong()
	}
	n := &Node{Op: OpTable, Table: table, Args: nodes, Type: tableType(table, key.Type)}
	if missing := uncovered(table, key.Type); len(missing) > 0 && table.Default == nil {
		c.report(warnTableLacks(key.Range, table, missing))
	}
	return n
}

func tableType(t *Table, key Type) Type {
	out := kindType(value.KindNull)
	add := func(v value.Value) {
		joined, ok := join(out, constType(v))
		if !ok {
			joined = dynamicType()
		}
		out = joined
	}
	for _, k := range tableKeys(t) {
		add(t.Rows[k])
	}
	if t.Default != nil {
		add(*t.Default)
	}
	nullable := key.Nullable || key.Dynamic
	for _, v := range t.Rows {
		nullable = nullable || v.IsNull()
	}
	out.Nullable = nullable || t.Default != nil && t.Default.IsNull()
	return out
}

// tableKeys are the keys in source order, or sorted where the order is not known.
func tableKeys(t *Table) []string {
	if len(t.Keys) == len(t.Rows) {
		return t.Keys
	}
	return sortedKeys(t.Rows)
}

// uncovered are the key's possible texts for which the table has no row.
func uncovered(t *Table, key Type) []string {
	if key.Dynamic || key.Kind != value.KindText {
		return nil
	}
	rows := tableIndex(t)
	var out []string
	for _, s := range key.Texts {
		if _, ok := rows[tableKey(t, s)]; !ok {
			out = append(out, s)
		}
	}
	return out
}

// tableKey is the form in which a key is looked up.
func tableKey(t *Table, s string) string {
	if t.IgnoreCase {
		return strings.ToLower(s)
	}
	return s
}

func tableIndex(t *Table) map[string]value.Value {
	if !t.IgnoreCase {
		return t.Rows
	}
	out := make(map[string]value.Value, len(t.Rows))
	for _, k := range tableKeys(t) {
		if _, twice := out[strings.ToLower(k)]; !twice {
			out[strings.ToLower(k)] = t.Rows[k]
		}
	}
	return out
}
