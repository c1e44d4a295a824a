package engine_test

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/syncline/syncline/connectors"
	"github.com/syncline/syncline/connectors/memory"
	"github.com/syncline/syncline/lang/value"
	"github.com/syncline/syncline/runtime/engine"
	"github.com/syncline/syncline/runtime/state"
	"github.com/syncline/syncline/runtime/state/sqlite"
)

// The model: a record that is observed with these values at these instants fires at these crossings. Whatever crashes,
// lost answers and outages come between, in the end each crossing has made its records once, and its message once.

// twin is the reference: the state machine of one record, told as plainly as can be.
type twin struct {
	seen, fired bool
	last        time.Time // fired
	since       time.Time
	score       *float64 // as last observed
}

// rules are the settings of a modelled trigger.
type modelRules struct {
	rearm, baselineFire, hold bool
	cooldown, lasts           time.Duration
}

func (m modelRules) text() string {
	var lines []string
	if m.rearm {
		lines = append(lines, `rearm = "new.Score >= 65"`)
	}
	if m.baselineFire {
		lines = append(lines, `baseline = "fire"`)
	}
	if m.hold {
		lines = append(lines, `first_seen = "hold"`)
	}
	if m.cooldown > 0 {
		lines = append(lines, `cooldown = "3m"`)
	}
	if m.lasts > 0 {
		lines = append(lines, `for = "2m"`)
	}
	return attr(modelled, lines...)
}

const modelled = `
trigger "drop" {
  on    = cs.Company
  when  = "new.Score < 60"
  schedule { cron = "* * * * *" }
  together {
    create "task" {
      in  = crm.Task
      key = "Key"
      set {
        Subject = text("{{ new.Id }} {{ old.Score }}>{{ new.Score }} {{ now() }}")
      }
    }
    create "feed" {
      in = crm.Feed
      set {
        ParentId = task.Id
        Body     = text("{{ new.Id }} {{ now() }}")
      }
    }
  }
  then {
    send "m" {
      via  = ops
      text = text("{{ task.Id }} {{ new.Id }} {{ now() }}")
    }
  }
  recovered {
    update "task" {
      set { Status = text("over") }
    }
  }
}
`

// observe moves the twin by one observation; true: it fires.
func (x *twin) observe(m modelRules, score *float64, baseline bool, now time.Time) bool {
	below := score != nil && *score < 60
	over := score != nil && *score >= 60
	if m.rearm {
		over = score != nil && *score >= 65
	}
	first := !x.seen
	x.seen, x.score = true, score
	switch {
	case below && x.since.IsZero():
		x.since = now
	case score != nil && !below:
		x.since = time.Time{}
	}
	if x.fired {
		if over {
			x.fired = false
		}
		return false
	}
	if !below {
		return false
	}
	if first && (baseline && !m.baselineFire || !baseline && m.hold) {
		x.fired = true
		return false
	}
	if now.Sub(x.since) < m.lasts || m.cooldown > 0 && !x.last.IsZero() && now.Sub(x.last) < m.cooldown {
		return false
	}
	x.fired, x.last = true, now
	return true
}

type triggerModel struct {
	*triggers
	rt       *rapid.T
	rules    modelRules
	twins    map[string]*twin
	values   map[string]*float64 // as they are in the source; nil: empty
	want     map[string]bool     // crossings: "id instant"
	complete bool
	crashes  int
}

var modelHistories, modelCrossings, modelCrashes int

