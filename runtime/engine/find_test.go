package engine_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/syncline/syncline/connectors/memory"
	"github.com/syncline/syncline/runtime/state"
)

const owners = `
sync "owner" {
  from = cs.Company
  to   = crm.Account
  schedule { cron = "0 3 * * *" }
  find "owner" {
    in = crm.User
    by = { Email = source.Owner }
    MISSING
  }
  match { by = { Id = source.AccountId } }
  map {
    OwnerId = owner.Id
    Score   = source.Score
  }
}
`

func TestFindsAreLookedUpForAPageAtOnceAndRemembered(t *testing.T) {
	w := newWorld(t, strings.Replace(owners, "MISSING", `missing = "empty"`, 1))
	w.crm.Put("User", memory.Map{"Id": text("u1"), "Email": text("bob@x.io")})
	w.crm.Put("User", memory.Map{"Id": text("u2"), "Email": text("Eve@x.io")})
	for i := range 300 {
		id := fmt.Sprintf("c%03d", i)
		w.company(id, 1, "Owner", []string{"bob@x.io", "eve@x.io", ""}[i%3])
		w.account("a" + id[1:])
	}
	w.ok()
	w.want("Account", "a000", "OwnerId", "u1")
	w.want("Account", "a001", "OwnerId", nil) // case is heeded
	w.want("Account", "a002", "OwnerId", nil) // an empty key finds nothing
	reads := 0
	for _, c := range w.crm.Calls() {
		if c.Object == "User" {
			reads++
		}
	}
	if reads != 1 {
		t.Errorf("%d reads of User for two pages with two owners", reads)
	}
	w.quiet()
}

func TestAFindThatIsNeededAndNotFound(t *testing.T) {
	w := newWorld(t, strings.Replace(owners, "MISSING", "", 1))
	w.crm.Put("User", memory.Map{"Id": text("u1"), "Email": text("bob@x.io")})
	w.company("c1", 1, "Owner", "bob@x.io")
	w.company("c2", 1, "Owner", "nobody@x.io")
	w.account("a1")
	w.account("a2")
	w.counts(w.ok(), "read=2 matched=1 updated=1 unmatched=1")
}

func TestFindWithoutAKeyIsOneReadARun(t *testing.T) {
	w := newWorld(t, `
sync "owner" {
  from = cs.Company
  to   = crm.Account
  schedule { cron = "0 3 * * *" }
  find "boss" {
    in    = crm.User
    where = "it.Name == 'Boss'"
  }
  match { by = { Id = source.AccountId } }
  map { OwnerId = boss.Id }
}
`)
	w.crm.Put("User", memory.Map{"Id": text("u1"), "Name": text("Boss"), "Email": text("b")})
	w.crm.Put("User", memory.Map{"Id": text("u2"), "Name": text("Other"), "Email": text("o")})
	for i := range 250 {
		w.company(fmt.Sprintf("c%03d", i), 1)
		w.account(fmt.Sprintf("a%03d", i))
	}
	w.counts(w.ok(), "read=250 matched=250 updated=250")
	w.want("Account", "a249", "OwnerId", "u1")
	w.crm.Put("User", memory.Map{"Id": text("u3"), "Name": text("Boss"), "Email": text("c")})
	w.company("c001", 2)
	w.counts(w.run(), "read=1 ambiguous=1 dead=1")
	if l := w.letters(state.DeadOpen); l[0].Step != "find" || !strings.Contains(l[0].Message, "u1, u3") {
		t.Errorf("%+v", l)
	}
}

func TestAFindByWhatTheTargetHolds(t *testing.T) {
	w := newWorld(t, `
sync "owner" {
  from = cs.Company
  to   = crm.Account
  schedule { cron = "0 3 * * *" }
  find "owner" {
    in = crm.User
    by = { Id = target.OwnerId }
  }
  match { by = { Id = source.AccountId } }
  map { Tier = owner.Name }
}
`)
	w.crm.Put("User", memory.Map{"Id": text("u1"), "Name": text("Bob"), "Email": text("b")})
	w.company("c1", 1)
	w.account("a1", "OwnerId", "u1")
	w.counts(w.ok(), "read=1 matched=1 updated=1")
	w.want("Account", "a1", "Tier", "Bob")
	w.quiet()
}
