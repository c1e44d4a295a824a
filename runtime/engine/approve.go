package engine

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/syncline/syncline/connectors"
	"github.com/syncline/syncline/lang/schema"
	"github.com/syncline/syncline/lang/value"
	"github.com/syncline/syncline/runtime/crashpoint"
	"github.com/syncline/syncline/runtime/delivery"
	"github.com/syncline/syncline/runtime/state"
)

// approval is what an approved run knows that others do not.
type approval struct {
	state.Approval
	waited state.Run // as it stood when it was approved
	// dropped counts changes that were not made because their records changed while they waited.
	dropped int
}

// addTo adds to a run what it cost before it waited. sides are those whose calls are counted again.
func (a *approval) addTo(run *state.Run, sides map[string]*side) {
	if a == nil {
		return
	}
	for name, n := range a.waited.Calls {
		if sides[name] != nil {
			n += int(sides[name].calls.Count())
		}
		run.Calls[name] = n
	}
	run.DurationMS += a.waited.DurationMS
}

// ErrNotWaiting: there is nothing to approve. The error that wraps it says why.
var ErrNotWaiting = errors.New("nothing waits for an approval")

// Approvable finds the run whose staged changes an approval of a run lets go: the run itself, or a later one that
// took its place and waits with the very same changes.
func Approvable(ctx context.Context, store state.RunStore, id string) (state.Run, error) {
	var first *state.Outbox
	for name := id; ; {
		runs, err := store.Runs(ctx, state.RunFilter{ID: name, Limit: 1})
		switch {
		case err != nil:
			return state.Run{}, err
		case len(runs) == 0:
			return state.Run{}, fmt.Errorf("%w: there is no run %s; `syncline runs --status waiting` lists those that wait", ErrNotWaiting, name)
		}
		run := runs[0]
		switch o := run.Outbox; {
		case o == nil && first != nil:
			return run, fmt.Errorf("%w: run %s took the place of %s and ended as %s", ErrNotWaiting, name, id, run.Status)
		case o == nil:
			return run, fmt.Errorf("%w: run %s of %s ended as %s", ErrNotWaiting, name, run.Rule, run.Status)
		case o.Replaced != "":
			name = o.Replaced
		case first != nil && o.Digest != first.Digest:
			return run, fmt.Errorf("%w: run %s took the place of %s and waits with other changes; look at them, then approve %s", ErrNotWaiting, name, id, name)
		default:
			return run, nil
		}
		if first == nil {
			first = run.Outbox
		}
	}
}

// Carry carries out an approval: it delivers what the run had staged, except for what changed meanwhile, and ends the
// run. One that is interrupted, or whose target does not answer, goes on when it is called again. Job.RunID, Schedule
// and Tick are those of the run. An error that wraps ErrNotWaiting means that the approval is void; it is forgotten.
func Carry(ctx context.Context, job Job, a state.Approval) (state.Run, error) {
	waited, err := Approvable(ctx, job.Store, a.Run)
	if err == nil && waited.Rule != job.Plan.ID() {
		err = fmt.Errorf("%w: run %s is one of %s", ErrNotWaiting, waited.ID, waited.Rule)
	}
	if err == nil && waited.Outbox.Meaning != job.Plan.Meaning {
		err = errors.Join(fmt.Errorf("%w: %s was changed since run %s evaluated it; run it again and approve that", ErrNotWaiting, waited.Rule, waited.ID),
			giveUp(ctx, job.Store, &waited))
	}
	if err != nil {
		if errors.Is(err, ErrNotWaiting) {
			err = errors.Join(err, job.Store.Unapprove(ctx, a.Run))
		}
		return waited, err
	}
	job.RunID, job.Schedule, job.Full, job.DryRun, job.Tick = waited.ID, "", false, false, waited.Started
	r := newRunner(ctx, job)
	work, cancel := delivery.Grace(ctx, r.job.Retry.Grace)
	defer cancel()
	r.work = work
	r.approval = &approval{Approval: a, waited: waited}
	revision := r.run.Revision
	r.run, r.stored = waited, waited
	r.run.Revision, r.run.Calls = revision, map[string]int{}
	r.run.Status, r.run.WaitsFor, r.run.Why, r.run.Approved = state.Running, "", "", &r.approval.Approval
	if err := job.Store.SaveRun(work, r.run); err != nil {
		return r.run, fmt.Errorf("storing the run: %w", err)
	}
	return r.finishApproved(r.carry())
}

