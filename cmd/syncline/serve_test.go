package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/syncline/syncline/connectors/sandbox"
)

// service is the real program, serving a project against a sandbox.
type service struct {
	t    *testing.T
	dir  string
	from string // the folder that the program is started in; empty: that of the tests
	env  []string
	cmd  *exec.Cmd
	url  string
	done chan error

	mu  sync.Mutex
	log bytes.Buffer
}

func (s *service) Write(b []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.log.Write(b)
}

func (s *service) said() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.log.String()
}

const connections = `
connection "gainsight" "cs" {
  url        = env("GAINSIGHT_URL")
  access_key = secret("GAINSIGHT_ACCESS_KEY")
}
connection "salesforce" "crm" {
  url           = env("SALESFORCE_URL")
  client_id     = env("SALESFORCE_CLIENT_ID")
  client_secret = secret("SALESFORCE_CLIENT_SECRET")
}
`

func syncRule(name, field, from string) string {
	return `
sync "` + name + `" {
  from = cs.Company
  to   = crm.Account
  schedule {
    cron = "@every 1s"
  }
  match {
    by = [{ Id = source.SfdcAccountId }]
  }
  map {
    ` + field + ` = ` + from + `
  }
}
`
}

func newService(t *testing.T) *service {
	t.Helper()
	box, err := sandbox.Start(t.Context(), sandbox.Options{Companies: 30})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { box.Close() })
	s := &service{t: t, dir: t.TempDir(), env: append(os.Environ(), box.Env()...)}
	s.write("connections.sync.hcl", connections)
	s.write("one.sync.hcl", syncRule("one", "Health_Score__c", "source.Health_Score__gc"))
	return s
}

func (s *service) write(name, text string) {
	s.t.Helper()
	if err := os.WriteFile(filepath.Join(s.dir, name), []byte(text), 0o644); err != nil {
		s.t.Fatal(err)
	}
}

// program is the command line of this very test binary as syncline.
func (s *service) program(args ...string) *exec.Cmd {
	s.t.Helper()
	self, err := os.Executable()
	if err != nil {
		s.t.Fatal(err)
	}
	cmd := exec.Command(self, args...)
	cmd.Args[0], cmd.Env, cmd.Dir = "syncline", s.env, s.from
	return cmd
}

func (s *service) start(args ...string) {
	s.t.Helper()
	s.cmd = s.program(append([]string{"serve", "--addr", "127.0.0.1:0", s.dir}, args...)...)
	out, err := s.cmd.StdoutPipe()
	if err != nil {
		s.t.Fatal(err)
	}
	s.cmd.Stderr = s
	if err := s.cmd.Start(); err != nil {
		s.t.Fatal(err)
	}
	s.done = make(chan error, 1)
	lines := bufio.NewScanner(out)
	if !lines.Scan() {
		s.t.Fatalf("it says nothing: %s", s.said())
	}
	_, s.url, _ = strings.Cut(lines.Text(), "status page at ")
	cmd, done := s.cmd, s.done
	go func() {
		for lines.Scan() {
		}
		done <- cmd.Wait()
	}()
	s.t.Cleanup(func() { _ = cmd.Process.Kill() })
}

// stop sends a signal and gives the exit code.
func (s *service) stop(signal os.Signal) int {
	s.t.Helper()
	if err := s.cmd.Process.Signal(signal); err != nil {
		s.t.Fatal(err)
	}
	select {
	case <-s.done:
	case <-time.After(20 * time.Second):
		s.t.Fatalf("it does not stop: %s", s.said())
	}
	return s.cmd.ProcessState.ExitCode()
}

type statusJSON struct {
	Revision string
	Rules    []struct {
		Rule, State, Why string
		Last             *struct {
			Status  string
			Started time.Time
			Updated int
		}
	}
	Reload struct {
		OK          bool
		Diagnostics []struct {
			Code  string
			Range struct{ File string }
		}
	}
}

