package slack

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"

	"github.com/syncline/syncline/connectors"
	"github.com/syncline/syncline/connectors/internal/httpx"
	"github.com/syncline/syncline/lang/value"
)

// eventType names our metadata in Slack.
const eventType = "syncline_message"

type metadata struct {
	Type    string `json:"event_type"`
	Payload struct {
		Key string `json:"key"`
	} `json:"event_payload"`
}

// post is the body of chat.postMessage.
type post struct {
	Channel  string    `json:"channel,omitempty"`
	Text     string    `json:"text"`
	Thread   string    `json:"thread_ts,omitempty"`
	Metadata *metadata `json:"metadata,omitempty"`
}

// Send posts one message.
func (c *conn) Send(ctx context.Context, m connectors.Message) (connectors.Receipt, error) {
	if err := m.Validate(sending()); err != nil {
		return connectors.Receipt{}, err
	}
	body := post{Text: markup(m.Text("text"), c.broadcasts), Thread: m.Text("thread")}
	if c.hook != "" {
		return c.sendHook(ctx, m, body)
	}
	var err error
	if body.Channel, err = c.destination(ctx, m); err != nil {
		return connectors.Receipt{}, err
	}
	body.Metadata = &metadata{Type: eventType}
	body.Metadata.Payload.Key = m.Key
	if err := c.turns.Take(ctx, body.Channel); err != nil {
		return connectors.Receipt{}, err
	}
	var out struct {
		Channel string `json:"channel"`
		TS      string `json:"ts"`
	}
	if err := c.call(ctx, httpx.Request{Method: http.MethodPost, Path: "/chat.postMessage", Body: body}, &out); err != nil {
		return connectors.Receipt{}, c.slowed(body.Channel, err)
	}
	return receipt(out.TS, out.Channel), nil
}

func receipt(ts, channel string) connectors.Receipt {
	return connectors.Receipt{ID: ts, Fields: map[string]value.Value{"Channel": value.Text(channel)}}
}

func (c *conn) sendHook(ctx context.Context, m connectors.Message, body post) (connectors.Receipt, error) {
	for _, name := range []string{"channel", "to"} {
		if m.Text(name) != "" {
			return connectors.Receipt{}, &connectors.Error{Class: connectors.Permanent, Code: "fixed_channel", Fields: []string{name},
				Message: "a webhook posts to the one channel that it was made for; " + name + " cannot be chosen",
				Hint:    "leave " + name + " out, or give the connection a token instead of webhook_url"}
		}
	}
	if err := c.turns.Take(ctx, "the webhook"); err != nil {
		return connectors.Receipt{}, err
	}
	if _, err := c.http.Do(ctx, httpx.Request{Method: http.MethodPost, Path: c.hook, Body: body}); err != nil {
		return connectors.Receipt{}, c.slowed("the webhook", err)
	}
	return connectors.Receipt{}, nil
}

// slowed passes an error on; when Slack told us to wait, the channel's next turn waits too.
func (c *conn) slowed(channel string, err error) error {
	if e := connectors.AsError(err); e.Class == connectors.Limit && e.RetryAfter > 0 {
		c.turns.Hold(channel, e.RetryAfter)
	}
	return err
}

// call calls a method of the Web API; its result is judged by ok, not by the status.
func (c *conn) call(ctx context.Context, r httpx.Request, out any) error {
	_, err := c.answer(ctx, r, out)
	return err
}

func (c *conn) answer(ctx context.Context, r httpx.Request, out any) (*httpx.Answer, error) {
	safe := r.Safe || r.Method == "" || r.Method == http.MethodGet
	if r.Body != nil {
		r.Header = http.Header{"Content-Type": {"application/json; charset=utf-8"}} // Slack warns without the charset
	}
	var raw json.RawMessage
	a, err := c.http.JSON(ctx, r, &raw)
	if err != nil {
		return nil, err
	}
	var res result
	if err := json.Unmarshal(raw, &res); err != nil {
		return nil, c.http.Unreadable(a, safe, err)
	}
	if !res.OK {
		e := failure(res, safe)
		if asked := httpx.RetryAfter(a.Header, c.now()); asked > 0 {
			e.RetryAfter = asked
		}
		e.Message, e.Request, e.Answer = c.http.Redact(e.Message), a.Sent(), c.http.Shorten(a.Body)
		return nil, e
	}
	if out != nil {
		if err := json.Unmarshal(raw, out); err != nil {
			return nil, c.http.Unreadable(a, safe, err)
		}
	}
	return a, nil
}

// destination is the channel that a message goes to: an id, or a name with #.
func (c *conn) destination(ctx context.Context, m connectors.Message) (string, error) {
	if to := strings.TrimSpace(m.Text("to")); to != "" {
		return c.person(ctx, to)
	}
	channel := strings.TrimSpace(m.Text("channel"))
	if channel == "" {
		channel = c.channel
	}
	if channel == "" {
		return "", &connectors.Error{Class: connectors.Reject, Code: "no_channel", Message: "the message names neither channel nor to",
			Hint: "write one of them, or channel in the connection"}
	}
	return channel, nil
}

// person finds the id of a person.
func (c *conn) person(ctx context.Context, to string) (string, error) {
	if !strings.Contains(to, "@") {
		return to, nil
	}
	email := strings.ToLower(to)
	c.mu.Lock()
	id := c.users[email]
	c.mu.Unlock()
	if id != "" {
		return id, nil
	}
	var out struct {
		User struct {
			ID      string `json:"id"`
			Deleted bool   `json:"deleted"`
		} `json:"user"`
	}
	if err := c.call(ctx, httpx.Request{Path: "/users.lookupByEmail", Query: url.Values{"email": {email}}}, &out); err != nil {
		return "", err
	}
	if out.User.ID == "" || out.User.Deleted {
		return "", failure(result{Error: "user_disabled"}, true)
	}
	c.mu.Lock()
	c.users[email] = out.User.ID
	c.mu.Unlock()
	return out.User.ID, nil
}
