package testrun_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/syncline/syncline/lang"
	"github.com/syncline/syncline/lang/plan"
	"github.com/syncline/syncline/lang/schema/schematext"
	"github.com/syncline/syncline/lang/spectest"
	"github.com/syncline/syncline/lang/syntax"
	"github.com/syncline/syncline/runtime/testrun"
)

const schemas = `
cs memory filter=all
  Company key=Id modified=Modified
    Id id
    Modified datetime null
    Name text(40) null
    Score number null
    Stage text(20) null
    Due date null
crm memory filter=all
  Account key=Id modified=Stamp create update delete
    Id id
    Stamp datetime null
    Ref text(40) null rw unique upsert
    Name text(10) null rw
    Score number(5,1) null rw
    Seen datetime null rw
    Tier text(20) null rw
`

const rules = `
connection "memory" "cs" {}
connection "memory" "crm" {}
variable "limit" {
  default = 50
}

sync "accounts" {
  from  = cs.Company
  to    = crm.Account
  where = "source.Stage != 'Churned'"
  schedule { cron = "0 3 * * *" }
  match {
    by      = { Ref = source.Id }
    missing = "create"
  }
  map {
    Name  = source.Name
    Score = source.Score
    Tier  = "source.Score < vars.limit ? 'low' : (within(source.Due, days(7)) ? 'due' : 'high')"
    Seen  = "now()"
  }
  write { Seen = "with_changes" }
  on_leave  = "delete"
  on_delete = "delete"
}

trigger "drop" {
  on       = cs.Company
  when     = "new.Score < 50"
  rearm    = "new.Score >= 60"
  cooldown = "24h"
  schedule { cron = "* * * * *" }
  find "account" {
    in      = crm.Account
    by      = { Ref = new.Id }
    missing = "empty"
  }
  together {
    update "account" {
      set { Score = new.Score }
    }
    create "note" {
      in  = crm.Account
      key = "Ref"
      if  = "account == null"
      set { Name = "old.Score > 90 ? 'far' : 'near'" }
    }
  }
  recovered {
    update "account" {
      set { Tier = text("up") }
    }
  }
}
`

