package gainsight_test

import (
	"encoding/json"
	"io"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/syncline/syncline/connectors/sandbox/gainsight"
	"github.com/syncline/syncline/connectors/sandbox/world"
)

// api calls a tenant as a client does.
type api struct {
	*testing.T
	system  *gainsight.System
	headers map[string]string
}

func newAPI(t *testing.T, o gainsight.Options) *api {
	return &api{t, gainsight.New(world.New(1, 50, time.Now()), o), map[string]string{"accesskey": gainsight.AccessKey}}
}

// call gives the status and the answer as JSON.
func (a *api) call(method, path, body string) (int, map[string]any) {
	a.Helper()
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	for k, v := range a.headers {
		r.Header.Set(k, v)
	}
	w := httptest.NewRecorder()
	a.system.ServeHTTP(w, r)
	data, _ := io.ReadAll(w.Result().Body)
	var out map[string]any
	if err := json.Unmarshal(data, &out); err != nil {
		a.Fatalf("%s %s: %v: %s", method, path, err, data)
	}
	return w.Code, out
}

// get goes down a path of keys and indexes.
func get(v any, path ...any) any {
	for _, p := range path {
		switch p := p.(type) {
		case string:
			m, _ := v.(map[string]any)
			v = m[p]
		case int:
			list, _ := v.([]any)
			if p >= len(list) {
				return nil
			}
			v = list[p]
		}
	}
	return v
}

func TestCredentials(t *testing.T) {
	a := newAPI(t, gainsight.Options{})
	list := "/v1/meta/services/objects/list?po=company&em=false"
	for _, test := range []struct {
		headers map[string]string
		status  int
		code    any
	}{
		{map[string]string{"AccessKey": gainsight.AccessKey}, 200, nil}, {map[string]string{"authentication": gainsight.AccessKey}, 200, nil},
		{map[string]string{}, 401, "GS_APIG_2401"}, {map[string]string{"accesskey": "x"}, 401, "GS_APIG_2401"}, {map[string]string{"Authorization": "Bearer x"}, 401, "GS_APIG_2401"},
		{map[string]string{"accesskey": gainsight.AccessKey, "Authorization": "Bearer x"}, 400, "GSOBJ_1024"},
	} {
		a.headers = test.headers
		if status, out := a.call("GET", list, ""); status != test.status || out["errorCode"] != test.code {
			t.Errorf("%v: %d %v", test.headers, status, out["errorCode"])
		}
	}
	r := httptest.NewRequest("POST", "/v1/users/m2m/oauth/token", strings.NewReader("grant_type=client_credentials"))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.SetBasicAuth(gainsight.ClientID, gainsight.ClientSecret)
	w := httptest.NewRecorder()
	a.system.ServeHTTP(w, r)
	var token map[string]any
	_ = json.Unmarshal(w.Body.Bytes(), &token)
	a.headers = map[string]string{"Authorization": "Bearer " + token["access_token"].(string)}
	if status, _ := a.call("GET", list, ""); status != 200 || token["token_type"] != "Bearer" || token["expires_in"] != 86400.0 {
		t.Errorf("with a token: %d %v", status, token)
	}
}

