package engine_test

import (
	"context"
	"strings"
	"testing"

	"github.com/syncline/syncline/connectors/memory"
	"github.com/syncline/syncline/runtime/state"
)

func TestLinksFollowTheirKeys(t *testing.T) {
	w := newWorld(t, health)
	w.company("c1", 70)
	w.account("a1")
	w.account("b1")
	w.ok()

	// Corrected from a1 to b1: relinked, and said so.
	w.company("c1", 70, "AccountId", "b1")
	w.counts(w.ok(), "read=1 matched=1 updated=1")
	w.want("Account", "b1", "Score", 70.0)
	entries, _ := w.store.Ledger(context.Background(), state.LedgerFilter{Record: "c1"})
	if len(entries) != 3 || entries[0].Action+entries[1].Action != "updaterelink" && entries[0].Action+entries[1].Action != "relinkupdate" {
		t.Errorf("ledger %+v", entries)
	}
	// The key now finds nothing: the link is kept.
	w.company("c1", 71, "AccountId", "zz")
	w.counts(w.ok(), "read=1 matched=1 updated=1")
	w.want("Account", "b1", "Score", 71.0)
	w.quiet()
	// A key of a later alternative is no reason either, as long as it finds the same.
	w.account("b1", "Gsid", "c1")
	w.company("c1", 72, "AccountId", nil)
	w.counts(w.ok(), "read=1 matched=1 updated=1")
	w.want("Account", "b1", "Score", 72.0)
}

func TestAlternativesAreTriedInOrder(t *testing.T) {
	w := newWorld(t, health)
	w.company("c1", 70, "AccountId", nil)
	w.company("c2", 71, "AccountId", "a2")
	w.company("c3", 72, "AccountId", "nowhere")
	w.account("g1", "Gsid", "c1")
	w.account("a2")
	w.account("g2", "Gsid", "c2")
	w.account("g3", "Gsid", "c3")
	w.counts(w.ok(), "read=3 matched=3 updated=3")
	w.want("Account", "g1", "Score", 70.0)
	w.want("Account", "a2", "Score", 71.0)
	w.want("Account", "g2", "Score", nil)
	w.want("Account", "g3", "Score", 72.0)
}

func TestTwoSourcesThatReachOneTarget(t *testing.T) {
	w := newWorld(t, health)
	w.company("c1", 70)
	w.company("c2", 50, "AccountId", "a1")
	w.account("a1")
	run := w.run()
	w.counts(run, "read=2 matched=1 updated=1 ambiguous=1 dead=1")
	w.want("Account", "a1", "Score", 70.0)
	if l := w.letters(state.DeadOpen); len(l) != 1 || l[0].Source.ID != "c2" || !strings.Contains(l[0].Message, "linked to Company c1 already") {
		t.Errorf("%+v", l)
	}
	// In a later run too, whichever changes.
	w.company("c2", 51, "AccountId", "a1")
	w.counts(w.run(), "read=1 ambiguous=1 dead=1")
	w.company("c1", 71)
	w.counts(w.run(), "read=1 matched=1 updated=1")
	w.want("Account", "a1", "Score", 71.0)
	// When the first is gone, the second takes over.
	w.cs.Remove("Company", "c1")
	w.company("c2", 52, "AccountId", "a1")
	w.counts(w.ok(), "read=1 matched=1 updated=1")
	w.want("Account", "a1", "Score", 52.0)
	if l := w.letters(state.DeadOpen); len(l) != 0 {
		t.Errorf("not settled: %+v", l)
	}
}

func TestTargetsMaySwapTheirSources(t *testing.T) {
	w := newWorld(t, health)
	w.company("c1", 70)
	w.company("c2", 80)
	w.account("a1")
	w.account("a2")
	w.ok()
	w.company("c1", 70, "AccountId", "a2")
	w.company("c2", 80, "AccountId", "a1")
	w.counts(w.ok(), "read=2 matched=2 updated=2")
	w.want("Account", "a1", "Score", 80.0)
	w.want("Account", "a2", "Score", 70.0)
	w.quiet()
}

