package check

import (
	"slices"
	"strings"

	"github.com/syncline/syncline/lang/expr"
	"github.com/syncline/syncline/lang/resolve"
)

// coverage compares the keys of tables with the texts that reach them: values without a row reject their record
// where the table has no default, and a row that no value ever reaches is a slip of the pen.
func (c *checker) coverage() {
	use := map[*expr.Table]*tableUse{}
	for _, s := range c.program.Syncs {
		for _, checked := range s.Expressions() {
			checked.Root.Walk(func(n *expr.Node) bool {
				if n.Op == expr.OpTable && n.Table != nil && len(n.Args) == 1 {
					c.tableCall(n, use)
				}
				return true
			})
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

func (c *checker) tableCall(n *expr.Node, use map[*expr.Table]*tableUse) {
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
	if n.Table.Default != nil {
		return
	}
	missing := slices.DeleteFunc(slices.Clone(texts), func(s string) bool { return hasRow(n.Table, s) })
	if len(missing) > 0 {
		c.report(warnUncovered(n, missing))
	}
}

func hasRow(t *expr.Table, key string) bool {
	if _, ok := t.Rows[key]; ok {
		return true
	}
	return t.IgnoreCase && slices.ContainsFunc(t.Keys, func(k string) bool { return strings.EqualFold(k, key) })
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
