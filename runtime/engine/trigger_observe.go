package engine

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/syncline/syncline/connectors"
	"github.com/syncline/syncline/lang/expr"
	"github.com/syncline/syncline/lang/plan"
	"github.com/syncline/syncline/lang/query"
	"github.com/syncline/syncline/lang/value"
	"github.com/syncline/syncline/runtime/state"
)

// observation is one look at one record.
type observation struct {
	id  string
	rec value.Record // of the source layout; nil: the record is gone
	// whole: it is looked at whatever the schedule's own part of the records is.
	whole bool
}

const (
	// flushEdges is how many edges are stored together, when nothing fires among them.
	flushEdges = 2000
	// lookPage is how many stored records are looked at again together.
	lookPage = 1000
	// listen is how often it is looked for events while a page is waited for.
	listen = 50 * time.Millisecond
)

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

// settled stores what was observed once it is much, or something fires, and delivers it.
func (t *triggerRun) settled(now bool) error {
	fired := len(t.out.Firings) > 0
	if !now && !fired && len(t.out.Edges) < flushEdges && len(t.out.Dead) == 0 {
		return nil
	}
	if err := t.flush(); err != nil {
		return err
	}
	if !fired || t.p.Guard.MaxFirings != nil || t.job.DryRun {
		return nil
	}
	return t.goOn(t.deliverWrites())
}

// goOn passes the error of a delivery on that the observation must end for. What cannot be delivered now waits in the
// outbox.
func (t *triggerRun) goOn(err error) error {
	if isEnding(err) && t.ctx.Err() == nil {
		return nil
	}
	return err
}

// pushdown is the condition that the source evaluates. Of one that changes with time only the part that does not is
// left to it, so that the records whose time has not come are known when it comes.
func (t *triggerRun) pushdown() query.Pred {
	var out query.And
	for _, f := range []*filter{t.where, t.cohort} {
		if f == nil {
			continue
		}
		p := f.pushed
		if t.timed && !f.cohort {
			p = f.timeless
		}
		if p != nil {
			out = append(out, p)
		}
	}
	switch len(out) {
	case 0:
		return nil
	case 1:
		return out[0]
	}
	return out
}

// observe takes observations through the state machine, in order.
func (t *triggerRun) observe(list []observation) error {
	if len(list) == 0 {
		return nil
	}
	ids := make([]string, len(list))
	for i, o := range list {
		ids[i] = o.id
	}
	edges, err := t.edges(ids)
	if err != nil {
		return err
	}
	history, err := t.histories(ids)
	if err != nil {
		return err
	}
	frame := make([]value.Record, t.p.RootIt()+1)
	for i, o := range list {
		t.see(o, t.latest(o.id, edges[i]), history[i], frame)
	}
	return nil
}

// see is one observation of one record.
func (t *triggerRun) see(o observation, e state.Edge, history value.Record, frame []value.Record) {
	before := e
	e.Source = o.id
	if o.rec == nil {
		// It is gone. What is known of it stays, should it come back.
		if before.Source != "" {
			e.Gone, e.Look = true, time.Time{}
			t.moved(before, e)
		}
		t.fine(o.id)
		return
	}
	if t.job.OnRead != nil {
		t.job.OnRead(o.id, t.version(o.rec))
	}
	old := t.lastSeen(e.Fields)
	it := &item{id: o.id, records: frame}
	frame[plan.RootNew], frame[plan.RootOld], frame[plan.RootHistory] = o.rec, old, history
	in, part, err := t.belongs(it, o.whole)
	switch {
	case err != nil:
		t.reject(o, "where", err)
		return
	case !part:
		return
	case !in:
		t.leave(o, before, e)
		return
	}
	if t.p.Change {
		hash := t.sightHash(o.rec)
		if e.Hash == hash && e.State != state.EdgeNew && e.Meaning == t.machine.meaning && !e.Outside && !e.Gone {
			t.fine(o.id)
			return
		}
		e.Hash = hash
	}
	when, rearm, err := t.truths(it)
	if err != nil {
		t.reject(o, "when", err)
		return
	}
	after, what := t.machine.next(e, sight{when: when, rearm: rearm, now: t.now, baseline: !t.watch.Complete, edited: t.watch.Begun})
	after.Fields = t.fields(o.rec)
	t.fine(o.id)
	t.moved(before, after)
	t.brought(o, old, before, after, what, func() seen {
		return seen{Now: t.now, New: keep(t.p.Source, o.rec), Old: keep(t.p.Source, old),
			History: keep(t.p.HistoryLayout, history), Version: t.version(o.rec)}
	})
}

