package gainsight_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/syncline/syncline/connectors"
	"github.com/syncline/syncline/connectors/gainsight"
	sandbox "github.com/syncline/syncline/connectors/sandbox/gainsight"
	"github.com/syncline/syncline/lang/query"
	"github.com/syncline/syncline/lang/value"
)

func TestCreateUpdateDelete(t *testing.T) {
	x := newTenant(t, 5, sandbox.Options{}, nil)
	o := x.describe("Company")
	at := value.Time(time.Date(2026, 5, 6, 7, 8, 9, 123e6, time.UTC))
	r := x.write(connectors.Write{Object: o, Op: connectors.Create, Records: []connectors.Record{{Fields: fields("Name", "Ünïcode \"Ltd\"", "Stage", "at risk?", "Arr", 1)},
		{Fields: fields("Name", "Ünïcode \"Ltd\"", "Stage", "renewal", "Arr", 1234.5, "Strategic__gc", true, "RenewalDate", value.Date(2027, 1, 31),
			"Last_QBR__gc", at, "Products__gc", value.List([]value.Value{value.Text("API; webhooks"), value.Text("Core")}))}}})
	if r[0].Err == nil || r[0].Err.Class != connectors.Reject || r[0].Err.Code != "GSOBJ_1012" {
		t.Errorf("a value outside the picklist: %v", r[0].Err)
	}
	if r[1].Err != nil || r[1].ID == "" || !r[1].Created {
		t.Fatalf("create: %+v", r[1])
	}
	got := x.stored("company", r[1].ID)
	for name, want := range map[string]any{"Name": "Ünïcode \"Ltd\"", "Stage": "Renewal", "Arr": 1234.5, "Strategic__gc": true, "RenewalDate": "2027-01-31",
		"Last_QBR__gc": "2026-05-06T07:08:09.123Z"} {
		if got[name] != want {
			t.Errorf("%s is %v, want %v", name, got[name], want)
		}
	}
	back, _, _ := x.read(query.Read{Object: "Company", Layout: layout("Products__gc", "Last_QBR__gc", "RenewalDate"), Where: query.In{Field: "Gsid", Values: []value.Value{value.Text(r[1].ID)}}})
	if len(back) != 1 || back[0][0].String() != "Core, API; webhooks" || !value.Equal(back[0][1], at) {
		t.Errorf("read back: %v", back)
	}
	r = x.write(connectors.Write{Object: o, Op: connectors.Update, Records: []connectors.Record{{ID: r[1].ID, Fields: fields("Arr", nil, "Name", "New")}, {ID: "1P02NOTTHERE", Fields: fields("Name", "x")}}})
	if r[0].Err != nil || r[1].Err == nil || r[1].Err.Class != connectors.Gone {
		t.Errorf("update: %v, %v", r[0].Err, r[1].Err)
	}
	if got := x.stored("company", r[0].ID); got["Arr"] != nil || got["Name"] != "New" {
		t.Errorf("after the update: %v", got)
	}
	for _, want := range []*connectors.Class{nil, new(connectors.Gone)} {
		d := x.write(connectors.Write{Object: o, Op: connectors.Delete, Records: []connectors.Record{{ID: r[0].ID}}})
		if (want == nil) != (d[0].Err == nil) || want != nil && d[0].Err.Class != *want {
			t.Errorf("delete: %v", d[0].Err)
		}
	}
}

