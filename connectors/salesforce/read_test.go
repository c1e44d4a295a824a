package salesforce

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/syncline/syncline/connectors"
	"github.com/syncline/syncline/connectors/salesforce/soql"
	"github.com/syncline/syncline/lang/query"
	"github.com/syncline/syncline/lang/value"
)

// readAll reads to the end and gives the records, copied, and the last cursor.
func readAll(t *testing.T, c *conn, q query.Read) ([]value.Record, query.Cursor) {
	t.Helper()
	rows, err := c.Read(t.Context(), q)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	var out []value.Record
	batch := value.NewBatch(q.Layout, 10)
	for {
		err := rows.Next(t.Context(), batch)
		if errors.Is(err, io.EOF) {
			return out, rows.Cursor()
		}
		if err != nil {
			t.Fatal(err)
		}
		for i := range batch.Len() {
			out = append(out, batch.Record(i).Clone())
		}
	}
}

func soqlOf(t *testing.T, c call) string {
	t.Helper()
	q, err := url.ParseQuery(c.query)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := soql.Parse(q.Get("q")); err != nil {
		t.Errorf("%s: %v", q.Get("q"), err)
	}
	return q.Get("q")
}

func read(object string, names ...string) query.Read {
	return query.Read{Object: object, Layout: value.NewLayout(names...)}
}

func TestValuesOfEachKind(t *testing.T) {
	o := newOrg(t, func(w http.ResponseWriter, r *http.Request) {
		answer(w, 200, `{"totalSize":2,"done":true,"records":[
		 {"attributes":{"type":"Thing__c","url":"/x"},"Id":"a01000000000001AAA","Name":"Zo\u00eb \"x\" \ud83d\ude80","Count__c":7,"Number__c":23.0,"Done__c":true,"Day__c":"2026-01-31",
		  "At__c":"2026-01-31T18:19:19.000+0000","Clock__c":"10:00:00.000Z","Tags__c":"A;B","Parent__c":"a01000000000002AAA",
		  "Parent__r":{"attributes":{"type":"Thing__c"},"Name":"Parent","Tags__c":"C","Parent__r":null},"Owner":{"attributes":{},"Email":"a@b.c"},"SystemModstamp":"2026-02-01T00:00:00.000+0000"},
		 {"attributes":{"type":"Thing__c","url":"/x"},"Id":"a01000000000003AAA","Name":null,"Count__c":null,"Number__c":1.5e3,"Done__c":false,"Day__c":null,"At__c":"1969-12-31T23:59:59.000+0000",
		  "Clock__c":null,"Tags__c":null,"Parent__c":null,"Parent__r":null,"Owner":null,"SystemModstamp":"2026-02-01T00:00:01.000+0000"}]}`)
	})
	got, _ := readAll(t, o.open(t, nil), read("Thing__c", "Number__c", "Name", "Count__c", "Done__c", "Day__c", "At__c", "Clock__c", "Tags__c", "Parent__c",
		"Parent__r.Name", "Parent__r.Tags__c", "Parent__r.Parent__r.Name", "Owner.Email", "Nothing__c", "Owner.Nothing", "Id", "bad name"))
	text := func(s string) value.Value { return value.Text(s) }
	null, list := value.Null, func(s ...string) value.Value {
		var items []value.Value
		for _, x := range s {
			items = append(items, text(x))
		}
		return value.List(items)
	}
	want := []value.Record{
		{value.Float(23), text(`Zoë "x" 🚀`), value.Int(7), value.Bool(true), value.Date(2026, 1, 31), micros("2026-01-31T18:19:19Z"), text("10:00:00"), list("A", "B"), text("a01000000000002AAA"),
			text("Parent"), list("C"), null, text("a@b.c"), null, null, text("a01000000000001AAA"), null},
		{value.Float(1500), null, null, value.Bool(false), null, value.Micros(-1_000_000), null, list(), null, null, list(), null, null, null, null, text("a01000000000003AAA"), null},
	}
	for i := range want {
		for j := range want[i] {
			if !value.Equal(got[i][j], want[i][j]) {
				t.Errorf("record %d, slot %d: %s %v, want %s %v", i, j, got[i][j].Kind(), got[i][j], want[i][j].Kind(), want[i][j])
			}
		}
	}
	q := soqlOf(t, o.sent("/query")[0])
	if q != "SELECT Number__c,Name,Count__c,Done__c,Day__c,At__c,Clock__c,Tags__c,Parent__c,Parent__r.Name,Parent__r.Tags__c,Parent__r.Parent__r.Name,Owner.Email,Id,SystemModstamp FROM Thing__c ORDER BY SystemModstamp,Id" {
		t.Error(q)
	}
}

