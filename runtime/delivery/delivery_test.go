package delivery

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/syncline/syncline/connectors"
	"github.com/syncline/syncline/lang/schema"
	"github.com/syncline/syncline/lang/value"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// target is a scripted writer: answer gives the results of a call, by the ids of its records.
type target struct {
	mu     sync.Mutex
	calls  []string
	answer func(n int, w connectors.Write) ([]connectors.Result, error)
}

func (x *target) Write(_ context.Context, w connectors.Write) ([]connectors.Result, error) {
	x.mu.Lock()
	text := w.Op.String()
	for _, r := range w.Records {
		text += " " + name(r)
	}
	x.calls = append(x.calls, text)
	n := len(x.calls)
	x.mu.Unlock()
	return x.answer(n, w)
}

func name(r connectors.Record) string {
	if r.ID != "" {
		return r.ID
	}
	return r.Fields[0].Value.String()
}

func fine(w connectors.Write) []connectors.Result {
	out := make([]connectors.Result, len(w.Records))
	for i, r := range w.Records {
		out[i].ID = "t" + name(r)
		if r.ID != "" {
			out[i].ID = r.ID
		}
	}
	return out
}

func failure(c connectors.Class) *connectors.Error {
	return &connectors.Error{Class: c, Message: c.String()}
}

func updates(ids ...string) (out []Change) {
	for _, id := range ids {
		out = append(out, Change{Op: connectors.Update, ID: id, Order: "s" + id, Fields: []connectors.Field{{Name: "A", Value: value.Int(1)}}})
	}
	return out
}

func creates(keys ...string) (out []Change) {
	for _, k := range keys {
		out = append(out, Change{Op: connectors.Create, Order: k, Fields: []connectors.Field{{Name: "A", Value: value.Text(k)}}})
	}
	return out
}

func deliverer(x *target, waits *[]time.Duration) *Deliverer {
	return &Deliverer{
		Target: Target{Name: "crm", Object: &schema.Object{Name: "Account"}, Writer: x, Limits: connectors.Limits{WriteBatch: 4, Parallel: 1}},
		Random: func() float64 { return 1 },
		Sleep: func(ctx context.Context, d time.Duration) error {
			*waits = append(*waits, d)
			return ctx.Err()
		},
	}
}

func statuses(out []Outcome) (s string) {
	for _, o := range out {
		s += string("-WMRD"[o.Status])
	}
	return s
}

