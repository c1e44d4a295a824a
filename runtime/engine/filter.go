package engine

import (
	"fmt"
	"time"

	"github.com/syncline/syncline/lang/expr"
	"github.com/syncline/syncline/lang/plan"
	"github.com/syncline/syncline/lang/query"
	"github.com/syncline/syncline/lang/value"
)

// filter is a plan.Filter with what is known when the run starts.
type filter struct {
	*plan.Filter
	pushed query.Pred // bound; nil: nothing to push
	// timeless is the part of pushed that does not change with time.
	timeless query.Pred
	cohort   bool // of the schedule or the rollout, not of the rule: who does not satisfy it is left alone
	schedule bool
}

// bind evaluates a filter's parameters, once a run.
func (r *access) bind(f *plan.Filter) (query.Pred, error) {
	if f == nil || f.Pushed == nil {
		return nil, nil
	}
	params := make([]value.Value, len(f.Params))
	empty := expr.Frame{Now: r.now, Records: make([]value.Record, r.rootIt+1)}
	for i, p := range f.Params {
		v, err := p.Eval(&empty)
		if err != nil {
			return nil, badJob("a value of the filter cannot be computed: %v", err)
		}
		params[i] = v
	}
	return query.Bind(f.Pushed, params), nil
}

// openFilters prepares the filter of the rule, of its rollout and of the schedule's cohort.
func (r *runner) openFilters() error {
	add := func(f *plan.Filter, cohort bool) error {
		if f == nil {
			return nil
		}
		pushed, err := r.bind(f)
		if err != nil {
			return err
		}
		r.filters = append(r.filters, &filter{Filter: f, pushed: pushed, timeless: timeless(f.Pushed), cohort: cohort})
		return nil
	}
	if err := add(r.p.Where, false); err != nil {
		return err
	}
	if r.p.Rollout != nil {
		if err := add(r.p.Rollout.Where, true); err != nil {
			return err
		}
	}
	if r.schedule == nil || r.schedule.Where == nil {
		return nil
	}
	err := add(r.schedule.Where, true)
	r.filters[len(r.filters)-1].schedule = true
	return err
}

// timeless keeps the conjuncts without parameters. Dropping one lets more through, never less.
func timeless(p query.Pred) query.Pred {
	if and, ok := p.(query.And); ok {
		var out query.And
		for _, x := range and {
			if t := timeless(x); t != nil {
				out = append(out, t)
			}
		}
		if len(out) == 0 {
			return nil
		}
		return out
	}
	if p == nil || hasParam(p) {
		return nil
	}
	return p
}

func hasParam(p query.Pred) bool {
	some := func(list []query.Pred) bool {
		for _, x := range list {
			if hasParam(x) {
				return true
			}
		}
		return false
	}
	switch p := p.(type) {
	case query.And:
		return some(p)
	case query.Or:
		return some(p)
	case query.Not:
		return hasParam(p.X)
	case query.Compare:
		return p.Value.Param > 0
	case query.TextTest:
		return p.Value.Param > 0
	case query.Includes:
		return p.Value.Param > 0
	}
	return false
}

// pushdown is the condition that the source evaluates. It is narrower than what the rule must see only where
// that loses nothing: a rule that acts on records leaving `where` has to be given them, and one that waits for
// time to pass has to be given the records whose time has not come.
func (r *runner) pushdown() query.Pred {
	var out query.And
	if r.p.From.Object.Key == "" {
		return nil // without keys, a record that is not given counts as deleted
	}
	keeps := r.keepsFields()
	for _, f := range r.filters {
		p := f.pushed
		if keeps {
			p = f.timeless
		}
		if p == nil || !f.cohort && r.p.OnLeave.Kind != plan.DepartureIgnore {
			continue
		}
		out = append(out, p)
	}
	if modified := r.p.From.Object.Modified; r.p.Lookback > 0 && modified != "" {
		out = append(out, query.Compare{Field: modified, Op: query.Ge, Value: query.Const(value.Time(r.now.Add(-r.p.Lookback)))})
	}
	return allOf(out)
}

// allOf is the condition that all of some hold, nil for none.
func allOf(list query.And) query.Pred {
	switch len(list) {
	case 0:
		return nil
	case 1:
		return list[0]
	}
	return list
}

// filter settles the items that are not the rule's, and those that left it.
func (r *runner) filter(items []*item) {
	for _, it := range pendingItems(items) {
		for _, f := range r.filters {
			in, err := f.Whole.Test(r.put(it))
			if err != nil {
				r.reject(it, "filter", fmt.Errorf("the condition fails for this record: %w", err))
				break
			}
			if in {
				continue
			}
			it.verdict = filtered
			if !f.cohort && it.rec.Target != "" && (it.rec.Shadow != nil || underWay(it.rec)) && r.p.OnLeave.Kind != plan.DepartureIgnore {
				it.verdict, it.leaves = departing, &r.p.OnLeave
			}
			if it.broken != nil && it.leaves != nil && r.p.OnLeave.Kind == plan.DepartureSet {
				r.unread[it.id] = true
				r.reject(it, "read", fmt.Errorf("it has left where, and what on_leave sets cannot be computed: %w", it.broken))
			}
			break
		}
		if r.pilot != nil && it.verdict == pending {
			in, err := r.pilot.covers(r.put(it), it.id)
			if err != nil {
				r.reject(it, "filter", err)
			} else if !in {
				it.verdict = filtered
			}
		}
		if it.verdict == pending && r.p.Lookback > 0 && r.olderThan(it, r.p.Lookback) {
			it.verdict = filtered
		}
	}
}

// olderThan tells whether the record last changed before the window; one without a stamp is never too old.
func (r *runner) olderThan(it *item, window time.Duration) bool {
	v := it.src.At(r.p.Source.Slot(r.p.From.Object.Modified))
	return v.Kind() == value.KindTime && v.AsTime().Before(r.now.Add(-window))
}
