package gainsight_test

import (
	"encoding/json"
	"testing"

	"github.com/syncline/syncline/connectors"
	"github.com/syncline/syncline/connectors/connectortest"
	"github.com/syncline/syncline/connectors/gainsight"
	sandbox "github.com/syncline/syncline/connectors/sandbox/gainsight"
	"github.com/syncline/syncline/lang/value"
)

// plain are values as the control endpoints take them.
func plain(set connectortest.Values) map[string]any {
	out := map[string]any{}
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
		Type: gainsight.Type(),
		Setup: func(t *testing.T) connectortest.Fixture {
			x := newTenant(t, 12, sandbox.Options{}, nil)
			return connectortest.Fixture{
				Config: x.config(connectors.Settings{"page_size": value.Int(7)}),
				Object: "company",
				Fields: connectortest.Fields{Name: "Name", External: "External_Id__gc", Number: "Health_Score__gc", Boolean: "Strategic__gc",
					Date: "RenewalDate", DateTime: "Last_QBR__gc", Note: "Summary"},
				Seed: func(t *testing.T, records []connectortest.Values) []string {
					ids := make([]string, len(records))
					list := make([]map[string]any, len(records))
					for i, r := range records {
						list[i] = plain(r)
					}
					for i, r := range x.put("company", list...) {
						ids[i] = r["Gsid"].(string)
					}
					return ids
				},
				Touch: func(t *testing.T, id string, set connectortest.Values) {
					change := plain(set)
					change["Gsid"] = id
					x.put("company", change)
				},
				Remove: func(t *testing.T, id string) {
					if err := x.system.Delete("company", id); err != nil {
						t.Fatal(err)
					}
				},
				Bad: connectors.Field{Name: "Website__gc", Value: value.Text("not an address")},
			}
		},
		Lacks: map[connectortest.Capability]string{
			connectortest.TextOrder: "how Gainsight orders texts is not documented",
			connectortest.TextNulls: "Gainsight may hold empty texts, which IS_NULL does not find",
			connectortest.Replaces:  "an object is never written whole",
			connectortest.Groups:    "Gainsight has no call that writes several objects as one",
			connectortest.BadReads:  "the tenant checks what is written; scripted answers test it instead",
		},
	})
}
