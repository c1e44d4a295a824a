package check

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/syncline/syncline/lang/diag"
	"github.com/syncline/syncline/lang/expr"
	"github.com/syncline/syncline/lang/resolve"
	"github.com/syncline/syncline/lang/schema"
	"github.com/syncline/syncline/lang/span"
)

// Memo remembers checked rules, with what the planner made of them, so that a project of which one file changed is
// compiled again in a fraction of the time. A rule is the same one when its block stands in the same reading of its file
// (files that did not change are kept between loads), when all it can see beside its own words is the same (around), and
// when the other rules that it stands on are the same.
//
// Only rules without an error are remembered, and what the last check did not use is forgotten. The zero value is empty;
// it serves several goroutines.
type Memo struct {
	mu     sync.Mutex
	around around
	rules  map[ruleKey]*kept
}

// ruleKey names a rule. With for_each several stand in one place.
type ruleKey struct {
	at   span.Range
	name string
}

// rule is a checked *Sync, *Track or *Trigger. It is not changed after its own check, for several checks may use it at
// once: what is found over all rules is noted in the program.
type rule interface{ sound() bool }

func (s *Sync) sound() bool    { return !s.Failed }
func (t *Track) sound() bool   { return !t.Failed }
func (t *Trigger) sound() bool { return !t.Failed }

// kept is a checked rule, what it stood on, and what was found in it.
type kept struct {
	rule  rule
	on    []any
	found diag.List
}

// around is all that a rule can see of a project beside its own block and other rules. It holds what it names by address,
// so that nothing else takes that address.
type around struct {
	catalogs map[string]*schema.Catalog
	systems  map[string]*schema.Sending
	// connections are the places of their blocks: who else reads a file has another *span.File.
	connections []span.Range
	// inputs says all of tables and variables.
	inputs string
	tables []*expr.Table
	vars   []expr.Var
}

func (a around) equal(b around) bool {
	return maps.Equal(a.catalogs, b.catalogs) && maps.Equal(a.systems, b.systems) && slices.Equal(a.connections, b.connections) && a.inputs == b.inputs
}

// around is what the rules of this check can see.
func (c *checker) around() around {
	a := around{catalogs: maps.Clone(c.in.Catalogs), inputs: c.inputsKey(), tables: c.program.Tables, vars: c.program.Vars}
	if c.in.Systems != nil {
		a.systems = map[string]*schema.Sending{}
		for name, s := range c.in.Systems {
			a.systems[name] = s.Send
		}
	}
	for _, conn := range c.module.Connections {
		a.connections = append(a.connections, conn.Range)
	}
	return a
}

// inputsKey says what the expressions of all rules have in common: tables and variables.
func (c *checker) inputsKey() string {
	var b strings.Builder
	for _, t := range c.program.Tables {
		fmt.Fprintf(&b, "table %q %v %v %s\n", t.Name, t.IgnoreCase, t.Lost, place(t.Range))
		for _, k := range t.Keys {
			fmt.Fprintf(&b, " %q %x\n", k, t.Rows[k].AppendBinary(nil))
		}
		if t.Default != nil {
			fmt.Fprintf(&b, " default %x\n", t.Default.AppendBinary(nil))
		}
	}
	for _, v := range c.program.Vars {
		fmt.Fprintf(&b, "var %q %x %v %s\n", v.Name, v.Value.AppendBinary(nil), v.Unset, place(v.Range))
	}
	return b.String()
}

// place says where something stands: in this very reading of the file.
func place(r span.Range) string { return fmt.Sprintf("%p:%d:%d", r.File, r.Start, r.End) }

// recalled is the memory of one check: what the checks before it left, and what it leaves itself.
type recalled struct {
	memo     *Memo
	around   around
	old, now map[ruleKey]*kept
}

// recall begins the memory of a check whose tables, variables and connections are known.
func (c *checker) recall() {
	m := c.in.Memo
	if m == nil {
		return
	}
	c.memory = &recalled{memo: m, around: c.around(), now: map[ruleKey]*kept{}}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.around.equal(c.memory.around) {
		c.memory.old = m.rules
	}
}

// leave ends a check: what it used is what the next one finds.
func (r *recalled) leave() {
	if r == nil {
		return
	}
	r.memo.mu.Lock()
	defer r.memo.mu.Unlock()
	r.memo.around, r.memo.rules = r.around, r.now
}

// remembered checks a rule, or recalls it. on is what it stands on beside its own block and what is around: comparable
// values, of which those that are pointers are held.
func remembered[R rule](c *checker, at span.Range, name string, on []any, check func() R) R {
	if c.memory == nil {
		return check()
	}
	key := ruleKey{at, name}
	if k := c.memory.old[key]; k != nil && slices.Equal(k.on, on) {
		c.memory.now[key] = k
		c.diags = append(c.diags, k.found...)
		return k.rule.(R)
	}
	before := len(c.diags)
	r := check()
	if r.sound() {
		c.memory.now[key] = &kept{r, on, slices.Clone(c.diags[before:])}
	}
	return r
}

// standsOn are the tracks whose history a trigger can read and the syncs that it applies, beside what it waits for.
func (c *checker) standsOn(d *resolve.Trigger) []any {
	out := waits(d.After, d.Requires)
	for _, t := range c.program.Tracks {
		out = append(out, t)
	}
	for _, a := range d.Actions() {
		if a.Apply != nil {
			out = append(out, *a.Apply, c.program.sync(a.Apply.Name))
		}
	}
	return out
}

// waits are what a rule waits for, as far as it does not stand in its own block: one reference can name several rules.
func waits(after, requires []resolve.Reference) []any {
	out := make([]any, 0, len(after)+len(requires)+1)
	for _, r := range after {
		out = append(out, r)
	}
	out = append(out, "requires")
	for _, r := range requires {
		out = append(out, r)
	}
	return out
}
