//go:build unix

package crash

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
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

// world is one project with systems of its own.
type world struct {
	t    *testing.T
	kind string
	rnd  *rand.Rand
	box  *sandbox.Sandbox
	env  map[string]string
	dir  string
	live *proc // the process that serves, nil: none
	// secret signs the events of this trial. A server that took over the port of one that died turns away what was meant for that.
	secret string
	// first is what the target holds at first, and forgot whether entries of the ledger were made to be forgotten.
	first  map[string]*book
	forgot bool
	// bound is how large files may become, in bytes; 0: as large as they like.
	bound int64
}

func newWorld(t *testing.T, kind string, seed uint64, latency time.Duration) *world {
	t.Helper()
	box, err := sandbox.Start(context.Background(), sandbox.Options{Companies: 25, Latency: latency})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { box.Close() })
	w := &world{t: t, kind: kind, rnd: rand.New(rand.NewPCG(seed, 1)), box: box, dir: t.TempDir(), env: map[string]string{},
		secret: "the secret of " + t.Name()}
	for _, line := range box.Env() {
		name, text, _ := strings.Cut(line, "=")
		w.env[name] = text
	}
	w.first = w.shelf()
	t.Cleanup(func() {
		if w.live != nil {
			w.live.kill()
		}
	})
	return w
}

// proc is one process of the program.
type proc struct {
	w    *world
	cmd  *exec.Cmd
	at   string // the point at which it has to die
	url  string // of one that serves
	done chan struct{}

	out, log notes // standard output and standard error
}

// notes is what a process writes; it can be read meanwhile.
type notes struct {
	mu   sync.Mutex
	text bytes.Buffer
}

// Write takes what the process says.
func (n *notes) Write(b []byte) (int, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.text.Write(b)
}

func (n *notes) String() string {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.text.String()
}

func (p *proc) said() string { return p.out.String() + p.log.String() }

// start starts the program; at is the point at which it has to die, "" for none.
func (w *world) start(at string, args ...string) *proc {
	w.t.Helper()
	p := &proc{w: w, at: at, cmd: exec.Command(program, args...), done: make(chan struct{})}
	if w.bound > 0 { // in blocks of 512 bytes
		p.cmd = exec.Command("sh", append([]string{"-c", text(`ulimit -f %d; exec "$0" "$@"`, w.bound/512), program}, args...)...)
	}
	p.cmd.Env = append(os.Environ(), w.box.Env()...)
	p.cmd.Env = append(p.cmd.Env, "NO_COLOR=1", "EVENTS_SECRET="+w.secret, "SYNCLINE_CRASHPOINT="+at)
	p.cmd.Stderr = &p.log
	out, err := p.cmd.StdoutPipe()
	if err == nil {
		err = p.cmd.Start()
	}
	if err != nil {
		w.t.Fatal(err)
	}
	counts.processes.Add(1)
	lines := bufio.NewReader(out)
	serves := args[0] == "serve"
	if serves { // its first line tells where; one that dies before says nothing
		line, _ := lines.ReadString('\n')
		_, url, _ := strings.Cut(line, "status page at ")
		p.url = strings.TrimSpace(url)
	}
	go func() {
		_, _ = io.Copy(&p.out, lines)
		_ = p.cmd.Wait()
		close(p.done)
	}()
	if serves {
		w.live = p
	}
	return p
}

func (w *world) serve(at string, args ...string) *proc {
	w.t.Helper()
	return w.start(at, append([]string{"serve", "--addr", "127.0.0.1:0", w.dir}, args...)...)
}

// ended waits for the end of the process, for some time at most.
func (p *proc) ended(limit time.Duration) bool {
	select {
	case <-p.done:
		return true
	case <-time.After(limit):
		return false
	}
}

// wait gives the exit code of a process that comes to its end by itself, -1 where a signal ended it.
func (p *proc) wait() int {
	p.w.t.Helper()
	if !p.ended(time.Minute) {
		p.w.t.Fatalf("%s does not end: %s", strings.Join(p.cmd.Args[1:], " "), p.stacks())
	}
	p.check()
	return p.cmd.ProcessState.ExitCode()
}

