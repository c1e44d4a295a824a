package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/syncline/syncline/connectors/sandbox"
)

// TestCrashes kills the real program with SIGKILL at random moments of its runs, while the target loses answers, refuses
// locks and ends sessions, and the source changes in between. After each trial the target holds what an undisturbed run
// leaves: every record once, every field right.
//
// SYNCLINE_CRASH_TRIALS sets the number of trials, SYNCLINE_CRASH_SEED the first seed; a failure names its seed.
func TestCrashes(t *testing.T) {
	trials, seed := 24, rand.Uint64()%1e6
	if testing.Short() {
		trials = 4
	}
	if n, err := strconv.Atoi(os.Getenv("SYNCLINE_CRASH_TRIALS")); err == nil {
		trials = n
	}
	if n, err := strconv.ParseUint(os.Getenv("SYNCLINE_CRASH_SEED"), 10, 64); err == nil {
		seed = n
	}
	var kills, runs int
	for i := range trials {
		c := newCrash(t, seed+uint64(i))
		c.trial()
		kills += c.kills
		runs += c.runs
		c.box.Close()
		if t.Failed() {
			t.Fatalf("seed %d: SYNCLINE_CRASH_SEED=%d SYNCLINE_CRASH_TRIALS=1 repeats it", c.seed, c.seed)
		}
	}
	t.Logf("%d trials from seed %d: %d runs, %d of them killed", trials, seed, runs, kills)
}

const crashProject = `
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

# Updates of records that are there.
sync "health" {
  from  = cs.Company
  to    = crm.Account
  where = "source.SfdcAccountId != null"
  schedule {
    cron = "@hourly"
  }
  match {
    by      = [{ Id = source.SfdcAccountId }]
    missing = "skip"
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
    cron = "@hourly"
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
    cron = "@hourly"
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
`

type crash struct {
	t           *testing.T
	seed        uint64
	rnd         *rand.Rand
	box         *sandbox.Sandbox
	env         map[string]string
	dir         string
	kills, runs int
}

func newCrash(t *testing.T, seed uint64) *crash {
	c := &crash{t: t, seed: seed, rnd: rand.New(rand.NewPCG(seed, 1)), env: map[string]string{}, dir: t.TempDir()}
	c.box = c.sandbox(time.Millisecond)
	for _, line := range c.box.Env() {
		name, text, _ := strings.Cut(line, "=")
		c.env[name] = text
	}
	if err := os.WriteFile(filepath.Join(c.dir, "p.sync.hcl"), []byte(crashProject), 0o644); err != nil {
		t.Fatal(err)
	}
	return c
}

func (c *crash) sandbox(latency time.Duration) *sandbox.Sandbox {
	box, err := sandbox.Start(context.Background(), sandbox.Options{Companies: 40, Latency: latency})
	if err != nil {
		c.t.Fatal(err)
	}
	return box
}

func (c *crash) trial() {
	var edits []edit
	for range 1 + c.rnd.IntN(5) {
		c.faults()
		c.run(time.Duration(c.rnd.IntN(250)) * time.Millisecond)
		e := c.edit()
		c.apply(c.env["GAINSIGHT_URL"], e)
		edits = append(edits, e)
	}
	c.control("DELETE", c.env["SALESFORCE_URL"]+"/_sandbox/faults", "")
	c.control("DELETE", c.env["GAINSIGHT_URL"]+"/_sandbox/faults", "")
	c.settle()
	c.compare(edits)
}

// faults lets the target misbehave for some calls.
func (c *crash) faults() {
	for range c.rnd.IntN(3) {
		f := []string{
			`{"match":{"path":"/composite/sobjects"},"times":1,"drop_response":true}`,
			`{"match":{"path":"/composite/sobjects"},"times":2,"status":503}`,
			`{"match":{"path":"/composite/sobjects"},"times":1,"error_code":"UNABLE_TO_LOCK_ROW"}`,
			`{"match":{"path":"/query"},"times":1,"expire_session":true}`,
			`{"match":{"path":"/composite/sobjects"},"times":1,"delay":"40ms"}`,
			`{"match":{"path":"/query"},"times":2,"status":500}`,
		}[c.rnd.IntN(6)]
		c.control("POST", c.env["SALESFORCE_URL"]+"/_sandbox/faults", f)
	}
}

// edit is a change that somebody makes in the source.
type edit struct{ Gsid, Body string }

