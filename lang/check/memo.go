package check

import (
	"fmt"
	"strings"
	"sync"

	"github.com/syncline/syncline/lang/diag"
	"github.com/syncline/syncline/lang/expr"
	"github.com/syncline/syncline/lang/schema"
	"github.com/syncline/syncline/lang/span"
	"github.com/syncline/syncline/lang/syntax"
)

// Memo remembers checked expressions, so that a project of which one file changed is checked again in a fraction of the
// time. An expression is the same one when it is the very value of a parsed file (which is kept between loads) and its
// scope says the same: the same records on the same schemas, tables, variables, conditions that hold.
//
// What the last check did not use is forgotten. The zero value is empty; it serves several goroutines.
type Memo struct {
	mu       sync.Mutex
	old, now map[memoKey]memoEntry
}

type memoKey struct {
	scope     string
	value     syntax.Value
	condition bool
	field     *schema.Field
}

// memoEntry is a result. It holds the scope, so that nothing that the key names by its address makes room for another.
type memoEntry struct {
	scope   *expr.Scope
	checked *expr.Checked
	diags   diag.List
}

// check is env.Check, remembered.
func (m *Memo) check(c *checker, env *expr.Env, v syntax.Value, src expr.Source, want expr.Want) (*expr.Checked, diag.List) {
	if m == nil {
		return env.Check(src, want)
	}
	key := memoKey{c.scopeKey(env), v, want.Condition, want.Field}
	m.mu.Lock()
	e, ok := m.old[key]
	if !ok {
		e, ok = m.now[key]
	}
	m.mu.Unlock()
	if !ok {
		e = memoEntry{scope: env.Scope()}
		e.checked, e.diags = env.Check(src, want)
	}
	m.mu.Lock()
	if m.now == nil {
		m.now = map[memoKey]memoEntry{}
	}
	m.now[key] = e
	m.mu.Unlock()
	diags := make(diag.List, len(e.diags))
	for i, d := range e.diags {
		own := *d
		diags[i] = &own
	}
	return e.checked, diags
}

// turn ends a check: what it used is what the next one finds.
func (m *Memo) turn() {
	if m == nil {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.old, m.now = m.now, nil
}

// scopeKey says all that a scope holds. Schemas and conditions are named by address: they are remembered themselves.
func (c *checker) scopeKey(env *expr.Env) string {
	if key, ok := c.keys[env]; ok {
		return key
	}
	s := env.Scope()
	var b strings.Builder
	for _, r := range s.Roots {
		fmt.Fprintf(&b, "%q %p %p %v %s\n", r.Name, r.Object, r.Catalog, r.Optional, place(r.Range))
	}
	b.WriteString(c.worldKey())
	for _, t := range s.Tracks {
		fmt.Fprintf(&b, "track %+v\n", t)
	}
	if s.Each != nil {
		fmt.Fprintf(&b, "each %q %x\n", s.Each.Key, s.Each.Value.AppendBinary(nil))
	}
	fmt.Fprintf(&b, "zone %s\n", s.Zone)
	for _, g := range s.Given {
		fmt.Fprintf(&b, "given %p\n", g)
	}
	fmt.Fprintf(&b, "hints %q\n", fmt.Sprint(s.Hints))
	if c.keys == nil {
		c.keys = map[*expr.Env]string{}
	}
	c.keys[env] = b.String()
	return c.keys[env]
}

// worldKey says what all scopes have in common: tables and variables.
func (c *checker) worldKey() string {
	if c.world != "" {
		return c.world
	}
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
	c.world = b.String() + "world\n"
	return c.world
}

// place says where something stands: in this very reading of the file.
func place(r span.Range) string { return fmt.Sprintf("%p:%d:%d", r.File, r.Start, r.End) }
