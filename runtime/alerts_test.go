package runtime

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/syncline/syncline/connectors"
	"github.com/syncline/syncline/connectors/memory"
	"github.com/syncline/syncline/lang/diag"
	"github.com/syncline/syncline/lang/schema"
	"github.com/syncline/syncline/runtime/reload"
	"github.com/syncline/syncline/runtime/state"
)

// chat is a system that takes messages and can be asked for them. Its answers can be refused and lost.
type chat struct {
	*memory.System
	mu     sync.Mutex
	taken  []connectors.Message
	answer func() (lost bool, err error)
}

func (c *chat) Send(_ context.Context, m connectors.Message) (connectors.Receipt, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.answer != nil {
		lost, err := c.answer()
		if lost {
			c.taken = append(c.taken, m)
		}
		if err != nil {
			return connectors.Receipt{}, err
		}
	}
	c.taken = append(c.taken, m)
	return connectors.Receipt{ID: fmt.Sprint(len(c.taken))}, nil
}

func (c *chat) Trace(_ context.Context, m connectors.Message, _ time.Time) (connectors.Receipt, bool, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return connectors.Receipt{}, slices.ContainsFunc(c.taken, func(x connectors.Message) bool { return x.Key == m.Key }), nil
}

// system is the kind of system that it is.
func (c *chat) system() connectors.Type {
	return connectors.Type{System: schema.System{Name: "chat", Sends: true, Send: &schema.Sending{Verb: schema.VerbSend, Arguments: []schema.Argument{
		{Name: "text", Kind: schema.Text, Required: true}, {Name: "channel", Kind: schema.Text}}}},
		Open: func(context.Context, connectors.Config) (connectors.Connection, error) { return c, nil }}
}

func (c *chat) texts() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	out := []string{}
	for _, m := range c.taken {
		out = append(out, m.Text("channel")+" "+m.Text("text"))
	}
	return out
}

// alertPlant is a server that does not run, with a clock that the test moves: its desk looks when it is told to.
type alertPlant struct {
	*plant
	chat *chat
	now  time.Time
	s    *Server
	// systems are further kinds of systems.
	systems connectors.Registry
}

func newAlertPlant(t *testing.T, alerts string) *alertPlant {
	p := &alertPlant{plant: newPlant(t, 2, 4), chat: &chat{System: memory.New()}, now: time.Date(2026, 3, 1, 10, 0, 0, 0, time.UTC)}
	p.write("a.sync.hcl", ruleText("a", 0, "F2 = source.F2", "schedule {\n    cron = \"0 * * * *\"\n  }", "slo {\n    latency = \"2h\"\n  }"))
	p.write("alerts.sync.hcl", "connection \"chat\" \"ops\" {\n}\n"+alerts)
	p.start()
	return p
}

// start starts a server anew, on the same state.
func (p *alertPlant) start() {
	p.t.Helper()
	r := p.runtime()
	r.o.Now = func() time.Time { return p.now }
	r.o.Registry["chat"] = p.chat.system()
	maps.Copy(r.o.Registry, p.systems)
	s, err := NewServer(context.Background(), r, ServeOptions{Store: p.store, Deadline: 5 * time.Second, Watch: reload.Watch{}})
	if err != nil {
		p.t.Fatal(err)
	}
	p.s = s
	p.t.Cleanup(func() { r.Close() })
}

// look moves the clock and looks.
func (p *alertPlant) look(d time.Duration) []string {
	before := len(p.chat.texts())
	p.now = p.now.Add(d)
	p.s.alerts.look(context.Background())
	return p.chat.texts()[before:]
}

func (p *alertPlant) ended(status state.RunStatus, why string) {
	p.t.Helper()
	run := state.Run{ID: fmt.Sprintf("r%d", p.now.Unix()), Rule: "sync.a", Status: status, Why: why, Started: p.now}
	if err := p.store.SaveRun(context.Background(), run); err != nil {
		p.t.Fatal(err)
	}
	p.s.board.end(run)
}

func (p *alertPlant) told(want string, got []string) {
	p.t.Helper()
	if want == "" && len(got) == 0 {
		return
	}
	if len(got) != 1 || want == "" || !strings.Contains(got[0], want) {
		p.t.Fatalf("told %q, want %q", got, want)
	}
}

const opsAlert = `
alert "ops" {
  events  = ["failed", "dead", "stale", "reload"]
  via     = ops
  channel = text("#ops")
  repeat  = "4h"
}
`

func TestAFailedRunIsToldOnceAcrossRestarts(t *testing.T) {
	p := newAlertPlant(t, opsAlert)
	p.ended(state.Succeeded, "")
	p.told("", p.look(time.Second))
	p.ended(state.Failed, "connection crm: no such host")
	p.told("#ops Syncline: sync.a: failed\nTrouble:\n• sync.a: its run failed: connection crm: no such host (since 10:00 UTC)", p.look(time.Second))
	for range 20 {
		p.start()
		p.told("", p.look(time.Minute))
	}
	p.ended(state.Stopped, "interrupted") // that is no success
	p.told("", p.look(2*time.Minute))
	p.told("Still:", p.look(4*time.Hour))
	p.ended(state.Succeeded, "")
	p.told("", p.look(time.Minute))
	p.start()
	p.told("Over:\n• sync.a: failed, over after 4h23m", p.look(time.Minute))
	p.told("", p.look(time.Minute))
}

