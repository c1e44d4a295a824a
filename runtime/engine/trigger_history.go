package engine

import (
	"fmt"
	"time"

	"github.com/syncline/syncline/lang/expr"
	"github.com/syncline/syncline/lang/plan"
	"github.com/syncline/syncline/lang/value"
)

// histories gives the record at RootHistory for each source: nil where the rule reads no track.
func (t *triggerRun) histories(sources []string) ([]value.Record, error) {
	out := make([]value.Record, len(sources))
	if len(t.p.History) == 0 {
		return out, nil
	}
	for i := range out {
		out[i] = make(value.Record, len(t.p.History))
	}
	series := map[string][][]byte{}
	for h, read := range t.p.History {
		id := read.Track.ID()
		if series[id] == nil {
			data, err := t.job.Store.Series(t.work, id, sources)
			if err != nil {
				return nil, fmt.Errorf("reading samples: %w", err)
			}
			series[id] = data
		}
		for i, data := range series[id] {
			out[i][h] = t.lookBack(read, decodeSeries(data, read.Track.Meaning))
		}
	}
	return out, nil
}

// lookBack computes one value of a record's samples, as of the run's day.
func (t *triggerRun) lookBack(read plan.HistoryRead, s samples) value.Value {
	today := localDay(t.now, read.Track.Zone)
	if read.Days > 0 {
		s = s.from(today - int64(read.Days))
	}
	return aggregate(s.before(today), read)
}

// localDay numbers the calendar day of an instant in a zone.
func localDay(at time.Time, zone *time.Location) int64 {
	if zone == nil {
		zone = time.UTC
	}
	y, m, d := at.In(zone).Date()
	return value.Date(y, m, d).AsDay()
}

// aggregate computes one value of samples. Of fewer than the track asks for it is empty, except for the count, and the
// last one, of which one is enough.
func aggregate(s samples, read plan.HistoryRead) value.Value {
	switch read.Aggregate {
	case plan.AggregateCount:
		return value.Int(int64(len(s)))
	case plan.AggregateLast:
		if len(s) == 0 {
			return value.Null
		}
		return s[len(s)-1].value
	}
	if len(s) == 0 || len(s) < read.Track.MinSamples {
		return value.Null
	}
	best, sum := s[0].value, 0.0
	for _, x := range s {
		sum += x.value.AsFloat()
		if c := value.Compare(x.value, best); read.Aggregate == plan.AggregateMin && c < 0 || read.Aggregate == plan.AggregateMax && c > 0 {
			best = x.value
		}
	}
	switch read.Aggregate {
	case plan.AggregateSum:
		return value.Float(sum)
	case plan.AggregateAvg:
		return value.Float(sum / float64(len(s)))
	}
	return best
}

// truths evaluates the conditions on the frame.
func (t *triggerRun) truths(it *item) (when, rearm expr.Truth, err error) {
	frame := t.put(it)
	if when, err = t.p.When.Truth(frame); err != nil {
		return 0, 0, fmt.Errorf("when fails for this record: %w", err)
	}
	if t.p.Rearm != nil {
		if rearm, err = t.p.Rearm.Truth(frame); err != nil {
			return 0, 0, fmt.Errorf("rearm fails for this record: %w", err)
		}
	}
	return when, rearm, nil
}
