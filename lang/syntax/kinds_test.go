package syntax_test

import (
	"testing"

	"github.com/syncline/syncline/lang/schema"
	"github.com/syncline/syncline/lang/syntax"
)

// The kinds that a column can be declared as are those of schemas.
func TestColumnKinds(t *testing.T) {
	for i, name := range syntax.ColumnKinds {
		if k, ok := schema.ParseKind(name); !ok || int(k) != i {
			t.Errorf("%q is no kind, or not the kind number %d", name, i)
		}
	}
	if _, more := schema.ParseKind(schema.Phone.String()); !more || len(syntax.ColumnKinds) != int(schema.Phone)+1 {
		t.Error("schemas have other kinds than columns")
	}
}
