package syntax

import (
	"github.com/syncline/syncline/lang/diag"
	"github.com/syncline/syncline/lang/span"
)

// varsFile describes a NAME.vars.hcl: values of variables, and nothing else.
var varsFile = &BlockSpec{
	Doc:  "Values of a project's variables.",
	Free: &AttrSpec{Form: Literal, Doc: "The value of the variable of this name."},
}

// ParseVars reads a NAME.vars.hcl: lines NAME = "TEXT", NAME = 5, NAME = true. The values are those of --var.
func ParseVars(name string, src []byte) (map[string]string, diag.List) {
	p := &parser{file: span.NewFile(name, src), src: src, grammar: varsFile}
	vars := map[string]string{}
	if body, ok := p.hcl(); ok {
		root := &Block{Range: p.whole()}
		p.body(body, varsFile, root)
		for _, a := range root.Attrs {
			switch v := a.Value.(type) {
			case *Quoted:
				vars[a.Name] = v.Text
			case *Const:
				vars[a.Name] = v.Literal
			}
		}
	}
	p.diags.Sort()
	return vars, p.diags
}
