package salesforce

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/syncline/syncline/connectors/sandbox/world"
)

// client talks to a System in its own process.
type client struct {
	t      *testing.T
	s      *System
	token  string
	header http.Header
	now    time.Time
}

var testNow = time.Date(2026, 11, 21, 15, 4, 5, 0, time.UTC)

// newClient makes an org with so many companies and logs in.
func newClient(t *testing.T, companies int, o Options) *client {
	t.Helper()
	c := &client{t: t, header: http.Header{}, now: testNow}
	o.World, o.URL = world.New(1, companies, testNow), "http://sandbox.test"
	o.Now = func() time.Time { return c.now }
	s, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	c.s = s
	c.login()
	return c
}

func (c *client) login() {
	c.t.Helper()
	r := httptest.NewRequest("POST", "/services/oauth2/token", strings.NewReader("grant_type=client_credentials&client_id="+clientID+"&client_secret="+clientSecret))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	w := httptest.NewRecorder()
	c.s.ServeHTTP(w, r)
	var answer struct {
		Token string `json:"access_token"`
	}
	if err := json.Unmarshal(w.Body.Bytes(), &answer); err != nil || answer.Token == "" {
		c.t.Fatalf("login: %d %s", w.Code, w.Body)
	}
	c.token = answer.Token
}

// reply is an answer with its JSON.
type reply struct {
	status int
	header http.Header
	text   string
	body   any
}

// do sends a request; a path that does not begin with a slash is under the data API.
func (c *client) do(method, path string, body any) reply {
	c.t.Helper()
	if !strings.HasPrefix(path, "/") {
		path = "/services/data/v67.0/" + path
	}
	data, isText := body.(string)
	if !isText && body != nil {
		raw, err := json.Marshal(body)
		if err != nil {
			c.t.Fatal(err)
		}
		data = string(raw)
	}
	r := httptest.NewRequest(method, path, strings.NewReader(data))
	r.Header = c.header.Clone()
	r.Header.Set("Authorization", "Bearer "+c.token)
	w := httptest.NewRecorder()
	c.s.ServeHTTP(w, r)
	out := reply{status: w.Code, header: w.Header(), text: w.Body.String()}
	if w.Body.Len() > 0 {
		d := json.NewDecoder(bytes.NewReader(w.Body.Bytes()))
		d.UseNumber()
		if err := d.Decode(&out.body); err != nil {
			c.t.Fatalf("%s %s: the answer is not JSON: %v\n%s", method, path, err, w.Body)
		}
	}
	return out
}

// want sends a request that must be answered so: the status, and parts of the body.
func (c *client) want(status int, method, path string, body any, parts ...string) reply {
	c.t.Helper()
	r := c.do(method, path, body)
	if r.status != status {
		c.t.Fatalf("%s %s: status %d, want %d: %.600s", method, path, r.status, status, r.text)
	}
	for _, part := range parts {
		if !strings.Contains(r.text, part) {
			c.t.Errorf("%s %s: the answer lacks %s\n%.900s", method, path, part, r.text)
		}
	}
	return r
}

// get takes a step into an answer: names and positions.
func (r reply) get(path ...any) any {
	v := r.body
	for _, step := range path {
		switch step := step.(type) {
		case string:
			m, _ := v.(map[string]any)
			v = m[step]
		case int:
			list, _ := v.([]any)
			if step >= len(list) {
				return nil
			}
			v = list[step]
		}
	}
	return v
}

func (r reply) str(path ...any) string {
	s, _ := asText(r.get(path...))
	return s
}

func (c *client) query(soql string) reply {
	c.t.Helper()
	return c.do("GET", "query?q="+escapeQuery(soql), nil)
}

func escapeQuery(s string) string {
	return strings.NewReplacer("%", "%25", "+", "%2B", " ", "+", "&", "%26", "#", "%23", "'", "%27", "Ż", "%C5%BB", "\\", "%5C", ";", "%3B").Replace(s)
}

// fixture fills an empty org; "@A" stands for the id of the record with the tag A. It gives the tags by id.
func fixture(t *testing.T) (*client, map[string]string, map[string]string) {
	t.Helper()
	c := newClient(t, 0, Options{})
	data, err := os.ReadFile("testdata/fixture.json")
	if err != nil {
		t.Fatal(err)
	}
	var list []map[string]any
	if err := json.Unmarshal(data, &list); err != nil {
		t.Fatal(err)
	}
	ids, tags := map[string]string{}, map[string]string{}
	for _, rec := range list {
		typ := rec["attributes"].(map[string]any)["type"].(string)
		for k, v := range rec {
			if s, ok := v.(string); ok && strings.HasPrefix(s, "@") {
				rec[k] = ids[s[1:]]
			}
		}
		id := c.want(201, "POST", "sobjects/"+typ, rec).str("id")
		tag := rec[map[string]string{"Account": "AccountNumber", "Contact": "Department", "Opportunity": "NextStep", "Task": "CallObject"}[typ]].(string)
		ids[tag], tags[id] = id, tag
	}
	return c, ids, tags
}

