package runtime

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/syncline/syncline/connectors"
	"github.com/syncline/syncline/connectors/memory"
	"github.com/syncline/syncline/lang/schema"
	"github.com/syncline/syncline/lang/value"
	"github.com/syncline/syncline/runtime/hooks"
	"github.com/syncline/syncline/runtime/server"
	"github.com/syncline/syncline/runtime/state"
)

const (
	eventSecret = "a secret of events"
	// never is a schedule that does not come while a test runs.
	never   = "schedule {\n cron = \"0 0 29 2 *\"\n}"
	onEvent = "on_event = true"
)

// eventPlant is a plant whose source tells of its changes.
func eventPlant(t testing.TB) *plant {
	p := newPlant(t, 1, 4)
	// A system in memory has stamps of its own, in which all records are decades old. Without them they are told apart by
	// what they hold.
	from := object("From0", 4)
	from.Modified = ""
	from.Fields = slices.DeleteFunc(from.Fields, func(f *schema.Field) bool { return f.Name == "Changed" })
	p.cs = &gated{System: memory.New(from)}
	p.write("connections.sync.hcl", `
connection "memory" "cs" {
  events {
    signature     = "hmac-sha256"
    secret        = secret("EVENT_SECRET")
    object_path   = "object"
    record_path   = "id"
    delivery_path = "event"
  }
}
connection "memory" "crm" {
}
`)
	p.env.Store("EVENT_SECRET", eventSecret)
	return p
}

// hooked serves the hooks of a server.
func hooked(t testing.TB, s *Server) string {
	srv := server.New(server.Options{Backend: s, Dead: s.store, Runs: s.store, Metrics: s.metrics, Hooks: hooks.New(s, hooks.Options{})})
	web := httptest.NewServer(srv.Handler())
	t.Cleanup(web.Close)
	return web.URL
}

func tell(url, body string) (int, error) {
	mac := hmac.New(sha256.New, []byte(eventSecret))
	mac.Write([]byte(body))
	req, err := http.NewRequest("POST", url+"/hooks/cs", strings.NewReader(body))
	if err != nil {
		return 0, err
	}
	req.Header.Set("X-Signature", hex.EncodeToString(mac.Sum(nil)))
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, err
	}
	_, _ = io.Copy(io.Discard, res.Body)
	return res.StatusCode, res.Body.Close()
}

func (p *plant) tells(url, id string) {
	p.t.Helper()
	if code, err := tell(url, fmt.Sprintf(`{"object":"From0","id":%q}`, id)); err != nil || code != 200 {
		p.t.Fatalf("the event of %s is answered %d, %v", id, code, err)
	}
}

// change changes a record of the source; its counterpart has the same F1.
func (p *plant) change(id, to string) {
	p.cs.Put("From0", memory.Map{"Id": value.Text(id), "F1": value.Text("key " + id), "F2": value.Text(to)})
}

// targets are the values of F2 in the target by F1, and how many records have it twice.
func (p *plant) targets() (values map[string]string, doubled int) {
	values = map[string]string{}
	for _, id := range p.crm.IDs("To0") {
		rec := p.crm.Get("To0", id)
		key := strings.TrimPrefix(rec["F1"].AsText(), "key ")
		if _, twice := values[key]; twice {
			doubled++
		}
		values[key] = rec["F2"].AsText()
	}
	return values, doubled
}

func (p *plant) has(id, want string) bool {
	values, _ := p.targets()
	return values[id] == want
}

func (p *plant) waiting() int {
	wakes, err := p.store.Wakes(context.Background(), "sync.a", 100_000)
	if err != nil {
		p.t.Fatal(err)
	}
	return len(wakes)
}

