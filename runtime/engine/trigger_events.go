package engine

import (
	"maps"
	"slices"
	"time"

	"github.com/syncline/syncline/lang/value"
)

// An event is an observation too: of one record, as the event and, for the fields that it does not carry, the source say.

// observeEvents takes the events that the job was started for.
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
	t.now = later(t.clock().Truncate(time.Microsecond), t.now.Add(time.Microsecond))
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

// later is the later of two instants.
func later(a, b time.Time) time.Time {
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

// eventRecord is the record that an event shows: what was read of it, with the fields of the event over that. nil: it is gone.
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
