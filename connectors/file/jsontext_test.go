package file

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/syncline/syncline/lang/value"
)

// Whatever the text, and wherever in it, what needs an escape has one and what needs none has none.
func TestJSONTextsAreEscaped(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := rapid.StringOf(rapid.OneOf(rapid.RuneFrom([]rune("ab\"\\\n\r\t\x00\x1f\x20\x7f\u0080é€😀")), rapid.Rune())).Draw(t, "text")
		out := appendJSONText(nil, s)
		var back string
		if err := json.Unmarshal(out, &back); err != nil || back != s {
			t.Fatalf("%q is written %q and read as %q: %v", s, out, back, err)
		}
		plain := 0
		for plain < len(s) && s[plain] >= ' ' && s[plain] != '"' && s[plain] != '\\' {
			plain++
		}
		if got := plainText(s); got != plain {
			t.Fatalf("%q needs no escape up to %d, not %d", s, plain, got)
		}
	})
}

// A cell is quoted where encoding/csv would, whatever stands in it.
func TestCellsAreQuoted(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := rapid.StringOf(rapid.OneOf(rapid.RuneFrom([]rune("ab\",;\n\r\t\x00\x1f\x20\x7f\u0080é€😀")), rapid.Rune())).Draw(t, "text")
		comma := rapid.SampledFrom([]byte(",;\t|")).Draw(t, "comma")
		quoted := strings.ContainsAny(s, "\"\n\r"+string(comma)) || s != "" && (s[0] == ' ' || s[0] == '\t' || s[len(s)-1] == ' ')
		if out := appendCell(nil, s, comma); (len(out) > 0 && out[0] == '"') != quoted {
			t.Fatalf("%q is written %q", s, out)
		}
		r := csv.NewReader(bytes.NewReader(append(appendCell([]byte{'x', comma}, s, comma), '\n')))
		r.Comma = rune(comma)
		back, err := r.Read()
		if want := strings.ReplaceAll(s, "\r\n", "\n"); err != nil || back[1] != want {
			t.Fatalf("%q is read back as %q: %v", s, back, err)
		}
	})
}

// A record is written as its cells are one by one, whatever is in them and whatever divides them.
func TestRecordsAreWrittenAsTheirCells(t *testing.T) {
	text := rapid.StringOf(rapid.RuneFrom([]rune("ab,;\"\n\r\t .\\-1é")))
	cell := rapid.OneOf(
		rapid.Map(text, value.Text),
		rapid.Map(rapid.SliceOfN(text, 0, 3), func(list []string) value.Value {
			items := make([]value.Value, len(list))
			for i, s := range list {
				items[i] = value.Text(s)
			}
			return value.List(items)
		}),
		rapid.SampledFrom([]value.Value{value.Null, value.Bool(true), value.Int(-12), value.Float(-1.25), value.Day(20000), value.Micros(1.7e15 + 5), value.Text(`\.`)}))
	rapid.Check(t, func(t *rapid.T) {
		record := value.Record(rapid.SliceOfN(cell, 1, 5).Draw(t, "cells"))
		comma := rapid.SampledFrom([]byte(",;\t|.-:1Te")).Draw(t, "comma")
		e := &csvEncoder{comma: comma}
		var want []byte
		for i, v := range record {
			e.cols = append(e.cols, out{"", i})
			if i > 0 {
				want = append(want, comma)
			}
			want = appendCell(want, cellText(v), comma)
		}
		if len(want) == 0 {
			want = []byte(`""`)
		}
		if got := e.record([]byte("before"), record); string(got) != "before"+string(want)+"\n" {
			t.Fatalf("%v is written %q, not %q", record, got, want)
		}
	})
}
