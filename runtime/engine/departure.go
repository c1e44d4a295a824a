package engine

import (
	"bytes"
	"fmt"
	"slices"

	"github.com/syncline/syncline/connectors"
	"github.com/syncline/syncline/lang/plan"
	"github.com/syncline/syncline/lang/value"
	"github.com/syncline/syncline/runtime/state"
)

// departMark stands in the place of a link's keys while a departure of ours is under way. Without it, a target
// that we deleted, in a run that died before it could say so, would pass for one that somebody deleted, and would
// never be created again.
var departMark = []byte("\xffdeparting")

func underWay(rec state.Record) bool { return bytes.Equal(rec.Keys, departMark) }

// markDepartures notes the deletes among changes before they are sent.
func (r *runner) markDepartures(changes []*change) error {
	out := state.Outcome{Rule: r.p.ID()}
	for _, c := range changes {
		if c.Departs && c.Op == connectors.Delete {
			out.Records = append(out.Records, state.Record{Source: c.Source, Target: c.Target, Keys: departMark, Fields: c.Stored, Seen: c.Seen})
		}
	}
	if len(out.Records) == 0 {
		return nil
	}
	return r.commit(out)
}

// depart makes the changes of records that left `where` or were deleted.
func (r *runner) depart(items []*item) error {
	list := withVerdict(items, departing)
	if len(list) == 0 {
		return nil
	}
	var sets []*item
	for _, it := range list {
		it.target, it.keys = it.rec.Target, it.rec.Keys
		c := r.newChange(it)
		c.Want, c.Departs, c.Forget = nil, true, true
		switch {
		case it.target == "" || it.leaves.Kind == plan.DepartureIgnore:
			it.verdict, it.forget = filtered, it.gone
			continue
		case it.leaves.Kind == plan.DepartureDelete:
			c.Op = connectors.Delete
		case it.leaves.Kind == plan.DepartureUnlink:
			c.Op, c.Unlink = connectors.Update, true
		default:
			c.Op, c.Forget = connectors.Update, it.gone
			sets = append(sets, it)
		}
		it.change = c
	}
	return r.departSet(sets)
}

// departSet writes the values that a departed record leaves behind.
func (r *runner) departSet(items []*item) error {
	if err := r.readTargets(items); err != nil {
		return err
	}
	for _, it := range items {
		c := it.change
		it.change = nil
		if it.verdict == dead {
			continue
		}
		if it.have == nil {
			it.verdict, it.forget = filtered, it.gone
			continue
		}
		set, err := r.mapped(it, it.leaves.Set)
		if err != nil {
			r.reject(it, "evaluate", err)
			continue
		}
		if c.Fields = r.differing(it, it.leaves.Set, set); len(c.Fields) == 0 {
			it.verdict, it.forget = filtered, it.gone
			continue
		}
		it.change = c
	}
	return nil
}

// askDeletions asks the source which records were deleted, before the read begins, so that none slips through
// between the two.
func (r *runner) askDeletions() error {
	reader, ok := r.from.conn.(connectors.DeletedReader)
	if !ok || r.p.OnDelete.Kind == plan.DepartureIgnore || r.p.From.Object.Key == "" {
		return nil
	}
	for try := 1; ; try++ {
		ids, next, complete, err := reader.Deleted(r.from.counted(r.work), r.p.From.Object, queryCursor(r.cp.Deleted))
		if err == nil {
			r.deleted, r.deletedNext, r.allDeleted = ids, string(next), complete
			return nil
		}
		again, stop := r.again(r.ctx, err, try)
		if stop != nil {
			return stop
		}
		if !again {
			return failedFor(r.from.name, "asking for deletions in", err)
		}
	}
}

// gaps are what a run cannot tell for the rows that it could not read: which of the records that it did not get are gone.
type gaps struct {
	all   string // why none counts as gone; "": they do
	count int    // of the deletions that were held back
}

// broken says why, for a row that cannot be read.
func broken(place string) string { return place + " cannot be read; mend or delete the row" }

// gap notes the rows of a page that could not be read. Beyond the last line of a file that was cut off there may be any
// record, and where records have no key, or a row has lost its own, the row may be any.
func (r *runner) gap(bad, taken []connectors.BadRow) {
	if r.p.From.Object.Key == "" && len(taken) > 0 {
		r.gaps.all = broken(taken[0].Place)
	}
	for _, b := range taken {
		if b.Known != nil && value.IsEmpty(b.Known.At(0)) {
			r.gaps.all = broken(b.Place)
		}
	}
	for _, b := range bad {
		if b.Cut {
			r.gaps.all = broken(b.Place)
		}
	}
}

// noteNameless looks for records that the rule takes and whose key is empty: each may be any of those that seem to be gone.
func (r *runner) noteNameless(items []*item) {
	if r.p.From.Object.Key == "" || r.gaps.all != "" {
		return
	}
	for _, it := range pendingItems(items) {
		if value.IsEmpty(it.src.At(0)) {
			r.gaps.all = fmt.Sprintf("a record of %s has no %s; give it one, delete it, or leave it out with where", r.p.From.Object.Name, r.p.From.Object.Key)
			return
		}
	}
}

// present takes those out of the records that seem to be gone which a row that cannot be read is, or may be.
func (r *runner) present(gone map[string]state.Record, bad []connectors.BadRow) {
	all := r.gaps.all
	for _, b := range bad {
		if _, asked := gone[b.ID]; asked {
			delete(gone, b.ID)
			r.holdBack(1, broken(b.Place))
		}
		if b.ID == "" || b.Cut {
			all = broken(b.Place)
		}
	}
	if all != "" {
		r.holdBack(len(gone), all)
		clear(gone)
	}
}

