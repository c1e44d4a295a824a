package expr

import (
	"strings"
	"testing"
	"time"

	"github.com/syncline/syncline/lang/schema"
	"github.com/syncline/syncline/lang/span"
	"github.com/syncline/syncline/lang/value"
)

// testCatalog is a small company schema with every kind of field.
func testCatalog() *schema.Catalog {
	company := &schema.Object{Name: "Company", Key: "Gsid", Fields: []*schema.Field{
		{Name: "Gsid", Kind: schema.ID, Length: 36},
		{Name: "Name", Kind: schema.Text, Length: 80},
		{Name: "Email", Kind: schema.Email, Length: 80, Nullable: true},
		{Name: "Score", Label: "Health Score", Kind: schema.Number, Precision: 5, Scale: 2, Nullable: true},
		{Name: "Arr", Kind: schema.Number, Nullable: true},
		{Name: "Dau", Kind: schema.Integer, Nullable: true},
		{Name: "Wau", Kind: schema.Integer, Nullable: true},
		{Name: "Count", Kind: schema.Integer},
		{Name: "Stage", Kind: schema.Picklist, Nullable: true, Values: []schema.Choice{{Value: "Adoption"}, {Value: "Renewal"}, {Value: "Churned"}}},
		{Name: "Tags", Kind: schema.MultiPicklist, Values: []schema.Choice{{Value: "vip"}, {Value: "beta"}}},
		{Name: "Active", Kind: schema.Boolean},
		{Name: "Flag", Kind: schema.Boolean, Nullable: true},
		{Name: "RenewalDate", Kind: schema.Date, Nullable: true},
		{Name: "ModifiedDate", Kind: schema.DateTime, Nullable: true},
		{Name: "Extra", Kind: schema.Any, Nullable: true},
		{Name: "odd name", Kind: schema.Text, Nullable: true},
		{Name: "Größe", Kind: schema.Integer, Nullable: true},
		{Name: "OwnerId", Kind: schema.Reference, Length: 18, RefTo: []string{"User"}, Relationship: "Owner", Nullable: true},
	}}
	user := &schema.Object{Name: "User", Key: "Id", Fields: []*schema.Field{
		{Name: "Id", Kind: schema.ID, Length: 18},
		{Name: "Email", Kind: schema.Email, Length: 80},
		{Name: "ManagerId", Kind: schema.Reference, Length: 18, RefTo: []string{"User"}, Relationship: "Manager", Nullable: true},
	}}
	return &schema.Catalog{System: "gainsight", Objects: map[string]*schema.Object{"Company": company, "User": user}}
}

var testLayout = value.NewLayout("Gsid", "Name", "Email", "Score", "Arr", "Dau", "Wau", "Count", "Stage", "Tags", "Active",
	"Flag", "RenewalDate", "ModifiedDate", "Extra", "odd name", "Größe", "OwnerId", "Owner.Email", "Owner.Manager.Email")

var testNow = time.Date(2026, 1, 15, 10, 0, 0, 0, time.UTC)

func testScope() Scope {
	catalog := testCatalog()
	null := value.Null
	return Scope{
		Roots: []Root{
			{Name: "source", Object: catalog.Object("Company"), Catalog: catalog},
			{Name: "owner", Object: catalog.Object("User"), Catalog: catalog, Optional: true},
		},
		Tables: []*Table{
			{Name: "tier", Rows: map[string]value.Value{"Adoption": value.Text("Green"), "Renewal": value.Text("Red")}, Keys: []string{"Adoption", "Renewal"}, Default: &null},
			{Name: "strict", Rows: map[string]value.Value{"a": value.Int(1), "b": value.Int(2)}, Keys: []string{"a", "b"}},
			{Name: "folded", Rows: map[string]value.Value{"Acme": value.Text("x")}, Keys: []string{"Acme"}, IgnoreCase: true, Default: &null},
		},
		Vars:  []Var{{Name: "floor", Value: value.Int(60)}, {Name: "unset", Value: value.Null}},
		Hints: map[string]string{"new": "source"},
	}
}

func testSlots(root int, path string) int {
	if root == 0 {
		return testLayout.Slot(path)
	}
	return map[string]int{"Id": 0, "Email": 1}[path]
}

func quotedSource(text string) Source {
	e := span.Plain("expr", text)
	return Source{Spelling: Quoted, Embedded: e, Range: e.Whole()}
}

func textSource(text string) Source {
	s := quotedSource(text)
	s.Spelling = Text
	return s
}

// record builds a source record from field values.
func record(fields map[string]value.Value) value.Record {
	r := make(value.Record, testLayout.Len())
	for name, v := range fields {
		r[testLayout.Slot(name)] = v
	}
	return r
}

