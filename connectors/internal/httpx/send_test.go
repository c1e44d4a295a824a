package httpx

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/syncline/syncline/connectors"
)

// hangUp ends the connection without an answer.
func hangUp(w http.ResponseWriter) {
	conn, _, _ := w.(http.Hijacker).Hijack()
	conn.Close()
}

func TestReadIsRepeatedWriteIsNot(t *testing.T) {
	for _, tc := range []struct {
		name   string
		first  func(http.ResponseWriter)
		safe   bool
		calls  int32
		class  connectors.Class
		passes bool
	}{
		{"read after hang-up", hangUp, true, 2, 0, true},
		{"write after hang-up", hangUp, false, 1, connectors.InDoubt, false},
		{"read after 503", status(503), true, 2, 0, true},
		{"write after 503", status(503), false, 1, connectors.Retry, false},
		{"read after 500", status(500), true, 2, 0, true},
		{"write after 500", status(500), false, 1, connectors.InDoubt, false},
		{"write after 504", status(504), false, 1, connectors.InDoubt, false},
		{"read after 429", status(429), true, 2, 0, true},
		{"write after 429", status(429), false, 1, connectors.Limit, false},
		{"read after 400", status(400), true, 1, connectors.Permanent, false},
		{"read after 403", status(403), true, 1, connectors.Permanent, false},
		{"read after half an answer", half, true, 2, 0, true},
		{"write after half an answer", half, false, 1, connectors.InDoubt, false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			var calls atomic.Int32
			c, _, _ := serve(t, func(w http.ResponseWriter, r *http.Request) {
				if calls.Add(1) == 1 {
					tc.first(w)
					return
				}
				fmt.Fprint(w, `{}`)
			}, nil)
			_, err := c.Do(context.Background(), Request{Method: "POST", Path: "/x", Safe: tc.safe, Body: []byte(`{}`)})
			if tc.passes != (err == nil) {
				t.Fatalf("error %v", err)
			}
			if err != nil {
				wantClass(t, connectors.AsError(err), tc.class)
			}
			if calls.Load() != tc.calls {
				t.Errorf("%d calls, want %d", calls.Load(), tc.calls)
			}
		})
	}
}

func status(s int) func(http.ResponseWriter) { return func(w http.ResponseWriter) { w.WriteHeader(s) } }

func half(w http.ResponseWriter) {
	w.Header().Set("Content-Length", "100")
	fmt.Fprint(w, `{"half":`)
	panic(http.ErrAbortHandler)
}

func TestWriteThatWasNotSentIsRetry(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
	c, err := New(Options{BaseURL: "http://" + l.Addr().String()})
	if err != nil {
		t.Fatal(err)
	}
	e := failure(t, c, Request{Method: "POST", Path: "/x", Body: []byte(`{}`)})
	wantClass(t, e, connectors.Retry)
	wantIn(t, e.Error(), "cannot reach "+l.Addr().String(), "refused", "firewall")
}

// silent is a transport that does not trace.
type silent struct{ err error }

func (s silent) RoundTrip(*http.Request) (*http.Response, error) { return nil, s.err }

func TestTransportThatDoesNotTraceIsInDoubt(t *testing.T) {
	for err, class := range map[error]connectors.Class{
		io.ErrUnexpectedEOF: connectors.InDoubt,
		&net.OpError{Op: "dial", Err: errors.New("refused")}: connectors.Retry,
		&net.DNSError{Name: "nowhere.example"}:               connectors.Retry,
	} {
		c, newErr := New(Options{BaseURL: "https://example.com", Config: connectors.Config{Transport: silent{err}}})
		if newErr != nil {
			t.Fatal(newErr)
		}
		wantClass(t, failure(t, c, Request{Method: "POST", Path: "/x"}), class)
	}
}

func TestAnswerInTimeOrInDoubt(t *testing.T) {
	release := make(chan bool)
	c, _, _ := serve(t, func(w http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body) // so that the server sees the client leave
		select {
		case <-release:
		case <-r.Context().Done():
		}
	}, func(o *Options) { o.Timeout = 30 * time.Millisecond; o.Attempts = 1 })
	defer close(release)
	e := failure(t, c, Request{Method: "POST", Path: "/x"})
	wantClass(t, e, connectors.InDoubt)
	wantIn(t, e.Error(), "did not answer in time")
	wantClass(t, failure(t, c, Request{Path: "/x"}), connectors.Retry)

	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Millisecond)
	defer cancel()
	_, err := c.Do(ctx, Request{Method: "POST", Path: "/x"})
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("%v does not wrap the context's error", err)
	}
	wantClass(t, connectors.AsError(err), connectors.InDoubt)
}

