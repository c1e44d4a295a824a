package salesforce

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/syncline/syncline/connectors"
	"github.com/syncline/syncline/lang/value"
)

func set(pairs ...any) []connectors.Field {
	var out []connectors.Field
	for i := 0; i < len(pairs); i += 2 {
		v, ok := pairs[i+1].(value.Value)
		if !ok {
			v = value.Text(pairs[i+1].(string))
		}
		out = append(out, connectors.Field{Name: pairs[i].(string), Value: v})
	}
	return out
}

// things is a write of records of Thing__c.
func (o *org) things(t *testing.T, c *conn, op connectors.Op, records ...connectors.Record) connectors.Write {
	w := connectors.Write{Object: o.object(t, c, "Thing__c"), Op: op, Records: records}
	if op == connectors.Upsert {
		w.Key = "Key__c"
	}
	return w
}

// saveAll answers a collections call with success for each record.
func saveAll(w http.ResponseWriter, r *http.Request) {
	var body struct{ Records []map[string]any }
	_ = json.NewDecoder(r.Body).Decode(&body)
	var out []string
	for i := range body.Records {
		out = append(out, fmt.Sprintf(`{"id":%q,"success":true,"errors":[]}`, id(i)))
	}
	answer(w, 200, "["+strings.Join(out, ",")+"]")
}

func TestWriteForms(t *testing.T) {
	o := newOrg(t, saveAll)
	c := o.open(t, nil)
	list := value.List([]value.Value{value.Text("A"), value.Text("B")})
	all := set("Name", "Zoë \"x\"\n\u2028<&>\x01", "Count__c", value.Int(7), "Number__c", value.Float(1e21), "Done__c", value.Bool(false), "Day__c", value.Date(2026, 1, 31),
		"At__c", micros("2026-01-31T18:19:19.5Z"), "Clock__c", "10:00:00", "Tags__c", list, "Parent__c", value.Null, "Unknown__c", value.Int(3), "Key__c", value.Int(5))
	for _, tc := range []struct {
		op           connectors.Op
		method, path string
		record       connectors.Record
		want         string
	}{
		{connectors.Create, "POST", "/composite/sobjects", connectors.Record{Fields: all},
			`{"attributes":{"type":"Thing__c"},"Name":"Zoë \"x\"\n` + "\u2028" + `<&>\u0001","Count__c":7,"Number__c":1000000000000000000000,"Done__c":false,"Day__c":"2026-01-31",` +
				`"At__c":"2026-01-31T18:19:19.500Z","Clock__c":"10:00:00.000Z","Tags__c":"A;B","Parent__c":null,"Unknown__c":3,"Key__c":"5"}`},
		{connectors.Update, "PATCH", "/composite/sobjects", connectors.Record{ID: id(1), Fields: set("Name", "", "Id", id(1), "Tags__c", value.List(nil))},
			`{"attributes":{"type":"Thing__c"},"Id":"` + id(1) + `","Name":null,"Tags__c":null}`},
		{connectors.Upsert, "PATCH", "/composite/sobjects/Thing__c/Key__c", connectors.Record{Fields: set("Key__c", "k", "Name", "n")},
			`{"attributes":{"type":"Thing__c"},"Key__c":"k","Name":"n"}`},
	} {
		results, err := c.Write(t.Context(), o.things(t, c, tc.op, tc.record))
		if err != nil || results[0].Err != nil {
			t.Fatal(err, results)
		}
		got := o.calls[len(o.calls)-1]
		if want := `{"allOrNone":false,"records":[` + tc.want + `]}`; got.body != want || got.method != tc.method || got.path != "/services/data/v67.0"+tc.path {
			t.Errorf("%s %s\n%s\nwant\n%s", got.method, got.path, got.body, want)
		}
		if !json.Valid([]byte(got.body)) || got.header.Get("Sforce-Call-Options") != "client=syncline" {
			t.Error("no JSON, or the call is not marked as ours", got.header)
		}
	}
}

