package gainsight_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/syncline/syncline/connectors"
	sandbox "github.com/syncline/syncline/connectors/sandbox/gainsight"
	"github.com/syncline/syncline/lang/query"
	"github.com/syncline/syncline/lang/schema"
	"github.com/syncline/syncline/lang/value"
)

func TestDescribeKeepsTheSpelling(t *testing.T) {
	x := newTenant(t, 10, sandbox.Options{}, nil)
	catalog, err := x.conn.Describe(x.ctx, []string{"Company", "GsUser", "nothing_here"}, nil)
	if err != nil {
		t.Fatal(err)
	}
	o := catalog.Objects["Company"]
	if o == nil || o.Name != "Company" || o.Key != "Gsid" || o.Modified != "ModifiedDate" || catalog.Objects["nothing_here"] != nil {
		t.Fatalf("catalog: %+v", catalog.Objects)
	}
	for _, want := range []schema.Field{
		{Name: "Gsid", Kind: schema.ID}, {Name: "Stage", Kind: schema.Picklist, Createable: true, Updateable: true, Nullable: true},
		{Name: "Products__gc", Kind: schema.MultiPicklist, Createable: true, Updateable: true, Nullable: true},
		{Name: "Name", Kind: schema.Text, Required: true, Createable: true, Updateable: true}, {Name: "ModifiedDate", Kind: schema.DateTime},
		{Name: "RenewalDate", Kind: schema.Date, Createable: true, Updateable: true, Nullable: true}, {Name: "Strategic__gc", Kind: schema.Boolean, Createable: true, Updateable: true, Nullable: true},
	} {
		f := o.Field(want.Name)
		if f == nil || f.Kind != want.Kind || f.Required != want.Required || f.Nullable != want.Nullable || f.Createable != want.Createable || f.Updateable != want.Updateable {
			t.Errorf("%s is %+v", want.Name, f)
		}
	}
	if f := o.Field("Health_Score__gc"); f.Kind != schema.Number || f.Scale != 2 {
		t.Errorf("Health_Score__gc is %+v", f)
	}
	if f := o.Field("Stage"); !f.HasValue("Adoption") || f.HasValue("Kickoff") || !f.Restricted {
		t.Errorf("Stage has %v", f.Values)
	}
	if f := catalog.Path(o, "Csm__gr.Email"); f == nil || f.Kind != schema.Email {
		t.Errorf("Csm__gr.Email is %+v; Csm: %+v", f, o.Field("Csm"))
	}
	if !slices.Contains(catalog.Names, "call_to_action") {
		t.Errorf("names: %v", catalog.Names)
	}
}

func TestPicklistsAndPaths(t *testing.T) {
	for name, o := range map[string]sandbox.Options{"records, ms": {}, "list, iso": {ListEnvelope: true, ISODates: true}, "empty is an error": {EmptyIsError: true}} {
		t.Run(name, func(t *testing.T) {
			x := newTenant(t, 60, o, connectors.Settings{"page_size": value.Int(7)})
			names := []string{"Gsid", "Name", "Stage", "Csm__gr.Name", "Products__gc", "Health_Score__gc", "RenewalDate", "ModifiedDate", "Strategic__gc"}
			first, _, _ := x.read(query.Read{Object: "Company", Layout: layout("Gsid"), Limit: 1})
			id := first[0][0].AsText()
			x.put("company", map[string]any{"Gsid": id, "Products__gc": "Mobile;Core", "Strategic__gc": true, "Stage": "Renewal", "RenewalDate": "2027-02-03"})
			all, _, calls := x.read(query.Read{Object: "Company", Layout: layout(names...)})
			if len(all) != 60 || calls != 10 {
				t.Errorf("%d records in %d calls, want 9 pages and a describe of gsuser", len(all), calls)
			}
			for _, r := range all {
				want := x.stored("company", r[0].AsText())
				if fmt.Sprint(want["Stage"]) != r[2].AsText() || want["Name"] != r[1].AsText() {
					t.Errorf("%v, want %v", r, want)
				}
				if r[0].AsText() != id {
					continue
				}
				if got := r[4].String(); got != "Mobile, Core" || !r[8].AsBool() || r[6].String() != "2027-02-03" {
					t.Errorf("changed record: %v", r)
				}
			}
			got, _, _ := x.read(query.Read{Object: "Company", Layout: layout("Stage"), Where: query.And{
				query.In{Field: "Stage", Values: []value.Value{value.Text("Adoption"), value.Text("Renewal")}},
				query.Compare{Field: "Health_Score__gc", Op: query.Ge, Value: query.Const(value.Float(50))},
				query.Includes{Field: "Products__gc", Value: query.Const(value.Text("Core"))},
			}})
			for _, r := range got {
				if s := r[0].AsText(); s != "Adoption" && s != "Renewal" {
					t.Errorf("the filter lets %q through", s)
				}
			}
			none, _, _ := x.read(query.Read{Object: "Company", Layout: layout("Stage"), Where: query.Compare{Field: "Gsid", Op: query.Eq, Value: query.Const(value.Text("1P02NOPE"))}})
			if len(none) != 0 {
				t.Errorf("%d records for an id that is not there", len(none))
			}
		})
	}
}

