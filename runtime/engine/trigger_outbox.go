package engine

import (
	"bytes"
	"errors"
	"fmt"
	"slices"

	"github.com/syncline/syncline/connectors"
	"github.com/syncline/syncline/lang/plan"
	"github.com/syncline/syncline/lang/value"
	"github.com/syncline/syncline/runtime/delivery"
	"github.com/syncline/syncline/runtime/state"
)

// outboxRun is what a run knows of the delivery of firings.
type outboxRun struct {
	after   int64           // Seq of the last firing that was taken up
	waiting map[string]bool // records with a firing that has to wait: later ones of theirs wait behind it
	down    map[string]error
	why     error // why something waits
	over    bool  // nothing more is delivered in this run
	written int

	fired, recovered []step
	writers          map[string]*delivery.Deliverer
	applied          map[*plan.Apply]*runner
	// contended are the objects that the rule writes and looks up: what one firing writes, the next may have to find.
	contended map[string]bool
}

// step is what is sent at once: an atomic part of the group, or one action.
type step struct {
	actions []*plan.Action
	atomic  bool
}

// firing is a firing under way.
type firing struct {
	state.Firing
	data     seen
	progress progress
	it       *item
	all      map[int][]value.Record // what finds that want every record found, by root
	steps    []step
	standing firingStanding
	letter   *state.DeadLetter
}

type firingStanding uint8

const (
	live firingStanding = iota
	ended
	deferred // it waits for a system, or for the run to go on
	behind   // it waits for another firing of the page, whose writes it has to see
	failed
)

// page is how many firings are worked on together.
const outboxPage = 100

func (t *triggerRun) openOutbox() error {
	o := &t.outbox
	o.waiting, o.down, o.writers = map[string]bool{}, map[string]error{}, map[string]*delivery.Deliverer{}
	o.applied, o.contended = map[*plan.Apply]*runner{}, map[string]bool{}
	for _, part := range t.p.Group {
		if part.Atomic {
			o.fired = append(o.fired, step{part.Actions, true})
			continue
		}
		o.fired = append(o.fired, single(part.Actions)...)
	}
	o.fired = append(o.fired, single(t.p.Then)...)
	o.recovered = single(t.p.Recovered)
	written := map[string]bool{}
	for _, a := range t.p.Actions() {
		if a.Via != "" {
			if err := t.openVia(a); err != nil {
				return err
			}
			continue
		}
		s, err := t.side(a.Connection)
		if err != nil {
			return err
		}
		if s.writer == nil {
			return badJob("%s cannot be written", a.Connection)
		}
		written[objectName(a.End)] = true
	}
	for _, f := range t.p.Finds {
		o.contended[objectName(f.End)] = written[objectName(f.End)]
	}
	for _, st := range o.fired {
		if st.atomic && len(st.actions) > 1 {
			if s, _ := t.side(st.actions[0].Connection); s.grouper() == nil {
				return badJob("%s cannot write several records as one", st.actions[0].Connection)
			}
		}
	}
	return nil
}

func (t *triggerRun) openVia(a *plan.Action) error {
	s, err := t.side(a.Via)
	if err != nil {
		return err
	}
	if s.sender() == nil {
		return badJob("%s sends no messages", a.Via)
	}
	return nil
}

func (s *side) grouper() connectors.Grouper { g, _ := s.conn.(connectors.Grouper); return g }
func (s *side) sender() connectors.Sender   { x, _ := s.conn.(connectors.Sender); return x }

func objectName(e plan.End) string { return e.Connection + "." + e.Object.Name }

func single(actions []*plan.Action) []step {
	var out []step
	for _, a := range actions {
		out = append(out, step{actions: []*plan.Action{a}})
	}
	return out
}