func TestOutcomes(t *testing.T) {
	one := func(at string, err *connectors.Error) func(int, connectors.Write) ([]connectors.Result, error) {
		return func(_ int, w connectors.Write) ([]connectors.Result, error) {
			out := fine(w)
			for i, r := range w.Records {
				if name(r) == at {
					out[i] = connectors.Result{Err: err}
				}
			}
			return out, nil
		}
	}
	first := func(n int, err error) func(int, connectors.Write) ([]connectors.Result, error) {
		return func(call int, w connectors.Write) ([]connectors.Result, error) {
			if call <= n {
				return nil, err
			}
			return fine(w), nil
		}
	}
	poisoned := func(class connectors.Class) func(int, connectors.Write) ([]connectors.Result, error) {
		return func(_ int, w connectors.Write) ([]connectors.Result, error) {
			for _, r := range w.Records {
				if name(r) == "c" {
					return nil, failure(class)
				}
			}
			return fine(w), nil
		}
	}
	short := failure(connectors.Limit)
	short.RetryAfter = 5 * time.Second
	long := failure(connectors.Limit)
	long.RetryAfter = time.Hour
	asked := failure(connectors.Retry)
	asked.RetryAfter = 90 * time.Second
	five := []string{"a", "b", "c", "d", "e"}
	deletes := updates(five...)
	for i := range deletes {
		deletes[i].Op = connectors.Delete
	}
	tests := []struct {
		name    string
		changes []Change
		answer  func(int, connectors.Write) ([]connectors.Result, error)
		want    string
		calls   int
		stop    string // "": none, "wait", "fail"
		wait    time.Duration
	}{
		{"all go through", updates(five...), first(0, nil), "WWWWW", 2, "", 0},
		{"one is refused", updates(five...), one("b", failure(connectors.Reject)), "WRWWW", 2, "", 0},
		{"one may never be written", updates(five...), one("b", failure(connectors.Permanent)), "WRWWW", 2, "", 0},
		{"one is gone", updates(five...), one("b", failure(connectors.Gone)), "WMWWW", 2, "", 0},
		{"one to delete is gone", deletes, one("b", failure(connectors.Gone)), "WWWWW", 2, "", 0},
		{"one stays locked", updates(five...), one("b", failure(connectors.Retry)), "WRWWW", 7, "", 500 * time.Millisecond},
		{"one update is in doubt", updates(five...), one("b", failure(connectors.InDoubt)), "WRWWW", 7, "", 500 * time.Millisecond},
		{"a call is worth another try", updates(five...), first(2, failure(connectors.Retry)), "WWWWW", 4, "", 500 * time.Millisecond},
		{"the system asks for time", updates(five...), first(1, asked), "WWWWW", 3, "", 90 * time.Second},
		{"any error is worth another try", updates(five...), first(2, errors.New("odd")), "WWWWW", 4, "", 500 * time.Millisecond},
		{"a quota that comes back soon", updates(five...), first(3, short), "WWWWW", 5, "", 5 * time.Second},
		{"a quota that does not", updates(five...), first(99, long), "-----", 1, "wait", 0},
		{"a quota for one record", updates(five...), one("b", long), "W-WW-", 1, "wait", 0},
		{"credentials", updates(five...), first(99, failure(connectors.Auth)), "-----", 1, "fail", 0},
		{"the call is wrong", updates(five...), first(99, failure(connectors.Permanent)), "-----", 3, "fail", 0},
		{"the target is down", updates(five...), first(99, failure(connectors.Retry)), "-----", 8, "wait", 500 * time.Millisecond},
		{"one record spoils the call", updates(five...), poisoned(connectors.Reject), "WWRWW", 6, "", 0},
		{"one record makes the call permanent", updates(five...), poisoned(connectors.Permanent), "WWRWW", 6, "", 0},
		{"one record brings the server down", updates(five...), poisoned(connectors.Retry), "WWRWW", 11, "", 500 * time.Millisecond},
		{"creates without a way to look", creates(five...), one("b", failure(connectors.InDoubt)), "WDWWW", 2, "", 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			x := &target{answer: tt.answer}
			var waits []time.Duration
			out, stop := deliverer(x, &waits).Deliver(context.Background(), tt.changes)
			if got := statuses(out); got != tt.want {
				t.Errorf("outcomes %s, want %s; calls %q", got, tt.want, x.calls)
			}
			if len(x.calls) != tt.calls {
				t.Errorf("%d calls, want %d: %q", len(x.calls), tt.calls, x.calls)
			}
			kind := ""
			if stop != nil {
				kind = map[bool]string{true: "wait", false: "fail"}[stop.Wait]
			}
			if kind != tt.stop {
				t.Errorf("stop %v, want %q", stop, tt.stop)
			}
			if tt.wait > 0 && (len(waits) == 0 || waits[0] != tt.wait) || tt.wait == 0 && len(waits) > 0 {
				t.Errorf("waits %v, want %v first", waits, tt.wait)
			}
		})
	}
}

func TestCreatesInDoubtAreLookedUpFirst(t *testing.T) {
	tests := []struct {
		name, want string
		found      Found
		calls      int
	}{
		{"was carried out", "WWWWW", Found{ID: "x", Found: true, Decided: true}, 2},
		{"was not", "WWWWW", Found{Decided: true}, 3},
		{"cannot be told", "WDWWW", Found{}, 2},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			x := &target{answer: func(n int, w connectors.Write) ([]connectors.Result, error) {
				out := fine(w)
				if n == 1 {
					out[1] = connectors.Result{Err: failure(connectors.InDoubt)}
				}
				return out, nil
			}}
			var waits []time.Duration
			d := deliverer(x, &waits)
			var asked []string
			d.Look = func(_ context.Context, c []Change) ([]Found, error) {
				for _, one := range c {
					asked = append(asked, one.Order)
				}
				return []Found{tt.found}, nil
			}
			out, stop := d.Deliver(context.Background(), creates("a", "b", "c", "d", "e"))
			if stop != nil || statuses(out) != tt.want || len(x.calls) != tt.calls || fmt.Sprint(asked) != "[b]" {
				t.Errorf("%s, %v, calls %q, asked %v", statuses(out), stop, x.calls, asked)
			}
			if tt.found.Found && out[1].ID != "x" {
				t.Errorf("id %q", out[1].ID)
			}
		})
	}
}

func TestADeliveryThatStopsWhileLookingLeavesTheDoubt(t *testing.T) {
	x := &target{answer: func(int, connectors.Write) ([]connectors.Result, error) { return nil, failure(connectors.InDoubt) }}
	var waits []time.Duration
	d := deliverer(x, &waits)
	d.Look = func(context.Context, []Change) ([]Found, error) { return nil, failure(connectors.Auth) }
	out, stop := d.Deliver(context.Background(), creates("a", "b"))
	if stop == nil || statuses(out) != "--" || !out[0].InDoubt || !out[1].InDoubt {
		t.Errorf("%+v %v", out, stop)
	}
}

