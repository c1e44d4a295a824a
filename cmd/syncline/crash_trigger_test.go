package main

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// TestTriggerCrashes kills the real program with SIGKILL at random moments of `run` and of `serve`, while scores fall and
// rise, Salesforce and Slack refuse, lose answers and end sessions, and the files change. After each trial every fall of a
// score below the mark has one task, one feed item and one message, and no more.
//
// SYNCLINE_CRASH_TRIALS and SYNCLINE_CRASH_SEED are those of TestCrashes.
func TestTriggerCrashes(t *testing.T) {
	trials, seed := 16, rand.Uint64()%1e6
	if testing.Short() {
		trials = 4
	}
	if n, err := strconv.Atoi(os.Getenv("SYNCLINE_CRASH_TRIALS")); err == nil {
		trials = n
	}
	if n, err := strconv.ParseUint(os.Getenv("SYNCLINE_CRASH_SEED"), 10, 64); err == nil {
		seed = n
	}
	var runs, kills, falls atomic.Int64
	seeds := make(chan uint64, trials)
	for i := range trials {
		seeds <- seed + uint64(i)
	}
	close(seeds)
	var workers sync.WaitGroup
	for range 8 { // a trial waits most of the time
		workers.Go(func() {
			for seed := range seeds {
				t.Run(fmt.Sprint(seed), func(t *testing.T) {
					c := newTriggerCrash(t, seed)
					c.trial()
					runs.Add(int64(c.runs))
					kills.Add(int64(c.kills))
					falls.Add(int64(len(c.falls)))
					if t.Failed() {
						t.Logf("SYNCLINE_CRASH_SEED=%d SYNCLINE_CRASH_TRIALS=1 repeats it", c.seed)
					}
				})
			}
		})
	}
	workers.Wait()
	t.Logf("%d trials from seed %d: %d crossings, %d processes, %d of them killed", trials, seed, falls.Load(), runs.Load(), kills.Load())
}

// triggerProject is written with a remark that changes, and a number that changes the rule.
const triggerProject = `
# remark %d
connection "gainsight" "cs" {
  url                 = env("GAINSIGHT_URL")
  access_key          = secret("GAINSIGHT_ACCESS_KEY")
  requests_per_minute = 100000
}

connection "salesforce" "crm" {
  url           = env("SALESFORCE_URL")
  client_id     = env("SALESFORCE_CLIENT_ID")
  client_secret = secret("SALESFORCE_CLIENT_SECRET")
}

connection "slack" "ops" {
  url                      = env("SLACK_URL")
  token                    = secret("SLACK_TOKEN")
  seconds_between_messages = 0
}

trigger "health_drop" {
  description = "version %d"
  on          = cs.Company
  when        = "new.Health_Score__gc < 60"
  rearm       = "new.Health_Score__gc >= 65"
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
  }
}
`

type triggerCrash struct {
	*crash
	// companies are those with an account; low are those whose score is below the mark.
	companies []map[string]any
	low       map[string]bool
	// falls are the texts of the crossings, one each; last is the account's summary that the latest fall leaves.
	falls   []string
	last    map[string]string
	scores  int
	version int
}

func newTriggerCrash(t *testing.T, seed uint64) *triggerCrash {
	c := &triggerCrash{crash: newCrash(t, seed), low: map[string]bool{}, last: map[string]string{}}
	t.Cleanup(func() { c.box.Close() })
	accounts := map[string]bool{}
	for _, r := range c.records(c.env["SALESFORCE_URL"], "Account") {
		accounts[r["Id"].(string)] = true
	}
	for _, r := range c.records(c.env["GAINSIGHT_URL"], "company") {
		if id, _ := r["SfdcAccountId"].(string); accounts[id] {
			c.companies = append(c.companies, r)
		}
	}
	c.files(false)
	return c
}

// files writes the project anew: with another remark, and perhaps with another version of the rule.
func (c *triggerCrash) files(rule bool) {
	if rule {
		c.version++
	}
	path := filepath.Join(c.dir, "p.sync.hcl")
	if err := os.WriteFile(path+"~", fmt.Appendf(nil, triggerProject, c.rnd.IntN(1e6), c.version), 0o644); err != nil {
		c.t.Fatal(err)
	}
	if err := os.Rename(path+"~", path); err != nil {
		c.t.Fatal(err)
	}
}

// trial lets everything be high, then fall and rise by turns. Between two turns all comes to rest, since a score that
// falls and rises between two looks is not seen, with crashes or without.
func (c *triggerCrash) trial() {
	for _, r := range c.companies {
		c.put(r["Gsid"].(string), 90)
	}
	c.disturbed(func() {}) // the first scan is killed too
	c.settle()
	for turn := range 3 {
		some := c.some()
		c.disturbed(func() {
			for range 1 + c.rnd.IntN(3) {
				if len(some) > 0 {
					c.cross(some[0], turn%2 == 0)
					some = some[1:]
				}
			}
		})
		for _, id := range some {
			c.cross(id, turn%2 == 0)
		}
		c.disturbed(func() {})
		c.calm()
		c.settle()
	}
	c.compare()
}

// some picks companies.
func (c *triggerCrash) some() []string {
	var ids []string
	for _, i := range c.rnd.Perm(len(c.companies))[:3+c.rnd.IntN(8)] {
		ids = append(ids, c.companies[i]["Gsid"].(string))
	}
	return ids
}

