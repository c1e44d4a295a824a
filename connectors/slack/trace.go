package slack

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/syncline/syncline/connectors"
	"github.com/syncline/syncline/connectors/internal/httpx"
)

const (
	// clockMargin is how far our clock may be from Slack's.
	clockMargin = 10 * time.Minute
	// tracePages is how far a busy channel is read.
	tracePages, tracePage = 50, 200
)

// Trace looks for the message in the history of its channel, by the key in its metadata.
func (c *conn) Trace(ctx context.Context, m connectors.Message, since time.Time) (connectors.Receipt, bool, error) {
	if c.hook != "" {
		return connectors.Receipt{}, false, untraceable("a webhook does not tell which messages arrived")
	}
	channel, err := c.channelID(ctx, m)
	if err != nil {
		return connectors.Receipt{}, false, err
	}
	bot, err := c.botID(ctx)
	if err != nil {
		return connectors.Receipt{}, false, err
	}
	q := url.Values{"channel": {channel}, "include_all_metadata": {"true"}, "inclusive": {"true"}, "limit": {strconv.Itoa(tracePage)},
		"oldest": {strconv.FormatInt(since.Add(-clockMargin).Unix(), 10)}}
	path := "/conversations.history"
	if thread := m.Text("thread"); thread != "" {
		path = "/conversations.replies" // answers do not show in the channel's history
		q.Set("ts", thread)
	}
	for range tracePages {
		var out struct {
			result
			Messages []struct {
				TS       string    `json:"ts"`
				BotID    string    `json:"bot_id"`
				Metadata *metadata `json:"metadata"`
			} `json:"messages"`
		}
		if err := c.call(ctx, httpx.Request{Path: path, Query: q}, &out); err != nil {
			return connectors.Receipt{}, false, err
		}
		for _, msg := range out.Messages {
			switch {
			case msg.Metadata != nil && msg.Metadata.Type == eventType && msg.Metadata.Payload.Key == m.Key:
				return receipt(msg.TS, channel), true, nil
			case bot != "" && msg.BotID == bot && (msg.Metadata == nil || msg.Metadata.Type == eventType && msg.Metadata.Payload.Key == ""):
				// Ours always carry a key. If one shows none, Slack keeps metadata from us, and nothing follows from not seeing it.
				return connectors.Receipt{}, false, untraceable("Slack does not show the metadata of the app's own messages")
			}
		}
		if out.Metadata.Next == "" {
			return connectors.Receipt{}, false, nil
		}
		q.Set("cursor", out.Metadata.Next)
	}
	return connectors.Receipt{}, false, untraceable("there are too many messages since then to look through")
}

func untraceable(why string) *connectors.Error {
	return &connectors.Error{Class: connectors.Permanent, Code: "cannot_trace", Message: why, Hint: "look in the channel whether the message is there"}
}

// channelID is the id of the conversation that a message went to, which the history is asked by.
func (c *conn) channelID(ctx context.Context, m connectors.Message) (string, error) {
	to, err := c.destination(ctx, m)
	if err != nil {
		return "", err
	}
	if isID(to, "UW") {
		var out struct {
			Channel struct {
				ID string `json:"id"`
			} `json:"channel"`
		}
		// Opening a conversation that is open gives that one.
		err := c.call(ctx, httpx.Request{Method: http.MethodPost, Path: "/conversations.open", Body: map[string]string{"users": to}, Safe: true}, &out)
		return out.Channel.ID, err
	}
	if !isID(to, "CDG") {
		return c.named(ctx, strings.TrimPrefix(to, "#"))
	}
	return to, nil
}

// isID tells an id that begins with one of the letters from a name, which has no capitals.
func isID(s, letters string) bool {
	return len(s) >= 9 && strings.IndexByte(letters, s[0]) >= 0 && !strings.ContainsFunc(s, func(r rune) bool {
		return (r < '0' || r > '9') && (r < 'A' || r > 'Z')
	})
}

// named finds the id of a channel by its name.
func (c *conn) named(ctx context.Context, name string) (string, error) {
	c.mu.Lock()
	id := c.names[name]
	c.mu.Unlock()
	if id != "" {
		return id, nil
	}
	q := url.Values{"limit": {"1000"}, "exclude_archived": {"true"}, "types": {"public_channel,private_channel"}}
	for {
		var out struct {
			result
			Channels []struct{ ID, Name string } `json:"channels"`
		}
		if err := c.call(ctx, httpx.Request{Path: "/conversations.list", Query: q}, &out); err != nil {
			return "", err
		}
		c.mu.Lock()
		for _, ch := range out.Channels {
			c.names[ch.Name] = ch.ID
		}
		id := c.names[name]
		c.mu.Unlock()
		if id != "" {
			return id, nil
		}
		if out.Metadata.Next == "" {
			return "", failure(result{Error: "channel_not_found"}, true)
		}
		q.Set("cursor", out.Metadata.Next)
	}
}

// botID is the id that our own messages show.
func (c *conn) botID(ctx context.Context) (string, error) {
	c.mu.Lock()
	id := c.bot
	c.mu.Unlock()
	if id != "" {
		return id, nil
	}
	who, _, err := c.whoami(ctx)
	if err != nil {
		return "", err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.bot = who.BotID
	return c.bot, nil
}
