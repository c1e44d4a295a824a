package engine

import (
	"context"
	"io"
	"sync"

	"github.com/syncline/syncline/connectors"
	"github.com/syncline/syncline/lang/plan"
	"github.com/syncline/syncline/lang/query"
	"github.com/syncline/syncline/lang/schema"
	"github.com/syncline/syncline/lang/value"
)

// side is one connection as a run uses it, with the calls that it cost.
type side struct {
	name   string
	conn   connectors.Connection
	reader connectors.Reader
	writer connectors.Writer
	limits connectors.Limits
	allow  []string
	calls  connectors.Calls
}

// counted makes calls under the context count for this connection.
func (s *side) counted(ctx context.Context) context.Context {
	return connectors.WithCalls(ctx, &s.calls)
}

// side gives the open connection of a name.
func (r *access) side(name string) (*side, error) {
	if s := r.sides[name]; s != nil {
		return s, nil
	}
	conn := r.connections(name)
	if conn == nil {
		return nil, badJob("the connection %s is not open", name)
	}
	s := &side{name: name, conn: conn, limits: conn.Limits()}
	s.reader, _ = conn.(connectors.Reader)
	s.writer, _ = conn.(connectors.Writer)
	if r.set != nil {
		if c := r.set.Connection(name); c != nil {
			s.allow = c.Allow
		}
	}
	r.sides[name] = s
	return s, nil
}

// end gives the connection of one end of the rule and checks that it can be read.
func (r *access) end(e plan.End, doing string) (*side, error) {
	s, err := r.side(e.Connection)
	if err != nil {
		return nil, err
	}
	if s.reader == nil {
		return nil, badJob("%s cannot be read, and %s needs to", e.Connection, doing)
	}
	return s, nil
}

// answer is what a small read gave: all its records, which stay valid, and the rows that it could not decode.
type answer struct {
	records []value.Record
	bad     []connectors.BadRow
	err     error
}

// readAll reads all records of a small read, such as a look-up. Failures that may pass are tried again from the start.
// wanted makes what is handed to a reader that can use it; nil: nothing is.
func (r *access) readAll(s *side, q query.Read, wanted func() *sift) (out answer) {
	for try := 1; ; try++ {
		if out = s.collect(s.counted(r.work), q, wanted); out.err == nil {
			return out
		}
		if again, stop := r.again(r.ctx, out.err, try); stop != nil {
			return answer{err: stop}
		} else if !again {
			return out
		}
	}
}

// readEach makes several small reads, as many at once as the connection takes; the answers are in order.
func (r *access) readEach(s *side, reads []query.Read, wanted func() *sift) []answer {
	out := make([]answer, len(reads))
	if len(reads) == 1 {
		out[0] = r.readAll(s, reads[0], wanted)
		return out
	}
	var group sync.WaitGroup
	slots := make(chan struct{}, max(s.limits.Parallel, 1))
	for i, q := range reads {
		slots <- struct{}{}
		group.Go(func() {
			defer func() { <-slots }()
			out[i] = r.readAll(s, q, wanted)
		})
	}
	group.Wait()
	return out
}

func (s *side) collect(ctx context.Context, q query.Read, wanted func() *sift) (out answer) {
	rows, err := s.reader.Read(ctx, q)
	if err != nil {
		return answer{err: err}
	}
	defer rows.Close()
	if wanted != nil {
		wanted().hand(rows)
	}
	for {
		// A batch for each page: what is found is used long after the next page was read.
		b := value.NewBatch(q.Layout, 64)
		err := rows.Next(ctx, b)
		for i := range b.Len() {
			if err == nil {
				out.records = append(out.records, b.Record(i))
			}
		}
		if bad, ok := rows.(connectors.BadRows); ok && (err == nil || err == io.EOF) {
			out.bad = append(out.bad, bad.Bad()...)
		}
		if err == io.EOF {
			return out
		}
		if err != nil {
			return answer{err: err}
		}
	}
}

// again decides whether a failed read is tried again, and waits. stop is set when the run was interrupted.
func (r *access) again(ctx context.Context, err error, try int) (again bool, stop error) {
	if ctx.Err() != nil {
		return false, errInterrupted
	}
	failure := connectors.AsError(err)
	soon := failure.Class == connectors.Limit && failure.RetryAfter > 0 && failure.RetryAfter <= r.retry.LimitWait
	if failure.Exhausted {
		return false, nil // tried again already, by the connector
	}
	if failure.Class != connectors.Retry && failure.Class != connectors.InDoubt && !soon {
		return false, nil
	}
	if try >= r.retry.Attempts {
		return false, nil
	}
	if r.sleep(ctx, r.retry.Backoff(try, failure.RetryAfter, r.random())) != nil {
		return false, errInterrupted
	}
	return true, nil
}

// chunk gives how many values a look-up may ask for at once. A system that has no In gives all it has anyway,
// so it is asked once.
func (s *side) chunk(c *schema.Catalog, n int) int {
	if s.limits.Lookup <= 0 || c != nil && !c.Filter.In {
		return max(n, 1)
	}
	return s.limits.Lookup
}
