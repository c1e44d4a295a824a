// Package query is what a plan asks of a reader: which fields of which object, which records,
// in which order, changed since when. It is plain data; each connector renders it in its own
// language, and Match evaluates it here for those that have none.
package query

import (
	"strings"

	"github.com/syncline/syncline/lang/schema"
	"github.com/syncline/syncline/lang/value"
)

// Read is one question to a reader.
type Read struct {
	Object string
	// Schema is the object as the plan knows it. A reader that tells kinds from samples decodes by these kinds, or reports
	// a bad row: what the samples tell today may be another kind than the plan was compiled for. nil: as described last.
	Schema *schema.Object
	// Layout names the fields to read; slot i of each record holds Layout.Names[i].
	Layout *value.Layout
	// Where restricts the records; nil: all. A reader may let too much through, never too little.
	Where Pred
	// Since continues after a cursor of an earlier read of the same object; "" reads everything.
	Since Cursor
	// Order is a wish, honoured only together with Limit.
	Order []Order
	// Limit is the most records wanted; 0: no limit.
	Limit int
	// Deleted asks for records that were deleted since the cursor too, where the reader can tell.
	Deleted bool
}

// Cursor is a connector's own resume position, opaque to everybody else.
type Cursor string

// Order is one sort key. Empties come last either way; ties are broken by the object's key.
type Order struct {
	Field      string
	Descending bool
}

// Pred is a condition on one record: And, Or, Not, Compare, In, Null or TextTest.
type Pred interface{ pred() }

type (
	// And and Or hold for all, or any, of their parts. An empty And is true, an empty Or false.
	And []Pred
	Or  []Pred
	// Not holds where X does not.
	Not struct{ X Pred }
	// Compare holds where Field Op Value. An empty field satisfies only Ne, and Eq with Null.
	Compare struct {
		Field string
		Op    Op
		Value Operand
	}
	// In holds where the field equals one of the values.
	In struct {
		Field  string
		Values []value.Value
	}
	// Null holds where the field is empty, or is not.
	Null struct {
		Field string
		Not   bool
	}
	// TextTest holds where the text field stands so to the value.
	TextTest struct {
		Field string
		Test  Test
		Value Operand
	}
	// Includes holds where the multi-picklist field holds the value.
	Includes struct {
		Field string
		Value Operand
	}
)

func (And) pred()      {}
func (Or) pred()       {}
func (Not) pred()      {}
func (Compare) pred()  {}
func (In) pred()       {}
func (Null) pred()     {}
func (TextTest) pred() {}
func (Includes) pred() {}

// Operand is a constant, or (Param > 0) the Param-th value that is known when the run starts,
// such as today(). Bind replaces parameters; readers see constants only.
type Operand struct {
	Const value.Value
	Param int
}

// Const makes a constant operand.
func Const(v value.Value) Operand { return Operand{Const: v} }

// Op is a comparison.
type Op uint8

const (
	Eq Op = iota
	Ne
	Lt
	Le
	Gt
	Ge
)

func (o Op) String() string { return [...]string{"=", "!=", "<", "<=", ">", ">="}[o] }

// Test is a test of a text.
type Test uint8

const (
	Prefix Test = iota
	Suffix
	Contains
)

func (t Test) String() string { return [...]string{"starts with", "ends with", "contains"}[t] }

// Bind gives the predicate with its parameters replaced; params[i] is parameter i+1.
func Bind(p Pred, params []value.Value) Pred {
	operand := func(o Operand) Operand {
		if o.Param > 0 {
			return Const(params[o.Param-1])
		}
		return o
	}
	switch p := p.(type) {
	case And:
		out := make(And, len(p))
		for i, x := range p {
			out[i] = Bind(x, params)
		}
		return out
	case Or:
		out := make(Or, len(p))
		for i, x := range p {
			out[i] = Bind(x, params)
		}
		return out
	case Not:
		return Not{Bind(p.X, params)}
	case Compare:
		p.Value = operand(p.Value)
		return p
	case TextTest:
		p.Value = operand(p.Value)
		return p
	case Includes:
		p.Value = operand(p.Value)
		return p
	}
	return p
}

// Match evaluates the predicate on a record of the layout. Fields that the layout lacks are empty.
func Match(p Pred, layout *value.Layout, r value.Record) bool {
	at := func(field string) value.Value { return r.At(layout.Slot(field)) }
	switch p := p.(type) {
	case nil:
		return true
	case And:
		for _, x := range p {
			if !Match(x, layout, r) {
				return false
			}
		}
		return true
	case Or:
		for _, x := range p {
			if Match(x, layout, r) {
				return true
			}
		}
		return false
	case Not:
		return !Match(p.X, layout, r)
	case Compare:
		return compare(at(p.Field), p.Op, p.Value.Const)
	case In:
		v := at(p.Field)
		for _, x := range p.Values {
			if value.Equal(v, x) {
				return true
			}
		}
		return false
	case Null:
		return at(p.Field).IsNull() != p.Not
	case TextTest:
		v, x := at(p.Field), p.Value.Const
		if v.IsNull() || x.IsNull() {
			return false
		}
		switch p.Test {
		case Prefix:
			return strings.HasPrefix(v.AsText(), x.AsText())
		case Suffix:
			return strings.HasSuffix(v.AsText(), x.AsText())
		}
		return strings.Contains(v.AsText(), x.AsText())
	case Includes:
		for _, item := range at(p.Field).AsList() {
			if value.Equal(item, p.Value.Const) {
				return true
			}
		}
	}
	return false
}

func compare(v value.Value, op Op, x value.Value) bool {
	switch op {
	case Eq:
		return value.Equal(v, x)
	case Ne:
		return !value.Equal(v, x)
	}
	if v.IsNull() || x.IsNull() {
		return false
	}
	c := value.Compare(v, x)
	switch op {
	case Lt:
		return c < 0
	case Le:
		return c <= 0
	case Gt:
		return c > 0
	}
	return c >= 0
}

// Fields lists the field paths that a predicate reads, in order of first mention.
func Fields(p Pred) []string {
	var out []string
	seen := map[string]bool{}
	add := func(f string) {
		if !seen[f] {
			seen[f] = true
			out = append(out, f)
		}
	}
	var walk func(Pred)
	walk = func(p Pred) {
		switch p := p.(type) {
		case And:
			for _, x := range p {
				walk(x)
			}
		case Or:
			for _, x := range p {
				walk(x)
			}
		case Not:
			walk(p.X)
		case Compare:
			add(p.Field)
		case In:
			add(p.Field)
		case Null:
			add(p.Field)
		case TextTest:
			add(p.Field)
		case Includes:
			add(p.Field)
		}
	}
	walk(p)
	return out
}
