package planner

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/syncline/syncline/lang/check"
	"github.com/syncline/syncline/lang/expr"
	"github.com/syncline/syncline/lang/plan"
	"github.com/syncline/syncline/lang/query"
	"github.com/syncline/syncline/lang/resolve"
	"github.com/syncline/syncline/lang/schema"
	"github.com/syncline/syncline/lang/schema/schematext"
	"github.com/syncline/syncline/lang/span"
	"github.com/syncline/syncline/lang/syntax"
	"github.com/syncline/syncline/lang/value"
)

const pushSchema = `
src test filter=all
  Thing key=Id modified=Changed
    Id id(18) unique
    Name text(40) null
    Code text(10) null cased
    Stage picklist null values=Adoption|Renewal|Churned
    Score number(5,2) null
    Arr number(18,2) null
    Count integer null
    Active boolean null
    Due date null
    Seen datetime null
    Tags multipicklist values=Gold|Silver
    Notes text null nofilter
    Changed datetime
`

// drawCondition writes a condition over the fields of Thing: what people write, and what nobody would.
func drawCondition(t *rapid.T, depth int) string {
	one := func(options ...string) string { return rapid.SampledFrom(options).Draw(t, "part") }
	if depth > 0 {
		switch rapid.IntRange(0, 5).Draw(t, "shape") {
		case 0, 1:
			return "(" + drawCondition(t, depth-1) + " && " + drawCondition(t, depth-1) + ")"
		case 2, 3:
			return "(" + drawCondition(t, depth-1) + " || " + drawCondition(t, depth-1) + ")"
		case 4:
			return "!(" + drawCondition(t, depth-1) + ")"
		}
	}
	op := one("==", "!=", "<", "<=", ">", ">=")
	eq := one("==", "!=")
	switch rapid.IntRange(0, 11).Draw(t, "leaf") {
	case 0:
		return "source." + one("Score", "Arr", "Count") + " " + op + " " + one("0", "1", "2.5", "99.99", "-3")
	case 1:
		return one("1", "2.5") + " " + op + " source." + one("Score", "Count")
	case 2:
		return "source." + one("Name", "Code", "Stage") + " " + eq + " " + one("'Adoption'", "'adoption'", "'a'", "'A '", "null")
	case 3:
		return "source." + one("Name", "Code") + " " + op + " 'B'"
	case 4:
		return "source." + one("Stage", "Name") + " in [" + one("'Adoption'", "'Renewal', 'a'", "null", "'Churned', null") + "]"
	case 5:
		return one("source.Active", "!source.Active", "source.Active == true", "source.Active != true", "source.Active == null")
	case 6:
		return "source.Due " + op + " " + one("today()", "today() + days(7)", "date('2026-03-04')")
	case 7:
		return "source.Seen " + op + " " + one("now()", "now() - hours(5)", "datetime('2026-03-04T05:06:07Z')")
	case 8:
		return one("within(source.Due, days(7))", "within(source.Seen, hours(9))", "within(source.Seen, days(1))")
	case 9:
		return "source." + one("Name", "Code") + "." + one("startsWith", "endsWith", "contains") + "(" + one("'a'", "'A'", "'ab'") + ")"
	case 10:
		return one("'Gold' in source.Tags", "!('Silver' in source.Tags)", "source.Tags == []", "source.Tags.size() > 1")
	}
	return "source." + one("Score", "Name", "Stage", "Due", "Active", "Notes") + " " + eq + " null"
}

var drawTime = time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)

func drawRecord(t *rapid.T, layout *value.Layout) value.Record {
	pick := func(name string, values ...value.Value) value.Value {
		return rapid.SampledFrom(append(values, value.Null)).Draw(t, name)
	}
	texts := []value.Value{value.Text("Adoption"), value.Text("adoption"), value.Text("a"), value.Text("A"), value.Text("ab"), value.Text("AB"), value.Text("B"), value.Text("Renewal")}
	day := value.Date(2026, 3, 4).AsDay()
	us := drawTime.UnixMicro()
	r := make(value.Record, layout.Len())
	for i, name := range layout.Names {
		switch name {
		case "Name", "Code", "Stage", "Notes":
			r[i] = pick(name, texts...)
		case "Score", "Arr":
			r[i] = pick(name, value.Float(0), value.Float(1), value.Float(2.5), value.Float(99.99), value.Float(-3))
		case "Count":
			r[i] = pick(name, value.Int(0), value.Int(1), value.Int(3), value.Int(-3))
		case "Active":
			r[i] = pick(name, value.Bool(true), value.Bool(false))
		case "Due":
			r[i] = pick(name, value.Day(day), value.Day(day+7), value.Day(day-1), value.Day(day+8))
		case "Seen":
			r[i] = pick(name, value.Micros(us), value.Micros(us+9*3600e6), value.Micros(us-5*3600e6), value.Micros(us+10*3600e6))
		case "Tags":
			r[i] = rapid.SampledFrom([]value.Value{value.List(nil), value.List([]value.Value{value.Text("Gold")}), value.List([]value.Value{value.Text("gold"), value.Text("Silver")})}).Draw(t, name)
		}
	}
	return r
}

