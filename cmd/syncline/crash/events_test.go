//go:build unix

package crash

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/syncline/syncline/runtime/crashpoint"
)

// eventSync and eventTrigger are never started by their schedule while a test runs: what no event tells is not seen.
const eventSync = `
sync "told" {
  from     = cs.Company
  to       = crm.Account
  on_event = true
  schedule {
    cron = "0 0 29 2 *"
  }
  match {
    by        = [{ Id = source.SfdcAccountId }]
    missing   = "skip"
    ambiguous = "skip"
  }
  map {
    Health_Score__c = source.Health_Score__gc
  }
}
`

const eventTrigger = `
trigger "told" {
  on       = cs.Company
  when     = "new.Health_Score__gc < 60"
  on_event = true
  schedule {
    cron = "0 0 29 2 *"
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
  then {
    call "note" {
      via  = desk
      path = text("/once/note")
      text = text("Score is {{ new.Health_Score__gc }}")
    }
  }
}
`

// told is a project that only events start.
type told struct {
	*world
	queue  []record          // companies of which nothing was told yet
	scores map[string]string // by account
	texts  []string
	again  []event // not acknowledged
	sent   int
}

// event is what a sender tells.
type event struct {
	ID     string `json:"id"`
	Object string `json:"object"`
	Record string `json:"record_id"`
}

func newTold(t *testing.T, kind string, seed uint64) *told {
	w := &told{world: newWorld(t, kind, seed, time.Millisecond), scores: map[string]string{}}
	w.queue = w.customers()
	w.rnd.Shuffle(len(w.queue), func(i, k int) { w.queue[i], w.queue[k] = w.queue[k], w.queue[i] })
	for _, c := range w.queue {
		w.put("company", record{"Gsid": c["Gsid"], "Health_Score__gc": 90})
	}
	w.file("connections.sync.hcl", connections)
	rule := eventSync
	if kind == "trigger" {
		rule = eventTrigger
	}
	w.file("rules.sync.hcl", rule)
	if code, said := w.run("run", w.dir); code == 2 {
		t.Fatal(said)
	}
	return w
}

// change lets scores fall, and tells of it.
func (w *told) change(p *proc, n int) {
	var events []event
	for ; n > 0 && len(w.queue) > 0; n-- {
		c := w.queue[0]
		w.queue = w.queue[1:]
		score := len(w.texts) + 1
		w.put("company", record{"Gsid": c["Gsid"], "Health_Score__gc": score})
		w.scores[c["SfdcAccountId"].(string)] = strconv.Itoa(score)
		w.texts = append(w.texts, "Score is "+strconv.Itoa(score))
		w.sent++
		events = append(events, event{text("evt_%d", w.sent), "company", c["Gsid"].(string)})
		counts.crossings.Add(1)
	}
	w.tell(p, append(events, w.resend()...))
}

func (w *told) resend() []event {
	list := w.again
	w.again = nil
	return list
}

// tell posts events side by side, some of them twice. What is not acknowledged is told again later.
func (w *told) tell(p *proc, events []event) {
	var mu sync.Mutex
	var group sync.WaitGroup
	for _, e := range events {
		times := 1 + w.rnd.IntN(2)
		group.Go(func() {
			heard := false
			for range times {
				heard = w.post(p.url+"hooks/cs", e) || heard
			}
			mu.Lock()
			defer mu.Unlock()
			if heard {
				counts.acknowledged.Add(1)
			} else {
				w.again = append(w.again, e)
			}
		})
	}
	group.Wait()
	slices.SortFunc(w.again, func(a, b event) int { return strings.Compare(a.ID, b.ID) })
}

// post sends a signed event, and tells whether it was acknowledged.
func (w *told) post(url string, e event) bool {
	body, _ := json.Marshal(e)
	sent := strconv.FormatInt(time.Now().Unix(), 10)
	mac := hmac.New(sha256.New, []byte(w.secret))
	mac.Write([]byte(sent + "."))
	mac.Write(body)
	req, err := http.NewRequest("POST", url, bytes.NewReader(body))
	if err != nil {
		return false
	}
	req.Header.Set("X-Timestamp", sent)
	req.Header.Set("X-Signature", "sha256="+hex.EncodeToString(mac.Sum(nil)))
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return false
	}
	_, _ = io.Copy(io.Discard, res.Body)
	res.Body.Close()
	return res.StatusCode/100 == 2
}

// finish lets a server that nobody disturbs do what was acknowledged, and tells it what was not.
func (w *told) finish() {
	w.calm()
	p := w.serve("")
	for end := time.Now().Add(20 * time.Second); len(w.again) > 0 && time.Now().Before(end); {
		w.tell(p, w.resend())
	}
	if len(w.again) > 0 {
		w.t.Fatalf("events are not taken: %s", p.said())
	}
	for end := time.Now().Add(40 * time.Second); time.Now().Before(end) && len(w.lacks())+len(w.waits()) > 0; {
		time.Sleep(30 * time.Millisecond)
	}
	if wrong := slices.Concat(w.lacks(), w.waits()); len(wrong) > 0 {
		w.t.Errorf("the server does not come to rest: %s\n%s", strings.Join(wrong, "\n"), p.stacks())
	}
	p.kill()
	w.settled()
	w.accounted()
	if w.t.Failed() {
		w.report()
	}
}

