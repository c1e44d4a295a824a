package runtime

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/syncline/syncline/lang/diag"
	"github.com/syncline/syncline/runtime/reload"
	"github.com/syncline/syncline/runtime/schedule"
	"github.com/syncline/syncline/runtime/server"
)

var _ server.Backend = (*Server)(nil)

// Status tells everything about the server.
func (s *Server) Status(ctx context.Context) server.Status {
	s.mu.Lock()
	set, last, seen := s.set, s.last, s.seen
	s.mu.Unlock()
	rules, held := s.sched.Status()
	out := server.Status{SpecHash: seen, Started: s.begun.UTC(), Paused: held, Rules: []server.Rule{}, Reload: reloadStatus(last), Alerts: s.alerts.open()}
	if set == nil {
		return out
	}
	out.Revision = set.Revision
	waiting, err := s.store.WakeCounts(ctx)
	if err != nil {
		s.log.Warn("it cannot be seen which events wait", "error", err)
	}
	for _, r := range rules {
		if x, ok := ruleByID(set, r.Rule); ok {
			rule := s.ruleStatus(x, r)
			if c, ok := waiting[r.Rule]; ok {
				rule.Events = &server.Events{Waiting: c.Records, Oldest: c.Oldest}
			}
			rule.SLO = s.desk.slo.of(r.Rule, x.Latency(), rule.Events, s.r.o.Now())
			out.Rules = append(out.Rules, rule)
		}
	}
	return out
}

func (s *Server) ruleStatus(x Rule, r schedule.Status) server.Rule {
	out := server.Rule{Rule: r.Rule, Title: x.Title(), Description: x.Description(), Schedule: schedulesText(x), Schedules: []server.Schedule{},
		After: x.After(), OnEvent: x.OnEvent() != nil, Manual: x.Manual(), Next: instant(r.Next), State: string(r.State), Why: r.Why, Paused: r.Held}
	for i, st := range r.Schedules {
		if schedules := x.Schedules(); i < len(schedules) {
			sch := schedules[i]
			out.Schedules = append(out.Schedules, server.Schedule{Name: sch.Name, Cron: sch.Cron, Timezone: sch.Zone.String(),
				Next: instant(st.Next), Owed: instant(st.Owed)})
		}
	}
	last, now := s.board.of(r.Rule)
	out.Last = last
	if r.State == schedule.Running {
		out.Run = &server.Progress{Since: r.Since.UTC()}
		if now != nil {
			out.Run.Read, out.Run.Total, out.Run.Changes, out.Run.Written = now.Read, now.Total, now.Changes, now.Written
			out.Why = cmp.Or(out.Why, now.Waits)
		}
	}
	return out
}

func instant(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	t = t.UTC()
	return &t
}

func reloadStatus(a reload.Attempt) server.Reload {
	out := server.Reload{At: a.At.UTC(), OK: a.OK, TookMS: a.Took.Milliseconds(), Diagnostics: []json.RawMessage{}}
	if a.Err != nil {
		out.Error = a.Err.Error()
	}
	for _, m := range diag.NewReport(a.Diagnostics).Diagnostics {
		if data, err := json.Marshal(m); err == nil {
			out.Diagnostics = append(out.Diagnostics, data)
		}
	}
	if len(a.Diagnostics) > 0 {
		var text bytes.Buffer
		if diag.WriteText(&text, a.Diagnostics, diag.TextOptions{}) == nil {
			out.Text = text.String()
		}
	}
	return out
}

// Start asks for a run of a rule, "" for one of all that are neither by hand only nor paused.
func (s *Server) Start(rule string, full bool) error {
	if rule != "" {
		return s.asked(rule, s.sched.Start(s.id(rule), full))
	}
	s.mu.Lock()
	set := s.set
	s.mu.Unlock()
	if set == nil {
		return fmt.Errorf("%w: no rules are in force", server.ErrConflict)
	}
	started, held := 0, 0
	var first error
	for _, x := range Rules(set) {
		if x.Manual() || !x.Enabled() {
			continue
		}
		err := s.sched.Start(x.ID(), full)
		switch {
		case err == nil:
			started++
		case errors.Is(err, schedule.ErrHeld):
			held++
		case first == nil:
			first = s.asked(x.ID(), err)
		}
	}
	if first == nil && started == 0 && held > 0 {
		return fmt.Errorf("%w: all rules are paused; resume them first", server.ErrConflict)
	}
	return first
}

// Hold pauses a rule, "" all of them.
func (s *Server) Hold(ctx context.Context, rule, by string) error {
	return s.asked(rule, s.sched.Hold(ctx, s.id(rule), by))
}

// Release ends a pause by hand.
func (s *Server) Release(ctx context.Context, rule string) error {
	return s.asked(rule, s.sched.Release(ctx, s.id(rule)))
}

// id takes a rule's name with or without its kind in front.
func (s *Server) id(name string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.set != nil && !strings.Contains(name, ".") {
		for _, x := range Rules(s.set) {
			if x.Name() == name {
				return x.ID()
			}
		}
	}
	return name
}

// asked makes the scheduler's errors those of the one who asks.
func (s *Server) asked(rule string, err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, schedule.ErrUnknown):
		return fmt.Errorf("%w: there is no rule %s that is enabled", server.ErrUnknown, rule)
	case errors.Is(err, schedule.ErrHeld):
		return fmt.Errorf("%w: %s is paused; resume it first", server.ErrConflict, rule)
	case errors.Is(err, schedule.ErrStopping):
		return fmt.Errorf("%w: the server is stopping", server.ErrConflict)
	}
	return err
}