func TestAnEventIsWrittenAtOnce(t *testing.T) {
	p := eventPlant(t)
	p.write("a.sync.hcl", ruleText("a", 0, "F2 = source.F2", onEvent, never, "slo {\n latency = \"30s\"\n}"))
	p.change("1", "before")
	s, _ := p.serve()
	url := hooked(t, s)
	p.tells(url, "1") // the first run is the baseline
	p.eventually("the baseline is written", func() bool { return p.has("1", "before") && p.waiting() == 0 })

	for i := range 50 {
		p.change(fmt.Sprint(100+i), "old")
	}
	p.change("1", "after")
	p.crm.ResetCalls()
	p.cs.ResetCalls()
	p.tells(url, "1")
	p.eventually("the event is written", func() bool { return p.has("1", "after") && p.waiting() == 0 })
	if _, read := p.cs.Count("read"); read != 1 {
		t.Errorf("%d records were read for an event of one", read)
	}
	if p.has("100", "old") {
		t.Error("a record that nobody told of came along")
	}
	st := find(s.Status(t.Context()), "sync.a")
	if st.Events != nil || st.SLO == nil || st.SLO.Writes != 2 || st.SLO.Missed != 0 || st.SLO.Late {
		t.Errorf("the status has %+v, %+v", st.Events, st.SLO)
	}
	metrics := body(t, url+"/metrics")
	for _, want := range []string{"syncline_event_to_write_seconds_count 2\n", `syncline_events_total{connection="cs",result="accepted"} 2`, `syncline_slo_missed_total{rule="sync.a"} 0`} {
		if !strings.Contains(metrics, want) {
			t.Errorf("the metrics lack %s", want)
		}
	}
	p.runs(s, "sync.a")
	if values, doubled := p.targets(); len(values) != 51 || doubled > 0 {
		t.Errorf("%d records and %d doubled after an ordinary run", len(values), doubled)
	}
}

// An event that has the short form of a Salesforce id is of the record that has the long one.
func TestAnEventWithAShortIDIsAnsweredByItsRecord(t *testing.T) {
	p := eventPlant(t)
	from := object("From0", 4)
	from.Fields[0].Length, from.Modified = 18, ""
	p.cs = &gated{System: memory.New(from)}
	p.write("a.sync.hcl", ruleText("a", 0, "F2 = source.F2", onEvent, never))
	const short, long = "001A0000006Vm9u", "001A0000006Vm9uIAC"
	p.change(long, "before")
	s, _ := p.serve()
	url := hooked(t, s)
	p.tells(url, short)
	p.eventually("the first run is over", func() bool { return p.has(long, "before") && p.waiting() == 0 })
	for i := range 50 {
		p.change(fmt.Sprintf("001A000000%05dIAC", i), "old")
	}
	p.change(long, "after")
	p.cs.ResetCalls()
	p.tells(url, short)
	p.eventually("the event is answered", func() bool { return p.has(long, "after") && p.waiting() == 0 })
	if _, read := p.cs.Count("read"); read != 1 {
		t.Errorf("%d records were read for an event of one", read)
	}
}

