package engine

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"math"
	"slices"
	"strings"

	"github.com/cespare/xxhash/v2"

	"github.com/syncline/syncline/lang/expr"
	"github.com/syncline/syncline/lang/plan"
	"github.com/syncline/syncline/lang/query"
	"github.com/syncline/syncline/lang/value"
)

// pilot is who belongs to a rule's cohort, by lot: each record draws a number from its id, or from `by`, that is the same in
// every run and every rule. `where` of the cohort is one more filter and not told here.
//
// A share takes the records whose number lies below it, so a larger share only adds some. A limit hands out places in order of
// the numbers; who has a place keeps it.
type pilot struct {
	*plan.Rollout
	// admitted have a place, by source id; nil without a limit.
	admitted map[string]bool
	// taken counts the places of those that the cohort still covers: others keep theirs and take none away.
	taken int
	// settled: the places were handed out by the rule as it is now.
	settled bool
}

// places is the document in which a limited cohort is kept.
type places struct {
	Meaning  string   `json:"meaning"` // of the rule
	Taken    int      `json:"taken"`
	Admitted []string `json:"admitted"`
}

func (r *runner) placesName() string { return "rollout:" + r.p.ID() }

// openPilot reads who has a place.
func (r *runner) openPilot() error {
	if r.p.Rollout == nil {
		return nil
	}
	r.pilot = &pilot{Rollout: r.p.Rollout}
	if r.p.Rollout.Limit == nil {
		return nil
	}
	r.pilot.admitted = map[string]bool{}
	data, err := r.job.Store.Snapshot(r.work, r.placesName())
	if err != nil {
		return fmt.Errorf("reading the cohort: %w", err)
	}
	if data == nil {
		return nil
	}
	var doc places
	if err := json.Unmarshal(data, &doc); err != nil {
		return fmt.Errorf("reading the cohort: %w", err)
	}
	for _, id := range doc.Admitted {
		r.pilot.admitted[id] = true
	}
	r.pilot.taken, r.pilot.settled = doc.Taken, doc.Meaning == r.p.Meaning
	return nil
}

// savePilot stores who has a place, before anything is written for them.
func (r *runner) savePilot() error {
	if r.job.DryRun {
		return nil
	}
	data, err := json.Marshal(places{Meaning: r.p.Meaning, Taken: r.pilot.taken, Admitted: slices.Sorted(maps.Keys(r.pilot.admitted))})
	if err == nil {
		err = r.job.Store.SaveSnapshot(r.work, r.placesName(), data)
	}
	if err != nil {
		return fmt.Errorf("storing the cohort: %w", err)
	}
	return nil
}

// lot is the number that a record draws.
func (p *pilot) lot(frame *expr.Frame, id string) (uint64, error) {
	if p.By != nil {
		v, err := p.By.Eval(frame)
		if err != nil {
			return 0, fmt.Errorf("what the cohort is drawn by fails for this record: %w", err)
		}
		if !value.IsEmpty(v) {
			return xxhash.Sum64(v.AppendText(nil)), nil
		}
	}
	return xxhash.Sum64String(id), nil
}

// inShare tells whether a number lies within the share.
func (p *pilot) inShare(lot uint64) bool {
	return p.Percent == nil || lot%100_000 < uint64(math.Round(*p.Percent*1000))
}

// covers tells whether the cohort has a record, places aside.
func (p *pilot) covers(frame *expr.Frame, id string) (bool, error) {
	if p.Percent == nil {
		return true, nil
	}
	lot, err := p.lot(frame, id)
	return p.inShare(lot), err
}

// has tells whether the cohort has a record. It may be asked by several goroutines while nobody enrolls.
func (p *pilot) has(frame *expr.Frame, id string) (bool, error) {
	in, err := p.covers(frame, id)
	return in && (p.Limit == nil || p.admitted[id]), err
}

// candidate is a record that could have a place.
type candidate struct {
	lot uint64
	id  string
	it  *item // nil where the record is not at hand
}

func byLot(a, b candidate) int { return cmp.Or(cmp.Compare(a.lot, b.lot), strings.Compare(a.id, b.id)) }

