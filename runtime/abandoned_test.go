package runtime

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/syncline/syncline/runtime/state"
)

// A run that a crash cut off must not be said to be under way for as long as its rule has nothing to do.
func TestStartEndsRunsThatACrashLeftOpen(t *testing.T) {
	p := newPlant(t, 1, 2)
	p.write("rules.sync.hcl", ruleText("a", 0, "", manual))
	began := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	waiting := &state.Outbox{Changes: 3, Digest: "d", Meaning: "m"}
	for _, r := range []state.Run{
		{ID: "cut", Rule: "sync.a", Status: state.Running, Started: began},
		{ID: "of a rule that is gone", Rule: "sync.gone", Status: state.Running, Started: began},
		{ID: "approved", Rule: "sync.a", Status: state.Running, Started: began, Outbox: waiting, Approved: &state.Approval{By: "tester"}},
		{ID: "approved, of a rule that is gone", Rule: "sync.gone", Status: state.Running, Started: began, Outbox: waiting, Approved: &state.Approval{By: "tester"}},
		{ID: "not approved", Rule: "sync.a", Status: state.Running, Started: began, Outbox: waiting},
		{ID: "waiting", Rule: "sync.a", Status: state.Waiting, Started: began, Outbox: waiting},
	} {
		if err := p.store.SaveRun(context.Background(), r); err != nil {
			t.Fatal(err)
		}
	}
	p.serve()
	const left, approved = "sees to what it left", "writes the rest of what was approved"
	for _, want := range []struct {
		id     string
		status state.RunStatus
		why    string
		holds  bool
	}{
		{"cut", state.Stopped, left, false},
		{"of a rule that is gone", state.Stopped, left, false},
		{"not approved", state.Stopped, left, false},
		{"approved", state.Stopped, approved, true},
		{"approved, of a rule that is gone", state.Stopped, approved, true},
		{"waiting", state.Waiting, "", true},
	} {
		runs, err := p.store.Runs(context.Background(), state.RunFilter{ID: want.id})
		if err != nil || len(runs) != 1 {
			t.Fatalf("%s: %v %v", want.id, runs, err)
		}
		if r := runs[0]; r.Status != want.status || !strings.HasSuffix(r.Why, want.why) || r.Holds() != want.holds {
			t.Errorf("%s is %s %q, and holds: %t", want.id, r.Status, r.Why, r.Holds())
		}
	}
}

// Nor after a run of other rules: nobody may ever run that one again.
func TestARunOfOtherRulesEndsRunsThatACrashLeftOpen(t *testing.T) {
	p := newPlant(t, 2, 2)
	p.write("rules.sync.hcl", ruleText("a", 0, "", manual)+ruleText("b", 1, "", manual))
	if err := p.store.SaveRun(t.Context(), state.Run{ID: "cut", Rule: "sync.b", Status: state.Running, Started: time.Now()}); err != nil {
		t.Fatal(err)
	}
	r := p.runtime()
	defer r.Close()
	c, err := r.Compile(t.Context(), SchemaLive)
	if err != nil || c.Set == nil {
		t.Fatal(err)
	}
	for _, x := range []struct {
		dry  bool
		want state.RunStatus
	}{{true, state.Running}, {false, state.Stopped}} {
		if _, err := r.RunOnce(t.Context(), c.Set, Selection{Only: []string{"sync.a"}}, p.store, x.dry, Hooks{}); err != nil {
			t.Fatal(err)
		}
		runs, err := p.store.Runs(t.Context(), state.RunFilter{ID: "cut"})
		if err != nil || len(runs) != 1 || runs[0].Status != x.want {
			t.Errorf("%+v, %v; want %s", runs, err, x.want)
		}
	}
}

// A run that panics is a failed one, and what it was for is not forgotten.
func TestARunThatPanicsFails(t *testing.T) {
	p := newPlant(t, 1, 2)
	p.write("rules.sync.hcl", ruleText("a", 0, "", "schedule {\n    cron = \"0 0 29 2 *\"\n  }"))
	s, _ := p.serve()
	p.runs(s, "sync.a")
	before, _ := runsOf(s, "sync.a")
	p.cs.fault.Store(true)
	if err := s.Start("sync.a", false); err != nil {
		t.Fatal(err)
	}
	p.eventually("the run is said to have failed", func() bool {
		id, status := runsOf(s, "sync.a")
		return id != before && status == state.Failed
	})
	runs, err := p.store.Runs(context.Background(), state.RunFilter{Rule: "sync.a", Status: state.Failed})
	if err != nil || len(runs) != 1 || !strings.Contains(runs[0].Why, "a fault of the program") {
		t.Errorf("stored are %+v, %v", runs, err)
	}
	p.runs(s, "sync.a")
}
