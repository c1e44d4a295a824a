package salesforce

import (
	"strconv"
	"strings"
	"time"
)

// window reads start and end of a replication call.
func (s *System) window(req *request, days int) (from, to int64, err *apiError) {
	start, okStart := parseInstant(strings.ReplaceAll(req.query.Get("start"), " ", "+"))
	end, okEnd := parseInstant(strings.ReplaceAll(req.query.Get("end"), " ", "+"))
	now := s.options.Now()
	switch {
	case !okStart || !okEnd:
		return 0, 0, fail("INVALID_REPLICATION_DATE", "start and end must be dates in ISO 8601")
	case end.Sub(start) < time.Minute:
		return 0, 0, fail("INVALID_REPLICATION_DATE", "endDate must be at least one minute after startDate")
	case start.Before(now.AddDate(0, 0, -days)):
		return 0, 0, fail("INVALID_REPLICATION_DATE", "startDate cannot be more than "+strconv.Itoa(days)+" days ago")
	}
	// Seconds are ignored.
	return start.Unix() / 60 * 60, end.Unix() / 60 * 60, nil
}

// updated lists what was changed in a span of time.
func (s *System) updated(req *request, t *table) *response {
	from, to, err := s.window(req, 30)
	if err != nil {
		return refused(err)
	}
	ids := []string{}
	for _, c := range t.changes[t.since(from):] {
		if r := t.rows[c.rec]; r.changed == c.at && !r.deleted && c.at < to {
			ids = append(ids, t.id(r.num))
		}
	}
	return ok(map[string]any{"ids": ids, "latestDateCovered": s.covered(to)}).counting(len(ids))
}

// covered is how far an answer reaches: not beyond now.
func (s *System) covered(to int64) string {
	return string(appendTime(nil, min(to, s.options.Now().Unix()/60*60)))
}

// deleted lists what was deleted in a span of time.
func (s *System) deleted(req *request, t *table) *response {
	from, to, err := s.window(req, 15)
	if err != nil {
		return refused(err)
	}
	type gone struct {
		ID   string `json:"id"`
		Date string `json:"deletedDate"`
	}
	list := []gone{}
	for _, c := range t.changes[t.since(from):] {
		if r := t.rows[c.rec]; r.changed == c.at && r.deleted && c.at < to {
			list = append(list, gone{t.id(r.num), string(appendTime(nil, c.at))})
		}
	}
	return ok(map[string]any{"deletedRecords": list, "earliestDateAvailable": string(appendTime(nil, s.started.Unix()/60*60-86400)),
		"latestDateCovered": s.covered(to)}).counting(len(list))
}
