package engine

import (
	"fmt"
	"slices"
	"strings"

	"github.com/syncline/syncline/lang/expr"
	"github.com/syncline/syncline/lang/value"
)

// decide chooses among the candidates of one alternative; frame is that of the ask's record. Nothing found leaves the ask open for the next one.
func (s *seeker) decide(q *ask, frame *expr.Frame, candidates []value.Record) {
	fits := candidates
	if s.spec.Where != nil {
		var err error
		if fits, err = s.restrict(frame, candidates); err != nil {
			q.err, q.done = err, true
			return
		}
	}
	if s.end.Object.Key != "" {
		fits = distinct(fits)
	}
	switch {
	case len(fits) == 0:
		return
	case s.find != nil && s.find.All:
		q.all, q.err = s.ranked(frame, fits)
		q.done = true
		if len(q.all) > 0 {
			q.found = q.all[0]
		}
	case len(fits) > 1 && s.spec.OrderBy != nil:
		best, err := s.first(frame, fits)
		q.found, q.err, q.done = best, err, true
	case len(fits) > 1:
		for _, f := range fits {
			q.many = append(q.many, f.At(0).String())
		}
		slices.Sort(q.many)
		q.done = true
	default:
		q.found, q.done = fits[0], true
	}
}

// distinct drops repetitions of a record, which slot 0 tells: a system may give one twice when it moves between pages.
func distinct(records []value.Record) []value.Record {
	if len(records) < 2 {
		return records
	}
	seen := map[string]bool{}
	return slices.DeleteFunc(slices.Clone(records), func(rec value.Record) bool {
		id := rec.At(0).String()
		again := id != "" && seen[id]
		seen[id] = true
		return again
	})
}

// restrict keeps the candidates that satisfy the look-up's own where.
func (s *seeker) restrict(frame *expr.Frame, candidates []value.Record) ([]value.Record, error) {
	var out []value.Record
	root := s.r.rootIt
	defer func() { frame.Records[root] = nil }()
	for _, c := range candidates {
		frame.Records[root] = c
		in, err := s.spec.Where.Whole.Test(frame)
		if err != nil {
			return nil, fmt.Errorf("the condition of %s fails for %s: %w", s.name, c.At(0), err)
		}
		if in {
			out = append(out, c)
		}
	}
	return out, nil
}

// first gives the best of the candidates.
func (s *seeker) first(frame *expr.Frame, candidates []value.Record) (value.Record, error) {
	list, err := s.ranked(frame, candidates)
	if err != nil {
		return nil, err
	}
	return list[0], nil
}

// ranked orders the candidates by order_by: empties last either way, ties by id.
func (s *seeker) ranked(frame *expr.Frame, candidates []value.Record) ([]value.Record, error) {
	type ranked struct {
		rec value.Record
		by  value.Value
	}
	root := s.r.rootIt
	defer func() { frame.Records[root] = nil }()
	list := make([]ranked, len(candidates))
	for i, c := range candidates {
		frame.Records[root] = c
		list[i] = ranked{rec: c}
		if s.spec.OrderBy == nil {
			continue
		}
		v, err := s.spec.OrderBy.By.Eval(frame)
		if err != nil {
			return nil, fmt.Errorf("the order of %s fails for %s: %w", s.name, c.At(0), err)
		}
		list[i].by = v.Clone()
	}
	slices.SortStableFunc(list, func(a, b ranked) int {
		c := value.Compare(a.by, b.by)
		if s.spec.OrderBy != nil && s.spec.OrderBy.Descending && !a.by.IsNull() && !b.by.IsNull() {
			c = -c
		}
		if c == 0 {
			c = value.Compare(a.rec.At(0), b.rec.At(0))
		}
		return c
	})
	out := make([]value.Record, len(list))
	for i, r := range list {
		out[i] = r.rec
	}
	return out, nil
}

// severalText says which candidates there are.
func severalText(what string, ids []string) string {
	const most = 5
	list := strings.Join(ids[:min(len(ids), most)], ", ")
	if len(ids) > most {
		list += fmt.Sprintf(" and %d more", len(ids)-most)
	}
	return fmt.Sprintf("%d records match %s: %s", len(ids), what, list)
}