func TestSeveralMatches(t *testing.T) {
	const rule = `
sync "dup" {
  from = cs.Company
  to   = crm.Account
  schedule { cron = "0 3 * * *" }
  match {
    by        = { Name = source.Name }
    ambiguous = "AMB"
    ORDER
  }
  map { Score = source.Score }
}
`
	project := func(amb, order string) string {
		return strings.NewReplacer("AMB", amb, "ORDER", order).Replace(rule)
	}
	fill := func(w *world) {
		w.company("c1", 70, "Name", "Acme")
		w.account("a1", "Name", "Acme", "Ref", "x")
		w.account("a2", "Name", "Acme", "Ref", "y")
		w.account("a3", "Name", "acme") // another name, whatever the system thinks of case
	}
	w := newWorld(t, project("error", ""))
	fill(w)
	w.counts(w.run(), "read=1 ambiguous=1 dead=1")
	if l := w.letters(state.DeadOpen); !strings.Contains(l[0].Message, "2 records match the key: a1, a2") {
		t.Errorf("%+v", l)
	}
	w = newWorld(t, project("skip", ""))
	fill(w)
	w.counts(w.ok(), "read=1 ambiguous=1")
	w = newWorld(t, project("error", "order_by = it.Ref\n descending = true"))
	fill(w)
	w.counts(w.ok(), "read=1 matched=1 updated=1")
	w.want("Account", "a2", "Score", 70.0)
	w = newWorld(t, project("error", `where = "it.Ref == 'x'"`))
	fill(w)
	w.counts(w.ok(), "read=1 matched=1 updated=1")
	w.want("Account", "a1", "Score", 70.0)
	// A link counts while its record satisfies the match's where.
	w.account("a1", "Ref", "old", "Name", "Acme")
	w.account("a2", "Ref", "x", "Name", "Acme")
	w.company("c1", 71, "Name", "Acme")
	w.counts(w.ok(), "read=1 matched=1 updated=1")
	w.want("Account", "a2", "Score", 71.0)
}

func TestAMissingTarget(t *testing.T) {
	w := newWorld(t, strings.Replace(health, `"skip"`, `"error"`, 1))
	w.company("c1", 70)
	w.company("c2", 70, "AccountId", nil)
	w.counts(w.run(), "read=2 unmatched=2 dead=2")
	w.quiet()
}

func TestTwoSourcesWithOneKeyCreateOneRecord(t *testing.T) {
	for _, key := range []string{"Ref", "Gsid"} {
		w := newWorld(t, strings.Replace(creating, "Ref = source.Id", key+" = source.Owner", 1))
		w.company("c1", 1, "Owner", "k")
		w.company("c2", 2, "Owner", "k")
		run := w.run()
		if n := len(w.crm.IDs("Account")); n != 1 || run.Created != 1 {
			t.Errorf("%s: %d accounts; %s %v", key, n, counts(run), w.trouble)
		}
		w.want("Account", w.crm.IDs("Account")[0], "Name", "Company c1")
		w.quiet(nil...)
	}
}

func TestSourceRecordsWithoutIdentity(t *testing.T) {
	w := newWorld(t, strings.NewReplacer("cs.Company", "cs.Row", "{ Id = source.AccountId }, { Gsid = source.Id }", "{ Id = source.AccountId }").Replace(health))
	w.cs.Catalog().Object("Row").Key = "" // the ids that the system gives are not shown to rules
	w.compile(strings.NewReplacer("cs.Company", "cs.Row", "{ Id = source.AccountId }, { Gsid = source.Id }", "{ Id = source.AccountId }").Replace(health))
	w.account("a1")
	w.cs.Catalog().Object("Row").Key = ""
	w.cs.Put("Row", memory.Map{"Id": text("r1"), "Stage": text("x"), "Score": num(5), "AccountId": text("a1")})
	w.counts(w.ok(), "read=1 matched=1 updated=1")
	w.counts(w.quiet(), "read=1 matched=1 unchanged=1")
}
