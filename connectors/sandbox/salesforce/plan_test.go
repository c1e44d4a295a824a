package salesforce

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"

	"pgregory.net/rapid"
)

// TestIndexesChangeNothing compares each query, run by way of its hints, with a scan of all records.
func TestIndexesChangeNothing(t *testing.T) {
	c := newClient(t, 120, Options{})
	o := c.s.org
	accounts := o.table("Account")
	// Some changes, so that the order of changes is not the order of numbers, and some records are gone.
	for i := 0; i < len(accounts.rows); i += 7 {
		if err := o.change(accounts, pos(i), input{"Name": fmt.Sprintf("Changed %d", i%3)}, c.s.admin()); err != nil {
			t.Fatal(err)
		}
		if i%3 == 0 {
			_ = o.remove(accounts, pos(i), c.s.admin())
		}
	}
	o.commit()
	rapid.Check(t, func(t *rapid.T) {
		text := drawQuery(t, accounts)
		for _, all := range []bool{false, true} {
			q, err := o.compileQuery(text, "v67.0", all, testNow)
			if err != nil {
				t.Fatalf("%s: %v", text, err)
			}
			scan := *q
			scan.hints = hints{}
			scan.limit = -1
			scan.offset = 0
			want := scan.rows()
			want = q.bounded(want)
			if got := q.rows(); !slices.Equal(got, want) {
				t.Fatalf("%s (all %v): %d records by index, %d by scan", text, all, len(got), len(want))
			}
		}
	})
}

// drawQuery makes a query of conditions that hints are taken from.
func drawQuery(t *rapid.T, accounts *table) string {
	row := func() *row { return accounts.rows[rapid.IntRange(0, len(accounts.rows)-1).Draw(t, "row")] }
	stamp := func() string { return string(appendTime(nil, row().changed)) }
	var cond func(depth int) string
	cond = func(depth int) string {
		r := row()
		name := strings.ReplaceAll(at(accounts, r, "Name").text, "'", `\'`)
		switch n := rapid.IntRange(0, 9).Draw(t, "condition"); {
		case n < 3 && depth > 0:
			op := rapid.SampledFrom([]string{" AND ", " OR "}).Draw(t, "op")
			return "(" + cond(depth-1) + op + cond(depth-1) + ")"
		case n == 3 && depth > 0:
			return "NOT " + cond(depth-1)
		case n == 4:
			return "Id " + rapid.SampledFrom([]string{"=", ">", ">=", "<", "!="}).Draw(t, "op") + " '" + accounts.id(r.num) + "'"
		case n == 5:
			return "Name IN ('" + name + "', 'Changed 1')"
		case n == 6:
			return "Name = '" + strings.ToUpper(name) + "'"
		case n == 7:
			return "OwnerId = '" + at(accounts, r, "OwnerId").text + "'"
		case n == 8:
			return "Gainsight_GSID__c != null"
		}
		return "SystemModstamp " + rapid.SampledFrom([]string{"=", ">", ">=", "<"}).Draw(t, "op") + " " + stamp()
	}
	text := "SELECT Id FROM Account WHERE " + cond(2)
	text += rapid.SampledFrom([]string{"", " ORDER BY Id", " ORDER BY SystemModstamp, Id", " ORDER BY SystemModstamp", " ORDER BY Name DESC, Id", " ORDER BY LastModifiedDate DESC"}).Draw(t, "order")
	if rapid.Bool().Draw(t, "limited") {
		text += fmt.Sprintf(" LIMIT %d OFFSET %d", rapid.IntRange(0, 30).Draw(t, "limit"), rapid.IntRange(0, 5).Draw(t, "offset"))
	}
	return text
}

// TestRollbackLeavesNoTrace compares the whole table before and after transactions that were undone.
func TestRollbackLeavesNoTrace(t *testing.T) {
	c := newClient(t, 40, Options{})
	o := c.s.org
	accounts, contacts := o.table("Account"), o.table("Contact")
	// Indexes must be undone as well.
	_, _ = accounts.lookup(accounts.field("Name"), "x", nil)
	_, _ = contacts.lookup(contacts.field("AccountId"), "x", nil)
	state := func() string {
		var b bytes.Buffer
		for _, t := range []*table{accounts, contacts} {
			fmt.Fprintln(&b, len(t.rows), t.live, t.last, len(t.changes))
			for i, r := range t.rows {
				fmt.Fprintf(&b, "%d %p %v\n", i, r, t.indexes[t.field("Name").slot] == nil)
			}
			for i := range t.rows {
				found, _ := t.lookup(t.fields[3], t.rows[i].get(3).text, nil)
				fmt.Fprintln(&b, sorted(found))
			}
		}
		return b.String()
	}
	before := state()
	rapid.Check(t, func(t *rapid.T) {
		mark := o.begin()
		for range rapid.IntRange(1, 6).Draw(t, "steps") {
			i := pos(rapid.IntRange(0, len(accounts.rows)-1).Draw(t, "record"))
			switch rapid.IntRange(0, 2).Draw(t, "step") {
			case 0:
				_, _ = o.create(accounts, input{"Name": "new"}, c.s.admin())
			case 1:
				_ = o.change(accounts, i, input{"Name": "changed"}, c.s.admin())
			case 2:
				_ = o.remove(accounts, i, c.s.admin())
			}
		}
		o.rollback(mark)
		if after := state(); after != before {
			t.Fatalf("state differs after a rollback")
		}
	})
}

