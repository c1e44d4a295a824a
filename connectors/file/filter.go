package file

import (
	"context"
	"io"
	"slices"

	"github.com/syncline/syncline/connectors"
	"github.com/syncline/syncline/lang/query"
	"github.com/syncline/syncline/lang/value"
)

// keeper makes the test of a read's Where. nil where there is none, or where the layout lacks one of its fields: then
// the engine, which evaluates it again, sorts out.
func keeper(q query.Read) func(value.Record) bool {
	if q.Where == nil {
		return nil
	}
	for _, f := range query.Fields(q.Where) {
		if q.Layout.Slot(f) < 0 {
			return nil
		}
	}
	if and, ok := q.Where.(query.And); ok {
		tests := make([]func(value.Record) bool, len(and))
		for i, p := range and {
			tests[i] = test(p, q.Layout)
		}
		return func(r value.Record) bool {
			for _, t := range tests {
				if !t(r) {
					return false
				}
			}
			return true
		}
	}
	return test(q.Where, q.Layout)
}

// test evaluates one predicate; a look-up in many texts goes through a map.
func test(p query.Pred, layout *value.Layout) func(value.Record) bool {
	in, ok := p.(query.In)
	if !ok || len(in.Values) < 8 {
		return func(r value.Record) bool { return query.Match(p, layout, r) }
	}
	texts := make(map[string]bool, len(in.Values))
	for _, v := range in.Values {
		if v.Kind() != value.KindText {
			return func(r value.Record) bool { return query.Match(p, layout, r) }
		}
		texts[v.AsText()] = true
	}
	at := layout.Slot(in.Field)
	return func(r value.Record) bool { return r[at].Kind() == value.KindText && texts[r[at].AsText()] }
}

// ordered gives the first records by the order: all are read, and only the best so far are kept.
func (c *connection) ordered(ctx context.Context, s *source, q query.Read) (connectors.Rows, error) {
	whole := q
	whole.Order, whole.Limit = nil, 0
	layout := q.Layout
	for _, o := range q.Order {
		if layout.Slot(o.Field) < 0 {
			layout = value.NewLayout(append(slices.Clone(layout.Names), o.Field)...)
		}
	}
	whole.Layout = layout
	in, err := c.Read(ctx, whole)
	if err != nil {
		return nil, err
	}
	defer in.Close()
	out := &sorted{layout: q.Layout}
	less := func(a, b value.Record) int { return compare(q.Order, layout, a, b) }
	batch := value.NewBatch(layout, 512)
	for {
		err := in.Next(ctx, batch)
		if err == io.EOF {
			break
		}
		if err != nil {
			return nil, err
		}
		out.bad = append(out.bad, in.(connectors.BadRows).Bad()...)
		for i := range batch.Len() {
			out.records = append(out.records, batch.Record(i).Clone())
		}
		if len(out.records) > q.Limit+4096 {
			out.trim(less, q.Limit)
		}
	}
	out.trim(less, q.Limit)
	return out, nil
}

// compare orders two records; empties come last either way.
func compare(order []query.Order, layout *value.Layout, a, b value.Record) int {
	for _, o := range order {
		x, y := a.At(layout.Slot(o.Field)), b.At(layout.Slot(o.Field))
		c := value.Compare(x, y)
		if o.Descending && !x.IsNull() && !y.IsNull() {
			c = -c
		}
		if c != 0 {
			return c
		}
	}
	return 0
}

// sorted are a few records in memory.
type sorted struct {
	layout  *value.Layout
	records []value.Record
	bad     []connectors.BadRow
	given   bool
}

func (s *sorted) trim(less func(a, b value.Record) int, n int) {
	slices.SortStableFunc(s.records, less)
	s.records = s.records[:min(n, len(s.records))]
}

func (s *sorted) Next(ctx context.Context, batch *value.Batch) error {
	batch.Reset()
	if err := ctx.Err(); err != nil {
		return err
	}
	if s.given || len(s.records)+len(s.bad) == 0 {
		s.records, s.bad = nil, nil
		return io.EOF
	}
	s.given = true
	for _, r := range s.records {
		copy(batch.Append(), r)
	}
	return nil
}

func (s *sorted) Cursor() query.Cursor     { return "" }
func (s *sorted) Bad() []connectors.BadRow { return s.bad }
func (s *sorted) Close() error             { return nil }
