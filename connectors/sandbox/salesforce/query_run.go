package salesforce

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/syncline/syncline/connectors/salesforce/soql"
)

// query is a query ready to run.
type query struct {
	t      *table
	all    bool
	where  test
	hints  hints
	nodes  []*node
	orders []order
	group  *grouping
	count  bool // SELECT COUNT()
	limit  int  // -1: none
	offset int
}

// hints are what the WHERE says of single fields of the record itself. All records that it lets through are among those
// that the hints lead to.
type hints struct {
	// equal is a field and the texts that it must have one of; nil: there is no such field.
	equal *field
	texts []string
	since int64  // changed at or after, in seconds
	after uint64 // number at least
}

// equals notes that a field must have one of the texts. The shorter list wins.
func (h *hints) equals(f *field, texts []string) {
	if f.system != sysID && !indexable(f) {
		return
	}
	if h.equal == nil || len(texts) < len(h.texts) {
		h.equal, h.texts = f, texts
	}
}

// branches are where the terms of a condition put their hints: into h itself for AND, apart from each other for OR.
func (h *hints) branches(or bool, n int) []*hints {
	out := make([]*hints, n)
	for i := range out {
		if out[i] = h; or && h != nil {
			out[i] = &hints{}
		}
	}
	return out
}

// join takes over what all branches of an OR agree on.
func (h *hints) join(or bool, branches []*hints) {
	if !or || h == nil {
		return
	}
	since, after := branches[0].since, branches[0].after
	for _, b := range branches[1:] {
		since, after = min(since, b.since), min(after, b.after)
	}
	h.since, h.after = max(h.since, since), max(h.after, after)
}

// order is one key that records are sorted by.
type order struct {
	o          *operand
	descending bool
	nullsLast  bool
}

func (c *compiler) noType(from *soql.From) *apiError {
	return c.wrong(from.Pos, "INVALID_TYPE", "sObject type '%s' is not supported. If you are attempting to use a custom object, be sure to append the '__c' after the "+
		"entity name. Please reference your WSDL or the describe call for the appropriate names.", from.Name)
}

// maxOffset is Salesforce's limit.
const maxOffset = 2000

// compileQuery makes a statement ready to run.
func (o *org) compileQuery(text, version string, all bool, now time.Time) (*query, *apiError) {
	tree, err := soql.Parse(text)
	if err != nil {
		return nil, fail("MALFORMED_QUERY", err.Error())
	}
	c := &compiler{org: o, text: text, aliases: []string{tree.From.Name, tree.From.Alias}, now: now, version: version, all: all}
	if c.t = o.table(tree.From.Name); c.t == nil || !c.t.queryable {
		return nil, c.noType(tree.From)
	}
	return c.query(tree)
}

func (c *compiler) query(tree *soql.Query) (*query, *apiError) {
	q := &query{t: c.t, all: c.all, limit: -1}
	var err *apiError
	if tree.Where != nil {
		if q.where, err = c.condition(tree.Where, &q.hints); err != nil {
			return nil, err
		}
	}
	if scope := strings.ToLower(tree.Scope); scope != "" && scope != "everything" && scope != "mine" && scope != "team" {
		return nil, c.wrong(tree.Pos, "MALFORMED_QUERY", "invalid scope: %s", tree.Scope)
	}
	if tree.Limit != nil {
		q.limit = tree.Limit.N
	}
	if tree.Offset != nil {
		if q.offset = tree.Offset.N; q.offset > maxOffset {
			return nil, c.wrong(tree.Offset.Pos, "NUMBER_OUTSIDE_VALID_RANGE", "Maximum SOQL offset allowed is %d", maxOffset)
		}
	}
	if isAggregate(tree) {
		return q, c.aggregate(q, tree)
	}
	if tree.Having != nil {
		return nil, c.wrong(tree.Having.Pos, "MALFORMED_QUERY", "unexpected token: 'HAVING'")
	}
	if q.nodes, err = c.selection(tree); err != nil {
		return nil, err
	}
	for _, x := range tree.OrderBy {
		o, err := c.operand(x.Call, x.Field, x.Pos)
		if err != nil {
			return nil, err
		}
		if !o.f.sortable {
			return nil, c.wrong(x.Pos, "INVALID_FIELD", "field '%s' can not be sorted in a query call", o.f.name)
		}
		q.orders = append(q.orders, order{o, x.Descending(), x.NullsLast()})
	}
	return q, nil
}

func (q *query) holds(r *row) bool { return q.where == nil || q.where(q.t, r) }

