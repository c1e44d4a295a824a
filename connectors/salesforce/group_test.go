package salesforce

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/syncline/syncline/connectors"
	"github.com/syncline/syncline/lang/value"
)

func TestGroupForm(t *testing.T) {
	o := newOrg(t, func(w http.ResponseWriter, r *http.Request) {
		answer(w, 200, `{"compositeResponse":[
			{"body":{"id":"`+id(1)+`","success":true,"errors":[]},"httpStatusCode":201,"referenceId":"one"},
			{"body":null,"httpStatusCode":204,"referenceId":"two"},
			{"body":{"id":"`+id(3)+`","success":true,"created":false,"errors":[]},"httpStatusCode":200,"referenceId":"three"},
			{"body":null,"httpStatusCode":204,"referenceId":"four"},
			{"body":null,"httpStatusCode":204,"referenceId":"five"},
			{"body":{"id":"`+id(6)+`","success":true,"errors":[]},"httpStatusCode":201,"referenceId":"six"}]}`)
	})
	c := o.open(t, nil)
	thing := o.object(t, c, "Thing__c")
	got, err := c.Group(t.Context(), []connectors.Action{
		{Ref: "one", Object: thing, Op: connectors.Create, Fields: set("Name", "a")},
		{Ref: "two", Object: thing, Op: connectors.Update, ID: id(9), Fields: set("Count__c", value.Int(1)), IDs: map[string]string{"Parent__c": "one", "OwnerId": "one"}},
		{Ref: "three", Object: thing, Op: connectors.Upsert, Key: "Key__c", Fields: set("Key__c", "k/ö?#%", "Name", "b")},
		{Ref: "four", Object: thing, Op: connectors.Update, IDOf: "three", Fields: set("Name", "c")},
		{Ref: "five", Object: thing, Op: connectors.Delete, IDOf: "two"},
		{Ref: "six", Object: thing, Op: connectors.Create, IDs: map[string]string{"Parent__c": "two"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	want := `{"allOrNone":true,"collateSubrequests":false,"compositeRequest":[
{"method":"POST","referenceId":"one","url":"/services/data/v67.0/sobjects/Thing__c","body":{"Name":"a"}},
{"method":"PATCH","referenceId":"two","url":"/services/data/v67.0/sobjects/Thing__c/ID9","body":{"Count__c":1,"OwnerId":"@{one.id}","Parent__c":"@{one.id}"}},
{"method":"PATCH","referenceId":"three","url":"/services/data/v67.0/sobjects/Thing__c/Key__c/k%2F%C3%B6%3F%23%25","body":{"Name":"b"}},
{"method":"PATCH","referenceId":"four","url":"/services/data/v67.0/sobjects/Thing__c/@{three.id}","body":{"Name":"c"}},
{"method":"DELETE","referenceId":"five","url":"/services/data/v67.0/sobjects/Thing__c/ID9"},
{"method":"POST","referenceId":"six","url":"/services/data/v67.0/sobjects/Thing__c","body":{"Parent__c":"ID9"}}]}`
	want = strings.ReplaceAll(strings.ReplaceAll(want, "ID9", id(9)), "\n", "")
	call := o.sent("/composite")[0]
	if call.body != want || !json.Valid([]byte(call.body)) || call.header.Get("Sforce-Call-Options") != "client=syncline" {
		t.Errorf("%s\nwant\n%s", call.body, want)
	}
	for i, r := range []string{id(1) + " true", id(9) + " false", id(3) + " false", id(3) + " false", id(9) + " false", id(6) + " true"} {
		if s := fmt.Sprint(got[i].ID, " ", got[i].Created); s != r || got[i].Err != nil {
			t.Errorf("%d: %s %v, want %s", i, s, got[i].Err, r)
		}
	}
}

// pair are two creates.
func pair(t *testing.T, o *org, c *conn) []connectors.Action {
	thing := o.object(t, c, "Thing__c")
	return []connectors.Action{{Ref: "one", Object: thing, Fields: set("Name", "a")}, {Ref: "two", Object: thing, Fields: set("Name", "b")},
		{Ref: "three", Object: thing, Op: connectors.Update, ID: id(3), Fields: set("Name", "c")}}
}

const haltedBody = `[{"errorCode":"PROCESSING_HALTED","message":"The transaction was rolled back since another operation in the same transaction failed."}]`

func TestGroupThatFails(t *testing.T) {
	for _, tc := range []struct {
		status int
		body   string
		class  connectors.Class
		code   string
	}{
		{400, `[{"message":"Required fields are missing: [Name]","errorCode":"REQUIRED_FIELD_MISSING","fields":["Name"]}]`, connectors.Reject, "REQUIRED_FIELD_MISSING"},
		{404, `[{"message":"entity is deleted","errorCode":"ENTITY_IS_DELETED"}]`, connectors.Gone, "ENTITY_IS_DELETED"},
		{400, `[{"message":"locked","errorCode":"UNABLE_TO_LOCK_ROW"}]`, connectors.Retry, "UNABLE_TO_LOCK_ROW"},
		{300, `["/services/data/v67.0/sobjects/T/a","/services/data/v67.0/sobjects/T/b"]`, connectors.Reject, "DUPLICATE_EXTERNAL_ID"},
	} {
		o := newOrg(t, func(w http.ResponseWriter, r *http.Request) {
			answer(w, 200, fmt.Sprintf(`{"compositeResponse":[{"body":%s,"httpStatusCode":400,"referenceId":"one"},{"body":%s,"httpStatusCode":%d,"referenceId":"two"},
				{"body":%s,"httpStatusCode":400,"referenceId":"three"}]}`, haltedBody, tc.body, tc.status, haltedBody))
		})
		c := o.open(t, nil)
		got, err := c.Group(t.Context(), pair(t, o, c))
		if err != nil {
			t.Fatal(err)
		}
		if e := got[1].Err; e.Class != tc.class || e.Code != tc.code || e.Request == "" || e.Answer == "" {
			t.Errorf("%+v", e)
		}
		for _, i := range []int{0, 2} {
			if e := got[i].Err; e.Class != connectors.Retry || e.Code != "rolled_back" || !strings.Contains(e.Message, "two failed") {
				t.Errorf("%d: %+v", i, e)
			}
		}
	}
}

func TestGroupThatIsNotSent(t *testing.T) {
	o := newOrg(t, func(w http.ResponseWriter, r *http.Request) { t.Error("sent:", r.URL.Path) })
	c := o.open(t, nil)
	for name, tc := range map[string]struct {
		change func([]connectors.Action)
		class  connectors.Class
	}{
		"a reference in a value": {func(a []connectors.Action) { a[1].Fields = set("Name", "hello @{one.id}") }, connectors.Reject},
		"a reference in a key": {func(a []connectors.Action) {
			a[1].Op, a[1].Key, a[1].Fields = connectors.Upsert, "Key__c", set("Key__c", "@{x")
		}, connectors.Reject},
		"a reference in a list": {func(a []connectors.Action) {
			a[1].Fields = set("Tags__c", value.List([]value.Value{value.Text("@{x}")}))
		}, connectors.Reject},
		"an empty key": {func(a []connectors.Action) {
			a[1].Op, a[1].Key, a[1].Fields = connectors.Upsert, "Key__c", set("Key__c", "")
		}, connectors.Reject},
		"no such action":   {func(a []connectors.Action) { a[1].IDs = map[string]string{"Parent__c": "three"} }, connectors.Permanent},
		"no such action 2": {func(a []connectors.Action) { a[1].Op, a[1].IDOf = connectors.Update, "none" }, connectors.Permanent},
		"no id":            {func(a []connectors.Action) { a[1].Op, a[1].ID = connectors.Delete, "../Account" }, connectors.Gone},
		"a misfit":         {func(a []connectors.Action) { a[1].Fields = set("Name", value.Days(3)) }, connectors.Reject},
	} {
		t.Run(name, func(t *testing.T) {
			actions := pair(t, o, c)
			tc.change(actions)
			got, err := c.Group(t.Context(), actions)
			if err != nil {
				t.Fatal(err)
			}
			if e := got[1].Err; e == nil || e.Class != tc.class {
				t.Errorf("%+v", e)
			}
			if e := got[0].Err; e == nil || e.Class != connectors.Retry || e.Code != "rolled_back" {
				t.Errorf("%+v", e)
			}
		})
	}
	if _, err := c.Group(t.Context(), make([]connectors.Action, 26)); err == nil {
		t.Error("26 actions were taken")
	}
	if got, err := c.Group(t.Context(), nil); len(got) != 0 || err != nil {
		t.Error(got, err)
	}
}

func TestGroupWithoutAnswerIsInDoubt(t *testing.T) {
	o := newOrg(t, func(w http.ResponseWriter, r *http.Request) { conn, _, _ := w.(http.Hijacker).Hijack(); conn.Close() })
	c := o.open(t, nil)
	_, err := c.Group(t.Context(), pair(t, o, c))
	wantClass(t, err, connectors.InDoubt)
	if len(o.sent("/composite")) != 1 {
		t.Error("a group was sent again")
	}
}