// fine settles the dead letter of a record whose condition could not be evaluated, and now can.
func (t *triggerRun) fine(id string) {
	if t.dead.known(id) {
		t.out.Revived = append(t.out.Revived, id)
	}
}

// belongs tells whether a record is in the population, and in the schedule's part of the records.
func (t *triggerRun) belongs(it *item, whole bool) (in, part bool, err error) {
	in, part = true, true
	if t.cohort != nil && !whole {
		if part, err = t.cohort.Whole.Test(t.put(it)); err != nil || !part {
			return in, part, err
		}
	}
	if t.where != nil {
		in, err = t.where.Whole.Test(t.put(it))
	}
	return in, part, err
}

// leave notes a record that is outside the population. One that never was inside is kept only where time can let it in.
func (t *triggerRun) leave(o observation, before, e state.Edge) {
	t.run.Filtered++
	if before.Source == "" && !t.timed {
		return
	}
	e = t.machine.leave(e)
	e.Fields = t.fields(o.rec)
	t.moved(before, e)
}

// moved takes an edge into the outcome, unless nothing of it changed.
func (t *triggerRun) moved(before, after state.Edge) {
	if sameEdge(before, after) {
		return
	}
	t.recall(before, after)
	if n, ok := t.overlay[after.Source]; ok {
		t.out.Edges[n] = after
		return
	}
	t.overlay[after.Source] = len(t.out.Edges)
	t.out.Edges = append(t.out.Edges, after)
}

func sameEdge(a, b state.Edge) bool {
	return a.Source == b.Source && a.State == b.State && a.Outside == b.Outside && a.Gone == b.Gone && a.Meaning == b.Meaning &&
		a.FiredAt.Equal(b.FiredAt) && a.Since.Equal(b.Since) && a.Look.Equal(b.Look) && a.Hash == b.Hash && string(a.Fields) == string(b.Fields)
}

// brought turns the effect of an observation into a firing or a recovery.
func (t *triggerRun) brought(o observation, old value.Record, before, after state.Edge, what effect, data func() seen) {
	switch what {
	case fires:
		t.run.Fired++
		t.fire(o, state.FiringFired, after.FiredAt, "", data())
	case recovers:
		if len(t.p.Recovered) > 0 {
			of := ""
			if !before.FiredAt.IsZero() {
				of = firingID(t.p.ID(), o.id, state.FiringFired, before.FiredAt)
			}
			t.fire(o, state.FiringRecovered, t.now, of, data())
		}
	case dropped:
		t.run.Dropped++
	}
	t.tell(o.id, what, after, func() FieldList { return t.turned(old, o.rec) })
}

// tell tells what became of a record: in a dry run of all that is noteworthy, otherwise of what is done.
func (t *triggerRun) tell(id string, what effect, e state.Edge, fields func() FieldList) {
	if t.job.OnSight == nil {
		return
	}
	s := Sight{Rule: t.p.ID(), Source: t.ref(id), What: what.String()}
	switch what {
	case fires, recovers:
	case nothing:
		if !t.job.DryRun || e.State != state.EdgeFired || t.held[id] {
			return // or planHeld tells of it
		}
		if s.What = "fired"; e.FiredAt.IsZero() {
			s.What = held.String() // it counts as fired since the baseline
		}
	default:
		if !t.job.DryRun {
			return
		}
		if !e.Look.IsZero() {
			s.Until = &e.Look
		}
	}
	if t.job.DryRun {
		t.told[id] = true
		if fields != nil {
			s.Fields = fields()
		}
	}
	t.job.OnSight(s)
}

// turned are the fields that the conditions read and that are not as they were.
func (t *triggerRun) turned(old, rec value.Record) (out FieldList) {
	for _, slot := range t.p.Stored {
		if before, after := old.At(slot), rec.At(slot); !value.Equal(before, after) {
			out = append(out, FieldDiff{Name: t.p.Source.Names[slot], Before: before.JSON(), After: after.JSON()})
		}
	}
	return out
}

func (t *triggerRun) fire(o observation, kind state.FiringKind, at time.Time, of string, data seen) {
	encoded, err := marshal(data)
	if err != nil {
		t.reject(o, "when", err)
		return
	}
	f := state.Firing{ID: firingID(t.p.ID(), o.id, kind, at), Rule: t.p.ID(), Source: o.id, Run: t.run.ID, Kind: kind,
		Status: state.FiringPending, At: at, Of: of, Data: encoded, Progress: []byte{}}
	if t.p.Guard.MaxFirings != nil {
		f.Status, f.Why = state.FiringHeld, "the run is not complete"
	}
	if t.job.DryRun {
		t.planned = append(t.planned, f)
		return
	}
	t.out.Firings = append(t.out.Firings, f)
}

