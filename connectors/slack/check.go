package slack

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/syncline/syncline/connectors"
	"github.com/syncline/syncline/connectors/internal/httpx"
)

// identity is the answer of auth.test.
type identity struct {
	URL    string `json:"url"`
	Team   string `json:"team"`
	User   string `json:"user"`
	TeamID string `json:"team_id"`
	BotID  string `json:"bot_id"`
}

func (c *conn) whoami(ctx context.Context) (identity, *httpx.Answer, error) {
	var who identity
	a, err := c.answer(ctx, httpx.Request{Method: http.MethodPost, Path: "/auth.test", Safe: true}, &who)
	return who, a, err
}

// scopes are what a token needs, and for what.
var scopes = []struct{ name, purpose string }{
	{"chat:write", "nothing can be posted"},
	{"chat:write.public", "the app must be invited to each channel"},
	{"users:read.email", `people cannot be written to by address (to = "…@…")`},
	{"channels:read", "it cannot be found out whether an unanswered message to a channel by name has arrived"},
	{"channels:history", "it cannot be found out whether an unanswered message has arrived; it is held for a person"},
}

// Check asks Slack who we are and which scopes the token has. A webhook cannot be tried without posting.
func (c *conn) Check(ctx context.Context) (connectors.Report, error) {
	if c.hook != "" {
		return connectors.Report{Account: "incoming webhook", Notes: []string{"a webhook cannot be tried without posting; its address has the right form"}}, ctx.Err()
	}
	who, a, err := c.whoami(ctx)
	if err != nil {
		return connectors.Report{}, err
	}
	r := connectors.Report{User: who.User, Account: fmt.Sprintf("%s (%s)", who.Team, who.TeamID)}
	if list := a.Header.Get("X-OAuth-Scopes"); list != "" {
		has := strings.FieldsFunc(list, func(r rune) bool { return r == ',' || r == ' ' })
		for _, s := range scopes {
			if !slices.Contains(has, s.name) {
				r.Notes = append(r.Notes, fmt.Sprintf("without the scope %s %s", s.name, s.purpose))
			}
		}
	}
	return r, nil
}
