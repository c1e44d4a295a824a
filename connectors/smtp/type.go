package smtp

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"net/mail"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/syncline/syncline/connectors"
	"github.com/syncline/syncline/connectors/internal/httpx"
	"github.com/syncline/syncline/connectors/internal/recordless"
	"github.com/syncline/syncline/lang/schema"
)

// The ways to a mail server.
const (
	startTLS = "starttls" // plain until the server is asked to encrypt
	always   = "tls"      // encrypted from the first byte
	plain    = "none"
)

var defaultPort = map[string]int{startTLS: 587, always: 465, plain: 25}

const (
	// mostRecipients is what every server must take in one mail (RFC 5321, 4.5.3.1.8).
	mostRecipients = 100
	longestSubject = 255
	longestText    = 1 << 20
	// patience is the longest for one mail, from dialling to the server's last word.
	patience = 3 * time.Minute
)

func sending() *schema.Sending {
	return &schema.Sending{
		Verb: schema.VerbSend,
		Arguments: []schema.Argument{
			{Name: "to", Kind: schema.Text, Form: schema.SomeValues, Required: true, Doc: "recipients: addresses, or a text of several with commas"},
			{Name: "cc", Kind: schema.Text, Form: schema.SomeValues, Doc: "recipients of a copy"},
			{Name: "bcc", Kind: schema.Text, Form: schema.SomeValues, Doc: "recipients whom the others do not see"},
			{Name: "reply_to", Kind: schema.Text, Doc: "address for answers; the connection's when not given"},
			{Name: "subject", Kind: schema.Text, Required: true, Length: longestSubject, Doc: "subject, on one line"},
			{Name: "text", Kind: schema.Text, Required: true, Length: longestText, Doc: "the mail as plain text"},
			{Name: "html", Kind: schema.Text, Length: longestText, Doc: "the mail as HTML, for readers that show it"},
		},
		Results: []*schema.Field{
			{Name: "Id", Label: "the mail's Message-ID", Kind: schema.ID},
			{Name: "Answer", Label: "what the server said, often with its own queue id", Kind: schema.Text},
		},
	}
}

// Type is the connection type "smtp".
func Type() connectors.Type {
	return connectors.Type{
		System: schema.System{
			Name: "smtp",
			Doc:  "E-mail through a mail server.",
			Settings: []schema.Setting{
				{Name: "host", Required: true, Doc: "name of the mail server"},
				{Name: "port", Kind: schema.SettingNumber, Doc: "port, 587 when not given; 465 with tls, 25 with none"},
				{Name: "tls", OneOf: []string{startTLS, always, plain}, Doc: "how the way is encrypted: starttls when not given, tls from the first byte, none"},
				{Name: "ca_file", Doc: "file of certificates, in PEM form, that vouch for the server, beside those of this machine"},
				{Name: "username", Doc: "user to log in as"},
				{Name: "password", Secret: true, Doc: "password of the user"},
				{Name: "from", Required: true, Doc: `sender: sync@example.com, or "Customer Success <sync@example.com>"`},
				{Name: "reply_to", Doc: "address for answers"},
				{Name: "send_again", Kind: schema.SettingBool, Doc: "true: a mail whose answer was lost is sent again with the same Message-ID, which many receivers then show once; else it is held for a person"},
			},
			Sends: true,
			Send:  sending(),
		},
		Open: open,
	}
}

// conn is an open connection: settings; each mail goes over a connection of its own.
type conn struct {
	recordless.Schema
	host, addr         string
	mode               string
	tls                *tls.Config
	username, password string
	from               *mail.Address
	replyTo            string
	sendAgain          bool
	limiter            *httpx.Limiter
	redact             func(string) string
	now                func() time.Time
	patience           time.Duration
}

func open(_ context.Context, cfg connectors.Config) (connectors.Connection, error) {
	s := cfg.Settings
	c := &conn{Schema: "smtp", host: strings.TrimSpace(s.Text("host")), mode: s.Text("tls"), username: s.Text("username"), password: s.Text("password"),
		replyTo: s.Text("reply_to"), sendAgain: s["send_again"].AsBool(), now: cfg.Now, patience: patience, limiter: httpx.NewLimiter(cfg, 4)}
	if c.now == nil {
		c.now = time.Now
	}
	if c.mode == "" {
		c.mode = startTLS
	}
	if err := c.server(cfg); err != nil {
		return nil, err
	}
	if err := c.login(); err != nil {
		return nil, err
	}
	from, err := oneAddress(s.Text("from"))
	if err != nil {
		return nil, setting("from", "%v", err)
	}
	c.from = from
	if c.replyTo != "" {
		if _, err := oneAddress(c.replyTo); err != nil {
			return nil, setting("reply_to", "%v", err)
		}
	}
	c.redact = httpx.Redact(append(inBase64(c.username, c.password), c.password)...)
	return c, nil
}

// server reads where the mail server is.
func (c *conn) server(cfg connectors.Config) error {
	if c.host == "" || strings.ContainsAny(c.host, "/:@ \r\n") && net.ParseIP(c.host) == nil {
		return setting("host", "%q is not the name of a server, such as smtp.example.com; the port has a setting of its own", c.host)
	}
	port, known := defaultPort[c.mode]
	if !known {
		return setting("tls", "%q is none of starttls, tls, none", c.mode)
	}
	if v := cfg.Settings["port"]; !v.IsNull() {
		n, err := strconv.Atoi(v.String()) // from the environment it comes as text
		if err != nil || n < 1 || n > 65535 {
			return setting("port", "%s is not a port", v)
		}
		port = n
	}
	c.addr = net.JoinHostPort(c.host, strconv.Itoa(port))
	roots, err := roots(cfg.Settings.Text("ca_file"), cfg.Dir)
	if err != nil {
		return setting("ca_file", "%v", err)
	}
	c.tls = &tls.Config{ServerName: c.host, MinVersion: tls.VersionTLS12, RootCAs: roots}
	return nil
}

func (c *conn) login() error {
	switch {
	case (c.username == "") != (c.password == ""):
		return setting("username", "username and password go together")
	case strings.ContainsAny(c.username+c.password, "\r\n\x00"):
		return setting("password", "user or password holds a line break")
	case c.username != "" && c.mode == plain && !loopback(c.host):
		return setting("tls", "none would send the password in the clear to %s; use starttls or tls", c.host)
	}
	return nil
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return strings.EqualFold(host, "localhost") || ip != nil && ip.IsLoopback()
}

// setting is the error of a setting that is wrong or missing.
func setting(name, format string, args ...any) *connectors.Error {
	return &connectors.Error{Class: connectors.Permanent, Message: "setting " + name + ": " + fmt.Sprintf(format, args...)}
}

// Limits says how the connection wants to be used.
func (c *conn) Limits() connectors.Limits {
	return connectors.Limits{Parallel: c.limiter.Parallel()}
}

// Close has nothing to let go of.
func (c *conn) Close() error { return nil }

// heloName is what we call ourselves to the server.
func heloName() string {
	name, err := os.Hostname()
	if err != nil || name == "" || strings.ContainsFunc(name, func(r rune) bool { return r <= ' ' || r >= 0x7f }) {
		return "localhost"
	}
	return name
}
