package httpx

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/syncline/syncline/connectors"
)

// Do sends a request and gives its answer, when its status is 2xx or accepted. Any other outcome is a
// *connectors.Error. A safe request is tried again as its failures allow.
func (c *Client) Do(ctx context.Context, r Request) (*Answer, error) {
	p, err := prepare(&r)
	if err != nil {
		return nil, err
	}
	began := c.now()
	for attempt := 1; ; attempt++ {
		a, err := c.authorized(ctx, p)
		if err == nil {
			return a, nil
		}
		e := connectors.AsError(err)
		wait, again := c.again(ctx, e, attempt, c.now().Sub(began))
		// A login that failed has been tried often enough by itself.
		if !p.safe || !again || p.locked || ctx.Err() != nil {
			return nil, c.final(ctx, p, e)
		}
		level := slog.LevelDebug
		if wait >= worthTelling {
			level = slog.LevelWarn
		}
		c.log.Log(ctx, level, "trying again", "connection", c.opts.Config.Name, "attempt", attempt, "in", wait.Round(time.Second), "because", e.Error())
		if err := c.opts.Sleep(ctx, wait); err != nil {
			return nil, stopped(err)
		}
	}
}

// authorized sends a request with credentials, and once more with new ones when they turn out to have expired. An
// expiry is told before anything is done, so a write may be sent again.
func (c *Client) authorized(ctx context.Context, p *prepared) (*Answer, error) {
	var g Grant
	var number int
	var err error
	if c.session != nil {
		if g, number, err = c.session.current(ctx); err != nil {
			p.locked = true
			return nil, wrapStopped(err)
		}
	}
	a, err := c.send(ctx, p, g)
	if err != nil || c.session == nil || !c.opts.Expired(a) {
		return c.judge(p, a, err)
	}
	if g.Fixed {
		return c.judge(p, a, nil)
	}
	if g, number, err = c.session.renew(ctx, number); err != nil {
		p.locked = true
		return nil, wrapStopped(err)
	}
	a, err = c.send(ctx, p, g)
	if err == nil && c.opts.Expired(a) {
		_, err := c.judge(p, a, nil)
		c.session.refuse(number, err)
		return nil, err
	}
	return c.judge(p, a, err)
}

// judge turns an answer that is not a success into an error.
func (c *Client) judge(p *prepared, a *Answer, err error) (*Answer, error) {
	if err != nil {
		return nil, err
	}
	if a.Status >= 200 && a.Status < 300 || slices.Contains(p.Accept, a.Status) {
		return a, nil
	}
	var e *connectors.Error
	if c.opts.Classify != nil {
		e = c.opts.Classify(a, p.safe)
	}
	if e == nil {
		e = byStatus(a, p.safe)
	}
	if asked := RetryAfter(a.Header, c.now()); asked > 0 {
		e.RetryAfter = asked // the system knows better than any table
	}
	e.Message, e.Hint = c.Redact(e.Message), c.Redact(e.Hint)
	e.Request, e.Answer = a.Sent(), statusLine(a.Status)+c.redactor.shorten(a.Body)
	return nil, e
}

// send sends a request once, within the limits, and reads its answer, whatever its status.
func (c *Client) send(ctx context.Context, p *prepared, g Grant) (*Answer, error) {
	base := c.base
	if g.BaseURL != "" {
		var err error
		if base, err = parseBase(c.opts.Setting, g.BaseURL, c.opts.Plain); err != nil {
			return nil, err
		}
	}
	u, err := p.address(base)
	if err != nil {
		return nil, err
	}
	if err := c.admit(ctx, p); err != nil {
		return nil, err
	}
	defer func() { <-c.slots }()

	timeout := c.opts.Timeout
	if connectors.IsHasty(ctx) {
		timeout = min(timeout, hastyTimeout)
	}
	limited, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	var t trace
	req := c.build(httptrace.WithClientTrace(limited, t.hooks()), p, u, g)
	slow := time.AfterFunc(c.slow, func() {
		c.log.Warn("no answer yet", "connection", c.opts.Config.Name, "after", c.slow, "method", p.method, "path", c.Redact(u.Path), "waiting at most", timeout)
	})
	defer slow.Stop()
	began := c.now()
	res, err := c.http.Do(req)
	a := &Answer{sent: func() string { return c.capture(p, u) }}
	if err == nil {
		err = c.read(res, a, p.Into)
		t.wrote.Store(true)
	}
	if err != nil {
		return nil, c.lost(ctx, err, p, a, u, t.sent(err))
	}
	if c.log.Enabled(ctx, slog.LevelDebug) { // redacting a query of many ids is work
		c.log.DebugContext(ctx, "call", "method", p.method, "path", c.Redact(u.RequestURI()),
			"status", a.Status, "bytes", len(a.Body), "took", c.now().Sub(began))
	}
	if c.opts.Observe != nil {
		c.opts.Observe(a)
	}
	return a, nil
}

