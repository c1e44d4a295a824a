package gainsight_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/syncline/syncline/connectors"
	"github.com/syncline/syncline/connectors/gainsight"
	"github.com/syncline/syncline/lang/query"
	"github.com/syncline/syncline/lang/value"
)

const describeAnswer = `{"result":true,"requestId":"r","data":[{"objectName":"company","label":"Company","objectType":"STANDARD","fields":[
 {"fieldName":"Gsid","dataType":"GSID","meta":{"nillable":true,"readOnly":true,"length":220,"createable":"false","updateable":"false"}},
 {"fieldName":"Name","dataType":"STRING","meta":{"createable":"true","updateable":true,"nillable":false,"length":"40"}},
 {"fieldName":"Arr","dataType":"CURRENCY","meta":{"createable":true,"updateable":true,"decimalPlaces":2}},
 {"fieldName":"Day","dataType":"DATE","meta":{}},{"fieldName":"Flag","dataType":"BOOLEAN","meta":{}},
 {"fieldName":"Odd","dataType":"JSON_ARRAY","meta":null},
 {"fieldName":"Stage","dataType":"PICKLIST","options":[{"active":true,"label":"Old","value":"1I00AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"},{"active":"true","label":"New","value":"1I00BBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBB"}],"meta":{}},
 {"fieldName":"Tags","dataType":"MULTISELECTDROPDOWNLIST","options":[{"label":"A","value":"1I00CCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCC"},{"label":"B","value":"1I00DDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDD"}],"meta":{}},
 {"fieldName":"ModifiedDate","dataType":"DATETIME","meta":{"nillable":true}}]}]}`

// scripted opens a connection to a tenant that answers queries and writes as told.
func scripted(t *testing.T, settings connectors.Settings, answer func(w http.ResponseWriter, r *http.Request, body string)) capable {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		switch {
		case strings.HasSuffix(r.URL.Path, "/objects/describe"):
			_, _ = io.WriteString(w, describeAnswer)
		case strings.HasSuffix(r.URL.Path, "/objects/list"):
			_, _ = io.WriteString(w, `{"result":true,"data":[{"objectName":"company","label":"Company"}]}`)
		default:
			answer(w, r, string(body))
		}
	}))
	t.Cleanup(server.Close)
	all := connectors.Settings{"url": value.Text(server.URL), "access_key": value.Text("scripted-key-1")}
	for k, v := range settings {
		all[k] = v
	}
	conn, err := gainsight.Type().Open(t.Context(), connectors.Config{Name: "cs", Settings: all})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return conn.(capable)
}

// TestEnvelopes reads one record out of everything that tenants are known to answer.
func TestEnvelopes(t *testing.T) {
	const a, b, c, d = "1I00AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", "1I00BBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBB", "1I00CCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCC", "1I00DDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDD"
	for _, test := range []struct{ name, answer, want string }{
		{"records", `{"result":true,"data":{"records":[{"Gsid":"g","Name":"N","Arr":1.5,"Day":"2026-02-03","Flag":true,"Stage":"` + a + `","Tags":"` + c + `;` + d + `","ModifiedDate":1521743018667}]}}`,
			"g|N|1.5|2026-02-03|true|Old|A, B|2018-03-22T18:23:38.667Z"},
		{"list, another order and case, texts for values", `{"data":[{"modifieddate":"2018-03-22T18:23:38Z","TAGS":["` + d + `"],"stage":"New","Flag":"false","Day":1769990400000,"Arr":"2","NAME":"","Gsid":"g","Extra":{"x":[1]}}],"result":"true"}`,
			"g||2|2026-02-02|false|New|B|2018-03-22T18:23:38Z"},
		{"nulls and absences", `{"result":true,"data":{"records":[{"Gsid":"g","Arr":null,"Tags":null}]}}`, "g|||||||"},
		{"commas between items", `{"result":true,"data":[{"Gsid":"g","Tags":"` + d + `,` + c + `","Stage":"` + b + `"}]}`, "g|||||New|B, A|"},
		{"day of another spelling", `{"result":true,"data":[{"Gsid":"g","Day":"2026-02-03T00:00:00.000+0000","ModifiedDate":"2018-03-22 18:23:38","Flag":1}]}`, "g|||2026-02-03|true|||2018-03-22T18:23:38Z"},
		{"nothing", `{"result":true,"data":{"records":[]}}`, ""},
		{"no data", `{"result":false,"errorCode":null,"errorDesc":"No data found for given criteria","data":null}`, ""},
		{"null data", `{"result":true,"data":null}`, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			conn := scripted(t, nil, func(w http.ResponseWriter, r *http.Request, body string) { _, _ = io.WriteString(w, test.answer) })
			q := query.Read{Object: "Company", Layout: layout("Gsid", "Name", "Arr", "Day", "Flag", "Stage", "Tags", "ModifiedDate")}
			rows, err := conn.Read(t.Context(), q)
			if err != nil {
				t.Fatal(err)
			}
			batch := value.NewBatch(q.Layout, 1)
			if err := rows.Next(t.Context(), batch); err != nil && !errors.Is(err, io.EOF) {
				t.Fatal(err)
			}
			got := ""
			for i := range batch.Len() {
				for j, v := range batch.Record(i) {
					if j > 0 {
						got += "|"
					}
					got += v.String()
				}
			}
			if got != test.want {
				t.Errorf("got %s, want %s", got, test.want)
			}
		})
	}
}

