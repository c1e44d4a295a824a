package syntax

import (
	"slices"

	"github.com/hashicorp/hcl/v2/hclsyntax"

	"github.com/syncline/syncline/lang/span"
)

// redefinition is the place of an attribute that HCL dropped because its name was there already.
type redefinition struct {
	span.Range
	done bool // reported, or in a block that is not looked into
}

// redefinedIn visits what HCL dropped within a range and was not visited before. Nested bodies come before their
// parents, so what is left in the range of a body is its own.
func (p *parser) redefinedIn(within span.Range, visit func(span.Range)) {
	first, _ := slices.BinarySearchFunc(p.redefined, within.Start, func(r redefinition, at int) int { return r.Start - at })
	for i := first; i < len(p.redefined) && p.redefined[i].End <= within.End; i++ {
		if !p.redefined[i].done {
			p.redefined[i].done = true
			visit(p.redefined[i].Range)
		}
	}
}

func (p *parser) duplicateAttributes(b *hclsyntax.Body) {
	p.redefinedIn(p.rng(b.SrcRange), func(r span.Range) {
		if first := b.Attributes[r.Text()]; first != nil && !p.isSpoilt(r) {
			p.add(errDuplicateAttribute(r.Text(), r, p.rng(first.NameRange)))
		}
	})
}

// dropRedefined forgets duplicates in a block that is not looked into.
func (p *parser) dropRedefined(within span.Range) {
	p.redefinedIn(within, func(span.Range) {})
}

// duplicateBlocks reports blocks that may stand once, blocks of one kind with the same label, and a name that is
// written both as an attribute and as a block. Blocks at top level are compared across files, by resolve.
func (p *parser) duplicateBlocks(spec *BlockSpec, into *Block) {
	if spec == p.grammar {
		return
	}
	type key struct{ typ, label string }
	seen := map[key]*Block{}
	both := map[string]bool{}
	for _, b := range into.Blocks {
		if a := into.Attr(b.Type); a != nil && spec.Attr(b.Type) != nil && !both[b.Type] {
			both[b.Type] = true
			p.add(errAttributeAndBlock(b, a))
		}
		bs := spec.Block(b.Type)
		if bs.Repeats {
			continue
		}
		if len(b.Labels) == 0 && len(bs.Labels) > 0 && !bs.Labels[0].Optional {
			continue // its label is missing, and that was reported
		}
		k := key{b.Type, b.Label(0)}
		first, again := seen[k]
		switch {
		case !again:
			seen[k] = b
		case bs.Once:
			p.add(errBlockTwice(b, first))
		default:
			p.add(errDuplicateLabel(b, first))
		}
	}
}

// missing reports what the description requires and the block lacks.
func (p *parser) missing(spec *BlockSpec, b *Block) {
	for _, as := range spec.Attrs {
		if as.Required && b.Attr(as.Name) == nil && !p.wroteName(as.Name, b.Range) {
			p.add(errMissingAttribute(spec, as, b))
		}
	}
}

// wroteName tells whether a name stands in the range with something that could not be read, which was reported.
func (p *parser) wroteName(name string, within span.Range) bool {
	return slices.ContainsFunc(p.spoilt, func(r span.Range) bool {
		return r.Start >= within.Start && r.End <= within.End && r.Text() == name
	})
}
