package engine

import (
	"bytes"
	"encoding/json"
	"reflect"
	"testing"

	"github.com/syncline/syncline/connectors"
	"github.com/syncline/syncline/lang/value"
)

func stagedSamples() []*change {
	return []*change{
		{Op: connectors.Update, Source: "s", Version: "v", Target: "t", Keys: []byte{0, 255}, Hash: 1<<63 + 1, Stored: []byte("f"), Lookup: []byte("l"),
			Relink: "r", Seen: 7, Base: 1 << 63, place: 12, Want: []value.Value{value.Null, value.Float(0.1), value.Text("ä")},
			Fields: []fieldWrite{
				{Name: "A", Index: 2, Before: value.Null, After: value.Text("ä"), Text: "source.A", Inputs: map[string]any{
					"source.A": "ä", "source.B": nil, "source.C": int64(9007199254740993), "source.D": []any{"x", true, 1.5}}},
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
	for _, c := range stagedSamples() {
		got, err := decodeChange(c.encode(nil))
		if err != nil || !sameChange(got, c) {
			t.Errorf("%v\ngot  %+v\nwant %+v", err, got, c)
		}
	}
}

func TestAStagedChangeThatIsCutOffIsNoChange(t *testing.T) {
	whole := stagedSamples()[0].encode(nil)
	lost := 0
	for n := range whole {
		if c, err := decodeChange(whole[:n]); err != nil {
			lost++
		} else if len(c.Fields) >= 2 {
			t.Errorf("%d of %d bytes are read as the whole", n, len(whole))
		}
	}
	if lost < len(whole)-3 {
		t.Errorf("only %d of %d cuts are noticed", lost, len(whole))
	}
}

// What waits for a person when Syncline is updated is still read.
func TestStagedChangesOfTheOlderForm(t *testing.T) {
	for _, c := range stagedSamples() {
		plain := *c
		plain.Fields, plain.Want = nil, nil
		c.place = 0 // was not known
		old, err := json.Marshal(map[string]any{"Change": plain, "Fields": toWire(c.Fields), "Want": value.EncodeRecord(c.Want), "Nil": c.Want == nil})
		if err != nil {
			t.Fatal(err)
		}
		got, err := decodeChange(old)
		if err != nil {
			t.Fatal(err)
		}
		for i := range got.Fields { // numbers stay as they were written
			b, err := json.Marshal(got.Fields[i].Inputs)
			want, werr := json.Marshal(c.Fields[i].Inputs)
			if err != nil || werr != nil || string(b) != string(want) {
				t.Fatalf("%v %v: %s, want %s", err, werr, b, want)
			}
			got.Fields[i].Inputs = c.Fields[i].Inputs
		}
		if !sameChange(got, c) {
			t.Errorf("got  %+v\nwant %+v", got, c)
		}
	}
}
