package engine

import (
	"fmt"

	"github.com/syncline/syncline/lang/plan"
	"github.com/syncline/syncline/lang/value"
	"github.com/syncline/syncline/runtime/engine/edge"
	"github.com/syncline/syncline/runtime/state"
)

// lookPage is how many records are looked at together.
const lookPage = 1000

// relook looks again at records of which nothing changed: those whose cooldown ended or whose condition has held for long
// enough by now, and, where conditions change with time, all. They are evaluated on the fields that were kept; what would
// fire or recover is read once, and observed as it is now.
func (t *triggerRun) relook() error {
	f := state.EdgeFilter{Limit: lookPage}
	if !t.timed {
		f.Due, f.Beyond = t.now, t.machine.Beyond(t.now)
	}
	for {
		if t.ctx.Err() != nil {
			return errInterrupted
		}
		edges, err := t.job.Store.ScanEdges(t.work, t.p.ID(), f)
		if err != nil {
			return fmt.Errorf("reading what is known of records: %w", err)
		}
		if len(edges) == 0 {
			return nil
		}
		f.After = edges[len(edges)-1].Source
		if err := t.lookAgain(edges); err != nil {
			return err
		}
		if err := t.settled(false); err != nil {
			return err
		}
		if err := t.meanwhile(); err != nil {
			return err
		}
	}
}

func (t *triggerRun) lookAgain(edges []state.Edge) error {
	ids := make([]string, len(edges))
	for i, e := range edges {
		ids[i] = e.Source
	}
	history, err := t.histories(ids)
	if err != nil {
		return err
	}
	frame := make([]value.Record, t.p.RootIt()+1)
	var confirm []string
	for i, e := range edges {
		e = t.latest(e.Source, e)
		after, sure := t.imagine(e, history[i], frame)
		if !sure {
			confirm = append(confirm, e.Source)
			continue
		}
		t.moved(e, after)
	}
	if len(confirm) == 0 {
		return nil
	}
	return t.readAgain(confirm)
}

// imagine gives the edge as it would be if nothing of the record had changed. sure is false where that is worth a look
// at the record: it would fire or recover, or the kept fields do not decide.
func (t *triggerRun) imagine(e state.Edge, history value.Record, frame []value.Record) (after state.Edge, sure bool) {
	if e.Gone || e.Meaning != t.machine.Meaning || t.p.Change {
		return e, true
	}
	rec := t.lastSeen(e.Fields)
	if rec == nil {
		return e, e.Look.IsZero()
	}
	it := &item{id: e.Source, records: frame}
	frame[plan.RootNew], frame[plan.RootOld], frame[plan.RootHistory] = rec, rec, history
	if t.where != nil {
		in, err := t.where.Whole.Test(t.put(it))
		switch {
		case err != nil:
			return e, false
		case !in:
			return t.machine.Leave(e), true
		case e.Outside:
			return e, false
		}
	}
	when, rearm, err := t.truths(it)
	if err != nil {
		return e, false
	}
	after, what := t.machine.Next(e, edge.Sight{When: when, Rearm: rearm, Now: t.now, Baseline: !t.watch.Complete, Edited: t.watch.Begun})
	switch what {
	case edge.Fires, edge.Recovers:
		return e, false
	}
	if t.job.DryRun {
		t.tell(e.Source, what, after, nil)
	}
	return after, true
}

// planAll ends a dry run: it tells who else is held, and what the firings would do.
func (t *triggerRun) planAll() error {
	if t.job.OnSight != nil {
		t.planHeld()
	}
	if t.job.OnSight != nil && !t.p.Change {
		f := state.EdgeFilter{Limit: lookPage}
		for {
			edges, err := t.job.Store.ScanEdges(t.work, t.p.ID(), f)
			if err != nil {
				return fmt.Errorf("reading what is known of records: %w", err)
			}
			if len(edges) == 0 {
				break
			}
			for _, e := range edges {
				f.After = e.Source
				if !t.told[e.Source] && !e.Gone && !e.Outside && e.Meaning == t.machine.Meaning {
					t.tell(e.Source, standing(t.machine, e), e, nil)
				}
			}
		}
	}
	return t.planFirings()
}

// standing says what an edge that was not observed stands for.
func standing(m edge.Machine, e state.Edge) edge.Effect {
	switch {
	case e.State == state.EdgeFired || e.Look.IsZero():
		return edge.Nothing
	case m.Cooldown > 0 && e.Look.Equal(e.FiredAt.Add(m.Cooldown)):
		return edge.Cools
	}
	return edge.Waits
}
