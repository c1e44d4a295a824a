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

// readAll reads all records of a small read, such as a look-up. They stay valid. Failures that may pass are
// tried again from the start.
func (r *access) readAll(s *side, q query.Read) ([]value.Record, error) {
	for try := 1; ; try++ {
		records, err := s.collect(s.counted(r.work), q)
		if err == nil {
			return records, nil
		}
		if again, stop := r.again(r.ctx, err, try); stop != nil {
			return nil, stop
		} else if !again {
			return nil, err
		}
	}
}

// answer is what one of several reads gave.
type answer struct {
	records []value.Record
	err     error
}

// readEach makes several small reads, as many at once as the connection takes; the answers are in order.
func (r *access) readEach(s *side, reads []query.Read) []answer {
	out := make([]answer, len(reads))
	if len(reads) == 1 {
		out[0].records, out[0].err = r.readAll(s, reads[0])
		return out
	}
	var group sync.WaitGroup
	slots := make(chan struct{}, max(s.limits.Parallel, 1))
	for i, q := range reads {
		slots <- struct{}{}
		group.Go(func() {
			defer func() { <-slots }()
			out[i].records, out[i].err = r.readAll(s, q)
		})
	}
	group.Wait()
	return out
}

func (s *side) collect(ctx context.Context, q query.Read) ([]value.Record, error) {
	rows, err := s.reader.Read(ctx, q)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []value.Record
	for {
		// A batch for each page: what is found is used long after the next page was read.
		b := value.NewBatch(q.Layout, 64)
		err := rows.Next(ctx, b)
		for i := range b.Len() {
			if err == nil {
				out = append(out, b.Record(i))
			}
		}
		if err == io.EOF {
			return out, nil
		}
		if err != nil {
			return nil, err
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
