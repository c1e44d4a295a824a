package engine_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/syncline/syncline/connectors/memory"
)

// Finds of every kind: alternatives, a condition of the candidate's own and one that is not, an order, one find that reads
// another, one that may be missing.
const looking = `
  find "owner" {
    in       = crm.User
    by       = [{ Email = source.Owner }, { Name = source.Stage }]
    where    = "it.Name != 'Blocked' && it.Name != source.Name"
    ORDER
  }
  find "deputy" {
    in       = crm.User
    by       = { Name = owner.Email }
    order_by = it.Email
    missing  = "empty"
  }
`

const lookingWhole = `
sync "export" {
  from  = cs.Company
  to    = crm.Export
  where = "source.Score > 10.0"
  schedule { cron = "0 3 * * *" }` + looking + `
  map {
    Name  = text("{{ source.Name }}: {{ owner.Id }}, {{ deputy.Email }}")
    Score = source.Score
  }
}
`

const lookingEach = `
sync "owners" {
  from  = cs.Company
  to    = crm.Account
  where = "source.Score > 10.0"
  schedule { cron = "0 3 * * *" }` + looking + `
  match { by = { Id = source.AccountId } }
  map {
    Tier = text("{{ owner.Id }}, {{ deputy.Email }}")
  }
}
`

// A system that cannot be asked by key is read once and asked here: what is found is the same, also side by side.
func TestWhatIsOnAShelfIsFoundAsInItsSystem(t *testing.T) {
	for _, project := range []string{lookingWhole, lookingEach} {
		for _, order := range []string{"order_by = it.Email", `ambiguous = "skip"`, ""} {
			for seed := range uint64(2) {
				text := strings.Replace(project, "ORDER", order, 1)
				keyed, _ := lookedUp(t, text, seed, true)
				shelved, reads := lookedUp(t, text, seed, false)
				if len(shelved) != len(keyed) {
					t.Fatalf("with %q, seed %d, the shelf gives %d results, %d come by key", order, seed, len(shelved), len(keyed))
				}
				for what, want := range keyed {
					if got := shelved[what]; got != want {
						t.Fatalf("with %q, seed %d, %s on the shelf is\n%s\nby key it is\n%s", order, seed, what, got, want)
					}
				}
				// Each find reads once; where pages come one by one, once more for the first.
				if most := map[string]int{lookingWhole: 2, lookingEach: 4}[project]; reads != most {
					t.Errorf("users are read %d times, not %d", reads, most)
				}
			}
		}
	}
}

// lookedUp runs the rule over random records and gives all that came of it, and how often users were read.
func lookedUp(t *testing.T, project string, seed uint64, byKey bool) (out map[string]string, reads int) {
	w := exporting(t)
	w.crm.Catalog().Filter.In = byKey
	w.compile(project)
	random := rand.New(rand.NewPCG(seed, 1))
	name := func() string { return []string{"", "Ann", "Béa", "Cy", "Blocked", "d@x.io", "e@x.io"}[random.IntN(7)] }
	for i := range 40 {
		w.crm.Put("User", memory.Map{"Id": text(fmt.Sprintf("u%02d", i)), "Email": text(fmt.Sprintf("%c@x.io", 'a'+random.IntN(30))), "Name": text(name())})
	}
	for i := range 450 {
		owner := ""
		if random.IntN(3) > 0 {
			owner = fmt.Sprintf("%c@x.io", 'a'+random.IntN(30))
		}
		w.company(fmt.Sprintf("c%03d", i), float64(random.IntN(100)), "Owner", owner, "Stage", name(), "Name", name())
		w.account(fmt.Sprintf("a%03d", i))
	}
	w.crm.ResetCalls()
	run := w.run()
	for _, c := range w.crm.Calls() {
		if c.Object == "User" && c.Kind == "read" {
			reads++
		}
	}
	out = map[string]string{"counts": fmt.Sprint(run.Read, run.Filtered, run.Matched, run.Created, run.Updated, run.Unmatched, run.Ambiguous, run.Dead)}
	for i, row := range w.crm.Whole("Export") {
		out[fmt.Sprint("row ", i)] = fmt.Sprint(row)
	}
	for _, id := range w.crm.IDs("Account") {
		out[id] = w.crm.Get("Account", id)["Tier"].String()
	}
	for _, p := range w.trouble {
		out["problem of "+p.Source.ID] = p.Kind + " " + p.Message
	}
	return out, reads
}