// TestPushedLetsThroughAllThatWholeDoes holds every rewrite to its promise, on systems that can filter more and less, and on
// one that ignores letter case.
func TestPushedLetsThroughAllThatWholeDoes(t *testing.T) {
	catalogs, err := schematext.Parse(pushSchema)
	if err != nil {
		t.Fatal(err)
	}
	full := catalogs["src"]
	thing := full.Object("Thing")
	rapid.Check(t, func(t *rapid.T) {
		catalog := *full
		catalog.Filter = drawCaps(t)
		text := drawCondition(t, 3)
		env := expr.NewEnv(expr.Scope{Roots: []expr.Root{{Name: "source", Object: thing, Catalog: &catalog}}})
		checked, diags := env.Check(expr.Source{Spelling: expr.Quoted, Embedded: spanOf(text)}, expr.Want{Condition: true})
		if diags.HasErrors() {
			t.Skip(diags[0].Detail) // never true by its types, such as a text that no value of the picklist is
		}
		b := &lowering{clock: newClock(expr.Scope{})}
		b.layouts = []*value.Layout{value.NewLayout("Id", "Name", "Code", "Stage", "Score", "Arr", "Count", "Active", "Due", "Seen", "Tags", "Notes")}
		f := b.filter(checked, plan.RootSource, check.End{Catalog: &catalog, Object: thing}, nil)
		frame := &expr.Frame{Records: []value.Record{nil}, Now: drawTime}
		var params []value.Value
		for _, p := range f.Params {
			v, err := p.Eval(frame)
			if err != nil {
				t.Fatal(err)
			}
			params = append(params, v)
		}
		bound := query.Bind(f.Pushed, params)
		allowedBy(t, catalog.Filter, bound)
		for range 20 {
			r := drawRecord(t, b.layouts[0])
			frame.Records[0] = r
			whole, err := f.Whole.Test(frame)
			if err != nil {
				t.Fatal(err)
			}
			if whole && !matchAs(catalog.Filter, bound, b.layouts[0], r) {
				t.Fatalf("%s\nis pushed as %s\nand does not let through %v", text, query.String(bound), r)
			}
			if len(f.LocalText) == 0 && f.Pushed != nil && !whole && matchAs(catalog.Filter, bound, b.layouts[0], r) {
				t.Fatalf("%s\nis said to be pushed whole as %s\nand lets through %v", text, query.String(bound), r)
			}
		}
	})
}

func drawCaps(t *rapid.T) schema.FilterCaps {
	flag := func(name string) bool { return rapid.IntRange(0, 5).Draw(t, name) > 0 }
	return schema.FilterCaps{Compare: flag("compare"), In: flag("in"), Null: flag("null"), Prefix: flag("prefix"), Substr: flag("substr"),
		Or: flag("or"), Not: flag("not"), Paths: flag("paths"), Includes: flag("includes"), FoldsCase: rapid.Bool().Draw(t, "folds")}
}

// matchAs is query.Match as a system evaluates it that ignores letter case in texts that are not marked.
func matchAs(caps schema.FilterCaps, p query.Pred, layout *value.Layout, r value.Record) bool {
	if !caps.FoldsCase {
		return query.Match(p, layout, r)
	}
	folded := make(value.Record, len(r))
	for i, v := range r {
		folded[i] = v
		if layout.Names[i] != "Code" {
			folded[i] = fold(v)
		}
	}
	return query.Match(foldPred(p), layout, folded)
}

func fold(v value.Value) value.Value {
	switch v.Kind() {
	case value.KindText:
		return value.Text(strings.ToLower(v.AsText()))
	case value.KindList:
		var items []value.Value
		for _, item := range v.AsList() {
			items = append(items, fold(item))
		}
		return value.List(items)
	}
	return v
}

func foldPred(p query.Pred) query.Pred {
	switch p := p.(type) {
	case query.And:
		out := make(query.And, len(p))
		for i, x := range p {
			out[i] = foldPred(x)
		}
		return out
	case query.Or:
		out := make(query.Or, len(p))
		for i, x := range p {
			out[i] = foldPred(x)
		}
		return out
	case query.Compare:
		if p.Field != "Code" {
			p.Value = query.Const(fold(p.Value.Const))
		}
		return p
	case query.In:
		if p.Field != "Code" {
			p.Values = fold(value.List(p.Values)).AsList()
		}
		return p
	case query.TextTest:
		if p.Field != "Code" {
			p.Value = query.Const(fold(p.Value.Const))
		}
		return p
	case query.Includes:
		p.Value = query.Const(fold(p.Value.Const))
		return p
	}
	return p
}

