package file

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/syncline/syncline/lang/schema"
	"github.com/syncline/syncline/lang/value"
)

// FuzzCSV reads any bytes with the decoder and with encoding/csv: the records are the same up to the first that the
// latter refuses, and that one is refused here too.
func FuzzCSV(f *testing.F) {
	for _, s := range []string{"a,b\nc,d\n", "a,\"b\"\"c\"\r\n\"x\ny\",z", "\n\n\"\"\n", "a\"b,c\n", "\"a\"b,c\n", "\"open", "a\r\nb\r", ",,\n,", "\"a\r\nb\"\n", "\"\"\"\""} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		r := csv.NewReader(bytes.NewReader(in))
		r.FieldsPerRecord = -1
		for rest := in; ; {
			want, wantErr := r.Read()
			got, n, err := cells(',', rest, true)
			if wantErr == io.EOF {
				if err != nil || len(got) != 0 {
					t.Fatalf("after the last record: %q, %v", got, err)
				}
				return
			}
			if wantErr != nil {
				if err == nil {
					t.Fatalf("%q: encoding/csv says %v, but we read %q", rest, wantErr, got)
				}
				return
			}
			if err != nil {
				t.Fatalf("%q: %v; want %q", rest, err, want)
			}
			for i := range got {
				got[i] = strings.ReplaceAll(got[i], "\r\n", "\n") // which encoding/csv does inside of quotes
			}
			if !slices.Equal(got, want) {
				t.Fatalf("%q: %q, want %q", rest, got, want)
			}
			if n == 0 {
				t.Fatal("a record of no bytes")
			}
			rest = rest[n:]
		}
	})
}

// FuzzJSON reads any line with the decoder and with encoding/json.
func FuzzJSON(f *testing.F) {
	for _, s := range []string{`{"a":1,"b":"x"}`, `{ "b" : "\u00e9\n\ud83d\ude00" , "a":-1.5e3 }`, `{"a":null,"c":[1,{"a":2}],"b":true}`, `{}`, `{"a":{"x":"}"},"b":[1,"]"]}`,
		`{"a":1,"a":2}`, `{"a":01}`, `{"a":1`, `{"a":"\`, `[1]`, `{"a":1}}`, `{"\u0061":5}`, `{"z":"\\","a":1}`, `{"a":"\ud800"}`,
		`{"as long as few keys are, with an x":1,"a":"","b":null}`, `{"b":12345678.123456789,"a":0.5}`, `{"b":"as long a text as makes a word, and more of it, and some more","a":7}`} {
		f.Add([]byte(s))
	}
	slots := func() map[string][]slot {
		return map[string][]slot{"a": {{at: 0, kind: schema.Any, name: "a"}}, "b": {{at: 1, kind: schema.Any, name: "b"}}}
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		if bytes.IndexByte(in, '\n') >= 0 || !utf8.Valid(in) {
			return
		}
		d := newJSONDecoder(slots())
		// Twice with one decoder: the second time the keys' order is known.
		for range 2 {
			record := make(value.Record, 2)
			// What stands behind the line is none of it.
			x, err := d.scan(append(bytes.Clone(in), `0123","b":"4"}"a":1,"b":2,"c":"a","b":"d","a":5}`...)[:len(in)], true)
			if err == nil {
				err = d.fill(record, false)
			}
			var want map[string]json.RawMessage
			if jsonErr := json.Unmarshal(in, &want); jsonErr != nil || want == nil {
				continue // what is no JSON may be read where nothing of it is wanted
			}
			if err != nil {
				if repeats(in) || errors.Is(err, errDeep) {
					continue
				}
				t.Fatalf("%q: %v", in, err)
			}
			if x.blank {
				t.Fatalf("%q is passed over", in)
			}
			for i, key := range []string{"a", "b"} {
				if got := record[i].String(); got != plainJSON(want[key]) {
					t.Fatalf("%q: %s is %q, want %q", in, key, got, plainJSON(want[key]))
				}
			}
		}
	})
}

