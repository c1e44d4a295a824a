package syntax_test

import (
	"testing"

	"github.com/syncline/syncline/lang/diag"
	"github.com/syncline/syncline/lang/diag/diagtest"
	"github.com/syncline/syncline/lang/syntax"
)

func TestDiagnostics(t *testing.T) {
	diagtest.Run(t, "testdata/*.txtar", func(t *testing.T, files []diagtest.File) (out diag.List) {
		for _, f := range files {
			_, diags := syntax.Parse(f.Name, f.Data)
			out = append(out, diags...)
		}
		return out
	})
}
