package value

import (
	"math"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/syncline/syncline/lang/schema"
)

// anyValue generates values of every kind that a record can hold.
func anyValue() *rapid.Generator[Value] {
	return rapid.Custom(func(t *rapid.T) Value {
		switch rapid.IntRange(0, 7).Draw(t, "kind") {
		case 0:
			return Null
		case 1:
			return Bool(rapid.Bool().Draw(t, "bool"))
		case 2:
			return Int(rapid.Int64().Draw(t, "int"))
		case 3:
			return Float(rapid.Float64().Draw(t, "float"))
		case 4:
			return Text(rapid.String().Draw(t, "text"))
		case 5:
			return Day(rapid.Int64Range(-700000, 2900000).Draw(t, "day"))
		case 6:
			return Micros(rapid.Int64().Draw(t, "time"))
		}
		return List([]Value{Text(rapid.String().Draw(t, "item")), Int(1)})
	})
}

func TestEncodingRoundTrips(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := Record(rapid.SliceOf(anyValue()).Draw(t, "record"))
		back, err := DecodeRecord(EncodeRecord(r))
		if err != nil || len(back) != len(r) {
			t.Fatalf("%v: %d values became %d", err, len(r), len(back))
		}
		for i := range r {
			if r[i].Kind() != back[i].Kind() || !Equal(r[i], back[i]) {
				t.Fatalf("%v became %v", r[i], back[i])
			}
		}
	})
}

func TestDecodeOfGarbageIsAnError(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		b := rapid.SliceOf(rapid.Byte()).Draw(t, "bytes")
		r, err := DecodeRecord(b)
		if err == nil {
			for _, v := range r {
				_ = v.String()
			}
		}
	})
}

func TestCompareIsATotalOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b, c := anyValue().Draw(t, "a"), anyValue().Draw(t, "b"), anyValue().Draw(t, "c")
		if Compare(a, b) != 0 && Compare(a, b) > 0 == (Compare(b, a) > 0) {
			t.Fatalf("%v and %v both come first", a, b)
		}
		if Compare(a, b) <= 0 && Compare(b, c) <= 0 && Compare(a, c) > 0 {
			t.Fatalf("%v ≤ %v ≤ %v but not %v ≤ %v", a, b, c, a, c)
		}
		if Equal(a, b) && Compare(a, b) != 0 {
			t.Fatalf("%v equals %v but is ordered", a, b)
		}
	})
}

func TestIntsBeyondFloatsCompareExactly(t *testing.T) {
	big := Int(1<<53 + 1)
	if Equal(big, Float(1<<53)) || Compare(big, Float(1<<53)) != 1 {
		t.Error("2^53+1 equals 2^53")
	}
	if Compare(Int(math.MaxInt64), Float(math.MaxInt64)) != -1 {
		t.Error("the largest int is below 2^63")
	}
}

func TestRoundIsHalfAwayFromZeroInDecimal(t *testing.T) {
	for _, c := range []struct {
		x      float64
		digits int
		want   float64
	}{
		{1.005, 2, 1.01}, {2.5, 0, 3}, {-2.5, 0, -3}, {0.5, 0, 1}, {0.4999999, 0, 0}, {1.45, 1, 1.5},
		{73.25, 1, 73.3}, {1234.5, -2, 1200}, {1250, -2, 1300}, {0.1 + 0.2, 2, 0.3}, {1e17, 2, 1e17},
		{9.995, 2, 10}, {-0.001, 2, 0}, {5e-324, 3, 0}, {0.05, 0, 0}, {99.5, 0, 100},
	} {
		if got := Round(c.x, c.digits); got != c.want || math.Signbit(got) != math.Signbit(c.want) {
			t.Errorf("Round(%v, %d) = %v, want %v", c.x, c.digits, got, c.want)
		}
	}
}

