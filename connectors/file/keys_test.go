package file

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/syncline/syncline/lang/schema"
	"github.com/syncline/syncline/lang/value"
)

// Keys of any length, which begin or end alike, are told apart, whichever of them came at their place before.
func TestKeysThatAreAlikeAreToldApart(t *testing.T) {
	const long = "a_name_that_goes_on_for_so_long_as_no_key_of_a_word_or_three_does"
	var names []string
	slots := map[string][]slot{}
	for n := 1; n <= len(long); n++ {
		for _, odd := range []int{n, n - 1, n / 2, 3} { // where it differs
			name := []byte(long[:n])
			if odd < n {
				name[odd] = 'X'
			}
			if slots[string(name)] == nil {
				slots[string(name)] = []slot{{at: len(names), kind: schema.Any, name: string(name)}}
				names = append(names, string(name))
			}
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		first := rapid.SliceOfNDistinct(rapid.IntRange(0, len(names)-1), 1, 12, rapid.ID[int]).Draw(t, "keys")
		d := newJSONDecoder(slots)
		for range 4 {
			line, want := strings.Builder{}, map[string]string{}
			for i, at := range first {
				at += rapid.IntRange(-4, 4).Draw(t, "another") // as long, or by a byte
				if at < 0 || at >= len(names) || want[names[at]] != "" {
					continue
				}
				want[names[at]] = fmt.Sprint("v", i)
				fmt.Fprintf(&line, `,"%s":"v%d"`, names[at], i)
			}
			text := "{" + strings.TrimPrefix(line.String(), ",") + "}"
			if !json.Valid([]byte(text)) {
				t.Fatal(text)
			}
			record := make(value.Record, len(names))
			_, err := d.scan([]byte(text+"\n"), true)
			if err == nil {
				err = d.fill(record, false)
			}
			if err != nil {
				t.Fatalf("%s: %v", text, err)
			}
			for name, s := range slots {
				if got := record[s[0].at].String(); got != want[name] {
					t.Fatalf("%s: %s is %q, want %q", text, name, got, want[name])
				}
			}
		}
	})
}
