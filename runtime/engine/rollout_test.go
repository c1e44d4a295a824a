package engine_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/syncline/syncline/lang/value"
	"github.com/syncline/syncline/runtime/engine"
)

func pilotRule(rollout string) string {
	return `
sync "score" {
  from  = cs.Company
  to    = crm.Account
  where = "source.Stage == 'Adoption'"
  schedule "near" {
    cron  = "*/5 * * * *"
    where = "source.Name != 'Company c1'"
  }
  schedule "all" {
    cron = "0 3 * * *"
  }
  rollout {
` + rollout + `
  }
  match {
    by = { Id = source.AccountId }
  }
  map {
    Score = source.Score
  }
}
`
}

// pilotWorld has so many companies with an account each.
func pilotWorld(t *testing.T, rollout string, n int) *world {
	w := newWorld(t, pilotRule(rollout))
	for i := range n {
		w.company(fmt.Sprintf("c%d", i), 10)
		w.account(fmt.Sprintf("a%d", i))
	}
	return w
}

// members are the companies whose account was written.
func (w *world) members() (out []string) {
	for _, id := range w.crm.IDs("Account") {
		if !value.IsEmpty(w.crm.Get("Account", id)["Score"]) {
			out = append(out, "c"+id[1:])
		}
	}
	slices.Sort(out)
	return out
}

func within(t *testing.T, few, many []string) {
	t.Helper()
	for _, id := range few {
		if !slices.Contains(many, id) {
			t.Errorf("%s was in the cohort and is not any more", id)
		}
	}
}

func schedule(name string) func(*engine.Job) { return func(j *engine.Job) { j.Schedule = name } }

func TestLimitedCohort(t *testing.T) {
	w := pilotWorld(t, "    limit = 5", 40)

	// A plan says who will be in, and admits nobody.
	w.run(func(j *engine.Job) { j.DryRun, j.Schedule = true, "all" })
	var planned []string
	for _, c := range w.changes {
		planned = append(planned, c.Source.ID)
	}
	slices.Sort(planned)
	run := w.ok(schedule("near"))
	w.ok(schedule("all"))
	first := w.members()
	if len(first) != 5 || !slices.Equal(first, planned) {
		t.Fatalf("five are admitted, whichever schedule comes first: %v, planned were %v; %s", first, planned, counts(run))
	}
	w.quiet(schedule("all"))

	// Who is in stays in; who leaves is left alone, and makes no room; newcomers find none.
	w.company(first[0], 20, "Stage", "Churned")
	w.company(first[1], 20)
	w.company("c90", 10)
	w.account("a90")
	w.ok(schedule("all"))
	w.want("Account", "a"+first[0][1:], "Score", 10)
	w.want("Account", "a"+first[1][1:], "Score", 20)
	if got := w.members(); !slices.Equal(got, first) {
		t.Fatalf("the cohort changed from %v to %v", first, got)
	}

	// A larger limit adds some, though their records have not changed. The place of who left is free then.
	w.compile(pilotRule("    limit = 8"))
	w.ok(schedule("all"))
	more := w.members()
	if within(t, first, more); len(more) != 9 {
		t.Fatalf("eight are admitted, besides the one who left: %v", more)
	}
	w.quiet(schedule("all"))

	// Without the block everybody is in.
	w.compile(strings.Replace(pilotRule("    limit = 8"), "  rollout {\n    limit = 8\n  }\n", "", 1))
	w.ok(schedule("all"))
	if got := w.members(); len(got) != 41 {
		t.Fatalf("%d are in", len(got))
	}
}

func TestCohortWithRoom(t *testing.T) {
	w := pilotWorld(t, "    limit = 4\n    where = \"source.Owner == 'jo'\"", 10)
	w.company("c3", 10, "Owner", "jo")
	w.company("c4", 10, "Owner", "jo")
	w.ok(schedule("all"))
	if got := w.members(); !slices.Equal(got, []string{"c3", "c4"}) {
		t.Fatalf("%v", got)
	}
	for _, id := range []string{"c5", "c6", "c7"} {
		w.company(id, 10, "Owner", "jo")
	}
	w.ok(schedule("all"))
	full := w.members()
	if within(t, []string{"c3", "c4"}, full); len(full) != 4 {
		t.Fatalf("two of the three newcomers find room: %v", full)
	}
	for _, id := range []string{"c5", "c6", "c7", "c8"} {
		w.company(id, 30, "Owner", "jo")
	}
	w.ok(schedule("all"))
	if got := w.members(); !slices.Equal(got, full) {
		t.Fatalf("the cohort changed from %v to %v", full, got)
	}
	// One of the cohort gets another owner: left alone.
	w.company("c3", 50, "Owner", "sam")
	w.ok(schedule("all"))
	w.want("Account", "a3", "Score", 10)
}