func body(t testing.TB, url string) string {
	t.Helper()
	res, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestAMissedPromiseIsCounted(t *testing.T) {
	p := eventPlant(t)
	p.write("a.sync.hcl", ruleText("a", 0, "F2 = source.F2", "on_event {\n wait = \"2s\"\n}", "slo {\n latency = \"1s\"\n}"))
	p.change("1", "x")
	s, _ := p.serve()
	url := hooked(t, s)
	p.tells(url, "1")
	p.eventually("the wait is late", func() bool {
		r := find(s.Status(t.Context()), "sync.a")
		return r.Events != nil && r.Events.Waiting == 1 && r.SLO.Late
	})
	p.eventually("it is counted", func() bool {
		slo := find(s.Status(t.Context()), "sync.a").SLO
		return slo.Missed == 1 && slo.WorstMS > 1000 && slo.LastMissed != nil && !slo.Late
	})
	if !strings.Contains(body(t, url+"/metrics"), `syncline_slo_missed_total{rule="sync.a"} 1`) {
		t.Error("the metric does not say so")
	}
}

// Ten thousand events at once, for records that change again and again while they come.
func TestTenThousandEventsAtOnce(t *testing.T) {
	p := eventPlant(t)
	p.write("a.sync.hcl", ruleText("a", 0, "F2 = source.F2", onEvent, never))
	s, _ := p.serve()
	url := hooked(t, s)
	http.DefaultTransport.(*http.Transport).MaxIdleConnsPerHost = 200
	const records, events = 500, 10_000
	var next, refused atomic.Int64
	var senders sync.WaitGroup
	began := time.Now()
	for range 100 {
		senders.Go(func() {
			for n := next.Add(1); n <= events; n = next.Add(1) {
				id := fmt.Sprint(n % records)
				to := fmt.Sprint(n)
				if n > events-records {
					to = "last"
				}
				p.change(id, to)
				for {
					code, err := tell(url, fmt.Sprintf(`{"object":"From0","id":%q,"event":"e%d"}`, id, n))
					if err == nil && code == 200 {
						break
					}
					refused.Add(1)
					time.Sleep(10 * time.Millisecond)
				}
			}
		})
	}
	senders.Wait()
	t.Logf("%d events taken in %s, %d refusals", events, time.Since(began).Round(time.Millisecond), refused.Load())
	p.eventually("all are answered", func() bool {
		values, _ := p.targets()
		last := 0
		for _, v := range values {
			if v == "last" {
				last++
			}
		}
		return last == records && p.waiting() == 0
	})
	if values, doubled := p.targets(); len(values) != records || doubled > 0 {
		t.Errorf("%d records, %d doubled", len(values), doubled)
	}
}

// An event that was acknowledged outlives the process, whatever it did about it.
func TestEventsOutliveTheProcess(t *testing.T) {
	p := eventPlant(t)
	p.write("a.sync.hcl", ruleText("a", 0, "F2 = source.F2", onEvent, never))
	p.change("0", "x")
	s, stop := p.serve()
	url := hooked(t, s)
	p.tells(url, "0")
	p.eventually("the baseline is there", func() bool { return p.has("0", "x") && p.waiting() == 0 })
	stop()
	for i := range 3 {
		p.change(fmt.Sprint(i), "new")
		p.tells(url, fmt.Sprint(i)) // taken by a process that does nothing any more
	}
	if p.waiting() != 3 || p.has("1", "new") {
		t.Fatalf("%d wait", p.waiting())
	}
	p.serve()
	p.eventually("the next process writes them", func() bool { return p.has("0", "new") && p.has("1", "new") && p.has("2", "new") && p.waiting() == 0 })
}

// An event that comes while its rule runs has another run follow: the run may have read the record before it changed.
func TestAnEventDuringARun(t *testing.T) {
	p := eventPlant(t)
	p.write("a.sync.hcl", ruleText("a", 0, "F2 = source.F2", onEvent, never))
	p.change("1", "zero")
	s, _ := p.serve()
	url := hooked(t, s)
	p.tells(url, "1")
	p.eventually("the baseline is there", func() bool { return p.has("1", "zero") && p.waiting() == 0 })
	began, gate := make(chan struct{}, 10), make(chan struct{})
	var once atomic.Bool
	p.crm.SetHooks(memory.Hooks{BeforeWrite: func(connectors.Write) error {
		if once.CompareAndSwap(false, true) {
			began <- struct{}{}
			<-gate
		}
		return nil
	}})
	p.change("1", "one")
	p.tells(url, "1")
	<-began
	p.change("1", "two")
	p.tells(url, "1")
	close(gate)
	p.eventually("the second change is written too", func() bool { return p.has("1", "two") && p.waiting() == 0 })
}

// A source that shows a change only later is looked at again.
func TestARecordThatIsNotThereYet(t *testing.T) {
	p := eventPlant(t)
	p.write("a.sync.hcl", ruleText("a", 0, "F2 = source.F2", onEvent, never))
	p.change("0", "x")
	s, _ := p.serve()
	url := hooked(t, s)
	p.tells(url, "0")
	p.eventually("the baseline is there", func() bool { return p.has("0", "x") && p.waiting() == 0 })
	p.tells(url, "9")
	p.eventually("it is looked for in vain", func() bool {
		wakes, _ := p.store.Wakes(context.Background(), "sync.a", 100_000)
		return len(wakes) == 1 && wakes[0].Looks == 1
	})
	p.change("9", "late")
	p.eventually("it is found", func() bool { return p.has("9", "late") && p.waiting() == 0 })
}

// A record that never shows is given up after some looks, and its event does not wait for ever.
func TestARecordThatNeverComes(t *testing.T) {
	defer func(was []time.Duration) { looks = was }(looks)
	looks = []time.Duration{20 * time.Millisecond, 20 * time.Millisecond}
	p := eventPlant(t)
	p.write("a.sync.hcl", ruleText("a", 0, "F2 = source.F2", onEvent, never))
	p.change("0", "x")
	s, stop := p.serve()
	url := hooked(t, s)
	p.tells(url, "0")
	p.eventually("the baseline is there", func() bool { return p.has("0", "x") && p.waiting() == 0 })
	p.tells(url, "nobody")
	p.change("0", "y") // found by the ordinary pass that has the last word
	p.eventually("it is given up", func() bool { return p.waiting() == 0 && p.has("0", "y") })
	stop()
}

// Schedule and events of one rule do not get in each other's way: each record is created once.
func TestPollingAndEventsTogether(t *testing.T) {
	p := eventPlant(t)
	p.write("a.sync.hcl", ruleText("a", 0, "F2 = source.F2", onEvent, "schedule {\n cron = \"@every 1s\"\n}"))
	s, _ := p.serve()
	url := hooked(t, s)
	for i := range 300 {
		p.change(fmt.Sprint(i), "new")
		p.tells(url, fmt.Sprint(i))
		time.Sleep(5 * time.Millisecond)
	}
	p.eventually("all are written", func() bool { values, _ := p.targets(); return len(values) == 300 && p.waiting() == 0 })
	if _, doubled := p.targets(); doubled > 0 {
		t.Errorf("%d records doubled", doubled)
	}
}

// A target that is down makes events wait, and loses none.
func TestEventsWaitForTheTarget(t *testing.T) {
	p := eventPlant(t)
	p.write("a.sync.hcl", ruleText("a", 0, "F2 = source.F2", onEvent, never))
	p.change("1", "x")
	s, _ := p.serve()
	url := hooked(t, s)
	p.tells(url, "1")
	p.eventually("the baseline is there", func() bool { return p.has("1", "x") && p.waiting() == 0 })
	var down atomic.Bool
	down.Store(true)
	p.crm.SetHooks(memory.Hooks{BeforeWrite: func(connectors.Write) error {
		if down.Load() {
			return &connectors.Error{Class: connectors.Auth, Message: "the password was changed", Err: errors.New("401")}
		}
		return nil
	}})
	p.change("1", "y")
	p.tells(url, "1")
	p.eventually("the run fails", func() bool {
		_, status := runsOf(s, "sync.a")
		return status != state.Succeeded && status != state.Running
	})
	if p.waiting() != 1 {
		t.Fatalf("%d wait", p.waiting())
	}
	if r := find(s.Status(t.Context()), "sync.a"); r.Events == nil || r.Events.Waiting != 1 {
		t.Errorf("the status says %+v", r.Events)
	}
	if !strings.Contains(body(t, url+"/metrics"), `syncline_events_waiting{rule="sync.a"} 1`) {
		t.Error("the metric does not say so")
	}
	down.Store(false)
	p.runs(s, "sync.a") // a person does not wait for the next try
	p.eventually("it is written and answered", func() bool { return p.has("1", "y") && p.waiting() == 0 })
}

func TestEventsNobodyIsThereFor(t *testing.T) {
	p := eventPlant(t)
	p.write("a.sync.hcl", ruleText("a", 0, "F2 = source.F2", onEvent, never))
	s, _ := p.serve()
	url := hooked(t, s)
	for body, want := range map[string]int{`{"object":"Weather","id":"1"}`: 202, `{"id":"1"}`: 202, `{`: 400} {
		if code, err := tell(url, body); err != nil || code != want {
			t.Errorf("%s gives %d, %v", body, code, err)
		}
	}
	if res, err := http.Post(url+"/hooks/crm", "application/json", strings.NewReader("{}")); err != nil || res.StatusCode != 404 {
		t.Errorf("a connection without events gives %v, %v", res, err)
	}
	p.env.Delete("EVENT_SECRET")
	if code, err := tell(url, `{"object":"From0","id":"1"}`); err != nil || code != 503 {
		t.Errorf("without its secret: %d, %v", code, err)
	}
	if p.waiting() != 0 {
		t.Error("something waits")
	}
}
