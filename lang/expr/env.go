package expr

import (
	"slices"
	"time"

	"github.com/syncline/syncline/lang/diag"
	"github.com/syncline/syncline/lang/value"
)

// Env checks expressions of one scope. It may be used by several goroutines.
type Env struct {
	scope Scope
	roots map[string]int
	// given are the facts that follow from Scope.Given.
	given []fact
	// bare is set when names are variables of their own and not records: expressions from the command line.
	bare *value.Layout
}

// NewEnv prepares the environment of a scope.
func NewEnv(s Scope) *Env {
	if s.Zone == nil {
		s.Zone = time.UTC
	}
	e := &Env{scope: s, roots: make(map[string]int, len(s.Roots))}
	for i, r := range s.Roots {
		e.roots[r.Name] = i
	}
	for _, g := range s.Given {
		if g != nil && g.Root != nil {
			e.given = append(e.given, trueFacts(g.Root)...)
		}
	}
	return e
}

// Scope is what the expressions of this environment may name.
func (e *Env) Scope() *Scope { return &e.scope }

// Checked is a checked expression. It is not changed any more.
type Checked struct {
	Source Source
	Type   Type
	Reads  []Read
	// TimeDependent: reads now() or today().
	TimeDependent bool
	// Root is the checked expression as our own tree, for pushdown and analysis.
	Root *Node

	zone *time.Location
}

// Check parses and type-checks an expression. Checked is never nil; after an error its type is dynamic, so that
// checking goes on.
func (e *Env) Check(src Source, want Want) (*Checked, diag.List) {
	c := &checker{env: e, scope: &e.scope, want: want, facts: slices.Clip(e.given)}
	root := c.source(src)
	if want.Condition && !c.diags.HasErrors() {
		c.needCondition(root)
	}
	if !c.diags.HasErrors() {
		c.cost(root)
	}
	if src.Spelling == Quoted {
		c.quotedHints(src, root)
	}
	out := &Checked{Source: src, Root: root, zone: e.scope.Zone}
	if c.diags.HasErrors() {
		out.Root = &Node{Op: OpConst, Type: dynamicType(), Range: root.Range, Text: root.Text}
		out.Type = dynamicType()
		out.Reads = c.reads
		return out, c.diags
	}
	out.Type = root.Type
	out.Reads = c.reads
	out.TimeDependent = root.TimeDependent()
	return out, c.diags
}

// Fingerprint is a hash of the meaning: the checked tree with tables and variables, without places and spelling. It is made
// at each call.
func (c *Checked) Fingerprint() string { return fingerprint(c.Root, c.zone) }

// Conjuncts are the parts of a condition that must all hold.
func (c *Checked) Conjuncts() []*Node { return c.Root.Conjuncts() }

// Compile turns the expression into closures over the slots of a plan.
func (c *Checked) Compile(slots Slots) *Program { return compile(c.Root, slots, c.zone) }

// CompileNode compiles a part of the expression on its own, such as the constant side of a comparison.
func (c *Checked) CompileNode(n *Node, slots Slots) *Program { return compile(n, slots, c.zone) }
