package runtime

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/syncline/syncline/connectors"
	"github.com/syncline/syncline/lang/plan"
	"github.com/syncline/syncline/lang/schema"
	"github.com/syncline/syncline/lang/value"
	"github.com/syncline/syncline/runtime/state/sqlite"
)

// A state that is about other systems is refused, and a rule of it is not noted under new ones; adopting it is the way out.
func TestAStateOfOtherSystemsIsRefused(t *testing.T) {
	store, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "state.db"), sqlite.Options{Holder: "test"})
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	r := &Runtime{o: Options{Registry: connectors.NewRegistry(connectors.Type{}), Env: func(string) (string, bool) { return "", false }}}
	for _, kind := range []string{"gainsight", "salesforce", "file"} {
		typ := connectors.Type{}
		typ.Name = kind
		r.o.Registry[kind] = typ
	}
	object := "Account"
	try := func(from, fromURL, to, toURL string, note bool) error {
		conn := func(name, system, url string) *plan.Connection {
			c := &plan.Connection{Name: name, System: system, Settings: map[string]plan.Setting{}}
			if url != "" {
				c.Settings["url"] = plan.Setting{Value: value.Text(url)}
			}
			return c
		}
		set := &plan.Set{Connections: []*plan.Connection{conn("a", from, fromURL), conn("b", to, toURL)}}
		x := Rule{Sync: &plan.Sync{Name: "health", Match: &plan.Match{}, From: plan.End{Connection: "a", Object: &schema.Object{Name: "Company"}},
			To: plan.End{Connection: "b", Object: &schema.Object{Name: object}}}}
		return r.owned(t.Context(), store, set, []Rule{x}, note)
	}
	const cs, crm = "https://acme.gainsightcloud.com", "https://acme.my.salesforce.com"
	for _, c := range []struct {
		name, from, fromURL, to, toURL string
		plan, refused                  bool
	}{
		{"a plan notes nothing", "gainsight", "http://127.0.0.1:8001", "salesforce", "http://localhost:8002", true, false},
		{"the first run", "gainsight", cs, "salesforce", crm, false, false},
		{"again", "gainsight", cs + "/v1", "salesforce", "https://ACME.my.salesforce.com/", false, false},
		{"the sandbox", "gainsight", "http://127.0.0.1:8001", "salesforce", "http://127.0.0.1:8002", false, true},
		{"another organisation", "gainsight", cs, "salesforce", "https://beta.my.salesforce.com", false, true},
		{"so says its plan", "gainsight", cs, "salesforce", "https://beta.my.salesforce.com", true, true},
		{"another kind", "file", "", "salesforce", crm, false, true},
		{"an address that cannot be told", "gainsight", "", "salesforce", crm, false, false},
	} {
		err := try(c.from, c.fromURL, c.to, c.toURL, !c.plan)
		if c.refused != errors.Is(err, ErrOtherSystems) || !c.refused && err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		if c.refused && (!strings.Contains(err.Error(), "sync.health was between Company of gainsight acme.gainsightcloud.com and Account of salesforce acme.my.salesforce.com") || !strings.Contains(err.Error(), "state adopt")) {
			t.Errorf("%s: %v", c.name, err)
		}
	}
	object = "Contact"
	if err := try("gainsight", cs, "salesforce", crm, false); !errors.Is(err, ErrOtherSystems) {
		t.Errorf("another object: %v", err)
	}
	object = "Account"
	if err := ForgetSystems(t.Context(), store); err != nil {
		t.Fatal(err)
	}
	for range 2 { // the sandbox has other ports each time
		if err := try("gainsight", "http://127.0.0.1:8001", "salesforce", "http://[::1]:9002", true); err != nil {
			t.Fatal(err)
		}
	}
	if err := try("gainsight", cs, "salesforce", crm, true); !errors.Is(err, ErrOtherSystems) {
		t.Errorf("from the sandbox to production: %v", err)
	}
}

// The places of hundreds of rules are decoded once, and again when somebody adopts the state, not at each run of each rule.
func TestPlacesOfRulesAreDecodedOnce(t *testing.T) {
	store, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "state.db"), sqlite.Options{Holder: "test"})
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	r := &Runtime{o: Options{Registry: connectors.NewRegistry(), Env: func(string) (string, bool) { return "", false }}}
	set := &plan.Set{Connections: []*plan.Connection{{Name: "a", System: "gainsight"}, {Name: "b", System: "salesforce"}}}
	var rules []Rule
	for i := range 500 {
		rules = append(rules, Rule{Sync: &plan.Sync{Name: fmt.Sprint("s", i), From: plan.End{Connection: "a"}, To: plan.End{Connection: "b"}}})
	}
	if err := r.owned(t.Context(), store, set, rules, true); err != nil {
		t.Fatal(err)
	}
	one := func() {
		if err := r.owned(t.Context(), store, set, rules[7:8], true); err != nil {
			t.Fatal(err)
		}
	}
	if n := testing.AllocsPerRun(10, one); n > 500 {
		t.Errorf("a run of one rule of 500 allocates %v times", n)
	}
	set.Connections[1].System = "sql"
	if err := r.owned(t.Context(), store, set, rules[7:8], true); !errors.Is(err, ErrOtherSystems) {
		t.Fatal(err)
	}
	if err := ForgetSystems(t.Context(), store); err != nil {
		t.Fatal(err)
	}
	one()
}

// What is kept of an address tells databases apart and nothing secret.
func TestAddressesHoldNoSecrets(t *testing.T) {
	for text, want := range map[string]string{
		"postgres://me:hush@db.acme.io:5432/sales?password=hush": "db.acme.io sales",
		"https://ACME.my.salesforce.com/services?token=hush":     "acme.my.salesforce.com",
		"postgres://me:hush@127.0.0.1/sales":                     "this machine sales",
		"not an address":                                         "",
	} {
		if got := addressOf(connectors.Settings{"url": value.Text(text)}); got != want {
			t.Errorf("%q is %q, want %q", text, got, want)
		}
	}
	if got := addressOf(connectors.Settings{"host": value.Text("db"), "database": value.Text("sales")}); got != "db sales" {
		t.Error(got)
	}
}
