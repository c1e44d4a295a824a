package runtime

import (
	"cmp"
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/syncline/syncline/lang/diag"
	"github.com/syncline/syncline/lang/plan"
	"github.com/syncline/syncline/runtime/alert"
	"github.com/syncline/syncline/runtime/engine"
	"github.com/syncline/syncline/runtime/state"
)

const (
	// atStart is how long rules have after a start before one that has not run meanwhile counts as stale.
	atStart = 5 * time.Minute
	// sloQuiet is how long no promise must be missed until that is over, or its latency where that is longer.
	sloQuiet = 15 * time.Minute
)

// troubles are all that is wrong now, except for what is stale, which depends on the alert. ok is false where the state
// could not be read.
func (d *alertDesk) troubles(ctx context.Context, set *plan.Set, now time.Time) (out []alert.Trouble, ok bool) {
	rules := map[string]Rule{}
	for _, x := range Rules(set) {
		if x.Enabled() {
			rules[x.ID()] = x
			d.book.Since(x.ID(), now)
		}
	}
	d.forget(rules)
	dead, err := d.s.store.DeadCounts(ctx)
	if err != nil {
		return nil, d.unread(ctx, err)
	}
	waiting, err := engine.Awaiting(ctx, d.s.store, "")
	if err != nil {
		return nil, d.unread(ctx, err)
	}
	for id, x := range rules {
		if t, failed := d.failed(id); failed {
			out = append(out, t)
		}
		if n := dead[id]; n > 0 {
			what := fmt.Sprintf("%d records lie in the dead letters; `syncline dead list --rule %s` shows them", n, id)
			if n == 1 {
				what = fmt.Sprintf("a record lies in the dead letters; `syncline dead list --rule %s` shows it", id)
			}
			out = append(out, alert.Trouble{Event: plan.AlertDead, Rule: id, What: what, Since: now})
		}
		if t, missed := d.missed(id, x.Latency()); missed {
			out = append(out, t)
		}
	}
	for _, run := range waiting {
		if _, there := rules[run.Rule]; there {
			out = append(out, alert.Trouble{Event: plan.AlertWaiting, Rule: run.Rule, Since: run.Started,
				What: fmt.Sprintf("waits for an approval: %s; `syncline approve %s` lets it go", run.Why, run.ID)})
		}
	}
	if t, failed := d.reload(); failed {
		out = append(out, t)
	}
	return out, true
}

func (d *alertDesk) unread(ctx context.Context, err error) bool {
	if ctx.Err() == nil {
		d.s.log.Warn("it cannot be looked for trouble", "error", err)
	}
	return false
}

// failed tells whether a rule's last run failed. One that was stopped, or that waits, changes nothing of that.
func (d *alertDesk) failed(id string) (alert.Trouble, bool) {
	last, _ := d.s.board.of(id)
	if last == nil {
		return alert.Trouble{}, false
	}
	switch {
	case last.Status == state.Failed:
		return alert.Trouble{Event: plan.AlertFailed, Rule: id, What: "its run failed: " + cmp.Or(last.Why, "no reason is known"), Since: last.Started}, true
	case last.Status == state.Succeeded, last.Status == state.Partial, last.WaitsFor == state.WaitGuard:
		return alert.Trouble{}, false
	}
	return d.book.Open(plan.AlertFailed, id)
}

// missed tells whether a rule does not keep its promise.
func (d *alertDesk) missed(id string, latency time.Duration) (alert.Trouble, bool) {
	if latency == 0 {
		return alert.Trouble{}, false
	}
	status, late := d.s.promised(id, latency)
	if !late && (status.LastMissed == nil || d.s.r.o.Now().Sub(*status.LastMissed) > max(sloQuiet, latency)) {
		return alert.Trouble{}, false
	}
	t := alert.Trouble{Event: plan.AlertSLO, Rule: id, Since: d.s.r.o.Now()}
	t.What = fmt.Sprintf("a change waits for longer than the promised %s", alert.Span(latency))
	if status.LastMissed != nil {
		t.What = fmt.Sprintf("writes come later than the promised %s, the worst after %s", alert.Span(latency), alert.Span(time.Duration(status.WorstMS)*time.Millisecond))
		t.Since, t.Until = *status.LastMissed, status.LastMissed.Add(max(sloQuiet, latency))
	}
	return t, true
}

// reload tells whether the files are not those in force.
func (d *alertDesk) reload() (alert.Trouble, bool) {
	d.s.mu.Lock()
	last := d.s.last
	d.s.mu.Unlock()
	if last.OK || last.At.IsZero() {
		return alert.Trouble{}, false
	}
	what := "the files have errors, and the rules before them go on"
	for _, x := range last.Diagnostics {
		if x.Severity == diag.Error {
			if n := last.Diagnostics.Errors(); n > 1 {
				what += fmt.Sprintf("; the first of %d", n)
			}
			what += ": " + x.String()
			break
		}
	}
	if last.Err != nil {
		what = "the files could not be checked, and the rules before them go on: " + last.Err.Error()
	}
	return alert.Trouble{Event: plan.AlertReload, What: what, Since: last.At}, true
}

// stale are the rules that have not ended well for too long, by an alert's measure. A rule that only events start is stale
// by nothing but what the alert itself says; one that only people start never is.
func (d *alertDesk) stale(ctx context.Context, set *plan.Set, a *plan.Alert, now time.Time) (out []alert.Trouble) {
	rules := Rules(set)
	for _, x := range rules {
		if !x.Enabled() || x.Manual() || !alert.Concerns(a, alert.Trouble{Event: plan.AlertStale, Rule: x.ID()}) {
			continue
		}
		limit := alert.StaleAfter(a, d.gap(set, x, now, 0))
		if limit == 0 {
			continue
		}
		good := d.lastGood(ctx, x.ID(), now, limit)
		since := good
		if since.IsZero() {
			since = d.book.Since(x.ID(), now)
		}
		if now.Sub(since) < limit {
			continue
		}
		if _, open := d.book.Open(plan.AlertStale, x.ID()); !open && now.Sub(d.s.begun) < min(limit, atStart) {
			continue
		}
		what := "it has not ended well since " + good.UTC().Format("2006-01-02 15:04 UTC")
		if good.IsZero() {
			what = "it has never ended well"
		}
		out = append(out, alert.Trouble{Event: plan.AlertStale, Rule: x.ID(), What: what, Since: since.Add(limit)})
	}
	return out
}

// lastGood gives when a rule's last good run began. The state is asked only where what is known would be too old.
func (d *alertDesk) lastGood(ctx context.Context, id string, now time.Time, limit time.Duration) time.Time {
	if at, ok := d.good[id]; !ok || now.Sub(at) >= limit {
		d.good[id] = d.s.desk.slo.lastGood(ctx, id)
	}
	return d.good[id]
}

// gap is the longest time between two starts of a rule, in what is foreseeable: of one that runs after others, the longest of theirs.
func (d *alertDesk) gap(set *plan.Set, x Rule, now time.Time, depth int) (gap time.Duration) {
	var key strings.Builder
	for _, s := range x.Schedules() {
		fmt.Fprintf(&key, "%s %s\n", s.Cron, s.Zone)
	}
	if len(x.Schedules()) > 0 {
		if _, known := d.gaps[key.String()]; !known {
			d.gaps[key.String()] = alert.Gap(x.Schedules(), now)
		}
		return d.gaps[key.String()]
	}
	for _, id := range x.After() {
		if before, ok := ruleByID(set, id); ok && depth < 20 {
			gap = max(gap, d.gap(set, before, now, depth+1))
		}
	}
	return gap
}
