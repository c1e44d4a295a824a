package engine

import (
	"fmt"
	"time"

	"github.com/syncline/syncline/connectors"
	"github.com/syncline/syncline/lang/plan"
	"github.com/syncline/syncline/lang/value"
	"github.com/syncline/syncline/runtime/engine/edge"
	"github.com/syncline/syncline/runtime/state"
)

// observation is one look at one record.
type observation struct {
	id  string
	rec value.Record // of the source layout; nil: the record is gone
	// whole: it is looked at whatever the schedule's own part of the records is.
	whole bool
}

// observe takes observations through the state machine, in order.
func (t *triggerRun) observe(list []observation) error {
	if len(list) == 0 {
		return nil
	}
	ids := make([]string, len(list))
	for i, o := range list {
		ids[i] = o.id
	}
	edges, err := t.edges(ids)
	if err != nil {
		return err
	}
	history, err := t.histories(ids)
	if err != nil {
		return err
	}
	frame := make([]value.Record, t.p.RootIt()+1)
	for i, o := range list {
		t.see(o, t.latest(o.id, edges[i]), history[i], frame)
	}
	return nil
}

// see is one observation of one record.
func (t *triggerRun) see(o observation, e state.Edge, history value.Record, frame []value.Record) {
	before := e
	e.Source = o.id
	if o.rec == nil {
		// It is gone. What is known of it stays, should it come back.
		if before.Source != "" {
			e.Gone, e.Look = true, time.Time{}
			t.moved(before, e)
		}
		t.fine(o.id)
		return
	}
	if t.job.OnRead != nil {
		t.job.OnRead(o.id, t.version(o.rec))
	}
	old := t.lastSeen(e.Fields)
	it := &item{id: o.id, records: frame}
	frame[plan.RootNew], frame[plan.RootOld], frame[plan.RootHistory] = o.rec, old, history
	in, part, err := t.belongs(it, o.whole)
	switch {
	case err != nil:
		t.reject(o, "where", err)
		return
	case !part:
		return
	case !in:
		t.leave(o, before, e)
		return
	}
	if t.p.Change {
		hash := t.sightHash(o.rec)
		if e.Hash == hash && e.State != state.EdgeNew && e.Meaning == t.machine.Meaning && !e.Outside && !e.Gone {
			t.fine(o.id)
			return
		}
		e.Hash = hash
	}
	when, rearm, err := t.truths(it)
	if err != nil {
		t.reject(o, "when", err)
		return
	}
	after, what := t.machine.Next(e, edge.Sight{When: when, Rearm: rearm, Now: t.now, Baseline: !t.watch.Complete, Edited: t.watch.Begun})
	after.Fields = t.fields(o.rec)
	t.fine(o.id)
	t.moved(before, after)
	t.brought(o, old, before, after, what, func() seen {
		return seen{Now: t.now, New: keep(t.p.Source, o.rec), Old: keep(t.p.Source, old),
			History: keep(t.p.HistoryLayout, history), Version: t.version(o.rec)}
	})
}

// fine settles the dead letter of a record whose condition could not be evaluated, and now can.
func (t *triggerRun) fine(id string) {
	if t.dead.known(id) {
		t.out.Revived = append(t.out.Revived, id)
	}
}

// leave notes a record that is outside the population. One that never was inside is kept only where time can let it in.
func (t *triggerRun) leave(o observation, before, e state.Edge) {
	t.run.Filtered++
	if before.Source == "" && !t.timed {
		return
	}
	e = t.machine.Leave(e)
	e.Fields = t.fields(o.rec)
	t.moved(before, e)
}

// reject makes a record whose condition cannot be evaluated a dead letter. Its edge does not move.
func (t *triggerRun) reject(o observation, step string, err error) {
	t.run.Dead++
	e := &connectors.Error{Class: connectors.Reject, Message: err.Error()}
	letter := t.letter(o.id, t.version(o.rec), step, t.p.On.Connection, t.p.On.Object.Name, e)
	t.out.Dead = append(t.out.Dead, letter)
	t.problem(o.id, "rejected", step, e)
}

// version is when the source last changed a record, as the source says it.
func (t *triggerRun) version(rec value.Record) string {
	return rec.At(t.p.Source.Slot(t.p.On.Object.Modified)).String()
}

// moved takes an edge into the outcome, unless nothing of it changed.
func (t *triggerRun) moved(before, after state.Edge) {
	if sameEdge(before, after) {
		return
	}
	t.recall(before, after)
	if n, ok := t.overlay[after.Source]; ok {
		t.out.Edges[n] = after
		return
	}
	t.overlay[after.Source] = len(t.out.Edges)
	t.out.Edges = append(t.out.Edges, after)
}

// sameEdge tells whether an observation left an edge as it was.
func sameEdge(a, b state.Edge) bool {
	return a.Source == b.Source && a.State == b.State && a.Outside == b.Outside && a.Gone == b.Gone && a.Meaning == b.Meaning &&
		a.FiredAt.Equal(b.FiredAt) && a.Since.Equal(b.Since) && a.Look.Equal(b.Look) && a.Hash == b.Hash && string(a.Fields) == string(b.Fields)
}

// edges reads what is stored of records, aligned to them.
func (t *triggerRun) edges(ids []string) ([]state.Edge, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	edges, err := t.job.Store.Edges(t.work, t.p.ID(), ids)
	if err != nil {
		return nil, fmt.Errorf("reading what is known of records: %w", err)
	}
	return edges, nil
}

// latest gives a record's edge as the run left it, which need not be stored yet.
func (t *triggerRun) latest(id string, stored state.Edge) state.Edge {
	if n, ok := t.overlay[id]; ok {
		return t.out.Edges[n]
	}
	return stored
}

// flushEdges is how many edges are stored together, when nothing fires among them.
const flushEdges = 2000

// settled stores what was observed once it is much, or something fires, and delivers it.
func (t *triggerRun) settled(now bool) error {
	fired := len(t.out.Firings) > 0
	if !now && !fired && len(t.out.Edges) < flushEdges && len(t.out.Dead) == 0 {
		return nil
	}
	if err := t.flush(); err != nil {
		return err
	}
	if !fired || t.p.Guard.MaxFirings != nil || t.job.DryRun {
		return nil
	}
	return t.goOn(t.deliverWrites())
}

// goOn passes the error of a delivery on that the observation must end for. What cannot be delivered now waits in the
// outbox.
func (t *triggerRun) goOn(err error) error {
	if isEnding(err) && t.ctx.Err() == nil {
		return nil
	}
	return err
}
