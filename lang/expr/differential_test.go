package expr

import (
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"cel.dev/cel-go/common/types/ref"
	"pgregory.net/rapid"

	"github.com/syncline/syncline/lang/value"
)

// The closures and cel-go, told of the same rules, must agree on every expression and record: in the value, and in
// whether there is one. The messages may differ.

// grammar draws expressions by type. Fields of testCatalog stand for each type, empty ones among them.
type grammar struct{ t *rapid.T }

func (g grammar) pick(options ...func(int) string) func(int) string {
	return options[rapid.IntRange(0, len(options)-1).Draw(g.t, "choice")]
}

func (g grammar) oneOf(texts ...string) string { return rapid.SampledFrom(texts).Draw(g.t, "leaf") }

// The largest whole number drawn is a double too: where it is not, cel-go rounds it to compare (2^63 equals 2^63-1
// there), and we do not.
func (g grammar) number(d int) string {
	leaf := func(int) string {
		return g.oneOf("source.Score", "source.Arr", "source.Dau", "source.Wau", "source.Count", "1", "0", "-3", "2.5", "1e300", "9223372036854774784", "vars.floor", "null",
			"double('NaN')", "double('Infinity')", "double('-Infinity')", "1.7976931348623157e308", "5e-324", "(0.0 / 0.0)")
	}
	if d <= 0 {
		return leaf(0)
	}
	binary := func(d int) string {
		return fmt.Sprintf("(%s %s %s)", g.number(d-1), g.oneOf("+", "-", "*", "/"), g.number(d-1))
	}
	return g.pick(leaf, binary, binary,
		func(d int) string { return "(-" + g.number(d-1) + ")" },
		func(d int) string { return g.cond(d, g.number) },
		func(d int) string { return "size(" + g.text(d-1) + ")" },
		func(d int) string { return "round(" + g.number(d-1) + ", 1)" },
		func(d int) string { return "coalesce(" + g.number(d-1) + ", " + g.number(d-1) + ")" },
		func(d int) string { return "double(" + g.number(d-1) + ")" },
		func(d int) string { return "math.floor(" + g.number(d-1) + ")" },
		func(d int) string { return "max(" + g.number(d-1) + ", " + g.number(d-1) + ")" },
		func(d int) string { return "(source.Count % " + g.oneOf("2", "0", "-1", "source.Dau") + ")" },
		func(d int) string { return g.text(d-1) + ".indexOf(" + g.text(d-1) + ")" },
		func(d int) string { return "(" + g.date(d-1) + " - " + g.date(d-1) + ")" },
		func(d int) string { return "sum(" + g.list(d-1) + ")" },
	)(d)
}

func (g grammar) cond(d int, branch func(int) string) string {
	return fmt.Sprintf("(%s ? %s : %s)", g.boolean(d-1), branch(d-1), branch(d-1))
}

func (g grammar) text(d int) string {
	leaf := func(int) string {
		return g.oneOf("source.Name", "source.Email", "source.Stage", `source["odd name"]`, "source.Owner.Email", "owner.Email", "''", "'a'", "'ZoË ß'", "'日本'", "null", "table.tier(source.Stage)",
			"'e\u0301👩‍👧'", "'İıǆ'", "'\u00a0\u2003'")
	}
	if d <= 0 {
		return leaf(0)
	}
	return g.pick(leaf, leaf,
		func(d int) string { return "(" + g.text(d-1) + " + " + g.text(d-1) + ")" },
		func(d int) string { return g.cond(d, g.text) },
		func(d int) string { return "upper(" + g.text(d-1) + ")" },
		func(d int) string { return "lower(" + g.text(d-1) + ")" },
		func(d int) string { return g.text(d-1) + ".lowerAscii()" },
		func(d int) string { return g.text(d-1) + ".trim()" },
		func(d int) string { return g.text(d-1) + ".replace('a', " + g.text(d-1) + ")" },
		func(d int) string {
			return g.text(d-1) + ".substring(" + g.oneOf("0", "1", "2", "source.Count") + ")"
		},
		func(d int) string { return g.text(d-1) + ".charAt(" + g.oneOf("0", "1", "9") + ")" },
		func(d int) string { return "truncate(" + g.text(d-1) + ", 3)" },
		func(d int) string { return "string(" + g.number(d-1) + ")" },
		func(d int) string { return "string(" + g.date(d-1) + ")" },
		func(d int) string { return "coalesce(" + g.text(d-1) + ", " + g.text(d-1) + ")" },
		func(d int) string {
			return "(table.strict(" + g.oneOf("'a'", "'z'", "source.Name", "source.Stage") + ") == 1 ? 'one' : 'other')"
		},
		func(d int) string { return "table.folded(" + g.text(d-1) + ")" },
		func(d int) string { return "email_domain(" + g.text(d-1) + ")" },
		func(d int) string { return g.text(d-1) + ".split('a').join('-')" },
		func(d int) string { return g.text(d-1) + ".reverse()" },
		func(d int) string {
			return g.text(d-1) + ".split(" + g.oneOf("'a'", "' '", "'aa'", "''", "'é'") + ")[" + g.oneOf("0", "1", "2", "-1", "source.Count") + "]"
		},
	)(d)
}