func TestQueryRules(t *testing.T) {
	a := newAPI(t, gainsight.Options{})
	for _, test := range []struct{ body, want string }{
		{`{"select":[],"limit":1}`, "GSOBJ_1002"}, {`{"select":["Name"],"limit":5001}`, "GSOBJ_1002"}, {`{"select":["Nope"],"limit":1}`, "GSOBJ_1002"},
		{`{"select":["Name"],"where":{"conditions":[{"name":"Name","alias":"A","operator":"LIKE","value":["x"]}],"expression":"A"}}`, "GSOBJ_1002"},
		{`{"select":["Name"],"where":{"conditions":[{"name":"Name","alias":"A","operator":"EQ","value":"x"}],"expression":"A"}}`, "GSOBJ_1002"},
		{`{"select":["Name"],"where":{"conditions":[{"name":"Name","alias":"A","operator":"EQ","value":["x"]}],"expression":"A AND B"}}`, "GSOBJ_1002"},
		{`{"select":["Name"],"where":{"conditions":[{"name":"Name","alias":"A","operator":"EQ","value":["x"]}],"expression":"(A)"}}`, "GSOBJ_1002"},
		{`not json`, "GSOBJ_1002"},
	} {
		if status, out := a.call("POST", "/v1/data/objects/query/Company", test.body); status != 400 || out["errorCode"] != test.want || out["result"] != false {
			t.Errorf("%s: %d %v", test.body, status, out)
		}
	}
	_, out := a.call("POST", "/v1/data/objects/query/COMPANY", `{"select":["name","csm__gr.EMAIL","Stage"],"where":{"conditions":[{"name":"Stage","alias":"A","operator":"EQ","value":["Adoption"]},
	  {"name":"Csm","alias":"B","operator":"IS_NOT_NULL","value":[]}],"expression":"A AND B"},"limit":2,"offset":1}`)
	row := get(out, "data", "records", 0)
	if id, _ := get(row, "Stage").(string); len(id) != 36 || get(row, "name") == nil || !strings.Contains(get(row, "csm__gr.EMAIL").(string), "@") {
		t.Errorf("row: %v", row)
	}
	if status, out := a.call("POST", "/v1/data/objects/query/nothing", `{"select":["Name"]}`); status != 400 || out["title"] != "OBJECT_NOT_FOUND" {
		t.Errorf("unknown object: %d %v", status, out)
	}
}

func TestWriteRules(t *testing.T) {
	a := newAPI(t, gainsight.Options{})
	many := `{"records":[` + strings.Repeat(`{"Name":"x"},`, 50) + `{"Name":"x"}]}`
	for _, test := range []struct{ method, path, body, code string }{
		{"POST", "/v1/data/objects/Company", many, "GSOBJ_1002"}, {"POST", "/v1/data/objects/Company", `{"records":[{"Stage":"Adoption"}]}`, "GSOBJ_1007"},
		{"POST", "/v1/data/objects/Company", `{"records":[{"Name":"a","Stage":"xyz"}]}`, "GSOBJ_1012"}, {"POST", "/v1/data/objects/Company", `{"records":[{"Name":"a","Stage":"Kickoff"}]}`, "GSOBJ_1012"},
		{"POST", "/v1/data/objects/Company", `{"records":[{"Name":"a","RenewalDate":210318}]}`, "GSOBJ_1006"}, {"POST", "/v1/data/objects/Company", `{"records":[{"Name":"a","Last_QBR__gc":"soon"}]}`, "GSOBJ_1005"},
		{"POST", "/v1/data/objects/Company", `{"records":[{"Name":"` + strings.Repeat("é", 256) + `"}]}`, "GSOBJ_1001"}, {"POST", "/v1/data/objects/Company", `{"records":[{"Name":"a","Csm":"1P01X"}]}`, "GSOBJ_1004"},
		{"POST", "/v1/data/objects/Company", `{"records":[{"Name":"a","Arr":"much"}]}`, "GSOBJ_1008"}, {"POST", "/v1/data/objects/Company", `{"records":[{"Name":"a","ModifiedDate":1}]}`, "GSOBJ_1002"},
		{"PUT", "/v1/data/objects/Company?keys=Name,Arr,Gsid,Nps__gc", `{"records":[{"Name":"a"}]}`, "GSOBJ_1002"}, {"PUT", "/v1/data/objects/Company?keys=Stage", `{"records":[{"Stage":"a"}]}`, "GSOBJ_1002"},
		{"PUT", "/v1/data/objects/Company?keys=Name", `{"records":[{"Name":"nobody has this name"}]}`, "GSOBJ_1011"}, {"POST", "/v1/data/objects/gsuser", `{"records":[{"Name":"a"}]}`, "GSOBJ_1023"},
		{"DELETE", "/v1/data/objects/Company/1P02X", "", "GSOBJ_1011"}, {"GET", "/v1/ctas", "", "GSOBJ_1023"},
	} {
		if status, out := a.call(test.method, test.path, test.body); status != 400 || out["errorCode"] != test.code {
			t.Errorf("%s %s %.60s: %d %v %v", test.method, test.path, test.body, status, out["errorCode"], out["errorDesc"])
		}
	}
	// One bad record, and nothing is written.
	_, out := a.call("POST", "/v1/data/objects/Company", `{"records":[{"Name":"good one"},{"Name":"bad one","Arr":"x"}]}`)
	if get(out, "data", "errors", 1, 0, "errors", 0, "fieldName") != "Arr" || get(out, "data", "count") != 0.0 {
		t.Errorf("errors: %v", out)
	}
	_, out = a.call("POST", "/v1/data/objects/query/Company", `{"select":["Name"],"where":{"conditions":[{"name":"Name","alias":"A","operator":"EQ","value":["good one"]}],"expression":"A"}}`)
	if get(out, "data", "records", 0) != nil {
		t.Errorf("a refused write left %v", out)
	}
	_, out = a.call("POST", "/v1/data/objects/Company", `{"records":[{"Name":"Via email","CsmEmail":"integration@syncline-demo.example"}],
	  "lookups":{"Csm":{"fields":{"CsmEmail":"Email"},"lookupField":"Gsid","objectName":"gsuser","multiMatchOption":"FIRSTMATCH","onNoMatch":"ERROR"}}}`)
	if id, _ := get(out, "data", "records", 0, "Csm").(string); !strings.HasPrefix(id, "1P01") {
		t.Errorf("lookup: %v", out)
	}
}

