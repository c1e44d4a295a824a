package sandbox

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/smtp"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/syncline/syncline/connectors/sandbox/slack"
	"github.com/syncline/syncline/connectors/sandbox/world"
)

// start starts a sandbox and gives its environment.
func start(t *testing.T, o Options) (*Sandbox, map[string]string) {
	t.Helper()
	box, err := Start(context.Background(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = box.Close() })
	env := map[string]string{}
	for _, line := range box.Env() {
		name, value, ok := strings.Cut(line, "=")
		if !ok || name == "" || value == "" || strings.ContainsAny(line, "\n ") {
			t.Errorf("%q is not NAME=VALUE", line)
		}
		env[name] = value
	}
	return box, env
}

func send(t *testing.T, method, url, token, body string) (int, string) {
	t.Helper()
	req, err := http.NewRequest(method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, err.Error()
	}
	defer res.Body.Close()
	data, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, string(data)
}

func login(t *testing.T, env map[string]string) string {
	t.Helper()
	form := url.Values{"grant_type": {"client_credentials"}, "client_id": {env["SALESFORCE_CLIENT_ID"]}, "client_secret": {env["SALESFORCE_CLIENT_SECRET"]}}
	res, err := http.PostForm(env["SALESFORCE_URL"]+"/services/oauth2/token", form)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	var answer struct {
		Token string `json:"access_token"`
		URL   string `json:"instance_url"`
	}
	if err := json.NewDecoder(res.Body).Decode(&answer); err != nil || answer.Token == "" || answer.URL != env["SALESFORCE_URL"] {
		t.Fatalf("login: %v %+v", err, answer)
	}
	return answer.Token
}

func TestSameSeedSameData(t *testing.T) {
	noon := func() time.Time { return time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC) }
	_, a := start(t, Options{Companies: 30, Now: noon})
	_, b := start(t, Options{Companies: 30, Now: noon, Seed: 1})
	_, c := start(t, Options{Companies: 30, Now: noon, Seed: 2})
	for system, object := range map[string]string{"SALESFORCE_URL": "Account", "GAINSIGHT_URL": "company"} {
		_, first := send(t, "GET", a[system]+"/_sandbox/records/"+object, "", "")
		_, second := send(t, "GET", b[system]+"/_sandbox/records/"+object, "", "")
		_, other := send(t, "GET", c[system]+"/_sandbox/records/"+object, "", "")
		if len(first) < 1000 || first != second {
			t.Errorf("%s: two sandboxes of one seed differ", object)
		}
		if first == other {
			t.Errorf("%s: two seeds give the same data", object)
		}
	}
}

func TestControlEndpointsOfSalesforce(t *testing.T) {
	_, env := start(t, Options{Companies: 10})
	base := env["SALESFORCE_URL"]
	token := login(t, env)
	records := func(query string) []map[string]any {
		t.Helper()
		status, text := send(t, "GET", base+"/_sandbox/records/Account"+query, "", "")
		var got struct{ Records []map[string]any }
		if err := json.Unmarshal([]byte(text), &got); err != nil || status != 200 {
			t.Fatalf("%d %v %.300s", status, err, text)
		}
		return got.Records
	}
	acme := records("?Name=Acme+Corporation")
	if len(acme) != 1 {
		t.Fatalf("%d records of Acme Corporation", len(acme))
	}
	// A record that was read comes back whole, with one field changed that the integration user may not write.
	id := acme[0]["Id"].(string)
	acme[0]["Locked__c"] = "by a person"
	body, _ := json.Marshal(acme[0])
	if status, text := send(t, "POST", base+"/_sandbox/records/Account", "", string(body)); status != 200 || !strings.Contains(text, "by a person") {
		t.Fatalf("%d %s", status, text)
	}
	after := records("?Id=" + id)[0]
	if after["Locked__c"] != "by a person" || after["SystemModstamp"] == acme[0]["SystemModstamp"] {
		t.Errorf("Locked__c %v, SystemModstamp %v before %v", after["Locked__c"], after["SystemModstamp"], acme[0]["SystemModstamp"])
	}
	for _, bad := range []string{`{"Id":"0015g0000zzzzzz","Name":"x"}`, `[{"Name":"ok"},{"Name":"x","Risk_Tier__c":"Pink"}]`, `{"Nope":1}`} {
		if status, text := send(t, "POST", base+"/_sandbox/records/Account", "", bad); status != 400 || !strings.Contains(text, "error") {
			t.Errorf("%s: %d %s", bad, status, text)
		}
	}
	if len(records("?Name=ok")) != 0 {
		t.Error("a refused list left a record behind")
	}
	if status, _ := send(t, "DELETE", base+"/_sandbox/records/Account/"+id, "", ""); status != 200 || len(records("?Id="+id)) != 0 {
		t.Errorf("delete: %d", status)
	}
	if status, _ := send(t, "GET", base+"/services/data/v60.0/limits", token, ""); status != 200 {
		t.Errorf("limits: %d", status)
	}
	if status, _ := send(t, "POST", base+"/_sandbox/reset", "", ""); status != 200 || len(records("?Id="+id)) != 1 {
		t.Errorf("reset: %d", status)
	}
	if status, text := send(t, "GET", base+"/services/data/v60.0/limits", token, ""); status != 401 || !strings.Contains(text, "INVALID_SESSION_ID") {
		t.Errorf("a session after reset: %d %s", status, text)
	}
}

