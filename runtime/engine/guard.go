package engine

import (
	"fmt"
	"slices"
	"strings"

	"github.com/syncline/syncline/connectors"
	"github.com/syncline/syncline/lang/plan"
	"github.com/syncline/syncline/lang/value"
)

// Below this many records a percentage says nothing.
const guardMinimum = 20

// defaultClearPercent is the default guard: the share of one field's filled values that a run may clear. An
// outage of the source that reads as empty values would otherwise empty the target.
const defaultClearPercent = 10

// guard counts what a run is about to do.
type guard struct {
	creates, updates, deletes, clears int
	matched                           int
	// By mapping: filled fields that the run compared, those of them that addShadows does not come upon, and
	// fields that it would clear.
	filled, fresh, cleared []int
}

// twoPhase tells whether a run has to know all its changes before it sends the first: it does when a guard could
// stop it.
func (r *runner) twoPhase() bool { return twoPhase(r.p) }

// Resumable tells whether an interrupted run of a rule goes on where it stood. One that has to know all its changes
// first begins anew.
func Resumable(p *plan.Sync) bool { return p.Match != nil && !twoPhase(p) }

func twoPhase(p *plan.Sync) bool {
	g := p.Guard
	if g.Written {
		return g.MaxCreates != nil || g.MaxUpdates != nil || g.MaxDeletes != nil || g.MaxClears != nil || g.MaxUpdatePercent != nil
	}
	for _, m := range p.Map {
		if clears(m) {
			return true
		}
	}
	return false
}

// clears tells whether a mapping can empty a filled field.
func clears(m *plan.Mapping) bool {
	return m.OnNull == plan.NullClear && (m.Write == plan.WriteAlways || m.Write == plan.WriteWithChanges) && !m.Field.Required
}

// see counts the filled values of the fields that a run compares.
func (g *guard) see(r *runner, it *item) {
	if it.target == "" || it.want == nil {
		return
	}
	g.matched++
	if g.filled == nil {
		g.filled, g.fresh, g.cleared = make([]int, len(r.p.Map)), make([]int, len(r.p.Map)), make([]int, len(r.p.Map))
	}
	fresh := !r.isShadow(it.rec.Shadow) || it.stored && !r.job.DryRun
	for i, m := range r.p.Map {
		v := it.want[i] // agreed with the target where that was not read
		if it.have != nil {
			v = it.have.At(r.p.Target.Slot(m.Field.Name))
		}
		if !value.IsEmpty(v) {
			g.filled[i]++
			if fresh {
				g.fresh[i]++
			}
		}
	}
}

// add counts a change.
func (g *guard) add(c *change) {
	g.count(c, 1)
	for _, f := range c.Fields {
		if f.clears() && c.Want != nil && f.Index >= 0 && f.Index < len(g.cleared) {
			g.cleared[f.Index]++
		}
	}
}

// remove counts a change no more that is taken back. Its share in cleared stays: filled counts both looks at the record, too.
func (g *guard) remove(c *change) { g.count(c, -1) }

func (g *guard) count(c *change, n int) {
	switch c.Op {
	case connectors.Create, connectors.Upsert:
		g.creates += n
	case connectors.Update:
		if !c.Unlink {
			g.updates += n
		}
	case connectors.Delete:
		g.deletes += n
	}
	for _, f := range c.Fields {
		if f.clears() {
			g.clears += n
		}
	}
}

func (f fieldWrite) clears() bool { return value.IsEmpty(f.After) && !value.IsEmpty(f.Before) }

// exceeded says which limits the run's changes are beyond, "" when none.
func (r *runner) exceeded() (string, error) {
	g, limits := &r.guard, r.p.Guard
	var over []string
	check := func(name string, limit *int, n int) {
		if limit != nil && n > *limit {
			over = append(over, fmt.Sprintf("%s = %d, the run has %d", name, *limit, n))
		}
	}
	check("max_creates", limits.MaxCreates, g.creates)
	check("max_updates", limits.MaxUpdates, g.updates)
	check("max_deletes", limits.MaxDeletes, g.deletes)
	check("max_clears", limits.MaxClears, g.clears)
	if p := limits.MaxUpdatePercent; p != nil && g.updates > 0 {
		linked, err := r.job.Store.Linked(r.work, r.p.ID())
		if err != nil {
			return "", fmt.Errorf("counting links: %w", err)
		}
		if r.job.DryRun { // it stores no links; a run that does may have seen some records twice
			linked = max(linked, g.matched)
		}
		if share := 100 * float64(g.updates) / float64(max(linked, 1)); linked >= guardMinimum && share > *p {
			over = append(over, fmt.Sprintf("max_update_percent = %v, the run updates %d of %d linked records (%.1f %%)", *p, g.updates, linked, share))
		}
	}
	if !limits.Written {
		more, err := r.tooManyClears()
		if err != nil {
			return "", err
		}
		over = append(over, more...)
	}
	if len(over) == 0 {
		return "", nil
	}
	return "guard: " + strings.Join(over, "; ") + "; nothing was written", nil
}

// tooManyClears is the default guard. What the run itself compared is counted already; in a run that reads only
// what changed, the other linked records are added from their shadows.
func (r *runner) tooManyClears() ([]string, error) {
	g := &r.guard
	suspect := false
	for i := range g.cleared {
		suspect = suspect || g.cleared[i]*100 > g.filled[i]*defaultClearPercent
	}
	if !suspect {
		return nil, nil
	}
	filled := g.filled
	if !r.verify {
		filled = slices.Clone(g.fresh)
		if err := r.addShadows(filled); err != nil {
			return nil, err
		}
	}
	var over []string
	for i, n := range g.cleared {
		if filled[i] >= guardMinimum && n*100 > filled[i]*defaultClearPercent {
			over = append(over, fmt.Sprintf("the run would clear %s in %d of the %d records that have it, more than %d %% (write guard { max_clears = … } to allow it, or on_null = \"keep\")",
				r.p.Map[i].Field.Name, n, filled[i], defaultClearPercent))
		}
	}
	return over, nil
}

func (r *runner) addShadows(filled []int) error {
	for after := int64(0); ; {
		records, last, err := r.job.Store.Scan(r.work, r.p.ID(), after, 1000)
		if err != nil {
			return fmt.Errorf("reading what is known of records: %w", err)
		}
		if len(records) == 0 {
			return nil
		}
		after = last
		for _, rec := range records {
			if rec.Seen == r.stamp {
				continue
			}
			for i, v := range r.shadowValues(rec.Shadow) {
				if !value.IsEmpty(v) {
					filled[i]++
				}
			}
		}
	}
}
