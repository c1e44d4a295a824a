package engine

import (
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/syncline/syncline/connectors"
	"github.com/syncline/syncline/lang/query"
	"github.com/syncline/syncline/runtime/state"
)

func queryCursor(s string) query.Cursor { return query.Cursor(s) }

// converge runs a rule whose target has records to match.
func (r *runner) converge() error {
	if err := r.begin(); err != nil {
		return err
	}
	if err := r.handOut(); err != nil {
		return err
	}
	if r.named() {
		for _, step := range []func() error{r.resume, r.readNamed, r.release} {
			if err := step(); err != nil {
				return err
			}
		}
		return nil
	}
	steps := []func() error{r.resume, r.askDeletions, r.retryDead, r.readSource, r.reread, r.reevaluate, r.departures, r.release}
	for _, step := range steps {
		if err := step(); err != nil {
			return err
		}
	}
	return r.advance()
}

// begin reads where the rule stands and decides what kind of pass this is.
func (r *runner) begin() error {
	var err error
	if r.cp, err = r.job.Store.Checkpoint(r.work, r.p.ID(), r.job.Schedule); err != nil {
		return fmt.Errorf("reading the checkpoint: %w", err)
	}
	r.cp.Rule, r.cp.Schedule = r.p.ID(), r.job.Schedule
	// Later than all that was seen before, also by a clock that was ahead: what is not seen now has to stand out.
	r.stamp = max(r.stamp, r.cp.Pass+1, r.cp.At.UnixMicro()+1)
	same := r.cp.Meaning == r.p.Meaning
	unfinished := same && !r.cp.FullDone && r.cp.Cursor != "" && r.cp.Pass > 0
	r.verify = r.job.Full || r.schedule != nil && r.schedule.Full && len(r.job.Records) == 0 || !same || !r.cp.FullDone
	r.run.Full = r.verify
	if r.verify && (!unfinished || r.job.Full) {
		r.cp.Cursor, r.cp.Meaning, r.cp.Pass, r.cp.FullDone = "", r.p.Meaning, r.stamp, false
	}
	if r.cp.Cursor == "" {
		r.whole, r.cp.Pass = true, r.stamp
	}
	if r.job.DryRun && (r.marksSeen() || r.keepsFields()) {
		r.notesSeen = true
	}
	if r.twoPhase() && !r.job.DryRun {
		r.outbox = newOutbox(r)
	}
	if err := r.loadDead(); err != nil {
		return err
	}
	return r.tidy()
}

// tidy ends runs of this rule that a crash left open, and forgets what they had staged: this run evaluates it anew.
// What waits for a person stays until this run knows better.
func (r *runner) tidy() error {
	if r.job.DryRun {
		return nil
	}
	return stopAbandoned(r.work, r.job.Store, r.run, "the process ended before the run did; a later run went on from the checkpoint")
}

// resume sees to what earlier runs sent without storing what became of it.
func (r *runner) resume() error {
	if r.job.DryRun {
		return nil
	}
	if err := r.account(); err != nil {
		return err
	}
	return r.resolveClaims()
}

// readSource takes the source page by page. The next page is read while this one is worked on.
func (r *runner) readSource() error {
	if err := r.loadDigests(); err != nil {
		return err
	}
	pages := r.readPages(r.sourceQuery())
	defer pages.stop()
	given := 0
	for {
		if r.ctx.Err() != nil {
			return errInterrupted
		}
		var p *page
		select {
		case p = <-pages.out:
		case <-r.ctx.Done():
			return errInterrupted
		}
		if p == nil {
			return errInterrupted
		}
		if p.err != nil && p.err != io.EOF {
			return p.err
		}
		last := p.err == io.EOF
		r.cp.Cursor = string(p.cursor)
		if p.batch.Len() > 0 || len(p.bad) > 0 {
			if err := r.beginRead(p); err != nil {
				return err
			}
			out, bad := r.leftOut(p.bad)
			r.gap(p.bad, bad)
			items := append(r.items(p), r.leftOutItems(out)...)
			for _, it := range items {
				r.tellRead(it)
			}
			given += p.batch.Len() + len(out)
			r.run.Read += p.batch.Len() + len(out)
			if err := r.take(items, bad); err != nil {
				return err
			}
			r.progress("read")
		}
		if last {
			r.capped = r.p.MaxRecords > 0 && given >= r.p.MaxRecords
			return r.flush()
		}
		pages.free <- p.batch
	}
}

// take works on what a page gave, or gathers it where no cursor moves with it: every step costs little more for many
// records than for few.
func (r *runner) take(items []*item, bad []connectors.BadRow) error {
	if r.cp.Cursor == "" && len(bad) == 0 && len(items) < gatherMost/2 {
		if r.gathered.add(items, r.repeats.on); len(r.gathered.items) < gatherMost {
			return nil
		}
		return r.flush()
	}
	if err := r.flush(); err != nil {
		return err
	}
	return r.arrive(items, bad)
}

// flush works on what was gathered.
func (r *runner) flush() error { return r.arrive(r.gathered.take(), nil) }

// arrive processes items of the read, after which the rule stands where the reader does.
func (r *runner) arrive(items []*item, bad []connectors.BadRow) error {
	cp := r.cp
	cp.At = r.clock()
	return r.process(items, bad, &cp)
}

