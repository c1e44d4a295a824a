package expr

import (
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/syncline/syncline/lang/span"
	"github.com/syncline/syncline/lang/value"
)

// TestPlacesThroughEscapes: messages point into the file, also where escapes and removed margins stand before them.
func TestPlacesThroughEscapes(t *testing.T) {
	file := span.NewFile("a.sync.hcl", []byte("x = \"'ä\\\"日' + source.Scor\""))
	b := span.NewBuilder(file, 5)
	src := string(file.Src)
	escape := strings.Index(src, `\"`)
	b.Verbatim(5, escape)
	b.Decoded(`"`, escape, escape+2)
	b.Verbatim(escape+2, len(src)-1)
	e := b.Embedded()
	_, diags := NewEnv(testScope()).Check(Source{Spelling: Quoted, Embedded: e, Range: span.Range{File: file, Start: 4, End: len(src)}}, Want{})
	if len(diags) != 1 || diags[0].Subject.Text() != "Scor" {
		t.Fatalf("%v", diags)
	}
}

// TestGivenNarrows: what a rule's where excludes does not count against its expressions.
func TestGivenNarrows(t *testing.T) {
	scope := testScope()
	where := mustCheck(t, scope, quotedSource("source.Stage in ['Adoption', 'Renewal'] && source.Score > 0 && source.Wau != 0"), Want{Condition: true})
	scope.Given = []*Checked{where}
	c := mustCheck(t, scope, quotedSource("source.Stage"), Want{})
	if !slices.Equal(c.Type.Texts, []string{"Adoption", "Renewal"}) || c.Type.Nullable {
		t.Errorf("type is %+v", c.Type)
	}
	_, diags := NewEnv(scope).Check(quotedSource("source.Score / source.Wau > 5 ? 'a' : 'b'"), Want{})
	if len(diags) != 1 || diags[0].Code != "SYN320" { // Wau != 0 holds for an empty Wau too
		t.Errorf("%v", diags)
	}
}

// TestParts: a condition gives its parts with their text, fields and kind, each of which compiles on its own.
func TestParts(t *testing.T) {
	c := mustCheck(t, testScope(), quotedSource("source.Stage in ['Adoption'] && (source.RenewalDate > today() - days(7) && source.Owner.Email != null)"), Want{Condition: true})
	parts := c.Conjuncts()
	if len(parts) != 3 || !c.TimeDependent {
		t.Fatalf("%d parts, time-dependent %v", len(parts), c.TimeDependent)
	}
	limit := parts[1].Args[1]
	if parts[1].Op != OpGt || parts[1].Args[0].Path != "RenewalDate" || limit.ReadsRecords() || limit.Text != "today() - days(7)" || parts[2].Fields(0)[0] != "Owner.Email" {
		t.Errorf("%+v", parts[1])
	}
	v, err := c.CompileNode(limit, nil).Eval(&Frame{Now: testNow})
	if err != nil || !value.Equal(v, value.Date(2026, 1, 8)) {
		t.Errorf("%v, %v", v, err)
	}
}

// TestFingerprints: the meaning counts, not places and spelling.
func TestFingerprints(t *testing.T) {
	same := [][2]string{{"source.Score+1", "( source.Score  + 1 ) // more"}, {"source['Score'] > 5", "source.Score > 5"}, {"has(source.Score)", "source.Score != null"},
		{"source.Tags.exists(a, a == 'vip')", "source.Tags.exists(b, b == 'vip')"}, {"vars.floor", "60"}, {"'a' + 'b'", "'ab'"}}
	for _, s := range same {
		a, b := mustCheck(t, testScope(), quotedSource(s[0]), Want{}), mustCheck(t, testScope(), quotedSource(s[1]), Want{})
		if a.Fingerprint() != b.Fingerprint() {
			t.Errorf("%s and %s differ", s[0], s[1])
		}
	}
	ref := mustCheck(t, testScope(), Source{Spelling: Reference, Path: []string{"source", "Score"}, Range: span.Plain("f", "source.Score").Whole()}, Want{})
	if ref.Fingerprint() != mustCheck(t, testScope(), quotedSource("source.Score"), Want{}).Fingerprint() {
		t.Error("a bare reference differs from the same in quotes")
	}
	table := mustCheck(t, testScope(), quotedSource("table.tier(source.Stage)"), Want{})
	scope := testScope()
	scope.Tables[0].Rows["Adoption"] = value.Text("Blue")
	if table.Fingerprint() == mustCheck(t, scope, quotedSource("table.tier(source.Stage)"), Want{}).Fingerprint() {
		t.Error("a changed table is not seen")
	}
}

// Two nodes mean the same when their canonical texts are equal, and are held against each other without writing those.
func TestSameMeaning(t *testing.T) {
	same := 0
	rapid.Check(t, func(rt *rapid.T) {
		g := grammar{rt}
		var nodes []*Node
		for range 2 {
			checked, diags := NewEnv(testScope()).Check(quotedSource(g.pick(g.number, g.text, g.boolean, g.date, g.list)(rapid.IntRange(0, 3).Draw(rt, "depth"))), Want{})
			if diags.HasErrors() {
				continue
			}
			checked.Root.Walk(func(n *Node) bool {
				nodes = append(nodes, n)
				return true
			})
		}
		for _, a := range nodes {
			for _, b := range nodes {
				if got, want := sameMeaning(a, b), a.Canonical() == b.Canonical(); got != want {
					rt.Fatalf("%s and %s: %v, their texts say %v", a, b, got, want)
				} else if got && a != b {
					same++
				}
			}
		}
	})
	if same == 0 {
		t.Error("no two nodes meant the same")
	}
}