func (c *crash) edit() edit {
	companies := c.records(c.env["GAINSIGHT_URL"], "company")
	pick := companies[c.rnd.IntN(len(companies))]["Gsid"].(string)
	return edit{pick, fmt.Sprintf(`{"Gsid":%q,"Health_Score__gc":%d}`, pick, c.rnd.IntN(100))}
}

func (c *crash) apply(url string, e edit) { c.control("POST", url+"/_sandbox/records/company", e.Body) }

// run starts the program; after > 0 kills it then, unless it has ended.
func (c *crash) run(after time.Duration) (int, string) {
	cmd := exec.Command("syncline", "run", c.dir)
	cmd.Env = append(os.Environ(), c.box.Env()...)
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Start(); err != nil {
		c.t.Fatal(err)
	}
	c.runs++
	done := make(chan error, 1)
	go func() { done <- cmd.Wait() }()
	if after > 0 {
		select {
		case <-time.After(after):
			cmd.Process.Kill()
			<-done
			c.kills++
			return -1, out.String()
		case <-done:
		}
	} else {
		<-done
	}
	return cmd.ProcessState.ExitCode(), out.String()
}

// settle runs until all is well.
func (c *crash) settle() {
	var last string
	for range 6 {
		code, out := c.run(0)
		if code == 0 {
			return
		}
		last = out
	}
	c.t.Errorf("it does not come to rest: %s", last)
}

// compare holds the target against that of a sandbox in which nothing ever failed.
func (c *crash) compare(edits []edit) {
	box := c.sandbox(0)
	defer box.Close()
	calm := &crash{t: c.t, rnd: c.rnd, box: box, env: map[string]string{}, dir: c.t.TempDir()}
	for _, line := range box.Env() {
		name, text, _ := strings.Cut(line, "=")
		calm.env[name] = text
	}
	for _, e := range edits {
		calm.apply(calm.env["GAINSIGHT_URL"], e)
	}
	if err := os.WriteFile(filepath.Join(calm.dir, "p.sync.hcl"), []byte(crashProject), 0o644); err != nil {
		c.t.Fatal(err)
	}
	if code, out := calm.run(0); code != 0 {
		c.t.Fatalf("the undisturbed run ends with %d: %s", code, out)
	}
	for object, fields := range map[string][]string{
		"Account": {"Name", "Health_Score__c", "Health_Summary__c"},
		"Task":    {"Gainsight_CTA__c", "Subject", "ActivityDate"},
		"Case":    {"Subject", "Description", "Priority"},
	} {
		got, want := c.shape(object, fields), calm.shape(object, fields)
		for _, row := range diffRows(want, got) {
			c.t.Errorf("%s: %s", object, row)
		}
	}
}

// shape is an object's records, restricted to fields and sorted.
func (c *crash) shape(object string, fields []string) []string {
	var rows []string
	for _, r := range c.records(c.env["SALESFORCE_URL"], object) {
		row := make([]any, len(fields))
		for i, f := range fields {
			row[i] = r[f]
		}
		text, _ := json.Marshal(row)
		rows = append(rows, string(text))
	}
	slices.Sort(rows)
	return rows
}

// diffRows lists what only one of two sorted lists has.
func diffRows(want, got []string) (out []string) {
	for len(want) > 0 || len(got) > 0 {
		switch {
		case len(got) == 0 || len(want) > 0 && cmp.Less(want[0], got[0]):
			out = append(out, "lost "+want[0])
			want = want[1:]
		case len(want) == 0 || cmp.Less(got[0], want[0]):
			out = append(out, "too much "+got[0])
			got = got[1:]
		default:
			want, got = want[1:], got[1:]
		}
	}
	return out
}

func (c *crash) records(url, object string) []map[string]any {
	var answer struct{ Records []map[string]any }
	if err := json.Unmarshal(c.control("GET", url+"/_sandbox/records/"+object, ""), &answer); err != nil {
		c.t.Fatal(err)
	}
	return answer.Records
}

func (c *crash) control(method, url, body string) []byte {
	req, err := http.NewRequest(method, url, strings.NewReader(body))
	if err != nil {
		c.t.Fatal(err)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		c.t.Fatal(err)
	}
	defer res.Body.Close()
	answer, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode >= 300 {
		c.t.Fatalf("%s %s: %d %s %v", method, url, res.StatusCode, answer, err)
	}
	return answer
}
