package soql

import (
	"strconv"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// statements parse and are written as on the right ("" means unchanged).
var statements = [][2]string{
	{"SELECT Id FROM Account", ""},
	{"select id,name from account limit 5 offset 2", "SELECT id, name FROM account LIMIT 5 OFFSET 2"},
	{"SELECT COUNT() FROM Contact", ""},
	{"SELECT Id FROM Order", ""},
	{"SELECT a.Id, a.Owner.Name FROM Account a WHERE a.Name = 'x'", ""},
	{"SELECT Id FROM Account AS a", "SELECT Id FROM Account a"},
	{"SELECT COUNT(Id) n, MAX(Amount) FROM Opportunity GROUP BY StageName, CALENDAR_YEAR(CloseDate) HAVING COUNT(Id) > 1 ORDER BY COUNT(Id) DESC NULLS LAST", ""},
	{"SELECT Id, (SELECT Id FROM Contacts WHERE Email != NULL ORDER BY Name LIMIT 2) FROM Account", ""},
	{"SELECT Id FROM Account WHERE Id IN (SELECT AccountId FROM Contact WHERE LastName LIKE 'A%') AND Industry NOT IN ('a', 'b')", ""},
	{"SELECT Id FROM A WHERE (a = 1 OR b = -2.5e3) AND NOT c = TRUE", ""},
	{"SELECT Id FROM A WHERE NOT (a = 1 AND b = 2)", ""},
	{"SELECT Id FROM A WHERE m INCLUDES ('A;B', 'C') OR m EXCLUDES ('D')", ""},
	{"SELECT Id FROM A WHERE d >= 2026-01-31 AND t < 2026-01-31T10:00:00.000+01:00 AND e = LAST_N_DAYS:30 AND f = this_fiscal_quarter",
		"SELECT Id FROM A WHERE d >= 2026-01-31 AND t < 2026-01-31T10:00:00.000+01:00 AND e = LAST_N_DAYS:30 AND f = THIS_FISCAL_QUARTER"},
	{`SELECT Id FROM A WHERE n = 'O\'Brien \\ \n \"x\"' AND l LIKE '100\%\_%'`, ""},
	{"SELECT FIELDS(ALL) FROM Account LIMIT 200", ""},
	{"SELECT toLabel(Status), FORMAT(MIN(Amount)) x FROM Case GROUP BY Status", ""},
	{"SELECT TYPEOF What WHEN Account THEN Name, Phone WHEN Opportunity THEN Amount ELSE Id END FROM Task", ""},
	{"SELECT Id FROM Account USING SCOPE mine WHERE Name = '' WITH SECURITY_ENFORCED FOR VIEW", ""},
	{"SELECT Id FROM A WHERE a <> 1", ""},
	{"SELECT\n\tId\nFROM\r\n A", "SELECT Id FROM A"},
	{"SELECT Id FROM A WHERE SystemModstamp > 2026-01-31T10:00:00Z OR (SystemModstamp = 2026-01-31T10:00:00Z AND Id > '001')", ""},
}

func TestParseAndWrite(t *testing.T) {
	for _, s := range statements {
		q, err := Parse(s[0])
		if err != nil {
			t.Errorf("%s: %v", s[0], err)
			continue
		}
		want := s[1]
		if want == "" {
			want = s[0]
		}
		if got := q.String(); got != want {
			t.Errorf("%s\n got %s\nwant %s", s[0], got, want)
		}
	}
}

func TestErrors(t *testing.T) {
	for text, want := range map[string]string{
		"":                    "1:1 A query string has to be specified",
		"SELECT":              "1:7 unexpected token: '<EOF>'",
		"SELECT Id":           "1:10 unexpected token: '<EOF>'",
		"SELECT FROM Account": "1:13 unexpected token: 'Account'",
		"SELECT Id FROM A WHERE a = 1 AND b = 2 OR c = 3":                  "1:40 unexpected token: 'OR'",
		"SELECT Id FROM A WHERE a = 'x":                                    "1:28 unterminated string literal",
		"SELECT Id FROM A WHERE a # 1":                                     "1:26 no viable alternative at character '#'",
		"SELECT Id FROM A WHERE a IN ()":                                   "1:30 unexpected token: ')'",
		"SELECT Id FROM A WHERE a = LAST_N_DAYS":                           "1:28 unexpected token: 'LAST_N_DAYS'",
		"SELECT Id FROM A WHERE a = SOMEDAY":                               "1:28 unexpected token: 'SOMEDAY'",
		"SELECT Id FROM A WHERE a = 2026-02-30":                            "1:28 Invalid date: 2026-02-30",
		"SELECT Id FROM A LIMIT -1":                                        "1:24 unexpected token: '-1'",
		"SELECT Id FROM A LIMIT 1.5":                                       "1:24 unexpected token: '1.5'",
		`SELECT Id FROM A WHERE a = '\q'`:                                  `1:28 Illegal string literal: invalid escape sequence '\q'`,
		"SELECT Id FROM A WHERE a NOT LIKE 'x'":                            "1:30 unexpected token: 'LIKE'",
		"SELECT Id\nFROM A\nWHERE é = 1":                                   "3:7 no viable alternative at character 'é'",
		"SELECT Id FROM A; DROP":                                           "1:17 no viable alternative at character ';'",
		"SELECT Id FROM A WHERE a = 1 b":                                   "1:30 unexpected token: 'b'",
		"SELECT Id FROM A WHERE " + strings.Repeat("(", 200):               "1:84 the query is nested too deeply",
		"SELECT Id FROM A WHERE " + strings.Repeat("NOT ", 20000):          "1:264 the query is nested too deeply",
		"SELECT Id FROM A WHERE a = '" + strings.Repeat("x", 100000) + "'": "1:1 SOQL statements cannot be longer than 100000 characters.",
	} {
		_, err := Parse(text)
		if err == nil {
			t.Errorf("%.60q: no error, want %s", text, want)
			continue
		}
		e := err.(*Error)
		if got := itoa(e.Pos.Line) + ":" + itoa(e.Pos.Column) + " " + e.Message; got != want {
			t.Errorf("%.60q\n got %s\nwant %s", text, got, want)
		}
		if e.Code != MalformedQuery {
			t.Errorf("%.60q: code %s", text, e.Code)
		}
	}
	_, err := Parse("SELECT Id FROM Account WHERE Name == 1")
	want := "\nSELECT Id FROM Account WHERE Name == 1\n                                   ^\nERROR at Row:1:Column:36\nunexpected token: '='"
	if err == nil || err.Error() != want {
		t.Errorf("excerpt:\n%v\nwant\n%s", err, want)
	}
}

func itoa(n int) string { return strconv.Itoa(n) }

func TestDateLiterals(t *testing.T) {
	now := time.Date(2026, 11, 21, 15, 4, 5, 0, time.UTC) // a Saturday
	for word, want := range map[string]string{
		"TODAY": "2026-11-21 2026-11-22", "YESTERDAY": "2026-11-20 2026-11-21", "TOMORROW": "2026-11-22 2026-11-23",
		"THIS_WEEK": "2026-11-15 2026-11-22", "LAST_WEEK": "2026-11-08 2026-11-15", "NEXT_MONTH": "2026-12-01 2027-01-01",
		"THIS_QUARTER": "2026-10-01 2027-01-01", "NEXT_FISCAL_QUARTER": "2027-01-01 2027-04-01", "LAST_YEAR": "2025-01-01 2026-01-01",
		"LAST_N_DAYS:2": "2026-11-19 2026-11-22", "NEXT_N_DAYS:2": "2026-11-22 2026-11-24", "N_DAYS_AGO:3": "2026-11-18 2026-11-19",
		"LAST_N_MONTHS:2": "2026-09-01 2026-11-01", "NEXT_N_WEEKS:1": "2026-11-22 2026-11-29", "N_FISCAL_YEARS_AGO:1": "2025-01-01 2026-01-01",
		"LAST_90_DAYS": "2026-08-23 2026-11-22",
	} {
		q, err := Parse("SELECT Id FROM A WHERE d = " + word)
		if err != nil {
			t.Errorf("%s: %v", word, err)
			continue
		}
		from, to := q.Where.First.Compare.Tail.Value.Range(now)
		if got := from.Format(time.DateOnly) + " " + to.Format(time.DateOnly); got != want {
			t.Errorf("%s: %s, want %s", word, got, want)
		}
	}
}

func TestStrings(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.String().Draw(t, "text")
		q, err := Parse("SELECT Id FROM A WHERE a = " + Quote(text) + " AND b LIKE '" + QuoteLike(text) + "%'")
		if err != nil {
			t.Fatalf("%q: %v", text, err)
		}
		if got := q.Where.First.Compare.Tail.Value.Text; got != text {
			t.Fatalf("%q came back as %q", text, got)
		}
		like := q.Where.Rest[0].Term.Compare.Tail.Value
		if got := strings.NewReplacer(`\\`, `\`, `\%`, `%`, `\_`, `_`).Replace(like.Pattern); got != text+"%" {
			t.Fatalf("the pattern of %q came back as %q", text, got)
		}
	})
}

func FuzzParse(f *testing.F) {
	for _, s := range statements {
		f.Add(s[0])
	}
	f.Fuzz(func(t *testing.T, text string) {
		q, err := Parse(text)
		if err != nil {
			_ = err.Error()
			return
		}
		written := q.String()
		again, err := Parse(written)
		if err != nil {
			t.Fatalf("%q was written as %q: %v", text, written, err)
		}
		if got := again.String(); got != written {
			t.Fatalf("%q, then %q", written, got)
		}
	})
}

func BenchmarkIdList(b *testing.B) {
	ids := make([]string, 500)
	for i := range ids {
		ids[i] = "'0015g00000" + strings.Repeat("A", 8) + "'"
	}
	text := "SELECT Id, Name FROM Account WHERE Id IN (" + strings.Join(ids, ",") + ")"
	for b.Loop() {
		if _, err := Parse(text); err != nil {
			b.Fatal(err)
		}
	}
}