func (t *triggerRun) version(rec value.Record) string {
	return rec.At(t.p.Source.Slot(t.p.On.Object.Modified)).String()
}

// reject makes a record whose condition cannot be evaluated a dead letter. Its edge does not move.
func (t *triggerRun) reject(o observation, step string, err error) {
	t.run.Dead++
	e := &connectors.Error{Class: connectors.Reject, Message: err.Error()}
	letter := t.letter(o.id, t.version(o.rec), step, t.p.On.Connection, t.p.On.Object.Name, e)
	t.out.Dead = append(t.out.Dead, letter)
	t.problem(o.id, "rejected", step, e)
}

// ownTests are the parts of the population's conditions that read the record alone, and the slots that they read.
func (t *triggerRun) ownTests() (tests []*expr.Program, slots []int) {
	for _, f := range []*filter{t.where, t.cohort} {
		if f != nil && f.Own != nil {
			tests, slots = append(tests, f.Own), append(slots, f.OwnSlots...)
		}
	}
	return tests, slots
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
		t.moved(before, t.machine.miss(e, t.watch.Begun))
	}
	return nil
}

// edges reads what is stored of records, aligned to them.
func (t *triggerRun) edges(ids []string) ([]state.Edge, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	edges, err := t.job.Store.Edges(t.work, t.p.ID(), ids)
	if err != nil {
		return nil, fmt.Errorf("reading what is known of records: %w", err)
	}
	return edges, nil
}

// latest gives a record's edge as the run left it, which need not be stored yet.
func (t *triggerRun) latest(id string, stored state.Edge) state.Edge {
	if n, ok := t.overlay[id]; ok {
		return t.out.Edges[n]
	}
	return stored
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

// observeEvents takes the events of the job.
func (t *triggerRun) observeEvents() error { return t.observeEach(t.job.Events) }

// meanwhile takes the events that came during the run.
func (t *triggerRun) meanwhile() error {
	if t.job.Incoming == nil || t.job.DryRun {
		return nil
	}
	events, stored := t.job.Incoming()
	if len(events) == 0 {
		return nil
	}
	// A record can fire again in a run that lasts: its firings are told apart by their instants.
	t.now = latest(t.clock().Truncate(time.Microsecond), t.now.Add(time.Microsecond))
	t.frame.Now = t.now
	if t.overtaken != nil {
		for _, ev := range events {
			t.overtaken[ev.Source] = true
		}
	}
	if err := t.observeEach(events); err != nil {
		return err
	}
	stored()
	return nil
}

func latest(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// observeEach takes each event as an observation, in order. Records are read for the fields that events do not carry.
func (t *triggerRun) observeEach(events []Event) error {
	for part := range slices.Chunk(events, lookPage) {
		lacking := map[string]bool{}
		for _, ev := range part {
			if !ev.Deleted && !t.carries(ev) {
				lacking[ev.Source] = true
			}
		}
		var read map[string]value.Record
		var unread map[string]*brokenRow
		if len(lacking) > 0 {
			var err error
			if read, unread, err = t.readRecords(slices.Sorted(maps.Keys(lacking))); err != nil {
				return err
			}
		}
		var list []observation
		for _, ev := range part {
			if lacking[ev.Source] && unread[ev.Source] != nil {
				continue
			}
			list = append(list, observation{id: ev.Source, rec: t.eventRecord(ev, read[ev.Source], lacking[ev.Source]), whole: true})
		}
		t.run.Read += len(list)
		if err := t.observe(list); err != nil {
			return err
		}
		t.progress("read")
		if err := t.settled(true); err != nil {
			return err
		}
	}
	return nil
}

// carries tells whether an event says all that the rule reads of a record.
func (t *triggerRun) carries(ev Event) bool {
	for i, name := range t.p.Source.Names {
		if _, ok := ev.Fields[name]; !ok && i != 0 && name != t.p.On.Object.Modified {
			return false
		}
	}
	return true
}

func (t *triggerRun) eventRecord(ev Event, read value.Record, lacking bool) value.Record {
	if ev.Deleted || lacking && read == nil {
		return nil
	}
	rec := make(value.Record, t.p.Source.Len())
	copy(rec, read)
	for name, v := range ev.Fields {
		if slot := t.p.Source.Slot(name); slot > 0 {
			rec[slot] = v
		}
	}
	rec[0] = idValue(t.p.On.Object.KeyField(), ev.Source)
	return rec
}