// stacks ends a process that hangs, and gives where its goroutines stood and what it said before.
func (p *proc) stacks() string {
	if p.ended(0) {
		return "it has ended: " + p.cmd.ProcessState.String() + "\n" + p.said()
	}
	before := p.said()
	_ = p.cmd.Process.Signal(syscall.SIGQUIT)
	p.ended(5 * time.Second)
	return brief(strings.TrimPrefix(p.said(), before)) + "\n" + before
}

// kill ends the process as a power cut would, unless it has ended.
func (p *proc) kill() {
	_ = p.cmd.Process.Kill()
	<-p.done
	p.check()
}

// check sees that the process did not end by a fault of its own, and counts how it did.
func (p *proc) check() {
	if p.w.live == p {
		p.w.live = nil
	}
	said := p.said()
	for _, sign := range []string{"panic:", "fatal error:", "a run ended in a panic"} {
		if strings.Contains(said, sign) {
			p.w.t.Errorf("%v panics: %s", p.cmd.Args, brief(said))
			break
		}
	}
	if p.slain() {
		counts.killed.Add(1)
	}
}

// reached tells whether the process died at its point.
func (p *proc) reached() bool { return p.at != "" && p.slain() }

// slain tells whether a SIGKILL ended the process: ours, or its own at a named point.
func (p *proc) slain() bool {
	status, ok := p.cmd.ProcessState.Sys().(syscall.WaitStatus)
	return ok && status.Signaled() && status.Signal() == syscall.SIGKILL
}

// run runs a command to its end and gives its exit code and what it said.
func (w *world) run(args ...string) (int, string) {
	w.t.Helper()
	p := w.start("", args...)
	return p.wait(), p.said()
}

// killAfter lets a process live for a while, unless it dies at its point before. It tells whether it did.
func (w *world) killAfter(p *proc, d time.Duration) bool {
	ended := p.ended(d)
	p.kill()
	switch {
	case !ended:
		counts.timed.Add(1)
		return false
	case !p.reached():
		return false
	}
	point, _, _ := strings.Cut(p.at, ":")
	counts.at(w.kind, point)
	return true
}

// file writes a file of the project as editors do: whole, under its name at once.
func (w *world) file(name, text string) {
	w.t.Helper()
	path := filepath.Join(w.dir, name)
	if err := os.WriteFile(path+"~", []byte(text), 0o644); err != nil {
		w.t.Fatal(err)
	}
	if err := os.Rename(path+"~", path); err != nil {
		w.t.Fatal(err)
	}
}

// system is the control address of a sandbox system.
func (w *world) system(name string) string {
	switch name {
	case "SLACK":
		return strings.TrimSuffix(w.env["SLACK_URL"], "/api")
	case "SMTP":
		return w.env["SMTP_CONTROL_URL"]
	}
	return w.env[name+"_URL"]
}

func (w *world) control(method, system, path string, body any) []byte {
	w.t.Helper()
	var data []byte
	if text, ok := body.(string); ok {
		data = []byte(text)
	} else if body != nil {
		var err error
		if data, err = json.Marshal(body); err != nil {
			w.t.Fatal(err)
		}
	}
	req, err := http.NewRequest(method, w.system(system)+"/_sandbox/"+path, bytes.NewReader(data))
	if err != nil {
		w.t.Fatal(err)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		w.t.Fatal(err)
	}
	defer res.Body.Close()
	answer, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode >= 300 {
		w.t.Fatalf("%s %s %s: %d %s %v", method, path, data, res.StatusCode, answer, err)
	}
	return answer
}

type record = map[string]any

func (w *world) records(system, object string) []record {
	w.t.Helper()
	var answer struct{ Records []record }
	if err := json.Unmarshal(w.control("GET", system, "records/"+object, nil), &answer); err != nil {
		w.t.Fatal(err)
	}
	return answer.Records
}

func (w *world) put(object string, r record) { w.control("POST", "GAINSIGHT", "records/"+object, r) }

// customers are the companies whose account is there, and named by no other company.
func (w *world) customers() (out []record) {
	w.t.Helper()
	named := map[any]int{}
	for _, r := range w.records("SALESFORCE", "Account") {
		named[r["Id"]] = 1
	}
	all := w.records("GAINSIGHT", "company")
	for _, r := range all {
		named[r["SfdcAccountId"]] *= 2
	}
	for _, r := range all {
		if id := r["SfdcAccountId"]; id != nil && named[id] == 2 {
			out = append(out, r)
		}
	}
	if len(out) < 10 {
		w.t.Fatalf("only %d companies have an account", len(out))
	}
	return out
}