// ran tells when a rule last ended well; zero: never.
func (s statusJSON) ran(rule string) time.Time {
	for _, r := range s.Rules {
		if r.Rule == rule && r.Last != nil && r.Last.Status == "succeeded" {
			return r.Last.Started
		}
	}
	return time.Time{}
}

// tells whether the last reload found this in a file.
func (s statusJSON) tells(code, file string) bool {
	for _, d := range s.Reload.Diagnostics {
		if d.Code == code && d.Range.File == file {
			return true
		}
	}
	return false
}

func (s *service) status() (st statusJSON, err error) {
	res, err := http.Get(s.url + "api/v1/status")
	if err != nil {
		return st, err
	}
	defer res.Body.Close()
	return st, json.NewDecoder(res.Body).Decode(&st)
}

func (s *service) eventually(what string, ok func(statusJSON) bool) statusJSON {
	s.t.Helper()
	var st statusJSON
	var err error
	for end := time.Now().Add(20 * time.Second); time.Now().Before(end); time.Sleep(30 * time.Millisecond) {
		if st, err = s.status(); err == nil && ok(st) {
			return st
		}
	}
	s.t.Fatalf("never: %s; %+v, %v\n%s", what, st, err, s.said())
	return st
}

func (s *service) get(path string) string {
	s.t.Helper()
	res, err := http.Get(s.url + path)
	if err != nil {
		s.t.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	return string(text)
}

// The life of a server: it runs rules, takes new files in, keeps the good ones when the new are broken, is killed and
// goes on, and stops in order.
func TestServe(t *testing.T) {
	s := newService(t)
	s.start()
	first := s.eventually("the rule runs", func(st statusJSON) bool { return !st.ran("sync.one").IsZero() })
	if !first.Reload.OK || first.Revision == "" {
		t.Fatalf("%+v", first)
	}

	s.write("two.sync.hcl", syncRule("two", "Product_Engagement__c", `"source.WAU__gc > 0 ? source.DAU__gc / source.WAU__gc : null"`))
	second := s.eventually("the new rule runs", func(st statusJSON) bool { return !st.ran("sync.two").IsZero() })
	if second.Revision == first.Revision {
		t.Fatal("the revision is the old one")
	}

	s.write("two.sync.hcl", syncRule("two", "Product_Engagement__c", "source.Nonsense"))
	broken := s.eventually("the error is told", func(st statusJSON) bool { return !st.Reload.OK })
	if broken.Revision != second.Revision || !broken.tells("SYN305", "two.sync.hcl") {
		t.Fatalf("%+v", broken)
	}
	if metrics := s.get("metrics"); !strings.Contains(metrics, "\nsyncline_last_reload_successful 0\n") {
		t.Error("the metric does not say that the reload failed")
	}
	at := broken.ran("sync.two")
	s.eventually("the good rule goes on", func(st statusJSON) bool { return st.ran("sync.two").After(at) })

	s.refusesASecond()

	s.stop(syscall.SIGKILL)
	s.start()
	at = time.Now()
	again := s.eventually("the last good set runs though the folder is broken", func(st statusJSON) bool { return st.ran("sync.two").After(at) })
	if again.Reload.OK || again.Revision != second.Revision {
		t.Fatalf("%+v", again)
	}

	s.write("two.sync.hcl", "")
	s.eventually("the rule is gone", func(st statusJSON) bool { return st.Reload.OK && len(st.Rules) == 1 })
	if code := s.stop(syscall.SIGTERM); code != 0 {
		t.Fatalf("exit %d after SIGTERM\n%s", code, s.said())
	}
	if log := s.said(); strings.Contains(log, "sandbox-access-key") || strings.Contains(log, "sandbox-client-secret") {
		t.Error("a secret is in the log")
	}
}

// refusesASecond wants a second server on the same state, and one on the same port, to say why they cannot be.
func (s *service) refusesASecond() {
	s.t.Helper()
	for want, args := range map[string][]string{
		"in use by syncline serve (process": {"serve", "--addr", "127.0.0.1:0", s.dir},
		"is in use by another program":      {"serve", "--addr", strings.TrimSuffix(strings.TrimPrefix(s.url, "http://"), "/"), s.dir},
		"needs tokens":                      {"serve", "--addr", "0.0.0.0:0", s.dir},
		"is no address":                     {"serve", "--addr", "8080", s.dir},
	} {
		cmd := s.program(args...)
		out, err := cmd.CombinedOutput()
		if code := cmd.ProcessState.ExitCode(); code != 2 || !strings.Contains(string(out), want) {
			s.t.Errorf("%v: exit %d, %v: %s", args, code, err, out)
		}
	}
}

func TestServeOnABrokenFolderThatNeverRan(t *testing.T) {
	s := newService(t)
	s.write("one.sync.hcl", syncRule("one", "Nonsense__c", "source.Name"))
	cmd := s.program("serve", "--addr", "127.0.0.1:0", s.dir)
	out, _ := cmd.CombinedOutput()
	if code := cmd.ProcessState.ExitCode(); code != 1 || !strings.Contains(string(out), "Nonsense__c") {
		t.Fatalf("exit %d: %s", code, out)
	}
}

func TestServePausesRunsAndReloadsOnRequest(t *testing.T) {
	s := newService(t)
	s.start("--log", "json")
	s.eventually("the rule runs", func(st statusJSON) bool { return !st.ran("sync.one").IsZero() })
	post := func(path string) {
		t.Helper()
		res, err := http.Post(s.url+"api/v1/"+path, "", nil)
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		if res.StatusCode != http.StatusAccepted {
			t.Fatalf("%s: %d", path, res.StatusCode)
		}
	}
	post("rules/sync.one/pause")
	paused := s.eventually("it is paused", func(st statusJSON) bool { return st.Rules[0].State == "paused" })
	at := paused.ran("sync.one")
	if code := s.stop(syscall.SIGTERM); code != 0 {
		t.Fatal(code)
	}
	s.start("--log", "json")
	time.Sleep(1500 * time.Millisecond)
	st, err := s.status()
	if err != nil || st.Rules[0].State != "paused" || st.ran("sync.one").After(at) {
		t.Fatalf("the pause did not outlive the restart: %v %+v", err, st)
	}
	post("rules/one/resume")
	s.eventually("it runs again", func(st statusJSON) bool { return st.ran("sync.one").After(at) })
	if err := s.cmd.Process.Signal(syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	for end := time.Now().Add(10 * time.Second); !strings.Contains(s.said(), "SIGHUP"); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("SIGHUP is not heard: %s", s.said())
		}
	}
	if code := s.stop(os.Interrupt); code != 0 {
		t.Fatal(code)
	}
	for line := range strings.Lines(s.said()) {
		if !json.Valid([]byte(line)) {
			t.Fatalf("this log line is no JSON: %s", line)
		}
	}
}

