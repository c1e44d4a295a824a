package runtime

import (
	"context"
	"errors"
	"io"
	"slices"
	"testing"
	"time"

	"github.com/syncline/syncline/connectors"
	"github.com/syncline/syncline/lang/query"
	"github.com/syncline/syncline/lang/value"
)

// slowSource gives pages of 200 records, and hangs when more than it can do is asked for.
type slowSource struct {
	can   int
	asked []int
	fail  error
}

func (s *slowSource) Read(_ context.Context, q query.Read) (connectors.Rows, error) {
	s.asked = append(s.asked, q.Limit)
	return &slowRows{s, q.Limit, 0}, nil
}

type slowRows struct {
	s           *slowSource
	limit, done int
}

func (r *slowRows) Next(ctx context.Context, b *value.Batch) error {
	switch {
	case r.s.fail != nil:
		return r.s.fail
	case r.limit > r.s.can:
		<-ctx.Done()
		return &connectors.Error{Class: connectors.Retry, Err: ctx.Err()}
	case r.done >= r.limit:
		return io.EOF
	}
	b.Reset()
	for range 200 {
		b.Append()[0] = value.Int(int64(r.done))
		r.done++
	}
	return nil
}

func (r *slowRows) Cursor() query.Cursor { return "" }
func (r *slowRows) Close() error         { return nil }

func TestASlowSystemIsAskedForASmallerSample(t *testing.T) {
	denied := &connectors.Error{Class: connectors.Permanent, Message: "no"}
	for _, tt := range []struct {
		name  string
		can   int
		fail  error
		asked []int
		got   int
	}{
		{"fast", 5000, nil, []int{1000}, 1000},
		{"slow", 900, nil, []int{1000, 800}, 800},
		{"slower", 500, nil, []int{1000, 800, 500}, 500},
		{"hangs", 0, nil, []int{1000, 800, 500}, 0},
		{"refuses", 5000, denied, []int{1000}, 0},
	} {
		s := &slowSource{can: tt.can, fail: tt.fail}
		records, err := readSample(t.Context(), s, query.Read{Layout: value.NewLayout("a")}, 20*time.Millisecond)
		if !slices.Equal(s.asked, tt.asked) || len(records) != tt.got || (err == nil) != (tt.got > 0) {
			t.Errorf("%s: asked for %v, got %d records, %v", tt.name, s.asked, len(records), err)
		}
		for i, rec := range records {
			if rec[0].AsInt() != int64(i) {
				t.Fatalf("%s: record %d is %v: a page was overwritten", tt.name, i, rec)
			}
		}
	}
	stopped, cancel := context.WithCancel(t.Context())
	cancel()
	s := &slowSource{}
	if _, err := readSample(stopped, s, query.Read{Layout: value.NewLayout("a")}, time.Minute); !errors.Is(err, context.Canceled) || len(s.asked) != 1 {
		t.Errorf("after an interruption it asked for %v: %v", s.asked, err)
	}
}
