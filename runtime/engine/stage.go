package engine

import (
	"context"
	"encoding/binary"
	"fmt"
	"maps"
	"slices"

	"github.com/syncline/syncline/runtime/engine/recall"
	"github.com/syncline/syncline/runtime/state"
)

// outbox holds the changes of a guarded run between evaluation and delivery, in the form in which they are staged: in
// memory up to some size, in the store beyond it and whenever they have to outlive the run. Of a record it holds one
// change at most, that of the run's last look at it.
type outbox struct {
	r       *runner
	mem     []unstaged
	shared  sharedTexts // by the changes in mem
	block   []byte      // what mem has of them, the end of it
	bytes   int         // in mem
	spilled bool
	// at says where in mem the change of a source is, stored what Seq its piece has in the store, by the hash of the source.
	at     map[string]int
	stored recall.Numbers
}

// unstaged is a change in memory; without data it was taken back.
type unstaged struct {
	source string
	data   []byte
}

const (
	outboxMemory = 16 << 20 // bytes
	outboxBlock  = 1 << 18  // bytes
	// unstagedSize is about what a change in memory takes beside its data.
	unstagedSize = 120
	// A piece has so many changes or bytes at most: those of one are delivered and stored together.
	outboxChunk = sendMost
	pieceBytes  = 1 << 19
)

func newOutbox(r *runner) *outbox {
	return &outbox{r: r, at: map[string]int{}}
}

// empty tells whether nothing can be taken back; there may be no outbox.
func (o *outbox) empty() bool { return o == nil || len(o.at) == 0 && o.stored.Empty() }

func (o *outbox) add(changes []*change) error {
	old := taken{}
	for _, c := range changes {
		if _, err := o.take(c.Source, old); err != nil { // of two records with one key on one page
			return err
		}
		if cap(o.block)-len(o.block) < outboxBlock/16 {
			o.block = make([]byte, 0, outboxBlock)
		}
		start := len(o.block)
		o.block = c.encode(o.block, &o.shared)
		o.at[c.Source] = len(o.mem)
		o.mem = append(o.mem, unstaged{c.Source, o.block[start:len(o.block):len(o.block)]})
		if o.bytes += len(o.block) - start + len(c.Source) + unstagedSize; o.bytes > outboxMemory {
			if err := o.spill(); err != nil {
				return err
			}
		}
	}
	_, err := o.unstage(old)
	return err
}

// pieces gives the changes in memory that were not taken back, in pieces, with the sources of each.
func (o *outbox) pieces(f func(data []byte, sources []string) error) error {
	var list [][]byte
	var sources []string
	size := 0
	give := func() error {
		if len(list) == 0 {
			return nil
		}
		err := f(o.shared.piece(list), sources)
		list, sources, size = list[:0], sources[:0], 0
		return err
	}
	for _, k := range o.mem {
		if k.data == nil {
			continue
		}
		if len(list) == outboxChunk || size > pieceBytes {
			if err := give(); err != nil {
				return err
			}
		}
		list, sources = append(list, k.data), append(sources, k.source)
		size += len(k.data)
	}
	return give()
}

// spill moves the changes to the store, some pieces at a time.
func (o *outbox) spill() error {
	var rows []state.Staged
	var sources [][]string
	size := 0
	store := func() error {
		if err := o.r.job.Store.Stage(o.r.work, o.r.run.ID, rows); err != nil {
			return fmt.Errorf("staging changes: %w", err)
		}
		for i, row := range rows {
			for _, source := range sources[i] {
				if err := o.stored.Put(fnv64(source), uint64(row.Seq)); err != nil {
					return err
				}
			}
		}
		rows, sources, size = rows[:0], sources[:0], 0
		return nil
	}
	err := o.pieces(func(data []byte, of []string) error {
		rows, sources = append(rows, state.Staged{Data: data}), append(sources, slices.Clone(of))
		if size += len(data); size < outboxMemory/8 {
			return nil
		}
		return store()
	})
	if err == nil {
		err = store()
	}
	clear(o.at)
	clear(o.mem)
	o.mem, o.shared, o.block, o.bytes, o.spilled = o.mem[:0], sharedTexts{}, nil, 0, true
	return err
}

// retract takes back what is staged of some records, for the run knows something newer of them: what they were first
// seen as would stay in the target, since the newer state may be the one agreed before, and no reason for a change.
func (o *outbox) retract(sources []string) error {
	if o.empty() {
		return nil
	}
	var changes []*change
	stored := taken{}
	for _, source := range sources {
		c, err := o.take(source, stored)
		if err != nil {
			return err
		}
		if c != nil {
			changes = append(changes, c)
		}
	}
	more, err := o.unstage(stored)
	if err != nil {
		return err
	}
	for _, c := range append(changes, more...) {
		if c.claim != 0 {
			if err := o.r.creates.release(c.claim); err != nil {
				return err
			}
		}
	}
	return nil
}

// taken are the sources whose changes are to be taken out of pieces in the store, by Seq.
type taken map[int64]map[string]bool

