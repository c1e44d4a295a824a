package engine

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/syncline/syncline/connectors"
	"github.com/syncline/syncline/lang/value"
	"github.com/syncline/syncline/runtime/state"
)

// fate is what became of a change whose outcome was never stored.
type fate uint8

const (
	unwritten fate = iota // the target has none of it: the ordinary pass makes it again
	whole                 // the target has all of it
	partly                // it was written, and somebody changed some of it since
	doubted               // the target does not tell
)

// fated is a change with its fate, and the record that it concerns.
type fated struct {
	*change
	fate   fate
	target string // "" where it is not known
}

// account tells the ledger of what earlier runs sent without storing what became of it: what the target has counts as
// written by them. Each intent goes in the transaction that tells of it, so that nothing is told twice.
func (r *runner) account() error {
	for after := int64(0); ; {
		rows, err := r.job.Store.Staged(r.work, r.p.ID(), after, 1)
		if err != nil {
			return fmt.Errorf("reading what was about to be sent: %w", err)
		}
		if len(rows) == 0 {
			return nil
		}
		after = rows[0].Seq
		in, err := openIntent(rows[0])
		if err != nil {
			r.log.Error("the ledger may lack some of what an earlier run wrote", "error", err)
		}
		in.Rule = r.p.ID()
		if err := r.accountFor(in); err != nil {
			return err
		}
	}
}

func (r *runner) accountFor(in *intent) error {
	fates, err := r.fates(in)
	if err != nil {
		return err
	}
	run := &r.run
	if in.Run != run.ID {
		if run, err = findRun(r.work, r.job.Store, in.Run); err != nil {
			return err
		}
	}
	out := in.outcome(fates, run)
	if in.To == refTo(r.p.To) && in.From == refTo(r.p.From) {
		if err := r.rememberFates(in, fates, &out); err != nil {
			return err
		}
	}
	if run == &r.run {
		return r.commit(out)
	}
	if err := r.job.Store.Commit(r.work, out); err != nil {
		return fmt.Errorf("storing what was written before: %w", err)
	}
	return nil
}

// outcome has the ledger's entries of an intent, which is done with it. The changes count in the run that made them, which
// may be forgotten.
func (in *intent) outcome(fates []fated, run *state.Run) state.Outcome {
	out := state.Outcome{Rule: in.Rule, Unstage: []int64{in.seq}, Run: run}
	for _, f := range fates {
		if f.fate == unwritten {
			continue
		}
		e := in.entry(f.change, f.target, true)
		e.InDoubt = f.fate == doubted
		out.Ledger = append(out.Ledger, e)
		if run != nil && !e.InDoubt {
			tallyWrite(run, f.change, true)
		}
	}
	return out
}

// rememberFates adds to an outcome what is to be remembered of the records. One that the target has as the change leaves
// it is settled, as if the outcome had been stored in time. Any other that may have been written is compared when it
// comes by, for it holds something else than what was agreed before.
func (r *runner) rememberFates(in *intent, fates []fated, out *state.Outcome) error {
	known, err := r.knownOf(in.changes)
	if err != nil {
		return err
	}
	for i, f := range fates {
		if f.fate == unwritten {
			continue
		}
		if f.Op == connectors.Create && f.target != "" {
			out.Claims = append(out.Claims, r.claimKey(f.Source))
		}
		rec := known[i]
		asBefore := base(rec.Target, rec.Shadow) == f.Base || f.Departs && underWay(rec)
		switch {
		case f.fate == whole && asBefore && (in.Meaning == r.p.Meaning || f.Op == connectors.Delete):
			r.concluded(f.change, f.target, out)
		case f.target != "" && (rec.Target == "" && f.Target == "" || rec.Target == f.target && !underWay(rec)):
			out.Records = append(out.Records, r.linked(rec, f.Source, f.target))
		}
	}
	return nil
}