func TestQueries(t *testing.T) {
	c, _, tags := fixture(t)
	data, err := os.ReadFile("testdata/queries.txt")
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for line := range strings.Lines(string(data)) {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		n++
		soql, want, _ := strings.Cut(line, " =>")
		want = strings.TrimSpace(want)
		r := c.query(soql)
		if message, isError := strings.CutPrefix(want, "! "); isError {
			if r.status != 400 || !strings.Contains(r.str(0, "message"), message) {
				t.Errorf("%s\n got %d %s\nwant %s", soql, r.status, r.text, want)
			}
			continue
		}
		var got []string
		records, _ := r.get("records").([]any)
		for _, rec := range records {
			got = append(got, tags[rec.(map[string]any)["Id"].(string)])
		}
		if r.status != 200 || strings.Join(got, " ") != want {
			t.Errorf("%s\n got %s (%d %.300s)\nwant %s", soql, strings.Join(got, " "), r.status, r.text, want)
		}
	}
	if n < 50 {
		t.Fatalf("only %d queries ran", n)
	}
}

// TestQueryShapes checks what the answers look like.
func TestQueryShapes(t *testing.T) {
	c, ids, _ := fixture(t)
	for soql, parts := range map[string][]string{
		"SELECT COUNT() FROM Account WHERE Industry = 'Energy'": {`{"totalSize":2,"done":true,"records":[]}`},
		"SELECT Name, Parent.Name, Owner.Manager.Name FROM Account WHERE AccountNumber = 'E'": {
			`{"attributes":{"type":"Account","url":"/services/data/v67.0/sobjects/Account/` + ids["E"] + `"},"Name":"Beta","Parent":{"attributes":{"type":"Account","url":"/services/data/v67.0/sobjects/Account/` + ids["A"] + `"},"Name":"Acme Corp"},"Owner":{"attributes":{"type":"User"`,
			`"Manager":null`},
		"SELECT Id, (SELECT LastName FROM Contacts ORDER BY LastName LIMIT 1) FROM Account WHERE AccountNumber IN ('A','C')": {
			`"Contacts":{"totalSize":1,"done":true,"records":[{"attributes":{"type":"Contact"`, `"LastName":"Hopper"}]}`, `"Contacts":null`},
		"SELECT What.Name, Who.Type FROM Task WHERE CallObject = 'S'": {`"What":{"attributes":{"type":"Name","url":"/services/data/v67.0/sobjects/Account/`, `"Name":"Acme Corp"`, `"Type":"Contact"`},
		"SELECT TYPEOF What WHEN Account THEN Name, NumberOfEmployees WHEN Opportunity THEN StageName ELSE Name END FROM Task": {
			`"What":{"attributes":{"type":"Account"`, `"NumberOfEmployees":100}`, `"StageName":"Prospecting"}`},
		"SELECT Industry, COUNT(Id), SUM(AnnualRevenue) total, MAX(Health_Score__c) FROM Account GROUP BY Industry HAVING COUNT(Id) > 1": {
			`{"totalSize":1,"done":true,"records":[{"attributes":{"type":"AggregateResult"},"Industry":"Energy","expr0":2,"total":1000000.0,"expr1":80.5}]}`},
		"SELECT COUNT(Id) n, COUNT_DISTINCT(Name) d FROM Account":                                           {`"n":5,"d":4`},
		"SELECT CALENDAR_YEAR(CloseDate) y, COUNT(Id) n FROM Opportunity GROUP BY CALENDAR_YEAR(CloseDate)": {`"y":2026,"n":2`},
		"SELECT AVG(Amount) FROM Opportunity WHERE Name = 'nobody'":                                         {`"totalSize":1`, `"expr0":null`},
		"SELECT FIELDS(CUSTOM) FROM Account LIMIT 1":                                                        {`"Risk_Tier__c":"Green"`, `"Legacy_Score__c":8.1`, `"Locked__c":null`},
		"SELECT BillingAddress, toLabel(Industry), FORMAT(NumberOfEmployees) n FROM Account WHERE AccountNumber = 'A'": {
			`"BillingAddress":{"city":"Paris","country":null,`, `"Industry":"Energy"`, `"n":"100"`},
		"SELECT Health_Updated_At__c, IsDeleted, Health_Score__c, NumberOfEmployees FROM Account WHERE AccountNumber = 'B'": {
			`"Health_Updated_At__c":"2026-11-21T00:00:00.000+0000","IsDeleted":false,"Health_Score__c":20.0,"NumberOfEmployees":50`},
	} {
		r := c.query(soql)
		for _, part := range parts {
			if r.status != 200 || !strings.Contains(r.text, part) {
				t.Errorf("%s\nlacks %s\n%d %s", soql, part, r.status, r.text)
			}
		}
	}
	r := c.query("SELECT Nmae FROM Account")
	want := "\nSELECT Nmae FROM Account\n       ^\nERROR at Row:1:Column:8\nNo such column 'Nmae' on entity 'Account'."
	if r.str(0, "errorCode") != "INVALID_FIELD" || !strings.HasPrefix(r.str(0, "message"), want) {
		t.Errorf("error %q", r.text)
	}
}
