package engine

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/syncline/syncline/lang/plan"
	"github.com/syncline/syncline/runtime/crashpoint"
	"github.com/syncline/syncline/runtime/state"
)

// Systems that take messages are slow on purpose: Slack takes one a second. So a firing whose next step is a message
// leaves the page that it came with and stands in the lane of the message's connection, while the other firings, and the
// observation, go on. In memory a lane keeps no more of a firing than its ID.

// lane is the queue of one connection's messages.
type lane struct {
	waiting []string // IDs of firings
	flying  int      // messages under way
	sent    int      // since began
	began   time.Time
}

// landing is what a message under way came to.
type landing struct {
	x    *sending
	side *side
	out  answered
}

// separable tells whether messages may wait while other firings go on: not where a firing writes, after a message, what
// another one has to find.
func (o *outboxRun) separable() bool {
	for _, steps := range [][]step{o.fired, o.recovered} {
		messaged := false
		for _, s := range steps {
			messaged = messaged || s.isMessage()
			if messaged && slices.ContainsFunc(s.actions, func(a *plan.Action) bool { return a.Via == "" && o.contended[objectName(a.End)] }) {
				return false
			}
		}
	}
	return true
}

func (s step) isMessage() bool { return s.actions[0].Via != "" }

// parks tells whether a firing leaves its page for a lane: its next step is a message that is not in its turn yet.
func (t *triggerRun) parks(f *firing, s step) bool {
	if !t.outbox.lanes || !s.isMessage() {
		return false
	}
	if a := s.actions[0]; a.If != nil && !f.begun(s) {
		restore := t.at(f)
		yes, err := a.If.Test(t.put(f.it))
		restore()
		if err != nil || !yes {
			return false // nothing will be sent
		}
	}
	if f.turn {
		f.turn = false
		return false
	}
	return true
}

// park puts a firing into the lane of its next message: behind the others, or, where a lane is what it comes from, in
// front of them, so that what was begun is finished.
func (t *triggerRun) park(f *firing) {
	o := &t.outbox
	i := slices.IndexFunc(f.steps, func(s step) bool { return !f.finished(s) })
	name := f.steps[i].connection()
	l := o.queues[name]
	if l == nil {
		l = &lane{}
		o.queues[name] = l
	}
	if f.fromLane {
		l.waiting = slices.Insert(l.waiting, 0, f.ID)
	} else {
		l.waiting = append(l.waiting, f.ID)
	}
	o.waiting[f.Source] = true
}

// leaves notes that a firing is through with. The next one of its record may go.
func (t *triggerRun) leaves(f *firing) {
	o := &t.outbox
	delete(o.waiting, f.Source)
	if o.behind[f.Source] {
		delete(o.behind, f.Source)
		o.next = append(o.next, f.Source)
	}
}

// pump takes in what messages came to and sends the next ones, without waiting for any.
func (t *triggerRun) pump() error {
	if err := t.land(); err != nil {
		return err
	}
	return t.launch()
}

// launch sends the first messages of each lane, as many as its connection takes at once.
func (t *triggerRun) launch() error {
	o := &t.outbox
	for _, name := range slices.Sorted(maps.Keys(o.queues)) {
		l := o.queues[name]
		if o.down[name] != nil {
			l.waiting = nil // they stay in the outbox
			continue
		}
		s, err := t.side(name)
		if err != nil {
			return err
		}
		n := min(max(s.limits.Parallel, 1)-l.flying, len(l.waiting))
		if n <= 0 || t.ctx.Err() != nil {
			continue
		}
		ids := l.waiting[:n]
		list, err := t.job.Store.Firings(t.work, state.FiringFilter{IDs: ids})
		if err != nil {
			return fmt.Errorf("reading the outbox: %w", err)
		}
		slices.SortFunc(list, func(a, b state.Firing) int { return slices.Index(ids, a.ID) - slices.Index(ids, b.ID) })
		l.waiting = l.waiting[n:]
		fs := t.openFirings(list)
		for _, f := range fs {
			f.turn, f.fromLane = true, true
		}
		if err := t.drive(fs); err != nil {
			return err
		}
	}
	return nil
}

// fly sends the messages among steps, which their firings are stored with, and gives the other steps.
func (t *triggerRun) fly(list []*sending) (rest []*sending) {
	o := &t.outbox
	if !o.lanes {
		return list
	}
	for _, x := range list {
		if !x.step.isMessage() {
			rest = append(rest, x)
			continue
		}
		name := x.step.connection()
		s, l := t.sides[name], o.queues[name]
		if l.began.IsZero() {
			l.began = t.clock()
		}
		x.f.standing = flying
		l.flying++
		due := x.due()[0]
		q, tried, resumed := due.q, x.f.progress.Actions[due.a.ID].Tried, x.resumed
		go func() { o.landed <- landing{x, s, t.deliverMessage(s, q, tried, resumed)} }()
	}
	return rest
}