// A second that holds more records than a page, between others, is read whole and once.
func TestKeysetTies(t *testing.T) {
	for _, iso := range []bool{false, true} {
		x := newTenant(t, 40, sandbox.Options{ISODates: iso}, connectors.Settings{"page_size": value.Int(7)})
		_, cursor, _ := x.read(query.Read{Object: "company", Layout: layout("Gsid")})
		if cursor == "" {
			t.Fatal("a full read gives no cursor")
		}
		var changed []map[string]any
		records, _ := x.system.Records("company")
		for r := range records {
			if changed = append(changed, map[string]any{"Gsid": r["Gsid"], "Summary": "touched"}); len(changed) == 30 {
				break
			}
		}
		want := map[string]bool{}
		for _, r := range x.put("company", changed...) {
			want[r["Gsid"].(string)] = true
		}
		got, next, calls := x.read(query.Read{Object: "company", Layout: layout("Gsid", "Summary"), Since: cursor})
		seen := map[string]int{}
		for _, r := range got {
			if r[1].AsText() == "touched" {
				seen[r[0].AsText()]++
			}
		}
		if len(seen) != len(want) {
			t.Errorf("%d of %d changes were read in %d calls", len(seen), len(want), calls)
		}
		for id, n := range seen {
			if n != 1 || !want[id] {
				t.Errorf("%s was given %d times", id, n)
			}
		}
		x.put("company", map[string]any{"Gsid": changed[3]["Gsid"], "Summary": "again"})
		got, _, _ = x.read(query.Read{Object: "company", Layout: layout("Gsid", "Summary"), Since: next})
		if !slices.ContainsFunc(got, func(r value.Record) bool { return r[1].AsText() == "again" }) {
			t.Errorf("the next read misses a change: %d records", len(got))
		}
	}
}

// A read that stops midway goes on from its cursor without losing anything, whatever changes meanwhile.
func TestResumeMidway(t *testing.T) {
	x := newTenant(t, 50, sandbox.Options{}, connectors.Settings{"page_size": value.Int(9)})
	q := query.Read{Object: "company", Layout: layout("Gsid", "Summary")}
	latest := map[string]string{}
	for round := 0; round < 200; round++ {
		rows, err := x.c().Read(x.ctx, q)
		if err != nil {
			t.Fatal(err)
		}
		batch := value.NewBatch(q.Layout, 9)
		err = rows.Next(x.ctx, batch)
		for i := range batch.Len() {
			latest[strings.Clone(batch.Record(i)[0].AsText())] = strings.Clone(batch.Record(i)[1].AsText())
		}
		q.Since = rows.Cursor()
		_ = rows.Close()
		if round < 5 {
			for id := range latest {
				x.put("company", map[string]any{"Gsid": id, "Summary": fmt.Sprint("round ", round)})
				break
			}
		}
		if err != nil {
			break
		}
		if round > 30 {
			break
		}
	}
	records, _ := x.system.Records("company")
	n := 0
	for r := range records {
		n++
		if got, ok := latest[r["Gsid"].(string)]; !ok {
			t.Errorf("%v was not read", r["Gsid"])
		} else if want, _ := r["Summary"].(string); got != want {
			t.Errorf("%v: read %q, is %q", r["Gsid"], got, want)
		}
	}
	if n != 50 {
		t.Errorf("%d records", n)
	}
}

func TestLimitAndOrder(t *testing.T) {
	x := newTenant(t, 60, sandbox.Options{}, nil)
	q := query.Read{Object: "company", Layout: layout("Arr"), Order: []query.Order{{Field: "Arr", Descending: true}}, Limit: 60}
	all, _, _ := x.read(q)
	if len(all) != 60 {
		t.Fatalf("%d records", len(all))
	}
	for i := 1; i < len(all); i++ {
		a, b := all[i-1][0], all[i][0]
		if a.IsNull() && !b.IsNull() || !a.IsNull() && !b.IsNull() && a.AsFloat() < b.AsFloat() {
			t.Fatalf("%v before %v", a, b)
		}
	}
	// A filter that the API takes only in part is finished here when there is a limit.
	q = query.Read{Object: "company", Layout: layout("Name"), Where: query.Compare{Field: "Stage", Op: query.Ne, Value: query.Const(value.Text("Adoption"))}, Limit: 3}
	some, _, _ := x.read(q)
	if len(some) != 3 {
		t.Errorf("%d records", len(some))
	}
}

