package engine_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/syncline/syncline/connectors"
	"github.com/syncline/syncline/runtime/engine"
	"github.com/syncline/syncline/runtime/engine/recall"
	"github.com/syncline/syncline/runtime/state"
)

// A plan takes links as the run would have them by then: those of records that need no write, and those that were given up,
// also on earlier pages and where they are too many for memory.
func TestAPlanKnowsTheLinksOfItsRun(t *testing.T) {
	defer recall.Bound(64)()
	const n = 400
	for _, page := range []int{1, 1000} {
		w := newWorld(t, health)
		w.cs.SetLimits(connectors.Limits{Lookup: 500, WriteBatch: 200}, page)
		for i := range n {
			w.account(fmt.Sprintf("a%03d", i), "Score", float64(i%2), "Tier", "Red")
			w.company(fmt.Sprintf("c%03d", i), 1, "AccountId", fmt.Sprintf("a%03d", i))
		}
		w.company("d1", 5, "AccountId", "a001") // its account has what c001 wants
		w.company("d2", 5, "AccountId", "a002")
		same := func(when, want string) {
			t.Helper()
			plan := w.run(func(j *engine.Job) { j.DryRun = true })
			run := w.run()
			if counts(plan) != counts(run) || counts(run) != want {
				t.Errorf("page %d, %s: the plan says %s, the run %s, want %s", page, when, counts(plan), counts(run), want)
			}
		}
		same("at first", "read=402 matched=400 updated=200 unchanged=200 ambiguous=2 dead=2")
		if l := w.letters(state.DeadOpen); len(l) != 2 || !strings.Contains(l[0].Message+l[1].Message, "linked to Company c001 already") {
			t.Errorf("%+v", l)
		}
		w.account("b1")
		w.company("c001", 1, "AccountId", "b1")
		w.company("d1", 6, "AccountId", "a001")
		same("then", "read=2 matched=2 updated=2")
	}
}
