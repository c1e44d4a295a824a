package lang

import (
	"fmt"
	"testing"
)

// A cached load gives what an uncached one does, whatever was loaded before.
func TestACachedLoadIsALoad(t *testing.T) {
	files, _ := bigProject()
	files = files[:20]
	broken := Source{"broken.sync.hcl", []byte("sync \"a\" {\n  from = \n}\n")}
	edited := append([]Source(nil), files...)
	edited[3] = Source{files[3].Name, append([]byte("# edited\n"), files[3].Text...)}
	var c Cache
	for i, set := range [][]Source{files, files, append(files[:10:10], broken), edited, files[2:], {broken}, {broken}, nil, files} {
		m, diags := c.Load(set)
		want, wanted := Load(set)
		if got, want := fmt.Sprint(diags), fmt.Sprint(wanted); got != want {
			t.Fatalf("load %d: %s, want %s", i, got, want)
		}
		if len(m.Syncs) != len(want.Syncs) || m.Hash != want.Hash {
			t.Fatalf("load %d: %d rules, %s", i, len(m.Syncs), m.Hash)
		}
		m.Syncs = nil // what one load's owner does is not seen by the next
	}
}
