package delivery

import "github.com/syncline/syncline/connectors"

// resolve looks for creates whose answer was lost. Those found are Written; those that are certainly not there
// are given back to be sent again; the rest is Doubtful and waits for a person.
func (r *delivery) resolve(items []int, cause *connectors.Error) (again []int) {
	for _, i := range items {
		r.outcomes[i].InDoubt, r.outcomes[i].Err = true, cause
	}
	if r.d.Look == nil {
		r.doubtful(items, cause)
		return nil
	}
	// The target may need a moment until a record that it accepted is found.
	if !r.pause(1, cause) {
		return nil
	}
	found, ok := r.look(items)
	if !ok {
		return nil
	}
	for n, i := range items {
		out := &r.outcomes[i]
		switch f := found[n]; {
		case !f.Decided:
			r.doubtful(items[n:n+1], cause)
		case f.Found:
			*out = Outcome{Status: Written, ID: f.ID, Created: true, Attempts: out.Attempts}
		default:
			out.InDoubt = false
			again = append(again, i)
		}
	}
	return again
}

func (r *delivery) doubtful(items []int, cause *connectors.Error) {
	for _, i := range items {
		e := *cause
		e.Class = connectors.InDoubt
		e.Hint = "the answer was lost and the record cannot be looked up: see in the target whether it is there, then `syncline dead retry` to create it again, or `syncline dead drop`"
		r.outcomes[i].Status, r.outcomes[i].Err = Doubtful, &e
	}
}

// look asks for the creates, with retries. When the target does not answer, the delivery stops and the creates
// stay in doubt until the next run looks.
func (r *delivery) look(items []int) ([]Found, bool) {
	creates := make([]Change, len(items))
	for n, i := range items {
		creates[n] = r.changes[i]
	}
	for try := 1; ; try++ {
		found, err := r.d.Look(r.work, creates)
		if err == nil && len(found) == len(items) {
			return found, true
		}
		failure := connectors.AsError(err)
		if failure == nil {
			failure = &connectors.Error{Class: connectors.Permanent, Message: "the look-up of creates in doubt gave no answer for some"}
		}
		soon := failure.Class == connectors.Limit && failure.RetryAfter > 0 && failure.RetryAfter <= r.retry.LimitWait
		again := soon || !failure.Exhausted && (failure.Class == connectors.Retry || failure.Class == connectors.InDoubt)
		if !again || try >= r.retry.Attempts {
			r.stopFor(failure)
			return nil, false
		}
		if !r.pause(try, failure) {
			return nil, false
		}
	}
}
