package salesforce

import (
	"context"
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"time"

	"github.com/syncline/syncline/connectors"
	"github.com/syncline/syncline/connectors/internal/httpx"
	"github.com/syncline/syncline/lang/schema"
)

const (
	longestPost  = 10_000
	mostMentions = 25
	// postClock is how exactly we know the clock of Salesforce, by the whole seconds of its answers.
	postClock = 3 * time.Second
)

// sending is a post to the feed of a record, in Chatter.
func sending() *schema.Sending {
	return &schema.Sending{
		Verb: schema.VerbSend,
		Arguments: []schema.Argument{
			{Name: "on", Kind: schema.Text, Required: true, Doc: "id of the record, user or group whose feed is posted to"},
			{Name: "text", Kind: schema.Text, Required: true, Length: longestPost, Doc: "the post"},
			{Name: "mention", Kind: schema.Text, Form: schema.SomeValues, Doc: "ids of users, or groups, who are named at the post's end and notified"},
		},
		Results: []*schema.Field{{Name: "Id", Label: "id of the FeedItem", Kind: schema.ID}},
	}
}

var idForm = regexp.MustCompile(`^[A-Za-z0-9]{15}(?:[A-Za-z0-9]{3})?$`)

type segment struct {
	Type string `json:"type"`
	Text string `json:"text,omitempty"`
	ID   string `json:"id,omitempty"`
}

// Send posts to the feed of a record.
func (c *conn) Send(ctx context.Context, m connectors.Message) (connectors.Receipt, error) {
	if err := checkPost(m); err != nil {
		return connectors.Receipt{}, err
	}
	var body struct {
		Subject string `json:"subjectId"`
		Type    string `json:"feedElementType"`
		Body    struct {
			Segments []segment `json:"messageSegments"`
		} `json:"body"`
	}
	body.Subject, body.Type = m.Text("on"), "FeedItem"
	body.Body.Segments = []segment{{Type: "Text", Text: m.Text("text")}}
	for _, id := range m.Texts("mention") {
		body.Body.Segments = append(body.Body.Segments, segment{Type: "Text", Text: " "}, segment{Type: "Mention", ID: id})
	}
	var out struct {
		ID string `json:"id"`
	}
	a, err := c.http.JSON(ctx, httpx.Request{Method: http.MethodPost, Path: c.path("/chatter/feed-elements"), Body: body}, &out)
	if err != nil {
		return connectors.Receipt{}, postError(err)
	}
	if out.ID == "" {
		return connectors.Receipt{}, c.http.Unreadable(a, false, fmt.Errorf("it has no id"))
	}
	return connectors.Receipt{ID: out.ID}, nil
}

func checkPost(m connectors.Message) error {
	if err := m.Validate(sending()); err != nil {
		return err
	}
	wrong := func(name, format string, args ...any) error {
		return &connectors.Error{Class: connectors.Reject, Code: "wrong_message", Message: name + " " + fmt.Sprintf(format, args...), Fields: []string{name}}
	}
	if on := m.Text("on"); !idForm.MatchString(on) {
		return wrong("on", "is %q, which is no id of Salesforce", on)
	}
	mentions := m.Texts("mention")
	if len(mentions) > mostMentions {
		return wrong("mention", "names %d people; %d are the most", len(mentions), mostMentions)
	}
	for _, id := range mentions {
		if !idForm.MatchString(id) {
			return wrong("mention", "holds %q, which is no id of Salesforce", id)
		}
	}
	return nil
}

// postError tells apart what the Chatter part of the API says in its own way: a record that is not there is its
// message's fault, and the limit of posts an hour is a 503.
func postError(err error) error {
	e := connectors.AsError(err)
	switch {
	case e.Code == "NOT_FOUND", e.Code == "INVALID_ID_FIELD", e.Code == "MALFORMED_ID", e.Code == "ENTITY_IS_DELETED", e.Code == "INVALID_CROSS_REFERENCE_KEY":
		e.Class, e.Hint = connectors.Reject, "on or mention names a record that is not there, or that the user of the connection does not see"
	case e.Code == "REQUEST_LIMIT_EXCEEDED" && e.RetryAfter == 0:
		e.RetryAfter = 10 * time.Minute
	case e.Code == "POST_BODY_EMPTY", e.Code == "INVALID_MESSAGE_SEGMENT":
		e.Class = connectors.Reject
	case e.Code == "FUNCTIONALITY_NOT_ENABLED", e.Code == "CONNECT_API_DISABLED":
		e.Class, e.Hint = connectors.Permanent, "switch Chatter on in Setup, and see that the user of the connection has the permission Chatter"
	}
	return e
}

// Trace looks for the post in the record's feed. Posts carry no key: one of ours on this record with this text,
// made since the message was first tried, is taken to be it.
func (c *conn) Trace(ctx context.Context, m connectors.Message, since time.Time) (connectors.Receipt, bool, error) {
	if err := checkPost(m); err != nil {
		return connectors.Receipt{}, false, err
	}
	me, err := c.userID(ctx)
	if err != nil {
		return connectors.Receipt{}, false, err
	}
	q := fmt.Sprintf("SELECT Id,Body FROM FeedItem WHERE ParentId = '%s' AND CreatedById = '%s' AND CreatedDate >= %s ORDER BY CreatedDate LIMIT 2000",
		m.Text("on"), me, since.Add(c.serverNow().Sub(c.now())-postClock).UTC().Format("2006-01-02T15:04:05Z"))
	var out struct {
		Done    bool `json:"done"`
		Records []struct {
			ID   string `json:"Id"`
			Body string `json:"Body"`
		} `json:"records"`
	}
	if _, err := c.http.JSON(ctx, httpx.Request{Path: c.path("/query"), Query: map[string][]string{"q": {q}}}, &out); err != nil {
		return connectors.Receipt{}, false, err
	}
	want := plainPost(m.Text("text"))
	for _, r := range out.Records {
		// Mentions follow the text, as names that we do not know.
		got := plainPost(r.Body)
		if got == want || len(m.Texts("mention")) > 0 && strings.HasPrefix(got, want+" @") {
			return connectors.Receipt{ID: r.ID}, true, nil
		}
	}
	return connectors.Receipt{}, false, nil
}

var postSpace = regexp.MustCompile(`\s+`)

// plainPost is a post as it compares: what is stored may have other line breaks, and is HTML where it was made rich.
func plainPost(s string) string {
	s = strings.NewReplacer("<p>", " ", "</p>", " ", "<br>", " ", "&lt;", "<", "&gt;", ">", "&quot;", `"`, "&#39;", "'", "&amp;", "&").Replace(s)
	return strings.TrimSpace(postSpace.ReplaceAllString(s, " "))
}

// userID is the id of the user that we are.
func (c *conn) userID(ctx context.Context) (string, error) {
	var who struct {
		UserID string `json:"user_id"`
	}
	a, err := c.http.JSON(ctx, httpx.Request{Path: "/services/oauth2/userinfo"}, &who)
	if err != nil {
		return "", err
	}
	if !idForm.MatchString(who.UserID) {
		return "", c.http.Unreadable(a, true, fmt.Errorf("it has no user_id"))
	}
	return who.UserID, nil
}
