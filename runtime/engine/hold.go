package engine

import (
	"fmt"
	"slices"
	"strings"

	"github.com/syncline/syncline/connectors"
	"github.com/syncline/syncline/lang/plan"
	"github.com/syncline/syncline/lang/query"
	"github.com/syncline/syncline/lang/value"
	"github.com/syncline/syncline/runtime/engine/recall"
)

// plannedLinks are the links that a dry run would have stored by now: target → source, "" for a target that was given up.
type plannedLinks struct{ recall.Texts }

// linkMove is what becomes of a record's link: the targets before and after, "" for none.
type linkMove struct{ source, from, to string }

// note takes in what would be stored together.
func (l *plannedLinks) note(moves []linkMove) error {
	for _, m := range moves {
		if m.from == "" {
			continue
		}
		holder, noted, err := l.Get([]byte(m.from))
		if err == nil && (!noted || holder == m.source) {
			err = l.Put([]byte(m.from), "")
		}
		if err != nil {
			return err
		}
	}
	for _, m := range moves {
		if m.to == "" {
			continue
		}
		if err := l.Put([]byte(m.to), m.source); err != nil {
			return err
		}
	}
	return nil
}

// oneToOne keeps links one to one: the second source that reaches a target is ambiguous, and is told the first.
func (r *runner) oneToOne(items []*item) error {
	byTarget := map[string]*item{}
	var targets []string
	var fresh []*item
	for _, it := range pendingItems(items) {
		if it.target == "" || !it.linked {
			continue
		}
		if first := byTarget[it.target]; first != nil {
			r.refuseLink(it, first.id)
			continue
		}
		byTarget[it.target] = it
		fresh = append(fresh, it)
		targets = append(targets, it.target)
	}
	if len(fresh) == 0 {
		return nil
	}
	holders, err := r.job.Store.Holders(r.work, r.p.ID(), targets)
	if err != nil {
		return fmt.Errorf("looking up links: %w", err)
	}
	conflicts := map[string][]*item{}
	for i, it := range fresh {
		holder := holders[i]
		planned, noted, err := r.planned.Get([]byte(it.target))
		if err != nil {
			return err
		}
		if noted {
			holder = planned
		}
		if holder != "" && holder != it.id {
			conflicts[holder] = append(conflicts[holder], it)
		}
	}
	return r.settleConflicts(conflicts, items)
}

// settleConflicts refuses links to targets that another source holds, unless that source let go of it on this
// very page, or does not exist any more.
func (r *runner) settleConflicts(conflicts map[string][]*item, items []*item) error {
	for _, it := range items {
		if list := conflicts[it.id]; list != nil && it.rec.Target != "" && it.target != it.rec.Target {
			delete(conflicts, it.id)
		}
	}
	if len(conflicts) == 0 {
		return nil
	}
	holders := make([]string, 0, len(conflicts))
	for h := range conflicts {
		holders = append(holders, h)
	}
	alive, err := r.alive(holders)
	if err != nil {
		return err
	}
	for holder, list := range conflicts {
		for _, it := range list {
			if alive[holder] {
				r.refuseLink(it, holder)
			} else {
				it.release = holder
			}
		}
	}
	return nil
}

func (r *runner) refuseLink(it *item, holder string) {
	message := fmt.Sprintf("%s %s is linked to %s %s already", r.p.To.Object.Name, it.target, r.p.From.Object.Name, holder)
	it.linked = false
	if r.match.spec.Ambiguous == plan.AmbiguousSkip {
		r.setAside(it, ambiguous, "match", message)
		return
	}
	r.run.Ambiguous++
	r.reject(it, "match", fmt.Errorf("%s; two source records reach one target", message))
}

// alive tells which source records still exist.
func (r *runner) alive(ids []string) (map[string]bool, error) {
	out := map[string]bool{}
	key := r.p.From.Object.KeyField()
	if key == nil {
		known, err := r.job.Store.Records(r.work, r.p.ID(), ids)
		if err != nil {
			return nil, fmt.Errorf("looking up links: %w", err)
		}
		// Without keys the source cannot be asked; a record without an identity of its own lives while this pass gives it.
		for i, id := range ids {
			saw, err := r.saw(id, known[i].Hash)
			if err != nil {
				return nil, err
			}
			out[id] = saw || !strings.HasPrefix(id, anonymous) || r.cp.Pass > 0 && known[i].Seen >= r.cp.Pass
		}
		return out, nil
	}
	records, bad, err := r.sourceByID(ids, value.NewLayout(r.p.From.Object.Key))
	if err != nil {
		return nil, err
	}
	for _, rec := range records {
		out[rec.At(0).String()] = true
	}
	for _, id := range ids {
		out[id] = out[id] || len(bad) > 0 // one of those that cannot be read may be it
	}
	return out, nil
}

// sourceByID reads source records by their key.
func (r *runner) sourceByID(ids []string, layout *value.Layout) ([]value.Record, []connectors.BadRow, error) {
	key := r.p.From.Object.KeyField()
	return r.byID(r.from, r.p.From, key.Name, idValues(key, ids), layout)
}

// byID reads records of one object by id, as many a call as the system takes. bad are rows that could not be decoded and
// may be among those that were asked for.
func (r *access) byID(s *side, end plan.End, key string, ids []value.Value, layout *value.Layout) (out []value.Record, bad []connectors.BadRow, err error) {
	var reads []query.Read
	for part := range slices.Chunk(ids, s.chunk(end.Catalog, len(ids))) {
		reads = append(reads, query.Read{Object: end.Object.Name, Layout: layout, Where: query.In{Field: key, Values: part}})
	}
	for _, answer := range r.readEach(s, reads, nil) {
		if answer.err != nil {
			return nil, nil, failedFor(s.name, "reading "+end.Object.Name+" from", answer.err)
		}
		out, bad = append(out, answer.records...), append(bad, answer.bad...)
	}
	return out, bad, nil
}