func TestPlusIsEncoded(t *testing.T) {
	o := newOrg(t, func(w http.ResponseWriter, r *http.Request) { answer(w, 200, `{"done":true,"records":[]}`) })
	q := read("Plain__c", "Name")
	q.Where = is("Name", value.Text("a+b & c=d%20#"))
	readAll(t, o.open(t, nil), q)
	c := o.sent("/query")[0]
	if !strings.Contains(c.query, "%2B") || soqlOf(t, c) != "SELECT Name,Id FROM Plain__c WHERE Name = 'a+b & c=d%20#'" {
		t.Error(c.query)
	}
}

// pages answers a query with n records a page, all stamped from base on, one a second.
func pages(n, total int, base time.Time) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		from := 0
		if _, offset, ok := strings.Cut(r.URL.Path, "/query/01g-"); ok {
			fmt.Sscan(offset, &from)
		}
		var records []string
		for i := from; i < min(from+n, total); i++ {
			records = append(records, fmt.Sprintf(`{"attributes":{},"Id":%q,"Name":"n%d","SystemModstamp":%q}`, id(i), i, base.Add(time.Duration(i)*time.Second).Format("2006-01-02T15:04:05.000+0000")))
		}
		next := ""
		if from+n < total {
			next = fmt.Sprintf(`,"nextRecordsUrl":"/services/data/v67.0/query/01g-%d"`, from+n)
		}
		answer(w, 200, fmt.Sprintf(`{"totalSize":%d,"done":%v%s,"records":[%s]}`, total, next == "", next, strings.Join(records, ",")))
	}
}

func TestPaging(t *testing.T) {
	old := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	o := newOrg(t, pages(10, 25, old))
	calls := new(connectors.Calls)
	c := o.open(t, nil)
	q := read("Thing__c", "Name")
	rows, _ := c.Read(t.Context(), q)
	if rows.Cursor() != "" {
		t.Error("a cursor before anything was read")
	}
	batch := value.NewBatch(q.Layout, 1)
	ctx := connectors.WithCalls(t.Context(), calls)
	var sizes []int
	var cursors []query.Cursor
	for {
		err := rows.Next(ctx, batch)
		sizes, cursors = append(sizes, batch.Len()), append(cursors, rows.Cursor())
		if err != nil {
			if !errors.Is(err, io.EOF) {
				t.Fatal(err)
			}
			break
		}
	}
	if fmt.Sprint(sizes) != "[10 10 5 0]" || calls.Count() != 4 { // one of them for the schema
		t.Errorf("pages %v, %d calls", sizes, calls.Count())
	}
	want := []query.Cursor{
		query.Cursor(`{"at":"2026-01-01T00:00:09Z","id":"` + id(9) + `"}`), query.Cursor(`{"at":"2026-01-01T00:00:19Z","id":"` + id(19) + `"}`),
		`{"at":"2026-01-01T00:00:24Z"}`, `{"at":"2026-01-01T00:00:24Z"}`}
	if !slices.Equal(cursors, want) {
		t.Errorf("cursors %s", cursors)
	}
}

