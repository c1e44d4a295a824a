package salesforce

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/syncline/syncline/connectors"
	"github.com/syncline/syncline/lang/query"
	"github.com/syncline/syncline/lang/value"
)

// whole answers all that a check asks for.
func whole(w http.ResponseWriter, r *http.Request) {
	switch strings.TrimPrefix(r.URL.Path, "/services/data") {
	case "":
		answer(w, 200, `[{"label":"Winter '11","url":"/x","version":"20.0"},{"label":"Summer '26","url":"/x","version":"67.0"},{"label":"Spring '26","url":"/x","version":"66.0"}]`)
	case "/v67.0/limits":
		answer(w, 200, `{"DailyApiRequests":{"Max":15000,"Remaining":1200,"App":{"Max":0,"Remaining":0}},"DataStorageMB":{"Max":1024,"Remaining":1000},"PermissionSets":{"Max":1500,"Remaining":1499,"CreateCustom":{"Max":1000,"Remaining":999}}}`)
	case "/v67.0/query":
		answer(w, 200, `{"totalSize":1,"done":true,"records":[{"Id":"00D5g0000000001EAA","Name":"Acme","OrganizationType":"Enterprise Edition","IsSandbox":true}]}`)
	case "/v67.0/sobjects":
		answer(w, 200, `{"sobjects":[{"name":"Account","label":"Account","queryable":true}]}`)
	default:
		answer(w, 404, `[]`)
	}
}

func TestCheck(t *testing.T) {
	o := newOrg(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/services/oauth2/userinfo" {
			answer(w, 200, `{"user_id":"005x","organization_id":"00Dx","preferred_username":"sync@acme.com","name":"Sync User"}`)
			return
		}
		whole(w, r)
	})
	r, err := o.open(t, nil).Check(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if got := fmt.Sprintf("%s|%s|%s", r.User, r.Account, r.Version); got != "Sync User (sync@acme.com)|Acme (Enterprise Edition, 00D5g0000000001EAA), a sandbox|67.0 (Summer '26)" {
		t.Error(got)
	}
	if fmt.Sprint(r.Quotas) != "[{API calls a day 15000 1200} {data storage (MB) 1024 1000}]" {
		t.Error(r.Quotas)
	}
	if got := strings.Join(r.Notes, "|"); got != "only 1200 of 15000 API calls a day are left|the user sees 1 objects" {
		t.Error(got)
	}
	_, err = o.open(t, connectors.Settings{"api_version": value.Text("68.0")}).Check(t.Context())
	wantClass(t, err, connectors.Permanent, "20.0 to 67.0", `set api_version = "67.0"`)
}

func TestCheckOfAUserWhoSeesLittle(t *testing.T) {
	o := newOrg(t, func(w http.ResponseWriter, r *http.Request) {
		switch {
		case strings.HasSuffix(r.URL.Path, "/query"), strings.HasSuffix(r.URL.Path, "/userinfo"):
			answer(w, 403, `[{"errorCode":"INSUFFICIENT_ACCESS","message":"no"}]`)
		case strings.HasSuffix(r.URL.Path, "/sobjects"):
			answer(w, 200, `{"sobjects":[{"name":"Task","label":"Task","queryable":true}]}`)
		default:
			whole(w, r)
		}
	})
	r, err := o.open(t, nil).Check(t.Context())
	if err != nil || !strings.Contains(strings.Join(r.Notes, "|"), "Account is not among them") {
		t.Error(r, err)
	}
}

