package engine

import (
	"fmt"

	"github.com/syncline/syncline/connectors"
	"github.com/syncline/syncline/lang/plan"
	"github.com/syncline/syncline/runtime/crashpoint"
	"github.com/syncline/syncline/runtime/delivery"
)

// rolledBackCode marks the actions of a group that were undone because of another.
const rolledBackCode = "rolled_back"

// deliverGroup writes the requests of an atomic step as one. It may run beside others.
func (t *triggerRun) deliverGroup(s *side, actions []connectors.Action, ends []plan.End, requests []*request, resumed bool) answered {
	if resumed {
		lost := &connectors.Error{Class: connectors.InDoubt, Message: "the process ended before the group was answered"}
		if out := t.settleGroup(s, ends, requests, lost); out.status != unsent || out.stop != nil {
			return out
		}
	}
	out := answered{}
	end := t.tries(func() (answered, *connectors.Error) {
		crashpoint.Reach(crashpoint.SendBefore)
		results, err := s.grouper().Group(crashpoint.Sending(s.counted(t.work)), actions)
		crashpoint.Reach(crashpoint.SendAnswered)
		if err == nil && len(results) != len(actions) {
			err = &connectors.Error{Class: connectors.InDoubt, Message: fmt.Sprintf("%s answered %d of %d actions", s.name, len(results), len(actions))}
		}
		var failure *connectors.Error
		out.cause = 0
		if err != nil {
			failure = t.cutOff(connectors.AsError(err))
		} else if out.cause = culprit(results); out.cause >= 0 {
			failure = results[out.cause].Err
		} else {
			return answered{status: written, results: results}, nil
		}
		if failure.Class == connectors.InDoubt {
			settled := t.settleGroup(s, ends, requests, failure)
			if settled.status != unsent || settled.stop != nil {
				return settled, nil
			}
			return answered{}, &connectors.Error{Class: connectors.Retry, Message: failure.Message, Err: failure}
		}
		if err == nil && failure.Class == connectors.Retry {
			// One record alone is locked: that is no reason to think that the system does not answer.
			return answered{}, &connectors.Error{Class: connectors.Retry, Code: failure.Code, Message: failure.Message,
				RetryAfter: failure.RetryAfter, Request: failure.Request, Answer: failure.Answer, Err: errOneRecord}
		}
		return answered{}, failure
	})
	if end.cause == 0 {
		end.cause = max(out.cause, 0)
	}
	if end.err != nil && end.err.Err == errOneRecord {
		end.stop, end.status = nil, refused
		if end.err.Hint == "" {
			end.err.Hint = fmt.Sprintf("given up after %d tries; `syncline dead retry` tries again", t.retry.Attempts)
		}
	}
	return end
}

// errOneRecord marks a failure of one record of a group, which says nothing of the system.
var errOneRecord = fmt.Errorf("one record of the group")

// culprit is the first action whose failure is its own, -1 when none failed.
func culprit(results []connectors.Result) int {
	undone := -1
	for i, r := range results {
		switch {
		case r.Err == nil:
		case r.Err.Code != rolledBackCode:
			return i
		case undone < 0:
			undone = i
		}
	}
	return undone
}

// settleGroup finds out whether requests whose answer was lost were carried out: all of them were, or none. One that
// makes a record under a key of its own tells for all. Unsent without a stop means that they may be sent.
func (t *triggerRun) settleGroup(s *side, ends []plan.End, requests []*request, lost *connectors.Error) answered {
	harmless := true // to send again
	var proof int = -1
	for i, q := range requests {
		harmless = harmless && q.Op != connectors.Create
		if q.Proof && q.Lookup != nil && proof < 0 {
			proof = i
		}
	}
	if proof < 0 {
		if harmless {
			return answered{status: unsent}
		}
		return answered{status: doubtful, err: heldForAPerson(lost, "record")}
	}
	// The system may need a moment until what it accepted is found.
	if t.sleep(t.ctx, t.retry.Backoff(1, lost.RetryAfter, t.random())) != nil {
		return answered{status: inDoubt, err: lost, stop: errInterrupted}
	}
	results := make([]connectors.Result, len(requests))
	for i, q := range requests {
		results[i].ID = q.ID
		if q.Lookup == nil || i != proof && !q.Proof {
			continue
		}
		found, err := t.lookForIn(s, ends[i], [][]byte{q.Lookup})
		if err != nil {
			return answered{status: inDoubt, err: lost, stop: err}
		}
		if i == proof {
			switch {
			case !found[0].Decided:
				return answered{status: doubtful, err: heldForAPerson(lost, "record")}
			case !found[0].Found:
				return answered{status: unsent}
			}
		}
		results[i] = connectors.Result{ID: found[0].ID, Created: true}
	}
	return answered{status: written, results: results}
}

// groupActions are requests as a connector takes them.
func groupActions(ends []plan.End, requests []*request) []connectors.Action {
	out := make([]connectors.Action, len(requests))
	for i, q := range requests {
		out[i] = connectors.Action{Ref: q.Ref, Object: ends[i].Object, Op: q.Op, Key: q.Key, ID: q.ID, IDOf: q.IDOf, Fields: q.connectorFields(), IDs: q.IDs}
	}
	return out
}

// deliverer gives the delivery of single writes to an object.
func (t *triggerRun) deliverer(s *side, end plan.End) *delivery.Deliverer {
	d := t.outbox.writers[objectName(end)]
	if d == nil {
		d = &delivery.Deliverer{
			Target: delivery.Target{Name: s.name, Object: end.Object, Limits: s.limits, Allow: s.allow, Writer: countedWriter{s}},
			Retry:  t.retry, Sleep: t.access.wait, Random: t.chance,
		}
		t.outbox.writers[objectName(end)] = d
	}
	return d
}
