package salesforce

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestValidation(t *testing.T) {
	c, ids, _ := fixture(t)
	long := strings.Repeat("é", 81)
	for _, x := range []struct{ object, body, code, message string }{
		{"Account", `{"Site":"x"}`, "REQUIRED_FIELD_MISSING", "Required fields are missing: [Name]"},
		{"Account", `{"Name":"   "}`, "REQUIRED_FIELD_MISSING", "[Name]"},
		{"Contact", `{"FirstName":"x"}`, "REQUIRED_FIELD_MISSING", "[LastName]"},
		{"Opportunity", `{}`, "REQUIRED_FIELD_MISSING", "[Name, StageName, CloseDate]"},
		{"Account", `{"Name":"x","Health_Summary__c":"` + long + `"}`, "STRING_TOO_LONG", "Health Summary: data value too large: é"},
		{"Account", `{"Name":"x","Risk_Tier__c":"Pink"}`, "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST", "bad value for restricted picklist field: Pink"},
		{"Account", `{"Name":"x","Health_Score__c":1000}`, "NUMBER_OUTSIDE_VALID_RANGE", "value outside of valid range"},
		{"Account", `{"Name":"x","Health_Score__c":"abc"}`, "JSON_PARSER_ERROR", "Cannot deserialize instance of double from VALUE_STRING value abc"},
		{"Account", `{"Name":"x","NumberOfEmployees":1.5}`, "JSON_PARSER_ERROR", "instance of int"},
		{"Account", `{"Name":"x","Health_Updated_At__c":"yesterday"}`, "JSON_PARSER_ERROR", "instance of datetime"},
		{"Opportunity", `{"Name":"x","StageName":"y","CloseDate":"31.01.2026"}`, "JSON_PARSER_ERROR", "instance of date"},
		{"Account", `{"Name":["x"]}`, "JSON_PARSER_ERROR", "START_ARRAY"},
		{"Account", `{"Name":"x"`, "JSON_PARSER_ERROR", "unexpected EOF"},
		{"Account", `[1]`, "JSON_PARSER_ERROR", "must be a JSON object"},
		{"Account", ``, "JSON_PARSER_ERROR", "no entity body"},
		{"Account", `{"Name":"x"} {}`, "JSON_PARSER_ERROR", "after the end"},
		{"Account", `{"Name":"x","Nope__c":1}`, "INVALID_FIELD", "No such column 'Nope__c' on sobject of type Account"},
		{"Account", `{"Name":"x","Locked__c":"y"}`, "INVALID_FIELD_FOR_INSERT_UPDATE", "Unable to create/update fields: Locked__c"},
		{"Account", `{"Name":"x","Legacy_Score__c":1}`, "INVALID_FIELD_FOR_INSERT_UPDATE", "Legacy_Score__c"},
		{"Account", `{"Name":"x","Id":"001"}`, "INVALID_FIELD_FOR_INSERT_UPDATE", "cannot specify Id"},
		{"Account", `{"Name":"x","Gainsight_GSID__c":"g1"}`, "DUPLICATE_VALUE", "Gainsight_GSID__c duplicates value on record with id: " + ids["A"][:15]},
		{"Account", `{"Name":"x","ParentId":"nope"}`, "MALFORMED_ID", "id value of incorrect type: nope"},
		{"Account", `{"Name":"x","ParentId":"0015g0000zzzzzz"}`, "INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id"},
		{"Account", `{"Name":"x","ParentId":"` + ids["K"] + `"}`, "FIELD_INTEGRITY_EXCEPTION", "id value of incorrect type"},
		{"Contact", `{"LastName":"x","Email":"badone"}`, "INVALID_EMAIL_ADDRESS", "Email: invalid email address: badone"},
		{"Contact", `{"LastName":"x","Account":{"Gainsight_GSID__c":"zz"}}`, "INVALID_FIELD", "Foreign key external ID: zz not found for field Gainsight_GSID__c in entity Account"},
		{"Case", `{"IsEscalated":null}`, "INVALID_TYPE_ON_FIELD_IN_RECORD", "value not of required type"},
		{"FeedItem", `{"ParentId":"` + ids["A"] + `"}`, "REQUIRED_FIELD_MISSING", "[Body]"},
	} {
		r := c.want(400, "POST", "sobjects/"+x.object, x.body)
		if r.str(0, "errorCode") != x.code || !strings.Contains(r.str(0, "message"), x.message) {
			t.Errorf("%s %s\n got %s\nwant %s %s", x.object, x.body, r.text, x.code, x.message)
		}
	}
	if n := c.query("SELECT COUNT() FROM Account").str("totalSize"); n != "5" {
		t.Errorf("%s accounts after records that were all refused, want 5", n)
	}
}

