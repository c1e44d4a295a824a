package check

import (
	"fmt"
	"math"
	"slices"
	"strings"
)

// usage is what one rule asks of one connection on an average day, in calls.
type usage struct {
	sync  *Sync
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
		if total <= float64(limit) {
			continue
		}
		slices.SortStableFunc(uses, func(a, b usage) int { return int(math.Copysign(1, b.calls-a.calls)) })
		c.report(warnForecast(conn, total, uses))
	}
}

// usage lists what the rule asks of a connection.
func (s *Sync) usage(connection string) (out []usage) {
	runs, full := s.perDay()
	if s.From.connection() == connection && s.From.Object != nil && s.From.Catalog.ReadPage > 0 {
		pages := pagesOf(s.From)
		each, why := 1.0, "changed records"
		if s.From.Object.Modified == "" {
			each, why = pages, fmt.Sprintf("all records, %s a read: %s has no field that tells what changed", calls(pages), s.From.Ref.Name)
			full = 0
		}
		if n := runs*each + full*(pages-1); n > 0 {
			out = append(out, usage{s, n, why})
		}
	}
	if s.To.connection() == connection && s.To.Object != nil && s.To.Catalog.ReadPage > 0 && full > 0 {
		out = append(out, usage{s, full * pagesOf(s.To), "full passes over " + s.To.Ref.Name})
	}
	return out
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
