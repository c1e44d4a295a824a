package runtime

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/syncline/syncline/connectors"
	"github.com/syncline/syncline/lang/expr"
	"github.com/syncline/syncline/lang/plan"
	"github.com/syncline/syncline/lang/schema"
	"github.com/syncline/syncline/lang/value"
	"github.com/syncline/syncline/runtime/alert"
	"github.com/syncline/syncline/runtime/server"
)

const (
	// alertsEvery is how often it is looked for trouble: what begins in between is told together.
	alertsEvery = 10 * time.Second
	// alertsSnapshot is where in the state stands what was told.
	alertsSnapshot = "alerts"
	// sendDeadline ends one try to send; the longest turn of a connection's own pace is a minute and a half.
	sendDeadline = 2 * time.Minute
	// unanswered is how long a message may be under way before it is asked whether it arrived.
	unanswered = 10 * time.Second
	// sendAgain is the longest wait between two tries.
	sendAgain = 10 * time.Minute
)

// alertDesk tells people of trouble.
type alertDesk struct {
	s    *Server
	book *alert.Book
	// good is when rules last ended well, as far as was looked; gaps are their schedules' longest gaps.
	good map[string]time.Time
	gaps map[string]time.Duration

	mu sync.Mutex
	// shown is what is not over, for whoever asks while the desk works.
	shown []server.Alert
}

func newAlertDesk(s *Server) *alertDesk {
	return &alertDesk{s: s, good: map[string]time.Time{}, gaps: map[string]time.Duration{}}
}

