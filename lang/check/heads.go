package check

import (
	"slices"
	"strings"

	"github.com/syncline/syncline/lang/resolve"
	"github.com/syncline/syncline/lang/schema"
	"github.com/syncline/syncline/lang/syntax"
)

// A project names objects in places that need no schema (from, to, in), and reaches others through references
// in expressions (source.Owner.Email). Which those are shows only when the first are described, so Needs is asked
// again until it has nothing more.

// Needs lists, by connection, the objects that the rules use and the catalogs do not have yet. Objects that were
// asked for and do not exist are listed again: the caller remembers what it asked for.
func Needs(m *resolve.Module, have map[string]*schema.Catalog) map[string][]string {
	n := &needs{have: have, out: map[string][]string{}}
	for _, s := range m.Syncs {
		n.object(s.From)
		n.object(s.To)
		roots := map[string]resolve.Object{"source": s.From, "target": s.To}
		for _, f := range s.Finds {
			n.object(f.In)
			roots[f.Name] = f.In
		}
		values(s, func(v syntax.Value, it *resolve.Object) {
			for _, path := range paths(v) {
				root, ok := roots[path[0]]
				if path[0] == "it" && it != nil {
					root, ok = *it, true
				}
				if ok {
					n.path(root, path[1:])
				}
			}
		})
	}
	for name := range n.out {
		slices.Sort(n.out[name])
	}
	return n.out
}

type needs struct {
	have map[string]*schema.Catalog
	out  map[string][]string
}

func (n *needs) object(o resolve.Object) {
	if o.Connection != nil && o.Name != "" {
		n.add(o.Connection.Name, o.Name)
	}
}

func (n *needs) add(connection, object string) {
	if n.have[connection].Object(object) == nil && !slices.Contains(n.out[connection], object) {
		n.out[connection] = append(n.out[connection], object)
	}
}

// path follows the relationships of a path as far as they are known.
func (n *needs) path(root resolve.Object, steps []string) {
	if root.Connection == nil {
		return
	}
	catalog := n.have[root.Connection.Name]
	n.follow(root.Connection.Name, catalog, catalog.Object(root.Name), steps)
}

func (n *needs) follow(connection string, c *schema.Catalog, o *schema.Object, steps []string) {
	if o == nil || len(steps) < 2 || o.Field(strings.Join(steps, ".")) != nil {
		return
	}
	rel := o.Relation(steps[0])
	if rel == nil {
		return
	}
	for _, target := range rel.RefTo {
		n.add(connection, target)
		n.follow(connection, c, c.Object(target), steps[1:])
	}
}

// values visits every expression of a rule, with the object of `it` where there is one.
func values(s *resolve.Sync, visit func(v syntax.Value, it *resolve.Object)) {
	one := func(v syntax.Value, it *resolve.Object) {
		if v != nil {
			visit(v, it)
		}
	}
	lookup := func(m *resolve.Match, in resolve.Object) {
		for _, a := range m.By {
			for _, k := range a.Keys {
				one(k.Value, nil)
			}
		}
		one(m.Where, &in)
		one(m.OrderBy, &in)
	}
	one(s.Where, nil)
	for _, sch := range s.Schedules {
		one(sch.Where, nil)
	}
	for _, f := range s.Finds {
		lookup(&f.Match, f.In)
	}
	if s.Match != nil {
		lookup(s.Match, s.To)
	}
	for _, m := range s.Map {
		one(m.Value, nil)
	}
	for _, d := range []*resolve.Departure{s.OnLeave, s.OnDelete} {
		if d != nil {
			for _, m := range d.Set {
				one(m.Value, nil)
			}
		}
	}
}

// lookupHeads lists the first names of all paths in a lookup's expressions.
func lookupHeads(m *resolve.Match) (heads []string) {
	add := func(v syntax.Value) {
		for _, p := range paths(v) {
			heads = append(heads, p[0])
		}
	}
	for _, a := range m.By {
		for _, k := range a.Keys {
			add(k.Value)
		}
	}
	add(m.Where)
	add(m.OrderBy)
	return heads
}

// used marks what the expressions mention. Words decide, not checked expressions: what stands in an expression
// that does not check is used all the same.
func (c *checker) used() {
	tables, vars := map[string]bool{}, map[string]bool{}
	for _, s := range c.module.Syncs {
		finds := map[string]bool{}
		values(s, func(v syntax.Value, _ *resolve.Object) {
			for _, p := range paths(v) {
				switch {
				case p[0] == "table" && len(p) > 1:
					tables[p[1]] = true
				case p[0] == "vars" && len(p) > 1:
					vars[p[1]] = true
				}
				finds[p[0]] = true
			}
		})
		for _, f := range s.Finds {
			f.Used = f.Used || finds[f.Name]
		}
	}
	for _, t := range c.module.Tables {
		t.Used = t.Used || tables[t.Name]
	}
	for _, v := range c.module.Variables {
		v.Used = v.Used || vars[v.Name]
	}
}

// paths lists the dotted names in a written value: source.Owner.Email as [source Owner Email].
func paths(v syntax.Value) [][]string {
	switch v := v.(type) {
	case *syntax.Ref:
		var p []string
		for _, s := range v.Steps {
			p = append(p, s.Name)
		}
		if len(p) > 0 {
			return [][]string{p}
		}
	case *syntax.Quoted:
		return scanPaths(v.Text, true)
	case *syntax.Text:
		return scanPaths(v.Text, false)
	}
	return nil
}

// scanPaths finds dotted names in CEL, outside of its texts, or in a template. It knows no more of the language
// than that; in a template it may find too much (words between holes), which does no harm.
func scanPaths(text string, cel bool) (out [][]string) {
	for i := 0; i < len(text); {
		switch b := text[i]; {
		case isLetter(b):
			path, end := scanPath(text, i)
			out = append(out, path)
			i = end
		case b >= '0' && b <= '9':
			for i < len(text) && (isLetter(text[i]) || text[i] >= '0' && text[i] <= '9') {
				i++
			}
		case cel && (b == '\'' || b == '"'):
			i = skipText(text, i)
		default:
			i++
		}
	}
	return out
}

// skipText gives the place after the text that begins at i.
func skipText(text string, i int) int {
	quote := text[i]
	for i++; i < len(text) && text[i] != quote; i++ {
		if text[i] == '\\' {
			i++
		}
	}
	return i + 1
}

func scanPath(text string, i int) (path []string, end int) {
	for {
		start := i
		for i < len(text) && (isLetter(text[i]) || text[i] >= '0' && text[i] <= '9') {
			i++
		}
		path = append(path, text[start:i])
		if i+1 < len(text) && text[i] == '.' && isLetter(text[i+1]) {
			i++
			continue
		}
		name, next := bracketed(text, i)
		for next > 0 {
			path, i = append(path, name), next
			name, next = bracketed(text, i)
		}
		if i+1 < len(text) && text[i] == '.' && isLetter(text[i+1]) {
			i++
			continue
		}
		return path, i
	}
}

// bracketed reads ["name"] at i; next is 0 when there is none.
func bracketed(text string, i int) (name string, next int) {
	if i+1 >= len(text) || text[i] != '[' || text[i+1] != '"' && text[i+1] != '\'' {
		return "", 0
	}
	end := strings.Index(text[i+2:], text[i+1:i+2]+"]")
	if end < 0 {
		return "", 0
	}
	return text[i+2 : i+2+end], i + 2 + end + 2
}

func isLetter(b byte) bool { return b == '_' || b|0x20 >= 'a' && b|0x20 <= 'z' }
