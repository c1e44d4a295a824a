package salesforce

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/syncline/syncline/connectors"
	"github.com/syncline/syncline/connectors/connectortest"
	"github.com/syncline/syncline/connectors/sandbox/harness"
	sandbox "github.com/syncline/syncline/connectors/sandbox/salesforce"
	"github.com/syncline/syncline/connectors/sandbox/world"
	"github.com/syncline/syncline/lang/value"
)

// feeds starts a simulated organisation and gives a connection's settings, a record and a user.
func feeds(t *testing.T) (control connectortest.Control, s connectors.Settings, account, user string) {
	t.Helper()
	ln, err := harness.Listen(t.Context(), "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	w := world.New(1, 3, time.Now())
	system, err := sandbox.New(sandbox.Options{World: w, URL: harness.URL(ln)})
	if err != nil {
		t.Fatal(err)
	}
	server := harness.Serve(ln, system, harness.Options{})
	t.Cleanup(func() { _ = server.Close() })
	env := map[string]string{}
	for _, line := range system.Env() {
		name, v, _ := strings.Cut(line, "=")
		env[name] = v
	}
	s = connectors.Settings{"url": value.Text(env["SALESFORCE_URL"]), "client_id": value.Text(env["SALESFORCE_CLIENT_ID"]),
		"client_secret": value.Text(env["SALESFORCE_CLIENT_SECRET"])}
	control = connectortest.Control(server.URL())
	return control, s, control.Records(t, "Account")[0]["Id"].(string), w.Users[1].SalesforceID
}

func postMark(i int) string { return fmt.Sprintf("Score fell to %d. <b>&", i) }

func postOn(account string, i int, mention ...string) connectors.Message {
	m := connectors.Message{Key: fmt.Sprintf("rule/post/%d", i), Arguments: map[string]value.Value{"on": value.Text(account), "text": value.Text(postMark(i))}}
	var list []value.Value
	for _, id := range mention {
		list = append(list, value.Text(id))
	}
	if list != nil {
		m.Arguments["mention"] = value.List(list)
	}
	return m
}

func TestPosts(t *testing.T) {
	connectortest.ExerciseSender(t, connectortest.SenderFactory{Type: Type(), Traces: true, Setup: func(t *testing.T) connectortest.SenderFixture {
		control, s, account, _ := feeds(t)
		arm := func(fault string) func(*testing.T) {
			return func(t *testing.T) { control.Arm(t, `{"match":{"path":"/chatter"},`+fault+`}`) }
		}
		return connectortest.SenderFixture{
			Config:  connectors.Config{Name: "crm", Settings: s},
			Message: func(i int) connectors.Message { return postOn(account, i) }, Mark: postMark, Secrets: []string{s.Text("client_secret")},
			Arrived: func(t *testing.T) []string {
				var out []string
				for _, r := range control.Records(t, "FeedItem") {
					out = append(out, r["Body"].(string))
				}
				return out
			},
			Play: map[connectortest.Trouble]func(*testing.T){
				connectortest.Limited:     arm(`"error_code":"REQUEST_LIMIT_EXCEEDED"`),
				connectortest.Unavailable: arm(`"status":503`),
				connectortest.LostAnswer:  arm(`"drop_response":true`),
				connectortest.Refused:     arm(`"error_code":"INVALID_ID_FIELD"`),
			},
		}
	}})
}

func TestMentions(t *testing.T) {
	control, s, account, user := feeds(t)
	c, err := open(t.Context(), connectors.Config{Name: "crm", Settings: s})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	sf := c.(*conn)
	since := time.Now()
	m := postOn(account, 1, user)
	r, err := sf.Send(t.Context(), m)
	if err != nil {
		t.Fatal(err)
	}
	got := control.Records(t, "FeedItem")
	if len(got) != 1 || got[0]["ParentId"] != account || !strings.HasPrefix(got[0]["Body"].(string), postMark(1)+" @") {
		t.Errorf("%v", got)
	}
	if found, ok, err := sf.Trace(t.Context(), m, since); err != nil || !ok || found.ID != r.ID {
		t.Errorf("%+v %v %v", found, ok, err)
	}
	// A post from before the message was tried is another one's, whatever its text.
	if _, ok, err := sf.Trace(t.Context(), m, since.Add(time.Minute)); err != nil || ok {
		t.Errorf("a post of before is taken for ours: %v %v", ok, err)
	}
	if _, ok, err := sf.Trace(t.Context(), postOn(account, 2), since); err != nil || ok {
		t.Errorf("another text: %v %v", ok, err)
	}
	for _, wrong := range []connectors.Message{postOn("x' OR Id != '", 1), postOn(account, 1, "@ann"), postOn("001000000000AAAAAA", 1),
		postOn(account, 1, strings.Split(strings.Repeat(user+" ", mostMentions+1), " ")[:mostMentions+1]...)} {
		if _, err := sf.Send(t.Context(), wrong); connectors.AsError(err).Class != connectors.Reject {
			t.Errorf("%v: %v", wrong.Arguments, err)
		}
	}
	if got := control.Records(t, "FeedItem"); len(got) != 1 {
		t.Errorf("%d posts", len(got))
	}
}