// run looks for trouble until ctx ends.
func (d *alertDesk) run(ctx context.Context) {
	tick := time.NewTicker(alertsEvery)
	defer tick.Stop()
	for {
		d.look(ctx)
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// look looks for trouble once, and tells what there is to tell.
func (d *alertDesk) look(ctx context.Context) {
	d.s.mu.Lock()
	set := d.s.set
	d.s.mu.Unlock()
	if set == nil || !d.load(ctx) {
		return
	}
	defer d.show(set)
	changed := d.book.Keep(set.Alerts)
	if len(set.Alerts) == 0 {
		if changed {
			d.save(ctx)
		}
		return
	}
	now := d.s.r.o.Now().UTC()
	known := len(d.book.Known)
	troubles, ok := d.troubles(ctx, set, now)
	if !ok {
		return // the state does not answer: what is not seen is not over
	}
	changed = changed || len(d.book.Known) != known
	for _, a := range set.Alerts {
		seen := slices.Clone(troubles)
		if slices.Contains(a.On, plan.AlertStale) {
			seen = append(seen, d.stale(ctx, set, a, now)...)
		}
		changed = d.book.Page(a).Look(a, seen, now) || changed
	}
	if changed && !d.save(ctx) {
		return // nothing is told that a restart would not know of
	}
	for _, a := range set.Alerts {
		if ctx.Err() == nil {
			d.tell(ctx, set, a)
		}
	}
}

// show publishes what is not over.
func (d *alertDesk) show(set *plan.Set) {
	shown := []server.Alert{}
	for _, a := range set.Alerts {
		for _, x := range d.book.Page(a).Now() {
			shown = append(shown, server.Alert{Alert: a.ID(), Event: x.Event, Rule: x.Rule, What: x.What, Since: x.Since, Told: instant(x.Told)})
		}
	}
	d.mu.Lock()
	d.shown = shown
	d.mu.Unlock()
	d.s.metrics.OpenAlerts(shown)
}

// open is what is not over, as of the last look.
func (d *alertDesk) open() []server.Alert {
	d.mu.Lock()
	defer d.mu.Unlock()
	return append([]server.Alert{}, d.shown...)
}

// load reads what was told, once.
func (d *alertDesk) load(ctx context.Context) bool {
	if d.book != nil {
		return true
	}
	data, err := d.s.store.Snapshot(ctx, alertsSnapshot)
	if err != nil {
		d.s.log.Warn("it cannot be read which alerts were told", "error", err)
		return false
	}
	book, err := alert.ParseBook(data)
	if err != nil {
		d.s.log.Warn("alerts begin anew", "error", err)
	}
	d.book = book
	return true
}

func (d *alertDesk) save(ctx context.Context) bool {
	data, err := d.book.Encode()
	if err == nil {
		err = d.s.store.SaveSnapshot(context.WithoutCancel(ctx), alertsSnapshot, data)
	}
	if err != nil {
		d.s.log.Error("it cannot be stored which alerts were told", "error", err)
	}
	return err == nil
}

// tell sends an alert's pending message. Where an answer was lost and the system cannot be asked for the message, it is sent
// again: what people hear twice is better than what they never hear.
func (d *alertDesk) tell(ctx context.Context, set *plan.Set, a *plan.Alert) {
	page := d.book.Page(a)
	m, now := page.Pending, d.s.r.o.Now().UTC()
	if m == nil || now.Before(m.Next) {
		return
	}
	conn, release, err := d.s.r.Use(ctx, set.Connection(a.Via))
	if err != nil {
		d.later(ctx, a, m, err, now)
		return
	}
	defer release()
	sender, ok := conn.(connectors.Sender)
	if !ok {
		d.later(ctx, a, m, fmt.Errorf("%s sends no messages", a.Via), now)
		return
	}
	message, err := d.message(set, a, m)
	if err != nil {
		d.later(ctx, a, m, err, now)
		return
	}
	limited, cancel := context.WithTimeout(ctx, sendDeadline)
	defer cancel()
	if !m.Tried.IsZero() && arrived(limited, conn, message, m.Tried) {
		d.told(ctx, a, m)
		return
	}
	if m.Tried.IsZero() {
		m.Tried = now
		if !d.save(ctx) {
			return
		}
	}
	if _, err := sender.Send(limited, message); err != nil {
		d.later(ctx, a, m, err, now)
		return
	}
	d.told(ctx, a, m)
}

// arrived asks whether a message arrived whose answer is not known.
func arrived(ctx context.Context, conn connectors.Connection, m connectors.Message, since time.Time) bool {
	tracer, ok := conn.(connectors.Tracer)
	if !ok {
		return false
	}
	_, found, err := tracer.Trace(ctx, m, since)
	return err == nil && found
}

func (d *alertDesk) told(ctx context.Context, a *plan.Alert, m *alert.Message) {
	d.s.metrics.Alert(a.Name, true)
	d.s.log.Info("an alert was told", "alert", a.ID(), "about", m.Subject)
	d.book.Page(a).Sent()
	d.save(ctx)
}

// later notes that a message could not be sent, and when it is worth another try.
func (d *alertDesk) later(ctx context.Context, a *plan.Alert, m *alert.Message, err error, now time.Time) {
	if ctx.Err() != nil {
		return
	}
	e := connectors.AsError(err)
	wait := min(unanswered<<min(m.Tries, 10), sendAgain)
	if e.Class != connectors.Retry && e.Class != connectors.InDoubt {
		wait = max(wait, time.Minute)
	}
	m.Tries++
	m.Next = now.Add(max(wait, e.RetryAfter))
	d.s.metrics.Alert(a.Name, false)
	d.s.log.Error("an alert cannot be told", "alert", a.ID(), "via", a.Via, "about", m.Subject, "error", err, "again", m.Next)
	d.save(ctx)
}

// message makes the message of an alert: its arguments as written, and the text.
func (d *alertDesk) message(set *plan.Set, a *plan.Alert, m *alert.Message) (connectors.Message, error) {
	out := connectors.Message{Key: m.Key, Arguments: map[string]value.Value{}, Named: map[string][]connectors.Field{}}
	frame := &expr.Frame{Now: d.s.r.o.Now()}
	for _, arg := range a.Args {
		var list []value.Value
		for _, v := range arg.Values {
			x, err := v.Value.Eval(frame)
			if err != nil {
				return out, fmt.Errorf("%s: %w", arg.Name, err)
			}
			list = append(list, x.Clone())
			if arg.Form == schema.NamedValues {
				out.Named[arg.Name] = append(out.Named[arg.Name], connectors.Field{Name: v.Name, Value: list[len(list)-1]})
			}
		}
		switch {
		case arg.Form == schema.NamedValues:
		case len(list) == 1:
			out.Arguments[arg.Name] = list[0]
		default:
			out.Arguments[arg.Name] = value.List(list)
		}
	}
	sending := d.s.r.o.Registry[set.Connection(a.Via).System].Send
	if sending != nil && sending.Argument("subject") != nil {
		out.Arguments["subject"] = value.Text(m.Subject)
		out.Arguments["text"] = value.Text(m.Text)
		return out, nil
	}
	out.Arguments["text"] = value.Text(m.Subject + "\n" + m.Text)
	return out, nil
}

// forget drops what is known of rules that are gone.
func (d *alertDesk) forget(rules map[string]Rule) {
	gone := func(id string) bool { _, there := rules[id]; return !there }
	maps.DeleteFunc(d.book.Known, func(id string, _ time.Time) bool { return gone(id) })
	maps.DeleteFunc(d.good, func(id string, _ time.Time) bool { return gone(id) })
}
