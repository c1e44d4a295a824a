package runtime

import (
	"context"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/syncline/syncline/connectors"
	"github.com/syncline/syncline/connectors/memory"
	"github.com/syncline/syncline/runtime/state"
)

// made tells whether a trigger has made a record for one of the source, and fails where it did twice.
func (p *plant) made(id string) bool {
	p.t.Helper()
	n := 0
	for _, made := range p.crm.IDs("To0") {
		if p.crm.Get("To0", made)["F1"].AsText() == id {
			n++
		}
	}
	if n > 1 {
		p.t.Fatalf("%s has fired %d times", id, n)
	}
	return n == 1
}

// inForce is the rule low of the set in force.
func inForce(s *Server) (Rule, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return ruleByID(s.set, "trigger.low")
}

// The first event is an observation like any other: what there was before it has been seen when serving began.
func TestTheFirstEventOfATriggerFires(t *testing.T) {
	p := eventPlant(t)
	p.write("a.sync.hcl", watchText("low", "new.F0 == 'low'", onEvent))
	p.level("a", "high")
	p.level("was low", "low")
	s, stop := p.serve()
	url := hooked(t, s)
	p.eventually("the first scan", func() bool { _, status := runsOf(s, "trigger.low"); return status != "" && status != "running" })
	p.level("a", "low")
	p.tells(url, "a")
	p.eventually("a fires", func() bool { return p.made("a") })
	p.level("new", "low")
	p.tells(url, "new")
	p.tells(url, "was low")
	p.eventually("a new record fires", func() bool { return p.made("new") })
	if p.made("was low") {
		t.Fatal("what was there before has fired")
	}
	p.eventually("all events are answered", func() bool {
		wakes, err := p.store.Wakes(context.Background(), "trigger.low", 10)
		return err == nil && len(wakes) == 0
	})
	stop()

	// A restart scans nothing; an edit of the condition does, and holds.
	reads := len(p.cs.Calls())
	s, stop = p.serve()
	if x, _ := inForce(s); !s.hasBaseline(context.Background(), x) {
		t.Fatal("the first scan is forgotten")
	}
	url = hooked(t, s)
	p.level("b", "low")
	p.tells(url, "b")
	p.eventually("b fires after a restart", func() bool { return p.made("b") })
	for _, c := range p.cs.Calls()[reads:] {
		if c.Records != 1 {
			t.Fatalf("the restart read more than the record of the event: %+v", c)
		}
	}
	p.level("c", "medium")
	p.write("a.sync.hcl", watchText("low", "new.F0 in ['low', 'medium']", onEvent))
	p.eventually("the scan after the edit", func() bool {
		x, _ := inForce(s)
		return x.Trigger != nil && x.Trigger.WhenText != "new.F0 == 'low'" && s.hasBaseline(context.Background(), x)
	})
	p.tells(url, "c")
	p.level("d", "medium")
	p.tells(url, "d")
	p.eventually("d fires", func() bool { return p.made("d") })
	if p.made("c") {
		t.Fatal("an edit fired what was so before")
	}
	stop()
}

// A scan that takes long takes in the events that come meanwhile.
func TestALongScanDoesNotHoldUpEvents(t *testing.T) {
	p := eventPlant(t)
	p.write("a.sync.hcl", watchText("low", "new.F0 == 'low'", onEvent))
	p.cs.SetLimits(connectors.Limits{Lookup: 200, WriteBatch: 200, Parallel: 2}, 10)
	for i := range 50 {
		p.level(fmt.Sprintf("r%02d", i), "high")
	}
	stands, goes := make(chan struct{}), make(chan struct{})
	var pages atomic.Int64
	p.cs.SetHooks(memory.Hooks{BeforeRead: func(string) error {
		if pages.Add(1) == 4 {
			close(stands)
			<-goes
		}
		return nil
	}})
	s, stop := p.serve()
	url := hooked(t, s)
	<-stands
	p.level("r00", "low") // was scanned, and changes now
	p.tells(url, "r00")
	p.eventually("an event is written while the scan stands still", func() bool { return p.made("r00") })
	p.eventually("its event is answered", func() bool {
		wakes, err := p.store.Wakes(context.Background(), "trigger.low", 10)
		return err == nil && len(wakes) == 0
	})
	x, _ := inForce(s)
	if s.hasBaseline(context.Background(), x) {
		t.Fatal("the scan has ended: this says nothing")
	}
	close(goes)
	p.eventually("the scan ends", func() bool { return s.hasBaseline(context.Background(), x) })
	if run := find(s.Status(context.Background()), "trigger.low").Last; run != nil && run.Fired > 1 {
		t.Fatalf("%+v", run)
	}
	stop()
}

// What a run for events has observed waits for nothing any more, though its messages are slow: no promise is late for it.
func TestSlowMessagesDoNotLeaveEventsWaiting(t *testing.T) {
	p := eventPlant(t)
	slow, goes := &chat{System: memory.New()}, make(chan struct{})
	slow.answer = func() (bool, error) { <-goes; return false, nil }
	p.options = func(o *Options) { o.Registry["chat"] = slow.system() }
	p.write("ops.sync.hcl", "connection \"chat\" \"ops\" {\n}\n")
	p.write("a.sync.hcl", strings.Replace(watchText("low", "new.F0 == 'low'", onEvent), "  then {\n",
		"  then {\n    send \"team\" {\n      via     = ops\n      channel = text(\"#x\")\n      text    = text(\"{{ new.Id }}\")\n    }\n", 1))
	s, stop := p.serve()
	url := hooked(t, s)
	p.eventually("the first scan", func() bool { _, status := runsOf(s, "trigger.low"); return status == state.Succeeded })
	p.level("a", "low")
	p.tells(url, "a")
	p.eventually("the event is answered while the message waits", func() bool {
		fired, err := p.store.Firings(t.Context(), state.FiringFilter{Rule: "trigger.low"})
		wakes, werr := p.store.Wakes(t.Context(), "trigger.low", 10)
		return err == nil && werr == nil && len(fired) == 1 && fired[0].Status == state.FiringPending && len(wakes) == 0
	})
	close(goes)
	p.eventually("the message is sent", func() bool { return len(slow.texts()) == 1 && p.made("a") })
	stop()
}