// lost is the error of a request without a whole answer.
func (c *Client) lost(ctx context.Context, err error, p *prepared, a *Answer, u *url.URL, sent bool) error {
	// Only read makes one itself; one deeper in the chain is the cause of a cancelled context, and somebody else's.
	e, own := err.(*connectors.Error)
	if !own {
		e = c.unreachable(ctx, err, u.Host, sent, p.safe)
	} else if !p.safe {
		e.Class = connectors.InDoubt // an answer that cannot be read is no answer
	}
	e.Request = a.Sent()
	if a.Status > 0 {
		e.Answer = statusLine(a.Status) + c.redactor.shorten(a.Body)
	}
	c.log.DebugContext(ctx, "call failed", "method", p.method, "path", c.Redact(u.RequestURI()),
		"class", e.Class.String(), "error", e.Error())
	return e
}

// admit waits for a free slot and for the limits, and counts the call.
func (c *Client) admit(ctx context.Context, p *prepared) error {
	select {
	case c.slots <- struct{}{}:
	case <-ctx.Done():
		return stopped(ctx.Err())
	}
	// With a slot free and the context done, the choice above is a toss; what is stopped must not count as sent.
	if err := ctx.Err(); err != nil {
		<-c.slots
		return stopped(err)
	}
	if p.Uncounted {
		return nil
	}
	err := error(nil)
	if c.opts.Gate != nil {
		err = c.opts.Gate()
	}
	if err == nil {
		err = c.windows.take(ctx)
	}
	if err != nil {
		<-c.slots
		return wrapStopped(err)
	}
	connectors.CountCall(ctx)
	return nil
}

func (c *Client) build(ctx context.Context, p *prepared, u *url.URL, g Grant) *http.Request {
	req := (&http.Request{Method: p.method, URL: u, Host: u.Host, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Header: http.Header{}}).WithContext(ctx)
	if p.body != nil {
		req.ContentLength = int64(len(p.body))
		req.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(p.body)), nil }
		req.Body, _ = req.GetBody()
		req.Header.Set("Content-Type", p.kind)
	}
	req.Header.Set("Accept", "application/json")
	req.Header.Set("User-Agent", "syncline")
	for _, h := range []http.Header{c.opts.Header, p.Header, g.Header} {
		for name, values := range h {
			req.Header[http.CanonicalHeaderKey(name)] = values
		}
	}
	if !p.safe {
		hideFromTransport(req.Header)
	}
	return req
}

// hideFromTransport spells the headers of idempotency keys in another way: net/http sends a request that has one again by
// itself when the connection breaks, and only the engine may decide that.
func hideFromTransport(h http.Header) {
	for _, name := range []string{"Idempotency-Key", "X-Idempotency-Key"} {
		if values, ok := h[name]; ok {
			delete(h, name)
			h[strings.ToLower(name)] = values
		}
	}
}

// read takes the body in, decompressed and bounded.
func (c *Client) read(res *http.Response, a *Answer, into *bytes.Buffer) error {
	defer res.Body.Close()
	a.Status, a.Header = res.StatusCode, res.Header
	var body io.Reader = res.Body
	// The standard transport decompresses by itself; one given by the program may not.
	if strings.EqualFold(res.Header.Get("Content-Encoding"), "gzip") {
		z, err := gzip.NewReader(body)
		if errors.Is(err, io.EOF) {
			return nil // an empty body, as of a 204
		}
		if err != nil {
			return err
		}
		body = z
	}
	if into == nil {
		into = new(bytes.Buffer)
	}
	into.Reset()
	n, err := into.ReadFrom(io.LimitReader(body, c.opts.MaxBody+1))
	a.Body = into.Bytes()
	if err != nil {
		return err
	}
	if n > c.opts.MaxBody {
		return &connectors.Error{Class: connectors.Permanent, Code: "answer_too_large",
			Message: "the answer is larger than we take", Hint: "ask for fewer fields"}
	}
	return nil
}

// capture is the request as sent, for people: without headers, where the credentials are.
func (c *Client) capture(p *prepared, u *url.URL) string {
	line := p.method + " " + u.RequestURI()
	if len(p.body) > 0 {
		line += "\n" + string(p.body[:min(len(p.body), captureFrom)])
	}
	return c.redactor.shorten([]byte(line))
}

func statusLine(status int) string {
	return fmt.Sprintf("HTTP %d %s\n", status, http.StatusText(status))
}

// trace tells whether a request can have reached the system.
type trace struct{ seen, wrote atomic.Bool }

func (t *trace) hooks() *httptrace.ClientTrace {
	return &httptrace.ClientTrace{
		// The transport itself tries again on another connection when nothing had been written to the first.
		GetConn:      func(string) { t.seen.Store(true); t.wrote.Store(false) },
		WroteHeaders: func() { t.wrote.Store(true) },
	}
}

// sent is true in doubt: a transport that does not trace may have sent everything.
func (t *trace) sent(err error) bool {
	if t.seen.Load() {
		return t.wrote.Load()
	}
	return !neverSent(err)
}

// stopped is a cancelled context as an error of ours.
func stopped(err error) *connectors.Error {
	return &connectors.Error{Class: connectors.Retry, Message: "stopped: " + err.Error(), Err: err}
}

func wrapStopped(err error) error {
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		var e *connectors.Error
		if !errors.As(err, &e) {
			return stopped(err)
		}
	}
	return err
}
