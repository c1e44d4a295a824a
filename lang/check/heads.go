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
		values(s, n.visit(roots))
	}
	for _, t := range m.Triggers {
		roots := triggerObjects(t)
		for _, o := range roots {
			n.object(o)
		}
		triggerValues(t, n.visit(roots))
	}
	for _, t := range m.Tracks {
		n.object(t.On)
		trackValues(t, n.visit(map[string]resolve.Object{"source": t.On}))
	}
	for name := range n.out {
		slices.Sort(n.out[name])
	}
	return n.out
}

type needs struct {
	scan scanner
	have map[string]*schema.Catalog
	out  map[string][]string
}

// visit follows the paths of expressions from the records of a rule.
func (n *needs) visit(roots map[string]resolve.Object) visitor {
	return func(v syntax.Value, it *resolve.Object) {
		n.scan.paths(v, func(path []string) {
			root, ok := roots[path[0]]
			if path[0] == "it" && it != nil {
				root, ok = *it, true
			}
			if ok {
				n.path(root, path[1:])
			}
		})
	}
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
	one(s.Where, nil)
	if s.Rollout != nil {
		one(s.Rollout.Where, nil)
		one(s.Rollout.By, nil)
	}
	for _, sch := range s.Schedules {
		one(sch.Where, nil)
	}
	for _, f := range s.Finds {
		lookupValues(&f.Match, f.In, visit)
	}
	if s.Match != nil {
		lookupValues(s.Match, s.To, visit)
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
	var scan scanner
	add := func(v syntax.Value) {
		scan.paths(v, func(p []string) { heads = append(heads, p[0]) })
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
	// named are the second names behind table, vars and history; heads the first names of one rule.
	named := map[string]map[string]bool{"table": {}, "vars": {}, "history": {}}
	heads := map[string]bool{}
	var scan scanner
	see := func(p []string) {
		if known := named[p[0]]; known != nil && len(p) > 1 {
			known[p[1]] = true
		}
		heads[p[0]] = true
	}
	note := func(v syntax.Value, _ *resolve.Object) { scan.paths(v, see) }
	finds := func(list []*resolve.Find) {
		for _, f := range list {
			f.Used = f.Used || heads[f.Name]
		}
		clear(heads)
	}
	for _, s := range c.module.Syncs {
		values(s, note)
		finds(s.Finds)
	}
	for _, t := range c.module.Triggers {
		triggerValues(t, note)
		finds(t.Finds)
	}
	for _, t := range c.module.Tracks {
		trackValues(t, note)
	}
	for _, a := range c.module.Alerts {
		argumentValues(a.Args, note)
	}
	for _, t := range c.module.Tracks {
		t.Used = t.Used || named["history"][t.Name]
	}
	for _, t := range c.module.Tables {
		t.Used = t.Used || named["table"][t.Name]
	}
	for _, v := range c.module.Variables {
		v.Used = v.Used || named["vars"][v.Name]
	}
}

// scanner finds the dotted names in written values. All expressions of a project are scanned at every load, so it has
// one path that it uses again and again.
type scanner struct{ path []string }

// paths shows the dotted names in a written value: source.Owner.Email as [source Owner Email]. A path is not kept.
func (s *scanner) paths(v syntax.Value, see func(path []string)) {
	switch v := v.(type) {
	case *syntax.Ref:
		s.path = s.path[:0]
		for _, step := range v.Steps {
			s.path = append(s.path, step.Name)
		}
		if len(s.path) > 0 {
			see(s.path)
		}
	case *syntax.Quoted:
		s.text(v.Text, true, see)
	case *syntax.Text:
		s.text(v.Text, false, see)
	}
}

// text finds dotted names in CEL, outside of its texts, or in a template. It knows no more of the language
// than that; in a template it may find too much (words between holes), which does no harm.
func (s *scanner) text(text string, cel bool, see func(path []string)) {
	for i := 0; i < len(text); {
		switch b := text[i]; {
		case isLetter(b):
			i = s.name(text, i)
			see(s.path)
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

// name reads the path that begins at i, and gives its end.
func (s *scanner) name(text string, i int) (end int) {
	s.path = s.path[:0]
	for {
		start := i
		for i < len(text) && (isLetter(text[i]) || text[i] >= '0' && text[i] <= '9') {
			i++
		}
		s.path = append(s.path, text[start:i])
		if i+1 < len(text) && text[i] == '.' && isLetter(text[i+1]) {
			i++
			continue
		}
		name, next := bracketed(text, i)
		for next > 0 {
			s.path, i = append(s.path, name), next
			name, next = bracketed(text, i)
		}
		if i+1 < len(text) && text[i] == '.' && isLetter(text[i+1]) {
			i++
			continue
		}
		return i
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