// TestParallel reads and writes from several goroutines, for the race detector.
func TestParallel(t *testing.T) {
	c := newClient(t, 60, Options{})
	var wg sync.WaitGroup
	for g := range 4 {
		wg.Go(func() {
			for i := range 20 {
				send := func(method, path, body string) {
					r := httptest.NewRequest(method, "/services/data/v67.0/"+path, strings.NewReader(body))
					r.Header.Set("Authorization", "Bearer "+c.token)
					w := httptest.NewRecorder()
					c.s.ServeHTTP(w, r)
					if w.Code >= 400 || w.Body.Len() > 0 && !json.Valid(w.Body.Bytes()) {
						t.Errorf("%s %s: %d %s", method, path, w.Code, w.Body)
					}
				}
				send("GET", "query?q="+escapeQuery(fmt.Sprintf("SELECT Id, Owner.Name FROM Account WHERE Name = 'n%d' OR Site = 'x' ORDER BY SystemModstamp", i)), "")
				send("POST", "sobjects/Account", fmt.Sprintf(`{"Name":"n%d","Gainsight_GSID__c":"%d-%d"}`, i, g, i))
				if g == 0 && i == 10 {
					c.s.org.mu.Lock() // Reset would end the session too
					c.s.org.reset()
					c.s.org.mu.Unlock()
				}
				n := 0
				records, err := c.s.Records("Account")
				if err != nil {
					t.Error(err)
				}
				for range records {
					n++
				}
				if n < 50 {
					t.Errorf("%d records", n)
				}
			}
		})
	}
	wg.Wait()
}

// FuzzRequests sends anything to the API: it must answer, and never fail inside.
func FuzzRequests(f *testing.F) {
	w := &testing.T{}
	c := newClient(w, 5, Options{})
	for _, x := range [][3]string{{"GET", "query?q=SELECT+Id+FROM+Account", ""}, {"POST", "composite", `{"compositeRequest":[{"method":"GET","url":"/services/data/v67.0/limits","referenceId":"a"}]}`},
		{"PATCH", "composite/sobjects", `{"records":[{"attributes":{"type":"Account"},"Id":"0015g0000000001AAA","Name":"x"}]}`}, {"PATCH", "sobjects/Account/Gainsight_GSID__c/x", `{"Name":"x"}`},
		{"POST", "composite/tree/Account", `{"records":[{"attributes":{"type":"Account","referenceId":"a"},"Name":"t","Contacts":{"records":[{"LastName":"x"}]}}]}`},
		{"GET", "sobjects/Account/updated?start=2026-11-21T10:00:00Z&end=2026-11-21T12:00:00Z", ""}, {"POST", "chatter/feed-elements", `{"subjectId":"me"}`},
		{"POST", "composite/graph", `{"graphs":[{"graphId":"1","compositeRequest":[]}]}`}} {
		f.Add(x[0], x[1], x[2])
	}
	f.Fuzz(func(t *testing.T, method, path, body string) {
		req, err := newRequest(method, "v67.0/"+path, nil, nil, []byte(body))
		if err != nil {
			return
		}
		if before, query, found := strings.Cut(path, "?"); found {
			values, bad := parameters(query)
			if req, err = newRequest(method, "v67.0/"+before, values, nil, []byte(body)); bad != nil || err != nil {
				return
			}
		}
		req.by = c.s.integration()
		if res := c.s.locked(req); res.status < 200 || res.status > 500 || res.body != nil && !json.Valid(res.body) {
			t.Fatalf("%s %s: %d %s", method, path, res.status, res.body)
		}
	})
}

func BenchmarkFill(b *testing.B) {
	for b.Loop() {
		c := newClient(&testing.T{}, 10000, Options{})
		_ = c
	}
}

func BenchmarkPage(b *testing.B) {
	c := newClient(&testing.T{}, 10000, Options{})
	for b.Loop() {
		c.query("SELECT Id, Name, Industry, OwnerId, Health_Score__c, Risk_Tier__c, SystemModstamp, Owner.Email FROM Account WHERE SystemModstamp > 2020-01-01T00:00:00Z ORDER BY SystemModstamp, Id LIMIT 2000")
	}
}

func BenchmarkUpdate200(b *testing.B) {
	c := newClient(&testing.T{}, 10000, Options{})
	var records []map[string]any
	for i := range 200 {
		records = append(records, map[string]any{"attributes": map[string]any{"type": "Account"}, "Id": c.s.org.table("Account").id(c.s.org.table("Account").rows[i].num),
			"Health_Score__c": 50, "Risk_Tier__c": "Red", "Health_Updated_At__c": "2026-01-01T00:00:00Z", "NPS__c": 5})
	}
	body := collect(records...)
	for b.Loop() {
		c.do("PATCH", "composite/sobjects", body)
	}
}
