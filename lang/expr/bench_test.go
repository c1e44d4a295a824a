package expr

import (
	"strconv"
	"strings"
	"testing"

	"github.com/syncline/syncline/lang/schema"
	"github.com/syncline/syncline/lang/value"
)

// The twelve fields of a company mapping (rounding, tiers, dates, tables, text building), compiled, against the
// same work written by hand over the same records.

var benchFields = []*schema.Field{
	{Name: "gsid", Kind: schema.Text, Length: 36},
	{Name: "name", Kind: schema.Text, Length: 80},
	{Name: "sfdc_account_id", Kind: schema.Text, Length: 18},
	{Name: "health_score", Kind: schema.Number, Nullable: true},
	{Name: "risk", Kind: schema.Picklist, Values: []schema.Choice{{Value: "R"}, {Value: "Y"}, {Value: "G"}}},
	{Name: "arr", Kind: schema.Number},
	{Name: "renewal_date", Kind: schema.Date},
	{Name: "csm_email", Kind: schema.Email, Length: 80},
	{Name: "dau", Kind: schema.Integer, Nullable: true},
	{Name: "wau", Kind: schema.Integer, Nullable: true},
	{Name: "nps", Kind: schema.Integer, Nullable: true},
	{Name: "lifecycle_stage", Kind: schema.Picklist, Values: []schema.Choice{{Value: "onboarding"}, {Value: "adoption"}, {Value: "growth"}, {Value: "renewal"}, {Value: "at_risk"}, {Value: "churned"}}},
	{Name: "tags", Kind: schema.Text, Nullable: true},
}

var benchMap = []string{
	"source.sfdc_account_id",
	"round(source.health_score, 1)",
	"source.health_score == null ? table.risk(source.risk) : source.health_score < 50 ? 'Red' : source.health_score < 75 ? 'Yellow' : 'Green'",
	"source.wau != 0 ? round(source.dau / source.wau, 4) : null",
	"source.renewal_date - date('2026-01-15')",
	"upper(table.stage(source.lifecycle_stage))",
	"source.health_score == null ? 'Health review: ' + source.name + ' (no score)' : 'Health review: ' + source.name + ' (' + string(round(source.health_score)) + '/100)'",
	"email_domain(source.csm_email)",
	"source.risk == 'R' || source.health_score < 60",
	"before(source.tags, ';')",
	"source.nps == null ? 'unknown' : source.nps >= 9 ? 'promoter' : source.nps >= 7 ? 'passive' : 'detractor'",
	"round(source.arr, 2)",
}

const benchWhere = "source.lifecycle_stage in ['adoption', 'growth', 'renewal'] && source.arr > 10000"

func benchScope() Scope {
	texts := func(pairs ...string) map[string]value.Value {
		rows := map[string]value.Value{}
		for i := 0; i < len(pairs); i += 2 {
			rows[pairs[i]] = value.Text(pairs[i+1])
		}
		return rows
	}
	object := &schema.Object{Name: "company", Fields: benchFields}
	return Scope{
		Roots: []Root{{Name: "source", Object: object}},
		Tables: []*Table{
			{Name: "risk", Rows: texts("R", "Red", "Y", "Yellow", "G", "Green")},
			{Name: "stage", Rows: texts("onboarding", "Onboarding & Setup", "adoption", "Adoption & Enablement", "growth", "Growth & Expansion",
				"renewal", "Renewal Window", "at_risk", "At Risk Watch", "churned", "Churned Account")},
		},
	}
}

func benchRecords() []value.Record {
	out := make([]value.Record, 64)
	stages := []string{"onboarding", "adoption", "growth", "renewal", "at_risk", "churned"}
	for i := range out {
		score, nps, wau := value.Float(float64(i)*1.37+3.125), value.Int(int64(i%11)), value.Int(int64(i%9))
		if i%20 == 0 {
			score = value.Null
		}
		if i%3 == 0 {
			nps = value.Null
		}
		tags := value.Text("alpha;beta")
		if i%10 == 0 {
			tags = value.Null
		}
		out[i] = value.Record{value.Text("00000000-0000-0000-0000-000000000000"), value.Text("Northwind Traders & Söhne"), value.Text("001A000000abcDEIAY"),
			score, value.Text([]string{"R", "Y", "G"}[i%3]), value.Float(12345.6789 + float64(i)), value.Day(20468 + int64(i)),
			value.Text([]string{"jo.doe@Example.COM", "ann@acme.io"}[i%2]), value.Int(int64(i % 7)), wau, nps, value.Text(stages[i%6]), tags}
	}
	return out
}

func benchPrograms(tb testing.TB) (where *Program, fields []*Program) {
	env := NewEnv(benchScope())
	layout := benchLayout()
	slots := func(_ int, path string) int { return layout.Slot(path) }
	check := func(text string) *Program {
		c, diags := env.Check(quotedSource(text), Want{})
		if diags.HasErrors() {
			tb.Fatalf("%s: %v", text, diags[0])
		}
		return c.Compile(slots)
	}
	for _, text := range benchMap {
		fields = append(fields, check(text))
	}
	return check(benchWhere), fields
}

