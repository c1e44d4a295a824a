package salesforce

import (
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/syncline/syncline/connectors/salesforce/soql"
	"github.com/syncline/syncline/lang/query"
	"github.com/syncline/syncline/lang/value"
)

// thingFields are the fields that the tests of filters use.
var thingFields = []string{"Name", "Key__c", "Count__c", "Number__c", "Done__c", "Day__c", "At__c", "Tags__c", "Parent__c",
	"Parent__r.Name", "Owner.IsActive", "Long__c", "Missing__c"}

// thingShape is the shape of a read of all these fields.
func thingShape(t *testing.T, where query.Pred) *shape {
	t.Helper()
	c := newOrg(t, nil).open(t, nil)
	s, err := c.shapeOf(t.Context(), query.Read{Object: "Thing__c", Layout: value.NewLayout(thingFields...), Where: where})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func is(field string, v value.Value) query.Pred {
	return query.Compare{Field: field, Op: query.Eq, Value: query.Const(v)}
}

func compare(field string, op query.Op, v value.Value) query.Pred {
	return query.Compare{Field: field, Op: op, Value: query.Const(v)}
}

func test(field string, test query.Test, text string) query.Pred {
	return query.TextTest{Field: field, Test: test, Value: query.Const(value.Text(text))}
}

func TestFilters(t *testing.T) {
	s := thingShape(t, nil)
	text := value.Text
	for want, p := range map[string]query.Pred{
		"exact: Key__c = 'a'":                         is("Key__c", text("a")),
		"more: Name = 'O\\'Neil \\\\ co'":             is("Name", text(`O'Neil \ co`)),
		"more: Name = 'a\\nb\\tc%_'":                  is("Name", text("a\nb\tc%_")),
		"exact: Name = '42'":                          is("Name", text("42")),
		"all":                                         compare("Name", query.Ne, text("abc")),
		"exact: Key__c != 'a' OR Key__c = null":       compare("Key__c", query.Ne, text("a")),
		"exact: Name = null":                          is("Name", value.Null),
		"exact: Name != null":                         compare("Name", query.Ne, value.Null),
		"none":                                        is("Name", text(strings.Repeat("x", 256))),
		"exact all":                                   compare("Name", query.Ne, text(strings.Repeat("x", 256))),
		"exact: Count__c >= 3":                        compare("Count__c", query.Gt, value.Float(2.5)),
		"exact: Count__c <= -3":                       compare("Count__c", query.Lt, value.Float(-2.5)),
		"exact: Number__c < 100000000000":             compare("Number__c", query.Lt, value.Float(1e11)),
		"exact: Number__c > 0.000001":                 compare("Number__c", query.Gt, value.Float(1e-6)),
		"exact: Number__c >= 5 OR Number__c = null":   query.Not{X: compare("Number__c", query.Lt, value.Int(5))},
		"exact: Done__c = true":                       is("Done__c", value.Bool(true)),
		"exact: Done__c = false":                      compare("Done__c", query.Ne, value.Bool(true)),
		"more: Owner.IsActive = true":                 is("Owner.IsActive", value.Bool(true)),
		"exact: Day__c >= 2026-01-31":                 compare("Day__c", query.Ge, value.Date(2026, 1, 31)),
		"exact: At__c > 2026-01-31T10:00:00Z":         compare("At__c", query.Gt, micros("2026-01-31T10:00:00Z")),
		"exact: At__c > 2026-01-31T10:00:01Z":         compare("At__c", query.Ge, micros("2026-01-31T10:00:01.5Z")),
		"exact: At__c <= 2026-01-31T10:00:02Z":        compare("At__c", query.Lt, micros("2026-01-31T10:00:02.5Z")),
		"exact: Parent__c = '0015g00000000GjAAI'":     is("Parent__c", text("0015g00000000GjAAI")),
		"more: Parent__c = '0015g00000000GkAAI'":      is("Parent__c", text("0015g00000000Gk")),
		"more: Name LIKE 'a\\%\\_\\'b%'":              test("Name", query.Prefix, "a%_'b"),
		"more: Name LIKE '%a\\\\'":                    test("Name", query.Suffix, `a\`),
		"exact: Name LIKE '%1%'":                      test("Name", query.Contains, "1"),
		"more: Tags__c INCLUDES ('VIP')":              query.Includes{Field: "Tags__c", Value: query.Const(text("VIP"))},
		"exact: Key__c IN ('a','b')":                  query.In{Field: "Key__c", Values: []value.Value{text("a"), text("b"), text("a"), text("")}},
		"exact: Key__c IN ('c') OR Key__c = null":     query.In{Field: "Key__c", Values: []value.Value{text("c"), value.Null}},
		"exact: Parent__c IN ('0015g00000000GlAAI')":  query.In{Field: "Parent__c", Values: []value.Value{text("none"), text("0015g00000000GlAAI"), value.Int(3)}},
		"exact: Key__c NOT IN ('a') OR Key__c = null": query.Not{X: query.In{Field: "Key__c", Values: []value.Value{text("a")}}},
		"exact: (Key__c = 'a' OR Key__c = 'b') AND (Key__c = 'c' OR Key__c = 'd')": query.And{
			query.Or{is("Key__c", text("a")), is("Key__c", text("b"))}, query.Or{is("Key__c", text("c")), is("Key__c", text("d"))}},
		"exact: (Key__c = 'a' AND Count__c = 1) OR Key__c = 'b'":                       query.Or{query.And{is("Key__c", text("a")), is("Count__c", value.Int(1))}, is("Key__c", text("b"))},
		"exact: (Key__c != 'a' OR Key__c = null) AND (Key__c != 'b' OR Key__c = null)": query.Not{X: query.Or{is("Key__c", text("a")), is("Key__c", text("b"))}},
		"more: Key__c = 'e'":           query.And{is("Key__c", text("e")), is("Long__c", text("x"))},
		"exact: Key__c = 'f'":          query.And{is("Key__c", text("f")), query.And{}},
		"exact: Key__c = 'g'":          query.Or{is("Key__c", text("g")), is("Missing__c", text("x")), query.Or{}},
		"exact: Key__c = 'h'":          query.And{is("Key__c", text("h")), is("Missing__c", value.Null)},
		"more: Parent__r.Name = 'Zoë'": is("Parent__r.Name", text("Zoë")),
	} {
		c := s.condition(p, false)
		got := c.text
		switch c.truth {
		case always:
			got = "all"
			if c.exact {
				got = "exact all"
			}
		case nothing:
			got = "none"
		case depends:
			if got = "more: " + c.text; c.exact {
				got = "exact: " + c.text
			}
			if _, err := soql.Parse("SELECT Id FROM T WHERE " + c.text); err != nil {
				t.Errorf("%s: %v", c.text, err)
			}
		}
		if got != want {
			t.Errorf("%s\nwant %s", got, want)
		}
	}
}

func micros(s string) value.Value {
	m, ok := parseInstant([]byte(s))
	if !ok {
		panic(s)
	}
	return value.Micros(m)
}

// pools are the values that random records and predicates are made of: few, so that they meet.
var pools = map[string][]value.Value{
	"Name":           {value.Null, value.Text("a"), value.Text("A"), value.Text("ab%_"), value.Text("12"), value.Text("é"), value.Text("É")},
	"Key__c":         {value.Null, value.Text("a"), value.Text("A"), value.Text("b'\\")},
	"Count__c":       {value.Null, value.Int(-1), value.Int(0), value.Int(2), value.Int(3)},
	"Number__c":      {value.Null, value.Float(-1), value.Float(2), value.Float(2.5), value.Float(3)},
	"Done__c":        {value.Bool(true), value.Bool(false)},
	"Day__c":         {value.Null, value.Date(2026, 1, 1), value.Date(2026, 1, 2), value.Date(1960, 2, 3)},
	"At__c":          {value.Null, micros("2026-01-01T00:00:00Z"), micros("2026-01-01T00:00:01Z"), micros("1960-01-01T00:00:00Z")},
	"Tags__c":        {value.List(nil), value.List([]value.Value{value.Text("x")}), value.List([]value.Value{value.Text("X"), value.Text("y")})},
	"Parent__c":      {value.Null, value.Text(id(1)), value.Text(id(2))},
	"Parent__r.Name": {value.Null, value.Text("a"), value.Text("B")},
	"Owner.IsActive": {value.Null, value.Bool(true), value.Bool(false)},
	"Long__c":        {value.Null, value.Text("long")},
	"Missing__c":     {value.Null},
}

// strange are constants that no record holds, or of another kind.
var strange = []value.Value{value.Text(""), value.Int(2), value.Float(2.25), value.Text("none"), value.Bool(true), micros("2026-01-01T00:00:00.5Z"),
	value.Text("a01000000000001"), value.Text("a;b"), value.Date(2026, 1, 1), value.Text("\x00"), value.Float(1e300), value.Day(5e6), value.List(nil)}

func genConst(t *rapid.T, field string) value.Value {
	if rapid.IntRange(0, 4).Draw(t, "strange") == 0 {
		return rapid.SampledFrom(strange).Draw(t, "constant")
	}
	v := rapid.SampledFrom(pools[field]).Draw(t, "constant")
	if v.Kind() == value.KindList {
		return value.Text("x")
	}
	return v
}

func genPred(t *rapid.T, depth int) query.Pred {
	most := 7
	if depth == 0 {
		most = 4
	}
	field := rapid.SampledFrom(thingFields).Draw(t, "field")
	switch rapid.IntRange(0, most).Draw(t, "kind") {
	case 0:
		return query.Compare{Field: field, Op: query.Op(rapid.IntRange(0, 5).Draw(t, "op")), Value: query.Const(genConst(t, field))}
	case 1:
		in := query.In{Field: field}
		for range rapid.IntRange(0, 3).Draw(t, "n") {
			in.Values = append(in.Values, genConst(t, field))
		}
		return in
	case 2:
		return query.Null{Field: field, Not: rapid.Bool().Draw(t, "not")}
	case 3:
		return query.TextTest{Field: field, Test: query.Test(rapid.IntRange(0, 2).Draw(t, "test")), Value: query.Const(genConst(t, field))}
	case 4:
		return query.Includes{Field: field, Value: query.Const(genConst(t, field))}
	case 5:
		return query.Not{X: genPred(t, depth-1)}
	}
	var parts []query.Pred
	for range rapid.IntRange(0, 3).Draw(t, "parts") {
		parts = append(parts, genPred(t, depth-1))
	}
	if rapid.Bool().Draw(t, "or") {
		return query.Or(parts)
	}
	return query.And(parts)
}

// TestFiltersLoseNothing: whatever the predicate matches, Salesforce lets through; and where the filter is said to be
// exact, it lets through nothing else.
func TestFiltersLoseNothing(t *testing.T) {
	s := thingShape(t, nil)
	rapid.Check(t, func(t *rapid.T) {
		p := genPred(t, 3)
		c := s.condition(p, false)
		var q *soql.Query
		if c.truth == depends {
			var err error
			if q, err = soql.Parse("SELECT Id FROM T WHERE " + c.text); err != nil {
				t.Fatalf("%s: %v", c.text, err)
			}
		}
		for range 8 {
			record := make(value.Record, len(thingFields))
			for i, f := range thingFields {
				record[i] = rapid.SampledFrom(pools[f]).Draw(t, f)
			}
			want := query.Match(p, s.layout, record)
			got := c.truth == always || c.truth == depends && judge{s, record}.condition(q.Where)
			if want && !got || c.exact && want != got {
				t.Fatalf("%#v\nas %q (exact %v)\nof %v: matches %v, comes back %v", p, c.text, c.exact, record, want, got)
			}
		}
	})
}
