package salesforce

import (
	"strings"

	"github.com/syncline/syncline/connectors/salesforce/soql"
)

// node is a key of the records in an answer: a value, a record behind a reference with nodes of its own, or the
// records of an inner query.
type node struct {
	key  string
	o    *operand // a value
	hop  *field   // a reference, followed to kids
	kids []*node
	sub  *childQuery
	// byType are the kids by the type of the record behind the reference (TYPEOF), with "" for all others.
	byType map[string][]*node
}

// selection compiles the SELECT list.
func (c *compiler) selection(q *soql.Query) ([]*node, *apiError) {
	root := &node{}
	for _, item := range q.Select {
		var err *apiError
		switch {
		case item.Sub != nil:
			err = c.childNode(root, item.Sub)
		case item.Typeof != nil:
			err = c.typeofNode(root, item.Typeof)
		case item.Call != nil && strings.EqualFold(item.Call.Name, "FIELDS"):
			err = c.allFields(root, item.Call, q)
		default:
			err = c.valueNode(root, item)
		}
		if err != nil {
			return nil, err
		}
	}
	return root.kids, nil
}

func (c *compiler) valueNode(root *node, item *soql.Item) *apiError {
	o, err := c.operand(item.Call, item.Field, item.Pos)
	if err != nil {
		return err
	}
	if item.Call != nil {
		key := item.Alias
		if key == "" {
			key = o.f.name
		}
		return c.leaf(root, key, o, item.Pos)
	}
	if item.Alias != "" {
		return c.wrong(item.Pos, "MALFORMED_QUERY", "only aggregate expressions use field aliasing")
	}
	return c.place(root, o, item.Pos)
}

// place puts a value under the nodes of its path.
func (c *compiler) place(at *node, o *operand, pos soql.Position) *apiError {
	for _, hop := range o.hops {
		var next *node
		for _, k := range at.kids {
			if k.hop == hop {
				next = k
			}
		}
		if next == nil {
			next = &node{key: hop.relation, hop: hop}
			at.kids = append(at.kids, next)
		}
		at = next
	}
	last := *o
	last.hops = nil
	return c.leaf(at, o.f.name, &last, pos)
}

func (c *compiler) leaf(at *node, key string, o *operand, pos soql.Position) *apiError {
	for _, k := range at.kids {
		if strings.EqualFold(k.key, key) {
			return c.wrong(pos, "INVALID_FIELD", "duplicate field selected: %s", key)
		}
	}
	at.kids = append(at.kids, &node{key: key, o: o})
	return nil
}

// allFields is FIELDS(ALL|STANDARD|CUSTOM).
func (c *compiler) allFields(root *node, call *soql.Call, q *soql.Query) *apiError {
	which := ""
	if call.Arg != nil {
		which = strings.ToUpper(call.Arg.Field)
	}
	switch which {
	case "STANDARD":
	case "ALL", "CUSTOM":
		if q.Limit == nil || q.Limit.N > 200 {
			return c.wrong(call.Pos, "MALFORMED_QUERY", "The SOQL FIELDS function must have a LIMIT of at most 200")
		}
	default:
		return c.wrong(call.Pos, "MALFORMED_QUERY", "FIELDS takes ALL, STANDARD or CUSTOM")
	}
	for _, f := range c.t.fields {
		if which == "STANDARD" && f.custom || which == "CUSTOM" && !f.custom {
			continue
		}
		if err := c.leaf(root, f.name, &operand{f: f}, call.Pos); err != nil {
			return err
		}
	}
	return nil
}

// typeofNode is TYPEOF What WHEN Account THEN … END.
func (c *compiler) typeofNode(root *node, x *soql.Typeof) *apiError {
	hop := c.t.relations[strings.ToLower(x.Field)]
	if hop == nil || !hop.polymorphic() {
		return c.wrong(x.Pos, "INVALID_FIELD", "TYPEOF needs a polymorphic relationship, which '%s' is not", x.Field)
	}
	n := &node{key: hop.relation, hop: hop, byType: map[string][]*node{}}
	for _, w := range x.When {
		t := c.org.table(w.Type)
		if t == nil {
			return c.wrong(w.Pos, "INVALID_TYPE", "sObject type '%s' is not supported.", w.Type)
		}
		in := &compiler{org: c.org, t: t, text: c.text, now: c.now, version: c.version}
		under := &node{}
		for _, name := range w.Fields.Names {
			o, err := in.field(name, w.Pos)
			if err == nil {
				err = in.place(under, o, w.Pos)
			}
			if err != nil {
				return err
			}
		}
		n.byType[t.name] = under.kids
	}
	if x.Else != nil {
		for _, name := range x.Else.Names {
			f := nameFields[strings.ToLower(name)]
			if f == nil {
				return c.noColumn(x.Pos, name, "Name")
			}
			n.byType[""] = append(n.byType[""], &node{key: f.name, o: &operand{f: f, name: strings.ToLower(name)}})
		}
	}
	root.kids = append(root.kids, n)
	return nil
}

