package runtime

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"time"

	"github.com/syncline/syncline/connectors"
	"github.com/syncline/syncline/lang"
	"github.com/syncline/syncline/lang/diag"
	"github.com/syncline/syncline/lang/expr"
	"github.com/syncline/syncline/lang/plan"
	"github.com/syncline/syncline/lang/query"
	"github.com/syncline/syncline/lang/value"
)

// A sample is what a schema cannot say: which values the source really holds. A picklist keeps values that were taken
// out of its list, a text holds anything, and a table that covers what the schema lists may not cover the data.

// sampleSizes are how many records are read of each rule's source: fewer where the system does not answer in time.
var sampleSizes = []int{1000, 800, 500}

// sampleTime is how long one attempt may take.
const sampleTime = 30 * time.Second

// Sample reads records of each sync's source, evaluates what they are mapped to, and warns of values that would make
// records be rejected. Nothing is written. The error is that of a context that ended.
func (r *Runtime) Sample(ctx context.Context, set *plan.Set) (diag.List, error) {
	var found diag.List
	for _, s := range set.Syncs {
		if !s.Enabled || len(sampled(s)) == 0 {
			continue
		}
		records, err := r.sample(ctx, set, s)
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		if err != nil {
			found = append(found, lang.NoSample(s.Range, s.From.Connection, s.From.Object.Name, unlabelled(err, s.From.Connection)))
			continue
		}
		found = append(found, judge(s, records, r.o.Now())...)
	}
	found.Sort()
	return found, nil
}

// sampled are the mappings that read nothing but the source record: what a find or the target would give is not read.
func sampled(s *plan.Sync) []*plan.Mapping {
	return slices.DeleteFunc(slices.Clone(s.Map), func(m *plan.Mapping) bool {
		return slices.ContainsFunc(m.Reads, func(read expr.Read) bool { return read.Root != plan.RootSource })
	})
}

// sample reads the source of a rule as a run would.
func (r *Runtime) sample(ctx context.Context, set *plan.Set, s *plan.Sync) ([]value.Record, error) {
	conn, release, err := r.Use(ctx, set.Connection(s.From.Connection))
	if err != nil {
		return nil, err
	}
	defer release()
	reader, ok := conn.(connectors.Reader)
	if !ok {
		return nil, errors.New("this system cannot be read")
	}
	q := query.Read{Object: s.From.Object.Name, Schema: s.From.Object, Layout: s.Source}
	if f := s.Where; f != nil && f.Pushed != nil {
		params := make([]value.Value, len(f.Params))
		frame := expr.Frame{Now: r.o.Now(), Records: make([]value.Record, s.RootIt()+1)}
		for i, p := range f.Params {
			if params[i], err = p.Eval(&frame); err != nil {
				return nil, fmt.Errorf("a value of the filter cannot be computed: %w", err)
			}
		}
		q.Where = query.Bind(f.Pushed, params)
	}
	return readSample(connectors.Hasty(ctx), reader, q, sampleTime)
}

// readSample reads the largest sample that the system gives within a time.
func readSample(ctx context.Context, reader connectors.Reader, q query.Read, limit time.Duration) (records []value.Record, err error) {
	for _, q.Limit = range sampleSizes {
		attempt, cancel := context.WithTimeout(ctx, limit)
		records, err = readUpTo(attempt, reader, q)
		slow := attempt.Err() != nil
		cancel()
		if err == nil || ctx.Err() != nil || !slow && connectors.AsError(err).Class != connectors.Retry {
			return records, err
		}
	}
	return nil, fmt.Errorf("not even %d records came within %s: %w", q.Limit, limit, err)
}

func readUpTo(ctx context.Context, reader connectors.Reader, q query.Read) ([]value.Record, error) {
	rows, err := reader.Read(ctx, q)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []value.Record
	for len(out) < q.Limit {
		b := value.NewBatch(q.Layout, 256) // one for each page: records stay
		err := rows.Next(ctx, b)
		if err == io.EOF {
			break
		}
		if err != nil {
			return nil, err
		}
		for i := range b.Len() {
			out = append(out, b.Record(i))
		}
	}
	return out[:min(len(out), q.Limit)], nil
}

// judge evaluates the mappings over a sample, each by itself: one mapping gives one warning.
func judge(s *plan.Sync, records []value.Record, now time.Time) (found diag.List) {
	frame := expr.Frame{Now: now, Records: make([]value.Record, s.RootIt()+1)}
	inRule := records[:0:0]
	for _, rec := range records {
		frame.Records[plan.RootSource] = rec
		if s.Where != nil && s.Where.Own != nil {
			if v, err := s.Where.Own.Eval(&frame); err != nil || !v.AsBool() {
				continue
			}
		}
		inRule = append(inRule, rec)
	}
	for _, m := range sampled(s) {
		why := map[string]int{}
		for _, rec := range inRule {
			frame.Records[plan.RootSource] = rec
			v, err := m.Value.Eval(&frame)
			if err == nil {
				_, err = value.Conform(m.Field, v)
			}
			if err != nil {
				why[err.Error()]++
			}
		}
		if len(why) > 0 {
			found = append(found, lang.SampleRejects(m.Range, s.From.Object.Name, len(inRule), byWeight(why)))
		}
	}
	return found
}

func byWeight(why map[string]int) []lang.Rejected {
	var out []lang.Rejected
	for _, text := range slices.Sorted(maps.Keys(why)) {
		out = append(out, lang.Rejected{Why: text, Records: why[text]})
	}
	slices.SortStableFunc(out, func(a, b lang.Rejected) int { return cmp.Compare(b.Records, a.Records) })
	return out
}
