package engine_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/syncline/syncline/lang/value"
	"github.com/syncline/syncline/runtime/engine"
)

// backtest asks what the world's first trigger would have fired.
func (w *triggers) backtest(edit ...func(*engine.BacktestJob)) *engine.Backtest {
	w.t.Helper()
	job := engine.BacktestJob{Plan: w.set.Triggers[0], Set: w.set, Store: w.store, Until: w.now}
	for _, e := range edit {
		e(&job)
	}
	b, err := engine.RunBacktest(context.Background(), job)
	if err != nil {
		w.t.Fatalf("%v", err)
	}
	return b
}

// firedAt lists what fired, by record and instant.
func firedAt(b *engine.Backtest) []string {
	var out []string
	for _, r := range b.Fires {
		for _, at := range r.At {
			out = append(out, r.ID+" "+at.Format("02 15:04"))
		}
	}
	slices.Sort(out)
	return out
}

// history changes records at random, with a run each hour, and gives what fired, by record and instant.
func history(w *triggers, seed uint64, hours int) (out []string) {
	r := rand.New(rand.NewPCG(seed, 1))
	change := func(id string) {
		score, due := value.Float(float64(50+r.IntN(20))), value.Day(dateOf(w.now).AsDay()+int64(r.IntN(5))-1)
		if r.IntN(8) == 0 {
			score, due = value.Null, value.Null
		}
		w.put(id, "Score", score, "Due", due, "Count", r.IntN(4), "Stage", "x", "Big", r.IntN(2) == 0)
	}
	for i := range 6 {
		change(fmt.Sprintf("c%d", i))
	}
	for n := range hours {
		w.now = w.now.Truncate(time.Hour).Add(59 * time.Minute) // a run adds the last one
		if run := w.run(); run.Dead > 0 {
			w.t.Fatalf("%v", w.trouble)
		}
		for _, s := range w.sights {
			if s.What == "fires" {
				out = append(out, s.Source.ID+" "+w.now.Format("02 15:04"))
			}
		}
		for range r.IntN(4) {
			id := fmt.Sprintf("c%d", r.IntN(9)) // three of them appear later
			if n > 0 && r.IntN(12) == 0 {
				w.cs.Remove("Company", id)
				continue
			}
			change(id)
		}
	}
	slices.Sort(out)
	return out
}

// What a backtest says of the rule that was in force is what that rule fired, over histories of all kinds.
func TestABacktestOfTheRuleInForceIsWhatItFired(t *testing.T) {
	t.Parallel()
	for name, project := range map[string]string{
		"plain":     dropping,
		"rearm":     attr(dropping, `rearm = "new.Score >= 65"`),
		"cooldown":  attr(dropping, `cooldown = "5h"`),
		"lasting":   attr(dropping, `for = "3h"`),
		"where":     attr(dropping, `where = "new.Big"`),
		"first":     attr(dropping, `first_seen = "hold"`),
		"change":    attr(replaceAll(dropping, "new.Score < 60", "new.Count > old.Count"), `cooldown = "2h"`),
		"unknown":   replaceAll(dropping, "new.Score < 60", "!(new.Score >= 60)"),
		"two reads": replaceAll(dropping, "new.Score < 60", "new.Score < 60 && new.Count > 0"),
		"time":      attr(replaceAll(dropping, "new.Score < 60", "within(new.Due, days(1)) && new.Score < 65"), `cooldown = "30h"`),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			total := 0
			for seed := range uint64(3) {
				w := newTriggers(t, replaceAll(project, "* * * * *", "0 * * * *"))
				want := history(w, seed, 50)
				total += len(want)
				b := w.backtest()
				if got := firedAt(b); !slices.Equal(got, want) {
					t.Fatalf("seed %d: a backtest says\n%s\nand it fired\n%s", seed, strings.Join(got, "\n"), strings.Join(want, "\n"))
				}
				if b.Fired != len(want) || b.Failed != 0 {
					t.Fatalf("%+v", b)
				}
			}
			if total < 10 {
				t.Fatalf("only %d firings: the histories say nothing", total)
			}
		})
	}
}

// Another threshold over the same past fires what a world would have seen that had it from the beginning.
func TestABacktestOfAnEdit(t *testing.T) {
	t.Parallel()
	edited := attr(replaceAll(dropping, "new.Score < 60", "new.Score < 55"), `rearm = "new.Score >= 62"`, `cooldown = "26h"`)
	hourly := func(project string) string { return replaceAll(project, "* * * * *", "0 * * * *") }
	w, other := newTriggers(t, hourly(dropping)), newTriggers(t, hourly(edited))
	inForce, want := history(w, 7, 60), history(other, 7, 60)
	w.compile(hourly(edited))
	b := w.backtest()
	if got := firedAt(b); !slices.Equal(got, want) || slices.Equal(want, inForce) || len(want) == 0 {
		t.Fatalf("a backtest says\n%v\nand it would have fired\n%v", got, want)
	}
	if b.Records != 9 || b.Changes == 0 || b.Recovered == 0 || b.Delayed == 0 {
		t.Fatalf("%+v", b)
	}
	// A period that begins later holds those for whom the condition is true then.
	late := w.backtest(func(j *engine.BacktestJob) { j.Since = w.now.Add(-20 * time.Hour) })
	if !late.From.Equal(w.now.Add(-20*time.Hour)) || late.Fired >= b.Fired || late.Held == 0 {
		t.Fatalf("%+v", late)
	}
}

