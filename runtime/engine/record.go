package engine

import (
	"bytes"
	"errors"
	"fmt"
	"time"

	"github.com/syncline/syncline/connectors"
	"github.com/syncline/syncline/lang/plan"
	"github.com/syncline/syncline/runtime/state"
)

func (r *runner) clock() time.Time { return r.job.Now().UTC() }

// known loads what is remembered of the items, with one query, and settles those that did not change since.
func (r *runner) known(items []*item) error {
	ids := make([]string, len(items))
	for i, it := range items {
		ids[i] = it.id
	}
	records, err := r.job.Store.Records(r.work, r.p.ID(), ids)
	if err != nil {
		return fmt.Errorf("reading what is known of records: %w", err)
	}
	for i, it := range items {
		it.rec = records[i]
		it.force = r.dead.retry[it.id]
		settled := !r.p.TimeDependent || r.dead.open[it.id] // time does not mend what was refused
		if !r.verify && !it.force && settled && it.rec.Hash != 0 && it.rec.Hash == it.hash {
			it.verdict = skipped
		}
	}
	return nil
}

// marksSeen tells whether the runs of this rule note which records they saw, to find those that are gone.
func (r *runner) marksSeen() bool {
	return r.p.OnDelete.Kind != plan.DepartureIgnore || r.p.OnLeave.Kind != plan.DepartureIgnore || r.p.From.Object.Key == ""
}

// remember is what is stored of an item that needs no write. A hash stands for "nothing to do until it changes",
// so an item that may fare better without changing has none.
func (r *runner) remember(it *item) state.Record {
	rec := it.rec
	rec.Source = it.id
	if r.keepsFields() && it.src != nil && !it.kept && it.broken == nil {
		rec.Fields = r.fields(it.src)
	}
	switch it.verdict {
	case unchanged:
		rec.Target, rec.Keys, rec.Hash, rec.Shadow = it.target, it.keys, it.hash, r.shadow(it.want)
	case dead:
		if rec.Hash = it.hash; it.doubt {
			rec.Hash = 0 // the row that it may belong to can be mended without a change of this record
		}
	case skipped:
	case changed, departing:
		// The link is stored at once: it decides which of two sources comes first. The values follow when they are written.
		if it.target != "" && it.target != rec.Target {
			rec.Target, rec.Keys, rec.Shadow, rec.Hash = it.target, it.keys, nil, 0
		}
	case filtered:
		if it.leaves != nil {
			rec.Shadow = nil // it has left; coming back, it is compared with its target
		}
		if r.keepsFields() {
			rec.Hash = 0 // time may let it in again
		}
	default:
		rec.Hash = 0
		if r.keepsFields() {
			rec.Hash = it.hash // looked for in vain; time alone is no reason to look again
		}
	}
	return rec
}

// outcome collects what a page's items leave behind, changes excepted.
func (r *runner) outcome(items []*item) (state.Outcome, error) {
	out := state.Outcome{Rule: r.p.ID()}
	var moves []linkMove
	for _, it := range items {
		if r.notesSeen && !it.kept {
			if err := r.seen.Put(fnv64(it.id), 1); err != nil {
				return out, err
			}
		}
		r.count(it)
		if it.letter != nil {
			out.Dead = append(out.Dead, *it.letter)
			r.dead.open[it.id] = true // a later look of this run may settle it
		} else if r.dead.known(it.id) && it.verdict != skipped && it.verdict != changed && it.verdict != departing {
			out.Revived = append(out.Revived, it.id)
		}
		if it.release != "" {
			out.Forget = append(out.Forget, it.release)
		}
		if it.forget {
			out.Forget = append(out.Forget, it.id)
			moves = append(moves, linkMove{it.id, it.rec.Target, ""})
			continue
		}
		rec := r.remember(it)
		if rec.Target != it.rec.Target {
			moves = append(moves, linkMove{it.id, it.rec.Target, rec.Target})
		}
		if it.linked && it.relink != "" && rec.Target == it.target {
			out.Ledger = append(out.Ledger, r.linkEntry(it.id, it.target, it.relink))
		}
		if r.worthStoring(it, &rec) {
			rec.Seen, it.stored = r.stamp, true
			out.Records = append(out.Records, rec)
		}
	}
	if !r.job.DryRun {
		return out, nil
	}
	return out, r.planned.note(moves)
}

