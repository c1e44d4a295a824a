package planner

import (
	"github.com/syncline/syncline/lang/expr"
	"github.com/syncline/syncline/lang/value"
)

// lowering compiles the expressions of one rule onto the layouts of its records.
type lowering struct {
	// layouts are those of the roots; `it`, which is another record in each lookup, has the layout of its lookup.
	layouts []*value.Layout
	// results is the first root that is the result of an action, 0 where there is none. Slot 0 of a result is its id.
	results int
	// it is the index of the candidate record of a lookup.
	it    int
	clock *clock
}

// slots finds fields by root; it is the layout of the candidate in a lookup, nil outside.
func (b *lowering) slots(it *value.Layout) expr.Slots {
	return func(root int, path string) int {
		switch {
		case root < len(b.layouts):
			slot := b.layouts[root].Slot(path)
			if slot < 0 && b.results > 0 && root >= b.results && path == "Id" {
				return 0
			}
			return slot
		case it != nil:
			return it.Slot(path)
		}
		return -1
	}
}
