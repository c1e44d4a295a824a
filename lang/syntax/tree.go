package syntax

import "github.com/syncline/syncline/lang/span"

// File is one parsed file: its top-level blocks in source order.
type File struct {
	*span.File
	Blocks []*Block
	// Broken: the file could not be read as HCL; it has no Blocks.
	Broken bool
	// Lost are the declarations of a broken file and of top-level blocks that were left out, as far as their
	// headers can be read. Names that they declare are not unknown, and what the file mentions is not unused.
	Lost []Lost
}

// Lost is a declaration that was reported and left out. Type is "" when it could be of any kind.
type Lost struct {
	Type, Name string
}

// Block is `TYPE "LABEL" … { … }`.
type Block struct {
	Type      string
	TypeRange span.Range
	Labels    []Label
	Attrs     []*Attr  // in source order
	Blocks    []*Block // in source order
	// Header is the range of type and labels; Range is all of the block.
	Header, Range span.Range
}

// Label is a block label. Bare labels (sync x {) are allowed; the formatter quotes them.
type Label struct {
	Text  string
	Range span.Range
}

// Label gives the text of the i-th label, "" when there is none.
func (b *Block) Label(i int) string {
	if i >= len(b.Labels) {
		return ""
	}
	return b.Labels[i].Text
}

// Attr finds an attribute by name, nil when it is not written.
func (b *Block) Attr(name string) *Attr {
	for _, a := range b.Attrs {
		if a.Name == name {
			return a
		}
	}
	return nil
}

// Each lists the nested blocks of a type.
func (b *Block) Each(typ string) []*Block {
	var out []*Block
	for _, n := range b.Blocks {
		if n.Type == typ {
			out = append(out, n)
		}
	}
	return out
}

// One is the first nested block of a type, nil when there is none.
func (b *Block) One(typ string) *Block {
	for _, n := range b.Blocks {
		if n.Type == typ {
			return n
		}
	}
	return nil
}

// Attr is `NAME = VALUE`.
type Attr struct {
	Name      string
	NameRange span.Range
	Value     Value
	Range     span.Range
}

// Value is what stands to the right of an `=`, told by its spelling alone, nothing evaluated:
// Ref, Const, Quoted, Text, Env, List, Object or Bad.
type Value interface {
	Place() span.Range
}

type (
	// Ref is a bare reference: source.Health_Score__gc, crm.Account, source["odd name"].
	Ref struct {
		Steps []Step
		Range span.Range
	}
	// Step is one segment of a reference. Quoted: it was written ["…"].
	Step struct {
		Name   string
		Quoted bool
		Range  span.Range
	}
	// Const is a bare number, true, false or null. Literal is its source text, without spaces.
	Const struct {
		Kind    ConstKind
		Literal string
		Range   span.Range
	}
	// Quoted is a quoted string or heredoc, escapes decoded, margins removed, places kept.
	// In an expression attribute it is CEL; in a plain attribute it is a text.
	Quoted struct {
		span.Embedded
		Heredoc bool
		Range   span.Range // with the quotes
	}
	// Text is text("…{{ … }}…"): the argument, holes not yet parsed.
	Text struct {
		span.Embedded
		Heredoc bool
		Range   span.Range
	}
	// Env is env("NAME") or secret("NAME").
	Env struct {
		Name   string
		Secret bool
		Range  span.Range
	}
	// List is [ … ].
	List struct {
		Items []Value
		Range span.Range
	}
	// Object is { KEY = VALUE … }.
	Object struct {
		Items []Item
		Range span.Range
	}
	// Bad is a value that was reported already. It stands in the tree so that its attribute counts as
	// written; stages after this one leave it alone.
	Bad struct {
		Range span.Range
	}
	// Item is one entry of an Object. Keys are words or quoted texts.
	Item struct {
		Key      string
		KeyRange span.Range
		Value    Value
	}
)

// ConstKind is the kind of a Const.
type ConstKind uint8

const (
	NumberConst ConstKind = iota
	BoolConst
	NullConst
)

func (v *Ref) Place() span.Range    { return v.Range }
func (v *Const) Place() span.Range  { return v.Range }
func (v *Quoted) Place() span.Range { return v.Range }
func (v *Text) Place() span.Range   { return v.Range }
func (v *Env) Place() span.Range    { return v.Range }
func (v *List) Place() span.Range   { return v.Range }
func (v *Object) Place() span.Range { return v.Range }
func (v *Bad) Place() span.Range    { return v.Range }
