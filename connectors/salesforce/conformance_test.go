package salesforce_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/syncline/syncline/connectors"
	"github.com/syncline/syncline/connectors/connectortest"
	"github.com/syncline/syncline/connectors/salesforce"
	"github.com/syncline/syncline/connectors/sandbox/harness"
	sandbox "github.com/syncline/syncline/connectors/sandbox/salesforce"
	"github.com/syncline/syncline/connectors/sandbox/world"
	"github.com/syncline/syncline/lang/value"
)

// widget is the describe of an object with a field for each part of the suite.
func widget(t *testing.T) string {
	t.Helper()
	field := func(name, kind string, length int, more map[string]any) map[string]any {
		f := map[string]any{"name": name, "label": name, "type": kind, "length": length, "nillable": true, "createable": true, "updateable": true, "filterable": true,
			"sortable": true, "defaultedOnCreate": false, "digits": 0, "precision": 0, "scale": 0, "unique": false, "externalId": false, "idLookup": false,
			"caseSensitive": false, "restrictedPicklist": false, "picklistValues": []any{}, "referenceTo": []any{}, "relationshipName": nil, "calculated": false}
		for k, v := range more {
			f[k] = v
		}
		return f
	}
	system := map[string]any{"nillable": false, "createable": false, "updateable": false, "defaultedOnCreate": true}
	text, err := json.Marshal(map[string]any{"name": "Widget__c", "label": "Widget", "keyPrefix": "a0W", "queryable": true, "createable": true, "updateable": true,
		"deletable": true, "replicateable": true, "custom": true, "retrieveable": true, "fields": []any{
			field("Id", "id", 18, system), field("IsDeleted", "boolean", 0, system), field("CreatedDate", "datetime", 0, system),
			field("LastModifiedDate", "datetime", 0, system), field("SystemModstamp", "datetime", 0, system),
			field("Name", "string", 255, nil),
			field("Key__c", "string", 64, map[string]any{"unique": true, "externalId": true, "idLookup": true}),
			field("Count__c", "int", 0, map[string]any{"digits": 8}),
			field("Amount__c", "double", 0, map[string]any{"precision": 10, "scale": 2}),
			field("Done__c", "boolean", 0, map[string]any{"nillable": false, "defaultedOnCreate": true}),
			field("Day__c", "date", 0, nil), field("At__c", "datetime", 0, nil), field("Note__c", "string", 255, nil),
			field("Contact__c", "email", 80, nil),
		}})
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "Widget__c.json")
	if err := os.WriteFile(file, text, 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// startOrg starts a simulated organisation and gives it with the settings that reach it.
func startOrg(t *testing.T) (*sandbox.System, *harness.Server, connectors.Config) {
	t.Helper()
	ln, err := harness.Listen(t.Context(), "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	system, err := sandbox.New(sandbox.Options{World: world.New(1, 12, time.Now()), URL: harness.URL(ln), Describe: []string{widget(t)}})
	if err != nil {
		t.Fatal(err)
	}
	server := harness.Serve(ln, system, harness.Options{})
	t.Cleanup(func() { _ = server.Close() })
	env := map[string]string{}
	for _, line := range system.Env() {
		for i := range line {
			if line[i] == '=' {
				env[line[:i]] = line[i+1:]
				break
			}
		}
	}
	return system, server, connectors.Config{Name: "crm", Settings: connectors.Settings{"url": value.Text(env["SALESFORCE_URL"]),
		"client_id": value.Text(env["SALESFORCE_CLIENT_ID"]), "client_secret": value.Text(env["SALESFORCE_CLIENT_SECRET"])}}
}

// plain are values as the control endpoints take them.
func plain(set connectortest.Values) harness.Record {
	out := harness.Record{}
	for name, v := range set {
		if v.IsNumber() {
			out[name] = json.Number(v.String())
		} else {
			out[name] = v.JSON()
		}
	}
	return out
}

func TestConformance(t *testing.T) {
	connectortest.Exercise(t, connectortest.Factory{
		Type: salesforce.Type(),
		Setup: func(t *testing.T) connectortest.Fixture {
			system, _, config := startOrg(t)
			put := func(t *testing.T, records ...harness.Record) []harness.Record {
				t.Helper()
				out, err := system.Put("Widget__c", records)
				if err != nil {
					t.Fatal(err)
				}
				return out
			}
			return connectortest.Fixture{
				Config: config, Object: "Widget__c",
				Fields: connectortest.Fields{Name: "Name", External: "Key__c", Integer: "Count__c", Number: "Amount__c", Boolean: "Done__c", Date: "Day__c",
					DateTime: "At__c", Note: "Note__c"},
				Seed: func(t *testing.T, records []connectortest.Values) []string {
					list := make([]harness.Record, len(records))
					for i, r := range records {
						list[i] = plain(r)
					}
					ids := make([]string, len(records))
					for i, r := range put(t, list...) {
						ids[i] = fmt.Sprint(r["Id"])
					}
					return ids
				},
				Touch: func(t *testing.T, id string, set connectortest.Values) {
					change := plain(set)
					change["Id"] = id
					put(t, change)
				},
				Remove: func(t *testing.T, id string) {
					if err := system.Delete("Widget__c", id); err != nil {
						t.Fatal(err)
					}
				},
				Bad: connectors.Field{Name: "Contact__c", Value: value.Text("not an address")},
			}
		},
		Lacks: map[connectortest.Capability]string{
			connectortest.TextOrder: "Salesforce orders texts by language, we by code point; such a filter is evaluated here",
			connectortest.Replaces:  "an object is never written whole",
			connectortest.BadReads:  "the organisation checks what is written; scripted answers test it instead",
		},
	})
}