func TestFaultsOfSalesforce(t *testing.T) {
	file := filepath.Join(t.TempDir(), "faults.json")
	if err := os.WriteFile(file, []byte(`[{"match":{"path":"/limits"},"status":503}]`), 0o600); err != nil {
		t.Fatal(err)
	}
	_, env := start(t, Options{Companies: 5, Faults: file})
	base := env["SALESFORCE_URL"]
	token := login(t, env)
	arm := func(fault string) {
		if status, text := send(t, "POST", base+"/_sandbox/faults", "", fault); status != 200 {
			t.Fatalf("%s: %s", fault, text)
		}
	}
	data := base + "/services/data/v60.0/"
	if status, text := send(t, "GET", data+"limits", token, ""); status != 503 || !strings.Contains(text, "SERVER_UNAVAILABLE") {
		t.Errorf("the fault of the file: %d %s", status, text)
	}
	create := `{"records":[{"attributes":{"type":"Account"},"Name":"one"},{"attributes":{"type":"Account"},"Name":"two"}]}`
	arm(`{"match":{"path":"/composite/sobjects"},"error_code":"UNABLE_TO_LOCK_ROW"}`)
	if status, text := send(t, "POST", data+"composite/sobjects", token, create); status != 200 || strings.Count(text, "UNABLE_TO_LOCK_ROW") != 2 {
		t.Errorf("locked rows: %d %s", status, text)
	}
	arm(`{"match":{"path":"/composite/sobjects"},"drop_response":true}`)
	if status, text := send(t, "POST", data+"composite/sobjects", token, create); status != 0 {
		t.Errorf("a lost answer: %d %s", status, text)
	}
	if _, text := send(t, "GET", data+"query?q="+url.QueryEscape("SELECT COUNT() FROM Account WHERE Name IN ('one','two')"), token, ""); !strings.Contains(text, `"totalSize":2`) {
		t.Errorf("what was done without an answer: %s", text)
	}
	arm(`{"expire_session":true}`)
	if status, text := send(t, "GET", data+"limits", token, ""); status != 401 || !strings.Contains(text, "INVALID_SESSION_ID") {
		t.Errorf("expired: %d %s", status, text)
	}
	if status, _ := send(t, "GET", data+"limits", token, ""); status != 401 {
		t.Errorf("the session lives on: %d", status)
	}
	token = login(t, env)
	if status, _ := send(t, "GET", data+"limits", token, ""); status != 200 {
		t.Errorf("after a new login: %d", status)
	}
}

func TestOptions(t *testing.T) {
	for part, o := range map[string]Options{
		"not host:port":    {Addr: "localhost"},
		"is not a port":    {Addr: "127.0.0.1:http!"},
		"companies":        {Companies: -1},
		"negative":         {Latency: -time.Second},
		"no such file":     {Faults: "/does/not/exist"},
		"cannot listen":    {Addr: "192.0.2.1:0"},
		"not a describe":   {Describe: []string{"sandbox.go"}},
		"nothing.describe": {Describe: []string{"nothing.describe"}},
	} {
		if box, err := Start(context.Background(), o); err == nil || !strings.Contains(err.Error(), part) {
			if box != nil {
				_ = box.Close()
			}
			t.Errorf("%+v: %v, want %s", o, err, part)
		}
	}
	if addr, err := portAfter("127.0.0.1:8000", 2); err != nil || addr != "127.0.0.1:8002" {
		t.Errorf("%s %v", addr, err)
	}
}

