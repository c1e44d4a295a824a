//go:build unix

package crash

import (
	"encoding/json"
	"maps"
	"slices"
	"testing"
	"time"
)

// syncProject is written with a remark that changes, and a text that changes the first rule's meaning or not.
const syncProject = `
# remark %d

# Updates of records that are there.
sync "health" {
  from  = cs.Company
  to    = crm.Account
  where = "source.SfdcAccountId != null"
  title = %q
  schedule {
    cron = "@every 1s"
  }
  match {
    by        = [{ Id = source.SfdcAccountId }]
    missing   = "skip"
    ambiguous = "skip"
  }
  map {
    Health_Score__c   = "round(source.Health_Score__gc, 2)"
    Health_Summary__c = text("{{ truncate(source.Name, 40) }} {{ source.Health_Score__gc }}")
  }
}

# Creates that carry a key of their own.
sync "tasks" {
  from     = cs.call_to_action
  to       = crm.Task
  on_leave = "ignore"
  schedule {
    cron = "@every 1s"
  }
  match {
    by      = [{ Gainsight_CTA__c = source.Gsid }]
    missing = "create"
  }
  map {
    Subject      = "truncate(source.Name, 200)"
    ActivityDate = source.DueDate
  }
}

# Creates without a key: a lost answer must be settled by looking.
sync "cases" {
  from     = cs.cs_task
  to       = crm.Case
  on_leave = "ignore"
  schedule {
    cron = "@every 1s"
  }
  match {
    by        = [{ Subject = source.Gsid }]
    missing   = "create"
    ambiguous = "error"
  }
  map {
    Description = "truncate(source.Name, 200)"
    Priority    = text("High")
  }
}

# Creates that are held back when it comes to many at once.
sync "checks" {
  from     = cs.call_to_action
  to       = crm.Case
  on_leave = "ignore"
  schedule {
    cron = "@every 1s"
  }
  match {
    by        = [{ Subject = source.Gsid }]
    missing   = "create"
    ambiguous = "error"
  }
  guard {
    max_creates = 2
  }
  map {
    Description = "truncate(source.Name, 200)"
    Priority    = text("Low")
  }
}
`

// syncs is the project of syncs: records that change and records that come.
type syncs struct {
	*world
	edits   []edit
	version int
	pool    []record // companies to be changed
	likes   map[string]record
}

// edit is what somebody does in the source.
type edit struct {
	object string
	record record
}

func newSyncs(t *testing.T, seed uint64) *syncs {
	s := &syncs{world: newWorld(t, "sync", seed, time.Millisecond), likes: map[string]record{}}
	s.pool = s.customers()
	for _, object := range []string{"call_to_action", "cs_task"} {
		s.likes[object] = s.records("GAINSIGHT", object)[0]
	}
	s.file("connections.sync.hcl", connections)
	s.files(false)
	return s
}

func (s *syncs) files(rule bool) {
	if rule {
		s.version++
	}
	s.file("rules.sync.hcl", text(syncProject, s.rnd.IntN(1e6), text("Health, version %d", s.version)))
}

func (s *syncs) begin() {}

// churn changes everything some times, so that there is much to be forgotten.
func (s *syncs) churn() {
	for range 2 {
		for _, c := range s.pool {
			s.edit("company", record{"Gsid": c["Gsid"], "Health_Score__gc": float64(s.rnd.IntN(10000)) / 100})
		}
		s.rest()
	}
}

// change lets a score move, and a call to action and a task come.
func (s *syncs) change() {
	for range 1 + s.rnd.IntN(3) {
		s.edit("company", record{"Gsid": s.pool[s.rnd.IntN(len(s.pool))]["Gsid"], "Health_Score__gc": float64(s.rnd.IntN(10000)) / 100})
	}
	for _, object := range slices.Sorted(maps.Keys(s.likes)) {
		like := s.likes[object]
		next := maps.Clone(like)
		for _, name := range []string{"CreatedDate", "ModifiedDate", "ClosedDate"} {
			delete(next, name)
		}
		next["Gsid"] = text("%.20s%018d", like["Gsid"], len(s.edits))
		next["Name"] = text("%s number %d", object, len(s.edits))
		s.edit(object, next)
	}
}

func (s *syncs) edit(object string, r record) {
	s.put(object, r)
	s.edits = append(s.edits, edit{object, r})
}

// swell lets more come than the guard lets pass.
func (s *syncs) swell() {
	for range 3 {
		s.change()
	}
}

// rest runs, and approves what waits for a person, until all is well.
func (s *syncs) rest() {
	s.t.Helper()
	var last string
	for range 8 {
		code, out := s.run("run", s.dir)
		if code == 2 {
			s.t.Fatal(out)
		}
		if code == 0 && !s.approve("") {
			return
		}
		s.approve("")
		last = out
	}
	s.t.Errorf("it does not come to rest: %s", last)
}

// judge holds the target against that of a world in which nothing ever failed, and sees that nothing is left to do.
func (s *syncs) judge() {
	calm := newSyncs(s.t, 0)
	for _, e := range s.edits {
		calm.put(e.object, e.record)
	}
	calm.rest()
	for object, fields := range map[string][]string{
		"Account": {"Name", "Health_Score__c", "Health_Summary__c"},
		"Task":    {"Gainsight_CTA__c", "Subject", "ActivityDate"},
		"Case":    {"Subject", "Description", "Priority"},
	} {
		for _, row := range differing(calm.shape(object, fields), s.shape(object, fields)) {
			s.t.Errorf("%s: %s", object, row)
		}
	}
	s.settled()
	s.accounted()
}

// shape is an object's records, restricted to fields and sorted.
func (s *syncs) shape(object string, fields []string) []string {
	var rows []string
	for _, r := range s.records("SALESFORCE", object) {
		row := make([]any, len(fields))
		for i, f := range fields {
			row[i] = r[f]
		}
		line, _ := json.Marshal(row)
		rows = append(rows, string(line))
	}
	slices.Sort(rows)
	return rows
}

// differing lists what only one of two sorted lists has.
func differing(want, got []string) (out []string) {
	for len(want) > 0 || len(got) > 0 {
		switch {
		case len(got) == 0 || len(want) > 0 && want[0] < got[0]:
			out = append(out, "lost "+want[0])
			want = want[1:]
		case len(want) == 0 || got[0] < want[0]:
			out = append(out, "too much "+got[0])
			got = got[1:]
		default:
			want, got = want[1:], got[1:]
		}
	}
	return out
}

// TestSyncs kills syncs at random moments and points.
func TestSyncs(t *testing.T) {
	each(t, 4, func(t *testing.T, seed uint64) {
		s := newSyncs(t, seed)
		for range 1 + s.rnd.IntN(4) {
			s.disturb(s, syncPoints)
		}
		s.end(s)
	})
}

// TestSyncPoints kills syncs at each named point.
func TestSyncPoints(t *testing.T) {
	eachPoint(t, syncPoints, func(t *testing.T, seed uint64) (*world, scenario) {
		s := newSyncs(t, seed)
		return s.world, s
	})
}
