package main

import (
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// secrets are the values of the sandbox's environment that nobody may see, by their names.
func (s *service) secrets() map[string]string {
	out := map[string]string{}
	for _, e := range s.env {
		name, text, _ := strings.Cut(e, "=")
		for _, kind := range []string{"_SECRET", "_TOKEN", "_PASSWORD", "_KEY", "_WEBHOOK_URL"} {
			if strings.HasSuffix(name, kind) && len(text) > 8 {
				out[name] = text
			}
		}
	}
	return out
}

// A server that says all it can, while systems refuse, break sessions, lose answers and turn secrets away, shows no secret:
// not in its log, its pages, its metrics, what commands print, or any file that it leaves.
func TestSecretsAreShownNowhere(t *testing.T) {
	s := newService(t)
	s.write("connections.sync.hcl", connections+`
connection "slack" "ops" {
  url   = env("SLACK_URL")
  token = secret("SLACK_TOKEN")
}
connection "slack" "hook" {
  webhook_url = secret("SLACK_WEBHOOK_URL")
}
alert "team" {
  events  = ["failed", "dead"]
  via     = ops
  channel = text("#alerts")
}
alert "others" {
  events = ["failed", "dead"]
  via    = hook
}
`)
	s.env = append(s.env, "SYNCLINE_OPERATOR_TOKEN=an-operator-token-of-these-tests")
	secrets := s.secrets()
	for _, name := range []string{"GAINSIGHT_ACCESS_KEY", "SALESFORCE_CLIENT_SECRET", "SLACK_TOKEN", "SLACK_WEBHOOK_URL", "SYNCLINE_OPERATOR_TOKEN"} {
		if secrets[name] == "" {
			t.Fatalf("%s is not among the secrets: %d", name, len(secrets))
		}
	}
	s.start("-v", "--log", "json")
	for system, faults := range map[string][]boxRecord{
		"SALESFORCE_URL": {{"times": 1, "expire_session": true}, {"match": boxRecord{"method": "PATCH"}, "times": 1, "error_code": "FIELD_CUSTOM_VALIDATION_EXCEPTION"}, {"match": boxRecord{"method": "PATCH"}, "times": 1, "drop_response": true}},
		"GAINSIGHT_URL":  {{"times": 1, "status": 500}, {"after": 3, "times": 1, "status": 401}},
		"SLACK_URL":      {{"times": 2, "status": 500}},
	} {
		for _, f := range faults {
			s.control(system).do("POST", "faults", f, nil)
		}
	}
	seen := map[string]string{}
	get := func(path string) string {
		req, err := http.NewRequest("GET", s.url+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Authorization", "Bearer "+secrets["SYNCLINE_OPERATOR_TOKEN"])
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		text, err := io.ReadAll(res.Body)
		if err != nil || res.StatusCode != 200 {
			t.Fatalf("%s: %s, %v", path, res.Status, err)
		}
		return fmt.Sprint(res.Header, string(text))
	}
	for end := time.Now().Add(20 * time.Second); !strings.Contains(get("api/v1/runs?rule=sync.one"), `"succeeded"`); time.Sleep(50 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("the rule never succeeds: %s", s.said())
		}
	}
	s.write("one.sync.hcl", syncRule("one", "Health_Score__c", "source.Nonsense"))
	for end := time.Now().Add(20 * time.Second); !strings.Contains(get("api/v1/status"), "SYN305"); time.Sleep(50 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("the mistake is never told: %s", s.said())
		}
	}
	for _, path := range []string{"", "dead", "api/v1/status", "api/v1/runs", "api/v1/dead", "metrics"} {
		seen["GET /"+path] = get(path)
	}
	for _, args := range [][]string{{"runs", "--format", "json"}, {"dead", "list", "--status", "all", "--format", "json"}, {"state", "export"}, {"lint", "-v"}, {"check", "-v"}, {"plan", "-v"}} {
		if args[0] != "dead" && args[0] != "state" {
			args = append(args, s.dir)
		} else {
			args = append(args, "--state", filepath.Join(s.dir, ".syncline", "state.db"))
		}
		out, _ := s.program(args...).CombinedOutput()
		seen[strings.Join(args[:2], " ")] = string(out)
	}
	if code := s.stop(os.Interrupt); code != 0 {
		t.Errorf("it ends with %d", code)
	}
	seen["the log"] = s.said()
	err := filepath.WalkDir(s.dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := os.ReadFile(path)
		seen[path] = string(data)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for where, text := range seen {
		if text == "" && !strings.HasSuffix(where, ".lock") && !strings.Contains(where, "state.db-") {
			t.Errorf("%s says nothing", where)
		}
		for name, secret := range secrets {
			if strings.Contains(text, secret) {
				t.Errorf("%s is in %s", name, where)
			}
		}
	}
}
