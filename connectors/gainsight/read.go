package gainsight

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/syncline/syncline/connectors"
	"github.com/syncline/syncline/connectors/internal/httpx"
	"github.com/syncline/syncline/lang/query"
	"github.com/syncline/syncline/lang/value"
)

const (
	// largePage is the size of an answer from which the next ones ask for fewer records; minPage the fewest.
	largePage, minPage = 24 << 20, 50
	// redescribeEvery bounds how often an unknown picklist item makes us look at the picklists again.
	redescribeEvery = 10 * time.Minute
)

// Read implements connectors.Reader.
func (c *conn) Read(ctx context.Context, q query.Read) (connectors.Rows, error) {
	o, err := c.object(ctx, q.Object)
	if err != nil {
		return nil, err
	}
	r := &rows{c: c, q: q, object: o, page: c.pageSize, key: -1, modified: -1}
	if r.filter, err = c.render(q.Where, func(path string) (*column, error) { return c.column(ctx, o, path) }); err != nil {
		return nil, err
	}
	for _, name := range q.Layout.Names {
		col, err := c.column(ctx, o, name)
		if errors.Is(err, errNoField) {
			// A field that is not there is empty; who must know, compares schemas.
			col = &column{field: &field{form: formAny}, path: name}
		} else if err != nil {
			return nil, err
		}
		r.columns = append(r.columns, col)
	}
	if err := r.choosePager(ctx); err != nil {
		return nil, err
	}
	return r, r.addColumns(ctx)
}

// rows is the answer to one Read.
type rows struct {
	c       *conn
	q       query.Read
	object  *object
	filter  filter
	columns []*column
	pager   pager
	decoder *decoder
	// layout names the columns, those of the query first; local: the filter is finished here.
	layout        *value.Layout
	local         bool
	key, modified int // columns of the Gsid and the time of change, -1: none
	page          int // records asked for
	given         int
	started       bool
	body          bytes.Buffer
}

// choosePager decides how to go through the records.
func (r *rows) choosePager(ctx context.Context) error {
	o := r.object
	switch {
	case r.q.Since != "" && !o.canSince():
		return permanent("read it whole", "%s has no time of change to read from", o.name)
	case r.q.Since != "":
		pos, err := parseCursor(r.q.Since)
		if err != nil {
			return err
		}
		if pos.After != "" {
			r.pager = &scan{key: o.key(), modified: o.modified, pos: pos}
		} else {
			r.pager = newSince(o.key(), o.modified, pos)
		}
	case r.q.Limit > 0 && len(r.q.Order) > 0:
		p := &ordered{}
		for _, k := range r.q.Order {
			col, err := r.c.column(ctx, o, k.Field)
			if err != nil {
				return err
			}
			p.order = append(p.order, sortKey{col.wire, k.Descending})
		}
		if o.hasKey && p.order[len(p.order)-1].name != o.key() {
			p.order = append(p.order, sortKey{name: o.key()})
		}
		r.pager = p
	case o.hasKey:
		r.pager = &scan{key: o.key(), modified: o.modified}
	default:
		// Without an id, page numbers are all there is.
		p := &byNumber{}
		if o.modified != "" {
			p.order = orderBy{{name: o.modified}}
		}
		r.pager = p
	}
	return nil
}