// asLeftBy tells whether what is remembered of a record is what a change leaves, which it is after rememberFates.
func (r *runner) asLeftBy(c *change, rec state.Record) bool {
	if c.Forget {
		return rec.Source == ""
	}
	return c.Want != nil && rec.Target != "" && (c.Target == "" || c.Target == rec.Target) && bytes.Equal(rec.Shadow, r.shadow(c.Want))
}

// linked is what is remembered of a record that has a target, of which it is not known what it holds. It is compared with
// it when it comes by, which it will: no checkpoint passed it.
func (r *runner) linked(rec state.Record, source, target string) state.Record {
	rec = unsettled(rec)
	rec.Source, rec.Target, rec.Seen = source, target, r.stamp
	return rec
}

// unsettled is what is remembered of a record when it is not known what its target holds.
func unsettled(rec state.Record) state.Record {
	rec.Shadow, rec.Hash = notAgreed, 0
	return rec
}

func (r *runner) knownOf(changes []*change) ([]state.Record, error) {
	return knownTo(r.work, r.job.Store, r.p.ID(), changes)
}

// knownTo gives what a rule remembers of the records of changes.
func knownTo(ctx context.Context, store state.Store, rule string, changes []*change) ([]state.Record, error) {
	ids := make([]string, len(changes))
	for i, c := range changes {
		ids[i] = c.Source
	}
	known, err := store.Records(ctx, rule, ids)
	if err != nil {
		return nil, fmt.Errorf("reading what is known of records: %w", err)
	}
	return known, nil
}

// fates reads the records that changes concern and tells what became of each. A target that does not answer now is an
// error, and the changes are kept; one that cannot be asked, or is not the rule's any more, leaves all of them in doubt.
func (r *runner) fates(in *intent) ([]fated, error) {
	if r.match == nil || in.To != refTo(r.p.To) || r.p.To.Object.KeyField() == nil {
		return in.inDoubt(), nil
	}
	out, err := r.foundFates(in)
	var refused *connectors.Error
	if errors.As(err, &refused) && (refused.Class == connectors.Permanent || refused.Class == connectors.Reject) {
		r.log.Warn("what an earlier run wrote cannot be read", "error", err)
		return in.inDoubt(), nil
	}
	return out, err
}

// inDoubt are the changes of an intent when nothing can be told of them.
func (in *intent) inDoubt() []fated {
	out := make([]fated, len(in.changes))
	for i, c := range in.changes {
		out[i] = fated{c, doubted, c.Target}
	}
	return out
}

func (r *runner) foundFates(in *intent) ([]fated, error) {
	out, err := r.whereabouts(in.changes)
	if err != nil {
		return nil, err
	}
	names := []string{r.p.To.Object.Key}
	seen := map[string]bool{names[0]: true}
	var ids []string
	for _, f := range out {
		if f.target != "" {
			ids = append(ids, f.target)
		}
		for _, w := range f.Fields {
			if !seen[w.Name] && r.p.To.Object.Field(w.Name) != nil {
				names, seen[w.Name] = append(names, w.Name), true
			}
		}
	}
	layout := value.NewLayout(names...)
	targets, broken, err := r.targetsByID(ids, layout)
	if err != nil {
		return nil, err
	}
	for i, f := range out {
		have := targets[f.target]
		switch {
		case f.target == "":
		case have == nil && maybe(broken, f.target) != nil:
			out[i].fate = doubted
		case f.Op == connectors.Delete && have == nil:
			out[i].fate = whole
		case f.Op == connectors.Delete:
		case have == nil:
			out[i].fate = doubted
		default:
			out[i].fate = r.fateIn(f.change, have, layout)
		}
	}
	return out, nil
}

