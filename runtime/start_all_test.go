package runtime

import (
	"errors"
	"testing"

	"github.com/syncline/syncline/runtime/server"
	"github.com/syncline/syncline/runtime/state"
)

// Whoever starts all rules starts those that are not paused; only where all are, nothing can be done.
func TestStartingAllLeavesOutWhatIsPaused(t *testing.T) {
	p := newPlant(t, 2, 4)
	const seldom = "schedule {\n    cron = \"0 0 29 2 *\"\n  }"
	p.write("a.sync.hcl", ruleText("a", 0, "F2 = source.F2", seldom))
	p.write("b.sync.hcl", ruleText("b", 1, "F2 = source.F2", seldom))
	s, _ := p.serve()
	if err := s.Hold(t.Context(), "a", "a person"); err != nil {
		t.Fatal(err)
	}
	if err := s.Start("", false); err != nil {
		t.Fatal(err)
	}
	p.eventually("the other one runs", func() bool { _, status := runsOf(s, "sync.b"); return status == state.Succeeded })
	if id, _ := runsOf(s, "sync.a"); id != "" {
		t.Error("the rule runs though it is paused")
	}
	if err := s.Hold(t.Context(), "b", "a person"); err != nil {
		t.Fatal(err)
	}
	if err := s.Start("", false); !errors.Is(err, server.ErrConflict) {
		t.Errorf("with all rules paused: %v", err)
	}
}
