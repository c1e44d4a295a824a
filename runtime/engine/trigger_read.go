package engine

import (
	"io"
	"slices"
	"strings"
	"time"

	"github.com/syncline/syncline/connectors"
	"github.com/syncline/syncline/lang/expr"
	"github.com/syncline/syncline/lang/plan"
	"github.com/syncline/syncline/lang/query"
	"github.com/syncline/syncline/lang/value"
)

// Records come from the source in pages, or by their ids; each is then observed.

// listen is how often it is looked for events while a page is waited for.
const listen = 50 * time.Millisecond

// poll reads the records that changed, or all of them when the observation begins anew.
func (t *triggerRun) poll() error {
	q := query.Read{Object: t.p.On.Object.Name, Layout: t.p.Source, Where: t.pushdown(), Since: query.Cursor(t.watch.Cursor)}
	if t.run.Full && t.watch.Complete {
		q.Since = ""
	}
	whole := q.Since == "" && t.cohort == nil
	pages := t.newPageReader(t.on, q, 2, false)
	_, slots := t.ownTests()
	if !t.watch.Complete {
		slots = append(slots, 0) // a row that cannot be read is to be told whose it is
	}
	pages.sift = newSift(nil, slots, plan.RootNew, nil)
	t.overtaken = map[string]bool{}
	go pages.run()
	defer pages.stop()
	for {
		p, err := t.nextPage(pages)
		if err != nil {
			return err
		}
		if p.err != nil && p.err != io.EOF {
			return p.err
		}
		last := p.err == io.EOF
		if err := t.page(p, last); err != nil {
			return err
		}
		if last {
			t.whole = whole
			return nil
		}
		pages.free <- p.batch
	}
}

// nextPage waits for a page, and observes events while it does.
func (t *triggerRun) nextPage(pages *pageReader) (*page, error) {
	var look <-chan time.Time
	if t.job.Incoming != nil {
		if err := t.meanwhile(); err != nil {
			return nil, err
		}
		tick := time.NewTicker(listen)
		defer tick.Stop()
		look = tick.C
	}
	for {
		select {
		case p := <-pages.out:
			if p == nil {
				return nil, errInterrupted
			}
			return p, nil
		case l := <-t.outbox.landed:
			if err := t.goOn(t.land(l)); err != nil {
				return nil, err
			}
			if err := t.goOn(t.pump()); err != nil {
				return nil, err
			}
		case <-t.ctx.Done():
			return nil, errInterrupted
		case <-look:
			if err := t.meanwhile(); err != nil {
				return nil, err
			}
		}
	}
}

// page observes a page of the source. Where the reader stands moves with what came of it.
func (t *triggerRun) page(p *page, last bool) error {
	list := make([]observation, p.batch.Len())
	for i := range list {
		rec := p.batch.Record(i)
		list[i] = observation{id: strings.Clone(rec.At(0).String()), rec: rec}
	}
	t.run.Read += len(list)
	list, err := t.renew(list)
	if err != nil {
		return err
	}
	if err := t.observe(list); err != nil {
		return err
	}
	if err := t.badRows(p.bad); err != nil {
		return err
	}
	t.watch.Cursor = string(p.cursor)
	if last {
		t.watch.Complete, t.watch.Begun = true, true
	}
	t.progress("read")
	return t.settled(last)
}

// renew reads those records of a page again that events brought up since the read began. Pages are read ahead, and some
// systems answer as of the instant at which they were asked: what was seen of these records by now may be newer, and one
// that seems to go back and forth would fire twice.
// Those that cannot be read any more are left out.
func (t *triggerRun) renew(list []observation) ([]observation, error) {
	var ids []string
	for _, o := range list {
		if t.overtaken[o.id] {
			ids = append(ids, o.id)
		}
	}
	if len(ids) == 0 {
		return list, nil
	}
	records, unread, err := t.readRecords(ids)
	if err != nil {
		return nil, err
	}
	for i, o := range list {
		if t.overtaken[o.id] {
			list[i] = observation{id: o.id, rec: records[o.id], whole: true}
		}
	}
	return slices.DeleteFunc(list, func(o observation) bool { return unread[o.id] != nil }), nil
}

// badRows makes dead letters of records that the source could not decode, except those that the conditions leave out.
func (t *triggerRun) badRows(bad []connectors.BadRow) error {
	var missed []string
	tests, _ := t.ownTests()
	frame := &expr.Frame{Now: t.now, Cover: t.job.Cover, Records: make([]value.Record, t.p.RootIt()+1)}
	for _, b := range bad {
		t.run.Read++
		if leavesOut(tests, plan.RootNew, frame, b) {
			t.run.Filtered++
			continue
		}
		e := &connectors.Error{Class: connectors.Reject, Message: b.Err.Error(), Request: b.Text}
		t.run.Dead++
		t.unread[b.Place] = true
		t.out.Dead = append(t.out.Dead, t.letter(b.Place, "", "read", t.p.On.Connection, t.p.On.Object.Name, e))
		t.problem(b.Place, "rejected", "read", e)
		if b.ID != "" && !t.watch.Complete {
			missed = append(missed, b.ID)
		}
	}
	return t.missed(missed)
}

// missed takes records into the baseline that could not be read. Of a row that does not even say whose it is nothing can
// be kept: when it is mended, its record counts as new.
func (t *triggerRun) missed(ids []string) error {
	edges, err := t.edges(ids)
	if err != nil {
		return err
	}
	for i, id := range ids {
		before := t.latest(id, edges[i])
		e := before
		e.Source = id
		t.moved(before, t.machine.Miss(e, t.watch.Begun))
	}
	return nil
}

// readRecords reads records of the watched object by id. unread are those that a row that cannot be read is, or may be: of
// them it is not known whether they are there.
func (t *triggerRun) readRecords(ids []string) (records map[string]value.Record, unread map[string]*brokenRow, err error) {
	key := t.p.On.Object.KeyField()
	list, bad, err := t.byID(t.on, t.p.On, key.Name, idValues(key, ids), t.p.Source)
	if err != nil {
		return nil, nil, err
	}
	records = make(map[string]value.Record, len(list))
	for _, rec := range list {
		records[rec.At(0).String()] = rec
	}
	if len(bad) == 0 {
		return records, nil, nil
	}
	for _, b := range bad {
		t.lament(t.p.On, b)
	}
	unread = map[string]*brokenRow{}
	for _, id := range ids {
		if row := maybe(bad, id); row != nil && records[id] == nil {
			unread[id] = row
		}
	}
	return records, unread, t.lookUpLetters()
}

// readAgain observes records as they are now. Those that cannot be read are told of, and stand as they stood.
func (t *triggerRun) readAgain(ids []string) error {
	records, unread, err := t.readRecords(ids)
	if err != nil {
		return err
	}
	list := make([]observation, 0, len(ids))
	for _, id := range ids {
		if unread[id] == nil {
			list = append(list, observation{id: id, rec: records[id], whole: true})
		}
	}
	t.run.Read += len(records)
	return t.observe(list)
}
