package salesforce

import (
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/syncline/syncline/lang/query"
	"github.com/syncline/syncline/lang/schema"
)

const (
	// lookupMost is the most values of a look-up: as ids they fill the longest address that Salesforce takes.
	lookupMost = 400
	// queryMost is the most bytes of an encoded query. Address and headers together may have 16,384.
	queryMost = 12_000
)

// statement is the SOQL of one read: one query, or several whose answers together are it.
type statement struct {
	queries []string
	exact   bool // nothing comes back that the predicate does not match
	limited bool // LIMIT is in the query
	ordered bool // by stamp and id, so that a cursor can tell where the read is
}

// statement renders a read from a position on.
func (s *shape) statement(q query.Read, from *position) statement {
	chunks := s.chunks(q, from)
	st := statement{exact: true}
	for _, where := range chunks {
		c := s.condition(where, false)
		st.exact = st.exact && c.exact
		if c.truth == nothing {
			continue
		}
		st.queries = append(st.queries, s.text(q, c, from, len(chunks) == 1, &st))
	}
	return st
}

// chunks splits a predicate whose longest list would make the address too long.
func (s *shape) chunks(q query.Read, from *position) []query.Pred {
	todo, out := []query.Pred{q.Where}, []query.Pred(nil)
	for len(todo) > 0 {
		where := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		var st statement
		text := s.text(q, s.condition(where, false), from, true, &st)
		if len(url.QueryEscape(text)) <= queryMost {
			out = append(out, where)
			continue
		}
		if a, b, ok := split(where); ok {
			todo = append(todo, b, a)
			continue
		}
		shorter, ok := s.dropLongest(where)
		if !ok {
			out = append(out, where)
			continue
		}
		todo = append(todo, shorter)
	}
	return out
}

// split halves the longest list that every record must be in.
func split(p query.Pred) (a, b query.Pred, ok bool) {
	switch p := p.(type) {
	case query.In:
		if n := len(p.Values); n > 1 {
			return query.In{Field: p.Field, Values: p.Values[:n/2]}, query.In{Field: p.Field, Values: p.Values[n/2:]}, true
		}
	case query.And:
		at, most := -1, 1
		for i, part := range p {
			if in, ok := part.(query.In); ok && len(in.Values) > most {
				at, most = i, len(in.Values)
			}
		}
		if at < 0 {
			return nil, nil, false
		}
		x, y, _ := split(p[at])
		with := func(part query.Pred) query.Pred {
			out := append(query.And(nil), p...)
			out[at] = part
			return out
		}
		return with(x), with(y), true
	}
	return nil, nil, false
}

// dropLongest leaves out the condition that takes most room: more is read than is wanted, and nothing is lost.
func (s *shape) dropLongest(p query.Pred) (query.Pred, bool) {
	and, ok := p.(query.And)
	if !ok {
		and = query.And{p}
	}
	at, most := -1, 0
	for i, part := range and {
		if n := len(s.condition(part, false).text); n > most {
			at, most = i, n
		}
	}
	if at < 0 {
		return nil, false
	}
	out := append(query.And(nil), and...)
	out[at] = dropped{}
	return out, true
}

// dropped is a condition that was left out.
type dropped struct{ query.Pred }

// text writes one query.
func (s *shape) text(q query.Read, where cond, from *position, whole bool, st *statement) string {
	var b strings.Builder
	b.WriteString("SELECT ")
	b.WriteString(strings.Join(s.names, ","))
	b.WriteString(" FROM ")
	b.WriteString(s.object.Name)
	if from != nil {
		where = allOf(cond{text: from.condition(s.object.Modified), op: "AND", exact: true}, where)
	}
	if where.truth == depends {
		b.WriteString(" WHERE ")
		b.WriteString(where.text)
	}
	order, sortable := s.order(q)
	st.limited = q.Limit > 0 && whole && where.exact && sortable
	st.ordered = false
	switch {
	case st.limited:
		b.WriteString(order)
		b.WriteString(" LIMIT ")
		b.WriteString(strconv.Itoa(q.Limit))
	case q.Limit > 0 && whole && sortable:
		b.WriteString(order)
	case whole && s.object.Modified != "" && q.Limit == 0:
		b.WriteString(" ORDER BY " + s.object.Modified + "," + idField)
		st.ordered = true
	}
	return b.String()
}

// order is the order of a read with a limit; false when Salesforce cannot order so.
func (s *shape) order(q query.Read) (string, bool) {
	if q.Limit == 0 || len(q.Order) == 0 {
		return "", true
	}
	var b strings.Builder
	for _, o := range q.Order {
		f := s.fields[o.Field]
		if f == nil {
			continue // empty in all records
		}
		if !f.Sortable && !strings.Contains(o.Field, ".") {
			return "", false
		}
		if b.Len() == 0 {
			b.WriteString(" ORDER BY ")
		} else {
			b.WriteString(",")
		}
		b.WriteString(o.Field)
		if o.Descending {
			b.WriteString(" DESC")
		}
		b.WriteString(" NULLS LAST")
	}
	if b.Len() > 0 {
		b.WriteString("," + idField)
	}
	return b.String(), true
}

// position is where a read begins: after a stamp and id, or with a stamp when id is "".
type position struct {
	at time.Time
	id string
}

func (p *position) condition(stamp string) string {
	at := p.at.UTC().Format("2006-01-02T15:04:05Z")
	if p.id == "" {
		return stamp + " >= " + at
	}
	// The first part is what the index is for.
	return stamp + " >= " + at + " AND (" + stamp + " > " + at + " OR " + idField + " > '" + p.id + "')"
}

// selfFiltering tells whether a read can be filtered here: all that its predicate reads is in its layout.
func selfFiltering(q query.Read, fields map[string]*schema.Field) bool {
	for _, f := range query.Fields(q.Where) {
		if q.Layout.Slot(f) < 0 && fields[f] != nil {
			return false
		}
	}
	return true
}
