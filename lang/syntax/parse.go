package syntax

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"

	"github.com/syncline/syncline/lang/diag"
	"github.com/syncline/syncline/lang/span"
)

// Parse reads one file. The File is never nil; what could not be read is missing in it or a Bad value. After
// a syntax error it is Broken and has no blocks, and the list tells of syntax alone.
func Parse(name string, src []byte) (*File, diag.List) {
	return parse(&parser{file: span.NewFile(name, src), src: src, grammar: grammar})
}

func parse(p *parser) (*File, diag.List) {
	out := &File{File: p.file}
	body, ok := p.hcl()
	if !ok {
		out.Broken, out.Lost = true, lostIn(p.src)
		p.diags.Sort()
		return out, p.diags
	}
	root := &Block{Range: p.whole()}
	p.body(body, p.grammar, root)
	out.Blocks, out.Lost = root.Blocks, p.lost
	p.diags.Sort()
	return out, p.diags
}

// Check tells whether a file can be read as far as HCL goes: what Parse says of syntax, and nothing of blocks,
// attributes and values. An empty list means that the file has a tree.
func Check(name string, src []byte) diag.List {
	p := &parser{file: span.NewFile(name, src), src: src, grammar: grammar}
	p.hcl()
	p.diags.Sort()
	return p.diags
}

// parser holds the state of one Parse.
type parser struct {
	file  *span.File
	src   []byte
	diags diag.List
	// grammar describes the file.
	grammar *BlockSpec
	// redefined are the places of attributes that HCL dropped because their name was there already, in
	// order. They are ours to report, by the body they stand in.
	redefined []redefinition
	lost      []Lost
	// work is the source with its syntax errors written over, byte for byte; spoilt are the places, and names
	// counts the names among them.
	work   []byte
	spoilt []span.Range
	names  int
	tokens int // of a file with syntax errors: what parsing it again costs
}

func (p *parser) add(d *diag.Diagnostic) { p.diags = append(p.diags, d) }

func (p *parser) rng(r hcl.Range) span.Range {
	end := min(r.End.Byte, len(p.src))
	return span.Range{File: p.file, Start: min(r.Start.Byte, end), End: end}
}

func (p *parser) whole() span.Range { return span.Range{File: p.file, End: len(p.src)} }

// hcl runs HCL's parser. It is false when the tree must not be trusted.
func (p *parser) hcl() (body *hclsyntax.Body, ok bool) {
	if !p.preflight() {
		return nil, false
	}
	// The preflight keeps HCL from what is known to break it. A panic beyond that is a bug of the parser, and
	// the author still deserves a message with the file's name.
	defer func() {
		if r := recover(); r != nil {
			p.diags = diag.List{errParserFailed(p.whole(), fmt.Sprint(r))}
			body, ok = nil, false
		}
	}()
	return p.parseRepairing()
}

// body converts the content of a block along its description.
func (p *parser) body(b *hclsyntax.Body, spec *BlockSpec, into *Block) {
	for _, n := range b.Blocks {
		p.block(n, b, spec, into)
	}
	attrs := make([]*hclsyntax.Attribute, 0, len(b.Attributes))
	for _, a := range b.Attributes {
		attrs = append(attrs, a)
	}
	slices.SortFunc(attrs, func(a, b *hclsyntax.Attribute) int {
		return cmp.Compare(a.SrcRange.Start.Byte, b.SrcRange.Start.Byte)
	})
	for _, a := range attrs {
		p.attribute(a, b, spec, into)
	}
	p.duplicateAttributes(b)
	p.duplicateBlocks(spec, into)
	p.missing(spec, into)
}

// meant gives the name that a misspelt one in a body is taken for, once that was reported, "" for none: what would be missing
// otherwise is no mistake of its own.
func meant(d *diag.Diagnostic, in *hclsyntax.Body) string {
	if in.Attributes[d.Suggestion] != nil || slices.ContainsFunc(in.Blocks, func(b *hclsyntax.Block) bool { return b.Type == d.Suggestion }) {
		return "" // it is written too
	}
	return d.Suggestion
}

// attribute converts `NAME = VALUE`; one that the grammar does not know is reported, and left out unless it is misspelt.
func (p *parser) attribute(a *hclsyntax.Attribute, in *hclsyntax.Body, spec *BlockSpec, into *Block) {
	name, key := p.rng(a.NameRange), a.Name
	if p.isSpoilt(name) {
		return
	}
	as := spec.Attr(a.Name)
	_, object := a.Expr.(*hclsyntax.ObjectConsExpr)
	if b := spec.Block(a.Name); b != nil && !b.Later && (as == nil || object) {
		p.add(p.errBlockAsAttribute(b, name, a))
		return
	} else if b != nil && b.Later {
		p.add(errLater(a.Name, name))
		return
	}
	if as == nil {
		as = spec.Free
	}
	if as == nil {
		d := errUnknownAttribute(spec, a.Name, name)
		p.add(d)
		key = meant(d, in)
		if as = spec.Attr(key); as == nil || as.Later {
			return
		}
	}
	if as.Later {
		p.add(errLater(a.Name, name))
		return
	}
	into.Attrs = append(into.Attrs, &Attr{
		Name: key, NameRange: name,
		Value: p.value(a.Expr, as, key),
		Range: p.rng(a.SrcRange),
	})
}

// block converts a nested block; one that the grammar does not know is reported, and left out, with all in it, unless it is
// misspelt.
func (p *parser) block(n *hclsyntax.Block, in *hclsyntax.Body, parent *BlockSpec, into *Block) {
	typ, full, key := p.rng(n.TypeRange), p.blockRange(n), n.Type
	spec := parent.Block(n.Type)
	if spec == nil || spec.Later {
		switch {
		case spec != nil:
			p.add(errLater(n.Type, typ))
		case parent.Attr(n.Type) != nil || parent.Free != nil && parent.Hints[n.Type] == "" && len(n.Labels) == 0:
			p.add(errAttributeAsBlock(parent, n.Type, typ))
		default:
			d := errUnknownBlock(parent, n.Type, typ)
			p.add(d)
			if parent != p.grammar {
				key = meant(d, in)
				spec = parent.Block(key)
			}
		}
	}
	if spec == nil || spec.Later {
		p.dropRedefined(full)
		if parent == p.grammar {
			p.lost = append(p.lost, lost(n.Type, n.Labels))
		}
		return
	}
	b := &Block{Type: key, TypeRange: typ, Range: full}
	b.Header = span.Range{File: p.file, Start: typ.Start, End: typ.End}
	for i, text := range n.Labels {
		r := p.rng(n.LabelRanges[i])
		b.Labels = append(b.Labels, Label{Text: text, Range: r})
		b.Header.End = r.End
	}
	p.labels(spec, b)
	p.body(n.Body, spec, b)
	into.Blocks = append(into.Blocks, b)
}

func (p *parser) blockRange(n *hclsyntax.Block) span.Range {
	return span.Range{File: p.file, Start: n.TypeRange.Start.Byte, End: min(n.CloseBraceRange.End.Byte, len(p.src))}
}

// labels checks the number of labels against the description.
func (p *parser) labels(spec *BlockSpec, b *Block) {
	least := 0
	for _, l := range spec.Labels {
		if !l.Optional {
			least++
		}
	}
	if len(b.Labels) < least || len(b.Labels) > len(spec.Labels) {
		p.add(errLabels(spec, b))
	}
}