func TestCursors(t *testing.T) {
	o := newOrg(t, nil)
	now := o.at // 05:06:07
	for name, tc := range map[string]struct {
		handle http.HandlerFunc
		since  query.Cursor
		where  string
		cursor query.Cursor
	}{
		"from a stamp": {pages(5, 0, now), `{"at":"2026-03-01T00:00:00Z"}`, "SystemModstamp >= 2026-03-01T00:00:00Z", `{"at":"2026-03-01T00:00:00Z"}`},
		"after a record": {pages(5, 0, now), query.Cursor(`{"at":"2026-03-01T00:00:00Z","id":"` + id(7) + `"}`),
			"SystemModstamp >= 2026-03-01T00:00:00Z AND (SystemModstamp > 2026-03-01T00:00:00Z OR Id > '" + id(7) + "')", query.Cursor(`{"at":"2026-03-01T00:00:00Z","id":"` + id(7) + `"}`)},
		"new records are read again": {pages(5, 3, now.Add(-time.Minute)), "", "", `{"at":"2026-03-04T05:01:07Z"}`},
		"an empty object":            {pages(5, 0, now), "", "", `{"at":"2026-03-04T05:01:07Z"}`},
	} {
		t.Run(name, func(t *testing.T) {
			o := newOrg(t, tc.handle)
			q := read("Thing__c", "Name")
			q.Since = tc.since
			_, cursor := readAll(t, o.open(t, nil), q)
			if cursor != tc.cursor {
				t.Errorf("cursor %s, want %s", cursor, tc.cursor)
			}
			_, where, _ := strings.Cut(soqlOf(t, o.sent("/query")[0]), " WHERE ")
			if where, _, _ = strings.Cut(where, " ORDER BY "); where != tc.where {
				t.Errorf("where %s", where)
			}
		})
	}
	for _, bad := range []query.Cursor{"x", "{}", `{"at":"2026-03-01T00:00:00Z","id":"' OR Id != '"}`, `{"at":17}`} {
		q := read("Thing__c", "Name")
		q.Since = bad
		_, err := o.open(t, nil).Read(t.Context(), q)
		wantClass(t, err, connectors.Permanent, "checkpoint")
	}
}

func TestManyRecordsOfOneSecondAreToldApartByID(t *testing.T) {
	p := progress{floor: time.Unix(10000, 0)}
	for i := range sameMost + 1 {
		p.record(time.Unix(5000, 0), id(i))
	}
	if got := p.cursor("", true); !strings.Contains(string(got), id(sameMost)) {
		t.Error(got)
	}
	p.record(time.Unix(5001, 0), id(7))
	if got := p.cursor("", true); strings.Contains(string(got), "id") {
		t.Error(got)
	}
}

func TestObjectWithoutStampCannotResume(t *testing.T) {
	o := newOrg(t, func(w http.ResponseWriter, r *http.Request) {
		answer(w, 200, `{"done":true,"records":[{"Id":"`+id(1)+`","Name":"x"}]}`)
	})
	got, cursor := readAll(t, o.open(t, nil), read("Plain__c", "Name"))
	if len(got) != 1 || cursor != "" {
		t.Error(got, cursor)
	}
}

func TestFailedPageDoesNotMoveTheCursor(t *testing.T) {
	old := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	good := pages(10, 25, old)
	o := newOrg(t, func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "01g-10") {
			answer(w, 200, `{"done":false,"records":[{"Id":"`+id(11)+`","Name":"x","SystemModstamp":"2026-01-01T00:00:11.000+0000"},{"Id":`)
			return
		}
		good(w, r)
	})
	q := read("Thing__c", "Name")
	rows, _ := o.open(t, nil).Read(t.Context(), q)
	batch := value.NewBatch(q.Layout, 1)
	if err := rows.Next(t.Context(), batch); err != nil {
		t.Fatal(err)
	}
	before := rows.Cursor()
	err := rows.Next(t.Context(), batch)
	wantClass(t, err, connectors.Retry, "cannot be read")
	if rows.Cursor() != before || batch.Len() != 0 {
		t.Errorf("cursor %s, was %s; %d records", rows.Cursor(), before, batch.Len())
	}
	if again := rows.Next(t.Context(), batch); again == nil || errors.Is(again, io.EOF) {
		t.Error("a read that failed goes on:", again)
	}
	if rows.Close(); rows.Cursor() != before {
		t.Error("Close moved the cursor")
	}
}