func TestBadAnswers(t *testing.T) {
	for _, test := range []struct {
		name, answer string
		status       int
		class        connectors.Class
		code         string
	}{
		{"a page for people", "<html><title>Log in</title></html>", 200, connectors.Retry, "unreadable_answer"},
		{"cut off", `{"result":true,"data":{"records":[{"Gsid":"g"`, 200, connectors.Retry, "unreadable_answer"},
		{"auth", `{"result":false,"errorCode":"GS_APIG_2401","errorDesc":"no"}`, 401, connectors.Auth, "GS_APIG_2401"},
		{"auth, 200", `{"result":false,"errorCode":"GS_APIG_2401","errorDesc":"no"}`, 200, connectors.Auth, "GS_APIG_2401"},
		{"address", `{"result":false,"errorCode":"GS_APIG_2402","errorDesc":"IP"}`, 403, connectors.Auth, "GS_APIG_2402"},
		{"limit", `{"result":false,"errorCode":"GU_2400","errorDesc":"Too many request"}`, 429, connectors.Limit, "GU_2400"},
		{"false", `{"result":false,"errorCode":"GSOBJ_1002","errorDesc":"Invalid field"}`, 200, connectors.Permanent, "GSOBJ_1002"},
		{"path", `{"result":false,"errorCode":"GSOBJ_1023","errorDesc":"Invalid path"}`, 400, connectors.Permanent, "GSOBJ_1023"},
	} {
		t.Run(test.name, func(t *testing.T) {
			conn := scripted(t, nil, func(w http.ResponseWriter, r *http.Request, body string) {
				w.WriteHeader(test.status)
				_, _ = io.WriteString(w, test.answer)
			})
			q := query.Read{Object: "company", Layout: layout("Gsid")}
			rows, err := conn.Read(t.Context(), q)
			if err != nil {
				t.Fatal(err)
			}
			err = rows.Next(t.Context(), value.NewBatch(q.Layout, 1))
			if e := connectors.AsError(err); err == nil || e.Class != test.class || e.Code != test.code {
				t.Errorf("%v, class %v", err, e.Class)
			}
		})
	}
}

// A record that cannot be decoded is reported with its place, and the others are read.
func TestBadRecord(t *testing.T) {
	conn := scripted(t, nil, func(w http.ResponseWriter, r *http.Request, body string) {
		_, _ = io.WriteString(w, `{"result":true,"data":[{"Gsid":"g1","Arr":1},{"Gsid":"g2","Arr":"a lot","Name":"x"},{"Gsid":"g3","Arr":3}]}`)
	})
	q := query.Read{Object: "company", Layout: layout("Gsid", "Arr", "Name")}
	rows, _ := conn.Read(t.Context(), q)
	batch := value.NewBatch(q.Layout, 1)
	if err := rows.Next(t.Context(), batch); err != nil || batch.Len() != 2 {
		t.Fatalf("%d records, %v", batch.Len(), err)
	}
	bad := rows.(connectors.BadRows).Bad()
	if len(bad) != 1 || bad[0].Place != "company g2" || bad[0].ID != "g2" || !strings.Contains(bad[0].Err.Error(), "Arr") || !strings.Contains(bad[0].Text, "a lot") {
		t.Errorf("%+v", bad)
	}
}