func TestOtherAPIs(t *testing.T) {
	a := newAPI(t, gainsight.Options{})
	if _, out := a.call("POST", "/v2/cockpit/cta/list", `{"select":["Comments"],"pageSize":3,"pageNumber":1}`); get(out, "data", 0, "TypeId__gr.Name") == nil || get(out, "data", 3) != nil {
		t.Errorf("CTA list: %v", out)
	}
	for body, code := range map[string]string{`{"select":["zzz"]}`: "COCKPIT_5101", `{"select":["Name"],"pageSize":1001}`: "COCKPIT_5102"} {
		if _, out := a.call("POST", "/v2/cockpit/cta/list", body); out["errorCode"] != code {
			t.Errorf("%s: %v", body, out)
		}
	}
	entry := `{"records":[{"ContextName":"Company","TypeName":"Update","ExternalId":"src:1","Subject":"s","Notes":"n","Author":"integration@syncline-demo.example"}],
	  "lookups":{"AuthorId":{"fields":{"Author":"Email"},"lookupField":"Gsid","objectName":"GsUser","multiMatchOption":"FIRSTMATCH","onNoMatch":"ERROR"}}}`
	if _, out := a.call("POST", "/v1/ant/es/activity", entry); get(out, "data", "success", "src:1", 0, "activityId") == nil {
		t.Errorf("activity: %v", out)
	}
	if _, out := a.call("POST", "/v1/ant/es/activity", entry); get(out, "data", "failures", "src:1", 0, "errorCode") != "GS_TL_10_0207" {
		t.Errorf("the same activity again: %v", out)
	}
	_, out := a.call("POST", "/v1/data/objects/query/company", `{"select":["Gsid"],"limit":1}`)
	company := get(out, "data", "records", 0, "Gsid").(string)
	person := `{"Email":"a@x.example","Name":"A B","companies":[{"Company_ID":"` + company + `"}]}`
	_, first := a.call("PUT", "/v1/peoplemgmt/v1.0/people", person)
	_, second := a.call("PUT", "/v1.0/api/people", person)
	if id := get(first, "data", "Gsid"); id == nil || id != get(second, "data", "Gsid") {
		t.Errorf("person: %v, %v", first, second)
	}
	if _, out := a.call("POST", "/v1/users/services/list", `{"includeTotal":true,"limit":2,"page":0,"select":["Gsid","Email"]}`); get(out, "data", "data", 1, "Email") == nil || get(out, "data", "data", 2) != nil {
		t.Errorf("users: %v", out)
	}
	if _, out := a.call("POST", "/v2/successPlan/", `{"requests":[{"record":{"referenceId":"r","Name":"Plan","CompanyId":"`+company+`","SuccessPlanType":"ROI","status":"Draft"}}]}`); get(out, "data", "success", 0, "r") == nil {
		t.Errorf("success plan: %v", out)
	}
	if _, out := a.call("GET", "/v2/cockpit/admin/picklist/lite?category=CTA_STATUS,CTA_PRIORITY&et=COMPANY", ""); get(out, "data", "CTA_PRIORITY", 0, "Name") != "High" {
		t.Errorf("picklists: %v", out)
	}
	_, described := a.call("GET", "/v1/meta/services/objects/company/describe?ic=false&cl=0&idd=false&ihc=false&piec=false", "")
	for _, f := range get(described, "data", 0, "fields").([]any) {
		if get(f, "fieldName") != "Stage" {
			continue
		}
		id := get(f, "meta", "properties", "PICKLIST_CATEGORY_ID").(string)
		if _, out := a.call("GET", "/v1/meta/services/dropdowns/"+id, ""); get(out, "data", "childItems", 0, "name") != "Onboarding" {
			t.Errorf("dropdown: %v", out)
		}
	}
}

