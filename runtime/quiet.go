package runtime

import (
	"context"
	"sync"
	"time"

	"github.com/syncline/syncline/runtime/state"
)

// summaryEvery is how often the log tells of the runs that found nothing to do, which are not told one by one.
const summaryEvery = time.Hour

// quiet counts runs for the log's summary.
type quiet struct {
	mu         sync.Mutex
	runs, idle int
	rules      map[string]bool
}

func (q *quiet) note(run state.Run) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.rules == nil {
		q.rules = map[string]bool{}
	}
	q.runs++
	q.rules[run.Rule] = true
	if run.Idle() {
		q.idle++
	}
}

// take gives what was counted since the last time.
func (q *quiet) take() (runs, idle, rules int) {
	q.mu.Lock()
	defer q.mu.Unlock()
	runs, idle, rules = q.runs, q.idle, len(q.rules)
	q.runs, q.idle, q.rules = 0, 0, nil
	return runs, idle, rules
}

// summarize tells in the log, now and then and at the end, how many runs there were.
func (s *Server) summarize(ctx context.Context) {
	tick := time.NewTicker(summaryEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
		case <-tick.C:
		}
		if runs, idle, rules := s.quiet.take(); runs > 0 {
			s.log.Info("runs since the last summary", "runs", runs, "idle", idle, "rules", rules)
		}
		if ctx.Err() != nil {
			return
		}
	}
}