func (g grammar) boolean(d int) string {
	leaf := func(int) string {
		return g.oneOf("source.Active", "source.Flag", "true", "false", "(owner == null)", "has(source.Score)", "null")
	}
	if d <= 0 {
		return leaf(0)
	}
	logic := func(d int) string {
		return fmt.Sprintf("(%s %s %s)", g.boolean(d-1), g.oneOf("&&", "||"), g.boolean(d-1))
	}
	order := func(kind func(int) string) func(int) string {
		return func(d int) string {
			return fmt.Sprintf("(%s %s %s)", kind(d-1), g.oneOf("<", "<=", ">", ">=", "==", "!="), kind(d-1))
		}
	}
	return g.pick(leaf, logic, logic, order(g.number), order(g.number), order(g.text), order(g.date), order(g.instant),
		func(d int) string { return "!" + g.boolean(d-1) },
		func(d int) string { return g.cond(d, g.boolean) },
		func(d int) string {
			return g.text(d-1) + "." + g.oneOf("startsWith", "endsWith", "contains") + "(" + g.text(d-1) + ")"
		},
		func(d int) string { return g.text(d-1) + ".matches('^[a-z]+$')" },
		func(d int) string { return "(" + g.number(d-1) + " == null)" },
		func(d int) string { return "(" + g.text(d-1) + " != null)" },
		func(d int) string { return "(" + g.boolean(d-1) + " == null)" },
		func(d int) string { return "(" + g.text(d-1) + " in ['a', 'Renewal', null])" },
		func(d int) string { return "(" + g.text(d-1) + " in source.Tags)" },
		func(d int) string { return "(" + g.number(d-1) + " in " + g.list(d-1) + ")" },
		func(d int) string { return "within(" + g.date(d-1) + ", days(60))" },
		func(d int) string {
			return g.list(d-1) + "." + g.oneOf("exists", "all", "exists_one") + "(x, x " + g.oneOf(">", "==") + " " + g.number(d-2) + ")"
		},
	)(d)
}

func (g grammar) date(d int) string {
	leaf := func(int) string {
		return g.oneOf("source.RenewalDate", "today()", "date('2026-03-29')", "date(source.ModifiedDate)", "null")
	}
	if d <= 0 {
		return leaf(0)
	}
	return g.pick(leaf, leaf,
		func(d int) string {
			return "(" + g.date(d-1) + g.oneOf(" + ", " - ") + "days(" + g.oneOf("1", "-400", "source.Dau", "9000000") + "))"
		},
		func(d int) string { return g.cond(d, g.date) },
		func(d int) string { return "date(" + g.instant(d-1) + ")" },
		func(d int) string { return "end_of_month(" + g.date(d-1) + ")" },
	)(d)
}

func (g grammar) instant(d int) string {
	leaf := func(int) string {
		return g.oneOf("source.ModifiedDate", "now()", "datetime('2026-03-08T06:30:00Z')", "null")
	}
	if d <= 0 {
		return leaf(0)
	}
	return g.pick(leaf,
		func(d int) string { return "(" + g.instant(d-1) + " + days(" + g.oneOf("1", "-1", "200") + "))" },
		func(d int) string { return "(" + g.instant(d-1) + " - hours(" + g.oneOf("1", "36", "0.5") + "))" },
		func(d int) string { return g.cond(d, g.instant) },
	)(d)
}