// childQuery is a query over the records that point to a record.
type childQuery struct {
	q   *query
	ref *field
}

func (c *compiler) childNode(root *node, sub *soql.Query) *apiError {
	rel, ok := c.t.children[strings.ToLower(sub.From.Name)]
	if !ok {
		return c.wrong(sub.From.Pos, "INVALID_TYPE", "Didn't understand relationship '%s' in FROM part of query call. If you are attempting to use a custom relationship, "+
			"be sure to append the '__r' after the custom relationship name. Please reference your WSDL or the describe call for the appropriate names.", sub.From.Name)
	}
	t := c.org.table(rel.object)
	in := &compiler{org: c.org, t: t, text: c.text, aliases: []string{sub.From.Name, sub.From.Alias}, now: c.now, version: c.version, all: c.all}
	q, err := in.query(sub)
	if err != nil {
		return err
	}
	if q.group != nil || q.count {
		return c.wrong(sub.Pos, "MALFORMED_QUERY", "Nested aggregate queries are not supported")
	}
	key := c.t.childNames[strings.ToLower(sub.From.Name)]
	root.kids = append(root.kids, &node{key: key, sub: &childQuery{q, t.field(rel.field)}})
	return nil
}

// rows are the records that point to the record.
func (x *childQuery) rows(id string) []*row {
	t := x.q.t
	found, ok := t.lookup(x.ref, id, nil)
	if !ok {
		for i := range t.rows {
			found = append(found, pos(i))
		}
	}
	var out []*row
	for _, p := range sorted(found) {
		r := t.rows[p]
		if (!r.deleted || x.q.all) && t.value(x.ref, r).text == id && x.q.holds(r) {
			out = append(out, r)
		}
	}
	return x.q.bounded(x.q.ordered(out))
}

// appendRecord writes a record with the selected keys.
func appendRecord(b []byte, version string, t *table, r *row, kids []*node) []byte {
	return append(appendKids(appendAttributes(b, version, t.name, t.name, t.id(r.num)), version, t, r, kids), '}')
}

func appendKids(b []byte, version string, t *table, r *row, kids []*node) []byte {
	for _, k := range kids {
		b = append(b, ',', '"')
		b = append(append(b, k.key...), '"', ':')
		switch {
		case k.sub != nil:
			b = k.sub.append(b, version, t.id(r.num))
		case k.hop != nil:
			b = appendParent(b, version, t, r, k)
		case k.o.own() && k.o.name == "":
			b = appendField(b, t, r, k.o.f)
		default:
			b = appendCell(b, k.o.f, k.o.get(t, r))
		}
	}
	return b
}

func appendParent(b []byte, version string, t *table, r *row, k *node) []byte {
	other, rec := t.org.record(t.value(k.hop, r).text)
	if rec == nil {
		return append(b, "null"...)
	}
	if k.byType != nil {
		kids, ok := k.byType[other.name]
		if !ok {
			kids = k.byType[""]
		}
		return appendRecord(b, version, other, rec, kids)
	}
	if !k.hop.polymorphic() {
		return appendRecord(b, version, other, rec, k.kids)
	}
	b = appendAttributes(b, version, "Name", other.name, other.id(rec.num))
	return append(appendKids(b, version, other, rec, k.kids), '}')
}

// append writes the records of an inner query, null when there are none.
func (x *childQuery) append(b []byte, version, id string) []byte {
	rows := x.rows(id)
	if len(rows) == 0 {
		return append(b, "null"...)
	}
	b = append(b, `{"totalSize":`...)
	b = appendNumber(b, nil, float64(len(rows)))
	b = append(b, `,"done":true,"records":[`...)
	for i, r := range rows {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendRecord(b, version, x.q.t, r, x.q.nodes)
	}
	return append(b, "]}"...)
}
