package engine

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

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
	letter.Firing = f.ID
	if step != "read" {
		letter.Written, letter.Left = t.account(f, e.Class == connectors.InDoubt)
	}
	f.letter = &letter
	t.problem(f.Source, "rejected", step, e)
}

// account tells, of a firing of several actions, what is written and what is left. doubt: what was sent and not answered
// may be written as well.
func (t *triggerRun) account(f *firing, doubt bool) (written, left []string) {
	known := map[string]bool{}
	for _, s := range f.steps {
		for _, a := range s.actions {
			known[a.ID] = true
			d := f.progress.Actions[a.ID]
			written = append(written, d.written(a.Kind.String(), a.Label)...)
			switch {
			case d == nil:
				left = append(left, leftOf(a, t.targetIDs(f, a)))
			case d.State == actionSent && doubt:
				left = append(left, leftOf(a, d.unsent())+": it may be there")
			case d.State == actionSent:
				left = append(left, leftOf(a, d.unsent()))
			}
		}
	}
	for _, id := range slices.Sorted(maps.Keys(f.progress.Actions)) {
		if !known[id] {
			written = append(written, f.progress.Actions[id].written("", id)...)
		}
	}
	if len(known) == 1 && len(written) == 0 {
		return nil, nil // the letter says all there is
	}
	return written, left
}

// written tells which requests of an action went through: create crm.Task 00T… (review). verb is what the rule calls it;
// "": the rule has it no more.
func (d *done) written(verb, label string) (out []string) {
	if d == nil {
		return nil
	}
	for _, q := range d.Requests {
		if !q.Done {
			continue
		}
		what := cmp.Or(verb, q.Op.String()) + " " + q.Connection + "." + q.Object
		if q.Message != nil {
			what = q.Message.Verb + " " + q.Connection
		}
		if q.ID != "" {
			what += " " + q.ID
		}
		out = append(out, what+" ("+label+")")
	}
	return out
}

// leftOf names an action that is not done: update crm.Account 0015g… (account).
func leftOf(a *plan.Action, ids []string) string {
	if a.Via != "" {
		return a.Kind.String() + " " + a.Via + " (" + a.Label + ")"
	}
	out := a.Kind.String() + " " + objectName(a.End)
	if n := len(ids) - mostNamed; n > 0 {
		ids = append(ids[:mostNamed:mostNamed], fmt.Sprintf("and %d more", n))
	}
	if len(ids) > 0 {
		out += " " + strings.Join(ids, ", ")
	}
	return out + " (" + a.Label + ")"
}

// mostNamed is how many records a letter names for one action.
const mostNamed = 20

// unsent are the records of requests that did not go through.
func (d *done) unsent() (ids []string) {
	for _, q := range d.Requests {
		if !q.Done && q.ID != "" {
			ids = append(ids, q.ID)
		}
	}
	return ids
}

// targetIDs are the records that an update or delete that was not begun is for, as far as they are known.
func (t *triggerRun) targetIDs(f *firing, a *plan.Action) (ids []string) {
	if a.Via != "" || a.Kind == plan.ActionCreate || a.Kind == plan.ActionUpsert {
		return nil
	}
	for _, on := range t.targets(f, a, nil) {
		if on.id != "" {
			ids = append(ids, on.id)
		}
	}
	return ids
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
		switch t.dead.firings[f.ID] {
		case state.DeadRetry:
			if err := t.unstick(&f); err != nil {
				return err
			}
			out.Firings = append(out.Firings, f)
		case state.DeadOpen:
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
		if err := t.readAgain(part); err != nil {
			return err
		}
		if err := t.settled(true); err != nil {
			return err
		}
	}
	return nil
}
