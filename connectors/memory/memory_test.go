package memory_test

import (
	"fmt"
	"testing"

	"github.com/syncline/syncline/connectors"
	"github.com/syncline/syncline/connectors/connectortest"
	"github.com/syncline/syncline/connectors/memory"
	"github.com/syncline/syncline/lang/schema"
	"github.com/syncline/syncline/lang/value"
)

func widget(replace bool) *schema.Object {
	f := func(name string, kind schema.Kind) *schema.Field {
		return &schema.Field{Name: name, Kind: kind, Nullable: true, Createable: true, Updateable: true, Filterable: true, Sortable: true}
	}
	id, stamp, external, name := f("Id", schema.ID), f("Stamp", schema.DateTime), f("External", schema.Text), f("Name", schema.Text)
	id.Createable, id.Updateable, id.Nullable, id.Unique = false, false, false, true
	stamp.Createable, stamp.Updateable = false, false
	external.Unique, external.UpsertKey = true, true
	name.Required, name.Nullable, name.Length = true, false, 200
	number := f("Number", schema.Number)
	number.Precision, number.Scale = 18, 2
	o := &schema.Object{Name: "Widget", Key: "Id", Modified: "Stamp", Createable: true, Updateable: true, Deletable: true,
		Fields: []*schema.Field{id, stamp, external, name, f("Integer", schema.Integer), number, f("Boolean", schema.Boolean),
			f("Date", schema.Date), f("Moment", schema.DateTime), f("Note", schema.Text)}}
	if replace {
		o.Name, o.Replace = "Whole", true
	}
	return o
}

func TestMemory(t *testing.T) {
	systems := map[string]*memory.System{}
	connectortest.Exercise(t, connectortest.Factory{
		Type: memory.Type(systems),
		Setup: func(t *testing.T) connectortest.Fixture {
			s := memory.New(widget(false))
			s.SetLimits(connectors.Limits{Lookup: 10, WriteBatch: 5, Parallel: 2}, 7)
			systems[t.Name()] = s
			return connectortest.Fixture{
				Config: connectors.Config{Name: t.Name()},
				Object: "Widget",
				Fields: connectortest.Fields{Name: "Name", External: "External", Integer: "Integer", Number: "Number", Boolean: "Boolean", Date: "Date", DateTime: "Moment", Note: "Note"},
				Seed: func(t *testing.T, records []connectortest.Values) []string {
					var ids []string
					for _, r := range records {
						ids = append(ids, s.Put("Widget", memory.Map(r)))
					}
					return ids
				},
				Touch: func(t *testing.T, id string, set connectortest.Values) {
					m := memory.Map{"Id": value.Text(id)}
					for k, v := range set {
						m[k] = v
					}
					s.Put("Widget", m)
				},
				Remove: func(t *testing.T, id string) { s.Remove("Widget", id) },
				Bad:    connectors.Field{Name: "Name", Value: value.Text(fmt.Sprintf("%0201d", 1))},
			}
		},
		Lacks: map[connectortest.Capability]string{
			connectortest.BadReads: "records are values already",
			connectortest.Orders:   "the order of change is the only one",
		},
	})
}