func (r *runner) holdBack(n int, why string) {
	if n == 0 {
		return
	}
	r.gaps.count += n
	what := "1 record is"
	if r.gaps.count > 1 {
		what = fmt.Sprintf("%d records are", r.gaps.count)
	}
	r.run.Why = fmt.Sprintf("%s not taken for deleted while %s", what, why)
}

// departures finds the records that are gone: those that the source says it deleted, and after a read that gave
// everything, those that it did not give.
func (r *runner) departures() error {
	for start := 0; start < len(r.deleted); start += 500 {
		ids := r.deleted[start:min(start+500, len(r.deleted))]
		records, err := r.job.Store.Records(r.work, r.p.ID(), ids)
		if err != nil {
			return fmt.Errorf("reading what is known of records: %w", err)
		}
		if err := r.absent(records); err != nil {
			return err
		}
	}
	if !r.marksSeen() || r.capped {
		return nil
	}
	switch {
	case r.verify || r.whole:
		return r.vanished(r.cp.Pass)
	case r.deletedNext != "" && !r.allDeleted:
		return r.vanished(r.stamp)
	}
	return nil
}

// vanished looks at the records that were not seen since a stamp.
func (r *runner) vanished(since int64) error {
	for after := int64(0); ; {
		records, last, err := r.job.Store.Scan(r.work, r.p.ID(), after, 500)
		if err != nil {
			return fmt.Errorf("reading what is known of records: %w", err)
		}
		if len(records) == 0 {
			return nil
		}
		after = last
		var unseen []state.Record
		for _, rec := range records {
			if rec.Seen >= since {
				continue
			}
			if saw, err := r.saw(rec.Source, rec.Hash); err != nil {
				return err
			} else if !saw {
				unseen = append(unseen, rec)
			}
		}
		if err := r.absent(unseen); err != nil {
			return err
		}
	}
}

// absent decides about records that the read did not give. What is destroyed on the word of a source is worth a
// second look: a record that is there after all was only not asked for, or has left `where`.
func (r *runner) absent(records []state.Record) error {
	byID := map[string]state.Record{}
	var ids []string
	for _, rec := range records {
		if rec.Source != "" {
			byID[rec.Source] = rec
			ids = append(ids, rec.Source)
		}
	}
	if len(ids) == 0 {
		return nil
	}
	var items []*item
	if r.p.From.Object.Key != "" {
		there, bad, err := r.sourceByID(ids, r.p.Source)
		if err != nil {
			return err
		}
		unread := map[string]bool{} // also where another row has their key, and is outside of where
		for _, b := range bad {
			unread[b.ID] = true
		}
		for _, src := range there {
			it := r.newItem(src.At(0).String(), src)
			rec, asked := byID[it.id]
			if !asked || unread[it.id] {
				continue
			}
			delete(byID, it.id)
			it.rec, it.hash = rec, r.hash(src)
			items = append(items, it)
		}
		r.present(byID, bad)
		r.filter(items)
	} else {
		r.present(byID, nil)
	}
	left := append(slices.DeleteFunc(slices.Clone(items), func(it *item) bool { return it.verdict == pending }), r.goneItems(ids, byID)...)
	if err := r.lookedAgain(left, nil); err != nil {
		return err
	}
	for _, it := range pendingItems(items) {
		it.verdict = skipped // it stays as the read found it
		left = append(left, it)
	}
	items = left
	if err := r.depart(items); err != nil {
		return err
	}
	// These are no records of this run's read: only what comes of them is counted.
	read := r.run
	out, err := r.outcome(items)
	if err != nil {
		return err
	}
	r.run.Filtered, r.run.Matched, r.run.Unchanged = read.Filtered, read.Matched, read.Unchanged
	return r.conclude(items, out, nil)
}

func (r *runner) goneItems(ids []string, byID map[string]state.Record) []*item {
	var out []*item
	for _, id := range ids {
		rec, gone := byID[id]
		if !gone {
			continue
		}
		it := r.newItem(id, nil)
		it.rec, it.gone, it.verdict, it.leaves = rec, true, departing, &r.p.OnDelete
		out = append(out, it)
	}
	return out
}

// reevaluate looks again at the records that this run did not read, from the fields kept of them: time alone
// may have changed their results.
func (r *runner) reevaluate() error {
	if !r.keepsFields() || r.whole && r.verify {
		return nil
	}
	for after := int64(0); ; {
		if r.ctx.Err() != nil {
			return errInterrupted
		}
		records, last, err := r.job.Store.Scan(r.work, r.p.ID(), after, 500)
		if err != nil {
			return fmt.Errorf("reading what is known of records: %w", err)
		}
		if len(records) == 0 {
			return nil
		}
		after = last
		var items []*item
		for _, rec := range records {
			src := r.keptFields(rec.Fields)
			if src == nil || rec.Seen == r.stamp {
				continue
			}
			if saw, err := r.saw(rec.Source, rec.Hash); err != nil {
				return err
			} else if saw {
				continue
			}
			it := r.newItem(rec.Source, src)
			it.kept, it.hash = true, r.hash(src)
			if rec.Target != "" || rec.Hash != it.hash {
				items = append(items, it)
			}
		}
		if err := r.process(items, nil, nil); err != nil {
			return err
		}
	}
}