func TestDeleteForm(t *testing.T) {
	o := newOrg(t, func(w http.ResponseWriter, r *http.Request) {
		answer(w, 200, `[{"id":"`+id(1)+`","success":true,"errors":[]},{"success":false,"errors":[{"statusCode":"ENTITY_IS_DELETED","message":"entity is deleted","fields":[]}]}]`)
	})
	c := o.open(t, nil)
	results, err := c.Write(t.Context(), o.things(t, c, connectors.Delete, connectors.Record{ID: id(1)}, connectors.Record{ID: id(2)}, connectors.Record{ID: "nonsense"}))
	if err != nil {
		t.Fatal(err)
	}
	got := o.calls[len(o.calls)-1]
	if got.method != "DELETE" || got.query != "allOrNone=false&ids="+id(1)+"%2C"+id(2) {
		t.Error(got.method, got.query)
	}
	if results[0].Err != nil || results[1].Err.Class != connectors.Gone || results[1].ID != id(2) || results[2].Err.Class != connectors.Gone {
		t.Errorf("%+v", results)
	}
}

func TestSettingsOfWrites(t *testing.T) {
	o := newOrg(t, saveAll)
	c := o.open(t, connectors.Settings{"client_name": value.Text("acme-sync"), "allow_duplicates": value.Bool(true), "assignment_rules": value.Bool(false)})
	if _, err := c.Write(t.Context(), o.things(t, c, connectors.Create, connectors.Record{Fields: set("Name", "n")})); err != nil {
		t.Fatal(err)
	}
	h := o.calls[len(o.calls)-1].header
	if h.Get("Sforce-Call-Options") != "client=acme-sync" || h.Get("Sforce-Duplicate-Rule-Header") != "allowSave=true" || h.Get("Sforce-Auto-Assign") != "FALSE" {
		t.Error(h)
	}
	if h := o.sent("/describe")[0].header; h.Get("Sforce-Call-Options") != "" {
		t.Error("a read is marked as a write")
	}
}

func TestOneFailureLeavesTheOthersAlone(t *testing.T) {
	o := newOrg(t, func(w http.ResponseWriter, r *http.Request) {
		answer(w, 200, `[{"id":"`+id(1)+`","success":true,"created":true,"errors":[]},
			{"success":false,"errors":[{"statusCode":"REQUIRED_FIELD_MISSING","message":"Required fields are missing: [LastName]","fields":["LastName"]}]},
			{"success":false,"created":false,"errors":[{"statusCode":"DUPLICATE_EXTERNAL_ID","message":"Key: more than one record found for external id field: [a, b]","fields":["Key__c"]}]},
			{"success":false,"errors":[{"statusCode":"UNABLE_TO_LOCK_ROW","message":"unable to obtain exclusive access","fields":[]}]},
			{"success":false,"errors":[{"statusCode":"UNABLE_TO_LOCK_ROW","message":"locked","fields":[]},{"statusCode":"STRING_TOO_LONG","message":"too long","fields":["Name"]}]},
			{"success":false}]`)
	})
	c := o.open(t, nil)
	var records []connectors.Record
	for i := range 6 {
		records = append(records, connectors.Record{Fields: set("Key__c", fmt.Sprint("k", i), "Name", "the name")})
	}
	bad := connectors.Record{Fields: set("Key__c", "k", "Tags__c", value.List([]value.Value{value.Text("a;b")}))}
	records = append(records[:2], append([]connectors.Record{bad, {Fields: set("Name", "without key")}}, records[2:]...)...)
	got, err := c.Write(t.Context(), o.things(t, c, connectors.Upsert, records...))
	if err != nil {
		t.Fatal(err)
	}
	if !got[0].Created || got[0].ID != id(1) || got[0].Err != nil {
		t.Errorf("%+v", got[0])
	}
	for i, want := range []string{1: "reject REQUIRED_FIELD_MISSING [LastName]", 2: "reject misfit [Tags__c]", 3: "reject MISSING_ARGUMENT [Key__c]", 4: "reject DUPLICATE_EXTERNAL_ID [Key__c]",
		5: "retry UNABLE_TO_LOCK_ROW []", 6: "reject STRING_TOO_LONG [Name]", 7: "reject  []"} {
		if want == "" {
			continue
		}
		e := got[i].Err
		if e == nil {
			t.Errorf("%d: no error", i)
			continue
		}
		if text := fmt.Sprintf("%s %s %v", e.Class, e.Code, e.Fields); text != want {
			t.Errorf("%d: %s, want %s", i, text, want)
		}
	}
	e := got[1].Err
	if !strings.Contains(e.Request, `"the name"`) || !strings.Contains(e.Answer, "Required fields are missing") || e.Hint == "" {
		t.Errorf("%+v", e)
	}
	if !strings.Contains(got[6].Err.Message, "too long; locked") {
		t.Error(got[6].Err.Message)
	}
}