// A record that goes up and down fires each time, and that is told of it.
func TestABacktestTellsWhatFlaps(t *testing.T) {
	t.Parallel()
	w := newTriggers(t, replaceAll(dropping, "* * * * *", "0 * * * *"))
	w.put("steady", "Score", 90.0)
	w.put("flaps", "Score", 90.0)
	w.put("held", "Score", 10.0)
	w.run()
	for i := range 6 {
		w.now = w.now.Add(time.Hour)
		w.put("flaps", "Score", float64(59+2*(i%2)))
		if i == 2 {
			w.put("steady", "Score", 12.0)
		}
		w.run()
	}
	b := w.backtest()
	if b.Fired != 4 || b.Flapping != 1 || b.Held != 1 || len(b.Fires) != 2 || b.Fires[0].ID != "flaps" || !b.Fires[0].Flaps || b.Fires[1].Flaps {
		t.Fatalf("%+v", b)
	}
	w.compile(attr(replaceAll(dropping, "* * * * *", "0 * * * *"), `rearm = "new.Score >= 65"`))
	if b := w.backtest(); b.Fired != 2 || b.Flapping != 0 {
		t.Fatalf("with some distance: %+v", b)
	}
}

// What is not known is said, and not taken for something else.
func TestABacktestWithoutAPast(t *testing.T) {
	t.Parallel()
	refused := func(w *triggers, edit ...func(*engine.BacktestJob)) string {
		job := engine.BacktestJob{Plan: w.set.Triggers[0], Set: w.set, Store: w.store, Until: w.now}
		for _, e := range edit {
			e(&job)
		}
		_, err := engine.RunBacktest(context.Background(), job)
		if _, none := errors.AsType[*engine.NoPast](err); !none {
			t.Fatalf("it went through, or failed otherwise: %v", err)
		}
		return err.Error()
	}
	w := newTriggers(t, dropping)
	w.put("a", "Score", 90.0, "Count", 5)
	if got := refused(w); !strings.Contains(got, "nothing is recorded") {
		t.Fatal(got)
	}
	w.run()
	w.put("a", "Score", 50.0, "Count", 5)
	w.run()
	if b := w.backtest(); b.Fired != 1 {
		t.Fatalf("%+v", b)
	}

	// A rule that reads another field can be asked for from when on that is recorded.
	w.compile(replaceAll(dropping, "new.Score < 60", "new.Score < 60 && new.Count > 3"))
	if got := refused(w); !strings.Contains(got, "reads Count, which is not recorded") {
		t.Fatal(got)
	}
	w.run()
	since := w.now
	w.put("a", "Score", 70.0, "Count", 5)
	w.run()
	w.put("a", "Score", 50.0, "Count", 5)
	w.run()
	if b := w.backtest(); b.Fired != 1 || !b.From.Equal(since) || b.Changes != 2 {
		t.Fatalf("%+v", b)
	}
	if got := refused(w, func(j *engine.BacktestJob) { j.Until = since }); !strings.Contains(got, "recorded since") {
		t.Fatal(got)
	}
}

// A past can be brought along, in part: what a line does not say is as it was.
func TestABacktestOfAPastFromElsewhere(t *testing.T) {
	t.Parallel()
	w := newTriggers(t, attr(replaceAll(dropping, "new.Score < 60", "new.Score < 60 && new.Stage == 'live'"), `cooldown = "48h"`))
	day := func(n int) time.Time { return w.now.Add(time.Duration(n) * 24 * time.Hour) }
	say := func(n int, id string, pairs ...any) engine.Sighting {
		m := map[string]value.Value{}
		w.with(m, pairs...)
		return engine.Sighting{At: day(n), ID: id, Fields: m}
	}
	gone := say(6, "b")
	gone.Deleted = true
	past := []engine.Sighting{
		say(0, "a", "Score", 90.0, "Stage", "live"), say(0, "held", "Score", 1.0, "Stage", "live"),
		say(1, "a", "Score", 50.0),                  // fires
		say(1, "b", "Score", 50.0, "Stage", "live"), // is new, and fires
		say(2, "a", "Score", 70.0),
		say(2, "a", "Score", 55.0), // in cooldown until day 3
		say(5, "a", "Stage", "lost"),
		gone,
		say(7, "b", "Score", 40.0, "Stage", "live"), // has fired and was never armed again
	}
	b := w.backtest(func(j *engine.BacktestJob) { j.Past = past })
	want := []string{"a 03 08:00", "a 05 08:00", "b 03 08:00"}
	if got := firedAt(b); !slices.Equal(got, want) || b.Delayed != 1 || b.Held != 1 || b.Records != 3 {
		t.Fatalf("%v, want %v: %+v", got, want, b)
	}
	_, err := engine.RunBacktest(context.Background(), engine.BacktestJob{Plan: w.set.Triggers[0], Set: w.set, Store: w.store, Until: w.now,
		Past: []engine.Sighting{say(0, "a", "Score", 3.0)}})
	if err == nil || !strings.Contains(err.Error(), "reads Stage, which no line has: they have Score") {
		t.Fatal(err)
	}
}
