package file

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/syncline/syncline/connectors"
	"github.com/syncline/syncline/lang/query"
	"github.com/syncline/syncline/lang/schema"
	"github.com/syncline/syncline/lang/value"
)

// Wherever the input is cut into chunks, the records are the same.
func TestChunks(t *testing.T) {
	text := rapid.SampledFrom([]string{"", "a", "plain", `quo"te`, "new\nline", "comma,", "ünï", "\r\n", `back\slash`, strings.Repeat("long ", 30)})
	dir := t.TempDir()
	rapid.Check(t, func(rt *rapid.T) {
		jsonl := rapid.Bool().Draw(rt, "jsonl")
		name := "x.csv"
		if jsonl {
			name = "x.jsonl"
		}
		rows := rapid.SliceOfN(rapid.SliceOfN(text, 3, 3), 0, 30).Draw(rt, "rows")
		cols := []out{{"a", 0}, {"b", 1}, {"c", 2}}
		enc := newEncoder(&source{jsonl: jsonl, comma: ',', header: true}, cols)
		data := enc.header(nil)
		for _, r := range rows {
			data = enc.record(data, value.Record{value.Text(r[0]), value.Text(r[1]), value.Text(r[2])})
		}
		if rapid.Bool().Draw(rt, "cut the last line end") && len(data) > 0 {
			data = data[:len(data)-1]
		}
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o600); err != nil {
			rt.Fatal(err)
		}
		var objectColumns []connectors.Column
		for _, c := range cols {
			objectColumns = append(objectColumns, connectors.Column{Name: c.name, Kind: schema.Text})
		}
		conn, err := open(connectors.Config{Dir: dir, Objects: []connectors.Object{{Name: "x", Columns: objectColumns, Settings: connectors.Settings{"path": value.Text(name)}}}})
		if err != nil {
			rt.Fatal(err)
		}
		c := conn.(*connection)
		g, err := c.newPager(c.blocks["x"], query.Read{Layout: value.NewLayout("a", "b", "c")})
		if err != nil {
			rt.Fatal(err)
		}
		defer g.in.Close()
		g.chunk, g.rows = rapid.IntRange(2, 80).Draw(rt, "chunk"), rapid.IntRange(1, 9).Draw(rt, "rows a page")
		n := 0
		for p := g.newPage(); !p.last; {
			if err := g.next(p); err != nil {
				rt.Fatal(err)
			}
			if len(p.bad) > 0 {
				rt.Fatalf("bad rows: %v", p.bad)
			}
			for i := range p.batch.Len() {
				if n == len(rows) {
					rt.Fatal("too many records")
				}
				if got, want := fmt.Sprint(p.batch.Record(i)), fmt.Sprint(rows[n]); got != want {
					rt.Fatalf("record %d is %s, want %s", n, got, want)
				}
				n++
			}
		}
		if n != len(rows) {
			rt.Fatalf("%d records, want %d", n, len(rows))
		}
	})
}

// The records of a page hold until its own batch is filled again, however many pages are under way: an engine
// evaluates some while others are read.
func TestPagesTakeTurns(t *testing.T) {
	dir := t.TempDir()
	var data strings.Builder
	data.WriteString("id,name\n")
	const n = 50_000
	for i := range n {
		fmt.Fprintf(&data, "%d,name of %d\n", i, i)
	}
	if err := os.WriteFile(filepath.Join(dir, "x.csv"), []byte(data.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	conn, err := open(connectors.Config{Dir: dir, Objects: []connectors.Object{{Name: "x", Settings: connectors.Settings{"path": value.Text("x.csv")}}}})
	if err != nil {
		t.Fatal(err)
	}
	q := query.Read{Object: "x", Layout: value.NewLayout("id", "name")}
	rows, err := conn.(connectors.Reader).Read(t.Context(), q)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	next := 0
	verify := func(b *value.Batch) {
		for i := range b.Len() {
			if got, want := b.Record(i).At(1).AsText(), fmt.Sprintf("name of %d", next); got != want {
				t.Fatalf("record %d is %q, want %q", next, got, want)
			}
			next++
		}
	}
	var held []*value.Batch
	for {
		b := value.NewBatch(q.Layout, 16)
		if len(held) == 5 {
			verify(held[0])
			b, held = held[0], held[1:]
		}
		if err := rows.Next(t.Context(), b); err == io.EOF {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		held = append(held, b)
	}
	for _, b := range held {
		verify(b)
	}
	if next != n {
		t.Fatalf("%d records, want %d", next, n)
	}
}