// allowedBy checks that a predicate asks no more of a system than it can.
func allowedBy(t *rapid.T, caps schema.FilterCaps, p query.Pred) {
	ok := true
	switch p := p.(type) {
	case query.And:
		for _, x := range p {
			allowedBy(t, caps, x)
		}
	case query.Or:
		ok = caps.Or
		for _, x := range p {
			allowedBy(t, caps, x)
		}
	case query.Not:
		ok = caps.Not
	case query.Compare:
		ok = caps.Compare && p.Field != "Notes"
	case query.In:
		ok = caps.In
	case query.Null:
		ok = caps.Null && p.Field != "Notes"
	case query.TextTest:
		ok = p.Test == query.Prefix && caps.Prefix || p.Test != query.Prefix && caps.Substr
	case query.Includes:
		ok = caps.Includes
	}
	if !ok {
		t.Fatalf("a system with %+v is asked %s", caps, query.String(p))
	}
}

func TestRewritesHaveNames(t *testing.T) {
	seen := map[string]bool{}
	for _, r := range rewrites {
		if r.name == "" || seen[r.name] || r.apply == nil {
			t.Errorf("rewrite %q", r.name)
		}
		seen[r.name] = true
	}
}

// compileText plans a project over the schema above.
func compileText(t testing.TB, text string) *plan.Set {
	catalogs, err := schematext.Parse(pushSchema + `
dst test filter=all
  Thing key=Id create update
    Id id(18) unique
    Key text(18) null rw unique
    Name text(40) null rw
    Stage text(40) null rw
`)
	if err != nil {
		t.Fatal(err)
	}
	file, diags := syntax.Parse("a.sync.hcl", []byte(text))
	m, more := resolve.Modules([]*syntax.File{file})
	p, found := check.Check(m, check.Inputs{Catalogs: catalogs})
	for _, d := range append(append(diags, more...), found...) {
		if d.Severity == 0 {
			t.Fatal(d)
		}
	}
	return Build(p)
}

func rule(name, body string) string {
	return fmt.Sprintf("sync %q {\n  from = src.Thing\n  to = dst.Thing\n%s\n}\n", name, body)
}

const header = "connection \"test\" \"src\" {\n}\nconnection \"test\" \"dst\" {\n}\n"

func TestFingerprintsTellMeaningFromSpelling(t *testing.T) {
	body := func(cron, where, val, tags string) string {
		return fmt.Sprintf("  schedule {\n    cron = %q\n  }\n  tags = [%q]\n  where = %q\n  match {\n    by = { Key = source.Id }\n  }\n  map {\n    Name = %s\n  }", cron, tags, where, val)
	}
	base := compileText(t, header+rule("a", body("0 3 * * *", "source.Count > 5", "source.Name", "x"))).Syncs[0]
	tests := []struct {
		name                 string
		body                 string
		meaning, fingerprint bool // changed
	}{
		{"the same", body("0 3 * * *", "source.Count > 5", "source.Name", "x"), false, false},
		{"blanks and comments", "  # x\n" + body("0 3 * * *", "source.Count  >  5", "source.Name", "x"), false, false},
		{"another spelling of the same", body("0 3 * * *", "source.Count > 5", `"source.Name"`, "x"), false, false},
		{"cron", body("0 4 * * *", "source.Count > 5", "source.Name", "x"), false, true},
		{"tags", body("0 3 * * *", "source.Count > 5", "source.Name", "y"), false, true},
		{"where", body("0 3 * * *", "source.Count > 6", "source.Name", "x"), true, true},
		{"map", body("0 3 * * *", "source.Count > 5", "source.Code", "x"), true, true},
	}
	for _, tt := range tests {
		got := compileText(t, header+rule("a", tt.body)).Syncs[0]
		if changed := got.Meaning != base.Meaning; changed != tt.meaning {
			t.Errorf("%s: meaning changed: %v", tt.name, changed)
		}
		if changed := got.Fingerprint != base.Fingerprint; changed != tt.fingerprint {
			t.Errorf("%s: fingerprint changed: %v", tt.name, changed)
		}
	}
}

func TestRulesFollowThoseTheyRunAfter(t *testing.T) {
	body := func(after, field string) string {
		return after + "  manual = true\n  enabled = false\n  match {\n    by = { Key = source.Id }\n  }\n  map {\n    " + field + " = source.Name\n  }"
	}
	set := compileText(t, header+rule("a", body("  after = [sync.c]\n", "Name"))+rule("b", body("", "Stage"))+rule("c", body("  requires = [sync.b]\n", "Name")))
	var names []string
	for _, s := range set.Syncs {
		names = append(names, s.Name)
	}
	if got := strings.Join(names, " "); got != "b c a" {
		t.Errorf("the order is %s", got)
	}
}

func spanOf(text string) span.Embedded { return span.Plain("condition", text) }
