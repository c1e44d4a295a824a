package engine_test

import (
	"testing"

	"github.com/syncline/syncline/connectors"
	"github.com/syncline/syncline/connectors/memory"
	"github.com/syncline/syncline/runtime/state"
)

// An upsert that is sent again because its answer was lost has made the record, as far as that can be known: with a
// generated key, or where it was looked whether the record is there. With a key that somebody gives it counts as an update.
func TestAnUpsertWhoseAnswerWasLost(t *testing.T) {
	t.Parallel()
	upsert := func(lines string) string {
		return `
trigger "copy" {
  on       = cs.Company
  when     = "new.Score < 60"
  schedule { cron = "* * * * *" }
  then {
    upsert "task" {
      in  = crm.Task
      key = { Key = new.AccountId }
      set { Subject = text("{{ new.Id }}") }
      ` + lines + `
    }
  }
}
`
	}
	for name, tt := range map[string]struct {
		project string
		there   bool // the record is there before
		created bool
	}{
		"a generated key":                     {dropping, false, true},
		"a key that is given":                 {upsert(""), false, false},
		"a key that is given, looked for":     {upsert(`write { Subject = "on_create" }`), false, true},
		"a record that is there":              {upsert(""), true, false},
		"a record that is there, looked for":  {upsert(`write { Subject = "if_empty" }`), true, false},
		"nothing lost, and it is made":        {upsert("") + "# whole", false, true},
		"nothing lost, and it is there, made": {upsert("") + "# whole", true, false},
	} {
		t.Run(name, func(t *testing.T) {
			w := newTriggers(t, tt.project)
			if tt.there {
				w.crm.Put("Task", memory.Map{"Key": text("k1")})
			}
			w.put("c", "Score", 70.0, "AccountId", "k1")
			w.fires(0)
			lose := tt.project != upsert("")+"# whole"
			w.crm.SetHooks(memory.Hooks{AfterWrite: func(x connectors.Write, _ []connectors.Result) error {
				if x.Op != connectors.Upsert {
					t.Fatalf("it is no upsert: %v", x.Op)
				}
				if !lose {
					return nil
				}
				lose = false
				return &connectors.Error{Class: connectors.InDoubt, Message: "the connection broke"}
			}})
			w.put("c", "Score", 50.0, "AccountId", "k1")
			run := w.fires(1)
			if lose {
				t.Fatal("no answer was lost")
			}
			want := [2]int{0, 1}
			action := "update"
			if tt.created {
				want, action = [2]int{1, 0}, "create"
			}
			if got := [2]int{run.Created, run.Updated}; got != want || len(w.crm.IDs("Task")) != 1 {
				t.Fatalf("created and updated %v, want %v; %d tasks", got, want, len(w.crm.IDs("Task")))
			}
			entries, err := w.store.Ledger(t.Context(), state.LedgerFilter{Run: run.ID})
			if err != nil || len(entries) != 1 || entries[0].Action != action || entries[0].Blind == tt.created {
				t.Fatalf("%+v %v", entries, err)
			}
		})
	}
}
