package sql

import (
	"context"
	stdsql "database/sql"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/syncline/syncline/connectors"
	"github.com/syncline/syncline/lang/query"
	"github.com/syncline/syncline/lang/value"
)

// Read starts a read.
func (c *connection) Read(ctx context.Context, q query.Read) (connectors.Rows, error) {
	t, err := c.lookup(ctx, q.Object)
	if err != nil {
		return nil, err
	}
	r := &rows{c: c, t: t, q: q}
	for _, name := range q.Layout.Names {
		r.cols = append(r.cols, t.column(name).as(q.Schema))
	}
	r.along = t.key
	if t.rowid != nil {
		r.along = []*column{t.rowid}
	}
	switch {
	case q.Limit > 0 && len(q.Order) > 0, len(r.along) == 0, q.Since == "" && t.isLookup(q.Where):
		r.once = true
	case t.modified != nil:
		r.tracked = true
		if q.Since != "" {
			if r.at, err = decodeCursor(q.Since); err != nil {
				return nil, err
			}
		}
	default:
		r.at.Phase = everything
	}
	return r, nil
}

// isLookup tells whether the read asks for certain records: an order along the key would keep the database from using the
// index of the field. Of a table with a modified column only look-ups of unique fields count, the others may be a pass.
func (t *table) isLookup(p query.Pred) bool {
	switch p := p.(type) {
	case query.In:
		c := t.column(p.Field)
		return t.modified == nil || c != nil && c.Unique
	case query.And:
		for _, x := range p {
			if t.isLookup(x) {
				return true
			}
		}
	}
	return false
}

// rows reads page after page, each a query of its own.
type rows struct {
	c    *connection
	t    *table
	q    query.Read
	cols []*column // by slot, nil where the object has no such field
	// along are the columns that pages go along; once: one query without pages; tracked: there is a modified column.
	along         []*column
	once, tracked bool
	at            cursor
	begun, over   bool
	given         int
	sink          *rowSink
	stream        *stream // of a query without pages
}

func (r *rows) Next(ctx context.Context, batch *value.Batch) error {
	batch.Reset()
	if err := ctx.Err(); err != nil {
		return r.c.fail(err)
	}
	if r.over || r.q.Limit > 0 && r.given >= r.q.Limit {
		r.over, r.sink = true, nil
		return io.EOF
	}
	if r.once {
		return r.streamed(ctx, batch)
	}
	conn, err := r.c.database().Conn(ctx)
	if err != nil {
		return r.failed(ctx, err)
	}
	defer conn.Close()
	if !r.begun {
		if err := r.begin(ctx, conn); err != nil {
			return r.failed(ctx, err)
		}
		r.begun = true
	}
	if err := r.page(ctx, conn, batch); err != nil {
		batch.Reset()
		return r.failed(ctx, err)
	}
	r.given += batch.Len()
	if r.over && batch.Len() == 0 && len(r.sink.bad) == 0 {
		r.sink = nil
		return io.EOF
	}
	return nil
}

// failed ends the read.
func (r *rows) failed(ctx context.Context, err error) error {
	r.over, r.sink = true, nil
	if ctx.Err() != nil {
		err = ctx.Err()
	}
	return r.c.fail(err)
}

// begin opens a pass: how far it goes, and where it starts.
func (r *rows) begin(ctx context.Context, conn *stdsql.Conn) error {
	if !r.tracked || r.at.Phase != "" {
		return nil
	}
	connectors.CountCall(ctx)
	until, err := scanAny(ctx, conn, r.c.d.newest(r.t.modified, r.t.from))
	if err != nil {
		return err
	}
	r.at.Until = r.c.d.capped(until)
	switch {
	case r.at.Since == nil:
		r.at.Phase = everything
	case !r.t.modified.notNull:
		r.at.Phase = unstamped
	default:
		r.at.Phase = changes
	}
	return nil
}

// scanAny reads one value.
func scanAny(ctx context.Context, conn *stdsql.Conn, query string) (any, error) {
	var v any
	if err := conn.QueryRowContext(ctx, query).Scan(&v); err != nil {
		return nil, err
	}
	if b, ok := v.([]byte); ok {
		return string(b), nil
	}
	return v, nil
}

// page reads the next page of the phase, and goes on to the next phase when it is the last.
func (r *rows) page(ctx context.Context, conn *stdsql.Conn, batch *value.Batch) error {
	limit := r.c.page
	if r.q.Limit > 0 {
		limit = min(limit, r.q.Limit-r.given)
	}
	text, args, pos := r.statement(limit)
	connectors.CountCall(ctx)
	r.sink = r.newSink(batch, pos)
	if err := r.c.d.fetch(ctx, conn, text, args, r.sink); err != nil {
		return err
	}
	if r.sink.last != nil {
		r.at.At = r.sink.last
	}
	if r.sink.n < limit {
		r.nextPhase()
	}
	return nil
}