// One bad record of fifty fails alone, however little the tenant tells about it.
func TestRefusedBatchIsTakenApart(t *testing.T) {
	for _, blind := range []bool{false, true} {
		t.Run(fmt.Sprint("blind ", blind), func(t *testing.T) {
			x := newTenant(t, 5, sandbox.Options{BlindErrors: blind}, nil)
			o := x.describe("company")
			var records []connectors.Record
			bad := map[int]bool{3: true, 17: true, 49: true}
			for i := range 60 {
				site := "https://ok.example"
				if bad[i] {
					site = fmt.Sprint("no address ", i) // the connector cannot know that Gainsight refuses it
				}
				records = append(records, connectors.Record{Fields: fields("Name", fmt.Sprint("Batch ", i), "Website__gc", site)})
			}
			before := x.calls.Count()
			results := x.write(connectors.Write{Object: o, Op: connectors.Create, Records: records})
			calls := x.calls.Count() - before
			for i, r := range results {
				if bad[i] != (r.Err != nil) || !bad[i] && r.ID == "" || bad[i] && r.Err.Class != connectors.Reject {
					t.Errorf("record %d: %+v", i, r)
				}
				if bad[i] && (len(r.Err.Request) == 0 || !blind && (len(r.Err.Fields) != 1 || r.Err.Fields[0] != "Website__gc")) {
					t.Errorf("record %d is refused with %+v", i, r.Err)
				}
				if s := x.stored("company", r.ID); !bad[i] && s["Name"] != fmt.Sprint("Batch ", i) {
					t.Errorf("record %d has the id of %v", i, s["Name"])
				}
			}
			records2, _ := x.system.Records("company")
			n := 0
			for range records2 {
				n++
			}
			if n != 5+57 {
				t.Errorf("%d companies", n)
			}
			if most := int64(4); !blind && calls > most {
				t.Errorf("%d calls where the answer names the records", calls)
			}
		})
	}
}

func TestUpsert(t *testing.T) {
	x := newTenant(t, 5, sandbox.Options{}, nil)
	o := x.describe("company")
	x.put("company", map[string]any{"Name": "one", "External_Id__gc": "e1"}, map[string]any{"Name": "two a", "External_Id__gc": "e2"}, map[string]any{"Name": "two b", "External_Id__gc": "e2"})
	up := func(key, name string) connectors.Record {
		return connectors.Record{Fields: fields("External_Id__gc", key, "Name", name)}
	}
	r := x.write(connectors.Write{Object: o, Op: connectors.Upsert, Key: "External_Id__gc", Records: []connectors.Record{up("e1", "uno"), up("e2", "dos"), up("e3", "tres"), up("e3", "tres more"), up("", "none")}})
	if r[0].Err != nil || r[0].Created || x.stored("company", r[0].ID)["Name"] != "uno" {
		t.Errorf("an update: %+v", r[0])
	}
	if r[1].Err == nil || r[1].Err.Code != "ambiguous_key" {
		t.Errorf("two records with the key: %+v", r[1])
	}
	if r[2].Err != nil || !r[2].Created || r[3].Err != nil || r[3].Created || r[3].ID != r[2].ID || x.stored("company", r[2].ID)["Name"] != "tres more" {
		t.Errorf("the same new key twice: %+v, %+v", r[2], r[3])
	}
	if r[4].Err == nil || r[4].Err.Class != connectors.Reject {
		t.Errorf("no key: %+v", r[4])
	}
	by := x.write(connectors.Write{Object: o, Op: connectors.Upsert, Key: "Gsid", Records: []connectors.Record{{Fields: fields("Gsid", r[0].ID, "Name", "by id")}, {Fields: fields("Gsid", "1P02NONE", "Name", "x")}}})
	if by[0].Err != nil || by[0].ID != r[0].ID || x.stored("company", r[0].ID)["Name"] != "by id" || by[1].Err == nil || by[1].Err.Class != connectors.Gone {
		t.Errorf("by Gsid: %+v", by)
	}
}

