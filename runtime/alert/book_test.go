package alert

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/syncline/syncline/lang/plan"
)

var start = time.Date(2026, 3, 1, 10, 0, 0, 0, time.UTC)

func failed(rule string) Trouble {
	return Trouble{Event: plan.AlertFailed, Rule: rule, What: "its run failed: it broke", Since: start}
}

// reader is an alert with its page, read minute by minute.
type reader struct {
	t    *testing.T
	a    *plan.Alert
	book *Book
	now  time.Time
}

func newReader(t *testing.T, a *plan.Alert) *reader {
	b, err := ParseBook(nil)
	if err != nil {
		t.Fatal(err)
	}
	a.Name = "ops"
	return &reader{t, a, b, start}
}

// look goes on by d, looks, and gives what is told, which arrives. The book goes through its document each time, as it
// does over a restart.
func (r *reader) look(d time.Duration, troubles ...Trouble) string {
	r.t.Helper()
	r.now = r.now.Add(d)
	data, err := r.book.Encode()
	if err != nil {
		r.t.Fatal(err)
	}
	if r.book, err = ParseBook(data); err != nil {
		r.t.Fatal(err)
	}
	p := r.book.Page(r.a)
	p.Look(r.a, troubles, r.now)
	if p.Pending == nil {
		return ""
	}
	defer p.Sent()
	return p.Pending.Subject + "\n" + p.Pending.Text
}

func (r *reader) silent(d time.Duration, troubles ...Trouble) {
	r.t.Helper()
	if got := r.look(d, troubles...); got != "" {
		r.t.Fatalf("told at %s: %s", r.now.Format(time.TimeOnly), got)
	}
}

func (r *reader) tells(want string, d time.Duration, troubles ...Trouble) {
	r.t.Helper()
	if got := r.look(d, troubles...); got != want {
		r.t.Fatalf("told:\n%s\nwant:\n%s", got, want)
	}
}

func TestTroubleIsToldOnceAndOver(t *testing.T) {
	r := newReader(t, &plan.Alert{On: []plan.AlertEvent{plan.AlertFailed}})
	r.silent(0)
	r.tells("Syncline: trouble with 2 things\nTrouble:\n• sync.a: its run failed: it broke (since 10:00 UTC)\n• sync.b: its run failed: it broke (since 10:00 UTC)",
		time.Minute, failed("sync.b"), failed("sync.a"))
	for range 100 {
		r.silent(time.Minute, failed("sync.a"), failed("sync.b"))
	}
	r.silent(time.Minute, failed("sync.b")) // perhaps it comes back
	r.tells("Syncline: sync.a: failed, over\nOver:\n• sync.a: failed, over after 1h42m", time.Minute, failed("sync.b"))
	r.silent(time.Minute, failed("sync.b"))
	r.silent(10 * time.Second)
	r.silent(10*time.Second, failed("sync.b")) // it came back: the same trouble
	for range 10 {
		r.silent(time.Minute, failed("sync.b"))
	}
	r.silent(time.Minute)
	r.tells("Syncline: sync.b: failed, over\nOver:\n• sync.b: failed, over after 1h55m", time.Minute)
	if len(r.book.Page(r.a).Open) != 0 {
		t.Fatal("what is over is remembered")
	}
}

func TestRepeat(t *testing.T) {
	r := newReader(t, &plan.Alert{On: []plan.AlertEvent{plan.AlertFailed}, Repeat: time.Hour})
	if r.look(0, failed("sync.a")) == "" {
		t.Fatal("not told")
	}
	r.silent(59*time.Minute, failed("sync.a"))
	r.tells("Syncline: sync.a: failed\nStill:\n• sync.a: its run failed: it broke (since 10:00 UTC)", time.Minute, failed("sync.a"))
	r.silent(59*time.Minute, failed("sync.a"))
}

