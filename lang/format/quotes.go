package format

import (
	"cmp"
	"slices"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
)

// addQuotes puts bare labels and the bare keys of tables in quotes.
func addQuotes(src []byte) []byte {
	file, _ := hclsyntax.ParseConfig(src, "", hcl.Pos{Line: 1, Column: 1})
	body, ok := file.Body.(*hclsyntax.Body)
	if !ok {
		return src
	}
	var bare []hcl.Range
	bareLabels(src, body, &bare)
	for _, b := range body.Blocks {
		if b.Type == "table" {
			bareKeys(src, b.Body.Attributes["rows"], &bare)
		}
	}
	slices.SortFunc(bare, func(a, b hcl.Range) int { return cmp.Compare(a.Start.Byte, b.Start.Byte) })
	out := make([]byte, 0, len(src)+2*len(bare))
	at := 0
	for _, r := range bare {
		out = append(out, src[at:r.Start.Byte]...)
		out = append(out, '"')
		out = append(out, src[r.Start.Byte:r.End.Byte]...)
		out = append(out, '"')
		at = r.End.Byte
	}
	return append(out, src[at:]...)
}

func bareLabels(src []byte, body *hclsyntax.Body, out *[]hcl.Range) {
	for _, b := range body.Blocks {
		for _, r := range b.LabelRanges {
			if src[r.Start.Byte] != '"' {
				*out = append(*out, r)
			}
		}
		bareLabels(src, b.Body, out)
	}
}

func bareKeys(src []byte, rows *hclsyntax.Attribute, out *[]hcl.Range) {
	if rows == nil {
		return
	}
	object, ok := rows.Expr.(*hclsyntax.ObjectConsExpr)
	if !ok {
		return
	}
	for _, item := range object.Items {
		key, ok := item.KeyExpr.(*hclsyntax.ObjectConsKeyExpr)
		if !ok || key.ForceNonLiteral {
			continue
		}
		r := key.Range()
		if hclsyntax.ValidIdentifier(string(src[r.Start.Byte:r.End.Byte])) {
			*out = append(*out, r)
		}
	}
}
