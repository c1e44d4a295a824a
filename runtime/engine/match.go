package engine

import (
	"bytes"
	"fmt"

	"github.com/syncline/syncline/lang/plan"
	"github.com/syncline/syncline/lang/value"
)

// matchItems says which target each item belongs to. A link counts while the keys that made it evaluate the
// same, its record exists and satisfies the match's own where; otherwise the match is tried again.
func (r *runner) matchItems(items []*item) error {
	var open, linked []*item
	for _, it := range pendingItems(items) {
		asks, err := evalKeys(r.p.Match.By, r.put(it))
		if err != nil {
			r.reject(it, "match", fmt.Errorf("the key of the match: %w", err))
			continue
		}
		it.asks, it.keys = asks, encodeKeys(asks)
		switch {
		case it.rec.Target == "":
			open = append(open, it)
		case bytes.Equal(it.rec.Keys, it.keys):
			it.target = it.rec.Target
			linked = append(linked, it)
		default:
			it.relink = it.rec.Target
			open = append(open, it)
		}
	}
	if r.readsLinked() {
		lost, err := r.readLinked(linked)
		if err != nil {
			return err
		}
		open = append(open, lost...)
	}
	return r.seekTargets(open)
}

// readsLinked tells whether the targets of links are read before anything is evaluated.
func (r *runner) readsLinked() bool {
	return r.verify || r.p.ReadsTarget || r.p.Match.Where != nil
}

// readLinked reads the targets of items by their links, and gives the items whose link does not hold any more.
func (r *runner) readLinked(items []*item) (lost []*item, err error) {
	if err := r.readTargets(items); err != nil {
		return nil, err
	}
	for _, it := range pendingItems(items) {
		holds := it.have != nil
		if holds && r.p.Match.Where != nil {
			fits, err := r.match.restrict(r.put(it), []value.Record{it.have})
			if err != nil {
				r.reject(it, "match", err)
				continue
			}
			holds = len(fits) > 0
		}
		if !holds {
			// The record is there but no longer the one meant (last year's renewal): then another may be created.
			it.superseded = it.have != nil
			it.relink, it.target, it.have = it.target, "", nil
			it.records[plan.RootTarget] = nil
			lost = append(lost, it)
		}
	}
	return lost, nil
}

// seekTargets looks up the targets of items that have no valid link.
func (r *runner) seekTargets(items []*item) error {
	var asks []*ask
	for _, it := range items {
		asks = append(asks, &ask{it: it, alts: it.asks})
	}
	if len(asks) == 0 {
		return nil
	}
	if err := r.match.seek(asks); err != nil {
		return err
	}
	var kept []*item
	for _, q := range asks {
		if r.matched(q) {
			kept = append(kept, q.it)
		}
	}
	if err := r.keepLinks(kept); err != nil {
		return err
	}
	return r.oneToOne(items)
}

// matched takes an answer; true: the link that the item had is kept, because nothing else was found.
func (r *runner) matched(q *ask) bool {
	it, spec := q.it, r.match.spec
	switch {
	case q.err != nil:
		r.reject(it, "match", q.err)
	case len(q.many) > 0 && spec.Ambiguous == plan.AmbiguousError:
		r.run.Ambiguous++
		r.reject(it, "match", fmt.Errorf("%s; the target has duplicates, or the key is not unique", severalText("the key", q.many)))
	case len(q.many) > 0:
		r.setAside(it, ambiguous, "match", severalText("the key", q.many))
	case q.found != nil:
		it.target, it.have = q.found.At(0).String(), q.found
		it.records[plan.RootTarget] = it.have
		it.linked = it.target != it.rec.Target
		if !it.linked {
			it.relink = ""
		}
	case it.relink != "" && !it.superseded:
		return true
	default:
		r.missing(it)
	}
	return false
}

// keepLinks goes on with the old link of items whose new keys find nothing: a renamed company stays matched.
// Where that target is gone too, somebody deleted it, and it is not created again.
func (r *runner) keepLinks(items []*item) error {
	for _, it := range items {
		it.target, it.relink = it.relink, ""
	}
	if err := r.readTargets(items); err != nil {
		return err
	}
	for _, it := range pendingItems(items) {
		switch {
		case it.have == nil && underWay(it.rec):
			it.target = "" // it was us who deleted it, before the record came back
			r.missing(it)
		case it.have == nil:
			r.setAside(it, unmatched, "match", fmt.Sprintf("its target %s was deleted by somebody; it is not created again", it.target))
		case r.p.Match.Where != nil:
			fits, err := r.match.restrict(r.put(it), []value.Record{it.have})
			if err != nil {
				r.reject(it, "match", err)
			} else if len(fits) == 0 {
				it.relink, it.target, it.have = it.target, "", nil
				it.records[plan.RootTarget] = nil
				r.missing(it)
			}
		}
	}
	return nil
}

// missing settles an item for which there is no target.
func (r *runner) missing(it *item) {
	last := lastAsk(it.asks)
	switch {
	case len(r.match.spec.By) > 0 && last < 0:
		r.setAside(it, unmatched, "match", "every key of the match is empty for this record, so there is nothing to match or create it by")
	case r.match.spec.Missing == plan.MissingCreate:
		// Stays pending without a target: a create.
	case r.match.spec.Missing == plan.MissingError:
		r.run.Unmatched++
		r.reject(it, "match", fmt.Errorf("no record of %s matches %s", r.p.To.Object.Name, keyList(it.asks[last])))
	default:
		r.setAside(it, unmatched, "match", fmt.Sprintf("no record of %s matches %s", r.p.To.Object.Name, keyList(it.asks[last])))
	}
}

// lastAsk is the last alternative whose keys are not empty, -1 when there is none.
func lastAsk(asks [][]value.Value) int {
	for i := len(asks) - 1; i >= 0; i-- {
		if asks[i] != nil {
			return i
		}
	}
	return -1
}
