// Package expr is the boundary to CEL: it checks expressions against schemas and compiles them to
// closures over slot-indexed records. It is the only importer of cel-go.
package expr

import (
	"github.com/syncline/syncline/lang/diag"
	"github.com/syncline/syncline/lang/value"
)

// Env checks expressions of one scope.
type Env struct{ scope Scope }

// NewEnv prepares the environment of a scope.
func NewEnv(s Scope) *Env { return &Env{s} }

// Check parses and type-checks an expression. Checked is never nil; after an error its type is dynamic, so that
// checking goes on.
func (e *Env) Check(src Source, want Want) (*Checked, diag.List) { panic("not yet") }

// Checked is a checked expression.
type Checked struct {
	Source Source
	Type   Type
	Reads  []Read
	// TimeDependent: reads now() or today().
	TimeDependent bool
	// Fingerprint is a hash of the meaning: the checked tree with tables and variables, without places and spelling.
	Fingerprint string
	// Root is the checked expression as our own tree, for pushdown and analysis.
	Root *Node
}

// Compile turns the expression into closures over the slots of a plan.
func (c *Checked) Compile(slots Slots) *Program { panic("not yet") }

// Program is a compiled expression. It is immutable and may be shared by goroutines, each with its own Frame.
type Program struct{}

// Eval gives the value; an error rejects the record. A condition's unknown is false.
func (p *Program) Eval(f *Frame) (value.Value, error) { panic("not yet") }

// Test evaluates a condition: empty and unknown are false.
func (p *Program) Test(f *Frame) (bool, error) { panic("not yet") }

// Node is one node of a checked expression.
type Node struct{}
