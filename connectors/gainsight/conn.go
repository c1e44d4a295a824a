package gainsight

import (
	"context"
	"fmt"
	"log/slog"
	"math"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/syncline/syncline/connectors"
	"github.com/syncline/syncline/connectors/internal/httpx"
)

const (
	// maxPage is the most records of a query, maxWrite of a write, maxKeys in an IN, maxDescribe objects of a describe.
	maxPage     = 5000
	maxWrite    = 50
	maxKeys     = 500
	maxDescribe = 25
)

// conn is an open tenant. It is a Connection, Reader, Writer, DeletedReader and Checker.
type conn struct {
	config   connectors.Config
	client   *httpx.Client
	log      *slog.Logger
	now      func() time.Time
	zone     *time.Location
	pageSize int
	perMin   int
	perDay   int

	mu      sync.Mutex
	objects map[string]*object // by lower-case name
	listed  map[string]listedObject
	// relisted and redescribed bound how often metadata is asked for again because of what records hold.
	redescribed map[string]time.Time
	served      quota
}

// quota is what an answer's headers said last.
type quota struct {
	mu    sync.Mutex
	limit string
	date  time.Time // of the last answer, by the server's clock
	at    time.Time // the same moment by ours
}

func newConn(config connectors.Config) (*conn, error) {
	if config.Log == nil {
		config.Log = slog.New(slog.DiscardHandler)
	}
	if config.Now == nil {
		config.Now = time.Now
	}
	c := &conn{config: config, log: config.Log, now: config.Now, objects: map[string]*object{}, redescribed: map[string]time.Time{}}
	var err error
	if c.zone, err = location(config.Settings.Text("timezone")); err != nil {
		return nil, err
	}
	for _, n := range []struct {
		setting     string
		into        *int
		def, atMost int
	}{
		{"requests_per_minute", &c.perMin, callsPerMinute, math.MaxInt32},
		{"requests_per_day", &c.perDay, callsPerDay, math.MaxInt32},
		{"page_size", &c.pageSize, maxPage, maxPage},
	} {
		if *n.into, err = number(config.Settings, n.setting, n.def, n.atMost); err != nil {
			return nil, err
		}
	}
	return c, c.connect()
}

// connect makes the HTTP client.
func (c *conn) connect() error {
	base := c.config.Settings.Text("url")
	if base != "" && !strings.Contains(base, "://") {
		base = "https://" + base
	}
	auth, secrets, err := c.auth(base)
	if err != nil {
		return err
	}
	c.client, err = httpx.New(httpx.Options{
		Config: c.config, BaseURL: base, Setting: "url", Auth: auth, Secrets: secrets,
		Classify: classify, Expired: expired, Observe: c.observe,
		Windows: []httpx.Window{
			{Calls: c.perMin, Per: time.Minute, Name: "Gainsight's limit of calls a minute (requests_per_minute)"},
			{Calls: c.perDay, Per: 24 * time.Hour, Name: "Gainsight's limit of calls a day (requests_per_day)"},
		},
		Parallel: 4,
		MaxBody:  256 << 20,
	})
	return err
}

// number reads a positive whole number from a setting.
func number(s connectors.Settings, name string, def, atMost int) (int, error) {
	v, ok := s[name]
	if !ok || v.IsNull() {
		return def, nil
	}
	f := v.AsFloat()
	if !v.IsNumber() || f < 1 || f != math.Trunc(f) || f > float64(atMost) {
		return 0, settingError(name, "%s is not a whole number from 1 to %d", v, atMost)
	}
	return int(f), nil
}

// observe notes what the headers of an answer tell.
func (c *conn) observe(a *httpx.Answer) {
	c.served.mu.Lock()
	defer c.served.mu.Unlock()
	if limit := a.Header.Get("X-Ratelimit-Limit"); limit != "" {
		c.served.limit = limit
	}
	if date, err := http.ParseTime(a.Header.Get("Date")); err == nil {
		c.served.date, c.served.at = date, c.now()
	}
}

// serverNow is the time by the server's clock as far as it is known.
func (c *conn) serverNow() time.Time {
	c.served.mu.Lock()
	defer c.served.mu.Unlock()
	now := c.now()
	if c.served.date.IsZero() {
		return now
	}
	return c.served.date.Add(now.Sub(c.served.at))
}

// Limits implements connectors.Connection.
func (c *conn) Limits() connectors.Limits {
	return connectors.Limits{Lookup: maxKeys, WriteBatch: maxWrite, Parallel: c.client.Parallel()}
}

// Close implements connectors.Connection.
func (c *conn) Close() error { return c.client.Close() }

// call sends a request and gives the envelope of its answer; result false is an error.
func (c *conn) call(ctx context.Context, r httpx.Request) (*envelope, *httpx.Answer, error) {
	a, err := c.client.Do(ctx, r)
	if err != nil {
		return nil, nil, err
	}
	safe := r.Safe || r.Method == "" || r.Method == http.MethodGet
	env, err := readEnvelope(a.Body)
	if err != nil {
		return nil, a, c.client.Unreadable(a, safe, err)
	}
	if env.failed() {
		return env, a, c.refused(env, a)
	}
	return env, a, nil
}

// refused is the error of an answer with a good status and result false.
func (c *conn) refused(env *envelope, a *httpx.Answer) *connectors.Error {
	e := env.failure()
	e.Message = c.client.Redact(e.Message)
	e.Request, e.Answer = a.Sent(), c.client.Shorten(a.Body)
	if e.Class == connectors.Limit {
		e.RetryAfter = max(httpx.RetryAfter(a.Header, c.now()), e.RetryAfter)
	}
	return e
}

// auth makes the credentials from the settings.
func (c *conn) auth(base string) (httpx.Auth, []string, error) {
	s := c.config.Settings
	key, id, secret := s.Text("access_key"), s.Text("client_id"), s.Text("client_secret")
	switch {
	case key != "" && (id != "" || secret != ""):
		return nil, nil, settingError("access_key", "give either access_key, or client_id and client_secret; Gainsight refuses both at once")
	case key != "":
		if strings.ContainsFunc(key, func(r rune) bool { return r <= ' ' || r > '~' }) {
			return nil, nil, settingError("access_key", "it holds characters that a key does not have, such as a space or a line break")
		}
		return httpx.Key("accesskey", key), []string{key}, nil
	case id != "" && secret != "":
		login, err := httpx.New(httpx.Options{Config: c.config, BaseURL: base, Setting: "url", Secrets: []string{secret}, Classify: classify, Attempts: 2})
		if err != nil {
			return nil, nil, err
		}
		return &clientCredentials{login: login, id: id, secret: secret, now: c.now}, []string{secret}, nil
	case id != "" || secret != "":
		return nil, nil, settingError("client_secret", "an OAuth client needs both client_id and client_secret")
	}
	return nil, nil, &connectors.Error{Class: connectors.Auth, Message: "setting access_key: it is missing or empty",
		Hint: fmt.Sprintf("connection %q needs access_key, or client_id and client_secret", c.config.Name)}
}
