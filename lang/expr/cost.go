package expr

import "github.com/syncline/syncline/lang/value"

const (
	// maxCost bounds the steps that one evaluation can take, as far as can be told before it.
	maxCost = 1_000_000
	// unknownItems stands for the length of a list that is only known at run time.
	unknownItems = 200
)

// cost bounds the steps of a node and reports the innermost part that is beyond the limit; false when it did.
func (c *checker) cost(n *Node) (float64, bool) {
	sum := 1.0
	for i, a := range n.Args {
		x, ok := c.cost(a)
		if !ok {
			return 0, false
		}
		if n.Op == OpLoop && i > 0 {
			x *= items(n.Args[0])
		}
		sum += x
	}
	if sum > maxCost {
		c.report(errTooCostly(n.Range, sum))
		return 0, false
	}
	return sum, true
}

// items bounds the length of a list.
func items(n *Node) float64 {
	switch {
	case n.Op == OpConst && n.Value.Kind() == value.KindList:
		return float64(len(n.Value.AsList()))
	case n.Op == OpList:
		return float64(len(n.Args))
	case n.Op == OpAdd && n.Type.Kind == value.KindList:
		return items(n.Args[0]) + items(n.Args[1])
	case n.Op == OpLoop && n.Name != "map":
		return items(n.Args[0])
	case n.Op == OpLoop:
		return items(n.Args[0])
	case n.Op == OpCall && n.Name == "lists.range" && n.Args[0].Op == OpConst:
		if i, ok := whole(n.Args[0].Value); ok {
			return float64(i)
		}
	}
	return unknownItems
}