func TestWriteInSeveralCalls(t *testing.T) {
	calls := 0
	o := newOrg(t, func(w http.ResponseWriter, r *http.Request) {
		if calls++; calls == 2 {
			conn, _, _ := w.(http.Hijacker).Hijack()
			conn.Close()
			return
		}
		saveAll(w, r)
	})
	c := o.open(t, nil)
	records := make([]connectors.Record, 450)
	for i := range records {
		records[i].Fields = set("Name", fmt.Sprint(i))
	}
	got, err := c.Write(t.Context(), o.things(t, c, connectors.Create, records...))
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range map[int]string{0: "", 199: "", 200: "in_doubt", 399: "in_doubt", 400: "retry", 449: "retry"} {
		class := ""
		if e := got[i].Err; e != nil {
			class = e.Class.String()
		}
		if class != want {
			t.Errorf("record %d: %q, want %q", i, class, want)
		}
	}
}

func TestLostAnswerIsInDoubt(t *testing.T) {
	for name, handle := range map[string]http.HandlerFunc{
		"reset": func(w http.ResponseWriter, r *http.Request) { conn, _, _ := w.(http.Hijacker).Hijack(); conn.Close() },
		"half": func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Length", "99")
			answer(w, 200, `[{"id"`)
		},
		"page": func(w http.ResponseWriter, r *http.Request) {
			answer(w, 200, `<html><title>Maintenance</title></html>`)
		},
		"count": func(w http.ResponseWriter, r *http.Request) { answer(w, 200, `[]`) },
		"502":   func(w http.ResponseWriter, r *http.Request) { answer(w, 502, `<html></html>`) },
		"broken": func(w http.ResponseWriter, r *http.Request) {
			answer(w, 500, `[{"errorCode":"UNKNOWN_EXCEPTION","message":"An unexpected error occurred"}]`)
		},
	} {
		t.Run(name, func(t *testing.T) {
			o := newOrg(t, handle)
			c := o.open(t, nil)
			w := o.things(t, c, connectors.Create, connectors.Record{Fields: set("Name", "n")})
			before := len(o.sent("/composite/sobjects"))
			_, err := c.Write(t.Context(), w)
			e := wantClass(t, err, connectors.InDoubt)
			if len(o.sent("/composite/sobjects")) != before+1 {
				t.Error("a write was repeated")
			}
			if !strings.Contains(e.Request, `"Name":"n"`) {
				t.Errorf("request %q", e.Request)
			}
		})
	}
}