func benchLayout() *value.Layout {
	var names []string
	for _, f := range benchFields {
		names = append(names, f.Name)
	}
	return value.NewLayout(names...)
}

func BenchmarkMapCompiled(b *testing.B) {
	_, fields := benchPrograms(b)
	records := benchRecords()
	f := &Frame{Records: make([]value.Record, 1), Now: testNow}
	out := make(value.Record, len(fields))
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		f.Records[0] = records[i%len(records)]
		for k, p := range fields {
			v, err := p.Eval(f)
			if err != nil {
				b.Fatal(err)
			}
			out[k] = v
		}
	}
}

func BenchmarkMapByHand(b *testing.B) {
	records := benchRecords()
	out := make(value.Record, len(benchMap))
	hand := newHandMap()
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		hand.run(records[i%len(records)], out)
	}
}

func BenchmarkField(b *testing.B) {
	_, fields := benchPrograms(b)
	records := benchRecords()
	for k, p := range fields {
		b.Run(strconv.Itoa(k), func(b *testing.B) {
			f := &Frame{Records: make([]value.Record, 1), Now: testNow}
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				f.Records[0] = records[i%len(records)]
				if _, err := p.Eval(f); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkWhere(b *testing.B) {
	where, _ := benchPrograms(b)
	records := benchRecords()
	f := &Frame{Records: make([]value.Record, 1), Now: testNow}
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		f.Records[0] = records[i%len(records)]
		if _, err := where.Test(f); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkCheck(b *testing.B) {
	env := NewEnv(benchScope())
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		env.Check(quotedSource(benchMap[i%len(benchMap)]), Want{})
	}
}

// handMap is what a programmer would write for benchMap.
type handMap struct {
	risk, stage map[string]value.Value
	day         int64
	buf         []byte
}

func newHandMap() *handMap {
	scope := benchScope()
	h := &handMap{risk: scope.Tables[0].Rows, stage: map[string]value.Value{}, day: value.Date(2026, 1, 15).AsDay()}
	for k, v := range scope.Tables[1].Rows {
		h.stage[k] = value.Text(strings.ToUpper(v.AsText()))
	}
	return h
}

func (h *handMap) run(r value.Record, out value.Record) {
	for i := range out {
		out[i] = value.Null
	}
	score := r[3]
	out[0] = r[2]
	out[2] = h.risk[r[4].AsText()]
	h.buf = append(append(h.buf[:0], "Health review: "...), r[1].AsText()...)
	if score.IsNull() {
		h.buf = append(h.buf, " (no score)"...)
	} else {
		x := score.AsFloat()
		out[1] = value.Float(value.Round(x, 1))
		switch {
		case x < 50:
			out[2] = value.Text("Red")
		case x < 75:
			out[2] = value.Text("Yellow")
		default:
			out[2] = value.Text("Green")
		}
		h.buf = append(h.buf, " ("...)
		h.buf = strconv.AppendFloat(h.buf, value.Round(x, 0), 'f', -1, 64)
		h.buf = append(h.buf, "/100)"...)
	}
	if dau, wau := r[8], r[9]; !dau.IsNull() && !wau.IsNull() && wau.AsInt() != 0 {
		out[3] = value.Float(value.Round(dau.AsFloat()/wau.AsFloat(), 4))
	}
	out[4] = value.Int(r[6].AsDay() - h.day)
	out[5] = h.stage[r[11].AsText()]
	out[6] = value.Text(string(h.buf))
	email := r[7].AsText()
	out[7] = value.Text(strings.ToLower(email[strings.LastIndexByte(email, '@')+1:]))
	out[8] = value.Bool(r[4].AsText() == "R" || !score.IsNull() && score.AsFloat() < 60)
	if tags := r[12]; !tags.IsNull() {
		head, _, _ := strings.Cut(tags.AsText(), ";")
		out[9] = value.Text(head)
	}
	switch nps := r[10]; {
	case nps.IsNull():
		out[10] = value.Text("unknown")
	case nps.AsInt() >= 9:
		out[10] = value.Text("promoter")
	case nps.AsInt() >= 7:
		out[10] = value.Text("passive")
	default:
		out[10] = value.Text("detractor")
	}
	out[11] = value.Float(value.Round(r[5].AsFloat(), 2))
}

// TestCompiledEqualsHand keeps the two sides of the benchmark honest.
func TestCompiledEqualsHand(t *testing.T) {
	_, fields := benchPrograms(t)
	hand := newHandMap()
	out := make(value.Record, len(fields))
	for _, r := range benchRecords() {
		hand.run(r, out)
		f := &Frame{Records: []value.Record{r}, Now: testNow}
		for k, p := range fields {
			v, err := p.Eval(f)
			if err != nil || !value.Equal(v, out[k]) || v.Kind() != out[k].Kind() && !v.IsNumber() {
				t.Errorf("%s of %v = %v, %v; by hand %v", benchMap[k], r, v, err, out[k])
			}
		}
	}
}
