package runtime

import (
	"context"
	"path/filepath"
	"strings"
	"testing"

	"github.com/syncline/syncline/connectors/memory"
	"github.com/syncline/syncline/lang/value"
)

// The file with values of variables is taken in while serving, as rules are; one that is wrong changes nothing.
func TestValuesOfVariablesAreReloaded(t *testing.T) {
	p := newPlant(t, 1, 4)
	p.write("v.sync.hcl", "variable \"suffix\" {\n}\nvariable \"other\" {\n  default = \"o\"\n}\n")
	p.write("a.sync.hcl", ruleText("a", 0, "F2 = \"source.F2 + vars.suffix + vars.other\"", manual))
	p.write("prod.vars.hcl", "suffix = \"-one\"\nother = \"x\"\n")
	p.write("test.vars.hcl", "suffix = \"-test\"\n")
	p.options = func(o *Options) {
		o.VarsFile = filepath.Join(p.dir, "prod.vars.hcl")
		o.Vars = map[string]string{"other": "!"} // as --var says: it goes before
	}
	p.cs.Put("From0", memory.Map{"Id": value.Text("r"), "F1": value.Text("key r"), "F2": value.Text("v")})
	s, stop := p.serve()
	p.runs(s, "sync.a")
	if !p.has("r", "v-one!") {
		t.Fatal(p.targets())
	}
	reloaded := func() (bool, string) {
		r := s.Status(context.Background()).Reload
		return r.OK, r.Error
	}
	revision := func() string { return s.Status(context.Background()).Revision }
	before := s.Status(context.Background()).Reload.At
	p.write("test.vars.hcl", "suffix = \"-other\"\n") // is none of ours
	p.write("prod.vars.hcl", "suffix = \"-two\"\n")
	p.eventually("the new value is in force", func() bool { return s.Status(context.Background()).Reload.At.After(before) })
	p.runs(s, "sync.a")
	if !p.has("r", "v-two!") {
		t.Fatal(p.targets())
	}

	// What cannot be read, or lacks a value, leaves the values in force, and says why.
	good := revision()
	for _, wrong := range []struct{ text, why string }{{"suffix = \n", "prod.vars.hcl"}, {"suffix = source.A\n", "prod.vars.hcl"}} {
		p.write("prod.vars.hcl", wrong.text)
		p.eventually("it is told what is wrong", func() bool { ok, why := reloaded(); return !ok && strings.Contains(why, wrong.why) })
	}
	p.write("prod.vars.hcl", "# nothing\n")
	p.eventually("a value is missing", func() bool { ok, why := reloaded(); return !ok && why == "" })
	if revision() != good {
		t.Fatal("another set is in force")
	}
	stop()

	// A start with such a file runs what ran before, with its values.
	s, stop = p.serve()
	if ok, _ := reloaded(); ok {
		t.Fatal("a file without the value was taken")
	}
	p.cs.Put("From0", memory.Map{"Id": value.Text("s"), "F1": value.Text("key s"), "F2": value.Text("w")})
	p.runs(s, "sync.a")
	if !p.has("s", "w-two!") {
		t.Fatal(p.targets())
	}
	p.write("prod.vars.hcl", "suffix = \"-three\"\n")
	p.eventually("it is mended", func() bool { ok, _ := reloaded(); return ok })
	stop()
}