// giveUp ends an approved run that was cut off and cannot go on, because its rule means something else by now. One that had
// not begun is left to the rule's next run, which takes its place.
func giveUp(ctx context.Context, store state.RunStore, run *state.Run) error {
	if !run.Approving() {
		return nil
	}
	run.Status, run.WaitsFor = state.Stopped, ""
	run.Why = "the rule was changed before all that was approved was written; the next run evaluates the rest anew"
	run.Outbox = nil
	return store.SaveRun(ctx, *run)
}

// carry delivers what is staged.
func (r *runner) carry() error {
	crashpoint.Reach(crashpoint.Approved)
	for _, step := range []func() error{r.open, r.loadDead, r.resume} {
		if err := step(); err != nil {
			return err
		}
	}
	if err := eachStaged(r.work, r.job.Store, r.run.ID, r.deliverApproved); err != nil {
		return err
	}
	if r.approval.dropped > 0 {
		// Where the rule stands stays as it was: the next run reads those records again.
		r.run.Why = fmt.Sprintf("%d of %d approved changes were dropped, because their records had changed; the next run evaluates them anew",
			r.approval.dropped, r.run.Outbox.Changes)
		return nil
	}
	cp, err := stagedEnd(r.work, r.job.Store, r.run.ID)
	if err != nil || cp == nil {
		return err
	}
	return r.commit(state.Outcome{Rule: r.p.ID(), Checkpoint: cp})
}

// finishApproved ends an approved run. What stopped half way keeps its approval and goes on later.
func (r *runner) finishApproved(err error) (state.Run, error) {
	if err != nil {
		return r.finish(err)
	}
	r.run.Outbox = nil
	run, err := r.finish(nil)
	crashpoint.Reach(crashpoint.Carried)
	if err == nil {
		err = r.job.Store.Unapprove(context.WithoutCancel(r.work), r.approval.Run)
	}
	return run, err
}

// deliverApproved sends those of some approved changes that are still what the person saw.
func (r *runner) deliverApproved(changes []*change) error {
	for rest := changes; len(rest) > 0; {
		n := distinctPrefix(rest)
		out := state.Outcome{Rule: r.p.ID()}
		due, err := r.unchangedSince(rest[:n], &out)
		if err != nil {
			return err
		}
		if err := r.sendStaged(changes, due, out); err != nil {
			return err
		}
		rest = rest[n:]
	}
	return nil
}

// distinctPrefix is how many changes come before the first that concerns a record a second time. Earlier versions staged
// such, and they may wait for a person still.
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

// unchangedSince drops the changes whose records are not any more what they were when the changes were made: what is
// remembered of them, the fields of the target, or the absence of the record to be created.
func (r *runner) unchangedSince(changes []*change, out *state.Outcome) ([]*change, error) {
	known, err := r.knownOf(changes)
	if err != nil {
		return nil, err
	}
	targets, broken, err := r.targetsOf(changes)
	if err != nil {
		return nil, err
	}
	made, err := r.madeMeanwhile(changes)
	if err != nil {
		return nil, err
	}
	due := changes[:0:0]
	for i, c := range changes {
		why := ""
		switch {
		case c.Departs && underWay(known[i]): // it was interrupted while it was being delivered
		case base(known[i].Target, known[i].Shadow) != c.Base && r.asLeftBy(c, known[i]): // after it was written
			c.done = true
			continue
		case base(known[i].Target, known[i].Shadow) != c.Base:
			why = "what is remembered of it has changed since the run"
		case c.Target == "":
			why = made[i]
		case targets[c.Target] == nil && maybe(broken, c.Target) != nil:
			why = fmt.Sprintf("its target %s: %s", c.Target, maybe(broken, c.Target))
		default:
			why = r.overtaken(c, targets[c.Target])
		}
		switch {
		case why != "":
			r.drop(c, why)
		case c.Op == connectors.Update && !c.Unlink && len(c.Fields) == 0:
			r.run.Unchanged++
			c.done = true
			out.Records = append(out.Records, r.afterwards(c, c.Target, true))
			r.revive(c, out)
		default:
			due = append(due, c)
		}
	}
	return due, nil
}