// take takes the change of a record out of memory, nil for none, and counts it no more. One that may be in the store is
// noted for unstage.
func (o *outbox) take(source string, stored taken) (*change, error) {
	i, here := o.at[source]
	if !here {
		seq, err := o.stored.Get(fnv64(source))
		if err != nil || seq == 0 {
			return nil, err
		}
		if stored[int64(seq)] == nil {
			stored[int64(seq)] = map[string]bool{}
		}
		stored[int64(seq)][source] = true
		return nil, nil
	}
	data := o.mem[i].data
	o.bytes -= len(data) + len(source) + unstagedSize
	o.mem[i] = unstaged{}
	delete(o.at, source)
	in := &pieceReader{shared: o.shared.list}
	c := in.change(data)
	if in.err != nil {
		return nil, fmt.Errorf("a change cannot be read: %w", in.err)
	}
	o.uncount(c)
	return c, nil
}

func (o *outbox) uncount(c *change) {
	o.r.changes--
	o.r.guard.remove(c)
}

// unstage takes changes out of their pieces in the store, and counts them no more.
func (o *outbox) unstage(sources taken) (gone []*change, err error) {
	if len(sources) == 0 {
		return nil, nil
	}
	out := state.Outcome{Rule: o.r.p.ID()}
	for _, seq := range slices.Sorted(maps.Keys(sources)) {
		rows, err := o.r.job.Store.Staged(o.r.work, o.r.run.ID, seq-1, 1)
		if err != nil {
			return nil, fmt.Errorf("reading staged changes: %w", err)
		}
		if len(rows) == 0 || rows[0].Seq != seq {
			continue
		}
		piece, err := decodePiece(rows[0])
		if err != nil {
			return nil, err
		}
		for _, c := range piece {
			if !sources[seq][c.Source] { // there may be another source with the same hash
				continue
			}
			c.done = true
			gone = append(gone, c)
			o.uncount(c)
			if at, err := o.stored.Get(fnv64(c.Source)); err != nil {
				return nil, err
			} else if at == uint64(seq) {
				if err := o.stored.Put(fnv64(c.Source), 0); err != nil {
					return nil, err
				}
			}
		}
		unstage(piece, &out)
	}
	if len(gone) == 0 {
		return nil, nil
	}
	return gone, o.r.commit(out)
}

// unstage adds to an outcome that those of some changes that are done are staged no more. They are all of their pieces.
func unstage(changes []*change, out *state.Outcome) {
	rest := make(map[int64][]*change)
	var touched []int64
	for _, c := range changes {
		switch {
		case c.seq == 0:
		case !c.done:
			rest[c.seq] = append(rest[c.seq], c)
		case len(touched) == 0 || touched[len(touched)-1] != c.seq:
			touched = append(touched, c.seq)
		}
	}
	for _, seq := range slices.Compact(touched) {
		if len(rest[seq]) == 0 {
			out.Unstage = append(out.Unstage, seq)
		} else {
			out.Restage = append(out.Restage, state.Staged{Seq: seq, Data: encodePiece(rest[seq])})
		}
	}
}

// each gives the changes in order, some at a time.
func (o *outbox) each(f func([]*change) error) error {
	if o.spilled {
		if err := o.spill(); err != nil {
			return err
		}
		return eachStaged(o.r.work, o.r.job.Store, o.r.run.ID, f)
	}
	return o.pieces(func(data []byte, _ []string) error {
		changes, err := decodePiece(state.Staged{Data: data})
		if err != nil {
			return err
		}
		return f(changes)
	})
}

// eachStaged gives the staged changes of a run in order, some at a time: always all of a piece.
func eachStaged(ctx context.Context, store state.StageStore, run string, f func([]*change) error) error {
	for after := int64(0); ; {
		rows, err := store.Staged(ctx, run, after, outboxChunk)
		if err != nil {
			return fmt.Errorf("reading staged changes: %w", err)
		}
		if len(rows) == 0 {
			return nil
		}
		after = rows[len(rows)-1].Seq
		var singles []*change
		for _, row := range rows {
			if row.Source == stageEnd {
				continue
			}
			if row.Source != "" {
				c, err := decodeSingle(row.Data)
				if err != nil {
					return err
				}
				c.seq = row.Seq
				singles = append(singles, c)
				continue
			}
			piece, err := decodePiece(row)
			if err == nil {
				err = f(piece)
			}
			if err != nil {
				return err
			}
		}
		if len(singles) > 0 {
			if err := f(singles); err != nil {
				return err
			}
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
	return r.sendStaged(changes, changes, state.Outcome{Rule: r.p.ID()})
}

// sendStaged sends those of some staged changes that are due and stores what became of all, also when the run ends at
// them; out is what is known of their records already.
func (r *runner) sendStaged(changes, due []*change, out state.Outcome) error {
	_, err := r.send(due, &out)
	if err != nil && !isEnding(err) {
		return err
	}
	unstage(changes, &out)
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
