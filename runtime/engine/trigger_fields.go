package engine

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/syncline/syncline/lang/value"
)

// edgeLayouts are the sets of fields that a trigger kept of records, over all edits of its file: an edge says by a number
// which of them it holds, and so outlives an edit without being written again.
type edgeLayouts struct {
	known   [][]string
	current int
	// slots are those of the source layout that each known set goes to; -1: not read any more.
	slots [][]int
}

func (t *triggerRun) openLayouts() error {
	name := "fields of " + t.p.ID()
	data, err := t.job.Store.Snapshot(t.work, name)
	if err != nil {
		return fmt.Errorf("reading which fields are kept: %w", err)
	}
	l := &t.layouts
	if len(data) > 0 {
		if err := json.Unmarshal(data, &l.known); err != nil {
			return fmt.Errorf("reading which fields are kept: %w", err)
		}
	}
	names := make([]string, len(t.p.Stored))
	for i, slot := range t.p.Stored {
		names[i] = t.p.Source.Names[slot]
	}
	l.current = slices.IndexFunc(l.known, func(have []string) bool { return slices.Equal(have, names) })
	if l.current < 0 {
		l.current = len(l.known)
		l.known = append(l.known, names)
		if !t.job.DryRun {
			data, err := json.Marshal(l.known)
			if err == nil {
				err = t.job.Store.SaveSnapshot(t.work, name, data)
			}
			if err != nil {
				return fmt.Errorf("storing which fields are kept: %w", err)
			}
		}
	}
	for _, set := range l.known {
		slots := make([]int, len(set))
		for i, n := range set {
			slots[i] = t.p.Source.Slot(n)
		}
		l.slots = append(l.slots, slots)
	}
	return nil
}

// fields is what an edge keeps of a record.
func (t *triggerRun) fields(rec value.Record) []byte {
	b := binary.AppendUvarint(make([]byte, 0, 2+10*len(t.p.Stored)), uint64(t.layouts.current))
	for _, slot := range t.p.Stored {
		b = rec.At(slot).AppendBinary(b)
	}
	return b
}

// lastSeen is the inverse: a record of the source layout in which what is not kept is empty. Nil: never seen.
func (t *triggerRun) lastSeen(fields []byte) value.Record {
	n, size := binary.Uvarint(fields)
	if size <= 0 || n >= uint64(len(t.layouts.slots)) {
		return nil
	}
	values, err := value.DecodeRecord(fields[size:])
	slots := t.layouts.slots[n]
	if err != nil || len(values) != len(slots) {
		return nil
	}
	out := make(value.Record, t.p.Source.Len())
	for i, slot := range slots {
		if slot >= 0 {
			out[slot] = values[i]
		}
	}
	return out
}

// sightHash is a fingerprint of what the rule reads of a record, without its stamp: the same state that an event and a
// poll, or two polls that overlap, both give is one observation.
func (t *triggerRun) sightHash(rec value.Record) uint64 {
	stamp := t.p.Source.Slot(t.p.On.Object.Modified)
	var buf [512]byte
	b := buf[:0]
	for i, v := range rec {
		if i != stamp {
			b = v.AppendBinary(b)
		}
	}
	return max(fnv64(b), 1)
}