func TestDeadLettersAndStaleRulesAreTold(t *testing.T) {
	p := newAlertPlant(t, opsAlert)
	p.ended(state.Succeeded, "")
	dead := state.DeadLetter{Rule: "sync.a", Source: state.SourceRef{ID: "1"}, Status: state.DeadOpen, Message: "no", At: p.now}
	if err := p.store.Commit(t.Context(), state.Outcome{Rule: "sync.a", Dead: []state.DeadLetter{dead}}); err != nil {
		t.Fatal(err)
	}
	p.told("sync.a: a record lies in the dead letters; `syncline dead list --rule sync.a` shows it", p.look(time.Second))
	p.told("", p.look(2*time.Hour))
	p.told("sync.a: it has not ended well since 2026-03-01 10:00 UTC (since 13:00 UTC)", p.look(time.Hour))
	p.ended(state.Succeeded, "")
	p.told("", p.look(time.Minute))
	p.told("sync.a: stale, over", p.look(time.Minute))
}

func TestARestartAfterALongStopTellsNothingStaleAtOnce(t *testing.T) {
	p := newAlertPlant(t, opsAlert)
	p.ended(state.Succeeded, "")
	p.now = p.now.Add(100 * time.Hour)
	p.start()
	p.told("", p.look(time.Second))
	p.told("", p.look(4*time.Minute))
	p.told("it has not ended well since", p.look(time.Minute))
}

func TestAFailedReloadIsTold(t *testing.T) {
	p := newAlertPlant(t, opsAlert)
	p.told("", p.look(time.Second))
	p.s.tried(reload.Attempt{At: p.now, Err: fmt.Errorf("the disk is gone")})
	p.told("the files could not be checked, and the rules before them go on: the disk is gone", p.look(time.Second))
	p.s.tried(reload.Attempt{At: p.now, OK: true})
	p.told("", p.look(time.Second))
	p.told("Over:", p.look(time.Minute))
	broken := diag.List{{Severity: diag.Warning, Summary: "Unused"}, {Severity: diag.Error, Code: "SYN201", Summary: "Unknown field"}, {Severity: diag.Error, Summary: "Other"}}
	p.s.tried(reload.Attempt{At: p.now, Diagnostics: broken})
	p.told("the files have errors, and the rules before them go on; the first of 2: ", p.look(time.Second))
}

func TestAnAlertThatCannotBeSentIsSentLater(t *testing.T) {
	p := newAlertPlant(t, opsAlert)
	tries := 0
	p.chat.answer = func() (bool, error) {
		tries++
		return false, &connectors.Error{Class: connectors.Retry, Message: "503"}
	}
	p.ended(state.Failed, "it broke")
	for range 360 {
		p.told("", p.look(10*time.Second))
	}
	if tries < 5 || tries > 14 {
		t.Fatalf("%d tries in an hour", tries)
	}
	p.start()
	p.chat.answer = nil
	p.told("it broke", p.look(10*time.Minute))
	p.told("", p.look(10*time.Minute))
}

func TestALostAnswerIsNotToldTwice(t *testing.T) {
	p := newAlertPlant(t, opsAlert)
	p.chat.answer = func() (bool, error) {
		return true, &connectors.Error{Class: connectors.InDoubt, Message: "the connection broke"}
	}
	p.ended(state.Failed, "it broke")
	p.told("it broke", p.look(time.Second))
	p.chat.answer = nil
	p.start()
	for range 100 {
		p.told("", p.look(time.Minute))
	}
}

func TestTheStateMustKnowBeforeAnybodyIsTold(t *testing.T) {
	p := newAlertPlant(t, opsAlert)
	p.told("", p.look(time.Second))
	p.ended(state.Failed, "it broke")
	p.store.Close()
	p.told("", p.look(time.Minute))
	p.openStore()
	p.start()
	p.told("it broke", p.look(time.Minute))
}

func TestMissedPromisesAreTold(t *testing.T) {
	p := newAlertPlant(t, strings.Replace(opsAlert, `"failed", "dead", "stale", "reload"`, `"slo"`, 1))
	p.ended(state.Succeeded, "")
	x := p.s.desk.slo.begin(t.Context(), "sync.a", 2*time.Hour)
	p.now = p.now.Add(5 * time.Hour)
	x.wrote(p.now.Add(-3*time.Hour), p.now, true)
	p.told("sync.a: writes come later than the promised 2h, the worst after 3h", p.look(time.Second))
	p.start()
	p.told("", p.look(time.Hour))
	p.told("", p.look(time.Hour))
	p.told("Over:\n• sync.a: promise missed", p.look(2*time.Minute))
}

// A rule that only events start is stale by the alert's own measure; one that only people start never is.
func TestARuleWithoutAScheduleIsStaleByTheAlertsMeasure(t *testing.T) {
	for _, test := range []struct{ starts, stale, want string }{
		{"on_event = true", "stale = \"3h\"", "sync.a: it has never ended well"},
		{"on_event = true", "", ""},
		{manual, "stale = \"3h\"", ""},
	} {
		p := newAlertPlant(t, strings.Replace(opsAlert, "repeat ", test.stale+"\n  repeat ", 1))
		p.write("a.sync.hcl", ruleText("a", 0, "F2 = source.F2", test.starts))
		p.start()
		p.told("", p.look(time.Second))
		p.told("", p.look(2*time.Hour))
		p.told(test.want, p.look(2*time.Hour))
	}
}