func TestDeterminismAndReset(t *testing.T) {
	a, b := newAPI(t, gainsight.Options{}), newAPI(t, gainsight.Options{})
	dump := func(x *api) string {
		out := ""
		for _, object := range []string{"company", "call_to_action", "cs_task", "person", "product_usage__gc"} {
			records, err := x.system.Records(object)
			if err != nil {
				t.Fatal(err)
			}
			for r := range records {
				line, _ := json.Marshal(r)
				out += string(line) + "\n"
			}
		}
		return out
	}
	before := dump(a)
	if before != dump(b) || len(before) < 10000 {
		t.Error("two tenants of one seed differ")
	}
	if !strings.Contains(before, `"Stage":"Adoption"`) {
		t.Error("picklists are not shown as labels")
	}
	if _, err := a.system.Put("company", []map[string]any{{"Name": "more", "Risk_Category__gc": "At Risk"}}); err != nil {
		t.Fatal(err)
	}
	if _, err := a.system.Put("company", []map[string]any{{"Name": "more", "Risk_Category__gc": "no such risk"}}); err == nil {
		t.Error("a label that is not there is taken")
	}
	if after := dump(a); after == before || !strings.Contains(after, `"Name":"more"`) {
		t.Error("a put record is not shown")
	}
	if err := a.system.Reset(); err != nil || dump(a) != before {
		t.Error("a reset does not bring back the start")
	}
}

func TestFixedWindowLimit(t *testing.T) {
	now := time.Date(2027, 1, 1, 0, 0, 59, 0, time.UTC)
	a := newAPI(t, gainsight.Options{PerMinute: 2, PerDay: 4, Now: func() time.Time { return now }})
	statuses := func(n int) (out []int) {
		for range n {
			status, _ := a.call("GET", "/v1/meta/services/objects/list", "")
			out = append(out, status)
		}
		return out
	}
	if got := statuses(3); got[1] != 200 || got[2] != 429 {
		t.Errorf("in the first minute: %v", got)
	}
	now = now.Add(time.Second) // the window is fixed: it does not slide
	if got := statuses(2); got[0] != 200 || got[1] != 200 {
		t.Errorf("in the second: %v", got)
	}
	now = now.Add(time.Minute)
	if got := statuses(1); got[0] != 429 {
		t.Errorf("beyond the day's limit: %v", got)
	}
}