func (r *runner) drop(c *change, why string) {
	r.approval.dropped++
	c.done = true
	if r.job.OnProblem != nil {
		r.job.OnProblem(Problem{Rule: r.p.ID(), Kind: "dropped", Source: Ref{r.p.From.Connection, r.p.From.Object.Name, c.Source}, Step: "deliver",
			Message: why + "; the approved change was dropped"})
	}
}

// targetsOf reads the records that changes concern. broken are rows that may be among them.
func (r *runner) targetsOf(changes []*change) (targets map[string]value.Record, broken []connectors.BadRow, err error) {
	var ids []string
	for _, c := range changes {
		if c.Target != "" && !c.Unlink {
			ids = append(ids, c.Target)
		}
	}
	return r.targetsByID(ids, r.p.Target)
}

// targetsByID reads records of the target.
func (r *runner) targetsByID(ids []string, layout *value.Layout) (targets map[string]value.Record, broken []connectors.BadRow, err error) {
	if len(ids) == 0 {
		return nil, nil, nil
	}
	key := r.p.To.Object.KeyField()
	if key == nil {
		return nil, nil, badJob("%s has no key, so its records cannot be read again", r.p.To.Object.Name)
	}
	slices.Sort(ids)
	ids = slices.Compact(ids)
	records, broken, err := r.byID(r.to, r.p.To, key.Name, idValues(key, ids), layout)
	if err != nil {
		return nil, nil, err
	}
	targets = make(map[string]value.Record, len(records))
	for _, rec := range records {
		targets[rec.At(0).String()] = rec
	}
	return targets, broken, nil
}

// overtaken says what of a target is not as it was, "" when nothing that counts is. Fields that hold the new value
// already are taken out of the change.
func (r *runner) overtaken(c *change, have value.Record) string {
	if c.Unlink {
		return ""
	}
	if have == nil {
		return "its target " + c.Target + " was deleted since the run"
	}
	kept := c.Fields[:0:0]
	decisive := 0
	for _, f := range c.Fields {
		slot, spec := r.p.Target.Slot(f.Name), r.p.To.Object.Field(f.Name)
		now := have.At(slot)
		switch {
		case slot < 0 || spec == nil || r.rides(c, f):
		case alike(spec, now, f.After):
			continue
		case !alike(spec, now, f.Before):
			return fmt.Sprintf("%s of its target %s has changed from %s to %s since the run", f.Name, c.Target, shown(f.Before), shown(now))
		default:
			decisive++
		}
		kept = append(kept, f)
	}
	if decisive == 0 && c.Op == connectors.Update {
		kept = nil
	}
	c.Fields = kept
	return ""
}

// alike compares in the field's stored form.
func alike(f *schema.Field, a, b value.Value) bool {
	if value.IsEmpty(a) || value.IsEmpty(b) {
		return value.IsEmpty(a) && value.IsEmpty(b)
	}
	if value.Equal(a, b) {
		return true
	}
	x, err := value.Conform(f, a)
	y, err2 := value.Conform(f, b)
	return err == nil && err2 == nil && value.Equal(x, y)
}

func shown(v value.Value) string {
	if value.IsEmpty(v) {
		return "empty"
	}
	return fmt.Sprintf("%q", v.String())
}

// madeMeanwhile says of creates whether a record with their key is there by now.
func (r *runner) madeMeanwhile(changes []*change) (why []string, err error) {
	why = make([]string, len(changes))
	var lookups [][]byte
	var at []int
	for i, c := range changes {
		if c.Target == "" && len(c.Lookup) > 0 {
			lookups, at = append(lookups, c.Lookup), append(at, i)
		}
	}
	if len(lookups) == 0 {
		return why, nil
	}
	found, err := r.lookFor(lookups)
	if err != nil {
		return nil, err
	}
	for n, i := range at {
		switch {
		case found[n].Found:
			why[i] = fmt.Sprintf("a record with the key of the one to be created has appeared since the run (%s)", found[n].ID)
		case !found[n].Decided:
			why[i] = "it cannot be told whether the record to be created is there: several have its key, or a row that may be it cannot be read"
		}
	}
	return why, nil
}
