package state

import (
	"context"
	"iter"
	"time"
)

// PastStore keeps how the records that triggers watch were before they changed, so that it can be asked what a rule would
// have done. What never changed costs nothing: how it is now is in its edge.
type PastStore interface {
	// Recorded gives since when each field of a rule's records is recorded without a gap; empty: nothing is.
	Recorded(ctx context.Context, rule string) (map[string]time.Time, error)
	// Past gives the changes of a rule's records after an instant, by record in order of source id, the oldest first.
	// It ends with the first error.
	Past(ctx context.Context, rule string, after time.Time) iter.Seq2[Past, error]
	// PrunePast forgets the changes of a rule before an instant, and the oldest where there are more than most. What is
	// forgotten counts as not recorded from then on.
	PrunePast(ctx context.Context, rule string, before time.Time, most int) error
}

// Past is how one record was until it changed.
type Past struct {
	Source string
	// At is when the change was observed.
	At time.Time
	// Absent: it had not been seen before. Gone: it was not there, though it had been.
	Absent, Gone bool
	// Fields are those that an edge kept of it until then, encoded by the engine.
	Fields []byte
}

// Recording says which fields of a rule's records are recorded. Those that were before stay so since then; the others
// are recorded since At; what is not named is not recorded any more.
type Recording struct {
	Fields []string
	At     time.Time
}
