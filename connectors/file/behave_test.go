package file_test

import (
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/syncline/syncline/connectors"
	"github.com/syncline/syncline/connectors/file"
	"github.com/syncline/syncline/lang/query"
	"github.com/syncline/syncline/lang/schema"
	"github.com/syncline/syncline/lang/value"
)

// settings makes settings of pairs of texts.
func settings(pairs ...string) connectors.Settings {
	s := connectors.Settings{}
	for i := 0; i < len(pairs); i += 2 {
		s[pairs[i]] = value.Text(pairs[i+1])
	}
	return s
}

// project writes files into a folder and opens a connection with the objects.
func project(t *testing.T, files map[string]string, objects ...connectors.Object) (connectors.Connection, string) {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	conn, err := file.Type().Open(t.Context(), connectors.Config{Dir: dir, Settings: settings("dir", "."), Objects: objects})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return conn, dir
}

// describe gives the object.
func describe(t *testing.T, conn connectors.Connection, name string) *schema.Object {
	t.Helper()
	c, err := conn.Describe(t.Context(), []string{name}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if c.Object(name) == nil {
		t.Fatalf("%s is not described", name)
	}
	return c.Object(name)
}

// content reads an object as lines of its values, and its bad rows as lines that begin with !.
func content(t *testing.T, conn connectors.Connection, name string, fields ...string) ([]string, error) {
	t.Helper()
	q := query.Read{Object: name, Layout: value.NewLayout(fields...)}
	rows, err := conn.(connectors.Reader).Read(t.Context(), q)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []string
	batch := value.NewBatch(q.Layout, 4)
	for {
		err := rows.Next(t.Context(), batch)
		if errors.Is(err, io.EOF) {
			return out, nil
		}
		if err != nil {
			return out, err
		}
		for i := range batch.Len() {
			var parts []string
			for _, v := range batch.Record(i) {
				if v.IsNull() {
					parts = append(parts, "null")
				} else {
					parts = append(parts, v.Kind().String()+":"+v.String())
				}
			}
			out = append(out, strings.Join(parts, " "))
		}
		for _, b := range rows.(connectors.BadRows).Bad() {
			out = append(out, "! "+b.Place+" "+b.Err.Error())
		}
	}
}

func wantContent(t *testing.T, conn connectors.Connection, name string, fields []string, want ...string) {
	t.Helper()
	got, err := content(t, conn, name, fields...)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	if !slices.Equal(got, want) {
		t.Errorf("%s:\n%s\nwant:\n%s", name, strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// What is told from the first rows: the narrowest kind that loses nothing.
func TestInfer(t *testing.T) {
	conn, _ := project(t, map[string]string{
		"a.csv": "\xef\xbb\xbfid,zip,score,big,flag,day,at,local,mixed,none,Odd Name,\r\n" +
			"1,00501,7,12345678901234567890,true,2026-01-31,2026-01-31T10:00:00Z,2026-01-31 10:00,1,,x,\r\n" +
			"2,10001,7.25,2,false,2026-02-28,2026-02-28T10:00:00+01:00,2026-01-31 10:00,b,,\"y, z\",\r\n",
		"b.jsonl": `{"id":1,"n":1.5,"ok":true,"day":"2026-01-31","code":"12","tags":["a","b"],"address":{"city":"Ulm","geo":{"lat":48.4}},"any":[{"x":1}],"big":12345678901234567890}` + "\n" +
			`{"id":2,"n":2,"ok":null,"day":null,"code":"","tags":[],"address":null}` + "\n",
	})
	kinds := func(name string) string {
		var out []string
		for _, f := range describe(t, conn, name).Fields {
			if !f.Inferred || !f.Nullable {
				t.Errorf("%s.%s is not marked as inferred and nullable", name, f.Name)
			}
			out = append(out, f.Name+":"+f.Kind.String())
		}
		return strings.Join(out, " ")
	}
	if got, want := kinds("a"), "id:integer zip:text score:number big:text flag:boolean day:date at:datetime local:text mixed:text none:text Odd Name:text"; got != want {
		t.Errorf("a.csv: %s\nwant: %s", got, want)
	}
	if got, want := kinds("b"), "id:integer n:number ok:boolean day:date code:text tags:multipicklist address.city:text address.geo.lat:number any:any big:text address:text"; got != want {
		t.Errorf("b.jsonl: %s\nwant: %s", got, want)
	}
	wantContent(t, conn, "a", []string{"score", "at", "Odd Name", "zip"},
		"float:7 datetime:2026-01-31T10:00:00Z text:x text:00501", "float:7.25 datetime:2026-02-28T09:00:00Z text:y, z text:10001")
	wantContent(t, conn, "b", []string{"address.city", "address.geo.lat", "tags", "big", "code"},
		"text:Ulm float:48.4 list:a, b text:12345678901234567890 text:12", "null null list: null null")
}

// A value that does not fit is a bad row with its place; the others are read.
func TestBadRows(t *testing.T) {
	rows := strings.Repeat("1,2\n", 1500)
	conn, _ := project(t, map[string]string{
		"late.csv": "a,b\n" + rows + "x,2\n1,2,3\n\"q\"z,1\n5,6\n",
		"cut.jsonl": `{"a":1}` + "\n\n" + `{"a":"no"}` + "\n" + `[1]` + "\n" + `{"a":3} x` + "\n" + `{"a":1,"a":2}` + "\n" + `{"a":9223372036854775808}` + "\n" +
			"{\"a\":4,\"b\":\"\xff\"}\n" + `{"a":5}` + "\n" + `{"a":6,"b`,
	}, connectors.Object{Name: "cut", Settings: settings("path", "cut.jsonl"), Columns: []connectors.Column{{Name: "a", Kind: schema.Integer}, {Name: "b", Kind: schema.Text}}})
	got, err := content(t, conn, "late", "a", "b")
	if err != nil {
		t.Fatal(err)
	}
	var bad []string
	for _, l := range got {
		if strings.HasPrefix(l, "!") {
			bad = append(bad, l)
		}
	}
	if len(got)-len(bad) != 1501 || len(bad) != 3 {
		t.Fatalf("%d records and the bad rows %q", len(got)-len(bad), bad)
	}
	for i, want := range []string{`late.csv:1502 a: "x" is no number; the column was taken for integer from the first rows: declare it`, "late.csv:1503 the line has 3 cells, the header 2", "late.csv:1504 a closing quote is followed by more text"} {
		if !strings.Contains(bad[i], want) {
			t.Errorf("%s, want %s", bad[i], want)
		}
	}
	got, err = content(t, conn, "cut", "a", "b")
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"int:1 null", "int:5 null", `cut.jsonl:3 a: "no" is no number`, "cut.jsonl:4 column 1", "cut.jsonl:5 the line goes on", `cut.jsonl:6 the key "a" comes twice`,
		"cut.jsonl:7 a: \"9223372036854775808\" is no whole number of 64 bits", "cut.jsonl:8 is not UTF-8", "cut.jsonl:10 the JSON ends in the middle"}
	if len(got) != len(want) {
		t.Fatalf("%q", got)
	}
	for i := range want {
		if !strings.Contains(got[i], want[i]) {
			t.Errorf("%s, want %s", got[i], want[i])
		}
	}
}

// What makes a file unreadable as a whole is an error that says what to do.
func TestUnreadable(t *testing.T) {
	cols := []connectors.Column{{Name: "a", Kind: schema.Text}, {Name: "b", Kind: schema.Text}}
	for name, c := range map[string]struct{ file, text, want string }{
		"utf-16":    {"x.csv", "\xff\xfea\x00,\x00", "UTF-16"},
		"open":      {"x.csv", "a,b\n1,2\n\"3,4\n5,6\n", "x.csv:3: a quote is opened and never closed"},
		"column":    {"x.csv", "a,c\n1,2\n", `has no column "b"; it has a, c`},
		"list":      {"x.jsonl", `[{"a":1},{"b":2}]`, "one JSON list"},
		"no gzip":   {"x.csv.gz", "a,b\n1,2\n", "packed with gzip"},
		"long line": {"x.jsonl", `{"a":"` + strings.Repeat("x", 17<<20), "longer than 16 MiB"},
		"missing":   {"", "", "no such file"},
	} {
		t.Run(name, func(t *testing.T) {
			path := c.file
			files := map[string]string{c.file: c.text}
			if path == "" {
				path, files = "x.csv", nil
			}
			conn, _ := project(t, files, connectors.Object{Name: "x", Settings: settings("path", path), Columns: cols})
			_, err := content(t, conn, "x", "a", "b")
			var e *connectors.Error
			if !errors.As(err, &e) || e.Class != connectors.Permanent || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%v, want %q", err, c.want)
			}
		})
	}
}

// Settings that cannot work are refused when the connection is opened.
func TestBadSettings(t *testing.T) {
	for want, o := range map[string]connectors.Object{
		"path is missing":         {Name: "o", Settings: settings()},
		"format is not told":      {Name: "o", Settings: settings("path", "a.xlsx")},
		"delimiter is":            {Name: "o", Settings: settings("path", "a.csv", "delimiter", "||")},
		"needs a key":             {Name: "o", Settings: settings("path", "a.csv", "write", "update")},
		"it may be replace":       {Name: "o", Settings: settings("path", "a.csv", "write", "merge")},
		"names \"a\" twice":       {Name: "o", Settings: settings("path", "a.csv"), Columns: []connectors.Column{{Name: "a"}, {Name: "a", From: "b"}}},
		"header = false needs":    {Name: "o", Settings: connectors.Settings{"path": value.Text("a.csv"), "header": value.Bool(false)}},
		"can only be written who": {Name: "o", Settings: settings("path", "-", "format", "csv", "write", "update", "key", "a")},
	} {
		_, err := file.Type().Open(t.Context(), connectors.Config{Dir: t.TempDir(), Objects: []connectors.Object{o}})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v: %v, want %q", o, err, want)
		}
	}
}

// Columns without a header, another delimiter, a word for null, headers that come twice, packed files.
func TestForms(t *testing.T) {
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	_, _ = io.WriteString(z, "a\n1\n")
	_ = z.Close()
	text := func(names ...string) (out []connectors.Column) {
		for _, n := range names {
			out = append(out, connectors.Column{Name: n, Kind: schema.Text})
		}
		return out
	}
	conn, _ := project(t, map[string]string{"plain.csv": "1;NULL\n2;x\n", "tabs.tsv": "a\tb\n1\tx,y\n", "twice.csv": "n,n,n_2,\n1,2,3,4\n", "packed.csv.gz": packed.String(), "empty.csv": "", "head.csv": "a,b"},
		connectors.Object{Name: "plain", Columns: text("p", "q"), Settings: connectors.Settings{"path": value.Text("plain.csv"), "header": value.Bool(false), "delimiter": value.Text(";"), "null": value.Text("NULL")}})
	wantContent(t, conn, "plain", []string{"q", "p"}, "null text:1", "text:x text:2")
	wantContent(t, conn, "tabs", []string{"a", "b"}, "int:1 text:x,y")
	wantContent(t, conn, "twice", []string{"n", "n_2", "n_3"}, "int:1 int:3 int:2")
	wantContent(t, conn, "packed", []string{"a"}, "int:1")
	wantContent(t, conn, "head", []string{"a", "b"})
	// An export that broke off is no list of what there is.
	rows, err := conn.(connectors.Reader).Read(t.Context(), query.Read{Object: "empty", Layout: value.NewLayout("a")})
	if err == nil {
		err = rows.Next(t.Context(), value.NewBatch(value.NewLayout("a"), 1))
	}
	if err == nil || !strings.Contains(err.Error(), "without even a header") {
		t.Errorf("an empty file: %v", err)
	}
}

// put replaces an object with these records of the layout.
func put(t *testing.T, conn connectors.Connection, object string, layout *value.Layout, records ...value.Record) error {
	t.Helper()
	r, err := conn.(connectors.Replacer).Replace(t.Context(), &schema.Object{Name: object}, layout)
	if err != nil {
		return err
	}
	defer func() {
		if err := r.Abort(); err != nil {
			t.Error(err)
		}
	}()
	batch := value.NewBatch(layout, len(records))
	for _, x := range records {
		copy(batch.Append(), x)
	}
	if err := r.Append(t.Context(), batch); err != nil {
		return err
	}
	return r.Commit(t.Context())
}

// A new file has the layout's columns, or the declared ones; an old one is replaced through a link, with its rights.
func TestReplace(t *testing.T) {
	layout := value.NewLayout("name", "score", "on", "at", "tags", "none")
	record := value.Record{value.Text(`A "b", c`), value.Float(7.5), value.Bool(true), value.Micros(1772359200000000), value.List([]value.Value{value.Text("x"), value.Text("y")}), value.Null}
	conn, dir := project(t, map[string]string{"real.csv": "old\n"},
		connectors.Object{Name: "link", Settings: settings("path", "link.csv")},
		connectors.Object{Name: "json", Settings: settings("path", "new.jsonl")},
		connectors.Object{Name: "named", Settings: settings("path", "named.jsonl"), Columns: []connectors.Column{{Name: "score", From: "health.score", Kind: schema.Number}, {Name: "name", Kind: schema.Text}, {Name: "at", From: "health.at", Kind: schema.DateTime}}},
		connectors.Object{Name: "far", Settings: settings("path", "no/such/folder/x.csv")})
	if err := os.Symlink(filepath.Join(dir, "real.csv"), filepath.Join(dir, "link.csv")); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(filepath.Join(dir, "real.csv"), 0o640); err != nil {
		t.Fatal(err)
	}
	for object, want := range map[string]string{
		"link":  "real.csv|name,score,on,at,tags,none\n\"A \"\"b\"\", c\",7.5,true,2026-03-01T10:00:00Z,x;y,\n",
		"json":  `new.jsonl|{"name":"A \"b\", c","score":7.5,"on":true,"at":"2026-03-01T10:00:00Z","tags":["x","y"],"none":null}` + "\n",
		"named": `named.jsonl|{"health":{"score":7.5,"at":"2026-03-01T10:00:00Z"},"name":"A \"b\", c"}` + "\n",
	} {
		if err := put(t, conn, object, layout, record); err != nil {
			t.Fatal(err)
		}
		name, text, _ := strings.Cut(want, "|")
		if b, err := os.ReadFile(filepath.Join(dir, name)); err != nil || string(b) != text {
			t.Errorf("%s holds %q, %v\nwant %q", name, b, err, text)
		}
	}
	if info, err := os.Stat(filepath.Join(dir, "real.csv")); err != nil || info.Mode().Perm() != 0o640 {
		t.Errorf("the rights are %v, %v", info.Mode(), err)
	}
	if l, err := os.Readlink(filepath.Join(dir, "link.csv")); err != nil || !strings.HasSuffix(l, "real.csv") {
		t.Errorf("the link is gone: %v", err)
	}
	if err := put(t, conn, "far", layout, record); err == nil || !strings.Contains(err.Error(), "no such file") {
		t.Errorf("a folder that is not there: %v", err)
	}
}

// Rows are added to a file in the order of its own columns; a column that it does not have is refused.
func TestAppend(t *testing.T) {
	conn, dir := project(t, map[string]string{"log.csv": "b,a\n1,2"}, connectors.Object{Name: "log", Settings: settings("path", "log.csv", "write", "append")},
		connectors.Object{Name: "lines", Settings: settings("path", "lines.jsonl.gz", "write", "append")})
	if err := put(t, conn, "log", value.NewLayout("a", "b"), value.Record{value.Int(4), value.Int(3)}); err != nil {
		t.Fatal(err)
	}
	if b, _ := os.ReadFile(filepath.Join(dir, "log.csv")); string(b) != "b,a\n1,2\n3,4\n" {
		t.Errorf("log.csv holds %q", b)
	}
	if err := put(t, conn, "log", value.NewLayout("z"), value.Record{value.Int(4)}); err == nil || !strings.Contains(err.Error(), `no column "z"`) {
		t.Errorf("a new column: %v", err)
	}
	for i := range 3 {
		if err := put(t, conn, "lines", value.NewLayout("a"), value.Record{value.Int(int64(i))}); err != nil {
			t.Fatal(err)
		}
	}
	wantContent(t, conn, "lines", []string{"a"}, "int:0", "int:1", "int:2")
	if entries, _ := os.ReadDir(dir); len(entries) != 2 {
		t.Errorf("files are left behind: %v", entries)
	}
}

// Standard input is described by looking ahead, and read once; standard output is written as it comes.
func TestStandard(t *testing.T) {
	var output bytes.Buffer
	conn, err := file.Type().Open(t.Context(), connectors.Config{Stdin: strings.NewReader("id,v\n1,x\n2,y\n"), Stdout: &output, Objects: []connectors.Object{
		{Name: "in", Settings: settings("path", "-", "format", "csv")}, {Name: "out", Settings: settings("path", "-", "format", "jsonl")}}})
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if o := describe(t, conn, "in"); len(o.Fields) != 2 || o.Field("id").Kind != schema.Integer {
		t.Errorf("the fields are %v", o.Fields)
	}
	wantContent(t, conn, "in", []string{"v", "id"}, "text:x int:1", "text:y int:2")
	if _, err := content(t, conn, "in", "id"); err == nil || !strings.Contains(err.Error(), "read already") {
		t.Errorf("a second read: %v", err)
	}
	if err := put(t, conn, "out", value.NewLayout("id"), value.Record{value.Int(7)}); err != nil {
		t.Fatal(err)
	}
	if output.String() != "{\"id\":7}\n" {
		t.Errorf("the output is %q", output.String())
	}
}

// Records that are not meant by a write stay as they are, to the byte.
func TestUpdateKeepsTheRest(t *testing.T) {
	text := "\xef\xbb\xbfid , name,note\r\n1,\"one\",  x \r\n\r\n2,two,y\r\nbroken\r\n3,three,z"
	jsonText := `{ "id":"1", "deep":{"a":[1,2]}, "name":"one" }` + "\n" + `{"id":"2","name":"two"}` + "\n"
	conn, dir := project(t, map[string]string{"x.csv": text, "y.jsonl": jsonText},
		connectors.Object{Name: "x", Settings: settings("path", "x.csv", "write", "update", "key", "id"), Columns: []connectors.Column{{Name: "id", From: "id ", Kind: schema.Text}, {Name: "name", From: " name", Kind: schema.Text}}},
		connectors.Object{Name: "y", Settings: settings("path", "y.jsonl", "write", "update", "key", "id")})
	for object, want := range map[string]string{"x": strings.Replace(text, "2,two,y\r\n", "2,new,y\n", 1) + "\n", "y": strings.Replace(jsonText, `"two"`, `"new"`, 1)} {
		res, err := conn.(connectors.Writer).Write(t.Context(), connectors.Write{Object: describe(t, conn, object), Op: connectors.Update,
			Records: []connectors.Record{{ID: "2", Fields: []connectors.Field{{Name: "name", Value: value.Text("new")}}}, {ID: "9", Fields: []connectors.Field{{Name: "name", Value: value.Text("new")}}}}})
		missing := map[string]connectors.Class{"x": connectors.Reject, "y": connectors.Gone}[object] // the broken row may be it
		if err != nil || res[0].Err != nil || res[1].Err == nil || res[1].Err.Class != missing {
			t.Fatalf("%s: %v %+v", object, err, res)
		}
		name := map[string]string{"x": "x.csv", "y": "y.jsonl"}[object]
		if b, _ := os.ReadFile(filepath.Join(dir, name)); string(b) != want {
			t.Errorf("%s holds\n%q, want\n%q", name, b, want)
		}
	}
}

// A row of which not even the key can be read may be any record: nothing is added beside it, and nothing passes for deleted.
func TestARowThatCannotBeReadStandsInTheWayOfRecordsThatAreNotFound(t *testing.T) {
	const text = "id,name\n1,one\n2,two,two\n"
	conn, dir := project(t, map[string]string{"x.csv": text}, connectors.Object{Name: "x", Settings: settings("path", "x.csv", "write", "update", "key", "id")})
	fields := func(id, name string) []connectors.Field {
		return []connectors.Field{{Name: "id", Value: value.Text(id)}, {Name: "name", Value: value.Text(name)}}
	}
	for _, w := range []connectors.Write{
		{Op: connectors.Upsert, Key: "id", Records: []connectors.Record{{Fields: fields("2", "new")}}},
		{Op: connectors.Create, Records: []connectors.Record{{Fields: fields("2", "new")}}},
		{Op: connectors.Update, Records: []connectors.Record{{ID: "2", Fields: fields("2", "new")}}},
		{Op: connectors.Delete, Records: []connectors.Record{{ID: "2"}}},
	} {
		w.Object = describe(t, conn, "x")
		res, err := conn.(connectors.Writer).Write(t.Context(), w)
		if err != nil || len(res) != 1 || res[0].Err == nil || res[0].Err.Class != connectors.Reject || !strings.Contains(res[0].Err.Message, "x.csv:3") {
			t.Errorf("%s: %v %+v", w.Op, err, res)
		}
		if b, _ := os.ReadFile(filepath.Join(dir, "x.csv")); string(b) != text {
			t.Errorf("%s: the file holds %q", w.Op, b)
		}
	}
	res, err := conn.(connectors.Writer).Write(t.Context(), connectors.Write{Object: describe(t, conn, "x"), Op: connectors.Upsert, Key: "id",
		Records: []connectors.Record{{Fields: fields("1", "new")}}})
	if b, _ := os.ReadFile(filepath.Join(dir, "x.csv")); err != nil || res[0].Err != nil || string(b) != strings.Replace(text, "one", "new", 1) {
		t.Errorf("the record that is found: %v %+v %q", err, res, b)
	}
}

// Of the first records by an order, too, none that is broken is passed over in silence.
func TestTheFirstByAnOrderAreReadBesideBrokenRows(t *testing.T) {
	conn, _ := project(t, map[string]string{"x.csv": "id,n\na,many\n"}, connectors.Object{Name: "x", Settings: settings("path", "x.csv"),
		Columns: []connectors.Column{{Name: "id", Kind: schema.Text}, {Name: "n", Kind: schema.Integer}}})
	q := query.Read{Object: "x", Layout: value.NewLayout("id", "n"), Order: []query.Order{{Field: "n"}}, Limit: 1}
	rows, err := conn.(connectors.Reader).Read(t.Context(), q)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	batch := value.NewBatch(q.Layout, 1)
	if err := rows.Next(t.Context(), batch); err != nil || batch.Len() != 0 || len(rows.(connectors.BadRows).Bad()) != 1 {
		t.Fatalf("%v, %d records, bad %v", err, batch.Len(), rows.(connectors.BadRows).Bad())
	}
	if err := rows.Next(t.Context(), batch); err != io.EOF {
		t.Fatal(err)
	}
}

// A target without declared columns is open: a rule decides its fields, whatever the file holds now.
func TestOpen(t *testing.T) {
	conn, _ := project(t, map[string]string{"old.csv": "score\n7\n"}, connectors.Object{Name: "old", Settings: settings("path", "old.csv")},
		connectors.Object{Name: "new", Settings: settings("path", "new.csv")},
		connectors.Object{Name: "fixed", Settings: settings("path", "fixed.csv"), Columns: []connectors.Column{{Name: "a", Kind: schema.Integer}}})
	for _, name := range []string{"old", "new"} {
		o := describe(t, conn, name)
		if f := o.WriteField("score"); !o.Open || !o.Replace || f == nil || f.Kind != schema.Any || !f.Createable {
			t.Errorf("%s is not open for any field: %+v", name, o)
		}
	}
	if o := describe(t, conn, "fixed"); o.Open || o.WriteField("score") != nil || o.WriteField("a").Kind != schema.Integer {
		t.Errorf("declared columns do not bind: %+v", o)
	}
}

// A file without a key tells its records by their content.
func TestKeyless(t *testing.T) {
	conn, _ := project(t, map[string]string{"k.csv": "a\n1\n2\n1\n"})
	ids := func() (out []string) {
		rows, err := conn.(connectors.Reader).Read(t.Context(), query.Read{Object: "k", Layout: value.NewLayout("a")})
		if err != nil {
			t.Fatal(err)
		}
		defer rows.Close()
		batch := value.NewBatch(value.NewLayout("a"), 4)
		if err := rows.Next(t.Context(), batch); err != nil {
			t.Fatal(err)
		}
		for i := range batch.Len() {
			out = append(out, rows.(connectors.Keyed).ID(i))
		}
		return out
	}
	first := ids()
	if len(first) != 3 || first[0] == first[1] || first[0] != first[2] || !slices.Equal(first, ids()) {
		t.Errorf("the ids are %v, then %v", first, ids())
	}
}

// A plan was compiled for yesterday's file: today's values come as the kinds that it knows, or as bad rows.
func TestPlannedKinds(t *testing.T) {
	planned := &schema.Object{Name: "d", Fields: []*schema.Field{{Name: "n", Kind: schema.Integer, Inferred: true}, {Name: "s", Kind: schema.Text, Inferred: true}, {Name: "gone", Kind: schema.Text}}}
	for name, text := range map[string]string{"d.csv": "n,s,gone\n1,5,\n2.5,6,\n", "d.jsonl": `{"n":1,"s":5}` + "\n" + `{"n":2.5,"s":6}` + "\n"} {
		conn, _ := project(t, map[string]string{name: text})
		rows, err := conn.(connectors.Reader).Read(t.Context(), query.Read{Object: "d", Schema: planned, Layout: value.NewLayout("n", "s", "gone")})
		if err != nil {
			t.Fatal(err)
		}
		batch := value.NewBatch(value.NewLayout("n", "s", "gone"), 4)
		if err := rows.Next(t.Context(), batch); err != nil {
			t.Fatal(err)
		}
		bad := rows.(connectors.BadRows).Bad()
		if batch.Len() != 1 || len(bad) != 1 || !value.Equal(batch.Record(0)[1], value.Text("5")) || batch.Record(0)[0].Kind() != value.KindInt {
			t.Errorf("%s: %d records, the bad rows %v", name, batch.Len(), bad)
		}
		if err := rows.Close(); err != nil {
			t.Error(err)
		}
	}
}

// Of a file that is not there yet only what is declared is known, which its description says.
func TestAnAbsentFileIsDescribedAsSuch(t *testing.T) {
	declared := []connectors.Column{{Name: "a", Kind: schema.Text}}
	conn, _ := project(t, map[string]string{"there.csv": "a,b\n1,2\n"},
		connectors.Object{Name: "there", Settings: settings("path", "there.csv"), Columns: declared},
		connectors.Object{Name: "gone", Settings: settings("path", "gone.csv"), Columns: declared})
	for name, fields := range map[string]int{"there": 2, "gone": 1} {
		if o := describe(t, conn, name); o.Absent != (name == "gone") || len(o.Fields) != fields {
			t.Errorf("%s: absent %t, %d fields", name, o.Absent, len(o.Fields))
		}
	}
}
