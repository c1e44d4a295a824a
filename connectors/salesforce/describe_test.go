package salesforce

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/syncline/syncline/connectors"
	"github.com/syncline/syncline/lang/schema"
)

// counting answers what Describe asks for beside describes.
func counting(w http.ResponseWriter, r *http.Request) {
	switch {
	case strings.HasSuffix(r.URL.Path, "/limits/recordCount"):
		answer(w, 200, `{"sObjects":[{"count":12,"name":"Account"}]}`)
	case strings.HasSuffix(r.URL.Path, "/sobjects"):
		answer(w, 200, `{"sobjects":[{"name":"Account","label":"Account","queryable":true},{"name":"Hidden","deprecatedAndHidden":true,"queryable":true},{"name":"NoQuery"}]}`)
	default:
		answer(w, 404, `[{"errorCode":"NOT_FOUND","message":"The requested resource does not exist"}]`)
	}
}

func TestDescribeOfARealObject(t *testing.T) {
	o := newOrg(t, counting)
	catalog, err := o.open(t, nil).Describe(t.Context(), []string{"Account"}, nil)
	if err != nil {
		t.Fatal(err)
	}
	a := catalog.Object("Account")
	if a.Key != "Id" || a.Modified != "SystemModstamp" || a.Count != 12 || !a.Createable || !a.Updateable || !a.Deletable || a.Label != "Account" {
		t.Errorf("%+v", a)
	}
	if catalog.System != "salesforce" || catalog.ReadPage != 2000 || catalog.WriteBatch != 200 || !catalog.Filter.FoldsCase {
		t.Errorf("%+v", catalog)
	}
	if a.Field("BillingAddress") != nil {
		t.Error("a compound field is there")
	}
	for name, want := range map[string]string{
		"Id":                "id len18 filter sort unique key",
		"Name":              "text len255 required create update filter sort trims",
		"Type":              "picklist len40 null create update filter sort values4",
		"ParentId":          "reference len18 null create update filter sort [Account] Parent",
		"BillingStreet":     "text len255 null create update filter sort trims",
		"BillingLatitude":   "number 18,15 null create update filter sort",
		"Phone":             "phone len40 null create update filter sort trims",
		"Website":           "url len255 null create update filter sort trims",
		"AnnualRevenue":     "number 18,0 null create update filter sort",
		"NumberOfEmployees": "integer 8,0 null create update filter sort",
		"Description":       "text len32000 null create update trims",
		"OwnerId":           "reference len18 create update filter sort [User] Owner",
		"SystemModstamp":    "datetime 1s filter sort",
		"LastActivityDate":  "date null filter sort",
		"IsDeleted":         "boolean filter sort",
		"IsPartner":         "boolean update filter sort",
	} {
		if got := describeLine(a.Field(name)); got != want {
			t.Errorf("%s: %s\nwant %s", name, got, want)
		}
	}
}

// describeLine says of a field what is not zero.
func describeLine(f *schema.Field) string {
	if f == nil {
		return "missing"
	}
	s := f.Kind.String()
	add := func(when bool, format string, args ...any) {
		if when {
			s += " " + fmt.Sprintf(format, args...)
		}
	}
	add(f.Length > 0, "len%d", f.Length)
	add(f.Precision > 0, "%d,%d", f.Precision, f.Scale)
	add(f.Resolution == time.Second, "1s")
	add(f.Required, "required")
	add(f.Nullable, "null")
	add(f.Createable, "create")
	add(f.Updateable, "update")
	add(f.Computed, "computed")
	add(f.Filterable, "filter")
	add(f.Sortable, "sort")
	add(f.Unique, "unique")
	add(f.UpsertKey, "key")
	add(f.CaseSensitive, "case")
	add(f.TrimsSpace, "trims")
	add(f.Restricted, "restricted")
	add(len(f.Values) > 0, "values%d", len(f.Values))
	add(len(f.RefTo) > 0, "%v %s", f.RefTo, f.Relationship)
	return s
}