func (g grammar) list(d int) string {
	leaf := func(int) string { return g.oneOf("[1, 2.5, 3]", "[]", "[null, 1]", "[source.Score, source.Count]") }
	if d <= 0 {
		return leaf(0)
	}
	return g.pick(leaf,
		func(d int) string { return "[" + g.number(d-1) + ", " + g.number(d-1) + "]" },
		func(d int) string { return leaf(0) + ".filter(x, x > " + g.number(d-2) + ")" },
		func(d int) string { return leaf(0) + ".map(x, x " + g.oneOf("+", "*", "/") + " " + g.number(d-2) + ")" },
		func(d int) string { return "(" + leaf(0) + " + " + leaf(0) + ")" },
	)(d)
}

// drawRecord fills the fields at random, a third of them empty.
func drawRecord(t *rapid.T) value.Record {
	r := sampleRecord()
	texts := []string{"", "a", "abc", "Zoë & Co", "日本語", "a@B.com", "Renewal", "Adoption", "ACME", " pad ", "straße",
		"e\u0301\u0308", "👩‍👧 a", "İstanbul", "\u00a0x\u2003", "ﬀ ǆ", "aaaa", "\u202ea", strings.Repeat("ä", 80)}
	floats := []float64{0, 1, -1, 0.1, 72.345, 1e308, -1e300, 5e-324, 1 << 53, 3,
		math.MaxFloat64, -math.MaxFloat64, 1<<53 + 2, 1e-7, 0.5, 2.5, 1.005, -0.5, 4503599627370495.5}
	ints := []int64{0, 1, -1, 7, 9223372036854774784, math.MinInt64, 60, 1<<53 - 1, -(1 << 53), 2}
	for _, f := range testCatalog().Objects["Company"].Fields {
		slot := testLayout.Slot(f.Name)
		var v value.Value
		switch t1 := fieldType(f, false); t1.Kind {
		case value.KindText:
			v = value.Text(rapid.SampledFrom(texts).Draw(t, f.Name))
		case value.KindFloat:
			v = value.Float(rapid.SampledFrom(floats).Draw(t, f.Name))
		case value.KindInt:
			v = value.Int(rapid.SampledFrom(ints).Draw(t, f.Name))
		case value.KindBool:
			v = value.Bool(rapid.Bool().Draw(t, f.Name))
		case value.KindDate:
			v = value.Day(int64(rapid.SampledFrom([]int{20468, 20520, 0, -1, 20541, -719162, 2932896, 19782}).Draw(t, f.Name)))
		case value.KindTime:
			v = value.Micros(rapid.SampledFrom([]int64{1768435200000000, 1772951400000000, 1774748700000000, 1, -1, -62135596800000000, 253402000000000000, 1793498400000000, 1775322000000000}).Draw(t, f.Name))
		default:
			continue
		}
		if f.Nullable && rapid.IntRange(0, 2).Draw(t, "empty") == 0 {
			v = value.Null
		}
		r[slot] = v
	}
	return r
}

// asVars gives the records as the nested maps that cel-go reads.
func asVars(scope Scope, source, owner value.Record) map[string]any {
	put := func(into map[string]any, path string, v value.Value) {
		steps := strings.Split(path, ".")
		for _, s := range steps[:len(steps)-1] {
			next, ok := into[s].(map[string]any)
			if !ok {
				next = map[string]any{}
				into[s] = next
			}
			into = next
		}
		into[steps[len(steps)-1]] = toCEL(v)
	}
	out := map[string]any{}
	for i, name := range testLayout.Names {
		put(out, "source."+name, source.At(i))
	}
	for i, name := range []string{"Id", "Email"} {
		put(out, "owner."+name, owner.At(i))
	}
	for _, v := range scope.Vars {
		put(out, "vars."+v.Name, v.Value)
	}
	return out
}

