package file

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"sync"

	"github.com/syncline/syncline/connectors"
	"github.com/syncline/syncline/lang/query"
	"github.com/syncline/syncline/lang/value"
)

// Read starts a read of the whole file; it has no cursor. Where is evaluated here where the layout holds its fields.
func (c *connection) Read(ctx context.Context, q query.Read) (connectors.Rows, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	s := c.source(q.Object)
	if s == nil {
		return nil, &connectors.Error{Class: connectors.Permanent, Message: fmt.Sprintf("there is no file or object block %q", q.Object),
			Hint: "declare it: object \"" + q.Object + "\" { path = … }"}
	}
	if len(q.Order) > 0 && q.Limit > 0 {
		return c.ordered(ctx, s, q)
	}
	g, err := c.newPager(s, q)
	if err != nil {
		return nil, err
	}
	return &rows{g: g, limit: q.Limit, keyless: s.key == ""}, nil
}

// rows are the records of a file, page by page. While the engine works on one page, the next is decoded.
type rows struct {
	g       *pager
	limit   int
	given   int
	keyless bool
	current *page // what the last Next gave
	over    bool
	ahead   *ahead
	close   sync.Once
	err     error
}

// ahead decodes pages in a goroutine of its own, two at most beyond the one in use.
type ahead struct {
	free, full chan *page
	stop       chan struct{}
	done       chan struct{}
	err        error // valid once full is closed
}

func (r *rows) Next(ctx context.Context, batch *value.Batch) error {
	batch.Reset()
	if err := ctx.Err(); err != nil {
		return err
	}
	if r.over || r.limit > 0 && r.given == r.limit {
		r.current, r.over = nil, true
		return io.EOF
	}
	p, err := r.page(ctx)
	if err != nil {
		r.current, r.over = nil, true
		return err
	}
	r.current = p
	if r.over = p.last; r.over && p.batch.Len() == 0 && len(p.bad) == 0 && p.sifted == 0 {
		return io.EOF
	}
	for r.limit > 0 && r.given+p.batch.Len() > r.limit {
		p.batch.DropLast()
	}
	r.given += p.batch.Len()
	// The records change hands with the memory that they point into: the page takes what the batch had for a later fill.
	*batch, *p.batch = *p.batch, *batch
	batch.Layout, p.batch.Layout = r.g.layout, r.g.layout
	return nil
}

// page gives the next page: the first decoded at once, so that a short file needs no goroutine.
func (r *rows) page(ctx context.Context) (*page, error) {
	if r.current == nil && r.ahead == nil {
		p := r.g.newPage()
		return p, r.g.next(p)
	}
	if r.ahead == nil {
		r.ahead = r.g.run()
		r.ahead.free <- r.g.newPage()
	}
	r.ahead.free <- r.current
	select {
	case p, ok := <-r.ahead.full:
		if !ok {
			return nil, r.ahead.err
		}
		return p, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (g *pager) newPage() *page {
	return &page{batch: value.NewBatch(g.layout, 512)}
}

// run decodes ahead until the input ends or stop is closed.
func (g *pager) run() *ahead {
	a := &ahead{free: make(chan *page, 3), full: make(chan *page, 3), stop: make(chan struct{}), done: make(chan struct{})}
	go func() {
		defer close(a.done)
		defer close(a.full)
		for {
			select {
			case <-a.stop:
				return
			case p := <-a.free:
				if a.err = g.next(p); a.err != nil {
					return
				}
				a.full <- p
				if p.last {
					return
				}
			}
		}
	}()
	return a
}

func (r *rows) Sift(slots []int, want func(value.Record) bool) {
	r.g.want = want
	r.g.early = append(r.g.early, slots...)
}

func (r *rows) Sifted() int {
	if r.current == nil {
		return 0
	}
	return r.current.sifted
}

func (r *rows) Cursor() query.Cursor { return "" }

func (r *rows) Bad() []connectors.BadRow {
	if r.current == nil {
		return nil
	}
	return r.current.bad
}

// ID is a hash of the record as it stands in the file, for files without a key. With a key it is "": the key field tells.
func (r *rows) ID(i int) string {
	if !r.keyless || r.current == nil || i >= len(r.current.raws) {
		return ""
	}
	at := r.current.raws[i]
	raw := r.current.buf[at[0]:at[1]]
	for len(raw) > 0 && (raw[len(raw)-1] == '\n' || raw[len(raw)-1] == '\r') {
		raw = raw[:len(raw)-1]
	}
	sum := sha256.Sum256(raw)
	return hex.EncodeToString(sum[:16])
}

// Close ends the read. Of a file it waits for the decoder; a decoder that waits for standard input is left to it.
func (r *rows) Close() error {
	r.close.Do(func() {
		r.over = true
		if r.ahead != nil {
			close(r.ahead.stop)
			if r.g.s.std() {
				return
			}
			<-r.ahead.done
		}
		r.err = r.g.in.Close()
	})
	return r.err
}
