package gainsight

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"sort"
	"strings"

	"github.com/syncline/syncline/connectors/sandbox/harness"
)

// maxRows is the most records of a query.
const maxRows = 5000

// queryBody is the body of a query.
type queryBody struct {
	Select  []string   `json:"select"`
	Where   *whereBody `json:"where"`
	OrderBy orderBody  `json:"orderBy"`
	Limit   *int       `json:"limit"`
	Offset  int        `json:"offset"`
}

// orderBody is sort keys in the order in which they were written.
type orderBody []orderKey

type orderKey struct {
	name       string
	descending bool
}

// UnmarshalJSON keeps the order of the keys.
func (o *orderBody) UnmarshalJSON(data []byte) error {
	if string(data) == "null" {
		return nil
	}
	d := json.NewDecoder(bytes.NewReader(data))
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		return errors.New("orderBy is an object of field and direction")
	}
	for d.More() {
		name, err := d.Token()
		if err != nil {
			return err
		}
		var direction string
		if err := d.Decode(&direction); err != nil {
			return err
		}
		switch strings.ToLower(direction) {
		case "asc", "desc":
		default:
			return fmt.Errorf("orderBy: %q is neither asc nor desc", direction)
		}
		*o = append(*o, orderKey{fmt.Sprint(name), strings.EqualFold(direction, "desc")})
	}
	return nil
}

// query answers the query API.
func (s *System) query(w http.ResponseWriter, r *http.Request) {
	var q queryBody
	if !readBody(w, r, &q) {
		return
	}
	if len(q.Select) == 0 {
		refuse(w, http.StatusBadRequest, "GSOBJ_1002", "Please add fields in the select clause", nil)
		return
	}
	limit := 1000
	if q.Limit != nil {
		limit = *q.Limit
	}
	if limit < 1 || limit > maxRows || q.Offset < 0 {
		refuse(w, http.StatusBadRequest, "GSOBJ_1002", "Limit should be between 1 and 5000", nil)
		return
	}
	body, n, ok := s.run(w, r.PathValue("object"), &q, limit)
	if !ok {
		return
	}
	harness.CountRecords(r.Context(), n)
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(body)
}

// run finds the records and writes them into an answer.
func (s *System) run(w http.ResponseWriter, object string, q *queryBody, limit int) ([]byte, int, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	t := s.table(object)
	if t == nil {
		objectNotFound(w)
		return nil, 0, false
	}
	paths := make([]*path, len(q.Select))
	for i, name := range q.Select {
		p, err := s.path(t.def, name)
		if err != nil {
			refuse(w, http.StatusBadRequest, "GSOBJ_1002", err.Error(), nil)
			return nil, 0, false
		}
		paths[i] = p
	}
	rows, err := s.find(t, q.Where, q.OrderBy, q.Offset, limit)
	if err != nil {
		refuse(w, http.StatusBadRequest, "GSOBJ_1002", err.Error(), nil)
		return nil, 0, false
	}
	if len(rows) == 0 && s.options.EmptyIsError {
		refuse(w, http.StatusBadRequest, "GSOBJ_1011", "No data found for given criteria", nil)
		return nil, 0, false
	}
	return s.encodeRows(rows, paths), len(rows), true
}

// find gives the rows of one page.
func (s *System) find(t *table, where *whereBody, orderBy orderBody, offset, limit int) ([]*row, error) {
	f, err := s.compile(t.def, where)
	if err != nil {
		return nil, err
	}
	keys := make([]*path, len(orderBy))
	for i, k := range orderBy {
		if keys[i], err = s.path(t.def, k.name); err != nil {
			return nil, err
		}
	}
	candidates, inOrder := t.candidates(f, orderBy)
	if inOrder {
		return take(candidates, f, offset, limit), nil
	}
	all := take(candidates, f, 0, len(candidates))
	sort.SliceStable(all, func(i, j int) bool {
		for k, p := range keys {
			if n := compare(p.value(all[i]), p.value(all[j])); n != 0 {
				return (n < 0) != orderBy[k].descending
			}
		}
		return false
	})
	return all[min(offset, len(all)):min(offset+limit, len(all))], nil
}

func take(candidates []*row, f *filter, offset, limit int) []*row {
	out := make([]*row, 0, min(limit, len(candidates)))
	for _, r := range candidates {
		if !f.match(r) {
			continue
		}
		if offset > 0 {
			offset--
			continue
		}
		if len(out) == limit {
			break
		}
		out = append(out, r)
	}
	return out
}

// candidates gives the rows that can match, and whether they are in the order asked for: single ids are
// looked up, and a bound on the first sort key is searched for.
func (t *table) candidates(f *filter, orderBy orderBody) ([]*row, bool) {
	if rows := t.byIDs(f); rows != nil {
		return rows, len(orderBy) == 0 || len(orderBy) == 1 && strings.EqualFold(orderBy[0].name, "Gsid") && !orderBy[0].descending
	}
	if len(orderBy) == 0 {
		return t.sorted, true
	}
	if orderBy[0].descending {
		return t.sorted, false
	}
	switch first := strings.ToLower(orderBy[0].name); {
	case first == "gsid":
		from := 0
		if v := f.bound("gsid"); v != nil {
			from, _ = slices.BinarySearchFunc(t.sorted, v.(string), func(r *row, id string) int { return strings.Compare(r.id, id) })
		}
		return t.sorted[from:], true
	case first == t.def.modified && (len(orderBy) == 1 || len(orderBy) == 2 && strings.EqualFold(orderBy[1].name, "Gsid") && !orderBy[1].descending):
		from := 0
		if v := f.bound(first); v != nil {
			from = sort.Search(len(t.recent), func(i int) bool { return t.recent[i].modified >= v.(instant) })
		}
		return t.recent[from:], true
	}
	return t.sorted, false
}

// bound is the lower bound that all of a filter's conditions put on a field, nil when there is none.
func (f *filter) bound(name string) any {
	if len(f.any) != 1 {
		return nil
	}
	var low any
	for _, i := range f.any[0] {
		c := f.conds[i]
		if len(c.path.steps) > 0 || !strings.EqualFold(c.path.last.name, name) {
			continue
		}
		switch c.op {
		case "GT", "GTE", "EQ", "BTW":
			if low == nil || compare(c.values[0], low) > 0 {
				low = c.values[0]
			}
		}
	}
	return low
}

// byIDs gives the rows that a condition names by their Gsid, nil when there is none such.
func (t *table) byIDs(f *filter) []*row {
	if len(f.any) != 1 {
		return nil
	}
	for _, i := range f.any[0] {
		c := f.conds[i]
		if len(c.path.steps) > 0 || c.path.last.typ != tGsid || c.op != "EQ" && c.op != "IN" {
			continue
		}
		rows := make([]*row, 0, len(c.values))
		for _, v := range c.values {
			if r := t.byID[fmt.Sprint(v)]; r != nil {
				rows = append(rows, r)
			}
		}
		slices.SortFunc(rows, compareID)
		return slices.Compact(rows)
	}
	return nil
}
