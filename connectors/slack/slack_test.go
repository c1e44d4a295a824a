package slack

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/syncline/syncline/connectors"
	"github.com/syncline/syncline/connectors/connectortest"
	"github.com/syncline/syncline/connectors/sandbox/harness"
	sandbox "github.com/syncline/syncline/connectors/sandbox/slack"
	"github.com/syncline/syncline/connectors/sandbox/world"
	"github.com/syncline/syncline/lang/value"
)

// workspace starts a simulated workspace and gives its address and the settings of a connection.
func workspace(t *testing.T, burst int) (connectortest.Control, map[string]string) {
	t.Helper()
	ln, err := harness.Listen(t.Context(), "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := harness.Serve(ln, sandbox.New(sandbox.Options{World: world.New(1, 3, time.Now()), Burst: burst}), harness.Options{})
	t.Cleanup(func() { _ = server.Close() })
	env := map[string]string{}
	for _, line := range sandbox.Env(server.URL()) {
		name, v, _ := strings.Cut(line, "=")
		env[name] = v
	}
	return connectortest.Control(server.URL()), env
}

func settings(pairs ...string) connectors.Settings {
	s := connectors.Settings{"seconds_between_messages": value.Int(0)}
	for i := 0; i < len(pairs); i += 2 {
		s[pairs[i]] = value.Text(pairs[i+1])
	}
	return s
}

func message(i int, pairs ...string) connectors.Message {
	m := connectors.Message{Key: fmt.Sprintf("rule/ae/%04d", i), Arguments: map[string]value.Value{"text": value.Text(mark(i))}}
	for j := 0; j < len(pairs); j += 2 {
		m.Arguments[pairs[j]] = value.Text(pairs[j+1])
	}
	return m
}

func mark(i int) string { return fmt.Sprintf("*Acme* is at risk [%d]", i) }

func TestToken(t *testing.T) {
	connectortest.ExerciseSender(t, connectortest.SenderFactory{Type: Type(), Traces: true, Setup: func(t *testing.T) connectortest.SenderFixture {
		control, env := workspace(t, 0)
		return fixture(control, settings("url", env["SLACK_URL"], "token", env["SLACK_TOKEN"]), "/chat.postMessage", env["SLACK_TOKEN"],
			func(i int) connectors.Message { return message(i, "channel", "#renewals") })
	}})
}

func TestWebhook(t *testing.T) {
	connectortest.ExerciseSender(t, connectortest.SenderFactory{Type: Type(), NoID: true, Setup: func(t *testing.T) connectortest.SenderFixture {
		control, env := workspace(t, 0)
		url := env["SLACK_WEBHOOK_URL"]
		x := fixture(control, settings("webhook_url", url), "/services", url, func(i int) connectors.Message { return message(i) })
		x.Secrets = append(x.Secrets, hookSecrets(url[len(string(control)):])...)
		x.Play[connectortest.BadLogin] = func(t *testing.T) {
			control.Arm(t, `{"match":{"path":"/services"},"error_code":"no_service"}`)
		}
		x.Play[connectortest.Refused] = func(t *testing.T) {
			control.Arm(t, `{"match":{"path":"/services"},"error_code":"invalid_blocks"}`)
		}
		return x
	}})
}

func fixture(control connectortest.Control, s connectors.Settings, path, secret string, message func(int) connectors.Message) connectortest.SenderFixture {
	arm := func(fault string) func(*testing.T) {
		return func(t *testing.T) { control.Arm(t, fmt.Sprintf(`{"match":{"path":%q},%s}`, path, fault)) }
	}
	return connectortest.SenderFixture{
		Config: connectors.Config{Name: "ops", Settings: s}, Message: message, Mark: mark, Secrets: []string{secret},
		Arrived: func(t *testing.T) []string {
			var out []string
			for _, r := range control.Records(t, "messages") {
				out = append(out, r["text"].(string))
			}
			return out
		},
		Play: map[connectortest.Trouble]func(*testing.T){
			connectortest.Limited:     arm(`"error_code":"ratelimited","status":429,"retry_after":1`),
			connectortest.Unavailable: arm(`"status":503`),
			connectortest.LostAnswer:  arm(`"drop_response":true`),
			connectortest.BadLogin:    arm(`"expire_session":true`),
			connectortest.Refused:     arm(`"error_code":"restricted_action"`),
		},
	}
}

// connect opens a connection with the workspace's token.
func connect(t *testing.T, env map[string]string, more ...string) *conn {
	t.Helper()
	c, err := open(t.Context(), connectors.Config{Name: "ops", Settings: settings(append([]string{"url", env["SLACK_URL"], "token", env["SLACK_TOKEN"]}, more...)...)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c.(*conn)
}

func sendFails(t *testing.T, c *conn, m connectors.Message, class connectors.Class, part string) {
	t.Helper()
	_, err := c.Send(t.Context(), m)
	if e := connectors.AsError(err); e == nil || e.Class != class || !strings.Contains(e.Error(), part) {
		t.Errorf("%v, want class %s and %q", err, class, part)
	}
}

func TestDestinations(t *testing.T) {
	control, env := workspace(t, 0)
	control.Put(t, "users", `[{"email":"Ann@Acme.example","name":"Ann"},{"email":"gone@acme.example","deleted":true}]`)
	control.Put(t, "channels", `{"name":"hidden","is_private":true,"is_member":false}`)
	c := connect(t, env, "channel", "#general")
	send := func(i int, pairs ...string) connectors.Receipt {
		t.Helper()
		r, err := c.Send(t.Context(), message(i, pairs...))
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	send(0)
	first := send(1, "channel", "renewals")
	send(2, "to", "ann@acme.example")
	send(3, "to", "ANN@acme.example")
	send(4, "channel", first.Fields["Channel"].AsText(), "thread", first.ID)
	var got []string
	for _, r := range control.Records(t, "messages") {
		got = append(got, fmt.Sprintf("%s%s %v %s", r["channel_name"], r["to"], r["thread_ts"] == first.ID, r["key"]))
	}
	want := "general false rule/ae/0000|renewals false rule/ae/0001|ann@acme.example false rule/ae/0002|ann@acme.example false rule/ae/0003|renewals true rule/ae/0004"
	if strings.Join(got, "|") != want {
		t.Errorf("got  %s\nwant %s", strings.Join(got, "|"), want)
	}
	if n := strings.Count(strings.Join(control.Calls(t), " "), "lookupByEmail"); n != 1 {
		t.Errorf("%d look-ups of one address, want 1", n)
	}
	sendFails(t, c, message(9, "to", "nobody@acme.example"), connectors.Reject, "no person")
	sendFails(t, c, message(9, "to", "gone@acme.example"), connectors.Reject, "no person")
	sendFails(t, c, message(9, "channel", "#nowhere"), connectors.Reject, "/invite")
	sendFails(t, c, message(9, "channel", "#hidden"), connectors.Reject, "channel_not_found")
	sendFails(t, c, message(9, "channel", "old-project"), connectors.Reject, "archived")
	sendFails(t, c, message(9, "channel", "#alerts", "thread", "1.2"), connectors.Reject, "thread")
	sendFails(t, c, message(9, "channel", "#alerts", "to", "ann@acme.example"), connectors.Reject, "exclude")
	c.channel = ""
	sendFails(t, c, message(9), connectors.Reject, "neither channel nor to")
}

func TestTraceOfThreadsAndPeople(t *testing.T) {
	control, env := workspace(t, 0)
	control.Put(t, "users", `{"email":"ann@acme.example"}`)
	c := connect(t, env)
	since := time.Now()
	first, err := c.Send(t.Context(), message(0, "channel", "#alerts"))
	if err != nil {
		t.Fatal(err)
	}
	for i, m := range []connectors.Message{message(1, "channel", "#alerts", "thread", first.ID), message(2, "to", "ann@acme.example")} {
		if _, found, err := c.Trace(t.Context(), m, since); err != nil || found {
			t.Errorf("%d before: %v %v", i, found, err)
		}
		sent, err := c.Send(t.Context(), m)
		if err != nil {
			t.Fatal(err)
		}
		if r, found, err := c.Trace(t.Context(), m, since); err != nil || !found || r.ID != sent.ID || !value.Equal(r.Fields["Channel"], sent.Fields["Channel"]) {
			t.Errorf("%d after: %+v %v %v", i, r, found, err)
		}
	}
	// Beyond the first page of a busy channel.
	m := message(3, "channel", "#general")
	if _, err := c.Send(t.Context(), m); err != nil {
		t.Fatal(err)
	}
	noise := strings.TrimSuffix(strings.Repeat(`{"channel":"general","text":"hello"},`, 450), ",")
	control.Put(t, "messages", "["+noise+"]")
	if _, found, err := c.Trace(t.Context(), m, since); err != nil || !found {
		t.Errorf("in a busy channel: %v %v", found, err)
	}
	if _, found, err := c.Trace(t.Context(), m, time.Now().Add(time.Hour)); err != nil || found {
		t.Errorf("before since: %v %v", found, err)
	}
}

// Where Slack keeps metadata from us, not seeing the key says nothing: sending again could double the message.
func TestTraceThatCannotTell(t *testing.T) {
	control, env := workspace(t, 0)
	c := connect(t, env)
	control.Put(t, "messages", `{"channel":"alerts","text":"x","own":true}`)
	_, found, err := c.Trace(t.Context(), message(1, "channel", "#alerts"), time.Now())
	if e := connectors.AsError(err); found || e == nil || e.Class != connectors.Permanent || e.Code != "cannot_trace" {
		t.Errorf("%v %v", found, err)
	}
	control.Arm(t, `{"match":{"path":"history"},"error_code":"missing_scope"}`)
	if _, _, err := c.Trace(t.Context(), message(1, "channel", "#alerts"), time.Now()); connectors.AsError(err).Class != connectors.Permanent {
		t.Error(err)
	}
	hook, err := open(t.Context(), connectors.Config{Settings: settings("webhook_url", env["SLACK_WEBHOOK_URL"])})
	if err != nil {
		t.Fatal(err)
	}
	defer hook.Close()
	if _, _, err := hook.(*conn).Trace(t.Context(), message(1), time.Now()); connectors.AsError(err).Class != connectors.Permanent {
		t.Error(err)
	}
	if _, err := hook.(*conn).Send(t.Context(), message(1, "channel", "#alerts")); connectors.AsError(err).Class != connectors.Permanent {
		t.Error(err)
	}
}

func TestErrorsOfSlack(t *testing.T) {
	control, env := workspace(t, 0)
	c := connect(t, env)
	for code, want := range map[string]connectors.Class{
		"internal_error": connectors.InDoubt, "fatal_error": connectors.InDoubt, "not_in_channel": connectors.Reject, "missing_scope": connectors.Permanent,
		"invalid_auth": connectors.Auth, "service_unavailable": connectors.Retry, "message_limit_exceeded": connectors.Limit, "brand_new_error": connectors.Permanent,
	} {
		control.Arm(t, fmt.Sprintf(`{"match":{"path":"post"},"error_code":%q,"status":200}`, code))
		sendFails(t, c, message(1, "channel", "#"+strings.ReplaceAll(code, "_", "-")), want, code)
	}
	for status, want := range map[int]connectors.Class{500: connectors.InDoubt, 502: connectors.InDoubt, 503: connectors.Retry, 504: connectors.InDoubt} {
		control.Arm(t, fmt.Sprintf(`{"match":{"path":"post"},"status":%d}`, status))
		sendFails(t, c, message(1, "channel", "#alerts"), want, "")
	}
	if got := control.Records(t, "messages"); len(got) != 0 {
		t.Errorf("%v", got)
	}
}

// Messages to one channel keep the pace that Slack asks for, without a single 429; other channels do not wait.
func TestPace(t *testing.T) {
	control, env := workspace(t, 1)
	c := connect(t, env, "channel", "#alerts")
	slept := time.Duration(0)
	now := time.Now()
	c.turns.Every, c.turns.Now = time.Second, func() time.Time { return now }
	c.turns.Sleep = func(_ context.Context, d time.Duration) error { slept += d; return nil }
	if _, err := c.Send(t.Context(), message(0)); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Send(t.Context(), message(1, "channel", "#general")); err != nil || slept != 0 {
		t.Errorf("another channel waits %v, %v", slept, err)
	}
	// The fake sleep is none, so the workspace refuses, and the channel's next turn is put off.
	sendFails(t, c, message(2), connectors.Limit, "slow down")
	if slept != time.Second {
		t.Errorf("slept %v, want 1s", slept)
	}
	for range 100 {
		c.turns.Take(t.Context(), "#alerts")
	}
	sendFails(t, c, message(3), connectors.Limit, "the next turn")
	if got := control.Records(t, "messages"); len(got) != 2 {
		t.Errorf("%d messages", len(got))
	}
}

func TestCheck(t *testing.T) {
	_, env := workspace(t, 0)
	c := connect(t, env)
	r, err := c.Check(t.Context())
	if err != nil || r.User != "syncline" || !strings.Contains(r.Account, "Sandbox") || len(r.Notes) != 0 {
		t.Errorf("%+v %v", r, err)
	}
	wrong := connect(t, map[string]string{"SLACK_URL": env["SLACK_URL"], "SLACK_TOKEN": "xoxb-wrong-token"})
	if _, err := wrong.Check(t.Context()); connectors.AsError(err).Class != connectors.Auth || strings.Contains(err.Error(), "xoxb-wrong") {
		t.Error(err)
	}
}

func TestSettings(t *testing.T) {
	const hook = "https://hooks.slack.com/services/T000/B000/verysecretpart"
	for part, s := range map[string]connectors.Settings{
		"setting token":                    settings(),
		"not both":                         settings("token", "xoxb-1", "webhook_url", hook),
		"white space":                      settings("token", "xoxb 1"),
		"leave channel out":                settings("webhook_url", hook, "channel", "#x"),
		"not the address of a webhook":     settings("webhook_url", "verysecretpart"),
		"in the clear":                     settings("webhook_url", "http://hooks.slack.com/services/T0/B0/verysecretpart"),
		"setting webhook_url":              settings("webhook_url", "https://hooks.slack.com/services/verysecretpart?%zz"),
		"setting seconds_between_messages": {"token": value.Text("xoxb-1"), "seconds_between_messages": value.Int(-1)},
	} {
		_, err := open(t.Context(), connectors.Config{Settings: s})
		if err == nil || !strings.Contains(err.Error(), part) || strings.Contains(err.Error(), "verysecretpart") {
			t.Errorf("%v, want %q and no secret", err, part)
		}
	}
}

func TestMarkup(t *testing.T) {
	for in, want := range map[string]string{
		"plain":                        "plain",
		"A & B < C > D":                "A &amp; B &lt; C &gt; D",
		"&amp; &lt;":                   "&amp; &lt;",
		"<https://x.example/?a=1&b=2>": "<https://x.example/?a=1&b=2>",
		"<https://x.example|Acme>":     "<https://x.example|Acme>",
		"<@U012ABC> <#C012ABC|x>":      "<@U012ABC> <#C012ABC|x>",
		"<!channel> hi":                "&lt;!channel&gt; hi",
		"<!subteam^S012AB>":            "&lt;!subteam^S012AB&gt;",
		"<script>":                     "&lt;script&gt;",
		"<https://x.example":           "&lt;https://x.example",
		"<<!here>>":                    "&lt;&lt;!here&gt;&gt;",
	} {
		if got := markup(in, false); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
	if got := markup("<!channel> & <!here|x>", true); got != "<!channel> &amp; <!here|x>" {
		t.Errorf("with broadcasts: %q", got)
	}
}

func FuzzMarkup(f *testing.F) {
	f.Add("a <!channel> & <https://x|y>")
	f.Add("<@U1|<!here>>")
	f.Fuzz(func(t *testing.T, text string) {
		got := markup(text, false)
		if strings.Contains(got, "<!c") || strings.Contains(got, "<!h") || strings.Contains(got, "<!e") || strings.Contains(got, "<!s") {
			t.Errorf("%q calls a channel: %q", text, got)
		}
		if again := markup(got, false); again != got {
			t.Errorf("%q: %q, and then %q", text, got, again)
		}
	})
}