func TestLostAnswers(t *testing.T) {
	x := newTenant(t, 5, sandbox.Options{}, nil)
	o := x.describe("company")
	x.fault(`{"match":{"path":"/v1/data/objects/company","method":"POST"},"drop_response":true}`)
	_, err := x.c().Write(x.ctx, connectors.Write{Object: o, Op: connectors.Create, Records: []connectors.Record{{Fields: fields("Name", "Maybe", "External_Id__gc", "m1")}}})
	if e := connectors.AsError(err); err == nil || e.Class != connectors.InDoubt {
		t.Fatalf("a lost answer is %v", err)
	}
	r := x.write(connectors.Write{Object: o, Op: connectors.Upsert, Key: "External_Id__gc", Records: []connectors.Record{{Fields: fields("Name", "Maybe", "External_Id__gc", "m1")}}})
	if r[0].Err != nil || r[0].Created {
		t.Errorf("the upsert after it: %+v", r[0])
	}
	x.fault(`{"match":{"path":"/query/"},"status":503,"times":2}`)
	if got, _, _ := x.read(query.Read{Object: "company", Layout: layout("Gsid")}); len(got) != 6 {
		t.Errorf("%d records after two 503", len(got))
	}
}

// A failure in the middle of a Write leaves known what was written before.
func TestFailureMidway(t *testing.T) {
	x := newTenant(t, 5, sandbox.Options{}, nil)
	o := x.describe("company")
	var records []connectors.Record
	for i := range 100 {
		records = append(records, connectors.Record{Fields: fields("Name", fmt.Sprint("M ", i))})
	}
	x.fault(`{"match":{"path":"/v1/data/objects/company","method":"POST"},"after":1,"status":500}`)
	results := x.write(connectors.Write{Object: o, Op: connectors.Create, Records: records})
	for i, r := range results {
		if i < 50 && (r.Err != nil || r.ID == "") || i >= 50 && (r.Err == nil || r.Err.Class != connectors.InDoubt) {
			t.Fatalf("record %d: %+v", i, r)
		}
	}
}

func TestCockpit(t *testing.T) {
	for _, listed := range []bool{false, true} {
		x := newTenant(t, 10, sandbox.Options{CockpitRecords: listed}, nil)
		o := x.describe("call_to_action")
		if f := o.Field("Priority"); f == nil || !f.Createable || !f.Updateable || !f.HasValue("Medium") || f.Restricted {
			t.Fatalf("Priority is %+v", f)
		}
		company, _, _ := x.read(query.Read{Object: "company", Layout: layout("Gsid"), Limit: 1})
		id := strings.Clone(company[0][0].AsText())
		r := x.write(connectors.Write{Object: o, Op: connectors.Create, Records: []connectors.Record{
			{Fields: fields("Name", "Usage fell", "CompanyId", id, "Type", "Risk", "Reason", "Usage Drop", "Status", "New", "Priority", "High", "DueDate", value.Date(2027, 1, 2))},
			{Fields: fields("Name", "No such type", "CompanyId", id, "Type", "Nonsense", "Reason", "Usage Drop", "Status", "New", "Priority", "High")},
		}})
		if r[0].Err != nil || r[0].ID == "" || !r[0].Created {
			t.Fatalf("create: %+v", r[0])
		}
		if r[1].Err == nil || r[1].Err.Class != connectors.Reject || !strings.Contains(r[1].Err.Message, "picklist") {
			t.Errorf("a type that is not there: %+v", r[1].Err)
		}
		r2 := x.write(connectors.Write{Object: o, Op: connectors.Update, Records: []connectors.Record{{ID: r[0].ID, Fields: fields("Status", "Closed Success")}, {ID: "1S01NONE", Fields: fields("Status", "New")}}})
		if r2[0].Err != nil || r2[1].Err == nil {
			t.Errorf("update: %+v", r2)
		}
		got, _, _ := x.read(query.Read{Object: "call_to_action", Layout: layout("Status", "IsClosed", "Type", "DueDate"), Where: query.Compare{Field: "Gsid", Value: query.Const(value.Text(r[0].ID))}})
		if len(got) != 1 || got[0][0].AsText() != "Closed Success" || !got[0][1].AsBool() || got[0][2].AsText() != "Risk" || got[0][3].String() != "2027-01-02" {
			t.Errorf("read back: %v", got)
		}
		task := x.describe("cs_task")
		r = x.write(connectors.Write{Object: task, Op: connectors.Create, Records: []connectors.Record{{Fields: fields("Name", "Call", "CtaId", r[0].ID, "Status", "Open", "Priority", "Low")}}})
		if r[0].Err != nil || r[0].ID == "" {
			t.Errorf("task: %+v", r[0])
		}
		r = x.write(connectors.Write{Object: task, Op: connectors.Upsert, Key: "Syncline_Key__gc", Records: []connectors.Record{{Fields: fields("Syncline_Key__gc", "k1", "Name", "Call", "CtaId", x.stored("cs_task", r[0].ID)["CtaId"].(string))}}})
		if r[0].Err != nil || !r[0].Created {
			t.Errorf("upsert of a task: %+v", r[0])
		}
		if _, err := x.c().Write(x.ctx, connectors.Write{Object: o, Op: connectors.Delete, Records: []connectors.Record{{ID: "x"}}}); err == nil || connectors.AsError(err).Class != connectors.Permanent {
			t.Errorf("delete: %v", err)
		}
	}
}