func sampleRecord() value.Record {
	return record(map[string]value.Value{
		"Gsid": value.Text("1P01"), "Name": value.Text("Zoë & Co"), "Email": value.Text("Jo@Acme.COM"), "Score": value.Float(72.5),
		"Arr": value.Float(12000), "Dau": value.Int(3), "Wau": value.Int(8), "Count": value.Int(7), "Stage": value.Text("Renewal"),
		"Tags": value.List([]value.Value{value.Text("vip"), value.Text("beta")}), "Active": value.Bool(true), "Flag": value.Bool(false),
		"RenewalDate": value.Date(2026, 3, 1), "ModifiedDate": value.Time(time.Date(2026, 1, 14, 23, 30, 0, 0, time.UTC)),
		"odd name": value.Text("odd"), "Größe": value.Int(5), "OwnerId": value.Text("005A"), "Owner.Email": value.Text("csm@x.com"),
	})
}

func mustCheck(t testing.TB, scope Scope, src Source, want Want) *Checked {
	t.Helper()
	c, diags := NewEnv(scope).Check(src, want)
	if diags.HasErrors() {
		t.Fatalf("%s: %v", src.Text, diags[0])
	}
	return c
}

func TestValues(t *testing.T) {
	cases := []struct{ expr, want string }{
		{"source.Score + 1", "73.5"},
		{`source["Größe"] * 2`, "10"},
		{`source["odd name"] + '!'`, "odd!"},
		{"source.Owner.Email", "csm@x.com"},
		{"source.Owner.Manager.Email", "null"},
		{"source.Count / 2", "3.5"},
		{"table.tier(source.Stage)", "Red"},
		{"table.folded('ACME')", "x"},
		{"source.Name.size()", "8"},
		{"source.Dau / source.Wau", "0.375"},
		{"owner.Email", "null"},
		{"owner == null", "true"},
		{"source.Score > vars.floor ? 'ok' : 'low'", "ok"},
		{"source.RenewalDate - today()", "45"},
		{"within(source.RenewalDate, days(60))", "true"},
		{"email_domain(source.Email)", "acme.com"},
		{"'vip' in source.Tags", "true"},
		{"source.Tags.filter(x, x != 'vip')[0]", "beta"},
		{"source.Score * null", "null"},
		{"1/0 > 2 || true", "true"},
		{"'a' + string(source.Score) + 'b'", "a72.5b"},
		{"coalesce(source.Extra, 'none')", "none"},
		{"string(100000000.0)", "100000000"},
		{"!(null > 5)", "false"},
	}
	for _, tc := range cases {
		c := mustCheck(t, testScope(), quotedSource(tc.expr), Want{})
		f := &Frame{Records: []value.Record{sampleRecord(), nil}, Now: testNow}
		v, err := c.Compile(testSlots).Eval(f)
		if err != nil {
			t.Errorf("%s: %v", tc.expr, err)
			continue
		}
		got := v.String()
		if v.IsNull() {
			got = "null"
		}
		if got != tc.want {
			t.Errorf("%s = %s, want %s", tc.expr, got, tc.want)
		}
	}
}

func TestTemplates(t *testing.T) {
	cases := []struct{ text, want string }{
		{"plain", "plain"},
		{"", ""},
		{"Score {{ source.Score }}, NPS {{ source.Arr }}{{ source.Extra }}.", "Score 72.5, NPS 12000."},
		{`{{ '{{' }} {{ {'a': 1}.size() == 1 ? "}}" : r'\}}' }}`, ""},
		{`{{ '{{' }}x{{ "}}" }}{ }`, "{{x}}{ }"},
		{"{{ source.Tags }}", "vip, beta"},
		{"a\r\nb {{ source.RenewalDate }} {{ source.ModifiedDate }}", "a\nb 2026-03-01 2026-01-14T23:30:00Z"},
	}
	for _, tc := range cases {
		c, diags := NewEnv(testScope()).Check(textSource(tc.text), Want{})
		if strings.Contains(tc.text, "{'a'") {
			if len(diags) != 1 || diags[0].Code != "SYN313" {
				t.Errorf("%s: %v", tc.text, diags)
			}
			continue
		}
		if diags.HasErrors() {
			t.Errorf("%s: %v", tc.text, diags[0])
			continue
		}
		v, err := c.Compile(testSlots).Eval(&Frame{Records: []value.Record{sampleRecord(), nil}, Now: testNow})
		if err != nil || v.String() != tc.want {
			t.Errorf("%s = %q, %v; want %q", tc.text, v, err, tc.want)
		}
	}
}