// release lets the firings of a guarded rule go, or ends the run waiting with all of them held.
func (t *triggerRun) release() error {
	limit, most := t.p.Guard.MaxFirings, 1
	if limit != nil {
		most = *limit + 1
	}
	held, err := t.job.Store.Firings(t.work, state.FiringFilter{Rule: t.p.ID(), Status: state.FiringHeld, Limit: most})
	if err != nil {
		return fmt.Errorf("counting firings: %w", err)
	}
	if len(held) == 0 {
		return nil
	}
	if limit != nil && len(held) > *limit {
		n, err := t.standInLine()
		if err != nil {
			return err
		}
		return &ending{status: state.Waiting, waits: state.WaitGuard,
			why: fmt.Sprintf("guard: max_firings = %d, and %d records would fire; nothing was done for them", *limit, n)}
	}
	return t.letGo(nil)
}

// deliverAll delivers what lies in the outbox, in order. What has to wait stays there, and is why the run waits.
func (t *triggerRun) deliverAll() error {
	o := &t.outbox
	for !o.over {
		if t.ctx.Err() != nil {
			return errInterrupted
		}
		list, err := t.job.Store.Firings(t.work, state.FiringFilter{Rule: t.p.ID(), Status: state.FiringPending, After: o.after, Limit: outboxPage})
		if err != nil {
			return fmt.Errorf("reading the outbox: %w", err)
		}
		if len(list) == 0 {
			break
		}
		if err := t.deliverPage(list); err != nil {
			return err
		}
		t.progress("deliver")
	}
	return o.why
}

// deliverPage delivers firings, those of one record one after the other.
func (t *triggerRun) deliverPage(list []state.Firing) error {
	for len(list) > 0 {
		taken := map[string]bool{}
		var now, later []state.Firing
		for _, f := range list {
			t.outbox.after = max(t.outbox.after, f.Seq)
			switch {
			case t.outbox.waiting[f.Source]:
			case taken[f.Source]:
				later = append(later, f)
			default:
				taken[f.Source] = true
				now = append(now, f)
			}
		}
		put, err := t.deliverSome(now)
		if err != nil {
			return err
		}
		list = append(put, later...)
		slices.SortFunc(list, func(a, b state.Firing) int { return int(a.Seq - b.Seq) })
		if t.outbox.over {
			return nil
		}
	}
	return nil
}

// deliverSome takes firings of different records through their steps, all at the same pace so that what one system takes
// together goes together. again are those that have to see what the others wrote.
func (t *triggerRun) deliverSome(list []state.Firing) (again []state.Firing, err error) {
	var fs []*firing
	for _, f := range list {
		x, err := t.openFiring(f)
		if err != nil {
			t.fail(x, "read", &connectors.Error{Class: connectors.Permanent, Message: err.Error()}, plan.End{})
		} else if id := t.orphaned(x.progress); id != "" {
			t.fail(x, "resume", &connectors.Error{Class: connectors.Reject, Code: "RULE_EDITED",
				Message: fmt.Sprintf("the rule was edited while this firing was under way: %s was done, and is not in the rule any more", id),
				Hint:    "`syncline dead retry` does what the rule says now, from its first action that was not done; `syncline dead drop` leaves it"}, plan.End{})
		}
		fs = append(fs, x)
	}
	fs, again, err = t.prepare(fs)
	if err != nil {
		return nil, t.interrupted(fs, err)
	}
	for {
		sending := t.build(fs)
		if err := t.store(fs); err != nil {
			return nil, err
		}
		if len(sending) == 0 {
			return again, nil
		}
		t.send(sending)
		if err := t.store(fs); err != nil {
			return nil, err
		}
		if t.ctx.Err() != nil && slices.ContainsFunc(fs, func(f *firing) bool { return f.standing == live }) {
			return nil, errInterrupted
		}
	}
}

// interrupted stores what failed before an error ended the delivery, and makes the error the reason to wait.
func (t *triggerRun) interrupted(fs []*firing, err error) error {
	if !isEnding(err) {
		return err
	}
	if serr := t.store(fs); serr != nil {
		return serr
	}
	t.outbox.over = true
	if errors.Is(err, errInterrupted) {
		return err
	}
	t.waitFor(err)
	return nil
}

func (t *triggerRun) waitFor(err error) {
	if t.outbox.why == nil {
		t.outbox.why = err
	}
}

