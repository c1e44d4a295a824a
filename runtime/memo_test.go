package runtime

import (
	"context"
	"fmt"
	"path/filepath"
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
	values := []string{"suffix = \"x\"\n", "suffix = \"z\"\n", "# none\n"}
	reacts := []string{watchText("c", "new.F0 == vars.suffix", manual), watchText("c", "new.F0 == each.value", manual, `for_each = ["a", "b"]`),
		watchText("c", "new.F0 == each.value", manual, `for_each = { a = "b", b = "b" }`), watchText("c", "history.seen.count() > 3", manual),
		watchText("c", "new.F0 == 'a'", manual, `where = "new.F1 == 'b'"`)}
	tracks := []string{"track \"seen\" {\n  on = cs.From0\n  value = \"size(source.F1)\"\n  keep = \"30d\"\n}\n",
		"track \"seen\" {\n  on = cs.From0\n  value = \"size(source.F2)\"\n  keep = \"9d\"\n}\n", "# none\n"}
	rapid.Check(t, func(rt *rapid.T) {
		p := newPlant(t, 2, 4)
		p.write("prod.vars.hcl", "# none\n")
		p.options = func(o *Options) { o.VarsFile = filepath.Join(p.dir, "prod.vars.hcl") }
		defer p.store.Close()
		warm := p.runtime()
		defer warm.Close()
		var have known
		for range rapid.IntRange(2, 10).Draw(rt, "edits") {
			name := rapid.SampledFrom([]string{"a", "b"}).Draw(rt, "rule")
			switch rapid.IntRange(0, 6).Draw(rt, "what") {
			case 0:
				p.write("head.sync.hcl", rapid.SampledFrom(heads).Draw(rt, "head"))
			case 1:
				p.write("table.sync.hcl", rapid.SampledFrom(tables).Draw(rt, "table"))
			case 2:
				p.write("prod.vars.hcl", rapid.SampledFrom(values).Draw(rt, "values"))
			case 3:
				p.write("c.sync.hcl", rapid.SampledFrom(reacts).Draw(rt, "trigger"))
			case 4:
				p.write("track.sync.hcl", rapid.SampledFrom(tracks).Draw(rt, "track"))
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
			for i, x := range c.Set.Triggers {
				if w := want.Set.Triggers[i]; x.Fingerprint != w.Fingerprint || x.Meaning != w.Meaning || x.Population != w.Population || x.ID() != w.ID() {
					rt.Fatalf("%s: %s %s, want %s %s", x.ID(), x.Fingerprint, x.Meaning, w.Fingerprint, w.Meaning)
				}
			}
			if len(c.Set.Syncs) != len(want.Set.Syncs) || len(c.Set.Triggers) != len(want.Set.Triggers) {
				rt.Fatalf("%d rules, want %d", len(c.Set.Syncs), len(want.Set.Syncs))
			}
		}
	})
}
