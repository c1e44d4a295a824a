package engine

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"slices"

	"github.com/syncline/syncline/runtime/state"
)

// outbox holds the changes of a guarded run between evaluation and delivery, in the form in which they are staged: in
// memory up to some size, in the store beyond it and whenever they have to outlive the run. Of a record it holds one
// change at most, that of the run's last look at it.
type outbox struct {
	r       *runner
	mem     []state.Staged // no Data: taken back
	bytes   int            // in mem
	spilled bool
	scratch []byte // of encoding
	// at says where in mem the change of a source is, stored what Seq it has in the store, by the hash of the source.
	at     map[string]int
	stored map[uint64]int64
}

const (
	outboxMemory = 32 << 20 // bytes
	outboxChunk  = sendMost // changes delivered and stored together
)

func newOutbox(r *runner) *outbox {
	return &outbox{r: r, at: map[string]int{}, stored: map[uint64]int64{}}
}

// empty tells whether nothing can be taken back; there may be no outbox.
func (o *outbox) empty() bool { return o == nil || len(o.at)+len(o.stored) == 0 }

func (o *outbox) add(changes []*change) error {
	var seqs []int64
	for _, c := range changes {
		if _, err := o.drop(c.Source, &seqs); err != nil { // of two records with one key on one page
			return err
		}
		o.scratch = c.encode(o.scratch[:0])
		data := bytes.Clone(o.scratch)
		o.at[c.Source] = len(o.mem)
		o.mem = append(o.mem, state.Staged{Source: c.Source, Data: data})
		if o.bytes += len(data) + len(c.Source); o.bytes > outboxMemory {
			if err := o.spill(); err != nil {
				return err
			}
		}
	}
	return o.unstage(seqs)
}

// held gives the changes in memory that were not taken back.
func (o *outbox) held() []state.Staged {
	return slices.DeleteFunc(slices.Clone(o.mem), func(s state.Staged) bool { return s.Data == nil })
}

// spill moves the changes to the store.
func (o *outbox) spill() error {
	changes := o.held()
	if err := o.r.job.Store.Stage(o.r.work, o.r.run.ID, changes); err != nil {
		return fmt.Errorf("staging changes: %w", err)
	}
	for _, s := range changes {
		o.stored[fnv64(s.Source)] = s.Seq
	}
	clear(o.at)
	o.mem, o.bytes, o.spilled = nil, 0, true
	return nil
}

// retract takes back what is staged of some records, for the run knows something newer of them: what they were first
// seen as would stay in the target, since the newer state may be the one agreed before, and no reason for a change.
func (o *outbox) retract(sources []string) error {
	if o.empty() {
		return nil
	}
	var seqs []int64
	creates := map[string]bool{}
	for _, source := range sources {
		c, err := o.drop(source, &seqs)
		if err != nil {
			return err
		}
		if c != nil && c.Target == "" {
			creates[source] = true
		}
	}
	o.r.creates.release(creates)
	return o.unstage(seqs)
}

func (o *outbox) unstage(seqs []int64) error {
	if len(seqs) == 0 {
		return nil
	}
	return o.r.commit(state.Outcome{Rule: o.r.p.ID(), Unstage: seqs})
}

// drop takes the change of a record out, nil for none, and counts it no more. One in the store is left there, for unstage.
func (o *outbox) drop(source string, seqs *[]int64) (*change, error) {
	c, err := o.take(source)
	if c == nil || err != nil {
		return nil, err
	}
	o.r.changes--
	o.r.guard.remove(c)
	if c.seq > 0 {
		*seqs = append(*seqs, c.seq)
	}
	return c, nil
}

