package httpx

import (
	"bytes"
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/syncline/syncline/connectors"
)

// clock is a clock that only Sleep moves.
type clock struct {
	mu    sync.Mutex
	at    time.Time
	slept []time.Duration
}

func newClock() *clock { return &clock{at: time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)} }

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *clock) Sleep(ctx context.Context, d time.Duration) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return err
	}
	c.at = c.at.Add(d)
	c.slept = append(c.slept, d)
	return nil
}

// serve starts a server and makes a client of it. The log that the client writes comes back too.
func serve(t *testing.T, handler http.HandlerFunc, change func(*Options)) (*Client, *clock, *bytes.Buffer) {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	c, log := newClock(), new(bytes.Buffer)
	var mu sync.Mutex
	o := Options{BaseURL: server.URL, Sleep: c.Sleep, Config: connectors.Config{Name: "x", Now: c.Now,
		Log: slog.New(slog.NewTextHandler(lockedWriter{&mu, log}, &slog.HandlerOptions{Level: slog.LevelDebug}))}}
	if change != nil {
		change(&o)
	}
	client, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { client.Close() })
	return client, c, log
}

type lockedWriter struct {
	mu *sync.Mutex
	w  *bytes.Buffer
}

func (l lockedWriter) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.w.Write(p)
}

// failure runs a request that must fail, and gives its error.
func failure(t *testing.T, c *Client, r Request) *connectors.Error {
	t.Helper()
	_, err := c.Do(context.Background(), r)
	if err == nil {
		t.Fatal("no error")
	}
	return connectors.AsError(err)
}

func wantClass(t *testing.T, e *connectors.Error, want connectors.Class) {
	t.Helper()
	if e.Class != want {
		t.Errorf("class %s, want %s: %v", e.Class, want, e)
	}
}

func wantIn(t *testing.T, text string, parts ...string) {
	t.Helper()
	for _, p := range parts {
		if !strings.Contains(text, p) {
			t.Errorf("%q is not in %q", p, text)
		}
	}
}

func wantNotIn(t *testing.T, text string, parts ...string) {
	t.Helper()
	for _, p := range parts {
		if strings.Contains(text, p) {
			t.Errorf("%q shows in %q", p, text)
		}
	}
}