// openFiring decodes a firing and puts what it saw, found and did into its frame.
func (t *triggerRun) openFiring(f state.Firing) (*firing, error) {
	x := &firing{Firing: f, all: map[int][]value.Record{}, steps: t.outbox.fired,
		it: &item{id: f.Source, records: make([]value.Record, t.p.RootIt()+1)}}
	if f.Kind == state.FiringRecovered {
		x.steps = t.outbox.recovered
	}
	if err := unmarshalExact(f.Data, &x.data); err != nil {
		return x, fmt.Errorf("a stored firing cannot be read: %w", err)
	}
	var err error
	if x.progress, err = decodeProgress(f.Progress); err != nil {
		return x, err
	}
	frame := x.it.records
	if frame[plan.RootHistory], _, err = x.data.History.record(t.p.HistoryLayout); err != nil {
		return x, err
	}
	if frame[plan.RootOld], _, err = x.data.Old.record(t.p.Source); err != nil {
		return x, err
	}
	if frame[plan.RootNew], _, err = x.data.New.record(t.p.Source); err != nil {
		return x, err
	}
	x.it.version = x.data.Version
	if f.Of != "" {
		before, err := t.job.Store.Firings(t.work, state.FiringFilter{IDs: []string{f.Of}})
		if err != nil {
			return x, err
		}
		if len(before) == 1 {
			did, err := decodeProgress(before[0].Progress)
			if err != nil {
				return x, err
			}
			if err := t.results(x, did); err != nil {
				return x, err
			}
		}
	}
	return x, t.results(x, x.progress)
}

// results puts what actions did, and what finds found, into the frame.
func (t *triggerRun) results(f *firing, p progress) error {
	for _, a := range t.p.Actions() {
		if d := p.Actions[a.ID]; d != nil && d.State == actionDone && a.Root >= 0 {
			rec, _, err := d.Result.record(a.Result)
			if err != nil {
				return err
			}
			f.it.records[a.Root] = rec
		}
	}
	if !p.Ready {
		return nil
	}
	for _, find := range t.p.Finds {
		f.it.records[find.Root], f.all[find.Root] = nil, nil
		for i, k := range p.Finds[find.Name] {
			rec, _, err := k.record(find.Layout)
			if err != nil {
				return err
			}
			if i == 0 {
				f.it.records[find.Root] = rec
			}
			f.all[find.Root] = append(f.all[find.Root], rec)
		}
	}
	return nil
}

// store stores where firings stand, with the ledger and the dead letters, in one transaction.
func (t *triggerRun) store(fs []*firing) error {
	if t.job.DryRun {
		return nil
	}
	out := state.Outcome{Rule: t.p.ID(), Ledger: t.ledger}
	t.ledger = nil
	for _, f := range fs {
		encoded, err := f.progress.encode()
		if err != nil {
			return fmt.Errorf("storing a firing: %w", err)
		}
		before := f.Firing
		f.Progress = encoded
		switch f.standing {
		case ended:
			if f.Status != state.FiringDone {
				f.Status, f.Why = state.FiringDone, ""
				t.concluded(f, &out)
			}
		case failed:
			if f.Status != state.FiringStuck {
				f.Status, f.Why = state.FiringStuck, f.letter.Message
				t.holds(f.Firing)
				out.Dead = append(out.Dead, *f.letter)
			}
		}
		if f.Status != before.Status || !bytes.Equal(f.Progress, before.Progress) {
			out.Firings = append(out.Firings, f.Firing)
		}
	}
	if len(out.Firings) == 0 && len(out.Ledger) == 0 {
		return nil
	}
	return t.commit(out)
}

// concluded settles the dead letter of a record whose last firing went through after all.
func (t *triggerRun) concluded(f *firing, out *state.Outcome) {
	delete(t.stuck[f.Source], f.ID)
	if len(t.stuck[f.Source]) == 0 && t.dead.known(f.Source) {
		out.Revived = append(out.Revived, f.Source)
	}
}