func TestQueryThatWasForgottenIsAskedAnew(t *testing.T) {
	old := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	good := pages(10, 25, old)
	o := newOrg(t, func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "01g-10") {
			answer(w, 400, `[{"errorCode":"INVALID_QUERY_LOCATOR","message":"invalid query locator"}]`)
			return
		}
		if strings.Contains(r.URL.Query().Get("q"), "Id > '"+id(9)+"'") {
			pages(20, 12, old.Add(time.Hour))(w, r)
			return
		}
		good(w, r)
	})
	got, _ := readAll(t, o.open(t, nil), read("Thing__c", "Name"))
	if len(got) != 22 {
		t.Errorf("%d records", len(got))
	}
}

func TestBadRecordsAreSetAside(t *testing.T) {
	o := newOrg(t, func(w http.ResponseWriter, r *http.Request) {
		answer(w, 200, `{"done":true,"records":[{"Id":"`+id(1)+`","Day__c":"someday"},{"Id":"`+id(2)+`","Day__c":"2026-02-30"},{"Id":"`+id(3)+`","Day__c":"2026-02-28","Count__c":1.5},
			{"Id":"`+id(4)+`","Day__c":{"a":1}},{"Id":"`+id(5)+`","Day__c":"2026-02-28","Count__c":2}]}`)
	})
	q := read("Thing__c", "Day__c", "Count__c")
	rows, _ := o.open(t, nil).Read(t.Context(), q)
	batch := value.NewBatch(q.Layout, 1)
	if err := rows.Next(t.Context(), batch); err != nil {
		t.Fatal(err)
	}
	bad := rows.(connectors.BadRows).Bad()
	if batch.Len() != 1 || len(bad) != 4 {
		t.Fatalf("%d good, %d bad", batch.Len(), len(bad))
	}
	if bad[0].Place != "Thing__c "+id(1) || bad[0].ID != id(1) || !strings.Contains(bad[0].Err.Error(), `"someday" is no date`) || bad[0].Text != `{"Id":"`+id(1)+`","Day__c":"someday"}` {
		t.Errorf("%+v", bad[0])
	}
}

func TestLongListsAreSplit(t *testing.T) {
	var seen []string
	o := newOrg(t, func(w http.ResponseWriter, r *http.Request) {
		if len(r.URL.RawQuery) > queryMost+10 {
			t.Errorf("a query of %d bytes", len(r.URL.RawQuery))
		}
		q, err := soql.Parse(r.URL.Query().Get("q"))
		if err != nil {
			t.Error(err)
			return
		}
		for _, v := range q.Where.Terms()[len(q.Where.Terms())-1].Compare.Tail.Set.List {
			seen = append(seen, v.Text)
		}
		// The same record in each answer, as a system that folds case gives it.
		answer(w, 200, `{"done":true,"records":[{"Id":"`+id(1)+`","Name":"x","Key__c":"k"}]}`)
	})
	in := query.In{Field: "Key__c"}
	for i := range 400 {
		in.Values = append(in.Values, value.Text(fmt.Sprintf("%03d%s", i, strings.Repeat("é", 100))))
	}
	q := read("Thing__c", "Name", "Key__c")
	q.Where = query.And{is("Count__c", value.Int(1)), in}
	got, cursor := readAll(t, o.open(t, nil), q)
	if len(seen) != 400 || seen[0][:3] != "000" || seen[399][:3] != "399" {
		t.Errorf("%d keys asked for", len(seen))
	}
	if len(got) != 1 || cursor != "" {
		t.Errorf("%d records, cursor %s", len(got), cursor)
	}

	// The longest look-up by id fits in one.
	o = newOrg(t, func(w http.ResponseWriter, r *http.Request) { answer(w, 200, `{"done":true,"records":[]}`) })
	ids := query.In{Field: "Id"}
	for i := range lookupMost {
		ids.Values = append(ids.Values, value.Text(id(i)))
	}
	q.Where = ids
	readAll(t, o.open(t, nil), q)
	if n := len(o.sent("/query")); n != 1 {
		t.Errorf("%d queries for %d ids", n, lookupMost)
	}
}

