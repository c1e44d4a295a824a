package salesforce

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/syncline/syncline/connectors/salesforce/soql"
)

// aggregates are the functions over groups of records.
var aggregates = map[string]bool{"COUNT": true, "COUNT_DISTINCT": true, "SUM": true, "AVG": true, "MIN": true, "MAX": true}

func isAggregateCall(c *soql.Call) bool { return c != nil && aggregates[strings.ToUpper(c.Name)] }

func isAggregate(q *soql.Query) bool {
	return len(q.GroupBy) > 0 || slices.ContainsFunc(q.Select, func(i *soql.Item) bool { return isAggregateCall(i.Call) })
}

// grouping is an aggregate query: columns over groups of records that share keys.
type grouping struct {
	keys    []*operand
	columns []column
	names   []string // of the columns, "" for those that only HAVING and ORDER BY use
	having  func(values []cell) bool
	orders  []groupOrder
}

type groupOrder struct {
	column int
	order
}

// column is one value of a group: a key or an aggregate.
type column struct {
	fn  string // "": a key
	o   *operand
	key int
}

// aggregate compiles an aggregate query into q.
func (c *compiler) aggregate(q *query, tree *soql.Query) *apiError {
	if len(tree.Select) == 1 && tree.Select[0].Call != nil && strings.EqualFold(tree.Select[0].Call.Name, "COUNT") && tree.Select[0].Call.Arg == nil {
		if len(tree.GroupBy) > 0 || len(tree.OrderBy) > 0 {
			return c.wrong(tree.Pos, "MALFORMED_QUERY", "COUNT() cannot be grouped or ordered; use COUNT(Id)")
		}
		q.count = true
		return nil
	}
	g := &grouping{}
	for _, item := range tree.GroupBy {
		o, err := c.operand(item.Call, item.Field, item.Pos)
		if err != nil {
			return err
		}
		g.keys = append(g.keys, o)
	}
	unnamed := 0
	for _, item := range tree.Select {
		if item.Sub != nil || item.Typeof != nil {
			return c.wrong(item.Pos, "MALFORMED_QUERY", "Nested queries cannot be used with aggregates")
		}
		col, err := c.column(g, item.Call, item.Field, item.Pos)
		if err != nil {
			return err
		}
		name := item.Alias
		if name == "" && item.Call != nil {
			name = "expr" + strconv.Itoa(unnamed)
			unnamed++
		} else if name == "" {
			name = col.o.f.name
		}
		g.columns, g.names = append(g.columns, col), append(g.names, name)
	}
	q.group = g
	return c.groupTail(g, tree)
}

// groupTail compiles HAVING and ORDER BY.
func (c *compiler) groupTail(g *grouping, tree *soql.Query) *apiError {
	if tree.Having != nil {
		having, err := c.having(g, tree.Having)
		if err != nil {
			return err
		}
		g.having = having
	}
	for _, x := range tree.OrderBy {
		i, err := c.groupColumn(g, x.Call, x.Field, x.Pos)
		if err != nil {
			return err
		}
		g.orders = append(g.orders, groupOrder{i, order{g.columns[i].operand(), x.Descending(), x.NullsLast()}})
	}
	return nil
}

// operand gives the type of a column's values.
func (c *column) operand() *operand {
	switch c.fn {
	case "":
		return &operand{f: c.o.f}
	case "MIN", "MAX":
		return &operand{f: c.o.f}
	}
	return &operand{f: &field{name: c.fn, typ: "double"}}
}

// column finds what a column of the answer is.
func (c *compiler) column(g *grouping, call *soql.Call, path string, pos soql.Position) (column, *apiError) {
	if isAggregateCall(call) {
		fn := strings.ToUpper(call.Name)
		if call.Arg == nil {
			return column{}, c.wrong(call.Pos, "MALFORMED_QUERY", "%s needs a field", fn)
		}
		o, err := c.operand(call.Arg.Call, call.Arg.Field, call.Arg.Pos)
		if err != nil {
			return column{}, err
		}
		numeric := o.f.typ == "double" || o.f.typ == "currency" || o.f.typ == "percent" || o.f.typ == "int"
		if (fn == "SUM" || fn == "AVG") && !numeric {
			return column{}, c.wrong(call.Pos, "MALFORMED_QUERY", "field %s does not support aggregate operator %s", o.f.name, fn)
		}
		return column{fn: fn, o: o}, nil
	}
	o, err := c.operand(call, path, pos)
	if err != nil {
		return column{}, err
	}
	for i, k := range g.keys {
		if k.f.name == o.f.name && k.f.typ == o.f.typ && slices.Equal(k.hops, o.hops) && k.name == o.name && (k.fn == nil) == (o.fn == nil) {
			return column{o: o, key: i}, nil
		}
	}
	return column{}, c.wrong(pos, "MALFORMED_QUERY", "Field must be grouped or aggregated: %s", o.f.name)
}

// groupColumn is the position of a column by its alias or meaning; one that is not selected is added.
func (c *compiler) groupColumn(g *grouping, call *soql.Call, path string, pos soql.Position) (int, *apiError) {
	if call == nil {
		if i := slices.IndexFunc(g.names, func(n string) bool { return strings.EqualFold(n, path) }); i >= 0 {
			return i, nil
		}
	}
	col, err := c.column(g, call, path, pos)
	if err != nil {
		return 0, err
	}
	g.columns, g.names = append(g.columns, col), append(g.names, "")
	return len(g.columns) - 1, nil
}