func (r *rows) newSink(batch *value.Batch, pos int) *rowSink {
	return &rowSink{t: r.t, cols: r.cols, batch: batch, pos: pos, keyless: r.t.single() == nil}
}

// nextPhase moves on when a phase has no more records.
func (r *rows) nextPhase() {
	if !r.tracked || r.at.Phase != unstamped {
		r.over = true
		// What the pass covered is where the next begins; of an empty table that is nothing.
		r.at = cursor{Since: r.at.Until}
		return
	}
	r.at.Phase, r.at.At = changes, nil
}

func (r *rows) Cursor() query.Cursor {
	if !r.tracked || r.once {
		return ""
	}
	return r.at.encode()
}

// statement builds the query of the next page. pos is how many columns of the position stand before the record's.
func (r *rows) statement(limit int) (text string, args []any, pos int) {
	d := r.c.d
	b := &builder{d: d}
	along := r.along
	if r.at.Phase == changes {
		along = append([]*column{r.t.modified}, along...)
	}
	if r.once {
		along = r.t.key
	}
	var list []string
	for i, c := range along {
		// Named, or ORDER BY would take the position, a text, for the column.
		list = append(list, d.position(c)+" AS "+d.quote("syncline_at_"+strconv.Itoa(i)))
	}
	pos = len(list)
	for _, c := range r.cols {
		if c != nil {
			list = append(list, d.selected(c))
		}
	}
	if len(list) == 0 {
		list = append(list, "1")
	}
	var s strings.Builder
	s.WriteString("SELECT " + strings.Join(list, ", ") + " FROM " + r.t.from)
	if conds := r.conditions(b, along); len(conds) > 0 {
		s.WriteString(" WHERE " + strings.Join(conds, " AND "))
	}
	if order := r.order(b, along); len(order) > 0 {
		s.WriteString(" ORDER BY " + strings.Join(order, ", "))
	}
	if !r.once || r.q.Limit > 0 {
		s.WriteString(" LIMIT " + strconv.Itoa(limit))
	}
	return s.String(), b.args, pos
}

func (r *rows) conditions(b *builder, along []*column) []string {
	var conds []string
	d := r.c.d
	switch r.at.Phase {
	case unstamped:
		conds = append(conds, d.quote(r.t.modified.db)+" IS NULL")
	case changes:
		m := d.quote(r.t.modified.db)
		conds = append(conds, m+" >= "+d.since(b, r.t.modified, r.at.Since, r.c.overlap.Seconds()))
		if r.at.Until != nil {
			conds = append(conds, m+" <= "+d.posArg(b, r.t.modified, r.at.Until))
		}
	}
	if len(r.at.At) == len(along) && len(along) > 0 && !r.once {
		conds = append(conds, after(b, along, r.at.At))
	}
	if r.q.Where != nil {
		w := where{b, r.t}
		mark := len(b.args)
		if s, ok := w.render(r.q.Where, false); ok {
			conds = append(conds, s)
		} else {
			b.args = b.args[:mark]
		}
	}
	return conds
}

// after is the condition that a record comes after the position: written out, as not every database uses an index for a
// comparison of rows.
func after(b *builder, along []*column, at []any) string {
	d := b.d
	x := d.quote(along[0].db)
	if len(along) == 1 {
		return x + " > " + d.posArg(b, along[0], at[0])
	}
	bound := x + " >= " + d.posArg(b, along[0], at[0])
	beyond := x + " > " + d.posArg(b, along[0], at[0])
	return fmt.Sprintf("(%s AND (%s OR %s))", bound, beyond, after(b, along[1:], at[1:]))
}

func (r *rows) order(b *builder, along []*column) []string {
	var out []string
	if r.once {
		if r.q.Limit > 0 && len(r.q.Order) > 0 {
			out = where{b, r.t}.order(r.q.Order)
			for _, c := range along {
				out = append(out, b.d.quote(c.db))
			}
		}
		return out
	}
	for _, c := range along {
		out = append(out, b.d.quote(c.db))
	}
	return out
}

func (r *rows) Bad() []connectors.BadRow {
	if r.sink == nil {
		return nil
	}
	return r.sink.bad
}

// ID is the primary key of several columns as one text; of a table with none there is nothing.
func (r *rows) ID(i int) string {
	if r.sink == nil || i >= len(r.sink.ids) {
		return ""
	}
	return r.sink.ids[i]
}

func (r *rows) Close() error {
	r.over = true
	if r.stream != nil {
		r.stream.close()
	}
	return nil
}