func TestCallsAreCounted(t *testing.T) {
	var n atomic.Int32
	c, _, _ := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if n.Add(1) < 3 {
			w.WriteHeader(503)
		}
	}, nil)
	calls := new(connectors.Calls)
	ctx := connectors.WithCalls(context.Background(), calls)
	if _, err := c.Do(ctx, Request{Path: "/x"}); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Do(ctx, Request{Path: "/x", Uncounted: true}); err != nil {
		t.Fatal(err)
	}
	if calls.Count() != 3 {
		t.Errorf("%d calls counted, want 3", calls.Count())
	}
}

func TestBodyIsDecompressedAndBounded(t *testing.T) {
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	z.Write(bytes.Repeat([]byte("a"), 5000))
	z.Close()
	handler := func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Encoding", "gzip")
		w.Write(packed.Bytes())
	}
	for _, transport := range []http.RoundTripper{nil, &http.Transport{DisableCompression: true}} {
		c, _, _ := serve(t, handler, func(o *Options) { o.MaxBody = 5000; o.Config.Transport = transport })
		a, err := c.Do(context.Background(), Request{Path: "/x"})
		if err != nil || len(a.Body) != 5000 {
			t.Fatal(len(a.Body), err)
		}
		c, _, _ = serve(t, handler, func(o *Options) { o.MaxBody = 4999; o.Config.Transport = transport })
		e := failure(t, c, Request{Path: "/x"})
		wantClass(t, e, connectors.Permanent)
		wantIn(t, e.Error(), "fewer fields")
		wantClass(t, failure(t, c, Request{Method: "POST", Path: "/x"}), connectors.InDoubt)
	}
}

func TestRedirectIsNotFollowed(t *testing.T) {
	other := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("credentials went elsewhere") }))
	defer other.Close()
	c, _, _ := serve(t, func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, other.URL, http.StatusFound) },
		func(o *Options) { o.Auth = Key("Authorization", "Bearer abcdefghijkl") })
	e := failure(t, c, Request{Path: "/x"})
	wantClass(t, e, connectors.Permanent)
	wantIn(t, e.Error(), "302", other.URL)
}

func TestPathCannotLeaveTheHost(t *testing.T) {
	c, _, _ := serve(t, func(http.ResponseWriter, *http.Request) { t.Error("sent") }, nil)
	for _, path := range []string{"", "x", "//evil.example/x", "http://evil.example/x", "@evil.example"} {
		wantClass(t, failure(t, c, Request{Path: path}), connectors.Permanent)
	}
}

func TestPathsAndQueries(t *testing.T) {
	var got string
	c, _, _ := serve(t, func(w http.ResponseWriter, r *http.Request) { got = r.RequestURI }, nil)
	c.base.Path = "/base"
	for path, want := range map[string]string{
		"/a b":    "/base/a%20b",
		"/a%2Fb":  "/base/a%2Fb",
		"/a?x=1":  "/base/a?x=1&q=a%2Bb+c",
		"/a%3Fb":  "/base/a%3Fb?q=a%2Bb+c",
		"/q?a=%7": "/base/q?a=%7&q=a%2Bb+c",
	} {
		r := Request{Path: path}
		if strings.Contains(want, "q=") {
			r.Query = map[string][]string{"q": {"a+b c"}}
		}
		if _, err := c.Do(context.Background(), r); err != nil || got != want {
			t.Errorf("%s: %s, want %s (%v)", path, got, want, err)
		}
	}
}

func TestAddressesAreChecked(t *testing.T) {
	for address, want := range map[string]string{
		"":                            "empty",
		"crm.example.com":             "not an address",
		"http://crm.example.com":      "in the clear",
		"http://127.0.0.1.evil.com":   "in the clear",
		"https://me:pw@crm.example":   "leave user and password out",
		"ftp://crm.example":           "not supported",
		"https://crm.example/?a=b":    "from ? or # on",
		"https://[::1":                "not an address",
		"https://crm.example/base/":   "",
		"http://localhost:8080":       "",
		"http://127.0.0.1:8080":       "",
		"http://[::1]:8080":           "",
		" https://crm.example.com \n": "",
	} {
		_, err := New(Options{BaseURL: address, Setting: "url"})
		if want == "" {
			if err != nil {
				t.Errorf("%q: %v", address, err)
			}
			continue
		}
		if err == nil {
			t.Errorf("%q was taken", address)
			continue
		}
		wantClass(t, connectors.AsError(err), connectors.Permanent)
		wantIn(t, err.Error(), "setting url", want)
		wantNotIn(t, err.Error(), "me:pw")
	}
}