// TestStoredForms checks what a value is turned into.
func TestStoredForms(t *testing.T) {
	c, _, _ := fixture(t)
	body := map[string]any{"name": "  spaced\t", "Health_Score__c": "71.335", "NPS__c": -0.4, "Product_Engagement__c": 0.12345, "Site": "", "NumberOfEmployees": "7",
		"Health_Updated_At__c": "2026-03-01T12:00:00.999+02:00", "Industry": "energy", "Success_Plan_Status__c": "Done", "Account": nil}
	delete(body, "Account")
	id := c.want(201, "POST", "sobjects/account", body).str("id")
	r := c.want(200, "GET", "sobjects/Account/"+id[:15]+"?fields=Name,Health_Score__c,NPS__c,Product_Engagement__c,Site,NumberOfEmployees,Health_Updated_At__c,Industry,Success_Plan_Status__c", nil)
	want := `"Id":"` + id + `","Name":"spaced","Health_Score__c":71.34,"NPS__c":0.0,"Product_Engagement__c":0.1235,"Site":null,"NumberOfEmployees":7,` +
		`"Health_Updated_At__c":"2026-03-01T10:00:00.000+0000","Industry":"Energy","Success_Plan_Status__c":"Done"}`
	if !strings.HasSuffix(r.text, want) {
		t.Errorf("stored\n%s\nwant\n%s", r.text, want)
	}
}

func TestSingleRecords(t *testing.T) {
	c, ids, _ := fixture(t)
	c.now = c.now.Add(10 * time.Second)
	r := c.want(201, "POST", "sobjects/Account", `{"Name":"new"}`, `"success":true,"errors":[]`)
	if got := r.header.Get("Location"); got != "/services/data/v67.0/sobjects/Account/"+r.str("id") {
		t.Errorf("Location %q", got)
	}
	if got := r.header.Get("Sforce-Limit-Info"); !strings.HasPrefix(got, "api-usage=") {
		t.Errorf("Sforce-Limit-Info %q", got)
	}
	c.want(204, "PATCH", "sobjects/Account/"+ids["A"], `{"Site":"s"}`)
	c.want(200, "GET", "sobjects/Account/"+ids["A"], nil, `"Site":"s"`, `"SystemModstamp":"2026-11-21T15:04:15.000+0000"`, `"CreatedDate":"2026-11-21T15:04:05.000+0000"`)
	c.want(404, "GET", "sobjects/Account/0015g0000zzzzzz", nil, "The requested resource does not exist")
	c.want(404, "GET", "sobjects/Account/xyz", nil, "Provided external ID field does not exist or is not accessible: xyz")
	c.want(404, "GET", "sobjects/Nope/describe", nil, "NOT_FOUND")
	c.want(204, "DELETE", "sobjects/Account/"+ids["A"], nil)
	c.want(404, "DELETE", "sobjects/Account/"+ids["A"], nil, `"errorCode":"ENTITY_IS_DELETED"`)
	c.want(404, "PATCH", "sobjects/Account/"+ids["A"], `{"Site":"s"}`, `"errorCode":"ENTITY_IS_DELETED"`)
	// What hangs on an account goes with it; lookups through a deleted record are empty.
	if got := c.query("SELECT Id FROM Contact").str("totalSize"); got != "1" {
		t.Errorf("%s contacts after their account was deleted, want 1", got)
	}
	if got := c.do("GET", "queryAll?q="+escapeQuery("SELECT Id FROM Account WHERE IsDeleted = true"), nil).str("records", 0, "Id"); got != ids["A"] {
		t.Errorf("queryAll gave %s", got)
	}
	c.want(200, "POST", "composite/sobjects/Account", map[string]any{"ids": []string{ids["B"], ids["A"], "0015g0000zzzzzz"}, "fields": []string{"Name"}}, `"Name":"acme corp"},null,null]`)
	c.want(405, "PUT", "sobjects/Account/"+ids["B"], `{}`)
}

