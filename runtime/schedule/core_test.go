package schedule

import (
	"errors"
	"testing"
	"time"
)

var noon = time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC)

func rule(t *testing.T, id string, crons ...string) Rule {
	r := Rule{ID: id, Fingerprint: "1"}
	for i, text := range crons {
		s := Schedule{Cron: parse(t, text, "UTC")}
		if len(crons) > 1 {
			s.Name = string(rune('a' + i))
		}
		r.Schedules = append(r.Schedules, s)
	}
	return r
}

// machine is a core with what tests ask of it.
type machine struct {
	*core
	t    *testing.T
	now  time.Time
	runs map[string]*active
}

func newMachine(t *testing.T, workers int, rules ...Rule) *machine {
	m := &machine{newCore(workers, 0), t, noon, map[string]*active{}}
	m.update(rules, m.now)
	return m
}

// after lets time pass and gives the rules that start.
func (m *machine) after(d time.Duration) (started []string) {
	m.t.Helper()
	m.now = m.now.Add(d)
	todo := m.look(m.now)
	for _, run := range todo.start {
		m.runs[run.turn.Rule] = run
		started = append(started, run.turn.Rule)
	}
	return started
}

func (m *machine) ended(id string, end End) {
	m.t.Helper()
	run := m.runs[id]
	if run == nil {
		m.t.Fatalf("%s does not run", id)
	}
	delete(m.runs, id)
	m.settle(run, end, m.now)
	m.unsaved()
	m.release(run)
}

func (m *machine) want(got []string, want ...string) {
	m.t.Helper()
	if len(got) != len(want) {
		m.t.Fatalf("started %v, want %v", got, want)
	}
	for i := range want {
		if got[i] != want[i] {
			m.t.Fatalf("started %v, want %v", got, want)
		}
	}
}

func (m *machine) statusOf(id string) Status {
	m.t.Helper()
	for _, s := range m.status(m.now) {
		if s.Rule == id {
			return s
		}
	}
	m.t.Fatalf("there is no %s", id)
	return Status{}
}

func TestARuleDueWhileItRunsRunsOnceMore(t *testing.T) {
	m := newMachine(t, 4, rule(t, "a", "* * * * *"))
	m.want(m.after(time.Minute), "a")
	m.want(m.after(time.Minute))
	m.want(m.after(time.Minute))
	m.ended("a", End{})
	m.want(m.after(time.Second), "a")
	if at := m.runs["a"].turn.At; !at.Equal(noon.Add(3 * time.Minute)) {
		t.Fatalf("the run is for %s, want the last tick", at)
	}
	m.ended("a", End{})
	m.want(m.after(time.Second))
}

func TestWhatIsDueIsToldToTheRunUnderWay(t *testing.T) {
	r := rule(t, "a", "* * * * *")
	m := newMachine(t, 1, r)
	m.want(m.after(time.Minute), "a")
	due := func(owed, events bool) {
		t.Helper()
		if o, e := m.due("a", m.now); o != owed || e != events {
			t.Errorf("owed %v, events %v; want %v, %v", o, e, owed, events)
		}
	}
	due(false, false)
	if err := m.event("a", 1, m.now); err != nil {
		t.Fatal(err)
	}
	m.after(time.Second)
	due(false, true)
	m.after(time.Minute)
	due(true, true)
	m.ended("a", End{Result: Done})
	m.want(m.after(time.Second), "a")
}

func TestARuleRunsAfterAllThatItNames(t *testing.T) {
	join := Rule{ID: "join", After: []string{"a", "b"}}
	m := newMachine(t, 4, rule(t, "a", "* * * * *"), rule(t, "b", "*/2 * * * *"), join)
	m.want(m.after(time.Minute), "a")
	m.ended("a", End{})
	m.want(m.after(time.Second))
	if s := m.statusOf("join"); s.State != Idle || s.Why != "it runs after b" {
		t.Fatalf("%+v", s)
	}
	m.want(m.after(59*time.Second), "a", "b")
	m.ended("a", End{Result: Failed})
	m.ended("b", End{})
	m.want(m.after(time.Second), "join")
	m.ended("join", End{})
	m.want(m.after(time.Second))
	m.want(m.after(58*time.Second), "a")
	m.ended("a", End{Result: Failed})
	m.want(m.after(time.Second))
}

