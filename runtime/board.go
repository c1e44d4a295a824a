package runtime

import (
	"context"
	"sync"

	"github.com/syncline/syncline/runtime/engine"
	"github.com/syncline/syncline/runtime/state"
)

// board holds how the rules' last runs ended and how far those under way are, for whoever looks.
type board struct {
	mu   sync.Mutex
	last map[string]state.Run
	now  map[string]engine.Progress
	// asked are the rules whose last run was looked up.
	asked map[string]bool
}

func newBoard() *board {
	return &board{last: map[string]state.Run{}, now: map[string]engine.Progress{}, asked: map[string]bool{}}
}

// load reads the last runs of rules that the board does not know yet.
func (b *board) load(ctx context.Context, store state.RunStore, rules []string) error {
	for _, id := range rules {
		b.mu.Lock()
		known := b.asked[id]
		b.mu.Unlock()
		if known {
			continue
		}
		runs, err := store.Runs(ctx, state.RunFilter{Rule: id, Limit: 1})
		if err != nil {
			return err
		}
		b.mu.Lock()
		b.asked[id] = true
		if _, ended := b.last[id]; !ended && len(runs) > 0 {
			b.last[id] = runs[0]
		}
		b.mu.Unlock()
	}
	return nil
}

func (b *board) begin(rule string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.now[rule] = engine.Progress{Rule: rule}
}

func (b *board) progress(p engine.Progress) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.now[p.Rule] = p
}

func (b *board) end(run state.Run) {
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.now, run.Rule)
	b.last[run.Rule] = run
}

// of gives a rule's last run, nil when there is none, and how far the one under way is.
func (b *board) of(rule string) (*state.Run, *engine.Progress) {
	b.mu.Lock()
	defer b.mu.Unlock()
	var last *state.Run
	var now *engine.Progress
	if r, ok := b.last[rule]; ok {
		last = &r
	}
	if p, ok := b.now[rule]; ok {
		now = &p
	}
	return last, now
}
