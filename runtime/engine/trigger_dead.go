package engine

import (
	"fmt"
	"maps"
	"slices"

	"github.com/syncline/syncline/connectors"
	"github.com/syncline/syncline/lang/plan"
	"github.com/syncline/syncline/runtime/state"
)

// letter makes a dead letter.
func (t *triggerRun) letter(source, version, step, connection, object string, e *connectors.Error) state.DeadLetter {
	message := e.Message
	if message == "" && e.Err != nil {
		message = e.Err.Error()
	}
	return state.DeadLetter{Rule: t.p.ID(), Run: t.run.ID, Revision: t.run.Revision, At: t.clock(),
		Source:     state.SourceRef{Connection: t.p.On.Connection, Object: t.p.On.Object.Name, ID: source, Version: version},
		Connection: connection, Object: object, Step: step, Class: e.Class.String(), Code: e.Code, Message: message, Hint: e.Hint,
		Fields: e.Fields, Request: e.Request, Answer: e.Answer, Attempts: 1, Status: state.DeadOpen}
}

// fail makes a firing stuck: it stays in the outbox as far as it came, until a person decides.
func (t *triggerRun) fail(f *firing, step string, e *connectors.Error, end plan.End) {
	f.standing = failed
	t.run.Dead++
	object := ""
	if end.Object != nil {
		object = end.Object.Name
	}
	letter := t.letter(f.Source, f.data.Version, step, end.Connection, object, e)
	f.letter = &letter
	t.problem(f.Source, "rejected", step, e)
}

// loadStuck finds the firings that wait for a person, and does what people decided meanwhile: those to be tried again go
// on where they stopped, those that were given up are dropped.
func (t *triggerRun) loadStuck() error {
	var err error
	if t.dead, err = loadDead(t.work, t.job.Store, t.p.ID()); err != nil {
		return err
	}
	list, err := t.job.Store.Firings(t.work, state.FiringFilter{Rule: t.p.ID(), Status: state.FiringStuck})
	if err != nil {
		return fmt.Errorf("reading firings that are stuck: %w", err)
	}
	out := state.Outcome{Rule: t.p.ID()}
	for _, f := range list {
		switch {
		case t.dead.retry[f.Source]:
			t.holds(f)
			if err := t.unstick(&f); err != nil {
				return err
			}
			out.Firings = append(out.Firings, f)
		case t.dead.open[f.Source]:
			t.holds(f)
		default:
			f.Status = state.FiringDropped
			out.Firings = append(out.Firings, f)
		}
	}
	if len(out.Firings) == 0 || t.job.DryRun {
		return nil
	}
	return t.commit(out)
}

// holds notes a firing that its record's dead letter is about.
func (t *triggerRun) holds(f state.Firing) {
	if t.stuck[f.Source] == nil {
		t.stuck[f.Source] = map[string]bool{}
	}
	t.stuck[f.Source][f.ID] = true
}

// unstick lets a firing go on. What was sent and not answered is sent again, for a person said so; what nothing was
// sent of is looked up anew, for that may be what the person mended.
func (t *triggerRun) unstick(f *state.Firing) error {
	p, err := decodeProgress(f.Progress)
	if err != nil {
		p = progress{}
	}
	known := t.actionIDs()
	for id, d := range p.Actions {
		if !known[id] || d.State == actionSent && !slices.ContainsFunc(d.Requests, func(q *request) bool { return q.Done }) {
			delete(p.Actions, id)
		}
	}
	if len(p.Actions) == 0 {
		p = progress{}
	}
	f.Status, f.Why = state.FiringPending, ""
	f.Progress, err = p.encode()
	return err
}

func (t *triggerRun) actionIDs() map[string]bool {
	out := map[string]bool{}
	for _, a := range t.p.Actions() {
		out[a.ID] = true
	}
	return out
}

// orphaned gives an action of a firing under way that the rule does not have any more; "": there is none. Going on by
// itself could do under another name what is done already.
func (t *triggerRun) orphaned(p progress) string {
	known := t.actionIDs()
	for _, id := range slices.Sorted(maps.Keys(p.Actions)) {
		if !known[id] && p.Actions[id].State != actionSkipped {
			return id
		}
	}
	return ""
}

// takeUp observes the records that a person asked to try again. One that is gone has nothing left to be tried.
func (t *triggerRun) takeUp() error {
	if t.job.DryRun {
		return nil
	}
	for part := range slices.Chunk(slices.Sorted(maps.Keys(t.dead.retry)), lookPage) {
		records, err := t.readRecords(part)
		if err != nil {
			return err
		}
		list := make([]observation, len(part))
		for i, id := range part {
			list[i] = observation{id: id, rec: records[id], whole: true}
		}
		t.run.Read += len(records)
		if err := t.observe(list); err != nil {
			return err
		}
		if err := t.settled(true); err != nil {
			return err
		}
	}
	return nil
}
