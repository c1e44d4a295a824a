package expr

import (
	"github.com/syncline/syncline/lang/schema"
	"github.com/syncline/syncline/lang/span"
	"github.com/syncline/syncline/lang/value"
)

// Op is what a Node does.
type Op uint8

const (
	OpConst   Op = iota // Value
	OpField             // a field of a record: Root, Path, Field
	OpPresent           // the record itself, only under == null and != null: Root; null when it is absent
	OpLocal             // the variable of a loop: Local
	OpNot               // !a
	OpAnd               // a && b && …
	OpOr                // a || b || …
	OpEq                // a == b
	OpNe                // a != b
	OpLt                // a < b
	OpLe                // a <= b
	OpGt                // a > b
	OpGe                // a >= b
	OpIn                // a in b
	OpAdd               // a + b
	OpSub               // a - b
	OpMul               // a * b
	OpDiv               // a / b
	OpMod               // a % b
	OpNeg               // -a
	OpCond              // a ? b : c
	OpIndex             // a[b]
	OpList              // [a, b, …]
	OpText              // text("…{{ a }}…"): constants and holes in turn
	OpTable             // table.NAME(a): Table
	OpCall              // a function of the library: Name
	OpLoop              // a.exists(x, b) and its kin: Name, Local
	OpLet               // cel.bind(x, a, b): Local
)

// Node is one node of a checked expression.
type Node struct {
	Op   Op
	Args []*Node
	Type Type

	Value value.Value   // OpConst
	Root  int           // OpField, OpPresent: index in Scope.Roots
	Path  string        // OpField: "Name", "Owner.Email"
	Field *schema.Field // OpField
	Table *Table        // OpTable
	Name  string        // OpCall, OpLoop: the function
	Local int           // OpLocal, OpLoop, OpLet: number of the variable

	// Range is where the node stands in the file, Text how it is written there (escapes decoded).
	Range span.Range
	Text  string

	fn       *Function
	overload *overload // nil: chosen when the arguments' kinds are seen
	varName  string    // OpConst: the variable that it came from
	items    []*Node   // of a constant list, for their places
	prepared any       // what Function.prepare gave
}

// Walk visits the node and all below it, until visit returns false for a branch.
func (n *Node) Walk(visit func(*Node) bool) {
	if n == nil || !visit(n) {
		return
	}
	for _, a := range n.Args {
		a.Walk(visit)
	}
}

// ReadsRoot tells whether the node reads the record of a root.
func (n *Node) ReadsRoot(root int) bool {
	found := false
	n.Walk(func(m *Node) bool {
		if (m.Op == OpField || m.Op == OpPresent) && m.Root == root {
			found = true
		}
		return !found
	})
	return found
}

// ReadsOther tells whether the node reads the record of another root.
func (n *Node) ReadsOther(root int) bool {
	found := false
	n.Walk(func(m *Node) bool {
		found = found || (m.Op == OpField || m.Op == OpPresent) && m.Root != root
		return !found
	})
	return found
}

// ReadsRecords tells whether the node reads any record. One that does not can be evaluated once a run.
func (n *Node) ReadsRecords() bool {
	found := false
	n.Walk(func(m *Node) bool {
		found = found || m.Op == OpField || m.Op == OpPresent
		return !found
	})
	return found
}

// Fields lists the field paths of one root that the node reads, in order of first mention.
func (n *Node) Fields(root int) []string {
	var out []string
	seen := map[string]bool{}
	n.Walk(func(m *Node) bool {
		if m.Op == OpField && m.Root == root && !seen[m.Path] {
			seen[m.Path] = true
			out = append(out, m.Path)
		}
		return true
	})
	return out
}

// TimeDependent tells whether the node's value changes with the clock.
func (n *Node) TimeDependent() bool {
	found := false
	n.Walk(func(m *Node) bool {
		found = found || m.Op == OpCall && m.fn != nil && m.fn.Clock
		return !found
	})
	return found
}

// Conjuncts are the parts that must all hold for the node to hold: of a && (b && c), a, b and c.
func (n *Node) Conjuncts() []*Node {
	if n == nil {
		return nil
	}
	if n.Op != OpAnd {
		return []*Node{n}
	}
	var out []*Node
	for _, a := range n.Args {
		out = append(out, a.Conjuncts()...)
	}
	return out
}

// IsConst tells whether the node is a constant.
func (n *Node) IsConst() bool { return n.Op == OpConst }

// String is how the node is written.
func (n *Node) String() string { return n.Text }

// Canonical is the node's meaning as text: equal for nodes that mean the same. Not for people.
func (n *Node) Canonical() string {
	return string(appendCanonical(nil, n))
}
