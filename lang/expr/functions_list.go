package expr

import (
	"slices"

	"github.com/syncline/syncline/lang/value"
)

func listFunctions() []*Function {
	const group = "Lists"
	macro := func(name, doc, example string) *Function {
		return &Function{Name: name, Group: group, Doc: doc, Example: example, Macro: true, standard: true}
	}
	return []*Function{
		macro("exists", "Whether the condition holds for an item.", `["a", "b"].exists(x, x == "b") → true`),
		macro("all", "Whether the condition holds for every item.", `[1, 2].all(x, x > 0) → true`),
		macro("exists_one", "Whether the condition holds for exactly one item.", `[1, 2].exists_one(x, x > 1) → true`),
		macro("filter", "The items for which the condition holds.", `[1, 2, 3].filter(x, x > 1) → [2, 3]`),
		macro("map", "The list of what the expression gives for each item; with three arguments only for items that fulfil the condition.", `[1, 2].map(x, x * 10) → [10, 20]`),
		macro("sortBy", "The items in the order of what the expression gives for each.", `["ccc", "a"].sortBy(x, size(x)) → ["a", "ccc"]`),
		macro("cel.bind", "Names a value for use in an expression.", `cel.bind(x, 2 + 3, x * x) → 25`),
		{Name: "first", Group: group, Doc: "The first item of a list, empty when it has none.", Example: `first(["a", "b"]) → "a"`, refine: itemOf,
			overloads: []*overload{takes(pList).givesAny().do1(func(_ *Frame, _ *Node, a value.Value) value.Value {
				if items := a.AsList(); len(items) > 0 {
					return items[0]
				}
				return value.Null
			})}},
		{Name: "last", Group: group, Doc: "The last item of a list, empty when it has none.", Example: `last(["a", "b"]) → "b"`, refine: itemOf,
			overloads: []*overload{takes(pList).givesAny().do1(func(_ *Frame, _ *Node, a value.Value) value.Value {
				if items := a.AsList(); len(items) > 0 {
					return items[len(items)-1]
				}
				return value.Null
			})}},
		{Name: "distinct", Group: group, standard: true, Doc: "The items without repetitions.", Example: `[1, 2, 1].distinct() → [1, 2]`, refine: keepsElem,
			overloads: []*overload{takes(pList).gives(value.KindList).do1(distinct)}},
		{Name: "sort", Group: group, standard: true, Doc: "The items in order; they must be of one kind.", Example: `[3, 1, 2].sort() → [1, 2, 3]`, refine: keepsElem,
			overloads: []*overload{takes(pList).gives(value.KindList).do1(sortList)}},
		{Name: "slice", Group: group, standard: true, Doc: "The items from one position up to another.", Example: `[1, 2, 3, 4].slice(1, 3) → [2, 3]`, refine: keepsElem,
			overloads: []*overload{takes(pList, pInt, pInt).gives(value.KindList).doN(slice)}},
		{Name: "flatten", Group: group, standard: true, Doc: "The items of the lists in a list, one level deep or so many.", Example: `[[1], [2, 3]].flatten() → [1, 2, 3]`,
			overloads: []*overload{
				takes(pList).gives(value.KindList).doN(flatten), takes(pList, pInt).gives(value.KindList).doN(flatten)}},
		{Name: "lists.range", Group: group, standard: true, Doc: "The whole numbers from 0 up to, not including, n.", Example: `lists.range(3) → [0, 1, 2]`,
			overloads: []*overload{takes(pInt).gives(value.KindList).do1(rangeList)}, refine: func(n *Node) { n.Type = listOf(kindType(value.KindInt)) }},
		{Name: "sets.contains", Group: group, standard: true, Doc: "Whether the first list holds every item of the second.", Example: `sets.contains([1, 2], [2]) → true`, overloads: sets(containsAll)},
		{Name: "sets.intersects", Group: group, standard: true, Doc: "Whether the lists share an item.", Example: `sets.intersects([1, 2], [2, 3]) → true`,
			overloads: sets(func(a, b []value.Value) bool {
				return slices.ContainsFunc(a, func(v value.Value) bool { return has(b, v) })
			})},
		{Name: "sets.equivalent", Group: group, standard: true, Doc: "Whether the lists hold the same items, in any order and number.", Example: `sets.equivalent([1, 2, 1], [2, 1]) → true`,
			overloads: sets(func(a, b []value.Value) bool { return containsAll(a, b) && containsAll(b, a) })},
	}
}

// maxItems is the longest list that an expression may build.
const maxItems = 10_000

func has(items []value.Value, v value.Value) bool {
	return slices.ContainsFunc(items, func(x value.Value) bool { return value.Equal(x, v) })
}

func containsAll(a, b []value.Value) bool {
	return !slices.ContainsFunc(b, func(v value.Value) bool { return !has(a, v) })
}

func sets(fn func(a, b []value.Value) bool) []*overload {
	return []*overload{takes(pList, pList).gives(value.KindBool).do2(func(f *Frame, n *Node, a, b value.Value) value.Value {
		if !f.spend(n, len(a.AsList())*len(b.AsList())) {
			return value.Null
		}
		return value.Bool(fn(a.AsList(), b.AsList()))
	})}
}

func itemOf(n *Node) {
	n.Type = n.Args[0].Type.Elem()
	n.Type.Nullable = true
}

func reverseList(_ *Frame, _ *Node, a value.Value) value.Value {
	items := slices.Clone(a.AsList())
	slices.Reverse(items)
	return value.List(items)
}

func distinct(f *Frame, n *Node, a value.Value) value.Value {
	var out []value.Value
	for _, v := range a.AsList() {
		if !f.spend(n, len(out)) {
			return value.Null
		}
		if !has(out, v) {
			out = append(out, v)
		}
	}
	return value.List(out)
}

func sortList(f *Frame, n *Node, a value.Value) value.Value {
	items := slices.Clone(a.AsList())
	for i, v := range items {
		if v.Kind() == value.KindList || v.IsNull() || i > 0 && v.Kind() != items[0].Kind() && !(v.IsNumber() && items[0].IsNumber()) {
			return f.fail(n, "sort needs items of one kind, not %s beside %s", article(v.Kind()), article(items[0].Kind()))
		}
	}
	slices.SortStableFunc(items, value.Compare)
	return value.List(items)
}

func slice(f *Frame, n *Node, args []value.Value) value.Value {
	items, from, to := args[0].AsList(), args[1].AsInt(), args[2].AsInt()
	if from < 0 || to < from || to > int64(len(items)) {
		return f.fail(n, "positions %d to %d are outside the list of %d items", from, to, len(items))
	}
	return value.List(items[from:to])
}

func flatten(f *Frame, n *Node, args []value.Value) value.Value {
	depth := int64(1)
	if len(args) == 2 {
		depth = args[1].AsInt()
	}
	if depth < 0 {
		return f.fail(n, "the depth must not be negative")
	}
	return value.List(flattenInto(nil, args[0].AsList(), depth))
}

func flattenInto(out, items []value.Value, depth int64) []value.Value {
	for _, v := range items {
		if v.Kind() == value.KindList && depth > 0 {
			out = flattenInto(out, v.AsList(), depth-1)
		} else {
			out = append(out, v)
		}
	}
	return out
}

func rangeList(f *Frame, n *Node, a value.Value) value.Value {
	size := a.AsInt()
	if size > maxItems {
		return f.fail(n, "the list would have %d items, the limit is %d", size, maxItems)
	}
	out := make([]value.Value, max(size, 0))
	for i := range out {
		out[i] = value.Int(int64(i))
	}
	return value.List(out)
}