func TestNotifyAServiceManager(t *testing.T) {
	s := newService(t)
	path := filepath.Join(t.TempDir(), "notify")
	heard := listenUnixgram(t, path)
	s.env = append(s.env, "NOTIFY_SOCKET="+path, "WATCHDOG_USEC=200000")
	s.start()
	wait := func(want string) {
		t.Helper()
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		for {
			select {
			case got := <-heard:
				if strings.Contains(got, want) {
					return
				}
			case <-ctx.Done():
				t.Fatalf("never told %s", want)
			}
		}
	}
	wait("READY=1")
	wait("WATCHDOG=1")
	if code := s.stop(syscall.SIGTERM); code != 0 {
		t.Fatal(code)
	}
	wait("STOPPING=1")
}

// A run can be taken back while a server holds the state; who does it is told that the rule goes on.
func TestRevertBesideAServer(t *testing.T) {
	s := newService(t)
	s.start()
	s.eventually("the rule runs", func(st statusJSON) bool { return !st.ran("sync.one").IsZero() })
	out, err := s.program("revert", "--rule", "sync.one", "--since", "1h", "--yes", "--dir", s.dir).CombinedOutput()
	if err != nil || !strings.Contains(string(out), "which goes on running the rule\n") || strings.Contains(string(out), "--state") {
		t.Errorf("%v: %s", err, out)
	}
}