// worthStoring tells whether a record says anything that the store does not have.
func (r *runner) worthStoring(it *item, rec *state.Record) bool {
	if it.rec.Source == "" {
		return rec.Target != "" || rec.Hash != 0 || rec.Fields != nil
	}
	return (r.marksSeen() || r.keepsFields()) && !it.kept || rec.Target != it.rec.Target || rec.Hash != it.rec.Hash ||
		!bytes.Equal(rec.Keys, it.rec.Keys) || !bytes.Equal(rec.Shadow, it.rec.Shadow) || !bytes.Equal(rec.Fields, it.rec.Fields)
}

// count adds an item to the run's counts. Changes are counted when they are written.
// Those evaluated from stored fields were not read, and count only where something came of it.
func (r *runner) count(it *item) {
	if it.verdict != dead && (it.kept && it.verdict != changed || it.gone) {
		return
	}
	switch it.verdict {
	case skipped:
		if it.rec.Target != "" {
			r.run.Matched++
			r.run.Unchanged++
		}
	case filtered:
		r.run.Filtered++
	case departing:
		r.run.Filtered++
	case unmatched:
		r.run.Unmatched++
	case ambiguous:
		r.run.Ambiguous++
	case dead:
		r.run.Dead++
	case unchanged:
		r.run.Matched++
		r.run.Unchanged++
	case changed:
		if it.target != "" {
			r.run.Matched++
		}
	}
}

// commit stores an outcome with the counts so far. A dry run stores nothing. Writes that could not be stored do not count:
// the next run accounts for them, and adds them to this one.
func (r *runner) commit(o state.Outcome) error {
	if r.job.DryRun {
		return nil
	}
	r.tally()
	run := r.run
	o.Run = &run
	o.Records = lastStates(o.Records, o.Forget)
	if err := r.job.Store.Commit(r.work, o); err != nil {
		r.run.Created, r.run.Updated, r.run.Deleted = r.stored.Created, r.stored.Updated, r.stored.Deleted
		if r.work.Err() != nil && errors.Is(err, r.work.Err()) {
			return errInterrupted
		}
		return fmt.Errorf("storing what was done: %w", err)
	}
	r.stored = run
	return nil
}

// badRows makes dead letters of records that the source could not decode.
func (r *runner) badRows(bad []connectors.BadRow) []state.DeadLetter {
	var out []state.DeadLetter
	for _, b := range bad {
		failure := &connectors.Error{Class: connectors.Reject, Message: b.Err.Error(), Request: b.Text}
		source := state.SourceRef{Connection: r.p.From.Connection, Object: r.p.From.Object.Name, ID: b.Place}
		r.run.Read++
		if r.unread[b.Place] {
			continue // a look-up came by it already
		}
		out = append(out, *r.letterFor(source, "", "read", failure))
		r.unread[b.Place] = true
		r.run.Dead++
		if r.job.OnProblem != nil {
			r.job.OnProblem(Problem{Rule: r.p.ID(), Kind: "rejected", Source: Ref{source.Connection, source.Object, b.Place}, Step: "read", Message: b.Err.Error()})
		}
	}
	return out
}

// lastStates keeps the last state of each record, and none of those that are forgotten.
func lastStates(records []state.Record, forget []string) []state.Record {
	gone := make(map[string]bool, len(forget))
	for _, id := range forget {
		gone[id] = true
	}
	at := make(map[string]int, len(records))
	out := records[:0]
	for _, rec := range records {
		if gone[rec.Source] {
			continue
		}
		if i, twice := at[rec.Source]; twice {
			out[i] = rec
			continue
		}
		at[rec.Source] = len(out)
		out = append(out, rec)
	}
	return out
}