func TestSuccessPlans(t *testing.T) {
	x := newTenant(t, 10, sandbox.Options{}, nil)
	o := x.describe("cta_group")
	if f := o.Field("Type"); f == nil || !f.Createable || !f.HasValue("Onboarding") || f.HasValue("Risk") {
		t.Fatalf("Type is %+v", f)
	}
	company, _, _ := x.read(query.Read{Object: "company", Layout: layout("Gsid"), Limit: 1})
	id := strings.Clone(company[0][0].AsText())
	r := x.write(connectors.Write{Object: o, Op: connectors.Create, Records: []connectors.Record{
		{Fields: fields("Name", "First year", "CompanyId", id, "Type", "Onboarding", "Status", "Draft", "DueDate", value.Date(2027, 1, 2))},
		{Fields: fields("Name", "No such type", "CompanyId", id, "Type", "Nonsense")},
	}})
	if r[0].Err != nil || r[0].ID == "" || !r[0].Created {
		t.Fatalf("create: %+v", r[0])
	}
	if r[1].Err == nil || r[1].Err.Class != connectors.Reject {
		t.Errorf("a type that is not there: %+v", r[1].Err)
	}
	r = x.write(connectors.Write{Object: o, Op: connectors.Update, Records: []connectors.Record{{ID: r[0].ID, Fields: fields("Status", "On Track")}}})
	if r[0].Err != nil {
		t.Errorf("update: %+v", r[0])
	}
	if got := x.stored("cta_group", r[0].ID); got["StatusId"] != "On Track" || got["TypeId"] != "Onboarding" || got["DueDate"] != "2027-01-02" || got["CompanyId"] != id {
		t.Errorf("stored: %v", got)
	}
}

func TestExpiry(t *testing.T) {
	x := newTenant(t, 20, sandbox.Options{}, connectors.Settings{"access_key": value.Null, "client_id": value.Text(sandbox.ClientID), "client_secret": value.Text(sandbox.ClientSecret)})
	if got, _, _ := x.read(query.Read{Object: "company", Layout: layout("Gsid")}); len(got) != 20 {
		t.Fatalf("%d records", len(got))
	}
	x.fault(`{"match":{"path":"/query/"},"expire_session":true}`)
	if got, _, _ := x.read(query.Read{Object: "company", Layout: layout("Gsid")}); len(got) != 20 {
		t.Fatalf("%d records after the token expired", len(got))
	}
	wrong := x.open(connectors.Settings{"access_key": value.Text("wrong-key-0000")})
	_, err := wrong.Objects(x.ctx)
	if e := connectors.AsError(err); err == nil || e.Class != connectors.Auth || strings.Contains(e.Error()+e.Request+e.Answer, "wrong-key-0000") {
		t.Errorf("a wrong key: %v", err)
	}
}

