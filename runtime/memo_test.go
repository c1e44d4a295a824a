package runtime

import (
	"context"
	"fmt"
	"testing"

	"pgregory.net/rapid"
)

// A compilation that remembers earlier ones gives what a fresh one gives, whatever the edits in between.
func TestARememberedCompilationIsAFreshOne(t *testing.T) {
	maps := []string{"F2 = source.F2", "F2 = source.F3", "F2 = \"source.F2 + vars.suffix\"", "F2 = \"table.tier(source.F2)\"", "F2 = source.Nonsense", "F2 = \"source.F2 ==\"",
		"F2 = \"source.F2 > 'a' ? source.F2 : null\"", "F3 = text(\"{{ source.F2 }} and {{ other.F3 }}\")"}
	more := []string{manual, "manual = true\n  where = \"source.F2 == 'A'\"", "manual = true\n  where = \"source.F3 != null\"", "manual = true\n  find \"other\" {\n    in = crm.To1\n    by = { F1 = source.F1 }\n  }",
		"manual = true\n  timezone = \"Europe/Berlin\""}
	heads := []string{"variable \"suffix\" {\n  default = \"x\"\n}\n", "variable \"suffix\" {\n  default = \"y\"\n}\n", ""}
	tables := []string{"table \"tier\" {\n  rows = { A = \"B\" }\n}\n", "table \"tier\" {\n  rows = { A = \"C\" }\n  default = null\n}\n", "# none\n"}
	rapid.Check(t, func(rt *rapid.T) {
		p := newPlant(t, 2, 4)
		defer p.store.Close()
		warm := p.runtime()
		defer warm.Close()
		var have known
		for range rapid.IntRange(2, 8).Draw(rt, "edits") {
			name := rapid.SampledFrom([]string{"a", "b"}).Draw(rt, "rule")
			switch rapid.IntRange(0, 3).Draw(rt, "what") {
			case 0:
				p.write("head.sync.hcl", rapid.SampledFrom(heads).Draw(rt, "head"))
			case 1:
				p.write("table.sync.hcl", rapid.SampledFrom(tables).Draw(rt, "table"))
			default:
				p.write(name+".sync.hcl", ruleText(name, int(name[0]-'a'), rapid.SampledFrom(maps).Draw(rt, "map"), rapid.SampledFrom(more).Draw(rt, "more")))
			}
			project, err := warm.ReadProject()
			if err != nil {
				rt.Fatal(err)
			}
			c, k, err := warm.recompile(context.Background(), project, have, nil)
			if err != nil {
				rt.Fatal(err)
			}
			have = k
			fresh := p.runtime()
			want, _, err := fresh.recompile(context.Background(), project, known{}, nil)
			fresh.Close()
			if err != nil {
				rt.Fatal(err)
			}
			if got, want := fmt.Sprint(c.Diagnostics), fmt.Sprint(want.Diagnostics); got != want {
				rt.Fatalf("%s\nwant\n%s", got, want)
			}
			for i, x := range c.Set.Syncs {
				if w := want.Set.Syncs[i]; x.Fingerprint != w.Fingerprint || x.Meaning != w.Meaning || x.ID() != w.ID() || len(x.Map) != len(w.Map) {
					rt.Fatalf("%s: %s %s, want %s %s", x.ID(), x.Fingerprint, x.Meaning, w.Fingerprint, w.Meaning)
				}
			}
			if len(c.Set.Syncs) != len(want.Set.Syncs) {
				rt.Fatalf("%d rules, want %d", len(c.Set.Syncs), len(want.Set.Syncs))
			}
		}
	})
}
