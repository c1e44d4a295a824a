package runtime

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"runtime/debug"
	"slices"
	"strings"

	"github.com/syncline/syncline/connectors"
	"github.com/syncline/syncline/lang/cron"
	"github.com/syncline/syncline/lang/plan"
	"github.com/syncline/syncline/lang/schema"
	"github.com/syncline/syncline/runtime/engine"
	"github.com/syncline/syncline/runtime/schedule"
	"github.com/syncline/syncline/runtime/state"
)

// rules makes the scheduler's rules of a set. Rules that are not enabled are left out.
func (s *Server) rules(set *plan.Set) ([]schedule.Rule, error) {
	conns := map[string]string{}
	pauses := map[string][]schedule.Window{}
	for _, c := range set.Connections {
		conns[c.Name] = planKey(c)
		for _, p := range c.Pauses {
			w, err := window(p, p.Name+" of "+c.Name)
			if err != nil {
				return nil, err
			}
			pauses[c.Name] = append(pauses[c.Name], w)
		}
	}
	keys := &objectKeys{before: s.keys, known: map[*schema.Object]string{}}
	var out []schedule.Rule
	for _, x := range Rules(set) {
		if !x.Enabled() {
			continue
		}
		r, err := s.rule(set, x, pauses)
		if err != nil {
			return nil, err
		}
		r.Fingerprint = fingerprint(x, conns, keys)
		out = append(out, r)
	}
	s.keys = keys.known
	return out, nil
}

func (s *Server) rule(set *plan.Set, x Rule, pauses map[string][]schedule.Window) (schedule.Rule, error) {
	r := schedule.Rule{ID: x.ID(), After: x.After(), Missed: schedule.Missed(x.MissedTicks()), Yields: x.resumable(), TakesEvents: x.Trigger != nil,
		Run: func(ctx context.Context, t schedule.Turn) schedule.End { return s.runRule(ctx, set, x, t) }}
	for _, req := range x.Requires() {
		if !strings.HasPrefix(req, "connection.") {
			r.Requires = append(r.Requires, req)
		}
	}
	r.Gather = gathering(x.OnEvent())
	for _, name := range x.connections() {
		r.Pauses = append(r.Pauses, pauses[name]...)
	}
	for _, p := range x.Pauses() {
		w, err := window(p, p.Name)
		if err != nil {
			return r, err
		}
		r.Pauses = append(r.Pauses, w)
	}
	if x.Manual() {
		r.After = nil
		return r, nil
	}
	for _, sch := range x.Schedules() {
		c, err := cron.Parse(sch.Cron, sch.Zone)
		if err != nil {
			return r, fmt.Errorf("%s: %w", x.ID(), err)
		}
		r.Schedules = append(r.Schedules, schedule.Schedule{Name: sch.Name, Cron: c})
	}
	return r, nil
}

func window(p plan.Pause, name string) (schedule.Window, error) {
	c, err := cron.Parse(p.Cron, p.Zone)
	if err != nil {
		return schedule.Window{}, fmt.Errorf("pause %s: %w", name, err)
	}
	return schedule.Window{Name: name, Cron: c, For: p.For}, nil
}

// objectKeys are the fingerprints of objects: known are those of the set whose rules are made, before those of the set
// before.
type objectKeys struct{ before, known map[*schema.Object]string }

func (k *objectKeys) of(o *schema.Object) string {
	if o == nil {
		return ""
	}
	key, ok := k.known[o]
	if ok {
		return key
	}
	if key, ok = k.before[o]; !ok {
		key = objectKey(o)
	}
	k.known[o] = key
	return key
}

// fingerprint covers all that a run of a rule depends on: the rule, its connections, the schemas that it was
// checked against.
func fingerprint(x Rule, conns map[string]string, keys *objectKeys) string {
	h := sha256.New()
	fmt.Fprintf(h, "%s\n", x.fingerprint())
	for _, name := range x.connections() {
		fmt.Fprintf(h, "%q %x\n", name, conns[name])
	}
	for _, e := range x.ends() {
		fmt.Fprintf(h, "%x\n", keys.of(e.Object))
	}
	return hex.EncodeToString(h.Sum(nil)[:16])
}