func TestUpsert(t *testing.T) {
	c, ids, _ := fixture(t)
	path := "sobjects/Account/Gainsight_GSID__c/"
	c.want(201, "PATCH", path+"k%2F1", `{"Name":"n"}`, `"created":true`)
	c.want(200, "PATCH", path+"K%2F1", `{"Site":"n"}`, `"created":false`)
	c.want(204, "PATCH", "/services/data/v45.0/"+path+"G1", `{"Site":"n"}`)
	c.want(400, "PATCH", path+"G9", `{"Name":"n","Gainsight_GSID__c":"G9"}`, "should not be specified")
	c.want(404, "PATCH", path+"G9?updateOnly=true", `{"Name":"n"}`, "NOT_FOUND")
	c.want(404, "PATCH", "sobjects/Account/Site/x", `{"Name":"n"}`, "Provided external ID field does not exist or is not accessible: Site")
	c.want(200, "GET", path+"g1", nil, ids["A"])
	c.want(204, "DELETE", path+"G2", nil)
	c.want(201, "POST", "sobjects/Account/Id", `{"Name":"n"}`, `"created":true`)
	// Email is a key on Contact without being unique.
	for range 2 {
		c.want(201, "POST", "sobjects/Contact", `{"LastName":"twin","Email":"twin@x.example"}`)
	}
	r := c.want(300, "PATCH", "sobjects/Contact/Email/TWIN@x.example", `{"Title":"t"}`)
	if list, _ := r.body.([]any); len(list) != 2 {
		t.Errorf("300 with %s", r.text)
	}
}

func collect(records ...map[string]any) map[string]any {
	return map[string]any{"allOrNone": false, "records": records}
}

func contact(fields map[string]any) map[string]any {
	fields["attributes"] = map[string]any{"type": "Contact"}
	return fields
}

func TestCollections(t *testing.T) {
	c, ids, _ := fixture(t)
	r := c.want(200, "POST", "composite/sobjects", collect(contact(map[string]any{"LastName": "a"}), contact(map[string]any{"FirstName": "b"}),
		map[string]any{"attributes": map[string]any{"type": "Account"}, "Name": "mixed"}))
	if r.get(0, "success") != true || r.get(1, "success") != false || r.str(1, "errors", 0, "statusCode") != "REQUIRED_FIELD_MISSING" || r.get(1, "id") != nil || !strings.HasPrefix(r.str(2, "id"), "001") {
		t.Errorf("create: %s", r.text)
	}
	body := collect(contact(map[string]any{"Id": ids["K"], "Title": "boss"}), contact(map[string]any{"id": ids["H"], "Email": "bad"}), contact(map[string]any{"Title": "x"}),
		contact(map[string]any{"Id": ids["A"], "Title": "x"}), contact(map[string]any{"Id": ids["T"], "Nope": 1}))
	r = c.want(200, "PATCH", "composite/sobjects", body)
	var codes []string
	for i := range 5 {
		codes = append(codes, r.str(i, "errors", 0, "statusCode"))
	}
	if got := strings.Join(codes, " "); got != " INVALID_EMAIL_ADDRESS MISSING_ARGUMENT MALFORMED_ID INVALID_FIELD" {
		t.Errorf("update: %s\n%s", got, r.text)
	}
	body["allOrNone"] = true
	body["records"].([]map[string]any)[0]["Title"] = "not written"
	r = c.want(200, "PATCH", "composite/sobjects", body)
	if r.str(0, "errors", 0, "statusCode") != "ALL_OR_NONE_OPERATION_ROLLED_BACK" {
		t.Errorf("allOrNone: %s", r.text)
	}
	if got := c.query("SELECT Title FROM Contact WHERE LastName = 'Knuth'").str("records", 0, "Title"); got != "boss" {
		t.Errorf("after a rollback Title is %q", got)
	}
	r = c.want(200, "PATCH", "composite/sobjects/Account/Gainsight_GSID__c", collect(account("G1", "u1"), account("G7", "u2"), account("", "u3")))
	if r.get(0, "created") != false || r.get(1, "created") != true || r.str(2, "errors", 0, "statusCode") != "MISSING_ARGUMENT" {
		t.Errorf("upsert: %s", r.text)
	}
	c.want(400, "POST", "composite/sobjects", collect(), "At least 1 record is required")
	c.want(400, "POST", "composite/sobjects", collect(make([]map[string]any, 201)...), "200 records")
	// A value that cannot be parsed fails the whole request, and nothing is written.
	before := c.query("SELECT COUNT() FROM Contact").str("totalSize")
	c.want(400, "POST", "composite/sobjects", collect(contact(map[string]any{"LastName": "a"}), contact(map[string]any{"LastName": "b", "NPS_Score__c": "x"})), "JSON_PARSER_ERROR")
	if after := c.query("SELECT COUNT() FROM Contact").str("totalSize"); after != before {
		t.Errorf("%s contacts, before %s", after, before)
	}
	r = c.want(200, "DELETE", "composite/sobjects?ids="+ids["K"]+","+ids["H"]+",zz", nil)
	if r.get(0, "success") != true || r.get(2, "success") != false {
		t.Errorf("delete: %s", r.text)
	}
}