func TestNewPicklistItem(t *testing.T) {
	x := newTenant(t, 10, sandbox.Options{}, nil)
	o := x.describe("company")
	if o.Field("Stage").HasValue("Paused") {
		t.Fatal("the value is there already")
	}
	x.system.AddItem("company", "Stage", "Paused")
	first, _, _ := x.read(query.Read{Object: "company", Layout: layout("Gsid"), Limit: 1})
	id := strings.Clone(first[0][0].AsText())
	x.put("company", map[string]any{"Gsid": id, "Stage": "Paused"})
	all, _, _ := x.read(query.Read{Object: "company", Layout: layout("Gsid", "Stage")})
	for _, r := range all {
		if r[0].AsText() == id && r[1].AsText() != "Paused" {
			t.Errorf("the new item is read as %q", r[1])
		}
	}
}

func TestOtherObjects(t *testing.T) {
	x := newTenant(t, 80, sandbox.Options{}, nil)
	for object, names := range map[string][]string{
		"call_to_action": {"Gsid", "Name", "CompanyId__gr.Name", "Type", "Reason", "Status", "Priority", "DueDate"}, "cs_task": {"Gsid", "CtaId__gr.Name", "Status"},
		"gsuser": {"Gsid", "Email"}, "person": {"Gsid", "Email"}, "company_person": {"Gsid", "Person_ID__gr.Email", "Company_ID__gr.Name"},
		"activity_timeline": {"Gsid", "Subject", "LastModifiedDate"}, "cta_group": {"Gsid", "Name", "Progress"}, "survey_response__gc": {"Gsid", "Score__gc", "Company__gr.Name"},
		"product_usage__gc": {"Gsid", "Month__gc", "DAU__gc"}, "da_picklist": {"Gsid", "Name"},
	} {
		records, cursor, _ := x.read(query.Read{Object: object, Layout: layout(names...)})
		if len(records) < 5 || cursor == "" {
			t.Errorf("%s: %d records, cursor %q", object, len(records), cursor)
			continue
		}
		for slot, name := range names {
			if !slices.ContainsFunc(records, func(r value.Record) bool { return !r[slot].IsNull() }) {
				t.Errorf("%s.%s is empty everywhere", object, name)
			}
		}
	}
	risks, _, _ := x.read(query.Read{Object: "call_to_action", Layout: layout("Type"), Where: query.Compare{Field: "Type", Op: query.Eq, Value: query.Const(value.Text("Risk"))}})
	for _, r := range risks {
		if r[0].AsText() != "Risk" {
			t.Errorf("a %q among the risks", r[0])
		}
	}
	if len(risks) == 0 {
		t.Error("no risks")
	}
}

// The tenant's clock decides, however far it is from ours, and even when it stands still.
func TestForeignClock(t *testing.T) {
	for _, now := range []time.Time{time.Now().Add(-72 * time.Hour), time.Now().Add(48 * time.Hour)} {
		x := newTenant(t, 10, sandbox.Options{Now: func() time.Time { return now }}, nil)
		records, cursor, _ := x.read(query.Read{Object: "company", Layout: layout("Gsid")})
		for round := range 3 {
			id := strings.Clone(records[round][0].AsText())
			x.put("company", map[string]any{"Gsid": id, "Summary": fmt.Sprint("round ", round)})
			var got []value.Record
			got, cursor, _ = x.read(query.Read{Object: "company", Layout: layout("Gsid", "Summary"), Since: cursor})
			if !slices.ContainsFunc(got, func(r value.Record) bool { return r[0].AsText() == id && r[1].AsText() == fmt.Sprint("round ", round) }) {
				t.Errorf("at %v, round %d: the change is not among %d records", now, round, len(got))
			}
		}
	}
}

// A mass change is read once, not again at each poll.
func TestMassChangeSettles(t *testing.T) {
	now := time.Now()
	x := newTenant(t, 60, sandbox.Options{Now: func() time.Time { return now }}, connectors.Settings{"page_size": value.Int(10)})
	_, cursor, _ := x.read(query.Read{Object: "company", Layout: layout("Gsid")})
	records, _ := x.system.Records("company")
	var all []map[string]any
	for r := range records {
		all = append(all, map[string]any{"Gsid": r["Gsid"], "Summary": "mass"})
	}
	x.put("company", all...)
	var counts []int
	for range 3 {
		now = now.Add(4 * time.Minute)
		var got []value.Record
		got, cursor, _ = x.read(query.Read{Object: "company", Layout: layout("Gsid"), Since: cursor})
		counts = append(counts, len(got))
	}
	if counts[0] != 60 || counts[2] != 0 {
		t.Errorf("three polls after a mass change read %v records", counts)
	}
}
