package salesforce

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/syncline/syncline/connectors"
	"github.com/syncline/syncline/lang/schema"
	"github.com/syncline/syncline/lang/value"
)

const (
	theSecret = "client-secret-3141"
	theToken  = "00D5g0000000001!AQ4.session-token"
)

// org is a scripted organisation. handle answers all but logins and describes.
type org struct {
	*httptest.Server
	handle   http.HandlerFunc
	describe map[string]string // object to its describe

	mu     sync.Mutex
	calls  []call
	logins int
	log    bytes.Buffer
	at     time.Time
}

// call is a request that came.
type call struct {
	method, path, query, body string
	header                    http.Header
}

// newOrg starts an organisation that knows Account and Owner's User.
func newOrg(t testing.TB, handle http.HandlerFunc) *org {
	t.Helper()
	account, err := os.ReadFile("testdata/Account.describe.json")
	if err != nil {
		t.Fatal(err)
	}
	o := &org{handle: handle, at: time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC), describe: map[string]string{
		"Account": string(account),
		"User":    describeOf("User", field("Id", "id"), field("Email", "email"), field("Name", "string"), field("IsActive", "boolean")),
		"Thing__c": describeOf("Thing__c", field("Id", "id"), field("Name", "string"), field("Key__c", "string", `"caseSensitive":true,"externalId":true,"idLookup":true,"unique":true`),
			field("Number__c", "double", `"precision":10,"scale":2`), field("Count__c", "int", `"digits":8`), field("Done__c", "boolean"), field("Day__c", "date"), field("At__c", "datetime"),
			field("Clock__c", "time"), field("Tags__c", "multipicklist"), field("Parent__c", "reference", `"referenceTo":["Thing__c"],"relationshipName":"Parent__r"`),
			field("OwnerId", "reference", `"referenceTo":["User"],"relationshipName":"Owner"`), field("Long__c", "textarea", `"filterable":false,"sortable":false,"length":32000`), field("SystemModstamp", "datetime")),
		"Plain__c": describeOf("Plain__c", field("Id", "id"), field("Name", "string")),
	}}
	o.Server = httptest.NewServer(http.HandlerFunc(o.serve))
	t.Cleanup(o.Close)
	return o
}

// describeOf makes a describe of fields.
func describeOf(name string, fields ...string) string {
	return fmt.Sprintf(`{"name":%q,"label":%q,"queryable":true,"createable":true,"updateable":true,"deletable":true,"fields":[%s]}`, name, name, strings.Join(fields, ","))
}

func field(name, kind string, more ...string) string {
	all := map[string]any{"name": name, "label": name, "type": kind, "length": map[string]int{"id": 18, "reference": 18}[kind], "nillable": true, "createable": true,
		"updateable": true, "filterable": true, "sortable": true}
	if kind == "string" {
		all["length"] = 255
	}
	for _, m := range more {
		_ = json.Unmarshal([]byte("{"+m+"}"), &all)
	}
	text, _ := json.Marshal(all)
	return string(text)
}

func (o *org) serve(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	r.Body = io.NopCloser(bytes.NewReader(body))
	o.mu.Lock()
	o.calls = append(o.calls, call{r.Method, r.URL.Path, r.URL.RawQuery, string(body), r.Header})
	o.mu.Unlock()
	w.Header().Set("Date", o.now().Format(http.TimeFormat))
	w.Header().Set("Content-Type", "application/json;charset=UTF-8")
	if r.URL.Path == tokenPath {
		o.mu.Lock()
		o.logins++
		o.mu.Unlock()
		fmt.Fprintf(w, `{"access_token":%q,"instance_url":%q,"token_type":"Bearer"}`, theToken, o.URL)
		return
	}
	name, isDescribe := strings.CutSuffix(strings.TrimPrefix(r.URL.Path, "/services/data/v67.0/sobjects/"), "/describe")
	if text := o.describe[name]; isDescribe && text != "" {
		w.Header().Set("Last-Modified", "Tue, 03 Mar 2026 10:00:00 GMT")
		fmt.Fprint(w, text)
		return
	}
	if o.handle == nil || isDescribe && o.describe != nil {
		w.WriteHeader(404)
		fmt.Fprint(w, `[{"errorCode":"NOT_FOUND","message":"The requested resource does not exist"}]`)
		return
	}
	o.handle(w, r)
}

func (o *org) now() time.Time {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.at
}

// sent are the calls so far whose path ends so.
func (o *org) sent(suffix string) []call {
	o.mu.Lock()
	defer o.mu.Unlock()
	var out []call
	for _, c := range o.calls {
		if strings.HasSuffix(c.path, suffix) {
			out = append(out, c)
		}
	}
	return out
}

// open connects to the organisation with client credentials and further settings.
func (o *org) open(t testing.TB, more connectors.Settings) *conn {
	t.Helper()
	s := connectors.Settings{"url": value.Text(o.URL), "client_id": value.Text("the-client"), "client_secret": value.Text(theSecret)}
	for k, v := range more {
		s[k] = v
	}
	c, err := open(t.Context(), connectors.Config{Name: "crm", Settings: s, Now: o.now,
		Log: slog.New(slog.NewTextHandler(lockedLog{o}, &slog.HandlerOptions{Level: slog.LevelDebug}))})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c.(*conn)
}

type lockedLog struct{ o *org }

func (l lockedLog) Write(p []byte) (int, error) {
	l.o.mu.Lock()
	defer l.o.mu.Unlock()
	return l.o.log.Write(p)
}

// thing is the described Thing__c.
func (o *org) object(t *testing.T, c *conn, name string) *schema.Object {
	t.Helper()
	obj, err := c.object(t.Context(), name)
	if err != nil || obj == nil {
		t.Fatal(name, err)
	}
	return obj
}

// answer writes a status and body.
func answer(w http.ResponseWriter, status int, body string) {
	w.WriteHeader(status)
	fmt.Fprint(w, body)
}

func wantClass(t *testing.T, err error, class connectors.Class, parts ...string) *connectors.Error {
	t.Helper()
	if err == nil {
		t.Fatalf("no error, want one of class %s", class)
	}
	e := connectors.AsError(err)
	if e.Class != class {
		t.Errorf("class %s, want %s: %v", e.Class, class, e)
	}
	for _, p := range parts {
		if !strings.Contains(e.Error(), p) {
			t.Errorf("%q is not in %q", p, e.Error())
		}
	}
	return e
}

// id makes a record id of a number.
func id(n int) string { return value.LongID(fmt.Sprintf("a01000000%06d", n)) }

func textValue(s string) value.Value { return value.Text(s) }
