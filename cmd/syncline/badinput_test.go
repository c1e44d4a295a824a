package main

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// sender posts to the hooks of a service.
type sender struct {
	url, secret string
	age         time.Duration
}

// post gives the status, 0 where the connection was closed.
func (x sender) post(body string) int {
	at := strconv.FormatInt(time.Now().Add(-x.age).Unix(), 10)
	mac := hmac.New(sha256.New, []byte(x.secret))
	mac.Write([]byte(at + "." + body))
	req, err := http.NewRequest("POST", x.url, strings.NewReader(body))
	if err != nil {
		return 0
	}
	req.Header.Set("X-Timestamp", at)
	req.Header.Set("X-Signature", "sha256="+hex.EncodeToString(mac.Sum(nil)))
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0
	}
	defer res.Body.Close()
	_, _ = io.Copy(io.Discard, res.Body)
	return res.StatusCode
}

// All kinds of bad input at once do not keep the real program from what is genuine: forged, old, repeated, huge, broken and
// nameless events among ten thousand good ones, while the files change a hundred times in a second.
func TestBadInputToAServer(t *testing.T) {
	const events = 10_000
	http.DefaultTransport.(*http.Transport).MaxIdleConnsPerHost = 100
	s := newEventService(t, eventRule)
	s.write("connections.sync.hcl", strings.Replace(eventConnections, "  events {", "  requests_per_minute = 100000\n\n  events {", 1))
	s.start()
	companies := s.pairs()
	hook, cs := s.url+"hooks/cs", s.control("GAINSIGHT_URL")
	genuine := sender{url: hook, secret: eventSecret}
	event := func(id string, company int) string {
		return fmt.Sprintf(`{"id":%q,"object":"company","record_id":%q}`, id, companies[company]["Gsid"])
	}

	var all sync.WaitGroup
	wrong := make(chan string, 100)
	expect := func(what string, times, want int, post func() int) {
		all.Go(func() {
			for range times {
				if got := post(); got != want {
					wrong <- fmt.Sprintf("%s is answered %d, want %d", what, got, want)
					return
				}
			}
		})
	}
	expect("a forged event", 50, 401, func() int { return sender{hook, "guessed", 0}.post(event("forged", 0)) })
	expect("an old event", 50, 401, func() int { return sender{hook, eventSecret, time.Hour}.post(event("old", 0)) })
	expect("a repeated event", 50, 200, func() int { return genuine.post(event("again", 0)) })
	expect("a broken body", 50, 400, func() int { return genuine.post(`{"id":`) })
	expect("an unknown object", 50, 202, func() int { return genuine.post(`{"id":"x","object":"weather","record_id":"1"}`) })
	expect("an unknown connection", 50, 404, func() int { return sender{s.url + "hooks/nobody", eventSecret, 0}.post(event("lost", 0)) })
	all.Go(func() {
		res, err := http.Post(hook, "application/json", bytes.NewReader(make([]byte, 50<<20)))
		// That the client finds the connection closed before it has sent all is as good an answer.
		if err == nil && res.StatusCode != 413 {
			wrong <- fmt.Sprintf("50 MB are answered %d", res.StatusCode)
		}
	})
	all.Go(func() {
		for i := range 100 {
			text := syncRule("two", "Product_Engagement__c", `"source.WAU__gc > 0 ? source.DAU__gc / source.WAU__gc : null"`)
			if i%3 == 1 {
				text = text[:len(text)/2] // as a writer leaves it who is not done
			}
			s.write("two.sync.hcl", fmt.Sprintf("# version %d\n%s", i, text))
			time.Sleep(10 * time.Millisecond)
		}
	})
	var next, busy atomic.Int64
	for range 50 {
		all.Go(func() {
			for n := next.Add(1); n <= events; n = next.Add(1) {
				i := int(n) % len(companies)
				if n > int64(events-len(companies)) { // the last word on each
					cs.do("POST", "records/company", boxRecord{"Gsid": companies[i]["Gsid"], "Health_Score__gc": 40 + i}, nil)
				}
				for genuine.post(event(fmt.Sprint("e", n), i)) != 200 {
					if busy.Add(1) > 5*events {
						wrong <- "the events are not taken"
						return
					}
					time.Sleep(5 * time.Millisecond)
				}
			}
		})
	}
	all.Wait()
	close(wrong)
	for w := range wrong {
		t.Error(w)
	}

	s.eventually("the last version of the files is in force", func(st statusJSON) bool { return st.Reload.OK && !st.ran("sync.two").IsZero() })
	// A record that had changed before its last event came is looked for again, for half a minute: a source can be late.
	for end := time.Now().Add(time.Minute); strings.Contains(s.get("metrics"), "syncline_events_waiting{"); time.Sleep(50 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("never: all events are answered\n%s", s.said())
		}
	}
	for i, c := range companies {
		if got := s.score(c["SfdcAccountId"]); got != float64(40+i) {
			t.Errorf("account %v has %v, want %d", c["SfdcAccountId"], got, 40+i)
		}
	}
	metrics := s.get("metrics")
	for result, n := range map[string]int{"accepted": events + 1, "repeated": 49, "forged": 50, "stale": 50, "malformed": 50, "unknown": 50, "too_large": 1} {
		if want := fmt.Sprintf("syncline_events_total{connection=\"cs\",result=%q} %d\n", result, n); !strings.Contains(metrics, want) {
			t.Errorf("the metrics lack %s:\n%s", want, grep(metrics, "syncline_events_total"))
		}
	}
	t.Logf("%d times a sender was asked to send again", busy.Load())
	if code := s.stop(syscall.SIGTERM); code != 0 {
		t.Errorf("it ends with %d", code)
	}
	if strings.Contains(s.said(), "panic") {
		t.Errorf("it panics: %s", s.said())
	}
}