func TestClosuresAgreeWithCEL(t *testing.T) {
	zones := []string{"UTC", "America/New_York", "Asia/Kolkata", "Europe/Berlin", "Australia/Lord_Howe", "Pacific/Apia", "America/St_Johns", "Pacific/Kiritimati"}
	rapid.Check(t, func(rt *rapid.T) {
		g := grammar{rt}
		text := g.pick(g.number, g.text, g.boolean, g.date, g.instant, g.list)(rapid.IntRange(1, 4).Draw(rt, "depth"))
		zone, err := time.LoadLocation(rapid.SampledFrom(zones).Draw(rt, "zone"))
		if err != nil {
			rt.Fatal(err)
		}
		for range 3 {
			compareEngines(rt, text, drawRecord(rt), zone)
		}
	})
}

func compareEngines(t rapid.TB, text string, source value.Record, zone *time.Location) {
	scope := testScope()
	scope.Zone = zone
	c, diags := NewEnv(scope).Check(quotedSource(text), Want{})
	if diags.HasErrors() {
		for _, d := range diags {
			// What the checker refuses for good reasons is not compared: branches of two types, unknown picklist values.
			if d.Severity == 0 && d.Code != "SYN316" && d.Code != "SYN309" && d.Code != "SYN303" && d.Code != "SYN310" && d.Code != "SYN308" {
				t.Fatalf("%s: %v", text, d)
			}
		}
		return
	}
	now := testNow.Add(13*time.Hour + 30*time.Minute)
	got, gotErr := c.Compile(testSlots).Eval(&Frame{Records: []value.Record{source, nil}, Now: now})
	ref, err := reference1(text, &scope)
	if err != nil {
		t.Fatalf("%s: the reference does not plan: %v", text, err)
	}
	vars := asVars(scope, source, nil)
	text2 := strings.ReplaceAll(text, "owner == null", "true")
	if text2 != text {
		if ref, err = reference1(text2, &scope); err != nil {
			t.Fatal(err)
		}
	}
	want, wantErr := ref.eval(vars, now)
	if (gotErr == nil) != (wantErr == nil) {
		t.Fatalf("%s\non %v in %v\nclosures: %v, %v\ncel-go:   %v, %v", text, source, zone, got, gotErr, want, wantErr)
	}
	if gotErr != nil {
		return
	}
	wanted, ok := fromCEL(want)
	if !ok || !value.Equal(got, wanted) {
		t.Fatalf("%s\non %v in %v\nclosures: %v (%s)\ncel-go:   %v (%s)", text, source, zone, got, got.Kind(), show(want), wanted.Kind())
	}
	checkType(t, text, c.Type, got)
}

func show(v ref.Val) any { return v.Value() }

func reference1(text string, scope *Scope) (*reference, error) {
	env, err := sharedReference()
	if err != nil {
		return nil, err
	}
	return env.plan(text, scope)
}

// checkType: what the checker said of the type must hold for the value.
func checkType(t rapid.TB, text string, typ Type, v value.Value) {
	switch {
	case v.IsNull():
		if !typ.Nullable && !typ.Dynamic {
			t.Fatalf("%s is empty, its type says it never is", text)
		}
		return
	case typ.Dynamic:
		return
	case typ.Kind != v.Kind() && !(typ.IsNumber() && v.IsNumber()):
		t.Fatalf("%s is a %s, its type says %s", text, v.Kind(), typ.Kind)
	}
	if v.Kind() == value.KindText {
		s := v.AsText()
		// The picklist fields of drawRecord hold values outside their picklist, so sets are only checked without them.
		if typ.Texts != nil && !strings.Contains(text, "Stage") && !contains(typ.Texts, s) {
			t.Fatalf("%s gives %q, its type says %q", text, s, typ.Texts)
		}
		if typ.MaxLength > 0 && len([]rune(s)) > typ.MaxLength && !strings.Contains(text, "Stage") {
			t.Fatalf("%s gives %d characters, its type says %d", text, len([]rune(s)), typ.MaxLength)
		}
	}
	if v.IsNumber() && typ.Scale >= 0 && v.Kind() == value.KindFloat && decimals(v.AsFloat()) > typ.Scale && !strings.Contains(text, "Score") {
		t.Fatalf("%s gives %v, its type says %d decimals", text, v, typ.Scale)
	}
}

func contains(list []string, s string) bool {
	for _, x := range list {
		if x == s {
			return true
		}
	}
	return false
}
