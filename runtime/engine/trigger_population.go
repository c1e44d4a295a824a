package engine

import (
	"github.com/syncline/syncline/lang/expr"
	"github.com/syncline/syncline/lang/plan"
	"github.com/syncline/syncline/lang/query"
)

// A trigger's population is the records of its where; a schedule may look at its own part of them, its cohort.

// filter makes a condition ready for the run; nil where the rule has none.
func (t *triggerRun) filter(f *plan.Filter, cohort bool) (*filter, error) {
	if f == nil {
		return nil, nil
	}
	pushed, err := t.bind(f)
	return &filter{Filter: f, pushed: pushed, timeless: timeless(f.Pushed), cohort: cohort}, err
}

// pushdown is the condition that the source evaluates. Of one that changes with time only the part that does not is
// left to it, so that the records whose time has not come are known when it comes.
func (t *triggerRun) pushdown() query.Pred {
	var out query.And
	for _, f := range []*filter{t.where, t.cohort} {
		if f == nil {
			continue
		}
		p := f.pushed
		if t.timed && !f.cohort {
			p = f.timeless
		}
		if p != nil {
			out = append(out, p)
		}
	}
	return allOf(out)
}

// ownTests are the parts of the population's conditions that read the record alone, and the slots that they read.
func (t *triggerRun) ownTests() (tests []*expr.Program, slots []int) {
	for _, f := range []*filter{t.where, t.cohort} {
		if f != nil && f.Own != nil {
			tests, slots = append(tests, f.Own), append(slots, f.OwnSlots...)
		}
	}
	return tests, slots
}

// belongs tells whether a record is in the population, and in the schedule's part of the records.
func (t *triggerRun) belongs(it *item, whole bool) (in, part bool, err error) {
	in, part = true, true
	if t.cohort != nil && !whole {
		if part, err = t.cohort.Whole.Test(t.put(it)); err != nil || !part {
			return in, part, err
		}
	}
	if t.where != nil {
		in, err = t.where.Whole.Test(t.put(it))
	}
	return in, part, err
}
