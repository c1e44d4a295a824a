package engine

import (
	"context"
	"encoding/binary"
	"fmt"
	"hash"

	"github.com/syncline/syncline/connectors"
	"github.com/syncline/syncline/lang/plan"
	"github.com/syncline/syncline/lang/value"
	"github.com/syncline/syncline/runtime/state"
)

// outbox holds the changes of a guarded run between evaluation and delivery: in memory while they are few, in
// the store from some thousands on and whenever they have to outlive the run.
type outbox struct {
	r       *runner
	mem     []*change
	spilled bool
	count   int
	digest  hash.Hash // of what the changes write
}

const (
	outboxMemory = 2000 // changes
	outboxChunk  = 1000 // changes delivered and stored together
)

func (o *outbox) add(changes []*change) error {
	for _, c := range changes {
		c.clone()
		o.mem = append(o.mem, c)
		o.note(c)
		if len(o.mem) > outboxMemory {
			if err := o.spill(); err != nil {
				return err
			}
		}
	}
	return nil
}

// spill moves the changes to the store.
func (o *outbox) spill() error {
	staged := make([]state.Staged, len(o.mem))
	for i, c := range o.mem {
		data, err := c.encode()
		if err != nil {
			return err
		}
		staged[i] = state.Staged{Source: c.Source, Data: data}
	}
	if err := o.r.job.Store.Stage(o.r.work, o.r.run.ID, staged); err != nil {
		return fmt.Errorf("staging changes: %w", err)
	}
	o.mem, o.spilled = nil, true
	return nil
}

// each gives the changes in order, some at a time.
func (o *outbox) each(f func([]*change) error) error {
	if !o.spilled {
		for start := 0; start < len(o.mem); start += outboxChunk {
			if err := f(o.mem[start:min(start+outboxChunk, len(o.mem))]); err != nil {
				return err
			}
		}
		return nil
	}
	if err := o.spill(); err != nil {
		return err
	}
	return eachStaged(o.r.work, o.r.job.Store, o.r.run.ID, f)
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
		changes := make([]*change, 0, len(staged))
		for _, s := range staged {
			if s.Source == stageEnd {
				continue
			}
			c, err := decodeChange(s.Data)
			if err != nil {
				return err
			}
			c.seq = s.Seq
			changes = append(changes, c)
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

// deliverStaged sends some staged changes, after a look at what happened to their records since.
func (r *runner) deliverStaged(changes []*change) error {
	for len(changes) > 0 {
		n := distinctPrefix(changes)
		out := state.Outcome{Rule: r.p.ID()}
		due, err := r.refresh(changes[:n], &out)
		if err != nil {
			return err
		}
		if due, err = r.recheckCreates(due, &out); err != nil {
			return err
		}
		if _, err := r.send(due, &out); err != nil {
			if !isEnding(err) {
				return err
			}
			if cerr := r.commit(out); cerr != nil {
				return cerr
			}
			return err
		}
		if err := r.commit(out); err != nil {
			return err
		}
		r.progress("deliver")
		changes = changes[n:]
	}
	return nil
}

// distinctPrefix is how many changes come before the first that concerns a record a second time.
func distinctPrefix(changes []*change) int {
	seen := make(map[string]bool, len(changes))
	for i, c := range changes {
		if seen[c.Source] {
			return i
		}
		seen[c.Source] = true
	}
	return len(changes)
}

// base is a fingerprint of what is remembered of a record.
func base(target string, shadow []byte) uint64 {
	b := binary.BigEndian.AppendUint64(nil, fnv64(target))
	return fnv64(append(b, shadow...))
}

// refresh compares changes with what is remembered of their records now. A record of which an earlier change of
// this run was delivered meanwhile gets what is left of the later one.
func (r *runner) refresh(changes []*change, out *state.Outcome) ([]*change, error) {
	ids := make([]string, len(changes))
	for i, c := range changes {
		ids[i] = c.Source
	}
	records, err := r.job.Store.Records(r.work, r.p.ID(), ids)
	if err != nil {
		return nil, fmt.Errorf("reading what is known of records: %w", err)
	}
	due := changes[:0:0]
	for i, c := range changes {
		if base(records[i].Target, records[i].Shadow) == c.Base || r.rebase(c, records[i]) {
			due = append(due, c)
		} else if c.seq > 0 {
			out.Unstage = append(out.Unstage, c.seq)
		}
	}
	return due, nil
}

// rebase makes a change one against what is remembered now; false: nothing is left of it.
func (r *runner) rebase(c *change, rec state.Record) bool {
	if c.Departs {
		return rec.Target == c.Target
	}
	if rec.Target == "" {
		return c.Target == ""
	}
	agreed := r.shadowValues(rec.Shadow)
	if agreed == nil {
		return rec.Target == c.Target
	}
	c.Op, c.Key, c.Target, c.Lookup = connectors.Update, "", rec.Target, nil
	var fields []fieldWrite
	for i, m := range r.p.Map {
		if m.Write == plan.WriteAlways && overwrites(m, agreed[i], c.Want[i]) {
			fields = append(fields, fieldWrite{Name: m.Field.Name, Index: i, Before: agreed[i], After: c.Want[i], Text: m.Text})
		}
	}
	if len(fields) == 0 {
		return false
	}
	for i, m := range r.p.Map {
		if m.Write == plan.WriteWithChanges && !value.IsEmpty(c.Want[i]) {
			fields = append(fields, fieldWrite{Name: m.Field.Name, Index: i, After: c.Want[i], Text: m.Text})
		}
	}
	c.Fields = fields
	return true
}
