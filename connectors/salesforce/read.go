package salesforce

import (
	"bytes"
	"context"
	"io"
	"net/url"
	"time"

	"github.com/syncline/syncline/connectors"
	"github.com/syncline/syncline/connectors/internal/httpx"
	"github.com/syncline/syncline/lang/query"
	"github.com/syncline/syncline/lang/value"
)

// Read starts a read. Nothing is asked before the first Next.
func (c *conn) Read(ctx context.Context, q query.Read) (connectors.Rows, error) {
	if err := ctx.Err(); err != nil {
		return nil, &connectors.Error{Class: connectors.Retry, Message: "stopped: " + err.Error(), Err: err}
	}
	r := &rows{conn: c, q: q}
	if q.Since != "" {
		at, err := parseCursor(q.Since)
		if err != nil {
			return nil, err
		}
		r.from = &position{at: at.At, id: at.ID}
	}
	return r, nil
}

// rows is the answer to a read.
type rows struct {
	conn *conn
	q    query.Read
	from *position

	shape   *shape
	st      statement
	decoder decoder
	body    bytes.Buffer
	queries []string // those that were not begun yet
	next    string   // path of the next page of the current one
	over    error    // io.EOF, or what ended the read

	progress progress
	given    int
	seen     map[string]bool // ids so far, where several queries can give one record twice
	resumed  int             // times that the server forgot the query since the last page
	last     bool            // the last page was given, or there was none
}

// Next fills the batch with the next page.
func (r *rows) Next(ctx context.Context, batch *value.Batch) error {
	batch.Reset()
	if r.over != nil {
		return r.over
	}
	err := r.page(ctx, batch)
	if err != nil {
		batch.Reset()
		r.over = err
	}
	return err
}

func (r *rows) page(ctx context.Context, batch *value.Batch) error {
	if r.shape == nil {
		if err := r.begin(ctx); err != nil {
			return err
		}
	}
	for {
		if r.next == "" && len(r.queries) == 0 || r.full() {
			r.last = true
			return io.EOF
		}
		before := r.progress
		err := r.fetch(ctx, batch)
		if err != nil {
			r.progress = before // what was decoded of a broken page is not given
		}
		if e := connectors.AsError(err); e != nil && e.Code == "INVALID_QUERY_LOCATOR" && r.resume() {
			continue
		}
		if err != nil {
			return err
		}
		r.resumed = 0
		// A page that was filtered away is no answer yet, unless something is wrong in it.
		if batch.Len() > 0 || len(r.decoder.bad) > 0 {
			return nil
		}
	}
}

// begin finds out what is to be read and writes the queries.
func (r *rows) begin(ctx context.Context) error {
	s, err := r.conn.shapeOf(ctx, r.q)
	if err != nil {
		return err
	}
	if s.object.Modified == "" {
		r.from = nil // the object cannot resume
	}
	r.shape, r.st = s, s.statement(r.q, r.from)
	r.queries = r.st.queries
	if len(r.queries) > 1 {
		r.seen = map[string]bool{}
	}
	r.decoder.shape, r.decoder.keep = s, r.keep
	return nil
}

// fetch reads the next page of the current query, or the first of the next one.
func (r *rows) fetch(ctx context.Context, batch *value.Batch) error {
	request := httpx.Request{Path: r.next, Into: &r.body}
	first := r.next == ""
	if first {
		resource := "/query"
		if r.q.Deleted && r.q.Layout.Slot(deletedField) >= 0 {
			resource = "/queryAll"
		}
		request.Path, request.Query = r.conn.path(resource), url.Values{"q": {r.queries[0]}}
	}
	began := r.conn.now()
	a, err := r.conn.http.Do(ctx, request)
	if err != nil {
		return err
	}
	if first {
		if r.progress.floor.IsZero() {
			now := r.conn.now()
			r.progress.floor = serverTime(a.Header, now.Sub(began), now).Add(-overlap)
		}
		r.queries = r.queries[1:]
	}
	next, err := r.decoder.page(a.Body, batch)
	if err != nil {
		return r.conn.http.Unreadable(a, true, err)
	}
	r.next, r.last = next, next == "" && len(r.queries) == 0
	return nil
}

// deletedField tells deleted records from others in an answer that has both.
const deletedField = "IsDeleted"

// keep notes a record and decides whether it is given.
func (r *rows) keep(record value.Record) bool {
	if r.seen != nil {
		if r.seen[string(r.decoder.id)] {
			return false
		}
		r.seen[string(r.decoder.id)] = true
	}
	if r.st.ordered {
		r.progress.record(time.UnixMicro(r.decoder.stamp), string(r.decoder.id))
	}
	if r.q.Limit > 0 && !r.st.limited && r.countable() {
		if r.full() || !query.Match(r.q.Where, r.q.Layout, record) {
			return false
		}
		r.given++
	}
	return true
}

// countable tells whether a limit that Salesforce was not asked to keep can be kept here.
func (r *rows) countable() bool {
	_, sortable := r.shape.order(r.q)
	ordered := len(r.q.Order) == 0 || sortable && len(r.st.queries) == 1
	return ordered && selfFiltering(r.q, r.shape.fields)
}

func (r *rows) full() bool { return r.q.Limit > 0 && !r.st.limited && r.given >= r.q.Limit }

// resume begins anew from the last record when the server has forgotten the query, as it does after two days.
func (r *rows) resume() bool {
	if !r.st.ordered || r.resumed > 0 {
		return false
	}
	r.resumed++
	if r.progress.any {
		r.from = &position{at: r.progress.at, id: r.progress.id}
	}
	r.next, r.queries = "", r.shape.statement(r.q, r.from).queries
	return true
}

// Cursor is where a later read goes on.
func (r *rows) Cursor() query.Cursor {
	if r.shape == nil {
		return r.q.Since
	}
	if !r.st.ordered && len(r.st.queries) > 0 || r.shape.object.Modified == "" {
		return ""
	}
	return r.progress.cursor(r.q.Since, r.last)
}

// Bad gives the records of the last page that could not be decoded.
func (r *rows) Bad() []connectors.BadRow { return r.decoder.bad }

// Close ends the read.
func (r *rows) Close() error {
	r.over = io.EOF
	return nil
}