// waits says what of the state is not done.
func (w *told) waits() []string {
	w.t.Helper()
	db := w.db()
	defer db.Close()
	return names(w.t, db, `
SELECT 'record ' || record || ' waits for ' || rule || ', looked for ' || looks || ' times' FROM wake
UNION ALL SELECT 'firing ' || id || ' of ' || source || ' is pending: ' || progress FROM firing WHERE status = 'pending'
UNION ALL SELECT 'run ' || id || ' is running: ' || data FROM run WHERE status = 'running'`)
}

// lacks says what of the target is not as events told.
func (w *told) lacks() (out []string) {
	if w.kind == "sync" {
		for _, r := range w.records("SALESFORCE", "Account") {
			if want, told := w.scores[r["Id"].(string)]; told && text("%v", r["Health_Score__c"]) != want {
				out = append(out, text("account %v has %v, wanted %s", r["Id"], r["Health_Score__c"], want))
			}
		}
		return out
	}
	want := sorted(slices.Clone(w.texts))
	for _, place := range [][3]string{{"SALESFORCE", "Task", "Subject"}, {"SINK", "requests", "body"}} {
		var got []string
		for _, r := range w.records(place[0], place[1]) {
			if t, _ := r[place[2]].(string); strings.HasPrefix(t, "Score is ") {
				got = append(got, t)
			}
		}
		for _, row := range differing(want, sorted(got)) {
			out = append(out, place[1]+": "+row)
		}
	}
	return out
}

// eventWay are the points on the way of an event; eventPoints those and others that a server comes to then.
var (
	eventWay    = []crashpoint.Point{crashpoint.EventBefore, crashpoint.EventStored, crashpoint.EventWritten}
	eventPoints = append(slices.Clone(eventWay), crashpoint.SendBefore, crashpoint.SendUnanswered, crashpoint.SendAnswered,
		crashpoint.CommitBefore, crashpoint.CommitAfter, crashpoint.RunBegin, crashpoint.RunEnd)
)

// TestEvents kills a server at random moments and points while senders tell it of changes.
func TestEvents(t *testing.T) {
	each(t, 4, func(t *testing.T, seed uint64) {
		w := newTold(t, []string{"sync", "trigger"}[seed%2], seed)
		for range 2 + w.rnd.IntN(3) {
			w.faults()
			at := ""
			if w.rnd.IntN(2) == 0 {
				at = text("%s:%d", eventPoints[w.rnd.IntN(len(eventPoints))], 1+w.rnd.IntN(3))
			}
			p := w.serve(at)
			w.change(p, 1+w.rnd.IntN(3))
			time.Sleep(time.Duration(w.rnd.IntN(60)) * time.Millisecond)
			w.change(p, 1+w.rnd.IntN(3))
			w.killAfter(p, time.Duration(w.rnd.IntN(300))*time.Millisecond)
		}
		w.finish()
	})
}

// TestEventPoints kills a server at each point on the way of an event.
func TestEventPoints(t *testing.T) {
	for _, kind := range []string{"sync", "trigger"} {
		for _, point := range eventWay {
			t.Run(kind+" "+string(point), func(t *testing.T) {
				t.Parallel()
				counts.trials.Add(1)
				w := newTold(t, kind, firstSeed())
				p := w.serve(string(point) + ":1")
				w.change(p, 2)
				if !w.killAfter(p, 10*time.Second) {
					t.Errorf("%s is never reached: %s", point, p.said())
				}
				w.finish()
			})
		}
	}
}

// of are the points that only one kind of rule comes to.
var of = map[crashpoint.Point]string{
	crashpoint.ClaimBefore: "sync", crashpoint.ClaimAfter: "sync",
	crashpoint.StepStored: "trigger", crashpoint.StepAnswered: "trigger", crashpoint.LetGo: "trigger",
	crashpoint.FiringBefore: "trigger", crashpoint.FiringAfter: "trigger",
}

// TestAllPoints sees that every named point has its trials, of syncs and of triggers.
func TestAllPoints(t *testing.T) {
	source, err := os.ReadFile("../../../runtime/crashpoint/points.go")
	if err != nil {
		t.Fatal(err)
	}
	found := regexp.MustCompile(`Point = "([a-z/-]+)"`).FindAllSubmatch(source, -1)
	if len(found) < 30 {
		t.Fatalf("only %d points are found", len(found))
	}
	for _, m := range found {
		p := crashpoint.Point(m[1])
		for kind, points := range map[string]map[crashpoint.Point]way{"sync": syncPoints, "trigger": triggerPoints} {
			_, tried := points[p]
			if !tried && !slices.Contains(eventWay, p) && (of[p] == "" || of[p] == kind) {
				t.Errorf("no %s dies at %s", kind, p)
			}
		}
	}
}
