//go:build unix

package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
)

const (
	companies   = 100_000
	readPage    = 5000 // records that Gainsight gives a call at most
	writeBatch  = 200  // records that Salesforce takes a call at most
	changeEvery = 33   // about 3 %
)

// gainsight runs the health rule of the example between simulated systems in another process: over all companies, over
// those of which something changed, and over none. It is not compared with peers; what counts is the calls, against
// the fewest that the systems' limits allow, and the memory.
func (b *bench) gainsight() error {
	env, err := b.startSandbox(companies)
	if err != nil {
		return err
	}
	dir := b.path("gainsight")
	if err := errors.Join(os.RemoveAll(dir), os.MkdirAll(dir, 0o755)); err != nil {
		return err
	}
	for _, file := range []string{"connections.sync.hcl", "health.sync.hcl"} {
		text, err := os.ReadFile(filepath.Join(b.source, "..", "..", "examples", "health-score", file))
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(dir, file), text, 0o644); err != nil {
			return err
		}
	}
	g := &pilot{bench: b, dir: dir, env: env}
	g.step("gainsight, first run", companies, nil)
	for range b.o.repeat {
		if err := g.change(); err != nil {
			return err
		}
		g.step("gainsight, 3 % changed", companies/changeEvery, nil)
	}
	nothing := func(r ran) error {
		if r.Updated+r.Created > 0 {
			return fmt.Errorf("a run without a change wrote %d records", r.Updated+r.Created)
		}
		return nil
	}
	g.step("gainsight, nothing changed", 0, nothing)
	g.step("gainsight, nothing changed, full pass", companies, nothing, "--full")
	return nil
}

// startSandbox gives the environment of the simulated systems.
func (b *bench) startSandbox(companies int) ([]string, error) {
	b.say("starting the sandbox with %d companies", companies)
	cmd := exec.Command(b.path("syncline"), "sandbox", "--companies", strconv.Itoa(companies))
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	b.onClose(func() {
		_ = cmd.Process.Signal(os.Interrupt)
		_ = cmd.Wait()
	})
	var env []string
	for lines := bufio.NewScanner(out); lines.Scan(); {
		if lines.Text() == "ready" {
			return env, nil
		}
		env = append(env, lines.Text())
	}
	return nil, fmt.Errorf("the sandbox did not start")
}

// pilot is the rule between the simulated systems.
type pilot struct {
	*bench
	dir     string
	env     []string
	changes int
}

func (g *pilot) step(workload string, records int, check func(ran) error, flags ...string) {
	g.say("%s", workload)
	var seen ran
	u, err := g.syncline(g.dir, func(r ran) error {
		seen = r
		if check != nil {
			return check(r)
		}
		return nil
	}, flags, g.env...)
	r := summarize(workload, "syncline", records, []usage{u})
	r.OK = err == nil
	r.Note = fmt.Sprintf("wrote %d of %d records read; calls: Gainsight %d (at least %d), Salesforce %d (at least %d to write)", seen.Updated, seen.Read,
		seen.Calls["cs"], max((seen.Read+readPage-1)/readPage, 1), seen.Calls["crm"], (seen.Updated+writeBatch-1)/writeBatch)
	if err != nil {
		r.Note = err.Error()
	}
	g.results = append(g.results, r)
}

// change gives some companies another score, as their users would.
func (g *pilot) change() error {
	g.changes++
	for _, line := range g.env {
		if url, ok := strings.CutPrefix(line, "GAINSIGHT_URL="); ok {
			return sh(g.self, "do-change", url, strconv.Itoa(g.changes))
		}
	}
	return fmt.Errorf("the sandbox does not say where Gainsight is")
}

// doChange changes each 33rd company of a sandbox; which of them, the round says.
func doChange(url string, round int) error {
	answer, err := http.Get(url + "/_sandbox/records/Company")
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	var all struct {
		Records []struct {
			Gsid  string
			Score *float64 `json:"Health_Score__gc"`
		}
	}
	if err := json.NewDecoder(answer.Body).Decode(&all); err != nil {
		return err
	}
	type change struct {
		Gsid  string
		Score float64 `json:"Health_Score__gc"`
	}
	var changes []change
	for i := round % changeEvery; i < len(all.Records); i += changeEvery {
		score := 50.0
		if was := all.Records[i].Score; was != nil {
			score = float64((int(*was) + 7) % 100)
		}
		changes = append(changes, change{all.Records[i].Gsid, score})
	}
	body, err := json.Marshal(changes)
	if err != nil {
		return err
	}
	done, err := http.Post(url+"/_sandbox/records/Company", "application/json", bytes.NewReader(body))
	if err != nil {
		return err
	}
	defer done.Body.Close()
	if done.StatusCode != http.StatusOK {
		return fmt.Errorf("the sandbox answers %s", done.Status)
	}
	return nil
}
