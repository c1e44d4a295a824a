package runtime

import (
	"context"
	"sync"
	"time"

	"github.com/syncline/syncline/runtime/server"
	"github.com/syncline/syncline/runtime/state"
)

// promises hold how rules keep the latency that they promise: the time from a change in the source, or from the event
// that told of it, to its write. A first pass brings what is old; what changed before the last good run of the rule is not
// held against this one.
type promises struct {
	s     *Server
	mu    sync.Mutex
	rules map[string]*promise
}

// promise is one rule's; a nil promise promises nothing.
type promise struct {
	p       *promises
	rule    string
	latency time.Duration
	// since is when the last good run began; zero: there was none.
	since time.Time
	kept  server.SLO
}

func newPromises(s *Server) *promises { return &promises{s: s, rules: map[string]*promise{}} }

// begin gives the promise of a rule whose run begins.
func (p *promises) begin(ctx context.Context, rule string, latency time.Duration) *promise {
	p.mu.Lock()
	x := p.rules[rule]
	if latency == 0 {
		delete(p.rules, rule)
		p.mu.Unlock()
		return nil
	}
	if x != nil {
		x.latency = latency
		p.mu.Unlock()
		return x
	}
	p.mu.Unlock()
	x = &promise{p: p, rule: rule, latency: latency, since: p.lastGood(ctx, rule)}
	p.s.metrics.Promised(rule)
	p.mu.Lock()
	p.rules[rule] = x
	p.mu.Unlock()
	return x
}

func (p *promises) lastGood(ctx context.Context, rule string) (at time.Time) {
	for _, status := range []state.RunStatus{state.Succeeded, state.Partial} {
		runs, err := p.s.store.Runs(ctx, state.RunFilter{Rule: rule, Status: status, Limit: 1})
		if err == nil && len(runs) > 0 && runs[0].Started.After(at) {
			at = runs[0].Started
		}
	}
	return at
}

// wrote holds one write against the promise, and tells whether it counts. told: began is when an event came, otherwise
// when the record changed.
func (x *promise) wrote(began, now time.Time, told bool) bool {
	if x == nil || began.IsZero() || !told && (x.since.IsZero() || began.Before(x.since)) {
		return false
	}
	took := now.Sub(began)
	x.p.mu.Lock()
	defer x.p.mu.Unlock()
	x.kept.Writes++
	x.kept.WorstMS = max(x.kept.WorstMS, took.Milliseconds())
	if took > x.latency {
		x.kept.Missed++
		at := now.UTC()
		x.kept.LastMissed = &at
		x.p.s.metrics.Missed(x.rule)
	}
	return true
}

func (x *promise) end(run state.Run, ok bool) {
	if x != nil && ok {
		x.since = run.Started
	}
}

// of gives how a rule keeps its promise, nil when it promises nothing.
func (p *promises) of(rule string, latency time.Duration, waiting *server.Events, now time.Time) *server.SLO {
	if latency == 0 {
		return nil
	}
	var out server.SLO
	p.mu.Lock()
	if x := p.rules[rule]; x != nil {
		out = x.kept
	}
	p.mu.Unlock()
	out.LatencyMS = latency.Milliseconds()
	out.Late = waiting != nil && now.Sub(waiting.Oldest) > latency
	return &out
}

// promised gives how a rule keeps its promise, and whether an event waits for longer than that right now.
func (s *Server) promised(rule string, latency time.Duration) (server.SLO, bool) {
	var waiting *server.Events
	if counts, err := s.store.WakeCounts(context.Background()); err == nil {
		if c, ok := counts[rule]; ok {
			waiting = &server.Events{Waiting: c.Records, Oldest: c.Oldest}
		}
	}
	slo := s.desk.slo.of(rule, latency, waiting, s.r.o.Now())
	return *slo, slo.Late
}