// cross moves a score below the mark or above it. Each score is written once, so that each text tells one crossing.
func (c *triggerCrash) cross(id string, down bool) {
	if c.low[id] == down {
		return
	}
	c.low[id] = down
	if !down {
		c.put(id, 70+c.rnd.IntN(30))
		return
	}
	c.scores++
	score := float64(c.scores) / 100
	c.put(id, score)
	text := "fell to " + strconv.FormatFloat(score, 'f', -1, 64)
	c.falls = append(c.falls, id+" "+text)
	c.last[id] = text
}

func (c *triggerCrash) put(id string, score any) {
	c.apply(c.env["GAINSIGHT_URL"], edit{id, fmt.Sprintf(`{"Gsid":%q,"Health_Score__gc":%v}`, id, score)})
}

// disturbed lets processes run and die, and change goes on meanwhile.
func (c *triggerCrash) disturbed(change func()) {
	for range 1 + c.rnd.IntN(3) {
		c.faults()
		change()
		c.files(c.rnd.IntN(3) == 0)
		if c.rnd.IntN(2) == 0 {
			c.run(time.Duration(40+c.rnd.IntN(260)) * time.Millisecond)
			continue
		}
		c.serve(time.Duration(100+c.rnd.IntN(1400))*time.Millisecond, change)
	}
}

// serve starts the server and kills it; half way the files change, and scores do.
func (c *triggerCrash) serve(after time.Duration, change func()) {
	cmd := exec.Command("syncline", "serve", "--addr", "127.0.0.1:0", c.dir)
	cmd.Env = append(os.Environ(), c.box.Env()...)
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Start(); err != nil {
		c.t.Fatal(err)
	}
	c.runs++
	time.Sleep(after / 2)
	change()
	c.files(c.rnd.IntN(2) == 0)
	time.Sleep(after / 2)
	cmd.Process.Kill()
	cmd.Wait()
	c.kills++
	if strings.Contains(out.String(), "panic:") {
		c.t.Errorf("serve panics: %s", out.String())
	}
}

// faults lets Salesforce misbehave, and Slack now and then.
func (c *triggerCrash) faults() {
	for range c.rnd.IntN(3) {
		c.control("POST", c.env["SALESFORCE_URL"]+"/_sandbox/faults", []string{
			`{"match":{"method":"POST","path":"/composite"},"times":1,"drop_response":true}`,
			`{"match":{"method":"POST","path":"/composite"},"times":2,"status":503}`,
			`{"match":{"method":"POST","path":"/composite"},"times":1,"error_code":"UNABLE_TO_LOCK_ROW"}`,
			`{"match":{"method":"POST","path":"/composite"},"times":1,"expire_session":true}`,
			`{"match":{"method":"POST","path":"/composite"},"times":1,"status":429}`,
			`{"match":{"path":"/query"},"times":1,"expire_session":true}`,
			`{"match":{"path":"/query"},"times":2,"status":500}`,
			`{"match":{"path":"/composite"},"times":1,"delay":"60ms"}`,
		}[c.rnd.IntN(8)])
	}
	if c.rnd.IntN(4) == 0 {
		c.control("POST", c.slack()+"/_sandbox/faults", []string{
			`{"match":{"path":"chat.postMessage"},"times":1,"drop_response":true}`,
			`{"match":{"path":"chat.postMessage"},"times":1,"status":500}`,
			`{"match":{"path":"chat.postMessage"},"times":1,"error_code":"ratelimited","retry_after":1}`,
			`{"match":{"path":"chat.postMessage"},"times":1,"delay":"50ms"}`,
		}[c.rnd.IntN(4)])
	}
}

func (c *triggerCrash) slack() string { return strings.TrimSuffix(c.env["SLACK_URL"], "/api") }

func (c *triggerCrash) calm() {
	for _, url := range []string{c.env["SALESFORCE_URL"], c.env["GAINSIGHT_URL"], c.slack()} {
		c.control("DELETE", url+"/_sandbox/faults", "")
	}
}

// compare holds what was written against the crossings.
func (c *triggerCrash) compare() {
	slices.Sort(c.falls)
	for _, place := range []struct{ what, url, object, field string }{
		{"tasks", c.env["SALESFORCE_URL"], "Task", "Subject"},
		{"feed items", c.env["SALESFORCE_URL"], "FeedItem", "Body"},
		{"messages", c.slack(), "messages", "text"},
	} {
		var got []string
		for _, r := range c.records(place.url, place.object) {
			if text, _ := r[place.field].(string); strings.Contains(text, " fell to ") {
				got = append(got, text)
			}
		}
		slices.Sort(got)
		for _, row := range diffRows(c.falls, got) {
			c.t.Errorf("%s: %s", place.what, row)
		}
	}
	summaries := map[string]any{}
	for _, r := range c.records(c.env["SALESFORCE_URL"], "Account") {
		summaries[r["Id"].(string)] = r["Health_Summary__c"]
	}
	for _, r := range c.companies {
		if want, fell := c.last[r["Gsid"].(string)]; fell && summaries[r["SfdcAccountId"].(string)] != want {
			c.t.Errorf("account of %s: %v, want %s", r["Gsid"], summaries[r["SfdcAccountId"].(string)], want)
		}
	}
	if c.t.Failed() {
		cmd := exec.Command("syncline", "runs", c.dir)
		out, _ := cmd.CombinedOutput()
		c.t.Logf("%s", out)
		cmd = exec.Command("syncline", "dead", "list", c.dir)
		out, _ = cmd.CombinedOutput()
		c.t.Logf("%s", out)
	}
}
