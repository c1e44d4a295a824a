package delivery

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/syncline/syncline/connectors"
	"github.com/syncline/syncline/runtime/crashpoint"
)

// delivery is one call of Deliver under way. Batches run in goroutines of their own; each touches only the
// outcomes of its own changes, so that only the stop is shared.
type delivery struct {
	d *Deliverer
	// ctx ends when the run is interrupted; work ends a grace time later and is what calls run under.
	ctx, work context.Context
	close     context.CancelFunc
	retry     Retry
	changes   []Change
	outcomes  []Outcome

	mu      sync.Mutex
	stopped *Stop
}

func newDelivery(ctx context.Context, d *Deliverer, changes []Change) *delivery {
	retry := d.Retry.Defaults()
	work, cancel := Grace(ctx, retry.Grace)
	return &delivery{d: d, ctx: ctx, work: work, close: cancel, retry: retry, changes: changes, outcomes: make([]Outcome, len(changes))}
}

// halt stops the delivery; the first reason is the one that counts.
func (r *delivery) halt(s *Stop) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.stopped == nil {
		r.stopped = s
	}
}

// halted gives the stop, looking for an interruption and an open breaker first.
func (r *delivery) halted() *Stop {
	if r.ctx.Err() != nil {
		r.halt(&Stop{Canceled: true})
	}
	if err := r.d.breaker.open(); err != nil {
		r.halt(&Stop{Wait: true, Err: err})
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.stopped
}

// wave sends changes of different records, batch by batch, as many at once as the target takes.
func (r *delivery) wave(items []int) *Stop {
	allowed := items[:0:0]
	for _, i := range items {
		if err := r.d.Target.Forbidden(r.changes[i]); err != nil {
			r.outcomes[i] = Outcome{Status: Refused, Err: err}
			continue
		}
		allowed = append(allowed, i)
	}
	todo := batches(r.changes, allowed, r.d.Target.Limits.WriteBatch)
	slots := make(chan struct{}, max(r.d.Target.Limits.Parallel, 1))
	var group sync.WaitGroup
	for _, b := range todo {
		slots <- struct{}{}
		if r.halted() != nil {
			<-slots
			break
		}
		group.Go(func() {
			defer func() { <-slots }()
			r.batch(b)
		})
	}
	group.Wait()
	return r.reason()
}

// reason is the stop as it stands: an interruption that came after the last call has nothing left to stop.
func (r *delivery) reason() *Stop {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.stopped
}

// batch sends one batch to its end.
func (r *delivery) batch(b batch) {
	err := r.send(b, b.items, r.retry.Attempts)
	switch {
	case err == nil:
	case len(b.items) > 1:
		r.bisect(b, b.items, err)
	case err.Class == connectors.Reject:
		r.refuse(b.items[0], err)
	default:
		r.stopFor(err)
	}
}

// bisect finds the records for which a whole call failed. When both halves fail in a way that is not about
// data, no record is to blame and the delivery stops.
func (r *delivery) bisect(b batch, items []int, err *connectors.Error) {
	if len(items) == 1 {
		r.refuse(items[0], err)
		return
	}
	halves := [2][]int{items[:len(items)/2], items[len(items)/2:]}
	var errs [2]*connectors.Error
	for i, half := range halves {
		errs[i] = r.send(b, half, 1)
	}
	if errs[0] != nil && errs[1] != nil && errs[0].Class != connectors.Reject && errs[1].Class != connectors.Reject {
		r.stopFor(errs[1])
		return
	}
	for i, half := range halves {
		if errs[i] != nil {
			r.bisect(b, half, errs[i])
		}
	}
}

func (r *delivery) stopFor(err *connectors.Error) {
	wait := err.Class == connectors.Retry || err.Class == connectors.InDoubt || err.Class == connectors.Limit
	r.halt(&Stop{Wait: wait, Err: err})
}

func (r *delivery) refuse(i int, err *connectors.Error) {
	r.outcomes[i].Status, r.outcomes[i].Err = Refused, err
}

// send writes the items, again and again where that helps, until each has its outcome or the delivery stops.
// An error is one of the whole call, from which no item has an outcome yet.
func (r *delivery) send(b batch, items []int, attempts int) *connectors.Error {
	limits, began := 0, time.Now()
	for try := 1; len(items) > 0; try++ {
		if r.halted() != nil {
			return nil
		}
		results, err := r.call(b, items)
		if time.Since(began) >= r.retry.Patience {
			attempts = try // a target that hangs is not asked as often as one that fails at once
		}
		if err != nil {
			next, stay := r.callFailed(b, items, err, try, attempts)
			if !stay {
				return nil
			}
			if next == nil {
				return err
			}
			items = next
		} else {
			items, err = r.sort(b, items, results)
		}
		if len(items) == 0 {
			return nil
		}
		if err.Class == connectors.Limit {
			if limits++; !r.waitLimit(err, limits) {
				return nil
			}
			try--
			continue
		}
		if try >= attempts {
			for _, i := range items {
				r.giveUp(i, err, try)
			}
			return nil
		}
		if !r.pause(try, err) {
			return nil
		}
	}
	return nil
}

// call makes one call and counts it as an attempt of each item.
func (r *delivery) call(b batch, items []int) ([]connectors.Result, *connectors.Error) {
	w := connectors.Write{Object: r.d.Target.Object, Op: b.op, Key: b.key, Records: make([]connectors.Record, len(items))}
	for n, i := range items {
		w.Records[n] = connectors.Record{ID: r.changes[i].ID, Fields: r.changes[i].Fields}
		r.outcomes[i].Attempts++
	}
	crashpoint.Reach(crashpoint.SendBefore)
	results, err := r.d.Target.Writer.Write(crashpoint.Sending(connectors.Once(r.work)), w)
	crashpoint.Reach(crashpoint.SendAnswered)
	if err == nil && len(results) != len(items) {
		return nil, &connectors.Error{Class: connectors.InDoubt, Message: fmt.Sprintf("%s answered %d of %d records", r.d.Target.Name, len(results), len(items))}
	}
	if err == nil {
		r.d.breaker.answered()
		return results, nil
	}
	failure := connectors.AsError(err)
	if r.work.Err() != nil && failure.Class == connectors.Retry {
		// Cut off in the middle of a call: whether it arrived is not known.
		failure = &connectors.Error{Class: connectors.InDoubt, Message: failure.Message, Err: err}
	}
	if failure.Class == connectors.Retry || failure.Class == connectors.InDoubt {
		r.d.breaker.failed(failure)
	}
	return nil, failure
}

// callFailed decides after a call that failed whole. stay false: the items have their outcomes or the delivery
// stopped. next nil: the error is the caller's to split on. Otherwise next are to be sent again.
func (r *delivery) callFailed(b batch, items []int, err *connectors.Error, try, attempts int) (next []int, stay bool) {
	if err.Class == connectors.InDoubt {
		for _, i := range items {
			r.outcomes[i].InDoubt = true
		}
	}
	switch {
	case err.Class == connectors.Auth:
		r.halt(&Stop{Err: err})
		return nil, false
	case err.Class == connectors.Limit:
		return items, true
	case err.Class == connectors.InDoubt && b.op == connectors.Create:
		left := r.resolve(items, err)
		return left, len(left) > 0
	case canRetry(err.Class, b.op) && try < attempts:
		return items, true
	case err.Class == connectors.Gone && len(items) == 1:
		_, _ = r.sort(b, items, []connectors.Result{{Err: err}})
		return nil, false
	}
	return nil, true
}

// sort gives outcomes from the results and keeps the items that are to be sent again, with the last reason.
func (r *delivery) sort(b batch, items []int, results []connectors.Result) (again []int, why *connectors.Error) {
	var doubt []int
	for n, i := range items {
		res, out := results[n], &r.outcomes[i]
		switch err := res.Err; {
		case err == nil:
			out.Status, out.ID, out.Err = Written, res.ID, nil
			out.Created = res.Created || b.op == connectors.Create
			if out.ID == "" {
				out.ID = r.changes[i].ID
			}
		case err.Class == connectors.Gone && b.op == connectors.Delete:
			out.Status, out.ID, out.Err = Written, r.changes[i].ID, nil
		case err.Class == connectors.Gone && b.op == connectors.Update:
			out.Status, out.Err = Missing, err
		case err.Class == connectors.Auth:
			out.Err = err
			r.halt(&Stop{Err: err})
		case err.Class == connectors.Limit || canRetry(err.Class, b.op):
			out.Err, out.InDoubt = err, out.InDoubt || err.Class == connectors.InDoubt
			again = append(again, i)
			if why == nil || err.Class == connectors.Limit || why.Class != connectors.Limit && err.RetryAfter > why.RetryAfter {
				why = err
			}
		case err.Class == connectors.InDoubt:
			out.Err = err
			doubt = append(doubt, i)
		default:
			r.refuse(i, err)
		}
	}
	if len(doubt) > 0 {
		cause := r.outcomes[doubt[0]].Err
		if left := r.resolve(doubt, cause); len(left) > 0 {
			again = append(again, left...)
			if why == nil {
				why = cause
			}
		}
	}
	return again, why
}

// giveUp makes a record that failed on its own, again and again, a dead letter; the others went through.
func (r *delivery) giveUp(i int, err *connectors.Error, tries int) {
	e := *err
	if own := r.outcomes[i].Err; own != nil {
		e = *own
	}
	if e.Hint == "" {
		e.Hint = fmt.Sprintf("given up after %d tries; `syncline dead retry` tries again", tries)
	}
	r.refuse(i, &e)
}

// pause waits before the next try; false: the run was interrupted.
func (r *delivery) pause(try int, err *connectors.Error) bool {
	if r.d.sleep(r.ctx, r.retry.Backoff(try, err.RetryAfter, r.d.random())) != nil {
		r.halt(&Stop{Canceled: true})
		return false
	}
	return true
}

// waitLimit waits for a quota when that is soon; otherwise the delivery stops.
func (r *delivery) waitLimit(err *connectors.Error, times int) bool {
	const most = 20
	if err.RetryAfter <= 0 || err.RetryAfter > r.retry.LimitWait || times > most {
		r.halt(&Stop{Wait: true, Err: err})
		return false
	}
	return r.pause(1, err)
}
