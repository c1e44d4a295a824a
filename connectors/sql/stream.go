package sql

import (
	"context"
	"io"
	"sync"

	"github.com/syncline/syncline/connectors"
	"github.com/syncline/syncline/lang/query"
	"github.com/syncline/syncline/lang/value"
)

// stream runs one query for several calls of Next: of objects that have nothing to page along, and of look-ups.
// It reads one page ahead and no more.
type stream struct {
	cancel context.CancelFunc
	pages  chan *rowSink
	done   chan struct{}
	err    error // valid once pages is closed
	once   sync.Once
}

// streamed gives the next page of the query, which the first call starts.
func (r *rows) streamed(ctx context.Context, batch *value.Batch) error {
	if r.stream == nil {
		r.startStream(ctx)
	}
	select {
	case <-ctx.Done():
		return r.failed(ctx, ctx.Err())
	case s, ok := <-r.stream.pages:
		if !ok {
			<-r.stream.done
			if r.stream.err != nil {
				return r.failed(ctx, r.stream.err)
			}
			r.over, r.sink = true, nil
			return io.EOF
		}
		*batch, *s.batch = *s.batch, *batch
		batch.Layout = r.q.Layout
		r.sink = s
		r.given += batch.Len()
		return nil
	}
}

// startStream runs the query in a goroutine, under a context of its own that Close ends.
func (r *rows) startStream(ctx context.Context) {
	run, cancel := context.WithCancel(context.WithoutCancel(ctx))
	s := &stream{cancel: cancel, pages: make(chan *rowSink), done: make(chan struct{})}
	r.stream = s
	connectors.CountCall(ctx)
	text, args, pos := r.statement(r.q.Limit)
	go func() {
		defer close(s.done)
		defer close(s.pages)
		s.err = r.runStream(run, text, args, pos)
	}()
}

func (r *rows) runStream(ctx context.Context, text string, args []any, pos int) error {
	conn, err := r.c.database().Conn(ctx)
	if err != nil {
		return err
	}
	defer conn.Close()
	room := min(r.c.page, max(asked(r.q.Where), 64))
	sink := r.newSink(value.NewBatch(r.q.Layout, room), pos)
	sink.size = r.c.page
	sink.full = func() bool {
		if !r.hand(ctx, sink) {
			return false
		}
		sink.batch, sink.ids, sink.bad = value.NewBatch(r.q.Layout, min(sink.size, 1024)), nil, nil
		return true
	}
	if err := r.c.d.fetch(ctx, conn, text, args, sink); err != nil {
		return err
	}
	if sink.batch.Len() > 0 || len(sink.bad) > 0 {
		r.hand(ctx, sink)
	}
	return ctx.Err()
}

// asked is how many values a look-up asks for.
func asked(p query.Pred) (n int) {
	switch p := p.(type) {
	case query.In:
		return len(p.Values)
	case query.And:
		for _, x := range p {
			n = max(n, asked(x))
		}
	}
	return n
}

// hand gives what the sink holds to Next; false when nobody wants more.
func (r *rows) hand(ctx context.Context, sink *rowSink) bool {
	page := &rowSink{t: sink.t, batch: sink.batch, ids: sink.ids, bad: sink.bad}
	select {
	case r.stream.pages <- page:
	case <-ctx.Done():
		return false
	}
	return true
}

func (s *stream) close() {
	s.once.Do(func() {
		s.cancel()
		for range s.pages {
		}
		<-s.done
	})
}
