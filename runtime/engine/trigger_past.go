package engine

import (
	"encoding/binary"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/syncline/syncline/lang/value"
	"github.com/syncline/syncline/runtime/state"
)

// The past is what Backtest looks at: how records were before they changed, as far as a rule's conditions read them.
const (
	// pastAge is how long it is kept.
	pastAge = 90 * 24 * time.Hour
	// pastMost is how many changes of a rule's records are kept at most.
	pastMost = 1_000_000
)

// openPast reads what is recorded of the rule's records.
func (t *triggerRun) openPast() (err error) {
	if t.recorded, err = t.job.Store.Recorded(t.work, t.p.ID()); err != nil {
		return fmt.Errorf("reading what is recorded: %w", err)
	}
	return nil
}

// recording says what is recorded from now on, where that is something else than before; nil otherwise. It begins when
// the first scan is complete: only then it is known how every record stands.
func (t *triggerRun) recording() *state.Recording {
	names := t.layouts.known[t.layouts.current]
	if !t.watch.Complete || t.recorded == nil {
		return nil
	}
	have := slices.Sorted(maps.Keys(t.recorded))
	if slices.Equal(have, slices.Compact(slices.Sorted(slices.Values(names)))) {
		return nil
	}
	return &state.Recording{Fields: names, At: t.now}
}

// recall notes how a record was before an observation changed it.
func (t *triggerRun) recall(before, after state.Edge) {
	switch {
	case t.job.DryRun:
	case before.Source == "":
		// What a scan finds that begins anew has been there before.
		if t.watch.Complete {
			t.out.Past = append(t.out.Past, state.Past{Source: after.Source, At: t.now, Absent: true})
		}
	case len(before.Fields) == 0 && !before.Gone:
		// It was there and could not be read: how it was is not known.
	case before.Gone != after.Gone || !t.sameFields(before.Fields, after.Fields):
		t.out.Past = append(t.out.Past, state.Past{Source: after.Source, At: t.now, Gone: before.Gone, Fields: before.Fields})
	}
}

// sameFields compares what two edges kept, in the fields that both have: an edit of the rule that reads others changes no
// record.
func (t *triggerRun) sameFields(a, b []byte) bool {
	if string(a) == string(b) {
		return true
	}
	m, _ := binary.Uvarint(a)
	n, _ := binary.Uvarint(b)
	x, y := t.lastSeen(a), t.lastSeen(b)
	if m == n || x == nil || y == nil {
		return false
	}
	for _, slot := range t.layouts.slots[m] {
		if slot >= 0 && slices.Contains(t.layouts.slots[n], slot) && !value.Equal(x[slot], y[slot]) {
			return false
		}
	}
	return true
}