// addColumns adds what is read beside the query's fields: to page by, and to finish the filter by where a limit
// must count only records that satisfy it.
func (r *rows) addColumns(ctx context.Context) error {
	names := append([]string(nil), r.q.Layout.Names...)
	add := func(col *column) int {
		for i, have := range r.columns {
			if have.wire == col.wire {
				return i
			}
		}
		r.columns = append(r.columns, col)
		names = append(names, col.path)
		return len(r.columns) - 1
	}
	switch r.pager.(type) {
	case *scan, *since:
		r.key = add(pagingColumn(r.object.fields[r.object.key()]))
		if r.object.modified != "" {
			r.modified = add(pagingColumn(r.object.fields[r.object.modified]))
		}
	}
	if r.q.Limit > 0 && !r.filter.exact {
		r.local = true
		for _, path := range query.Fields(r.q.Where) {
			if r.q.Layout.Slot(path) >= 0 {
				continue
			}
			col, err := r.c.column(ctx, r.object, path)
			if errors.Is(err, errNoField) {
				continue
			}
			if err != nil {
				return err
			}
			// A path in another spelling needs a slot of its own, by which the predicate finds it.
			r.columns = append(r.columns, col)
			names = append(names, path)
		}
	}
	if !slices.ContainsFunc(r.columns, func(c *column) bool { return c.wire != "" }) && r.object.hasKey {
		add(pagingColumn(r.object.fields[r.object.key()])) // a select must not be empty
	}
	r.layout = value.NewLayout(names...)
	key := r.key
	if key < 0 {
		key = r.layout.Slot(r.object.key())
	}
	r.decoder = newDecoder(r.object.name, r.columns, key, r.c.zone)
	return nil
}

// queryBody is a query as sent.
type queryBody struct {
	Select  []string   `json:"select"`
	Where   *whereBody `json:"where,omitempty"`
	OrderBy orderBy    `json:"orderBy,omitempty"`
	Limit   int        `json:"limit"`
	Offset  int        `json:"offset"`
}

// Next implements connectors.Rows.
func (r *rows) Next(ctx context.Context, batch *value.Batch) error {
	batch.Reset()
	if r.filter.none || r.full() {
		return io.EOF
	}
	a, more := r.pager.next()
	if !more {
		return io.EOF
	}
	r.begin()
	limit := r.page
	if r.q.Limit > 0 && !r.local {
		limit = min(limit, r.q.Limit-r.given)
	}
	n, err := r.fetch(ctx, a, limit, batch)
	for err != nil && connectors.AsError(err).Code == "answer_too_large" && limit > minPage {
		r.page = max(minPage, limit/8)
		limit = r.page
		n, err = r.fetch(ctx, a, limit, batch)
	}
	if err != nil {
		batch.Reset()
		return err
	}
	if r.full() {
		return nil // what the page held beyond the limit was not given
	}
	r.pager.turned(n, limit)
	if batch.Len() == 0 {
		if _, more := r.pager.next(); !more {
			return io.EOF
		}
	}
	return nil
}

func (r *rows) full() bool { return r.q.Limit > 0 && r.given >= r.q.Limit }

// begin notes when the read began, by the server's clock. Before the first answer that is a guess; it is corrected after it.
func (r *rows) begin() {
	if r.started {
		return
	}
	now := r.c.serverNow()
	switch p := r.pager.(type) {
	case *scan:
		p.start = now
	case *since:
		p.start = now
	}
}

// corrected sets the read's beginning by the clock that the first answer showed.
func (r *rows) corrected(took time.Duration) {
	if r.started {
		return
	}
	r.started = true
	begun := r.c.serverNow().Add(-took)
	switch p := r.pager.(type) {
	case *scan:
		p.start = begun
	case *since:
		p.start = begun
	}
}

// fetch reads one page into the batch and gives how many records it had.
func (r *rows) fetch(ctx context.Context, a ask, limit int, batch *value.Batch) (int, error) {
	conditions := append(append([]condition(nil), r.filter.conditions...), a.conditions...)
	req := queryBody{Select: r.decoder.names, Where: body(conditions...), OrderBy: a.order, Limit: limit, Offset: a.offset}
	began := r.c.now()
	answer, err := r.c.client.Do(ctx, httpx.Request{
		Method: http.MethodPost, Path: "/v1/data/objects/query/" + url.PathEscape(r.object.name), Body: req, Safe: true, Into: &r.body,
	})
	if err != nil {
		return r.failed(err)
	}
	r.corrected(r.c.now().Sub(began))
	r.decoder.strange = false
	first := r.given
	env, n, err := r.decoder.page(answer.Body, batch, func(rec value.Record) { r.take(rec, batch) })
	if err != nil {
		r.given = first
		return 0, r.c.client.Unreadable(answer, true, err)
	}
	if env.failed() {
		return r.failed(r.c.refused(&env, answer))
	}
	if len(answer.Body) > largePage {
		r.page = max(minPage, r.page/2)
	}
	if r.decoder.strange {
		r.relabel(ctx, batch)
	}
	return n, nil
}