func TestFilterThatIsTooLongIsLeftOut(t *testing.T) {
	o := newOrg(t, func(w http.ResponseWriter, r *http.Request) { answer(w, 200, `{"done":true,"records":[]}`) })
	var or query.Or
	for i := range 1000 {
		or = append(or, is("Key__c", value.Text(fmt.Sprint("key number ", i))))
	}
	q := read("Thing__c", "Name")
	q.Where = query.And{or, is("Count__c", value.Int(3))}
	readAll(t, o.open(t, nil), q)
	if got := soqlOf(t, o.sent("/query")[0]); !strings.Contains(got, " WHERE Count__c = 3 ORDER") {
		t.Error(got)
	}
}

func TestFilterThatNothingSatisfiesAsksNothing(t *testing.T) {
	o := newOrg(t, nil)
	q := read("Thing__c", "Name")
	q.Where = query.In{Field: "Id", Values: []value.Value{value.Text("no id"), value.Text("' OR Name != '")}}
	if got, _ := readAll(t, o.open(t, nil), q); len(got) != 0 || len(o.sent("/query")) != 0 {
		t.Error(got, o.calls)
	}
}

func TestLimitAndOrder(t *testing.T) {
	three := `{"done":true,"records":[{"Id":"` + id(1) + `","Name":"X"},{"Id":"` + id(2) + `","Name":"x"},{"Id":"` + id(3) + `","Name":"x"}]}`
	for name, tc := range map[string]struct {
		where query.Pred
		order []query.Order
		names []string
		soql  string
		n     int
	}{
		"plain":                {nil, nil, nil, "SELECT Name,Id,SystemModstamp FROM Thing__c LIMIT 2", 3},
		"ordered":              {nil, []query.Order{{Field: "Count__c", Descending: true}, {Field: "Name"}}, nil, "SELECT Name,Id,SystemModstamp FROM Thing__c ORDER BY Count__c DESC NULLS LAST,Name NULLS LAST,Id LIMIT 2", 3},
		"exact":                {is("Key__c", value.Text("x")), nil, nil, "SELECT Name,Id,SystemModstamp FROM Thing__c WHERE Key__c = 'x' LIMIT 2", 3},
		"folded":               {is("Name", value.Text("x")), nil, nil, "SELECT Name,Id,SystemModstamp FROM Thing__c WHERE Name = 'x'", 2},
		"folded, not in sight": {is("Name", value.Text("x")), nil, []string{"Key__c"}, "SELECT Key__c,Id,SystemModstamp FROM Thing__c WHERE Name = 'x'", 3},
		"not sortable":         {nil, []query.Order{{Field: "Long__c"}}, nil, "SELECT Name,Id,SystemModstamp FROM Thing__c", 3},
		"by nothing":           {nil, []query.Order{{Field: "Missing__c"}}, nil, "SELECT Name,Id,SystemModstamp FROM Thing__c LIMIT 2", 3},
	} {
		t.Run(name, func(t *testing.T) {
			o := newOrg(t, func(w http.ResponseWriter, r *http.Request) { answer(w, 200, three) })
			q := read("Thing__c", "Name")
			if tc.names != nil {
				q.Layout = value.NewLayout(tc.names...)
			}
			q.Where, q.Order, q.Limit = tc.where, tc.order, 2
			got, _ := readAll(t, o.open(t, nil), q)
			if s := soqlOf(t, o.sent("/query")[0]); s != tc.soql || len(got) != tc.n {
				t.Errorf("%s\n%d records", s, len(got))
			}
		})
	}
}