func TestTriggerModel(t *testing.T) {
	dir := t.TempDir()
	n := 0
	rapid.Check(t, func(rt *rapid.T) {
		n++
		modelHistories++
		store, err := sqlite.Open(context.Background(), filepath.Join(dir, fmt.Sprintf("%d.db", n)), sqlite.Options{Holder: "test"})
		if err != nil {
			rt.Fatal(err)
		}
		defer store.Close()
		m := &triggerModel{rt: rt, twins: map[string]*twin{}, values: map[string]*float64{}, want: map[string]bool{}}
		m.rules = modelRules{rearm: rapid.Bool().Draw(rt, "rearm"), baselineFire: rapid.Bool().Draw(rt, "baseline"), hold: rapid.Bool().Draw(rt, "hold")}
		if rapid.Bool().Draw(rt, "cooldown") {
			m.rules.cooldown = 3 * time.Minute
		}
		if rapid.Bool().Draw(rt, "for") {
			m.rules.lasts = 2 * time.Minute
		}
		m.triggers = &triggers{world: &world{t: rt, store: store, now: time.Date(2026, 3, 2, 8, 0, 0, 0, time.UTC)}, ops: newSender()}
		m.cs, m.crm = triggerSystems()
		m.cs.SetLimits(connectors.Limits{Lookup: 3, WriteBatch: 3, Parallel: 2}, 3)
		m.crm.SetLimits(connectors.Limits{Lookup: 3, WriteBatch: 3, Parallel: 2}, 4)
		m.compile(m.rules.text())
		for range rapid.IntRange(1, 10).Draw(rt, "rounds") {
			m.edit()
			m.round()
			m.check(false)
		}
		m.settle()
		m.check(true)
		modelCrossings += len(m.want)
		modelCrashes += m.crashes
	})
	t.Logf("%d histories, %d crossings, %d crashes", modelHistories, modelCrossings, modelCrashes)
}

func (m *triggerModel) edit() {
	for range rapid.IntRange(0, 5).Draw(m.rt, "edits") {
		id := fmt.Sprintf("c%d", rapid.IntRange(0, 5).Draw(m.rt, "id"))
		switch rapid.IntRange(0, 7).Draw(m.rt, "edit") {
		case 0:
			m.cs.Remove("Company", id)
			delete(m.values, id)
		case 1:
			m.cs.Put("Company", memory.Map{"Id": text(id), "Score": value.Null})
			m.values[id] = nil
		default:
			score := rapid.SampledFrom([]float64{50, 55, 59, 62, 70}).Draw(m.rt, "score")
			m.cs.Put("Company", memory.Map{"Id": text(id), "Score": num(score)})
			m.values[id] = &score
		}
	}
	m.now = m.now.Add(time.Duration(rapid.IntRange(0, 2).Draw(m.rt, "minutes")) * time.Minute)
}

// round observes once, in as many runs as it takes: runs die at commits of the store, and find systems that fail.
func (m *triggerModel) round() {
	tick := m.now.Add(time.Minute)
	m.now = tick
	observed := false
	for try := 0; !observed; try++ {
		job := m.newJob()
		job.Now, job.Tick = func() time.Time { return tick }, tick
		m.now = tick
		if try < 4 {
			m.faults(&job)
		}
		run, err := engine.RunTrigger(context.Background(), job)
		if err != nil && !errors.Is(err, errFull) {
			m.rt.Fatalf("run: %v", err)
		}
		if err != nil {
			m.crashes++
		}
		// A run that died may have observed a part; the next one of the same tick sees the rest.
		observed = err == nil && !strings.Contains(run.Why, "reading")
		if try > 8 {
			m.rt.Fatalf("does not get through: %+v", run)
		}
		m.crm.SetHooks(memory.Hooks{})
		m.cs.SetHooks(memory.Hooks{})
		m.ops.hook = nil
	}
	m.expect(tick)
}

