package lang_test

import (
	"os"
	"strings"
	"testing"

	"github.com/syncline/syncline/lang"
	"github.com/syncline/syncline/lang/expr"
	"github.com/syncline/syncline/lang/plan"
	"github.com/syncline/syncline/lang/schema/schematext"
	"github.com/syncline/syncline/lang/value"
)

const edgeRules = `connection "gainsight" "cs" {
}
connection "salesforce" "crm" {
}
track "dau" {
  on    = cs.Company
  value = source.DAU__gc
  keep  = "90d"
}
variable "floor" {
  default = 60
}
trigger "drop" {
  on       = cs.Company
  where    = "new.Active"
  when     = "new.Health_Score__gc < vars.floor && history.dau.avg() > 5.0"
  rearm    = "new.Health_Score__gc >= 65"
  for      = "1h"
  cooldown = "24h"
  schedule {
    cron = "* * * * *"
  }
  find "account" {
    in = crm.Account
    by = { Id = new.SfdcAccountId }
  }
  together {
    create "review" {
      in  = crm.Task
      key = "Syncline_Key__c"
      set {
        Status  = text("Open")
        OwnerId = account.OwnerId
      }
    }
    create "second" {
      in = crm.Task
      set {
        Status  = text("Open")
        OwnerId = account.OwnerId
        Subject = review.Id
      }
    }
  }
  recovered {
    update "review" {
      set {
        Status = text("Done")
      }
    }
  }
}
`

func compileTrigger(t *testing.T, rules string) *plan.Trigger {
	t.Helper()
	text, err := os.ReadFile("../spec/conformance/schema.txt")
	if err != nil {
		t.Fatal(err)
	}
	catalogs, err := schematext.Parse(string(text))
	if err != nil {
		t.Fatal(err)
	}
	m, diags := lang.Load([]lang.Source{{Name: "a.sync.hcl", Text: []byte(rules)}})
	set, more := lang.Compile(m, lang.Inputs{Catalogs: catalogs})
	for _, d := range append(diags, more...) {
		t.Fatal(d)
	}
	return set.Triggers[0]
}

// The state of edges survives every edit that does not change what decides on them.
func TestWhatAnEditOfATriggerChanges(t *testing.T) {
	base := compileTrigger(t, edgeRules)
	for _, x := range []struct {
		name, from, to                   string
		meaning, population, fingerprint bool
	}{
		{"spelling", `"new.Health_Score__gc < vars.floor && history.dau.avg() > 5.0"`, `" new.Health_Score__gc  <  vars.floor && history.dau.avg() > 5.0"`, false, false, false},
		{"comment", "trigger \"drop\" {", "# words\ntrigger \"drop\" {", false, false, false},
		{"when", "history.dau.avg() > 5.0", "history.dau.avg() > 6.0", true, false, true},
		{"variable", "default = 60", "default = 61", true, false, true},
		{"track", "value = source.DAU__gc", "value = source.WAU__gc", true, false, true},
		{"keep", `keep  = "90d"`, `keep  = "91d"`, false, false, false},
		{"rearm", ">= 65", ">= 66", true, false, true},
		{"for", `"1h"`, `"2h"`, true, false, true},
		{"where", `"new.Active"`, `"new.Active && new.Stage != null"`, false, true, true},
		{"cooldown", `"24h"`, `"25h"`, false, false, true},
		{"schedule", "* * * * *", "*/2 * * * *", false, false, true},
		{"find", "new.SfdcAccountId", "\"coalesce(new.SfdcAccountId, new.Status)\"", false, false, true},
		{"another find", "  together {", "  find \"owner\" {\n    in = crm.User\n    by = { Id = account.OwnerId }\n  }\n  then {\n    update \"account\" {\n      set {\n        Industry = \"truncate(owner.Name, 40)\"\n      }\n    }\n  }\n  together {", false, false, true},
		{"action", "text(\"Done\")", "text(\"Open\")", false, false, true},
	} {
		if !strings.Contains(edgeRules, x.from) {
			t.Fatalf("%s: nothing to edit", x.name)
		}
		after := compileTrigger(t, strings.Replace(edgeRules, x.from, x.to, 1))
		got := [3]bool{after.Meaning != base.Meaning, after.Population != base.Population, after.Fingerprint != base.Fingerprint}
		if want := [3]bool{x.meaning, x.population, x.fingerprint}; got != want {
			t.Errorf("%s: meaning, population, fingerprint changed %v, want %v", x.name, got, want)
		}
	}
}