// run carries out a file of tests and gives the report as text: one line for each failure, below its test.
func run(t *testing.T, tests string) (string, *testrun.Report) {
	t.Helper()
	catalogs, err := schematext.Parse(schemas)
	if err != nil {
		t.Fatal(err)
	}
	file, diags := syntax.ParseTests("a.synctest.hcl", []byte(tests))
	module, found := lang.Load([]lang.Source{{Name: "a.sync.hcl", Text: []byte(rules)}})
	diags = append(diags, found...)
	sets := map[string]*plan.Set{}
	compile := func(name string, vars map[string]string) {
		set, found := lang.Compile(module, lang.Inputs{Catalogs: catalogs, Vars: vars})
		sets[name], diags = set, append(diags, found...)
	}
	compile("", nil)
	for name, vars := range spectest.Vars([]*syntax.File{file}) {
		compile(name, vars)
	}
	list, found := spectest.Read([]*syntax.File{file}, sets)
	for _, d := range append(diags, found...) {
		if d.Severity.String() == "error" {
			t.Fatal(d)
		}
	}
	report, err := testrun.Run(t.Context(), list, testrun.Options{Sets: sets, Catalogs: catalogs, Scratch: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	for _, r := range report.Results {
		if r.Passed() {
			continue
		}
		fmt.Fprintf(&b, "%s\n", r.Test.FullName())
		for _, f := range r.Failures {
			fmt.Fprintf(&b, "  %d: %s\n", f.Range.StartPos().Line, f.Message)
			for _, d := range f.Detail {
				fmt.Fprintf(&b, "    %s\n", d)
			}
		}
		for _, n := range r.Notes {
			fmt.Fprintf(&b, "  %s\n", n)
		}
	}
	return b.String(), report
}

func TestAHistoryOverTime(t *testing.T) {
	failed, report := run(t, `
test "from the first sight to the end" {
  sync  = sync.accounts
  now   = "2026-01-05T09:00:00Z"
  exact = true

  change {
    new = { Id = "C1", Name = "Acme", Score = 60, Stage = "New", Due = "2026-03-01" }
    expect "crm.Account" {
      count = 1
      set   = { Ref = "C1", Name = "Acme", Score = 60, Tier = "high", Seen = "2026-01-05T09:00:00Z" }
    }
  }
  change {
    at  = "2026-02-25"
    new = { Id = "C1", Name = "Acme 2" }
    expect "crm.Account" {
      set = { Name = "Acme 2", Tier = "due", Seen = "2026-02-25" }
    }
  }
  change {
    at  = "2026-02-26"
    new = { Id = "C2", Name = "Other", Score = 1, Stage = "New" }
    expect "crm.Account" {
      set = { Ref = "C2", Name = "Other", Score = 1, Tier = "low", Seen = "2026-02-26" }
    }
  }
  change {
    at  = "2026-02-27"
    new = { Id = "C1", Stage = "Churned" }
    expect "crm.Account" {
      count = 1
    }
  }
  change {
    at      = "2026-02-28"
    new     = { Id = "C2" }
    deleted = true
    expect "crm.Account" {
      count = 1
    }
  }
}

test "variables" {
  sync = sync.accounts
  vars = { limit = 70 }
  change {
    new = { Id = "C1", Score = 60 }
  }
  expect "crm.Account" {
    set = { Tier = "low" }
  }
}
`)
	if failed != "" {
		t.Errorf("%s", failed)
	}
	if n := len(report.Results[0].Writes); n != 5 || report.Results[0].Writes[4].String() != "delete crm.Account Account-000002" {
		t.Errorf("%v", report.Results[0].Writes)
	}
	var ways []string
	for _, b := range report.Coverage.Branches {
		ways = append(ways, fmt.Sprintf("%s %t %t", b.Text, b.True > 0, b.False > 0))
	}
	ways = ways[:3] // of the sync
	want := "source.Stage != 'Churned' true true; source.Score < vars.limit true true; within(source.Due, days(7)) true true"
	if got := strings.Join(ways, "; "); got != want {
		t.Errorf("%s\nwant %s", got, want)
	}
}

func TestFailuresSayWhatIsDifferent(t *testing.T) {
	failed, report := run(t, `
test "another value" {
  sync = sync.accounts
  given "crm.Account" {
    records = [{ Id = "A1", Ref = "C1", Name = "Acme" }]
  }
  change {
    new = { Id = "C1", Name = "Acme", Score = 10 }
  }
  expect "crm.Account" {
    id  = "A1"
    set = { Score = 11, Name = "Acme" }
  }
}
test "nothing at all" {
  sync = sync.accounts
  given "crm.Account" {
    records = [{ Id = "A1", Ref = "C1", Name = "Acme" }]
  }
  change {
    new = { Id = "C1", Name = "Acme", Stage = "Churned" }
  }
  expect "crm.Account" {
    id  = "A1"
    set = { Name = "Acme" }
  }
}
test "more than expected" {
  sync  = sync.accounts
  exact = true
  change {
    new = { Id = "C1", Name = "Acme" }
  }
  expect "crm.Account" {
    set = { Ref = "C1", Name = "Acme" }
  }
}
test "too many" {
  sync = sync.accounts
  given "cs.Company" {
    records = [{ Id = "C1" }, { Id = "C2" }]
  }
  expect "crm.Account" {
    count = 1
  }
}
test "not absent" {
  sync = sync.accounts
  given "cs.Company" {
    records = [{ Id = "C1" }]
  }
  expect "crm.Account" {
    absent = true
  }
}
test "refused" {
  sync = sync.accounts
  given "cs.Company" {
    records = [{ Id = "C1", Name = "Longer than ten" }]
  }
  expect "crm.Account" {
    count = 1
  }
}
`)
	want := `another value
  10: crm.Account is written otherwise
    Score  expected 11
           written  10
    Name   expected "Acme"
           not written: the record holds it already
nothing at all
  23: crm.Account A1 is not written
    Name holds "Acme" already
more than expected
  34: crm.Account Account-000001: fields that the exact test does not expect
    Tier = "high"
    Seen = "2026-01-05T09:00:00Z"
too many
  43: crm.Account: such writes: expected 1, written 2
    written: create crm.Account Account-000001 { Tier = "high", Seen = "2026-01-05T09:00:00Z", Ref = "C1" }
    written: create crm.Account Account-000002 { Tier = "high", Seen = "2026-01-05T09:00:00Z", Ref = "C2" }
not absent
  52: crm.Account is written, and should not be
    written: create crm.Account Account-000001 { Tier = "high", Seen = "2026-01-05T09:00:00Z", Ref = "C1" }
refused
  61: crm.Account: such writes: expected 1, written 0
  at 2026-01-05T09:00:00Z: Company C1 is rejected: Name: Name holds 10 characters, the value has 15: "Longer than ten"
`
	if failed != want {
		t.Errorf("got:\n%s\nwant:\n%s", failed, want)
	}
	if report.Failed() != 6 {
		t.Error(report.Failed())
	}
}

func TestATriggerOverTime(t *testing.T) {
	failed, report := run(t, `
test "hysteresis and cooldown" {
  trigger = trigger.drop
  now     = "2026-01-05T09:00:00Z"
  exact   = true
  given "crm.Account" {
    records = [{ Id = "A1", Ref = "C1" }]
  }
  change {
    old = { Id = "C1", Score = 71 }
    new = { Score = 49 }
    expect "account" {
      id  = "A1"
      set = { Score = 49 }
    }
    expect "note" {
      absent = true
    }
  }
  change {
    new = { Score = 55 }
  }
  change {
    new = { Score = 48 }
  }
  change {
    at  = "2026-01-05T12:00:00Z"
    new = { Score = 61 }
    expect "account" {
      set = { Tier = "up" }
    }
  }
  change {
    at  = "2026-01-05T13:00:00Z"
    new = { Score = 40 }
    expect "account" {
      absent = true
    }
  }
  change {
    at  = "2026-01-06T09:00:01Z"
    new = { Score = 39 }
    expect "crm.Account" {
      count = 1
      set   = { Score = 39 }
    }
  }
}
test "a new record" {
  trigger = trigger.drop
  change {
    new = { Id = "C9", Score = 1 }
  }
  expect "note" {
    set = { Name = "far" }
  }
  case "fires" {
  }
  case "held: it was low before" {
    old = { Score = 2 }
    expect "crm.Account" {
      absent = true
    }
  }
}
`)
	want := `a new record / fires
  54: note is written otherwise
    Name  expected "far"
          written  "near"
  at 2026-01-05T09:00:00Z: Company C9: fires
a new record / held: it was low before
  54: note is not written
`
	if failed != want {
		t.Errorf("got:\n%s\nwant:\n%s", failed, want)
	}
	if report.Failed() != 2 {
		t.Error(report.Failed())
	}
}
