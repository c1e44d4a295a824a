package engine

import (
	"time"

	"github.com/syncline/syncline/lang/value"
	"github.com/syncline/syncline/runtime/engine/edge"
	"github.com/syncline/syncline/runtime/state"
)

// What an observation brings about: firings and recoveries, and what is told of the record.

// brought turns the effect of an observation into a firing or a recovery.
func (t *triggerRun) brought(o observation, old value.Record, before, after state.Edge, what edge.Effect, data func() seen) {
	switch what {
	case edge.Fires:
		t.run.Fired++
		t.fire(o, state.FiringFired, after.FiredAt, "", data())
	case edge.Recovers:
		if len(t.p.Recovered) > 0 {
			of := ""
			if !before.FiredAt.IsZero() {
				of = firingID(t.p.ID(), o.id, state.FiringFired, before.FiredAt)
			}
			t.fire(o, state.FiringRecovered, t.now, of, data())
		}
	case edge.Dropped:
		t.run.Dropped++
	}
	t.tell(o.id, what, after, func() FieldList { return t.turned(old, o.rec) })
}

// fire makes a firing of an observation. Under a guard it is held until the run has counted all; in a dry run it is planned.
func (t *triggerRun) fire(o observation, kind state.FiringKind, at time.Time, of string, data seen) {
	encoded, err := marshal(data)
	if err != nil {
		t.reject(o, "when", err)
		return
	}
	f := state.Firing{ID: firingID(t.p.ID(), o.id, kind, at), Rule: t.p.ID(), Source: o.id, Run: t.run.ID, Kind: kind,
		Status: state.FiringPending, At: at, Of: of, Data: encoded, Progress: []byte{}}
	if t.p.Guard.MaxFirings != nil {
		f.Status, f.Why = state.FiringHeld, "the run is not complete"
	}
	if t.job.DryRun {
		t.planned = append(t.planned, f)
		return
	}
	t.out.Firings = append(t.out.Firings, f)
}

// tell tells what became of a record: in a dry run of all that is noteworthy, otherwise of what is done.
func (t *triggerRun) tell(id string, what edge.Effect, e state.Edge, fields func() FieldList) {
	if t.job.OnSight == nil {
		return
	}
	s := Sight{Rule: t.p.ID(), Source: t.ref(id), What: what.String()}
	switch what {
	case edge.Fires, edge.Recovers:
	case edge.Nothing:
		if !t.job.DryRun || e.State != state.EdgeFired || t.held[id] {
			return // or planHeld tells of it
		}
		if s.What = "fired"; e.FiredAt.IsZero() {
			s.What = edge.Held.String() // it counts as fired since the baseline
		}
	default:
		if !t.job.DryRun {
			return
		}
		if !e.Look.IsZero() {
			s.Until = &e.Look
		}
	}
	if t.job.DryRun {
		t.told[id] = true
		if fields != nil {
			s.Fields = fields()
		}
	}
	t.job.OnSight(s)
}

// turned are the fields that the conditions read and that are not as they were.
func (t *triggerRun) turned(old, rec value.Record) (out FieldList) {
	for _, slot := range t.p.Stored {
		if before, after := old.At(slot), rec.At(slot); !value.Equal(before, after) {
			out = append(out, FieldDiff{Name: t.p.Source.Names[slot], Before: before.JSON(), After: after.JSON()})
		}
	}
	return out
}
