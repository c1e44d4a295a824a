package engine

import (
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/syncline/syncline/connectors"
	"github.com/syncline/syncline/runtime/engine/recall"
	"github.com/syncline/syncline/runtime/state"
)

// repeats finds records of a rule that share their key with an earlier one and differ from it, in sources whose reads are
// whole: a file may hold such. Each would overwrite the other in every run, so the first counts and the others are reported.
// Sources that can resume may give a record again when it has changed; there the later state counts.
type repeats struct {
	on    bool
	read  int
	seen  recall.Numbers // hash of the id → hash of the record, or ofBroken
	times map[string]int // of those that were found, how often each came
}

// ofBroken stands for the hash of a record that could not be read, before one with its key could.
const ofBroken = math.MaxUint64

// begin prepares for the records of a page.
func (s *repeats) begin(p *page, keyed bool) {
	s.on = keyed && p.cursor == ""
	if s.on && (s.times == nil || s.read != p.read) {
		s.seen.Reset()
		s.read, s.times = p.read, map[string]int{}
	}
}

// settle leaves one item of each key, the first that the rule takes, and gives a report of each other one that the rule
// would take as well. Records that passed count as taken. One that was filtered says nothing about the record that its key
// stands for, and is only counted; so does one whose key a row has that cannot be read.
func (s *repeats) settle(passed *digests, items []*item, broken []connectors.BadRow) (kept []*item, bad []connectors.BadRow, besides int, err error) {
	if !s.on {
		return items, nil, 0, nil
	}
	if err := s.noteBroken(broken); err != nil {
		return nil, nil, 0, err
	}
	kept = items[:0:0]
	outside := 0
	for _, it := range items {
		if it.verdict == filtered || it.verdict == departing {
			kept = append(kept, it)
			outside++
			continue
		}
		id, own := fnv64(it.id), max(it.hash, 1)
		hash, err := s.seen.Get(id)
		if err != nil {
			return nil, nil, 0, err
		}
		if (hash == 0 || hash == ofBroken) && passed.has(it.id, it.rec.Hash) {
			hash = it.rec.Hash
		}
		switch {
		case hash == 0 || hash == ofBroken:
			if err := s.seen.Put(id, own); err != nil {
				return nil, nil, 0, err
			}
			kept = append(kept, it)
		case hash != own:
			bad = append(bad, s.bad(it.id))
		}
	}
	if outside == 0 {
		return kept, bad, 0, nil
	}
	all := len(kept)
	kept = slices.DeleteFunc(kept, func(it *item) bool {
		if it.verdict != filtered && it.verdict != departing {
			return false
		}
		hash, terr := s.seen.Get(fnv64(it.id))
		err = errors.Join(err, terr)
		return hash != 0
	})
	return kept, bad, all - len(kept), err
}

// noteBroken remembers the keys of rows that could not be read, where no record with them was taken.
func (s *repeats) noteBroken(rows []connectors.BadRow) error {
	for _, b := range rows {
		if b.ID == "" {
			continue
		}
		id := fnv64(b.ID)
		hash, err := s.seen.Get(id)
		if err == nil && hash == 0 {
			err = s.seen.Put(id, ofBroken)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// took tells whether this read gave a record with the key before: then that one counts, and not what repeats its key.
func (s *repeats) took(id string) (bool, error) {
	if !s.on {
		return false, nil
	}
	hash, err := s.seen.Get(fnv64(id))
	return hash != 0 && hash != ofBroken, err
}

// bad is the report of a record that repeats a key.
func (s *repeats) bad(id string) connectors.BadRow {
	n := max(s.times[id], 1) + 1
	s.times[id] = n
	return connectors.BadRow{Place: fmt.Sprintf("%s (%d)", id, n),
		Err: fmt.Errorf("an earlier record has the key %q too, and other values; only the first counts. Make the key unique", id)}
}

// reread settles the dead letters of records that could not be read, when a whole read, or a look-up, has ended without
// finding them bad again.
func (r *runner) reread() error {
	if r.job.DryRun || len(r.dead.open) == 0 {
		return nil
	}
	return r.settleUnless(func(l state.DeadLetter) bool {
		if l.Step != "read" || r.unread[l.Source.ID] {
			return true
		}
		if r.ofSource(l) {
			return !r.whole || r.capped
		}
		return !r.lookedThrough(l)
	})
}

// settleUnless settles the open dead letters of the rule except those that stay.
func (r *runner) settleUnless(stays func(state.DeadLetter) bool) error {
	letters, err := r.job.Store.DeadLetters(r.work, state.DeadFilter{Rule: r.p.ID(), Status: state.DeadOpen})
	if err != nil {
		return fmt.Errorf("reading dead letters: %w", err)
	}
	out := state.Outcome{Rule: r.p.ID()}
	for _, l := range letters {
		if !stays(l) {
			out.Revived = append(out.Revived, l.Source.ID)
		}
	}
	if len(out.Revived) == 0 {
		return nil
	}
	return r.commit(out)
}
