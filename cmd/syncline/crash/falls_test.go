//go:build unix

package crash

import (
	"encoding/binary"
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// fallsProject is written with a remark that changes, and a text that changes the rules and not when they fire. Each of
// its triggers fires when a score falls, and tells of it in texts that name the fall.
const fallsProject = `
# remark %d
track "score" {
  on    = cs.Company
  value = source.Health_Score__gc
  keep  = "90d"
  schedule {
    cron = "@every 1s"
  }
}

# One system, as one request; two steps after it, of which the second needs the first; and what comes when it is over.
trigger "drop" {
  title    = %[2]q
  on       = cs.Company
  when     = "new.Health_Score__gc < 60"
  rearm    = "new.Health_Score__gc >= 65"
  on_event = true
  schedule {
    cron = "@every 1s"
  }
  find "account" {
    in = crm.Account
    by = { Id = new.SfdcAccountId }
  }
  together {
    update "account" {
      set {
        Health_Summary__c = text("fell to {{ new.Health_Score__gc }}")
      }
    }
    create "review" {
      in  = crm.Task
      key = "Syncline_Key__c"
      set {
        WhatId  = account.Id
        Status  = text("Not Started")
        Subject = text("{{ new.Gsid }} fell to {{ new.Health_Score__gc }}")
      }
    }
    create "chatter" {
      in = crm.FeedItem
      set {
        ParentId = account.Id
        Body     = text("{{ new.Gsid }} fell to {{ new.Health_Score__gc }}")
      }
    }
  }
  then {
    send "ae" {
      via     = ops
      channel = text("#renewals")
      text    = text("{{ new.Gsid }} fell to {{ new.Health_Score__gc }}")
    }
    call "note" {
      via  = desk
      path = text("/once/note")
      text = text("{{ new.Gsid }} fell to {{ new.Health_Score__gc }}, told as {{ ae.Id }}")
    }
  }
  recovered {
    update "review" {
      set {
        Status = text("Completed")
      }
    }
  }
}

# Several systems, one after the other, and not again within a second.
trigger "wide" {
  title    = %[2]q
  on       = cs.Company
  when     = "new.Health_Score__gc < 60"
  rearm    = "new.Health_Score__gc >= 65"
  cooldown = "1s"
  schedule {
    cron = "@every 1s"
  }
  find "account" {
    in = crm.Account
    by = { Id = new.SfdcAccountId }
  }
  together {
    create "case" {
      in  = crm.Case
      key = "Syncline_Key__c"
      set {
        AccountId = account.Id
        Subject   = text("{{ new.Gsid }} fell to {{ new.Health_Score__gc }}")
      }
    }
    call "ticket" {
      via  = desk
      path = text("/once/ticket")
      text = text("{{ new.Gsid }} fell to {{ new.Health_Score__gc }}")
    }
    send "letter" {
      via     = mail
      to      = text("team@example.com")
      subject = text("{{ new.Gsid }} fell to {{ new.Health_Score__gc }}")
      text    = text("See ticket {{ ticket.Id }}.")
    }
  }
}

# What has lasted for a while.
trigger "lasting" {
  title = %[2]q
  on    = cs.Company
  when  = "new.Health_Score__gc < 60"
  rearm = "new.Health_Score__gc >= 65"
  for   = "1s"
  schedule {
    cron = "@every 1s"
  }
  then {
    call "lasting" {
      via  = desk
      path = text("/once/lasting")
      text = text("{{ new.Gsid }} fell to {{ new.Health_Score__gc }}")
    }
  }
}

# What is far below the last day's, and held back when it comes to many at once.
trigger "plunge" {
  title = %[2]q
  on    = cs.Company
  when  = "new.Health_Score__gc < 0.7 * history.score.last()"
  rearm = "new.Health_Score__gc >= 65"
  schedule {
    cron = "@every 1s"
  }
  guard {
    max_firings = 2
  }
  then {
    call "plunge" {
      via  = desk
      path = text("/once/plunge")
      text = text("{{ new.Gsid }} fell to {{ new.Health_Score__gc }} from {{ history.score.last() }}, {{ history.score.count() }} day")
    }
  }
}
`

// falls is the project of triggers: scores that fall and rise by turns.
type falls struct {
	*world
	companies []record
	low       map[string]bool
	// told are the texts of the crossings, one each; last is the summary that the latest fall of a company leaves.
	told []string
	last map[string]string
	// over are the texts of the falls that are over.
	over    map[string]bool
	down    bool // which way scores move in this turn
	queue   []string
	version int
}

func newFalls(t *testing.T, seed uint64) *falls {
	f := &falls{world: newWorld(t, "trigger", seed, time.Millisecond), low: map[string]bool{}, last: map[string]string{}, over: map[string]bool{}}
	f.companies = f.customers()
	for _, c := range f.companies {
		f.score(c["Gsid"].(string), 90)
	}
	f.file("connections.sync.hcl", connections)
	f.files(false)
	return f
}

func (f *falls) files(rule bool) {
	if rule {
		f.version++
	}
	f.file("rules.sync.hcl", text(fallsProject, f.rnd.IntN(1e6), text("Version %d", f.version)))
}

// begin has every record seen, and sampled a day ago.
func (f *falls) begin() {
	f.rest()
	db := f.db()
	defer db.Close()
	rows, err := db.Query("SELECT rule, source, last, data FROM series")
	if err != nil {
		f.t.Fatal(err)
	}
	type series struct {
		rule, last int64
		source     string
		data       []byte
	}
	var all []series
	for rows.Next() {
		var s series
		if err := rows.Scan(&s.rule, &s.source, &s.last, &s.data); err != nil {
			f.t.Fatal(err)
		}
		all = append(all, s)
	}
	rows.Close()
	if len(all) < len(f.companies) {
		f.t.Fatalf("%d records are sampled, wanted %d", len(all), len(f.companies))
	}
	for _, s := range all {
		// Eight bytes of the track's meaning, then the day of the first sample.
		day, n := binary.Varint(s.data[8:])
		data := append(binary.AppendVarint(slices.Clone(s.data[:8]), day-1), s.data[8+n:]...)
		if _, err := db.Exec("UPDATE series SET last = ?, data = ? WHERE rule = ? AND source = ?", s.last-1, data, s.rule, s.source); err != nil {
			f.t.Fatal(err)
		}
	}
	f.turn()
}

// turn lets scores move the other way. Between two turns all comes to rest, since a score that falls and rises between two
// looks is not seen, with crashes or without.
func (f *falls) turn() {
	f.down = !f.down
	f.queue = nil
	for _, i := range f.rnd.Perm(len(f.companies)) {
		if id := f.companies[i]["Gsid"].(string); f.low[id] != f.down {
			f.queue = append(f.queue, id)
		}
	}
}

// change lets some scores cross the mark. Each is written once, so that each text tells of one crossing.
func (f *falls) change() {
	for range 1 + f.rnd.IntN(2) {
		if len(f.queue) == 0 {
			return
		}
		id := f.queue[0]
		f.queue = f.queue[1:]
		f.low[id] = f.down
		if !f.down {
			f.over[id+" "+f.last[id]] = true
			f.score(id, 70+f.rnd.IntN(30))
			continue
		}
		score := float64(len(f.told)+1) / 100
		f.last[id] = "fell to " + strconv.FormatFloat(score, 'f', -1, 64)
		f.told = append(f.told, id+" "+f.last[id])
		f.score(id, score)
		counts.crossings.Add(1)
	}
}

// swell lets more scores fall than the guard lets pass.
func (f *falls) swell() {
	if !f.down {
		f.rest()
		f.turn()
	}
	for before := len(f.told); len(f.told) < before+3; {
		f.change()
	}
}

func (f *falls) churn() {
	for range 2 {
		for len(f.queue) > 0 {
			f.change()
		}
		f.rest()
		f.turn()
	}
}

func (f *falls) score(id string, score any) {
	f.put("company", record{"Gsid": id, "Health_Score__gc": score})
}

// faults are those of the other systems too.
func (f *falls) faults() {
	f.world.faults()
	if f.rnd.IntN(3) > 0 {
		return
	}
	list := [][3]string{
		{"SLACK", "lost answer", `{"match":{"path":"chat.postMessage"},"drop_response":true}`},
		{"SLACK", "5xx", `{"match":{"path":"chat.postMessage"},"status":500}`},
		{"SLACK", "429", `{"match":{"path":"chat.postMessage"},"error_code":"ratelimited","retry_after":1}`},
		{"SINK", "lost answer", `{"match":{"path":"/once/"},"drop_response":true}`},
		{"SINK", "5xx", `{"match":{"path":"/once/"},"status":503}`},
		{"SINK", "429", `{"match":{"path":"/once/"},"status":429,"retry_after":1}`},
		{"SINK", "slow target", `{"match":{"path":"/once/"},"delay":"50ms"}`},
		{"SMTP", "lost answer", `{"match":{"path":"/smtp/message"},"drop_response":true}`},
		{"SMTP", "5xx", `{"match":{"path":"/smtp/rcpt"},"status":451}`},
	}
	x := list[f.rnd.IntN(len(list))]
	f.fault(x[0], x[1], x[2])
}

// rest runs, and approves what waits for a person, until every crossing has shown.
func (f *falls) rest() {
	f.t.Helper()
	var said string
	for end := time.Now().Add(40 * time.Second); time.Now().Before(end); {
		var code int
		if code, said = f.run("run", f.dir); code == 2 {
			f.t.Fatal(said)
		}
		if f.approve("") || code != 0 {
			continue
		}
		if len(f.missing()) == 0 {
			return
		}
		time.Sleep(50 * time.Millisecond) // for a cooldown, or what has to last
	}
	f.t.Errorf("it does not come to rest: %s\n%s", said, strings.Join(f.missing(), "\n"))
}

// places are where crossings show: the texts there, without what only one of them says.
func (f *falls) places() map[string][]string {
	out := map[string][]string{}
	take := func(place string, records []record, field string) {
		out[place] = nil
		for _, r := range records {
			if t, _ := r[field].(string); strings.Contains(t, " fell to ") {
				out[place] = append(out[place], t)
			}
		}
	}
	take("tasks", f.records("SALESFORCE", "Task"), "Subject")
	take("feed items", f.records("SALESFORCE", "FeedItem"), "Body")
	take("cases", f.records("SALESFORCE", "Case"), "Subject")
	take("messages", f.records("SLACK", "messages"), "text")
	told := map[string]string{}
	for _, m := range f.records("SLACK", "messages") {
		if t, _ := m["text"].(string); t != "" {
			told[t], _ = m["ts"].(string)
		}
	}
	for _, name := range []string{"note", "ticket", "lasting", "plunge"} {
		out[name] = nil
	}
	for _, r := range f.records("SINK", "requests") {
		path, _ := r["path"].(string)
		name := strings.TrimPrefix(path, "/once/")
		body, _ := r["body"].(string)
		body = strings.TrimSuffix(body, " from 90, 1 day")
		if short, ts, ok := strings.Cut(body, ", told as "); ok && told[short] == ts {
			body = short
		}
		out[name] = append(out[name], body)
	}
	// A mail that is sent again has the same id, and a receiver that heeds it shows it once.
	mails := map[string]string{}
	for _, m := range f.records("SMTP", "mails") {
		id, _ := m["message_id"].(string)
		mails[id], _ = m["subject"].(string)
	}
	out["mails"] = slices.Collect(maps.Values(mails))
	return out
}

// missing are the crossings that do not show everywhere.
func (f *falls) missing() (out []string) {
	for place, got := range f.places() {
		have := map[string]bool{}
		for _, t := range got {
			have[t] = true
		}
		for _, want := range f.told {
			if !have[want] {
				out = append(out, place+" "+want)
			}
		}
	}
	return append(out, f.statuses()...)
}

// statuses are the tasks whose status is not that of their fall.
func (f *falls) statuses() (out []string) {
	for _, r := range f.records("SALESFORCE", "Task") {
		subject, _ := r["Subject"].(string)
		if !strings.Contains(subject, " fell to ") {
			continue
		}
		want := "Not Started"
		if f.over[subject] {
			want = "Completed"
		}
		if r["Status"] != want {
			out = append(out, text("task %s is %v, wanted %s", subject, r["Status"], want))
		}
	}
	return out
}

// judge holds what was written against the crossings, after two more runs that have nothing to do.
func (f *falls) judge() {
	for range 2 {
		if code, said := f.run("run", f.dir); code != 0 {
			f.t.Errorf("a run that has nothing to do ends with %d: %s", code, said)
		}
	}
	want := sorted(slices.Clone(f.told))
	for place, got := range f.places() {
		for _, row := range differing(want, sorted(got)) {
			f.t.Errorf("%s: %s", place, row)
		}
	}
	for _, row := range f.statuses() {
		f.t.Error(row)
	}
	summaries := map[any]any{}
	for _, r := range f.records("SALESFORCE", "Account") {
		summaries[r["Id"]] = r["Health_Summary__c"]
	}
	for _, c := range f.companies {
		if want, fell := f.last[c["Gsid"].(string)]; fell && summaries[c["SfdcAccountId"]] != want {
			f.t.Errorf("account of %s: %v, wanted %s", c["Gsid"], summaries[c["SfdcAccountId"]], want)
		}
	}
	if dead := f.dead(); len(dead) > 0 {
		f.t.Errorf("%d dead letters", len(dead))
	}
	f.settled()
	f.accounted()
}

// TestTriggers kills triggers at random moments and points.
func TestTriggers(t *testing.T) {
	each(t, 4, func(t *testing.T, seed uint64) {
		f := newFalls(t, seed)
		f.begin()
		for range 2 + f.rnd.IntN(2) {
			f.disturb(f, triggerPoints)
			f.calm()
			f.rest()
			f.turn()
		}
		f.end(f)
	})
}

// TestTriggerPoints kills triggers at each named point.
func TestTriggerPoints(t *testing.T) {
	eachPoint(t, triggerPoints, func(t *testing.T, seed uint64) (*world, scenario) {
		f := newFalls(t, seed)
		return f.world, f
	})
}