func TestDescribeOfOddFields(t *testing.T) {
	for text, want := range map[string]string{
		field("F", "double", `"calculated":true,"precision":5,"scale":2`):                                                                                                 "number 5,2 null computed filter sort",
		field("F", "string", `"autoNumber":true,"nillable":false,"createable":false,"updateable":false`):                                                                  "text len255 computed filter sort trims",
		field("F", "boolean", `"nillable":false,"defaultedOnCreate":true`):                                                                                                "boolean create update filter sort",
		field("F", "multipicklist", `"restrictedPicklist":true,"sortable":false,"picklistValues":[{"active":true,"value":"A","label":"Ä"},{"active":false,"value":"B"}]`): "multipicklist null create update filter restricted values1",
		field("F", "string", `"unique":true,"idLookup":true,"caseSensitive":true`):                                                                                        "text len255 null create update filter sort unique key case trims",
		field("F", "address"):                               "missing",
		field("F", "string", `"deprecatedAndHidden":true`):  "missing",
		field("F", "base64", `"filterable":false`):          "any null create update sort",
		field("F", "time"):                                  "time null create update filter sort",
		field("F", "brand_new_type"):                        "missing",
		field("F", "encryptedstring", `"filterable":false`): "text null create update sort trims",
	} {
		o := newOrg(t, counting)
		o.describe["X"] = describeOf("X", text)
		catalog, err := o.open(t, nil).Describe(t.Context(), []string{"X"}, nil)
		if err != nil {
			t.Fatal(err)
		}
		if got := describeLine(catalog.Object("X").Field("F")); got != want {
			t.Errorf("%s\n%s\nwant %s", text, got, want)
		}
	}
	if v := choices([]picklistValue{{true, "Ä", "A"}, {true, "B", "B"}}); v[0].Label != "Ä" || v[1].Label != "" {
		t.Error(v)
	}
}

func TestDescribeLeavesOutWhatIsNotThere(t *testing.T) {
	o := newOrg(t, counting)
	c := o.open(t, nil)
	catalog, err := c.Describe(t.Context(), []string{"Account", "Acount", "account", "../Account", "Account", ""}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if len(catalog.Objects) != 1 || catalog.Object("Account") == nil {
		t.Errorf("%v", catalog.Objects)
	}
	if fmt.Sprint(catalog.Names) != "[Account]" {
		t.Errorf("names %v", catalog.Names)
	}
	before := len(o.sent("/sobjects"))
	if _, err := c.Describe(t.Context(), []string{"Account"}, nil); err != nil || len(o.sent("/sobjects")) != before {
		t.Error("the list of objects was asked for without need", err)
	}
}

func TestDescribeThatIsStillCurrent(t *testing.T) {
	o := newOrg(t, counting)
	first, err := o.open(t, nil).Describe(t.Context(), []string{"Account", "User"}, nil)
	if err != nil {
		t.Fatal(err)
	}
	text := o.describe["Account"]
	o.handle = func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("If-Modified-Since") == "Tue, 03 Mar 2026 10:00:00 GMT" {
			w.WriteHeader(304)
			return
		}
		if strings.HasSuffix(r.URL.Path, "/Account/describe") {
			w.Header().Set("Last-Modified", "Wed, 04 Mar 2026 10:00:00 GMT")
			answer(w, 200, text)
			return
		}
		counting(w, r)
	}
	o.describe = nil
	second, err := o.open(t, nil).Describe(t.Context(), []string{"Account", "User"}, first)
	if err != nil {
		t.Fatal(err)
	}
	if second.Object("Account") != first.Object("Account") || second.Object("User") != first.Object("User") {
		t.Error("a current object is not given as it is")
	}
	// Another user may see other fields: the answer for the one is none for the other.
	other := o.open(t, connectors.Settings{"client_id": textValue("someone-else")})
	third, err := other.Describe(t.Context(), []string{"Account"}, first)
	if err != nil || third.Object("Account") == first.Object("Account") {
		t.Error("another user was given the first one's schema", err)
	}
}

func TestDescribeThatFails(t *testing.T) {
	o := newOrg(t, func(w http.ResponseWriter, r *http.Request) {
		answer(w, 403, `[{"errorCode":"REQUEST_LIMIT_EXCEEDED","message":"TotalRequests Limit exceeded."}]`)
	})
	o.describe = nil
	_, err := o.open(t, nil).Describe(t.Context(), []string{"A", "B", "C", "D", "E", "F"}, nil)
	if e := wantClass(t, err, connectors.Limit, "24 hours"); e.RetryAfter != time.Hour {
		t.Error(e.RetryAfter)
	}
}

func TestDescribeWithoutTheAPI(t *testing.T) {
	_, err := newOrg(t, nil).open(t, connectors.Settings{"api_version": textValue("99.0")}).Describe(t.Context(), []string{"Account"}, nil)
	wantClass(t, err, connectors.Permanent, "may lack this version of the API")
}