// whereabouts finds the records of changes. A create whose record is not found, or is that of another source record, was
// not carried out; where looking does not decide, its claim is held for a person.
func (r *runner) whereabouts(changes []*change) ([]fated, error) {
	out := make([]fated, len(changes))
	var lookups [][]byte
	var at []int
	for i, c := range changes {
		if out[i] = (fated{change: c, target: c.Target}); c.Target == "" {
			lookups, at = append(lookups, c.Lookup), append(at, i)
		}
	}
	if len(at) == 0 {
		return out, nil
	}
	found, err := r.lookFor(lookups)
	if err != nil {
		return nil, err
	}
	ids := make([]string, len(found))
	for n, f := range found {
		if f.Found {
			ids[n] = f.ID
		}
	}
	holders, err := r.job.Store.Holders(r.work, r.p.ID(), ids)
	if err != nil {
		return nil, fmt.Errorf("looking up links: %w", err)
	}
	for n, i := range at {
		if holders[n] == "" || holders[n] == changes[i].Source {
			out[i].target = ids[n]
		}
	}
	return out, nil
}

// fateIn tells from a record whether a change of it was written. Systems write all of a record or nothing, so that one
// field that has its new value is enough, unless another still has its old one.
func (r *runner) fateIn(c *change, have value.Record, layout *value.Layout) fate {
	key := lookupNames(c.Lookup)
	after, before, other := 0, 0, 0
	for _, f := range c.Fields {
		slot, spec := layout.Slot(f.Name), r.p.To.Object.Field(f.Name)
		if slot < 0 || c.Target == "" && key[f.Name] || alike(spec, f.Before, f.After) {
			continue
		}
		switch now := have.At(slot); {
		case alike(spec, now, f.After):
			after++
		case alike(spec, now, f.Before):
			before++
		default:
			other++
		}
	}
	switch {
	case before+other == 0 && (after > 0 || c.Target == ""):
		return whole
	case after == 0 && before > 0:
		return unwritten
	case after > 0 && before == 0:
		return partly
	}
	return doubted
}

// lookupNames are the fields that a created record is found by.
func lookupNames(lookup []byte) map[string]bool {
	names := map[string]bool{}
	pairs, err := value.DecodeRecord(lookup)
	if err != nil {
		return names
	}
	for i := 0; i < len(pairs); i += 2 {
		names[pairs[i].AsText()] = true
	}
	return names
}

// AccountForRemoved tells the ledger what the runs of rules that are not there any more were about to write when they
// were cut off: that it is in doubt, since nobody looks. It is for the holder of the store, before it runs anything.
func AccountForRemoved(ctx context.Context, store state.Store, has func(rule string) bool) error {
	names, err := store.StagedNames(ctx)
	if err != nil {
		return fmt.Errorf("reading what was about to be sent: %w", err)
	}
	for _, name := range names {
		if !strings.HasPrefix(name, "sync.") || has(name) {
			continue
		}
		rows, err := store.Staged(ctx, name, 0, 1)
		for ; err == nil && len(rows) > 0; rows, err = store.Staged(ctx, name, rows[0].Seq, 1) {
			in, _ := openIntent(rows[0]) // one that cannot be read has no changes
			in.Rule = name
			run, rerr := findRun(ctx, store, in.Run)
			if rerr != nil {
				return rerr
			}
			if run != nil && run.Approving() {
				continue // it goes on when the rule is back
			}
			known, rerr := knownTo(ctx, store, name, in.changes)
			if rerr != nil {
				return rerr
			}
			out := in.outcome(in.inDoubt(), run)
			for i, c := range in.changes {
				if rec := known[i]; c.Target != "" && rec.Target == c.Target && !underWay(rec) {
					out.Records = append(out.Records, unsettled(rec))
				}
			}
			if err := store.Commit(ctx, out); err != nil {
				return fmt.Errorf("storing what was about to be sent: %w", err)
			}
		}
		if err != nil {
			return fmt.Errorf("reading what was about to be sent: %w", err)
		}
	}
	return nil
}

// findRun gives a run by its id, nil for one that is forgotten.
func findRun(ctx context.Context, store state.RunStore, id string) (*state.Run, error) {
	if id == "" {
		return nil, nil
	}
	runs, err := store.Runs(ctx, state.RunFilter{ID: id, Limit: 1})
	if err != nil {
		return nil, fmt.Errorf("reading earlier runs: %w", err)
	}
	if len(runs) == 0 {
		return nil, nil
	}
	return &runs[0], nil
}