// failed sorts out what is no failure: an answer that says that there is nothing.
func (r *rows) failed(err error) (int, error) {
	e := connectors.AsError(err)
	if noData(e) {
		r.corrected(0)
		return 0, nil
	}
	if e.Class == connectors.Reject || e.Class == connectors.Gone {
		e.Class = connectors.Permanent
	}
	return 0, e
}

// take gives one record on.
func (r *rows) take(rec value.Record, batch *value.Batch) {
	if r.full() || r.key >= 0 && !r.pager.see(rec.At(r.key), rec.At(r.modified)) {
		return
	}
	if r.local && !query.Match(r.q.Where, r.layout, rec) {
		return
	}
	copy(batch.Append(), rec)
	r.given++
}

// relabel asks for the picklists again, because a record holds an item that is not known, and mends the batch.
func (r *rows) relabel(ctx context.Context, batch *value.Batch) {
	c, name := r.c, strings.ToLower(r.object.name)
	c.mu.Lock()
	recent := c.now().Sub(c.redescribed[name]) < redescribeEvery
	if !recent {
		c.redescribed[name] = c.now()
	}
	c.mu.Unlock()
	if recent {
		return
	}
	names := map[string]bool{r.object.name: true}
	for _, col := range r.columns {
		if owner := c.owner(r.object, col.path); owner != nil {
			names[owner.name] = true
		}
	}
	list := make([]string, 0, len(names))
	for n := range names {
		list = append(list, n)
	}
	if err := c.describe(ctx, list); err != nil {
		c.log.WarnContext(ctx, "cannot read the picklists again", "object", r.object.name, "error", err)
		return
	}
	r.mend(ctx, batch)
}

// mend replaces ids in the batch that the new picklists know, and uses these from now on.
func (r *rows) mend(ctx context.Context, batch *value.Batch) {
	o := r.c.known(r.object.name)
	if o == nil {
		return
	}
	for i, old := range r.columns {
		col, err := r.c.column(ctx, o, old.path)
		if err != nil || col.picks == nil || col.form != old.form || old.picks == nil {
			continue
		}
		col.wire = old.wire
		r.columns[i] = col
		if i >= r.q.Layout.Len() {
			continue
		}
		for n := range batch.Len() {
			rec := batch.Record(n)
			rec[i] = col.picks.relabel(rec[i])
		}
	}
}

// relabel turns ids that were not known before into labels.
func (p *picklist) relabel(v value.Value) value.Value {
	if v.Kind() == value.KindList {
		for i, item := range v.AsList() {
			v.AsList()[i] = p.relabel(item)
		}
		return v
	}
	if label, ok := p.labels[v.AsText()]; ok && v.Kind() == value.KindText {
		return label
	}
	return v
}

// owner is the object that the last field of a path belongs to, as far as it is known.
func (c *conn) owner(o *object, path string) *object {
	for o != nil {
		head, rest, more := strings.Cut(path, ".")
		if !more {
			return o
		}
		link := o.lookup(head)
		if link == nil {
			return nil
		}
		o, path = c.known(link.target), rest
	}
	return nil
}

// Cursor implements connectors.Rows.
func (r *rows) Cursor() query.Cursor {
	if r.filter.none {
		return r.q.Since
	}
	return r.pager.cursor()
}

// Bad implements connectors.BadRows.
func (r *rows) Bad() []connectors.BadRow { return r.decoder.bad }

// Close implements connectors.Rows.
func (r *rows) Close() error {
	r.body = bytes.Buffer{}
	return nil
}
