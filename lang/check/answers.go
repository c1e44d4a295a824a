package check

import (
	"slices"

	"github.com/syncline/syncline/lang/expr"
	"github.com/syncline/syncline/lang/value"
)

// mostWays bounds the combinations of alternatives that are looked at.
const mostWays = 64

// neverTrue tells whether no record satisfies a condition, as far as its comparisons with constants say. name is the value
// whose comparisons exclude each other; "": a part is never true by itself.
func neverTrue(n *expr.Node) (name string, never bool) {
	ways := mostWays
	return contradiction(n.Conjuncts(), &ways)
}

// contradiction takes the parts of a conjunction, an alternative among them once for each of its forms.
func contradiction(parts []*expr.Node, ways *int) (name string, never bool) {
	if *ways--; *ways < 0 {
		return "", false
	}
	if name, never := excluded(parts); never {
		return name, true
	}
	i := slices.IndexFunc(parts, func(p *expr.Node) bool { return p.Op == expr.OpOr })
	if i < 0 {
		return "", false
	}
	rest := slices.Delete(slices.Clone(parts), i, i+1)
	for _, form := range alternatives(parts[i]) {
		if name, never = contradiction(slices.Concat(rest, form.Conjuncts()), ways); !never {
			return "", false
		}
	}
	return name, true
}

// excluded tells whether the comparisons among parts exclude each other.
func excluded(parts []*expr.Node) (name string, never bool) {
	if _, name := rangesOf(parts); name != "" {
		return name, true
	}
	allowed := map[string][]value.Value{}
	for _, p := range parts {
		if p.IsConst() && !(p.Value.Kind() == value.KindBool && p.Value.AsBool()) {
			return "", true
		}
		path, values := demand(p, RootNew)
		if path == "" {
			continue
		}
		if before, again := allowed[path]; again {
			values = slices.DeleteFunc(slices.Clone(values), func(v value.Value) bool { return !holds(before, v) })
		}
		if allowed[path] = values; len(values) == 0 {
			return "new." + path, true
		}
	}
	for _, p := range parts {
		field, not := unequal(p)
		if field == nil || field.Op != expr.OpField || field.Root != RootNew {
			continue
		}
		if left, ok := allowed[field.Path]; ok {
			left = slices.DeleteFunc(slices.Clone(left), func(v value.Value) bool { return value.Equal(v, not) })
			if allowed[field.Path] = left; len(left) == 0 {
				return "new." + field.Path, true
			}
		}
	}
	return "", false
}

// alwaysTrue tells whether each record satisfies a condition: `Stage != 'A' || Stage != 'B'` was meant with &&.
func alwaysTrue(n *expr.Node) bool {
	for _, part := range n.Conjuncts() {
		if !oneHolds(alternatives(part)) {
			return false
		}
	}
	return true
}

// oneHolds tells whether one of alternatives holds, whatever the record is.
func oneHolds(forms []*expr.Node) bool {
	not := map[string]value.Value{}
	for _, f := range forms {
		if f.IsConst() && f.Value.Kind() == value.KindBool && f.Value.AsBool() {
			return true
		}
		of, v := unequal(f)
		if of == nil {
			continue
		}
		key := of.Canonical()
		if other, again := not[key]; again && !value.Equal(other, v) {
			return true
		}
		not[key] = v
	}
	return false
}

// alternatives are the parts one of which must hold for the node to hold.
func alternatives(n *expr.Node) (out []*expr.Node) {
	if n.Op != expr.OpOr {
		return []*expr.Node{n}
	}
	for _, a := range n.Args {
		out = append(out, alternatives(a)...)
	}
	return out
}

// unequal reads VALUE != CONSTANT; nil where the node is something else.
func unequal(n *expr.Node) (of *expr.Node, not value.Value) {
	if n.Op != expr.OpNe {
		return nil, value.Null
	}
	for i, a := range n.Args {
		if b := n.Args[1-i]; !a.IsConst() && b.IsConst() {
			return a, b.Value
		}
	}
	return nil, value.Null
}

func holds(list []value.Value, v value.Value) bool {
	return slices.ContainsFunc(list, func(x value.Value) bool { return value.Equal(x, v) })
}
