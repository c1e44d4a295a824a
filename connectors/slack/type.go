package slack

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/syncline/syncline/connectors"
	"github.com/syncline/syncline/connectors/internal/httpx"
	"github.com/syncline/syncline/connectors/internal/recordless"
	"github.com/syncline/syncline/lang/schema"
)

const (
	defaultURL = "https://slack.com/api"
	// longestText is what Slack cuts texts at; we refuse instead.
	longestText = 40_000
	// perMessage is the pace at which Slack takes messages to one channel.
	perMessage  = time.Second
	longestTurn = 90 * time.Second
)

func sending() *schema.Sending {
	return &schema.Sending{
		Verb: schema.VerbSend,
		Arguments: []schema.Argument{
			{Name: "text", Kind: schema.Text, Required: true, Length: longestText, Doc: "the message, in Slack's markup: *bold*, <https://example.com|link>, <@U012ABCDEF>"},
			{Name: "channel", Kind: schema.Text, Doc: "channel, by name (#renewals) or id (C012ABCDEF); the connection's channel when not given"},
			{Name: "to", Kind: schema.Text, Doc: "person to write to directly, by e-mail address or id (U012ABCDEF)"},
			{Name: "thread", Kind: schema.Text, Doc: "Id of an earlier message in the channel, to be answered in its thread"},
		},
		Exclusive: [][]string{{"channel", "to"}},
		Results: []*schema.Field{
			{Name: "Id", Label: "time stamp that identifies the message in its channel", Kind: schema.ID, Nullable: true},
			{Name: "Channel", Label: "id of the channel", Kind: schema.Text, Nullable: true},
		},
	}
}

// Type is the connection type "slack".
func Type() connectors.Type {
	return connectors.Type{
		System: schema.System{
			Name: "slack",
			Doc:  "Messages to Slack, as an app or through an incoming webhook.",
			Settings: []schema.Setting{
				{Name: "token", Secret: true, Doc: "bot token of the app (xoxb-…), with the scope chat:write; users:read.email to write to people by address, and channels:history with channels:read to find out whether an unanswered message arrived"},
				{Name: "webhook_url", Secret: true, Doc: "address of an incoming webhook, instead of a token; it posts to one channel and is a secret"},
				{Name: "channel", Doc: "channel for messages that name neither channel nor person"},
				{Name: "broadcasts", Kind: schema.SettingBool, Doc: "true: <!channel>, <!here>, <!everyone> and groups in a text call them; else they are shown as text"},
				{Name: "seconds_between_messages", Kind: schema.SettingNumber, Doc: "distance between messages to one channel, 1 when not given, which is Slack's own limit"},
				{Name: "url", Doc: "address of the API, " + defaultURL + " when not given"},
			},
			Sends: true,
			Send:  sending(),
		},
		Open: open,
	}
}

// conn is an open connection.
type conn struct {
	recordless.Schema
	http       *httpx.Client
	hook       string // path of the webhook, "" with a token
	channel    string
	broadcasts bool
	turns      httpx.Spacing
	now        func() time.Time

	mu    sync.Mutex
	users map[string]string // e-mail address → user id
	names map[string]string // channel name → channel id
	bot   string            // id of the app's bot
}

func open(_ context.Context, cfg connectors.Config) (connectors.Connection, error) {
	s := cfg.Settings
	token, hook := s.Text("token"), s.Text("webhook_url")
	c := &conn{Schema: "slack", channel: s.Text("channel"), broadcasts: s["broadcasts"].AsBool(), now: cfg.Now,
		users: map[string]string{}, names: map[string]string{}}
	if c.now == nil {
		c.now = time.Now
	}
	every := perMessage
	if v := s["seconds_between_messages"]; !v.IsNull() {
		if !v.IsNumber() || v.AsFloat() < 0 || v.AsFloat() > 60 {
			return nil, setting("seconds_between_messages", v.String()+" is not a number from 0 to 60")
		}
		every = time.Duration(v.AsFloat() * float64(time.Second))
	}
	c.turns = httpx.Spacing{Every: every, MaxWait: longestTurn, Now: c.now}
	o := httpx.Options{Config: cfg, Timeout: time.Minute, MaxBody: 8 << 20}
	switch {
	case token == "" && hook == "":
		return nil, setting("token", `give the app's bot token, token = secret("…"), or webhook_url`)
	case token != "" && hook != "":
		return nil, setting("webhook_url", "give either token or webhook_url, not both")
	case token != "":
		if strings.ContainsAny(token, " \r\n\t") {
			return nil, setting("token", "it holds white space; give the bot token alone, xoxb-…")
		}
		o.BaseURL, o.Setting, o.Classify = s.Text("url"), "url", classify
		if o.BaseURL == "" {
			o.BaseURL = defaultURL
		}
		o.Auth = httpx.AuthFunc(func(context.Context) (httpx.Grant, error) {
			return httpx.Grant{Header: http.Header{"Authorization": {"Bearer " + token}}, Secrets: []string{token}, Fixed: true}, nil
		})
		o.Secrets = []string{token}
	default:
		if c.channel != "" {
			return nil, setting("channel", "a webhook posts to the channel that it was made for; leave channel out")
		}
		u, err := url.Parse(strings.TrimSpace(hook))
		if err != nil || u.Host == "" || len(u.Path) < 2 || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
			// The parser's message would show the address, which is the secret.
			return nil, setting("webhook_url", "this is not the address of a webhook, https://hooks.slack.com/services/…")
		}
		c.hook = u.EscapedPath()
		o.BaseURL, o.Setting, o.Classify = u.Scheme+"://"+u.Host, "webhook_url", classifyHook
		o.Secrets = append([]string{hook, u.Path, c.hook}, hookSecrets(u.Path)...)
	}
	var err error
	c.http, err = httpx.New(o)
	if err != nil {
		return nil, err
	}
	return c, nil
}

// hookSecrets are the parts of a webhook's path that let somebody post.
func hookSecrets(path string) []string {
	var out []string
	for part := range strings.SplitSeq(path, "/") {
		if len(part) >= 8 && part != "services" {
			out = append(out, part)
		}
	}
	return out
}

// setting is the error of a setting that is wrong or missing.
func setting(name, text string) *connectors.Error {
	return &connectors.Error{Class: connectors.Permanent, Message: fmt.Sprintf("setting %s: %s", name, text)}
}

// Limits says how the connection wants to be used.
func (c *conn) Limits() connectors.Limits {
	return connectors.Limits{Parallel: c.http.Parallel()}
}

// Close lets go of the connection's sockets.
func (c *conn) Close() error { return c.http.Close() }
