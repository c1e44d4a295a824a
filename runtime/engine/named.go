package engine

import (
	"slices"

	"github.com/syncline/syncline/lang/value"
)

// A run for events reads the records that the events name, by their keys, and nothing else. The checkpoint stays where it
// is: an ordinary pass sees these records again and finds them in order. So an event costs as little as the record that it
// tells of, however many records changed within the reader's overlap.

// named tells whether this run takes only the records that its job names. A rule that has no baseline yet, or that needs
// all records for another reason, takes them all.
func (r *runner) named() bool {
	return len(r.job.Records) > 0 && !r.verify && r.p.From.Object.KeyField() != nil
}

// readNamed takes the named records.
func (r *runner) readNamed() error {
	ids := slices.Compact(slices.Sorted(slices.Values(r.job.Records)))
	for part := range slices.Chunk(ids, 500) {
		if r.ctx.Err() != nil {
			return errInterrupted
		}
		records, bad, err := r.sourceByID(part, r.p.Source)
		if err != nil {
			return err
		}
		r.run.Read += len(records)
		if err := r.process(r.distinct(records), bad, nil); err != nil {
			return err
		}
		r.progress("read")
	}
	return nil
}

// distinct makes items of records; one that came twice is taken once.
func (r *runner) distinct(records []value.Record) (out []*item) {
	there := map[string]bool{}
	for _, src := range records {
		it := r.newItem(src.At(0).String(), src)
		it.hash = r.hash(src)
		if !there[it.id] {
			there[it.id] = true
			out = append(out, it)
			r.tellRead(it)
		}
	}
	return out
}

// tellRead tells that a record was read.
func (r *runner) tellRead(it *item) {
	if r.job.OnRead != nil {
		r.job.OnRead(it.id, it.version)
	}
}
