package sqlite

import (
	"encoding/json"
	"math"
	"reflect"
	"testing"

	"github.com/syncline/syncline/runtime/state"
)

// What is written to the ledger by hand reads as what encoding/json writes.
func TestLedgerDocumentsAreJSON(t *testing.T) {
	values := []any{nil, true, false, int64(0), int64(math.MinInt64), int64(math.MaxInt64), 0.0, math.Copysign(0, -1), 1.5, -61.25, 1e-7, 1e21, 123456789012.5,
		math.MaxFloat64, math.SmallestNonzeroFloat64, "", "plain", "größer", "a\"b\\c", "line\nbreak\ttab\x00", "\xff broken", "<&>\u2028", []any{"a", int64(1), nil}}
	s, err := Open(t.Context(), t.TempDir()+"/state.db", Options{Volatile: true})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	tx, err := s.write.Begin()
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Rollback()
	w := ledgerWriter{s: s, tx: tx}
	for i, v := range values {
		e := state.Entry{Action: "update", Revision: string(rune('a' + i%3)), Blind: i%2 == 0, InDoubt: i%3 == 0, Source: state.SourceRef{Version: []string{"", "v\"1"}[i%2]}}
		for n := range i % 3 {
			inputs := []map[string]any{nil, {"source.x": v}, {"source.x": v, "source.\"y": v, "target.z": nil}}[(i+n)%3]
			e.Fields = append(e.Fields, state.FieldChange{Name: "F\"", Before: v, After: values[len(values)-1-i], Expression: []string{"", "source.x"}[n%2], Inputs: inputs})
		}
		got, err := w.document(t.Context(), &e)
		if err != nil {
			t.Fatalf("%v: %v", v, err)
		}
		want := ledgerRow{Head: w.id, Action: e.Action, Version: e.Source.Version, Blind: e.Blind, InDoubt: e.InDoubt}
		for _, f := range e.Fields {
			field := ledgerField{Name: f.Name, Before: f.Before, After: f.After, Inputs: f.Inputs}
			if f.Expression != "" {
				if field.Text, err = s.phrase(t.Context(), tx, f.Expression); err != nil {
					t.Fatal(err)
				}
			}
			want.Fields = append(want.Fields, field)
		}
		text, err := json.Marshal(want)
		if err != nil {
			t.Fatal(err)
		}
		var a, b any
		if err := json.Unmarshal([]byte(got), &a); err != nil {
			t.Fatalf("%s: %v", got, err)
		}
		if err := json.Unmarshal(text, &b); err != nil || !reflect.DeepEqual(a, b) {
			t.Errorf("%v\ngot  %s\nwant %s", err, got, text)
		}
		if head := w.head; head.Revision != e.Revision {
			t.Errorf("the head is %+v", head)
		}
	}
	for _, v := range []any{math.NaN(), math.Inf(1), []any{math.NaN()}} {
		if _, err := w.document(t.Context(), &state.Entry{Fields: []state.FieldChange{{Name: "F", After: v}}}); err == nil {
			t.Errorf("%v was taken", v)
		}
	}
}
