package harness

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// ear is somebody who subscribed. It refuses the first call.
type ear struct {
	t      *testing.T
	secret string
	heard  chan Event
	calls  chan struct{}
}

func (e *ear) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	select {
	case <-e.calls:
		http.Error(w, "not now", http.StatusServiceUnavailable)
		return
	default:
	}
	body, _ := io.ReadAll(r.Body)
	mac := hmac.New(sha256.New, []byte(e.secret))
	mac.Write([]byte(r.Header.Get("X-Timestamp") + "."))
	mac.Write(body)
	if want := "sha256=" + hex.EncodeToString(mac.Sum(nil)); r.Header.Get("X-Signature") != want {
		e.t.Errorf("signed %q, not %q", r.Header.Get("X-Signature"), want)
	}
	var event Event
	if err := json.Unmarshal(body, &event); err != nil {
		e.t.Error(err)
	}
	e.heard <- event
}

func (e *ear) next() Event {
	e.t.Helper()
	select {
	case event := <-e.heard:
		return event
	case <-time.After(5 * time.Second):
		e.t.Fatal("no event came")
		return Event{}
	}
}

func TestSubscriptions(t *testing.T) {
	_, s := serve(t, Options{})
	e := &ear{t: t, secret: "quiet", heard: make(chan Event, 10), calls: make(chan struct{}, 1)}
	e.calls <- struct{}{} // the first call is refused, and made again
	listener := httptest.NewServer(e)
	defer listener.Close()
	if code, body, _ := send(t, "POST", s.URL()+"/_sandbox/subscriptions", `{"url":"`+listener.URL+`","secret":"quiet","object":"Thing","repeat":1}`); code != 200 || strings.Contains(body, "quiet") {
		t.Fatal(code, body)
	}
	send(t, "POST", s.URL()+"/_sandbox/records/Thing", `{"Id":"t1"}`)
	first, second := e.next(), e.next()
	if first != second || first.RecordID != "t1" || first.Object != "Thing" || first.Type != "changed" || first.ID == "" {
		t.Errorf("heard %+v and %+v", first, second)
	}
	send(t, "DELETE", s.URL()+"/_sandbox/records/Thing/t1", "")
	if gone := e.next(); gone.Type != "deleted" || gone.RecordID != "t1" || gone.ID == first.ID {
		t.Errorf("heard %+v", gone)
	}
	e.next()
	send(t, "DELETE", s.URL()+"/_sandbox/subscriptions", "")
	send(t, "POST", s.URL()+"/_sandbox/records/Thing", `{"Id":"t2"}`)
	select {
	case event := <-e.heard:
		t.Errorf("told of %+v after the end of the subscription", event)
	case <-time.After(50 * time.Millisecond):
	}
	for _, wrong := range []string{`{"url":"ftp://x"}`, `{"url":"http://"}`, `{"url":"` + listener.URL + `","repeat":-1}`, `{"uri":"` + listener.URL + `"}`, `[]`} {
		if code, body, _ := send(t, "POST", s.URL()+"/_sandbox/subscriptions", wrong); code != 400 {
			t.Errorf("%s gives %d %s", wrong, code, body)
		}
	}
}