func TestMessagesOfAllSystems(t *testing.T) {
	box, env := start(t, Options{Companies: 3})
	if len(box.URLs()) != len(simulations()) {
		t.Errorf("%d systems", len(box.URLs()))
	}
	records := func(base, object string) string {
		t.Helper()
		status, text := send(t, "GET", base+"/_sandbox/records/"+object, "", "")
		if status != 200 {
			t.Fatalf("%d %s", status, text)
		}
		return text
	}
	slack := strings.TrimSuffix(env["SLACK_URL"], "/api")
	for token, want := range map[string]string{"": "not_authed", "xoxb-wrong": "invalid_auth", env["SLACK_TOKEN"]: "no_text"} {
		if status, text := send(t, "POST", env["SLACK_URL"]+"/chat.postMessage?channel=general", token, ""); status != 200 || !strings.Contains(text, want) {
			t.Errorf("%q: %d %s, want %s", token, status, text, want)
		}
	}
	if status, text := send(t, "POST", env["SLACK_URL"]+"/chat.postMessage?channel=%23general&text=over+the+query", env["SLACK_TOKEN"], ""); status != 200 || !strings.Contains(text, `"ok":true`) {
		t.Errorf("%d %s", status, text)
	}
	if status, text := send(t, "POST", env["SLACK_WEBHOOK_URL"], "", `{"text":"over the hook"}`); status != 200 || text != "ok" {
		t.Errorf("%d %s", status, text)
	}
	if status, text := send(t, "POST", env["SLACK_WEBHOOK_URL"]+"x", "", `{"text":"lost"}`); status != 404 || text != "no_service" {
		t.Errorf("%d %s", status, text)
	}
	if err := smtp.SendMail(env["SMTP_ADDR"], nil, env["SMTP_FROM"], []string{"ann@acme.example"}, []byte("Subject: over the wire\r\n\r\nhello\r\n")); err != nil {
		t.Error(err)
	}
	if status, _ := send(t, "POST", env["SINK_URL"]+"/any/path", "", "over http"); status != 200 {
		t.Errorf("sink: %d", status)
	}
	for _, x := range []struct{ base, object, want string }{
		{slack, "messages", "over the query"}, {slack, "messages", "over the hook"}, {slack, "users", "@"}, {slack, "channels", "renewals"},
		{env["SMTP_CONTROL_URL"], "mails", "over the wire"}, {env["SINK_URL"], "requests", "over http"},
	} {
		if text := records(x.base, x.object); !strings.Contains(text, x.want) {
			t.Errorf("%s: %s, want %s", x.object, text, x.want)
		}
	}
	for _, base := range []string{slack, env["SMTP_CONTROL_URL"], env["SINK_URL"]} {
		if status, text := send(t, "POST", base+"/_sandbox/reset", "", ""); status != 200 {
			t.Errorf("reset: %d %s", status, text)
		}
	}
	for base, object := range map[string]string{slack: "messages", env["SMTP_CONTROL_URL"]: "mails", env["SINK_URL"]: "requests"} {
		if text := records(base, object); strings.Contains(text, "over") {
			t.Errorf("after a reset: %s", text)
		}
	}
}

// Each system names its objects, so that nobody has to guess them.
func TestObjectsAreNamed(t *testing.T) {
	_, env := start(t, Options{Companies: 3})
	for base, want := range map[string]string{
		strings.TrimSuffix(env["SLACK_URL"], "/api"): "messages", env["SMTP_CONTROL_URL"]: "mails", env["SINK_URL"]: "requests",
		env["SALESFORCE_URL"]: "Account", env["GAINSIGHT_URL"]: "company",
	} {
		status, text := send(t, "GET", base+"/_sandbox/records", "", "")
		var answer struct{ Objects []string }
		if err := json.Unmarshal([]byte(text), &answer); err != nil || status != 200 || !slices.Contains(answer.Objects, want) || !slices.IsSorted(answer.Objects) {
			t.Errorf("%d %s, want %s among the objects", status, text, want)
		}
		for _, object := range answer.Objects {
			if status, text := send(t, "GET", base+"/_sandbox/records/"+object, "", ""); status != 200 {
				t.Errorf("%s: %d %s", object, status, text)
			}
		}
		if status, text := send(t, "GET", base+"/_sandbox/records/nonsense", "", ""); status != 404 || !strings.Contains(text, want) {
			t.Errorf("an unknown object: %d %s, want %s named", status, text, want)
		}
	}
}

func TestPaceOfSlackIsKept(t *testing.T) {
	s := slack.New(slack.Options{World: world.New(1, 1, time.Now()), Burst: 2, Now: func() time.Time { return time.Unix(1767225600, 0) }})
	for i, want := range []int{200, 200, 429} {
		r := httptest.NewRequest("POST", "/api/chat.postMessage?channel=general&text=x", nil)
		for _, line := range slack.Env("") {
			if token, ok := strings.CutPrefix(line, "SLACK_TOKEN="); ok {
				r.Header.Set("Authorization", "Bearer "+token)
			}
		}
		w := httptest.NewRecorder()
		s.ServeHTTP(w, r)
		if w.Code != want || (want == 429) != (w.Header().Get("Retry-After") != "") {
			t.Errorf("message %d: %d %v", i, w.Code, w.Header())
		}
	}
}
