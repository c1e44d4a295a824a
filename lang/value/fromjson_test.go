package value

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/syncline/syncline/lang/schema"
)

func TestFromJSONGivesBackWhatJSONGave(t *testing.T) {
	at := time.Date(2026, 3, 2, 8, 30, 0, 123456000, time.UTC)
	rapid.Check(t, func(t *rapid.T) {
		cases := []struct {
			kind schema.Kind
			v    Value
		}{
			{schema.Text, Text(rapid.String().Draw(t, "text"))},
			{schema.Integer, Int(rapid.Int64().Draw(t, "int"))},
			{schema.Number, Float(rapid.Float64().Draw(t, "float"))},
			{schema.Boolean, Bool(rapid.Bool().Draw(t, "bool"))},
			{schema.Date, Day(rapid.Int64Range(-700000, 2900000).Draw(t, "day"))},
			{schema.DateTime, Time(at.Add(time.Duration(rapid.Int64Range(0, 1<<50).Draw(t, "time")) * time.Microsecond))},
			{schema.MultiPicklist, List([]Value{Text("a"), Text("b")})},
			{schema.Text, Null},
		}
		c := cases[rapid.IntRange(0, len(cases)-1).Draw(t, "case")]
		data, err := json.Marshal(c.v.JSON())
		if err != nil {
			t.Skip(err)
		}
		dec := json.NewDecoder(strings.NewReader(string(data)))
		dec.UseNumber()
		var x any
		if err := dec.Decode(&x); err != nil {
			t.Fatal(err)
		}
		got, err := FromJSON(&schema.Field{Name: "F", Kind: c.kind}, x)
		if err != nil || !Equal(got, c.v) && !(c.v.IsNull() && got.IsNull()) {
			if c.v.Kind() == KindText && strings.ToValidUTF8(c.v.AsText(), "�") != c.v.AsText() {
				return
			}
			t.Fatalf("%s: %v became %s: %v, %v", c.v.Kind(), c.v, data, got, err)
		}
	})
}

func TestFromJSONRefusesWhatIsNoValue(t *testing.T) {
	for kind, x := range map[schema.Kind]any{schema.Date: "soon", schema.DateTime: "2026-01-01", schema.MultiPicklist: []any{1.5}, schema.Text: map[string]any{}} {
		if v, err := FromJSON(&schema.Field{Name: "F", Kind: kind}, x); err == nil {
			t.Errorf("%v became %v", x, v)
		}
	}
}
