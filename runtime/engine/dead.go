package engine

import (
	"context"
	"fmt"
	"slices"

	"github.com/syncline/syncline/runtime/state"
)

// deadLetters are the ids of source records with dead letters that nobody has settled, as the run began.
type deadLetters struct {
	open  map[string]bool
	retry map[string]bool // a person asked for another try
	// firings are the letters of firings, by the firing's ID.
	firings map[string]state.DeadStatus
}

func (d *deadLetters) known(id string) bool { return d.open[id] || d.retry[id] }

func (r *runner) loadDead() (err error) {
	r.dead, err = loadDead(r.work, r.job.Store, r.p.ID())
	return err
}

func loadDead(ctx context.Context, store state.DeadStore, rule string) (d deadLetters, err error) {
	load := func(status state.DeadStatus) (map[string]bool, error) {
		letters, err := store.DeadLetters(ctx, state.DeadFilter{Rule: rule, Status: status})
		if err != nil {
			return nil, fmt.Errorf("reading dead letters: %w", err)
		}
		out := make(map[string]bool, len(letters))
		for _, l := range letters {
			if l.Firing != "" {
				d.firings[l.Firing] = status
				continue
			}
			out[l.Source.ID] = true
		}
		return out, nil
	}
	d.firings = map[string]state.DeadStatus{}
	if d.open, err = load(state.DeadOpen); err != nil {
		return d, err
	}
	d.retry, err = load(state.DeadRetry)
	return d, err
}

// retryDead takes up the records that a person asked to try again. A record that does not exist any more has
// nothing left to bring over.
func (r *runner) retryDead() error {
	if len(r.dead.retry) == 0 || r.p.From.Object.Key == "" {
		return nil // without keys the records come by with the read, which gives all of them
	}
	ids := make([]string, 0, len(r.dead.retry))
	for id := range r.dead.retry {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	for part := range slices.Chunk(ids, 500) {
		records, _, err := r.sourceByID(part, r.p.Source)
		if err != nil {
			return err
		}
		var items []*item
		there := map[string]bool{}
		for _, src := range records {
			it := r.newItem(src.At(0).String(), src)
			it.hash = r.hash(src)
			if r.dead.retry[it.id] && !there[it.id] {
				there[it.id] = true
				items = append(items, it)
			}
		}
		out := state.Outcome{Rule: r.p.ID()}
		for _, id := range part {
			if !there[id] {
				out.Revived = append(out.Revived, id)
			}
		}
		if len(out.Revived) > 0 {
			if err := r.commit(out); err != nil {
				return err
			}
		}
		r.run.Read += len(items)
		if err := r.process(items, nil, nil); err != nil {
			return err
		}
	}
	return nil
}