// A share is the same for every rule that draws by the same value, and a larger one only adds some.
func TestShare(t *testing.T) {
	w := pilotWorld(t, "    percent = 12.5", 400)
	w.ok(schedule("all"))
	eighth := w.members()
	if len(eighth) < 25 || len(eighth) > 80 {
		t.Fatalf("an eighth of 400 is %d", len(eighth))
	}
	w.quiet(schedule("all"))
	w.compile(pilotRule("    percent = 40"))
	w.ok(schedule("all"))
	more := w.members()
	if within(t, eighth, more); len(more) < 110 || len(more) > 210 {
		t.Fatalf("40 of a hundred are %d of 400", len(more))
	}
	for share, want := range map[string]int{"0": 0, "100": 400} {
		w := pilotWorld(t, "    percent = "+share, 400)
		w.ok(schedule("all"))
		if got := len(w.members()); got != want {
			t.Errorf("%s of a hundred are %d", share, got)
		}
	}
}

func TestShareOfFamilies(t *testing.T) {
	w := pilotWorld(t, "    percent = 50\n    by = source.Owner", 60)
	for i := range 60 {
		w.company(fmt.Sprintf("c%d", i), 10, "Owner", fmt.Sprintf("owner %d", i/10))
	}
	w.ok(schedule("all"))
	count := map[string]int{}
	for _, id := range w.members() {
		var i int
		fmt.Sscanf(id, "c%d", &i)
		count[fmt.Sprint(i/10)]++
	}
	for owner, n := range count {
		if n != 10 {
			t.Errorf("of owner %s only %d of ten are in", owner, n)
		}
	}
}

// A target that is written whole holds the cohort and nobody else.
func TestCohortInAWholeTarget(t *testing.T) {
	for _, rollout := range []string{"limit = 7", "percent = 30"} {
		w := exporting(t)
		w.compile(strings.Replace(whole, "  map {", "  rollout {\n    "+rollout+"\n  }\n  map {", 1))
		for i := range 100 {
			w.company(fmt.Sprintf("c%03d", i), 1)
		}
		names := func() (out []string) {
			for _, row := range w.crm.Whole("Export") {
				out = append(out, row["Name"].String())
			}
			return out
		}
		w.ok()
		first := names()
		if n := len(first); rollout == "limit = 7" && n != 7 || n < 7 || n > 50 {
			t.Fatalf("%s: %d rows", rollout, n)
		}
		w.ok()
		if got := names(); !slices.Equal(got, first) {
			t.Errorf("%s: the cohort changed from %v to %v", rollout, first, got)
		}
	}
}

// Whatever comes and goes, nobody is written beyond the limit, and who was written once is followed from then on.
func TestCohortModel(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		limit := rapid.IntRange(0, 6).Draw(rt, "limit")
		w := pilotWorld(t, fmt.Sprintf("    limit = %d", limit), rapid.IntRange(0, 8).Draw(rt, "companies"))
		w.t = rt
		ever := map[string]bool{}
		for range rapid.IntRange(1, 4).Draw(rt, "rounds") {
			for range rapid.IntRange(0, 3).Draw(rt, "edits") {
				id := fmt.Sprintf("c%d", rapid.IntRange(0, 9).Draw(rt, "id"))
				w.company(id, float64(rapid.IntRange(1, 50).Draw(rt, "score")), "Stage", rapid.SampledFrom([]string{"Adoption", "Churned"}).Draw(rt, "stage"))
				w.account("a" + id[1:])
			}
			w.ok(schedule(rapid.SampledFrom([]string{"near", "all"}).Draw(rt, "schedule")))
			w.ok(schedule("all"))
			now := w.members()
			for _, id := range now {
				c := w.cs.Get("Company", id)
				if a := w.crm.Get("Account", "a"+id[1:]); c["Stage"].String() == "Adoption" && !value.Equal(c["Score"], a["Score"]) {
					rt.Fatalf("%s is in and has %v, not %v", id, a["Score"], c["Score"])
				}
			}
			for _, id := range now {
				ever[id] = true
			}
			if len(ever) > limit {
				rt.Fatalf("%d were written over time, %d may be", len(ever), limit)
			}
		}
	})
}
