package gainsight_test

import (
	"testing"

	"pgregory.net/rapid"

	"github.com/syncline/syncline/connectors"
	sandbox "github.com/syncline/syncline/connectors/sandbox/gainsight"
	"github.com/syncline/syncline/lang/query"
	"github.com/syncline/syncline/lang/value"
)

// TestPushdownLosesNothing reads with random predicates: all that the predicate matches here must come, and with a limit
// nothing else.
func TestPushdownLosesNothing(t *testing.T) {
	x := newTenant(t, 80, sandbox.Options{}, connectors.Settings{"page_size": value.Int(33)})
	names := []string{"Gsid", "Name", "Stage", "Health_Score__gc", "RenewalDate", "ModifiedDate", "Csm__gr.Name", "Strategic__gc", "Summary", "Products__gc"}
	x.put("company", map[string]any{"Name": "With products", "Products__gc": "Core;Mobile", "Strategic__gc": true, "Summary": "s"})
	all, _, _ := x.read(query.Read{Object: "company", Layout: layout(names...)})
	l := layout(names...)
	rapid.Check(t, func(t *rapid.T) {
		p := anyPred(t, all, names, 3)
		q := query.Read{Object: "company", Layout: l, Where: p}
		limited := rapid.Bool().Draw(t, "limited")
		if limited {
			q.Limit = 200
		}
		got, _, _ := x.read(q)
		have := map[string]bool{}
		for _, r := range got {
			have[r[0].AsText()] = true
			if limited && !query.Match(p, l, r) {
				t.Fatalf("%#v lets %v through", p, r)
			}
		}
		for _, r := range all {
			if query.Match(p, l, r) && !have[r[0].AsText()] {
				t.Fatalf("%#v loses %v", p, r)
			}
		}
	})
}

// anyPred makes a predicate over fields with values that records have.
func anyPred(t *rapid.T, all []value.Record, names []string, depth int) query.Pred {
	kind := rapid.IntRange(0, 7).Draw(t, "kind")
	slot := rapid.IntRange(0, len(names)-1).Draw(t, "field")
	field := names[slot]
	some := func() value.Value {
		v := all[rapid.IntRange(0, len(all)-1).Draw(t, "record")][slot]
		if v.Kind() == value.KindList {
			return value.Text("Core")
		}
		return v
	}
	switch {
	case kind < 3 && depth > 0:
		n := rapid.IntRange(0, 3).Draw(t, "parts")
		parts := make([]query.Pred, n)
		for i := range parts {
			parts[i] = anyPred(t, all, names, depth-1)
		}
		if kind == 0 {
			return query.Or(parts)
		}
		return query.And(parts)
	case kind == 3 && depth > 0:
		return query.Not{X: anyPred(t, all, names, depth-1)}
	case kind == 4:
		return query.Null{Field: field, Not: rapid.Bool().Draw(t, "not")}
	case kind == 5:
		return query.In{Field: field, Values: []value.Value{some(), some()}}
	case kind == 6:
		v := some()
		if v.Kind() == value.KindText && v.AsText() != "" {
			v = value.Text(v.AsText()[:1])
		}
		return query.TextTest{Field: field, Test: query.Test(rapid.IntRange(0, 2).Draw(t, "test")), Value: query.Const(v)}
	case kind == 7 && field == "Products__gc":
		return query.Includes{Field: field, Value: query.Const(value.Text("Mobile"))}
	}
	return query.Compare{Field: field, Op: query.Op(rapid.IntRange(0, 5).Draw(t, "op")), Value: query.Const(some())}
}
