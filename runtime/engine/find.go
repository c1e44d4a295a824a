package engine

import (
	"errors"
	"fmt"

	"github.com/syncline/syncline/lang/plan"
)

// runFinds looks up the finds that come before, or after, the match. Each is looked up for all items of the
// page at once, in the order of the plan, so that one may go by what an earlier one found.
func (r *runner) runFinds(items []*item, afterMatch bool) error {
	for _, s := range r.finds {
		if s.find.AfterMatch != afterMatch {
			continue
		}
		if err := r.runFind(s, pendingItems(items)); err != nil {
			return err
		}
	}
	return nil
}

func (r *runner) runFind(s *seeker, items []*item) error {
	var asks []*ask
	for _, it := range items {
		alts, err := evalKeys(s.spec.By, r.put(it))
		if err != nil {
			r.reject(it, "find", fmt.Errorf("the key of %s: %w", s.name, err))
			continue
		}
		asks = append(asks, &ask{it: it, alts: alts})
	}
	if len(asks) == 0 {
		return nil
	}
	if err := s.seek(asks); err != nil {
		return err
	}
	for _, q := range asks {
		r.found(s, q)
	}
	return nil
}

// found puts what a find gave into the item's frame.
func (r *runner) found(s *seeker, q *ask) {
	switch v := s.verdict(q); v {
	case pending:
		q.it.records[s.find.Root] = q.found
	case dead:
		r.reject(q.it, "find", s.why(q))
		if len(q.many) > 0 {
			r.run.Ambiguous++
		}
	default:
		r.setAside(q.it, v, "find", s.why(q).Error())
	}
}

// verdict is where the answer of a find leaves the record: pending, unless the answer settles it.
func (s *seeker) verdict(q *ask) verdict {
	switch {
	case q.err != nil || len(q.many) > 0 && s.spec.Ambiguous == plan.AmbiguousError:
		return dead
	case len(q.many) > 0:
		return ambiguous
	case q.found == nil && s.spec.Missing != plan.MissingEmpty:
		return unmatched
	}
	return pending
}

// why says why the answer settles the record.
func (s *seeker) why(q *ask) error {
	switch {
	case q.err != nil:
		return q.err
	case len(q.many) > 0 && s.spec.Ambiguous == plan.AmbiguousError:
		return fmt.Errorf("%s; write order_by to choose one", severalText("find "+s.name, q.many))
	case len(q.many) > 0:
		return errors.New(severalText("find "+s.name, q.many))
	}
	return fmt.Errorf("find %s found nothing, and the rule needs it (missing = \"empty\" would do without)", s.name)
}
