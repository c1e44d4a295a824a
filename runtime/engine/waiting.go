package engine

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"hash"
	"slices"

	"github.com/syncline/syncline/lang/plan"
	"github.com/syncline/syncline/lang/value"
	"github.com/syncline/syncline/runtime/crashpoint"
	"github.com/syncline/syncline/runtime/state"
)

// A run beyond its guard ends with its changes in the stage, where they wait for a person. Behind the last of them
// stands where the rule will be once they are delivered.

// stageEnd is the source of the row behind the last staged change; no record has such an id.
const stageEnd = "\x00end"

// holding is a digest of what the changes of an outbox write: two runs with the same one wait with the same changes.
type holding struct {
	hash.Hash
	count int
}

// note takes a change in. Fields that ride along with others are left out: a time stamp would make the
// same changes look like others.
func (d *holding) note(r *runner, c *change) {
	d.count++
	fmt.Fprintf(d, "%d %q %q %q %t\n", c.Op, c.Source, c.Target, c.Key, c.Unlink)
	for _, f := range c.Fields {
		if !r.rides(c, f) {
			d.Write(value.Text(f.Name).AppendBinary(nil))
			d.Write(value.EncodeRecord(value.Record{f.Before, f.After}))
		}
	}
}

// rides tells whether a field is written only because others are.
func (r *runner) rides(c *change, f fieldWrite) bool {
	maps := r.p.Map
	if c.Departs {
		if maps = r.p.OnLeave.Set; c.Forget {
			maps = r.p.OnDelete.Set
		}
	}
	return f.Index >= 0 && f.Index < len(maps) && maps[f.Index].Write == plan.WriteWithChanges
}

// hold stages all changes of the run, to wait for a person.
func (r *runner) hold() error {
	if err := r.outbox.spill(); err != nil {
		return err
	}
	d := holding{Hash: sha256.New()}
	err := r.outbox.each(func(changes []*change) error {
		for _, c := range changes {
			d.note(r, c)
		}
		return nil
	})
	if err != nil {
		return err
	}
	end, err := json.Marshal(r.arrived())
	if err != nil {
		return err
	}
	if err := r.job.Store.Stage(r.work, r.run.ID, []state.Staged{{Source: stageEnd, Data: end}}); err != nil {
		return fmt.Errorf("staging changes: %w", err)
	}
	r.run.Outbox = &state.Outbox{Changes: d.count, Meaning: r.p.Meaning, Digest: hex.EncodeToString(d.Sum(nil)[:16])}
	crashpoint.Reach(crashpoint.Staged)
	return nil
}

// stagedEnd gives where the rule stands once a run's staged changes are delivered; nil: they are not whole.
func stagedEnd(ctx context.Context, store state.StageStore, run string) (*state.Checkpoint, error) {
	for after := int64(0); ; {
		staged, err := store.Staged(ctx, run, after, outboxChunk)
		if err != nil {
			return nil, fmt.Errorf("reading staged changes: %w", err)
		}
		if len(staged) == 0 {
			return nil, nil
		}
		after = staged[len(staged)-1].Seq
		for _, s := range staged {
			if s.Source == stageEnd {
				cp := &state.Checkpoint{}
				return cp, json.Unmarshal(s.Data, cp)
			}
		}
	}
}

// supersede ends the runs whose changes still wait for a person: this run has evaluated the same records anew. Runs
// of other schedules have other records and go on waiting.
func (r *runner) supersede() error {
	if r.job.DryRun {
		return nil
	}
	waiting, err := Awaiting(r.work, r.job.Store, r.p.ID())
	if err != nil {
		return err
	}
	for _, old := range waiting {
		if old.ID == r.run.ID || r.run.Schedule != "" && old.Schedule != r.run.Schedule {
			continue
		}
		old.Status, old.WaitsFor = state.Stopped, ""
		old.Why = "nobody approved it before the next run, which evaluated everything anew: " + r.run.ID
		old.Outbox.Replaced = r.run.ID
		if err := r.job.Store.SaveRun(r.work, old); err != nil {
			return fmt.Errorf("storing an earlier run's end: %w", err)
		}
	}
	return nil
}

// Awaiting gives a rule's runs that wait for a person, newest first; "" gives those of all rules.
func Awaiting(ctx context.Context, store state.RunStore, rule string) ([]state.Run, error) {
	runs, err := store.Runs(ctx, state.RunFilter{Rule: rule, Status: state.Waiting})
	if err != nil {
		return nil, fmt.Errorf("reading earlier runs: %w", err)
	}
	return slices.DeleteFunc(runs, func(r state.Run) bool { return r.WaitsFor != state.WaitGuard || r.Outbox == nil }), nil
}

// Held gives the changes that a waiting run holds back, in order, to f.
func Held(ctx context.Context, store state.StageStore, p *plan.Sync, run string, f func(Change)) error {
	r := &runner{p: p}
	return eachStaged(ctx, store, run, func(changes []*change) error {
		for _, c := range changes {
			f(r.report(c))
		}
		return nil
	})
}

// Reject drops the changes that a waiting run holds back.
func Reject(ctx context.Context, store state.Store, run state.Run, by string) (state.Run, error) {
	run.Status, run.WaitsFor, run.Outbox = state.Stopped, "", nil
	run.Why = "rejected by " + by + "; nothing more was written"
	if err := store.Unapprove(ctx, run.ID); err != nil {
		return run, err
	}
	if err := store.SaveRun(ctx, run); err != nil {
		return run, err
	}
	_, err := store.MoveFirings(ctx, run.Rule, state.FiringHeld, state.FiringDropped)
	return run, err
}