// take gives the change of a record, nil for none, and forgets where it is.
func (o *outbox) take(source string) (*change, error) {
	if i, ok := o.at[source]; ok {
		c, err := decodeChange(o.mem[i].Data)
		o.bytes -= len(o.mem[i].Data) + len(source)
		o.mem[i] = state.Staged{}
		delete(o.at, source)
		return c, err
	}
	id := fnv64(source)
	seq, ok := o.stored[id]
	if !ok {
		return nil, nil
	}
	staged, err := o.r.job.Store.Staged(o.r.work, o.r.run.ID, seq-1, 1)
	if err != nil {
		return nil, fmt.Errorf("reading staged changes: %w", err)
	}
	if len(staged) == 0 || staged[0].Source != source { // another source with the same hash
		return nil, nil
	}
	delete(o.stored, id)
	changes, err := decodeChanges(staged)
	if err != nil {
		return nil, err
	}
	return changes[0], nil
}

// each gives the changes in order, some at a time.
func (o *outbox) each(f func([]*change) error) error {
	if o.spilled {
		if err := o.spill(); err != nil {
			return err
		}
		return eachStaged(o.r.work, o.r.job.Store, o.r.run.ID, f)
	}
	for part := range slices.Chunk(o.held(), outboxChunk) {
		changes, err := decodeChanges(part)
		if err != nil {
			return err
		}
		if err := f(changes); err != nil {
			return err
		}
	}
	return nil
}

func decodeChanges(staged []state.Staged) ([]*change, error) {
	changes := make([]*change, 0, len(staged))
	for _, s := range staged {
		if s.Source == stageEnd {
			continue
		}
		c, err := decodeChange(s.Data)
		if err != nil {
			return nil, err
		}
		c.seq = s.Seq
		changes = append(changes, c)
	}
	return changes, nil
}

// eachStaged gives the staged changes of a run in order, some at a time.
func eachStaged(ctx context.Context, store state.StageStore, run string, f func([]*change) error) error {
	for after := int64(0); ; {
		staged, err := store.Staged(ctx, run, after, outboxChunk)
		if err != nil {
			return fmt.Errorf("reading staged changes: %w", err)
		}
		if len(staged) == 0 {
			return nil
		}
		after = staged[len(staged)-1].Seq
		changes, err := decodeChanges(staged)
		if err != nil {
			return err
		}
		if err := f(changes); err != nil {
			return err
		}
	}
}

// release compares the run's changes with its guard and lets them go, or ends the run waiting with all of
// them staged.
func (r *runner) release() error {
	why, err := r.exceeded()
	if err != nil {
		return err
	}
	if r.named() {
		// A few records neither replace nor join what waits for a person: an ordinary pass decides.
		if why != "" {
			return &ending{status: state.Waiting, waits: state.WaitGuard, why: why}
		}
	} else if err := r.supersede(); err != nil {
		return err
	}
	if why != "" {
		if r.outbox != nil && !r.job.DryRun {
			if err := r.hold(); err != nil {
				return err
			}
		}
		return &ending{status: state.Waiting, waits: state.WaitGuard, why: why}
	}
	if r.outbox == nil {
		return nil
	}
	return r.outbox.each(r.deliverStaged)
}

// deliverStaged sends some staged changes. What is remembered of their records is what it was when they were made: rules
// have one run at a time, and this one took back what it knows better.
func (r *runner) deliverStaged(changes []*change) error {
	out := state.Outcome{Rule: r.p.ID()}
	due, err := r.recheckCreates(changes, &out)
	if err != nil {
		return err
	}
	return r.sendStaged(due, out)
}

// sendStaged sends staged changes and stores what became of them, also when the run ends at them; out is what is known of
// their records already.
func (r *runner) sendStaged(due []*change, out state.Outcome) error {
	_, err := r.send(due, &out)
	if err != nil && !isEnding(err) {
		return err
	}
	if cerr := r.commit(out); cerr != nil {
		return cerr
	}
	if err == nil {
		r.progress("deliver")
	}
	return err
}

// base is a fingerprint of what is remembered of a record.
func base(target string, shadow []byte) uint64 {
	b := binary.BigEndian.AppendUint64(nil, fnv64(target))
	return fnv64(append(b, shadow...))
}
