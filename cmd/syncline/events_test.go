package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

const eventConnections = `
connection "gainsight" "cs" {
  url        = env("GAINSIGHT_URL")
  access_key = secret("GAINSIGHT_ACCESS_KEY")

  events {
    signature     = "hmac-sha256"
    secret        = secret("CS_EVENTS_SECRET")
    timestamp     = "X-Timestamp"
    object_path   = "object"
    record_path   = "record_id"
    delivery_path = "id"

    object "Company" {
      names = ["company"]
    }
  }
}
connection "salesforce" "crm" {
  url           = env("SALESFORCE_URL")
  client_id     = env("SALESFORCE_CLIENT_ID")
  client_secret = secret("SALESFORCE_CLIENT_SECRET")
}
`

// eventRule never runs by its schedule while a test runs.
const eventRule = `
sync "health" {
  from     = cs.Company
  to       = crm.Account
  on_event = true
  schedule {
    cron = "0 0 29 2 *"
  }
  match {
    by = [{ Id = source.SfdcAccountId }]
  }
  map {
    Health_Score__c = source.Health_Score__gc
  }
}
`

// eventSecret signs the events.
const eventSecret = "the secret of these events"

// newEventService is a service with one rule, that Gainsight can tell of changes.
func newEventService(t *testing.T, rule string) *service {
	t.Helper()
	s := newService(t)
	s.env = append(s.env, "CS_EVENTS_SECRET="+eventSecret)
	s.write("connections.sync.hcl", eventConnections)
	s.write("one.sync.hcl", rule)
	return s
}

// subscribe has Gainsight tell the service, as it is reached now, of each change, and so many times more.
func (s *service) subscribe(repeat int) {
	s.t.Helper()
	cs := s.control("GAINSIGHT_URL")
	cs.do("DELETE", "subscriptions", nil, nil)
	cs.do("POST", "subscriptions", boxRecord{"url": s.url + "hooks/cs", "secret": eventSecret, "object": "company", "repeat": repeat}, nil)
}

// boxControl is the control of one sandbox system.
type boxControl struct {
	t   *testing.T
	url string
}

func (s *service) control(name string) boxControl {
	for _, e := range s.env {
		if v, ok := strings.CutPrefix(e, name+"="); ok {
			return boxControl{s.t, v}
		}
	}
	s.t.Fatalf("the sandbox has no %s", name)
	return boxControl{}
}

func (c boxControl) do(method, path string, body, into any) {
	c.t.Helper()
	data, err := json.Marshal(body)
	if err != nil {
		c.t.Fatal(err)
	}
	answer, err := callControl(c.url, method, path, string(data))
	if err == nil && into != nil {
		err = json.Unmarshal(answer, into)
	}
	if err != nil {
		c.t.Fatal(err)
	}
}

type boxRecord = map[string]any

func (c boxControl) records(object string) []boxRecord {
	c.t.Helper()
	var out struct{ Records []boxRecord }
	c.do("GET", "records/"+object, nil, &out)
	return out.Records
}

// pairs are companies with the account that they name, of those that name one that no other names.
func (s *service) pairs() (companies []boxRecord) {
	s.t.Helper()
	accounts := map[any]int{}
	for _, a := range s.control("SALESFORCE_URL").records("Account") {
		accounts[a["Id"]] = 1
	}
	list := s.control("GAINSIGHT_URL").records("company")
	for _, c := range list {
		accounts[c["SfdcAccountId"]] *= 2
	}
	for _, c := range list {
		if id := c["SfdcAccountId"]; id != nil && accounts[id] == 2 {
			companies = append(companies, c)
		}
	}
	return companies
}

func (s *service) score(account any) any {
	for _, a := range s.control("SALESFORCE_URL").records("Account") {
		if a["Id"] == account {
			return a["Health_Score__c"]
		}
	}
	return nil
}

func (s *service) soon(what string, ok func() bool) {
	s.t.Helper()
	for end := time.Now().Add(20 * time.Second); time.Now().Before(end); time.Sleep(30 * time.Millisecond) {
		if ok() {
			return
		}
	}
	s.t.Fatalf("never: %s\n%s", what, s.said())
}