func TestConform(t *testing.T) {
	number := &schema.Field{Name: "N", Kind: schema.Number, Precision: 5, Scale: 2}
	pick := &schema.Field{Name: "P", Kind: schema.Picklist, Restricted: true, Values: []schema.Choice{{Value: "Red"}, {Value: "At Risk"}}}
	multi := &schema.Field{Name: "M", Kind: schema.MultiPicklist, Values: []schema.Choice{{Value: "b"}, {Value: "a"}}}
	for _, c := range []struct {
		name string
		f    *schema.Field
		in   Value
		want Value
		ok   bool
	}{
		{"rounded", number, Float(71.005), Float(71.01), true},
		{"out of range", number, Float(1000), Null, false},
		{"rounds out of range", number, Float(999.999), Null, false},
		{"text into number", number, Text("7"), Null, false},
		{"whole float into integer", &schema.Field{Kind: schema.Integer}, Float(6), Int(6), true},
		{"fraction into integer", &schema.Field{Kind: schema.Integer}, Float(6.2), Null, false},
		{"most negative into integer(8)", &schema.Field{Kind: schema.Integer, Precision: 8}, Int(math.MinInt64), Null, false},
		{"empty text", &schema.Field{Kind: schema.Text}, Text(""), Null, true},
		{"blank text where trimmed", &schema.Field{Kind: schema.Text, TrimsSpace: true}, Text(" \t"), Null, true},
		{"too long", &schema.Field{Kind: schema.Text, Length: 3}, Text("äöüß"), Null, false},
		{"just fits, by characters", &schema.Field{Kind: schema.Text, Length: 4}, Text("äöüß"), Text("äöüß"), true},
		{"15-character id", &schema.Field{Kind: schema.Reference, Length: 18}, Text("001A0000006Vm9u"), Text("001A0000006Vm9uIAC"), true},
		{"picklist case", pick, Text("at risk"), Text("At Risk"), true},
		{"outside the picklist", pick, Text("Blue"), Null, false},
		{"seconds", &schema.Field{Kind: schema.DateTime, Resolution: time.Second}, Micros(1_999_999), Micros(1_000_000), true},
		{"seconds before 1970", &schema.Field{Kind: schema.DateTime, Resolution: time.Second}, Micros(-1), Micros(-1_000_000), true},
		{"last day", &schema.Field{Kind: schema.Date}, Date(9999, time.December, 31), Date(9999, time.December, 31), true},
		{"day after the last", &schema.Field{Kind: schema.Date}, Date(10000, time.January, 1), Null, false},
		{"first day", &schema.Field{Kind: schema.Date}, Date(1, time.January, 1), Date(1, time.January, 1), true},
		{"day before the first", &schema.Field{Kind: schema.Date}, Date(0, time.December, 31), Null, false},
		{"instant beyond all years", &schema.Field{Kind: schema.DateTime}, Micros(math.MinInt64), Null, false},
		{"datetime into date", &schema.Field{Kind: schema.Date}, Micros(0), Null, false},
		{"set in the picklist's order", multi, List([]Value{Text("a"), Text("b"), Text("a")}), List([]Value{Text("b"), Text("a")}), true},
		{"empty set", multi, Null, List(nil), true},
		{"set of blanks", multi, Text("a; ;"), List([]Value{Text("a")}), true},
	} {
		got, err := Conform(c.f, c.in)
		if (err == nil) != c.ok || c.ok && !Equal(got, c.want) {
			t.Errorf("%s: %v, %v; want %v", c.name, got, err, c.want)
		}
	}
}

func TestConformTwiceIsConformOnce(t *testing.T) {
	fields := []*schema.Field{
		{Name: "a", Kind: schema.Number, Precision: 18, Scale: 2},
		{Name: "b", Kind: schema.Text, Length: 20, TrimsSpace: true},
		{Name: "c", Kind: schema.DateTime, Resolution: time.Second},
		{Name: "d", Kind: schema.MultiPicklist},
		{Name: "e", Kind: schema.Integer, Precision: 8},
	}
	rapid.Check(t, func(t *rapid.T) {
		f := rapid.SampledFrom(fields).Draw(t, "field")
		once, err := Conform(f, anyValue().Draw(t, "value"))
		if err != nil {
			return
		}
		twice, err := Conform(f, once)
		if err != nil || !Equal(once, twice) {
			t.Fatalf("%v, conformed again: %v, %v", once, twice, err)
		}
	})
}

func TestBatchTextsSurviveGrowth(t *testing.T) {
	b := NewBatch(NewLayout("a"), 1)
	var want []string
	for i := 0; i < 5000; i++ {
		s := time.Unix(int64(i), 0).UTC().Format(time.RFC3339)
		want = append(want, s)
		b.Append()[0] = b.TextCopy([]byte(s))
	}
	for i, s := range want {
		if got := b.Record(i)[0].AsText(); got != s {
			t.Fatalf("record %d is %q, want %q", i, got, s)
		}
	}
}
