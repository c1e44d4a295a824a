package engine

import (
	"fmt"
	"time"

	"github.com/syncline/syncline/connectors"
	"github.com/syncline/syncline/lang/plan"
	"github.com/syncline/syncline/lang/schema"
	"github.com/syncline/syncline/lang/value"
	"github.com/syncline/syncline/runtime/crashpoint"
)

// traceAfter is how long a message may be under way: only then is it asked whether it arrived.
const traceAfter = 5 * time.Second

// buildMessage evaluates the arguments of a send or call.
func (t *triggerRun) buildMessage(f *firing, a *plan.Action) (*request, error) {
	m := connectors.Message{Key: actionKey(t.p.ID(), a.Kind.String()+" "+a.Label, f.Source, f.At),
		Arguments: map[string]value.Value{}, Named: map[string][]connectors.Field{}}
	q := &request{Connection: a.Via}
	for _, arg := range a.Args {
		var list []value.Value
		for _, v := range arg.Values {
			x, err := v.Value.Eval(t.put(f.it))
			if err != nil {
				return nil, fmt.Errorf("%s: %w", arg.Name, err)
			}
			x = x.Clone()
			list = append(list, x)
			name := arg.Name
			if arg.Form == schema.NamedValues {
				m.Named[name] = append(m.Named[name], connectors.Field{Name: v.Name, Value: x})
				name += "." + v.Name
			}
			q.Fields = append(q.Fields, fieldWrite{Name: name, Index: byField, After: x, Text: v.Text})
		}
		switch {
		case arg.Form == schema.NamedValues:
		case len(list) == 1:
			m.Arguments[arg.Name] = list[0]
		default:
			m.Arguments[arg.Name] = value.List(list)
		}
	}
	q.Message = toWireMessage(a.Kind.String(), m)
	return q, nil
}

// deliverMessage sends one message to its end, with the tries that its failures are worth. It may run beside others.
func (t *triggerRun) deliverMessage(s *side, q *request, since time.Time, resumed bool) answered {
	m, err := q.Message.message()
	if err != nil {
		return answered{status: refused, err: &connectors.Error{Class: connectors.Permanent, Message: "a stored message cannot be read", Err: err}}
	}
	if resumed {
		lost := &connectors.Error{Class: connectors.InDoubt, Message: "the process ended before the message was answered"}
		if r, ok := s.conn.(connectors.Repeater); !ok || !r.Repeatable(m) {
			if out := t.trace(s, m, since, lost); out.status != unsent {
				return out
			}
		}
	}
	var last *connectors.Error
	return t.tries(func() (answered, *connectors.Error) {
		began := t.clock()
		crashpoint.Reach(crashpoint.SendBefore)
		receipt, err := s.sender().Send(connectors.Leaving(crashpoint.Sending(s.counted(t.work)), t.ctx), m)
		crashpoint.Reach(crashpoint.SendAnswered)
		if err == nil {
			return answered{status: written, receipt: receipt}, nil
		}
		last = t.cutOff(connectors.AsError(err))
		if last.Class != connectors.InDoubt {
			return answered{}, last
		}
		out := t.trace(s, m, began, last)
		if out.status != unsent {
			return out, nil
		}
		return answered{}, &connectors.Error{Class: connectors.Retry, Message: last.Message, Err: last}
	})
}

// trace asks what became of a message whose answer was lost. Unsent means that it did not arrive and may be sent.
func (t *triggerRun) trace(s *side, m connectors.Message, since time.Time, lost *connectors.Error) answered {
	tracer, ok := s.conn.(connectors.Tracer)
	if !ok {
		return answered{status: doubtful, err: heldForAPerson(lost, "message")}
	}
	if left := traceAfter - t.clock().Sub(since); left > 0 {
		if t.sleep(t.ctx, min(left, traceAfter)) != nil {
			return answered{status: inDoubt, err: lost, stop: errInterrupted}
		}
	}
	for try := 1; ; try++ {
		receipt, found, err := tracer.Trace(s.counted(t.work), m, since)
		if err == nil && found {
			return answered{status: written, receipt: receipt}
		}
		if err == nil {
			return answered{status: unsent}
		}
		failure := connectors.AsError(err)
		if failure.Class == connectors.Permanent || failure.Class == connectors.Reject {
			return answered{status: doubtful, err: heldForAPerson(lost, "message")}
		}
		again, stop := t.again(t.ctx, err, try)
		if stop != nil {
			return answered{status: inDoubt, err: lost, stop: stop}
		}
		if !again {
			return answered{status: inDoubt, err: lost, stop: failedFor(s.name, "asking for a message in", err)}
		}
	}
}

// heldForAPerson is the failure of what may have been carried out, where nothing tells whether it was.
func heldForAPerson(lost *connectors.Error, what string) *connectors.Error {
	e := *lost
	e.Class = connectors.InDoubt
	e.Hint = fmt.Sprintf("the answer was lost and the %s cannot be looked up: see in the system whether it is there, then `syncline dead retry` to send it again, or `syncline dead drop`", what)
	return &e
}

// cutOff gives the class of a failure that came when the run's grace was over: whether the call arrived is not known.
func (t *triggerRun) cutOff(e *connectors.Error) *connectors.Error {
	if t.work.Err() != nil && e.Class == connectors.Retry {
		return &connectors.Error{Class: connectors.InDoubt, Message: e.Message, Err: e}
	}
	return e
}

// answered is how a group or message ended.
type answered struct {
	status  answerStatus
	results []connectors.Result
	receipt connectors.Receipt
	err     *connectors.Error
	cause   int   // of a group: the action to blame
	stop    error // why the connection takes nothing more in this run
}

type answerStatus uint8

const (
	unsent   answerStatus = iota // nothing of it was written; it waits
	written                      //
	refused                      // it will never go through as it is
	doubtful                     // whether it went through cannot be told; a person has to look
	inDoubt                      // whether it went through could not be asked now; the next run asks
)

// tries makes a call again where its failure is worth it. The call itself settles doubt.
func (t *triggerRun) tries(call func() (answered, *connectors.Error)) answered {
	limits := 0
	for try := 1; ; try++ {
		if t.ctx.Err() != nil {
			return answered{stop: errInterrupted}
		}
		out, failure := call()
		if failure == nil {
			return out
		}
		switch failure.Class {
		case connectors.Limit:
			limits++
			if failure.RetryAfter <= 0 || failure.RetryAfter > t.retry.LimitWait || limits > 20 {
				return answered{err: failure, stop: failure}
			}
			try--
		case connectors.Retry:
			if try >= t.retry.Attempts {
				return answered{err: failure, stop: failure}
			}
		case connectors.Auth:
			return answered{err: failure, stop: failure}
		default:
			return answered{status: refused, err: failure}
		}
		if t.sleep(t.ctx, t.retry.Backoff(max(try, 1), failure.RetryAfter, t.random())) != nil {
			return answered{stop: errInterrupted}
		}
	}
}