// expect moves the twins as a run that saw all records at this instant.
func (m *triggerModel) expect(now time.Time) {
	ids := []string{}
	for id := range m.values {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	for _, id := range ids {
		x := m.twins[id]
		if x == nil {
			x = &twin{}
			m.twins[id] = x
		}
		if x.observe(m.rules, m.values[id], !m.complete, now) {
			m.want[id+" "+now.Format(time.RFC3339Nano)] = true
		}
	}
	m.complete = true
}

func (m *triggerModel) faults(job *engine.TriggerJob) {
	draw := func(name string) int { return rapid.IntRange(0, 12).Draw(m.rt, name) }
	if n := draw("store"); n < 9 {
		job.Store = &faulty{Store: m.store, left: n, after: rapid.Bool().Draw(m.rt, "after")}
	}
	fail := func(k int) error {
		switch k {
		case 0:
			return &connectors.Error{Class: connectors.Retry, Message: "busy"}
		case 1:
			return &connectors.Error{Class: connectors.InDoubt, Message: "lost"}
		case 2:
			return &connectors.Error{Class: connectors.Limit, Message: "quota", RetryAfter: time.Hour}
		case 3:
			return &connectors.Error{Class: connectors.Auth, Message: "expired"}
		}
		return nil
	}
	before, after, sent := draw("before"), draw("after"), draw("sent")
	m.lose(onceOr(fail(before), before%2 == 0), onceOr(onlyLost(fail(after)), false))(job)
	m.ops.hook = func(n int) (*connectors.Error, bool) {
		if err := fail(sent); err != nil && n%2 == 1 {
			return connectors.AsError(err), sent == 1 && n%4 == 1
		}
		return nil, false
	}
	if k := draw("read"); k < 2 {
		var n atomic.Int64 // finds go side by side
		m.crm.SetHooks(memory.Hooks{BeforeRead: func(string) error {
			if n.Add(1) > int64(k) {
				return nil
			}
			return &connectors.Error{Class: connectors.Limit, Message: "quota", RetryAfter: time.Hour}
		}})
	}
}

func onlyLost(err error) error {
	if e := connectors.AsError(err); e != nil && e.Class != connectors.InDoubt {
		return nil
	}
	return err
}

func onceOr(err error, always bool) func() error {
	if err == nil {
		return nil
	}
	var n atomic.Int64 // groups go side by side
	return func() error {
		if n.Add(1) == 1 || always {
			return err
		}
		return nil
	}
}

// settle ends the failures.
func (m *triggerModel) settle() {
	for try := 0; ; try++ {
		tick := m.now.Add(time.Minute)
		run := m.run(func(j *engine.TriggerJob) { j.Tick = tick })
		m.expect(m.now)
		if run.Status == state.Succeeded {
			break
		}
		if try > 3 {
			m.rt.Fatalf("does not settle: %+v %v", run, m.trouble)
		}
	}
	if len(m.firings(state.FiringPending))+len(m.letters(state.DeadOpen)) > 0 {
		m.rt.Fatalf("left: %+v %+v", m.firings(state.FiringPending), m.letters(state.DeadOpen))
	}
}

// check holds what was made against the crossings: never twice, and in the end all of them.
func (m *triggerModel) check(all bool) {
	tasks, feeds := map[string]string{}, map[string]int{}
	for _, id := range m.crm.IDs("Task") {
		words := strings.Fields(m.crm.Get("Task", id)["Subject"].AsText())
		key := words[0] + " " + words[len(words)-1]
		if tasks[key] != "" {
			m.rt.Fatalf("two tasks of %s", key)
		}
		tasks[key] = id
	}
	for _, id := range m.crm.IDs("Feed") {
		f := m.crm.Get("Feed", id)
		if feeds[f["Body"].AsText()]++; feeds[f["Body"].AsText()] > 1 {
			m.rt.Fatalf("two feeds of %s", f["Body"])
		}
		if tasks[f["Body"].AsText()] != f["ParentId"].AsText() {
			m.rt.Fatalf("the feed of %s is of %s", f["Body"], f["ParentId"])
		}
	}
	if len(feeds) != len(tasks) {
		m.rt.Fatalf("half a group: %v %v", tasks, feeds)
	}
	messages := map[string]int{}
	for _, text := range m.ops.order {
		id, key, _ := strings.Cut(text, " ")
		if messages[key]++; messages[key] > 1 || tasks[key] != id {
			m.rt.Fatalf("message %q, tasks %v", text, tasks)
		}
	}
	for key := range tasks {
		if !m.want[key] {
			m.rt.Fatalf("%s fired and should not have; crossings %v", key, m.want)
		}
		if all && messages[key] == 0 {
			m.rt.Fatalf("the message of %s is lost", key)
		}
	}
	if !all {
		return
	}
	for key := range m.want {
		if tasks[key] == "" {
			m.rt.Fatalf("%s is lost; there are %v", key, tasks)
		}
	}
	entries, err := m.store.Ledger(context.Background(), state.LedgerFilter{})
	if err != nil {
		m.rt.Fatal(err)
	}
	byTarget := map[string]int{}
	for _, e := range entries {
		if e.Action == "create" {
			if byTarget[e.Target+" "+e.Object]++; e.Target != "" && byTarget[e.Target+" "+e.Object] > 1 {
				m.rt.Fatalf("two ledger entries of one create: %+v", e)
			}
		}
	}
}