// land takes in what messages came to, those given and whatever else has landed, and takes their firings on.
func (t *triggerRun) land(given ...landing) error {
	var fs []*firing
	for _, l := range given {
		fs = append(fs, t.touchDown(l))
	}
	for {
		select {
		case l := <-t.outbox.landed:
			fs = append(fs, t.touchDown(l))
			continue
		default:
		}
		break
	}
	if len(fs) == 0 {
		return nil
	}
	crashpoint.Reach(crashpoint.StepAnswered)
	return t.drive(fs)
}

func (t *triggerRun) touchDown(l landing) *firing {
	lane := t.outbox.queues[l.x.step.connection()]
	lane.flying--
	lane.sent++
	l.x.f.standing = live
	t.takeAnswer(l.side, l.x, l.out)
	t.closeStep(l.x)
	return l.x.f
}

// ground waits for the messages under way. Without a store that takes what they came to, the next run asks for it.
func (t *triggerRun) ground() error {
	var failed error
	for t.outbox.underway() > 0 {
		l := <-t.outbox.landed
		if failed != nil {
			t.outbox.queues[l.x.step.connection()].flying--
			continue
		}
		if err := t.land(l); err != nil && !isEnding(err) {
			failed = err
		}
	}
	return failed
}

func (o *outboxRun) underway() (n int) {
	for _, l := range o.queues {
		n += l.flying
	}
	return n
}

// messages are those that wait or are under way.
func (o *outboxRun) messages() (n int) {
	for _, l := range o.queues {
		n += l.flying + len(l.waiting)
	}
	return n
}

// sendMessages sends what stands in the lanes to the end, and looks for events and for the rule's next tick meanwhile.
func (t *triggerRun) sendMessages() error {
	o := &t.outbox
	if o.messages() > 0 && t.job.Observed != nil {
		t.job.Observed()
	}
	tick := time.NewTicker(listen)
	defer tick.Stop()
	for o.messages() > 0 {
		var err error
		select {
		case l := <-o.landed:
			err = t.land(l)
		case <-t.ctx.Done():
			return errInterrupted
		case <-tick.C:
			if err = t.listenMeanwhile(); err == nil && t.job.Due != nil && t.job.Due() {
				return t.yield()
			}
		}
		if err == nil {
			err = t.deliverWrites()
		}
		if err != nil {
			return err
		}
		t.progress("deliver")
	}
	return nil
}

// listenMeanwhile observes what came while messages wait. Under a guard the next run does: this one has counted.
func (t *triggerRun) listenMeanwhile() error {
	if t.p.Guard.MaxFirings != nil || t.outbox.deaf {
		return nil
	}
	err := t.meanwhile()
	if !isEnding(err) || t.ctx.Err() != nil {
		return err
	}
	t.outbox.deaf = true
	t.waitFor(err)
	return nil
}

// yield ends the run for the rule's next one, which goes on with the messages: what is due must be looked at.
func (t *triggerRun) yield() error {
	t.stop()
	if err := t.ground(); err != nil {
		return err
	}
	if t.outbox.why == errInterrupted {
		t.outbox.why = nil
	}
	t.run.Why = "the next run goes on"
	if waits := t.outbox.toGo(t.clock()); waits != "" {
		t.run.Why += ": " + waits
	}
	return nil
}

// toGo says how many messages wait for what; "": none.
func (o *outboxRun) toGo(now time.Time) string {
	var most *lane
	var via string
	for name, l := range o.queues {
		if most == nil || len(l.waiting) > len(most.waiting) || len(l.waiting) == len(most.waiting) && name < via {
			most, via = l, name
		}
	}
	if most == nil || len(most.waiting) == 0 {
		return ""
	}
	text := fmt.Sprintf("%d messages wait for %s", len(most.waiting), via)
	if len(most.waiting) == 1 {
		text = "1 message waits for " + via
	}
	if took := now.Sub(most.began).Seconds(); most.sent > 4 && took > 1 {
		text += fmt.Sprintf(", which takes %.2g a second", float64(most.sent)/took)
	}
	return text
}

// stoppable gives the run a way to end itself as an interruption does.
func (t *triggerRun) stoppable() (release func()) {
	ctx, stop := context.WithCancel(t.ctx)
	t.ctx, t.stop = ctx, stop
	return stop
}
