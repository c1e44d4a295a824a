package jsonscan_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/syncline/syncline/connectors/internal/jsonscan"
)

// rebuild reads a value into what encoding/json would give.
func rebuild(s *jsonscan.Scanner) any {
	switch s.Next() {
	case jsonscan.Object:
		out := map[string]any{}
		s.Enter(jsonscan.Object)
		for {
			key, ok := s.Key()
			if !ok {
				return out
			}
			name := string(key)
			out[name] = rebuild(s)
		}
	case jsonscan.Array:
		out := []any{}
		s.Enter(jsonscan.Array)
		for s.Item() {
			out = append(out, rebuild(s))
		}
		return out
	case jsonscan.String:
		return string(s.Text())
	case jsonscan.Number:
		return json.Number(s.Digits())
	case jsonscan.True, jsonscan.False:
		return s.Bool()
	}
	s.Skip()
	return nil
}

func scan(text string) (any, error) {
	var s jsonscan.Scanner
	s.Reset([]byte(text))
	v := rebuild(&s)
	s.End()
	return v, s.Err()
}

func TestSameAsEncodingJSON(t *testing.T) {
	for _, text := range []string{
		`{}`, `[]`, ` { "a" : [ 1 , -2.5e3 , "x" ] , "b" : null } `, `"\u00e9\ud83d\ude00\n\/"`, `"\ud800x"`,
		`{"data":{"records":[{"Name":"A \"B\"","Arr":1.0,"ok":true,"no":false,"n":null}]}}`,
	} {
		got, err := scan(text)
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		var want any
		d := json.NewDecoder(strings.NewReader(text))
		d.UseNumber()
		if err := d.Decode(&want); err != nil {
			t.Fatal(err)
		}
		a, _ := json.Marshal(got)
		b, _ := json.Marshal(want)
		if string(a) != string(b) {
			t.Errorf("%s: got %s, want %s", text, a, b)
		}
	}
}

func TestErrorsStick(t *testing.T) {
	for _, text := range []string{
		``, `{`, `[1,`, `[1,]`, `{"a"}`, `{"a":}`, `{"a":1,}`, `"x`, `"\q"`, `"\u12"`, `tru`, `nul`, `<html>`, `1 2`, "\"\x01\"",
		strings.Repeat("[", 5000),
	} {
		if _, err := scan(text); err == nil {
			t.Errorf("%.20q was read without an error", text)
		}
	}
}

func TestRaw(t *testing.T) {
	var s jsonscan.Scanner
	s.Reset([]byte(`{"a": {"b":[1]} , "c":2}`))
	s.Enter(jsonscan.Object)
	s.Key()
	if got := string(s.Raw()); got != `{"b":[1]}` {
		t.Errorf("raw is %q", got)
	}
}

// FuzzAcceptsAllJSON: no input makes the scanner panic, and what is JSON is read. (Beyond JSON it accepts
// missing commas, which does no harm.)
func FuzzAcceptsAllJSON(f *testing.F) {
	f.Add(`{"a":[1,"x\u00e9",null,true]}`)
	f.Fuzz(func(t *testing.T, text string) {
		_, err := scan(text)
		deep := strings.Count(text, "[")+strings.Count(text, "{") > 150
		if err != nil && json.Valid([]byte(text)) && !deep {
			t.Errorf("%q: %v", text, err)
		}
	})
}