// fault arms one fault of a system.
func (w *world) fault(system, what, fault string) {
	w.control("POST", system, "faults", fault)
	counts.fault(what)
}

// faults lets the systems misbehave, each in one of the ways that are given.
func (w *world) faults() {
	crm := [][2]string{
		{"lost answer", `{"match":{"method":"POST","path":"/composite"},"drop_response":true}`},
		{"lost answer", `{"match":{"path":"/composite/sobjects"},"drop_response":true}`},
		{"5xx", `{"match":{"path":"/composite"},"times":2,"status":503}`},
		{"5xx", `{"match":{"path":"/query"},"times":2,"status":500}`},
		{"429", `{"match":{"path":"/composite"},"status":429}`},
		{"429", `{"match":{"path":"/composite"},"status":429,"retry_after":1}`},
		{"locked row", `{"match":{"path":"/composite"},"error_code":"UNABLE_TO_LOCK_ROW"}`},
		{"expired session", `{"match":{"path":"/composite"},"expire_session":true}`},
		{"expired session", `{"match":{"path":"/query"},"expire_session":true}`},
		{"slow target", `{"match":{"path":"/composite"},"delay":"60ms"}`},
	}
	for range w.rnd.IntN(3) {
		f := crm[w.rnd.IntN(len(crm))]
		w.fault("SALESFORCE", f[0], f[1])
	}
	if w.rnd.IntN(4) == 0 {
		cs := [][2]string{{"5xx", `{"match":{"path":"/v1/"},"status":502}`}, {"429", `{"match":{"path":"/v1/"},"status":429,"retry_after":1}`},
			{"slow source", `{"match":{"path":"/v1/"},"delay":"60ms"}`}, {"late source", `{"match":{"path":"/v1/data/","body":"GTE"},"late":"120ms"}`}}
		f := cs[w.rnd.IntN(len(cs))]
		w.fault("GAINSIGHT", f[0], f[1])
	}
}

var systems = []string{"SALESFORCE", "GAINSIGHT", "SLACK", "SINK", "SMTP"}

// calm ends all faults.
func (w *world) calm() {
	for _, name := range systems {
		w.control("DELETE", name, "faults", nil)
	}
}

// list runs a command that prints JSON and decodes it.
func (w *world) list(into any, args ...string) {
	w.t.Helper()
	p := w.start("", append(args, "--format", "json")...)
	code := p.wait()
	if err := json.Unmarshal([]byte(p.out.String()), into); err != nil {
		w.t.Fatalf("%v ends with %d: %v\n%s", args, code, err, p.said())
	}
}

// dead lists the open dead letters.
func (w *world) dead() (out []letter) {
	w.t.Helper()
	var answer struct{ Dead []letter }
	w.list(&answer, "dead", "list", w.dir)
	return answer.Dead
}

// approve lets go what waits for its guard; at is the point at which each approval has to die. It tells whether one was
// carried out, or died there.
func (w *world) approve(at string) (some bool) {
	w.t.Helper()
	if _, err := os.Stat(w.state()); err != nil {
		return false // nothing has run yet
	}
	var answer struct{ Runs []struct{ ID string } }
	w.list(&answer, "runs", "--status", "waiting", w.dir)
	for _, r := range answer.Runs {
		p := w.start(at, "approve", "--dir", w.dir, r.ID)
		if at == "" {
			some = p.wait() == 0 || some
		} else if w.killAfter(p, 10*time.Second) {
			return true
		}
	}
	return some
}

type letter struct {
	ID      int64
	Rule    string
	Step    string
	Class   string
	Message string
	Source  struct{ ID string }
}

// report says what the program knows, of a trial that failed.
func (w *world) report() {
	for _, args := range [][]string{{"runs", w.dir, "--limit", "12"}, {"dead", "list", w.dir}} {
		_, out := w.run(args...)
		w.t.Logf("%s", out)
	}
}

func (w *world) state() string { return filepath.Join(w.dir, ".syncline", "state.db") }

func text(format string, args ...any) string { return fmt.Sprintf(format, args...) }

// saysFull tells whether a process has met a disk without room, or a file that may not grow.
func saysFull(said string) bool {
	return strings.Contains(said, "is full") || strings.Contains(said, "failed, nothing that was stored is lost")
}