func account(key, name string) map[string]any {
	return map[string]any{"attributes": map[string]any{"type": "Account"}, "Gainsight_GSID__c": key, "Name": name}
}

func TestComposite(t *testing.T) {
	c, ids, _ := fixture(t)
	call := func(method, path, ref, body string) string {
		if body == "" {
			body = "null"
		}
		return fmt.Sprintf(`{"method":%q,"url":"/services/data/v67.0/%s","referenceId":%q,"body":%s}`, method, path, ref, body)
	}
	send := func(all bool, calls ...string) reply {
		return c.want(200, "POST", "composite", fmt.Sprintf(`{"allOrNone":%v,"compositeRequest":[%s]}`, all, strings.Join(calls, ",")))
	}
	r := send(false, call("POST", "sobjects/Account", "a", `{"Name":"c \"1\""}`), call("GET", "sobjects/Account/@{a.id}?fields=Name", "g", ""),
		call("POST", "sobjects/Contact", "k", `{"LastName":"of @{g.Name}","AccountId":"@{a.id}"}`),
		call("GET", "query?q=SELECT+LastName+FROM+Contact+WHERE+AccountId='@{a.id}'", "q", ""),
		call("PATCH", "sobjects/Contact/@{k.id}", "p", `{"Title":"@{q.records[0].LastName}"}`), call("PATCH", "sobjects/Contact/@{k.Id}", "wrong", `{}`),
		call("GET", "sobjects/Account/describe", "d", ""))
	if got := c.query("SELECT Title FROM Contact WHERE LastName LIKE 'of c%'").str("records", 0, "Title"); got != `of c "1"` {
		t.Errorf("Title %q; %s", got, r.text)
	}
	if r.str("compositeResponse", 5, "body", 0, "errorCode") != "PROCESSING_HALTED" || r.str("compositeResponse", 4, "httpStatusCode") != "204" {
		t.Errorf("references: %s", r.text)
	}
	before := c.query("SELECT COUNT() FROM Account").str("totalSize")
	r = send(true, call("PATCH", "sobjects/Account/"+ids["A"], "u", `{"Site":"undone"}`), call("POST", "sobjects/Account", "a", `{"Name":"n"}`),
		call("POST", "sobjects/Account", "b", `{"Name":"n","Gainsight_GSID__c":"G1"}`), call("POST", "sobjects/Account", "z", `{"Name":"never"}`))
	if r.str("compositeResponse", 2, "body", 0, "errorCode") != "DUPLICATE_VALUE" || r.str("compositeResponse", 3, "body", 0, "errorCode") != "PROCESSING_HALTED" ||
		r.str("compositeResponse", 0, "httpStatusCode") != "400" {
		t.Errorf("allOrNone: %s", r.text)
	}
	if got := c.query("SELECT COUNT() FROM Account").str("totalSize"); got != before {
		t.Errorf("%s accounts after a rollback, before %s", got, before)
	}
	if got := c.query("SELECT Id FROM Account WHERE Site = 'undone'").str("totalSize"); got != "0" {
		t.Error("an update was not undone")
	}
	for body, part := range map[string]string{
		`{"compositeRequest":[]}`:                                                                                                "at least one",
		`{"compositeRequest":[` + call("GET", "limits", "", "") + `]}`:                                                           "referenceId",
		`{"compositeRequest":[` + call("GET", "limits", "a-b", "") + `]}`:                                                        "must start with a letter",
		`{"compositeRequest":[` + call("get", "limits", "a", "") + `]}`:                                                          "Invalid method",
		`{"compositeRequest":[` + strings.Repeat(call("GET", "limits", "a", "")+",", 25) + call("GET", "limits", "a", "") + `]}`: "25 subrequests",
		`{"compositeRequest":[` + call("GET", "limits", "a", "") + "," + call("GET", "limits", "a", "") + `]}`:                   "Duplicate referenceId",
	} {
		c.want(400, "POST", "composite", body, part)
	}
}