// The sandbox tells the real program of changes by signed calls, each of them twice. The program is killed in between.
func TestEventsEndToEnd(t *testing.T) {
	s := newEventService(t, eventRule)
	s.start()
	cs := s.control("GAINSIGHT_URL")
	s.subscribe(1)
	companies := s.pairs()
	if len(companies) < 5 {
		t.Fatalf("only %d pairs", len(companies))
	}
	change := func(i, score int) {
		cs.do("POST", "records/company", boxRecord{"Gsid": companies[i]["Gsid"], "Health_Score__gc": score}, nil)
	}
	written := func(i, score int) func() bool {
		return func() bool { return s.score(companies[i]["SfdcAccountId"]) == float64(score) }
	}
	change(0, 41)
	s.soon("the first event is written", written(0, 41))
	began := time.Now()
	change(1, 42)
	s.soon("an event is written", written(1, 42))
	t.Logf("written %s after the change", time.Since(began).Round(time.Millisecond))
	s.soon("all is answered", func() bool { return !strings.Contains(s.get("metrics"), "syncline_events_waiting{") })
	metrics := s.get("metrics")
	for _, want := range []string{`syncline_events_total{connection="cs",result="accepted"} 2`, `syncline_events_total{connection="cs",result="repeated"} 2`} {
		if !strings.Contains(metrics, want) {
			t.Errorf("the metrics lack %s:\n%s", want, grep(metrics, "syncline_event"))
		}
	}

	// A sender with another secret, and one that nobody knows.
	for path, want := range map[string]int{"hooks/cs": 401, "hooks/nobody": 404} {
		res, err := http.Post(s.url+path, "application/json", strings.NewReader(`{"object":"company","record_id":"1"}`))
		if err != nil || res.StatusCode != want {
			t.Errorf("%s: %v %v", path, res, err)
		}
	}

	// The target does not answer; the program is killed with the events acknowledged and undone.
	crm := s.control("SALESFORCE_URL")
	crm.do("POST", "faults", boxRecord{"match": boxRecord{"path": "/services/data"}, "times": 1000, "status": 503}, nil)
	for i := range 4 {
		change(i, 60+i)
	}
	s.soon("the events are stored", func() bool { return strings.Contains(s.get("metrics"), `result="accepted"} 6`) })
	for i := range 4 {
		if written(i, 60+i)() {
			t.Errorf("event %d is written though the target is down", i)
		}
	}
	s.stop(syscall.SIGKILL)
	crm.do("DELETE", "faults", nil, nil)
	s.start()
	for i := range 4 {
		s.soon(fmt.Sprintf("event %d is written by the next process", i), written(i, 60+i))
	}
	s.soon("all is answered", func() bool { return !strings.Contains(s.get("metrics"), "syncline_events_waiting{") })
	if code := s.stop(syscall.SIGTERM); code != 0 {
		t.Errorf("it ends with %d", code)
	}
}

func grep(text, word string) string {
	return strings.Join(slices.DeleteFunc(strings.Split(text, "\n"), func(l string) bool { return !strings.Contains(l, word) }), "\n")
}

// eventTrigger is polled each second and told of events besides.
const eventTrigger = `
trigger "low" {
  on       = cs.Company
  when     = "new.Health_Score__gc < 30"
  rearm    = "new.Health_Score__gc >= 60"
  on_event = true
  schedule {
    cron = "@every 1s"
  }
  find "account" {
    in = crm.Account
    by = { Id = new.SfdcAccountId }
  }
  together {
    create "task" {
      in  = crm.Task
      key = "Syncline_Key__c"
      set {
        WhatId  = account.Id
        Subject = text("Score is {{ new.Health_Score__gc }}")
      }
    }
  }
}
`

// A trigger that is polled and told of the same changes, each told three times, fires once for each crossing.
func TestEventsAndPollingFireOnce(t *testing.T) {
	s := newEventService(t, eventTrigger)
	cs := s.control("GAINSIGHT_URL")
	companies := s.pairs()
	for _, c := range companies {
		cs.do("POST", "records/company", boxRecord{"Gsid": c["Gsid"], "Health_Score__gc": 70}, nil)
	}
	s.start()
	s.subscribe(2)
	s.eventually("the baseline is there", func(st statusJSON) bool { return !st.ran("trigger.low").IsZero() })
	tasks := func() map[string]int {
		out := map[string]int{}
		for _, task := range s.control("SALESFORCE_URL").records("Task") {
			if subject, _ := task["Subject"].(string); strings.HasPrefix(subject, "Score is ") {
				out[fmt.Sprint(task["WhatId"], " ", subject)]++
			}
		}
		return out
	}
	want := map[string]int{}
	for round := range 2 {
		for i, c := range companies[:5] {
			score := 10*round + i
			cs.do("POST", "records/company", boxRecord{"Gsid": c["Gsid"], "Health_Score__gc": score}, nil)
			want[fmt.Sprintf("%v Score is %d", c["SfdcAccountId"], score)] = 1
			time.Sleep(150 * time.Millisecond) // some are polled first, some told first
		}
		s.soon("they have fired", func() bool { return len(tasks()) == len(want) })
		for _, c := range companies[:5] {
			cs.do("POST", "records/company", boxRecord{"Gsid": c["Gsid"], "Health_Score__gc": 70}, nil)
		}
		s.soon("all is seen", func() bool { return !strings.Contains(s.get("metrics"), "syncline_events_waiting{") })
		at := time.Now()
		s.eventually("it is polled once more", func(st statusJSON) bool { return st.ran("trigger.low").After(at) })
	}
	if got := tasks(); !maps.Equal(got, want) {
		t.Errorf("it fired %v\nwanted %v", got, want)
	}
}
