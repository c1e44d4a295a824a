package check

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/syncline/syncline/lang/resolve"
	"github.com/syncline/syncline/lang/schema"
)

func TestGlob(t *testing.T) {
	tests := []struct {
		pattern, name string
		want          bool
	}{
		{"Account", "Account", true},
		{"Account", "Accounts", false},
		{"*", "Anything__c", true},
		{"*__c", "Score__c", true},
		{"*__c", "Score__x", false},
		{"Health_*__c", "Health_Score__c", true},
		{"Health_*__c", "Health_c", false},
		{"*a*b*", "xaxbx", true},
		{"*a*b*", "xbxax", false},
		{"a*a", "a", false},
		{"", "", true},
	}
	for _, tt := range tests {
		if got := glob(tt.pattern, tt.name); got != tt.want {
			t.Errorf("glob(%q, %q) = %v", tt.pattern, tt.name, got)
		}
	}
}

func TestScanPaths(t *testing.T) {
	var scan scanner
	tests := []struct {
		text string
		cel  bool
		want string
	}{
		{"source.Owner.Email == target.Name", true, "[[source Owner Email] [target Name]]"},
		{`source["odd name"].x + 'it.Name' + "a.b"`, true, "[[source odd name x]]"},
		{`'it\'s source.A' + source.B`, true, "[[source B]]"},
		{"5.size() + 1e5", true, "[[size]]"},
		{"Hi {{ source.A }}, it's {{ b.C }}", false, "[[Hi] [source A] [it] [s] [b C]]"},
		{"source.", true, "[[source]]"},
		{"'never ends source.A", true, "[]"},
		{`source["x`, true, "[[source]]"},
	}
	for _, tt := range tests {
		got := [][]string{}
		scan.text(tt.text, tt.cel, func(path []string) { got = append(got, slices.Clone(path)) })
		if got := fmt.Sprint(got); got != tt.want {
			t.Errorf("%q has %s, want %s", tt.text, got, tt.want)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringMatching(`[a.\["'\\\] {}1]*`).Draw(t, "text")
		scan.text(text, rapid.Bool().Draw(t, "cel"), func(path []string) {
			for _, name := range path {
				if !strings.Contains(text, name) {
					t.Fatalf("%q is not in %q", name, text)
				}
			}
		})
	})
}

func TestNearestFields(t *testing.T) {
	o := &schema.Object{Name: "Account", Fields: []*schema.Field{
		{Name: "Health_Score__c", Label: "Health Score"}, {Name: "HS2__c", Label: "Customer Rating"}, {Name: "Name", Label: "Account Name"}, {Name: "OwnerId", Label: "Owner ID"}}}
	for name, want := range map[string]string{
		"health_score__c": "[Health_Score__c]", "Health_Score": "[Health_Score__c]", "Helth_Score__c": "[Health_Score__c]",
		"Customer_Rating": "[HS2__c]", "Customer Rating": "[HS2__c]", "Customer_Ratng__c": "[HS2__c]", "Nam": "[Name]", "Zebra": "[]",
	} {
		if got := fmt.Sprint(nearestFields(o, name)); got != want {
			t.Errorf("nearestFields(%q) = %s, want %s", name, got, want)
		}
	}
}

func TestTopologicalPutsEachBehindItsNeeds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(0, 8).Draw(t, "n")
		needs := make([][]int, n)
		for i := range needs {
			for j := range i { // needs only smaller numbers, so there is no ring
				if rapid.Bool().Draw(t, "need") {
					needs[i] = append(needs[i], j)
				}
			}
		}
		// Renumber backwards, so that source order is the worst order.
		turned := make([][]int, n)
		for i, list := range needs {
			for _, j := range list {
				turned[n-1-i] = append(turned[n-1-i], n-1-j)
			}
		}
		at := map[int]int{}
		for place, i := range topological(turned) {
			at[i] = place
		}
		if len(at) != n {
			t.Fatalf("%d of %d", len(at), n)
		}
		for i, list := range turned {
			for _, j := range list {
				if at[j] > at[i] {
					t.Fatalf("%d stands before %d, which it needs", i, j)
				}
			}
		}
	})
}

func TestSameName(t *testing.T) {
	tests := []struct {
		prefix, to, name, want string
	}{
		{"", "", "Name", "Name"},
		{"Pendo_", "", "Pendo_Days", "Pendo_Days"},
		{"Pendo_", "", "Days", ""},
		{"", "GS_{name}__c", "Score__gc", "GS_Score__c"},
		{"", "{name}__c", "Score__c", "Score__c"},
	}
	for _, tt := range tests {
		if got := sameName(&resolve.MapSame{Prefix: tt.prefix, To: tt.to}, tt.name); got != tt.want {
			t.Errorf("%+v gives %q", tt, got)
		}
	}
}