func TestAnAlertHearsOfItsOwn(t *testing.T) {
	r := newReader(t, &plan.Alert{On: []plan.AlertEvent{plan.AlertFailed, plan.AlertReload}, Rules: []string{"sync.a"}})
	r.silent(0, failed("sync.b"), Trouble{Event: plan.AlertDead, Rule: "sync.a", What: "3 records"})
	if got := r.look(time.Minute, failed("sync.a"), failed("sync.b"), Trouble{Event: plan.AlertReload, What: "the files have 2 errors"}); strings.Contains(got, "sync.b") ||
		!strings.Contains(got, "• the files have 2 errors (since") {
		t.Fatal(got)
	}
}

func TestAPromiseStaysMissedForAWhile(t *testing.T) {
	r := newReader(t, &plan.Alert{On: []plan.AlertEvent{plan.AlertSLO}})
	late := Trouble{Event: plan.AlertSLO, Rule: "sync.a", What: "late", Since: start, Until: start.Add(15 * time.Minute)}
	if r.look(0, late) == "" {
		t.Fatal("not told")
	}
	for range 14 { // a restart forgets that it was missed
		r.silent(time.Minute)
	}
	r.silent(time.Minute)
	if got := r.look(time.Minute); !strings.Contains(got, "Over:") {
		t.Fatalf("it is not over: %q", got)
	}
}

func TestManyTroublesAreOneMessage(t *testing.T) {
	r := newReader(t, &plan.Alert{On: []plan.AlertEvent{plan.AlertFailed}})
	var all []Trouble
	for i := range 50 {
		x := failed(fmt.Sprintf("sync.r%02d", i))
		x.What = strings.Repeat("long\n", 1000)
		all = append(all, x)
	}
	got := r.look(0, all...)
	if lines := strings.Split(got, "\n"); len(lines) != 23 || lines[22] != "• and 30 more" || len(got) > 8000 {
		t.Fatalf("%d lines, %d bytes: %s", len(lines), len(got), got)
	}
}

// Whatever comes and goes: each trouble is told before it is over, and no more often than that.
func TestNothingIsToldTwice(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		r := newReader(t, &plan.Alert{On: []plan.AlertEvent{plan.AlertFailed}})
		told := map[string]bool{}
		for range rapid.IntRange(1, 60).Draw(rt, "looks") {
			var there []Trouble
			for _, rule := range []string{"sync.a", "sync.b", "sync.c"} {
				if rapid.Bool().Draw(rt, rule) {
					there = append(there, failed(rule))
				}
			}
			text := r.look(time.Duration(rapid.IntRange(1, 90).Draw(rt, "seconds"))*time.Second, there...)
			begun, over, _ := strings.Cut(text, "Over:")
			for _, rule := range []string{"sync.a", "sync.b", "sync.c"} {
				if strings.Contains(begun, "• "+rule) {
					if told[rule] {
						rt.Fatalf("%s is told twice", rule)
					}
					told[rule] = true
				}
				if strings.Contains(over, "• "+rule) {
					if !told[rule] {
						rt.Fatalf("%s is over and was never told", rule)
					}
					told[rule] = false
				}
			}
			for _, x := range there {
				if !told[x.Rule] {
					rt.Fatalf("%s is not told", x.Rule)
				}
			}
		}
	})
}

func TestGap(t *testing.T) {
	for _, tt := range []struct {
		crons []string
		want  time.Duration
	}{
		{[]string{"*/5 * * * *"}, 5 * time.Minute},
		{[]string{"0 3 * * *"}, 24 * time.Hour},
		{[]string{"0 9-17 * * 1-5"}, 64 * time.Hour},
		{[]string{"0 3 * * *", "*/10 * * * *"}, 10 * time.Minute},
		{[]string{"@every 30s"}, 30 * time.Second},
		{nil, 0},
	} {
		var schedules []plan.Schedule
		for _, c := range tt.crons {
			schedules = append(schedules, plan.Schedule{Cron: c, Zone: time.UTC})
		}
		if got := Gap(schedules, start); got != tt.want {
			t.Errorf("%v: %s, want %s", tt.crons, got, tt.want)
		}
	}
}
