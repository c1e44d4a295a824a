package runtime

import (
	"context"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/syncline/syncline/connectors"
	"github.com/syncline/syncline/connectors/builtin"
	"github.com/syncline/syncline/connectors/sandbox"
	"github.com/syncline/syncline/runtime/server"
	"github.com/syncline/syncline/runtime/state"
)

// What alerts tell of stands in the status and among the metrics until it is over, told or not.
func TestOpenAlertsAreShown(t *testing.T) {
	p := newAlertPlant(t, opsAlert)
	shown := func() []server.Alert { return p.s.Status(context.Background()).Alerts }
	metric := func(want string) {
		t.Helper()
		if text := body(t, hooked(t, p.s)+"/metrics"); strings.Contains(text, `syncline_alerts_open{alert="ops",event="failed"}`) != (want != "") || !strings.Contains(text, want) {
			t.Fatalf("the metrics lack %s, or have it still", want)
		}
	}
	if got := shown(); got == nil || len(got) > 0 {
		t.Fatalf("before the first look: %v", got)
	}
	p.chat.answer = func() (bool, error) { return false, &connectors.Error{Class: connectors.Retry, Message: "503"} }
	p.ended(state.Failed, "it broke")
	p.look(time.Second)
	since := p.now
	got := shown()
	if len(got) != 1 || got[0].Alert != "alert.ops" || got[0].Event != "failed" || got[0].Rule != "sync.a" || !strings.Contains(got[0].What, "it broke") || got[0].Told != nil {
		t.Fatalf("%+v", got)
	}
	metric(`syncline_alerts_open{alert="ops",event="failed"} 1`)
	p.chat.answer = nil
	p.told("it broke", p.look(10*time.Minute))
	if got = shown(); got[0].Told == nil || !got[0].Told.Equal(since) {
		t.Fatalf("%+v", got)
	}
	// A restart shows it again once it has looked, and tells nobody.
	p.start()
	p.told("", p.look(time.Second))
	if got := shown(); len(got) != 1 || got[0].Told == nil {
		t.Fatalf("%+v", got)
	}
	p.ended(state.Succeeded, "")
	p.look(time.Second)
	if got := shown(); len(got) != 0 {
		t.Fatalf("it is over: %+v", got)
	}
	metric("")
}

// A run that waits for its guard is told with what lets it go, and over when a person decided.
func TestAWaitingRunIsTold(t *testing.T) {
	p := newAlertPlant(t, strings.Replace(opsAlert, `"failed", "dead", "stale", "reload"`, `"waiting"`, 1))
	run := state.Run{ID: "r-waits", Rule: "sync.a", Status: state.Waiting, WaitsFor: state.WaitGuard, Why: "7 creates are more than max_creates = 5",
		Started: p.now, Outbox: &state.Outbox{Changes: 7}}
	save := func() {
		if err := p.store.SaveRun(t.Context(), run); err != nil {
			t.Fatal(err)
		}
	}
	save()
	p.told("sync.a: waits for an approval: 7 creates are more than max_creates = 5; `syncline approve r-waits` lets it go", p.look(time.Second))
	p.told("", p.look(time.Hour))
	run.Status, run.WaitsFor, run.Why, run.Outbox = state.Succeeded, "", "", nil
	save()
	p.told("", p.look(time.Second))
	p.told("Over:\n• sync.a: waits for an approval, over after 1h", p.look(2*time.Minute))
	// One that waits for a system is no matter for an approval.
	run.ID, run.Status, run.WaitsFor = "r-system", state.Waiting, state.WaitRequirement
	save()
	p.told("", p.look(time.Hour))
}

// An alert goes out as mail and as a post in Chatter: the subject is the mail's, and the post's first line.
func TestAlertsByMailAndChatter(t *testing.T) {
	box, err := sandbox.Start(t.Context(), sandbox.Options{Companies: 5})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { box.Close() })
	env := map[string]string{}
	for _, line := range box.Env() {
		name, text, _ := strings.Cut(line, "=")
		env[name] = text
	}
	host, port, _ := strings.Cut(env["SMTP_ADDR"], ":")
	p := newAlertPlant(t, "")
	for name, text := range env {
		p.env.Store(name, text)
	}
	p.systems = builtin.Registry()
	p.write("told.sync.hcl", `
connection "smtp" "mail" {
  host = "`+host+`"
  port = `+port+`
  tls  = "none"
  from = "Syncline <sync@example.com>"
}
connection "salesforce" "sf" {
  url           = env("SALESFORCE_URL")
  client_id     = env("SALESFORCE_CLIENT_ID")
  client_secret = secret("SALESFORCE_CLIENT_SECRET")
}
alert "team" {
  events = ["failed"]
  via    = mail
  to     = text("ann@acme.example, ben@acme.example")
}
alert "chatter" {
  events = ["failed"]
  via    = sf
  on     = text("0015g000000000HAAQ")
}
`)
	p.start()
	if st := p.s.Status(context.Background()); !st.Reload.OK {
		t.Fatal(st.Reload.Error, st.Reload.Text)
	}
	p.ended(state.Failed, "connection crm: no such host")
	p.look(time.Second)
	records := func(base, object string) string {
		res, err := http.Get(base + "/_sandbox/records/" + object)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		text, err := io.ReadAll(res.Body)
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	for _, x := range []struct{ where, text, want string }{
		{"mails", records(env["SMTP_CONTROL_URL"], "mails"), "Syncline: sync.a: failed"},
		{"mails", records(env["SMTP_CONTROL_URL"], "mails"), "ben@acme.example"},
		{"mails", records(env["SMTP_CONTROL_URL"], "mails"), "sync.a: its run failed: connection crm: no such host"},
		{"feed", records(env["SALESFORCE_URL"], "FeedItem"), "Syncline: sync.a: failed\\nTrouble:"},
	} {
		if !strings.Contains(x.text, x.want) {
			t.Errorf("the %s lack %q: %s", x.where, x.want, x.text)
		}
	}
	for _, a := range p.s.Status(context.Background()).Alerts {
		if a.Told == nil {
			t.Errorf("%s was not told", a.Alert)
		}
	}
	mails := records(env["SMTP_CONTROL_URL"], "mails")
	p.look(time.Hour)
	if again := records(env["SMTP_CONTROL_URL"], "mails"); again != mails {
		t.Errorf("another mail was sent: %s", again)
	}
}
