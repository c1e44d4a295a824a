package engine

import (
	"slices"
	"sync/atomic"

	"github.com/syncline/syncline/connectors"
	"github.com/syncline/syncline/lang/expr"
	"github.com/syncline/syncline/lang/value"
)

// sift is what a reader that decodes records here needs to know to leave out those that are not wanted, before it has
// decoded all of them.
type sift struct {
	slots []int
	want  func(value.Record) bool // nil: all are wanted; the slots are needed of those that cannot be read
	// failed: a condition failed for some record, which was let through.
	failed atomic.Bool
}

// hand gives it to a reader that can use it, whose goroutine it belongs to from then on; false: the reader cannot.
func (s *sift) hand(rows connectors.Rows) bool {
	sieve, ok := rows.(connectors.Sieve)
	if ok && s != nil {
		sieve.Sift(s.slots, s.want)
	}
	return ok
}

// newSift makes one of conditions on the record of a root. A record for which one fails is wanted, so that the failure
// is seen where it is reported.
func newSift(tests []*expr.Program, slots []int, root int, frame *expr.Frame) *sift {
	slices.Sort(slots)
	s := &sift{slots: slices.Compact(slots)}
	if len(tests) == 0 {
		return s
	}
	s.want = func(r value.Record) bool {
		frame.Records[root] = r
		for _, t := range tests {
			in, err := t.Test(frame)
			if err != nil {
				s.failed.Store(true)
			}
			if err != nil || !in {
				return err != nil
			}
		}
		return true
	}
	return s
}
