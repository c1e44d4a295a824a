package engine

import (
	"bytes"
	"errors"
	"fmt"
	"slices"

	"github.com/syncline/syncline/connectors"
	"github.com/syncline/syncline/lang/plan"
	"github.com/syncline/syncline/lang/value"
	"github.com/syncline/syncline/runtime/crashpoint"
	"github.com/syncline/syncline/runtime/delivery"
	"github.com/syncline/syncline/runtime/state"
)

// outboxRun is what a run knows of the delivery of firings.
type outboxRun struct {
	after   int64           // Seq of the last firing of the last page
	waiting map[string]bool // records with a firing that has to wait: later ones of theirs wait behind it
	behind  map[string]bool // records with a later firing that was passed for that
	next    []string        // records whose next firing may go by now
	down    map[string]error
	why     error // why something waits
	over    bool  // no more firings are taken up in this run
	deaf    bool  // no more events are taken up while messages wait
	written int

	fired, recovered []step
	writers          map[string]*delivery.Deliverer
	applied          map[*plan.Apply]*runner
	// contended are the objects that the rule writes and looks up: what one firing writes, the next may have to find.
	contended map[string]bool

	// lanes: messages wait by themselves, in queues by connection. What they came to is told to landed.
	lanes  bool
	queues map[string]*lane
	landed chan landing
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
	turn     bool // its next message is sent, and does not wait in a lane
	fromLane bool
	letter   *state.DeadLetter
}

type firingStanding uint8

const (
	live firingStanding = iota
	ended
	deferred // it waits for a system, or for the run to go on
	behind   // it waits for another firing of the page, whose writes it has to see
	parked   // it waits for its turn to send a message
	flying   // its message is under way
	failed
)

// page is how many firings are worked on together.
const outboxPage = 100

func (t *triggerRun) openOutbox() error {
	o := &t.outbox
	o.waiting, o.down, o.writers = map[string]bool{}, map[string]error{}, map[string]*delivery.Deliverer{}
	o.behind, o.queues, o.landed = map[string]bool{}, map[string]*lane{}, make(chan landing)
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
	o.lanes = !t.job.DryRun && o.separable()
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
	count := func(kind state.FiringKind, most int) (int, error) {
		held, err := t.job.Store.Firings(t.work, state.FiringFilter{Rule: t.p.ID(), Status: state.FiringHeld, Kind: kind, Limit: most})
		if err != nil {
			return 0, fmt.Errorf("counting firings: %w", err)
		}
		return len(held), nil
	}
	if n, err := count("", 1); n == 0 || err != nil {
		return err
	}
	limit, fired := t.p.Guard.MaxFirings, 0
	if limit != nil {
		var err error
		if fired, err = count(state.FiringFired, *limit+1); err != nil { // recoveries wait with them and are none
			return err
		}
	}
	if limit != nil && fired > *limit {
		n, err := t.standInLine()
		if err != nil {
			return err
		}
		return &ending{status: state.Waiting, waits: state.WaitGuard,
			why: fmt.Sprintf("guard: max_firings = %d, and %d records would fire; nothing was done for them", *limit, n)}
	}
	return t.letGo(nil)
}

// deliverAll delivers what lies in the outbox, in order, and waits until its messages are out. What has to wait stays
// there, and is why the run waits.
func (t *triggerRun) deliverAll() error {
	err := t.deliverWrites()
	if err == nil {
		err = t.sendMessages()
	}
	if gerr := t.ground(); gerr != nil {
		return gerr
	}
	if err != nil {
		return err
	}
	return t.outbox.why
}

// deliverWrites delivers what lies in the outbox as far as no message has to wait for its turn.
func (t *triggerRun) deliverWrites() error {
	for {
		if t.ctx.Err() != nil {
			return errInterrupted
		}
		list, err := t.nextFirings()
		if err != nil {
			return fmt.Errorf("reading the outbox: %w", err)
		}
		if err := t.deliverPage(list); err != nil {
			return err
		}
		if err := t.pump(); err != nil {
			return err
		}
		if len(list) == 0 && (len(t.outbox.next) == 0 || t.outbox.over) {
			return nil
		}
		t.progress("deliver")
	}
}

// nextFirings gives the firings of records whose earlier one is through by now, or else the next page of the outbox.
func (t *triggerRun) nextFirings() ([]state.Firing, error) {
	o := &t.outbox
	switch {
	case o.over:
		return nil, nil
	case len(o.next) == 0:
		list, err := t.job.Store.Firings(t.work, state.FiringFilter{Rule: t.p.ID(), Status: state.FiringPending, After: o.after, Limit: outboxPage})
		if len(list) > 0 {
			o.after = list[len(list)-1].Seq
		}
		return list, err
	}
	n := min(len(o.next), outboxPage)
	var out []state.Firing
	for _, source := range o.next[:n] {
		list, err := t.job.Store.Firings(t.work, state.FiringFilter{Rule: t.p.ID(), Source: source, Status: state.FiringPending, Limit: 2})
		if err != nil {
			return nil, err
		}
		if len(list) > 1 {
			o.behind[source] = true
		}
		out = append(out, list[:min(len(list), 1)]...)
	}
	o.next = o.next[n:]
	if len(out) == 0 {
		return t.nextFirings()
	}
	return out, nil
}

// deliverPage delivers firings, those of one record one after the other.
func (t *triggerRun) deliverPage(list []state.Firing) error {
	for len(list) > 0 {
		taken := map[string]bool{}
		var now, later []state.Firing
		for _, f := range list {
			switch {
			case t.outbox.waiting[f.Source]:
				t.outbox.behind[f.Source] = true
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
func (t *triggerRun) deliverSome(list []state.Firing) ([]state.Firing, error) {
	fs, again, err := t.prepare(t.openFirings(list))
	if err != nil {
		return nil, t.interrupted(fs, err)
	}
	return again, t.drive(fs)
}

// openFirings opens firings; those that cannot go on fail.
func (t *triggerRun) openFirings(list []state.Firing) []*firing {
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
	return fs
}

// drive takes firings through their steps, all at the same pace, until each of them is through, has to wait, or has its
// message under way.
func (t *triggerRun) drive(fs []*firing) error {
	for {
		sending := t.build(fs)
		if err := t.store(fs); err != nil {
			return err
		}
		if len(sending) > 0 {
			crashpoint.Reach(crashpoint.StepStored)
		}
		sending = t.fly(sending)
		fs = slices.DeleteFunc(fs, t.settledFor)
		if len(sending) == 0 {
			return nil
		}
		t.send(sending)
		crashpoint.Reach(crashpoint.StepAnswered)
		if err := t.store(fs); err != nil {
			return err
		}
		if t.ctx.Err() != nil && slices.ContainsFunc(fs, func(f *firing) bool { return f.standing == live }) {
			return errInterrupted
		}
	}
}

// settledFor tells whether nothing more is done for a firing now, and sees to those behind it.
func (t *triggerRun) settledFor(f *firing) bool {
	switch f.standing {
	case ended, failed:
		t.leaves(f)
	case parked:
		t.park(f)
	case live:
		return false
	}
	return true
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

// concluded settles the dead letter of a firing that went through after all.
func (t *triggerRun) concluded(f *firing, out *state.Outcome) {
	if t.dead.firings[f.ID] != "" {
		out.Concluded = append(out.Concluded, f.ID)
	}
}
