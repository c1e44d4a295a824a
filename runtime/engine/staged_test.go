package engine

import (
	"bytes"
	"encoding/json"
	"reflect"
	"testing"

	"github.com/syncline/syncline/connectors"
	"github.com/syncline/syncline/lang/value"
	"github.com/syncline/syncline/runtime/state"
)

func stagedSamples() []*change {
	return []*change{
		{Op: connectors.Update, Source: "s", Version: "v", Target: "t", Keys: []byte{0, 255}, Hash: 1<<63 + 1, Stored: []byte("f"), Lookup: []byte("l"),
			Relink: "r", Seen: 7, Base: 1 << 63, place: 12, claim: 9, Want: []value.Value{value.Null, value.Float(0.1), value.Text("ä")},
			Fields: []fieldWrite{
				{Name: "A", Index: 2, Before: value.Null, After: value.Text("ä"), Text: "source.A", Reads: []input{
					{"source.A", value.Text("ä")}, {"source.B", value.Null}, {"source.C", value.Int(9007199254740993)},
					{"source.D", value.List([]value.Value{value.Text("x"), value.Bool(true), value.Float(1.5)})}}},
				{Name: "K", Index: byField, Before: value.Int(1), After: value.Bool(true)}}},
		{Op: connectors.Upsert, Source: "s", Key: "K", Want: []value.Value{}},
		{Op: connectors.Delete, Source: "s", Target: "t", Departs: true, Forget: true},
		{Op: connectors.Update, Source: "s", Target: "t", Departs: true, Unlink: true},
	}
}

func sameChange(a, b *change) bool {
	x, y := *a, *b
	x.Fields, x.Want, y.Fields, y.Want = nil, nil, nil, nil
	return reflect.DeepEqual(x, y) && (a.Want == nil) == (b.Want == nil) && bytes.Equal(value.EncodeRecord(a.Want), value.EncodeRecord(b.Want)) &&
		reflect.DeepEqual(toWire(a.Fields), toWire(b.Fields))
}

func TestStagedChangesComeBackAsTheyWere(t *testing.T) {
	samples := stagedSamples()
	got, err := decodePiece(state.Staged{Seq: 5, Data: encodePiece(samples)})
	if err != nil || len(got) != len(samples) {
		t.Fatalf("%v %+v", err, got)
	}
	for i, c := range samples {
		if c.seq = 5; !sameChange(got[i], c) {
			t.Errorf("got  %+v\nwant %+v", got[i], c)
		}
	}
}

func TestAPieceThatIsCutOffIsNone(t *testing.T) {
	whole := encodePiece(stagedSamples()[:1])
	for n := range whole {
		if c, err := decodePiece(state.Staged{Data: whole[:n]}); err == nil {
			t.Errorf("%d of %d bytes are read as %+v", n, len(whole), c)
		}
	}
}

// What waits for a person when Syncline is updated is still read.
func TestStagedChangesOfTheOlderForm(t *testing.T) {
	for _, c := range stagedSamples() {
		plain := *c
		plain.Fields, plain.Want = nil, nil
		c.place, c.claim = 0, 0 // were not known
		old, err := json.Marshal(map[string]any{"Change": plain, "Fields": toWire(c.Fields), "Want": value.EncodeRecord(c.Want), "Nil": c.Want == nil})
		if err != nil {
			t.Fatal(err)
		}
		for _, form := range [][]byte{old, encodeSingle(c)} {
			got, err := decodeSingle(form)
			if err != nil || !sameChange(got, c) {
				t.Errorf("%v\ngot  %+v\nwant %+v", err, got, c)
			}
		}
	}
}

// encodeSingle is the form in which earlier versions staged a change.
func encodeSingle(c *change) (b []byte) {
	number := func(n int64) { b = value.Int(n).AppendBinary(b) }
	text := func(s string) { b = value.Text(s).AppendBinary(b) }
	number(int64(c.Op))
	for _, s := range [...]string{c.Source, c.Version, c.Target, c.Key, string(c.Keys)} {
		text(s)
	}
	number(int64(c.Hash))
	for _, s := range [...]string{string(c.Stored), string(c.Lookup), c.Relink} {
		text(s)
	}
	for _, n := range [...]int64{c.Seen, int64(c.Base), c.place, int64(c.flags()), int64(len(c.Want))} {
		number(n)
	}
	for _, v := range c.Want {
		b = v.AppendBinary(b)
	}
	for _, f := range c.Fields {
		text(f.Name)
		number(int64(f.Index))
		b = f.After.AppendBinary(f.Before.AppendBinary(b))
		text(f.Text)
		number(int64(len(f.Reads)))
		for _, in := range f.Reads {
			text(in.name)
			b = in.value.AppendBinary(b)
		}
	}
	return b
}
