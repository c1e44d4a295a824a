package file_test

import (
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/syncline/syncline/connectors"
	"github.com/syncline/syncline/lang/query"
	"github.com/syncline/syncline/lang/schema"
	"github.com/syncline/syncline/lang/value"
)

// A reader that is told what is wanted gives that and nothing else, counts the rest, and does not look at other values of it.
func TestSift(t *testing.T) {
	for name, text := range map[string]string{
		"d.csv": "id,n,day,tags\n1,5,2026-01-01,\"a \"\"b\"\"\"\n2,1,never,\"c\"\n3,x,2026-01-03,d\n4,7,sometime,e\n5,2,2026-01-05,f,g\n6,9,2026-01-06,h\n",
		"d.jsonl": `{"id":"1","n":5,"day":"2026-01-01","tags":"a \"b\""}` + "\n" + `{"id":"2","n":1,"day":"never","tags":"c"}` + "\n" +
			`{"day":"2026-01-03","n":"x","id":"3"}` + "\n" + `{"id":"4","n":7,"day":"sometime"}` + "\n" + `{"id":"5","n":2,"day":}` + "\n" +
			`{"tags":"h","day":"2026-01-06", "n" : 9,"id":"6"}` + "\n",
	} {
		t.Run(name, func(t *testing.T) {
			conn, _ := project(t, map[string]string{name: text}, connectors.Object{Name: "in", Settings: settings("path", name), Columns: []connectors.Column{
				{Name: "id", Kind: schema.Text}, {Name: "n", Kind: schema.Integer}, {Name: "day", Kind: schema.Date}, {Name: "tags", Kind: schema.Text}}})
			layout := value.NewLayout("id", "n", "day", "tags")
			rows, err := conn.(connectors.Reader).Read(t.Context(), query.Read{Object: "in", Layout: layout})
			if err != nil {
				t.Fatal(err)
			}
			defer rows.Close()
			sieve := rows.(connectors.Sieve)
			sieve.Sift([]int{1}, func(r value.Record) bool {
				if !r[0].IsNull() || !r[2].IsNull() || !r[3].IsNull() {
					t.Errorf("%v: more is decoded than decides", r)
				}
				return r[1].AsInt() > 3
			})
			var got []string
			sifted := 0
			for batch := value.NewBatch(layout, 4); ; {
				err := rows.Next(t.Context(), batch)
				if err == io.EOF {
					break
				}
				if err != nil {
					t.Fatal(err)
				}
				for i := range batch.Len() {
					r := batch.Record(i)
					got = append(got, r[0].String()+" "+r[2].String()+" "+r[3].String())
				}
				for _, b := range rows.(connectors.BadRows).Bad() {
					got = append(got, "! "+b.Place[strings.Index(b.Place, ":"):])
					if known := b.Known != nil; known != strings.Contains(b.Text, "sometime") || known && b.Known[1].AsInt() != 7 || b.ID != "" {
						t.Errorf("%s: %v is known", b.Place, b.Known)
					}
				}
				sifted += sieve.Sifted()
			}
			line := func(n int) string {
				if name == "d.csv" {
					n++
				}
				return "! :" + string(rune('0'+n))
			}
			// The third cannot be told, the fourth is wanted and broken, and the fifth is no record.
			want := []string{`1 2026-01-01 a "b"`, "6 2026-01-06 h", line(3), line(4), line(5)}
			if !slices.Equal(got, want) || sifted != 1 {
				t.Errorf("got %q and %d sifted out, want %q and 1", got, sifted, want)
			}
		})
	}
}
