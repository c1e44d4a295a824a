package sqlite

import (
	"context"
	"reflect"
	"testing"

	"github.com/syncline/syncline/runtime/state"
	"github.com/syncline/syncline/runtime/state/statetest"
)

// alike are pairs of ids with the same key, found by trying.
var alike = [][2]string{{"C-263632", "C-839755"}, {"C-755096", "C-888610"}}

// Two ids with one key are two records, whichever way they are asked for, changed, moved or forgotten.
func TestIDsWithTheSameKeyAreToldApart(t *testing.T) {
	ctx := context.Background()
	for _, pair := range alike {
		if pair[0] == pair[1] || placeKey(1, pair[0]) != placeKey(1, pair[1]) {
			t.Fatalf("%v have keys of their own", pair)
		}
	}
	a, b := alike[0][0], alike[0][1]
	x, y := alike[1][0], alike[1][1]
	s := open(t).(*Store)
	commit := func(o state.Outcome) {
		t.Helper()
		o.Rule = "r"
		if err := s.Commit(ctx, o); err != nil {
			t.Fatal(err)
		}
	}
	is := func(want ...state.Record) {
		t.Helper()
		got, err := s.Records(ctx, "r", []string{a, b})
		if err != nil || !reflect.DeepEqual(statetest.Unplaced(got), want) {
			t.Fatalf("%v\ngot  %+v\nwant %+v", err, got, want)
		}
		holders, err := s.Holders(ctx, "r", []string{x, y})
		wantHolders := make([]string, 2)
		for _, r := range want {
			switch r.Target {
			case x:
				wantHolders[0] = r.Source
			case y:
				wantHolders[1] = r.Source
			}
		}
		if err != nil || !reflect.DeepEqual(holders, wantHolders) {
			t.Fatalf("%v\ngot  %v\nwant %v", err, holders, wantHolders)
		}
	}
	first, second := state.Record{Source: a, Target: x, Hash: 1}, state.Record{Source: b, Target: y, Hash: 2}

	commit(state.Outcome{Records: []state.Record{first}})
	is(first, state.Record{})
	commit(state.Outcome{Records: []state.Record{second}})
	is(first, second)

	// Together, without and with their places, and each by itself.
	first.Seen, second.Seen = 3, 4
	commit(state.Outcome{Records: []state.Record{first, second}})
	is(first, second)
	placed, err := s.Records(ctx, "r", []string{b})
	if err != nil {
		t.Fatal(err)
	}
	placed[0].Seen, second.Seen = 5, 5
	commit(state.Outcome{Records: placed})
	is(first, second)
	first.Place, first.Seen = placed[0].Place, 6 // where the other one lies
	commit(state.Outcome{Records: []state.Record{first}})
	first.Place = 0
	is(first, second)

	// The target of one becomes that of the other: the key stays, the text does not.
	first.Target, second.Target = "", x
	commit(state.Outcome{Records: []state.Record{first, second}})
	is(first, second)
	first.Target = y
	commit(state.Outcome{Records: []state.Record{first}})
	is(first, second)

	commit(state.Outcome{Forget: []string{a}})
	is(state.Record{}, second)
	if n, err := s.Linked(ctx, "r"); err != nil || n != 1 {
		t.Fatalf("%d links, %v", n, err)
	}
	commit(state.Outcome{Records: []state.Record{first}, Forget: []string{b}})
	is(first, state.Record{})
}