// The programs of a plan run on frames as the plan says.
func TestTriggerPlanRuns(t *testing.T) {
	tr := compileTrigger(t, edgeRules)
	rec := func(score, active value.Value) value.Record {
		r := make(value.Record, tr.Source.Len())
		r[tr.Source.Slot("Health_Score__gc")], r[tr.Source.Slot("Active")] = score, active
		return r
	}
	frame := &expr.Frame{Records: make([]value.Record, tr.RootIt()+1)}
	for _, x := range []struct {
		score, avg value.Value
		when       expr.Truth
		rearm      expr.Truth
	}{
		{value.Float(50), value.Float(9), expr.True, expr.False}, {value.Float(70), value.Float(9), expr.False, expr.True},
		{value.Null, value.Float(9), expr.Unknown, expr.Unknown}, {value.Float(50), value.Null, expr.Unknown, expr.False},
	} {
		frame.Records[plan.RootNew] = rec(x.score, value.Bool(true))
		frame.Records[plan.RootHistory] = value.Record{x.avg}
		when, err := tr.When.Truth(frame)
		rearm, err2 := tr.Rearm.Truth(frame)
		if when != x.when || rearm != x.rearm || err != nil || err2 != nil {
			t.Errorf("%s %s: %s %s %v %v", x.score, x.avg, when, rearm, err, err2)
		}
	}
	if len(tr.Stored) != 2 || len(tr.Group) != 1 || !tr.Group[0].Atomic || len(tr.RecoveredFinds) != 0 {
		t.Errorf("stored %v, group %+v, recovered finds %v", tr.Stored, tr.Group, tr.RecoveredFinds)
	}
	second := tr.Together[1]
	if len(second.IDs) != 1 || second.IDs[0].Action != tr.Together[0] || second.Set[second.IDs[0].Set].Field.Name != "Subject" {
		t.Errorf("ids: %+v", second.IDs)
	}
	if tr.Recovered[0].Ref.Action != tr.Together[0] {
		t.Error("recovered does not act on what was created")
	}
	frame.Records[tr.Together[0].Root] = value.Record{value.Text("00T1")}
	if v, err := second.Set[second.IDs[0].Set].Value.Eval(frame); err != nil || v.AsText() != "00T1" {
		t.Errorf("the id is read as %s, %v", v, err)
	}
}

// A trigger that applies a sync which cannot be planned cannot be planned either, also where the sync is right by itself.
func TestATriggerNeedsTheSyncThatItApplies(t *testing.T) {
	const rules = `connection "gainsight" "cs" {
}
connection "salesforce" "crm" {
}
sync "first" {
  from   = cs.Company
  to     = crm.Account
  manual = true
  match {
    by = { Id = source.SfdcAccountId }
  }
  map {
    Health_Score__c = source.Health_Score__gc
  }
}
sync "second" {
  from   = cs.Company
  to     = crm.Account
  manual = true
  match {
    by = { Id = source.SfdcAccountId }
  }
  map {
    Health_Score__c = "source.Health_Score__gc + 1.0"
  }
}
trigger "drop" {
  on     = cs.Company
  when   = "new.Health_Score__gc < 60.0"
  manual = true
  find "account" {
    in = crm.Account
    by = { Id = new.SfdcAccountId }
  }
  then {
    update "account" {
      apply = sync.second
    }
  }
}
`
	text, err := os.ReadFile("../spec/conformance/schema.txt")
	if err != nil {
		t.Fatal(err)
	}
	catalogs, err := schematext.Parse(string(text))
	if err != nil {
		t.Fatal(err)
	}
	m, _ := lang.Load([]lang.Source{{Name: "a.sync.hcl", Text: []byte(rules)}})
	set, diags := lang.Compile(m, lang.Inputs{Catalogs: catalogs})
	if diags.Errors() != 1 || diags[0].Code != "SYN423" {
		t.Fatalf("%v", diags)
	}
	if len(set.Syncs) != 1 || len(set.Triggers) != 0 {
		t.Errorf("planned: %v %v", set.Syncs, set.Triggers)
	}
}
