package schedule

import (
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/syncline/syncline/lang/cron"
)

func parse(t interface{ Fatal(...any) }, text, zone string) *cron.Schedule {
	loc, err := time.LoadLocation(zone)
	if err != nil {
		t.Fatal(err)
	}
	s, err := cron.Parse(text, loc)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// world drives a core through a history and keeps account of what ran.
type world struct {
	t      *rapid.T
	core   *core
	disk   map[tickKey]time.Time
	now    time.Time
	high   time.Time
	rules  []Rule
	held   map[string]bool
	runs   []*active
	done   map[string]int // rule/schedule/instant → times it ended well
	starts int
}

func newWorld(t *rapid.T, workers int, rules []Rule, now time.Time) *world {
	w := &world{t: t, disk: map[tickKey]time.Time{}, now: now, high: now, rules: rules, held: map[string]bool{}, done: map[string]int{}}
	w.boot(workers)
	return w
}

// boot starts a process: all that it knows is on the disk.
func (w *world) boot(workers int) {
	w.core, w.runs = newCore(workers, 0), nil
	for k, at := range w.disk {
		w.core.stored[k] = at
	}
	for id := range w.held {
		w.core.held[id] = true
	}
	w.core.update(w.rules, w.now)
	w.look()
}

func (w *world) save() {
	for k, at := range w.core.unsaved() {
		w.disk[k] = at
	}
}

func (w *world) look() {
	todo := w.core.look(w.now)
	w.save()
	for _, run := range todo.start {
		w.check(run)
		w.runs = append(w.runs, run)
		w.starts++
	}
	if len(w.runs) > w.core.workers {
		w.t.Fatalf("%d runs with %d workers", len(w.runs), w.core.workers)
	}
}

func name(turn Turn) string {
	return fmt.Sprintf("%s/%s/%s", turn.Rule, turn.Schedule, turn.At.UTC().Format(time.RFC3339))
}

// check holds a run that begins to what must be true of every run.
func (w *world) check(run *active) {
	for _, other := range w.runs {
		if other.turn.Rule == run.turn.Rule {
			w.t.Fatalf("two runs of %s at once", run.turn.Rule)
		}
	}
	if w.held[run.turn.Rule] || w.held[""] {
		w.t.Fatalf("%s begins though it is paused", name(run.turn))
	}
	rule := w.core.rules[run.turn.Rule].rule
	for _, p := range rule.Pauses {
		if end := p.Until(w.now); !end.IsZero() {
			w.t.Fatalf("%s begins at %s in the window %s", name(run.turn), w.now, p.Name)
		}
	}
	if run.turn.Cause != ByTick {
		return
	}
	if run.turn.At.After(w.high) {
		w.t.Fatalf("%s begins at %s, before its time", name(run.turn), w.now)
	}
	c := run.slot.sched.Cron
	if !c.Next(run.turn.At.Add(-time.Nanosecond)).Equal(run.turn.At) {
		w.t.Fatalf("%s is no tick of %s", name(run.turn), c.Text())
	}
	if w.done[name(run.turn)] > 0 {
		w.t.Fatalf("%s runs again though it is done", name(run.turn))
	}
}

func (w *world) finish(i int, r Result) {
	run := w.runs[i]
	w.runs = append(w.runs[:i:i], w.runs[i+1:]...)
	if r == Done || r == Failed {
		w.done[name(run.turn)]++
	}
	w.core.settle(run, End{Result: r}, w.now)
	w.save()
	w.core.release(run)
}

// pass lets time pass; back is a clock that is put back a little.
func (w *world) pass(d time.Duration) {
	w.now = w.now.Add(d)
	if w.now.After(w.high) {
		w.high = w.now
	}
	w.look()
}

// rest ends all runs well until nothing more begins.
func (w *world) rest() {
	for range 100000 {
		w.look()
		if len(w.runs) == 0 {
			return
		}
		w.finish(0, Done)
	}
	w.t.Fatal("it never comes to rest")
}

var crons = []string{"*/10 * * * *", "@every 7m", "30 2 * * *", "0 * * * *", "15 1,2,3 * * *", "* * * * *"}
var zones = []string{"UTC", "America/New_York", "Europe/Berlin", "Australia/Lord_Howe"}

func drawRule(t *rapid.T, i int, missed Missed) Rule {
	r := Rule{ID: fmt.Sprintf("sync.r%d", i), Fingerprint: "1", Missed: missed, Yields: rapid.Bool().Draw(t, "yields")}
	for k := range rapid.IntRange(1, 2).Draw(t, "schedules") {
		r.Schedules = append(r.Schedules, Schedule{Name: fmt.Sprintf("s%d", k),
			Cron: parse(t, rapid.SampledFrom(crons).Draw(t, "cron"), rapid.SampledFrom(zones).Draw(t, "zone"))})
	}
	if rapid.IntRange(0, 3).Draw(t, "window") == 0 {
		r.Pauses = []Window{{Name: "w", Cron: parse(t, rapid.SampledFrom([]string{"0 */6 * * *", "30 2 * * *", "0 1 * * 0"}).Draw(t, "opens"), "UTC"),
			For: rapid.SampledFrom([]time.Duration{time.Minute, time.Hour, 5 * time.Hour}).Draw(t, "for")}}
	}
	return r
}

var (
	// A start shortly before clocks change in New York and Berlin.
	begins = []time.Time{time.Date(2026, 3, 8, 3, 0, 0, 0, time.UTC), time.Date(2026, 10, 24, 23, 0, 30, 0, time.UTC), time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC)}
	spans  = []time.Duration{time.Second, 50 * time.Second, 11 * time.Minute, time.Hour, 5 * time.Hour, 26 * time.Hour}
)

