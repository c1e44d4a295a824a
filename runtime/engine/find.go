package engine

import (
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
		alts, err := r.evalKeys(s.spec.By, it)
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
	switch {
	case q.err != nil:
		r.reject(q.it, "find", q.err)
	case len(q.many) > 0 && s.spec.Ambiguous == plan.AmbiguousError:
		r.reject(q.it, "find", fmt.Errorf("%s; write order_by to choose one", severalText("find "+s.name, q.many)))
		r.run.Ambiguous++
	case len(q.many) > 0:
		r.setAside(q.it, ambiguous, "find", severalText("find "+s.name, q.many))
	case q.found != nil:
		q.it.records[s.find.Root] = q.found
	case s.spec.Missing != plan.MissingEmpty:
		r.setAside(q.it, unmatched, "find", fmt.Sprintf("find %s found nothing, and the rule needs it (missing = \"empty\" would do without)", s.name))
	}
}