func TestWriteThatWasNotSentIsRetry(t *testing.T) {
	o := newOrg(t, saveAll)
	c := o.open(t, nil)
	w := o.things(t, c, connectors.Create, connectors.Record{Fields: set("Name", "n")})
	o.Close()
	c.http.Close() // an idle connection that looks alive would take the request, and leave it in doubt
	_, err := c.Write(t.Context(), w)
	wantClass(t, err, connectors.Retry, "cannot reach")

	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := c.Write(ctx, w); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

func TestCallRefusedForOneRecordIsSplit(t *testing.T) {
	o := newOrg(t, func(w http.ResponseWriter, r *http.Request) {
		var body struct{ Records []map[string]any }
		_ = json.NewDecoder(r.Body).Decode(&body)
		var out []string
		for _, rec := range body.Records {
			if rec["Day__c"] == "someday" {
				answer(w, 400, `[{"errorCode":"JSON_PARSER_ERROR","message":"Cannot deserialize instance of date from VALUE_STRING value someday"}]`)
				return
			}
			out = append(out, `{"id":"`+id(len(out))+`","success":true,"errors":[]}`)
		}
		answer(w, 200, "["+strings.Join(out, ",")+"]")
	})
	c := o.open(t, nil)
	records := make([]connectors.Record, 10)
	for i := range records {
		records[i].Fields = set("Day__c", value.Date(2026, 1, 1))
	}
	records[3].Fields, records[8].Fields = set("Day__c", "someday"), set("Day__c", "someday")
	got, err := c.Write(t.Context(), o.things(t, c, connectors.Create, records...))
	if err != nil {
		t.Fatal(err)
	}
	for i, r := range got {
		if wrong := i == 3 || i == 8; wrong != (r.Err != nil) || wrong && r.Err.Class != connectors.Reject {
			t.Errorf("%d: %+v", i, r)
		}
	}
}

func TestCallThatIsTooLargeIsSplit(t *testing.T) {
	o := newOrg(t, func(w http.ResponseWriter, r *http.Request) {
		if r.ContentLength > 30_000 {
			answer(w, 413, "")
			return
		}
		saveAll(w, r)
	})
	c := o.open(t, nil)
	records := make([]connectors.Record, 8)
	for i := range records {
		records[i].Fields = set("Long__c", strings.Repeat("x", 10_000))
	}
	records[5].Fields = set("Long__c", strings.Repeat("x", 40_000))
	got, err := c.Write(t.Context(), o.things(t, c, connectors.Create, records...))
	if err != nil {
		t.Fatal(err)
	}
	for i, r := range got {
		if (i == 5) != (r.Err != nil) || i == 5 && r.Err.Class != connectors.Reject {
			t.Errorf("%d: %+v", i, r)
		}
	}
}

func TestErrorsOfCalls(t *testing.T) {
	for _, tc := range []struct {
		status int
		body   string
		class  connectors.Class
		text   string
	}{
		{400, `[{"errorCode":"INVALID_FIELD","message":"No such column 'X__c' on sobject of type Thing__c"}]`, connectors.Permanent, "schema diff"},
		{400, `[{"errorCode":"INVALID_FIELD_FOR_INSERT_UPDATE","message":"Unable to create/update fields: F","fields":["F"]}]`, connectors.Permanent, "may not write"},
		{403, `[{"errorCode":"REQUEST_LIMIT_EXCEEDED","message":"TotalRequests Limit exceeded."}]`, connectors.Limit, "24 hours"},
		{403, `[{"errorCode":"REQUEST_LIMIT_EXCEEDED","message":"ConcurrentRequests (Concurrent API Requests) Limit exceeded."}]`, connectors.Retry, "concurrent"},
		{403, `[{"errorCode":"API_DISABLED_FOR_ORG","message":"API is not enabled"}]`, connectors.Auth, "API Enabled"},
		{503, `[{"errorCode":"SERVER_UNAVAILABLE","message":"try later"}]`, connectors.Retry, "try later"},
		{503, ``, connectors.Retry, "503"},
		{404, `[{"errorCode":"NOT_FOUND","message":"Provided external ID field does not exist or is not accessible: Key__c"}]`, connectors.Permanent, "version of the API"},
		{401, `[{"errorCode":"INVALID_SESSION_ID","message":"This session is not valid for use with the REST API"}]`, connectors.Auth, ""},
		{414, ``, connectors.Permanent, "fewer fields"},
		{400, `[{"errorCode":"BRAND_NEW_CODE","message":"what is this"}]`, connectors.Permanent, "what is this"},
		{300, `["/services/data/v67.0/sobjects/T/a01A","/services/data/v67.0/sobjects/T/a01B"]`, connectors.Reject, "a01A, a01B"},
	} {
		o := newOrg(t, func(w http.ResponseWriter, r *http.Request) { answer(w, tc.status, tc.body) })
		c := o.open(t, nil)
		got, err := c.Write(t.Context(), o.things(t, c, connectors.Create, connectors.Record{Fields: set("Name", "n")}))
		if err == nil {
			err = got[0].Err
		}
		wantClass(t, err, tc.class, tc.text)
	}
}

func TestErrorsOfRecords(t *testing.T) {
	for _, tc := range []struct {
		code, message string
		fields        []string
		class         connectors.Class
	}{
		{"INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id", nil, connectors.Gone},
		{"INVALID_CROSS_REFERENCE_KEY", "Owner ID: owner cannot be blank", []string{"OwnerId"}, connectors.Reject},
		{"CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY", "MyTrigger: UNABLE_TO_LOCK_ROW, unable to obtain", nil, connectors.Retry},
		{"CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY", "MyTrigger: System.NullPointerException", nil, connectors.Reject},
		{"INVALID_FIELD", "Foreign key external ID: x not found for field Ext__c in entity Account", nil, connectors.Reject},
		{"INVALID_FIELD", "No such column", nil, connectors.Permanent},
		{"STORAGE_LIMIT_EXCEEDED", "storage limit exceeded", nil, connectors.Limit},
		{"", "no code at all", nil, connectors.Reject},
	} {
		e := toError(apiError{StatusCode: tc.code, Message: tc.message, Fields: tc.fields})
		if e.Class != tc.class {
			t.Errorf("%s %q: %s, want %s", tc.code, tc.message, e.Class, tc.class)
		}
	}
	if e := worst([]apiError{{StatusCode: "ENTITY_IS_DELETED"}}, connectors.Create); e.Class != connectors.Reject {
		t.Error("a record that is being created cannot be gone")
	}
}

func TestDayBudgetOfTheProject(t *testing.T) {
	o := newOrg(t, saveAll)
	c, err := open(t.Context(), connectors.Config{CallsPerDay: 2, Now: o.now, Settings: connectors.Settings{
		"url": value.Text(o.URL), "client_id": value.Text("x"), "client_secret": value.Text("yyyyy")}})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	w := o.things(t, c.(*conn), connectors.Create, connectors.Record{Fields: set("Name", "n")}) // describes: the first call
	if _, err := c.(*conn).Write(t.Context(), w); err != nil {
		t.Fatal(err)
	}
	_, err = c.(*conn).Write(t.Context(), w)
	if e := wantClass(t, err, connectors.Limit, "calls_per_day"); e.RetryAfter < 18*time.Hour {
		t.Error(e.RetryAfter)
	}
}

func TestReserveOfTheOrganisation(t *testing.T) {
	used := 94
	o := newOrg(t, func(w http.ResponseWriter, r *http.Request) {
		used++
		w.Header().Set("Sforce-Limit-Info", fmt.Sprintf("api-usage=%d/100; per-app-api-usage=17/250(appName=x)", used))
		answer(w, 200, `{"sobjects":[]}`)
	})
	c := o.open(t, nil)
	if _, err := c.Objects(t.Context()); err != nil {
		t.Fatal(err)
	}
	_, err := c.Objects(t.Context())
	e := wantClass(t, err, connectors.Limit, "95 of the organisation's 100 API calls", "reserve_percent")
	if e.RetryAfter != usageHolds || used != 95 {
		t.Error(e.RetryAfter, used)
	}
	o.mu.Lock()
	o.at = o.at.Add(usageHolds)
	o.mu.Unlock()
	used = 10
	for range 2 {
		if _, err := c.Objects(t.Context()); err != nil {
			t.Error("calls that came free are not used:", err)
		}
	}
	all := o.open(t, connectors.Settings{"reserve_percent": value.Int(0)})
	for used = 97; used < 100; {
		if _, err := all.Objects(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	_, err = all.Objects(t.Context())
	wantClass(t, err, connectors.Limit)
}

func TestUsageHeader(t *testing.T) {
	for text, want := range map[string]int64{"api-usage=25/5000": 25, "per-app-api-usage=1/2(appName=a); api-usage=7/9": 7, "per-app-api-usage=1/2(appName=a)": 0, "": 0, "api-usage=x/9": 0,
		"api-usage=99999999999999999999/9": 0} {
		u := usage{now: time.Now, mu: new(sync.Mutex)}
		u.observe(http.Header{"Sforce-Limit-Info": {text}})
		if u.used != want {
			t.Errorf("%q: %d", text, u.used)
		}
	}
}

func TestNoSecretInErrorsOfTheData(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == tokenPath {
			fmt.Fprintf(w, `{"access_token":%q}`, theToken)
			return
		}
		answer(w, 400, fmt.Sprintf(`[{"errorCode":"INVALID_FIELD","message":"you sent %s and %s"}]`, r.Header.Get("Authorization"), theSecret))
	}))
	defer server.Close()
	c, err := open(t.Context(), connectors.Config{Settings: connectors.Settings{"url": value.Text(server.URL), "client_id": value.Text("x"), "client_secret": value.Text(theSecret)}})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	_, err = c.Objects(t.Context())
	e := connectors.AsError(err)
	if all := fmt.Sprintf("%+v %v", *e, e); strings.Contains(all, theSecret) || strings.Contains(all, "session-token") {
		t.Error(all)
	}
}