// rows runs the query: the records that it gives, in order.
func (q *query) rows() []*row {
	var out []*row
	enough := -1
	if q.limit >= 0 && q.ordersAsFound() {
		enough = q.offset + q.limit
	}
	var last *row
	for _, p := range q.candidates() {
		r := q.t.rows[p]
		if enough >= 0 && len(out) >= enough && (!q.byChange() || last == nil || r.changed != last.changed) {
			break
		}
		if r.deleted && !q.all || !q.holds(r) {
			continue
		}
		out = append(out, r)
		last = r
	}
	return q.bounded(q.ordered(out))
}

// byChange tells whether the candidates come in order of their last change.
func (q *query) byChange() bool { return q.hints.equal == nil && q.hints.since > 0 }

// ordersAsFound tells whether the candidates come in the order that is wanted, at least up to ties within one second.
func (q *query) ordersAsFound() bool {
	if q.hints.equal != nil {
		return false
	}
	for i, o := range q.orders {
		if o.descending || !o.o.own() {
			return false
		}
		if q.byChange() && i == 0 && o.o.f.system == sysChanged {
			continue
		}
		// After an order by id nothing matters.
		return o.o.f.system == sysID && (i == 1 || !q.byChange())
	}
	return len(q.orders) == 1 || !q.byChange()
}

// candidates are the positions of records that may satisfy the WHERE, in order of number or of change.
func (q *query) candidates() []pos {
	t, h := q.t, &q.hints
	switch {
	case h.equal != nil:
		var found []pos
		for _, text := range h.texts {
			found, _ = t.lookup(h.equal, text, found)
		}
		return slices.Compact(sorted(found))
	case h.since > 0:
		recent := t.changes[t.since(h.since):]
		found := make([]pos, 0, len(recent))
		for _, c := range recent {
			if t.rows[c.rec].changed == c.at {
				found = append(found, c.rec)
			}
		}
		return found
	}
	first, _ := slices.BinarySearchFunc(t.rows, h.after, func(r *row, n uint64) int { return cmp.Compare(r.num, n) })
	found := make([]pos, len(t.rows)-first)
	for i := range found {
		found[i] = pos(first + i)
	}
	return found
}

func sorted(list []pos) []pos {
	slices.Sort(list)
	return list
}

// ordered sorts records by the ORDER BY; ties, and records without one, by number.
func (q *query) ordered(rows []*row) []*row {
	if len(q.orders) == 0 {
		if q.byChange() {
			slices.SortFunc(rows, func(a, b *row) int { return cmp.Compare(a.num, b.num) })
		}
		return rows
	}
	width := len(q.orders)
	keys := make([]cell, len(rows)*width)
	at := make([]int, len(rows))
	for i, r := range rows {
		at[i] = i
		for j := range q.orders {
			keys[i*width+j] = q.orders[j].key(q.t, r)
		}
	}
	slices.SortFunc(at, func(a, b int) int {
		for j := range q.orders {
			if c := q.orders[j].compare(keys[a*width+j], keys[b*width+j]); c != 0 {
				return c
			}
		}
		return cmp.Compare(rows[a].num, rows[b].num)
	})
	out := make([]*row, len(rows))
	for i, j := range at {
		out[i] = rows[j]
	}
	return out
}

// key is a record's value in the form that it is sorted by: texts without case, picklists by their place in the list.
func (o *order) key(t *table, r *row) cell { return sortKey(o.o.f, o.o.get(t, r)) }

func sortKey(f *field, c cell) cell {
	if c.kind != isText {
		return c
	}
	if f.typ == "picklist" && len(f.values) > 0 {
		i := slices.Index(f.values, c.text)
		if i < 0 {
			i = len(f.values)
		}
		return cell{kind: isText, int: int64(i), text: f.folded(c.text)}
	}
	c.text = f.folded(c.text)
	return c
}

func (o *order) compare(a, b cell) int {
	if (a.kind == isNull) != (b.kind == isNull) {
		if (a.kind == isNull) != o.nullsLast {
			return -1
		}
		return 1
	}
	c := compareKeys(a, b)
	if o.descending {
		return -c
	}
	return c
}

// compareKeys compares values of one field.
func compareKeys(a, b cell) int {
	switch a.kind {
	case isText:
		return cmp.Or(cmp.Compare(a.int, b.int), strings.Compare(a.text, b.text))
	case isNumber:
		return cmp.Compare(a.num, b.num)
	case isTrue, isFalse:
		return -cmp.Compare(a.kind, b.kind) // false first
	}
	return cmp.Compare(a.int, b.int)
}

// bounded applies OFFSET and LIMIT.
func (q *query) bounded(rows []*row) []*row {
	rows = rows[min(q.offset, len(rows)):]
	if q.limit >= 0 && q.limit < len(rows) {
		rows = rows[:q.limit]
	}
	return rows
}