func TestBatchGraphTree(t *testing.T) {
	c, ids, _ := fixture(t)
	r := c.want(200, "POST", "composite/batch", `{"haltOnError":true,"batchRequests":[{"method":"PATCH","url":"v67.0/sobjects/Account/`+ids["A"]+`","richInput":{"Site":"b"}},
		{"method":"GET","url":"v67.0/sobjects/Nope/describe"},{"method":"GET","url":"v67.0/limits"}]}`)
	if r.get("hasErrors") != true || r.str("results", 0, "statusCode") != "204" || r.str("results", 2, "statusCode") != "412" {
		t.Errorf("batch: %s", r.text)
	}
	node := `{"method":"POST","url":"/services/data/v67.0/sobjects/Account","referenceId":"r","body":{"Name":%q}}`
	r = c.want(200, "POST", "composite/graph", `{"graphs":[{"graphId":"1","compositeRequest":[`+fmt.Sprintf(node, "g1")+`]},{"graphId":"2","compositeRequest":[`+fmt.Sprintf(node, "")+`]}]}`)
	if r.get("graphs", 0, "isSuccessful") != true || r.get("graphs", 1, "isSuccessful") != false {
		t.Errorf("graph: %s", r.text)
	}
	tree := `{"records":[{"attributes":{"type":"Account","referenceId":"a"},"Name":"tree","Contacts":{"records":[{"attributes":{"type":"Contact","referenceId":"k"},"LastName":"leaf"%s}]}}]}`
	c.want(201, "POST", "composite/tree/Account", fmt.Sprintf(tree, ""), `"hasErrors":false`, `"referenceId":"k"`)
	if got := c.query("SELECT Account.Name FROM Contact WHERE LastName = 'leaf'").str("records", 0, "Account", "Name"); got != "tree" {
		t.Errorf("the leaf hangs on %q", got)
	}
	c.want(400, "POST", "composite/tree/Account", fmt.Sprintf(tree, `,"Email":"bad"`), `"hasErrors":true`, "INVALID_EMAIL_ADDRESS")
	if got := c.query("SELECT Id FROM Account WHERE Name = 'tree'").str("totalSize"); got != "1" {
		t.Errorf("%s trees, want 1", got)
	}
}

func TestDescribe(t *testing.T) {
	c := newClient(t, 5, Options{})
	r := c.want(200, "GET", "sobjects", nil, `"maxBatchSize":200`, `"describe":"/services/data/v67.0/sobjects/Account/describe"`)
	etag, modified := c.want(200, "GET", "sobjects/Account/describe", nil).header.Get("ETag"), r.header.Get("Last-Modified")
	if etag == "" || modified == "" {
		t.Fatalf("ETag %q, Last-Modified %q", etag, modified)
	}
	c.header.Set("If-Modified-Since", modified)
	if r := c.want(304, "GET", "sobjects/Account/describe", nil); r.text != "" || r.header.Get("ETag") != etag {
		t.Errorf("304 with %q", r.text)
	}
	later := newClient(t, 5, Options{Now: func() time.Time { return testNow.AddDate(0, 1, 0) }})
	if again := later.want(200, "GET", "sobjects", nil).header.Get("Last-Modified"); again != modified {
		t.Errorf("the metadata of a sandbox that is started again is of %s, not %s", again, modified)
	}
	c.header.Set("If-Modified-Since", testNow.AddDate(0, 0, -1).Format(http.TimeFormat))
	for _, name := range []string{"Account", "Contact", "Opportunity", "Case", "Event", "Task", "User", "FeedItem"} {
		r := c.want(200, "GET", "sobjects/"+name+"/describe", nil)
		fields, _ := r.get("fields").([]any)
		if len(fields) < 10 || r.str("sobjectDescribeOption") != "FULL" && r.get("supportedScopes") == nil {
			t.Errorf("%s has %d fields", name, len(fields))
		}
		for _, f := range fields {
			if m := f.(map[string]any); len(m) < 50 {
				t.Errorf("%s.%v has only %d keys", name, m["name"], len(m))
			}
		}
	}
	c.want(200, "GET", "sobjects/Task/describe", nil, `"name":"Gainsight_CTA__c"`, `"relationshipName":"What"`)
}