func TestGrantMayNotLeadToPlainHTTP(t *testing.T) {
	c, _, _ := serve(t, func(http.ResponseWriter, *http.Request) {}, func(o *Options) {
		o.Auth = AuthFunc(func(context.Context) (Grant, error) { return Grant{BaseURL: "http://crm.example"}, nil })
	})
	wantIn(t, failure(t, c, Request{Path: "/x"}).Error(), "in the clear")
}

func TestConcurrencyIsLimited(t *testing.T) {
	var now, most atomic.Int32
	c, _, _ := serve(t, func(w http.ResponseWriter, r *http.Request) {
		most.Store(max(most.Load(), now.Add(1)))
		time.Sleep(2 * time.Millisecond)
		now.Add(-1)
	}, func(o *Options) { o.Config.Concurrent = 3 })
	done := make(chan bool)
	for range 15 {
		go func() { c.Do(context.Background(), Request{Path: "/x"}); done <- true }()
	}
	for range 15 {
		<-done
	}
	if most.Load() > 3 {
		t.Errorf("%d at once, want 3 at most", most.Load())
	}
}

func TestPageForPeopleInPlaceOfJSON(t *testing.T) {
	c, _, _ := serve(t, func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, "<html><head><title>Log\n in</title></head></html>")
	}, nil)
	var out map[string]any
	_, err := c.JSON(context.Background(), Request{Path: "/x"}, &out)
	e := connectors.AsError(err)
	wantClass(t, e, connectors.Retry)
	wantIn(t, e.Error(), "(Log in)", "proxy")
	_, err = c.JSON(context.Background(), Request{Method: "POST", Path: "/x"}, &out)
	wantClass(t, connectors.AsError(err), connectors.InDoubt)
}

func TestCauseOfACancelledContextIsLeftAlone(t *testing.T) {
	c, _, _ := serve(t, func(w http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body)
		<-r.Context().Done()
	}, nil)
	cause := &connectors.Error{Class: connectors.Limit, Message: "another call failed"}
	ctx, cancel := context.WithCancelCause(context.Background())
	time.AfterFunc(10*time.Millisecond, func() { cancel(cause) })
	_, err := c.Do(ctx, Request{Method: "POST", Path: "/x"})
	if e := connectors.AsError(err); e == cause || e.Class != connectors.InDoubt || !errors.Is(e, context.Canceled) {
		t.Errorf("%+v", e)
	}
	if cause.Request != "" || cause.Class != connectors.Limit {
		t.Errorf("the cause was changed: %+v", cause)
	}
}

func TestUnknownHostIsNotAskedAgain(t *testing.T) {
	clock := newClock()
	c, err := New(Options{BaseURL: "https://nowhere.example", Sleep: clock.Sleep, Config: connectors.Config{
		Transport: silent{&net.OpError{Op: "dial", Err: &net.DNSError{Name: "nowhere.example", IsNotFound: true}}}}})
	if err != nil {
		t.Fatal(err)
	}
	e := failure(t, c, Request{Path: "/x"})
	wantClass(t, e, connectors.Retry)
	wantIn(t, e.Error(), "the name nowhere.example is not known", "check the address")
	if len(clock.slept) != 0 {
		t.Errorf("waited %v", clock.slept)
	}
}

// Where a person waits, a failed request is tried once more, and a failed login is not tried again by each request.
func TestHastyCallsFailSoon(t *testing.T) {
	var calls, logins atomic.Int32
	client, clock, _ := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		calls.Add(1)
		w.WriteHeader(http.StatusServiceUnavailable)
	}, nil)
	if _, err := client.Do(connectors.Hasty(t.Context()), Request{Path: "/x"}); err == nil || calls.Load() != hastyAttempts || len(clock.slept) != hastyAttempts-1 {
		t.Errorf("%d calls, %v waits, %v", calls.Load(), clock.slept, err)
	}
	client, _, _ = serve(t, func(http.ResponseWriter, *http.Request) { t.Error("sent without credentials") }, func(o *Options) {
		o.Auth = AuthFunc(func(ctx context.Context) (Grant, error) {
			logins.Add(1)
			return Grant{}, &connectors.Error{Class: connectors.Retry, Message: "the login did not answer"}
		})
	})
	if _, err := client.Do(t.Context(), Request{Path: "/x"}); err == nil || logins.Load() != 1 {
		t.Errorf("%d logins, %v", logins.Load(), err)
	}
}
