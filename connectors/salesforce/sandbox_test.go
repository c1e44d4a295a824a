package salesforce

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/syncline/syncline/connectors"
	"github.com/syncline/syncline/connectors/sandbox/harness"
	sandbox "github.com/syncline/syncline/connectors/sandbox/salesforce"
	"github.com/syncline/syncline/connectors/sandbox/world"
	"github.com/syncline/syncline/lang/query"
	"github.com/syncline/syncline/lang/value"
)

// simulated is a simulated organisation that knows Thing__c, with a connection to it.
func simulated(t *testing.T, options sandbox.Options, faults ...harness.Fault) (*sandbox.System, *conn) {
	t.Helper()
	ln, err := harness.Listen(t.Context(), "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	thing := strings.Replace(newOrg(t, nil).describe["Thing__c"], `{"name"`, `{"keyPrefix":"a01","replicateable":true,"name"`, 1)
	file := filepath.Join(t.TempDir(), "Thing__c.json")
	if err := os.WriteFile(file, []byte(thing), 0o600); err != nil {
		t.Fatal(err)
	}
	options.World, options.URL, options.Describe = world.New(1, 3, time.Now()), harness.URL(ln), []string{file}
	system, err := sandbox.New(options)
	if err != nil {
		t.Fatal(err)
	}
	server := harness.Serve(ln, system, harness.Options{Faults: faults})
	t.Cleanup(func() { _ = server.Close() })
	env := map[string]string{}
	for _, line := range system.Env() {
		name, v, _ := strings.Cut(line, "=")
		env[name] = v
	}
	c, err := open(t.Context(), connectors.Config{Name: "crm", Settings: connectors.Settings{"url": value.Text(env["SALESFORCE_URL"]),
		"client_id": value.Text(env["SALESFORCE_CLIENT_ID"]), "client_secret": value.Text(env["SALESFORCE_CLIENT_SECRET"])}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return system, c.(*conn)
}

// TestFiltersGiveTheSameRecords runs random filters in the simulated organisation, which has its own idea of SOQL.
func TestFiltersGiveTheSameRecords(t *testing.T) {
	system, c := simulated(t, sandbox.Options{})
	var ids []string
	for i := range 40 {
		record := harness.Record{}
		for field, pool := range pools {
			v := pool[rand.IntN(len(pool))]
			if strings.Contains(field, ".") || field == "Missing__c" || v.IsNull() {
				continue
			}
			switch {
			case field == "Parent__c" && len(ids) == 0:
				continue
			case field == "Parent__c":
				record[field] = ids[rand.IntN(len(ids))]
			case field == "Key__c":
				record[field] = fmt.Sprint(v.AsText(), i) // unique
			case v.IsNumber():
				record[field] = json.Number(v.String())
			case v.Kind() == value.KindList:
				record[field] = strings.ReplaceAll(v.String(), ", ", ";")
			default:
				record[field] = v.JSON()
			}
		}
		out, err := system.Put("Thing__c", []harness.Record{record})
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, fmt.Sprint(out[0]["Id"]))
	}
	fields := append([]string{"Id"}, thingFields...)
	layout := value.NewLayout(fields...)
	all, _ := readAll(t, c, query.Read{Object: "Thing__c", Layout: layout})
	if len(all) != 40 {
		t.Fatalf("%d records", len(all))
	}
	rapid.Check(t, func(rt *rapid.T) {
		p := genPred(rt, 2)
		got, _ := readAll(t, c, query.Read{Object: "Thing__c", Layout: layout, Where: p})
		found := map[string]bool{}
		for _, r := range got {
			found[r[0].AsText()] = true
		}
		for _, r := range all {
			if query.Match(p, layout, r) && !found[r[0].AsText()] {
				rt.Fatalf("%#v loses %v", p, r)
			}
		}
	})
}

func createThings(t *testing.T, c *conn, n int) ([]connectors.Result, error) {
	t.Helper()
	thing, err := c.object(t.Context(), "Thing__c")
	if err != nil || thing == nil {
		t.Fatal(err)
	}
	w := connectors.Write{Object: thing, Op: connectors.Create}
	for i := range n {
		w.Records = append(w.Records, connectors.Record{Fields: set("Name", fmt.Sprint("thing ", i), "Key__c", fmt.Sprint("key ", i))})
	}
	return c.Write(t.Context(), w)
}

func countThings(t *testing.T, c *conn) int {
	t.Helper()
	got, _ := readAll(t, c, read("Thing__c", "Name"))
	return len(got)
}

func TestSessionsThatEndOftenLoseNothing(t *testing.T) {
	_, c := simulated(t, sandbox.Options{SessionCalls: 3})
	for range 10 {
		if _, err := createThings(t, c, 0); err != nil {
			t.Fatal(err)
		}
		if _, err := c.Objects(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if got, err := createThings(t, c, 450); err != nil || len(got) != 450 || got[449].Err != nil {
		t.Fatal(err)
	}
	if n := countThings(t, c); n != 450 {
		t.Errorf("%d records, want 450", n)
	}
}

func TestFaultsOfTheSystem(t *testing.T) {
	collections := harness.Match{Path: "/composite/sobjects"}
	for _, tc := range []struct {
		name    string
		fault   harness.Fault
		class   connectors.Class
		records int // that are there afterwards
	}{
		{"answer lost", harness.Fault{Match: collections, DropResponse: true}, connectors.InDoubt, 5},
		{"busy", harness.Fault{Match: collections, Status: 503}, connectors.Retry, 0},
		{"too many", harness.Fault{Match: collections, Status: 429, RetryAfter: 7}, connectors.Limit, 0},
		{"quota", harness.Fault{Match: collections, ErrorCode: "REQUEST_LIMIT_EXCEEDED", Message: "TotalRequests Limit exceeded."}, connectors.Limit, 0},
		{"gateway", harness.Fault{Match: collections, Status: 504}, connectors.InDoubt, 0},
	} {
		t.Run(tc.name, func(t *testing.T) {
			_, c := simulated(t, sandbox.Options{}, tc.fault)
			_, err := createThings(t, c, 5)
			e := wantClass(t, err, tc.class)
			if tc.fault.RetryAfter > 0 && e.RetryAfter != 7*time.Second {
				t.Error(e.RetryAfter)
			}
			if n := countThings(t, c); n != tc.records {
				t.Errorf("%d records, want %d", n, tc.records)
			}
		})
	}
}

func TestLockedRowsAreRetried(t *testing.T) {
	_, c := simulated(t, sandbox.Options{}, harness.Fault{Match: harness.Match{Path: "/composite/sobjects"}, ErrorCode: "UNABLE_TO_LOCK_ROW"})
	got, err := createThings(t, c, 3)
	if err == nil {
		err = got[0].Err
	}
	wantClass(t, err, connectors.Retry)
	if got, err = createThings(t, c, 3); err != nil || got[2].Err != nil {
		t.Error(err, got)
	}
}

func TestExpiredSessionDuringAWriteIsRenewed(t *testing.T) {
	_, c := simulated(t, sandbox.Options{}, harness.Fault{Match: harness.Match{Path: "/composite/sobjects"}, ExpireSession: true})
	if got, err := createThings(t, c, 3); err != nil || got[2].Err != nil {
		t.Fatal(err)
	}
	if n := countThings(t, c); n != 3 {
		t.Errorf("%d records, want 3", n)
	}
}

func TestAccountsOfTheSandbox(t *testing.T) {
	_, c := simulated(t, sandbox.Options{})
	catalog, err := c.Describe(t.Context(), []string{"Account", "User"}, nil)
	if err != nil {
		t.Fatal(err)
	}
	account := catalog.Object("Account")
	if account.Count == 0 || account.Version == "" || !account.Field("Gainsight_GSID__c").UpsertKey || account.Field("Locked__c").Updateable || !account.Field("Legacy_Score__c").Computed {
		t.Errorf("%+v", account)
	}
	again, err := c.Describe(t.Context(), []string{"Account"}, catalog)
	if err != nil || again.Object("Account") != account {
		t.Error("the describe is not taken as current", err)
	}
	got, cursor := readAll(t, c, read("Account", "Id", "Name", "Owner.Email", "Health_Score__c", "Risk_Tier__c", "SystemModstamp"))
	if len(got) == 0 || cursor == "" || got[0][2].IsNull() {
		t.Error(got, cursor)
	}
}