func (c *compiler) having(g *grouping, cond *soql.Condition) (func([]cell) bool, *apiError) {
	var tests []func([]cell) bool
	for _, term := range cond.Terms() {
		x, err := c.havingTerm(g, term)
		if err != nil {
			return nil, err
		}
		tests = append(tests, x)
	}
	or := cond.IsOr()
	return func(values []cell) bool {
		for _, x := range tests {
			if x(values) == or {
				return or
			}
		}
		return !or
	}, nil
}

func (c *compiler) havingTerm(g *grouping, term *soql.Term) (func([]cell) bool, *apiError) {
	switch {
	case term.Not != nil:
		x, err := c.havingTerm(g, term.Not)
		return func(values []cell) bool { return !x(values) }, err
	case term.Group != nil:
		return c.having(g, term.Group)
	}
	x := term.Compare
	i, err := c.groupColumn(g, x.Call, x.Field, x.Pos)
	if err != nil {
		return nil, err
	}
	m, err := c.matcher(g.columns[i].operand(), x.Tail, x.Pos, nil)
	if err != nil {
		return nil, err
	}
	return func(values []cell) bool { return m(values[i]) }, nil
}

// tally gathers an aggregate over the records of a group.
type tally struct {
	n, sum   float64
	min, max cell
	seen     map[string]bool
}

func (a *tally) add(c column, v cell) {
	if v.kind == isNull {
		return
	}
	a.n++
	a.sum += v.num
	switch c.fn {
	case "COUNT_DISTINCT":
		if a.seen == nil {
			a.seen = map[string]bool{}
		}
		a.seen[c.o.f.folded(v.plain())] = true
	case "MIN", "MAX":
		if a.n == 1 || compareKeys(sortKey(c.o.f, v), sortKey(c.o.f, a.min)) < 0 {
			a.min = v
		}
		if a.n == 1 || compareKeys(sortKey(c.o.f, v), sortKey(c.o.f, a.max)) > 0 {
			a.max = v
		}
	}
}

func (a *tally) value(fn string) cell {
	switch fn {
	case "COUNT":
		return numCell(a.n)
	case "COUNT_DISTINCT":
		return numCell(float64(len(a.seen)))
	case "MIN":
		return a.min
	case "MAX":
		return a.max
	}
	if a.n == 0 {
		return cell{}
	}
	if fn == "AVG" {
		return numCell(a.sum / a.n)
	}
	return numCell(a.sum)
}

// group is the records of one set of keys.
type group struct {
	keys    []cell
	tallies []tally
}

// run gives the rows of an aggregate query.
func (g *grouping) run(q *query) [][]cell {
	groups, list := map[string]*group{}, []*group{}
	name := []byte{}
	inner := *q
	inner.limit, inner.offset, inner.orders = -1, 0, nil
	for _, r := range inner.rows() {
		name = name[:0]
		keys := make([]cell, len(g.keys))
		for i, k := range g.keys {
			keys[i] = k.get(q.t, r)
			name = fmt.Appendf(name, "%d:%s\x00", keys[i].kind, k.f.folded(keys[i].plain()))
		}
		at := groups[string(name)]
		if at == nil {
			at = &group{keys, make([]tally, len(g.columns))}
			groups[string(name)] = at
			list = append(list, at)
		}
		for i, c := range g.columns {
			if c.fn != "" {
				at.tallies[i].add(c, c.o.get(q.t, r))
			}
		}
	}
	if len(list) == 0 && len(g.keys) == 0 {
		list = append(list, &group{tallies: make([]tally, len(g.columns))})
	}
	return g.finish(q, list)
}

func (g *grouping) finish(q *query, list []*group) [][]cell {
	var out [][]cell
	for _, at := range list {
		values := make([]cell, len(g.columns))
		for i, c := range g.columns {
			if c.fn == "" {
				values[i] = at.keys[c.key]
			} else {
				values[i] = at.tallies[i].value(c.fn)
			}
		}
		if g.having == nil || g.having(values) {
			out = append(out, values)
		}
	}
	slices.SortStableFunc(out, func(a, b []cell) int {
		for _, o := range g.orders {
			if c := o.compare(sortKey(o.o.f, a[o.column]), sortKey(o.o.f, b[o.column])); c != 0 {
				return c
			}
		}
		return 0
	})
	out = out[min(q.offset, len(out)):]
	if q.limit >= 0 && q.limit < len(out) {
		out = out[:q.limit]
	}
	return out
}

// append writes one row of the answer.
func (g *grouping) append(b []byte, values []cell) []byte {
	b = append(b, `{"attributes":{"type":"AggregateResult"}`...)
	for i, name := range g.names {
		if name == "" {
			continue
		}
		f := g.columns[i].operand().f
		if fn := g.columns[i].fn; fn == "COUNT" || fn == "COUNT_DISTINCT" {
			f = nil
		}
		b = append(b, ',', '"')
		b = append(append(b, name...), '"', ':')
		b = appendCell(b, f, values[i])
	}
	return append(b, '}')
}