func TestWhatFollowsARunOutlivesACrash(t *testing.T) {
	rules := []Rule{rule(t, "a", "0 * * * *"), {ID: "b", After: []string{"a"}}}
	m := newMachine(t, 4, rules...)
	m.unsaved()
	m.want(m.after(time.Hour), "a")
	m.ended("a", End{})
	again := &machine{newCore(4, 0), t, m.now.Add(time.Minute), map[string]*active{}}
	again.stored = m.stored
	again.update(rules, again.now)
	again.want(again.after(0), "b")
	again.ended("b", End{})
	third := &machine{newCore(4, 0), t, again.now, map[string]*active{}}
	third.stored = again.stored
	third.update(rules, third.now)
	third.want(third.after(time.Second))
}

func TestAWaitingRunIsTriedAgainLessAndLessOften(t *testing.T) {
	m := newMachine(t, 4, rule(t, "a", "0 * * * *"))
	m.want(m.after(time.Hour), "a")
	m.ended("a", End{Result: Again, Why: "crm does not answer"})
	if s := m.statusOf("a"); s.State != Waiting || s.Next.Sub(m.now) != 30*time.Second {
		t.Fatalf("%+v", s)
	}
	m.want(m.after(29 * time.Second))
	m.want(m.after(time.Second), "a")
	m.ended("a", End{Result: Again, Why: "crm does not answer"})
	m.want(m.after(59 * time.Second))
	m.want(m.after(time.Second), "a")
	if at := m.runs["a"].turn.At; !at.Equal(noon.Add(time.Hour)) {
		t.Fatalf("now() moved to %s", at)
	}
	m.ended("a", End{})
	m.want(m.after(10 * time.Minute))
}

func TestARunThatSucceedsEndsTheWaitForTheEventsOfItsRule(t *testing.T) {
	m := newMachine(t, 4, rule(t, "a", "*/5 * * * *"))
	if err := m.event("a", 2, m.now); err != nil {
		t.Fatal(err)
	}
	for _, wait := range []time.Duration{time.Second, 30 * time.Second, time.Minute, 2 * time.Minute} {
		m.want(m.after(wait), "a")
		m.ended("a", End{Result: Again, Why: "crm does not answer"})
	}
	m.want(m.after(noon.Add(5*time.Minute).Sub(m.now)), "a")
	m.ended("a", End{Result: Failed})
	m.want(m.after(time.Second))
	if err := m.byHand("a", false, m.now); err != nil {
		t.Fatal(err)
	}
	m.want(m.after(time.Second), "a")
	m.ended("a", End{})
	m.want(m.after(time.Second), "a")
	if turn := m.runs["a"].turn; turn.Cause != ByEvent || turn.Events != 2 {
		t.Fatalf("%+v", turn)
	}
}

func TestARequirementThatIsMetEndsTheWait(t *testing.T) {
	b := rule(t, "b", "* * * * *")
	b.Requires = []string{"a"}
	m := newMachine(t, 4, rule(t, "a", "*/2 * * * *"), b)
	m.want(m.after(time.Minute), "b")
	m.ended("b", End{Result: Again, Why: "requires a"})
	m.want(m.after(30*time.Second), "b")
	m.ended("b", End{Result: Again, Why: "requires a"})
	m.want(m.after(30*time.Second), "a")
	m.ended("a", End{})
	m.want(m.after(time.Second), "b")
}

func TestWorkersAreSharedFairly(t *testing.T) {
	m := newMachine(t, 1, rule(t, "busy", "@every 1s"), rule(t, "slow", "* * * * *"), rule(t, "other", "* * * * *"))
	m.now = noon.Add(59 * time.Second)
	m.last, m.high = m.now, m.now
	ran := map[string]int{}
	for range 20 {
		for _, id := range m.after(time.Second) {
			ran[id]++
			m.ended(id, End{})
		}
	}
	if ran["slow"] != 1 || ran["other"] != 1 || ran["busy"] < 15 {
		t.Fatalf("%v", ran)
	}
}

