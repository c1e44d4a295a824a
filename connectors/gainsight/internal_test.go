package gainsight

import (
	"strings"
	"testing"
	"time"

	"github.com/syncline/syncline/lang/schema"
	"github.com/syncline/syncline/lang/value"
)

func TestReadCockpit(t *testing.T) {
	for _, test := range []struct{ data, want string }{
		{`{"success":[{"1":"1S01A"}],"failure":[{"2":"no such type"}]}`, "1S01A| |no such type"},
		{`{"success":{"1":"1S01A","2":"1S01B"},"failure":{}}`, "1S01A| 1S01B|"},
		{`{"success":{"1":{"Gsid":"1S01A"}},"failures":{"2":[{"errorCode":"X","errorMessage":"bad"}]}}`, "1S01A| |bad"},
		{`{"records":[{"referenceId":"2","Gsid":"1S01B"},{"referenceId":"1","errorMessage":"bad"}]}`, "|bad 1S01B|"},
		{`[{"referenceId":1,"record":{"Gsid":"1S01A"}},{"referenceId":2,"error":{"message":"bad"}}]`, "1S01A| |bad"},
		{`{"failedRecords":[{"referenceId":"1"}],"records":[{"referenceId":"2","gsid":"1S01B"}]}`, "|the Cockpit API refused the record 1S01B|"},
		{`"done"`, "| |"}, {`null`, "| |"}, {`{"7":"x","0":"y","-1":"z"}`, "| |"},
		{strings.Repeat("[", 500) + strings.Repeat("]", 500), "| |"},
	} {
		told := readCockpit([]byte(test.data), 2)
		if got := told[0].id + "|" + told[0].message + " " + told[1].id + "|" + told[1].message; got != test.want {
			t.Errorf("%.80s: %q, want %q", test.data, got, test.want)
		}
	}
	if one := readCockpit([]byte(`{"record":{"Gsid":"1S01A"}}`), 1); one[0].id != "1S01A" {
		t.Errorf("one without a reference: %+v", one)
	}
}

func TestInstants(t *testing.T) {
	york, err := time.LoadLocation("America/New_York")
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct{ in, want string }{
		{"1521743018667", "2018-03-22T18:23:38.667Z"}, {"0", "1970-01-01T00:00:00Z"}, {"-1000", "1969-12-31T23:59:59Z"}, {"1.521743018667E12", "2018-03-22T18:23:38.667Z"},
		{"2024-02-05T07:17:16Z", "2024-02-05T07:17:16Z"}, {"2024-02-05T07:17:16.5Z", "2024-02-05T07:17:16.5Z"}, {"2024-02-05T07:17:16.123+0530", "2024-02-05T01:47:16.123Z"},
		{"2024-02-05T07:17:16+00:00", "2024-02-05T07:17:16Z"}, {"2024-02-05 07:17:16", "2024-02-05T12:17:16Z"}, {"02-05-2024", "2024-02-05T05:00:00Z"},
		{"2024-02-30", ""}, {"", ""}, {"soon", ""}, {"2024-02-05T25:00:00Z", ""}, {"99999999999999999", ""}, {"-", ""},
	} {
		us, ok := parseInstant([]byte(test.in), york)
		if got := value.Micros(us).String(); ok != (test.want != "") || ok && got != test.want {
			t.Errorf("%q is %s %v, want %q", test.in, got, ok, test.want)
		}
	}
	for in, want := range map[string]string{"2024-02-05": "2024-02-05", "2024-02-05T00:00:00Z": "2024-02-05", "2024-02-05T00:00:00.000+0000": "2024-02-05",
		"1707109200000": "2024-02-05" /* midnight in New York */, "2024-02-05T03:00:00Z": "2024-02-04"} {
		d, ok := parseDay([]byte(in), york)
		if got := value.Day(d).String(); !ok || got != want {
			t.Errorf("the day of %q is %s %v, want %s", in, got, ok, want)
		}
	}
}

func TestSettledPositions(t *testing.T) {
	start := time.Unix(1_000_000, 0)
	for _, test := range []struct {
		p    position
		want int64
	}{
		{position{From: 100, Newest: 900_000}, 900_001},              // long ago: not read again
		{position{From: 100, Newest: 999_990}, 999_700},              // just now: what is under way may still come
		{position{From: 999_800, Newest: 999_990}, 999_800},          // never back
		{position{From: 500}, 500},                                   // nothing came
		{position{}, 1_000_000 - 24*3600},                            // an empty object
		{position{From: 100, Newest: 2_000_000}, 999_700},            // their clock is ahead
		{position{From: 0, Newest: 900_000, After: "1P02"}, 900_001}, // a scan
	} {
		if got := test.p.settled(start); got.From != test.want || got.After != "" {
			t.Errorf("%+v settles at %d, want %d", test.p, got.From, test.want)
		}
	}
}

// FuzzPage: no answer makes the decoder panic, and what it gives fits the layout.
func FuzzPage(f *testing.F) {
	o := newObject(metaObject{ObjectName: "company", Fields: []metaField{{FieldName: "Gsid", DataType: "GSID"}, {FieldName: "Arr", DataType: "NUMBER"},
		{FieldName: "Day", DataType: "DATE"}, {FieldName: "At", DataType: "DATETIME"}, {FieldName: "Flag", DataType: "BOOLEAN"}, {FieldName: "Any", DataType: "?"},
		{FieldName: "Stage", DataType: "PICKLIST", Options: []metaOption{{Label: "L", Value: "1I00AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"}}},
		{FieldName: "Tags", DataType: "MULTISELECTDROPDOWNLIST"}}})
	var columns []*column
	for _, field := range o.order {
		columns = append(columns, pagingColumn(field))
	}
	f.Add(`{"result":true,"data":{"records":[{"Gsid":"g","Arr":1.5,"Day":"2026-01-01","At":1521743018667,"Flag":"true","Any":{"a":1},"Stage":"1I00AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA","Tags":"a;b"}]}}`)
	f.Add(`{"data":[{"gsid":1,"arr":"x","tags":["a",{}],"Stage":null}],"result":"false","errorDesc":"e"}`)
	f.Fuzz(func(t *testing.T, body string) {
		d := newDecoder("company", columns, 0, time.UTC)
		batch := value.NewBatch(value.NewLayout("x"), 1)
		_, n, _ := d.page([]byte(body), batch, func(r value.Record) {
			for i, v := range r {
				if k := columns[i].schema.Kind; k == schema.Number && !v.IsNull() && !v.IsNumber() || k == schema.MultiPicklist && v.Kind() != value.KindList {
					t.Errorf("a %s is %s", k, v.Kind())
				}
			}
		})
		if n < len(d.bad) {
			t.Errorf("%d bad of %d", len(d.bad), n)
		}
	})
}