// process takes items through all steps and concludes them. cp is where the reader stands after them; nil: they
// did not come from the read.
func (r *runner) process(items []*item, bad []connectors.BadRow, cp *state.Checkpoint) error {
	if len(items) == 0 && len(bad) == 0 {
		return nil
	}
	if r.outbox == nil && !r.job.DryRun {
		r.creates.forget()
	}
	items, err := r.unshown(items)
	if err != nil {
		return err
	}
	if err := r.known(items); err != nil {
		return err
	}
	r.filter(items)
	if err := r.enroll(items, true); err != nil {
		return err
	}
	if cp != nil {
		var more []connectors.BadRow
		var besides int
		var err error
		if items, more, besides, err = r.repeats.settle(r.digests, items, bad); err != nil {
			return err
		}
		r.run.Read -= len(more) // counted with their letters
		r.run.Filtered += besides
		bad = append(bad, more...)
		r.noteNameless(items)
	}
	if err := r.lookedAgain(items, bad); err != nil {
		return err
	}
	if err := r.runFinds(items, false); err != nil {
		return err
	}
	if err := r.matchItems(items); err != nil {
		return err
	}
	if err := r.runFinds(items, true); err != nil {
		return err
	}
	r.evaluate(items)
	if err := r.diff(items); err != nil {
		return err
	}
	if err := r.depart(items); err != nil {
		return err
	}
	out, err := r.outcome(items)
	if err != nil {
		return err
	}
	out.Dead = append(append(out.Dead, r.lookUpLetters()...), r.badRows(bad)...)
	return r.conclude(items, out, cp)
}

// unshown leaves out the records of which a dry run has told a change already: one that changes while it is read comes by
// again, and is one change all the same.
func (r *runner) unshown(items []*item) (rest []*item, err error) {
	if r.shown.Empty() {
		return items, nil
	}
	rest = slices.DeleteFunc(items, func(it *item) bool {
		shown, serr := r.shown.Get(fnv64(it.id))
		err = errors.Join(err, serr)
		if shown != 0 {
			r.run.Read--
		}
		return shown != 0
	})
	return rest, err
}

// lookedAgain takes back what was staged of records when this run looked at them before, whatever comes of this look: the
// last one counts, also where nothing could be read by then.
func (r *runner) lookedAgain(items []*item, bad []connectors.BadRow) error {
	if r.outbox.empty() {
		return nil
	}
	ids := make([]string, len(items), len(items)+len(bad))
	for i, it := range items {
		ids[i] = it.id
	}
	for _, b := range bad {
		if b.ID == "" {
			continue
		}
		taken, err := r.repeats.took(b.ID)
		if err != nil {
			return err
		}
		if !taken {
			ids = append(ids, b.ID)
		}
	}
	return r.outbox.retract(ids)
}

// conclude sends or stages the changes of items and stores what came of them.
func (r *runner) conclude(items []*item, out state.Outcome, cp *state.Checkpoint) error {
	var changes []*change
	for _, it := range items {
		r.guard.see(r, it)
		if it.change != nil && it.verdict != dead {
			if err := r.emit(it, it.change); err != nil {
				return err
			}
			changes = append(changes, it.change)
		}
	}
	switch {
	case r.job.DryRun:
		return nil
	case r.outbox != nil:
		if err := r.outbox.add(changes); err != nil {
			return err
		}
		if err := r.outbox.retract(out.Forget); err != nil {
			return err
		}
		if r.named() && len(out.Records)+len(out.Forget)+len(out.Ledger)+len(out.Dead)+len(out.Revived) == 0 {
			return nil // the counts come with what is sent, or with the run's end: an event is to cost no write for them alone
		}
		return r.commit(out)
	}
	for len(changes) > sendMost {
		if err := r.sendSome(changes[:sendMost], &out); err != nil {
			return err
		}
		changes, out = changes[sendMost:], state.Outcome{Rule: r.p.ID()}
	}
	complete, err := r.send(changes, &out)
	if err != nil && !isEnding(err) {
		return err
	}
	if complete && err == nil {
		out.Checkpoint = cp
	}
	if cerr := r.commit(out); cerr != nil {
		return cerr
	}
	return err
}

// sendSome sends a part of the changes of a page and stores what came of them; the checkpoint stays where it is.
func (r *runner) sendSome(changes []*change, out *state.Outcome) error {
	_, err := r.send(changes, out)
	if err != nil && !isEnding(err) {
		return err
	}
	if cerr := r.commit(*out); cerr != nil {
		return cerr
	}
	return err
}

// emit counts and tells of a change that is about to be made.
func (r *runner) emit(it *item, c *change) error {
	r.changes++
	r.guard.add(c)
	rec := r.remember(it)
	c.Base = base(rec.Target, rec.Shadow)
	if r.job.OnChange != nil {
		r.job.OnChange(r.report(c))
	}
	if !r.job.DryRun {
		return nil
	}
	if !c.Unlink {
		tallyWrite(&r.run, c, true)
	}
	return r.shown.Put(fnv64(c.Source), 1)
}

// advance moves the checkpoint to the end of the run.
func (r *runner) advance() error {
	cp := r.arrived()
	return r.commit(state.Outcome{Rule: r.p.ID(), Checkpoint: &cp})
}

// arrived is the checkpoint of a run that has done everything.
func (r *runner) arrived() state.Checkpoint {
	cp := r.cp
	cp.At = r.clock()
	// A pass that stopped at max_records goes on next time, where the source can go on at all.
	cp.FullDone = cp.FullDone || !r.capped || cp.Cursor == ""
	if r.deletedNext != "" {
		cp.Deleted = r.deletedNext
	}
	return cp
}