func TestALongPassMakesRoomForAnotherSchedule(t *testing.T) {
	r := rule(t, "a", "0 * * * *", "*/5 * * * *")
	r.Yields = true
	m := newMachine(t, 4, r)
	m.want(m.after(time.Hour), "a")
	long := m.runs["a"]
	m.now = m.now.Add(5 * time.Minute)
	todo := m.look(m.now)
	if long.turn.Schedule != "a" || len(todo.stop) != 1 || !errors.Is(todo.stop[0].why, errYield) {
		t.Fatalf("%+v does not yield: %+v", long.turn, todo)
	}
	m.ended("a", End{Result: Interrupted})
	m.want(m.after(time.Second), "a")
	if got := m.runs["a"].turn; got.Schedule != "b" {
		t.Fatalf("%+v", got)
	}
	m.ended("a", End{})
	m.want(m.after(time.Second), "a")
	if got := m.runs["a"].turn; got.Schedule != "a" || !got.Resumed || !got.At.Equal(long.turn.At) {
		t.Fatalf("%+v", got)
	}
	if m.runs["a"].slot.slice != 2*firstSlice {
		t.Fatalf("the next yield comes after %s", m.runs["a"].slot.slice)
	}
}

func TestALongPassMakesRoomForEvents(t *testing.T) {
	r := rule(t, "a", "0 * * * *")
	r.Yields, r.Gather = true, Gather{Wait: time.Second}
	m := newMachine(t, 4, r)
	m.want(m.after(time.Hour), "a")
	if err := m.event("a", 3, m.now); err != nil {
		t.Fatal(err)
	}
	if todo := m.look(m.now.Add(10 * time.Second)); len(todo.stop) != 0 {
		t.Fatal("it yields before it got anywhere")
	}
	m.now = m.now.Add(firstSlice)
	if todo := m.look(m.now); len(todo.stop) != 1 || !errors.Is(todo.stop[0].why, errYield) {
		t.Fatalf("it does not yield: %+v", todo)
	}
	m.ended("a", End{Result: Interrupted})
	m.want(m.after(time.Second), "a")
	if got := m.runs["a"].turn; got.Cause != ByEvent || got.Events != 3 {
		t.Fatalf("%+v", got)
	}
	m.ended("a", End{})
	m.want(m.after(time.Second), "a")
	if got := m.runs["a"]; got.turn.Cause != ByTick || !got.turn.Resumed || got.slot.slice != firstSlice {
		t.Fatalf("%+v", got)
	}
}

func TestAPassThatTakesEventsInGoesOn(t *testing.T) {
	r := rule(t, "a", "0 * * * *")
	r.Yields, r.TakesEvents = true, true
	m := newMachine(t, 4, r)
	m.want(m.after(time.Hour), "a")
	if err := m.event("a", 3, m.now); err != nil {
		t.Fatal(err)
	}
	m.now = m.now.Add(firstSlice)
	if todo := m.look(m.now); len(todo.stop) != 0 {
		t.Fatalf("it makes room for what it takes in itself: %+v", todo)
	}
	m.ended("a", End{})
	m.want(m.after(time.Second), "a")
	if got := m.runs["a"].turn; got.Cause != ByEvent {
		t.Fatalf("what it did not take in has no run of its own: %+v", got)
	}
}

func TestAPauseWindowStopsARunAndGoesOnAfterwards(t *testing.T) {
	r := rule(t, "a", "*/10 * * * *")
	r.Pauses = []Window{{"lunch", parse(t, "15 12 * * *", "UTC"), time.Hour}}
	m := newMachine(t, 4, r)
	m.want(m.after(10*time.Minute), "a")
	m.now = noon.Add(15 * time.Minute)
	todo := m.look(m.now)
	if len(todo.stop) != 1 {
		t.Fatalf("%+v", todo)
	}
	m.ended("a", End{Result: Interrupted})
	m.want(m.after(time.Minute))
	if s := m.statusOf("a"); s.State != Paused || !s.Next.Equal(noon.Add(75*time.Minute)) {
		t.Fatalf("%+v", s)
	}
	for range 58 {
		m.want(m.after(time.Minute))
	}
	m.want(m.after(time.Minute), "a")
	if got := m.runs["a"].turn; !got.Resumed || !got.At.Equal(noon.Add(70*time.Minute)) {
		t.Fatalf("%+v", got)
	}
}

func TestJitterMovesTheRunAndNotTheTick(t *testing.T) {
	var rules []Rule
	for i := range 50 {
		rules = append(rules, rule(t, string(rune('A'+i)), "0 * * * *"))
	}
	m := &machine{newCore(100, 10*time.Minute), t, noon, map[string]*active{}}
	m.update(rules, m.now)
	first := m.after(time.Hour)
	if len(first) > 10 {
		t.Fatalf("%d of 50 start at once", len(first))
	}
	for range 10 {
		m.after(time.Minute)
	}
	if len(m.runs) != 50 {
		t.Fatalf("%d of 50 have started after the jitter", len(m.runs))
	}
	for _, run := range m.runs {
		if !run.turn.At.Equal(noon.Add(time.Hour)) {
			t.Fatalf("the tick moved to %s", run.turn.At)
		}
	}
}

