package builtin_test

import (
	"testing"

	"github.com/syncline/syncline/connectors"
	"github.com/syncline/syncline/connectors/builtin"
	"github.com/syncline/syncline/lang/schema"
)

// Each connector is there under its own name, and says of itself what `lint` and the documentation print.
func TestRegistry(t *testing.T) {
	r := builtin.Registry()
	for _, name := range []string{"salesforce", "gainsight", "file", "sqlite", "postgres", "mysql", "slack", "smtp", "http"} {
		typ, ok := r[name]
		if !ok {
			t.Errorf("there is no connector %q", name)
			continue
		}
		if typ.Name != name || typ.Doc == "" || typ.Open == nil {
			t.Errorf("%s: the type is not whole: name %q, doc %q", name, typ.Name, typ.Doc)
		}
		if typ.Sends != (typ.Send != nil) {
			t.Errorf("%s: Sends is %v, and Send says otherwise", name, typ.Sends)
		}
		for _, list := range [][]schema.Setting{typ.Settings, typ.Objects} {
			seen := map[string]bool{}
			for _, s := range list {
				if s.Name == "" || seen[s.Name] {
					t.Errorf("%s: the setting %q has no name of its own", name, s.Name)
				}
				seen[s.Name] = true
			}
		}
	}
}

// A connection block without settings is refused, or opened; it never panics.
func TestOpenEmpty(t *testing.T) {
	for name, typ := range builtin.Registry() {
		conn, err := typ.Open(t.Context(), connectors.Config{Name: "x", Settings: connectors.Settings{}, Dir: t.TempDir()})
		if err == nil {
			if err := conn.Close(); err != nil {
				t.Errorf("%s: Close: %v", name, err)
			}
			continue
		}
		if err.Error() == "" {
			t.Errorf("%s: an error without a message", name)
		}
	}
}
