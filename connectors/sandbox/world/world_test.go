package world

import (
	"reflect"
	"testing"
	"time"
)

var now = time.Date(2026, 11, 21, 15, 4, 5, 0, time.UTC)

func TestSameSeedSameWorld(t *testing.T) {
	a, b, c := New(1, 50, now), New(1, 50, now.Add(3*time.Hour)), New(2, 50, now)
	for i := range 50 {
		if !reflect.DeepEqual(a.Company(i), b.Company(i)) {
			t.Fatalf("company %d differs between two worlds of one seed", i)
		}
	}
	if reflect.DeepEqual(a.Company(7), c.Company(7)) {
		t.Error("the seed changes nothing")
	}
	if !reflect.DeepEqual(a.Users, b.Users) {
		t.Error("users differ between two worlds of one seed")
	}
}

func TestIdsOfRealRecords(t *testing.T) {
	// From the API reference: an id's suffix is a checksum of its case.
	for short, full := range map[string]string{"0123000000000Ab": "0123000000000AbAAI", "00D5g0000000001": OrgID} {
		if got, ok := FullID(short); !ok || got != full {
			t.Errorf("FullID(%s) = %s, %v, want %s", short, got, ok, full)
		}
	}
	for _, bad := range []string{"", "001", "001AAAAAAAAAAA!", "0123000000000AbAAA", "0123000000000AbAAI1"} {
		if got, ok := FullID(bad); ok {
			t.Errorf("FullID(%q) = %q, want it refused", bad, got)
		}
	}
	for _, n := range []uint64{0, 1, 61, 62, 12345678, 62*62*62*62*62*62 - 1} {
		id := SalesforceID(PrefixAccount, n)
		if p, back, ok := SalesforceNumber(id); !ok || back != n || p != PrefixAccount {
			t.Errorf("%s: number %d, want %d", id, back, n)
		}
		g := Gsid(GsidCTA, n)
		if back, ok := GsidNumber(GsidCTA, g); !ok || back != n || len(g) != 36 {
			t.Errorf("%s: number %d, want %d", g, back, n)
		}
	}
}

// TestDirtIsThere counts what real tenants have; an empty kind would let bugs through.
func TestDirtIsThere(t *testing.T) {
	w := New(1, 3000, now)
	names, ids, got := map[string]bool{}, map[string]bool{}, map[string]int{}
	for c := range w.All() {
		if ids[c.Gsid] {
			t.Fatalf("Gsid %s twice", c.Gsid)
		}
		ids[c.Gsid] = true
		if names[c.Name] {
			got["same name"]++
		}
		names[c.Name] = true
		count := func(what string, yes bool) {
			if yes {
				got[what]++
			}
		}
		count("no account id", c.SfdcAccountID == "")
		count("short account id", len(c.SfdcAccountID) == 15)
		count("no account", len(c.Accounts) == 0)
		count("two accounts", len(c.Accounts) == 2)
		count("twin", w.twin(c.Index))
		count("no health", !c.Health.OK)
		count("no renewal", !c.Renewal.OK)
		count("no CSM", c.CSM < 0)
		count("renewal passed", c.Renewal.OK && c.Renewal.V.Before(w.Today))
		for _, a := range c.Accounts {
			if ids[a.ID] {
				t.Fatalf("account %s twice", a.ID)
			}
			ids[a.ID] = true
			count("other name", a.Name != c.Name)
			count("no GSID", a.GSID == "")
			count("stale health", a.Health.OK && a.Health != c.Health)
			count("stray industry", a.Industry == "Fin Tech")
			for _, k := range a.Contacts {
				count("no email", k.Email == "")
				if ids[k.ID] {
					t.Fatalf("contact %s twice", k.ID)
				}
				ids[k.ID] = true
			}
			if a.Modified.After(w.Today) || a.Modified.Before(a.Created) {
				t.Fatalf("account %s modified at %v, created at %v", a.ID, a.Modified, a.Created)
			}
		}
		if c.Modified.After(w.Today) || c.Modified.Before(c.Created) {
			t.Fatalf("company %s modified at %v, created at %v", c.Gsid, c.Modified, c.Created)
		}
	}
	for _, what := range []string{"no account id", "short account id", "no account", "two accounts", "twin", "no health", "no renewal", "no CSM",
		"renewal passed", "other name", "no GSID", "stale health", "stray industry", "no email"} {
		if got[what] < 5 {
			t.Errorf("%s: only %d of 3000", what, got[what])
		}
	}
	if got["same name"] > 30 {
		t.Errorf("%d companies share a name", got["same name"])
	}
	t.Log(got)
	if c := w.Company(0); c.Name != "Acme Corp" || c.Accounts[0].Name != "Acme Corporation" {
		t.Errorf("the first company is %q with account %q", c.Name, c.Accounts[0].Name)
	}
}

func BenchmarkCompany(b *testing.B) {
	w := New(1, 100000, now)
	for i := 0; b.Loop(); i++ {
		w.Company(i % 100000)
	}
}