func TestEventsAreGathered(t *testing.T) {
	m := newMachine(t, 4, Rule{ID: "a", Gather: Gather{Wait: 10 * time.Second, Max: 3}})
	send := func(n int) {
		if err := m.event("a", n, m.now); err != nil {
			t.Fatal(err)
		}
	}
	send(1)
	m.want(m.after(9 * time.Second))
	send(1)
	m.want(m.after(time.Second), "a")
	if m.runs["a"].turn.Events != 2 {
		t.Fatalf("%+v", m.runs["a"].turn)
	}
	send(3)
	m.want(m.after(time.Second))
	m.ended("a", End{})
	m.want(m.after(time.Second), "a")
	if m.runs["a"].turn.Events != 3 {
		t.Fatalf("%+v", m.runs["a"].turn)
	}
}

func TestByHand(t *testing.T) {
	m := newMachine(t, 4, rule(t, "a", "0 0 1 1 *"))
	if err := m.byHand("nobody", false, m.now); !errors.Is(err, ErrUnknown) {
		t.Fatal(err)
	}
	for range 3 {
		if err := m.byHand("a", true, m.now); err != nil {
			t.Fatal(err)
		}
	}
	m.want(m.after(0), "a")
	if got := m.runs["a"].turn; !got.Full || got.Cause != ByHand {
		t.Fatalf("%+v", got)
	}
	if err := m.byHand("a", false, m.now); err != nil {
		t.Fatal(err)
	}
	m.want(m.after(time.Second))
	m.ended("a", End{})
	m.want(m.after(time.Second), "a")
	m.ended("a", End{})
	m.held["a"] = true
	if err := m.byHand("a", false, m.now); !errors.Is(err, ErrHeld) {
		t.Fatal(err)
	}
}

func TestAnEditedScheduleCountsFromNow(t *testing.T) {
	m := newMachine(t, 4, rule(t, "a", "0 3 * * *"))
	edited := rule(t, "a", "* * * * *")
	edited.Fingerprint = "2"
	m.after(90 * time.Second)
	if got := m.update([]Rule{edited}, m.now); len(got.Changed) != 1 {
		t.Fatalf("%+v", got)
	}
	m.want(m.after(0))
	m.want(m.after(30*time.Second), "a")
}

func TestARemovedRuleFinishesItsRunAndComesBackAsOne(t *testing.T) {
	a := rule(t, "a", "* * * * *")
	m := newMachine(t, 4, a, rule(t, "b", "0 0 1 1 *"))
	m.want(m.after(time.Minute), "a")
	m.update([]Rule{rule(t, "b", "0 0 1 1 *")}, m.now)
	m.want(m.after(time.Minute))
	m.update([]Rule{a, rule(t, "b", "0 0 1 1 *")}, m.now)
	m.want(m.after(time.Minute)) // the old run is still under way
	m.ended("a", End{})
	m.want(m.after(time.Second), "a")
}

func TestAClockThatIsSetBack(t *testing.T) {
	m := newMachine(t, 4, rule(t, "a", "* * * * *"))
	m.want(m.after(time.Minute), "a")
	m.ended("a", End{})
	m.want(m.after(-30 * time.Minute)) // a correction: ticks that ran do not run again
	m.want(m.after(29 * time.Minute))
	m.want(m.after(2*time.Minute), "a")
	m.ended("a", End{})
	m.want(m.after(-48 * time.Hour)) // the clock was wrong: ticks count from the new time
	m.want(m.after(time.Minute), "a")
}

func TestAWindowThatNeverCloses(t *testing.T) {
	w := Window{"always", parse(t, "* * * * *", "UTC"), 5 * time.Minute}
	if end := w.Until(noon); end.Sub(noon) < 30*time.Minute {
		t.Fatal(end)
	}
	apart := Window{"night", parse(t, "0 12 * * *", "UTC"), 30 * time.Minute}
	if end := apart.Until(noon); !end.Equal(noon.Add(30 * time.Minute)) {
		t.Fatal(end)
	}
	if end := apart.Until(noon.Add(30 * time.Minute)); !end.IsZero() {
		t.Fatal(end)
	}
}