// enroll settles the items that have no place. Newcomers take the places that are left.
func (r *runner) enroll(items []*item, newcomers bool) error {
	p := r.pilot
	if p == nil || p.Limit == nil {
		return nil
	}
	var waiting []candidate
	for _, it := range pendingItems(items) {
		if p.admitted[it.id] {
			continue
		}
		lot, err := p.lot(r.put(it), it.id)
		if err != nil {
			r.reject(it, "filter", err)
			continue
		}
		it.verdict = filtered
		waiting = append(waiting, candidate{lot, it.id, it})
	}
	free := *p.Limit - p.taken
	if !newcomers || free <= 0 || len(waiting) == 0 {
		return nil
	}
	slices.SortFunc(waiting, byLot)
	for _, c := range waiting[:min(free, len(waiting))] {
		c.it.verdict = pending
		p.admitted[c.id] = true
		p.taken++
	}
	return r.savePilot()
}

// handOut hands out the places when a limited cohort begins, and when the rule has changed since: it looks at all
// records once, for the first in the order of the lot may be the last to be read.
func (r *runner) handOut() error {
	p := r.pilot
	if p == nil || p.Limit == nil || p.settled {
		return nil
	}
	pages := r.readPages(query.Read{Object: r.p.From.Object.Name, Layout: r.p.Source, Where: r.population()})
	defer pages.stop()
	p.taken = 0
	var waiting []candidate
	for {
		pg, ok := <-pages.out
		if !ok {
			return errInterrupted
		}
		if pg.err != nil && pg.err != io.EOF {
			return pg.err
		}
		waiting = r.canvass(pg, waiting)
		if pg.err == io.EOF {
			break
		}
		pages.free <- pg.batch
	}
	slices.SortFunc(waiting, byLot)
	for _, c := range waiting[:max(min(*p.Limit-p.taken, len(waiting)), 0)] {
		p.admitted[c.id] = true
		p.taken++
	}
	p.settled = true
	return r.savePilot()
}

// handOutAll is handOut for a target that is written whole: pages are mapped side by side there, so that newcomers have
// to be known before.
func (r *runner) handOutAll() error {
	if r.pilot != nil {
		r.pilot.settled = r.pilot.settled && r.pilot.Limit != nil && r.pilot.taken >= *r.pilot.Limit
	}
	return r.handOut()
}

// canvass counts the records of a page that have a place, and adds those that could: no more are kept than can get one.
func (r *runner) canvass(pg *page, waiting []candidate) []candidate {
	p := r.pilot
	for i := range pg.batch.Len() {
		src := pg.batch.Record(i)
		id := r.identity(pg, i)
		if id == "" {
			id = r.nameless(src)
		}
		it := r.newItem(id, src)
		if !r.inPopulation(it) {
			continue
		}
		if p.admitted[id] {
			p.taken++
			continue
		}
		if lot, err := p.lot(r.put(it), id); err == nil { // what fails is rejected when its turn comes
			waiting = append(waiting, candidate{lot: lot, id: strings.Clone(id)})
		}
	}
	if most := *p.Limit; len(waiting) > 2*most+1000 {
		slices.SortFunc(waiting, byLot)
		clear(waiting[most:])
		waiting = waiting[:most]
	}
	return waiting
}

// inPopulation tells whether a record is the rule's, whichever schedule runs it.
func (r *runner) inPopulation(it *item) bool {
	for _, f := range r.filters {
		if f.schedule {
			continue
		}
		if in, err := f.Whole.Test(r.put(it)); err != nil || !in {
			return false
		}
	}
	if r.p.Lookback > 0 && r.olderThan(it, r.p.Lookback) {
		return false
	}
	in, err := r.pilot.covers(r.put(it), it.id)
	return in && err == nil
}

// population is what the source can tell of the rule's records, whichever schedule runs it.
func (r *runner) population() query.Pred {
	var out query.And
	for _, f := range r.filters {
		if f.pushed != nil && !f.schedule {
			out = append(out, f.pushed)
		}
	}
	if len(out) == 0 {
		return nil
	}
	return out
}