func TestChangesOfOneRecordKeepTheirOrder(t *testing.T) {
	changes := append(updates("a", "b", "a", "c", "a"), Change{Op: connectors.Delete, ID: "b"})
	x := &target{answer: func(_ int, w connectors.Write) ([]connectors.Result, error) { return fine(w), nil }}
	var waits []time.Duration
	d := deliverer(x, &waits)
	d.Target.Limits.Parallel = 8
	out, stop := d.Deliver(context.Background(), changes)
	if stop != nil || statuses(out) != "WWWWWW" {
		t.Fatalf("%s %v", statuses(out), stop)
	}
	if got := waves(changes); fmt.Sprint(got) != "[[0 1 3] [2 5] [4]]" {
		t.Errorf("waves %v", got)
	}
}

func TestAnInterruptionFinishesTheCallUnderWay(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	x := &target{}
	x.answer = func(_ int, w connectors.Write) ([]connectors.Result, error) {
		cancel()
		return fine(w), nil
	}
	var waits []time.Duration
	out, stop := deliverer(x, &waits).Deliver(ctx, updates("a", "b", "c", "d", "e", "f"))
	if statuses(out) != "WWWW--" || stop == nil || !stop.Canceled {
		t.Errorf("%s %v", statuses(out), stop)
	}
}

func TestBackoff(t *testing.T) {
	r := Retry{Base: time.Second, Max: 10 * time.Second}
	for n, want := range []time.Duration{1: time.Second, 2: 2 * time.Second, 3: 4 * time.Second, 4: 8 * time.Second, 5: 10 * time.Second, 60: 10 * time.Second} {
		if n == 0 || want == 0 {
			continue
		}
		if got := r.Backoff(n, 0, 1); got != want {
			t.Errorf("try %d waits %s, want %s", n, got, want)
		}
		if got := r.Backoff(n, 0, 0); got != want/2 {
			t.Errorf("try %d waits at least %s, want %s", n, got, want/2)
		}
	}
	if got := r.Backoff(1, time.Minute, 0); got != time.Minute {
		t.Errorf("asked for a minute, waits %s", got)
	}
}

func TestAllowed(t *testing.T) {
	tests := []struct {
		allow         []string
		object, field string
		want          bool
	}{
		{nil, "Account", "Name", true},
		{[]string{}, "Account", "Name", false},
		{[]string{"Account.*__c"}, "Account", "Score__c", true},
		{[]string{"Account.*__c"}, "Account", "Name", false},
		{[]string{"Account.*__c"}, "Account", "", true},
		{[]string{"Account.*__c"}, "Contact", "Score__c", false},
		{[]string{"Task.*"}, "Task", "Subject", true},
		{[]string{"Task"}, "Task", "Subject", true},
		{[]string{"*.Owner*Id"}, "Task", "OwnerXId", true},
		{[]string{"*.Owner*Id"}, "Task", "OwnerI", false},
		{[]string{"A.ab*ba"}, "A", "aba", false},
		{[]string{"A.a*b*c"}, "A", "a1b2b3c", true},
	}
	for _, tt := range tests {
		if got := Allowed(tt.allow, tt.object, tt.field); got != tt.want {
			t.Errorf("%v allows %s.%s: %v", tt.allow, tt.object, tt.field, got)
		}
	}
}

// A target that takes long to fail is not asked as often as one that fails at once, and the connector below sends
// each request once.
func TestPatienceEndsBeforeTheAttempts(t *testing.T) {
	for _, tt := range []struct {
		patience time.Duration
		calls    int
	}{{time.Nanosecond, 1}, {time.Hour, 6}} {
		var waits []time.Duration
		x := &target{answer: func(int, connectors.Write) ([]connectors.Result, error) { return nil, failure(connectors.Retry) }}
		d := deliverer(x, &waits)
		d.Retry.Patience = tt.patience
		d.Target.Writer = onceWriter{t, x}
		out, stop := d.Deliver(t.Context(), updates("1"))
		if len(x.calls) != tt.calls || len(waits) != tt.calls-1 || stop == nil || !stop.Wait || statuses(out) != "-" {
			t.Errorf("patience %v: calls %v, waits %v, %s, %v", tt.patience, x.calls, waits, statuses(out), stop)
		}
	}
}

type onceWriter struct {
	t *testing.T
	connectors.Writer
}

func (w onceWriter) Write(ctx context.Context, write connectors.Write) ([]connectors.Result, error) {
	if !connectors.IsOnce(ctx) {
		w.t.Error("the connector would try again too")
	}
	return w.Writer.Write(ctx, write)
}
