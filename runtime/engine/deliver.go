package engine

import (
	"bytes"
	"errors"
	"fmt"
	"slices"

	"github.com/syncline/syncline/connectors"
	"github.com/syncline/syncline/runtime/delivery"
	"github.com/syncline/syncline/runtime/state"
)

// send delivers changes and adds what came of them to the outcome. complete is false when some were not sent:
// the outcome may then not move the checkpoint. The error says why.
func (r *runner) send(changes []*change, out *state.Outcome) (complete bool, err error) {
	changes, err = r.claim(changes, out)
	if err != nil {
		return false, err
	}
	if err := r.markDepartures(changes); err != nil {
		return false, err
	}
	requests, sent := make([]delivery.Change, 0, len(changes)), make([]*change, 0, len(changes))
	out.Records, out.Ledger = slices.Grow(out.Records, len(changes)), slices.Grow(out.Ledger, len(changes))
	for _, c := range changes {
		if c.Unlink {
			r.unlinked(c, out)
			continue
		}
		requests = append(requests, c.request())
		sent = append(sent, c)
	}
	r.pendingLookups = make(map[string][]byte, len(sent))
	for _, c := range sent {
		r.pendingLookups[c.Source] = c.Lookup
	}
	results, stop := r.deliver.Deliver(r.ctx, requests)
	if err := r.refuseTaken(sent, results, out); err != nil {
		return false, err
	}
	complete = true
	for i, c := range sent {
		if !r.settle(c, results[i], out) {
			complete = false
		}
	}
	if err := r.fulfil(out); err != nil {
		return false, err
	}
	if stop != nil {
		return false, stoppedBy(r.to.name, stop)
	}
	return complete, nil
}

// settle records how one change ended; false: it is still to be delivered.
func (r *runner) settle(c *change, res delivery.Outcome, out *state.Outcome) bool {
	if c.Op == connectors.Create && !res.InDoubt && res.Status != delivery.Doubtful {
		out.Claims = append(out.Claims, r.claimKey(c.Source))
	}
	c.unanswered = res.InDoubt && res.Status != delivery.Written && res.Status != delivery.Doubtful
	if res.Status == delivery.Unsent {
		return false
	}
	c.done = true
	switch res.Status {
	case delivery.Written:
		r.wrote(c, res, out)
	case delivery.Missing:
		r.run.Unmatched++
		r.problemFor(c, "unmatched", fmt.Sprintf("its target %s was deleted by somebody; it is not created again", c.Target))
		out.Records = append(out.Records, r.afterwards(c, c.Target, false))
		r.revive(c, out)
	default:
		r.run.Dead++
		letter := r.letterFor(state.SourceRef{Connection: r.p.From.Connection, Object: r.p.From.Object.Name, ID: c.Source, Version: c.Version}, c.Target, "deliver", res.Err)
		letter.Attempts = max(res.Attempts, 1)
		out.Dead = append(out.Dead, *letter)
		r.dead.open[c.Source] = true
		out.Records = append(out.Records, r.afterwards(c, c.Target, false))
		r.problemFor(c, "rejected", res.Err.Error())
		if res.Status == delivery.Doubtful {
			r.held[c.Source] = state.Claim{Rule: r.p.ID(), Source: c.Source, Key: r.claimKey(c.Source)}
		}
	}
	return true
}

// wrote records a change that the target has.
func (r *runner) wrote(c *change, res delivery.Outcome, out *state.Outcome) {
	r.written++
	// An upsert is made where the match found nothing: one that was sent again after a lost answer meets what it made itself.
	created := res.Created || c.Op == connectors.Upsert && res.InDoubt
	tallyWrite(&r.run, c, created)
	out.Ledger = append(out.Ledger, r.entry(c, res.ID, created))
	r.concluded(c, res.ID, out)
}

// concluded settles what is remembered of the record of a change that the target has.
func (r *runner) concluded(c *change, target string, out *state.Outcome) {
	r.revive(c, out)
	if c.Forget {
		out.Forget = append(out.Forget, c.Source)
		return
	}
	out.Records = append(out.Records, r.afterwards(c, target, true))
}

func tallyWrite(run *state.Run, c *change, created bool) {
	switch {
	case c.Op == connectors.Delete:
		run.Deleted++
	case c.Op == connectors.Create, c.Op == connectors.Upsert && created:
		run.Created++
	default:
		run.Updated++
	}
}

func (r *runner) revive(c *change, out *state.Outcome) {
	if r.dead.known(c.Source) {
		out.Revived = append(out.Revived, c.Source)
	}
}

// afterwards is what is remembered of a record after its change. A change that was not written leaves no
// shadow, so that the next attempt looks at the target.
func (r *runner) afterwards(c *change, target string, written bool) state.Record {
	rec := state.Record{Source: c.Source, Target: target, Keys: c.Keys, Hash: c.Hash, Fields: c.Stored, Seen: c.Seen, Place: c.place}
	switch {
	case written && c.Want != nil:
		rec.Shadow = r.shadow(c.Want)
	case c.Departs && !written:
		rec.Keys = departMark // to be tried again, when somebody asks for it
	case bytes.Equal(rec.Keys, departMark):
		rec.Keys = nil
	}
	return rec
}

// unlinked drops a link without writing anything.
func (r *runner) unlinked(c *change, out *state.Outcome) {
	out.Forget = append(out.Forget, c.Source)
	out.Ledger = append(out.Ledger, r.entry(c, c.Target, false))
	r.revive(c, out)
	c.done = true
}

// refuseTaken finds upserts that hit a record which another source record is linked to. They are refused, and in the ledger
// all the same, since the record has their values now.
func (r *runner) refuseTaken(changes []*change, results []delivery.Outcome, out *state.Outcome) error {
	var targets []string
	var at []int
	for i, c := range changes {
		if c.Op == connectors.Upsert && results[i].Status == delivery.Written && !results[i].Created {
			targets = append(targets, results[i].ID)
			at = append(at, i)
		}
	}
	if len(targets) == 0 {
		return nil
	}
	holders, err := r.job.Store.Holders(r.work, r.p.ID(), targets)
	if err != nil {
		return fmt.Errorf("looking up links: %w", err)
	}
	for n, i := range at {
		if h := holders[n]; h != "" && h != changes[i].Source {
			out.Ledger = append(out.Ledger, r.entry(changes[i], targets[n], false))
			results[i] = delivery.Outcome{Status: delivery.Refused, Attempts: 1, Err: &connectors.Error{Class: connectors.Reject,
				Message: fmt.Sprintf("%s is linked to the source record %s already; two source records have the same key", targets[n], h)}}
		}
	}
	return nil
}

func (r *runner) problemFor(c *change, kind, message string) {
	r.problem(&item{id: c.Source}, kind, "deliver", message, "")
}

// isEnding tells whether an error is an orderly end of the run, after which what was done is still stored.
func isEnding(err error) bool {
	var e *ending
	return errors.As(err, &e)
}