func TestSettings(t *testing.T) {
	x := newTenant(t, 1, sandbox.Options{}, nil)
	for name, settings := range map[string]connectors.Settings{
		"access_key: give either": {"client_id": value.Text("a")}, "access_key: it is missing": {"access_key": value.Null}, "timezone": {"timezone": value.Text("Mars/Phobos")},
		"page_size": {"page_size": value.Int(5001)}, "url": {"url": value.Text("http://tenant.example")}, "client_secret": {"access_key": value.Null, "client_id": value.Text("a")},
	} {
		if _, err := gainsight.Type().Open(t.Context(), x.config(settings)); err == nil || !strings.Contains(err.Error(), "setting "+name) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestFixedWindow(t *testing.T) {
	now := time.Date(2027, 3, 4, 5, 6, 7, 0, time.UTC)
	x := newTenant(t, 3, sandbox.Options{PerMinute: 5, Now: func() time.Time { return now }}, nil)
	var err error
	n := 0
	for ; n < 10 && err == nil; n++ {
		_, err = x.c().Objects(x.ctx)
	}
	e := connectors.AsError(err)
	if n != 6 || e.Class != connectors.Limit || e.Code != "GU_2400" {
		t.Fatalf("after %d calls: %v", n, err)
	}
	now = now.Add(time.Minute)
	if _, err := x.c().Objects(x.ctx); err != nil {
		t.Errorf("in the next window: %v", err)
	}
	// Our own limiter keeps below the tenant's.
	own := x.config(connectors.Settings{"requests_per_day": value.Int(2)})
	conn, err := gainsight.Type().Open(t.Context(), own)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	for range 3 {
		_, err = conn.Objects(t.Context())
	}
	if e := connectors.AsError(err); err == nil || e.Class != connectors.Limit || e.Code == "GU_2400" {
		t.Errorf("beyond requests_per_day: %v", err)
	}
}

func TestDeleted(t *testing.T) {
	x := newTenant(t, 10, sandbox.Options{}, nil)
	o := x.describe("Company")
	_, cursor, complete, err := x.c().Deleted(x.ctx, o, "")
	if err != nil || !complete || cursor == "" {
		t.Fatalf("%q %v %v", cursor, complete, err)
	}
	first, _, _ := x.read(query.Read{Object: "company", Layout: layout("Gsid"), Limit: 1})
	id := strings.Clone(first[0][0].AsText())
	if err := x.system.Delete("company", id); err != nil {
		t.Fatal(err)
	}
	ids, next, complete, err := x.c().Deleted(x.ctx, o, cursor)
	if err != nil || !complete || len(ids) != 1 || ids[0] != id || next < cursor {
		t.Errorf("%v %q %v %v", ids, next, complete, err)
	}
	if _, _, complete, err = x.c().Deleted(x.ctx, o, "2020-01-01T00:00:00Z"); err != nil || complete {
		t.Errorf("years later: complete %v, %v", complete, err)
	}
	y := newTenant(t, 3, sandbox.Options{NoDeleteLog: true}, nil)
	if _, _, complete, err = y.c().Deleted(y.ctx, y.describe("company"), cursor); err != nil || complete {
		t.Errorf("without a log: complete %v, %v", complete, err)
	}
	report, err := y.c().Check(y.ctx)
	if err != nil || !strings.Contains(strings.Join(report.Notes, "\n"), "record_delete_log") || report.Account == "" {
		t.Errorf("check: %+v, %v", report, err)
	}
}

func TestCancelled(t *testing.T) {
	x := newTenant(t, 3, sandbox.Options{}, nil)
	o := x.describe("company")
	ctx, cancel := context.WithCancel(x.ctx)
	cancel()
	_, err := x.c().Write(ctx, connectors.Write{Object: o, Op: connectors.Create, Records: []connectors.Record{{Fields: fields("Name", "x")}}})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("write: %v", err)
	}
}
