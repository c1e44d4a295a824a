package harness

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"sync"
	"time"
)

// Subscription asks for a call to a URL whenever a record is changed past the API, as systems call webhooks.
type Subscription struct {
	URL string `json:"url"`
	// Secret signs the calls: X-Signature is the HMAC-SHA256 of "TIMESTAMP.BODY" in hexadecimal, X-Timestamp the
	// timestamp in seconds; "": calls are not signed.
	Secret string `json:"secret,omitempty"`
	// Object restricts to one object; "": all.
	Object string `json:"object,omitempty"`
	// Repeat sends each event so many times more, as senders do that missed an answer.
	Repeat int `json:"repeat,omitempty"`
}

// Event is the body of a call.
type Event struct {
	ID       string    `json:"id"`
	Type     string    `json:"type"` // changed, deleted
	Object   string    `json:"object"`
	RecordID string    `json:"record_id"`
	At       time.Time `json:"at"`
}

// subscriptions call those who subscribed, in the background, some calls at once and so in no certain order.
type subscriptions struct {
	mu    sync.Mutex
	list  []*subscriber
	calls sync.WaitGroup
}

type subscriber struct {
	Subscription
	stop  context.CancelFunc
	queue chan Event
}

// waiting is how many events may wait for one subscriber; further ones are lost, as they are in life.
const waiting = 100_000

// parallel is how many calls to one subscriber are under way at once.
const parallel = 8

func (s *subscriptions) add(x Subscription) error {
	u, err := url.Parse(x.URL)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return fmt.Errorf("%q is no address to call", x.URL)
	}
	ctx, cancel := context.WithCancel(context.Background())
	sub := &subscriber{Subscription: x, stop: cancel, queue: make(chan Event, waiting)}
	s.mu.Lock()
	s.list = append(s.list, sub)
	s.mu.Unlock()
	for range parallel {
		s.calls.Go(func() { sub.run(ctx) })
	}
	return nil
}

func (s *subscriptions) snapshot() []Subscription {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := make([]Subscription, len(s.list))
	for i, x := range s.list {
		out[i] = x.Subscription
		out[i].Secret = ""
	}
	return out
}

// clear ends all subscriptions.
func (s *subscriptions) clear() {
	s.mu.Lock()
	for _, x := range s.list {
		x.stop()
	}
	s.list = nil
	s.mu.Unlock()
	s.calls.Wait()
}

// tell tells of records that were changed or deleted.
func (s *subscriptions) tell(kind, object string, records []Record, now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, rec := range records {
		event := Event{ID: "evt_" + newID(), Type: kind, Object: object, RecordID: recordID(rec), At: now.UTC()}
		for _, x := range s.list {
			if x.Object != "" && x.Object != object {
				continue
			}
			select {
			case x.queue <- event:
			default:
			}
		}
	}
}

func newID() string {
	var b [8]byte
	_, _ = rand.Read(b[:])
	return hex.EncodeToString(b[:])
}

// recordID is the id of a record, by whatever name its system has for it.
func recordID(rec Record) string {
	for _, name := range []string{"Id", "Gsid", "id"} {
		if v, ok := rec[name]; ok && v != nil {
			return fmt.Sprint(v)
		}
	}
	return ""
}

func (x *subscriber) run(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case e := <-x.queue:
			for range 1 + x.Repeat {
				x.deliver(ctx, e)
			}
		}
	}
}

// deliver calls until the answer is good, five times at most.
func (x *subscriber) deliver(ctx context.Context, e Event) {
	body, err := json.Marshal(e)
	if err != nil {
		return
	}
	for try := range 5 {
		if x.call(ctx, body) == nil || !pause(ctx, 100*time.Millisecond<<try) {
			return
		}
	}
}

func (x *subscriber) call(ctx context.Context, body []byte) error {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, x.URL, bytes.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	if x.Secret != "" {
		sent := strconv.FormatInt(time.Now().Unix(), 10)
		mac := hmac.New(sha256.New, []byte(x.Secret))
		mac.Write([]byte(sent + "."))
		mac.Write(body)
		req.Header.Set("X-Timestamp", sent)
		req.Header.Set("X-Signature", "sha256="+hex.EncodeToString(mac.Sum(nil)))
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	_, _ = io.Copy(io.Discard, io.LimitReader(resp.Body, 64<<10))
	if resp.StatusCode/100 != 2 {
		return fmt.Errorf("answered %d", resp.StatusCode)
	}
	return nil
}

func (s *Server) postSubscription(w http.ResponseWriter, r *http.Request) {
	var x Subscription
	d := json.NewDecoder(r.Body)
	d.DisallowUnknownFields()
	if err := d.Decode(&x); err != nil {
		refuse(w, http.StatusBadRequest, fmt.Errorf(`the body is {"url": …, "secret": …, "object": …}: %w`, err))
		return
	}
	if x.Repeat < 0 {
		refuse(w, http.StatusBadRequest, errors.New("repeat is not negative"))
		return
	}
	if err := s.subscriptions.add(x); err != nil {
		refuse(w, http.StatusBadRequest, err)
		return
	}
	reply(w, http.StatusOK, map[string]any{"subscriptions": s.subscriptions.snapshot()})
}