// repeats tells whether a or b comes twice in an object.
func repeats(in []byte) bool {
	ms, err := members(in)
	n := map[string]int{}
	for _, m := range ms {
		n[m.key]++
	}
	return err != nil || n["a"] > 1 || n["b"] > 1
}

// plainJSON is a JSON value as a field of kind any holds it.
func plainJSON(raw json.RawMessage) string {
	raw = bytes.TrimSpace(raw)
	if len(raw) == 0 || string(raw) == "null" {
		return ""
	}
	if raw[0] == '"' {
		var s string
		_ = json.Unmarshal(raw, &s)
		return s
	}
	return string(raw)
}

// FuzzEncode writes texts in both formats and reads them with the standard library.
func FuzzEncode(f *testing.F) {
	f.Add("a", "b,\"c\"\n")
	f.Add("", " x ")
	f.Add("\\.", "\x00\u2028<&>")
	f.Fuzz(func(t *testing.T, a, b string) {
		if !utf8.ValidString(a) || !utf8.ValidString(b) {
			return
		}
		cols := []out{{"a", 0}, {"b", 1}}
		record := value.Record{value.Text(a), value.Text(b)}
		line := newJSONEncoder(cols, false).record(nil, record)
		var got struct{ A, B string }
		if err := json.Unmarshal(line, &got); err != nil || got.A != a || got.B != b {
			t.Fatalf("%q, %q: wrote %s, read %+v, %v", a, b, line, got, err)
		}
		line = (&csvEncoder{comma: ',', cols: cols}).record(nil, record)
		row, n, err := cells(',', line, true)
		if err != nil || n != len(line) || !slices.Equal(row, []string{a, b}) {
			t.Fatalf("%q, %q: wrote %q, read %q, %v", a, b, line, row, err)
		}
	})
}

// FuzzNumber reads and writes numbers as strconv does.
func FuzzNumber(f *testing.F) {
	for _, s := range []string{"0", "-0", "1.5", "123456789012345678", "0.1", "1234567.1234567", "12345678.12345678", "1234567", "12345678", "0.0000001", "1e400", "9007199254740993", "1.7976931348623157e308", "72.355", "00", "1.", "4.35"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		d, ok := scanDecimal([]byte(s))
		if valid := json.Valid([]byte(s)) && s != "" && (s[0] == '-' || s[0]-'0' <= 9) && s[len(s)-1]-'0' <= 9; ok != valid {
			t.Fatalf("%q: a number here: %v, to encoding/json: %v", s, ok, valid)
		}
		if !ok {
			return
		}
		want, err := strconv.ParseFloat(s, 64)
		got, fits := d.float([]byte(s))
		if fits != (err == nil) || fits && got != want {
			t.Fatalf("%q: %v %v, want %v %v", s, got, fits, want, err)
		}
		if !fits {
			return
		}
		for _, b := range [][]byte{[]byte(s), []byte(s + "77777777.7")[:len(s)]} {
			var v value.Value
			if err := setNumber(&v, b, false); err == nil && v.AsFloat() != want || err != nil && !errors.Is(err, errTooLong) {
				t.Fatalf("%q is decoded as %v, %v", s, v, err)
			}
		}
		text := string(appendFloat(nil, got+0))
		if back, err := strconv.ParseFloat(text, 64); err != nil || back != got {
			t.Fatalf("%v is written as %q, which is %v", got, text, back)
		}
		if short := strconv.FormatFloat(math.Abs(got), 'f', -1, 64); strings.TrimPrefix(text, "-") != short {
			t.Fatalf("%v is written as %q, shorter is %q", got, text, short)
		}
		if i, whole := d.integer([]byte(s)); whole && math.Abs(got) < maxExact && float64(i) != got {
			t.Fatalf("%q: whole %d, but %v", s, i, got)
		}
	})
}