func TestReplication(t *testing.T) {
	c, ids, _ := fixture(t)
	c.now = c.now.Add(time.Hour)
	c.want(204, "DELETE", "sobjects/Contact/"+ids["K"], nil)
	c.want(204, "PATCH", "sobjects/Contact/"+ids["H"], `{"Title":"x"}`)
	window := "/?start=2026-11-21T15:30:00%2B00:00&end=2026-11-21T17:00:00%2B00:00"
	r := c.want(200, "GET", "sobjects/Contact/updated"+window, nil)
	if list, _ := r.get("ids").([]any); len(list) != 1 || list[0] != ids["H"] {
		t.Errorf("updated: %s", r.text)
	}
	c.want(200, "GET", "sobjects/Contact/deleted"+window, nil, `"deletedRecords":[{"id":"`+ids["K"]+`","deletedDate":"2026-11-21T16:04:05.000+0000"}]`, "earliestDateAvailable")
	c.want(400, "GET", "sobjects/Contact/deleted/?start=2026-11-21T15:30:00Z&end=2026-11-21T15:30:10Z", nil, "INVALID_REPLICATION_DATE")
	c.want(400, "GET", "sobjects/Contact/updated/?start=2026-09-01T15:30:00Z&end=2026-11-21T15:30:10Z", nil, "INVALID_REPLICATION_DATE")
	c.want(200, "GET", "limits/recordCount?sObjects=Contact,Event", nil, `{"sObjects":[{"count":2,"name":"Contact"}]}`)
}

func TestPaging(t *testing.T) {
	c := newClient(t, 2000, Options{})
	c.header.Set("Sforce-Query-Options", "batchSize=200")
	r := c.query("SELECT Id FROM Account ORDER BY Name LIMIT 450")
	next := r.str("nextRecordsUrl")
	if r.str("totalSize") != "450" || r.get("done") != false || next == "" {
		t.Fatalf("first page: %.200s", r.text)
	}
	// A record that changes meanwhile stays where it was when the query ran.
	first := r.str("records", 0, "Id")
	c.want(204, "PATCH", "sobjects/Account/"+first, `{"Name":"zzz"}`)
	seen := map[string]bool{}
	for pages := 0; ; pages++ {
		list, _ := r.get("records").([]any)
		for _, rec := range list {
			seen[rec.(map[string]any)["Id"].(string)] = true
		}
		if r.get("done") == true {
			if pages != 2 || r.get("nextRecordsUrl") != nil {
				t.Errorf("%d pages, then %.100s", pages+1, r.text)
			}
			break
		}
		r = c.want(200, "GET", r.str("nextRecordsUrl"), nil)
	}
	if len(seen) != 450 {
		t.Errorf("%d records in all pages, want 450", len(seen))
	}
	c.want(200, "GET", next, nil, `"done":false`)
	c.want(400, "GET", "query/01gnope-200", nil, "INVALID_QUERY_LOCATOR")
	c.want(414, "GET", "query?q="+strings.Repeat("x", 17000), nil)
}

func TestSessionsAndLimits(t *testing.T) {
	c := newClient(t, 5, Options{SessionCalls: 2, DailyRequests: 5})
	c.want(200, "GET", "limits", nil, `"DailyApiRequests":{"Max":5,"Remaining":4}`)
	c.want(200, "GET", "limits", nil)
	c.want(401, "GET", "limits", nil, "Session expired or invalid")
	c.login()
	c.want(200, "GET", "limits", nil)
	c.want(200, "GET", "limits", nil)
	c.login()
	c.want(200, "GET", "limits", nil)
	c.want(403, "GET", "limits", nil, "REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded.")
	c.login()
	c.want(200, "GET", "/services/data", nil, `{"label":"Spring '26","url":"/services/data/v66.0","version":"66.0"}`)
	c.token = "wrong"
	c.want(401, "GET", "limits", nil, "INVALID_SESSION_ID")
}