// What is sent is what is documented: lists of values, flat expressions, sort keys in order.
func TestQueryBody(t *testing.T) {
	var sent string
	conn := scripted(t, nil, func(w http.ResponseWriter, r *http.Request, body string) {
		sent = r.Method + " " + r.URL.Path + " " + r.Header.Get("accesskey") + " " + body
		_, _ = io.WriteString(w, `{"result":true,"data":[]}`)
	})
	q := query.Read{Object: "Company", Layout: layout("Name"), Since: `{"from":1700000000}`, Where: query.And{
		query.Compare{Field: "Stage", Value: query.Const(value.Text("Old"))}, query.Null{Field: "Arr", Not: true},
		query.Compare{Field: "Day", Op: query.Le, Value: query.Const(value.Date(2026, 1, 31))}, query.Compare{Field: "Name", Op: query.Ne, Value: query.Const(value.Text("x"))},
		query.Or{query.Compare{Field: "Name", Value: query.Const(value.Text("a"))}, query.Compare{Field: "Name", Value: query.Const(value.Text("b"))}},
		query.Or{query.Null{Field: "Name"}, query.Compare{Field: "Arr", Op: query.Gt, Value: query.Const(value.Int(3))}},
	}}
	rows, err := conn.Read(t.Context(), q)
	if err != nil {
		t.Fatal(err)
	}
	if err := rows.Next(t.Context(), value.NewBatch(q.Layout, 1)); !errors.Is(err, io.EOF) {
		t.Fatal(err)
	}
	want := `POST /v1/data/objects/query/company scripted-key-1 {"select":["Name","Gsid","ModifiedDate"],"where":{"conditions":[` +
		`{"name":"Stage","alias":"A","value":["1I00AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"],"operator":"EQ"},{"name":"Arr","alias":"B","value":[],"operator":"IS_NOT_NULL"},` +
		`{"name":"Day","alias":"C","value":["2026-02-01"],"operator":"LTE"},{"name":"Name","alias":"D","value":["a","b"],"operator":"IN"},` +
		`{"name":"ModifiedDate","alias":"E","value":["2023-11-14T22:13:20+00:00"],"operator":"GTE"}],"expression":"A AND B AND C AND D AND E"},` +
		`"orderBy":{"ModifiedDate":"asc"},"limit":5000,"offset":0}`
	if sent != want {
		t.Errorf("sent\n%s\nwant\n%s", sent, want)
	}
}

// A refused batch whose answer names one record by its value costs two calls, and the others are written.
func TestRefusalNamedByValue(t *testing.T) {
	calls := 0
	conn := scripted(t, nil, func(w http.ResponseWriter, r *http.Request, body string) {
		calls++
		var sent struct{ Records []map[string]any }
		_ = json.Unmarshal([]byte(body), &sent)
		if strings.Contains(body, `"Bad name"`) {
			w.WriteHeader(400)
			_, _ = io.WriteString(w, `{"result":false,"errorCode":"GSOBJ_1002","errorDesc":"Invalid value (Name = Bad name).","data":{"count":0,"errors":[[{"success":false,"parsedValue":"Bad name",
			  "errors":[{"errorMessage":"Invalid value","errorCode":"GSOBJ_1002","fieldName":"Name","invalidValue":["Bad name"]}]}]],"records":null}}`)
			return
		}
		for i := range sent.Records {
			sent.Records[i]["Gsid"] = fmt.Sprint("id of ", sent.Records[i]["Name"])
		}
		_ = json.NewEncoder(w).Encode(map[string]any{"result": true, "data": map[string]any{"count": len(sent.Records), "errors": nil, "records": sent.Records}})
	})
	catalog, err := conn.Describe(t.Context(), []string{"company"}, nil)
	if err != nil {
		t.Fatal(err)
	}
	w := connectors.Write{Object: catalog.Objects["company"], Op: connectors.Create}
	for _, name := range []string{"a", "Bad name", "c", "d"} {
		w.Records = append(w.Records, connectors.Record{Fields: fields("Name", name)})
	}
	results, err := conn.Write(t.Context(), w)
	if err != nil {
		t.Fatal(err)
	}
	for i, r := range results {
		if i == 1 && (r.Err == nil || r.Err.Class != connectors.Reject || r.Err.Fields[0] != "Name") || i != 1 && (r.Err != nil || r.ID != "id of "+string("abcd"[i])) {
			t.Errorf("%d: %+v", i, r)
		}
	}
	if calls != 2 {
		t.Errorf("%d calls", calls)
	}
}