func TestDeletedRecordsOnlyWhereTheyCanBeTold(t *testing.T) {
	o := newOrg(t, func(w http.ResponseWriter, r *http.Request) { answer(w, 200, `{"done":true,"records":[]}`) })
	c := o.open(t, nil)
	q := read("Account", "Name", "IsDeleted")
	q.Deleted = true
	readAll(t, c, q)
	q = read("Account", "Name")
	q.Deleted = true
	readAll(t, c, q)
	if len(o.sent("/queryAll")) != 1 || len(o.sent("/query")) != 1 {
		t.Error(o.calls)
	}
}

func TestUnknownObject(t *testing.T) {
	o := newOrg(t, nil)
	q := read("Nothing__c", "Name")
	rows, _ := o.open(t, nil).Read(t.Context(), q)
	wantClass(t, rows.Next(t.Context(), value.NewBatch(q.Layout, 1)), connectors.Permanent, "Nothing__c")
}

func TestCancelledRead(t *testing.T) {
	o := newOrg(t, nil)
	c := o.open(t, nil)
	q := read("Thing__c", "Name")
	rows, _ := c.Read(t.Context(), q)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := rows.Next(ctx, value.NewBatch(q.Layout, 1)); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	if _, err := c.Read(ctx, q); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

func TestManyTargetsAreReadAsNames(t *testing.T) {
	o := newOrg(t, func(w http.ResponseWriter, r *http.Request) {
		answer(w, 200, `{"done":true,"records":[{"Id":"`+id(1)+`","What":{"Name":"Acme"}}]}`)
	})
	o.describe["Task"] = describeOf("Task", field("Id", "id"), field("WhatId", "reference", `"referenceTo":["A","B","C","D","E"],"relationshipName":"What"`))
	got, _ := readAll(t, o.open(t, nil), read("Task", "What.Name", "What.Owner.Name"))
	if got[0][0].AsText() != "Acme" || !got[0][1].IsNull() || len(o.sent("/describe")) != 1 {
		t.Error(got, o.calls)
	}
}

func TestInstants(t *testing.T) {
	for text, want := range map[string]string{
		"2026-01-31T18:19:19.000+0000": "2026-01-31T18:19:19Z", "2026-01-31T18:19:19Z": "2026-01-31T18:19:19Z", "2026-01-31T18:19:19.25Z": "2026-01-31T18:19:19.25Z",
		"2026-01-31T18:19:19+02:00": "2026-01-31T16:19:19Z", "2026-01-31T18:19:19.123456789-0130": "2026-01-31T19:49:19.123456Z", "1899-12-31T00:00:00.000+0000": "1899-12-31T00:00:00Z",
		"2026-01-31": "", "2026-01-31T25:19:19Z": "", "2026-01-31T18:19:19": "", "2026-13-31T18:19:19Z": "", "2026-01-31T18:19:19.000+00": "", "x026-01-31T18:19:19Z": "", "2026-01-31T18:19:19.": "",
	} {
		got := ""
		if m, ok := parseInstant([]byte(text)); ok {
			got = value.Micros(m).String()
		}
		if got != want {
			t.Errorf("%s: %q, want %q", text, got, want)
		}
	}
}

func FuzzPage(f *testing.F) {
	f.Add([]byte(`{"done":true,"records":[{"Id":"1","Name":"x","Day__c":"2026-01-01","Tags__c":";a;","Parent__r":{"Name":null},"Count__c":1e400}]}`))
	f.Add([]byte(`{"records":[{"SystemModstamp":5,"Id":null,"Done__c":"true","At__c":"2026-01-01T00:00:00.Z"}],"nextRecordsUrl":null}`))
	o := newOrg(f, nil)
	c := o.open(f, nil)
	layout := value.NewLayout("Id", "Name", "Day__c", "Tags__c", "Parent__r.Name", "Count__c", "Number__c", "Done__c", "At__c", "Clock__c")
	s, err := c.shapeOf(f.Context(), query.Read{Object: "Thing__c", Layout: layout})
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		d := decoder{shape: s, keep: func(value.Record) bool { return true }}
		batch := value.NewBatch(layout, 1)
		_, _ = d.page(body, batch)
		for i := range batch.Len() {
			_ = fmt.Sprint(batch.Record(i))
		}
	})
}