func TestDescribeFiles(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	field := `{"name":"%s","type":"%s","createable":true,"updateable":true,"filterable":true,"nillable":true,"length":20,"restrictedPicklist":true,
		"picklistValues":[{"active":true,"value":"A","label":"A"},{"active":true,"value":"B","label":"B"}]}`
	good := write("thing.json", `{"name":"Thing__c","keyPrefix":"a0T","custom":true,"fields":[{"name":"Id","type":"id"},`+fmt.Sprintf(field, "Name", "string")+","+fmt.Sprintf(field, "Tags__c", "multipicklist")+`]}`)
	more := write("account.json", `{"name":"Account","keyPrefix":"001","fields":[`+fmt.Sprintf(field, "Extra__c", "string")+`]}`)
	c := newClient(t, 3, Options{Describe: []string{good, more}})
	c.want(201, "POST", "sobjects/Thing__c", `{"Name":"t","Tags__c":"B;A;B"}`)
	if got := c.query("SELECT Tags__c FROM Thing__c WHERE Tags__c INCLUDES ('A;B', 'C')").str("records", 0, "Tags__c"); got != "A;B" {
		t.Errorf("multi-picklist %q", got)
	}
	c.want(400, "POST", "sobjects/Thing__c", `{"Tags__c":"A;Z"}`, "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST")
	c.want(201, "POST", "sobjects/Account", `{"Name":"n","Extra__c":"x","Risk_Tier__c":"Red"}`)
	for text, part := range map[string]string{"": "not a describe", "[]": "not a describe", `{"fields":[]}`: "no \"name\"", `{"name":"X__c"}`: "no fields",
		`{"name":"X__c","fields":[{}]}`: "field 1", `{"name":"X__c","fields":[{"name":"a","type":"b"}]}`: "keyPrefix", `{"name":"X__c","keyPrefix":"001","fields":[{"name":"a","type":"b"}]}`: "same keyPrefix"} {
		if _, err := New(Options{World: c.s.options.World, Describe: []string{write("bad.json", text)}}); err == nil || !strings.Contains(err.Error(), part) {
			t.Errorf("%q: %v, want %s", text, err, part)
		}
	}
}

func TestActivities(t *testing.T) {
	c, ids, _ := fixture(t)
	c.want(201, "POST", "sobjects/FeedItem", map[string]any{"ParentId": ids["A"], "Body": "hello"})
	r := c.want(201, "POST", "chatter/feed-elements", map[string]any{"subjectId": ids["A"], "feedElementType": "FeedItem",
		"body": map[string]any{"messageSegments": []any{map[string]any{"type": "Text", "text": "see "}, map[string]any{"type": "Mention", "id": ids["K"]}}}})
	if r.str("body", "text") != "see @Don Knuth" {
		t.Errorf("post: %s", r.text)
	}
	if got := c.query("SELECT Body, Parent.Name FROM FeedItem WHERE Id = '" + r.str("id") + "'"); got.str("records", 0, "Parent", "Name") != "Acme Corp" {
		t.Errorf("feed: %s", got.text)
	}
	c.want(204, "PATCH", "sobjects/Task/"+ids["S"], `{"Status":"Completed"}`)
	got := c.query("SELECT IsClosed, CompletedDateTime FROM Task WHERE Id = '" + ids["S"] + "'")
	if got.get("records", 0, "IsClosed") != true || got.get("records", 0, "CompletedDateTime") == nil {
		t.Errorf("closed task: %s", got.text)
	}
	c.want(204, "PATCH", "sobjects/Opportunity/"+ids["P"], `{"StageName":"Renewal Expected"}`)
	c.want(200, "GET", "sobjects/Opportunity/"+ids["P"], nil, `"Probability":80.0`, `"ForecastCategoryName":"Commit"`, `"IsClosed":false`)
}