func TestDeleted(t *testing.T) {
	for _, tc := range []struct {
		name, since, start, end, next string
		covered, earliest, refused    string
		ids                           int
		complete                      bool
	}{
		{name: "begin", start: "05:04", end: "05:07", next: "05:05:00", covered: "05:05:00", complete: true},
		{name: "go on", since: "2026-03-01T00:00:00Z", start: "2026-03-01T00:00", end: "05:07", next: "05:05:00", covered: "05:05:00", ids: 1, complete: true},
		{name: "this minute is asked for again", since: "2026-03-04T05:06:00Z", start: "05:04", end: "05:07", next: "05:06:00", covered: "05:07:00", ids: 1, complete: true},
		{name: "purged", since: "2026-03-01T00:00:00Z", start: "2026-03-01T00:00", end: "05:07", next: "05:05:00", covered: "05:05:00", earliest: "2026-03-01T00:00:01", ids: 1},
		{name: "too old", since: "2026-01-01T00:00:00Z", start: "2026-02-17T06:06", end: "05:07", next: "05:05:00", covered: "05:05:00", ids: 1},
		{name: "too many", since: "2026-03-01T00:00:00Z", start: "2026-03-01T00:00", end: "05:07", next: "05:06:00", refused: "EXCEEDED_ID_LIMIT too many"},
		{name: "not kept", since: "2026-03-01T00:00:00Z", start: "2026-03-01T00:00", end: "05:07", next: "05:06:00", refused: "INVALID_TYPE sObject type X is not replicable"},
		{name: "no future", since: "2026-03-01T00:00:00Z", start: "2026-03-01T00:00", end: "05:06", next: "05:06:00", covered: "05:06:00", refused: "INVALID_REPLICATION_DATE once", ids: 1, complete: true},
		{name: "purged whole", since: "2026-03-01T00:00:00Z", start: "2026-03-01T00:00", end: "05:06", next: "05:06:00", refused: "INVALID_REPLICATION_DATE always"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			calls := 0
			o := newOrg(t, func(w http.ResponseWriter, r *http.Request) {
				code, message, _ := strings.Cut(tc.refused, " ")
				if calls++; code != "" && (message != "once" || calls == 1) {
					answer(w, 400, fmt.Sprintf(`[{"errorCode":%q,"message":%q}]`, code, message))
					return
				}
				if tc.earliest == "" {
					tc.earliest = "2026-02-10T00:00:00"
				}
				answer(w, 200, fmt.Sprintf(`{"deletedRecords":[{"id":%q,"deletedDate":"2026-03-04T05:00:00.000+0000"}],"earliestDateAvailable":"%s.000+0000","latestDateCovered":"2026-03-04T%s.000+0000"}`,
					id(1), tc.earliest, tc.covered))
			})
			c := o.open(t, nil)
			since := ""
			if tc.since != "" {
				since = `{"at":"` + tc.since + `"}`
			}
			ids, next, complete, err := c.Deleted(t.Context(), o.object(t, c, "Thing__c"), query.Cursor(since))
			if err != nil || len(ids) != tc.ids || string(next) != `{"at":"2026-03-04T`+tc.next+`Z"}` || complete != tc.complete {
				t.Error(ids, next, complete, err)
			}
			sent := o.sent("/deleted")
			if len(tc.start) == 5 {
				tc.start = "2026-03-04T" + tc.start
			}
			want := url.Values{"start": {tc.start + ":00Z"}, "end": {"2026-03-04T" + tc.end + ":00Z"}}.Encode()
			if q := sent[len(sent)-1].query; q != want {
				t.Errorf("%s\nwant %s", q, want)
			}
		})
	}
}

func TestDeletedThatCannotBeRead(t *testing.T) {
	o := newOrg(t, func(w http.ResponseWriter, r *http.Request) {
		answer(w, 200, `{"deletedRecords":[],"latestDateCovered":"no date"}`)
	})
	c := o.open(t, nil)
	thing := o.object(t, c, "Thing__c")
	_, _, _, err := c.Deleted(t.Context(), thing, "")
	wantClass(t, err, connectors.Retry, "what time it covers")
	_, _, _, err = c.Deleted(t.Context(), thing, "nonsense")
	wantClass(t, err, connectors.Permanent)
}

func TestTheSystemsClockIsUsed(t *testing.T) {
	o := newOrg(t, nil)
	c := o.open(t, nil)
	c.skew.observe(http.Header{"Date": {o.at.Add(time.Hour).Format(http.TimeFormat)}}, o.at)
	if got := c.serverNow(); !got.Equal(o.at.Add(time.Hour)) {
		t.Error(got)
	}
}
