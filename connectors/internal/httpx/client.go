package httpx

import (
	"context"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/syncline/syncline/connectors"
)

// Options is how a Client is made.
type Options struct {
	// Config gives the transport, the log, the clock and the project's limits.
	Config connectors.Config
	// BaseURL is where the system is; Setting names the setting that it comes from, for messages.
	BaseURL, Setting string
	// Plain allows plain http to other machines, for systems in a network of one's own.
	Plain bool
	// Header is sent with every request.
	Header http.Header
	// Auth gives the credentials; nil: none are sent.
	Auth Auth
	// Expired tells whether an answer says that the credentials have expired; nil: status 401.
	Expired func(*Answer) bool
	// Classify makes the error of an answer that is not a success; nil, or a nil result: by status.
	// safe is the request's. Request and Answer of the error are filled in by the Client.
	Classify func(a *Answer, safe bool) *connectors.Error
	// Gate is asked before each counted request; its error is returned and nothing is sent.
	Gate func() error
	// Observe sees each answer, a failed one too.
	Observe func(*Answer)
	// Secrets are texts that must not be seen in any error or log, besides Config.Secrets.
	Secrets []string
	// Windows are the system's own limits, beside the project's in Config.
	Windows []Window
	// Parallel is the most requests at once where Config does not say; 0: 4.
	Parallel int
	// Attempts is how often a safe request is tried; 0: 10.
	Attempts int
	// Patience is how long a safe request is tried again, from its first attempt; 0: 2 minutes.
	Patience time.Duration
	// MaxWait is the longest that a request waits for a window or a Retry-After before it fails with class Limit; 0: 90 s.
	MaxWait time.Duration
	// Timeout is the longest for one request from dialling to the end of the answer; 0: 2 minutes.
	Timeout time.Duration
	// MaxBody is the largest answer in bytes, decompressed; 0: 64 MiB.
	MaxBody int64
	// Sleep waits; nil: a timer. Tests put a clock's own here.
	Sleep func(context.Context, time.Duration) error
}

// Client talks to one system. It is safe for use by several goroutines.
type Client struct {
	opts     Options
	base     *url.URL
	http     *http.Client
	owned    *http.Transport // nil when Config gave the transport
	slots    chan struct{}
	windows  windows
	session  *session
	redactor *redactor
	slow     time.Duration // after which an answer that has not come is told of
	log      *slog.Logger
	now      func() time.Time
}

// New makes a client. A wrong address is an *connectors.Error that names the setting.
func New(o Options) (*Client, error) {
	setDefaults(&o)
	base, err := parseBase(o.Setting, o.BaseURL, o.Plain)
	if err != nil {
		return nil, err
	}
	c := &Client{opts: o, base: base, redactor: newRedactor(append(slices.Clone(o.Secrets), o.Config.Secrets...)), slow: slowAnswer, log: o.Config.Log, now: o.Config.Now}
	parallel := o.Parallel
	if o.Config.Concurrent > 0 {
		parallel = o.Config.Concurrent
	}
	c.slots = make(chan struct{}, parallel)
	c.windows = newWindows(o)
	if o.Auth != nil {
		c.session = &session{auth: o.Auth, now: c.now, redactor: c.redactor}
	}
	transport := o.Config.Transport
	if transport == nil {
		c.owned = newTransport(parallel)
		transport = c.owned
	}
	c.http = &http.Client{
		Transport: transport,
		// A redirect would carry credentials to an address that nobody configured.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	return c, nil
}

func setDefaults(o *Options) {
	if o.Config.Log == nil {
		o.Config.Log = slog.New(slog.DiscardHandler)
	}
	if o.Config.Now == nil {
		o.Config.Now = time.Now
	}
	if o.Setting == "" {
		o.Setting = "url"
	}
	if o.Expired == nil {
		o.Expired = func(a *Answer) bool { return a.Status == http.StatusUnauthorized }
	}
	if o.Sleep == nil {
		o.Sleep = sleep
	}
	orDefault(&o.Parallel, 4)
	orDefault(&o.Attempts, 10)
	orDefault(&o.Patience, 2*time.Minute)
	orDefault(&o.MaxWait, 90*time.Second)
	orDefault(&o.Timeout, 2*time.Minute)
	orDefault(&o.MaxBody, 64<<20)
}

func orDefault[T int | int64 | time.Duration](v *T, d T) {
	if *v <= 0 {
		*v = d
	}
}

func newTransport(parallel int) *http.Transport {
	return &http.Transport{
		Proxy:                 http.ProxyFromEnvironment,
		DialContext:           (&net.Dialer{Timeout: 15 * time.Second, KeepAlive: 30 * time.Second}).DialContext,
		TLSHandshakeTimeout:   15 * time.Second,
		ResponseHeaderTimeout: 3 * time.Minute,
		ExpectContinueTimeout: time.Second,
		IdleConnTimeout:       90 * time.Second,
		MaxIdleConnsPerHost:   max(parallel, 2),
		ForceAttemptHTTP2:     true,
	}
}

// Close lets go of idle connections.
func (c *Client) Close() error {
	if c.owned != nil {
		c.owned.CloseIdleConnections()
	}
	return nil
}

// Parallel is the most requests that are under way at once.
func (c *Client) Parallel() int { return cap(c.slots) }

// Grant gives the credentials in force, getting some if there are none.
func (c *Client) Grant(ctx context.Context) (Grant, error) {
	if c.session == nil {
		return Grant{}, nil
	}
	g, _, err := c.session.current(ctx)
	return g, err
}

// Redact hides what must not be seen in a text.
func (c *Client) Redact(s string) string { return c.redactor.clean(s) }

// Shorten redacts a body and cuts it to a size fit for a dead letter.
func (c *Client) Shorten(body []byte) string { return c.redactor.shorten(body) }
