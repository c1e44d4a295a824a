package check

import (
	"slices"
	"strings"

	"github.com/syncline/syncline/lang/expr"
	"github.com/syncline/syncline/lang/resolve"
)

// coverage compares the rows of tables with the texts that reach them: a row that no value ever reaches is a slip of
// the pen. Values without a row are reported where the expression is checked.
func (c *checker) coverage() {
	if len(c.program.Tables) == 0 {
		return
	}
	use := map[*expr.Table]*tableUse{}
	look := func(all []*expr.Checked) {
		for _, checked := range all {
			checked.Root.Walk(func(n *expr.Node) bool {
				if n.Op == expr.OpTable && n.Table != nil && len(n.Args) == 1 {
					tableCall(n, use)
				}
				return true
			})
		}
	}
	for _, s := range c.program.Syncs {
		look(s.Expressions())
	}
	for _, t := range c.program.Triggers {
		look(t.Expressions())
	}
	for _, t := range c.program.Tracks {
		if t.Value != nil {
			look([]*expr.Checked{t.Value})
		}
		if t.Where != nil {
			look([]*expr.Checked{t.Where})
		}
	}
	for i, t := range c.program.Tables {
		if u := use[t]; u != nil && !u.open {
			c.deadRows(t, c.module.Tables[i], u)
		}
	}
}

// tableUse is what is known of the keys that reach a table.
type tableUse struct {
	texts []string
	open  bool // some key is not finite
}

func tableCall(n *expr.Node, use map[*expr.Table]*tableUse) {
	u := use[n.Table]
	if u == nil {
		u = &tableUse{}
		use[n.Table] = u
	}
	texts := n.Args[0].Type.Texts
	if texts == nil {
		u.open = true
		return
	}
	u.texts = append(u.texts, texts...)
}

func (c *checker) deadRows(t *expr.Table, d *resolve.Table, u *tableUse) {
	for _, row := range d.Rows {
		reached := slices.ContainsFunc(u.texts, func(s string) bool {
			return s == row.Key || t.IgnoreCase && strings.EqualFold(s, row.Key)
		})
		if !reached {
			c.report(warnDeadRow(d, row, u.texts))
		}
	}
}
