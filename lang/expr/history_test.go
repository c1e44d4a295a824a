package expr

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/syncline/syncline/lang/schema"
	"github.com/syncline/syncline/lang/value"
)

// historyScope has samples of a number and of a text beside the record.
func historyScope() Scope {
	s := testScope()
	s.Roots = append(s.Roots, Root{Name: "history"})
	s.Tracks = []Track{{Name: "dau", Type: FieldType(&schema.Field{Kind: schema.Number}), Days: 90},
		{Name: "stage", Type: FieldType(&schema.Field{Kind: schema.Text}), Days: 90}}
	s.Each = &Each{Key: "emea", Value: value.Int(5)}
	return s
}

func TestHistoryIsAFieldOfItsRoot(t *testing.T) {
	c := mustCheck(t, historyScope(), quotedSource("source.Score < 0.8 * history.dau.avg(days(30)) && history.dau.count() > 3"), Want{Condition: true})
	layout := value.NewLayout(HistoryPath("dau", "avg", 30), HistoryPath("dau", "count", 0))
	p := c.Compile(func(root int, path string) int {
		if root == 2 {
			return layout.Slot(path)
		}
		return testSlots(root, path)
	})
	for _, x := range []struct {
		score, avg value.Value
		want       Truth
	}{
		{value.Float(70), value.Float(100), True}, {value.Float(90), value.Float(100), False},
		{value.Null, value.Float(100), Unknown}, {value.Float(70), value.Null, Unknown},
	} {
		f := &Frame{Records: []value.Record{record(map[string]value.Value{"Score": x.score}), nil, {x.avg, value.Int(9)}}}
		if got, err := p.Truth(f); got != x.want || err != nil {
			t.Errorf("%s, %s: %s %v, want %s", x.score, x.avg, got, err, x.want)
		}
	}
}

func TestHistoryPathsCanBeRead(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		name := rapid.StringMatching(`[a-z][a-z0-9_]*`).Draw(t, "track")
		i := rapid.IntRange(0, len(aggregates)-1).Draw(t, "aggregate")
		days := rapid.IntRange(0, 4000).Draw(t, "days")
		track, aggregate, window, ok := ParseHistory(HistoryPath(name, aggregates[i], days))
		if !ok || track != name || aggregate != i || window != days {
			t.Fatalf("%s %d %d %v", track, aggregate, window, ok)
		}
	})
	for _, path := range []string{"", "x", "x.avg", "x.avg(y)", "x.mean(3)", "Owner.Name"} {
		if _, _, _, ok := ParseHistory(path); ok {
			t.Errorf("%q counts as history", path)
		}
	}
}

func TestEachIsAConstant(t *testing.T) {
	for text, want := range map[string]value.Value{"each.key": value.Text("emea"), "each.value": value.Int(5), "each.value + 1": value.Int(6)} {
		c := mustCheck(t, historyScope(), quotedSource(text), Want{})
		if c.Type.Const == nil || !value.Equal(*c.Type.Const, want) {
			t.Errorf("%s is %v, want %s", text, c.Type.Const, want)
		}
	}
	path := Source{Spelling: Reference, Path: []string{"each", "key"}}
	if c := mustCheck(t, historyScope(), path, Want{}); c.Type.Const == nil {
		t.Error("a bare each.key is no constant")
	}
}

// A condition is true or false as Test says; where Truth says unknown, Test says false.
func TestTruthAgreesWithTest(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := drawCondition(t)
		c, diags := NewEnv(testScope()).Check(quotedSource(text), Want{Condition: true})
		if diags.HasErrors() {
			t.Skip(diags[0].Detail)
		}
		p := c.Compile(testSlots)
		rec := record(map[string]value.Value{})
		if rapid.Bool().Draw(t, "filled") {
			rec = sampleRecord()
		}
		f := &Frame{Records: []value.Record{rec, nil}, Now: time.Unix(0, 0)}
		truth, err := p.Truth(f)
		test, err2 := p.Test(f)
		if (err == nil) != (err2 == nil) || err == nil && test != (truth == True) {
			t.Fatalf("%s: %s and %v, %v and %v", text, truth, test, err, err2)
		}
	})
}

func drawCondition(t *rapid.T) string {
	atom := rapid.SampledFrom([]string{"source.Score > 60", "source.Flag", "!source.Active", "source.Stage == 'Renewal'", "source.Name.startsWith('Z')",
		"source.Count / source.Wau > 0.5", "source.Stage != null", "(source.Flag ? source.Active : source.Flag)", "source.Count in [7, 8]"})
	out := atom.Draw(t, "atom")
	for range rapid.IntRange(0, 3).Draw(t, "parts") {
		out = "(" + out + ")" + rapid.SampledFrom([]string{" && ", " || "}).Draw(t, "op") + atom.Draw(t, "atom")
		if rapid.Bool().Draw(t, "not") {
			out = "!(" + out + ")"
		}
	}
	return out
}