// runRule makes one run of a rule for the scheduler.
func (s *Server) runRule(ctx context.Context, set *plan.Set, x Rule, t schedule.Turn) schedule.End {
	if err := s.r.owned(ctx, s.store, set, []Rule{x}, true); err != nil {
		s.log.Error("a rule waits", "rule", x.ID(), "error", err)
		return schedule.End{Result: schedule.Again, Why: err.Error()}
	}
	open := map[string]connectors.Connection{}
	for _, name := range x.connections() {
		conn, release, err := s.r.Use(ctx, set.Connection(name))
		if err != nil {
			s.log.Warn("a connection cannot be opened; the rule waits", "rule", x.ID(), "error", err)
			return schedule.End{Result: schedule.Again, Why: err.Error()}
		}
		defer release()
		open[name] = conn
	}
	round, err := s.desk.begin(ctx, roundOf(x), s.causeOf(ctx, x, t))
	if err != nil {
		s.log.Error("the state cannot be read; the rule waits", "rule", x.ID(), "error", err)
		return schedule.End{Result: schedule.Again, Why: err.Error()}
	}
	if round.idle() && !s.unfinished(ctx, x) {
		return schedule.End{Result: schedule.Failed} // nothing follows from it
	}
	s.board.begin(x.ID())
	run, err := s.caught(ctx, x.ID(), func() (state.Run, error) {
		return s.runKind(ctx, set, x, t, round, func(name string) connectors.Connection { return open[name] })
	})
	s.board.end(run)
	s.quiet.note(run)
	s.metrics.Run(run)
	round.end(ctx, run)
	if err != nil {
		s.log.Error("the state cannot be written; the rule waits", "rule", x.ID(), "run", run.ID, "error", err)
		return schedule.End{Result: schedule.Again, Why: err.Error()}
	}
	end := endOf(run)
	if end.Result == schedule.Interrupted && ctx.Err() == nil {
		end = schedule.End{Result: schedule.Again, Why: run.Why}
	}
	return end
}

// caught makes a run that panics a failed one. The other rules go on, and this one goes on as after any failure.
func (s *Server) caught(ctx context.Context, rule string, do func() (state.Run, error)) (run state.Run, err error) {
	defer func() {
		if p := recover(); p != nil {
			s.log.Error("a run ended in a panic; the other rules go on", "rule", rule, "panic", p, "stack", string(debug.Stack()))
			run, err = engine.FailRun(context.WithoutCancel(ctx), s.store, rule, fmt.Sprintf("a fault of this program, please report it with its log: %v", p))
		}
	}()
	return do()
}

// runKind runs a rule by its kind.
func (s *Server) runKind(ctx context.Context, set *plan.Set, x Rule, t schedule.Turn, round *round,
	connection func(string) connectors.Connection) (state.Run, error) {
	store, named := watched{s.store, round}, t.Schedule
	if t.Cause == schedule.ByEvent {
		named = eventSchedule(x.Schedules())
	}
	switch {
	case x.Trigger != nil:
		job := engine.TriggerJob{
			Plan: x.Trigger, Set: set, Schedule: named, Full: t.Full, Tick: t.At, Store: store, Now: s.r.o.Now, Log: s.r.o.Log, Connections: connection,
			OnProgress: s.board.progress, Retry: s.retry(), OnRead: round.read, Incoming: s.incoming(ctx, x, round),
			Due: s.due(ctx, x), Observed: func() { round.settle(ctx) },
		}
		for _, id := range round.records() {
			job.Events = append(job.Events, engine.Event{Source: id})
		}
		return engine.RunTrigger(ctx, job)
	case x.Track != nil:
		return engine.RunTrack(ctx, engine.TrackJob{
			Plan: x.Track, Set: set, Schedule: named, Tick: t.At, Store: store, Now: s.r.o.Now, Log: s.r.o.Log, Connections: connection,
			OnProgress: s.board.progress, Retry: s.retry(),
		})
	}
	return s.runOrCarry(ctx, engine.Job{
		Plan: x.Sync, Set: set, Schedule: named, Full: t.Full, Tick: t.At, Store: store, Now: s.r.o.Now, Log: s.r.o.Log, Connections: connection,
		OnProgress: s.board.progress, Retry: s.retry(), Records: round.records(), OnRead: round.read,
	}, t)
}

// runOrCarry carries out what a person approved, and then runs the rule, unless it was started for the approval.
func (s *Server) runOrCarry(ctx context.Context, job engine.Job, t schedule.Turn) (state.Run, error) {
	var last state.Run
	carried, unfinished, err := carryApprovals(ctx, job, func(run state.Run) { last = run })
	switch {
	case err != nil:
		return last, err
	case unfinished != nil:
		return *unfinished, nil
	case carried > 0 && t.Cause == schedule.ByHand:
		return last, nil
	case carried > 0:
		s.metrics.Run(last)
	}
	return engine.Run(ctx, job)
}

// endOf says what the end of a run means for the schedule.
func endOf(run state.Run) schedule.End {
	switch run.Status {
	case state.Succeeded, state.Partial:
		return schedule.End{Result: schedule.Done}
	case state.Stopped:
		return schedule.End{Result: schedule.Interrupted}
	case state.Waiting:
		if run.WaitsFor == state.WaitGuard {
			return schedule.End{Result: schedule.Failed, Waiting: true, Why: run.Why}
		}
		return schedule.End{Result: schedule.Again, Why: cmp.Or(run.Why, "it waits")}
	}
	return schedule.End{Result: schedule.Failed}
}

// schedulesText lists a rule's crons as written.
func schedulesText(x Rule) []string {
	out := make([]string, 0, len(x.Schedules()))
	for _, sch := range x.Schedules() {
		out = append(out, sch.Cron)
	}
	return slices.Clip(out)
}