// step does one thing that can happen to a server.
func (w *world) step(restart bool) {
	t := w.t
	switch rapid.IntRange(0, 9).Draw(t, "what") {
	case 0, 1, 2, 3:
		w.pass(rapid.SampledFrom(spans).Draw(t, "pass"))
	case 4, 5:
		if len(w.runs) > 0 {
			w.finish(rapid.IntRange(0, len(w.runs)-1).Draw(t, "which"), rapid.SampledFrom([]Result{Done, Failed, Again, Interrupted}).Draw(t, "result"))
		}
	case 6:
		if i := rapid.IntRange(0, len(w.rules)-1).Draw(t, "edit"); rapid.Bool().Draw(t, "touch") {
			w.rules[i].Fingerprint += "1"
		}
		w.core.update(w.rules, w.now)
	case 7:
		id := rapid.SampledFrom([]string{"", w.rules[0].ID}).Draw(t, "held")
		w.core.collect(w.now)
		if w.held[id] {
			delete(w.held, id)
			delete(w.core.held, id)
		} else {
			w.held[id], w.core.held[id] = true, true
		}
	case 8:
		w.now = w.now.Add(-rapid.SampledFrom([]time.Duration{time.Second, 10 * time.Minute}).Draw(t, "back"))
		if w.high.Sub(w.now) > mended {
			w.now = w.high.Add(-mended)
		}
	case 9:
		if restart {
			w.boot(w.core.workers)
		} else if rapid.Bool().Draw(t, "without") {
			w.core.update(w.rules[:len(w.rules)-1], w.now)
			w.look()
			w.core.update(w.rules, w.now)
		}
	}
	w.look()
}

// Whatever happens, no tick runs again after it is done, and in the end the last tick of every schedule is done.
func TestNoTickIsLostOrDoubled(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var rules []Rule
		for i := range rapid.IntRange(1, 4).Draw(t, "rules") {
			rules = append(rules, drawRule(t, i, Last))
		}
		w := newWorld(t, rapid.IntRange(1, 3).Draw(t, "workers"), rules, rapid.SampledFrom(begins).Draw(t, "begin"))
		begin := w.now
		for range rapid.IntRange(1, 80).Draw(t, "steps") {
			w.step(true)
		}
		w.settleDown()
		for _, r := range rules {
			for _, sch := range r.Schedules {
				last := latest(sch.Cron, begin, w.now)
				if last.IsZero() {
					continue
				}
				turn := Turn{Rule: r.ID, Schedule: sch.Name, At: last}
				if w.done[name(turn)] != 1 {
					t.Fatalf("%s was done %d times; it is %s, all done: %v", name(turn), w.done[name(turn)], w.now, w.done)
				}
			}
		}
	})
}

// settleDown releases everything and lets all that is owed run.
func (w *world) settleDown() {
	w.held = map[string]bool{}
	w.core.collect(w.now)
	clear(w.core.held)
	if w.now.Before(w.high) {
		w.now = w.high
	}
	for len(w.runs) > 0 {
		w.finish(0, Done)
	}
	for range 60 { // beyond every wait for another try, and out of every window
		w.pass(11 * time.Minute)
		w.rest()
		if w.quiet() {
			return
		}
	}
}

func (w *world) quiet() bool {
	for _, e := range w.core.rules {
		if w.core.blocked(e, w.now) {
			return false
		}
	}
	return true
}

// With missed_ticks = "all" and runs that end before the next tick, every tick runs exactly once, over restarts,
// pauses, reloads and sleep; with "skip" those that passed meanwhile do not run.
func TestEveryMissedTickRunsOnce(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		sch := parse(t, rapid.SampledFrom([]string{"*/10 * * * *", "@every 7m", "15 1,2,3 * * *"}).Draw(t, "cron"), rapid.SampledFrom(zones).Draw(t, "zone"))
		rules := []Rule{{ID: "sync.a", Fingerprint: "1", Missed: All, Schedules: []Schedule{{Cron: sch}}}}
		w := newWorld(t, 1, rules, rapid.SampledFrom(begins).Draw(t, "begin"))
		begin := w.now
		for range rapid.IntRange(1, 40).Draw(t, "steps") {
			switch rapid.IntRange(0, 4).Draw(t, "what") {
			case 0:
				w.boot(1)
			case 1:
				w.rules[0].Fingerprint += "1"
				w.core.update(w.rules, w.now)
			case 2:
				w.core.held["sync.a"], w.held["sync.a"] = true, true
				for range 5 {
					w.pass(rapid.SampledFrom(spans).Draw(t, "held for"))
				}
				w.core.collect(w.now)
				delete(w.core.held, "sync.a")
				delete(w.held, "sync.a")
			default:
				w.pass(rapid.SampledFrom([]time.Duration{time.Second, time.Minute, 90 * time.Second, time.Hour, 50 * time.Hour}).Draw(t, "pass"))
			}
			w.rest()
		}
		n := 0
		for at := sch.Next(begin); !at.After(w.now); at = sch.Next(at) {
			n++
			if turn := (Turn{Rule: "sync.a", At: at}); w.done[name(turn)] != 1 {
				t.Fatalf("%s was done %d times", name(turn), w.done[name(turn)])
			}
		}
		if w.starts != n {
			t.Fatalf("%d runs for %d ticks", w.starts, n)
		}
	})
}
