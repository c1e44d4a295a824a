package check

import (
	"fmt"
	"math"
	"slices"
	"strings"
)

// usage is what one rule asks of one connection on an average day, in calls.
type usage struct {
	rule  *head
	calls float64
	why   string
}

// forecast compares the calls a day that schedules need at least with each connection's limit. It counts what is
// certain: reading the source at each run, and reading both sides in full passes. Look-ups and writes depend on how
// much changes and come on top.
func (c *checker) forecast() {
	for _, conn := range c.module.Connections {
		limit := conn.Limits.CallsPerDay
		if limit <= 0 {
			continue
		}
		var uses []usage
		total := 0.0
		for _, s := range c.program.Syncs {
			if !s.Decl.Enabled || s.Decl.Manual {
				continue
			}
			for _, u := range s.usage(conn.Name) {
				uses = append(uses, u)
				total += u.calls
			}
		}
		for _, t := range c.program.Triggers {
			if !t.Decl.Enabled || t.Decl.Manual {
				continue
			}
			for _, u := range readUsage(t.head(), t.On, t.Schedules, conn.Name) {
				uses = append(uses, u)
				total += u.calls
			}
		}
		if total <= float64(limit) {
			continue
		}
		slices.SortStableFunc(uses, func(a, b usage) int { return int(math.Copysign(1, b.calls-a.calls)) })
		c.report(warnForecast(conn, total, uses))
	}
}

// usage lists what the rule asks of a connection.
func (s *Sync) usage(connection string) (out []usage) {
	_, full := s.perDay()
	out = readUsage(s.head(), s.From, s.Schedules, connection)
	if s.From.Object != nil && s.From.Object.Modified == "" && s.From.connection() == connection {
		full = 0 // every read is one
	}
	if s.To.connection() == connection && s.To.Object != nil && s.To.Catalog.ReadPage > 0 && full > 0 {
		out = append(out, usage{s.head(), full * pagesOf(s.To), "full passes over " + s.To.Ref.Name})
	}
	return out
}

// readUsage is what reading the records of an object by schedules takes.
func readUsage(h *head, e End, schedules []*Schedule, connection string) []usage {
	if e.connection() != connection || e.Object == nil || e.Catalog.ReadPage <= 0 {
		return nil
	}
	runs, full := perDay(schedules)
	pages := pagesOf(e)
	each, why := 1.0, "changed records"
	if e.Object.Modified == "" {
		each, why = pages, fmt.Sprintf("all records, %s a read: %s has no field that tells what changed", calls(pages), e.Ref.Name)
		full = 0
	}
	if n := runs*each + full*(pages-1); n > 0 {
		return []usage{{h, n, why}}
	}
	return nil
}

// pagesOf is the number of calls that reading all records takes, at least one.
func pagesOf(e End) float64 {
	return max(1, math.Ceil(float64(e.Object.Count)/float64(e.Catalog.ReadPage)))
}

func calls(n float64) string {
	if n == 1 {
		return "1 call"
	}
	return fmt.Sprintf("%s calls", thousands(n))
}

func thousands(n float64) string {
	text := fmt.Sprintf("%.0f", math.Ceil(n))
	var b strings.Builder
	for i, r := range text {
		if i > 0 && (len(text)-i)%3 == 0 {
			b.WriteByte(',')
		}
		b.WriteRune(r)
	}
	return b.String()
}
