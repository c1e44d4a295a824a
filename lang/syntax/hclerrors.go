package syntax

import (
	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
)

func (p *parser) reword(broken []*hcl.Diagnostic, tokens hclsyntax.Tokens) {
	for _, d := range broken {
		r := p.whole()
		if d.Subject != nil {
			r = p.rng(*d.Subject)
		}
		p.add(failure("SYN100", "Syntax error", r, "", "%s: %s", d.Summary, d.Detail))
	}
}
