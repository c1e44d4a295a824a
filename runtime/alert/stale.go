package alert

import (
	"time"

	"github.com/syncline/syncline/lang/cron"
	"github.com/syncline/syncline/lang/plan"
)

// ticks is how many ticks are looked at for the longest gap: enough for two weeks of every hour.
const ticks = 400

// Gap gives the longest time between two ticks of a rule's schedules, as seen from an instant; zero when it has none. Of
// several schedules the one with the shortest counts.
func Gap(schedules []plan.Schedule, from time.Time) (gap time.Duration) {
	for _, s := range schedules {
		c, err := cron.Parse(s.Cron, s.Zone)
		if err != nil {
			continue
		}
		var widest time.Duration
		last := c.Next(from)
		for range ticks {
			next := c.Next(last)
			if last.IsZero() || next.IsZero() {
				break
			}
			widest = max(widest, next.Sub(last))
			last = next
		}
		if widest > 0 && (gap == 0 || widest < gap) {
			gap = widest
		}
	}
	return gap
}

// StaleAfter gives how long a rule may be without a good run before an alert calls it stale; zero: it never is.
func StaleAfter(a *plan.Alert, gap time.Duration) time.Duration {
	if a.Stale > 0 {
		return a.Stale
	}
	return 3 * gap
}
