package salesforce

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
)

const (
	defaultPage = 2000
	leastPage   = 200
	// uriLimit is the most bytes of a URI.
	uriLimit = 16384
)

// query answers /query and /queryAll, with a statement or a locator.
func (s *System) query(req *request, all bool) *response {
	if req.method != http.MethodGet {
		return refused(errMethod(req.method))
	}
	if len(req.path) == 2 {
		return s.nextPage(req)
	}
	text := req.query.Get("q")
	switch {
	case len(req.path) > 2:
		return refused(errNotFound())
	case text == "":
		return refused(fail("MALFORMED_QUERY", "A query string has to be specified"))
	case !req.inner && len(req.query.Encode()) > uriLimit:
		return refused(&apiError{code: "URI_TOO_LONG", message: "The URI is longer than 16384 bytes", status: http.StatusRequestURITooLong})
	}
	q, err := s.org.compileQuery(text, req.version, all, s.options.Now().UTC())
	if err != nil {
		return refused(err)
	}
	switch {
	case q.count:
		return okRaw(countAnswer(q))
	case q.group != nil:
		return groupAnswer(q)
	}
	c := &cursor{rows: q.rows(), nodes: q.nodes, t: q.t, size: pageSize(req)}
	if len(c.rows) > c.size {
		s.cursors.open(c)
	}
	return c.page(0, req.version)
}

// pageSize is the Sforce-Query-Options header's wish, within bounds.
func pageSize(req *request) int {
	for part := range strings.SplitSeq(req.header.Get("Sforce-Query-Options"), ",") {
		name, value, _ := strings.Cut(strings.TrimSpace(part), "=")
		if n, err := strconv.Atoi(strings.TrimSpace(value)); err == nil && strings.EqualFold(strings.TrimSpace(name), "batchSize") {
			return max(leastPage, min(n, defaultPage))
		}
	}
	return defaultPage
}

func countAnswer(q *query) []byte {
	n := q.t.live
	if q.where != nil || q.all || q.limit >= 0 || q.offset > 0 {
		n = len(q.rows())
	}
	return []byte(`{"totalSize":` + strconv.Itoa(n) + `,"done":true,"records":[]}`)
}

func groupAnswer(q *query) *response {
	rows := q.group.run(q)
	if len(rows) > defaultPage {
		return refused(fail("EXCEEDED_ID_LIMIT", "Aggregate query does not support queryMore(), use LIMIT to restrict the results to a single batch"))
	}
	b := []byte(`{"totalSize":` + strconv.Itoa(len(rows)) + `,"done":true,"records":[`)
	for i, values := range rows {
		if i > 0 {
			b = append(b, ',')
		}
		b = q.group.append(b, values)
	}
	return okRaw(append(b, "]}"...)).counting(len(rows))
}

// nextPage answers a locator: the id of a query and where in it to go on.
func (s *System) nextPage(req *request) *response {
	id, offset, found := strings.Cut(req.path[1], "-")
	at, err := strconv.Atoi(offset)
	c := s.cursors.find(id)
	if !found || err != nil || c == nil || at < 0 || at > len(c.rows) {
		return refused(fail("INVALID_QUERY_LOCATOR", "invalid query locator"))
	}
	return c.page(at, req.version)
}

// page writes the records from a position on.
func (c *cursor) page(from int, version string) *response {
	to := min(from+c.size, len(c.rows))
	b := make([]byte, 0, 256+(to-from)*256)
	b = append(b, `{"totalSize":`...)
	b = strconv.AppendInt(b, int64(len(c.rows)), 10)
	if to < len(c.rows) {
		b = append(b, `,"done":false,"nextRecordsUrl":"/services/data/`...)
		b = append(append(b, version...), "/query/"...)
		b = append(append(b, c.id...), '-')
		b = append(strconv.AppendInt(b, int64(to), 10), '"')
	} else {
		b = append(b, `,"done":true`...)
	}
	b = append(b, `,"records":[`...)
	for i, r := range c.rows[from:to] {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendRecord(b, version, c.t, r, c.nodes)
	}
	return okRaw(append(b, "]}"...)).counting(to - from)
}

// fieldsNamed finds fields by a list of names.
func fieldsNamed(t *table, names []string) ([]*field, *apiError) {
	out := []*field{t.field("Id")}
	for _, name := range names {
		f := t.field(strings.TrimSpace(name))
		if f == nil {
			return nil, errNoColumn(name, t.name)
		}
		if !slices.Contains(out, f) {
			out = append(out, f)
		}
	}
	return out, nil
}
