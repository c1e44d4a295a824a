package salesforce

import (
	"context"
	"fmt"
	"net/http"
	"regexp"
	"sync"
	"time"

	"github.com/syncline/syncline/connectors"
	"github.com/syncline/syncline/connectors/internal/httpx"
	"github.com/syncline/syncline/lang/schema"
)

const (
	defaultVersion = "67.0"
	defaultClient  = "syncline"
	defaultReserve = 5 // percent of the organisation's daily calls
)

// Type is the connection type "salesforce".
func Type() connectors.Type {
	return connectors.Type{
		System: schema.System{
			Name: "salesforce",
			Doc:  "A Salesforce organisation, through its REST API.",
			Settings: []schema.Setting{
				{Name: "url", Required: true, Doc: "address of the organisation: https://NAME.my.salesforce.com"},
				{Name: "client_id", Doc: "consumer key of the app that Syncline logs in as"},
				{Name: "client_secret", Secret: true, Doc: "consumer secret, for the client credentials flow"},
				{Name: "username", Doc: "user to act as, for the JWT bearer flow"},
				{Name: "private_key", Secret: true, Doc: "RSA key in PEM form whose certificate the app has, for the JWT bearer flow"},
				{Name: "private_key_file", Doc: "file that holds the private key"},
				{Name: "audience", Doc: "audience of the JWT: https://login.salesforce.com, or https://test.salesforce.com for a sandbox; found out from url when not given"},
				{Name: "refresh_token", Secret: true, Doc: "refresh token of a user who has approved the app"},
				{Name: "access_token", Secret: true, Doc: "an access token as it is; it cannot be renewed, so this is for trying things out"},
				{Name: "api_version", Doc: "version of the API, such as " + defaultVersion},
				{Name: "client_name", Doc: "name that marks our own writes in change events, " + defaultClient + " when not given"},
				{Name: "reserve_percent", Kind: schema.SettingNumber, Doc: "part of the organisation's daily calls that is left to others, 5 when not given"},
				{Name: "allow_duplicates", Kind: schema.SettingBool, Doc: "save records that a duplicate rule only warns of"},
				{Name: "assignment_rules", Kind: schema.SettingBool, Doc: "false: do not run assignment rules on cases and leads that are written"},
			},
			Sends:   true,
			Send:    sending(),
			Counted: true,
		},
		Open: open,
	}
}

var (
	versionForm = regexp.MustCompile(`^\d{2,3}\.0$`)
	clientForm  = regexp.MustCompile(`^[A-Za-z0-9_./-]{1,64}$`)
)

// conn is an open connection.
type conn struct {
	http    *httpx.Client
	login   *httpx.Client
	cfg     connectors.Config
	version string
	// user marks whose view of the schema a describe is: what one user sees is no answer for another.
	user    string
	write   http.Header // sent with writes
	usage   usage
	skew    skew
	now     func() time.Time
	schemas schemas
}

func open(_ context.Context, cfg connectors.Config) (connectors.Connection, error) {
	s := cfg.Settings
	c := &conn{cfg: cfg, version: defaultVersion, now: cfg.Now, write: http.Header{}}
	if c.now == nil {
		c.now = time.Now
	}
	c.schemas.known = map[string]*schema.Object{}
	if v := s.Text("api_version"); v != "" {
		if !versionForm.MatchString(v) {
			return nil, setting("api_version", "%q is not a version such as %q", v, defaultVersion)
		}
		c.version = v
	}
	if err := c.writeHeaders(s); err != nil {
		return nil, err
	}
	reserve, err := reservePercent(s)
	if err != nil {
		return nil, err
	}
	c.usage.reserve, c.usage.now, c.usage.mu = reserve, c.now, new(sync.Mutex)
	auth, secrets, err := c.credentials(s)
	if err != nil {
		return nil, err
	}
	options := httpx.Options{Config: cfg, BaseURL: s.Text("url"), Setting: "url", Secrets: secrets}
	login := options
	login.Config.CallsPerDay, login.Config.CallsPerMinute = 0, 0
	login.Classify = classifyLogin
	if c.login, err = httpx.New(login); err != nil {
		return nil, err
	}
	options.Auth, options.Expired, options.Classify = auth, expired, classify
	options.Gate, options.Observe = c.usage.gate, func(a *httpx.Answer) {
		c.usage.observe(a.Header)
		c.skew.observe(a.Header, c.now())
	}
	if c.http, err = httpx.New(options); err != nil {
		return nil, err
	}
	return c, nil
}

// writeHeaders are what each write says about how it is to be treated.
func (c *conn) writeHeaders(s connectors.Settings) error {
	name := s.Text("client_name")
	if name == "" {
		name = defaultClient
	}
	if !clientForm.MatchString(name) {
		return setting("client_name", "%q may hold letters, digits and _./- only, at most 64", name)
	}
	c.write.Set("Sforce-Call-Options", "client="+name)
	if s["allow_duplicates"].AsBool() {
		c.write.Set("Sforce-Duplicate-Rule-Header", "allowSave=true")
	}
	if v, given := s["assignment_rules"]; given && !v.IsNull() && !v.AsBool() {
		c.write.Set("Sforce-Auto-Assign", "FALSE")
	}
	return nil
}

func reservePercent(s connectors.Settings) (float64, error) {
	v, given := s["reserve_percent"]
	if !given || v.IsNull() {
		return defaultReserve, nil
	}
	if p := v.AsFloat(); v.IsNumber() && p >= 0 && p < 100 {
		return p, nil
	}
	return 0, setting("reserve_percent", "%s is not a number from 0 to 99", v)
}

// setting is the error of a setting that is wrong or missing.
func setting(name, format string, args ...any) *connectors.Error {
	return &connectors.Error{Class: connectors.Permanent, Message: "setting " + name + ": " + fmt.Sprintf(format, args...)}
}

// path is a path below this version of the API.
func (c *conn) path(rest string) string { return "/services/data/v" + c.version + rest }

// Limits says how the connection wants to be used.
func (c *conn) Limits() connectors.Limits {
	return connectors.Limits{Lookup: lookupMost, WriteBatch: writeMost, Parallel: c.http.Parallel()}
}

// Close lets go of the connection's sockets.
func (c *conn) Close() error {
	_ = c.login.Close()
	return c.http.Close()
}
